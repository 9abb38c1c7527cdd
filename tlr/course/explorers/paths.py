"""Two dimensions: paths on the plane, α and the loss, for any rules side by side."""

import math
from typing import ClassVar

import numpy as np
import traitlets

from tlr import toys
from tlr.course.explorers.base import blank
from tlr.course.explorers.page import Finite, PageExplorer, Whole, chosen_rules, methods, number
from tlr.course.explorers.printed import printed_toy
from tlr.course.plots.toys import PathsPicture
from tlr.descent import RULES, descend

__all__ = ["Paths"]

#: Those that condition and rotation turn and stretch.
_QUADRATICS = {"quadratic": toys.quadratic, "noisy quadratic": toys.noisy_quadratic}
_OTHERS = (toys.rosenbrock, toys.beale, toys.himmelblau, toys.saddle)


class Paths(PageExplorer):
    """Descents on a function of two variables, by all rules that are shown, from one α₀ and wherever one presses.

    Args:
        toy: your own function, a two-dimensional `tlr.toys.Toy` made with `from_expression`, or a quadratic; it is
            chosen first. By default the functions of `tlr.toys`, the quadratic first.
        steps: how many steps to take (default 100).
        **settings: where the controls begin, any of the attributes below.

    Attributes:
        function: the name of the function.
        alpha0: α₀ (default 0.02).
        condition, angle: the condition number of the quadratics (default 10), and by how many degrees they are turned
            (default 30).
        c: the bound of both variants of TLR (default 1/4).
        eta: η of naive TLR (default 0.01).
        beta: β of hypergradient descent (default 0.001).
        start: w₀, two numbers; empty, the default, for the function's own.
        rules: those that are shown (default: gradient descent and both variants of TLR).
        step: up to which the paths are drawn (default: the last).

    Raises:
        ValueError: for a function that is not two-dimensional, or that the page cannot run.
        traitlets.TraitError: for a setting out of the range of its slider, or that is no number.
    """

    front = "paths.js"
    description = "Explorer of paths in two dimensions: run the notebook to start them from anywhere."
    scenes: ClassVar = {
        "a valley": {"function": "Rosenbrock", "alpha0": 1e-4, "rules": ["gd", "published", "barzilai_borwein"]},
        "four minima": {"function": "Himmelblau", "alpha0": 1e-4},
        "a ridge": {"function": "saddle", "rules": ["gd", "published", "secant", "barzilai_borwein"]},
    }

    function = traitlets.Unicode().tag(
        sync=True, setting=True, control={"label": "function", "hint": "The function to descend on"}
    )
    alpha0 = number(0.02, (1e-8, 1e3), "α₀", "The learning rate of the first step")
    condition = number(10.0, (1.0, 1e6), "condition κ", "Largest over smallest eigenvalue, which is 1")
    angle = number(30.0, (-90.0, 90.0), "rotation", "Turns the quadratic", step=5, unit="°")
    c = number(0.25, (0.01, 10.0), "c (TLR)", "TLR: α grows by the factor 1 + c at most")
    eta = number(0.01, (1e-8, 10.0), "η (naive)", "Naive TLR: the step size of α")
    beta = number(0.001, (1e-8, 1.0), "β (hypergr.)", "Hypergradient descent: the step size of α")
    start = traitlets.List(Finite(), maxlen=2).tag(sync=True, setting=True)
    rules = chosen_rules(tuple(RULES), ("gd", "published", "secant"))
    step = Whole(100, min=0).tag(sync=True, setting=True)

    def __init__(self, toy=None, *, steps=100, **settings):
        if toy is not None and toy.dimension != 2:
            raise ValueError(f"This explorer draws functions of two variables; {toy.name} has {toy.dimension}.")
        builtin = {other.name: other for other in (make() for make in _OTHERS)}
        names = [*_QUADRATICS, *builtin]
        own = {} if toy is None else {f"{toy.name} (yours)" if toy.name in names else toy.name: toy}
        self._toys, self._steps = own | builtin, steps
        order = [*own, *names]
        described = [_described(name, self._toys.get(name), steps) for name in order]
        draws = printed_toy(toys.noisy_quadratic((1.0, 1.0)), steps)["draws"]
        scene = {"methods": methods(RULES), "functions": described, "draws": draws, "steps": steps}
        chosen = {"choices": {"function": order}, "published": toy is None}
        super().__init__(scene, **chosen, **{"function": order[0], "step": steps} | settings)

    @traitlets.validate("function")
    def _one_of_them(self, proposal):
        if proposal.value not in (*_QUADRATICS, *self._toys):
            raise traitlets.TraitError(f"The function is one of {', '.join((*_QUADRATICS, *self._toys))}.")
        return proposal.value

    @traitlets.validate("step")
    def _no_later_than_the_last(self, proposal):
        return min(proposal.value, self._steps)

    @property
    def toy(self):
        """The function as it is now."""
        if self.function in self._toys:
            return self._toys[self.function]
        return _QUADRATICS[self.function]((1.0, self.condition), math.radians(self.angle))

    def computed(self):
        """The function, `toy`, and `descents` on it by every rule that is shown: rule → `Trajectory`."""
        toy = self.toy
        start, options = self.start or toy.start, {"c": self.c, "eta": self.eta, "beta": self.beta}
        options["seed"] = 0 if toy.stochastic else None
        ran = {rule: descend(rule, toy, start, self.alpha0, self._steps, **options) for rule in self.rules}
        return {"toy": toy, "descents": ran}

    def picture(self):
        """The paths on the plane; α and the loss over the steps."""
        shown, picture = self.computed(), PathsPicture(blank())
        picture.update(shown["toy"], shown["descents"], self.step)
        return picture


def _described(name, toy, steps):
    """A function for the front end; the quadratics without a `toy` are its own."""
    known = toy or _QUADRATICS[name]((1.0, 1.0))
    floor = known.minimum_value
    return {
        "name": name,
        "toy": toy and printed_toy(toy, steps),
        "noisy": known.stochastic,
        "start": known.start.tolist(),
        "view": known.view,
        "minima": known.minimum.tolist(),
        "floor": None if np.isnan(floor) else float(floor),
    }
