"""The figures of the derivation: what each curvature makes of a step and of αλ."""

import matplotlib.pyplot as plt
import numpy as np

from tlr.course.plots.marks import arrow, note, ticks_along
from tlr.course.plots.picture import RULE_STYLES
from tlr.course.plots.step import EXACT
from tlr.course.plots.style import METHODS, house_style

__all__ = [
    "angles",
    "behind_now_ahead",
    "between_two_steps",
    "chord",
    "climbs",
    "curvature_along_the_step",
    "curvature_ratio",
    "leap",
    "one_line_late",
    "response",
    "scale",
    "step_kinds",
]


#: The number of a step.
_NUMBER = {"ha": "center", "va": "center", "color": METHODS["tlr"].color, "fontsize": 13, "fontweight": "bold"}
_FATES = ("Less than 90°: α grows", "90°: α stays", "More than 90°: α shrinks")


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
    with house_style():
        figure, panels = plt.subplots(1, 3, figsize=(9.6, 3.7), sharey=True)
        for axis, end, fate in zip(panels, ends, _FATES, strict=True):
            _contours(axis, toy, x, y)
            axis.plot(*np.transpose([w, end]), color="#8c8c8c", linewidth=1.5, marker="o", markersize=5)
            axis.plot(*toy.minimum.T, "*", color="#000000", markersize=12)
            old, new = (-each / np.linalg.norm(each) for each in (before, toy.gradient(end)))
            aside = np.array([old[1], -old[0]])
            aside *= np.sign(aside @ new)  # the side of the old gradient on which the new one lies
            look = {"linewidth": 2.4, "mutation_scale": 16}
            for way, side, color, name in ((old, -aside, "#6e6e6e", "$-g_{t-1}$"), (new, aside, "#000000", "$-g_t$")):
                arrow(axis, end, end + 0.62 * way, color, **look)
                axis.text(*(end + 0.62 * way + 0.2 * side), name, color=color, ha="center", va="center")
            arrow(axis, w, w + 0.62 * old, "#6e6e6e", **look)
            axis.text(*(w + 0.4 * old - 0.28 * aside), "$-g_{t-1}$", color="#6e6e6e", ha="center", va="center")
            axis.set(title=fate, xlabel=f"the arrows meet at {np.degrees(np.arccos(old @ new)):.0f}°")
    return figure


def _contours(axis, toy, x, y):
    """Lines of equal loss over a grid of two weights, which fills the panel; no numbers at its edges."""
    heights = toy.value(np.stack(np.meshgrid(x, y), axis=-1))
    axis.contour(x, y, heights, np.quantile(heights, np.linspace(0.02, 0.9, 9)), colors="#d0d7de", linewidths=1)
    axis.set(xlim=(x[0], x[-1]), ylim=(y[0], y[-1]), xticks=[], yticks=[], aspect="equal")


def behind_now_ahead(toy, places):
    """Two steps on a function of one weight, the gradients at their three places, and two differences of these.

    Args:
        toy: the function.
        places: the weights before the step, after it, and after one more.
    """
    places, names = np.asarray(places, float), ("behind", "now", "ahead")
    losses, slopes = toy.value(places[:, None]), toy.gradient(places[:, None])[:, 0]
    w, blue, gray = np.linspace(0, 1.12 * places[0], 100), METHODS["tlr"].color, "#6e6e6e"
    faces = ("#000000", "#000000", "#ffffff")  # the last gradient is never computed
    with house_style():
        figure, (left, right) = plt.subplots(1, 2, figsize=(9.2, 3.6), width_ratios=[3, 4])
        left.plot(w, toy.value(w[:, None]), color="#8c8c8c", linewidth=3)
        for place, loss, slope, face, name in zip(places, losses, slopes, faces, names, strict=True):
            reach = np.array([-0.27, 0.27]) / np.hypot(1, slope)
            left.plot(place + reach, loss + slope * reach, color="#000000", linewidth=1.2)
            left.plot(place, loss, "o", color="#000000", markerfacecolor=face, markersize=8)
            note(left, name, (place, loss), (9, 9), ha="left", va="center")
        # Both axes run from behind to ahead: the step goes from left to right.
        left.set(xlim=(w[-1], w[0]), xlabel="$w$", ylabel="loss", title="three places, three slopes")
        for number, (slope, face) in enumerate(zip(slopes, faces, strict=True)):
            right.plot([number, number], [0, slope], color="#8c8c8c", linewidth=3)
            right.plot(number, slope, "o", color="#000000", markerfacecolor=face, markersize=8)
            note(right, f"{slope:.2f}", (number, slope), (0, 9), ha="center")
        right.plot([0, 2], [slopes[1]] * 2, color="#000000", linewidth=0.8, linestyle=":")
        for end, color, name in ((0, blue, "Eq. 8:\nnow − behind"), (2, gray, "(16):\nnow − ahead")):
            place, lower = (1 + end) / 2, min(slopes[1], slopes[end])
            right.plot([end, place], [slopes[end]] * 2, color="#000000", linewidth=0.8, linestyle=":")
            arrow(right, (place, slopes[end]), (place, slopes[1]), color, linewidth=2, mutation_scale=14)
            sign = "negative" if slopes[1] < slopes[end] else "positive"
            note(right, f"{name}\n{sign}", (place, lower), (0, -7), ha="center", va="top", color=color)
        right.set(ylim=(0, 1.25 * slopes[0]), xlim=(-0.4, 2.4), ylabel="gradient", title="the three gradients")
        right.set_xticks(range(3), names)
    return figure


