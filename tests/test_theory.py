"""The theorems of notebook 07: each holds on random instances, and each check fails for a statement that is wrong."""

from fractions import Fraction

import numpy as np
import pytest

from tlr import rule
from tlr.course import theory
from tlr.course.noise import drift
from tlr.descent import descend, relative_rate_map

RULES = ("published", "secant")


@pytest.fixture
def rng():
    return np.random.default_rng(7)


# 1: one dimension


def next_look(x):
    """The next x below 1, by the rule itself, in fractions."""
    quarter = Fraction(1, 4)
    while True:
        x = rule.next_alpha(x, (1 - x) ** 2, 1 - x, Fraction(1), quarter).item()
        if x < 1:
            return x


@pytest.mark.parametrize(("c", "holds"), [(Fraction(1, 4), True), (Fraction(1, 5), False)])
def test_the_return_map_is_exact_in_fractions(rng, c, holds):
    looks = [Fraction(int(n), 4001) for n in rng.integers(3001, 4001, 300)]
    assert all(4 * next_look(x) - 3 == theory.return_map(4 * x - 3, c) for x in looks) == holds


@pytest.mark.parametrize("c", [0.1, 0.25, 0.6, 1.0, 4.0])
def test_the_density_stays_as_it_is(c):
    edges, heights = theory.return_density(c)
    y = (np.arange(100_000) + 0.5) / 100_000
    before = np.interp(y, (edges[1:] + edges[:-1]) / 2, heights) if len(heights) > 1 else np.ones_like(y)
    weights = heights[np.searchsorted(edges, y, side="right") - 1]
    bins = np.linspace(0, 1, 21)
    at_first, _ = np.histogram(y, bins, weights=weights)
    after, _ = np.histogram(theory.return_map(y, c), bins, weights=weights)
    np.testing.assert_allclose(after, at_first, rtol=0.01)
    assert np.all(before >= 0)
    if c == 0.25:
        uniform, _ = np.histogram(theory.return_map(y, c), bins)
        assert not np.allclose(uniform, uniform.mean(), rtol=0.01)


def test_the_density_for_a_quarter_is_the_sum_of_steps_of_the_theorem():
    edges, heights = theory.return_density()
    steps, weights = [0.0], 0.8 ** np.arange(200)
    for _ in range(199):
        steps.append(theory.return_map(steps[-1]))
    middles = (edges[1:] + edges[:-1]) / 2
    sums = (middles[:, None] >= steps) @ weights
    np.testing.assert_allclose(heights / heights[0], sums / sums[0], rtol=1e-9)
    assert sums.min() >= 1


@pytest.mark.parametrize(("c", "holds"), [(0.25, True), (0.3, False)])
def test_the_long_run_is_that_of_the_rule(rng, c, holds):
    x, logs, below = rng.uniform(0.75, 1, 3000), [], []
    for _ in range(1500):
        logs.append(np.log((1 - x) ** 2).mean())
        below.append(np.mean(x < 1))
        x = relative_rate_map(x)
    law = theory.one_dimension(c)
    close = np.isclose(law.log_loss, np.mean(logs), atol=0.02) and np.isclose(law.below, np.mean(below), atol=0.003)
    assert close == holds


def test_two_close_runs_part_at_the_lyapunov_exponent():
    one, two = (theory.orbit(start, 120) for start in (0.9, 0.9 + 1e-13))
    rates = np.log(abs(two - one)[20:120:20] / 1e-13) / np.arange(20, 120, 20)
    np.testing.assert_allclose(rates[2:], theory.one_dimension().lyapunov, rtol=0.2)


@pytest.mark.parametrize(("c", "grows"), [(0.25, False), (3.5, False), (4.0, True), (9.0, True)])
def test_with_a_large_bound_the_loss_grows(rng, c, grows):
    x = rng.uniform(0.75, 1, 500)
    total = np.zeros(500)
    for _ in range(400):
        total += np.log((1 - x) ** 2)
        x = relative_rate_map(x, "published", c)
    assert (np.median(total) > 0) == grows == (theory.one_dimension(c).log_loss > 0)


