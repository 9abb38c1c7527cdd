"""Schedules that the paper compares with, from torch's own schedulers; each is stepped once an epoch."""

import math

from torch.optim.lr_scheduler import CosineAnnealingLR, ExponentialLR, LinearLR, MultiStepLR, SequentialLR

__all__ = ["cosine", "exponential", "multistep", "tenth_off"]


def multistep(optimizer, epochs):
    """sgd_mstep: α falls to a tenth after half of the epochs, and to a hundredth after three quarters.

    Args:
        optimizer: any torch optimizer, with α₀ as its lr (0.1 in the paper).
        epochs: how many the run has, at least 1.

    Returns:
        A scheduler for `tlr.course.training.train`, to be stepped after each epoch.
    """
    return MultiStepLR(optimizer, [math.ceil(_checked(epochs) / 2), math.ceil(3 * epochs / 4)], gamma=0.1)


def exponential(optimizer, epochs):
    """sgd_exp: α shrinks by the same factor after each epoch, from α₀ to α₀/100, where `multistep` ends too.

    The paper does not print its factor. Arguments are those of `multistep`.
    """
    return ExponentialLR(optimizer, 0.01 ** (1 / _checked(epochs)))


def tenth_off(optimizer, epochs):
    """sgd_exp as the TLR authors' later public code has it: α loses a tenth after each epoch."""
    _checked(epochs)
    return ExponentialLR(optimizer, 0.9)


def cosine(optimizer, epochs, warmup=0):
    """Half a cosine from α₀ to 0 (Loshchilov & Hutter, 2017, without restarts), after a linear warm-up.

    Args:
        optimizer, epochs: as for `multistep`.
        warmup: epochs of the warm-up, fewer than `epochs` (default 0): epoch e = 0, 1, … of them has (e + 1) / (warmup
            + 1) of α₀.
    """
    if not 0 <= warmup < _checked(epochs):
        raise ValueError(f"A warm-up takes at least 0 epochs, and fewer than all {epochs}, not {warmup!r}.")
    down = CosineAnnealingLR(optimizer, epochs - warmup)
    if warmup == 0:
        return down
    up = LinearLR(optimizer, 1 / (warmup + 1), total_iters=warmup)
    return SequentialLR(optimizer, [up, down], [warmup])


def _checked(epochs):
    if not (isinstance(epochs, int) and epochs >= 1):
        raise ValueError(f"A schedule needs the number of epochs, at least 1, not {epochs!r}.")
    return epochs
