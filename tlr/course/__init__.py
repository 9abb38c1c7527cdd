"""What the notebooks show: the methods TLR is compared with, data, models, training, records, plots and explorers.

Nothing in `tlr` outside this folder imports it. In a notebook without torch, `tlr.course.without_torch` is at work.
"""

from types import ModuleType

from tlr import _submodule
from tlr.course.without_torch import guard


def __getattr__(name: str) -> ModuleType:
    return _submodule(__name__, name)


guard()
