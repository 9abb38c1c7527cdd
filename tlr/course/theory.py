"""What can be proved about the rule: the numbers that the theorems of notebook 07 give, and the runs that test them.

The rule itself is `tlr.rule`'s throughout. Nothing here needs torch.
"""

from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import numpy as np

from tlr import rule as tlr_rule
from tlr.descent import relative_rate_map
from tlr.toys import Toy

__all__ = [
    "OneDimension",
    "Safeguarded",
    "Waves",
    "band_density",
    "decay_constant",
    "digits_network",
    "half_parabola",
    "log_descent",
    "noisy_windows",
    "one_dimension",
    "orbit",
    "return_density",
    "return_map",
    "runaway",
    "safeguarded",
    "stationary_correlation",
    "waves",
]

# One dimension


def return_map(phi, c=0.25):
    """Where x = αλ returns to below 1 under the published rule on a parabola, with φ = 4x − 3: (1 + c) φ + 3c mod 1.

    Args:
        phi: φ in [0, 1), any shape; floats or fractions.
        c: the bound (default 1/4).
    """
    return ((1 + c) * phi + 3 * c) % 1


def orbit(x0, updates, c=0.25):
    """x = αλ over the steps of the published rule on a parabola, from x₀ on, (updates + 1,)."""
    x = [float(x0)]
    for _ in range(updates):
        x.append(float(relative_rate_map(x[-1], "published", c)))
    return np.array(x)


@cache
def return_density(c=0.25):
    """The invariant density of `return_map` (Parry, 1964), a step function on [0, 1].

    Returns:
        (edges, heights): (n + 1,) from 0 to 1, and the density between them, (n,), of mean 1.
    """
    beta = 1 + c
    terms = int(np.ceil(40 / np.log(beta)))  # (1 + c)^−terms is below the rounding error
    of_one, of_zero = [1.0], [0.0]
    for _ in range(terms):
        of_one.append(return_map(of_one[-1], c))
        of_zero.append(return_map(of_zero[-1], c))
    weights = beta ** -np.arange(terms + 1.0)
    edges = np.unique([0.0, 1.0, *of_one, *of_zero])
    middles = (edges[1:] + edges[:-1]) / 2
    heights = (middles[:, None] < of_one) @ weights - (middles[:, None] < of_zero) @ weights
    return edges, heights / (heights @ np.diff(edges))


def band_density(x, c=0.25):
    """The density of x = αλ over the updates in the long run, on [3/4, 1 + c]; x of any shape, 0 outside the band."""
    x, density = np.asarray(x, dtype=float), 0.0
    for visit in range(int(4 * c) + 2):  # below 1; after the jump above it; and after each 1/4 taken off again
        below = x if visit == 0 else (x + (visit - 1) / 4) / (1 + c)
        slope = 1 if visit == 0 else 1 / (1 + c)
        inside = (below >= 0.75) & (below < 1) & ((visit == 0) | (x > 1))
        density = density + np.where(inside, 4 * slope * _at(return_density(c), 4 * below - 3), 0)
    return density * one_dimension(c).below


class OneDimension(NamedTuple):
    """What the published rule does on a parabola in the long run, from almost every α₀.

    Attributes:
        below: the share of updates at which α is below the best step, x < 1.
        lyapunov: by how much an update moves two close values of α apart: the mean of log |dx_{t+1}/dx_t|.
        log_loss: the mean of log(loss_{t+1}/loss_t).
    """

    below: float
    lyapunov: float
    log_loss: float


@cache
def one_dimension(c=0.25):
    """The long run of the published rule on a parabola, by integrals over `return_density`."""
    edges, heights = return_density(c)
    jumps = (np.arange(1, int(4 * c) + 2) - 3 * c) / (1 + c)  # where (1 + c) φ + 3c is whole
    cuts = np.unique(np.concatenate([edges, jumps[(jumps > 0) & (jumps < 1)]]))
    middles, widths = (cuts[1:] + cuts[:-1]) / 2, np.diff(cuts)
    mass = widths * _at((edges, heights), middles)
    above = np.floor((1 + c) * middles + 3 * c)  # how often x > 1 before it is below again
    total, updates = 0.0, mass @ (1 + above)
    for visit in range(int(above.max()) + 1):
        slope = (1 + c if visit else 1) / 4
        start = 0.75 * (1 + c) - (visit - 1) / 4 if visit else 0.75
        logs = _integral_of_log(1 - start - slope * cuts, slope) / widths
        total += 2 * np.where(visit <= above, mass * logs, 0).sum()
    return OneDimension(*map(float, (1 / updates, np.log1p(c) / updates, total / updates)))


