"""The figures of the derivation: what each curvature makes of a step, of αλ, and of windows of steps."""

import matplotlib.pyplot as plt
import numpy as np

from tlr.course.plots.picture import RULE_STYLES
from tlr.course.plots.step import EXACT
from tlr.course.plots.style import METHODS, house_style

__all__ = ["angles", "curvature_along_the_step", "curvature_ratio", "displacements", "response"]


_FATES = ("The same way: α grows", "At a right angle: α stays", "Against each other: α shrinks")


def angles(toy, lengths):
    """One step in the plane, too short, right and too long: the two gradients at its end, and the angle between them.

    Args:
        toy: a function of two variables; the step begins at its start.
        lengths: three step sizes α.
    """
    w, before = toy.start, toy.gradient(toy.start)
    ends = w - np.outer(lengths, before)
    corners = np.vstack([ends, w[None], toy.minimum])
    low, high = corners.min(axis=0) - (0.55, 0.95), corners.max(axis=0) + 0.35
    x, y = (np.linspace(*limits, 120) for limits in zip(low, high, strict=True))
    heights = toy.value(np.stack(np.meshgrid(x, y), axis=-1))
    with house_style():
        figure, panels = plt.subplots(1, 3, figsize=(9.6, 3.7), sharey=True)
        for axis, end, fate in zip(panels, ends, _FATES, strict=True):
            levels = np.quantile(heights, np.linspace(0.02, 0.9, 9))
            axis.contour(x, y, heights, levels=levels, colors="#d0d7de", linewidths=1)
            axis.plot(*np.transpose([w, end]), color="#8c8c8c", linewidth=1.5, marker="o", markersize=5)
            axis.plot(*toy.minimum.T, "*", color="#000000", markersize=12)
            old, new = (-each / np.linalg.norm(each) for each in (before, toy.gradient(end)))
            aside = np.array([old[1], -old[0]])
            aside *= np.sign(aside @ new)  # the side of the old gradient on which the new one lies
            look = {"arrowstyle": "-|>", "lw": 2.4, "mutation_scale": 16, "shrinkA": 0, "shrinkB": 0}
            for way, side, color, name in ((old, -aside, "#6e6e6e", "$-g_{t-1}$"), (new, aside, "#000000", "$-g_t$")):
                axis.annotate("", end + 0.62 * way, end, arrowprops=look | {"color": color})
                axis.text(*(end + 0.62 * way + 0.2 * side), name, color=color, ha="center", va="center")
            axis.set(title=fate, xlabel=f"the arrows meet at {np.degrees(np.arccos(old @ new)):.0f}°")
            axis.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), xticks=[], yticks=[], aspect="equal")
    return figure


def curvature_ratio(x, ratios):
    """Second derivatives divided by the exact one, over x = αλ, for a parabola of curvature λ.

    Args:
        x: αλ, one-dimensional.
        ratios: label → array like x; the last one is Eq. 8 and drawn in its color.
    """
    with house_style():
        figure, axis = plt.subplots(figsize=(8, 4.4))
        axis.axvspan(x[0], 1, color="#E69F00", alpha=0.13, linewidth=0)
        axis.axhline(0, color="#000000", linewidth=0.8)
        axis.axhline(1, **{**EXACT, "label": None})
        axis.text(x[-1], 1.12, "exact", ha="right", va="bottom")
        *stages, (last, published) = ratios.items()
        for (label, values), dash in zip(stages, ["--", "-."], strict=False):
            axis.plot(x, values, color="#8c8c8c", linestyle=dash, linewidth=1.6, label=label)
        axis.plot(x, published, **{**METHODS["tlr"].line, "linewidth": 3, "label": last})
        axis.plot([1, 1.25], [0, 1], "o", color=METHODS["tlr"].color, markersize=8)
        arrow = {"arrowstyle": "-", "color": "#000000", "lw": 0.8}
        axis.annotate("zero at the\noptimal step", (1, 0), (1.17, -2.3), ha="left", arrowprops=arrow)
        axis.annotate("right at αλ = 5/4,\nonly there", (1.25, 1), (1.52, -1.2), ha="left", arrowprops=arrow)
        axis.text(0.5, -3.6, "wrong sign\nfor every αλ < 1", ha="center", va="bottom")
        axis.set(xlim=(x[0], x[-1]), ylim=(-4.2, 4.6), xlabel="αλ   (1: the step lands on the minimum)")
        axis.set_ylabel("claimed / exact")
        axis.legend(loc="upper center", ncols=1)
    return figure


