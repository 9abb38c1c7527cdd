"""Hypergradient descent (Baydin et al., 2018): α moves along the inner product of a gradient and the last direction."""

import math

import torch

from tlr.course.peers.base import AdamDirections, SGDDirections, TrainedRate, sums_of_products

__all__ = ["Hypergradient", "HypergradientAdam"]


class _HypergradientRate(TrainedRate):
    """α by the additive or the multiplicative rule, over any directions."""

    def __init__(self, params, lr, *, beta, rule="additive", **base):
        if not beta >= 0:
            raise ValueError(f"β (beta) must not be negative, not {beta!r}.")
        if rule not in ("additive", "multiplicative"):
            raise ValueError(f"rule must be 'additive' or 'multiplicative', not {rule!r}.")
        super().__init__(params, lr, options={"beta": beta, "rule": rule}, **base)

    def _move_alpha(self, moves):
        previous = [self._buffers(params, "previous_direction") for _, params, _, _ in moves]
        pairs = []
        for (group, _, gradients, _), old in zip(moves, previous, strict=True):
            pairs.append((gradients, old))
            if group["rule"] == "multiplicative":
                pairs += [(gradients, gradients), (old, old)]
        products = iter(sums_of_products(pairs))
        for (group, params, _, directions), old in zip(moves, previous, strict=True):
            product = next(products)
            if group["rule"] == "additive":
                group["lr"] += group["beta"] * product
            else:
                lengths = math.sqrt(next(products)) * math.sqrt(next(products))
                if lengths > 0:
                    group["lr"] *= 1 + group["beta"] * product / lengths
            if params:
                torch._foreach_copy_(old, directions)
            for p in group["params"]:
                if p.grad is None and p in self.state:  # it does not move now, so its last direction is zero
                    self._buffers([p], "previous_direction")[0].zero_()


class Hypergradient(_HypergradientRate, SGDDirections):
    r"""Hypergradient descent over SGD: SGD-HD, and SGDN-HD with Nesterov's momentum. α moves at every step.

    .. math::
        \alpha_t = \alpha_{t-1} + \beta \langle g_t, d_{t-1} \rangle, \qquad w_t = w_{t-1} - \alpha_t d_t

    with :math:`g_t` the gradient (weight decay included) and :math:`d_t` the direction of the step: the gradient
    itself, or with momentum (Nesterov's too) what SGD puts in its place. As in the original nothing keeps α
    positive or finite. The multiplicative rule (their Eq. 8) makes the change relative and free of units:

    .. math::
        \alpha_t = \alpha_{t-1} \left( 1 + \beta \, \frac{\langle g_t, d_{t-1} \rangle}
        {\lVert g_t \rVert \lVert d_{t-1} \rVert} \right)

    Args:
        params: parameters or parameter groups; each group has its own α.
        lr: α₀ > 0.
        beta: β >= 0, the step size of α (default 1e-3). In the additive rule its unit is that of α²/loss: it must be
            tuned. In the multiplicative rule it is the largest relative change of α in a step, and β < 1 keeps α
            positive.
        rule: "additive" (default) or "multiplicative". Where a gradient is zero the latter leaves α as it is.
        momentum, dampening, weight_decay, nesterov, maximize: as in `torch.optim.SGD`. The original's SGDN-HD is
            `nesterov=True`.

    Raises:
        ValueError: lr <= 0, beta < 0, an unknown rule, or what SGD refuses.
        TypeError: sparse gradients.

    Reference:
        A. G. Baydin, R. Cornish, D. Martínez Rubio, M. Schmidt, F. Wood: Online Learning Rate Adaptation with
        Hypergradient Descent, ICLR 2018, Algorithms 4 and 5.
    """

    def __init__(self, params, lr, *, beta=1e-3, **options):
        super().__init__(params, lr, beta=beta, **options)


class HypergradientAdam(_HypergradientRate, AdamDirections):
    r"""Adam-HD: hypergradient descent over Adam. α moves at every step.

    As `Hypergradient`, with Adam's direction :math:`d_t = \hat m_t / (\sqrt{\hat v_t} + \epsilon)`.
    This is Algorithm 6. The authors' code moves α tensor by tensor, and adds ε to √v before the bias correction.

    Args:
        params: parameters or parameter groups; each group has its own α.
        lr: α₀ > 0 (default 1e-3).
        beta: β >= 0, the step size of α (default 1e-7, which the original uses beside α₀ = 1e-3).
        rule: "additive" (default) or "multiplicative".
        betas, eps, weight_decay, maximize: as in `torch.optim.Adam`.

    Raises:
        ValueError: lr <= 0, beta < 0, an unknown rule, betas outside [0, 1), eps or weight_decay < 0.
        TypeError: sparse gradients.

    Reference:
        As for `Hypergradient`: Algorithm 6.
    """

    def __init__(self, params, lr=1e-3, *, beta=1e-7, **options):
        super().__init__(params, lr, beta=beta, **options)
