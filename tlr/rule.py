"""How α changes: Eqs. 3 and 7–9 of the paper, and Eq. 8′, as functions of three inner products.

    gg = ⟨g_t, g_t⟩        gp = ⟨g_t, g_{t−1}⟩        pp = ⟨g_{t−1}, g_{t−1}⟩

g_t is the gradient now and g_{t−1} the one before (p: previous). This is the only place where
the rule is written. Every function takes floats, numpy arrays, torch tensors or sympy symbols,
element by element, so the toy descents, the torch optimizers, the symbolic derivation and the
code printed from it all run the same lines.
"""

import math

import numpy as np

__all__ = [
    "CURVATURES",
    "check",
    "first_derivative",
    "gradient_step",
    "meta_step",
    "next_alpha",
    "relative_change",
    "second_derivative",
    "window",
]

#: α · ∂²L_α/∂α², the curvature of the loss along the step, freed of its 1/α; the denominator of Eq. 9.
CURVATURES = {
    "published": lambda gg, gp, pp: 4 * (gg - gp),  # Eq. 8
    "secant": lambda gg, gp, pp: 4 * (pp - gp),  # Eq. 8′, the factor 4 kept as a damping γ = 1/4
    "undamped": lambda gg, gp, pp: pp - gp,  # Eq. 8′: the Newton step is the long Barzilai–Borwein step
}


def first_derivative(gp):
    """∂L_α/∂α at α_t: how the loss changes with the step that was just taken (Eq. 7)."""
    return -gp


def second_derivative(alpha, gg, gp, pp, curvature="published"):
    """∂²L_α/∂α² at α_t: Eq. 8 as published, or Eq. 8′ ("secant"), exact on quadratics."""
    name = "undamped" if curvature == "secant" else curvature
    return CURVATURES[name](gg, gp, pp) / alpha


def meta_step(alpha, gg, gp, pp, c=0.25, curvature="published"):
    """η_t, the step that α itself takes (Eq. 9): a Newton step, bounded so that α_{t+1} ≤ (1 + c) α_t.

    Infinite or undefined where the gradients vanish; `relative_change` covers that case.
    """
    maximum, _, _ = _operations(gp)
    return alpha / maximum(CURVATURES[curvature](gg, gp, pp), gp / c)


def gradient_step(alpha, derivative, eta):
    """α_{t+1} = α_t − η ∂L_α/∂α (Eq. 3). With Eq. 7 and η = β this is hypergradient descent."""
    return alpha - eta * derivative


def relative_change(gg, gp, pp, c=0.25, curvature="published"):
    """α_{t+1}/α_t − 1 by Eqs. 3, 7 and 9; line 5 of Algorithm 2.

    Args:
        gg, gp, pp: the inner products, any shape.
        c: the largest relative increase, c > 0 (default 1/4).
        curvature: a key of `CURVATURES`.

    Returns:
        Values in (−1/4, c] for "published" and "secant", and 0 where ⟨g_t, g_{t−1}⟩ = 0 or where an
        inner product that the rule needs is not finite.
    """
    _, where, quiet = _operations(gp)
    with quiet:
        denominator = CURVATURES[curvature](gg, gp, pp)
        moves = (abs(gp) > 0) & (abs(denominator) < float("inf"))
        newton = c * denominator > gp  # otherwise the bound decides; no rounding can break it this way
        return where(moves, where(newton, gp / where(newton, denominator, 1), c), 0)


def next_alpha(alpha, gg, gp, pp, c=0.25, curvature="published"):
    """α_{t+1} by Algorithm 2. α_t > 0 gives α_{t+1} > 0 and finite; arguments as in `relative_change`."""
    _, where, quiet = _operations(gp)
    with quiet:
        proposed = alpha * (1 + relative_change(gg, gp, pp, c, curvature))
        return where((proposed > 0) & (proposed < float("inf")), proposed, alpha)


def window(steps_per_epoch, p=1 / 3, momentum=0.0):
    """pN, the steps between two updates of α (Eq. 10): the share `p` of an epoch, and never less than momentum needs.

    Args:
        steps_per_epoch: N, the optimizer's steps in an epoch. With gradients accumulated over k batches these are
            `len(loader) // k`.
        p: the share of an epoch between two updates, 0 < p <= 1 (default 1/3, the paper's).
        momentum: μ of the optimizer, 0 <= μ < 1 (default 0). Windows shorter than ⌈3/(1 − μ)⌉ steps share what the
            momentum carries from one to the next, and α runs away (notebook 03): 15 steps for μ = 0.8, 30 for 0.9.
            That is a floor, not a promise: on 178 rows in batches of 16, with μ = 0.8, windows of 4 lost 8 of 8 runs,
            of 15 still 3 of 8, of 20 and more none.

    Returns:
        An int, at least 1, and at least ⌈3/(1 − μ)⌉ with momentum.

    Raises:
        ValueError: `p` or `momentum` is outside of its range.
    """
    if not 0 < p <= 1:
        raise ValueError(f"p is the share of an epoch between two updates of α: 0 < p <= 1, not {p!r}.")
    if not 0 <= momentum < 1:
        raise ValueError(f"A window for momentum μ needs 0 <= μ < 1, not {momentum!r}.")
    floor = math.ceil(round(3 / (1 - momentum), 6)) if momentum else 1  # rounded, as 3/(1 − 0.8) is a bit above 15
    return max(floor, round(p * steps_per_epoch))


def check(c, curvature):
    """Raise ValueError unless `c` and `curvature` are what `relative_change` can use."""
    if not c > 0:
        raise ValueError(f"c bounds the relative increase of α and must be positive, not {c!r}.")
    if curvature not in CURVATURES:
        raise ValueError(f"Unknown curvature {curvature!r}: choose from {', '.join(CURVATURES)}.")


def _operations(x):
    """(maximum, where, a context without floating-point warnings) for the kind of number that x is."""
    kind = type(x).__module__.partition(".")[0]
    if kind == "torch":
        import torch

        return torch.maximum, torch.where, np.errstate()
    if kind == "sympy":
        import sympy

        return sympy.Max, lambda condition, a, b: sympy.Piecewise((a, condition), (b, True)), np.errstate()
    return np.maximum, np.where, np.errstate(all="ignore")
