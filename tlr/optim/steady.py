"""The rule "steady": Eq. 10″ with what keeps it from getting lost, each part a ratio of inner products.

- Products are of mean gradients over windows, so that windows may differ in length: the first have 1, 2, 4, … steps.
- Batches drawn without replacement make the means of two windows of an epoch correlate negatively by themselves. A
  product that is not below what this alone makes of it is no evidence for a smaller α. It lowers α all the same, as
  noise calls for a smaller α in the end, but no faster than 1/t, whose sum has no limit (Robbins and Monro).
- Where the mean gradient has grown by a tenth, in another direction, α does not grow, and a negative product counts in
  full; where it has grown threefold, the window is taken back and α made smaller.
"""

import math
from collections import Counter
from collections.abc import Sequence

import torch
from torch import Tensor

from tlr.optim import windows
from tlr.optim.gradients import Accumulated
from tlr.optim.products import local
from tlr.optim.rates import Group, rate
from tlr.optim.update import Products, set_rates, shared
from tlr.optim.windows import BUFFERS, State, States, Window, buffers

NAME = "steady"

#: What a group starts with, besides what every rule needs; the clock, all of whose groups share the first's, is
#: "step" and "planned".
FRESH = {
    "step": 0,  # steps that counted, since the beginning
    "planned": 1,  # steps of the window that is open
    "previous_begin": 0,  # the step at which the previous window began
    "previous_steps": 0,  # and how many it had; 0 where there is none
    "taken_back": False,  # whether the last window was
}

_GAMMA = 0.25
_GROWTH = 3.0  # of the mean gradient's norm, from which a window is taken back
_RISING = 1.1  # and from which α does not grow


def length(clock: Group) -> int:
    """Steps of the window that is open, of the first group: 1, 2, 4, … up to "update_every"."""
    return min(int(clock["planned"]), int(clock["update_every"]))


def reshuffling(epoch: int | None, before: tuple[int, int], now: tuple[int, int]) -> float:
    """q, how far ⟨g_t, g_{t−1}⟩ over ‖g_{t−1}‖² − ⟨g_t, g_{t−1}⟩ falls below zero by drawing without replacement alone.

    Args:
        epoch: N, steps an epoch; None where batches are drawn anew each time, or it is not known.
        before, now: the first step and the number of steps of either window.

    Returns:
        −ρ/(1 − ρ) with ρ the correlation of the noises of both means, in terms of their covariance and variance: within
        one epoch the share of the previous window in it. 0 where the windows have no epoch in common.
    """
    if epoch is None or epoch <= 1 or not before[1]:
        return 0.0
    first, second = (Counter(step // epoch for step in range(start, start + n)) for start, n in (before, now))
    minus_covariance = sum(n * second[number] for number, n in first.items()) / (before[1] * now[1])
    variance = (before[1] * (epoch - 1) - sum(n * (n - 1) for n in first.values())) / before[1] ** 2
    return minus_covariance / (minus_covariance + variance) if variance > 0 else 0.0


def factor(products: Products, q: float, c: float, decay: float) -> float:
    """α_{t+1}/α_t, in (3/4, 1 + c].

    Args:
        products: of the mean gradients of two windows.
        q: as `reshuffling` returns it.
        c: the bound.
        decay: the factor by which 1/t falls over the window.
    """
    gg, gp, pp = products
    curvature = pp - gp
    if gg > _RISING**2 * pp and not _aligned(products):
        return 1 + _GAMMA * gp / curvature if gp < 0 else 1.0
    if gp > 0:
        return 1 + (min(2 * _GAMMA * gp / curvature, c) if curvature > 0 else c)
    if gp == 0:
        return 1.0
    freed = min(gp + q * curvature, 0.0)
    return min(1 + _GAMMA / (1 - q) * freed / curvature, max(1 + _GAMMA * gp / curvature, decay))


def _aligned(products: Products) -> bool:
    """Whether the gradient points where it did, within 60°: one that grows then leaves a saddle."""
    return products.gp >= 0.5 * math.sqrt(products.gg) * math.sqrt(products.pp)


def close(states: States, groups: Sequence[Group], sums: Accumulated, steps: int) -> tuple[list[bool], float]:
    """End a window of so many steps: move α of each group or of the model, or take the window back.

    Returns:
        For each group whether its products were finite, and ‖g_t‖² over all of them.
    """
    members = [windows.members(states, group) for group in groups]
    window = Window.join(members)
    gradients = [g for group, inside in zip(groups, members, strict=True) for g in sums.sums(group, inside)]
    columns = [(gradients, gradients), (gradients, buffers(window.inside, "previous"))]
    products = [
        Products(gg / steps**2, gp / steps / (group["previous_steps"] or 1), group["previous_square"])
        for gg, gp, group in zip(*window.products(columns), groups, strict=True)
    ]
    alpha = [rate(group) for group in groups]
    judged = shared(groups, products, alpha)
    factors = [_judge(group, each, steps) for group, each in zip(groups, judged, strict=True)]
    for (p, state), g, number in zip(window.inside, gradients, window.owner, strict=True):
        if groups[number]["taken_back"]:
            _take_back(p, state, with_momentum=not sums.every_step)
        else:
            local(state["previous"]).copy_(g)
    finite = [math.isfinite(each.gg) and math.isfinite(each.gp) for each in judged]
    for group, each, good in zip(groups, products, finite, strict=True):
        group["skipped_updates"] += not good
        if not group["taken_back"]:
            group["previous_square"], group["previous_steps"] = each.gg, steps
            group["previous_begin"] = groups[0]["step"] - steps
    set_rates(groups, [a * f for a, f in zip(alpha, factors, strict=True)], alpha)
    if not all(group["taken_back"] for group in groups):
        groups[0]["planned"] = min(2 * steps, groups[0]["update_every"])
    return finite, sum(each.gg for each in products)


def _judge(group: Group, products: Products, steps: int) -> float:
    """The factor for α, and in "taken_back" whether the window is."""
    gg, gp, pp = products
    was, group["taken_back"] = group["taken_back"], True
    if not (math.isfinite(gg) and math.isfinite(gp)):
        return 1 / _GROWTH
    if group["previous_steps"] and gg > _GROWTH**2 * pp > 0 and not _aligned(products) and not was:
        return float(min(1 / _GROWTH, (pp / gg) ** (0.5 / steps)))
    group["taken_back"] = False
    if not group["previous_steps"]:
        return 1.0
    before = group["previous_begin"], group["previous_steps"]
    begin = group["window_begin"]
    q = reshuffling(group.get("epoch"), before, (begin, steps))
    return factor(products, q, group["c"], begin / (begin + steps))


def _take_back(p: Tensor, state: State, with_momentum: bool) -> None:
    """Return a parameter to where the window began, and SGD's momentum too; other state begins anew if not finite."""
    p.copy_(state["window_start"])
    if with_momentum and state.get("momentum_buffer") is not None:
        state["momentum_buffer"].copy_(state["gradient_sum"])
    for key, value in state.items():
        if key not in BUFFERS and isinstance(value, Tensor) and not torch.isfinite(local(value)).all():
            value.zero_()
