"""Many dimensions: each component along an eigenvector of the Hessian, and whether α shrinks it."""

import numpy as np

from tlr import toys
from tlr.course.explorers.base import Explorer, blank, log_slider, player, rule_menu, slider
from tlr.course.plots.eigenvalues import EigenPicture
from tlr.descent import descend, error_components

__all__ = ["Eigenvalues"]

_RULES = ("gd", "published", "secant", "barzilai_borwein")
_STEPS = 100


class Eigenvalues(Explorer):
    """One descent, taken apart along the eigenvectors: a component shrinks while |1 − αλ| < 1.

    Args:
        toy: your own function, a `tlr.toys.Toy` of any dimension with a known minimum; its Hessian there gives the
            components. By default a quadratic whose eigenvalues are spread evenly, by their logarithm, from 1 to the
            condition number.

    Raises:
        ValueError: for a function without a known minimum, or whose Hessian there is not positive definite.
    """

    description = "Explorer of the components of a descent: run the notebook to move its sliders."

    def __init__(self, toy=None):
        super().__init__()
        self._own, self._descended = toy, (None, None)
        self.rule = rule_menu(_RULES, "published")
        self.alpha0 = log_slider("α₀", 0.002, (-8, 3), "The learning rate of the first step")
        self.condition = log_slider("condition number", 100.0, (0, 6), "Largest over smallest eigenvalue, which is 1")
        self.count = slider("eigenvalues", 8, (2, 16), 1, "How many eigenvalues there are between the two")
        self.condition.disabled = self.count.disabled = toy is not None
        self.play, self.step = player(_STEPS)
        sliders = {name: getattr(self, name) for name in ("rule", "alpha0", "condition", "count")}
        rows = [[*sliders.values(), self.play, self.step]]
        self.set_up(EigenPicture(blank()), sliders | {"step": self.step}, rows)

    def draw(self, step, **descent):
        """Descend by the rule and take the path apart, where more than the step has moved.

        In the state, `eigenvalues` are (d,), `errors` (steps + 1, d) and `descent` the `Trajectory`.
        """
        if self._descended[0] != descent:
            self._descended = descent, self._descend(**descent)
        eigenvalues, ran, errors = self._descended[1]
        self.picture.update(eigenvalues, ran, errors, step)
        return {"eigenvalues": eigenvalues, "errors": errors, "descent": ran}

    def _descend(self, rule, alpha0, condition, count):
        toy = toys.quadratic(np.geomspace(1, condition, count)) if self._own is None else self._own
        ran = descend(rule, toy, toy.start, alpha0, _STEPS)
        eigenvalues, errors = error_components(toy, ran.w)
        return eigenvalues, ran, errors