def response(x, factors, c=0.25):
    """α_{t+1}/α_t over x = α_t λ in one dimension.

    Args:
        x: α_t λ, positive.
        factors: "published", "secant" or "barzilai_borwein" → α_{t+1}/α_t, like x.
        c: the bound of Eq. 9, drawn with the lower one, 3/4.
    """
    with house_style():
        figure, axis = plt.subplots(figsize=(8, 4.2))
        axis.axhspan(0.75, 1 + c, color="#0072B2", alpha=0.09, linewidth=0)
        axis.axhline(1, color="#8c8c8c", linewidth=1)
        axis.axvline(1, color="#8c8c8c", linewidth=1, linestyle="--")
        for rule, values in factors.items():
            axis.plot(x, values, **RULE_STYLES[rule].line)
        axis.set_xscale("log")
        ticks = [0.1, 0.2, 0.5, 1, 2, 5, 10]
        axis.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axis.minorticks_off()
        axis.set(xlim=(x[0], x[-1]), ylim=(0.6, 1.45))
        axis.set_yticks([0.75, 1, 1 + c], ["3/4", "1", f"{1 + c:g}"])
        axis.set_xlabel("αλ   (left of 1 the step was too short, right of 1 too long)")
        axis.set_ylabel(r"$\alpha_{t+1}\,/\,\alpha_t$")
        axis.legend(loc="upper right")
    return figure


def curvature_along_the_step(alphas, losses, exact, published, secant):
    """The loss along one step of a network and, below, three values for its second derivative by α."""
    with house_style():
        figure, (top, bottom) = plt.subplots(2, 1, figsize=(8, 5.4), sharex=True, height_ratios=[2, 3])
        best = alphas[np.argmin(losses)]
        for axis in (top, bottom):
            axis.axvline(best, color="#8c8c8c", linewidth=1, linestyle="--")
        top.plot(alphas, losses, color="#8c8c8c", linewidth=4)
        top.set_ylabel("loss after\nthe step")
        bottom.axhline(0, color="#000000", linewidth=0.8)
        bottom.plot(alphas, exact, color="#8c8c8c", linewidth=4, label="autograd")
        bottom.plot(alphas, published, **{**METHODS["tlr"].line, "label": "Eq. 8"})
        bottom.plot(alphas, secant, **{**METHODS["tlr_secant"].line, "label": "Eq. 8′"})
        bottom.set(xlim=(alphas[0], alphas[-1]), xlabel=r"step size $\alpha$")
        bottom.set_ylabel(r"$\partial^2 \mathcal{L}_\alpha\,/\,\partial\alpha^2$")
        bottom.legend(loc="lower right")
    return figure


def displacements(path, length):
    """A path of mini-batch steps in the plane, shape (steps + 1, 2), and the displacement over each `length` steps."""
    with house_style():
        figure, axis = plt.subplots(figsize=(8, 4.4))
        axis.plot(*path.T, ".-", color="#8c8c8c", linewidth=1, markersize=5, label="one step, one mini-batch")
        corners = path[::length]
        arrow = {"angles": "xy", "scale_units": "xy", "scale": 1, "width": 0.006, "color": METHODS["tlr"].color}
        axis.quiver(*corners[:-1].T, *np.diff(corners, axis=0).T, zorder=3, label=f"{length} steps (Eq. 10)", **arrow)
        axis.plot(0, 0, "*", color="#000000", markersize=14, label="minimum")
        axis.set_aspect("equal", adjustable="datalim")
        axis.set(xlabel="$w_1$", ylabel="$w_2$")
        axis.legend(loc="lower left")
    return figure
