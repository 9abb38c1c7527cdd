"""The exercises of notebook 7."""

import numpy as np

from tlr.course import theory
from tlr.course.exercises.checking import NotYet, call, exercise, number
from tlr.course.exercises.keeping import resume as resume
from tlr.course.exercises.keeping import summary as summary
from tlr.descent import descend

__all__ = ["below_with_doubling", "digits_forgotten", "fall_in_an_epoch", "runs_away"]


@exercise
def digits_forgotten(updates):
    """After how many updates a difference of 10⁻¹⁵ in x has grown to about 1, or to 0.1 in a single orbit."""
    updates = number(updates, "the number of updates")
    exponent = theory.one_dimension().lyapunov
    right = 15 * np.log(10) / exponent
    if -80 <= updates - right <= 40:  # nearly all single orbits are apart by 0.1 after 220 to 285 updates
        return (
            f"about {right:.0f} updates by theorem 2, fewer in a single orbit; "
            "an orbit of 1000 says nothing of what another computer would find at its end."
        )
    if abs(updates - 15 * np.log(10) / np.log(1.25)) <= 10:
        raise NotYet("you let every update stretch by 5/4, but those from above 1 move two values along side by side.")
    if abs(updates - 15 / exponent) <= 10:
        raise NotYet("15 decimal digits are 15 · ln 10 in the unit of the exponent, not 15.")
    raise NotYet(
        f"after {updates:.0f} updates the difference has grown by e^{updates * exponent:.1f}, and it begins at e^−34.5."
    )


@exercise
def below_with_doubling(share):
    """The share of updates with x < 1 for c = 1, where the return map is 2φ mod 1."""
    share = number(share, "the share of updates with x < 1")
    right = theory.one_dimension(1.0).below
    if np.isclose(share, right, atol=1e-3):
        return "2/9: one update below 1 for every three and a half above it, half of the time three, half of it four."
    if np.isclose(share, theory.one_dimension().below, atol=2e-3):
        raise NotYet("that is the share for c = 1/4; take c = 1.")
    if np.isclose(share, 1 - right, atol=1e-3):
        raise NotYet("that is the share of the updates above 1.")
    if np.isclose(share, 1 / 3.5, atol=1e-3):
        raise NotYet("3.5 updates lie above 1 between two below: the round trip has 4.5.")
    if np.isclose(share, [1 / 4, 1 / 5], atol=1e-3).any():
        raise NotYet(
            "the visits above 1 are three or four, each half of the time, because φ is uniform: take the mean."
        )
    raise NotYet("from φ < 1/2 three updates follow above 1, from φ ≥ 1/2 four, and φ is uniform.")


@exercise
def fall_in_an_epoch(factor):
    """By what α is multiplied in an epoch of pure noise without replacement, as a function of p = 1/2, 1/3, …"""
    for windows in (2, 3, 5, 10):
        p = 1 / windows
        got, right = call(factor, p), (1 - p / 4) ** (windows - 1)
        if np.isclose(got, right):
            continue
        one, rho = 1 - p / 4, -p / (1 - p)
        if np.isclose(got, one**windows):
            hint = "the first window of an epoch is compared with one of the epoch before, of which it knows nothing"
        elif np.isclose(got, one):
            hint = "this is one update; an epoch has several"
        elif np.isclose(got, [-p / 4, rho / (4 * (1 - rho))]).any():
            hint = "this is the relative change of one update; the factor is 1 more, and an epoch has several"
        elif np.isclose(got, (1 + rho / 4) ** (windows - 1)):
            hint = "Eq. 9 divides by 4(gg − gp), not by 4 gg"
        else:
            hint = f"it should be {right:.4f}"
        raise NotYet(f"for p = 1/{windows} yours is {got:.4f}: {hint}.")
    return "for halves, thirds, fifths and tenths of an epoch."


@exercise
def runs_away(knee, start, alpha0):
    """A knee, a w₀ and an α₀ < 2 from which gradient descent converges and both rules leave."""
    knee, start, alpha0 = (number(value, name) for value, name in ((knee, "the knee"), (start, "w₀"), (alpha0, "α₀")))
    if knee <= 0 or start >= 0:
        raise NotYet("the knee is a positive number, at −knee on the axis, and w₀ is to the left of the minimum.")
    if not 0 < alpha0 < 2:
        raise NotYet("α₀ is between 0 and 2: beyond, plain gradient descent diverges on the parabola as well.")
    toy = theory.half_parabola(knee)
    ran = {rule: descend(rule, toy, [start], alpha0, 3000).loss for rule in ("gd", "published", "secant")}
    if not ran["gd"][-1] < 1e-3 * ran["gd"][0]:
        raise NotYet("gradient descent itself is not there after 3000 steps: take a larger α₀ or a start nearer by.")
    stays = [rule for rule in ("published", "secant") if not ran[rule].max() > 1e60 * ran[rule][0]]
    if stays:
        flat = -start / knee
        raise NotYet(
            f"{' and '.join(stays)} {'stays' if len(stays) == 1 else 'stay'} within 10⁶⁰ times the first loss: the "
            f"flat side is {flat:.3g} times as long as the knee is wide, and α has to grow along it. Make it longer."
        )
    return "gradient descent converges, and both rules leave by more than 60 decades of the loss."
