"""A picture of runs that are still going on: loss, α and test accuracy, growing epoch by epoch."""

import numpy as np
from matplotlib.lines import Line2D

from tlr.course.plots.comparison import styles
from tlr.course.plots.run_panels import QUANTITIES, draw_run, name_epochs, set_log
from tlr.course.plots.style import house_style, legend_below

__all__ = ["RunsPicture"]


class RunsPicture:
    """A `Picture` of three panels with a line for each run.

    Args:
        figure: an empty matplotlib Figure, with constrained layout.
        names: of the runs to come; those of `METHODS` are drawn in their style, any others in shades.
        epochs: the length of the axes.
    """

    moving = ()  # the axes grow with the runs, so there is no background to keep

    def __init__(self, figure, names, epochs):
        self.figure, self.stale = figure, True
        self._looks = dict(zip(names, styles(names), strict=True))
        with house_style():
            self.axes = dict(zip(QUANTITIES, figure.subplots(1, 3, sharex=True), strict=True))
            for quantity, axis in self.axes.items():
                axis.set(title=QUANTITIES[quantity], xlim=(0, epochs))
                name_epochs(axis)
            legend_below(figure, {look["label"]: Line2D([], [], **look) for look in self._looks.values()})

    def update(self, runs):
        """Draw what there is of the runs: name → run, as `tlr.course.training.train` returns it, or a record."""
        self.stale = True
        for axis in self.axes.values():
            for artist in [*axis.lines, *axis.collections]:
                artist.remove()
        for name, run in runs.items():
            draw_run(self.axes, [run], self._looks[name])
        for quantity in ("train_loss", "alpha"):
            drawn = np.concatenate([[np.nan], *(line.get_ydata() for line in self.axes[quantity].lines)])
            if np.any(drawn > 0) and not np.any(drawn <= 0):
                set_log(self.axes[quantity])
            else:
                self.axes[quantity].set_yscale("linear")
        for axis in self.axes.values():
            axis.relim()
            axis.autoscale(axis="y")
