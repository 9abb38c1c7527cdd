"""The records that there are, asked for by the figure that they belong to; and how far seeds scatter in them."""

from functools import cached_property

import attrs
import numpy as np

from tlr.course import records
from tlr.course.experiments import Missing, Part, recorded

__all__ = ["Archive", "Missing", "lost"]

#: Figure → runs that belong beside it, where they are recorded with the same epochs: variants of a rival, of which the
#: best counts, and TLR itself where a figure borrows it from another.
_BESIDE = {
    "figure-10-mnist": Part("figure-10-authors-mnist"),
    "figure-13-cifar10-small": Part("figure-13-cifar10-small-sps"),
    "figure-13-cifar10-narrow": Part("figure-2-cifar10-narrow", {"method": ("tlr",), "batch_size": (256,)}),
}


class Archive:
    """Finished runs, by figure.

    Args:
        found: a list of `tlr.course.records.Record` (default: all that `tlr.course.records.load` finds).
    """

    def __init__(self, found=None):
        self._found = records.load() if found is None else found

    def figure(self, name, *, epochs="longest", **where):
        """The records of a figure or a `Part`, of every seed that there is: see `tlr.course.experiments.recorded`.

        Raises:
            Missing: no number of epochs has all the runs.
        """
        return recorded(name, epochs=epochs, found=self._found, **where)

    def with_variants(self, name):
        """As `figure`, with what belongs beside it."""
        found = self.figure(name)
        known, beside = {record.setting for record in found}, _BESIDE.get(str(name))
        if beside is None:
            return found
        try:
            more = self.figure(beside)
        except Missing:
            return found
        epochs = found[0].setting.epochs
        return found + [run for run in more if run.setting.epochs == epochs and run.setting not in known]

    def scatter(self, found, value):
        """How far runs scatter that differ in their seed alone: a standard deviation, and the epochs that it is of.

        It is pooled over the settings with several seeds that have the data, the network and the methods of these
        runs (or else any method), are not lost, and have their epochs (or else the most epochs for which there are
        any). Of losses and α it is that of the logarithm.

        Args:
            found: a list of `Record`.
            value: a column of `tlr.course.records.final`.

        Returns:
            (deviation, epochs); the deviation is infinite, and epochs None, where no setting has two seeds.
        """
        first, ends = found[0].setting, self._ends
        methods = {record.setting.method for record in found}
        ends = ends[(ends.data == first.data) & (ends.model == first.model) & ~lost(ends)]
        ends = ends.assign(value=logarithm(ends[value], value))
        settings = [field.name for field in attrs.fields(records.Setting) if field.name != "seed"]
        variances = ends.groupby([*settings, "group"], dropna=False).value.var().dropna()
        if variances.empty:
            return np.inf, None
        of_these = variances[variances.index.get_level_values("method").isin(methods)]
        pooled = np.sqrt((variances if of_these.empty else of_these).groupby("epochs").mean())
        epochs = first.epochs if first.epochs in pooled else pooled.index.max()
        return pooled[epochs], int(epochs)

    @cached_property
    def _ends(self):
        return records.final([record for record in self._found if record.finished])


def lost(ends):
    """Which runs are lost: those whose accuracy ends below half of the best with the same data, model and epochs."""
    best = ends.groupby(["data", "model", "epochs"]).test_accuracy.transform("max")
    return ~(ends.test_accuracy > best / 2)


def logarithm(values, name):
    """The values on the scale on which seeds scatter alike: the logarithm, but of accuracies."""
    if name == "test_accuracy":
        return values
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log(values)
