"""Schedules that the paper compares with, from torch's own schedulers; each is stepped once an epoch."""

import math

from torch.optim.lr_scheduler import CosineAnnealingLR, ExponentialLR, MultiStepLR

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


def cosine(optimizer, epochs):
    """Half a cosine from α₀ to 0 (Loshchilov & Hutter, 2017, without restarts); arguments are those of `multistep`."""
    return CosineAnnealingLR(optimizer, _checked(epochs))


def _checked(epochs):
    if not (isinstance(epochs, int) and epochs >= 1):
        raise ValueError(f"A schedule needs the number of epochs, at least 1, not {epochs!r}.")
    return epochs
