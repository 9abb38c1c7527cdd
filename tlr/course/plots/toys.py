"""The figures of descents on toy functions; explorers leave `CobwebPicture` and `PathsPicture` as their stills."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import BoundaryNorm, LinearSegmentedColormap
from matplotlib.ticker import MaxNLocator

from tlr.course.plots.marks import note
from tlr.course.plots.picture import PICTURE_SIZE, STYLES, DescentPicture, tint_above
from tlr.course.plots.style import house_style, legend_below
from tlr.course.plots.theory_panels import panels
from tlr.descent import RULES, relative_rate_map

__all__ = ["CobwebPicture", "PathsPicture", "braking", "burst", "cobweb", "curves", "foretold", "paths", "thrown_back"]

_BANDS = 14
_TINTS = LinearSegmentedColormap.from_list("tints", ["#9fb4c7", "#dfe7ee", "#fbfcfd"], _BANDS)
_GRID = 140


class CobwebPicture(DescentPicture):
    """One dimension: the map from x_t to x_{t+1}, x = αλ, with the cobweb of each rule, x and the loss over t."""

    def __init__(self, figure, rules=("published", "secant", "barzilai_borwein")):
        with house_style():
            super().__init__(figure, rules, ("x = αλ", "loss / first loss"))
            self.main.set(xlabel="$x_t$", ylabel="$x_{t+1}$", title="from one αλ to the next")
            self.main.axhspan(0.75, 1.25, color="#0072B2", alpha=0.08, linewidth=0)
            self.main.axline((0, 0), slope=1, color="#8c8c8c", linewidth=1)
            self.maps, self.webs, self.ends = (self._lines(self.main, dots) for dots in (False, False, True))
            self.names = {rule: self.main.text(0, 0, "", va="center", fontsize=9) for rule in self.rules}
            self.groups[:0] = self.maps, self.webs, self.ends, self.names
            for rule in self.rules:
                name = STYLES[rule].label.strip("TLR ()")
                self.names[rule].set(color=STYLES[rule].color, text=name if name.startswith("Eq.") else "")
                self.maps[rule].set(alpha=0.45, linewidth=3.5)
                self.webs[rule].set(linewidth=1.3)

    def update(self, trajectories, step, c=0.25):
        """Draw descents on ½w² (rule → `Trajectory` of one path, so that α is x) up to `step`; `c` as they had it."""
        self._show(trajectories)
        largest = max([1.5, *(_finite_max(ran.alpha) for ran in trajectories.values())])
        reach = min([size for size in (1.6, 3.2, 6.4, 12.8) if size >= largest], default=25.6)
        grid = np.concatenate([np.linspace(1e-3, 1 - 1e-6, 60), [np.nan], np.linspace(1 + 1e-6, reach, 60)])
        for rule, ran in trajectories.items():
            self.maps[rule].set_data(grid, relative_rate_map(grid, rule, c))
            self.names[rule].set_position((1.01 * reach, float(relative_rate_map(reach, rule, c))))
            orbit = ran.alpha[1 : max(step, 1) + 1]
            corners = np.repeat(orbit, 2)
            self.webs[rule].set_data(corners[:-1], np.concatenate([[0], corners[2:]]))
            self.ends[rule].set_data(orbit[-1:], orbit[-1:] if step > 1 else [0])
            self.fates[rule].set_text(f"{STYLES[rule].label}: x = {ran.alpha[step]:.3g}")
        self.main.set(xlim=(0, reach), ylim=(0, reach))
        self._draw_panel(0, {rule: ran.alpha for rule, ran in trajectories.items()}, step)
        self._draw_panel(1, {rule: ran.loss / ran.loss[0] for rule, ran in trajectories.items()}, step)


class PathsPicture(DescentPicture):
    """Two dimensions: bands of equal loss with the paths on them, α and the loss over t."""

    def __init__(self, figure, rules=tuple(RULES)):
        with house_style():
            super().__init__(figure, rules, ("learning rate α", "loss above the minimum"))
            self.main.grid(False)
            self.main.set(xlabel="$w_1$", ylabel="$w_2$")
            self.bands = self.main.imshow(
                np.zeros((_GRID, _GRID)),
                cmap=_TINTS,
                norm=BoundaryNorm(np.arange(_BANDS + 1), _BANDS),
                interpolation="bilinear",
                interpolation_stage="data",
                origin="lower",
                aspect="auto",
            )
            (self.minima,) = self.main.plot([], [], "*", color="#000000", markersize=13, markeredgecolor="#ffffff")
            self.steps, self.ends = (self._lines(self.main, dots) for dots in (False, True))
            self.groups[:0] = self.steps, self.ends
            # Each path is narrower than those below it, so that none hides another.
            for rule, width in zip(self.rules, np.geomspace(4.2, 1.2, max(len(self.rules), 2)), strict=False):
                self.steps[rule].set(linewidth=width, marker=".", markersize=width + 2)
                self.ends[rule].set(markeredgecolor="#ffffff", markersize=8)
            self.above = tint_above(self.panels[0], zorder=0)

    def update(self, toy, trajectories, step):
        """Draw descents on `toy`, a function of two variables (rule → `Trajectory` of one path), up to `step`."""
        self._set_function(toy)
        self._show(trajectories)
        floor = toy.minimum_value
        if np.isnan(floor):
            floor = min((ran.loss.min() for ran in trajectories.values()), default=0.0)
        for rule, ran in trajectories.items():
            path = _within_reach(ran.w[: step + 1], toy.view)
            self.steps[rule].set_data(*path.T)
            self.ends[rule].set_data(*path[-1:].T)
            self.fates[rule].set_text(f"{STYLES[rule].label}: {_fate(ran, step, floor)}")
        edge = [self.above.get_y()] if self.above.get_visible() else []
        self._draw_panel(0, {rule: ran.alpha for rule, ran in trajectories.items()}, step, also=edge)
        self._draw_panel(1, {rule: ran.loss - floor for rule, ran in trajectories.items()}, step)

    def _set_function(self, toy):
        x, y = (np.linspace(*limits, _GRID) for limits in toy.view)
        values = toy.value(np.stack(np.meshgrid(x, y), axis=-1))
        floor = values.min() if np.isnan(toy.minimum_value) else toy.minimum_value
        height = np.log10(np.maximum(values - floor, np.finfo(float).tiny))
        low = max(height.min(), height.max() - 4)
        self.bands.set_data((height - low) / (height.max() - low) * (_BANDS - 1e-6))
        self.bands.set_extent((*toy.view[0], *toy.view[1]))
        self.main.set(xlim=toy.view[0], ylim=toy.view[1])
        self.minima.set_data(*toy.minimum.T)
        self.main.set_title(toy.name, parse_math=False)
        name = "the minimum" if np.isfinite(toy.minimum_value) else "the lowest seen"
        self.panels[1].set_title(f"loss above {name}", loc="left")
        steepest = _steepest(toy)
        self.above.set_visible(steepest is not None)
        if steepest is not None:
            self.above.set(y=2 / steepest, height=1e30)
        tinted = r", tinted above $2/\lambda_{\max}$" if steepest is not None else ""
        self.panels[0].set_title(f"learning rate α{tinted}", loc="left")


def _steepest(toy):
    """The largest eigenvalue of a quadratic's Hessian, if it has a minimum; None for any other function."""
    hessians = toy.hessian(np.vstack([toy.start, *np.transpose(toy.view)]))
    low, *_, high = np.linalg.eigvalsh(hessians[0])
    return high if low > 0 and np.allclose(hessians, hessians[0]) else None


