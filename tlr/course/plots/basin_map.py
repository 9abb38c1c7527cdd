"""Where a rule converges: the final loss for every α₀ and condition number."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FixedLocator, NullLocator

from tlr.course.plots.picture import STYLES, DescentPicture
from tlr.course.plots.style import house_style
from tlr.descent import RULES

__all__ = ["BasinPicture", "basins"]

#: A line that can be seen on any color.
_EDGE = {
    "color": "#ffffff",
    "linestyle": "--",
    "linewidth": 1.5,
    "path_effects": [withStroke(linewidth=3, foreground="#000000")],
}
_RING = {"markeredgecolor": "#000000", "markeredgewidth": 2}


class BasinPicture(DescentPicture):
    """The final loss for every pair of x and y under one rule; α and the loss of the run from one of the pairs."""

    def __init__(self, figure, x, y):
        with house_style():
            super().__init__(figure, tuple(RULES), ("learning rate α", "loss / first loss"))
            self.main.set_position((0.08, 0.225, 0.37, 0.68))
            for axes in self.panels:
                axes.set_position((0.68, axes.get_position().y0, 0.3, 0.29))
            self.mesh = _basin(self.main, x, y, np.ones((len(y), len(x))))
            (self.edge,) = self.main.plot(2 / y, y, **_EDGE)
            (self.opened,) = self.main.plot([], [], "o", color="#ffffff", markersize=9, **_RING)
            self.main.set(xlabel="α₀", ylabel="condition number")
            side = figure.add_axes((0.465, 0.225, 0.015, 0.68))
            _basin_bar(figure.colorbar(self.mesh, cax=side, extend="both"))

    def update(self, ratio, ran, place):
        """Draw one rule.

        Args:
            ratio: final loss / first loss, (m, n).
            ran: the `Trajectory` that is opened, of one path.
            place: its α₀ and condition number.
        """
        rule = ran.rule
        self.main.set_title(STYLES[rule].label)
        self.mesh.set_array(_decades_of(ratio))
        self._show({rule})
        self.opened.set_data(*([value] for value in place))
        self.fates[rule].set_text(f"ring: {_describe(*place, ran.loss[-1] / ran.loss[0])}")
        self._draw_panel(0, {rule: ran.alpha}, ran.steps)
        self._draw_panel(1, {rule: ran.loss / ran.loss[0]}, ran.steps)


def _describe(alpha0, condition, ratio):
    """What to say of a place of the map, where final loss / first loss is `ratio`."""
    fate = f"final loss / first loss = {ratio:.1e}" if np.isfinite(ratio) else "diverged"
    return f"α₀ = {alpha0:.2g}, condition number {condition:.4g}: {fate}"


def basins(x, y, ratios, *, edge=None):
    """A map for each rule: final loss over first loss, for every α₀ and condition number; both axes logarithmic.

    Args:
        x, y: the values of α₀ and of the condition number, (n,) and (m,).
        ratios: rule → final loss / first loss, (m, n); inf where the path diverged.
        edge: x as a function of y to mark with a dashed line, (m,) (default: none).
    """
    columns = 2 if len(ratios) == 4 else min(3, len(ratios))
    rows = -(-len(ratios) // columns)
    with house_style():
        figure, axes = plt.subplots(
            rows, columns, figsize=(9.2, 0.8 + 2.7 * rows), sharex=True, sharey=True, squeeze=False
        )
        for axis, (rule, ratio) in zip(axes.flat, ratios.items(), strict=False):
            mesh = _basin(axis, x, y, ratio)
            axis.set_title(STYLES[rule].label)
            if edge is not None:
                axis.plot(edge, y, **_EDGE)
        for axis, above in zip(axes.flat[len(ratios) :], axes.flat[len(ratios) - columns :], strict=False):
            axis.set_visible(False)
            above.tick_params(labelbottom=True)
        figure.supxlabel("α₀", fontsize="medium")
        figure.supylabel("condition number", fontsize="medium")
        _basin_bar(figure.colorbar(mesh, ax=axes, extend="both", aspect=30, pad=0.02))
    return figure


def _basin(axes, x, y, ratio):
    colors = mpl.colormaps["viridis"].with_extremes(over="#d0d0d0")
    mesh = axes.pcolormesh(x, y, _decades_of(ratio), cmap=colors, vmin=-12, vmax=0, shading="nearest", rasterized=True)
    axes.set(xscale="log", yscale="log", xlim=(x[0], x[-1]), ylim=(y[0], y[-1]))
    axes.xaxis.set_major_locator(FixedLocator(_inner_decades(x)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.grid(False)
    return mesh


def _basin_bar(bar):
    bar.set_ticks([-12, -8, -4, 0], labels=["$10^{-12}$", "$10^{-8}$", "$10^{-4}$", "1"])
    bar.set_label("final loss / first loss\n(gray: it rose, or diverged)")


def _decades_of(ratio):
    return np.log10(np.clip(ratio, 1e-30, 1e30))


def _inner_decades(values):
    """Every other power of ten strictly between the first value and the last, so that neighbors' labels stay apart."""
    return 10.0 ** np.arange(np.floor(np.log10(values[0]) + 1.01), np.log10(values[-1]) - 0.01, 2)
