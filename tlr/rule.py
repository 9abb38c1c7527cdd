"""How α changes: Eqs. 3 and 7–9 of the paper, Eqs. 8′, 10′ and 10″, as functions of three inner products.

    gg = ⟨g_t, g_t⟩        gp = ⟨g_t, g_{t−1}⟩        pp = ⟨g_{t−1}, g_{t−1}⟩

g_t is the gradient now and g_{t−1} the one before (p: previous). Over windows of steps (Eq. 10)
each is a sum, and a rule says of what (`Rule.products`). This is the only place where the rules
are written. Every function takes floats, numpy arrays, torch tensors or sympy symbols,
element by element, so the toy descents, the torch optimizers, the symbolic derivation and the
code printed from it all run the same lines.
"""

import math
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np

__all__ = [
    "RULES",
    "Rule",
    "check",
    "first_derivative",
    "gradient_step",
    "next_alpha",
    "relative_change",
    "second_derivative",
    "window",
]

#: A float, a numpy array, a torch tensor or a sympy expression.
Numbers: TypeAlias = Any
Summed: TypeAlias = Literal["directions", "gradients"]


class Rule(NamedTuple):
    """A rule for α: a curvature, and what guards the Newton step with it.

    Attributes:
        curvature: gg, gp, pp → α · ∂²L_α/∂α², the curvature of the loss along the step, freed of its 1/α.
        damping: γ, the fraction of the Newton step that is taken (default 1).
        bounded: whether α grows by the factor 1 + c at most, and by just that factor where the curvature is not
            positive (default). Otherwise nothing bounds its growth, and where the curvature is not positive α stays.
        products: (x, y), what is summed over each window, "directions" or "gradients". The inner products are
            gg = ⟨x_t, y_t⟩, gp = ⟨x_t, y_{t−1}⟩, pp = ⟨x_{t−1}, y_{t−1}⟩. Directions are what α multiplies, momentum
            included; gradients include the weight decay. For gradient descent step by step all are the same.
    """

    curvature: Callable[[Numbers, Numbers, Numbers], Numbers]
    damping: float = 1.0
    bounded: bool = True
    products: tuple[Summed, Summed] = ("directions", "directions")

    def denominator(self, gg: Numbers, gp: Numbers, pp: Numbers) -> Numbers:
        """The curvature over γ; the relative Newton step is gp over it.

        Where pp is no square it may be negative: the last step began uphill. It counts as zero then, so that no rule
        takes more than the share γ off α.
        """
        if self.products[0] != self.products[1]:
            where, _ = _operations(pp)
            pp = where((pp < 0) & (pp > -float("inf")), 0, pp)
        numerator, denominator = self.damping.as_integer_ratio()  # whole numbers keep sympy's arithmetic exact
        return self.curvature(gg, gp, pp) * denominator / numerator


def _published(gg: Numbers, gp: Numbers, pp: Numbers) -> Numbers:
    """Eq. 8."""
    return 4 * (gg - gp)


def _secant(gg: Numbers, gp: Numbers, pp: Numbers) -> Numbers:
    """Eq. 8′, exact on quadratics."""
    return pp - gp


#: The rules for α. "secant" keeps the published factor 4 as a damping; "barzilai_borwein" takes Newton's step with
#: Eq. 8′ in full, which is the long Barzilai–Borwein step. "slope" (Eq. 10′) is Eq. 8′ on the slopes along the last
#: direction, b = ⟨G_t, D_{t−1}⟩ after the step and a = ⟨G_{t−1}, D_{t−1}⟩ before it, which Eq. 7 becomes with momentum;
#: "gradients" (Eq. 10″) is what Eq. 10 says in words, sums of gradients on both sides.
RULES = {
    "published": Rule(_published),
    "secant": Rule(_secant, damping=1 / 4),
    "barzilai_borwein": Rule(_secant, bounded=False),
    "slope": Rule(_secant, damping=1 / 4, products=("gradients", "directions")),
    "gradients": Rule(_secant, damping=1 / 4, products=("gradients", "gradients")),
}


def first_derivative(gp: Numbers) -> Numbers:
    """∂L_α/∂α at α_t: how the loss changes with the step that was just taken (Eq. 7)."""
    return -gp


