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

from tlr.optim.products import Column, group_products, laid_out, local
from tlr.optim.rates import Group, rate

#: State of one parameter, as torch keeps it: names of buffers and what they hold.
State = dict[str, Any]
#: The state of all parameters.
States = dict[Tensor, State]
#: A parameter and its state.
Member = tuple[Tensor, State]

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


# What tensors there are. `inside` is a list of members of a window, everywhere.


def new_buffer(p: Tensor) -> Tensor:
    """Zeros like p, in float32 where p is of a half type."""
    return torch.zeros_like(p, dtype=torch.float32 if p.dtype in HALF else p.dtype)


def fits(p: Tensor, state: State, key: str) -> bool:
    """Whether there is a buffer of this name for p: one of another shape was left by somebody who cut p anew."""
    return key in state and state[key].shape == p.shape


def members(states: States, group: Group) -> list[Member]:
    """The parameters of a group that have been in a window, each with its state."""
    pairs = ((p, states.get(p, {})) for p in group["params"])
    return [(p, state) for p, state in pairs if fits(p, state, "window_start")]


def weights(inside: Sequence[Member]) -> list[Tensor]:
    """The weights as they are."""
    return [local(p) for p, _ in inside]


def gradients(inside: Sequence[Member]) -> list[Tensor]:
    """The gradients of members that all have one."""
    return [local(laid_out(p.grad, p)) for p, _ in inside]


def buffers(inside: Sequence[Member], key: str) -> list[Tensor]:
    """What the states hold under this name."""
    return [local(laid_out(state[key], p)) for p, state in inside]


def add(inside: Sequence[Member], key: str, tensors: list[Tensor], factor: float) -> None:
    """Add multiples of tensors to the buffers of this name, in place and without a copy of either."""
    if inside:
        torch._foreach_add_(buffers(inside, key), tensors, alpha=factor)


def add_gradients(group: Group, inside: Sequence[Member], key: str, factor: float = 1) -> None:
    """Add multiples of the gradients, with the weight decay that the base adds to them, to the buffers of this name."""
    inside = [(p, state) for p, state in inside if p.grad is not None]
    add(inside, key, gradients(inside), -factor if group.get("maximize") else factor)
    if group.get("weight_decay") and not group.get("decoupled_weight_decay"):
        add(inside, key, weights(inside), factor * group["weight_decay"])


class Window(NamedTuple):
    """A window that has closed: its members, group by group, the numbers of their groups, and how many these are."""

    inside: list[Member]
    owner: list[int]
    groups: int

    @classmethod
    def join(cls, groups: Sequence[Sequence[Member]]) -> "Window":
        """Of the members of each group."""
        owner = [number for number, inside in enumerate(groups) for _ in inside]
        return cls([member for inside in groups for member in inside], owner, len(groups))

    def products(self, columns: Sequence[Column]) -> list[list[float]]:
        """`group_products` of lists of tensors as long as `inside`."""
        return group_products(columns, [p for p, _ in self.inside], self.owner, self.groups)

    def squared_weights(self) -> Column:
        """What `products` needs for ‖w‖²: in the types of the sums."""
        sums = buffers(self.inside, "window_start")
        wide = [w.to(n.dtype) for w, n in zip(weights(self.inside), sums, strict=True)]
        return wide, wide


# From the first step of a window to its last.


def open_window(states: States, group: Group, can_sum: bool, keys: Sequence[str]) -> list[Member]:
    """Begin a window of one group, in which parameters join that have a gradient, and return its members.

    `keys` are the names of the buffers that each parameter has; `can_sum` is whether directions can be summed.
    """
    group["window_lr"] = rate(group)
    known = {p for p, _ in members(states, group)}
    for p in group["params"]:
        if p.grad is not None and p not in known:
            states[p].update({key: new_buffer(p) for key in keys})
            group["weight_norm"] = None
    inside = members(states, group)
    # Nothing is known yet about the precision of a first window.
    unknown = group["weight_norm"] is None or any(p.dtype in HALF for p in group["params"])
    group["summed"] = can_sum and (group["summed"] or unknown)
    if inside and group["summed"]:
        torch._foreach_zero_(buffers(inside, "window_start"))
    elif inside:
        torch._foreach_copy_(buffers(inside, "window_start"), weights(inside))
    for p, state in inside:  # another rule, by a checkpoint or by hand, may need more than the last did
        state.update({key: new_buffer(p) for key in keys if not fits(p, state, key)})
    return inside


def change_unit(states: States, group: Group, alpha: float) -> None:
    """α was changed from outside (a scheduler, by hand): express the displacement so far in the new α."""
    inside = members(states, group)
    if inside and group["window_lr"] != 0:
        torch._foreach_lerp_(buffers(inside, "window_start"), weights(inside), 1 - alpha / group["window_lr"])
    group["window_lr"] = alpha


def close_window(states: States, groups: Sequence[Group]) -> Window:
    """End the window of all groups: the buffers "window_start" hold the sums of directions over each `scale`."""
    groups_inside = [members(states, group) for group in groups]
    for group, inside in zip(groups, groups_inside, strict=True):
        if inside and not group["summed"]:
            torch._foreach_sub_(buffers(inside, "window_start"), weights(inside))
    return Window.join(groups_inside)


def scale(group: Group) -> float:
    """What turns a group's window buffer into a sum of directions."""
    if group["summed"]:
        return 1.0
    return 1 / group["window_lr"] if group["window_lr"] else 0.0


def forget(states: States, group: Group) -> None:
    """Forget the last window of a group, so that the next one has nothing to be compared with."""
    group["previous_square"] = group["previous_scale"] = 0.0
    for p in group["params"]:
        if "previous" in states.get(p, ()):
            states[p]["previous"].zero_()


# How the next window is measured.


def note_norms(groups: Sequence[Group], squares: Sequence[float], numbers: Sequence[int]) -> None:
    """Note ‖w‖ of the groups with these numbers from ‖w‖² of all."""
    for number in numbers:
        square = squares[number]
        groups[number]["weight_norm"] = math.sqrt(square) if math.isfinite(square) else None


def trust(window: Window, groups: Sequence[Group], squares: Sequence[float], steps: int) -> list[bool]:
    """Whether each group's sum of directions, with this ‖·‖², can be trusted; choose how the next one is measured."""
    known = list(zip(groups, squares, strict=True))
    doubtful = [i for i, (group, square) in enumerate(known) if not group["summed"] and _drowns(group, square, steps)]
    if doubtful:  # the weights may have shrunk since they were measured
        (norms,) = window.products([window.squared_weights()])
        note_norms(groups, norms, doubtful)
    trusted = []
    for group, square in known:
        was_summed = group["summed"]
        group["summed"] = _drowns(group, square, steps, _TOLERANCE / 10 if was_summed else _TOLERANCE)
        trusted.append(was_summed or not group["summed"])
    return trusted


def _drowns(group: Group, square: float, steps: int, tolerance: float = _TOLERANCE) -> bool:
    """Whether the relative error of a displacement, estimated from ‖·‖² of the sum of directions, is above this."""
    if not math.isfinite(square):
        return False
    # Every step rounds a weight by half a unit in the last place at most; the errors add up as a random walk.
    eps = max((torch.finfo(dtype).eps for dtype in {p.dtype for p in group["params"]}), default=0.0)
    rounding = 0.3 * eps * math.sqrt(steps) * (group["weight_norm"] or 0.0)
    return bool(rounding > tolerance * group["window_lr"] * math.sqrt(square))
