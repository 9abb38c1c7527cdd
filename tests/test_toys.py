"""The toy functions: published values, derivatives against finite differences, minima."""

import subprocess
import sys
from inspect import signature

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlr import toys


def built_in():
    """Every function of the module that makes a toy from nothing."""
    for name in toys.__all__:
        parameters = signature(getattr(toys, name)).parameters.values()
        if all(each.default is not each.empty for each in parameters):
            yield name


TOYS = {name: getattr(toys, name)() for name in built_in()} | {
    "quadratic": toys.quadratic([1.0, 10.0], angle=0.5),
    "turned noisy_quadratic": toys.noisy_quadratic(angle=0.3),
}
coordinate = st.floats(-4, 4)
every_toy = pytest.mark.parametrize("toy", TOYS.values(), ids=TOYS)


def differences(f, w, h=1e-5):
    """Central differences of f at one point w, the last axis being that of the variable."""
    return np.stack([(f(w + h * e) - f(w - h * e)) / (2 * h) for e in np.eye(len(w))], axis=-1)


@every_toy
@given(x=coordinate, y=coordinate)
def test_gradient_and_hessian_agree_with_finite_differences(toy, x, y):
    w = np.array([x, y])
    scale = 1 + np.abs(toy.hessian(w)).max() + np.abs(toy.gradient(w)).max()
    np.testing.assert_allclose(toy.gradient(w), differences(toy.value, w), atol=1e-5 * scale)
    np.testing.assert_allclose(toy.hessian(w), differences(toy.gradient, w), atol=1e-5 * scale)


@every_toy
def test_everything_is_vectorized_over_leading_axes(toy):
    w = np.random.default_rng(0).normal(size=(3, 4, 2))
    assert toy.value(w).shape == (3, 4)
    assert toy.gradient(w).shape == (3, 4, 2)
    assert toy.hessian(w).shape == (3, 4, 2, 2)
    np.testing.assert_allclose(toy.gradient(w)[1, 2], toy.gradient(w[1, 2]))
    np.testing.assert_allclose(toy.hessian(w)[1, 2], toy.hessian(w[1, 2]))


@every_toy
def test_minima_are_minima(toy):
    np.testing.assert_allclose(toy.value(toy.minimum), toy.minimum_value, atol=1e-20)
    np.testing.assert_allclose(toy.gradient(toy.minimum), 0, atol=1e-12)
    assert np.all(np.linalg.eigvalsh(toy.hessian(toy.minimum)) > 0)


@every_toy
@given(x=coordinate, y=coordinate)
def test_no_point_is_lower_than_the_minimum(toy, x, y):
    assert toy.value(np.array([x, y])) >= toy.minimum_value - 1e-12


@every_toy
def test_the_view_shows_the_start_and_a_minimum(toy):
    low, high = np.transpose(toy.view)
    inside = np.all((low <= toy.minimum) & (toy.minimum <= high), axis=-1)
    assert inside.any()
    assert np.all((low <= toy.start) & (toy.start <= high))


@pytest.mark.parametrize(
    ("name", "point", "value"),
    [
        ("rosenbrock", (-1.2, 1), 24.2),  # Moré, Garbow and Hillstrom (1981), problem 1
        ("rosenbrock", (0, 0), 1),
        ("rosenbrock", (2, 3), 101),  # 1 + 100 (3 − 4)²
        ("beale", (1, 1), 14.203125),  # problem 5: 1.5² + 2.25² + 2.625²
        ("beale", (0, -4), 14.203125),  # the same for x = 0, whatever y is
        ("beale", (1, 2), 126.453125),  # 2.5² + 5.25² + 9.625²: the residuals are bₖ − 1 + 2ᵏ
        ("himmelblau", (0, 0), 170),
        ("himmelblau", (-0.270845, -0.923039), 181.617),  # the local maximum
        ("himmelblau", (3, -2), 16),  # (9 − 2 − 11)² + (3 + 4 − 7)²
        ("saddle", (0, 0), 0),
        ("saddle", (1, 2), 2.5),  # ½ − 2 + 4
    ],
)
def test_published_values(name, point, value):
    assert TOYS[name].value(np.array(point)) == pytest.approx(value, abs=1e-3)


