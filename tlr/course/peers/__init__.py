"""What TLR is compared with, each method as its authors published it, and one way to build them all."""

from tlr.course.peers.barzilai_borwein import BarzilaiBorwein
from tlr.course.peers.catalog import PEERS, Peer, make_optimizer, table
from tlr.course.peers.fixed_eta import FixedEta
from tlr.course.peers.hypergradient import Hypergradient, HypergradientAdam
from tlr.course.peers.schedules import cosine, exponential, multistep
from tlr.course.peers.sls import SLS
from tlr.course.peers.sps import SPS
from tlr.course.peers.yellowfin import YellowFin

__all__ = [
    "PEERS",
    "SLS",
    "SPS",
    "BarzilaiBorwein",
    "FixedEta",
    "Hypergradient",
    "HypergradientAdam",
    "Peer",
    "YellowFin",
    "cosine",
    "exponential",
    "make_optimizer",
    "multistep",
    "table",
]
