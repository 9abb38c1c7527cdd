"""TLR once more, in plain numpy and nothing else: the text to read beside the fast optimizer, and its oracle."""

from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tlr import rule

Array: TypeAlias = NDArray[np.float64]

__all__ = ["ReferenceTLR"]


class ReferenceTLR:
    """SGD with momentum and weight decay that trains α, for one array of weights.

    Args:
        w: the weights, an array of any shape; a copy is kept in `self.w`.
        lr, momentum, dampening, weight_decay, nesterov, update_every, c, curvature: as for `tlr.TLR`.
    """

    def __init__(
        self,
        w: ArrayLike,
        lr: float,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
        update_every: int = 1,
        c: float = 0.25,
        curvature: str = "published",
    ) -> None:
        self.w, self.alpha = np.array(w, dtype=float), lr
        self.momentum, self.dampening, self.weight_decay, self.nesterov = momentum, dampening, weight_decay, nesterov
        self.update_every, self.c, self.curvature = update_every, c, curvature
        self.buffer: Array | None = None  # of momentum
        self.total = self.previous = np.zeros((2, *self.w.shape))  # gradients and directions of this window, the last
        self.steps = 0

    def step(self, gradient: Array) -> None:
        """One step with the gradient at `self.w`."""
        if self.update_every == 1 and self.momentum == 0 and self.weight_decay == 0:  # Algorithm 2: first α, then w
            self.total = np.stack([gradient, gradient])
            self.update_alpha()
            self.w -= self.alpha * gradient
            return
        gradient = gradient + self.weight_decay * self.w
        direction = self.direction(gradient)
        self.w -= self.alpha * direction
        self.total = self.total + np.stack([gradient, direction])
        self.steps += 1
        if self.steps % self.update_every == 0:  # Eq. 10
            self.update_alpha()

    def direction(self, gradient: Array) -> Array:
        """What α multiplies: the gradient, or what momentum makes of it, as in `torch.optim.SGD`."""
        if self.momentum == 0:
            return gradient
        if self.buffer is None:
            self.buffer = gradient  # as it is: the first one is not dampened
        else:
            self.buffer = self.momentum * self.buffer + (1 - self.dampening) * gradient
        return gradient + self.momentum * self.buffer if self.nesterov else self.buffer

    def update_alpha(self) -> None:
        """The rule on the sums of two consecutive windows; the next window begins at zero."""
        now, before = (
            dict(zip(("gradients", "directions"), sums, strict=True)) for sums in (self.total, self.previous)
        )
        x, y = rule.RULES[self.curvature].products
        gg, gp, pp = np.vdot(now[x], now[y]), np.vdot(now[x], before[y]), np.vdot(before[x], before[y])
        self.alpha = float(rule.next_alpha(self.alpha, gg, gp, pp, self.c, self.curvature))
        self.previous, self.total = self.total, np.zeros_like(self.total)
