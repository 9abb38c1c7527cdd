"""The exercises of notebook 2."""

import numpy as np

from tlr import toys
from tlr.course.exercises.checking import X_OVER_ZERO, NotYet, call, exercise, number, whole
from tlr.course.exercises.keeping import resume as resume
from tlr.course.exercises.keeping import summary as summary
from tlr.descent import descend, relative_rate_map

__all__ = ["a_better_brake", "far_too_long", "map_of_the_rule", "secant_can_rise", "unit_of_eta"]


@exercise
def far_too_long(updates, rise):
    """From x₀ = 7.3 by the published rule: the updates until x ≤ 5/4, and the highest loss over the first."""
    updates, rise = whole(updates, "the number of updates"), number(rise, "the highest loss over the first")
    path = descend("published", toys.quadratic([1.0]), [1.0], 7.3, 40)
    right = int(np.argmax(path.alpha <= 1.25)) - 1  # the first step keeps α₀
    highest = np.log10(path.loss.max() / path.loss[0])
    if updates == right + 1:
        raise NotYet(f"{updates} is the number of steps; the first of them keeps α₀, so there is one update less.")
    if updates in (6, 7, 8, 9):
        raise NotYet(f"{updates} updates would do if each took a share of x; above 1 the rule subtracts 1/4, always.")
    if updates > right:
        raise NotYet(f"{updates} updates are too many: x is in the band around 1 before, and stays there.")
    if updates != right:
        raise NotYet(f"after {updates} updates x is {7.3 - updates / 4:.4g}: look for the first x ≤ 5/4.")
    if rise <= 1:
        raise NotYet("every step with x > 2 makes the loss larger, so the highest loss is above the first.")
    if abs(rise - highest) < 1:
        raise NotYet(f"{rise:g} is the exponent: write 1e{rise:.0f}, not {rise:g}.")
    if abs(np.log10(rise) - highest / 2) < 0.7:
        raise NotYet("that is how much the weight grows: the loss grows by the square of it.")
    if abs(np.log10(rise) - highest) > 1:
        raise NotYet(
            f"{rise:.1e} is more than ten times too {'large' if np.log10(rise) > highest else 'small'}: "
            "multiply (1 − x)² over all steps with x > 2, and x = 7.3 counts twice."
        )
    return f"{right} updates after the first step, and meanwhile the loss grows {10**highest:.1e}-fold."


@exercise
def map_of_the_rule(function):
    """x = αλ ↦ αλ after one update by the published rule, in one dimension, for any c."""
    for x in (0.3, 0.9, 1.1, 2.5):
        for c in (0.25, 1.0):
            got = call(function, x, c, by_zero=X_OVER_ZERO)
            right, secant = (float(relative_rate_map(x, name, c)) for name in ("published", "secant"))
            if np.isclose(got, right):
                continue
            if got == x:
                hint = "x has not moved"
            elif np.isclose(got, right / x):
                hint = "this is the factor; multiply x by it"
            elif np.isclose(got, 1):
                hint = "this is where Barzilai and Borwein's step leads; the published rule takes smaller ones"
            elif np.isclose(got, [secant, x + (1 - x) / 4]).any():
                hint = "this is the map of Eq. 8′; the published rule has Eq. 8"
            elif x < 1 and np.isclose(got, x - 0.25):
                hint = "below 1 the step was too short, and the rule knows one answer: 1 + c times as long"
            elif x < 1 and np.isclose(got, x + c):
                hint = "c is a relative increase: multiply by 1 + c"
            elif x < 1 and np.isclose(got, 1.25 * x):
                hint = "the bound is 1 + c for whatever c is given, not 1.25"
            elif x > 1 and np.isclose(got, x - c):
                hint = "the bound c limits growth only; the quarter that is taken off above 1 is the 4 of Eq. 8"
            elif x > 1 and np.isclose(got, 0.75 * x):
                hint = "above 1 a quarter is subtracted, not a quarter of x"
            elif x > 1 and np.isclose(got, (1 + c) * x):
                hint = "above 1 the step was too long, and α has to fall"
            else:
                hint = f"it should be {right:.3f}"
            raise NotYet(f"for x = {x} and c = {c} yours is {got:.3f}: {hint}.")
    return "on both sides of 1, and for two values of c."


