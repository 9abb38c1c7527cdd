"""Steps on a toy function, taken apart: the loss along the gradient, what a rule sees of it, and error components."""

import numpy as np

from tlr import rule as tlr_rule
from tlr.descent import Trajectory, relative_rate_map

__all__ = [
    "along_gradient",
    "burst_forecast",
    "error_components",
    "exact_line_search",
    "first_burst",
    "refilled",
    "step_products",
    "votes",
]


def along_gradient(toy, w, alpha):
    """φ(α) = L(w − αg), the loss along the step from w (d,) against the gradient g, for α of any shape."""
    return toy.value(w - np.asarray(alpha)[..., None] * toy.gradient(w))


def exact_line_search(toy, w):
    """The α between 1e-9 and 1e3 that makes L(w − αg) least: by a grid of decades, then by a finer one."""
    coarse = np.geomspace(1e-9, 1e3, 1200)
    least = np.clip(np.argmin(along_gradient(toy, w, coarse)), 1, len(coarse) - 2)
    fine = np.linspace(coarse[least - 1], coarse[least + 1], 2000)
    return float(fine[np.argmin(along_gradient(toy, w, fine))])


def step_products(toy, w, alpha):
    """What a rule sees after the step from w (d,) by α, and the curvature that it does not see.

    Returns:
        A dict: `alpha`; the inner products `gg`, `gp`, `pp` of the gradients after and before the step; and `exact`,
        ∂²L_α/∂α² = gᵀ ∇²L(w − αg) g.
    """
    before = toy.gradient(w)
    there = w - alpha * before
    now = toy.gradient(there)
    exact = before @ toy.hessian(there) @ before
    return {"alpha": alpha, "gg": now @ now, "gp": now @ before, "pp": before @ before, "exact": exact}


def error_components(toy, w):
    """The error of a path along each eigenvector of the Hessian at the first minimum, over what it was at first.

    Args:
        toy: a `tlr.toys.Toy` with a known minimum.
        w: a path, (steps + 1, d).

    Returns:
        (eigenvalues, errors): ascending, (d,), and (steps + 1, d); a component that begins at zero is nan.

    Raises:
        ValueError: for a toy whose minimum is not known.
        ValueError: for a toy whose Hessian there is not positive definite.
    """
    if len(toy.minimum) == 0:
        raise ValueError(f"The minimum of {toy.name} is not known: give it as `minimum` to `from_expression`.")
    eigenvalues, vectors = np.linalg.eigh(toy.hessian(toy.minimum[0]))
    if eigenvalues[0] <= 0:
        raise ValueError(f"The Hessian of {toy.name} at its minimum is not positive definite: it has no such view.")
    with np.errstate(all="ignore"):
        along = (w - toy.minimum[0]) @ vectors
        return eigenvalues, along / along[0]


def votes(toy, ran):
    """What each component adds to ⟨g_t, g_{t−1}⟩ on a quadratic: λ²(1 − α_t λ)e², with its error e before the step.

    Args:
        toy: a quadratic with one minimum (`tlr.toys.quadratic`).
        ran: a `Trajectory` of one path on it.

    Returns:
        (steps, d), by ascending λ; the first row is that of step 1. A row's sum is the inner product.
    """
    eigenvalues, vectors = np.linalg.eigh(toy.hessian(toy.minimum[0]))
    errors = (ran.w[:-1] - toy.minimum[0]) @ vectors
    return eigenvalues**2 * (1 - ran.alpha[1:, None] * eigenvalues) * errors**2


def refilled(toy, start, alpha0, steps, floor, rule="published"):
    """A descent on a quadratic whose steepest direction is kept from falling quiet.

    Between two steps, where the error along the steepest eigenvector is below `floor` times its first value, it is put
    back there. The rule sees the gradients before and after each step, and nothing of the refilling.

    Args:
        toy: a quadratic with one minimum (`tlr.toys.quadratic`).
        start: w₀, (d,).
        alpha0: α₀, the learning rate of the first step.
        steps: how many steps to take.
        floor: ε; with 0 this is `tlr.descent.descend`.
        rule: a key of `tlr.rule.RULES`.

    Returns:
        A `Trajectory`; its weights and loss are those after the refilling.
    """
    axis = np.linalg.eigh(toy.hessian(toy.minimum[0]))[1][:, -1]
    w, alpha = [np.array(start, dtype=float)], [alpha0]
    kept, following = floor * abs((w[0] - toy.minimum[0]) @ axis), alpha0
    with np.errstate(all="ignore"):
        for _ in range(steps):
            before = toy.gradient(w[-1])
            there, used = w[-1] - following * before, following
            now, error = toy.gradient(there), (there - toy.minimum[0]) @ axis
            following = float(tlr_rule.next_alpha(used, now @ now, now @ before, before @ before, curvature=rule))
            w.append(there + (np.copysign(max(kept, abs(error)), error) - error) * axis)
            alpha.append(used)
    return Trajectory(rule, np.array(w), np.array(alpha), toy.value(np.array(w)))


def first_burst(ran, edge):
    """The top of α in its first stay above the edge, and the highest loss until the end of it, over the first loss.

    Without such a stay the top is that of the whole run.
    """
    beyond = np.append(ran.alpha[1:] > edge, False)
    begins = int(np.argmax(beyond))
    ends = begins + int(np.argmin(beyond[begins:])) if beyond.any() else ran.steps
    return float(ran.alpha[: ends + 1].max()), float(ran.loss[: ends + 1].max() / ran.loss[0])


def burst_forecast(eigenvalues, errors, alpha0, floor=0.0, rule="published"):
    """The first burst on a bowl with two curvatures, from the vote and the brake, without a run.

    The vote: while the steep vote is the smaller one, α grows by a quarter at every update, but at the last by what the
    rule makes of the two votes. The brake: from then on the steep direction decides alone, αλ₂ follows
    `relative_rate_map`, and each step multiplies the steep part of the loss by (αλ₂ − 1)².

    Args:
        eigenvalues: λ₁ and λ₂, the flat and the steep one.
        errors: of the start, along their eigenvectors.
        alpha0: α₀, the learning rate of the first step.
        floor: ε, as in `refilled`.
        rule: "published" or "secant".

    Returns:
        (top, height): the largest α, and the highest loss over the first, which is 1 without a burst. Both are nan
        where α passes 1/λ₁ first: from there on the flat direction says "shorter", too.
    """
    eigenvalues, errors = np.array(eigenvalues, dtype=float), np.abs(np.array(errors, dtype=float))
    kept, first, alpha, top = floor * errors[1], eigenvalues @ errors**2 / 2, alpha0, alpha0
    while alpha * eigenvalues[0] < 1:
        before = eigenvalues * errors
        after = (1 - alpha * eigenvalues) * before
        flat, steep = before * after
        if -steep > flat:
            break
        change = tlr_rule.relative_change(after @ after, flat + steep, before @ before, curvature=rule)
        errors = np.abs(1 - alpha * eigenvalues) * errors
        errors[1] = max(errors[1], kept)
        alpha, top = 1.25 * alpha, alpha * (1 + float(change))
    else:
        return np.nan, np.nan
    x, highest = top * eigenvalues[1], first
    while x > 2:
        errors[1] *= x - 1
        highest, x = max(highest, eigenvalues[1] * errors[1] ** 2 / 2), float(relative_rate_map(x, rule))
    return top, float(highest / first)
