"""What one run depends on, and nothing else."""

import hashlib
import json
import math
import operator
import re
from functools import partial

import attrs
from attrs import Converter, field

from tlr.course.data.text import MULTI30K
from tlr.course.peers import PEERS

__all__ = ["Setting"]

#: What methods were called in records of tlr 0.1 → what they are called now.
RENAMED = {"published": "tlr", "secant": "tlr_secant"}

#: How training images may be changed at random: the names of `tlr.course.data.augmentation.AUGMENTATIONS`.
AUGMENTATIONS = ("crop-flip",)

#: Methods whose runs are recorded → their options.
_OPTIONS = {name: peer.options for name, peer in PEERS.items() if peer.options is not None}
_EVERY_OPTION = {name for options in _OPTIONS.values() for name in options}

_LARGEST = 2**63 - 1  # what torch can count


def _converted(kind, value, setting, attribute):
    """The value as a float, an int or a str, unless it is none."""
    try:
        return kind(value)
    except (TypeError, ValueError):
        raise ValueError(f"{setting.method!r} needs a number as its {attribute.name}, not {value!r}.") from None
    except OverflowError:
        raise ValueError(f"{attribute.name} is too large.") from None


def _option(kind, value, setting, attribute):
    """The value of an option: its default if it is not given, None where the method does not have it."""
    options = _OPTIONS[setting.method]
    if attribute.name in options:
        return _converted(kind, options[attribute.name] if value is None else value, setting, attribute)
    if value is not None and attribute.name in _EVERY_OPTION:
        raise ValueError(f"{setting.method!r} has no option {attribute.name}: leave it out.")
    return None


def _within(words, holds):
    """A validator: the value, unless it is None, is a number for which this holds, in words."""

    def check(setting, attribute, value):
        if value is not None and not holds(value):
            shown = isinstance(value, float) or abs(value) <= _LARGEST
            raise ValueError(f"{attribute.name} must be {words}, not {value if shown else 'one of so many digits'}.")

    return check


def _one_of(choices, what):
    """A validator: the value is one of these."""

    def check(setting, attribute, value):
        if value not in choices:
            raise ValueError(f"Unknown {what} {value!r}: choose from {', '.join(choices)}.")

    return check


def _method(value):
    if not (isinstance(value, str) and value in _OPTIONS):
        raise ValueError(f"Unknown method {value!r}: choose from {', '.join(_OPTIONS)}.")
    return value


def _converter(convert, kind):
    return Converter(partial(convert, kind), takes_self=True, takes_field=True)


def _field(convert, kind, words, holds, **default):
    return field(converter=_converter(convert, kind), validator=_within(words, holds), **default)


def _count(least, **default):
    return _field(
        _converted, operator.index, f"at least {least} and below 2⁶³", lambda n: least <= n <= _LARGEST, **default
    )


def _number(words, holds):
    return _field(_option, float, words, holds, default=None)


def _positive(value):
    return 0 < value < math.inf


def _not_negative(value):
    return 0 <= value < math.inf


def _text(pattern, what):
    def check(setting, attribute, value):
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            raise ValueError(f"{what} has letters, digits, dots and dashes only, unlike {value!r}.")

    return check


@attrs.frozen(kw_only=True)
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
        variant: "authors" for "exponential", "yellowfin" and "sls" as their authors' code has them: see
            `tlr.course.peers.Peer.variants` (default None).
        augment: "crop-flip", or None (default) where every epoch sees the images as they are.
        pretrained: the data set that all layers but the last have learned before (default None: all layers are fresh).

    Raises:
        ValueError: an unknown method, an option that the method does not have or lacks, a value of the wrong type or
            outside its range, a model that cannot be trained on the data.
    """

    method: str = field(converter=_method)
    alpha0: float = _field(_converted, float, "positive and finite", _positive)
    batch_size: int = _count(1)
    data: str = field(default="mnist", validator=_text(r"\w[\w.-]*", "A data set's name"))
    model: str = field(default="mlp-1000", validator=_text(r"\w[\w.-]*", "A model's name"))
    epochs: int = _count(1, default=80)
    seed: int = _count(0, default=0)
    momentum: float | None = _number("at least 0 and below 1", lambda value: 0 <= value < 1)
    weight_decay: float | None = _number("at least 0 and finite", _not_negative)
    p: float | None = _number("above 0 and at most 1", lambda value: 0 < value <= 1)
    c: float | None = _number("positive and finite", _positive)
    per: str | None = field(
        default=None,
        converter=_converter(_option, str),
        validator=attrs.validators.optional(_one_of(("model", "tensor"), "value of per")),
    )
    eta: float | None = _number("at least 0 and finite", _not_negative)
    beta: float | None = _number("at least 0 and finite", _not_negative)
    variant: str | None = field(default=None)
    augment: str | None = field(
        default=None, validator=attrs.validators.optional(_one_of(AUGMENTATIONS, "augmentation"))
    )
    pretrained: str | None = field(
        default=None, validator=attrs.validators.optional(_text(r"\w[\w.-]*", "A data set's name"))
    )

    @variant.validator
    def _of_the_method(self, attribute, value):
        # A list compares what has no hash, too.
        if value is not None and value not in [*PEERS[self.method].variants]:
            raise ValueError(f"{self.method!r} has no variant {value!r}.")

    def __attrs_post_init__(self):
        translates = self.model.partition("-")[0] == "transformer"
        if translates != (self.data == MULTI30K):
            raise ValueError(
                f"{self.model!r} cannot be trained on {self.data!r}: a transformer translates {MULTI30K}, the other "
                "models read images."
            )

    def as_dict(self):
        """The fields that the method has, by name: `Setting(**setting.as_dict()) == setting`."""
        return {name: value for name, value in attrs.asdict(self).items() if value is not None}

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
            f"{name} {value}" if isinstance(value, str) else f"{name} = {value:.4g}"
            for name, default in _OPTIONS[self.method].items()
            if (value := getattr(self, name)) != default
        ]
        method = self.method if self.variant is None else f"{self.method} ({self.variant})"
        parts = [f"{self.data}, {method}", f"α₀ = {self.alpha0:g}", f"batch {self.batch_size}", *options]
        return ", ".join([*parts, f"{self.epochs} epochs", f"seed {self.seed}"])


def _name(fields):
    digits = hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()[:12]
    return f"{fields['data']}-{fields['method']}-{digits}"