@exercise
def secant_can_rise(alpha0, curvatures):
    """An α₀ and two curvatures for which the secant rule's loss rises above a million times its first value."""
    alpha0 = number(alpha0, "α₀")
    if not isinstance(curvatures, list | tuple | np.ndarray) or len(curvatures) != 2:
        raise NotYet(f"two curvatures are asked for, as in (1, 10), and yours are {curvatures!r}.")
    small, large = sorted(number(value, "a curvature") for value in curvatures)
    if alpha0 <= 0 or small <= 0:
        raise NotYet("α₀ and both curvatures are positive: elsewhere the loss has no minimum, or no step goes down.")
    path = descend("secant", toys.quadratic([small, large]), [1.0, 1.0], alpha0, 300)
    rise = path.loss.max() / path.loss[0]
    if rise > 1e6:
        return f"the loss rises to {rise:.0e} times its first value, " + (
            "beyond what a computer can represent." if path.diverged else "and comes down again."
        )
    edge = 2 / large
    where = "below" if alpha0 < edge else "only a little beyond"
    raise NotYet(
        f"the loss rises to {rise:.2g} times its first value: your α₀ is {where} the stable edge 2/λ_max = {edge:.3g}. "
        "Even the right brake needs some steps, so begin farther out."
    )


@exercise
def unit_of_eta(power):
    """The power of k by which naive TLR's η scales when the loss is multiplied by k."""
    power = number(power, "the power of k")
    if np.isclose(power, -3):
        return "η has the unit of α²/loss: k⁻² for α² and k⁻¹ for the loss, as β has."
    hints = {
        3: "the sign is wrong: the products grow with k², so η has to become smaller",
        -2: "k⁻² makes up for the product of two gradients, but α has to become α/k besides",
        -1: "k⁻¹ is what α itself needs; the product of two gradients grows with k²",
        0: "with the same η the product of two gradients would move α by k² times as much",
        2: "the product grows with k², and η has to make up for that, not to follow it",
    }
    raise NotYet(hints.get(power, f"with k to the power {power:g} the two terms of the rule scale differently") + ".")


@exercise
def a_better_brake(next_alpha):
    """A rule α_{t+1}(α_t, ⟨g_t, g_{t−1}⟩) that keeps the loss on the ten dimensions below a million times the first."""
    if call(next_alpha, 0.02, 0.0) != 0.02:
        raise NotYet("where the product is zero, as at the first step, there is no news: leave α as it is.")
    if call(next_alpha, 0.02, 5.0) < 0.02:
        raise NotYet("where the product is positive the step was too short, and your rule makes α smaller.")
    if call(next_alpha, 0.02, -5.0) >= 0.02:
        raise NotYet("where the product is negative the step was too long, and your rule does not brake.")
    highest, final = _on_ten_dimensions(next_alpha)
    if not highest < 1e6:
        raise NotYet(
            f"on the way the loss rises to {highest:.0e} times the first. "
            "In a burst x = αλ is large, and there a fixed piece or a few percent are too weak a brake."
        )
    if not final < 1e-6:
        raise NotYet(
            f"it is safe but slow: after 1000 steps the loss is {final:.0e} times the first. Brake less, or grow."
        )
    return "no burst above a million times the first loss, and below a millionth of it in the end."


def _on_ten_dimensions(next_alpha):
    """(highest, final) loss over the first, of 1000 steps from α₀ = 0.019 on notebook 2's ten dimensions."""
    ten = toys.quadratic(np.geomspace(1, 100, 10))
    w, alpha, before, losses = np.ones(10), 0.019, np.zeros(10), []
    first = ten.value(w)
    for _ in range(1000):
        g = ten.gradient(w)
        alpha = call(next_alpha, alpha, g @ before)
        if alpha <= 0:
            raise NotYet(f"on the way your rule makes α = {alpha:.2g}, and a learning rate has to stay positive.")
        w, before = w - alpha * g, g
        losses.append(ten.value(w) / first)
        if not losses[-1] < 1e100:
            return np.inf, np.inf
    return max(losses), losses[-1]
