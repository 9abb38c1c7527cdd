"""The Barzilai–Borwein step size for mini-batches (Tan et al., 2016)."""

import math

import torch

from tlr.course.peers.base import OneRate, sums_of_products
from tlr.optim.rates import check_rate

__all__ = ["BarzilaiBorwein"]


class BarzilaiBorwein(OneRate):
    r"""SGD-BB: one long Barzilai–Borwein step size for every window of m steps, from averages over the two before.

    .. math::
        \eta_k = \frac{1}{m} \cdot \frac{\lVert \tilde w_k - \tilde w_{k-1} \rVert^2}
        {\lvert \langle \tilde w_k - \tilde w_{k-1},\, \hat g_k - \hat g_{k-1} \rangle \rvert}

    with :math:`\tilde w_k` the weights after k windows and :math:`\hat g_k` the average of window k's gradients,
    :math:`\hat g \leftarrow \beta g + (1 - \beta) \hat g` from zero. The first two windows have the step size given;
    so has the next one where the denominator is zero or η would not be finite. The absolute value keeps η positive
    on functions that are not convex. All parameters share η, which is in `param_groups[0]["lr"]`.

    Because η of noisy gradients jumps, the authors smooth it (section 4.1): they fit C/(k + 1) to all η so far, in the
    logarithm, and take the fit,

    .. math::
        \tilde\eta_k = \frac{1}{k + 1} \prod_{j=2}^{k} \left( (j + 1) \, \eta_j \right)^{1/(k-1)}

    Their code differs in two details: it begins a window's average with the last one, and has k for k + 1.

    Args:
        params: parameters or parameter groups.
        lr: η₀ = η₁ > 0, the step size of the first two windows.
        update_every: m >= 1, steps in a window; the authors take an epoch.
        beta: the weight of a new gradient in the average, 0 < β <= 1 (default: 10/m, the authors' choice, and at
            most 1).
        smooth: take the smoothed η (default True); False is Algorithm 2 as it stands.
        weight_decay: λ >= 0, adds λw to every gradient (default 0).

    Raises:
        ValueError: lr <= 0, update_every < 1, β outside (0, 1], λ < 0, groups that differ.
        TypeError: sparse gradients.

    Reference:
        C. Tan, S. Ma, Y.-H. Dai, Y. Qian: Barzilai–Borwein Step Size for Stochastic Gradient Descent, NeurIPS 2016,
        Algorithm 2 and section 4.1.
    """

    def __init__(self, params, lr, *, update_every, beta=None, smooth=True, weight_decay=0):
        if not (isinstance(update_every, int) and update_every >= 1):
            raise ValueError(f"update_every counts steps and must be an integer of at least 1, not {update_every!r}.")
        if beta is None:
            beta = min(1.0, 10 / update_every)
        if not 0 < beta <= 1:
            raise ValueError(f"β (beta) weighs a new gradient and must lie in (0, 1], not {beta!r}.")
        if not weight_decay >= 0:
            raise ValueError(f"weight_decay must not be negative, not {weight_decay!r}.")
        defaults = {
            "lr": check_rate(lr),
            "update_every": update_every,
            "beta": beta,
            "smooth": smooth,
            "weight_decay": weight_decay,
            "steps_in_window": 0,
            "windows": 0,
            "fitted": 0,  # η so far, and the mean of log((j + 1) η_j) over them
            "log_scale": 0.0,
        }
        super().__init__(params, defaults)

    def _advance(self, params, gradients, loss):
        options = self._shared
        self._buffers(params, "window_start", torch.clone)
        averages = self._buffers(params, "average")
        torch._foreach_mul_(averages, 1 - options["beta"])
        torch._foreach_add_(averages, gradients, alpha=options["beta"])
        torch._foreach_add_(params, gradients, alpha=-options["lr"])
        self._share(steps_in_window=options["steps_in_window"] + 1)
        if options["steps_in_window"] == options["update_every"]:
            self._close_window()

    def _close_window(self):
        params = [p for group in self.param_groups for p in group["params"] if "average" in self.state.get(p, ())]
        options = self._shared
        self._share(steps_in_window=0, windows=options["windows"] + 1)
        starts, averages = self._buffers(params, "window_start"), self._buffers(params, "average")
        previous = self._buffers(params, "previous_average")
        if options["windows"] > 1:
            moves = list(torch._foreach_sub(params, starts))
            changes = list(torch._foreach_sub(averages, previous))
            square, product = sums_of_products([(moves, moves), (moves, changes)])
            rate = square / abs(product) / options["update_every"] if product else 0.0
            if rate > 0 and math.isfinite(rate):
                self._share(lr=self._smoothed(rate) if options["smooth"] else rate)
        torch._foreach_copy_(starts, params)
        torch._foreach_copy_(previous, averages)
        torch._foreach_zero_(averages)

    def _smoothed(self, rate):
        """C/(k + 1) with the C that fits this η_k and those before best."""
        options = self._shared
        phi, fitted = options["windows"] + 1, options["fitted"] + 1
        log_scale = options["log_scale"] + (math.log(phi * rate) - options["log_scale"]) / fitted
        self._share(fitted=fitted, log_scale=log_scale)
        return math.exp(log_scale) / phi