def curvature_ratio(x, ratio, lines=()):
    """What Eq. 8, and the lines of a proof of it, make of the exact second derivative, over x = αλ.

    Args:
        x: αλ on a parabola of curvature λ.
        ratio: Eq. 8 divided by the exact second derivative, like x.
        lines: two lines of the proof, name → the same of that line (default: none).
    """
    color, line = METHODS["tlr"].color, {"arrowstyle": "-", "color": "#000000", "lw": 0.8}
    with house_style():
        figure, axis = plt.subplots(figsize=(8, 4.6))
        axis.axvspan(x[0], 1, color="#E69F00", alpha=0.13, linewidth=0)
        axis.axhline(0, color="#000000", linewidth=0.8)
        axis.axhline(1, **EXACT | {"label": "the truth"})
        for (name, values), dash in zip(dict(lines).items(), ("-.", (0, (5, 1.5))), strict=False):
            axis.plot(x, values, color="#6e6e6e", linestyle=dash, label=name)
        axis.plot(x, ratio, **METHODS["tlr"].line | {"linewidth": 3, "label": "Eq. 8"})
        axis.plot([1, 1.25], [0, 1], "o", color=color, markersize=8)
        axis.annotate("zero at the\nbest step", (1, 0), (1.17, -2.3), ha="left", arrowprops=line)
        axis.annotate("right at αλ = 5/4,\nonly there", (1.25, 1), (1.52, -1.2), ha="left", arrowprops=line)
        axis.text(0.55, -4, "wrong sign for every αλ < 1", ha="center", va="bottom")
        axis.set(xlim=(x[0], x[-1]), ylim=(-4.2, 4.6), xlabel="αλ   (1: the step lands on the minimum)")
        axis.set_ylabel("second derivative / exact")
        axis.legend(loc="upper center")
    return figure


