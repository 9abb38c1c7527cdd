"""Toy functions: small enough to draw, with everything about them known.

A `Toy` evaluates itself on arrays of points: w has shape (..., d), and its value (...), gradient (..., d) and
Hessian (..., d, d) come back for all of them at once. Coordinates and values have no unit.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

__all__ = [
    "Toy",
    "beale",
    "from_expression",
    "himmelblau",
    "noisy_quadratic",
    "quadratic",
    "rosenbrock",
    "rotation_matrix",
    "saddle",
]


@dataclass(frozen=True, eq=False)
class Toy:
    """A function of d variables.

    Attributes:
        name: what a figure calls it.
        value: w (..., d) → (...).
        gradient: w (..., d) → (..., d). A stochastic toy also takes `gradient(w, rng)`: the gradient of one
            mini-batch, drawn with the numpy Generator `rng` and the same for all points of `w`.
        hessian: w (..., d) → (..., d, d).
        minimum: the global minimizers, shape (k, d); k = 0 where they are not known.
        minimum_value: the value there; nan where it is not known.
        start: a point (d,) worth starting from.
        window: ((x_lo, x_hi), (y_lo, y_hi)), the part of the plane worth drawing.
        stochastic: whether `gradient` draws mini-batches.
    """

    name: str
    value: Callable
    gradient: Callable
    hessian: Callable
    minimum: np.ndarray
    minimum_value: float
    start: np.ndarray
    window: tuple = ((-1.5, 1.5), (-1.5, 1.5))
    stochastic: bool = False

    @property
    def dimension(self):
        """d, the number of variables."""
        return len(self.start)


def quadratic(eigenvalues, angle=0.0, *, rotation=None):
    """½ wᵀHw with H = Q diag(λ) Qᵀ, so that its minimum is 0, at the origin.

    Args:
        eigenvalues: λ > 0, shape (..., d). Leading axes make as many quadratics at once; they broadcast against
            the leading axes of w.
        angle: in two dimensions, Q turns the axes by this angle (radians, default 0).
        rotation: an orthogonal Q, shape (d, d), in any dimension; instead of `angle`.

    Raises:
        ValueError: for an eigenvalue that is not positive, a Q that is not orthogonal, or an angle without a plane.
    """
    eigenvalues = np.asarray(eigenvalues, dtype=float)
    if eigenvalues.ndim == 0 or not np.all((eigenvalues > 0) & np.isfinite(eigenvalues)):
        raise ValueError("A quadratic needs a list of positive, finite eigenvalues (for a saddle, use saddle()).")
    d = eigenvalues.shape[-1]
    q = _rotation(d, angle, rotation)

    def gradient(w):
        return ((w @ q) * eigenvalues) @ q.T

    def value(w):
        return 0.5 * np.vecdot((w @ q) ** 2, eigenvalues)

    def hessian(w):
        h = (q * eigenvalues[..., None, :]) @ q.T
        return np.broadcast_to(h, np.broadcast_shapes(h.shape, (*np.shape(w)[:-1], d, d)))

    return Toy("quadratic", value, gradient, hessian, np.zeros((1, d)), 0.0, np.ones(d))


def noisy_quadratic(eigenvalues=(1.0, 10.0), angle=0.0, *, samples=512, batch_size=8, spread=1.0, seed=0):
    """The mean of `samples` quadratics ½ (w − aᵢ)ᵀH(w − aᵢ), of which a mini-batch sees `batch_size`.

    The aᵢ are normal with mean zero and standard deviation `spread` in each coordinate, drawn once from `seed` and
    then centered, so the mean's minimum is at the origin. `gradient(w)` is exact; `gradient(w, rng)` draws a batch
    without replacement. `eigenvalues` (d,) and `angle` are those of `quadratic`.

    Raises:
        ValueError: unless 1 <= batch_size <= samples; and what `quadratic` raises.
    """
    if not 1 <= batch_size <= samples:
        raise ValueError(f"A batch holds between 1 and {samples} samples, not {batch_size!r}.")
    mean = quadratic(eigenvalues, angle)
    centers = spread * np.random.default_rng(seed).standard_normal((samples, mean.dimension))
    centers -= centers.mean(axis=0)
    offset = mean.value(centers).mean()

    def gradient(w, rng=None):
        if rng is None:
            return mean.gradient(w)
        return mean.gradient(w - centers[rng.choice(samples, batch_size, replace=False)].mean(axis=0))

    return Toy(
        "noisy quadratic",
        lambda w: mean.value(w) + offset,
        gradient,
        mean.hessian,
        mean.minimum,
        offset,
        mean.start,
        stochastic=True,
    )


def rosenbrock():
    """(1 − x)² + 100 (y − x²)²: a curved valley, flat along its floor (Rosenbrock, 1960)."""

    def value(w):
        x, y = _coordinates(w)
        return (1 - x) ** 2 + 100 * (y - x**2) ** 2

    def gradient(w):
        x, y = _coordinates(w)
        return np.stack([-2 * (1 - x) - 400 * x * (y - x**2), 200 * (y - x**2)], axis=-1)

    def hessian(w):
        x, y = _coordinates(w)
        return _symmetric(2 - 400 * (y - 3 * x**2), -400 * x, 200 + 0 * y)

    return Toy(
        "Rosenbrock",
        value,
        gradient,
        hessian,
        np.array([[1.0, 1.0]]),
        0.0,
        np.array([-1.2, 1.0]),
        ((-2.0, 2.0), (-1.0, 3.0)),
    )


def beale():
    """Σₖ (bₖ − x + x yᵏ)², k = 1, 2, 3, b = 1.5, 2.25, 2.625: flat, with sharp corners (Beale, 1958)."""
    targets = ((1, 1.5), (2, 2.25), (3, 2.625))

    def value(w):
        x, y = _coordinates(w)
        return sum((b - x + x * y**k) ** 2 for k, b in targets)

    def gradient(w):
        x, y = _coordinates(w)
        residuals = [(k, b - x + x * y**k) for k, b in targets]
        dx = sum(2 * r * (y**k - 1) for k, r in residuals)
        dy = sum(2 * r * k * x * y ** (k - 1) for k, r in residuals)
        return np.stack([dx, dy], axis=-1)

    def hessian(w):
        x, y = _coordinates(w)
        residuals = [(k, b - x + x * y**k) for k, b in targets]
        xx = sum(2 * (y**k - 1) ** 2 for k, _ in residuals)
        xy = sum(2 * k * y ** (k - 1) * (r + x * (y**k - 1)) for k, r in residuals)
        yy = sum(2 * k * x * ((k - 1) * r * y ** max(k - 2, 0) + k * x * y ** (2 * k - 2)) for k, r in residuals)
        return _symmetric(xx, xy, yy)

    return Toy(
        "Beale",
        value,
        gradient,
        hessian,
        np.array([[3.0, 0.5]]),
        0.0,
        np.array([1.0, 1.0]),
        ((-1.0, 4.5), (-2.0, 2.0)),
    )


def himmelblau():
    """(x² + y − 11)² + (x + y² − 7)²: four minima of the same value, and a hill between them (Himmelblau, 1972)."""

    def value(w):
        x, y = _coordinates(w)
        return (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2

    def gradient(w):
        x, y = _coordinates(w)
        a, b = x**2 + y - 11, x + y**2 - 7
        return np.stack([4 * x * a + 2 * b, 2 * a + 4 * y * b], axis=-1)

    def hessian(w):
        x, y = _coordinates(w)
        return _symmetric(12 * x**2 + 4 * y - 42, 4 * (x + y), 12 * y**2 + 4 * x - 26)

    return Toy(
        "Himmelblau",
        value,
        gradient,
        hessian,
        np.array(
            [
                [3.0, 2.0],
                [-2.8051180869527449, 3.1313125182505730],
                [-3.7793102533777469, -3.2831859912861694],
                [3.5844283403304917, -1.8481265269644036],
            ]
        ),
        0.0,
        np.array([0.0, 0.0]),
        ((-5.0, 5.0), (-5.0, 5.0)),
    )


def saddle():
    """½x² − ½y² + ¼y⁴: a saddle at the origin between two minima, (0, ±1); it starts close to the ridge y = 0."""

    def value(w):
        x, y = _coordinates(w)
        return x**2 / 2 - y**2 / 2 + y**4 / 4

    def gradient(w):
        x, y = _coordinates(w)
        return np.stack([x, y**3 - y], axis=-1)

    def hessian(w):
        x, y = _coordinates(w)
        return _symmetric(1 + 0 * x, 0 * x, 3 * y**2 - 1)

    return Toy(
        "saddle",
        value,
        gradient,
        hessian,
        np.array([[0.0, 1.0], [0.0, -1.0]]),
        -0.25,
        np.array([1.25, 0.01]),
        ((-1.5, 1.5), (-1.5, 1.5)),
    )


def from_expression(expression, start, window=None, *, minimum=None, name=None):
    """The reader's own function, from a formula: sympy finds the gradient and the Hessian.

    Args:
        expression: a formula such as "(x - 1)**2 + 10*sin(y)**2", or a sympy expression. Its variables, in
            alphabetical order, are the coordinates.
        start: where to start, (d,).
        window: ((x_lo, x_hi), (y_lo, y_hi)); by default a square around the start that holds the origin.
        minimum: the global minimizers, (d,) or (k, d), where they are known.
        name: what figures call it (default: the formula).

    Raises:
        ValueError: when the formula's variables are not as many as the coordinates of `start`.
    """
    import sympy

    formula = sympy.sympify(expression)
    variables = sorted(formula.free_symbols, key=str)
    start = np.asarray(start, dtype=float)
    if start.shape != (len(variables),):
        raise ValueError(f"{formula} has the variables {variables}; `start` needs one number for each, not {start}.")
    slopes = [sympy.diff(formula, v) for v in variables]
    value = _evaluator(variables, formula)
    gradient = [_evaluator(variables, slope) for slope in slopes]
    hessian = [[_evaluator(variables, sympy.diff(slope, v)) for v in variables] for slope in slopes]
    minimizers = np.empty((0, len(start))) if minimum is None else np.atleast_2d(np.asarray(minimum, dtype=float))
    reach = 1.25 * max(np.abs(start).max(), 1.0)
    return Toy(
        name or str(formula),
        value,
        lambda w: np.stack([f(w) for f in gradient], axis=-1),
        lambda w: np.stack([np.stack([f(w) for f in row], axis=-1) for row in hessian], axis=-2),
        minimizers,
        float(value(minimizers).min()) if len(minimizers) else np.nan,
        start,
        window or ((-reach, reach), (-reach, reach)),
    )


def rotation_matrix(angle):
    """The 2 × 2 matrix that turns the plane by `angle` (radians, counterclockwise)."""
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def _rotation(d, angle, rotation):
    if rotation is None:
        if angle and d != 2:
            raise ValueError(f"An angle turns a plane; in {d} dimensions give an orthogonal matrix as `rotation`.")
        return rotation_matrix(angle) if d == 2 else np.eye(d)
    rotation = np.asarray(rotation, dtype=float)
    if rotation.shape != (d, d) or not np.allclose(rotation @ rotation.T, np.eye(d)):
        raise ValueError(f"`rotation` must be an orthogonal matrix of shape ({d}, {d}).")
    return rotation


def _coordinates(w):
    w = np.asarray(w, dtype=float)
    return w[..., 0], w[..., 1]


def _symmetric(xx, xy, yy):
    return np.stack([np.stack([xx, xy], axis=-1), np.stack([xy, yy], axis=-1)], axis=-2)


def _evaluator(variables, formula):
    import sympy

    compiled = sympy.lambdify(variables, formula, "numpy")

    def evaluate(w):
        w = np.asarray(w, dtype=float)
        # A formula that lost its variables to differentiation gives one number, not one for each point.
        return np.broadcast_to(compiled(*np.moveaxis(w, -1, 0)), w.shape[:-1])

    return evaluate