def cobweb(trajectories, step=None, c=0.25):
    """The map x_t → x_{t+1} of x = αλ with the orbits of `trajectories`; x and the loss over the steps.

    Args:
        trajectories: "published", "secant" or "barzilai_borwein" → `Trajectory` of one path on
            `tlr.toys.quadratic([1.0])`, where α is x.
        step: draw the cobweb up to this step (default: the last).
        c: the bound that the descents had.
    """
    with house_style():
        picture = CobwebPicture(plt.figure(figsize=PICTURE_SIZE, layout="none"))
        picture.update(trajectories, _last(trajectories) if step is None else step, c)
        picture.panels[0].set(yscale="linear", ylim=picture.main.get_ylim())  # on decades the circling would not show
    return picture.figure


def paths(toy, trajectories, step=None):
    """Bands of equal loss with the paths of descents on them; α and the loss over the steps.

    Args:
        toy: a `tlr.toys.Toy` of two variables; a star marks each minimum.
        trajectories: rule, or name of an optimizer, → `Trajectory` of one path; six at most.
        step: draw the paths up to this step (default: the last).
    """
    with house_style():
        picture = PathsPicture(plt.figure(figsize=PICTURE_SIZE, layout="none"), tuple(trajectories))
        picture.update(toy, trajectories, _last(trajectories) if step is None else step)
    return picture.figure