def chord(alphas, slopes, step):
    """The slope of L_α over α with its chord: the chord's slope is Eq. 8′, its zero the step of Barzilai and Borwein.

    Args:
        alphas, slopes: the curve ∂L_α/∂α, two arrays of one shape, α from 0 on.
        step: a mapping with α_t `alpha` and the inner products `gp` and `pp`.
    """
    alpha, begin, end = step["alpha"], -step["pp"], -step["gp"]
    zero = alpha * begin / (begin - end)
    quarter = alpha + (zero - alpha) / 4
    secant, far = METHODS["tlr_secant"], METHODS["barzilai_borwein"]
    with house_style():
        figure, axis = plt.subplots(figsize=(8, 4.2))
        axis.axhline(0, color="#000000", linewidth=0.8)
        axis.plot(
            alphas, slopes, color="#8c8c8c", linewidth=4, label=r"slope $\partial\mathcal{L}_\alpha/\partial\alpha$"
        )
        line = begin + (end - begin) / alpha * alphas
        axis.plot(alphas, line, **secant.line | {"label": "chord: its slope is Eq. 8′"})
        axis.plot([0, alpha], [begin, end], "o", color="#000000", markersize=8, label="the two slopes we know")
        axis.plot(zero, 0, far.marker, color=far.color, markersize=11, label="the chord's zero: Barzilai–Borwein")
        label = "a quarter of the way: TLR (Eq. 8′)"
        axis.plot(quarter, 0, secant.marker, color=secant.color, markersize=8, label=label)
        axis.plot([alpha, alpha], [end, 0], color="#000000", linewidth=0.8, linestyle=":")
        axis.text(alpha, -0.04 * begin, r"$\alpha_t$", ha="center", va="bottom")
        note(axis, r"$-\|g_{t-1}\|^2$", (0, begin), (12, -3), va="center")
        note(axis, r"$-\langle g_t, g_{t-1}\rangle$", (alpha, end), (12, -8), va="center")
        axis.set(xlim=(-0.01 * alphas[-1], alphas[-1]), xlabel=r"step size $\alpha$", ylabel="slope")
        axis.legend(loc="lower right")
    return figure


def one_line_late(toy, path, own):
    """Two steps of one α in a valley: the first ends at the lowest point of its line, the second far beyond its own.

    Args:
        toy: a function of two variables, its minimum at 0.
        path: the three places, (3, 2).
        own: the α that would lead from the second place to the lowest point of the second line.
    """
    first, second, third = path = np.asarray(path)
    alpha = np.linalg.norm(second - first) / np.linalg.norm(toy.gradient(first))
    x, y = np.linspace(-0.5, first[0] + 0.4, 160), np.linspace(path[:, 1].min() - 0.5, third[1] + 0.4, 120)
    late = METHODS["barzilai_borwein"]
    with house_style():
        figure, axis = plt.subplots(figsize=(8, 4.2))
        _contours(axis, toy, x, y)
        axis.plot(0, 0, "*", color="#000000", markersize=12)
        label = f"first step, α = {alpha:.2f}: the best on its line"
        axis.plot(*path[:2].T, color="#8c8c8c", linewidth=3, marker="o", markersize=8, label=label)
        label = f"second step, α = {alpha:.2f} again"
        axis.plot(*path[1:].T, color=late.color, marker=late.marker, markersize=9, markevery=[1], label=label)
        lowest, label = second - own * toy.gradient(second), f"the best on the second line: α = {own:.2f}"
        axis.plot(*lowest, "o", color="#000000", markerfacecolor="#ffffff", markersize=9, label=label)
        note(axis, "start", first, (0, 10), ha="center")
        axis.legend(loc="upper right", frameon=True, edgecolor="none", framealpha=1)
    return figure


def between_two_steps(alphas, claimed, exact, short, long):
    """Eq. 8 over the length of a step on a quadratic, with the short and the long Barzilai–Borwein step.

    Args:
        alphas, claimed: α, and the second derivative that Eq. 8 claims.
        exact: the second derivative.
        short, long: the two Barzilai–Borwein steps.
    """
    color = METHODS["tlr"].color
    with house_style():
        figure, axis = plt.subplots(figsize=(8, 3.6))
        axis.axhline(0, color="#000000", linewidth=0.8)
        axis.axvspan(alphas[0], short, color="#E69F00", alpha=0.13, linewidth=0)
        axis.axhline(exact, **EXACT | {"label": "exact"})
        axis.plot(alphas, claimed, color=color, linewidth=3, label="Eq. 8")
        for place, name in ((short, "short step:\nEq. 8 is zero"), (long, "long step:\nthe line's lowest point")):
            axis.axvline(place, color="#8c8c8c", linewidth=1, linestyle="--")
            axis.plot(place, np.interp(place, alphas, claimed), "o", color=color, markersize=8)
            note(axis, name, (place, 0.97), (-6, 0), xycoords=("data", "axes fraction"), ha="right", va="top")
        axis.set(xlim=(alphas[0], alphas[-1]), xlabel=r"step size $\alpha$")
        axis.set_ylabel(r"$\partial^2 \mathcal{L}_\alpha\,/\,\partial\alpha^2$")
        axis.legend(loc="lower right")
    return figure


