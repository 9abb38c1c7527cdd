"""Optimizers from packages that only the "rivals" extra installs."""

from importlib import import_module

__all__ = ["from_package"]


def from_package(package, name):
    """The class of that name.

    Raises:
        ModuleNotFoundError: the package is not installed; the message says how to.
    """
    try:
        module = import_module(package)
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"{name} comes from the package {package}: python -m pip install {package}", name=package
        ) from error
    return getattr(module, name)
