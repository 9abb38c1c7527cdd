"""The exercises of notebook 1."""

import numpy as np

from tlr import rule
from tlr.course.exercises.checking import X_OVER_ZERO, NotYet, call, exercise, number, whole
from tlr.course.exercises.keeping import resume as resume
from tlr.course.exercises.keeping import summary as summary

__all__ = [
    "hypergradient_turns_negative",
    "loss_rises_though_alpha_grows",
    "thermostat",
    "where_eq_8_is_right",
    "write_the_rule",
]


@exercise
def where_eq_8_is_right(x):
    """The x = αλ at which the ratio of Eq. 8, with a factor 2 for its 4, to the exact second derivative is 1."""
    x = number(x, "x = αλ")
    ratio = 2 * (x - 1)
    if np.isclose(x, 1.5):
        return "at x = 3/2 Eq. 8 with the factor 2 is the exact second derivative, and nowhere else."
    if np.isclose(x, 1):
        raise NotYet("at x = 1, the best step, Eq. 8 is zero and the true curvature is not; the ratio has to be one.")
    if np.isclose(x, 0.5):
        raise NotYet("at x = 1/2 it has the right size and the wrong sign: the ratio is −1.")
    if np.isclose(x, 1.25):
        raise NotYet("x = 5/4 is where the printed factor, 4, is right; with 2 the ratio is 2(x − 1).")
    if x <= 0:
        raise NotYet(f"x = αλ is positive, because α and the curvature λ are, and yours is {x:g}.")
    raise NotYet(f"at x = {x:g} it is {ratio:.3g} times the exact second derivative; look for the x where it is once.")


@exercise
def thermostat(up, down):
    """The updates that x ↦ 5x/4 (below 1) and x ↦ x − 1/4 (above) take into [3/4, 5/4], from 0.001 and from 40."""
    up, down = whole(up, "the number of steps from x = 0.001"), whole(down, "the number of steps from x = 40")
    if (up, down) == (155, 30):
        raise NotYet("the two numbers are swapped: from 0.001 the way is exponential, from 40 linear.")
    if up == 31:
        raise NotYet("from 0.001, 31 steps lead past 1; the band begins at 3/4, one step earlier.")
    if up != 30:
        few = "few" if up < 30 else "many"
        raise NotYet(f"from 0.001, {up} steps are too {few}: look for the smallest n with 0.001 · 1.25ⁿ ≥ 3/4.")
    if down in (12, 13, 15, 16):
        raise NotYet(
            f"from 40, {down} steps would do if each took a share of x; above 1 the rule subtracts 1/4, always."
        )
    if down in (154, 156, 157):
        raise NotYet(f"from 40, {down} is near: the band ends at 5/4, so count the quarters from 40 down to there.")
    if down > 155:
        raise NotYet(f"from 40, {down} steps are too many: x is in the band before, and stays there.")
    if down != 155:
        raise NotYet(f"from 40, {down} steps lead to {40 - down / 4:g}, and the first x in the band is 5/4.")
    return "30 steps up, by a factor each, and 155 down, by a quarter each."


@exercise
def loss_rises_though_alpha_grows(f, start, alpha):
    """A smooth function of one weight, a start and an α for which ⟨g_t, g_{t−1}⟩ > 0 and the loss rises."""
    start, alpha = number(start, "the starting point"), number(alpha, "α")
    if alpha <= 0:
        raise NotYet(f"α is positive, and yours is {alpha:g}: with a negative one the loss rises for another reason.")
    _expect_smooth(f, start, start)
    before = _slope(f, start)
    if abs(before) < 1e-7:
        raise NotYet(f"the slope at {start:g} is zero, so that no step is taken.")
    there = number(start - alpha * before, "the weight after the step")
    _expect_smooth(f, min(start, there), max(start, there))
    after, rise = _slope(f, there), call(f, there) - call(f, start)
    if before * after <= 0:
        raise NotYet(
            f"the slopes before and after the step are {before:.3g} and {after:.3g}: "
            "their product is not positive, so α does not grow."
        )
    if rise <= 0:
        fell = f"fell by {-rise:.3g}" if rise else "is the same as before"
        raise NotYet(
            f"α grows, but the loss {fell}; for a convex function it never rises then. "
            "Look for one that repeats its slopes and not its values."
        )
    return f"the product of the slopes is positive, and yet the loss rose by {rise:.3g}. So your f is not convex."