def _at(steps, phi):
    """A step function (edges, heights) at φ."""
    edges, heights = steps
    return heights[np.clip(np.searchsorted(edges, phi, side="right") - 1, 0, len(heights) - 1)]


def _integral_of_log(distances, slope):
    """∫ log|distance| dφ between consecutive cuts, where the distance falls by `slope` per unit of φ."""
    safe = np.where(distances == 0, 1, np.abs(distances))
    antiderivative = -(distances * np.log(safe) - distances) / slope
    return np.diff(antiderivative)


# Windows and noise


def stationary_correlation(x, m):
    """ρ of two consecutive windows of m steps, fresh batches, one curvature, x = αλ < 2, α held: −(1 − (1 − x)^m)/2."""
    return -(1 - (1 - np.asarray(x)) ** m) / 2


def decay_constant(eigenvalues, variances=None):
    """A in α_t → A/t, with fresh batches: the mean-field equation Σ σᵢ²(uᵢ − 1/uᵢ) = 16 Σ σᵢ², uᵢ = 2Aλᵢ − 1.

    Args:
        eigenvalues: λ > 0, (d,).
        variances: σᵢ² of the noise along each (default: all the same).

    Returns:
        The solution with every Aλᵢ > ½; for a single λ it is (9 + √65)/(2λ).
    """
    eigenvalues = np.atleast_1d(np.asarray(eigenvalues, dtype=float))
    weights = np.ones_like(eigenvalues) if variances is None else np.asarray(variances, dtype=float)
    low, high = 0.5 / eigenvalues.min(), 20 / eigenvalues.min()
    for _ in range(100):
        middle = (low + high) / 2
        u = 2 * middle * eigenvalues - 1
        low, high = (middle, high) if weights @ (u - 1 / u) < 16 * weights.sum() else (low, middle)
    return (low + high) / 2


def noisy_windows(eigenvalues, noise, alpha0, m, windows, *, start=0.0, curvature="published", seed=0):
    """TLR over windows of m steps of gradient descent on ½ Σ λᵢwᵢ², with fresh noise at every step.

    Within a window α is constant and the weights are Gaussian, so each window is one draw, from its exact law.

    Args:
        eigenvalues, noise: λᵢ, and the standard deviation of a batch's gradient along each, (d,).
        alpha0: α₀.
        m: the steps of a window.
        windows: how many of them.
        start: w₀, a number or (d,) (default 0).
        curvature: as in `tlr.rule.relative_change`.
        seed: of the draws; the i-th window sees the same standard normal numbers whatever the other arguments are.

    Returns:
        (alpha, loss): α of each window, (windows,), and the loss after it, (windows,).
    """
    eigenvalues, rng = np.asarray(eigenvalues, dtype=float), np.random.default_rng(seed)
    w = np.broadcast_to(np.asarray(start, dtype=float), eigenvalues.shape)
    alpha, before, pp = float(alpha0), None, 0.0
    alphas, losses = [], []
    for _ in range(windows):
        a = 1 - alpha * eigenvalues
        spread = alpha * noise * np.sqrt((1 - a ** (2 * m)) / (1 - a**2))
        after = a**m * w + spread * rng.standard_normal(w.shape)
        direction = (w - after) / alpha
        alphas.append(alpha)
        losses.append(0.5 * np.sum(eigenvalues * after**2))
        gg = direction @ direction
        if before is not None:
            alpha = float(tlr_rule.next_alpha(alpha, gg, direction @ before, pp, curvature=curvature))
        w, before, pp = after, direction, gg
    return np.array(alphas), np.array(losses)


# Descents that would overflow, or that are safeguarded


