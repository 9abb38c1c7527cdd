"""The dial p: what the windows of Eq. 10 make of the gradients of mini-batches."""

import numpy as np
from matplotlib.figure import Figure

from tlr import rule
from tlr.course.explorers.base import Explorer, choice, log_slider
from tlr.course.plots.toys import PICTURE_SIZE
from tlr.course.plots.windows import WindowsPicture

__all__ = ["Windows", "inner_products", "over_windows"]


class Windows(Explorer):
    """Inner products of the gradients of batches, summed over windows of pN steps; a slider for p.

    Args:
        recorded: α → the gradients of some epochs of N steps each that were taken with it, (epochs, N, d), as
            `tlr.course.gradients.epoch_gradients` records them. From then on only their inner products are kept.

    Raises:
        ValueError: unless there is at least one epoch for each α, of at least four steps, and of as many for all.
    """

    description = "Explorer of windows of mini-batches: run the notebook to move its sliders."

    def __init__(self, recorded):
        super().__init__()
        self._products = {alpha: inner_products(epochs) for alpha, epochs in recorded.items()}
        shapes = {products.shape[1:] for products in self._products.values()}
        if len(shapes) != 1 or (steps := shapes.pop()[0]) < 4:
            raise ValueError("Every recorded epoch must have the same number of steps, at least four.")
        self._steps = steps
        self.p = log_slider("p", 1 / 3, (-np.log10(steps), np.log10(0.5)), "The window's share of an epoch")
        self.alpha = choice("α", [(f"{alpha:g}", alpha) for alpha in recorded], "The α of the recorded steps")
        self._picture = WindowsPicture(Figure(figsize=PICTURE_SIZE), steps, self._shares())
        self.set_up(self._picture, [self.p, self.alpha], [[self.p, self.alpha]])

    def _shares(self):
        """α → the share of negative products, for each length of a window."""
        lengths = range(1, self._steps // 2 + 1)
        return {
            alpha: [np.mean(_neighbors(over_windows(products, length))[1] < 0) for length in lengths]
            for alpha, products in self._products.items()
        }

    def draw(self):
        """Sum the recorded inner products over the windows, and ask the rule."""
        length = min(rule.window(self._steps, self.p.value), self._steps // 2)
        products = over_windows(self._products[self.alpha.value], length)
        norms = np.sqrt(np.diagonal(products, axis1=1, axis2=2))
        cosines = products / (norms[:, :, None] * norms[:, None, :])
        now, between, before = _neighbors(products)
        changes = rule.relative_change(now, between, before)
        steps = "1 step" if length == 1 else f"{length} steps"
        negative, change = np.mean(between < 0), np.median(changes)
        words = (
            f"p = {self.p.value:.2g}: windows of {steps}, in epochs of {self._steps}; α = {self.alpha.value:g}",
            f"{negative:.0%} of the products are negative; Eq. 8 changes α by {change:+.0%} (median)",
        )
        neighbors = between / np.sqrt(now * before)
        self._picture.update(self.alpha.value, length, cosines.mean(axis=0), neighbors, words)


def inner_products(epochs):
    """Of the gradients of each epoch with each other: (epochs, N, d) → float64, (epochs, N, N)."""
    gradients = np.asarray(epochs)
    return np.matmul(gradients, gradients.swapaxes(1, 2), dtype=float)


def over_windows(products, length):
    """The same of sums over consecutive windows: (…, N, N) → (…, k, k), k = N // length; a rest is left out."""
    windows = products.shape[-1] // length
    whole = products[..., : windows * length, : windows * length]
    return whole.reshape(*products.shape[:-2], windows, length, windows, length).sum(axis=(-3, -1))


def _neighbors(products):
    """(gg, gp, pp) of each window and the one before it, over all epochs, one-dimensional."""
    squares = np.diagonal(products, axis1=-2, axis2=-1)
    between = np.diagonal(products, offset=1, axis1=-2, axis2=-1)
    return squares[..., 1:].ravel(), between.ravel(), squares[..., :-1].ravel()
