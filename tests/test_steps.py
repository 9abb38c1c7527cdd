"""Steps on a toy function, taken apart: against finite differences, and what is known of quadratics."""

import numpy as np
import pytest

from tlr import toys
from tlr.course.steps import along_gradient, error_components, exact_line_search, step_products, votes
from tlr.descent import descend


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