def test_doubling_is_elementary():
    law = theory.one_dimension(1.0)
    np.testing.assert_allclose([law.below, law.lyapunov], [2 / 9, np.log(2) * 2 / 9])


@pytest.mark.parametrize("c", [0.1, 0.25, 1.0, 3.0])
def test_the_density_over_the_band_has_mass_one(c):
    x = np.linspace(0.75, 1 + c, 400_001)
    np.testing.assert_allclose(np.trapezoid(theory.band_density(x, c), x), 1, atol=1e-3)
    assert theory.band_density([0.7, 1 + c + 0.01], c).tolist() == [0, 0]


@pytest.mark.parametrize("x0", [1e-5, 0.2, 0.6, 0.74, 1.3, 7.3, 42.0])
def test_the_band_is_entered_when_the_theorem_says(x0):
    updates = np.ceil(np.log(0.75 / x0) / np.log(1.25)) if x0 < 0.75 else np.ceil(4 * (x0 - 1.25))
    orbit = theory.orbit(x0, 400)
    inside = (orbit >= 0.75) & (orbit <= 1.25)
    assert np.argmax(inside) == updates
    assert inside[int(updates) :].all()


# 2: the batch size


@pytest.mark.parametrize("curvature", RULES)
@pytest.mark.parametrize(("m", "holds"), [(8, True), (32, False)])
def test_alpha_follows_the_batch_size_if_the_window_does(rng, curvature, m, holds):
    eigenvalues, noise = rng.uniform(0.001, 0.01, 1000), rng.uniform(0.5, 2, 1000)
    one, _ = theory.noisy_windows(eigenvalues, noise, 0.2, 32, 40, start=300, curvature=curvature)
    four, _ = theory.noisy_windows(eigenvalues, noise / 2, 0.8, m, 40, start=300, curvature=curvature)
    assert (np.abs(np.log(four / 4 / one)).max() < 0.08) == holds
    assert one.max() > 2 * one[0]  # it rose
    assert one[-1] < one.max() / 1.5  # and fell


def test_a_window_is_what_its_steps_are(rng):
    eigenvalues, noise, alpha, m = np.array([0.3, 1.0]), np.array([1.0, 0.5]), 0.4, 7
    w = np.zeros((100_000, 2))
    for _ in range(m):
        w -= alpha * (eigenvalues * w + noise * rng.standard_normal(w.shape))
    a = 1 - alpha * eigenvalues
    exact = (alpha * noise) ** 2 * (1 - a ** (2 * m)) / (1 - a**2)
    np.testing.assert_allclose(w.var(axis=0), exact, rtol=0.03)
    copies = [np.repeat(values, 50_000) for values in (eigenvalues, noise)]
    _, loss = theory.noisy_windows(*copies, alpha, m, 1)
    np.testing.assert_allclose(loss, 50_000 * 0.5 * eigenvalues @ exact, rtol=0.03)


# 3: without replacement


@pytest.mark.parametrize("curvature", RULES)
@pytest.mark.parametrize("windows", [2, 3, 4, 10])
def test_an_epoch_of_frozen_noise(windows, curvature):
    p = 1 / windows
    factor = drift(windows * 5, 5, curvature=curvature, epochs=100, size=4000)
    assert np.isclose(factor, (1 - p / 4) ** (windows - 1), rtol=5e-3)
    assert not np.isclose(factor, (1 - p / 4) ** windows, rtol=5e-3)


def test_in_few_dimensions_the_fall_is_slower():
    factors = [drift(15, 5, epochs=4000, size=size) for size in (1, 3, 30)]
    assert factors[0] > factors[1] > factors[2] > (1 - 1 / 12) ** 2


# 4: fresh batches


