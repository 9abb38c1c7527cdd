"""TLR: stochastic gradient descent that trains its learning rate (Algorithm 2 and Eq. 10)."""

from collections.abc import Iterable
from typing import Any, Literal

import torch
from torch import Tensor
from torch.optim import SGD
from torch.optim.optimizer import ParamsT

from tlr.optim import windows
from tlr.optim.products import group_products, has_values, is_plain, local
from tlr.optim.rates import Group, rate, was_set_unseen
from tlr.optim.trainable import TrainableRate

__all__ = ["TLR"]


class TLR(TrainableRate, SGD):
    r"""Stochastic gradient descent that trains its learning rate α ("Trainable Learning Rate").

    Every `update_every` steps α moves by a bounded Newton step on the loss as a function of α:

    .. math::
        \alpha_{t+1} = \alpha_t \left[ 1 + \min\left( \frac{\langle g_t, g_{t-1} \rangle}
        {\max(4 \langle g_t, g_t - g_{t-1} \rangle, 0)}, c \right) \right]

    With `update_every=1` and neither momentum nor weight decay, :math:`g_t` is the gradient, and this is
    Algorithm 2 of the paper to the letter: α first, then the weights. Otherwise :math:`g_t` is the sum of the
    directions over a window of `update_every` steps (Eq. 10), which is the displacement of the weights over α,
    momentum and weight decay included; the second full window brings the first change of α, which the next step
    uses. The momentum buffer is kept when α changes. Between updates a step is `torch.optim.SGD`'s own.

    α is in `param_groups[i]["lr"]`, always positive and finite; `tlr.learning_rates` names it. An update whose
    inner products are not finite (in float32, a sum of directions beyond 1e19) is left out and counted:
    `tlr.skipped_updates`. A step that GradScaler skips, without gradients, or at α = 0 is no step of a window.

    Args:
        params: parameters, named parameters or parameter groups, as for any torch optimizer.
        lr (float or Tensor): α₀ > 0 (default 1e-2). Any value from 1e-3 to 1e-1 will usually do: α is trained.
        momentum, dampening, weight_decay, nesterov, maximize, foreach, fused: as in `torch.optim.SGD`.
            The paper's experiments use momentum 0.8 and weight decay 5e-4.
        differentiable: refused, as α is computed on the host.
        update_every (int): steps between two updates of α, pN in Eq. 10 (default 1). For mini-batches use
            about a third of an epoch: `tlr.rule.window(steps_per_epoch, p=1/3)`. With momentum μ it must be several
            times 1/(1 − μ) steps: shorter windows share what the momentum carries, and α runs away (notebook 03).
        c (float): the largest relative increase of α in one update, c > 0 (default 1/4).
        curvature: "published" is Eq. 8, the paper's (default). "secant" is Eq. 8′, exact on quadratics.
        per: "model" (default), "group" or "tensor": what shares one α. For a layer or a block of your own make
            it a parameter group, with a "name" for `tlr.learning_rates`.
        restart_below, restart_at: when α falls below the first, it restarts at the second, or at the largest
            α since the last restart (appendix C). Default: never. With per="model" the α of the first group
            decides, and the others keep their ratio to it.

    Gradients may be dense or sparse, parameters real or complex, of any floating-point type, or sharded over
    processes (FSDP2); then the inner products are those of the whole tensors.

    Precision: a displacement is a difference of rounded weights. Where it would drown (half-precision weights,
    a tiny α) the directions are summed in at least float32 instead; the switch is automatic, takes place when
    the estimated relative error of the displacement passes 1e-3, and costs one pass over the weights each step.

    Schedules: an `LRScheduler` multiplies α like any learning rate. Those that scale the current value (StepLR,
    MultiStepLR, ExponentialLR, MultiplicativeLR, ConstantLR, LinearLR, PolynomialLR, CosineAnnealingLR,
    ReduceLROnPlateau, ChainedScheduler) keep what was learned: α is schedule × learned. Those that set it
    (LambdaLR, OneCycleLR, CyclicLR, CosineAnnealingWarmRestarts, SWALR) erase it at each of their steps, and
    SequentialLR at its milestones. α may also be set by hand at any step, in the middle of a window too.

    torch.compile: the step stays one graph. A tensor lr never recompiles it; a float does once, when it first
    changes, as for any torch optimizer.

    Memory: two buffers like the parameters beyond SGD's own, in float32 for half types.

    Raises:
        ValueError: lr <= 0, c <= 0, update_every < 1, an unknown `curvature` or `per`, restarts other than
            0 < restart_below < restart_at, differentiable=True, or what SGD refuses.

    Example:
        >>> _ = torch.manual_seed(0)
        >>> model = torch.nn.Linear(2, 1)
        >>> x = torch.randn(64, 2)
        >>> y = x.sum(1, keepdim=True)
        >>> optimizer = TLR(model.parameters(), lr=0.001)
        >>> for _ in range(30):
        ...     optimizer.zero_grad()
        ...     torch.nn.functional.mse_loss(model(x), y).backward()
        ...     optimizer.step()
        >>> round(optimizer.param_groups[0]["lr"], 2)  # hundreds of times too small at first, and no more
        0.65

    Reference:
        "Trainable Learning Rate", Eqs. 7–10, Algorithm 2, appendices C and D. Eq. 8′: see notebook 01.
    """

    _can_sum = True

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-2,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        update_every: int = 1,
        c: float = 0.25,
        curvature: str = "published",
        per: Literal["model", "group", "tensor"] = "model",
        restart_below: float | None = None,
        restart_at: float | None = None,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        super().__init__(
            params,
            lr,
            momentum,
            dampening,
            weight_decay,
            nesterov,
            update_every=update_every,
            c=c,
            curvature=curvature,
            per=per,
            restart_below=restart_below,
            restart_at=restart_at,
            maximize=maximize,
            foreach=foreach,
            differentiable=differentiable,
            fused=fused,
        )

    def _plain(self) -> bool:
        """Whether directions are gradients and windows single steps: Algorithm 2 itself."""
        return self.param_groups[0]["update_every"] == 1 and all(
            group["momentum"] == 0 and group["weight_decay"] == 0 for group in self.param_groups
        )

    def _prepare(self) -> dict[Tensor, windows.State]:
        if not self._plain():
            return super()._prepare()
        self._update_from_gradients()
        return {}

    def _close_window(self) -> None:
        if self._plain():
            self.param_groups[0]["steps_in_window"] = 0
        else:
            super()._close_window()

    def _update_from_gradients(self) -> None:
        """Lines 4, 5 and 7 of Algorithm 2; line 6 is SGD's step, with the new α."""
        groups = self.param_groups
        params: list[Tensor] = []
        owner: list[int] = []
        for number, group in enumerate(groups):
            for p in group["params"]:
                if p.grad is not None:
                    if "previous" not in self.state[p]:
                        self.state[p]["previous"] = windows.new_buffer(p)
                    params.append(p)
                    owner.append(number)
                elif "previous" in self.state.get(p, ()):
                    self.state[p]["previous"].zero_()
        if not params or not has_values(params):
            return
        for group in groups:
            was_set_unseen(group)
        if all(rate(group) <= 0 for group in groups):
            return
        previous = [local(self.state[p]["previous"]) for p in params]
        now = [local(_gradient(p)) for p in params]
        now = [g if g.dtype == b.dtype else g.to(b.dtype) for g, b in zip(now, previous, strict=True)]
        gg, gp = group_products([(now, now), (now, previous)], params, owner, len(groups))
        torch._foreach_copy_(previous, now)
        self._update(gg, gp, [True] * len(groups), [1.0] * len(groups))

    def _sum_directions(self, group: Group) -> None:
        first: list[tuple[Tensor, windows.State]] = []  # whose first step this is: the momentum begins as the gradient
        later: list[tuple[Tensor, windows.State]] = []
        for p, state in windows.members(self.state, group):
            if p.grad is not None:
                (first if state.get("momentum_buffer") is None else later).append((p, state))
        momentum, nesterov = group["momentum"], group["nesterov"]
        _add_directions(group, first, 1 + momentum if nesterov else 1)
        if momentum == 0:
            _add_directions(group, later, 1)
            return
        _add_directions(group, later, 1 + momentum if nesterov else 1 - group["dampening"])
        buffers = (state["momentum_buffer"] for _, state in later)
        _add((state for _, state in later), buffers, momentum**2 if nesterov else momentum)


