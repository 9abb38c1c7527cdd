"""The dial p: what the windows of Eq. 10 make of the gradients of mini-batches."""

import numpy as np

from tlr import rule
from tlr.course.explorers.base import Explorer, blank, choice, log_slider
from tlr.course.gradients import inner_products, neighbors, over_windows, share_negative
from tlr.course.plots.windows import WindowsPicture

__all__ = ["Windows"]


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
        shares = {
            alpha: [share_negative(over_windows(products, length)) for length in range(1, steps // 2 + 1)]
            for alpha, products in self._products.items()
        }
        self.set_up(WindowsPicture(blank(), steps, shares), {"p": self.p, "alpha": self.alpha})

    def draw(self, p, alpha):
        """Sum the recorded inner products over the windows, and ask the rule."""
        length = min(rule.window(self._steps, p), self._steps // 2)
        products = over_windows(self._products[alpha], length)
        norms = np.sqrt(np.diagonal(products, axis1=1, axis2=2))
        cosines = products / (norms[:, :, None] * norms[:, None, :])
        now, between, before = neighbors(products)
        negative, change = share_negative(products), float(np.median(rule.relative_change(now, between, before)))
        steps = "1 step" if length == 1 else f"{length} steps"
        words = (
            f"α = {alpha:g}, windows of {steps}, p = {p:.2g} of an epoch of {self._steps}",
            f"{negative:.0%} of the products are negative; Eq. 8 changes α by {change:+.0%} (median)".replace("-", "−"),
        )
        self.picture.update(alpha, length, cosines.mean(axis=0), words)
        return {"length": length, "negative": negative, "change": change}
