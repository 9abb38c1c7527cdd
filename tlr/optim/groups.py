"""Parameter groups as TLR keeps them: their options checked, each parameter once, a group for each tensor if asked."""

import math
import operator
from typing import Any

import torch
from torch import Tensor

from tlr import rule
from tlr.optim import steady
from tlr.optim.rates import Group, check_rate


def count_once(group: Group) -> None:
    """Keep one of each parameter that stands in a group twice, of which torch has warned: its step would be double."""
    first: dict[Tensor, int] = {}
    for i, p in enumerate(group["params"]):
        first.setdefault(p, i)
    for key in ("params", "param_names"):
        if key in group:
            group[key] = [group[key][i] for i in first.values()]


def check_group(group: Group, others: list[Group]) -> None:
    """Check and convert the options of a new group."""
    lr = group["lr"]
    if isinstance(lr, Tensor):  # the caller's, which other groups may share
        group["lr"] = lr.clone() if lr.is_floating_point() else lr.to(torch.get_default_dtype())
    else:
        group["lr"] = float(lr)
    check_rate(group["lr"])
    _check_options(group, others)


def check_loaded(groups: list[Group], defaults: dict[str, Any]) -> None:
    """Check groups that were loaded as new ones are, but for an α of 0, which a schedule may have set."""
    for number, group in enumerate(groups):
        if missing := sorted(defaults.keys() - group.keys()):
            raise ValueError(f"The state is another optimizer's: its groups have no {', '.join(missing)}.")
        alpha = float(group["lr"])
        if not 0 <= alpha < math.inf:
            raise ValueError(f"The state is damaged: its α (lr) is {alpha!r}, and must be positive and finite.")
        _check_options(group, groups[:number])


def _check_options(group: Group, others: list[Group]) -> None:
    if group.get("epoch") is not None:
        computes = "len(loader) computes it, or math.ceil(len(loader) / k) where gradients accumulate over k batches"
        group["epoch"] = _steps(group["epoch"], "epoch counts steps", computes)
    if group["update_every"] is None:
        group["update_every"] = others[0]["update_every"] if others else _default_window(group)
    computes = "tlr.rule.window(steps_per_epoch, p) computes it"
    group["update_every"] = _steps(group["update_every"], "update_every counts steps", computes)
    if group["per"] not in ("model", "group", "tensor"):
        raise ValueError(f"per must be 'model', 'group' or 'tensor', not {group['per']!r}.")
    rule.check(group["c"], group["curvature"], (*rule.RULES, steady.NAME))
    for key in ("c", "restart_below", "restart_at"):
        if group[key] is not None:
            group[key] = float(group[key])
    below, at = group["restart_below"], group["restart_at"]
    if below is None and at is not None:
        raise ValueError("restart_at says where α restarts; give restart_below too, which says when.")
    if below is not None and not (0 < below < math.inf and (at is None or below < at < math.inf)):
        raise ValueError(f"Restarts need 0 < restart_below < restart_at, not {below!r} and {at!r}.")
    for key in ("update_every", "curvature", "per"):
        if others and group[key] != others[0][key]:
            raise ValueError(
                f"{key} is one for all parameter groups, but this group has {group[key]!r} "
                f"and the first {others[0][key]!r}."
            )


def _default_window(group: Group) -> int:
    """A third of an epoch where there is one of several steps, or else a step."""
    steps = group.get("epoch") or 1
    return rule.window(steps, momentum=group.get("momentum", 0)) if steps > 1 else 1


def _steps(value: Any, what: str, computes: str) -> int:
    try:
        steps = 0 if isinstance(value, bool) else operator.index(value)
    except TypeError:
        steps = 0
    if steps < 1:
        raise ValueError(f"{what} and must be an integer of at least 1, not {value!r}; {computes}.")
    return steps


def per_tensor(group: Group) -> list[Group]:
    """A group for each tensor of a group."""
    singles = []
    for i, p in enumerate(group["params"]):
        single = {**group, "params": [p]}
        if "param_names" in group:
            single["param_names"] = [group["param_names"][i]]
        if isinstance(group["lr"], Tensor):
            single["lr"] = group["lr"].clone()
        singles.append(single)
    return singles


def split_groups(saved: dict[str, Any], groups: list[Group]) -> dict[str, Any]:
    """A saved state with a group for each tensor, where the optimizer has such groups and the state has not."""
    theirs = saved["param_groups"]
    if len(theirs) < len(groups) and groups[0]["per"] == "tensor":
        theirs = [{**group, "params": [i]} for group in theirs for i in group["params"]]
    return {**saved, "param_groups": theirs}
