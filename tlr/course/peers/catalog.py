"""Every optimizer of the course by name: how to build it, what it costs, asks for and promises."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pkgutil import resolve_name

__all__ = ["PEERS", "Peer", "installed", "make_optimizer", "table"]


@dataclass(frozen=True, kw_only=True)
class Peer:
    """One method: all that belongs to it but its looks, which are in `tlr.course.plots.METHODS` under the same name.

    Attributes:
        make: "module:name" of what builds its torch optimizer: (params, **options) → optimizer. Imported when called.
        arguments: what `make` always gets.
        package: what must be installed for it (default None: nothing but torch).
        schedule: "module:name" of its schedule: (optimizer, epochs) → LRScheduler (default None).
        options: the options that a record of it has, and what each is unless it is given: the paper's value (section 5
            and appendix D), or that of its authors. None as a value: it must be given. Without options at all (None,
            the default) its runs are not recorded.
        variants: name of a variant → the fields of `Peer` that it changes. "authors" is the method as its authors' code
            has it, where the course's default is something else.
        fused: whether its step is torch's SGD, which has a fused kernel.
        steps_argument: the argument by which it must be told the steps of an epoch, if any.
        needs_closure: whether a step needs the loss itself, so that it cannot do without a closure.
        title: its name in prose.
        adapts: what changes during training.
        passes: forward and backward passes through the network in a step, in words.
        copies: buffers of the size of all weights that it keeps between steps.
        tune: what its user must choose.
        guarantees: what its authors prove.
        reference: where it was published.
    """

    make: str
    title: str
    adapts: str
    copies: str
    tune: str
    guarantees: str
    reference: str
    passes: str = "1 forward, 1 backward"
    arguments: Mapping[str, object] = field(default_factory=dict)
    package: str | None = None
    schedule: str | None = None
    options: Mapping[str, float | str | None] | None = None
    variants: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    fused: bool = False
    steps_argument: str | None = None
    needs_closure: bool = False

    def optimizer(self, params, **options):
        """Build it: `make_optimizer` by name."""
        try:
            make = resolve_name(self.make)
        except ModuleNotFoundError as error:
            if self.package is None or error.name != self.package:
                raise
            raise ModuleNotFoundError(
                f"{self.title} comes from the package {self.package}: python -m pip install {self.package}",
                name=self.package,
            ) from error
        return make(params, **options | self.arguments)

    def variant(self, name):
        """The variant of that name, a `Peer`; itself for None."""
        return self if name is None else replace(self, **self.variants[name])

    def scheduler(self, optimizer, epochs):
        """Its schedule for a run of so many epochs, a torch LRScheduler, or None."""
        return self.schedule and resolve_name(self.schedule)(optimizer, epochs)


_BAYDIN = "Baydin et al., ICLR 2018"
_PAPER = "Trainable Learning Rate"
_SGD = Peer(
    make="torch.optim:SGD",
    title="SGD",
    adapts="nothing; α by a schedule, if any",
    copies="0; 1 with momentum",
    tune="α₀, the schedule, momentum",
    guarantees="convex: converges for α < 2/L without noise, for decreasing α with it",
    reference="Robbins & Monro, 1951",
    options={"momentum": 0.8, "weight_decay": 5e-4},
    fused=True,
)

_TLR = Peer(
    make="tlr.optim:TLR",
    title="TLR (Algorithm 2)",
    adapts="α; per tensor if asked",
    copies="2; 3 with momentum",
    tune="α₀ within some decades; c and p have defaults",
    guarantees="α stays positive, each change within (3/4, 1 + c]",
    reference=_PAPER,
    options={**_SGD.options, "p": 1 / 3, "c": 1 / 4, "per": "model"},
    fused=True,
)
_TLR_GRADIENTS = replace(
    _TLR,
    title="TLR, gradients (Eq. 10″)",
    copies="2; 4 with momentum",
    tune="as TLR; windows may be short",
    guarantees="as TLR",
    reference="this course, notebook 01",
    arguments={"curvature": "gradients"},
)

#: Name → `Peer`.
PEERS = {
    "sgd": _SGD,
    "multistep": replace(
        _SGD,
        schedule="tlr.course.peers.schedules:multistep",
        title="SGD, multistep (sgd_mstep)",
        adapts="α: a tenth after ½ of the epochs, a hundredth after ¾",
        tune="α₀, the number of epochs",
        reference="He et al., CVPR 2016",
    ),
    "exponential": replace(
        _SGD,
        schedule="tlr.course.peers.schedules:exponential",
        title="SGD, exponential (sgd_exp)",
        adapts="α: by the same factor after each epoch",
        tune="α₀, the factor",
        reference=_PAPER,
        variants={"authors": {"schedule": "tlr.course.peers.schedules:tenth_off"}},
    ),
    "cosine": replace(
        _SGD,
        schedule="tlr.course.peers.schedules:cosine",
        title="SGD, cosine",
        adapts="α: along half a cosine, to 0",
        tune="α₀, the number of epochs",
        reference="Loshchilov & Hutter, ICLR 2017",
    ),
    "adam": Peer(
        make="torch.optim:Adam",
        title="Adam",
        adapts="a step size for each weight",
        copies="2",
        tune="α₀, the schedule, rarely β₁ and β₂",
        guarantees="convex: a regret bound, whose proof has a gap (Reddi et al., 2018)",
        reference="Kingma & Ba, ICLR 2015",
        options={},
    ),
    "adamw": Peer(
        make="torch.optim:AdamW",
        title="AdamW",
        adapts="a step size for each weight",
        copies="2",
        tune="as Adam, and the weight decay",
        guarantees="as Adam",
        reference="Loshchilov & Hutter, ICLR 2019",
    ),
    "naive": Peer(
        make="tlr.optim:NaiveTLR",
        title="naive TLR (Algorithm 1)",
        adapts="α",
        passes="2 forward, 2 backward",
        copies="0 (2 during a step)",
        tune="α₀, η",
        guarantees="none",
        reference=_PAPER,
        needs_closure=True,
    ),
    "tlr": _TLR,
    "tlr_secant": replace(
        _TLR,
        title="TLR, secant (Eq. 8′)",
        tune="as TLR",
        guarantees="as TLR; α moves towards the Barzilai–Borwein step",
        reference="this course, notebook 01",
        arguments={"curvature": "secant"},
    ),
    "tlr_slope": replace(
        _TLR_GRADIENTS,
        title="TLR, slope (Eq. 10′)",
        guarantees="α stays positive, each change within [3/4, 1 + c]",
        arguments={"curvature": "slope"},
    ),
    "tlr_gradients": _TLR_GRADIENTS,
    "tlr_steady": replace(
        _TLR_GRADIENTS,
        title="TLR, steady",
        adapts="α",
        tune="α₀ within decades; the steps of an epoch are told",
        guarantees="α stays positive; a window in which the gradient blows up is taken back",
        reference="this course, notebooks 03b and 06",
        arguments={"curvature": "steady"},
        options={**_TLR.options, "c": 1 / 2},
        steps_argument="epoch",
    ),
    "tlr_armijo": Peer(
        make="tlr.course.peers.armijo:TLRArmijo",
        title="TLR, safeguarded",
        adapts="α, at every step",
        passes="1 backward, 2 or more forward",
        copies="1 (2 during a step)",
        tune="nothing but α₀",
        guarantees="exact gradients: the loss never rises, and ‖∇L‖ → 0, from every α₀",
        reference="this course, notebook 07",
        needs_closure=True,
    ),
    "fixed_eta": Peer(
        make="tlr.course.peers.fixed_eta:FixedEta",
        title="fixed η (appendix D.4)",
        adapts="α",
        copies="2; 3 with momentum",
        tune="α₀, η",
        guarantees="α stays at or above 0",
        reference=_PAPER,
        options={**_SGD.options, "p": 1 / 3, "eta": None},
    ),
    "hypergradient": Peer(
        make="tlr.course.peers.hypergradient:Hypergradient",
        title="SGD-HD, SGDN-HD",
        adapts="α, at every step",
        copies="1; 2 with momentum",
        tune="α₀, β (additive: over decades)",
        guarantees="convergence if α is handed over to a fixed one; nothing keeps α positive",
        reference=_BAYDIN,
        options={**_SGD.options, "beta": None},
    ),
    "hypergradient_adam": Peer(
        make="tlr.course.peers.hypergradient:HypergradientAdam",
        title="Adam-HD",
        adapts="α, at every step",
        copies="3",
        tune="α₀, β",
        guarantees="as SGD-HD",
        reference=_BAYDIN,
    ),
    "sls": Peer(
        make="tlr.course.peers.sls:SLS",
        title="SLS",
        adapts="η, at every step",
        passes="1 backward, 2 or more forward",
        copies="0 (1 during a step)",
        tune="c, the reset; needs interpolation",
        guarantees="interpolation: the rates of full-batch descent, linear if strongly convex",
        reference="Vaswani et al., NeurIPS 2019",
        needs_closure=True,
        options={},
        variants={"authors": {"arguments": {"max_lr": math.inf}}},
        steps_argument="steps_per_epoch",
    ),
    "sps": Peer(
        make="tlr.course.peers.sps:SPS",
        title="SPS, SPS_max",
        adapts="γ, at every step",
        copies="0",
        tune="c, a lower bound of the loss, γ_b or the smoothing",
        guarantees="interpolation: linear if strongly convex, O(1/k) if convex; else to a neighborhood",
        reference="Loizou et al., AISTATS 2021",
        needs_closure=True,
        options={"c": 0.2},  # its authors' code for networks
        steps_argument="steps_per_epoch",
    ),
    "alig": Peer(
        make="tlr.course.peers.alig:AliG",
        title="AliG",
        adapts="γ, at every step",
        copies="0; 1 with momentum",
        tune="η, the largest step; needs interpolation",
        guarantees="interpolation: linear if strongly convex, O(1/k) if convex",
        reference="Berrada et al., ICML 2020",
        needs_closure=True,
        package="pytorch_optimizer",
    ),
    "yellowfin": Peer(
        make="tlr.course.peers.yellowfin:YellowFin",
        title="YellowFin",
        adapts="α and the momentum μ, at every step",
        copies="2",
        tune="nothing in the paper; α₀ where α is averaged",
        guarantees="quadratics whose curvature range is known: contracts by √μ a step",
        reference="Zhang & Mitliagkas, MLSys 2019",
        options={"weight_decay": 5e-4},
        variants={"authors": {"arguments": {"lr": None}}},  # their newest code
    ),
    "barzilai_borwein": Peer(
        make="tlr.course.peers.barzilai_borwein:BarzilaiBorwein",
        title="SGD-BB",
        adapts="η, every m steps",
        copies="3",
        tune="η₀, m",
        guarantees="strongly convex: linear for the variance-reduced variant only",
        reference="Tan et al., NeurIPS 2016",
    ),
    "schedulefree": Peer(
        make="schedulefree:SGDScheduleFree",
        title="Schedule-Free SGD",
        adapts="nothing; averages the weights in place of a schedule",
        copies="1",
        tune="α, the warm-up",
        guarantees="convex: the best rate at every step, without knowing the last one",
        reference="Defazio et al., NeurIPS 2024",
        package="schedulefree",
    ),
    "prodigy": Peer(
        make="prodigyopt:Prodigy",
        title="Prodigy",
        adapts="the distance to the solution d, and Adam's step sizes",
        copies="4",
        tune="the schedule; α stays 1",
        guarantees="convex: optimal up to a logarithm, without knowing d",
        reference="Mishchenko & Defazio, ICML 2024",
        package="prodigyopt",
    ),
}


def installed(names):
    """Those of these methods that can be built here; says in a sentence for each other one which package it wants."""
    chosen = []
    for name in names:
        peer = PEERS[name]
        if peer.package is None or find_spec(peer.package):
            chosen.append(name)
        else:
            print(f"{peer.title} is left out: it needs a package (python -m pip install {peer.package}).")
    return chosen


def make_optimizer(name, params, **options):
    """The optimizer of that name.

    Every one of them can be stepped as `optimizer.step(closure)`, where the closure clears the gradients, computes
    the loss, calls backward if `torch.is_grad_enabled()`, and returns the loss: the one loop of `tlr.course.training`
    runs them all. `PEERS[name]` says what else there is to know. A schedule comes from its `scheduler`.

    Args:
        name: a key of `PEERS`.
        params: parameters or parameter groups.
        **options: what its class takes; `lr` is the first learning rate everywhere.

    Raises:
        ValueError: an unknown name, or what the optimizer refuses.
        ModuleNotFoundError: "alig", "schedulefree",
            or "prodigy" where its package is not installed.

    Example:
        >>> import torch
        >>> model = torch.nn.Linear(2, 1)
        >>> optimizer = make_optimizer("hypergradient", model.parameters(), lr=0.01, beta=1e-4)
    """
    if name not in PEERS:
        raise ValueError(f"Unknown optimizer {name!r}: choose from {', '.join(PEERS)}.")
    return PEERS[name].optimizer(params, **options)


#: Column of `table` → what it says of a peer.
_COLUMNS = {
    "Method": "title",
    "Adapts": "adapts",
    "Passes a step": "passes",
    "Copies of the weights": "copies",
    "To be tuned": "tune",
    "Guarantees": "guarantees",
    "Reference": "reference",
}


def table(names=tuple(PEERS), columns=tuple(_COLUMNS)):
    """The optimizers of these names as a Markdown table, with these columns (default: all)."""
    rows = [[getattr(PEERS[name], _COLUMNS[column]) for column in columns] for name in names]
    return "\n".join(f"| {' | '.join(row)} |" for row in [columns, ["---"] * len(columns), *rows])
