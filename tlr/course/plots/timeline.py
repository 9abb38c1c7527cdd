"""Two windows of steps on a line: what the momentum hands on across their border, and what an epoch takes."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import FancyArrowPatch, Rectangle

from tlr.course.plots.style import DRAWN, house_style

__all__ = ["two_windows"]

_MEMORY, _SHUFFLING = "#0072B2", DRAWN["without replacement"]["color"]
_HALF = 0.3  # of a window's height


def two_windows(epoch, cases):
    """An epoch's steps with its first two windows, a row for each case: an arc for the memory, a bracket for the epoch.

    Args:
        epoch: N, steps in an epoch.
        cases: title → (m, steps in a window, of which an epoch has two at least; the correlation ρ of the two windows
            that the momentum's buffer makes; the one that drawing without replacement makes). The larger is bold.
    """
    tops = [1.75 if _is_long(window, epoch) else 1.2 for window, _, _ in cases.values()]
    with house_style():
        figure, rows = plt.subplots(
            len(cases),
            figsize=(9.2, 0.4 + 0.85 * sum(top + 1.3 for top in tops)),
            squeeze=False,
            height_ratios=[top + 1.3 for top in tops],
        )
        for axes, top, (title, case) in zip(rows[:, 0], tops, cases.items(), strict=True):
            axes.set(xlim=(-0.5, epoch + 0.5), ylim=(-1.3, top))
            axes.axis("off")
            axes.set_title(title, loc="left", fontsize=11)
            _row(axes, epoch, *case)
    return figure


def _is_long(window, epoch):
    """Whether words fit into it."""
    return window > epoch / 6


def _row(axes, epoch, window, memory, reshuffling):
    middle, long = np.array([0.5, 1.5]) * window, _is_long(window, epoch)
    axes.vlines(np.arange(epoch) + 0.5, -0.12, 0.12, color="#8c8c8c", linewidth=1.2)
    for center, name in zip(middle, ("last window", "this window"), strict=True):
        box = Rectangle((center - window / 2, -_HALF), window, 2 * _HALF, facecolor="#f2f2f2", edgecolor="#000000")
        axes.add_patch(box)
        if long:
            look = {"ha": "center", "va": "center", "fontsize": 11, "backgroundcolor": "#f2f2f2"}
            axes.text(center, 0, f"{name}: {window} steps", **look)
    arc = {"arrowstyle": "-|>", "connectionstyle": "arc3,rad=-0.35", "mutation_scale": 16, "linewidth": 2}
    axes.add_patch(FancyArrowPatch((middle[0], _HALF), (middle[1], _HALF), color=_MEMORY, **arc))
    weights = ("bold", "normal") if memory > -reshuffling else ("normal", "bold")
    words = f"+  the buffer hands on what it holds:  ρ = {memory:+.2f}"
    at = {"x": window, "y": 1.45, "ha": "center"} if long else {"x": 2 * window + 1, "y": 0.7, "ha": "left"}
    axes.text(s=words, color=_MEMORY, va="center", fontsize=12, weight=weights[0], **at)
    axes.plot([0, 0, epoch, epoch], [-0.5, -0.75, -0.75, -0.5], color=_SHUFFLING, linewidth=2)
    words = f"−  one epoch of {epoch} steps, whose noises add up to zero:  ρ = {reshuffling:+.2f}".replace("-", "−")
    axes.text(epoch / 2, -1.1, words, color=_SHUFFLING, ha="center", va="center", fontsize=12, weight=weights[1])
