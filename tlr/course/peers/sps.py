"""The stochastic Polyak step size (Loizou et al., 2021)."""

import math

import torch

from tlr.course.peers.base import OneRate, sums_of_products
from tlr.optim.rates import check_rate

__all__ = ["SPS"]


class SPS(OneRate):
    r"""SGD with the stochastic Polyak step size: SPS, SPS_max, and its smoothed bound.

    .. math::
        \gamma_k = \min\left\{ \frac{f_i(w_k) - \ell^*}{c \, \lVert \nabla f_i(w_k) \rVert^2},\; \gamma_b \right\},
        \qquad w_{k+1} = w_k - \gamma_k \nabla f_i(w_k)

    with :math:`f_i` the loss of the batch. Without a bound, :math:`\gamma_b = \infty`, this is SPS; with a constant
    one it is SPS_max. With the smooth-iter rule, the one that the authors use for deep networks, no step is much
    longer than the one before:

    .. math::
        \gamma_b = \tau^{b/n} \, \gamma_{k-1}, \qquad \tau = 2

    where n/b is the number of batches in an epoch. All parameters share one step size, which is read from
    `param_groups[0]["lr"]` after a step. A batch whose gradient is zero leaves the weights and γ as they are: by the
    formula γ would be 0/0, and under the smooth-iter rule a zero would stay for ever. A penalty such as weight decay
    belongs into the closure's loss, which γ depends on. In data-parallel training the closure must return the loss
    averaged over the processes, or each would take a step of its own. (The authors' class has 1e-8 under ‖∇f‖², which
    their experiments set to 0.)

    Args:
        params: parameters or parameter groups.
        lr: γ₋₁ > 0, where the smooth-iter rule begins (default 1; the value is the authors' code's).
        c: c > 0 (default 1/2, with which the authors prove linear convergence under strong convexity; the
            experiments in their code have 0.2 for networks).
        lower_bound: ℓ*, below which the loss of no batch can fall (default 0, right for cross entropy).
        max_lr: γ_b > 0, the longest step (default: no bound).
        steps_per_epoch: n/b >= 1 switches the smooth-iter rule on (default None: off).

    Raises:
        ValueError: lr, c or max_lr <= 0, steps_per_epoch < 1, groups that differ; in a step, a loss below ℓ*.
        TypeError: a step without a closure; sparse gradients.

    Reference:
        N. Loizou, S. Vaswani, I. Laradji, S. Lacoste-Julien: Stochastic Polyak Step-size for SGD: An Adaptive
        Learning Rate for Fast Convergence, AISTATS 2021.
    """

    _needs_loss = True

    def __init__(self, params, lr=1.0, *, c=0.5, lower_bound=0.0, max_lr=math.inf, steps_per_epoch=None):
        if not (c > 0 and max_lr > 0):
            raise ValueError(f"c and the bound γ_b (max_lr) must be positive, not {c!r} and {max_lr!r}.")
        if steps_per_epoch is not None and not steps_per_epoch >= 1:
            raise ValueError(f"steps_per_epoch counts the batches of an epoch, at least 1, not {steps_per_epoch!r}.")
        defaults = {
            "lr": check_rate(lr),
            "c": c,
            "lower_bound": lower_bound,
            "max_lr": max_lr,
            "steps_per_epoch": steps_per_epoch,
        }
        super().__init__(params, defaults)

    def _advance(self, params, gradients, loss):
        options = self._shared
        value, square = sums_of_products([([loss], [torch.ones_like(loss)]), (gradients, gradients)])
        excess = value - options["lower_bound"]
        if excess < 0:
            raise ValueError(
                f"This batch has the loss {value:.6g}, below lower_bound = {options['lower_bound']!r}: "
                "SPS needs a bound that no batch falls below."
            )
        if square == 0:
            return
        bound = options["max_lr"]
        if options["steps_per_epoch"] is not None:
            bound = min(bound, 2 ** (1 / options["steps_per_epoch"]) * options["lr"])
        self._share(lr=min(excess / (options["c"] * square), bound))
        torch._foreach_add_(params, gradients, alpha=-self._shared["lr"])
