"""The finished runs of a figure: what notebooks, exercises and the ledger all show and judge."""

from collections import Counter

import attrs

from tlr.course import records
from tlr.course.experiments.figures import FIGURES, settings
from tlr.course.experiments.grid import Part

__all__ = ["Missing", "recorded"]


class Missing(LookupError):
    """A figure is not recorded; the message says what to do."""


def recorded(figure, *, epochs="longest", seeds=None, within=None, found=None, **where):
    """The finished runs of a figure: your own, and those that come with the package.

    Args:
        figure: a key of `tlr.course.experiments.FIGURES`, or a `Part` of one.
        epochs: "longest" (default), the most epochs for which every run of the figure is there with seed 0; "any", all
            lengths; a number; or None, the figure's own number. With the last three, some runs may be missing.
        seeds: which seeds (default None: every seed that there is).
        within: the folder of your own runs (default: `tlr.course.records.folder()`).
        found: records to choose from instead (default None).
        **where: field of `Setting` → value: only the part of the figure that has it.

    Returns:
        A list of `tlr.course.records.Record` in the order of `settings`, one seed after the other, shorter runs first.

    Raises:
        ValueError: an unknown figure.
        Missing: with "longest", where no number of epochs has every run.

    Example:
        >>> runs = recorded("figure-1-mnist", epochs=8, seeds=(0,))
        >>> len(runs)
        36
    """
    grid = [s for s in settings(figure) if all(getattr(s, field) == value for field, value in where.items())]
    place = {_alike(setting): number for number, setting in enumerate(grid)}
    there = records.load(within=within) if found is None else found
    runs = {run.setting: run for run in there if run.finished and _alike(run.setting) in place}.values()
    if epochs == "longest":
        epochs = _longest(figure, runs, len(place))
    elif epochs is None:
        epochs = FIGURES[figure.figure if isinstance(figure, Part) else figure].epochs
    chosen = [
        run for run in runs if epochs in ("any", run.setting.epochs) and (seeds is None or run.setting.seed in seeds)
    ]
    return sorted(chosen, key=lambda run: (run.setting.seed, run.setting.epochs, place[_alike(run.setting)]))


def _longest(figure, runs, total):
    """The largest number of epochs that all settings of a figure have with seed 0."""
    counts = Counter(run.setting.epochs for run in runs if run.setting.seed == 0)
    complete = [epochs for epochs, count in counts.items() if count == total]
    if not complete:
        most = max(counts.values(), default=0)
        raise Missing(
            f"{most or 'None'} of the {total} runs of {figure} {'is' if most == 1 else 'are'} recorded: "
            f"python -m tlr.course.experiments run {figure}."
        )
    return max(complete)


def _alike(setting):
    """The setting, whatever its epochs and seed."""
    return attrs.evolve(setting, epochs=1, seed=0)
