"""The paper's figures as grids of runs, and what runs them: `python -m tlr.course.experiments` says how.

Importing this imports no torch; `run` and `sweep` do when they are first used.
"""

from importlib import import_module

from tlr.course.experiments.collections import COLLECTIONS
from tlr.course.experiments.figures import FIGURES, settings
from tlr.course.experiments.grid import Figure, Part
from tlr.course.experiments.replay import Missing, recorded

_HOME = {"run": "tlr.course.experiments.running", "sweep": "tlr.course.experiments.sweeping"}

__all__ = ["COLLECTIONS", "FIGURES", "Figure", "Missing", "Part", "recorded", "settings", *_HOME]


def __getattr__(name):
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'tlr.course.experiments' has no attribute {name!r}")


def __dir__():
    return [*globals(), *_HOME]
