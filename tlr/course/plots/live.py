"""A picture of runs that are still going on: loss, α and test accuracy, growing epoch by epoch."""

import numpy as np
from matplotlib.ticker import MaxNLocator

from tlr.course.plots.style import house_style
from tlr.course.plots.training import styles

__all__ = ["RunsPicture"]


class RunsPicture:
    """Three panels with a line for each run.

    A picture as in `tlr.course.plots.toys`: `figure`, `moving`, `stale`, and `update`.

    Args:
        figure: an empty matplotlib Figure.
        names: of the runs to come; those of `METHODS` are drawn in their style, any others in shades.
        epochs: the length of the axes.
    """

    moving = ()  # the axes grow with the runs, so there is no background to keep

    def __init__(self, figure, names, epochs):
        self.figure, self.stale = figure, True
        with house_style():
            figure.set_layout_engine("constrained")
            self.axes = figure.subplots(1, 3, sharex=True)
            looks = dict(zip(names, styles(names), strict=True))
            self.lines = {
                name: [axis.plot([], [], **{"label": name} | look)[0] for axis in self.axes]
                for name, look in looks.items()
            }
            for axis, title in zip(self.axes, ("training loss", "learning rate α", "test accuracy (%)"), strict=True):
                axis.set(title=title, xlabel="epoch", xlim=(0, epochs))
                axis.xaxis.set_major_locator(MaxNLocator(5, integer=True))
            handles, labels = self.axes[0].get_legend_handles_labels()
            figure.legend(handles, labels, loc="outside lower center", ncols=min(len(labels), 5), handlelength=3)

    def update(self, runs):
        """Draw what there is of the runs: name → `tlr.course.training.History` or `tlr.course.records.Record`."""
        self.stale = True
        for name, lines in self.lines.items():
            loss, alpha, accuracy = np.zeros((3, 0)) if name not in runs else _curves(runs[name])
            for line, values in zip(lines, (loss, alpha, 100 * accuracy), strict=True):
                line.set_data(np.arange(len(values)) + (line is not lines[1]), values)
        for panel, axis in enumerate(self.axes):
            shown = np.concatenate([lines[panel].get_ydata() for lines in self.lines.values()])
            logarithmic = panel < 2 and len(shown) > 0 and shown.min() > 0
            axis.set_yscale("log" if logarithmic else "linear")
            axis.relim()
            axis.autoscale(axis="y")


def _curves(run):
    """Loss, α (of the first group, from α₀ on) and accuracy of the epochs whose loss is finite."""
    n = int(np.isfinite(run.train_loss).sum())
    return run.train_loss[:n], np.concatenate([run.alpha0[:1], run.alpha[:n, 0]]), run.test_accuracy[:n]
