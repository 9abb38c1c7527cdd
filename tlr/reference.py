"""TLR once more, in plain numpy and nothing else: the text to read beside the fast optimizer, and its oracle."""

import numpy as np

from tlr import rule

__all__ = ["ReferenceTLR"]


class ReferenceTLR:
    """SGD with momentum and weight decay that trains α, for one array of weights.

    Args:
        w: the weights, an array of any shape; a copy is kept in `self.w`.
        lr, momentum, weight_decay, update_every, c, curvature: as for `tlr.TLR`.
    """

    def __init__(self, w, lr, momentum=0.0, weight_decay=0.0, update_every=1, c=0.25, curvature="published"):
        self.w, self.alpha = np.array(w, dtype=float), lr
        self.momentum, self.weight_decay = momentum, weight_decay
        self.update_every, self.c, self.curvature = update_every, c, curvature
        self.direction = np.zeros_like(self.w)  # the momentum buffer b_t
        self.total, self.previous = np.zeros_like(self.w), np.zeros_like(self.w)  # g_t and g_{t−1} of Eq. 10
        self.steps = 0

    def step(self, gradient):
        """One step with the gradient at `self.w`."""
        if self.update_every == 1 and self.momentum == 0 and self.weight_decay == 0:  # Algorithm 2
            self.total = gradient.copy()
            self.update_alpha()
            self.w -= self.alpha * gradient
            return
        self.direction = self.momentum * self.direction + gradient + self.weight_decay * self.w
        self.w -= self.alpha * self.direction
        self.total = self.total + self.direction
        self.steps += 1
        if self.steps % self.update_every == 0:  # Eq. 10
            self.update_alpha()

    def update_alpha(self):
        """Eqs. 7 and 9 on the sums of two consecutive windows; the next window begins at zero."""
        gg, gp, pp = (
            np.vdot(self.total, self.total),
            np.vdot(self.total, self.previous),
            np.vdot(self.previous, self.previous),
        )
        self.alpha = float(rule.next_alpha(self.alpha, gg, gp, pp, self.c, self.curvature))
        self.previous, self.total = self.total, np.zeros_like(self.w)
