"""The rule by which α changes: the specification of `tlr.rule`."""

import warnings
from fractions import Fraction

import numpy as np
import pytest
import sympy
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tlr import rule

BOUNDED = [name for name, entry in rule.RULES.items() if entry.bounded]
#: The largest relative decrease: γ, but for Eq. 8, whose factor 4 is in its curvature.
DECREASE = {name: 1 / 4 if name == "published" else entry.damping for name, entry in rule.RULES.items()}
INF, NAN = float("inf"), float("nan")

curvatures = st.sampled_from([*rule.RULES])
bounded = st.sampled_from(BOUNDED)
bounds = st.floats(0.01, 100)
alphas = st.floats(1e-8, 1e3)
anything = st.floats(allow_nan=True, allow_infinity=True)


@st.composite
def gradient_pairs(draw):
    """Two finite gradients (g_t, g_{t−1}) of one length."""
    return draw(hnp.arrays(float, (2, draw(st.integers(1, 6))), elements=st.floats(-1e6, 1e6)))


@st.composite
def products(draw):
    """(gg, gp, pp) of two real gradients, so that Cauchy and Schwarz are respected."""
    return inner_products(*draw(gradient_pairs()))


@st.composite
def rational_products(draw):
    """(gg, gp, pp) of two gradients with rational entries that are not both zero, in exact arithmetic."""
    entries = st.fractions(-1000, 1000, max_denominator=1000)
    now, before = (draw(st.lists(entries, min_size=3, max_size=3)) for _ in range(2))
    pairs = [(now, now), (now, before), (before, before)]
    return tuple(sympy.Rational(sum((x * y for x, y in zip(a, b, strict=True)), Fraction())) for a, b in pairs)


def inner_products(now, before):
    return now @ now, now @ before, before @ before


