"""What one run depends on, and nothing else."""

import hashlib
import json
import operator
import re
from dataclasses import asdict, dataclass

from tlr.course.peers import PEERS

__all__ = ["Setting"]

#: What methods were called in records of tlr 0.1 → what they are called now.
RENAMED = {"published": "tlr", "secant": "tlr_secant"}

#: How training images may be changed at random: the names of `tlr.course.data.augmentation.AUGMENTATIONS`.
AUGMENTATIONS = ("crop-flip",)

#: Methods whose runs are recorded → their options.
_OPTIONS = {name: peer.options for name, peer in PEERS.items() if peer.options is not None}
_EVERY_OPTION = {name for options in _OPTIONS.values() for name in options}

_KINDS = {
    **dict.fromkeys(("alpha0", "momentum", "weight_decay", "p", "c", "eta", "beta"), float),
    **dict.fromkeys(("batch_size", "epochs", "seed"), operator.index),
    **dict.fromkeys(("data", "model", "method", "per"), str),
}


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What one run depends on. Two runs with the same setting are the same run.

    An option that the method has is the paper's unless it is given; one that it does not have is None.

    Attributes:
        method: "sgd", its schedules "multistep" and "exponential", "tlr" (Eq. 8), "tlr_secant" (Eq. 8′), "fixed_eta",
            "hypergradient", "yellowfin", "adam", "sls", "sps": those of `tlr.course.peers.PEERS` that have recorded
            options.
        alpha0: α₀, the first learning rate.
        batch_size: images a step.
        data: what `tlr.course.data.load` is asked for (default "mnist").
        model: what `tlr.course.models.make_model` is asked for (default "mlp-1000", the paper's for MNIST).
        epochs: passes over the training data (default 80, the paper's).
        seed: of the initial weights and of the batches' order (default 0).
        momentum, weight_decay: of SGD (the paper's: 0.8 and 5e-4).
        p: the share of an epoch between two updates of α (the paper's: 1/3).
        c: the bound of the relative increase of α (the paper's: 1/4); of "sps", what divides Polyak's step (its
            authors' for networks: 0.2).
        per: "model" or "tensor", what shares one α (default "model").
        eta: the meta step size η of "fixed_eta".
        beta: the step size β of "hypergradient".
        augment: "crop-flip", or None (default) where every epoch sees the images as they are.

    Raises:
        ValueError: an unknown method, an option that the method does not have or lacks, a value of the wrong type.
    """

    method: str
    alpha0: float
    batch_size: int
    data: str = "mnist"
    model: str = "mlp-1000"
    epochs: int = 80
    seed: int = 0
    momentum: float | None = None
    weight_decay: float | None = None
    p: float | None = None
    c: float | None = None
    per: str | None = None
    eta: float | None = None
    beta: float | None = None
    augment: str | None = None

    def __post_init__(self):
        if self.method not in _OPTIONS:
            raise ValueError(f"Unknown method {self.method!r}: choose from {', '.join(_OPTIONS)}.")
        for name, kind in _KINDS.items():
            value = getattr(self, name)
            if name in _EVERY_OPTION and name not in _OPTIONS[self.method]:
                if value is not None:
                    raise ValueError(f"{self.method!r} has no option {name}: leave it out.")
                continue
            value = _OPTIONS[self.method].get(name) if value is None else value
            try:
                object.__setattr__(self, name, kind(value))
            except TypeError:
                raise ValueError(f"{self.method!r} needs a number as its {name}, not {value!r}.") from None
        if not re.fullmatch(r"\w[\w.-]*", self.data):
            raise ValueError(f"A data set's name has letters, digits, dots and dashes only, unlike {self.data!r}.")
        if self.augment not in (None, *AUGMENTATIONS):
            raise ValueError(f"Unknown augmentation {self.augment!r}: choose from {', '.join(AUGMENTATIONS)}.")
        for name in ("batch_size", "epochs"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, not {getattr(self, name)}.")

    def as_dict(self):
        """The fields that the method has, by name: `Setting(**setting.as_dict()) == setting`."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    @property
    def name(self):
        """The name of the run's files: data, method, and twelve digits that no other setting shares.

        The digits are a hash of the fields' names and values, the same on every machine. An option that is added to
        this class leaves the names of settings without it as they are.
        """
        return _name(self.as_dict())

    @property
    def former_name(self):
        """The name of the run's files before methods were renamed (`RENAMED`); else `name`."""
        before = {now: once for once, now in RENAMED.items()}
        return _name(self.as_dict() | {"method": before.get(self.method, self.method)})

    def __str__(self):
        options = [
            f"{name} = {getattr(self, name):.4g}" if _KINDS[name] is float else f"per {self.per}"
            for name in _OPTIONS[self.method]
            if getattr(self, name) != _OPTIONS[self.method][name]
        ]
        parts = [f"{self.data}, {self.method}", f"α₀ = {self.alpha0:g}", f"batch {self.batch_size}", *options]
        return ", ".join([*parts, f"{self.epochs} epochs", f"seed {self.seed}"])


def _name(fields):
    digits = hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()[:12]
    return f"{fields['data']}-{fields['method']}-{digits}"
