"""Windows of steps (Eq. 10): opened, followed through changes of α, closed; and how their sums are measured.

The sum of directions over a window is the displacement of the weights over α. It is had without any work between
updates from a copy of the weights at the window's start. A displacement is a difference of weights that were rounded
at every step; where it would drown in that rounding, the directions are summed one by one instead.
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from tlr.optim.products import group_products, local
from tlr.optim.rates import Group, rate

__all__ = [
    "BUFFERS",
    "FRESH",
    "HALF",
    "Window",
    "change_unit",
    "close_window",
    "fits",
    "forget",
    "members",
    "new_buffer",
    "note_norms",
    "open_window",
    "scale",
    "trust",
]

#: State of one parameter, as torch keeps it: names of buffers and what they hold.
State = dict[str, Any]
#: The state of all parameters.
States = dict[Tensor, State]

#: What a group starts with, besides its options. All state is in `state` and `param_groups`, where torch saves it.
FRESH = {
    "steps_in_window": 0,  # the clock; all groups share that of the first one
    "window_lr": 0.0,  # the α in whose unit the displacement of this window is measured
    "previous_scale": 0.0,  # what turns the previous window's buffer into a sum of directions
    "previous_square": 0.0,  # ‖g_{t−1}‖², of the sum of directions
    "weight_norm": None,  # ‖w‖ when it was last measured
    "summed": False,  # directions are summed, because the displacement would drown in rounding
    "largest_lr": 0.0,  # since the last restart
    "skipped_updates": 0,
}

#: The buffers of a parameter: its value at the start of the window, or the sum of directions so far; the last window's
#: sum; and, for the rules that ask for it, what the sum of gradients is had from.
BUFFERS = ("window_start", "previous", "gradient_sum")

HALF = (torch.float16, torch.bfloat16)

# Above this estimate of the relative error of a displacement the directions are summed instead.
_TOLERANCE = 1e-3


def new_buffer(p: Tensor) -> Tensor:
    """Zeros like p, in float32 where p is of a half type."""
    return torch.zeros_like(p, dtype=torch.float32 if p.dtype in HALF else p.dtype)


def members(states: States, group: Group) -> list[tuple[Tensor, State]]:
    """The parameters of a group that have been in a window, each with its state."""
    pairs = ((p, states.get(p, {})) for p in group["params"])
    return [(p, state) for p, state in pairs if fits(p, state, "window_start")]


def fits(p: Tensor, state: State, key: str) -> bool:
    """Whether there is a buffer of this name for p: one of another shape was left by somebody who cut p anew."""
    return key in state and state[key].shape == p.shape


def open_window(states: States, group: Group, can_sum: bool, keys: Sequence[str]) -> dict[Tensor, State]:
    """Begin a window of one group, and return the buffers of parameters that join with it, to be put in their state.

    Args:
        states: the optimizer's.
        group: the parameter group.
        can_sum: whether directions can be summed one by one.
        keys: the names of the buffers that each parameter has.
    """
    group["window_lr"] = rate(group)
    inside = members(states, group)
    joining = []
    if len(inside) < len(group["params"]):
        known = {p for p, _ in inside}
        joining = [p for p in group["params"] if p.grad is not None and p not in known]
    if joining:
        group["weight_norm"] = None
    # Nothing is known yet about the precision of a first window.
    if can_sum and (group["weight_norm"] is None or any(p.dtype in HALF for p in group["params"])):
        group["summed"] = True
    starts = [local(state["window_start"]) for _, state in inside]
    if starts and group["summed"]:
        torch._foreach_zero_(starts)
    elif starts:
        torch._foreach_copy_(starts, [local(p) for p, _ in inside])
    for p, state in inside:  # another rule, by a checkpoint or by hand, may need more than the last did
        state.update({key: new_buffer(p) for key in keys if not fits(p, state, key)})
    new = {p: {key: new_buffer(p) for key in keys} for p in joining}
    if not group["summed"]:
        for p, buffers in new.items():
            buffers["window_start"].copy_(p)
    return new


def change_unit(states: States, group: Group, alpha: float) -> None:
    """α was changed from outside (a scheduler, by hand): express the displacement so far in the new α."""
    inside = members(states, group)
    if inside and group["window_lr"] != 0:
        starts = [local(state["window_start"]) for _, state in inside]
        torch._foreach_lerp_(starts, [local(p) for p, _ in inside], 1 - alpha / group["window_lr"])
    group["window_lr"] = alpha


class Window(NamedTuple):
    """A window that has closed: its parameters, group by group, their states, and the numbers of their groups."""

    params: list[Tensor]
    states: list[State]
    owner: list[int]

    def sums(self, key: str) -> list[Tensor]:
        """The buffers of this name; "window_start" holds the sums of directions over each group's `scale`."""
        return [local(state[key]) for state in self.states]

    def weights(self) -> list[Tensor]:
        """The weights as they are, in the types of the sums."""
        return [local(p).to(n.dtype) for p, n in zip(self.params, self.sums("window_start"), strict=True)]

    def of(self, groups: Sequence[int]) -> "Window":
        """The part of this window that belongs to some of the groups."""
        rows = [i for i, number in enumerate(self.owner) if number in groups]
        return Window([self.params[i] for i in rows], [self.states[i] for i in rows], [self.owner[i] for i in rows])


