"""TLR without its second derivative: the meta step size η is a constant (appendix D.4)."""

import torch

from tlr.course.peers.base import SGDDirections, TrainedRate, sums_of_products

__all__ = ["FixedEta"]


class FixedEta(TrainedRate, SGDDirections):
    r"""TLR with a fixed meta step size η in place of Eq. 9 (appendix D.4).

    .. math::
        \alpha_{t+1} = \max(0,\; \alpha_t + \eta \langle g_t, g_{t-1} \rangle)

    every `update_every` steps, with :math:`g_t` the sum of the directions since the last update (Eq. 10). They are
    summed, not read from the displacement of the weights, because α may be zero; it recovers when the sums of two
    windows agree. Within a step α moves first, then the weights, as in Algorithm 2. The second full window
    brings the first change of α.

    Args:
        params: parameters or parameter groups; each group has its own α.
        lr: α₀ > 0.
        eta: η >= 0. The paper tries 0.001, 0.01, 0.1 and 1, and finds it as tedious to tune as a learning rate.
        update_every: steps between two updates of α (default 1); see `tlr.rule.window`.
        momentum, dampening, weight_decay, nesterov, maximize: as in `torch.optim.SGD`.

    Raises:
        ValueError: lr <= 0, eta < 0, update_every < 1, or what SGD refuses.
        TypeError: sparse gradients.
    """

    def __init__(self, params, lr, *, eta, update_every=1, **sgd):
        if not eta >= 0:
            raise ValueError(f"η (eta) must not be negative, not {eta!r}.")
        if not (isinstance(update_every, int) and update_every >= 1):
            raise ValueError(f"update_every counts steps and must be an integer of at least 1, not {update_every!r}.")
        own = {"eta": eta, "update_every": update_every, "steps_in_window": 0}
        super().__init__(params, lr, options=own, **sgd)

    def _move_alpha(self, moves):
        closing = []
        for group, params, _, directions in moves:
            if params:
                torch._foreach_add_(self._buffers(params, "sum_of_directions"), directions)
            group["steps_in_window"] += 1
            if group["steps_in_window"] == group["update_every"]:
                group["steps_in_window"] = 0
                closing.append((group, [p for p in group["params"] if "sum_of_directions" in self.state.get(p, ())]))
        if not closing:
            return
        now = [self._buffers(params, "sum_of_directions") for _, params in closing]
        before = [self._buffers(params, "previous_sum") for _, params in closing]
        products = sums_of_products(list(zip(now, before, strict=True)))
        for (group, params), new, old, product in zip(closing, now, before, products, strict=True):
            group["lr"] = max(0.0, group["lr"] + group["eta"] * product)
            if params:
                torch._foreach_copy_(old, new)
                torch._foreach_zero_(new)
