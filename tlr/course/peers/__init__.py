"""What TLR is compared with, each method as its authors published it, and one way to build them all.

The table of them imports no torch; an optimizer does when it is first used.
"""

from importlib import import_module

from tlr.course.peers.catalog import PEERS, Peer, installed, make_optimizer, table

_HOMES = {
    "armijo": ["TLRArmijo"],
    "barzilai_borwein": ["BarzilaiBorwein"],
    "fixed_eta": ["FixedEta"],
    "hypergradient": ["Hypergradient", "HypergradientAdam"],
    "loop": ["descend_with", "rates", "set_mode", "without_advice"],
    "schedules": ["cosine", "exponential", "multistep"],
    "sls": ["SLS"],
    "sps": ["SPS"],
    "yellowfin": ["YellowFin"],
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}

__all__ = ["PEERS", "Peer", "installed", "make_optimizer", "table", *_HOME]


def __getattr__(name):
    if name in _HOMES:
        return import_module(f"{__name__}.{name}")
    if name in _HOME:
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return [*globals(), *_HOMES, *_HOME]