def curves(series, *, ylabel):
    """One curve a rule over the steps, on a logarithmic axis.

    Args:
        series: rule, or name of an optimizer, → values for steps 0, 1, …; the parts that are not positive and finite
            are left out.
        ylabel: what the values are.
    """
    with house_style():
        figure, axes = plt.subplots(figsize=(9.2, 4.2))
        lines = {}
        for rule, values in series.items():
            values = np.where(np.isfinite(values) & (values > 0), values, np.nan)
            (lines[STYLES[rule].label],) = axes.plot(values, **STYLES[rule].line, linewidth=1.5)
        axes.set(yscale="log", xlabel="step t", ylabel=ylabel, xlim=(0, max(map(len, series.values())) - 1))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        legend_below(figure, lines)
    return figure


def burst(ran, terms, edge, last):
    """How a burst begins: α, the steep vote against the flat one, and the loss, with three moments numbered.

    The moments are 1, the first step by an α past the edge, 2, the middle of what follows, and 3, the first step after
    it at which the steep term outweighs the flat one. From 1 to 3 all panels are gray.

    Args:
        ran: `Trajectory` of one path on a quadratic with two curvatures.
        terms: what its components add to ⟨g_t, g_{t−1}⟩, flat and steep, (steps, 2), as `tlr.course.steps.votes`.
        edge: 2/λ₂.
        last: the last step that is shown.
    """
    steps, (flat, steep) = np.arange(1, len(terms) + 1), np.transpose(terms)
    loudness = np.abs(steep) / np.abs(flat)
    passes = int(np.argmax(ran.alpha > edge))
    takes = passes + int(np.argmax(loudness[passes - 1 :] > 1))
    shorter = steep < 0
    before = np.append(shorter[1:], False)  # so that the line has no gap where the vote changes sign
    says = {"longer": ~shorter, "shorter": shorter | before}
    each = [
        {ran.rule: ran.alpha},
        {f"steep says “{word}”": (steps, np.where(where, loudness, np.nan)) for word, where in says.items()},
        {ran.rule: ran.loss / ran.loss[0]},
    ]
    titles = ["learning rate α", "steep vote / flat vote", "loss / first loss"]
    levels, limits = [{"edge, 2/λ₂": edge}, {}, {}], [(1e-3, 3), (1e-14, 1e10), (1e-6, 1e23)]
    figure = panels(each, xlabels="step t", ylabels="", titles=titles, limits=limits, levels=levels)
    rate, vote, loss = figure.axes
    with house_style():
        for line, color in zip(vote.lines, ("#8c8c8c", "#000000"), strict=True):
            line.set(color=color, linestyle="-", linewidth=2.4)  # vermilion is a rule here
        vote.axhline(1, color="#8c8c8c", linewidth=1)
        for x, height, who in ((0.03, 1e6, "the steep vote\ndecides"), (0.66, 1e-7, "the flat vote\ndecides")):
            vote.text(x * last, height, who, va="center", fontsize=9, color="#4d4d4d")
        vote.legend(fontsize=9, loc="lower left")
        loss.legend().remove()
        for axes in figure.axes:
            axes.set_xlim(0, last)
            axes.axvspan(passes, takes, color="#8c8c8c", alpha=0.25, linewidth=0)
        loss.axhspan(1, limits[2][1], color="#E69F00", alpha=0.15, linewidth=0)
        loss.text(0.03 * last, 1e21, "above its first value", va="center", fontsize=9)
        middle = (passes + takes) // 2
        _number(rate, 1, (passes, ran.alpha[passes]), (-12, 14))
        _number(vote, 1, (passes, loudness[passes - 1]), (-16, -6))
        _number(vote, 2, (middle, loudness[middle - 1]), (18, 0))
        _number(vote, 3, (takes, loudness[takes - 1]), (18, 0))
    return figure