def test_stationary_windows_are_anticorrelated(rng):
    for x, m in ((0.05, 3), (0.3, 5), (0.9, 20)):
        a = 1 - x
        w = rng.standard_normal(400_000) / np.sqrt(1 - a**2)
        ends = [w]
        for _ in range(2 * m):
            w = a * w + rng.standard_normal(w.shape)
            ends.append(w)
        one, two = ends[0] - ends[m], ends[m] - ends[2 * m]
        measured = one @ two / (one @ one)
        assert np.isclose(measured, theory.stationary_correlation(x, m), atol=0.01)
        assert not np.isclose(measured, 2 * theory.stationary_correlation(x, m), atol=0.01)


def test_the_constant_of_the_schedule():
    assert np.isclose(theory.decay_constant(2.0), (9 + np.sqrt(65)) / 4)
    spread, variances = np.array([0.5, 1.0, 3.0]), np.array([1.0, 2.0, 0.5])
    u = 2 * theory.decay_constant(spread, variances) * spread - 1
    assert np.isclose(variances @ (u - 1 / u), 16 * variances.sum())


@pytest.mark.parametrize("curvature", RULES)
def test_alpha_falls_like_the_schedule(curvature):
    eigenvalues = np.linspace(0.5, 1.5, 20_000)
    alpha, loss = theory.noisy_windows(eigenvalues, np.ones(20_000), 0.1, 10, 300, curvature=curvature)
    t = 10 * np.arange(1, 301)
    ratio = (alpha * t / theory.decay_constant(eigenvalues))[150:]
    assert abs(ratio - 1).max() < 0.15
    assert abs(2 * ratio - 1).max() > 0.15
    assert np.all(np.diff(loss[50:150:20]) < 0)


# 5: quadratics


