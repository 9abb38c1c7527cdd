"""The published rule on a parabola in the long run: its map, where αλ spends its time, and how the loss falls."""

import numpy as np

from tlr.course.plots.picture import PICTURE_SIZE, RULE_STYLES
from tlr.course.plots.style import house_style
from tlr.course.theory import band_density, one_dimension
from tlr.descent import relative_rate_map

__all__ = ["ReturnMapPicture"]

_BINS = 40
_WEB = 60
_LINE = RULE_STYLES["published"].line | {"label": None}
_PROVED = {"color": "#000000", "linestyle": (0, (5, 2)), "linewidth": 1.3}


class ReturnMapPicture:
    """The map in its band with the last steps of an orbit, a histogram of it, the mean fall of the loss.

    The dashed lines are what theorem 2 of notebook 07 says of almost every orbit.
    """

    def __init__(self, figure):
        with house_style():
            self.figure = figure
            self.map_axes = figure.add_axes((0.08, 0.15, 0.4, 0.4 * PICTURE_SIZE[0] / PICTURE_SIZE[1]))
            self.map_axes.set(xlabel="$x_t$ (1 is the best step)", ylabel="$x_{t+1}$", title="from one αλ to the next")
            self.map_axes.axline((0, 0), slope=1, color="#8c8c8c", linewidth=1)
            (self.map_line,) = self.map_axes.plot([], [], **_LINE | {"linewidth": 3.5}, alpha=0.45)
            (self.web,) = self.map_axes.plot([], [], **_LINE | {"linewidth": 0.9})
            self.share, self.fall = (figure.add_axes((0.58, bottom, 0.4, 0.29)) for bottom in (0.616, 0.15))
            self.share.set_title("how often αλ is there", loc="left")
            self.fall.set_title("mean factor of the loss in an update", loc="left")
            self.fall.set(xscale="log", yscale="log", xlabel="updates")
            self.fall.axhline(1, color="#8c8c8c", linewidth=1)  # above it the loss grows
            self.bars = self.share.stairs(np.zeros(_BINS), np.linspace(0, 1, _BINS + 1), fill=True, color="#9fc5df")
            (self.density,) = self.share.plot([], [], **_PROVED)
            (self.mean,) = self.fall.plot([], [], **_LINE)
            (self.limit_line,) = self.fall.plot([], [], **_PROVED)
            said = {"fontsize": 10, "va": "bottom"}
            self.below = self.share.text(0.02, 0.97, "", transform=self.share.transAxes, fontsize=10, va="top")
            self.limit = self.fall.text(1.2, 1, "", **said)
            self.said = figure.text(0.08, 0.025, "", **said)

    def update(self, x, updates, c):
        """Draw an orbit.

        Args:
            x: αλ at every step, as `tlr.course.theory.orbit` has it.
            updates: how many of its updates to show, at least 1.
            c: the bound that the run had.
        """
        self._set_bound(c)
        law = one_dimension(c)
        orbit = x[: updates + 1]
        inside = orbit[(orbit >= 0.75) & (orbit <= 1 + c)]
        counts, edges = np.histogram(inside, _BINS, (0.75, 1 + c))
        width = edges[1] - edges[0]
        self.bars.set_data(counts / max(len(inside), 1) / width, edges)
        corners = np.repeat(orbit[-_WEB:], 2)
        self.web.set_data(corners[:-1], corners[1:])
        with np.errstate(divide="ignore"):
            logs = np.log((1 - x[:updates]) ** 2)
        means = np.exp(np.cumsum(logs) / np.arange(1, len(logs) + 1))
        self.mean.set_data(np.arange(1, len(logs) + 1), np.clip(means, 1e-8, 1e8))
        self.fall.set(xlim=(1, len(x)), ylim=(1e-5, 1e3))
        self.limit_line.set_data((1, len(x)), np.exp([law.log_loss] * 2))
        self.limit.set(y=1.3 * np.exp(law.log_loss), text=f"theorem 2: {np.exp(law.log_loss):.3g}")
        self.below.set_text(f"theorem 2: {law.below:.1%} below 1")
        self.said.set_text(
            f"This run, after {updates} updates: {np.mean(orbit < 1):.0%} below 1, the loss times {means[-1]:.2g}"
        )

    def _set_bound(self, c):
        reach = 1 + c + 0.05
        grid = np.concatenate([np.linspace(0.7, 1 - 1e-9, 40), [np.nan], np.linspace(1 + 1e-9, reach, 80)])
        self.map_line.set_data(grid, relative_rate_map(grid, "published", c))
        self.map_axes.set(xlim=(0.7, reach), ylim=(0.7, reach))
        places = np.linspace(0.75, 1 + c, 801)[:-1]
        density = band_density(places, c)
        self.density.set_data(places, density)
        self.share.set(xlim=(0.75, 1 + c), ylim=(0, 1.5 * density.max()))
