"""Trainable learning rate: optimizers that train their own learning rate, and toy functions to study them on.

Importing the package imports no torch. Each name below, and each module, is imported when it is first used, so that
every dotted name, such as `tlr.toys.rosenbrock`, works after `import tlr`.
"""

from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tlr.optim import TLR, NaiveTLR, TLRAdam, TLRAdamW, TrainableRate, learning_rates, skipped_updates
    from tlr.rule import window

    __version__: str

__all__ = [
    "TLR",
    "NaiveTLR",
    "TLRAdam",
    "TLRAdamW",
    "TrainableRate",
    "__version__",
    "learning_rates",
    "skipped_updates",
    "window",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return import_module("importlib.metadata").version("trainable-learning-rate")
    if name in __all__:
        return getattr(import_module("tlr.rule" if name == "window" else "tlr.optim"), name)
    return _submodule(__name__, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *(module.name for module in iter_modules(__path__))})


def _submodule(package: str, name: str) -> ModuleType:
    """The module of a package that is asked for as its attribute."""
    path = f"{package}.{name}"
    try:
        return import_module(path)
    except ModuleNotFoundError as error:
        if error.name != path:
            raise  # the module is there, and a package that it needs is not
    raise AttributeError(f"module {package!r} has no attribute {name!r}")