@pytest.mark.parametrize("curvature", RULES)
def test_the_logarithms_are_those_of_the_descent(curvature):
    from tlr import toys

    eigenvalues, starts = np.array([1.0, 4.0, 9.0]), np.array([0.01, 0.1, 0.3])
    alpha, logs = theory.log_descent(curvature, eigenvalues, starts, 25, np.log(eigenvalues))
    ran = descend(curvature, toys.quadratic(eigenvalues), np.ones(3), starts, 25)
    np.testing.assert_allclose(alpha, ran.alpha, rtol=1e-6)
    np.testing.assert_allclose(np.exp(logs), np.abs(ran.w * eigenvalues), rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("curvature", RULES)
def test_every_quadratic_is_solved_however_far_the_excursion(rng, curvature):
    rose = []
    for _ in range(10):
        eigenvalues = np.sort(np.append(10 ** rng.uniform(0, 1.5, rng.integers(1, 6)), 1.0))
        alpha0 = 10 ** rng.uniform(-4, 1.5, 10) / eigenvalues[-1]
        _, logs = theory.log_descent(curvature, eigenvalues, alpha0, 2500, rng.standard_normal((10, len(eigenvalues))))
        size = logs.max(axis=-1)
        assert np.all(size[-1] - size[0] <= 2500 * np.log(max(0.5, 1 - 0.75 / eigenvalues[-1])))
        rose.append(size.max(axis=0) > size[0] + 0.1)
    assert np.mean(rose) > 0.2  # above where it began, on the way


def brakes(rng, curvature, share):
    """Whether one random dominated state obeys the brake lemma of theorem 3."""
    n = int(rng.integers(2, 8))
    at, eigenvalues = int(rng.integers(1, n)), np.sort(10 ** rng.uniform(0, 3, n))
    x, p = eigenvalues / eigenvalues[at] * 10 ** rng.uniform(np.log10(1.2), 2), rng.standard_normal(n) ** 2
    p[:at] *= share * p[at] / p[:at].sum()
    change = rule.relative_change(np.sum((1 - x) ** 2 * p), np.sum((1 - x) * p), p.sum(), curvature=curvature)
    if curvature == "secant":
        return x[at] * (1 + change) - 1.1 <= 0.75 * (x[at] - 1.1) + 1e-9
    return change <= -1 / (8 * x[-1]) * (1 - 1e-9)


@pytest.mark.parametrize("curvature", RULES)
def test_the_brake_lemma(rng, curvature):
    assert all(brakes(rng, curvature, 0.1) for _ in range(3000))
    assert not all(brakes(rng, curvature, 2.0) for _ in range(3000))


# 6: runaways


@pytest.mark.parametrize("curvature", RULES)
def test_both_rules_leave_a_convex_smooth_function(curvature):
    half = theory.half_parabola()
    ran = descend(curvature, half, [-100.0], np.geomspace(1e-3, 1.9, 40), 2000)
    assert np.all(ran.loss.max(axis=0) > 1e100)
    assert np.all(descend("gd", half, [-100.0], 1.0, 300).loss[-1] < 1e-12)


def test_half_a_parabola_is_convex_and_smooth(rng):
    half = theory.half_parabola(0.7)
    one, two = rng.normal(0, 2, (2, 1000, 1))
    rise, run = half.gradient(two) - half.gradient(one), two - one
    assert np.all((rise * run >= 0) & (abs(rise) <= abs(run) + 1e-12))
    slope = (half.value(one + 1e-6) - half.value(one - 1e-6)) / 2e-6
    np.testing.assert_allclose(slope, half.gradient(one)[:, 0], atol=1e-6)


@pytest.mark.parametrize("curvature", RULES)
def test_the_counterexample_is_convex_smooth_and_unbounded(curvature):
    w, slope = theory.runaway(curvature, rounds=6)
    order = np.argsort(w)
    gaps, rises = np.diff(w[order]), np.diff(slope[order])
    assert np.all((rises >= 0) & (rises <= gaps * (1 + 1e-9)))
    assert slope[w == 0].sum() == 0
    assert np.all(np.sign(slope) == np.sign(w))
    turns = [0, *(np.flatnonzero((w[1:] < 0) & (w[:-1] > 0)) + 1)]
    far, steep = -w[turns], -slope[turns]
    assert np.all(far[1:] >= far[:-1] ** 2 / (60 * steep[:-1]))
    assert np.all(steep[1:] <= 2 * steep[:-1])
    assert not np.all(far[1:] >= far[:-1] ** 2)


@pytest.mark.parametrize("curvature", RULES)
def test_the_rule_would_walk_the_way_of_the_counterexample(curvature):
    """The points and derivatives are a run of the rule: gradient descent with the α that it gives."""
    w, slope = theory.runaway(curvature, rounds=3)
    alpha, p = 1.0, None
    for here, g, there in zip(w, slope, w[1:], strict=False):
        if p is not None:
            alpha = float(rule.next_alpha(alpha, g * g, g * p, p * p, curvature=curvature))
        assert np.isclose(here - alpha * g, there, rtol=1e-9, atol=1e-9 * abs(here))
        p = g


# 7: a thermostat


def test_the_three_places_of_eq_8(rng):
    alpha = 10 ** rng.uniform(-3, 3, 20_000)
    p, g = rng.standard_normal((2, 20_000, 3)) * 10 ** rng.uniform(-1, 1, (2, 20_000, 1))
    gg, gp, pp = np.vecdot(g, g), np.vecdot(g, p), np.vecdot(p, p)
    s, y = -alpha[:, None] * p, g - p
    sy, change = np.vecdot(s, y), rule.relative_change(gg, gp, pp)
    long, short = (np.vecdot(s, s) / sy)[sy > 0], (sy / np.vecdot(y, y))[sy > 0]
    lipschitz = np.sqrt(np.vecdot(s, s) / np.vecdot(y, y))
    statements = [((change < 0)[sy > 0], alpha[sy > 0] > long), (change == 0.25, alpha <= lipschitz)]
    statements += [((rule.RULES["published"].curvature(gg, gp, pp) < 0)[sy > 0], alpha[sy > 0] < short)]
    assert all(np.array_equal(*pair) for pair in statements)
    assert not np.array_equal((change < 0)[sy > 0], alpha[sy > 0] > short)
    assert not np.array_equal(change == 0.25, alpha <= 2 * lipschitz)


def on_sines(rng, curvature):
    """α₀ and the α of 60 steps, in units of 1/L, on a random sum of sines."""
    f = theory.waves(rng.integers(1, 4), rng)
    start = 10 ** rng.uniform(-2, 2, 20)
    ran = descend(curvature, f, rng.standard_normal(3), start / f.lipschitz, 60)
    size = np.linalg.norm(f.gradient(ran.w[:-1]), axis=-1)
    return start, np.where(size > 1e-6 * size[0], ran.alpha[1:] * f.lipschitz, np.inf)


@pytest.mark.parametrize(("curvature", "floor"), [("published", 0.75), ("secant", 1)])
def test_alpha_has_a_floor_without_convexity(rng, curvature, floor):
    runs = [on_sines(rng, curvature) for _ in range(40)]
    least = [np.min(alpha.min(axis=0) / np.minimum(start, floor)) for start, alpha in runs]
    assert np.min(least) >= 1 - 1e-9
    if curvature == "published":
        assert np.min([np.min(alpha.min(axis=0) / np.minimum(start, 1)) for start, alpha in runs]) < 0.95


@pytest.mark.parametrize(("share", "holds"), [(1, True), (0.5, False)])
def test_small_alphas_do_not_stay(rng, share, holds):
    lowest = []
    for _ in range(40):
        start, alpha = on_sines(rng, "published")
        updates = np.maximum(np.ceil(np.log(0.75 / start) / np.log(1.25)), 0)
        late = np.arange(len(alpha))[:, None] >= share * updates
        lowest.append(np.where(late, alpha, np.inf).min())
    assert (np.min(lowest) >= 0.75) == holds


def test_a_sum_of_sines_is_what_it_says(rng):
    f, w = theory.waves(4, rng), rng.standard_normal((50, 3))
    step = 1e-6 * rng.standard_normal((50, 3))
    slope = (f.value(w + step) - f.value(w - step)) / 2
    np.testing.assert_allclose(slope, np.vecdot(f.gradient(w), step), rtol=1e-5, atol=1e-12)
    there = rng.standard_normal((50, 3))
    assert np.all(
        np.linalg.norm(f.gradient(w) - f.gradient(there), axis=1) <= f.lipschitz * np.linalg.norm(w - there, axis=1)
    )
    assert f.value(10 * w).min() >= f.lowest


# 8: the safeguard


@pytest.mark.parametrize("curvature", RULES)
def test_the_safeguarded_descent_falls_as_fast_as_it_promises(rng, curvature):
    for _ in range(60):
        f, steps = theory.waves(rng.integers(1, 6), rng), 40
        alpha0 = 10 ** rng.uniform(-2, 2) / f.lipschitz
        smallest = min(alpha0, 0.75 / f.lipschitz)
        run = theory.safeguarded(lambda w, f=f: (f.value(w), f.gradient(w)), np.zeros(3), alpha0, steps)
        assert run.square.min() <= 4 * (f.value(np.zeros(3)) - f.lowest) / (steps * smallest)
        assert run.trials - steps <= steps * np.log2(1.25) + np.log2(alpha0 / smallest)
        told = run.square > 1e-12 * run.square[0]  # later, rounding errors decide
        assert run.alpha[told].min() >= smallest * (1 - 1e-9)


@pytest.mark.parametrize("curvature", RULES)
@pytest.mark.parametrize("power", range(6))
def test_from_the_edge_of_what_passes_the_count_of_halvings_is_sharp(curvature, power):
    alpha0 = 1.5001 * 2**power
    run = theory.safeguarded(lambda w: (w @ w / 2, w), np.ones(1), alpha0, 1, curvature=curvature)
    allowed = np.log2(1.25) + np.log2(alpha0 / 0.75)
    assert allowed / 2 < run.trials - 1 <= allowed
    assert 0.75 <= run.alpha[0] < 0.76


def test_with_the_two_caps_nothing_is_left_of_the_curvature():
    half = theory.half_parabola()

    def alpha(curvature, guard):
        start = np.array([-100.0])
        run = theory.safeguarded(
            lambda w: (float(half.value(w)), half.gradient(w)), start, 0.5, 60, curvature=curvature, guard=guard
        )
        return run.alpha

    assert np.allclose(alpha("published", "caps"), alpha("secant", "caps"))
    assert not np.allclose(alpha("published", None), alpha("secant", None))


@pytest.mark.parametrize("curvature", RULES)
def test_with_the_two_caps_it_converges_on_convex_functions(rng, curvature):
    half = theory.half_parabola()

    def of_one(w):
        return float(half.value(w)), half.gradient(w)

    for alpha0 in np.geomspace(1e-3, 1.9, 8):
        capped, plain = (
            theory.safeguarded(of_one, np.array([-100.0]), alpha0, 600, curvature=curvature, guard=guard)
            for guard in ("caps", None)
        )
        assert capped.loss[-1] < 1e-6
        assert plain.loss.max() > 1e30
        told = capped.square > 1e-20  # later, rounding errors are all that the rule hears
        assert capped.alpha[told].min() >= min(alpha0, 1 / 2) * (1 - 1e-9)


def malitsky_and_mishchenko(curvature, guard, rng):
    """Their sum over a run on log Σ (e^…+ e^−…), with its minimum at 0, over its first value; it may not grow."""
    directions = rng.standard_normal((6, 3))
    directions, points = np.vstack([directions, -directions]), []

    def convex(w):
        scores = directions @ w
        weights = np.exp(scores - scores.max())
        points.append(w)
        return scores.max() + np.log(weights.sum()) - np.log(12), weights @ directions / weights.sum()

    start, alpha0 = 3 * rng.standard_normal(3), 10 ** rng.uniform(-3, 2)
    run = theory.safeguarded(convex, start, alpha0, 60, curvature=curvature, guard=guard)
    theta, loss = run.alpha[1:] / run.alpha[:-1], run.loss[:-1]
    far, steps = np.sum(np.square(points), axis=1), np.sum(np.diff(points, axis=0) ** 2, axis=1)
    sums = far[2:] + steps[1:] / 2 + 2 * run.alpha[1:] * (1 + theta) * loss
    return sums / sums[0]


@pytest.mark.parametrize("curvature", RULES)
def test_the_capped_descent_keeps_the_inequality_of_its_proof(rng, curvature):
    def grows(guard):
        return any(np.any(np.diff(malitsky_and_mishchenko(curvature, guard, rng)) > 1e-9) for _ in range(20))

    assert not grows("caps")
    assert grows(None)


def test_without_the_safeguard_it_is_the_descent_of_the_rule(rng):
    f = theory.waves(3, rng)
    run = theory.safeguarded(lambda w: (f.value(w), f.gradient(w)), np.ones(3), 0.1, 20, guard=None)
    ran = descend("published", f, np.ones(3), 0.1, 20)
    np.testing.assert_allclose(run.loss, ran.loss[1:], rtol=1e-9)
    np.testing.assert_allclose(run.alpha, ran.alpha[1:], rtol=1e-9)
    assert run.trials == 20


def test_the_network_on_the_digits_knows_its_gradient(rng):
    network, w = theory.digits_network(hidden=8)
    loss, gradient = network(w)
    direction = rng.standard_normal(w.shape)
    slope = (network(w + 1e-6 * direction)[0] - network(w - 1e-6 * direction)[0]) / 2e-6
    assert np.isclose(slope, gradient @ direction, rtol=1e-6)
    assert np.isclose(loss, np.log(10), rtol=0.2)  # ten classes, nothing learned


def test_the_digits_fall_from_every_start():
    network, w = theory.digits_network(hidden=8)
    for alpha0 in (1e-3, 10):
        safe, plain = (theory.safeguarded(network, w, alpha0, 80, guard=guard) for guard in ("halving", None))
        assert np.all(np.diff(safe.loss) <= 0)
        assert not np.all(np.diff(plain.loss) <= 0)
