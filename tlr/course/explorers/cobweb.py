"""One dimension: how x = αλ moves from step to step."""

from typing import ClassVar

from tlr import toys
from tlr.course.explorers.base import blank
from tlr.course.explorers.page import PageExplorer, chosen_rules, methods, number, time
from tlr.course.plots.toys import CobwebPicture
from tlr.descent import descend

__all__ = ["Cobweb"]

_RULES = ("published", "secant", "barzilai_borwein")
_STEPS = 40


class Cobweb(PageExplorer):
    """The map x_t → x_{t+1} with the cobweb of each rule; x₀ = α₀λ and c to move, and a step to play.

    Args:
        **settings: where the controls begin, any of the attributes below.

    Attributes:
        x0: x₀ = α₀λ (default 0.05).
        c: the bound of both variants of TLR (default 1/4).
        rules: those that are shown (default: both variants of TLR).
        step: up to which the cobwebs are drawn (default: the last, 40).

    Raises:
        traitlets.TraitError: for a setting out of the range of its slider, or that is no number.
    """

    front = "cobweb.js"
    description = "Explorer of the map of αλ in one dimension: run the notebook to move it."
    scenes: ClassVar = {
        "from far above": {"x0": 10.0},
        "a long leap": {"c": 4.0},
        "Newton's method": {"rules": ["published", "barzilai_borwein"]},
    }

    x0 = number(0.05, (1e-3, 10.0), "x₀ = α₀λ", "How long the first step is; 1 lands on the minimum")
    c = number(0.25, (0.01, 10.0), "bound c", "α grows by the factor 1 + c at most")
    rules = chosen_rules(_RULES, ("published", "secant"))
    step = time(_STEPS)

    def __init__(self, **settings):
        super().__init__({"methods": methods(_RULES), "steps": _STEPS}, **settings)

    def computed(self):
        """`descents` on ½w² from x₀ by every rule that is shown: rule → `Trajectory`."""
        line = toys.quadratic([1.0])
        return {"descents": {rule: descend(rule, line, [1.0], self.x0, _STEPS, c=self.c) for rule in self.rules}}

    def picture(self):
        """The map with the cobwebs; x and the loss over the steps."""
        picture = CobwebPicture(blank(), _RULES)
        picture.update(self.computed()["descents"], self.step, self.c)
        return picture
