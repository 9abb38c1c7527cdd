"""Toy functions: small enough to draw, with everything about them known.

A `Toy` evaluates itself on arrays of points: w has shape (..., d), and its value (...), gradient (..., d) and
Hessian (..., d, d) come back for all of them at once. Coordinates and values have no unit.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tlr.formula import parse

if TYPE_CHECKING:
    import sympy

Array: TypeAlias = NDArray[np.float64]
View: TypeAlias = tuple[tuple[float, float], tuple[float, float]]

__all__ = ["Toy", "beale", "from_expression", "himmelblau", "noisy_quadratic", "quadratic", "rosenbrock", "saddle"]


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
        view: ((x_lo, x_hi), (y_lo, y_hi)), the part of the plane worth drawing.
        stochastic: whether `gradient` draws mini-batches.
        expression: the formula of the value in sympy, its variables in alphabetical order the coordinates; None
            where there is none.
    """

    name: str
    value: Callable[[ArrayLike], Array]
    gradient: Callable[..., Array]
    hessian: Callable[[ArrayLike], Array]
    minimum: Array
    minimum_value: float
    start: Array
    view: View = ((-1.5, 1.5), (-1.5, 1.5))
    stochastic: bool = False
    expression: "sympy.Expr | None" = None

    @property
    def dimension(self) -> int:
        """d, the number of variables."""
        return len(self.start)


def quadratic(eigenvalues: ArrayLike, angle: float = 0.0) -> Toy:
    """½ wᵀHw with H = Q diag(λ) Qᵀ, so that its minimum is 0, at the origin.

    Args:
        eigenvalues: λ > 0, shape (..., d). Leading axes make as many quadratics at once; they broadcast against
            the leading axes of w.
        angle: in two dimensions, Q turns the axes by this angle (radians, default 0).

    Raises:
        ValueError: for an eigenvalue that is not positive, or an angle without a plane.
    """
    eigenvalues = np.asarray(eigenvalues, dtype=float)
    if eigenvalues.ndim == 0 or not np.all((eigenvalues > 0) & np.isfinite(eigenvalues)):
        raise ValueError("A quadratic needs a list of positive, finite eigenvalues (for a saddle, use saddle()).")
    d = eigenvalues.shape[-1]
    if angle and d != 2:
        raise ValueError(f"An angle turns a plane, and this quadratic has {d} dimensions.")
    cos, sin = np.cos(angle), np.sin(angle)
    q = np.array([[cos, -sin], [sin, cos]]) if d == 2 else np.eye(d)

    def gradient(w: ArrayLike) -> Any:
        return ((np.asarray(w, dtype=float) @ q) * eigenvalues) @ q.T

    def value(w: ArrayLike) -> Any:
        return 0.5 * np.vecdot((np.asarray(w, dtype=float) @ q) ** 2, eigenvalues)

    def hessian(w: ArrayLike) -> Array:
        h = (q * eigenvalues[..., None, :]) @ q.T
        return np.broadcast_to(h, np.broadcast_shapes(h.shape, (*np.shape(w)[:-1], d, d)))

    return Toy("quadratic", value, gradient, hessian, np.zeros((1, d)), 0.0, np.ones(d))


def noisy_quadratic(
    eigenvalues: ArrayLike = (1.0, 10.0), angle: float = 0.0, *, samples: int = 512, batch_size: int = 8
) -> Toy:
    """The mean of `samples` quadratics ½ (w − aᵢ)ᵀH(w − aᵢ), of which a mini-batch sees `batch_size`.

    The aᵢ are standard normal, the same every time, and centered, so that the mean's minimum is at the origin.
    `gradient(w)` is exact; `gradient(w, rng)` draws a batch without replacement. `eigenvalues` (d,) and `angle` are
    those of `quadratic`.

    Raises:
        ValueError: unless 1 <= batch_size <= samples; and what `quadratic` raises.
    """
    if not 1 <= batch_size <= samples:
        raise ValueError(f"A batch holds between 1 and {samples} samples, not {batch_size!r}.")
    mean = quadratic(eigenvalues, angle)
    centers = np.random.default_rng(0).standard_normal((samples, mean.dimension))
    centers -= centers.mean(axis=0)
    offset = mean.value(centers).mean()

    def gradient(w: ArrayLike, rng: np.random.Generator | None = None) -> Array:
        if rng is None:
            return mean.gradient(w)
        return mean.gradient(w - centers[rng.choice(samples, batch_size, replace=False)].mean(axis=0))

    return replace(
        mean,
        name="noisy quadratic",
        value=lambda w: mean.value(w) + offset,
        gradient=gradient,
        minimum_value=offset,
        stochastic=True,
    )


