"""Trainable learning rate: the optimizer, the toy functions and the tools of the course.

Importing the package imports no torch; the optimizers and what reads them do when they are first used.
"""

from importlib import import_module

_HOME = dict.fromkeys(["TLR", "NaiveTLR", "learning_rates", "skipped_updates"], "tlr.optim")

__all__ = [*_HOME]


def __getattr__(name):
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'tlr' has no attribute {name!r}")


def __dir__():
    return [*globals(), *_HOME]