def log_descent(curvature, eigenvalues, alpha0, steps, start=0.0):
    """TLR on ½ Σ λᵢwᵢ², with the logarithms of the gradient's components, which neither over- nor underflow.

    Args:
        curvature: as in `tlr.rule.relative_change`.
        eigenvalues: λᵢ > 0, (d,).
        alpha0: α₀ > 0, any shape (...).
        steps: how many.
        start: log |gᵢ| at the beginning, (d,) or (..., d) (default 0).

    Returns:
        (alpha, logs): (steps + 1, ...) and (steps + 1, ..., d); α as in a `tlr.descent.Trajectory`.
    """
    alpha, eigenvalues = np.asarray(alpha0, dtype=float), np.asarray(eigenvalues, dtype=float)
    logs = np.broadcast_to(np.asarray(start, dtype=float), (*alpha.shape, len(eigenvalues)))
    alphas, all_logs, products = [alpha], [logs], None
    with np.errstate(divide="ignore", invalid="ignore"):
        for _ in range(steps):
            if products is not None:
                alpha = tlr_rule.next_alpha(alpha, *products, curvature=curvature)
            factor = 1 - alpha[..., None] * eigenvalues
            squares = np.exp(2 * (logs - logs.max(axis=-1, keepdims=True)))
            products = np.vecdot(factor**2, squares), np.vecdot(factor, squares), squares.sum(axis=-1)
            logs = logs + np.log(np.abs(factor))
            alphas.append(alpha)
            all_logs.append(logs)
    return np.array(alphas), np.array(all_logs)


def half_parabola(knee=1.0):
    """A convex, 1-smooth `Toy` of one variable: w²/2 to the right of −knee, to the left its tangent there."""

    def value(w):
        w = np.asarray(w, dtype=float)[..., 0]
        return np.where(w >= -knee, w**2 / 2, -knee * w - knee**2 / 2)

    return Toy(
        "half a parabola",
        value,
        lambda w: np.maximum(w, -knee),
        lambda w: (np.asarray(w) >= -knee).astype(float)[..., None],
        np.zeros((1, 1)),
        0.0,
        np.array([-100.0]),
    )


def runaway(curvature, rounds=6):
    """The counterexample of theorem 4, built while the rule runs on it: a convex, 1-smooth function of one variable.

    The function is w²/2 from −1 on; the slope on its left side is chosen anew in each round, in such a way that the
    step which crosses the minimum ends as far to its right as it began to its left. w₀ is −10⁴, and α₀ is 1.

    Args:
        curvature: as in `tlr.rule.relative_change`.
        rounds: how often the minimum is crossed from the left; the distances grow like a tower, so 8 at most.

    Returns:
        (w, slopes): every point that was visited, and the derivative that the rule was told there, (n,) each.
    """
    w, alpha, slope, p = -1e4, 1.0, 1.0, None
    visited, told = [], []
    for _ in range(rounds):
        slope = _centered(lambda s, w=w, p=p, alpha=alpha: (-w, _updated(alpha, -s, p, curvature), s), slope)
        while w < 0:
            visited.append(w)
            told.append(-slope)
            alpha, p = _updated(alpha, -slope, p, curvature), -slope
            w += alpha * slope
        visited.append(w)
        told.append(w)  # the derivative of w²/2
        alpha, p, w = _updated(alpha, w, p, curvature), w, w * (1 - _updated(alpha, w, p, curvature))
    return np.array(visited), np.array(told)


def _updated(alpha, g, p, curvature):
    return alpha if p is None else float(tlr_rule.next_alpha(alpha, g * g, g * p, p * p, curvature=curvature))


def _centered(round_of, least):
    """The first slope s ≥ least for which the last step to the minimum begins and ends at the same distance from it."""

    def steps(s):
        distance, alpha, slope = round_of(s)
        return np.log((distance / (slope * alpha) + 4) / 4.5) / np.log(1.25)

    whole, low, high = np.floor(steps(least)), least, 2 * least
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if steps(middle) > whole else (low, middle)
    return high


class Waves(NamedTuple):
    """A sum of sines of a few directions, which is not convex; `lipschitz` bounds its curvature, `lowest` its value."""

    value: Callable
    gradient: Callable
    lipschitz: float
    lowest: float


def waves(n, rng):
    """A random `Waves` of n sines in three dimensions, drawn with the numpy Generator `rng`."""
    directions, phases = rng.standard_normal((n, 3)), rng.uniform(0, 2 * np.pi, n)
    heights = np.abs(rng.standard_normal(n))
    return Waves(
        lambda w: np.sin(w @ directions.T + phases) @ heights,
        lambda w: (np.cos(w @ directions.T + phases) * heights) @ directions,
        float(heights @ np.sum(directions**2, axis=1)),
        float(-heights.sum()),
    )


