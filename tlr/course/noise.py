"""What the rule hears in gradients that are pure noise: the drift of α that no loss has asked for.

Two effects make the products of consecutive windows differ from zero where the weights stand still and the full
gradient is zero. Batches drawn without replacement have noises that add up to zero over an epoch, so two windows of
one epoch correlate negatively, with −p/(1 − p) for windows of a share p. And a momentum buffer hands on what it holds
from one window to the next, so their displacements correlate positively.
"""

import numpy as np

from tlr import rule

__all__ = ["drift"]


def drift(steps, window, momentum=0.0, *, replacement=False, curvature="published", epochs=40, size=400, seed=0):
    """The factor by which pure noise changes α in an epoch: the weights are frozen, and the gradients' mean is zero.

    Args:
        steps: N, batches in an epoch.
        window: m, steps between two updates of α.
        momentum: μ of the heavy ball.
        replacement: whether batches are drawn with replacement (default: each epoch visits every image once).
        curvature: the rule, a key of `tlr.rule.RULES` that works on displacements.
        epochs: simulated epochs; more make the result more precise.
        size: weights; the more there are, the less the products scatter.
        seed: of the noise.

    Returns:
        The geometric mean of α's change over an epoch, as a factor.
    """
    noise = np.random.default_rng(seed).normal(size=(epochs, steps, size))
    if not replacement:
        noise -= noise.mean(axis=1, keepdims=True)
    directions = noise.reshape(-1, size)
    for t in range(1, len(directions)):
        directions[t] += momentum * directions[t - 1]
    whole = len(directions) // window
    sums = directions[: whole * window].reshape(whole, window, size).sum(axis=1)
    now, before = sums[1:], sums[:-1]
    products = np.vecdot(now, now), np.vecdot(now, before), np.vecdot(before, before)
    change = rule.relative_change(*products, curvature=curvature)
    return float(np.exp(np.log1p(change).mean() * steps / window))