@exercise
def hypergradient_turns_negative(alpha, beta, product):
    """α_t > 0, β > 0 and ⟨g_t, g_{t−1}⟩ for which hypergradient descent's next α is negative."""
    alpha, beta, product = number(alpha, "α"), number(beta, "β"), number(product, "⟨g_t, g_{t−1}⟩")
    if alpha <= 0 or beta <= 0:
        raise NotYet(f"α and β are positive to begin with, and yours are {alpha:g} and {beta:g}.")
    after = rule.gradient_step(alpha, rule.first_derivative(product), beta)
    if abs(after) < 1e-9 * alpha:  # zero, but for rounding
        after = 0.0
    if product > 0:
        raise NotYet(f"with a positive product α grows, here to {after:.3g}; it is overstepping that makes it fall.")
    if after >= 0:
        raise NotYet(
            f"your numbers give α = {after:.3g}, which is not negative; "
            f"with this α and β the product has to be below −α/β = {-alpha / beta:.3g}."
        )
    return f"the next α is {after:.3g}, and the next step goes uphill. TLR multiplies α by a factor above 3/4, always."


@exercise
def write_the_rule(next_alpha):
    """Line 5 of Algorithm 2 with c = 1/4, as a function of α_t, ⟨g_t, g_t⟩ and ⟨g_t, g_{t−1}⟩."""
    cases = {
        (0.1, 4.0, 1.0): "too short a step, where the curvature decides",
        (0.2, 3.0, -1.0): "too long a step",
        (0.1, 4.0, 3.5): "too short a step, where the bound decides",
        (0.1, 1.0, 2.0): "too short a step, where Eq. 8 is negative",
        (0.1, 2.0, 2.0): "too short a step, where Eq. 8 is zero",
        (0.1, 4.0, 0.0): "the first step, where g_{t−1} = 0",
        (0.1, 0.0, 0.0): "a minimum, where g_t = 0",
        (0.1, 4e-20, 1e-20): "the first case with gradients 10¹⁰ times shorter",
    }
    zero = "a product of zero says nothing about α, so leave it as it is"
    for (alpha, gg, gp), case in cases.items():
        got = call(next_alpha, alpha, gg, gp, by_zero=X_OVER_ZERO if gp else f"Here {zero}.")
        right = float(rule.next_alpha(alpha, gg, gp, np.nan))
        if np.isclose(got, right):
            continue
        change, wanted = got / alpha - 1, right / alpha - 1
        if 0 < gg < 1:
            hint = "the rule has no unit, and a constant that is added to a product or compared with it has one"
        elif np.isclose(got, 1 + wanted):
            hint = "this is the factor; multiply α by it"
        elif gp > gg and change < 0:
            hint = "with a negative denominator the quotient turns α down; the inner max(…, 0) is there to prevent it"
        elif np.isclose(change, -wanted):
            hint = "the sign is wrong: α grows where the product of the gradients is positive"
        elif np.isclose(change, 4 * wanted) and wanted < 0.25:
            hint = "the factor 4 of Eq. 8 is missing"
        elif np.isclose(got, wanted):
            hint = "this is the relative change; multiply α by one plus it"
        elif gp > 0 and change > 0.25:
            hint = "the bound is missing: α grows by the factor 1 + c at most"
        elif gp == 0:
            hint = zero
        else:
            hint = f"α should become {right:.4g}"
        raise NotYet(f"for {case} (α = {alpha:g}, gg = {gg:g}, gp = {gp:g}) yours is {got:.4g}: {hint}.")
    return "in all three cases of Algorithm 2, at the first step, at a minimum, and for gradients of any length."


def _slope(f, w, h=1e-5):
    """The central difference."""
    return (call(f, w + h) - call(f, w - h)) / (2 * h)


def _expect_smooth(f, left, right):
    """Zoom in, tenfold each time, on where the slope changes most: that of a smooth f then changes ten times less."""
    scale = max(1, abs(left), abs(right))
    left, right, points, turn, steepest = left - 1e-4 * scale, right + 1e-4 * scale, 401, 0, 0
    while right - left > 2e-8 * scale:
        grid = np.linspace(left, right, points)
        values = np.array([call(f, float(w)) for w in grid])
        slopes, noise = np.diff(values) / np.diff(grid), 1e-13 * abs(values).max() / (grid[1] - grid[0])
        turns = abs(np.diff(slopes))
        most = turns.argmax()
        left, here, right = grid[most : most + 3].tolist()
        points, before, turn, steepest = 21, turn, turns[most], max(steepest, abs(slopes).max())
    if turn > max(0.3 * before, 1e-5 * steepest, noise):
        raise NotYet(f"the function has a kink or a jump near {round(here, 3) + 0.0:g}, and it should be smooth.")