class TestEquations:
    """What each function is, in the paper's numbers."""

    def test_first_derivative_is_eq_7(self):
        assert rule.first_derivative(3.0) == -3.0

    @pytest.mark.parametrize(
        ("curvature", "expected"),
        [
            ("published", 4 / 0.5 * (7 - 3)),  # Eq. 8
            ("secant", 1 / 0.5 * (11 - 3)),  # Eq. 8′
            ("barzilai_borwein", 1 / 0.5 * (11 - 3)),
        ],
    )
    def test_second_derivative(self, curvature, expected):
        assert rule.second_derivative(0.5, gg=7.0, gp=3.0, pp=11.0, curvature=curvature) == expected

    @pytest.mark.parametrize(
        ("gg", "gp", "eta"),
        [
            (7.0, 3.0, 0.5 / (4 * (7 - 3))),  # the curvature decides
            (3.1, 3.0, 0.5 / (4 * 3)),  # the bound decides: c⁻¹ ⟨g_t, g_{t−1}⟩
            (1.0, 3.0, 0.5 / (4 * 3)),  # no positive curvature
            (7.0, -3.0, 0.5 / (4 * (7 + 3))),
        ],
    )
    def test_the_step_of_alpha_is_eq_9(self, gg, gp, eta):
        expected = rule.gradient_step(0.5, rule.first_derivative(gp), eta)
        assert rule.next_alpha(0.5, gg, gp, pp=11.0) == pytest.approx(expected)

    def test_gradient_step_is_eq_3(self):
        assert rule.gradient_step(0.5, derivative=-3.0, eta=0.1) == pytest.approx(0.8)

    @given(alphas, products(), bounds, bounded)
    @example(0.1, (1e-320, 5e-324, 1e-320), 0.3, "published")
    def test_algorithm_2_is_eq_3_with_eqs_7_and_9(self, alpha, gg_gp_pp, c, curvature):
        gg, gp, pp = gg_gp_pp
        with np.errstate(all="ignore"):
            eta = np.divide(alpha, np.maximum(rule.RULES[curvature].denominator(gg, gp, pp), gp / c))
        if np.isfinite(eta) and eta > 1e-290 and abs(gp) > 1e-290:
            expected = rule.gradient_step(alpha, rule.first_derivative(gp), eta)
            assert rule.next_alpha(alpha, gg, gp, pp, c, curvature) == pytest.approx(expected, rel=1e-12)

    @given(products(), bounds)
    def test_algorithm_2_line_5_word_for_word(self, gg_gp_pp, c):
        """1 + min(⟨g_t, g_{t−1}⟩ / max(4⟨g_t, g_t − g_{t−1}⟩, 0), c), with x/0 = +∞ for x > 0."""
        gg, gp, pp = gg_gp_pp
        if gp == 0:
            return
        below = max(4 * (gg - gp), 0.0)
        with np.errstate(over="ignore"):
            expected = min(gp / below if below else INF, c)
        assert rule.relative_change(gg, gp, pp, c) == pytest.approx(expected, rel=1e-12)

    @given(st.floats(0.01, 100), st.floats(0.1, 100))
    def test_one_dimension_in_closed_form(self, x, slope):
        """L = λw²/2 with x = α_t λ: g_t = (1 − x) g_{t−1}. See "What holds", 6, for α_{t+1} λ."""
        gg, gp, pp = ((1 - x) * slope) ** 2, (1 - x) * slope**2, slope**2
        published = 1.25 * x if x < 1 else x - 0.25 if x > 1 else 1
        secant = min(1.25 * x, x + (1 - x) / 4)
        assert x * (1 + rule.relative_change(gg, gp, pp)) == pytest.approx(published, rel=1e-9)
        assert x * (1 + rule.relative_change(gg, gp, pp, curvature="secant")) == pytest.approx(secant, rel=1e-9)
        assert x * (1 + rule.relative_change(gg, gp, pp, curvature="barzilai_borwein")) == pytest.approx(1, rel=1e-9)

    @given(gradient_pairs(), alphas)
    def test_barzilai_borwein_is_the_long_step(self, gradients, alpha):
        now, before = gradients
        s, y = -alpha * before, now - before
        gg, gp, pp = inner_products(now, before)
        if s @ y > 1e-6 * (pp + gg) > 0 and gp != 0:
            expected = s @ s / (s @ y)
            assert rule.next_alpha(alpha, gg, gp, pp, curvature="barzilai_borwein") == pytest.approx(expected, rel=1e-6)

    @given(gradient_pairs(), alphas)
    def test_secant_moves_a_quarter_of_the_way_to_barzilai_borwein(self, gradients, alpha):
        gg, gp, pp = inner_products(*gradients)
        if pp - gp > 1e-6 * (pp + gg) > 0 and gp != 0:
            long_step = alpha * pp / (pp - gp)
            unbounded = rule.next_alpha(alpha, gg, gp, pp, c=INF, curvature="secant")
            assert unbounded == pytest.approx(alpha + (long_step - alpha) / 4, rel=1e-6)


class TestBounds:
    @given(products(), bounds, bounded)
    @example((0.0, 5e-324, INF), 4.0, "published")
    @example((0.0, 5e-324, 0.0), 0.3, "secant")
    def test_relative_change_stays_within_its_largest_decrease_and_c(self, gg_gp_pp, c, curvature):
        assert -DECREASE[curvature] <= rule.relative_change(*gg_gp_pp, c, curvature) <= c

    @given(rational_products(), st.fractions(Fraction(1, 100), 100, max_denominator=100), bounded)
    def test_in_exact_arithmetic_gradients_never_reach_the_largest_decrease(self, gg_gp_pp, c, curvature):
        change = rule.relative_change(*gg_gp_pp, sympy.Rational(c), curvature)
        assert -sympy.Rational(DECREASE[curvature]) < change <= sympy.Rational(c)

    @given(alphas, anything, anything, anything, bounds, curvatures)
    def test_alpha_stays_positive_and_finite_whatever_comes(self, alpha, gg, gp, pp, c, curvature):
        assert 0 < rule.next_alpha(alpha, gg, gp, pp, c, curvature) < INF

    @given(products(), bounds, curvatures)
    def test_alpha_grows_exactly_where_the_gradients_agree(self, gg_gp_pp, c, curvature):
        _, gp, _ = gg_gp_pp
        change = rule.relative_change(*gg_gp_pp, c, curvature)
        # A change below the smallest float is zero, so the sign may be lost, but never turned.
        assert np.sign(change) in (np.sign(gp), 0)

    @pytest.mark.parametrize("curvature", BOUNDED)
    def test_alpha_cannot_leave_the_floats(self, curvature):
        assert rule.next_alpha(1.7e308, 1.0, 1.0, 1.0, curvature=curvature) == 1.7e308
        assert rule.next_alpha(5e-324, 1.0, -1.0, 1.0, curvature=curvature) == 5e-324


