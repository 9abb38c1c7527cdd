"""What two proofs of notebook 07 look at: the map behind theorem 2, and the function that theorem 4 builds."""

from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np

from tlr.course.plots.marks import arrow
from tlr.course.plots.style import METHODS, house_style

__all__ = ["first_return", "staircase"]

_RULE, _OLD = METHODS["tlr"].color, "#8c8c8c"
_HOP = {"color": _RULE, "linewidth": 1.5, "shrinkA": 3, "shrinkB": 3}


def first_return(x):
    """α over some updates of the published rule on a parabola, and the map from one value below the best to the next.

    Args:
        x: αλ at consecutive steps, from below 1 on, with the bound ¼.
    """
    x, t = np.asarray(x), np.arange(len(x))
    below = x < 1
    gap = 4 * (1 - x[below])  # how far below the best step, in quarters of it
    with house_style():
        figure, (course, square) = plt.subplots(1, 2, figsize=(9.2, 3.9), width_ratios=(1.25, 1))
        course.axhline(1, color=_OLD, linewidth=1)
        course.plot(t, x, color=_RULE, linewidth=1.2, alpha=0.6)
        course.plot(t[below], x[below], "o", color=_RULE, markersize=7)
        course.plot(t[~below], x[~below], "o", color=_RULE, markersize=6, markerfacecolor="#ffffff")
        course.set(xlabel="update", ylabel="x (1 is the best step)", ylim=(0.72, 1.28))
        course.set_title("up × 5/4, down − ¼", loc="left")
        square.plot([0, 1], [0, 1], color=_OLD, linewidth=1)
        for branch, drop in (([0, 0.8], 0), ([0.8, 1], 1)):
            square.plot(branch, np.multiply(branch, 1.25) - drop, color=_RULE, linewidth=4, alpha=0.4)
        corners = np.repeat(gap, 2)
        square.plot(corners[:-1], corners[1:], color=_RULE, linewidth=1.2)
        square.plot(gap[0], gap[0], "o", color=_RULE, markersize=7)
        square.set(xlabel="gap 4(1 − x)", ylabel="gap at the next dot", xlim=(0, 1), ylim=(0, 1))
        square.set_aspect("equal")
        square.set_title("from dot to dot", loc="left")
        said = {"fontsize": 11, "color": _RULE}
        square.text(0.34, 0.56, "× 5/4", ha="right", **said)
        square.text(0.79, 0.05, "× 5/4, minus 1", ha="right", **said)
    return figure


def staircase():
    """One round: along a flat stair, across the minimum, and back beyond the start.

    Distances of the round are to scale, with ℓ, the length of the step across, as 2; heights and older stairs are not.
    """
    across = 2.0
    starts = -across / 2 - 4 * across * (1 - 0.8 ** np.arange(7))[::-1]  # each step is 5/4 as long as the one before
    far, flat, landing = starts[0], -1.0, (across / 2, 1.25)
    end = far / 9  # the stair has to reach as far as this
    old = ([end, -0.62, -0.5, -0.36, -0.26, 0], [flat, -0.72, -0.72, -0.42, -0.42, 0])
    with house_style():
        figure, axes = plt.subplots(figsize=(9.2, 4.2))
        axes.axis("off")
        axes.set(xlim=(far - 2.1, 2.6), ylim=(-1.75, 1.75))
        axes.axhline(0, color="#000000", linewidth=0.8)
        axes.plot([far, end], [flat, flat], color="#000000", linewidth=2.5)
        axes.plot(*old, color=_OLD, linewidth=2)
        axes.plot([0, landing[0] * 1.3], [0, landing[1] * 1.3], color=_OLD, linewidth=2)
        for here, there in pairwise(starts):
            arrow(axes, (here, flat), (there, flat), **_HOP, connectionstyle="arc3,rad=-0.5")
        arrow(axes, (starts[-1], flat), landing, **_HOP, connectionstyle="arc3,rad=-0.2")
        thrown = (far - 2, landing[1])
        arrow(axes, landing, thrown, **_HOP, linestyle=(0, (4, 2)))
        axes.plot([*starts, landing[0]], [flat] * len(starts) + [landing[1]], "o", color=_RULE, markersize=5)
        places = {far: "$-R_k$", -across / 2: "$-\\ell/2$", 0: "0", across / 2: "$u = \\ell/2$"}
        for place, name in places.items():
            axes.plot([place, place], [-1.38, 0], color=_OLD, linewidth=0.8, linestyle=(0, (1, 2)))
            axes.text(place, -1.55, name, ha="center", va="center", fontsize=12)
        axes.plot([end, end], [flat, 0], color=_OLD, linewidth=0.8, linestyle=(0, (1, 2)))
        axes.text(end, 0.13, "$-R_k/9$", ha="right", va="center", fontsize=12)
        said = {"fontsize": 11, "va": "center"}
        axes.text((far - 1) / 2, flat - 0.2, "the stair of this round, derivative $-b_k$", ha="center", **said)
        axes.text(0.15, -0.6, "older stairs,\nand from −1 on\nthe derivative $w$", color=_OLD, ha="left", **said)
        axes.text((far + 1) / 2, landing[1] + 0.18, "thrown back to $-R_{k+1}$", color=_RULE, ha="center", **said)
        axes.text(far - 0.1, 0.15, "derivative 0", ha="right", fontsize=10)
    return figure
