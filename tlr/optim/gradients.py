"""Sums of gradients over windows, for the rules that ask for them (Eqs. 10′ and 10″).

The sum of directions over a window is the displacement over α. With momentum it is no sum of gradients, so these are
had in one of two ways: added up step by step, over any base; or, for SGD, from the momentum buffers at both ends.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from tlr.optim.products import laid_out
from tlr.optim.rates import Group, rate
from tlr.optim.windows import Member, States, add, buffers, gradients, members, scale, weights


class Accumulated:
    """Sums of gradients that are added up in the buffers "gradient_sum", one pass over the gradients at each step."""

    #: Whether `before_step` does anything.
    every_step = True

    def needed(self, groups: Sequence[Group]) -> bool:
        """Whether the sums differ from those of directions."""
        return True

    def begin(self, group: Group, inside: Sequence[Member]) -> None:
        """Open a window of a group."""
        for _, state in inside:
            state["gradient_sum"].zero_()

    def is_broken(self, group: Group) -> bool:
        """Whether the window that is open can no longer be summed."""
        return False

    def before_step(self, group: Group, inside: Sequence[Member]) -> None:
        """Add the gradients that the next step takes, with the weight decay that the base adds to them."""
        inside = [(p, state) for p, state in inside if p.grad is not None]
        add(inside, "gradient_sum", gradients(inside), _sign(group))
        if group.get("weight_decay") and not group.get("decoupled_weight_decay"):
            add(inside, "gradient_sum", weights(inside), group["weight_decay"])

    def members(self, states: States, group: Group) -> list[Member]:
        """The members of a window that `sums` can be had of."""
        return members(states, group)

    def sums(self, group: Group, inside: Sequence[Member]) -> list[Tensor]:
        """The sums over a window that ends, while "window_start" still is what it was in the window."""
        return buffers(inside, "gradient_sum")


class FromMomentum(Accumulated):
    r"""Sums of gradients from the momentum buffers of SGD at both ends of a window: nothing is done between updates.

    From :math:`v_k - \mu v_{k-1} = (1 - \tau) g_k` follows, with D the sum of directions, dampening τ and
    :math:`\Delta = v_\text{end} - v_\text{start}`:

    .. math::
        (1 - \tau) G = (1 - \mu) D + \mu \Delta \quad \text{(heavy ball)}, \qquad
        G = (1 - \mu) D + \mu^2 \Delta \quad \text{(Nesterov)}

    Weight decay is in the gradients, as SGD adds it to them. Until a window closes "gradient_sum" holds v_start.
    """

    every_step = False

    def needed(self, groups: Sequence[Group]) -> bool:
        return any(group["momentum"] != 0 for group in groups)

    def begin(self, group: Group, inside: Sequence[Member]) -> None:
        # With a rate of 0 the momentum changes and the weights do not: the next step begins anew.
        group["window_momentum"] = _kind(group) if rate(group) != 0 else None
        for p, state in inside:
            buffer, start = state.get("momentum_buffer"), state["gradient_sum"]
            if buffer is not None:
                start.copy_(laid_out(buffer, p))
            elif group["dampening"] != 0 and group["momentum"] != 0 and p.grad is not None:
                # SGD does not dampen the first gradient, as if there were a buffer that makes up for it.
                start.copy_(laid_out(p.grad, p)).mul_(_sign(group)).add_(p, alpha=group["weight_decay"])
                start.mul_(group["dampening"] / group["momentum"])
            else:
                start.zero_()

    def is_broken(self, group: Group) -> bool:
        return rate(group) == 0 or group.get("window_momentum") != _kind(group)

    def members(self, states: States, group: Group) -> list[Member]:
        pairs = members(states, group)
        return [(p, state) for p, state in pairs if group["momentum"] == 0 or state.get("momentum_buffer") is not None]

    def sums(self, group: Group, inside: Sequence[Member]) -> list[Tensor]:
        if not inside:
            return []
        starts = buffers(inside, "window_start")
        sums = [start.clone() for start in starts] if group["summed"] else torch._foreach_sub(starts, weights(inside))
        of_directions, of_buffers = self._shares(group)
        torch._foreach_mul_(sums, scale(group) * of_directions)
        if group["momentum"] != 0:
            torch._foreach_add_(sums, buffers(inside, "momentum_buffer"), alpha=of_buffers)
            torch._foreach_sub_(sums, buffers(inside, "gradient_sum"), alpha=of_buffers)
        return list(sums)

    def _shares(self, group: Group) -> tuple[float, float]:
        """How much of D and of Δ is in G."""
        momentum = group["momentum"]
        if group["nesterov"]:
            return 1 - momentum, momentum**2
        undamped = 1 - group["dampening"] if momentum != 0 else 1
        return (1 - momentum) / undamped, momentum / undamped


def _kind(group: Group) -> list[float]:
    return [float(group["momentum"]), float(group["dampening"]), float(group["nesterov"])]


def _sign(group: Group) -> int:
    return -1 if group.get("maximize") else 1