def _number(axes, number, point, offset):
    """A ringed number beside a point, which is marked."""
    axes.plot(*point, "o", color="#000000", markersize=5)
    ring = {"boxstyle": "circle,pad=0.18", "facecolor": "#ffffff", "edgecolor": "#000000", "linewidth": 1}
    look = {"fontsize": 10, "fontweight": "bold", "ha": "center", "va": "center", "bbox": ring, "zorder": 5}
    note(axes, str(number), point, offset, **look)


def braking(ran):
    """How x = αλ comes back below 2, and how far the loss rises meanwhile.

    Args:
        ran: rule → x at one step after the other; the last value is the first that is no longer above 2.
    """
    with house_style():
        figure, (left, right) = plt.subplots(1, 2, figsize=(9.2, 3.9))
        for rule, x in ran.items():
            steps, rise = np.arange(len(x)), np.concatenate([[0], 2 * np.cumsum(np.log10(np.asarray(x[:-1]) - 1))])
            left.step(steps, x, where="post", **STYLES[rule].line)
            said = {"label": f"{STYLES[rule].label}: $10^{{{rise[-1]:.2g}}}$ in {len(x) - 1} steps"}
            right.plot(steps, rise, **STYLES[rule].line | said)
            right.fill_between(steps, rise, color=STYLES[rule].color, alpha=0.1, linewidth=0)
        left.axhline(2, color="#000000", linestyle=(0, (5, 2)), linewidth=1.2)
        note(left, "edge, x = 2", (0, 2), (4, -4), va="top", fontsize=9)
        left.set(title="x = αλ₂")
        right.set(title="rise of the loss, in powers of ten")
        for axes in (left, right):
            axes.set(xlabel="steps since the top", xlim=(0, None), ylim=(0, None))
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        left.legend(loc="upper right", fontsize=9)
        right.legend(loc="upper left", fontsize=9)
    return figure


def foretold(floors, one, pairs):
    """How high bursts rise while the steep direction is kept from falling quiet, as it was forecast and as it came.

    Args:
        floors: the shares ε below which the steep error did not fall.
        one: the forecast heights and those that came, over the first loss, from one start at each ε.
        pairs: the same from many starts, (2, …).
    """
    low, high = 0.1, 30 * max(np.max(one), np.max(pairs))
    with house_style():
        figure, (left, right) = plt.subplots(1, 2, figsize=(9.2, 3.9))
        ring = {"color": "#8c8c8c", "markerfacecolor": "#ffffff", "markeredgecolor": "#4d4d4d", "markeredgewidth": 1.6}
        dot = {"color": STYLES["published"].color, "linestyle": "none"}
        left.plot(floors, one[0], "o--", **ring, linewidth=1, markersize=10, label="forecast")
        left.plot(floors, one[1], "o", **dot, markersize=5, label="came")
        left.set(xscale="log", xlabel="ε, how loud the steep direction is kept", title="height of the burst, one start")
        left.invert_xaxis()
        left.legend(loc="upper left", fontsize=9)
        line = np.array([low, high])
        right.fill_between(line, line / 10, line * 10, color="#8c8c8c", alpha=0.3, linewidth=0, label="within tenfold")
        right.plot(*np.reshape(pairs, (2, -1)), "o", **dot, markersize=3.5, alpha=0.6)
        right.set(xscale="log", xlim=(low, high), xlabel="forecast", title="height that came, many starts")
        right.legend(loc="upper left", fontsize=9)
        for axes in (left, right):
            axes.set(yscale="log", ylim=(low, high))
    return figure


