"""A descent seen along the eigenvectors of the Hessian: which components does α serve?"""

import numpy as np
from matplotlib.collections import LineCollection

from tlr.course.plots.marks import note
from tlr.course.plots.picture import HIGHEST, LOWEST, RULE_STYLES, decades, few_decades, tint_above
from tlr.course.plots.style import DASHES, house_style, shades

__all__ = ["EigenPicture"]

_SHRINKS, _GROWS = "#0072B2", "#D55E00"
_TOP = 2.4
#: What two components are called.
_PAIR = ("flat", "steep")


class EigenPicture:
    """Left, the factor and the error of each component at its αλ; right, errors and α over the steps."""

    def __init__(self, figure):
        self.figure = figure
        with house_style():
            left, right = ((0.08, 0.4), (0.58, 0.36))
            boxes = [(x, y, width, 0.315) for x, width in (left, right) for y in (0.585, 0.19)]
            self.factor, self.error, self.errors, self.alpha = map(figure.add_axes, boxes)
            self._label()
            self._add_artists()

    def _label(self):
        self.factor.set_title("factor of one step, |1 − αλ|, for each λ", loc="left")
        self.error.set_title("error of each component / its first", loc="left")
        self.errors.set_title("errors over the steps", loc="left")
        self.alpha.set_title("learning rate α, and each 1/λ", loc="left")
        self.error.set_xlabel("αλ")
        self.alpha.set_xlabel("step t")
        self.factor.set(xscale="log", ylim=(0, _TOP), yticks=(0, 1, 2))
        self.error.set(xscale="log", yscale="log")
        for axes in (self.errors, self.alpha):
            axes.set_yscale("log")
        for axes in (self.factor, self.errors):
            axes.tick_params(labelbottom=False)
        for axis in (self.factor.xaxis, self.error.xaxis, self.error.yaxis, self.errors.yaxis, self.alpha.yaxis):
            few_decades(axis)

    def _add_artists(self):
        self.spans = [
            axes.axvspan(*span, color=color, alpha=alpha, linewidth=0)
            for axes in (self.factor, self.error)
            for span, color, alpha in (((1e-18, 2), _SHRINKS, 0.08), ((2, 1e18), _GROWS, 0.12))
        ]
        words = {"transform": self.factor.transAxes, "fontsize": 10}
        self.words = [
            self.factor.text(0.02, 0.86, "shrinks", color=_SHRINKS, **words),
            self.factor.text(0.98, 0.08, "grows", color=_GROWS, ha="right", **words),
        ]
        (self.curve,) = self.factor.plot([], [], color="#8c8c8c")
        self.dots = self.factor.scatter([], [], s=55, edgecolors="#000000", linewidths=0.7, zorder=3, clip_on=False)
        self.ends = self.error.scatter([], [], s=55, edgecolors="#000000", linewidths=0.7, zorder=3, clip_on=False)
        self.stems = self.error.add_collection(LineCollection([], linewidths=5, alpha=0.7), autolim=False)
        self.lines = self.errors.add_collection(LineCollection([], linewidths=1.5, linestyles=DASHES), autolim=False)
        self.best = self.alpha.add_collection(LineCollection([], linewidths=1.5, linestyles=DASHES), autolim=False)
        self.above = tint_above(self.alpha)
        (self.rate,) = self.alpha.plot([], [])
        self.now = [axes.axvline(0, color="#8c8c8c", linewidth=1, linestyle="--") for axes in (self.errors, self.alpha)]
        self.names = [self.errors.text(0, 1, "", ha="center", va=side, fontsize=9) for side in ("top", "bottom")]
        self.fate = self.figure.text(0.08, 0.035, "", va="center", fontsize=10)

    def update(self, eigenvalues, ran, errors, step):
        """Draw a descent up to a step.

        Args:
            eigenvalues: λ of each component, ascending, (n,).
            ran: the descent's `Trajectory`, of one path.
            errors: each component over its first value, (steps + 1, n); not finite where it diverged.
            step: the step whose α and errors are shown on the left; the last errors before it diverged.
        """
        x = ran.alpha[step] * eigenvalues
        colors = shades(len(eigenvalues))
        shown = np.where(np.isfinite(errors), np.clip(np.abs(errors), LOWEST, HIGHEST), np.nan)
        last = shown[min(step, np.isfinite(ran.loss).sum() - 1)]
        self._limits(eigenvalues, ran, errors)
        self._draw_descent(eigenvalues, ran, shown, colors)
        heights = np.minimum(np.abs(1 - x), _TOP)
        self.dots.set_offsets(np.column_stack([x, heights]))
        self._name_dots(eigenvalues, x, heights)
        self.ends.set_offsets(np.column_stack([x, last]))
        for points in (self.dots, self.ends):
            points.set_facecolor(colors)
        self.stems.set(segments=[[(at, 1), (at, end)] for at, end in zip(x, last, strict=True)], colors=colors)
        for line in self.now:
            line.set_xdata([step, step])
        self.fate.set_text(f"{RULE_STYLES[ran.rule].label}, {_fate(x, ran, step)}")

    def _name_dots(self, eigenvalues, x, heights):
        """Write λ at its dot, from the largest down, wherever there is room."""
        free = np.inf
        letter = np.ptp(np.log10(self.factor.get_xlim())) / 55
        for value, place, height in reversed([*zip(eigenvalues, np.log10(x), heights, strict=True)]):
            word = f"{value:.2g}" if value < 10 else f"{value:.0f}"
            room = (len(word) / 2 + 0.4) * letter
            if place + room > free:
                continue
            offset, free, side = (0, -12 if height > 0.9 * _TOP else 10), place - room, "center"
            if len(eigenvalues) == 2:
                at = int(value == eigenvalues[-1])
                word, free, side = f"{_PAIR[at]}, λ = {word}", np.inf, ("right", "left")[at]
                offset = (0, (-12, 10)[at])
            look = {"ha": side, "va": "center", "fontsize": 9, "annotation_clip": False}
            note(self.factor, word, (10**place, height), offset, **look)

    def _draw_descent(self, eigenvalues, ran, errors, colors):
        """What is the same for every step of a descent."""
        time = np.arange(len(errors))
        self.lines.set(segments=[np.column_stack([time, line]) for line in errors.T], colors=colors)
        self.best.set(segments=[[(0, 1 / value), (len(time), 1 / value)] for value in eigenvalues], colors=colors)
        at = int(np.nanargmax(errors[:, -1]))
        for name, word, line, color in zip(self.names, _PAIR, errors.T, colors, strict=False):
            name.set(x=at, y=line[at], text=word if len(colors) == 2 else "", color=color)
        self.rate.set(data=(time, ran.alpha), **RULE_STYLES[ran.rule].line | {"label": None})
        self.above.set(y=2 / eigenvalues[-1], height=1e30)

    def _limits(self, eigenvalues, ran, errors):
        """The same for every step of a descent."""
        reach = decades([np.outer(ran.alpha, eigenvalues).ravel(), [0.1, 100]])
        height = decades([np.abs(errors).ravel(), [1]], every=4)
        span = 0, 1.02 * ran.steps
        self.factor.set_xlim(reach)
        self.error.set(xlim=reach, ylim=height)
        self.errors.set(xlim=span, ylim=height)
        self.alpha.set(xlim=span, ylim=decades([ran.alpha, 1 / eigenvalues]))
        grid = np.geomspace(*reach, 400)
        self.curve.set_data(grid, np.abs(1 - grid))


def _fate(x, ran, step):
    """What to say of the components at a step."""
    if np.isinf(ran.loss[step]):
        return f"diverged at t = {np.argmax(np.isinf(ran.loss))}"
    shrinking = np.sum((x > 0) & (x < 2))
    ratio = ran.loss[step] / ran.loss[0]
    served = f"α = {ran.alpha[step]:.3g} shrinks {shrinking} of {len(x)} components"
    return f"t = {step}: {served}; loss / first loss = {ratio:.2g}"
