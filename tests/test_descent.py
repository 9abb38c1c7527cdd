"""Descents on toy functions: each rule's law, closed forms, invariances, divergence."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlr import toys
from tlr.descent import RULES, descend, relative_rate_map

line = toys.quadratic([1.0])  # one dimension with curvature λ = 1, so that x = αλ = α
exponent = st.floats(-6, 6)


def algorithm_2(gradient, w, alpha, steps, c=0.25):
    """Algorithm 2, transcribed."""
    before, path = np.zeros_like(w), []
    for _ in range(steps):
        g = gradient(w)
        gp, denominator = g @ before, 4 * g @ (g - before)
        alpha *= 1 + (min(gp / denominator if denominator > 0 else np.inf * np.sign(gp), c) if gp else 0)
        w, before = w - alpha * g, g
        path.append((alpha, w))
    return path


@pytest.mark.parametrize("condition", [1.5, 10, 100])
@pytest.mark.parametrize("alpha0", [1e-3, 0.019, 0.1])
def test_published_is_algorithm_2(condition, alpha0):
    toy = toys.quadratic([1, condition], angle=0.4)
    ran = descend("published", toy, toy.start, alpha0, 12)
    for t, (alpha, w) in enumerate(algorithm_2(toy.gradient, toy.start, alpha0, 12), 1):
        assert ran.alpha[t] == pytest.approx(alpha, rel=1e-9)
        np.testing.assert_allclose(ran.w[t], w, rtol=1e-9)


@pytest.mark.parametrize("rule", RULES)
def test_each_step_is_gradient_descent_with_its_alpha(rule):
    toy = toys.quadratic([1, 5], angle=1.0)
    ran = descend(rule, toy, [2.0, -1.0], np.geomspace(1e-3, 0.3, 5), 20, eta=1e-3)
    np.testing.assert_allclose(ran.w[1:], ran.w[:-1] - ran.alpha[1:, :, None] * toy.gradient(ran.w[:-1]))
    np.testing.assert_array_equal(ran.loss, toy.value(ran.w))
    assert ran.steps == 20
    assert not ran.diverged.any()


@pytest.mark.parametrize("rule", sorted(set(RULES) - {"naive"}))
def test_the_first_step_keeps_alpha0(rule):
    ran = descend(rule, line, [1.0], 0.3, 2)
    assert ran.alpha[0] == ran.alpha[1] == 0.3


def test_naive_follows_the_slope_of_the_loss_after_the_step():
    toy, eta, alpha = toys.beale(), 1e-4, 1e-3
    ran = descend("naive", toy, toy.start, alpha, 1, eta=eta)
    g = toy.gradient(toy.start)
    slope = (toy.value(toy.start - (alpha + 1e-7) * g) - toy.value(toy.start - (alpha - 1e-7) * g)) / 2e-7
    assert ran.alpha[1] == pytest.approx(alpha - eta * slope, rel=1e-6)


def test_hypergradient_adds_beta_times_the_inner_product():
    toy = toys.quadratic([1, 3])
    ran = descend("hypergradient", toy, toy.start, 0.1, 5, beta=0.01)
    g = toy.gradient(ran.w)
    np.testing.assert_allclose(np.diff(ran.alpha)[1:], 0.01 * np.vecdot(g[1:-1], g[:-2]))


def test_hypergradient_may_make_alpha_negative():
    assert descend("hypergradient", line, [1.0], 1.9, 3, beta=5.0).alpha.min() < 0


def test_in_one_dimension_the_published_rule_is_the_closed_form_map():
    """x = αλ: x < 1 → (1 + c) x, x > 1 → x − 1/4."""
    x0 = np.concatenate([np.geomspace(1e-3, 0.99, 30), np.linspace(1.01, 3, 30)])
    ran = descend("published", line, [1.0], x0, 2, c=0.5)
    np.testing.assert_allclose(ran.alpha[2], np.where(x0 < 1, 1.5 * x0, x0 - 0.25), rtol=1e-12)


def test_the_map_of_x_has_the_closed_forms():
    x = np.concatenate([np.geomspace(1e-3, 0.99, 30), np.linspace(1.01, 12, 30)])
    np.testing.assert_allclose(relative_rate_map(x), np.where(x < 1, 1.25 * x, x - 0.25), rtol=1e-12)
    np.testing.assert_allclose(relative_rate_map(x, "secant"), np.minimum(1.25 * x, x + (1 - x) / 4), rtol=1e-12)
    np.testing.assert_allclose(relative_rate_map(x, "barzilai_borwein"), 1, rtol=1e-12)


@pytest.mark.parametrize("rule", ["published", "secant", "barzilai_borwein"])
@given(curvature=st.floats(-3, 3), x0=st.floats(-4, 1), c=st.floats(-2, 1))
def test_a_descent_in_one_dimension_follows_the_map(rule, curvature, x0, c):
    curvature, x0, c = 10**curvature, 10**x0, 10**c
    ran = descend(rule, toys.quadratic([curvature]), [1.0], x0 / curvature, 12, c=c)
    x = ran.alpha[1:] * curvature
    live = ran.loss[:-1] > 1e-20 * ran.loss[0]
    np.testing.assert_allclose(x[1:][live[1:]], relative_rate_map(x[:-1], rule, c)[live[1:]], rtol=1e-6)


@given(st.floats(-6, 1).map(lambda e: 10**e))
def test_in_one_dimension_the_published_rule_enters_its_band_and_shrinks_the_loss_16_fold(x0):
    ran = descend("published", line, [1.0], x0, 150)
    inside = (ran.alpha >= 0.75) & (ran.alpha <= 1.25)
    first = np.argmax(inside)
    live = ran.loss > 1e-250  # below, the inner products underflow, and so do the losses
    assert inside[first]
    assert inside[first:][live[first:]].all()
    # Next to x = 1 the weight is a difference of almost equal numbers, and keeps few digits.
    shrinks = 16 * ran.loss[first + 1 :] <= ran.loss[first:-1] * (1 + 1e-6)
    assert shrinks[live[first + 1 :]].all()


def test_x_equal_to_one_lands_on_the_minimum():
    assert descend("published", line, [1.0], 1.0, 1).loss[-1] == 0


@given(st.floats(-6, 6).map(lambda e: 10**e), st.floats(-6, 1).map(lambda e: 10**e))
def test_in_one_dimension_barzilai_borwein_is_exact_after_one_update(curvature, x0):
    toy = toys.quadratic([curvature])
    alpha = descend("barzilai_borwein", toy, [1.0], x0 / curvature, 2).alpha
    if abs(x0 - 1) > 1e-6:  # otherwise the first step has arrived already
        assert alpha[2] * curvature == pytest.approx(1, rel=1e-9)


def test_barzilai_borwein_is_the_long_step():
    toy = toys.quadratic(np.geomspace(1, 50, 6))
    ran = descend("barzilai_borwein", toy, np.ones(6), 1e-3, 25)
    s, y = np.diff(ran.w, axis=0), np.diff(toy.gradient(ran.w), axis=0)
    np.testing.assert_allclose(ran.alpha[2:], np.vecdot(s, s)[:-1] / np.vecdot(s, y)[:-1], rtol=1e-9)


def test_secant_moves_a_quarter_of_the_way_to_barzilai_borwein():
    toy = toys.quadratic([1, 4, 9])
    ran = descend("secant", toy, np.ones(3), 0.3, 20)
    s, y = np.diff(ran.w, axis=0), np.diff(toy.gradient(ran.w), axis=0)
    long = (np.vecdot(s, s) / np.vecdot(s, y))[:-1]
    np.testing.assert_allclose(ran.alpha[2:], np.minimum(0.75 * ran.alpha[1:-1] + 0.25 * long, 1.25 * ran.alpha[1:-1]))


def test_in_many_dimensions_published_ends_above_its_start_where_secant_converges():
    toy = toys.quadratic(np.geomspace(1, 100, 10))
    published, secant = (descend(rule, toy, np.ones(10), 1.9 / 100, 200).loss for rule in ("published", "secant"))
    assert np.mean(published > published[0]) > 1 / 3
    assert published.max() > 1e6 * published[0]
    assert secant.argmax() == 0
    assert secant[-1] == pytest.approx(2e-5, rel=0.5)


@pytest.mark.parametrize("rule", ["published", "secant"])
@given(exponents=st.lists(st.floats(0, 6), min_size=2, max_size=4), alpha0=exponent, c=st.floats(-3, 1))
def test_alpha_stays_positive_and_within_its_bounds(rule, exponents, alpha0, c):
    toy, c = toys.quadratic(10.0 ** np.array(exponents)), 10**c
    alpha = descend(rule, toy, toy.start, 10**alpha0, 60, c=c).alpha
    ratio = alpha[1:] / alpha[:-1]
    assert np.all(alpha > 0)
    assert np.all(ratio >= 0.75 * (1 - 1e-12))
    assert np.all(ratio <= (1 + c) * (1 + 1e-12))


@pytest.mark.parametrize("rule", ["published", "secant", "barzilai_borwein"])
@given(k=st.integers(-20, 20), alpha0=st.floats(1e-4, 0.5))
def test_scaling_the_loss_and_alpha0_leaves_the_path_unchanged(rule, k, alpha0):
    k = 2.0**k  # powers of two scale without rounding, so the paths are equal to the last bit
    plain = descend(rule, toys.quadratic([1, 10]), [1, 1], alpha0, 60)
    scaled = descend(rule, toys.quadratic([k, 10 * k]), [1, 1], alpha0 / k, 60)
    live = plain.loss > 1e-100  # far below, products of gradients underflow
    np.testing.assert_array_equal(scaled.w[live], plain.w[live])
    np.testing.assert_array_equal(scaled.alpha[live], plain.alpha[live] / k)


@given(k=st.integers(-8, 8))
def test_hypergradient_is_the_same_only_with_beta_rescaled_by_the_cube(k):
    k = 2.0**k
    plain = descend("hypergradient", toys.quadratic([1, 4]), [1, 1], 0.01, 40, beta=1e-3)
    scaled = descend("hypergradient", toys.quadratic([k, 4 * k]), [1, 1], 0.01 / k, 40, beta=1e-3 / k**3)
    np.testing.assert_array_equal(scaled.w, plain.w)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("make", [toys.quadratic, toys.rosenbrock, toys.saddle], ids=lambda f: f.__name__)
def test_a_diverging_path_ends_as_inf_and_says_nothing(rule, make):
    toy = make([1.0, 1e6]) if make is toys.quadratic else make()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ran = descend(rule, toy, toy.start, np.geomspace(1e-8, 1e3, 60), 300, eta=1.0, beta=1.0)
    assert not np.isnan(ran.loss).any()
    assert not np.isnan(ran.w).any()
    gone = np.isinf(ran.loss)
    assert np.array_equal(gone, np.maximum.accumulate(gone, axis=0))
    assert np.array_equal(gone, np.isinf(ran.w).all(axis=-1))
    assert np.array_equal(gone[-1], ran.diverged)


def test_a_path_that_diverges_is_told_from_one_that_does_not():
    ran = descend("gd", line, [1.0], [0.5, 5.0], 2000)
    assert ran.diverged.tolist() == [False, True]


@pytest.mark.parametrize("rule", RULES)
def test_many_alpha0_at_once_are_the_same_as_one_by_one(rule):
    toy, alphas = toys.himmelblau(), np.geomspace(1e-5, 1e-2, 7)
    together = descend(rule, toy, toy.start, alphas, 30, eta=1e-9, beta=1e-9)
    for i, alpha0 in enumerate(alphas):
        alone = descend(rule, toy, toy.start, alpha0, 30, eta=1e-9, beta=1e-9)
        np.testing.assert_allclose(together.w[:, i], alone.w, rtol=1e-6)


def test_paths_over_starts_conditions_and_alpha0_broadcast():
    toy = toys.quadratic(np.array([[[1.0, 2.0]], [[1.0, 20.0]]]))
    ran = descend("secant", toy, [1.0, 1.0], np.geomspace(1e-3, 1e-1, 3), 5)
    assert ran.w.shape == (6, 2, 3, 2)
    assert ran.alpha.shape == ran.loss.shape == (6, 2, 3)


def test_the_readers_own_function_needs_a_value_and_a_gradient():
    class Bowl:
        def value(self, w):
            return (w**2).sum(axis=-1)

        def gradient(self, w):
            return 2 * w

    assert descend("secant", Bowl(), [3.0, 4.0], 0.1, 60).loss[-1] < 1e-9


def test_a_seed_gives_every_rule_the_same_mini_batches():
    toy = toys.noisy_quadratic()
    first, again, other = (descend("gd", toy, toy.start, 0.05, 30, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.w, again.w)
    assert np.any(first.w != other.w)
    naive = descend("naive", toy, toy.start, 0.05, 30, eta=0, seed=1)
    np.testing.assert_array_equal(first.w, naive.w)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rule": "adam"}, "choose from gd, naive, published"),
        ({"alpha0": 0}, "positive"),
        ({"alpha0": [0.1, -1]}, "positive"),
        ({"alpha0": np.nan}, "positive"),
        ({"steps": 0}, "at least one step"),
        ({"c": 0}, "must be positive"),
        ({"eta": np.nan}, "finite"),
        ({"beta": np.inf}, "finite"),
        ({"start": [1.0, 2.0, 3.0]}, "2 coordinates"),
        ({"start": 1.0}, "2 coordinates"),
        ({"seed": 1}, "stochastic"),
    ],
)
def test_bad_input_gets_one_clear_sentence(change, said):
    arguments = {"rule": "published", "toy": toys.rosenbrock(), "start": [0.0, 0.0], "alpha0": 0.1, "steps": 3}
    with pytest.raises(ValueError, match=said):
        descend(**arguments | change)