def thrown_back(toy, ran):
    """Descents on a convex function that bends: the walk up to the first leap, and the loss of all.

    Args:
        toy: the function, a `tlr.toys.Toy` of one variable.
        ran: rule → `Trajectory` of one path on it; the last one is drawn on the function, up to its first leap.
    """
    with house_style():
        figure, (left, right) = plt.subplots(1, 2, figsize=(9.2, 3.9))
        _leap(left, toy, list(ran.values())[-1])
        ratios = {rule: each.loss / each.loss[0] for rule, each in ran.items()}
        for rule, ratio in ratios.items():
            right.plot(np.where(ratio > 0, ratio, np.nan), **STYLES[rule].line)
        low, high = 1e-4, 10 * max(ratio.max() for ratio in ratios.values())
        right.axhspan(1, high, color="#E69F00", alpha=0.15, linewidth=0)
        right.set(yscale="log", ylim=(low, high), xlim=(0, max(map(len, ratios.values())) - 1))
        right.set(xlabel="step t", title="loss / first loss")
        right.legend(loc="upper left", fontsize=9)
    return figure


def _leap(axes, toy, ran):
    """A function of one variable, and the path on it up to the first step that ends above where it began."""
    thrown = int(np.argmax(ran.loss > ran.loss[0]))
    w, loss = ran.w[: thrown + 1, 0], ran.loss[: thrown + 1]
    reach = np.ptp(w)
    grid = np.linspace(w.min() - 0.05 * reach, w.max() + 0.2 * reach, 400)
    axes.plot(grid, toy.value(grid[:, None]), color="#8c8c8c", linewidth=1.5)
    color = STYLES[ran.rule].color
    axes.plot(w[:-1], loss[:-1], "o", color=color, markersize=4)
    axes.plot(w[-1:], loss[-1:], "D", color=color, markersize=7)
    leap = {"arrowstyle": "->", "color": color, "linewidth": 1.3, "linestyle": "--", "connectionstyle": "arc3,rad=0.25"}
    axes.annotate("", (w[-1], loss[-1]), (w[-2], loss[-2]), arrowprops=leap)
    axes.annotate("first leap", ((w[-1] + w[-2]) / 2, loss.max()), ha="center", va="bottom", color=color)
    axes.text(w[0], 0.85 * loss[0], "start ", ha="right", va="top", fontsize=9)
    axes.set(xlim=(grid[0], grid[-1]), ylim=(-0.06 * loss.max(), 1.25 * loss.max()))
    axes.set(xlabel="w", ylabel="loss", title="the bent function")


def _last(trajectories):
    return next(iter(trajectories.values())).steps


def _finite_max(values):
    return np.max(values, where=np.isfinite(values), initial=0)


def _within_reach(points, window):
    """The points with those far outside moved onto a large circle around the window; nan where they are inf."""
    window = np.array(window)
    center, reach = window.mean(axis=1), 30 * np.ptp(window, axis=1).max()
    finite = np.isfinite(points).all(axis=-1, keepdims=True)
    offset = np.where(finite, points, np.nan) - center
    # The largest coordinate, not the length, whose square would overflow.
    size = np.abs(offset).max(axis=-1, keepdims=True)
    return center + offset * np.minimum(1, reach / np.maximum(size, reach))


def _fate(ran, step, floor):
    """What to say of a path at a step."""
    if np.isinf(ran.loss[step]):
        return f"diverged, t = {np.argmax(np.isinf(ran.loss))}"
    negative = ", α < 0" if ran.alpha[step] < 0 else ""
    return f"loss {ran.loss[step] - floor:.2g}{negative}"
