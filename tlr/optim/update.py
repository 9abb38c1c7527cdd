"""One update of α: the rule on the inner products of each group, or of the whole model, and restarts."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from tlr import rule
from tlr.optim.rates import Group, rate, set_rate

__all__ = ["Products", "set_rates", "shared", "update_rates"]


class Products(NamedTuple):
    """The inner products that the rule takes, of one group."""

    gg: float  # ⟨g_t, g_t⟩
    gp: float  # ⟨g_t, g_{t−1}⟩
    pp: float  # ⟨g_{t−1}, g_{t−1}⟩


def shared(groups: Sequence[Group], products: Sequence[Products], alpha: Sequence[float]) -> list[Products]:
    """The products that decide about each group: its own, or with per="model" those of all.

    With one α for the model the loss is a function of a common factor of all rates: each group counts with its own α.
    """
    largest = max(alpha)
    if groups[0]["per"] != "model" or largest <= 0:
        return list(products)
    shares = [max(each, 0.0) / largest for each in alpha]
    columns = zip(*products, strict=True)
    total = (sum(share * value for share, value in zip(shares, column, strict=True)) for column in columns)
    return [Products(*total)] * len(groups)


def update_rates(groups: Sequence[Group], products: Sequence[Products]) -> list[bool]:
    """Move α of every group, and return for each whether its products were finite: otherwise α stays."""
    # Numpy for the rule alone: where groups are few, an operation of numpy takes longer than one on plain floats.
    alpha = [rate(group) for group in groups]
    finite = [all(map(math.isfinite, each)) for each in products]
    if groups[0]["per"] == "model":
        finite = [all(finite)] * len(groups)
        if max(alpha) <= 0:
            return finite
    gg, gp, pp = np.array(shared(groups, products, alpha)).T
    c = np.array([group["c"] for group in groups])
    with np.errstate(all="ignore"):
        moved = rule.next_alpha(np.array(alpha), gg, gp, pp, c, groups[0]["curvature"]).tolist()
    new = [after if moves else before for before, after, moves in zip(alpha, moved, finite, strict=True)]
    set_rates(groups, new, alpha)
    return finite


def set_rates(groups: Sequence[Group], new: list[float], alpha: list[float]) -> None:
    """Set α of each group from `alpha` to `new`, or to that of a restart."""
    for group, before, after in zip(groups, alpha, _restarted(groups, new, alpha), strict=True):
        if after != before:
            set_rate(group, after)


def _restarted(groups: Sequence[Group], new: list[float], alpha: list[float]) -> list[float]:
    """The rates `new`, or those of a restart where this update took them below the floor (appendix C)."""
    shared = groups[0]["per"] == "model"
    for i, group in enumerate(groups[:1] if shared else groups):
        group["largest_lr"] = max(group["largest_lr"], alpha[i])
        floor = group["restart_below"]
        if floor is None or not new[i] < floor <= alpha[i]:  # a schedule's own way below the floor is no restart
            continue
        restart = group["largest_lr"] if group["restart_at"] is None else group["restart_at"]
        group["largest_lr"] = 0.0
        if shared:  # the others keep their ratio to the first
            factor = restart / new[0]
            new = [each * factor for each in new]
        new[i] = restart
    return new