def leap(toy, ran, cycle):
    """A rule on a function of one weight whose curvature jumps at 0: three steps on its graph.

    Args:
        toy: the function, its minimum at 0.
        ran: the Trajectory of one descent.
        cycle: the first and the last of four places on the graph; the left panel shows the two between, near 0.
    """
    steps = np.arange(cycle[0], cycle[1] + 1)
    w, loss = ran.w[steps, 0], ran.loss[steps]
    low, high = np.sort(w[1:-1])[[0, -1]] + np.array((-1.1, 0.35)) * np.ptp(w[1:-1])
    arrives = (np.mean([low, w[1]]) - w[0]) / (w[1] - w[0])  # half of what the left panel shows of the first step
    method = METHODS["tlr"]
    with house_style():
        figure, (near, wide) = plt.subplots(1, 2, figsize=(9.2, 3.6))
        views = (near, (low, high), loss[1:-1].max()), (wide, (1.15 * w.min(), 0.25 * -w.min()), loss.max())
        for axis, limits, top in views:
            x = np.linspace(*limits, 2000)
            axis.plot(x, toy.value(x[:, None]), color="#8c8c8c", linewidth=3)
            axis.plot(w, loss, color=method.color, marker=method.marker, linewidth=1)
            axis.set(xlim=limits, ylim=(-0.2 * top, 1.4 * top), xlabel="$w$", ylabel="loss")
        near.set_title("near the joint: 1 approach, 2 cross")
        wide.set_title("farther out: 3 thrown back")
        asides = (wide, (-8, -13)), (near, (0, -13)), (near, (20, 0)), (wide, (4, 14))
        for t, (axis, aside) in zip(steps, asides, strict=True):
            note(axis, f"$w_{{{t}}}$", (ran.w[t, 0], ran.loss[t]), aside, ha="center", va="center")
        for number, (axis, share) in enumerate(((near, arrives), (near, 0.5), (wide, 0.6))):
            place = [line[number] + share * (line[number + 1] - line[number]) for line in (w, loss)]
            note(axis, f"{number + 1}", place, (-8, 10), **_NUMBER)
    return figure


def step_kinds(ran, shown, cycle):
    """α on a function of curvature 1 left of 0 and a steep one right of it: what each kind of step does to it.

    Args:
        ran: the Trajectory of one descent.
        shown: the first and the last step of the picture.
        cycle: the first of three steps that approach, cross, and are thrown back, to be numbered.
    """
    color, alpha, steep = METHODS["tlr"].color, ran.alpha, ran.w[:, 0] > 0
    change, now, before = 100 * (alpha[1:] / alpha[:-1] - 1), steep[1:-1], steep[:-2]
    kinds = {"stays": (~now & ~before, "o", color), "crosses": (now & ~before, "o", "#ffffff"),
             "is thrown back": (~now & before, "v", color)}  # fmt: skip
    steps = np.arange(shown[0], shown[1] + 1)
    with house_style():
        figure, axis = plt.subplots(figsize=(8, 3.8))
        axis.axhline(1, color="#000000", linestyle="--", linewidth=1)
        axis.plot(steps, alpha[steps], color=color, linewidth=1)
        for name, (where, marker, face) in kinds.items():
            ended = 1 + np.flatnonzero(where)
            middle = np.median(change[ended])
            then = f"{middle:+.{0 if abs(middle) >= 1 else 1}f}".replace("-", "−")
            seen = ended[(ended >= shown[0]) & (ended <= shown[1])]
            look = {"color": color, "markerfacecolor": face, "markersize": 8, "zorder": 3}
            axis.plot(seen, alpha[seen], marker, **look, label=f"{name}: α {then} %")
        for number, aside in enumerate(((0, -16), (-3, 14), (4, 14))):
            note(axis, f"{number + 1}", (cycle + number, alpha[cycle + number]), aside, **_NUMBER)
        axis.set(xlim=(shown[0] - 0.5, shown[1] + 0.5), ylim=(0.75, 1.3), xlabel="step t", ylabel="α")
        axis.set_yticks([0.8, 0.9, 1, 1.1, 1.2])
        figure.legend(loc="outside lower center", ncols=3)
    return figure


