"""Two dimensions: paths on the plane, α and the loss, for any rules side by side."""

import math

from tlr import toys
from tlr.course.explorers.base import Explorer, blank, choice, log_slider, player, rule_boxes, slider
from tlr.course.plots.toys import PathsPicture
from tlr.descent import RULES, descend

__all__ = ["Paths"]

#: Those that the sliders for condition and rotation turn.
_QUADRATICS = {"quadratic": toys.quadratic, "noisy quadratic": toys.noisy_quadratic}
_OTHERS = (toys.rosenbrock, toys.beale, toys.himmelblau, toys.saddle)


class Paths(Explorer):
    """Descents on a function of two variables, by all checked rules from one α₀.

    Args:
        toy: your own function, a two-dimensional `tlr.toys.Toy` such as `tlr.toys.from_expression` makes; it is
            chosen first. By default the functions of `tlr.toys`, the quadratic first.
        alpha0: where the slider for α₀ begins, from 1e-8 to 1e3 (default 0.02).
        steps: how many steps to take (default 100).

    Raises:
        ValueError: for a function that is not two-dimensional.
    """

    description = "Explorer of paths in two dimensions: run the notebook to move its sliders."

    def __init__(self, toy=None, *, alpha0=0.02, steps=100):
        super().__init__()
        if toy is not None and toy.dimension != 2:
            raise ValueError(f"This explorer draws functions of two variables; {toy.name} has {toy.dimension}.")
        builtin = {other.name: other for other in (make() for make in _OTHERS)}
        names = [*_QUADRATICS, *builtin]
        own = {} if toy is None else {f"{toy.name} (yours)" if toy.name in names else toy.name: toy}
        self._toys = own | builtin
        self.function = choice("function", [*own, *names], "The function to descend on")
        self.alpha0 = log_slider("α₀", alpha0, (-8, 3), "The learning rate of the first step")
        self.condition = log_slider("condition number", 10.0, (0, 6), "Largest over smallest eigenvalue, which is 1")
        self.angle = slider("rotation (°)", 30.0, (-90.0, 90.0), 1.0, "Turns the quadratic")
        self.c = log_slider("c (TLR)", 0.25, (-2, 1), "TLR: α grows by the factor 1 + c at most")
        self.eta = log_slider("η (naive)", 0.01, (-8, 1), "Naive TLR: the step size of α")
        self.beta = log_slider("β (hypergradient)", 0.001, (-8, 0), "Hypergradient descent: the step size of α")
        self.rules = rule_boxes(RULES, ("gd", "published", "secant"))
        self._steps = steps
        self.play, self.step = player(steps)
        self._quadratic = (None, None)
        self._ran = {}
        names = ("function", "alpha0", "condition", "angle", "c", "eta", "beta")
        sliders = {name: getattr(self, name) for name in names}
        self.set_up(
            PathsPicture(blank()),
            sliders | {"rules": self.rules, "step": self.step},
            [[*sliders.values(), self.play, self.step], [*self.rules.values()]],
        )

    def draw(self, function, alpha0, condition, angle, rules, step, **options):
        """Descend by every checked rule from the function's start.

        In the state, `toy` is the function and `descents` is rule → `Trajectory`.
        """
        self.condition.disabled = self.angle.disabled = function in self._toys
        toy = self._toys.get(function) or self._make(function, condition, angle)
        ran = {rule: self._descend(rule, toy, alpha0, options) for rule in rules}
        self.picture.update(toy, ran, step)
        return {"toy": toy, "descents": ran}

    def _make(self, function, *shape):
        """The quadratic; the same object while nothing about it changes, so that its bands need not be drawn again."""
        if self._quadratic[0] != (function, *shape):
            condition, angle = shape
            made = _QUADRATICS[function]((1.0, condition), math.radians(angle))
            self._quadratic = (function, *shape), made
        return self._quadratic[1]

    def _descend(self, rule, toy, alpha0, options):
        """The descent that the controls ask for; only run if something that matters to it has moved."""
        own = {name: value for name, value in options.items() if name == RULES[rule]}
        key = toy, alpha0, own
        if self._ran.get(rule, (None,))[0] != key:
            seed = 0 if toy.stochastic else None
            self._ran[rule] = key, descend(rule, toy, toy.start, alpha0, self._steps, seed=seed, **own)
        return self._ran[rule][1]