def close_window(states: States, groups: Sequence[Group]) -> Window:
    """End the window of all groups: its sums stand in the buffers "window_start"."""
    window = Window([], [], [])
    for number, group in enumerate(groups):
        inside = members(states, group)
        window.params.extend(p for p, _ in inside)
        window.states.extend(state for _, state in inside)
        window.owner.extend([number] * len(inside))
        if inside and not group["summed"]:
            torch._foreach_sub_([local(state["window_start"]) for _, state in inside], [local(p) for p, _ in inside])
    return window


def scale(group: Group) -> float:
    """What turns a group's window buffer into a sum of directions."""
    if group["summed"]:
        return 1.0
    return 1 / group["window_lr"] if group["window_lr"] else 0.0


def note_norms(groups: Sequence[Group], squares: Sequence[float], numbers: Sequence[int]) -> None:
    """Note ‖w‖ of the groups with these numbers from ‖w‖² of all."""
    for number in numbers:
        square = squares[number]
        groups[number]["weight_norm"] = math.sqrt(square) if math.isfinite(square) else None


def trust(window: Window, groups: Sequence[Group], squares: Sequence[float], steps: int) -> list[bool]:
    """Whether each group's sum of directions can be trusted; choose how the next one is measured.

    Args:
        window: the window that closed.
        groups: the parameter groups. "weight_norm" is measured again where a displacement looks drowned.
        squares: ‖·‖² of the sum of directions of each group.
        steps: how many steps the window had.
    """
    eps = [0.0] * len(groups)
    for p, number in zip(window.params, window.owner, strict=True):
        eps[number] = max(eps[number], torch.finfo(p.dtype).eps)

    def rounding(number: int) -> float:
        # Every step rounds a weight by half a unit in the last place at most; the errors add up as a random walk.
        return float(0.3 * eps[number] * math.sqrt(steps) * (groups[number]["weight_norm"] or 0.0))

    moved = [
        _TOLERANCE * group["window_lr"] * math.sqrt(square) if math.isfinite(square) else math.inf
        for group, square in zip(groups, squares, strict=True)
    ]
    doubtful = [i for i, group in enumerate(groups) if not group["summed"] and rounding(i) > moved[i]]
    if doubtful:  # the weights may have shrunk since they were measured
        part = window.of(doubtful)
        weights = part.weights()
        (norms,) = group_products([(weights, weights)], part.params, part.owner, len(groups))
        note_norms(groups, norms, doubtful)
    trusted = [True] * len(groups)
    for number, group in enumerate(groups):
        if group["summed"]:
            group["summed"] = rounding(number) > moved[number] / 10
        elif number in doubtful and rounding(number) > moved[number]:
            group["summed"], trusted[number] = True, False
    return trusted


def forget(states: States, group: Group) -> None:
    """Forget the last window of a group, so that the next one has nothing to be compared with."""
    group["previous_square"] = group["previous_scale"] = 0.0
    for p in group["params"]:
        if "previous" in states.get(p, ()):
            states[p]["previous"].zero_()