@cache
def rosenbrock() -> Toy:
    """(1 − x)² + 100 (y − x²)²: a curved valley, flat along its floor (Rosenbrock, 1960)."""
    valley = "(1 - x)**2 + 100*(y - x**2)**2"
    return from_expression(valley, (-1.2, 1), ((-2, 2), (-1, 3)), minimum=(1, 1), name="Rosenbrock")


@cache
def beale() -> Toy:
    """Σₖ (bₖ − x + x yᵏ)², k = 1, 2, 3, b = 1.5, 2.25, 2.625: flat, with sharp corners (Beale, 1958)."""
    squares = "(1.5 - x + x*y)**2 + (2.25 - x + x*y**2)**2 + (2.625 - x + x*y**3)**2"
    return from_expression(squares, (1, 1), ((-1, 4.5), (-2, 2)), minimum=(3, 0.5), name="Beale")


@cache
def himmelblau() -> Toy:
    """(x² + y − 11)² + (x + y² − 7)²: four minima of the same value, and a hill between them (Himmelblau, 1972)."""
    minima = (
        (3, 2),
        (-2.8051180869527449, 3.1313125182505730),
        (-3.7793102533777469, -3.2831859912861694),
        (3.5844283403304917, -1.8481265269644036),
    )
    squares = "(x**2 + y - 11)**2 + (x + y**2 - 7)**2"
    return from_expression(squares, (0, 0), ((-5, 5), (-5, 5)), minimum=minima, name="Himmelblau")


@cache
def saddle() -> Toy:
    """½x² − ½y² + ¼y⁴: a saddle at the origin between two minima, (0, ±1); it starts close to the ridge y = 0."""
    ridge = "x**2/2 - y**2/2 + y**4/4"
    return from_expression(ridge, (1.25, 0.01), minimum=((0, 1), (0, -1)), name="saddle")


def from_expression(
    expression: "str | sympy.Expr",
    start: ArrayLike,
    view: View | None = None,
    *,
    minimum: ArrayLike | None = None,
    name: str | None = None,
) -> Toy:
    """Your own function, from a formula: sympy finds the gradient and the Hessian.

    Args:
        expression: a formula such as "(x - 1)**2 + 10*sin(y)**2", which is parsed, never run as Python
            (`tlr.formula.parse` says what it may hold), or a sympy expression. Its variables, in alphabetical order,
            are the coordinates.
        start: where to start, (d,).
        view: ((x_lo, x_hi), (y_lo, y_hi)); by default a square around the origin that holds the start.
        minimum: the global minimizers, (d,) or (k, d), where they are known.
        name: what figures call it (default: the formula).

    Raises:
        ValueError: for a text that is no such formula.
        ValueError: when the formula's variables are not as many as the coordinates of `start`.
    """
    import sympy

    formula = expression if isinstance(expression, sympy.Expr) else parse(expression)
    variables = sorted(formula.free_symbols, key=str)
    start = np.asarray(start, dtype=float)
    if start.shape != (len(variables),):
        raise ValueError(f"{formula} has the variables {variables}; `start` needs one number for each, not {start}.")
    slopes = [sympy.diff(formula, v) for v in variables]
    value = _evaluator(variables, formula)
    minimizers = np.empty((0, len(start))) if minimum is None else np.atleast_2d(np.asarray(minimum, dtype=float))
    reach = 1.25 * max(np.abs(start).max(), 1.0)
    return Toy(
        name or str(formula),
        value,
        _evaluator(variables, slopes),
        _evaluator(variables, [[sympy.diff(slope, v) for v in variables] for slope in slopes]),
        minimizers,
        float(value(minimizers).min()) if len(minimizers) else np.nan,
        start,
        view or ((-reach, reach), (-reach, reach)),
        expression=formula,
    )


def _evaluator(variables: "Sequence[sympy.Symbol]", formulas: Any) -> Callable[[ArrayLike], Array]:
    """A function of w (..., d): the values of a formula, or of lists of them, whose axes follow the leading ones."""
    import sympy

    formulas = np.array(formulas, dtype=object)
    # `cse` names its own symbols x0, x1, …; dummies keep them apart from variables that have such a name.
    # The second derivative of |x| is 0 wherever it has one, and sympy's DiracDelta is no function of numpy.
    modules = [{"DiracDelta": lambda *_: 0.0}, "numpy"]
    compiled = sympy.lambdify(variables, formulas.ravel().tolist(), modules, cse=True, dummify=True)

    def evaluate(w: ArrayLike) -> Array:
        w = np.asarray(w, dtype=float)
        values = np.empty((*w.shape[:-1], formulas.size))
        for i, value in enumerate(compiled(*(w[..., i] for i in range(len(variables))))):
            values[..., i] = value  # of a formula that lost its variables to differentiation, one number for all points
        return values.reshape(w.shape[:-1] + formulas.shape)[()]

    return evaluate
