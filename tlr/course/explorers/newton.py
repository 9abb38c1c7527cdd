"""One step, frozen: what Eq. 8, Eq. 8′ and the exact second derivative make of it."""

import math

import numpy as np

from tlr import toys
from tlr.course.explorers.base import Explorer, blank, log_slider, slider
from tlr.course.plots.step import StepPicture, jumps
from tlr.descent import along_gradient, exact_line_search, step_products

__all__ = ["Newton"]


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
        controls = {"share": self.share, "condition": self.condition, "direction": self.direction, "c": self.c}
        self.set_up(StepPicture(blank()), controls)

    def draw(self, share, condition, direction, c):
        """Take the step and look along it: `step` and `best` α, and `jumps`, rule → α_{t+1}, in the state."""
        toy, w = self._own, None if self._own is None else self._own.start
        if toy is None:
            angle = math.radians(direction)
            toy, w = toys.quadratic((1.0, condition)), np.array([math.cos(angle), math.sin(angle)])
        best = exact_line_search(toy, w)
        step = step_products(toy, w, share * best)
        alphas = best * np.linspace(0, 2.8, 281)
        to = jumps(step, c)
        self.picture.update(alphas, along_gradient(toy, w, alphas), step, to)
        return {"step": step, "best": best, "jumps": to}
