"""The rule "steady": Eq. 10″ that forgives what reshuffling does, and takes a window back in which gradients blew up.

A plain prototype over any torch optimizer, for `lost_cases.py`. It sums the gradients at every step, where an optimizer
of the package would find the sum in the momentum buffers.
"""

import math

import torch

GROWTH, BRAKE = 1 / 2, 1 / 4  # γ upwards and downwards
RISING, BLOWN = 1.1, 3.0  # by what factor the mean gradient has grown


class Steady:
    """Train the rate of a torch optimizer by products of the gradients of two windows.

    Args:
        base: the torch optimizer; its parameter groups share one α.
        update_every: steps in a window. The first windows have 1, 2, 4, … steps.
        epoch: N, steps in an epoch of reshuffled batches; None if batches are drawn with replacement.
        c: the largest relative increase of α in one update.
    """

    def __init__(self, base, update_every, epoch=None, c=1 / 2):
        self.base, self.update_every, self.epoch, self.c = base, update_every, epoch, c
        self.param_groups = base.param_groups
        self.params = [p for group in base.param_groups for p in group["params"]]
        self.sums = [torch.zeros_like(p) for p in self.params]
        self.previous, self.pp, self.steps_before, self.taken_back, self.takes = None, 0.0, 0, False, 0
        self.step_number, self.length = 0, 1
        self._open_window()

    def zero_grad(self):
        self.base.zero_grad()

    @torch.no_grad()
    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        torch._foreach_add_(self.sums, [p.grad for p in self.params])
        decay = self.param_groups[0].get("weight_decay", 0)
        if decay and isinstance(self.base, torch.optim.SGD):
            torch._foreach_add_(self.sums, self.params, alpha=decay)
        self.base.step()
        self.step_number += 1
        if self.step_number - self.opened == self.length:
            self._close_window()
        return loss

    def _open_window(self):
        torch._foreach_zero_(self.sums)
        self.opened = self.step_number
        self.weights = [p.detach().clone() for p in self.params]
        buffers = [self.base.state[p].get("momentum_buffer") for p in self.params]
        self.buffers = [None if b is None else b.clone() for b in buffers]

    def _close_window(self):
        n = self.length
        gg = _product(self.sums, self.sums) / n**2
        gp = _product(self.sums, self.previous) / (n * self.steps_before) if self.previous else 0.0
        finite = math.isfinite(gg) and math.isfinite(gp) and all(bool(p.isfinite().all()) for p in self.params)
        aligned = finite and gp >= math.sqrt(gg * self.pp) / 2
        grown = finite and self.previous is not None and not aligned and gg > BLOWN**2 * self.pp
        if not finite or (grown and not self.taken_back):
            self._take_back(min(1 / BLOWN, (self.pp / gg) ** (0.5 / n)) if grown else 1 / BLOWN)
        else:
            if self.previous is not None:
                q = reshuffled_share(self.before, self.steps_before, self.opened, n, self.epoch)
                self._scale(1 + change(gg, gp, self.pp, q, self.c))
            self.previous, self.sums = self.sums, self.previous or [torch.zeros_like(p) for p in self.params]
            self.pp, self.before, self.steps_before, self.taken_back = gg, self.opened, n, False
            self.length = min(2 * n, self.update_every)
        self._open_window()

    def _take_back(self, factor):
        torch._foreach_copy_(self.params, self.weights)
        for p, buffer in zip(self.params, self.buffers, strict=True):
            if buffer is not None:
                self.base.state[p]["momentum_buffer"].copy_(buffer)
            elif any(not value.isfinite().all() for value in self.base.state[p].values() if value is not None):
                self.base.state[p].clear()
            elif "momentum_buffer" in self.base.state[p]:
                self.base.state[p]["momentum_buffer"] = None
        self._scale(factor)
        self.taken_back = True
        self.takes += 1

    def _scale(self, factor):
        for group in self.param_groups:
            group["lr"] *= factor


def change(gg, gp, pp, q=0.0, c=1 / 2):
    """α_{t+1}/α_t − 1 from products of mean gradients; `q` is what `reshuffled_share` says."""
    curvature = pp - gp
    rising = gg > RISING**2 * pp and gp < math.sqrt(gg * pp) / 2
    if rising:
        return BRAKE * gp / curvature if gp < 0 else 0.0
    if gp > 0:
        return min(GROWTH * gp / curvature, c) if curvature > 0 else c
    corrected = gp + q * curvature
    return BRAKE / (1 - q) * corrected / curvature if corrected < 0 else 0.0


def reshuffled_share(before, steps_before, now, steps, epoch):
    """q: the noises of two windows correlate with −q/(1 − q), because every epoch visits each batch once.

    Args:
        before, now: the steps at which the windows begin, counted from the first epoch on.
        steps_before, steps: how many steps they have.
        epoch: steps in an epoch, or None.
    """
    if epoch is None or epoch < 2:
        return 0.0
    first, second = _steps_in(before, steps_before, epoch), _steps_in(now, steps, epoch)
    shared = sum(count * second.get(number, 0) for number, count in first.items()) / (steps_before * steps)
    own = (steps_before * (epoch - 1) - sum(n * (n - 1) for n in first.values())) / steps_before**2
    return shared / (own + shared) if own > 0 else 0.0


def _steps_in(begin, steps, epoch):
    """How many of a window's steps lie in each epoch."""
    end = begin + steps
    return {e: min(end, (e + 1) * epoch) - max(begin, e * epoch) for e in range(begin // epoch, (end - 1) // epoch + 1)}


def _product(xs, ys):
    return float(sum(torch.dot(x.flatten().double(), y.flatten().double()) for x, y in zip(xs, ys, strict=True)))
