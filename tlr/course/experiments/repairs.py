"""What `benchmarks/repairs.py` recorded for notebook 3b, ten seeds each; it says what would count.

The trials are "repairs", which of the two repairs of Eq. 10 does the work; "batch size", from which α₀ larger batches
lose the paper's rule; and "drawing", how much of the fall of α goes if batches are drawn with replacement.
"""

from tlr.course import records

__all__ = ["PATH", "is_lost", "recorded_runs"]

PATH = records.shipped() / "repairs.jsonl"


def recorded_runs(trial, **setting):
    """The recorded runs of a trial, a list of dicts.

    Args:
        trial: "repairs", "batch size" or "drawing".
        **setting: what a run's line must say besides, such as rule="Eq. 8" or steps=9 (default: anything).
    """
    wanted = {"trial": trial, **setting}
    return [run for run in records.lines(PATH) if wanted.items() <= run.items()]


def is_lost(run):
    """Whether the last training loss of a run is not finite, or above half of its first."""
    return run["last"] is None or run["last"] > run["first"] / 2