class Safeguarded(NamedTuple):
    """A descent whose α is TLR's, or smaller.

    Attributes:
        alpha: α of each step, (steps,).
        loss: the loss after it, (steps,).
        square: ‖g‖² before it, (steps,).
        trials: how many points were tried in all.
    """

    alpha: np.ndarray
    loss: np.ndarray
    square: np.ndarray
    trials: int


def safeguarded(value_and_gradient, w, alpha0, steps, *, curvature="published", guard="halving"):
    """Gradient descent whose α is TLR's, made smaller where a guard asks for it.

    Args:
        value_and_gradient: w → (loss, gradient).
        w: w₀, (d,).
        alpha0: α₀ > 0.
        steps: how many, at least 1.
        curvature: as in `tlr.rule.relative_change`.
        guard: "halving" halves α until the loss falls by at least ¼ α‖g‖² (Armijo's condition); "caps" takes no more
            than √(1 + α_t/α_{t−1}) α_t and ‖s‖/(2‖y‖) (Malitsky and Mishchenko, 2020); None takes TLR's α.

    Returns:
        `Safeguarded`. Where halving could not tell a fall from a rounding error, the descent stays where it is.
    """
    alpha, growth, p, pp, trials = float(alpha0), np.inf, None, 0.0, 0
    loss, g = value_and_gradient(w)
    alphas, losses, squares = [], [], []
    for _ in range(steps):
        gg = float(g @ g)
        if p is not None:
            gp, before = float(g @ p), alpha
            alpha = float(tlr_rule.next_alpha(alpha, gg, gp, pp, curvature=curvature))
            if guard == "caps":
                change = max(gg - 2 * gp + pp, 0.0)  # ‖y‖², and ‖s‖ is α‖p‖
                cap = before * np.sqrt(pp / change) / 2 if change > 0 else np.inf
                alpha = min(alpha, np.sqrt(1 + growth) * before, cap)
            growth = alpha / before
        while True:
            trials += 1
            there = value_and_gradient(w - alpha * g)
            if guard != "halving" or there[0] <= loss - alpha * gg / 4:
                w, p, pp = w - alpha * g, g, gg
                loss, g = there
                break
            if alpha * gg < 1e-14 * abs(loss):
                break
            alpha /= 2
        alphas.append(alpha)
        losses.append(loss)
        squares.append(gg)
    return Safeguarded(*map(np.array, (alphas, losses, squares)), trials)


def digits_network(hidden=32):
    """A small network on all training images of the digits, in numpy: 64 inputs, tanh, 10 classes, cross entropy.

    Returns:
        (value_and_gradient, w₀) for `safeguarded`; w holds both layers with their biases, one after the other.
    """
    with np.load(files("tlr.course") / "data" / "digits.npz") as digits:
        images, labels = digits["x_train"], digits["y_train"]
    inputs = images.reshape(len(images), -1) / 255.0
    inputs = np.hstack([(inputs - 0.5) / 0.5, np.ones((len(images), 1))])
    targets = np.eye(10)[labels]
    shapes = (inputs.shape[1], hidden), (hidden + 1, 10)
    sizes = [rows * columns for rows, columns in shapes]
    rng = np.random.default_rng(0)
    start = [rng.uniform(-1, 1, size=shape) / np.sqrt(shape[0]) for shape in shapes]

    def value_and_gradient(w):
        first, second = (part.reshape(shape) for part, shape in zip(np.split(w, sizes[:1]), shapes, strict=True))
        with np.errstate(over="ignore", invalid="ignore"):
            active = np.tanh(inputs @ first)
            scores = active @ second[:-1] + second[-1]
            scores -= scores.max(axis=1, keepdims=True)
            chances = np.exp(scores)
            chances /= chances.sum(axis=1, keepdims=True)
            loss = -np.mean(np.sum(targets * (scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))), axis=1))
            error = (chances - targets) / len(targets)
            back = (error @ second[:-1].T) * (1 - active**2)
            gradient = [inputs.T @ back, np.vstack([active.T @ error, error.sum(axis=0)])]
        return loss, np.concatenate([part.ravel() for part in gradient])

    return value_and_gradient, np.concatenate([part.ravel() for part in start])
