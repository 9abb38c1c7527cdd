"""What pictures share: a kernel's explorer keeps one and moves its artists; stills and figures use one once."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.ticker import LogLocator, NullLocator

from tlr.course.plots.style import METHODS
from tlr.descent import RULES

__all__ = [
    "HIGHEST",
    "LOWEST",
    "PICTURE_SIZE",
    "RULE_STYLES",
    "STYLES",
    "DescentPicture",
    "Picture",
    "decades",
    "few_decades",
    "tint_above",
]

_METHOD_OF = {"gd": "sgd", "published": "tlr", "secant": "tlr_secant"}
#: How each rule of `tlr.descent` is drawn: as the method that it is in training.
RULE_STYLES = {rule: METHODS[_METHOD_OF.get(rule, rule)] for rule in RULES}
RULE_STYLES["gd"] = replace(RULE_STYLES["gd"], label="gradient descent, fixed α")
RULE_STYLES["secant"] = replace(RULE_STYLES["secant"], label="TLR (Eq. 8′)")
#: And the torch optimizers that `tlr.course.peers.descend_with` runs.
STYLES = METHODS | RULE_STYLES

#: Inches of the figure that the pictures are laid out for.
PICTURE_SIZE = (9.2, 5.4)
#: What is beyond these is drawn at them: log axes of anything more would be empty.
LOWEST, HIGHEST = 1e-16, 1e12
#: Where the keys of a `DescentPicture` begin. Gradient descent, whose name is the longest, comes first if at all.
_COLUMNS = (0.015, 0.372, 0.686)


class Picture(Protocol):
    """A figure whose artists move. Its method `update` takes the data to show; each picture says which.

    Attributes:
        figure: the Figure it draws on, which has no layout engine.
        moving: the artists that `update` moves, the axes of panels whose limits follow the data among them.
        stale: whether the last `update` changed anything else (titles, legends); whoever draws all of it resets it.
    """

    figure: Figure
    stale: bool

    @property
    def moving(self) -> Sequence[Artist]:
        """The artists that `update` moves."""


class DescentPicture:
    """A main panel, two panels over the steps with a line for every rule, and below what became of each."""

    def __init__(self, figure, rules, panels):
        self.figure, self.rules = figure, tuple(rules)
        self.main = figure.add_axes((0.08, 0.225, 0.4, 0.4 * PICTURE_SIZE[0] / PICTURE_SIZE[1]))
        self.panels = [figure.add_axes((0.58, bottom, 0.4, 0.29)) for bottom in (0.616, 0.225)]
        for axes, title in zip(self.panels, panels, strict=True):
            axes.set_title(title, loc="left")
            axes.set_yscale("log")
            few_decades(axes.yaxis)
            axes.margins(0)
        self.panels[0].tick_params(labelbottom=False)
        self.panels[1].set_xlabel("step t")
        self.curves = [self._lines(axes) for axes in self.panels]
        self.now = [self._lines(axes, dots=True) for axes in self.panels]
        self.keys, self.fates = {}, {}
        for rule in self.rules:
            style = STYLES[rule].line | {"label": None}
            self.keys[rule] = figure.add_artist(Line2D([], [], transform=figure.transFigure, **style))
            self.fates[rule] = figure.text(0, 0, "", va="center", fontsize=9)
        self.groups = [*self.curves, *self.now, self.keys, self.fates]

    def _lines(self, axes, dots=False):
        lines = {}
        for rule in self.rules:
            style = STYLES[rule]
            extra = {"linestyle": "", "marker": style.marker, "markersize": 7} if dots else {}
            (lines[rule],) = axes.plot([], [], **style.line | extra | {"label": None})
        return lines

    def _show(self, rules):
        """Hide the artists of every rule that is not to be seen, and close the gaps below."""
        for group in self.groups:
            for rule, artist in group.items():
                artist.set_visible(rule in rules)
        for i, rule in enumerate(rule for rule in self.rules if rule in rules):
            x, y = _COLUMNS[i % 3], 0.085 - 0.055 * (i // 3)
            self.keys[rule].set_data((x, x + 0.04), (y, y))
            self.fates[rule].set_position((x + 0.047, y))

    def _draw_panel(self, panel, series, step, also=()):
        """Series (rule → values over the steps) as curves, a mark at `step`; limits at whole decades, of `also` too."""
        axes, steps = self.panels[panel], max((len(values) - 1 for values in series.values()), default=1)
        for rule, values in series.items():
            shown = np.where(np.isfinite(values) & (values > 0), np.clip(values, LOWEST, None), np.nan)
            self.curves[panel][rule].set_data(np.arange(len(shown)), shown)
            self.now[panel][rule].set_data([step], shown[step : step + 1])
        axes.set(xlim=(0, 1.02 * steps), ylim=decades([*series.values(), also]))


def few_decades(axis):
    """At most six ticks on a logarithmic axis, and none between, so that their labels stay apart as it grows."""
    axis.set(major_locator=LogLocator(numticks=6), minor_locator=NullLocator())


def tint_above(axes, **look):
    """A vermilion tint as wide as the panel; `update` sets its y and its height.

    It is what `axhspan` draws, which before matplotlib 3.9, as in a browser, was a polygon without a height to set.
    """
    tint = Rectangle((0, 1), 1, 1, transform=axes.get_yaxis_transform(), color="#D55E00", alpha=0.12, linewidth=0)
    tint.set(**look)
    return axes.add_patch(tint)


def decades(values, every=1):
    """Limits at whole decades around the positive finite values, at least two decades and within the drawable.

    With `every` above one only each so many decades is a limit: axes of what spans many stay as they are for longer.
    """
    values = np.concatenate([*values, []])
    values = values[np.isfinite(values) & (values > 0)]
    if values.size == 0:
        return 0.1, 10.0
    logs = np.log10(np.clip([values.min(), values.max()], LOWEST, HIGHEST))
    low, high = every * np.floor(logs[0] / every), every * np.ceil(logs[1] / every)
    return 10.0**low, 10.0 ** max(high, low + 2)
