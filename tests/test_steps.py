"""Steps on a toy function, taken apart: against finite differences, and what is known of quadratics."""

import numpy as np
import pytest

from tlr import toys
from tlr.course.steps import (
    along_gradient,
    burst_forecast,
    error_components,
    exact_line_search,
    first_burst,
    refilled,
    step_products,
    votes,
)
from tlr.descent import Trajectory, descend


@pytest.mark.parametrize(("condition", "direction"), [(1, 0), (10, 40), (1e6, -3), (1e6, 0)])
def test_the_exact_line_search_on_a_quadratic(condition, direction):
    toy, w = toys.quadratic((1, condition)), np.array([np.cos(np.radians(direction)), np.sin(np.radians(direction))])
    g = toy.gradient(w)
    np.testing.assert_allclose(exact_line_search(toy, w), g @ g / (g @ toy.hessian(w) @ g), rtol=1e-4)


def test_the_products_of_a_step_are_slope_and_curvature_along_it():
    toy, alpha, h = toys.rosenbrock(), 1e-3, 1e-6
    step = step_products(toy, toy.start, alpha)
    before, after = along_gradient(toy, toy.start, [alpha - h, alpha + h])
    slopes = [-step_products(toy, toy.start, alpha + offset)["gp"] for offset in (-h, h)]
    np.testing.assert_allclose(-step["gp"], (after - before) / (2 * h), rtol=1e-5)
    np.testing.assert_allclose(step["exact"], (slopes[1] - slopes[0]) / (2 * h), rtol=1e-5)
    np.testing.assert_allclose(step["pp"], np.sum(toy.gradient(toy.start) ** 2))


def test_an_error_component_is_multiplied_by_one_minus_alpha_lambda():
    toy = toys.quadratic([1.0, 10.0], angle=0.5)
    ran = descend("secant", toy, [1.0, -2.0], 0.05, 20)
    eigenvalues, errors = error_components(toy, ran.w)
    np.testing.assert_allclose(eigenvalues, [1, 10])
    np.testing.assert_allclose(errors[0], 1)
    np.testing.assert_allclose(errors[1:], errors[:-1] * (1 - np.outer(ran.alpha[1:], eigenvalues)), atol=1e-12)


@pytest.mark.parametrize(
    ("toy", "wrong"),
    [
        (toys.from_expression("x**2 + y**2", start=(1, 1)), "not known"),
        (toys.from_expression("x**4 + y**2", start=(1, 1), minimum=(0, 0)), "not positive definite"),
    ],
)
def test_error_components_need_a_minimum_with_curvature(toy, wrong):
    with pytest.raises(ValueError, match=wrong):
        error_components(toy, np.ones((3, 2)))


def test_votes_add_up_to_the_inner_product_of_consecutive_gradients():
    toy = toys.quadratic([1, 10], angle=0.5)
    ran = descend("published", toy, toy.start, 0.002, 8)
    gradients = toy.gradient(ran.w)
    np.testing.assert_allclose(votes(toy, ran).sum(axis=-1), np.sum(gradients[1:] * gradients[:-1], axis=-1))


@pytest.mark.parametrize("rule", ["published", "secant", "barzilai_borwein"])
def test_refilled_with_nothing_is_a_descent(rule):
    toy = toys.quadratic([1, 10], angle=0.5)
    ran, plain = refilled(toy, toy.start, 0.02, 12, 0.0, rule), descend(rule, toy, toy.start, 0.02, 12)
    for name in ("w", "alpha", "loss"):
        np.testing.assert_allclose(getattr(ran, name), getattr(plain, name), rtol=1e-6, atol=1e-12)


def test_refilling_holds_up_the_steep_error_and_no_other():
    toy = toys.quadratic([1.0, 10.0], angle=0.5)
    ran = refilled(toy, [1.0, -2.0], 0.05, 20, 1e-2)
    eigenvalues, errors = error_components(toy, ran.w)
    free = errors[:-1] * (1 - np.outer(ran.alpha[1:], eigenvalues))
    assert np.abs(errors[:, 1]).min() == pytest.approx(1e-2)
    np.testing.assert_allclose(errors[1:, 0], free[:, 0], atol=1e-12)
    np.testing.assert_allclose(np.abs(errors[1:, 1]), np.maximum(np.abs(free[:, 1]), 1e-2))


def test_the_first_burst_ends_where_alpha_is_back_below_the_edge():
    loss = np.array([2.0, 1, 6, 8, 4, 90])
    alpha = np.array([0.1, 0.1, 0.3, 0.25, 0.1, 0.7])
    assert first_burst(Trajectory("published", np.zeros((6, 2)), alpha, loss), 0.2) == (0.3, 4)
    assert first_burst(Trajectory("published", np.zeros((4, 2)), alpha[:4], loss[:4]), 0.2) == (0.3, 4)
    assert first_burst(Trajectory("published", np.zeros((6, 2)), alpha, loss), 1.0) == (0.7, 45)


@pytest.mark.parametrize("floor", [1, 1e-2, 1e-4])
@pytest.mark.parametrize("rule", ["published", "secant"])
def test_the_forecast_of_a_burst_is_what_comes(rule, floor):
    toy = toys.quadratic([1.0, 10.0])
    top, height = first_burst(refilled(toy, [1.0, -1.0], 0.002, 80, floor, rule), 0.2)
    expected = burst_forecast([1, 10], [1.0, -1.0], 0.002, floor, rule)
    assert expected[0] == pytest.approx(top, rel=0.01 if expected[1] > 1 else 0.3)
    assert expected[1] == pytest.approx(height, rel=0.9)
    assert floor < 1 or height == 1


def test_there_is_no_forecast_beyond_the_best_step_of_the_flat_direction():
    assert np.isnan(burst_forecast([1, 10], [1.0, 0.0], 0.01)).all()