class TestSlopes:
    """Eq. 10′: b = ⟨G_t, D_{t−1}⟩ after the step and a = ⟨G_{t−1}, D_{t−1}⟩ before it, any two numbers."""

    slopes = st.floats(-1e9, 1e9)

    @given(slopes, slopes, bounds)
    def test_it_is_eq_10_prime(self, a, b, c):
        change = rule.relative_change(np.nan, b, a, c, "slope")
        if a - b > 1e-6 * (abs(a) + abs(b)):
            assert change == pytest.approx(np.clip(b / (a - b) / 4, -1 / 4, c), rel=1e-9, abs=1e-300)
        elif a - b <= 0 < b:
            assert change == c

    @given(slopes, slopes, bounds, alphas)
    def test_alpha_stays_positive_and_changes_by_minus_a_quarter_to_c(self, a, b, c, alpha):
        assert -0.25 <= rule.relative_change(np.nan, b, a, c, "slope") <= c
        assert 0 < rule.next_alpha(alpha, np.nan, b, a, c, "slope") < INF

    @pytest.mark.parametrize(
        ("a", "b", "change"),
        [
            (3, 1, 1 / 8),  # downhill, and flatter: on to the foot of the parabola
            (3, 2.9, 1 / 4),  # hardly flatter: the bound
            (1, 3, 1 / 4),  # steeper: no minimum in sight
            (3, -1, -1 / 16),  # past the foot
            (-1, -3, -1 / 4),  # uphill from the start
            (-3, -1, -1 / 4),
            (0, -1, -1 / 4),
            (-1, 1, 1 / 4),  # uphill first, downhill now: a hill lies behind
        ],
    )
    def test_every_case_of_two_slopes(self, a, b, change):
        assert rule.relative_change(np.nan, b, a, curvature="slope") == pytest.approx(change)

    def test_a_slope_that_is_not_finite_moves_nothing(self):
        assert rule.relative_change(1.0, 1.0, -INF, curvature="slope") == 0

    @given(hnp.arrays(float, (3, 4), elements=st.floats(-1e6, 1e6)), alphas, st.integers(-20, 20), st.integers(-20, 20))
    def test_the_units_of_loss_and_direction_do_not_matter(self, vectors, alpha, loss_exponent, direction_exponent):
        """L → kL multiplies gradients by k, and D → sD with α → α/s leaves the steps as they are."""
        vectors = np.where(abs(vectors) < 1e-6, 0, vectors)
        now, before, direction = vectors
        k, s = 2.0**loss_exponent, 2.0**direction_exponent
        plain = rule.next_alpha(alpha, np.nan, now @ direction, before @ direction, curvature="slope")
        scaled = rule.next_alpha(
            alpha / s, np.nan, k * now @ (s * direction), k * before @ (s * direction), curvature="slope"
        )
        assert scaled * s == plain

    @given(products(), bounds)
    def test_for_gradient_descent_step_by_step_it_is_the_secant(self, gg_gp_pp, c):
        secant, *others = (rule.relative_change(*gg_gp_pp, c, name) for name in ("secant", "slope", "gradients"))
        assert others == [secant, secant]


