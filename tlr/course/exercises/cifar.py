"""The exercises of notebook 5."""

from math import ceil, log

import numpy as np

from tlr.course import experiments
from tlr.course.exercises.checking import NotYet, call, exercise, number, whole
from tlr.course.exercises.keeping import resume as resume
from tlr.course.exercises.keeping import summary as summary

__all__ = ["mean_product", "peaks", "updates_needed"]

#: Steps an epoch of the recorded runs: 10,000 photographs in batches of 64.
STEPS = 157


@exercise
def updates_needed(function):
    """The fewest updates that bring α from one value to another, as a function of both and of c."""
    cases = {(0.001, 0.1): 21, (0.1, 0.001): 17, (0.1, 0.1): 0, (0.01, 0.1, 1.0): 4, (0.1, 0.09): 1}
    cases[0.1, 0.001, 0.5] = 17  # ¾, whatever c is
    for (alpha0, alpha, *c), right in cases.items():
        got = call(function, alpha0, alpha, *c)
        where = f"from {alpha0:g} to {alpha:g}" + (f" with c = {c[0]:g}" if c else "")
        if got == right:
            continue
        if got < 0:
            raise NotYet(f"{where} yours is {got:g}, and no number of updates is negative.")
        if got != int(got):
            raise NotYet(f"{where} yours is {got:.2f}; the number of updates is a whole number: round up.")
        if alpha < alpha0 and got == ceil(log(alpha0 / alpha) / log(1.25)):
            raise NotYet(f"{where} yours is {got:g}: downwards the largest step is to ¾, whatever c is.")
        factor = 0.75 if alpha < alpha0 else 1 + (c[0] if c else 0.25)
        if got < right:
            raise NotYet(f"{where} {got:g} updates are too few: they bring α to {alpha0 * factor**got:.4g}.")
        raise NotYet(f"{where} fewer updates than {got:g} are enough.")
    return "upwards and downwards, for six cases. Down is faster than up."


@exercise
def peaks(of_published, of_secant):
    """For Eq. 8 and Eq. 8′ the epoch after which α is largest, and the first that ends with it below α₀ again."""
    given = {"Eq. 8": of_published, "Eq. 8′": of_secant}
    right = {"Eq. 8": _peak("tlr"), "Eq. 8′": _peak("tlr_secant")}
    answers = {}
    for rule, pair in given.items():
        if not isinstance(pair, (tuple, list, np.ndarray)) or len(pair) != 2:
            raise NotYet(f"for {rule} two epochs are asked for, in brackets, and yours is {pair!r}.")
        answers[rule] = tuple(whole(epoch, f"each epoch of {rule}") for epoch in pair)
    if answers != right and list(answers.values()) == list(right.values())[::-1]:
        raise NotYet("the two rules seem to be swapped.")
    for rule, (peak, below) in answers.items():
        if below == 0 < peak:
            raise NotYet(f"epoch 0 is α₀ itself: where does α of {rule} fall below it after the peak?")
        if peak > below:
            raise NotYet(f"for {rule} the peak comes first in the brackets.")
        if peak == right[rule][0] - 1:
            raise NotYet(f"epoch {peak} is one too early for {rule}: the trace begins with α₀, before the first epoch.")
        if peak != right[rule][0]:
            raise NotYet(f"epoch {peak} is not where α of {rule} is largest.")
        if below < right[rule][1]:
            raise NotYet(f"after epoch {below} α of {rule} is not below α₀ = 0.1 yet.")
        if below > right[rule][1]:
            raise NotYet(f"after epoch {below} α of {rule} has been below already: which epoch was the first?")
    turns = [f"{rule} peaks after epoch {peak} and is below after {below}" for rule, (peak, below) in right.items()]
    return f"{', '.join(turns)}."


@exercise
def mean_product(product, change):
    """The mean ⟨g_t, g_{t−1}⟩ behind the line of β = 10⁻⁵, and the first epoch of β = 10⁻⁴ that it predicts."""
    product, change = number(product, "the mean product"), number(change, "the predicted change")
    line, other = _trace(beta=1e-5), _trace(beta=1e-4)
    slope = np.polyfit(np.arange(len(line)), line, 1)[0]
    right, first = (value / (STEPS * 1e-5) for value in (slope, line[1] - line[0]))
    if np.isclose(product, -right, rtol=0.1):
        raise NotYet(f"α falls, so the mean product is negative, and yours is {product:.3g}.")
    if np.isclose(product, STEPS * right, rtol=0.1):
        raise NotYet(f"{product:.3g} is the sum over an epoch, which has {STEPS} steps.")
    if np.isclose(product, slope, rtol=0.1):
        raise NotYet(f"{product:.3g} is the change of α in an epoch: divide it by β and by the number of steps.")
    if np.isclose(product, first, rtol=0.1):
        raise NotYet(f"{product:.3g} is the mean over the first epoch alone; the line is that of all twelve.")
    if not np.isclose(product, right, rtol=0.1):
        raise NotYet(f"{product:.3g} is not the mean product: an epoch changes α by {STEPS} · 10⁻⁵ times it.")
    if np.isclose(change, 1e-4 * product, rtol=0.05):
        raise NotYet(f"{change:.3g} is the change in a step; an epoch has {STEPS} of them.")
    if np.isclose(change, other[1] - other[0], rtol=0.05):
        raise NotYet(f"{change:.3g} is what was measured; predict it from your mean product.")
    if not np.isclose(change, STEPS * 1e-4 * product, rtol=0.05):
        raise NotYet(f"{change:.3g} does not follow from your mean product of {product:.3g} with β = 10⁻⁴.")
    return f"{product:.2f}, and α should change by {change:.4f}. Measured: {other[1] - other[0]:.4f}."


def _peak(method):
    """The epoch after which α of this variant of TLR is largest, and the first that ends with it below α₀ again."""
    alpha = _trace(method=method)
    return int(alpha.argmax()), int(np.flatnonzero(alpha > alpha[0])[-1]) + 1


def _trace(**chosen):
    """α of the recorded run of figure 2 whose setting has these values: before the first epoch, and after each."""
    (run,) = experiments.recorded("figure-2-cifar10-small", epochs=12, seeds=(0,), **chosen)
    return run.rates[:, 0]