def second_derivative(alpha: Numbers, gg: Numbers, gp: Numbers, pp: Numbers, curvature: str = "published") -> Numbers:
    """∂²L_α/∂α² at α_t: Eq. 8 for "published", Eq. 8′ for the other `RULES`."""
    return RULES[curvature].curvature(gg, gp, pp) / alpha


def gradient_step(alpha: Numbers, derivative: Numbers, eta: Numbers) -> Numbers:
    """α_{t+1} = α_t − η ∂L_α/∂α (Eq. 3). With Eq. 7 and η = β this is hypergradient descent."""
    return alpha - eta * derivative


def relative_change(gg: Numbers, gp: Numbers, pp: Numbers, c: Numbers = 0.25, curvature: str = "published") -> Numbers:
    """α_{t+1}/α_t − 1 by Eqs. 3, 7 and 9; line 5 of Algorithm 2.

    Args:
        gg, gp, pp: the inner products, any shape.
        c: the largest relative increase, c > 0 (default 1/4); only bounded rules look at it.
        curvature: a key of `RULES`.

    Returns:
        Values in [−1/4, c], above −1 for "barzilai_borwein", and 0 where ⟨g_t, g_{t−1}⟩ = 0 or where an inner
        product that the rule needs is not finite. Only "slope" reaches −1/4.
    """
    where, quiet = _operations(gp)
    rule = RULES[curvature]
    with quiet:
        denominator = rule.denominator(gg, gp, pp)
        moves = (abs(gp) > 0) & (abs(denominator) < float("inf"))
        # Where the Newton step is not taken the bound decides; no rounding can break it this way.
        newton = c * denominator > gp if rule.bounded else denominator > 0
        return where(moves, where(newton, gp / where(newton, denominator, 1), c if rule.bounded else 0), 0)


def next_alpha(
    alpha: Numbers, gg: Numbers, gp: Numbers, pp: Numbers, c: Numbers = 0.25, curvature: str = "published"
) -> Numbers:
    """α_{t+1} by Algorithm 2. α_t > 0 gives α_{t+1} > 0 and finite; arguments as in `relative_change`."""
    where, quiet = _operations(gp)
    with quiet:
        proposed = alpha * (1 + relative_change(gg, gp, pp, c, curvature))
        return where((proposed > 0) & (proposed < float("inf")), proposed, alpha)


def window(steps_per_epoch: int, p: float = 1 / 3, momentum: float = 0.0) -> int:
    """pN, the steps between two updates of α (Eq. 10): the share `p` of an epoch, and never less than momentum needs.

    Args:
        steps_per_epoch: N, the optimizer's steps in an epoch. With gradients accumulated over k batches these are
            `len(loader) // k`, and one more where the last, incomplete group is stepped on.
        p: the share of an epoch between two updates, 0 < p <= 1 (default 1/3, the paper's).
        momentum: μ of the optimizer, 0 <= μ < 1 (default 0). Windows shorter than ⌈3/(1 − μ)⌉ steps share what the
            momentum carries from one to the next, and α runs away (notebook 03b): 15 steps for μ = 0.8, 30 for 0.9.
            That is a floor, not a promise: on 178 rows in batches of 16, with μ = 0.8, "published" and "secant" and
            α₀ of 0.001 to 0.1, windows of 4 lost 48 of 48 runs, of 15 still 8, of 20 and more none.

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


def check(c: float, curvature: str, known: Collection[str] = RULES) -> None:
    """Raise ValueError unless `c` is what `relative_change` can use, and `curvature` one of those known."""
    if not c > 0:
        raise ValueError(f"c bounds the relative increase of α and must be positive, not {c!r}.")
    if curvature not in known:
        raise ValueError(f"Unknown curvature {curvature!r}: choose from {', '.join(known)}.")


def _operations(x: Numbers) -> tuple[Callable[..., Numbers], AbstractContextManager[None]]:
    """(where, a context without floating-point warnings) for the kind of number that x is."""
    kind = type(x).__module__.partition(".")[0]
    if kind == "torch":
        import torch

        return torch.where, np.errstate()
    if kind == "sympy":
        import sympy

        return lambda condition, a, b: sympy.Piecewise((a, condition), (b, True)), np.errstate()
    return np.where, np.errstate(all="ignore")
