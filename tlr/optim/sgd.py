"""TLR: stochastic gradient descent that trains its learning rate (Algorithm 2 and Eq. 10)."""

from typing import Literal

import torch
from torch import Tensor
from torch.optim import SGD
from torch.optim.optimizer import ParamsT

from tlr.optim import windows
from tlr.optim.gradients import FromMomentum
from tlr.optim.processes import refuse_flat_parameters
from tlr.optim.products import has_values
from tlr.optim.rates import Group, rate, was_set_unseen
from tlr.optim.trainable import TrainableRate
from tlr.optim.update import Measured, move
from tlr.optim.windows import Member, States, Window, add, add_gradients, buffers, gradients

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
    inner products are not finite is left out and counted: `tlr.skipped_updates`. Its first one warns. A step that
    GradScaler skips, without gradients, or at α = 0 is no step of a window.

    Args:
        params: parameters, named parameters or parameter groups, as for any torch optimizer.
        lr (float or Tensor): α₀ > 0 (default 1e-2). With mini-batches and windows of at least what
            `tlr.rule.window` computes, any value from 1e-3 to 1e-1 will usually do: α is trained.
        momentum, dampening, weight_decay, nesterov, maximize, foreach, fused: as in `torch.optim.SGD`.
            The paper's experiments use momentum 0.8 and weight decay 5e-4.
        differentiable: refused, as α is computed on the host.
        update_every (int): steps between two updates of α, pN in Eq. 10. Default: `tlr.window(epoch, momentum=μ)`,
            about a third of an epoch, if `epoch` is given, and else 1: for mini-batches use `tlr.window`. A warning
            says so where a window is shorter than momentum allows.
        c (float): the largest relative increase of α in one update, c > 0 (default 1/4, and 1/2 for "steady").
        curvature: a key of `tlr.rule.RULES`. "published" is Eq. 8, the paper's (default). "secant" is Eq. 8′, exact on
            quadratics. "slope" (Eq. 10′) and "gradients" (Eq. 10″) are Eq. 8′ with sums of gradients on one side of
            the products, or on both: momentum hands nothing on in them, so that windows may be short. "steady", which
            is the one to take without a reason for another, adds to "gradients" what keeps it from getting lost
            (`tlr.optim.steady`): short first windows, an allowance for batches that are drawn without replacement,
            and windows that blew up are taken back, weights and momentum with them. Over full batches it needs
            update_every=1, and it needs float32 weights at least.
        per: "model" (default) trains one α for all parameters; groups that begin with different rates keep their
            ratio. "group" trains one for each parameter group, "tensor" one for each tensor. For a layer or a block
            of your own make it a group, with a "name" for `tlr.learning_rates`.
        restart_below, restart_at: when an update takes α below the first, it restarts at the second, or at the
            largest α since the last restart (appendix C). Default: never. With per="model" the α of the first group
            decides, and the others keep their ratio to it.
        epoch (int): steps an epoch, for "steady" alone: `len(loader)` where batches are drawn without replacement, as
            `DataLoader(shuffle=True)` does, and a kth of it, rounded up, where gradients accumulate over k batches.
            Default: batches are drawn anew each time.

    Full batches: noise is what holds α back. With exact gradients Algorithm 2 itself ends in nan on a two-layer
    network from every α₀ tried, 1e-4 to 1e-1; the secant rule with update_every=1 does not, but its loss rises up to
    3e4-fold on the way. A run whose gradients have grown 10,000-fold warns.

    Gradients may be dense or sparse, parameters real or complex, of any floating-point type, or sharded over
    processes (FSDP2): inner products are those of the whole tensors. Under DDP every process computes the same α.

    Precision: a displacement is a difference of rounded weights. Where its relative error would pass 1e-3 (half
    types, a tiny α), and in a first window, about which nothing is known yet, directions are summed in at least
    float32 instead, and a step costs up to twice SGD's. Products that leave float32 are computed in float64.

    Schedules: those that scale the current rate (StepLR, CosineAnnealingLR and most others) keep what was learned: α is
    schedule × learned, and rises again after a reduction if it can. Those that set it (LambdaLR, OneCycleLR, …) erase
    it at each of their steps, and a warning says so; docs/optimizer.md lists both kinds, and what trainers do. α may
    also be set by hand at any step. After you write to the weights yourself, call `fresh_window()`.

    torch.compile: give lr as a tensor. The step is then compiled as often as SGD's, whatever α does; a float lr is
    compiled anew at every change of α, as any torch optimizer's is, until torch's limit of recompilations.

    Memory: two buffers like the parameters beyond SGD's own, in float32 for half types; with momentum "slope",
    "gradients" and "steady" take a third. These begin a window anew when momentum changes in the middle of it, so that
    a schedule that cycles momentum, as OneCycleLR does, leaves them no window. A warning says so.

    Raises:
        ValueError: an argument outside of the range given here, restarts other than 0 < restart_below < restart_at
            included, or what SGD refuses.
        ValueError: parameters that FSDP1 or ZeroRedundancyOptimizer partitioned: each process would train another α.

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
    _gradient_sums = FromMomentum()

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-2,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        update_every: int | None = None,
        c: float | None = None,
        curvature: str = "published",
        per: Literal["model", "group", "tensor"] = "model",
        restart_below: float | None = None,
        restart_at: float | None = None,
        epoch: int | None = None,
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
            epoch=epoch,
            maximize=maximize,
            foreach=foreach,
            differentiable=differentiable,
            fused=fused,
        )

    def _plain(self) -> bool:
        """Whether directions are gradients and windows single steps: Algorithm 2 itself."""
        if self._is_steady() or self.param_groups[0]["update_every"] != 1:
            return False
        return all(group["momentum"] == 0 and group["weight_decay"] == 0 for group in self.param_groups)

    def _prepare(self) -> None:
        if self._plain():
            self.param_groups[0]["steps_in_window"] = 0
            self._update_from_gradients()
        else:
            super()._prepare()

    def _update_from_gradients(self) -> None:
        """Lines 4, 5 and 7 of Algorithm 2; line 6 is SGD's step, with the new α."""
        groups = self.param_groups
        window = Window.join([self._with_previous(group) for group in groups])
        if not window.inside or not has_values(p for p, _ in window.inside):
            return
        for group in groups:
            was_set_unseen(group)
        if all(rate(group) <= 0 for group in groups):
            return
        previous = buffers(window.inside, "previous")
        now = [g.to(b.dtype) for g, b in zip(gradients(window.inside), previous, strict=True)]
        gg, gp = window.products([(now, now), (now, previous)])
        torch._foreach_copy_(previous, now)
        self._watch.before_window(groups)
        measured = list(map(Measured, gg, gp, gg))
        self._watch.after_update(groups, *move(self.state, groups, measured))

    def _with_previous(self, group: Group) -> list[Member]:
        """The parameters of a group that have a gradient; their states have one in "previous", the others' is 0."""
        inside = []
        for p in group["params"]:
            if p.grad is not None:
                state = self.state[p]
                if not windows.fits(p, state, "previous"):
                    refuse_flat_parameters([p])
                    state["previous"] = windows.new_buffer(p)
                inside.append((p, state))
            elif "previous" in self.state.get(p, ()):
                self.state[p]["previous"].zero_()
        return inside

    def _sum_directions(self, group: Group) -> None:
        if _reads_buffers(group):
            return
        inside = _moved(self.state, group)
        first = [(p, state) for p, state in inside if state.get("momentum_buffer") is None]  # it begins as the gradient
        later = [(p, state) for p, state in inside if state.get("momentum_buffer") is not None]
        momentum, nesterov = group["momentum"], group["nesterov"]
        add_gradients(group, first, "window_start", 1 + momentum if nesterov else 1)
        add_gradients(group, later, "window_start", 1 + momentum if nesterov else 1 - group["dampening"])
        add(later, "window_start", buffers(later, "momentum_buffer"), momentum**2 if nesterov else momentum)

    def _count_step(self) -> None:
        if self._plain():
            return
        for group in self.param_groups:
            if group["summed"] and rate(group) != 0 and _reads_buffers(group):
                inside = _moved(self.state, group)
                add(inside, "window_start", buffers(inside, "momentum_buffer"), 1)
        super()._count_step()


def _reads_buffers(group: Group) -> bool:
    """Whether the momentum after a step is the direction that it took, to the bit: then one pass sums it."""
    heavy_ball = group["momentum"] != 0 and not group["nesterov"]
    return heavy_ball and not any(p.dtype in windows.HALF for p in group["params"])


def _moved(states: States, group: Group) -> list[Member]:
    return [(p, state) for p, state in windows.members(states, group) if p.grad is not None]
