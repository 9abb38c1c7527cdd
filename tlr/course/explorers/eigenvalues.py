"""Many dimensions: each component along an eigenvector of the Hessian, and whether α shrinks it."""

import numpy as np
from matplotlib.figure import Figure

from tlr import toys
from tlr.course.explorers.base import Explorer, choice, log_slider, player, slider
from tlr.course.plots.eigenvalues import EigenPicture
from tlr.course.plots.toys import PICTURE_SIZE, RULE_STYLES
from tlr.descent import descend

__all__ = ["Eigenvalues", "eigen_errors"]

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
        names = [(RULE_STYLES[rule].label, rule) for rule in _RULES]
        self.rule = choice("rule", names, "How α changes")
        self.rule.value = "published"
        self.alpha0 = log_slider("α₀", 0.002, (-8, 3), "The learning rate of the first step")
        self.condition = log_slider("condition number", 100.0, (0, 6), "Largest over smallest eigenvalue, which is 1")
        self.count = slider("eigenvalues", 8, (2, 16), 1, "How many eigenvalues there are between the two")
        self.condition.disabled = self.count.disabled = toy is not None
        self.play, self.step = player(_STEPS)
        self._picture = EigenPicture(Figure(figsize=PICTURE_SIZE))
        sliders = [self.rule, self.alpha0, self.condition, self.count]
        self.set_up(self._picture, [*sliders, self.step], [[*sliders, self.play, self.step]])

    def draw(self):
        """Descend by the rule and take the path apart, where more than the step has moved."""
        asked = tuple(control.value for control in (self.rule, self.alpha0, self.condition, self.count))
        if self._descended[0] != asked:
            self._descended = asked, self._descend(*asked)
        eigenvalues, ran, errors = self._descended[1]
        self._picture.update(eigenvalues, ran, errors, self.step.value)

    def _descend(self, rule, alpha0, condition, count):
        toy = toys.quadratic(np.geomspace(1, condition, count)) if self._own is None else self._own
        ran = descend(rule, toy, toy.start, alpha0, _STEPS)
        eigenvalues, errors = eigen_errors(toy, ran.w)
        return eigenvalues, ran, errors


def eigen_errors(toy, w):
    """The way to the first minimum along each eigenvector of the Hessian there, over what it was at first.

    Args:
        toy: a `tlr.toys.Toy` with a known minimum.
        w: a path, (steps + 1, d).

    Returns:
        (eigenvalues, errors): ascending, (d,), and (steps + 1, d); a component that begins at zero is nan.
    """
    if len(toy.minimum) == 0:
        raise ValueError(f"The minimum of {toy.name} is not known: give it as `minimum` to `from_expression`.")
    eigenvalues, vectors = np.linalg.eigh(toy.hessian(toy.minimum[0]))
    if eigenvalues[0] <= 0:
        raise ValueError(f"The Hessian of {toy.name} at its minimum is not positive definite: it has no such view.")
    with np.errstate(all="ignore"):
        along = (w - toy.minimum[0]) @ vectors
        return eigenvalues, along / along[0]
