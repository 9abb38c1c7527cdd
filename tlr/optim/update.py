"""One update of α: what a window says, the rule on the products of each group or of the whole model, and restarts."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch

from tlr import rule
from tlr.optim import windows
from tlr.optim.gradients import Accumulated
from tlr.optim.products import Column
from tlr.optim.rates import Group, rate, set_rate
from tlr.optim.windows import States, buffers


class Measured(NamedTuple):
    """What an update needs of a group's window; x and y are the rule's two sums (`tlr.rule.Rule.products`)."""

    gg: float  # ⟨x_t, y_t⟩
    gp: float  # ⟨x_t, y_{t−1}⟩
    square: float  # ‖·‖² of the sum of directions
    scale: float = 1.0  # what turns the buffer "previous" into y_t
    trusted: bool = True  # whether these products are more than rounding


class Products(NamedTuple):
    """The inner products that the rule takes, of one group."""

    gg: float  # ⟨g_t, g_t⟩
    gp: float  # ⟨g_t, g_{t−1}⟩
    pp: float  # ⟨g_{t−1}, g_{t−1}⟩


def measure(
    states: States, groups: Sequence[Group], gradients: Accumulated | None, can_sum: bool, steps: int
) -> list[Measured]:
    """End a window of so many steps; its sums become those of the window before.

    `gradients` says how sums of gradients are had, where the rule asks for them; `can_sum`, whether directions can be
    summed one by one.
    """
    if gradients and not gradients.every_step:
        for group in groups:
            if inside := windows.members(states, group):
                torch._foreach_copy_(buffers(inside, "gradient_sum"), gradients.sums(group, inside))
    window = windows.close_window(states, groups)
    unit = [windows.scale(group) for group in groups]
    kinds = rule.RULES[groups[0]["curvature"]].products
    left, right = ("gradient_sum" if gradients and kind == "gradients" else "window_start" for kind in kinds)
    scales = {"window_start": unit, "gradient_sum": [1.0] * len(groups)}
    moved, x, y, previous = (buffers(window.inside, key) for key in ("window_start", left, right, "previous"))
    columns: list[Column] = [(moved, moved), (x, previous), *([(x, y)] if gradients else [])]
    unmeasured = [i for i, group in enumerate(groups) if can_sum and (group["summed"] or group["weight_norm"] is None)]
    if unmeasured:
        columns.append(window.squared_weights())
    sums = window.products(columns)
    windows.note_norms(groups, sums[-1], unmeasured)
    for _, state in window.inside:
        state["previous"], state[right] = state[right], state["previous"]
    squares = [square * a * a for square, a in zip(sums[0], unit, strict=True)]
    gp = [product * a * g["previous_scale"] for product, a, g in zip(sums[1], scales[left], groups, strict=True)]
    gg = squares
    if gradients:
        gg = [product * a * b for product, a, b in zip(sums[2], scales[left], scales[right], strict=True)]
    trusted = windows.trust(window, groups, squares, steps) if can_sum else [True] * len(groups)
    return list(map(Measured, gg, gp, squares, scales[right], trusted))


def move(states: States, groups: Sequence[Group], measured: Sequence[Measured]) -> tuple[list[bool], float]:
    """Move α of every group, and keep what the next update needs.

    Returns:
        For each group whether its products were finite, without which α stays; and ‖·‖² of all directions' sum.
    """
    products = [
        Products(window.gg, window.gp, group["previous_square"]) if window.trusted else Products(0.0, 0.0, 0.0)
        for group, window in zip(groups, measured, strict=True)
    ]
    finite = _apply_rule(groups, products)
    for group, window, moves in zip(groups, measured, finite, strict=True):
        group["previous_square"], group["previous_scale"] = window.gg, window.scale
        if not (moves and window.trusted):
            windows.forget(states, group)
            group["skipped_updates"] += not moves or window.square > 0
    return finite, sum(window.square for window in measured)


def _apply_rule(groups: Sequence[Group], products: Sequence[Products]) -> list[bool]:
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


def set_rates(groups: Sequence[Group], new: list[float], alpha: list[float]) -> None:
    """Set α of each group from `alpha` to `new`, or to a restart's where that falls below the floor (appendix C)."""
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
    for group, before, after in zip(groups, alpha, new, strict=True):
        if after != before:
            set_rate(group, after)
