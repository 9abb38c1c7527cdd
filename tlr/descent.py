"""Run a rule for α on a toy function, from many α₀ at once.

Every path of a `Trajectory` is one gradient descent, w_{t+1} = w_t − α_{t+1} g_t (Eq. 1); the rules differ in how
α_{t+1} follows from α_t, and all of that arithmetic is `tlr.rule`'s.
"""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike

from tlr import rule as tlr_rule
from tlr.toys import Array

__all__ = ["RULES", "Trajectory", "descend", "relative_rate_map"]

#: What `descend` can run, with the option that each rule listens to.
RULES: dict[str, str | None] = {
    "gd": None,
    "naive": "eta",
    # Those of gradients are the secant here, where directions are gradients and windows are single steps.
    **{
        name: "c" if rule.bounded else None for name, rule in tlr_rule.RULES.items() if "gradients" not in rule.products
    },
    "hypergradient": "beta",
}


class Differentiable(Protocol):
    """What `descend` needs of a function, for w of shape (..., d)."""

    def value(self, w: ArrayLike, /) -> Array: ...

    def gradient(self, w: ArrayLike, /, *rng: np.random.Generator) -> Array: ...


@dataclass(frozen=True, eq=False)
class Trajectory:
    """What happened, step by step; the leading axis is t = 0 … steps, the batch shape follows.

    A path whose weights or loss are no longer finite has diverged: its loss and weights are inf from then on, and
    its α stays what it was.

    Attributes:
        rule: the name of the rule, a key of `RULES`.
        w: the weights w_t, shape (steps + 1, ..., d).
        alpha: α_t, the learning rate of the step that led to w_t, shape (steps + 1, ...); α_0 is where it began.
        loss: L(w_t), shape (steps + 1, ...).
    """

    rule: str
    w: Array
    alpha: Array
    loss: Array

    @property
    def steps(self) -> int:
        """The number of steps taken."""
        return len(self.loss) - 1

    @property
    def diverged(self) -> Any:
        """Whether each path ended as inf, shape (...)."""
        return np.isinf(self.loss[-1])


def descend(
    rule: str,
    toy: Differentiable,
    start: ArrayLike,
    alpha0: ArrayLike,
    steps: int,
    *,
    c: float = 0.25,
    eta: float = 0.01,
    beta: float = 0.001,
    seed: int | None = None,
) -> Trajectory:
    """Descend on a toy function by one rule, for all `alpha0` and all starting points in one array operation.

    Args:
        rule: "gd" (α stays α₀), "naive" (Algorithm 1 with η), "published" and "secant" (Algorithm 2 with Eq. 8
            or 8′), "barzilai_borwein" (the long Barzilai–Borwein step: Eq. 8′ without damping or bound, α kept
            where the curvature along the step is not positive), "hypergradient" (Baydin et al., 2018: β).
        toy: a `tlr.toys.Toy`, or anything `Differentiable`.
        start: w₀, shape (d,) or (..., d).
        alpha0: α₀ > 0, a number or an array; it broadcasts against the leading axes of `start`.
        steps: how many steps to take, at least 1.
        c: the largest relative increase of α in "published" and "secant" (default 1/4).
        eta: η of "naive" (default 0.01).
        beta: β of "hypergradient" (default 0.001). α may turn negative, as in the original.
        seed: None for exact gradients; a whole number for mini-batch gradients of a stochastic toy. Step t's batch
            depends on (seed, t) only: every path and every rule sees the same batches.

    Returns:
        A `Trajectory`. No warning is printed for a path that diverges.

    Raises:
        ValueError: for an unknown rule, α₀ that is not positive and finite, steps < 1, c <= 0, η or β that is not
            finite, a start that does not fit the toy, or a seed for a toy that has no mini-batches.
    """
    alpha0, start = np.asarray(alpha0, dtype=float), np.asarray(start, dtype=float)
    _check_options(rule, steps, c, eta, beta)
    _check_start(toy, start, alpha0, seed)

    def gradient(w: Array, t: int) -> Array:
        return toy.gradient(w) if seed is None else toy.gradient(w, np.random.default_rng((seed, t)))

    def next_alpha(alpha: Array, w: Array, g: Array, gg: Array, gp: Array, pp: Array, t: int) -> Any:
        match rule:
            case "gd":
                return alpha
            case "naive":
                ahead = gradient(w - alpha[..., None] * g, t)
                return tlr_rule.gradient_step(alpha, tlr_rule.first_derivative(np.vecdot(ahead, g)), eta)
            case "hypergradient":
                return tlr_rule.gradient_step(alpha, tlr_rule.first_derivative(gp), beta)
            case _:
                return tlr_rule.next_alpha(alpha, gg, gp, pp, c, rule)

    with np.errstate(all="ignore"):
        shape = np.broadcast_shapes(alpha0.shape, np.shape(toy.value(start)))
        w = np.empty((steps + 1, *shape, start.shape[-1]))
        alpha, loss = np.empty((2, steps + 1, *shape))
        w[0], alpha[0] = start, alpha0
        loss[0] = toy.value(w[0])
        alive = np.isfinite(loss[0])
        previous, pp = np.zeros_like(w[0]), np.zeros(shape)  # g_{−1} = 0: the first step keeps α₀
        for t in range(steps):
            g = gradient(w[t], t)
            gg, gp = np.vecdot(g, g), np.vecdot(g, previous)
            alpha[t + 1] = np.where(alive, next_alpha(alpha[t], w[t], g, gg, gp, pp, t), alpha[t])
            w[t + 1] = w[t] - alpha[t + 1][..., None] * g
            loss[t + 1] = toy.value(w[t + 1])
            alive &= np.isfinite(loss[t + 1])
            w[t + 1, ~alive], loss[t + 1, ~alive] = np.inf, np.inf
            previous, pp = g, gg
    return Trajectory(rule, w, alpha, loss)


def relative_rate_map(x: ArrayLike, rule: str = "published", c: float = 0.25) -> Array:
    """x_{t+1} as a function of x_t, where x = αλ, on a quadratic of one variable with curvature λ.

    One step multiplies the gradient by 1 − x, so the inner products are 1 − x and (1 − x)² times those before, and
    the next x depends on this one only. `rule` is a key of `tlr.rule.RULES`; x > 0 of any shape.
    """
    x = np.asarray(x, dtype=float)
    after: Array = tlr_rule.next_alpha(x, (1 - x) ** 2, 1 - x, np.ones_like(x), c, rule)
    return after


def _check_options(rule: str, steps: int, c: float, eta: float, beta: float) -> None:
    if rule not in RULES:
        raise ValueError(f"Unknown rule {rule!r}: choose from {', '.join(RULES)}.")
    if steps < 1:
        raise ValueError(f"A descent takes at least one step, not {steps!r}.")
    tlr_rule.check(c, "published")
    if not (np.isfinite(eta) and np.isfinite(beta)):
        raise ValueError(f"η and β must be finite numbers, not {eta!r} and {beta!r}.")


def _check_start(toy: Differentiable, start: Array, alpha0: Array, seed: int | None) -> None:
    if not np.all((alpha0 > 0) & np.isfinite(alpha0)):
        raise ValueError("Every α₀ must be positive and finite.")
    dimension = getattr(toy, "dimension", None)
    if start.ndim == 0 or (dimension is not None and start.shape[-1] != dimension):
        raise ValueError(f"A start on this function has {dimension or 'd'} coordinates, not the shape {start.shape}.")
    if seed is not None and not getattr(toy, "stochastic", False):
        raise ValueError("Only a stochastic toy, such as noisy_quadratic(), has mini-batches to draw with a seed.")
