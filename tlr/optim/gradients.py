"""Sums of gradients over windows, for the rules that ask for them (Eqs. 10′ and 10″).

The sum of directions over a window is the displacement over α. With momentum it is no sum of gradients, so these are
had in one of two ways: added up step by step, over any base; or, for SGD, from the momentum buffers at both ends.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from tlr.optim.products import laid_out, local
from tlr.optim.rates import Group, rate
from tlr.optim.windows import Member, add_gradients, buffers, scale, weights


class Accumulated:
    """Sums of gradients that are added up in the buffers "gradient_sum", one pass over the gradients at each step."""

    #: Whether each step's gradients are to be added, by `windows.add_gradients`.
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
        first = [(p, state) for p, state in inside if state.get("momentum_buffer") is None]
        for p, state in inside:
            start, buffer = state["gradient_sum"], state.get("momentum_buffer")
            start.zero_() if buffer is None else start.copy_(laid_out(buffer, p))
        if group["dampening"] != 0 and group["momentum"] != 0:
            # SGD does not dampen the first gradient, as if there were a buffer that makes up for it.
            add_gradients(group, first, "gradient_sum", group["dampening"] / group["momentum"])

    def is_broken(self, group: Group) -> bool:
        return rate(group) == 0 or group.get("window_momentum") != _kind(group)

    def sums(self, group: Group, inside: Sequence[Member]) -> list[Tensor]:
        if not inside:
            return []
        momentum = group["momentum"]
        undamped = 1 - group["dampening"] if momentum != 0 and not group["nesterov"] else 1
        starts = buffers(inside, "window_start")
        sums = [start.clone() for start in starts] if group["summed"] else torch._foreach_sub(starts, weights(inside))
        torch._foreach_mul_(sums, scale(group) * ((1 - momentum) / undamped))
        if momentum != 0:
            share = momentum**2 if group["nesterov"] else momentum / undamped
            # Without a gradient SGD makes no buffer: then nothing has changed.
            ends = [
                (p, state["gradient_sum"] if (v := state.get("momentum_buffer")) is None else v) for p, state in inside
            ]
            torch._foreach_add_(sums, [local(laid_out(end, p)) for p, end in ends], alpha=share)
            torch._foreach_sub_(sums, buffers(inside, "gradient_sum"), alpha=share)
        return list(sums)


def _kind(group: Group) -> list[float]:
    return [float(group["momentum"]), float(group["dampening"]), float(group["nesterov"])]
