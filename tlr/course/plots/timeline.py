"""Two windows of steps on a line: what the momentum hands on across their border, and what an epoch takes."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import FancyArrowPatch, Rectangle

from tlr.course.plots.style import DRAWN, house_style

__all__ = ["two_windows"]

_MEMORY, _SHUFFLING = "#0072B2", DRAWN["without replacement"]["color"]
_HALF = 0.3  # of a window's height
_REACH = 5  # steps on either side of the border which the arc joins, as far as the momentum remembers


def two_windows(epoch, cases):
    """The steps of an epoch, or of two, with the first two windows, a row for each case: what makes them agree or not.

    An arc stands for the memory, a bracket for an epoch.

    Args:
        epoch: N, steps in an epoch.
        cases: title → (m, steps in a window; the correlation ρ of the two windows that the momentum's buffer makes; the
            one that drawing without replacement makes). The larger is bold, and the sum of both says what α does. Where
            a window is an epoch there is no noise to correlate: give (m, None, None).
    """
    with house_style():
        figure, rows = plt.subplots(len(cases), figsize=(9.2, 0.4 + 2.0 * len(cases)), squeeze=False)
        for axes, (title, case) in zip(rows[:, 0], cases.items(), strict=True):
            axes.axis("off")
            axes.set_title(title, loc="left", fontsize=13, weight="bold")
            words = "no noise left, only the gradient"
            if case[0] < epoch:
                both = case[1] + case[2]
                words = f"sum {both:+.2f}: α {'grows' if both > 0 else 'falls'}".replace("-", "−")
            axes.set_title(words, loc="right", fontsize=13, weight="bold")
            _steps(axes, epoch, case[0])
            if case[0] < epoch:
                _correlations(axes, epoch, *case)
    return figure


def _steps(axes, epoch, window):
    """The steps, two windows, and a bracket below each epoch; of two epochs every other step is drawn."""
    epochs, middle = 1 + (window == epoch), np.array([0.5, 1.5]) * window
    span = epochs * epoch
    axes.set(xlim=(-0.5, span + 0.5), ylim=(-1.3, 1.1 if epochs == 1 else 0.4))
    axes.vlines(np.arange(0, span, epochs) + 0.5, -0.12, 0.12, color="#8c8c8c", linewidth=1.2)
    for center, name in zip(middle, ("last window", "this window"), strict=True):
        box = Rectangle((center - window / 2, -_HALF), window, 2 * _HALF, facecolor="#f2f2f2", edgecolor="#000000")
        axes.add_patch(box)
        if window > epoch / 6:  # else the words do not fit
            look = {"ha": "center", "va": "center", "fontsize": 11, "backgroundcolor": "#f2f2f2"}
            axes.text(center, 0, f"{name}: {window} steps", **look)
    for k in range(epochs):
        ends = epoch * np.array([k, k, k + 1, k + 1]) + np.array([1, 1, -1, -1]) * (epochs - 1)
        axes.plot(ends, [-0.5, -0.75, -0.75, -0.5], color=_SHUFFLING, linewidth=2)
        if epochs > 1:
            words = "one epoch: its noises add up to zero"
            axes.text((k + 0.5) * epoch, -1.1, words, color=_SHUFFLING, ha="center", va="center", fontsize=12)


def _correlations(axes, epoch, window, memory, reshuffling):
    reach = min(_REACH, window)
    arc = {"arrowstyle": "-|>", "connectionstyle": "arc3,rad=-0.6", "mutation_scale": 16, "linewidth": 2}
    axes.add_patch(FancyArrowPatch((window - reach, _HALF), (window + reach, _HALF), color=_MEMORY, **arc))
    weights = ("bold", "normal") if memory > -reshuffling else ("normal", "bold")
    words = f"+  momentum carries over:  ρ = {memory:+.2f}"
    axes.text(window + reach, 0.75, words, color=_MEMORY, ha="left", va="center", fontsize=12, weight=weights[0])
    words = f"−  one epoch of {epoch} steps, whose noises add up to zero:  ρ = {reshuffling:+.2f}".replace("-", "−")
    axes.text(epoch / 2, -1.1, words, color=_SHUFFLING, ha="center", va="center", fontsize=12, weight=weights[1])