def _add_directions(group: Group, inside: list[tuple[Tensor, windows.State]], factor: float) -> None:
    """Add multiples of the gradients, weight decay included, to the windows' sums."""
    states = [state for _, state in inside]
    _add(states, (_gradient(p) for p, _ in inside), -factor if group["maximize"] else factor)
    if group["weight_decay"] != 0:
        _add(states, (p for p, _ in inside), factor * group["weight_decay"])


def _add(states: Iterable[windows.State], tensors: Iterable[Tensor], factor: float) -> None:
    """Add multiples of tensors to the windows' sums, in place and without a copy of either."""
    sums = [local(state["window_start"]) for state in states]
    if sums:
        torch._foreach_add_(sums, [local(_dense(tensor)) for tensor in tensors], alpha=factor)


def _gradient(p: Tensor) -> Tensor:
    """p's gradient, dense, and where p is a DTensor laid out as p is."""
    assert p.grad is not None
    gradient: Any = _dense(p.grad)
    if not is_plain(p) and getattr(gradient, "placements", None) != getattr(p, "placements", None):
        gradient = gradient.redistribute(placements=p.placements)  # type: ignore[attr-defined]
    return gradient  # type: ignore[no-any-return]


def _dense(tensor: Tensor) -> Tensor:
    return tensor.to_dense() if tensor.is_sparse else tensor
