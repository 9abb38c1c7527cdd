"""The records that there are, asked for by the figure that they belong to."""

from dataclasses import replace

from tlr.course import records
from tlr.course.experiments import FIGURES, settings

__all__ = ["Archive", "Missing"]


class Missing(LookupError):
    """A figure is not recorded; the message says what to do."""


class Archive:
    """Finished runs, by figure.

    Args:
        found: a list of `tlr.course.records.Record` (default: all that `tlr.course.records.load` finds).
    """

    def __init__(self, found=None):
        found = records.load() if found is None else found
        self._runs = {record.setting: record for record in found if record.finished}

    def figure(self, name, **where):
        """The records of a figure, or of the part of it where the fields of `Setting` have these values.

        Args:
            name: a key of `tlr.course.experiments.FIGURES`.
            **where: field → value.

        Returns:
            A list of `Record`, with the most epochs for which all of them are there with seed 0: every
            seed that there is.

        Raises:
            Missing: no number of epochs has all the runs.
        """
        grid = self._grid(name, where)
        most = 0
        for epochs in sorted({setting.epochs for setting in self._runs}, reverse=True):
            wanted = [replace(setting, epochs=epochs) for setting in grid]
            there = sum(setting in self._runs for setting in wanted)
            most = max(most, there)
            if there == len(wanted):
                return [run for setting, run in self._runs.items() if replace(setting, seed=0) in wanted]
        raise Missing(
            f"{most or 'None'} of the {len(grid)} runs of {name} {'is' if most == 1 else 'are'} recorded: "
            f"python -m tlr.course.experiments run {name}."
        )

    def of_any_length(self, name, **where):
        """As `figure`, with all the runs of these settings that there are, however many epochs they had."""
        self.figure(name, **where)  # raises where no length is complete
        grid = {replace(setting, epochs=1) for setting in self._grid(name, where)}
        return [run for setting, run in self._runs.items() if replace(setting, epochs=1, seed=0) in grid]

    def _grid(self, name, where):
        if name not in FIGURES:
            raise Missing(f"{name} is no experiment of the course yet.")
        return [s for s in settings(name) if all(getattr(s, field) == value for field, value in where.items())]
