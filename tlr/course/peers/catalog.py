"""Every optimizer of the course by name: how to build it, what it costs, asks for and promises."""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from tlr.course.peers.alig import alig
from tlr.course.peers.barzilai_borwein import BarzilaiBorwein
from tlr.course.peers.fixed_eta import FixedEta
from tlr.course.peers.hypergradient import Hypergradient, HypergradientAdam
from tlr.course.peers.packages import from_package
from tlr.course.peers.sls import SLS
from tlr.course.peers.sps import SPS
from tlr.course.peers.yellowfin import YellowFin
from tlr.optim import TLR, NaiveTLR

__all__ = ["PEERS", "Peer", "make_optimizer", "table"]


@dataclass(frozen=True)
class Peer:
    """One optimizer, as the course's table describes it.

    Attributes:
        make: (params, **options) → the torch optimizer.
        title: its name in prose.
        adapts: what changes during training.
        passes: forward and backward passes through the network in a step, in words.
        copies: buffers of the size of all weights that it keeps between steps.
        tune: what its user must choose.
        guarantees: what its authors prove.
        reference: where it was published.
        needs_closure: whether a step evaluates the loss itself, so that it cannot do without a closure.
        has_modes: whether `optimizer.train()` and `optimizer.eval()` must be called around training and evaluation.
    """

    make: Callable
    title: str
    adapts: str
    passes: str
    copies: str
    tune: str
    guarantees: str
    reference: str
    needs_closure: bool = False
    has_modes: bool = False


def _secant(params, **options):
    return TLR(params, curvature="secant", **options)


def _made_by(package, name):
    """A builder that looks for the package when it is called."""
    return lambda params, **options: from_package(package, name)(params, **options)


_ONE = "1 forward, 1 backward"
_BAYDIN = "Baydin et al., ICLR 2018"
_TLR = "Trainable Learning Rate"

