"""A picture of runs that are still going on: loss, α and test accuracy, growing epoch by epoch."""

import numpy as np
from matplotlib.lines import Line2D

from tlr.course.plots.picture import decades
from tlr.course.plots.run_panels import QUANTITIES, draw_run, name_epochs, set_log
from tlr.course.plots.style import METHODS, house_style, legend_below, plain_looks

__all__ = ["RunsPicture"]

#: The limits of an axis until a value is beyond them; of the logarithmic ones then whole decades, of the accuracy tens.
_LIMITS = {"train_loss": (1e-3, 10.0), "alpha": (1e-3, 1.0), "test_accuracy": (50, 100)}


class RunsPicture:
    """A `Picture` of three panels with a line for each run.

    Args:
        figure: an empty matplotlib Figure, with constrained layout.
        names: of the runs to come; those of `METHODS` are drawn in their style, any others in shades.
        epochs: the length of the axes.
    """

    moving = ()  # all of it is drawn anew once an epoch, so there is no background to keep

    def __init__(self, figure, names, epochs):
        self.figure, self.stale = figure, True
        self._looks, self._limits = _looks(names), _LIMITS
        with house_style():
            self.axes = dict(zip(QUANTITIES, figure.subplots(1, 3, sharex=True), strict=True))
            for quantity, axis in self.axes.items():
                axis.set(title=QUANTITIES[quantity], xlim=(0, epochs))
                name_epochs(axis)
            legend_below(figure, {look["label"]: Line2D([], [], **look) for look in self._looks.values()})

    def update(self, runs, alpha0):
        """Draw what there is of the runs: name → run, as `tlr.course.training.train` returns it, or a record.

        The limits hold `alpha0` and grow with the runs; they never shrink while there are any.
        """
        self.stale = True
        for axis in self.axes.values():
            for artist in [*axis.lines, *axis.collections]:
                artist.remove()
        for name, run in runs.items():
            draw_run(self.axes, [run], self._looks[name])
        self._limits = self._limits if runs else _LIMITS
        for quantity, axis in self.axes.items():
            drawn = np.concatenate(
                [[alpha0] if quantity == "alpha" else [], *(line.get_ydata() for line in axis.lines)]
            )
            self._limits = self._limits | {quantity: self._limit(quantity, drawn)}

    def _limit(self, quantity, drawn):
        """Set the limits of an axis around what is drawn, and return them."""
        axis, limits = self.axes[quantity], self._limits[quantity]
        if quantity == "test_accuracy":
            limits = 10 * np.floor(np.min(drawn, initial=limits[0]) / 10), limits[1]
            axis.set_ylim(limits)
        elif np.any(drawn <= 0):
            axis.set_yscale("linear")
            axis.relim()
            axis.autoscale(axis="y")
        else:
            low, high = decades([drawn, limits])
            set_log(axis)
            axis.set_ylim(low, high)
            limits = low, high
        return limits


def _looks(names):
    """Name → keyword arguments for `Axes.plot`: a method's own for those of `METHODS`, shades for any others.

    A name may say more about a method after a comma: "hypergradient, β = 0.001" looks like the method, under that name.
    """
    method = {name: METHODS.get(name.partition(", ")[0]) for name in names}
    own = plain_looks([name for name in names if method[name] is None])
    own |= {name: known.line | ({} if name in METHODS else {"label": name}) for name, known in method.items() if known}
    return {name: own[name] for name in names}