def test_himmelblau_has_four_minima():
    assert len({tuple(point) for point in np.round(TOYS["himmelblau"].minimum)}) == 4


@given(st.lists(st.floats(1e-3, 1e6), min_size=2, max_size=2), st.floats(-np.pi, np.pi))
def test_a_quadratic_has_the_eigenvalues_it_was_made_from(eigenvalues, angle):
    hessian = toys.quadratic(eigenvalues, angle).hessian(np.zeros(2))
    np.testing.assert_allclose(
        np.linalg.eigvalsh(hessian), sorted(eigenvalues), rtol=1e-6, atol=1e-12 * max(eigenvalues)
    )


def test_the_angle_turns_the_eigenvectors():
    hessian = toys.quadratic([1, 10], np.pi / 6).hessian(np.zeros(2))
    direction = np.array([np.cos(np.pi / 6), np.sin(np.pi / 6)])
    np.testing.assert_allclose(hessian @ direction, direction)


def test_many_quadratics_at_once():
    toy = toys.quadratic(np.array([[[1.0, 2.0]], [[1.0, 8.0]]]))
    w = np.ones((2, 3, 2))
    np.testing.assert_allclose(toy.value(w), [[1.5] * 3, [4.5] * 3])
    np.testing.assert_allclose(toy.hessian(w)[1, 0], np.diag([1, 8]))


def test_mini_batch_gradients_average_to_the_gradient():
    toy = toys.noisy_quadratic((1, 4), samples=12, batch_size=3)
    w, rng = np.array([0.7, -0.2]), np.random.default_rng(5)
    draws = np.array([toy.gradient(w, rng) for _ in range(4000)])
    error = draws.std(axis=0) / np.sqrt(len(draws))
    assert error.min() > 0
    assert np.all(np.abs(draws.mean(axis=0) - toy.gradient(w)) < 5 * error)


def test_a_batch_of_everything_is_the_gradient():
    toy = toys.noisy_quadratic(samples=16, batch_size=16)
    np.testing.assert_allclose(toy.gradient(toy.start, np.random.default_rng(0)), toy.gradient(toy.start))


def test_all_points_see_the_same_batch():
    toy = toys.noisy_quadratic()
    first, second = toy.gradient(np.zeros((2, 2)), np.random.default_rng(3))
    np.testing.assert_array_equal(first, second)
    assert np.any(first != 0)


def test_a_formula_becomes_a_toy():
    toy = toys.from_expression("(x - 1)**2 + 3*y", start=(0, 0), minimum=(1, 0), name="mine")
    np.testing.assert_allclose(toy.gradient(np.zeros((4, 2))), [[-2, 3]] * 4)
    assert (toy.name, toy.dimension, toy.minimum_value) == ("mine", 2, 0)
    assert np.isnan(toys.from_expression("x**2", start=(1,)).minimum_value)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: toys.quadratic([1, 0]), "positive, finite eigenvalues"),
        (lambda: toys.quadratic([1, -2]), "saddle"),
        (lambda: toys.quadratic([1, np.inf]), "finite"),
        (lambda: toys.quadratic(3.0), "list"),
        (lambda: toys.quadratic([1, 2, 3], angle=0.1), "3 dimensions"),
        (lambda: toys.noisy_quadratic(batch_size=0), "between 1 and 512"),
        (lambda: toys.from_expression("x + y", start=(1,)), "one number for each"),
    ],
)
def test_bad_input_gets_one_clear_sentence(make, said):
    with pytest.raises(ValueError, match=said):
        make()


def test_toys_and_descent_import_no_torch():
    code = "import sys, tlr, tlr.toys, tlr.descent; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
