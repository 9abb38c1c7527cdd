"""What TLR is compared with, each method as its authors published it, and one way to build them all."""

from tlr.peers.barzilai_borwein import BarzilaiBorwein
from tlr.peers.catalog import PEERS, Peer, make_optimizer, table
from tlr.peers.fixed_eta import FixedEta
from tlr.peers.hypergradient import Hypergradient, HypergradientAdam
from tlr.peers.schedules import cosine, exponential, multistep
from tlr.peers.sls import SLS
from tlr.peers.sps import SPS
from tlr.peers.yellowfin import YellowFin

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