#: Name → `Peer`. The names are also those of `tlr.course.plots.METHODS`.
PEERS = {
    "sgd": Peer(
        torch.optim.SGD,
        "SGD",
        "nothing; α by a schedule, if any",
        _ONE,
        "0; 1 with momentum",
        "α₀, the schedule, momentum",
        "convex: converges for α < 2/L without noise, for decreasing α with it",
        "Robbins & Monro, 1951",
    ),
    "adam": Peer(
        torch.optim.Adam,
        "Adam",
        "a step size for each weight",
        _ONE,
        "2",
        "α₀, the schedule, rarely β₁ and β₂",
        "convex: a regret bound, whose proof has a gap (Reddi et al., 2018)",
        "Kingma & Ba, ICLR 2015",
    ),
    "adamw": Peer(
        torch.optim.AdamW,
        "AdamW",
        "a step size for each weight",
        _ONE,
        "2",
        "as Adam, and the weight decay",
        "as Adam",
        "Loshchilov & Hutter, ICLR 2019",
    ),
    "naive": Peer(
        NaiveTLR,
        "naive TLR (Algorithm 1)",
        "α",
        "2 forward, 2 backward",
        "0 (2 during a step)",
        "α₀, η",
        "none",
        _TLR,
        needs_closure=True,
    ),
    "tlr": Peer(
        TLR,
        "TLR (Algorithm 2)",
        "α; per tensor if asked",
        _ONE,
        "2; 3 with momentum",
        "α₀ within some decades; c and p have defaults",
        "α stays positive, each change within (3/4, 1 + c]",
        _TLR,
    ),
    "tlr_secant": Peer(
        _secant,
        "TLR, secant (Eq. 8′)",
        "α; per tensor if asked",
        _ONE,
        "2; 3 with momentum",
        "as TLR",
        "as TLR; α moves towards the Barzilai–Borwein step",
        "this course, notebook 01",
    ),
    "fixed_eta": Peer(
        FixedEta,
        "fixed η (appendix D.4)",
        "α",
        _ONE,
        "2; 3 with momentum",
        "α₀, η",
        "α stays at or above 0",
        _TLR,
    ),
    "hypergradient": Peer(
        Hypergradient,
        "SGD-HD, SGDN-HD",
        "α, at every step",
        _ONE,
        "1; 2 with momentum",
        "α₀, β (additive: over decades)",
        "convergence if α is handed over to a fixed one; nothing keeps α positive",
        _BAYDIN,
    ),
    "hypergradient_adam": Peer(
        HypergradientAdam,
        "Adam-HD",
        "α, at every step",
        _ONE,
        "3",
        "α₀, β",
        "as SGD-HD",
        _BAYDIN,
    ),
    "sls": Peer(
        SLS,
        "SLS",
        "η, at every step",
        "1 backward, 2 or more forward",
        "0 (1 during a step)",
        "c, the reset; needs interpolation",
        "interpolation: the rates of full-batch descent, linear if strongly convex",
        "Vaswani et al., NeurIPS 2019",
        needs_closure=True,
    ),
    "sps": Peer(
        SPS,
        "SPS, SPS_max",
        "γ, at every step",
        _ONE,
        "0",
        "c, a lower bound of the loss, γ_b or the smoothing",
        "interpolation: linear if strongly convex, O(1/k) if convex; else to a neighbourhood",
        "Loizou et al., AISTATS 2021",
        needs_closure=True,
    ),
    "alig": Peer(
        alig,
        "AliG",
        "γ, at every step",
        _ONE,
        "0; 1 with momentum",
        "η, the largest step; needs interpolation",
        "interpolation: linear if strongly convex, O(1/k) if convex",
        "Berrada et al., ICML 2020",
        needs_closure=True,
    ),
    "yellowfin": Peer(
        YellowFin,
        "YellowFin",
        "α and the momentum μ, at every step",
        _ONE,
        "2",
        "nothing in the paper; α₀ where α is averaged",
        "quadratics whose curvature range is known: contracts by √μ a step",
        "Zhang & Mitliagkas, MLSys 2019",
    ),
    "barzilai_borwein": Peer(
        BarzilaiBorwein,
        "SGD-BB",
        "η, every m steps",
        _ONE,
        "3",
        "η₀, m",
        "strongly convex: linear for the variance-reduced variant only",
        "Tan et al., NeurIPS 2016",
    ),
    "schedulefree": Peer(
        _made_by("schedulefree", "SGDScheduleFree"),
        "Schedule-Free SGD",
        "nothing; averages the weights in place of a schedule",
        _ONE,
        "1",
        "α, the warm-up",
        "convex: the best rate at every step, without knowing the last one",
        "Defazio et al., NeurIPS 2024",
        has_modes=True,
    ),
    "prodigy": Peer(
        _made_by("prodigyopt", "Prodigy"),
        "Prodigy",
        "the distance to the solution d, and Adam's step sizes",
        _ONE,
        "4",
        "the schedule; α stays 1",
        "convex: optimal up to a logarithm, without knowing d",
        "Mishchenko & Defazio, ICML 2024",
    ),
    "dadaptation": Peer(
        _made_by("dadaptation", "DAdaptAdam"),
        "D-Adaptation (Adam)",
        "the distance to the solution d, and Adam's step sizes",
        _ONE,
        "3",
        "the schedule; α stays 1",
        "convex: the optimal rate, without knowing d",
        "Defazio & Mishchenko, ICML 2023",
    ),
}


def make_optimizer(name, params, **options):
    """The optimizer of that name.

    Every one of them can be stepped as `optimizer.step(closure)`, where the closure clears the gradients, computes
    the loss, calls backward if `torch.is_grad_enabled()`, and returns the loss: the one loop of `tlr.course.training`
    runs them all. `PEERS[name]` says what else there is to know.

    Args:
        name: a key of `PEERS`.
        params: parameters or parameter groups.
        **options: what its class takes; `lr` is the first learning rate everywhere.

    Raises:
        ValueError: an unknown name, or what the optimizer refuses. ModuleNotFoundError: "alig", "schedulefree",
            "prodigy" or "dadaptation" where its package is not installed.

    Example:
        >>> model = torch.nn.Linear(2, 1)
        >>> optimizer = make_optimizer("hypergradient", model.parameters(), lr=0.01, beta=1e-4)
    """
    if name not in PEERS:
        raise ValueError(f"Unknown optimizer {name!r}: choose from {', '.join(PEERS)}.")
    return PEERS[name].make(params, **options)


def table(names=tuple(PEERS)):
    """The optimizers of these names as a Markdown table (default: all)."""
    head = ("Method", "Adapts", "Passes a step", "Copies of the weights", "To be tuned", "Guarantees", "Reference")
    rows = [
        (peer.title, peer.adapts, peer.passes, peer.copies, peer.tune, peer.guarantees, peer.reference)
        for peer in (PEERS[name] for name in names)
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, ("---",) * len(head), *rows])
