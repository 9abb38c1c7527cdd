"""The exercises of notebook 3b."""

import numpy as np

from tlr import rule
from tlr.course.exercises.checking import NotYet, call, exercise, is_array, number, whole
from tlr.course.exercises.keeping import resume as resume
from tlr.course.exercises.keeping import summary as summary

__all__ = ["larger_batches", "noise_correlation", "shared_memory"]


@exercise
def noise_correlation(function):
    """The correlation of two windows' noises within one epoch of equal batches and frozen weights, by p ≤ 1/2."""
    for p in (1 / 3, 1 / 2, 1 / 4, 1 / 10):
        got, right = call(function, p), -p / (1 - p)
        if np.isclose(got, right):
            continue
        if np.isclose(got, -right):
            hint = (
                "the noises of an epoch add up to zero, so that what one window has too much the others have too little"
            )
        elif np.isclose(got, 1 / right):
            hint = "a correlation is never below −1: the quotient is upside down"
        elif got == 0:
            hint = "the batches are drawn without replacement, so that the windows of an epoch are not independent"
        elif np.isclose(got, -p):
            hint = "a window holds pN of the N batches, and its noise correlates with the other (1 − p)N only"
        elif got == -1:
            hint = "only two windows make up an epoch at p = 1/2; at smaller p the opposite noise is shared by the rest"
        else:
            hint = f"the 1/p windows of an epoch have noises that add up to zero, which gives {right:.3f}"
        raise NotYet(f"for p = {p:.3g} yours is {got:.3f}: {hint}.")
    return "−1 for halves, −1/2 for thirds, and less for shorter windows."


@exercise
def larger_batches(largest):
    """The largest α from α₀ = 0.01 without momentum, by batch size: 16, 32, 64."""
    sizes, measured = (16, 32, 64), (0.23, 0.32, 0.72)
    if not isinstance(largest, dict) or set(largest) != set(sizes):
        raise NotYet("the answer is a dictionary with the largest α for the batch sizes 16, 32 and 64.")
    if any(is_array(run) or hasattr(run, "alpha") for run in largest.values()):
        raise NotYet("these are whole runs; the largest α of one is run(…).alpha.max().")
    alphas = [number(largest[size], f"the largest α for batches of {size}") for size in sizes]
    if min(alphas) <= 0.01 * 1.25:
        raise NotYet(
            f"α hardly rose above α₀ = 0.01 ({min(alphas):.3g}): take the largest of all epochs, r.alpha.max()."
        )
    if max(alphas) > 5:
        raise NotYet(
            f"α = {max(alphas):.2g} has run away: these windows are short, so train without momentum, "
            "and with as many steps between updates as a third of an epoch has."
        )
    if not alphas[0] < alphas[1] < alphas[2]:
        raise NotYet(
            f"your α do not grow with the batch ({', '.join(f'{alpha:.2g}' for alpha in alphas)}): does each run "
            "have its own batch_size and its own window, a third of its steps an epoch?"
        )
    if alphas[0] < 0.05:
        raise NotYet(f"{alphas[0]:.2g} for batches of 16 is α at the end; the largest of a run is run(…).alpha.max().")
    if alphas[0] < 0.1:
        raise NotYet(
            f"{alphas[0]:.2g} for batches of 16 is what one measures with momentum; the windows of larger "
            "batches are too short for its memory, so leave it at 0."
        )
    for size, alpha, right in zip(sizes, alphas, measured, strict=True):
        if not 1 / 1.35 < alpha / right < 1.35:
            raise NotYet(
                f"{alpha:.2g} is not what one measures on the digits with batches of {size}: run TLR from 0.01 "
                "with windows of a third of an epoch and no momentum."
            )
    return "the larger the batch, the higher α gets. The claim holds here."


@exercise
def shared_memory(correlation, enough_08, enough_09):
    """The correlation of consecutive windows of m steps of pure noise with momentum μ, and the m of less than 2 %."""
    for m, mu in ((4, 0.8), (30, 0.8), (9, 0.9), (1, 0.8)):
        got, right = call(correlation, m, mu), _exact_correlation(m, mu)
        if np.isclose(got, right):
            continue
        within = 2 * sum((m - k) * mu**k for k in range(1, m))
        if np.isclose(got, right * (m + within) / m):
            hint = "the variance of a window is more than m, because its own steps covary"
        elif np.isclose(got, right / mu):
            hint = "the last step of one window and the first of the next are one apart: the distances are i + j + 1"
        elif np.isclose(got, right * (m + within) / (m + within / 2)):
            hint = "in the variance each pair of steps counts twice"
        elif np.isclose(got, right * (m + within)):
            hint = "this is the covariance; divide by the variance of a window"
        elif np.isclose(got, right / (4 * (1 - right))):
            hint = "this is the growth of α, ρ/(4(1 − ρ)); the function gives ρ"
        elif np.isclose(got, mu**m):
            hint = "μᵐ is the correlation of two steps that are m apart; here all pairs count, i + j + 1 apart"
        else:
            hint = f"it should be {right:.3f}"
        raise NotYet(f"for m = {m} and μ = {mu} yours is {got:.3f}: {hint}.")
    for mu, answer in ((0.8, enough_08), (0.9, enough_09)):
        m, right = whole(answer, f"the window for μ = {mu}"), _enough(mu)
        if m != right:
            growth = float(rule.relative_change(1, _exact_correlation(max(m, 1), mu), 1))
            which = "not yet below 2 %" if m < right else "below 2 %, and it was so already for a shorter window"
            raise NotYet(f"with μ = {mu} and {m} steps the growth is {100 * growth:.2f} %, {which}.")
    return f"from {enough_08} steps on with μ = 0.8 and from {enough_09} with μ = 0.9, seven times the memory."


def _exact_correlation(m, mu):
    """Of two consecutive windows of m steps, where cov(b_s, b_t) = μ^|s−t|."""
    within = m + 2 * sum((m - k) * mu**k for k in range(1, m))
    return mu * ((1 - mu**m) / (1 - mu)) ** 2 / within


def _enough(mu):
    """The shortest window for which α grows by less than 2 % an update on pure noise."""
    m = 1
    while rule.relative_change(1, _exact_correlation(m, mu), 1) >= 0.02:
        m += 1
    return m