class TestDirections:
    """Eq. 7′, by sympy: along any direction d that is fixed before α is chosen, L_α(α) = L(w − αd)."""

    alpha, mu, tau = sympy.symbols("alpha mu tau", positive=True)

    def test_slope_and_curvature_on_a_quadratic_of_two_variables(self):
        h11, h12, h22, *rest = sympy.symbols("h11 h12 h22 l1 l2 w1 w2 d1 d2", real=True)
        linear, w, d = (sympy.Matrix(rest[i : i + 2]) for i in (0, 2, 4))
        hessian = sympy.Matrix([[h11, h12], [h12, h22]])
        loss = lambda w: (w.T * hessian * w)[0] / 2 + linear.dot(w)  # noqa: E731
        gradient = lambda w: hessian * w + linear  # noqa: E731
        along = loss(w - self.alpha * d)
        after, before = gradient(w - self.alpha * d).dot(d), gradient(w).dot(d)
        assert sympy.expand(sympy.diff(along, self.alpha) - rule.first_derivative(after)) == 0
        second = rule.second_derivative(self.alpha, None, after, before, "slope")
        assert sympy.expand(sympy.diff(along, self.alpha, 2) - second) == 0

    def test_slope_of_any_function_of_one_variable(self):
        w, d, x = sympy.symbols("w d x", real=True)
        f = sympy.Function("f")
        along = f(w - self.alpha * d)
        after = sympy.diff(f(x), x).subs(x, w - self.alpha * d) * d
        assert sympy.simplify((sympy.diff(along, self.alpha) - rule.first_derivative(after)).doit()) == 0

    @pytest.mark.parametrize(
        ("nesterov", "dampening"), [(False, 0), (False, tau), (True, 0)], ids=["heavy ball", "dampening", "Nesterov"]
    )
    def test_the_sum_of_gradients_follows_from_the_buffers(self, nesterov, dampening):
        """(1 − τ) Σ g = (1 − μ) Σ v + μ (v_end − v_begin), so that nothing is summed between two updates.

        For Nesterov's directions, g + μv with τ = 0, it is Σ g = (1 − μ) Σ (g + μv) + μ² (v_end − v_begin).
        """
        begin, *gradients = sympy.symbols("v g1:6")
        buffer, directions, mu = begin, 0, self.mu
        for g in gradients:
            buffer = mu * buffer + (1 - dampening) * g
            directions += g + mu * buffer if nesterov else buffer
        power = mu**2 if nesterov else mu
        found = ((1 - mu) * directions + power * (buffer - begin)) / (1 - dampening)
        assert sympy.simplify(found - sum(gradients)) == 0
        # The displacement over α, −(w_end − w_begin)/α, is the sum of directions: no sum of gradients with μ > 0.
        assert sympy.simplify(directions - sum(gradients)) != 0


class TestNoInformation:
    """Where the inner products say nothing, α stays."""

    @pytest.mark.parametrize("curvature", rule.RULES)
    @pytest.mark.parametrize(
        ("gg", "gp", "pp"),
        [
            pytest.param(0.0, 0.0, 4.0, id="converged: g_t = 0"),
            pytest.param(4.0, 0.0, 0.0, id="first step: g_{−1} = 0"),
            pytest.param(0.0, 0.0, 0.0, id="both zero"),
            pytest.param(4.0, 0.0, 9.0, id="perpendicular: α was optimal"),
            pytest.param(NAN, NAN, 1.0, id="NaN now"),
            pytest.param(1.0, NAN, NAN, id="NaN before"),
            pytest.param(INF, INF, 1.0, id="inf now"),
            pytest.param(1.0, -INF, INF, id="inf before"),
            pytest.param(INF, NAN, INF, id="inf twice"),
        ],
    )
    def test_alpha_stays(self, gg, gp, pp, curvature):
        assert rule.relative_change(gg, gp, pp, curvature=curvature) == 0
        assert rule.next_alpha(0.1, gg, gp, pp, curvature=curvature) == 0.1

    @given(anything, anything, anything, curvatures)
    def test_no_warning_is_raised(self, gg, gp, pp, curvature):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            rule.next_alpha(0.1, gg, gp, pp, curvature=curvature)

    def test_each_element_is_on_its_own(self):
        gp = np.array([1.0, NAN, 0.0, -1.0])
        np.testing.assert_allclose(rule.next_alpha(1.0, np.ones(4), gp, np.ones(4)), [1.25, 1, 1, 1 - 1 / 8])


