"""TLR's α as the first trial of a line search (notebook 07, theorem 5)."""

import torch

from tlr import rule
from tlr.course.peers.base import sums_of_products
from tlr.course.peers.sls import SLS

__all__ = ["TLRArmijo"]


class TLRArmijo(SLS):
    r"""Gradient descent by TLR's α, halved until the loss falls enough.

    Each step takes α from the rule (Algorithm 2) and halves it until

    .. math::
        L(w - \alpha g) \le L(w) - \tfrac14 \alpha \lVert g \rVert^2

    With exact gradients the loss never rises, whatever α₀ is, and where ∇L is Lipschitz and L bounded below the
    gradient goes to zero; halving costs less than a third of a forward pass a step. With mini-batches the condition
    is about the batch alone, as in `SLS`, whose search this is.

    Args:
        params: parameters or parameter groups; all share one α, which is in `param_groups[0]["lr"]`.
        lr: α₀ > 0.

    Raises:
        ValueError: lr <= 0, groups that differ.
        TypeError: a step without a closure; sparse gradients.
        RuntimeError: a closure that calls backward in trials.
    """

    _most_trials = 30  # of halving: nine orders of magnitude

    def __init__(self, params, lr):
        super().__init__(params, lr, c=0.25, beta=0.5, reset="keep")

    def _first_trial(self, params, gradients):
        previous = self._buffers(params, "previous")
        gg, gp, pp = sums_of_products([(gradients, gradients), (gradients, previous), (previous, previous)])
        torch._foreach_copy_(previous, gradients)
        return float(rule.next_alpha(self._shared["lr"], gg, gp, pp))
