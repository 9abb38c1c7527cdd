"""One step, frozen: what Eq. 8, Eq. 8′ and the exact second derivative make of it."""

import math
from typing import ClassVar

import numpy as np

from tlr import toys
from tlr.course.explorers.base import blank
from tlr.course.explorers.page import PageExplorer, methods, number
from tlr.course.explorers.printed import printed_toy
from tlr.course.plots.step import StepPicture, jumps
from tlr.course.steps import along_gradient, exact_line_search, step_products

__all__ = ["Newton"]

_RULES = ("published", "secant", "barzilai_borwein")
#: The lines that are no method's, as the front end draws them.
_LINES = (
    {"label": "loss", "color": "#8c8c8c", "dash": [], "width": 5},
    {"label": "tangent (Eq. 7)", "color": "#8c8c8c", "dash": [], "width": 1.5},
    {"label": "exact parabola", "color": "#000000", "dash": [1, 1]},
)


class Newton(PageExplorer):
    """The loss along one step, the parabolas through it, and where each rule for α jumps from there.

    Args:
        toy: your own function, a `tlr.toys.Toy` made with `from_expression` or a quadratic; the step begins at its
            start. By default a quadratic, with sliders for its condition number and for the direction in which the
            step begins.
        rules: those that are drawn (default: all). Without "secant" the exact parabola is left out, too.
        **settings: where the controls begin, any of the attributes below.

    Attributes:
        share: the step taken, in units of the best one (default 1/2).
        condition: the condition number of the quadratic (default 10).
        direction: where on the unit circle the step begins, in degrees (default 40).
        c: the bound of both variants of TLR (default 1/4).

    Raises:
        ValueError: for a function that the page cannot run.
        traitlets.TraitError: for a setting out of the range of its slider, or that is no number.
    """

    front = "newton.js"
    description = "Explorer of one step, as a function of α: run the notebook to move it."
    scenes: ClassVar = {
        "too short": {"share": 0.3},
        "too long": {"share": 1.5},
        "along the valley": {"direction": 5.0, "share": 0.8},
    }

    share = number(0.5, (0.05, 2.5), "αₜ / best", "The step taken, in units of the best one", step=0.05)
    condition = number(10.0, (1.0, 1e6), "condition κ", "Largest over smallest eigenvalue, which is 1")
    direction = number(40.0, (-90.0, 90.0), "direction", "Where the step begins, on the unit circle", step=5, unit="°")
    c = number(0.25, (0.01, 10.0), "c (TLR)", "TLR: α grows by the factor 1 + c at most")

    def __init__(self, toy=None, rules=_RULES, **settings):
        self._own, self._drawn = toy, tuple(rules)
        drawn = methods(self._drawn)
        for method in drawn:
            method["parabola"] = method["rule"] != "barzilai_borwein"
        scene = {"methods": drawn, "lines": _LINES if "secant" in self._drawn else _LINES[:2], "toy": None}
        if toy is not None:
            scene["toy"] = printed_toy(toy) | {"start": toy.start.tolist()}
        without = ("condition", "direction") if toy is not None else ()
        super().__init__(scene, without=without, published=toy is None, **settings)

    def computed(self):
        """The step and what is seen along it: `step` and `best` α, and `jumps`, rule → α_{t+1}."""
        toy, w, best = self._step()
        step = step_products(toy, w, self.share * best)
        return {"step": step, "best": best, "jumps": jumps(step, self.c)}

    def picture(self):
        """The loss along the step, the parabolas, and the jumps below."""
        toy, w, best = self._step()
        shown, alphas = self.computed(), best * np.linspace(0, 2.8, 281)
        picture = StepPicture(blank(), self._drawn)
        picture.update(alphas, along_gradient(toy, w, alphas), shown["step"], shown["jumps"])
        return picture

    def _step(self):
        if self._own is not None:
            toy, w = self._own, self._own.start
        else:
            angle = math.radians(self.direction)
            toy, w = toys.quadratic((1.0, self.condition)), np.array([math.cos(angle), math.sin(angle)])
        return toy, w, exact_line_search(toy, w)