class TestScaleInvariance:
    """L → kL with α → α/k leaves the path of the weights unchanged."""

    @given(gradient_pairs(), alphas, st.integers(-20, 20), bounds, curvatures)
    def test_exact_for_powers_of_two(self, gradients, alpha, exponent, c, curvature):
        k = 2.0**exponent
        gradients = np.where(abs(gradients) < 1e-6, 0, gradients)  # squares of these must not underflow
        plain = rule.next_alpha(alpha, *inner_products(*gradients), c, curvature)
        scaled = rule.next_alpha(alpha / k, *inner_products(*(k * gradients)), c, curvature)
        assert scaled * k == plain

    @given(alphas, st.floats(-100, 100), st.floats(1e-5, 1e-3), st.floats(0.1, 10))
    def test_hypergradient_descent_needs_beta_over_k_cubed(self, alpha, gp, beta, k):
        plain = rule.gradient_step(alpha, rule.first_derivative(gp), beta)
        scaled = rule.gradient_step(alpha / k, rule.first_derivative(k**2 * gp), beta / k**3)
        assert scaled * k == pytest.approx(plain, rel=1e-9, abs=1e-9)


class TestOneRuleForEveryKindOfNumber:
    @given(hnp.arrays(float, (3, 5), elements=st.floats(-1e6, 1e6)), alphas, bounds, curvatures)
    def test_numpy_torch_and_python_floats_agree(self, gg_gp_pp, alpha, c, curvature):
        in_numpy = rule.next_alpha(alpha, *gg_gp_pp, c, curvature)
        in_torch = rule.next_alpha(alpha, *torch.from_numpy(gg_gp_pp), c, curvature)
        one_by_one = [float(rule.next_alpha(alpha, *map(float, column), c, curvature)) for column in gg_gp_pp.T]
        np.testing.assert_allclose(in_torch.numpy(), in_numpy, rtol=1e-14)
        np.testing.assert_array_equal(in_numpy, one_by_one)

    @given(products(), alphas, bounds, curvatures)
    def test_sympy_numbers_agree(self, gg_gp_pp, alpha, c, curvature):
        if all(value == 0 or abs(value) > 1e-200 for value in gg_gp_pp):
            exact = rule.next_alpha(sympy.Rational(alpha), *map(sympy.Rational, gg_gp_pp), sympy.Rational(c), curvature)
            if float(exact) > 1e-6 * alpha:  # without a bound, 1 + change may be smaller than floats can tell from 0
                assert rule.next_alpha(alpha, *gg_gp_pp, c, curvature) == pytest.approx(float(exact), rel=1e-9)

    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    @pytest.mark.parametrize("shape", [(), (3,), (2, 3)])
    def test_torch_keeps_shape_and_precision(self, dtype, shape):
        one = torch.ones(shape, dtype=dtype)
        result = rule.next_alpha(0.1 * one, one, -one, one)
        assert result.shape == shape
        assert result.dtype == dtype

    def test_broadcasting_many_alphas_at_once(self):
        assert rule.next_alpha(np.ones((4, 1)), np.ones(3), np.ones(3), np.ones(3)).shape == (4, 3)