def response(x, factors):
    """α_{t+1}/α_t over x = α_t λ in one dimension, with the bounds 3/4 and 1 + c = 5/4.

    Args:
        x: α_t λ, positive.
        factors: "published", "secant" or "barzilai_borwein" → α_{t+1}/α_t, like x.
    """
    with house_style():
        figure, axis = plt.subplots(figsize=(8, 4.2))
        axis.axhspan(0.75, 1.25, color="#0072B2", alpha=0.09, linewidth=0)
        axis.axhline(1, color="#8c8c8c", linewidth=1)
        axis.axvline(1, color="#8c8c8c", linewidth=1, linestyle="--")
        for rule, values in factors.items():
            axis.plot(x, values, **RULE_STYLES[rule].line)
        axis.set_xscale("log")
        ticks_along(axis, [0.1, 0.2, 0.5, 1, 2, 5, 10])
        axis.set(xlim=(x[0], x[-1]), ylim=(0.6, 1.45))
        axis.set_yticks([0.75, 1, 1.25], ["3/4", "1", "1.25"])
        axis.set_xlabel("αλ   (left of 1 the step was too short, right of 1 too long)")
        axis.set_ylabel(r"$\alpha_{t+1}\,/\,\alpha_t$")
        if "published" in factors:
            end, color = (x[-1], factors["published"][-1]), RULE_STYLES["published"].color
            points = {"color": color, "arrowprops": {"arrowstyle": "->", "color": color}}
            note(axis, "brakes least\nhere", end, (-16, 34), va="center", ha="right", **points)
        axis.legend(loc="upper right")
    return figure


def climbs(rates, limit):
    """α over the steps from many α₀.

    Args:
        rates: rule → α from several α₀, (steps + 1, starts).
        limit: the largest α that a fixed α may have, for a line.
    """
    with house_style():
        figure, axis = plt.subplots(figsize=(8, 4.2))
        for rule, each in rates.items():
            lines = axis.plot(each, **{**RULE_STYLES[rule].line, "label": None}, linewidth=1.6)
            lines[0].set_label(RULE_STYLES[rule].label)
        axis.axhline(limit, color="#000000", linewidth=1, linestyle="--")
        beyond = axis.get_yaxis_transform()
        note(axis, f"edge\n{limit:g}", (1, limit), (4, 0), xycoords=beyond, va="center", fontsize=10)
        axis.set(yscale="log", xlabel="step t", ylabel="α")
        figure.legend(*axis.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure


def scale(alphas, ends, factor, highest=None):
    """Where the runs from many α₀ end on a loss and on a multiple of it.

    Args:
        alphas: α₀ of the runs, each times the multiple.
        ends: rule → the last loss over the first, on the loss and on the multiple, two arrays like alphas.
        factor: the multiple.
        highest: the highest loss of TLR on its way over the first, like alphas (default: not drawn).
    """
    with house_style():
        figure, axis = plt.subplots(figsize=(8, 4.6))
        for rule, (once, often) in ends.items():
            style = RULE_STYLES[rule]
            axis.plot(alphas, once, **style.line)
            axis.plot(alphas, often, style.marker, color=style.color, markerfacecolor="#ffffff", markersize=6)
        if highest is not None:
            label = "TLR (Eq. 8): its highest loss"
            axis.plot(alphas, highest, color=METHODS["tlr"].color, linewidth=1, label=label)
        axis.set(xscale="log", yscale="log", xlabel=f"α₀ (a mark at α₀ began at α₀/{factor})")
        axis.set(ylabel="last loss / first loss", title=f"where they end (marks: on {factor} L)")
        figure.legend(*axis.get_legend_handles_labels(), loc="outside lower center", ncols=2)
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
        bottom.plot(alphas, published, **METHODS["tlr"].line | {"label": "Eq. 8"})
        bottom.plot(alphas, secant, **METHODS["tlr_secant"].line | {"label": "Eq. 8′"})
        bottom.set(xlim=(alphas[0], alphas[-1]), xlabel=r"step size $\alpha$")
        bottom.set_ylabel(r"$\partial^2 \mathcal{L}_\alpha\,/\,\partial\alpha^2$")
        bottom.legend(loc="lower right")
    return figure
