"""Steps on a toy function, taken apart: the loss along the gradient, what a rule sees of it, and error components."""

import numpy as np

__all__ = ["along_gradient", "error_components", "exact_line_search", "step_products", "votes"]


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