class TestSymbols:
    """Applied to sympy symbols the rule is an expression: its code, printed, is the rule again."""

    GG, PP, C, ALPHA = sympy.symbols("gg pp c alpha", positive=True)
    GP = sympy.Symbol("gp", real=True)

    def expression(self, curvature):
        return sympy.piecewise_fold(rule.relative_change(self.GG, self.GP, self.PP, self.C, curvature))

    @pytest.mark.parametrize(
        ("curvature", "denominator"),
        [
            ("published", 4 * (GG - GP)),
            ("secant", 4 * (PP - GP)),
            ("barzilai_borwein", PP - GP),
            ("slope", 4 * (PP - GP)),
        ],
    )
    def test_the_expression_is_the_newton_step_or_what_stands_for_it(self, curvature, denominator):
        values = [value for value, _ in self.expression(curvature).args]
        bound = [self.C] if rule.RULES[curvature].bounded else []
        expected = [self.GP / denominator, *bound, 0]
        assert all(sympy.simplify(a - b) == 0 for a, b in zip(values, expected, strict=True))

    @given(products(), bounds)
    @pytest.mark.parametrize("curvature", rule.RULES)
    def test_lambdified_it_equals_the_rule(self, curvature, gg_gp_pp, c):
        gg, gp, pp = gg_gp_pp
        run = sympy.lambdify((self.GG, self.GP, self.PP, self.C), self.expression(curvature), "math")
        if gp == 0 or min(gg, abs(gp), pp) > 1e-200:
            with np.errstate(all="ignore"):
                expected = rule.relative_change(gg, gp, pp, c, curvature)
            assert run(gg, gp, pp, c) == pytest.approx(expected, rel=1e-12)

    @pytest.mark.parametrize("curvature", rule.RULES)
    def test_it_prints_as_javascript(self, curvature):
        code = sympy.jscode(self.expression(curvature))
        assert "Not supported" not in code


class TestWindow:
    @pytest.mark.parametrize(
        ("steps_per_epoch", "p", "expected"),
        [(235, 1 / 3, 78), (938, 0.33, 310), (100, 1, 100), (100, 0.1, 10), (2, 0.1, 1), (1, 1 / 3, 1)],
    )
    def test_the_share_of_an_epoch_at_least_one_step(self, steps_per_epoch, p, expected):
        assert rule.window(steps_per_epoch, p) == expected

    def test_default_is_a_third(self):
        assert rule.window(300) == 100

    @pytest.mark.parametrize("p", [0, -0.1, 1.01, NAN, INF])
    def test_p_is_a_share(self, p):
        with pytest.raises(ValueError, match=r"^p is the share of an epoch .* 0 < p <= 1, not "):
            rule.window(100, p)


class TestCheck:
    @pytest.mark.parametrize("curvature", rule.RULES)
    @pytest.mark.parametrize("c", [1e-9, 0.25, 9, INF])
    def test_accepts_what_the_rule_can_use(self, c, curvature):
        rule.check(c, curvature)

    @pytest.mark.parametrize("c", [0, -0.25, NAN])
    def test_c_is_positive(self, c):
        with pytest.raises(ValueError, match=r"^c bounds the relative increase of α and must be positive, not "):
            rule.check(c, "published")

    def test_an_unknown_curvature_names_those_there_are(self):
        with pytest.raises(ValueError, match=f"'newton': choose from {', '.join(rule.RULES)}"):
            rule.check(0.25, "newton")


@given(scale=st.floats(1e-3, 1e3), cosine=st.floats(-1, 1), alpha=st.floats(1e-6, 1e3))
def test_the_line_that_notebook_1_opens_with_is_the_published_rule(scale, cosine, alpha):
    gg, gp = scale**2, scale * cosine
    if abs(gp) > 1e-9:
        line = alpha * (1 + gp / max(gg - gp, gp) / 4)
        assert rule.next_alpha(alpha, gg, gp, 1.0) == pytest.approx(line, rel=1e-12)
