"""Runs by epoch: training loss, α and test accuracy, as `draw_run` draws them in every figure of runs."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import LogFormatterSciNotation, MaxNLocator

from tlr.course.plots.style import METHODS

__all__ = ["MARKERS", "QUANTITIES", "Plain", "by_epoch", "draw_run", "loss_and_alpha", "name_epochs", "set_log"]

#: What is measured by epoch → what panels call it.
QUANTITIES = {"train_loss": "training loss", "alpha": "learning rate α", "test_accuracy": "test accuracy (%)"}
#: The markers of the rates of a run that has several. Of more than these only median and range are drawn.
MARKERS = "os^DvP"


def draw_run(axes, seeds, style, markers=""):
    """Draw a run, or several that differ in their seed, up to where the first diverged, which a cross marks.

    Args:
        axes: quantity → Axes, for any of `QUANTITIES`.
        seeds: a list of runs, `tlr.course.curves.Curves`. The line is their mean; of several, each is drawn thin, in
            a band of one standard deviation. A run with up to six rates has a line for each; of more the line is the
            median, in a band from the smallest to the largest.
        style: keyword arguments for `Axes.plot`.
        markers: one for each rate, at every epoch (default: none).
    """
    for quantity, axis in axes.items():
        curves = [by_epoch(run, quantity) for run in seeds]
        epochs, _ = min(curves, key=lambda curve: len(curve[0]))
        values = np.stack([values[: len(epochs)] for _, values in curves])
        mean, spread = values.mean(axis=0), values.std(axis=0)
        band = [(mean - spread, mean + spread)] if len(seeds) > 1 else []
        if mean.shape[1] > len(MARKERS):
            band = [(mean.min(axis=1, keepdims=True), mean.max(axis=1, keepdims=True))]
            mean, curves = np.median(mean, axis=1, keepdims=True), curves[:1]
        for low, high in (pair for ends in band for pair in zip(*(end.T for end in ends), strict=True)):
            axis.fill_between(epochs, low, high, color=style["color"], alpha=0.2, linewidth=0)
        for own_epochs, own in curves if len(curves) > 1 else ():
            axis.plot(own_epochs, own, color=style["color"], linewidth=0.6, alpha=0.6)
        for line in mean.T:
            axis.plot(epochs, line, **style)
        for line, marker in zip(mean.T, markers, strict=False):
            axis.plot(epochs, line, color=style["color"], linestyle="", marker=marker, markersize=5)
        if any(run.status == "diverged" for run in seeds):
            _cross(axis, quantity, epochs[-1] if len(epochs) else 0, mean, style["color"])


def loss_and_alpha(titles, quantities=("train_loss", "alpha"), *, height=4.9, fontsize=10):
    """A figure of two rows of logarithmic panels over the epochs, and its axes, (2, columns): a column for each title.

    A title that is a key of `METHODS` stands for its label.
    """
    figure, axes = plt.subplots(2, len(titles), figsize=(9.2, height), sharex=True, sharey="row", squeeze=False)
    for row, quantity in zip(axes, quantities, strict=True):
        set_log(row[0])
        row[0].set_ylabel(QUANTITIES[quantity])
    for (upper, lower), title in zip(axes.T, titles, strict=True):
        words = METHODS[title].label.replace(" (", "\n(") if title in METHODS else title
        upper.set_title(words, fontsize=fontsize)
        name_epochs(lower)
    return figure, axes


def name_epochs(axis):
    """Label the axis of the epochs, with whole numbers."""
    axis.set_xlabel("epoch")
    axis.xaxis.set_major_locator(MaxNLocator(5, integer=True))


def set_log(axis):
    """Make the axis of the values logarithmic; what has at most five digits is written out."""
    axis.set_yscale("log")
    axis.yaxis.set(major_formatter=Plain(), minor_formatter=Plain())


class Plain(LogFormatterSciNotation):
    """A formatter for a logarithmic axis that writes out what has at most five digits."""

    def __call__(self, x, pos=None):
        text = super().__call__(x, pos)
        return f"{x:g}" if text and 1e-4 <= x <= 1e4 else text


def by_epoch(run, quantity):
    """(epochs, (n,); values, (n, k)) of a run until it diverged: α from α₀ on, one for each group."""
    n = run.finite_epochs
    if quantity == "alpha":
        return np.arange(n + 1), run.rates[: n + 1]
    scale = 100 if quantity == "test_accuracy" else 1
    return np.arange(1, n + 1), scale * getattr(run, quantity)[:n, None]


def _cross(axis, quantity, epoch, mean, color):
    """Where a run ends: its last α, or the edge that loss (above) and accuracy (below) have left the panel by."""
    place, height = {}, mean[-1, 0] if len(mean) else 0
    if quantity != "alpha":
        place, height = {"transform": axis.get_xaxis_transform()}, float(quantity == "train_loss")
    elif not axis.get_autoscaley_on():
        height = np.clip(height, *axis.get_ylim())
    cross = {"linestyle": "", "marker": "x", "markersize": 9, "markeredgewidth": 2.5, "clip_on": False}
    axis.plot(epoch, height, color=color, **cross, **place)
