"""What the notebooks show: the methods TLR is compared with, data, models, training, records, plots and explorers.

Nothing in `tlr` outside this folder imports it.
"""

from types import ModuleType

from tlr import _submodule


def __getattr__(name: str) -> ModuleType:
    return _submodule(__name__, name)
