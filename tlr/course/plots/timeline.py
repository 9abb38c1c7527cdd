"""Two windows of steps on a line: what the momentum hands on across their border, and what an epoch takes."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import FancyArrowPatch, Rectangle

from tlr.course.plots.style import DRAWN, house_style

__all__ = ["two_windows"]

_MEMORY, _SHUFFLING = "#0072B2", DRAWN["without replacement"]["color"]
_HALF = 0.3  # of a window's height


def two_windows(window, epoch, memory, reshuffling):
    """An epoch's steps with its first two windows; an arc for the memory, a bracket for the epoch.

    Args:
        window: m, steps in a window; an epoch has two at least.
        epoch: N, steps in an epoch.
        memory: the correlation ρ of the two windows that the momentum's buffer makes.
        reshuffling: the one that drawing without replacement makes.
    """
    middle = np.array([0.5, 1.5]) * window
    with house_style():
        figure, axes = plt.subplots(figsize=(9.2, 2.7))
        axes.set(xlim=(-0.5, epoch + 0.5), ylim=(-1.3, 1.55))
        axes.axis("off")
        axes.vlines(np.arange(epoch) + 0.5, -0.12, 0.12, color="#8c8c8c", linewidth=1.2)
        for center, name in zip(middle, ("last window", "this window"), strict=True):
            box = Rectangle((center - window / 2, -_HALF), window, 2 * _HALF, facecolor="#f2f2f2", edgecolor="#000000")
            axes.add_patch(box)
            axes.text(
                center, 0, f"{name}: {window} steps", ha="center", va="center", fontsize=11, backgroundcolor="#f2f2f2"
            )
        arc = {"arrowstyle": "-|>", "connectionstyle": "arc3,rad=-0.35", "mutation_scale": 16, "linewidth": 2}
        axes.add_patch(FancyArrowPatch((middle[0], _HALF), (middle[1], _HALF), color=_MEMORY, **arc))
        words = f"+  the buffer hands on what it holds:  ρ = {memory:+.2f}"
        axes.text(window, 1.35, words, color=_MEMORY, ha="center", va="center", fontsize=12)
        axes.plot([0, 0, epoch, epoch], [-0.5, -0.75, -0.75, -0.5], color=_SHUFFLING, linewidth=2)
        words = f"−  one epoch of {epoch} steps, whose noises add up to zero:  ρ = {reshuffling:+.2f}".replace("-", "−")
        axes.text(epoch / 2, -1.1, words, color=_SHUFFLING, ha="center", va="center", fontsize=12)
    return figure
