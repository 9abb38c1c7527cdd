"""Many dimensions: each component along an eigenvector of the Hessian, and whether α shrinks it."""

from typing import ClassVar

import numpy as np

from tlr import toys
from tlr.course.explorers.base import blank
from tlr.course.explorers.page import PageExplorer, chosen_rule, dash_lengths, methods, number, time
from tlr.course.explorers.printed import printed_toy
from tlr.course.plots.eigenvalues import EigenPicture
from tlr.course.plots.style import DASHES, shades
from tlr.course.steps import error_components
from tlr.descent import descend

__all__ = ["Eigenvalues"]

_RULES = ("gd", "published", "secant", "barzilai_borwein")
_STEPS = 100


class Eigenvalues(PageExplorer):
    """One descent, taken apart along the eigenvectors: a component shrinks while |1 − αλ| < 1.

    Args:
        toy: your own function, a `tlr.toys.Toy` of any dimension with a known minimum, made with `from_expression` or
            a quadratic; its Hessian there gives the components. By default a quadratic whose eigenvalues are spread
            evenly, by their logarithm, from 1 to the condition number.
        **settings: where the controls begin, any of the attributes below.

    Attributes:
        rule: "gd", "published" (default), "secant" or "barzilai_borwein".
        alpha0: α₀ (default 0.002).
        condition: the condition number (default 100).
        count: how many eigenvalues there are (default 8).
        step: the step that is shown (default: the last, 100).

    Raises:
        ValueError: for a function without a known minimum, or whose Hessian there is not positive definite.
        traitlets.TraitError: for a setting out of the range of its slider, or that is no number.
    """

    front = "eigenvalues.js"
    description = "Explorer of the components of a descent: run the notebook to move it."
    scenes: ClassVar = {
        "bursts": {"rule": "published", "condition": 1000.0},
        "one after the other": {"rule": "barzilai_borwein", "condition": 1000.0},
        "the edge": {"rule": "gd", "alpha0": 0.0199},
    }

    rule = chosen_rule(_RULES, "published")
    alpha0 = number(0.002, (1e-8, 1e3), "α₀", "The learning rate of the first step")
    condition = number(100.0, (1.0, 1e6), "condition κ", "Largest over smallest eigenvalue, which is 1")
    count = number(8, (2, 16), "eigenvalues", "How many eigenvalues there are between the two", step=1)
    step = time(_STEPS)

    def __init__(self, toy=None, **settings):
        self._own = toy
        scene = {
            "methods": methods(_RULES),
            "dashes": [dash_lengths(dash) for dash in DASHES],
            "shades": shades(61),
            "steps": _STEPS,
            "toy": None,
        }
        if toy is not None:
            eigenvalues, _ = error_components(toy, toy.start[None])
            _, vectors = np.linalg.eigh(toy.hessian(toy.minimum[0]))
            known = {"start": toy.start, "minimum": toy.minimum[0], "eigenvalues": eigenvalues, "vectors": vectors.T}
            scene["toy"] = printed_toy(toy) | {name: value.tolist() for name, value in known.items()}
        without = ("condition", "count") if toy is not None else ()
        super().__init__(scene, without, published=toy is None, **settings)

    def computed(self):
        """`eigenvalues` (d,), `errors` (steps + 1, d), and `descent`, the `Trajectory`."""
        toy = self._own or toys.quadratic(np.geomspace(1, self.condition, self.count))
        ran = descend(self.rule, toy, toy.start, self.alpha0, _STEPS)
        eigenvalues, errors = error_components(toy, ran.w)
        return {"eigenvalues": eigenvalues, "errors": errors, "descent": ran}

    def picture(self):
        """Factor and error of each component; errors and α over the steps."""
        shown, picture = self.computed(), EigenPicture(blank())
        picture.update(shown["eigenvalues"], shown["descent"], shown["errors"], self.step)
        return picture
