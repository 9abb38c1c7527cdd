"""The records that there are, asked for by the figure that they belong to."""

from tlr.course import records
from tlr.course.experiments import FIGURES, Missing, recorded

__all__ = ["Archive", "Missing"]


class Archive:
    """Finished runs, by figure.

    Args:
        found: a list of `tlr.course.records.Record` (default: all that `tlr.course.records.load` finds).
    """

    def __init__(self, found=None):
        self._found = records.load() if found is None else found

    def figure(self, name, *, epochs="longest", **where):
        """The records of a figure, of every seed that there is: see `tlr.course.experiments.recorded`.

        Raises:
            Missing: no number of epochs has all the runs.
        """
        if name not in FIGURES:
            raise Missing(f"{name} is no experiment of the course yet.")
        return recorded(name, epochs=epochs, found=self._found, **where)

    def of_any_length(self, name, **where):
        """As `figure`, with all the runs of these settings that there are, however many epochs they had."""
        self.figure(name, **where)  # raises where no length is complete
        return self.figure(name, epochs="any", **where)
