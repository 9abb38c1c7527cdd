"""Groups of runs in rows: where each run lies on one axis, and how many of a group are lost."""

import matplotlib.pyplot as plt
import numpy as np

from tlr.course.plots.marks import note
from tlr.course.plots.style import house_style

__all__ = ["past"]


def past(groups, limit, told, *, xlabel):
    """A row for each group of runs: a circle for each run, or a cross if it is lost; on the right, how many are.

    Args:
        groups: name of a row → (a value of each run, whether each is lost, color), the first on top.
        limit: the value where a dotted line crosses all rows.
        told: what stands above that line.
        xlabel: what the values are.
    """
    with house_style():
        figure, axes = plt.subplots(figsize=(9.2, 1.1 + 0.42 * len(groups)))
        for row, (values, lost, color) in enumerate(groups.values()):
            look = {"color": color, "linestyle": "", "markersize": 9, "markeredgewidth": 2.5}
            for value, gone, aside in zip(values, lost, np.linspace(-0.2, 0.2, len(values)), strict=True):
                axes.plot(value, row + aside, "x" if gone else "o", **look, markerfacecolor="none")
            words = f"{sum(lost)} of {len(lost)} lost"
            note(axes, words, (1, row), (8, 0), xycoords=("axes fraction", "data"), va="center", color=color)
        axes.axvline(limit, color="#5f5f5f", linewidth=1, linestyle=":")
        note(axes, told, (limit, 1), (0, 4), xycoords=("data", "axes fraction"), ha="center", va="bottom")
        axes.set_yticks(range(len(groups)), list(groups))
        axes.set(ylim=(len(groups) - 0.5, -0.5), xlabel=xlabel)
        axes.grid(False, axis="y")
    return figure
