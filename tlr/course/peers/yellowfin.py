"""YellowFin: learning rate and momentum from measured curvature, noise and distance (Zhang & Mitliagkas, 2019)."""

import math

import torch

from tlr.course.peers.base import OneRate, sums_of_products
from tlr.optim.rates import check_rate

__all__ = ["YellowFin", "single_step"]


def single_step(distance, variance, h_min, h_max):
    r"""The momentum and the learning rate that minimize the expected squared distance after one step (SingleStep).

    .. math::
        \mu = \max\left\{ x^2, \left( \frac{\sqrt{\kappa} - 1}{\sqrt{\kappa} + 1} \right)^2 \right\}, \qquad
        \alpha = \frac{(1 - \sqrt{\mu})^2}{h_{min}}

    with :math:`\kappa = h_{max} / h_{min}` and x, between 0 and 1, the minimizer of
    :math:`x^2 D^2 + (1 - x)^4 C / h_{min}^2`. Its derivative is zero where y = x − 1 solves y³ + py + p = 0 with
    :math:`p = D^2 h_{min}^2 / 2C`, which has one real root.

    Args:
        distance: D >= 0, the distance to the minimum.
        variance: C >= 0, the variance of the gradient.
        h_min, h_max: the range of curvature, 0 < h_min <= h_max.

    Returns:
        μ and α.
    """
    if variance == 0:
        x = 0.0
    else:
        # Vieta's substitution y = w − p/3w; of both signs of the root the one that adds numbers of one sign.
        p = (distance * h_min) ** 2 / (2 * variance)
        w = -math.cbrt((p + math.sqrt(p**2 + 4 / 27 * p**3)) / 2)
        x = 1 + w - p / (3 * w) if w else 1.0
    root = math.sqrt(h_max / h_min)
    mu = max(min(max(x, 0.0), 1.0) ** 2, ((root - 1) / (root + 1)) ** 2)
    return mu, (1 - math.sqrt(mu)) ** 2 / h_min


class YellowFin(OneRate):
    r"""Momentum SGD that tunes α and μ at every step (Algorithms 1 to 4).

    .. math::
        w_{t+1} = w_t - \alpha_t g_t + \mu_t (w_t - w_{t-1}), \qquad
        \mu_t, \alpha_t = \text{SingleStep}(D, C, h_{min}, h_{max})

    What it measures are moving averages, :math:`\bar x \leftarrow \beta \bar x + (1 - \beta) x` from zero, divided by
    1 − βᵗ as in Adam:

    - the curvature range :math:`h_{min}, h_{max}`, averages of the least and the greatest ‖g‖² of the last `window`;
    - the gradient's variance :math:`C = \overline{\lVert g \rVert^2} - \lVert \bar g \rVert^2`;
    - the distance to the minimum D, the average of :math:`\overline{\lVert g \rVert} / \overline{\lVert g \rVert^2}`.

    The slow start takes at most :math:`\alpha_t \, t / (10 \cdot \text{window})`. All parameters share α and μ, which
    are in `param_groups[0]["lr"]` and `["momentum"]`. A gradient of zero is not measured, for it has no curvature.

    The paper's rule needs no learning rate: α_t is used at once, and until the first step "lr" is 0. The authors'
    first code (June 2017) stepped with moving averages of α_t and μ_t instead, from given starting values, which its
    users tuned; `lr` asks for these (see there), but it is not that code again, which has no slow start and measures
    after its step. Left out is what only their later code has: averages of log h_min and log h_max, a floor of 1e-6
    under every measurement, and clipping. All their versions leave weight decay out of what they measure, and hand α
    and μ to torch's SGD, where a change of α also rescales the momentum; here weight decay is part of the gradient,
    and the momentum is the paper's heavy ball.

    Beware that ‖g‖² measures curvature only where the loss is a negative log-likelihood near its minimum. On a
    quadratic without noise the measured range says how fast the gradient shrinks, not what H is.

    Args:
        params: parameters or parameter groups.
        lr: None (default) for the paper's rule; α₀ > 0 for averages as in the first code: the first step takes α₀ and
            μ = 0, later ones α ← βα + (1 − β)α_t, and μ likewise.
        beta: β, 0 <= β < 1, of all averages (default 0.999).
        window: steps of which the curvature range is taken, at least 1 (default 20).
        weight_decay: λ >= 0, adds λw to every gradient (default 0).

    Raises:
        ValueError: an option outside its range, groups that differ.
        TypeError: sparse gradients.

    Reference:
        J. Zhang, I. Mitliagkas: YellowFin and the Art of Momentum Tuning, MLSys 2019.
    """

    def __init__(self, params, lr=None, *, beta=0.999, window=20, weight_decay=0):
        if not 0 <= beta < 1:
            raise ValueError(f"β (beta) must lie in [0, 1), not {beta!r}.")
        if not (isinstance(window, int) and window >= 1):
            raise ValueError(f"window counts steps and must be an integer of at least 1, not {window!r}.")
        if not weight_decay >= 0:
            raise ValueError(f"weight_decay must not be negative, not {weight_decay!r}.")
        defaults = {
            "lr": 0.0 if lr is None else check_rate(lr),
            "momentum": 0.0,
            "averaged": lr is not None,
            "beta": beta,
            "window": window,
            "weight_decay": weight_decay,
            "measured": 0,  # t, the gradients that the averages are of
            "recent_squares": [],  # ‖g‖² of the last steps
            "h_min": 0.0,
            "h_max": 0.0,
            "norm": 0.0,
            "square": 0.0,
            "distance": 0.0,
        }
        super().__init__(params, defaults)

    def _advance(self, params, gradients, loss):
        self._tune(params, gradients)
        velocities = self._buffers(params, "velocity")
        torch._foreach_mul_(velocities, self._shared["momentum"])
        torch._foreach_add_(velocities, gradients, alpha=-self._shared["lr"])
        torch._foreach_add_(params, velocities)

    def _tune(self, params, gradients):
        beta = self._shared["beta"]
        means = self._buffers(params, "mean_gradient")
        torch._foreach_lerp_(means, gradients, 1 - beta)
        square, square_of_mean = sums_of_products([(gradients, gradients), (means, means)])
        if square == 0:
            return
        measured = self._measure(square)
        self._share(**measured)
        t = measured["measured"]
        if self._shared["averaged"] and t == 1:
            return
        whole = 1 - beta**t  # the weights of the averages so far
        variance = max(measured["square"] / whole - square_of_mean / whole**2, 0.0)
        h_min, h_max, distance = (measured[key] / whole for key in ("h_min", "h_max", "distance"))
        mu, alpha = single_step(distance, variance, h_min, h_max)
        alpha *= min(1.0, t / (10 * self._shared["window"]))
        if self._shared["averaged"]:
            mu = beta * self._shared["momentum"] + (1 - beta) * mu
            alpha = beta * self._shared["lr"] + (1 - beta) * alpha
        self._share(lr=alpha, momentum=mu)

    def _measure(self, square):
        """The averages with one more ‖g‖² in them."""
        old, beta = self._shared, self._shared["beta"]
        recent = [*old["recent_squares"], square][-old["window"] :]
        norm = beta * old["norm"] + (1 - beta) * math.sqrt(square)
        average = beta * old["square"] + (1 - beta) * square
        return {
            "measured": old["measured"] + 1,
            "recent_squares": recent,
            "h_min": beta * old["h_min"] + (1 - beta) * min(recent),
            "h_max": beta * old["h_max"] + (1 - beta) * max(recent),
            "norm": norm,
            "square": average,
            "distance": beta * old["distance"] + (1 - beta) * norm / average,
        }
