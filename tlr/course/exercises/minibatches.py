"""The exercises of notebook 3."""

import numpy as np

from tlr.course.exercises.checking import NotYet, call, exercise, is_array, number, percent
from tlr.course.exercises.keeping import resume as resume
from tlr.course.exercises.keeping import summary as summary

__all__ = ["share_of_negative_products", "steps_needed", "window_lengths"]


@exercise
def share_of_negative_products(of_eight, of_two):
    """The shares of negative products with α = 0 and batches of 8 and of 2 images, each in 0..1."""
    if any(is_array(share) for share in (of_eight, of_two)):
        raise NotYet("these are the cosines; the share of them that is negative is np.mean(cosines < 0).")
    eight, two = (number(share, "a share") for share in (of_eight, of_two))
    if max(eight, two) > 1 or min(eight, two) < 0:
        raise NotYet(f"a share lies between 0 and 1 (42 % is 0.42), and yours are {eight:g} and {two:g}.")
    if 0.3 < two < 0.43 and 0.45 < eight < 0.65:
        raise NotYet(f"{percent(eight)} and {percent(two)} are the shares of the positive products; count the others.")
    if 0.43 < two < 0.52 < eight < 0.7:
        raise NotYet("the two seem to be swapped: the fewer images in a batch, the more products are negative.")
    if not 0.35 < eight < 0.55:
        raise NotYet(
            f"{percent(eight)} is not what one measures with 8 images: see agreement(0, batch_size=8, orders=5)."
        )
    if two <= 0.52:
        raise NotYet(
            f"{percent(two)} with 2 images would be the limit if the noise were symmetric. "
            "Measure it, and think of which digits two batches of two hold."
        )
    if two >= 0.7:
        raise NotYet(f"{percent(two)} with 2 images is too many: the mean product is ‖G‖², which is positive.")
    return "nearly half with 8 images and more than half with 2. One half is no limit: the noise is not symmetric."


@exercise
def steps_needed(function):
    """The smallest whole m ≥ 1 with 1/(1 + r/m) ≥ a, as a function of r and a."""
    for r, a, right in ((3, 0.75, 9), (5, 0.5, 5), (2.5, 0.6, 4), (1.1, 0.8, 5), (0.1, 0.5, 1), (0, 0.5, 1)):
        where = f"for r = {r} and a = {a}"
        got = call(function, r, a)
        if got != int(got):
            raise NotYet(f"a window has a whole number of steps; {where} yours is {got:.3g}, so round up.")
        if got < 1:
            raise NotYet(f"a window has at least 1 step; {where} yours is {got:g}.")
        if got < right:
            raise NotYet(f"{where} yours is {got:g}, which gives an agreement of {1 / (1 + r / got):.2f} only.")
        if got == right + 1:
            raise NotYet(f"{where} one step less is enough: is it a strict inequality, or a rounding error, in yours?")
        if got > right:
            raise NotYet(f"{where} fewer steps than {got:g} are enough: {right} of them.")
    return "for six pairs of r and a."


@exercise
def window_lengths(ratios):
    """‖g_t‖²/‖g_{t−1}‖² for consecutive windows of 20 epochs of training by TLR."""
    try:
        ratios = np.asarray(ratios, dtype=float)
    except (TypeError, ValueError):
        raise NotYet("the answer is a list of numbers, one ratio for each window but the first.") from None
    if ratios.ndim != 1 or len(ratios) < 2:
        raise NotYet("a ratio for each window of 20 epochs but the first is asked for: 59 numbers in a row.")
    if len(ratios) > 200:
        raise NotYet(f"{len(ratios)} ratios are one a step; note the square after each full window only.")
    if not np.all(np.isfinite(ratios) & (ratios > 0)):
        raise NotYet("some ratio is zero or not finite: until the first window is full the optimizer holds no square.")
    middle = np.median(ratios)
    if np.all(ratios == 1):
        raise NotYet("all ratios are 1: divide each square by the one *before* it.")
    if not 1 / 3 < middle < 3:
        raise NotYet(
            f"their median is {middle:.2g}; these look like squares, not like ratios of one to the one before."
        )
    if len(ratios) != 59:
        raise NotYet(f"20 epochs have 60 full windows, and so 59 ratios; yours are {len(ratios)}.")
    if (over_all := np.prod(ratios)) > 1:
        raise NotYet(
            f"multiplied together your ratios say that the last square is {over_all:.2g} times the first; gradients "
            "get shorter as training goes on. Divide each square by the one *before* it."
        )
    if over_all > 0.02:
        raise NotYet(
            f"multiplied together your ratios say that the last square is {over_all:.2g} times the first, which is "
            "more than one measures: are they ratios of the lengths? The optimizer keeps squares."
        )
    if ratios[0] < 1.1:
        raise NotYet(
            f"your second square is {ratios[0]:.2g} times the first; with α₀ = 0.01 and μ = 0.8 it is clearly larger, "
            "because the momentum has to build up in the first window."
        )
    if (near := np.mean((ratios > 1 / 2) & (ratios < 2))) < 0.6:
        raise NotYet(f"only {percent(near)} of your ratios lie between one half and two; one measures more than that.")
    return "most squares are between half and twice the one before, so Eqs. 8 and 8′ nearly agree here."
