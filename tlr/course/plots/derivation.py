"""The figures of the derivation: one step seen from α, and what each curvature makes of it."""

import matplotlib.pyplot as plt
import numpy as np

from tlr import rule
from tlr.course.plots.style import METHODS, house_style

__all__ = ["EXACT", "along_the_step", "curvature_along_the_step", "curvature_ratio", "response", "windows"]

#: How the exact second derivative is drawn.
EXACT = {"color": "#000000", "linestyle": (0, (1, 1)), "label": "exact second derivative"}
_JUMPS = {"published": "tlr", "secant": "tlr_secant", "undamped": "barzilai_borwein"}


def along_the_step(alphas, losses, steps, c=0.25):
    """The loss as a function of α, the tangent (Eq. 7) and the parabolas through a step, and where each rule jumps.

    Args:
        alphas, losses: the curve L_α(α; w), two arrays of one shape.
        steps: one panel for each; a mapping with α_t `alpha`, its `loss`, the inner products `gg`, `gp`, `pp`
            and the exact second derivative `exact`.
        c: the bound of Eq. 9; Barzilai and Borwein's step has none.
    """
    with house_style():
        figure, axes = plt.subplots(
            2, len(steps), figsize=(10, 5.2), squeeze=False, sharex=True, sharey="row", height_ratios=[4, 1]
        )
        best = alphas[np.argmin(losses)]
        span = np.ptp(losses)
        for (curve, jumps), step in zip(axes.T, steps, strict=True):
            alpha, loss, slope = step["alpha"], step["loss"], rule.first_derivative(step["gp"])
            offset = alphas - alpha
            products = step["gg"], step["gp"], step["pp"]
            curve.plot(alphas, losses, color="#8c8c8c", linewidth=4, label=r"loss $\mathcal{L}_\alpha(\alpha;\, w)$")
            curve.plot(alphas, loss + slope * offset, color="#8c8c8c", linewidth=1.2, label="tangent (Eq. 7)")
            curvatures = {
                "published": rule.second_derivative(alpha, *products, "published"),
                "secant": rule.second_derivative(alpha, *products, "secant"),
            }
            curve.plot(alphas, loss + slope * offset + step["exact"] * offset**2 / 2, **EXACT)
            for name, second in curvatures.items():
                line = {**METHODS[_JUMPS[name]].line, "label": {"published": "Eq. 8", "secant": "Eq. 8′"}[name]}
                curve.plot(alphas, loss + slope * offset + second * offset**2 / 2, **line)
            curve.plot(alpha, loss, "o", color="#000000", markersize=9, zorder=5)
            curve.set_title(rf"$\alpha_t$ = {alpha:.3g}: " + ("too short" if alpha < best else "too long"))
            curve.set_ylim(losses.min() - 0.35 * span, losses.max() + 0.35 * span)
            for row, (curvature, method) in enumerate(_JUMPS.items()):
                bound = np.inf if curvature == "undamped" else c
                to = float(rule.next_alpha(alpha, *products, bound, curvature))
                color = METHODS[method].color
                arrow = {"arrowstyle": "-|>", "color": color, "lw": 2, "shrinkA": 0, "shrinkB": 0}
                jumps.annotate("", (to, row), (alpha, row), arrowprops=arrow)
                jumps.plot(alpha, row, "o", color="#000000", markersize=5)
            jumps.set_yticks(range(3), [METHODS[method].label for method in _JUMPS.values()])
            jumps.set_ylim(2.6, -0.6)
            jumps.set_xlim(alphas[0], alphas[-1])
            jumps.set_xlabel(r"step size $\alpha$")
            for axis in (curve, jumps):
                axis.axvline(best, color="#8c8c8c", linewidth=1, linestyle="--")
        axes[0, 0].set_ylabel("loss after the step")
        handles, labels = axes[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), handlelength=2.2)
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
        factors: "published", "secant" or "undamped" → α_{t+1}/α_t, like x.
        c: the bound of Eq. 9, drawn with the lower one, 3/4.
    """
    with house_style():
        figure, axis = plt.subplots(figsize=(8, 4.2))
        axis.axhspan(0.75, 1 + c, color="#0072B2", alpha=0.09, linewidth=0)
        axis.axhline(1, color="#8c8c8c", linewidth=1)
        axis.axvline(1, color="#8c8c8c", linewidth=1, linestyle="--")
        for curvature, values in factors.items():
            axis.plot(x, values, **METHODS[_JUMPS[curvature]].line)
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


def windows(path, length):
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
