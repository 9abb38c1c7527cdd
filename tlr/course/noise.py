"""What the rule hears in gradients that are pure noise: the drift of α that no loss has asked for.

Two effects make the products of consecutive windows differ from zero where the weights stand still and the full
gradient is zero. Batches drawn without replacement have noises that add up to zero over an epoch, so two windows of
one epoch correlate negatively, with −p/(1 − p) for windows of a share p. And a momentum buffer hands on what it holds
from one window to the next, so their displacements correlate positively.
"""

from functools import cache

import numpy as np

from tlr import rule
from tlr.course.gradients import sums

__all__ = ["correlation", "drift", "handed_on"]


def handed_on(m, momentum, x=0.0):
    """ρ of the displacements of two consecutive windows of m steps of the heavy ball, with fresh noise at every step.

    On a quadratic the weights are an autoregression of order two, w_{k+1} = (1 + μ − αλ) w_k − μ w_{k−1} + noise, whose
    autocovariance γ is known; ρ = (2γ(m) − γ(0) − γ(2m)) / 2(γ(0) − γ(m)). For m = 1 it is μ − αλ/2.

    Args:
        m: steps in a window.
        momentum: μ.
        x: αλ >= 0, for the curvature λ along which the weights lie (default 0: they stand still).
    """
    if x == 0:
        share = 1 - momentum**m
        return momentum * share**2 / (m * (1 - momentum**2) - 2 * momentum * share)
    gamma = [1.0, (1 + momentum - x) / (1 + momentum)]  # over γ(0)
    while len(gamma) <= 2 * m:
        gamma.append((1 + momentum - x) * gamma[-1] - momentum * gamma[-2])
    return (2 * gamma[m] - 1 - gamma[2 * m]) / (2 * (1 - gamma[m]))


def correlation(m, momentum=0.8):
    """The correlation of consecutive windows of m steps where gradients are pure noise and nothing moves: simulated."""
    buffer = np.random.default_rng(0).normal(size=m * 5000)
    for t in range(1, len(buffer)):
        buffer[t] += momentum * buffer[t - 1]
    windows = sums(buffer, m)[:, 0]
    return np.corrcoef(windows[1:], windows[:-1])[0, 1]


@cache
def drift(
    steps, window, momentum=0.0, *, replacement=False, curvature="published", epochs=40, size=400, signal=0.0, last=1.0
):
    """The factor by which noise changes α in an epoch: the weights are frozen, and the gradients' mean is zero.

    Args:
        steps: N, batches in an epoch.
        window: m, steps between two updates of α.
        momentum: μ of the heavy ball.
        replacement: whether batches are drawn with replacement (default: each epoch visits every image once).
        curvature: the rule, a key of `tlr.rule.RULES` that works on displacements.
        epochs: simulated epochs; more make the result more precise.
        size: weights; the more there are, the less the products scatter.
        signal: ‖G‖²/tr Σ, if the mean is not zero: what is left of the full gradient beside the noise of one batch.
        last: images in an epoch's last batch, as a share of those in the others (default 1: it is as large).

    Returns:
        The geometric mean of α's change over an epoch, as a factor.
    """
    noise = np.random.default_rng(0).normal(size=(epochs, steps, size))
    noise[:, -1] /= np.sqrt(last)
    if not replacement:
        images = [1.0] * (steps - 1) + [last]
        noise -= np.average(noise, axis=1, weights=images, keepdims=True)
    noise += np.sqrt(signal)
    directions = noise.reshape(-1, size)
    for t in range(1, len(directions)):
        directions[t] += momentum * directions[t - 1]
    windows = sums(directions, window)
    now, before = windows[1:], windows[:-1]
    products = np.vecdot(now, now), np.vecdot(now, before), np.vecdot(before, before)
    change = rule.relative_change(*products, curvature=curvature)
    return float(np.exp(np.log1p(change).mean() * steps / window))
