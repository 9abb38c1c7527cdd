"""One step, frozen: what Eq. 8, Eq. 8′ and the exact second derivative make of it."""

import math

import numpy as np
from matplotlib.figure import Figure

from tlr import toys
from tlr.course.explorers.base import Explorer, log_slider, slider
from tlr.course.plots.step import StepPicture
from tlr.course.plots.toys import PICTURE_SIZE

__all__ = ["Newton", "best_step", "frozen_step"]


class Newton(Explorer):
    """The loss along one step, the parabolas through it, and where each rule for α jumps from there.

    Args:
        toy: your own function, any `tlr.toys.Toy`; the step begins at its start. By default a quadratic, with sliders
            for its condition number and for the direction in which the step begins.
    """

    description = "Explorer of one step, as a function of α: run the notebook to move its sliders."

    def __init__(self, toy=None):
        super().__init__()
        self._own = toy
        self.share = slider("αₜ / best", 0.5, (0.05, 2.5), 0.05, "The step taken, in units of the best one")
        self.condition = log_slider("condition number", 10.0, (0, 6), "Largest over smallest eigenvalue, which is 1")
        self.direction = slider("direction (°)", 40.0, (-90.0, 90.0), 1.0, "Where the step begins, on the unit circle")
        self.c = log_slider("c (TLR)", 0.25, (-2, 1), "TLR: α grows by the factor 1 + c at most")
        self.condition.disabled = self.direction.disabled = toy is not None
        self._picture = StepPicture(Figure(figsize=PICTURE_SIZE))
        sliders = [self.share, self.condition, self.direction, self.c]
        self.set_up(self._picture, sliders, [sliders])

    def draw(self):
        """Take the step and look along it."""
        toy, w = self._own, None
        if toy is None:
            angle = math.radians(self.direction.value)
            toy, w = toys.quadratic((1.0, self.condition.value)), np.array([math.cos(angle), math.sin(angle)])
        w = toy.start if w is None else w
        best = best_step(toy, w)
        step = frozen_step(toy, w, self.share.value * best) | {"best": best}
        self._picture.update(lambda alpha: _along(toy, w, alpha), step, self.c.value)


def best_step(toy, w):
    """The α between 1e-9 and 1e3 that makes L(w − αg) least: by a grid of decades, then by a finer one."""
    coarse = np.geomspace(1e-9, 1e3, 1200)
    least = np.clip(np.argmin(_along(toy, w, coarse)), 1, len(coarse) - 2)
    fine = np.linspace(coarse[least - 1], coarse[least + 1], 2000)
    return float(fine[np.argmin(_along(toy, w, fine))])


def frozen_step(toy, w, alpha):
    """What a rule sees after the step from w by α, and the exact second derivative that it does not see."""
    before = toy.gradient(w)
    there = w - alpha * before
    now = toy.gradient(there)
    exact = before @ toy.hessian(there) @ before
    return {"alpha": alpha, "gg": now @ now, "gp": now @ before, "pp": before @ before, "exact": exact}


def _along(toy, w, alpha):
    """L(w − αg), for α of any shape."""
    return toy.value(w - np.asarray(alpha)[..., None] * toy.gradient(w))
