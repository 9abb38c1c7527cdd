"""α of a parameter group: read, written, and by name."""

import math
from collections import Counter
from collections.abc import MutableMapping
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer
from torch.utils.weak import WeakIdKeyDictionary

__all__ = ["Group", "check_rate", "learning_rates", "rate", "set_rate", "skipped_updates", "was_set_unseen"]

#: A torch parameter group: "params", "lr", the options, and what TLR remembers of the group.
Group = dict[str, Any]

# What each tensor that serves as an lr held when it was last read, and its version then.
_seen: MutableMapping[Tensor, tuple[int, float]] = WeakIdKeyDictionary()


def check_rate(lr: float | Tensor) -> float:
    """α₀ as a float. ValueError unless it is positive and finite."""
    alpha = float(lr)
    if not (alpha > 0 and math.isfinite(alpha)):
        raise ValueError(f"α₀ (lr) must be positive and finite, not {alpha!r}.")
    return alpha


def rate(group: Group) -> float:
    """α of a group as a float. A tensor is read only when it has changed: reading waits for its device."""
    lr = group["lr"]
    if type(lr) is float:
        return lr
    if not isinstance(lr, Tensor):
        value = group["lr"] = float(lr)  # an int, or numpy's, which torch.load refuses by default
        return value
    version, value = _seen.get(lr, (-1, 0.0))
    if version != lr._version:
        value = float(lr)
        _seen[lr] = (lr._version, value)
    return value


def set_rate(group: Group, value: float) -> None:
    """Set α of a group: what its weights can be moved by at most, and rounded to the type of a tensor lr, in place."""
    value = min(value, _largest(group))
    lr = group["lr"]
    if isinstance(lr, Tensor):
        limits = torch.finfo(lr.dtype)
        value = min(max(value, limits.tiny * limits.eps), limits.max)  # the smallest positive number of this type
        value = torch.tensor(value, dtype=lr.dtype, device="cpu").item()
        lr.fill_(value)
        _seen[lr] = (lr._version, value)
    else:
        group["lr"] = value


def _largest(group: Group) -> float:
    """The largest α that every weight of a group can be moved by: torch takes none that its type cannot hold."""
    largest = min((torch.finfo(p.dtype).max for p in group["params"]), default=math.inf)
    return largest * (1 - float(group["betas"][0])) if "betas" in group else largest  # Adam divides α by 1 − β₁ᵗ


def was_set_unseen(group: Group) -> bool:
    """Whether a tensor lr was written through `.data`, which leaves no trace but the value; from now on it is seen."""
    lr = group["lr"]
    if not isinstance(lr, Tensor) or lr not in _seen:
        return False
    before, value = rate(group), float(lr)
    _seen[lr] = (lr._version, value)
    return value != before


def learning_rates(optimizer: Optimizer) -> dict[str, float]:
    """α by name, for a log. Works for any torch optimizer, and the names are the same at every step.

    Any grouping of your own is a list of parameter groups with names:

        >>> from tlr import TLR
        >>> model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1))
        >>> layers = [{"params": model[i].parameters(), "name": f"layer {i}"} for i in (0, 2)]
        >>> learning_rates(TLR(layers, lr=0.1, per="group"))
        {'layer 0': 0.1, 'layer 2': 0.1}

    Returns:
        A dict from name to float. An optimizer with a single group and one α for it has the one key "model".
        Otherwise a group with a "name" goes by that, a group of one named parameter by the parameter's (build the
        optimizer from `model.named_parameters()`), any other by "group 0", "group 1", …. A name that several
        groups have is followed by their numbers.
    """
    groups = optimizer.param_groups
    if len(groups) == 1 and groups[0].get("per", "model") == "model":
        return {"model": float(groups[0]["lr"])}
    names = [_name(group, number) for number, group in enumerate(groups)]
    bearers = Counter(names)
    names = [f"{name} ({number})" if bearers[name] > 1 else name for number, name in enumerate(names)]
    return {name: float(group["lr"]) for name, group in zip(names, groups, strict=True)}


def _name(group: Group, number: int) -> str:
    names = group.get("param_names", [])
    return str(group.get("name") or (names[0] if len(names) == 1 else f"group {number}"))


def skipped_updates(optimizer: Optimizer) -> int:
    """How many updates of α were left out (the largest number over the groups).

    An update is left out where an inner product is not finite, where the sum of directions is so small that its
    square is 0 in float64, or where a displacement turned out to be all rounding.
    """
    return max(int(group["skipped_updates"]) for group in optimizer.param_groups)
