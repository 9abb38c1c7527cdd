"""Two dimensions: paths on the plane, α and the loss, for any rules side by side."""

import math

from matplotlib.figure import Figure

from tlr import toys
from tlr.course.explorers.base import Explorer, choice, log_slider, player, rule_boxes, slider
from tlr.course.plots.toys import PICTURE_SIZE, PathsPicture
from tlr.descent import RULES, descend

__all__ = ["Paths"]

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
        others = [make() for make in _OTHERS] + ([toy] if toy is not None else [])
        self._toys = {other.name: other for other in others}
        names = sorted([*_QUADRATICS, *self._toys], key=lambda name: toy is None or name != toy.name)
        self.function = choice("function", names, "The function to descend on")
        self.alpha0 = log_slider("α₀", alpha0, (-8, 3), "The learning rate of the first step")
        self.condition = log_slider("condition number", 10.0, (0, 6), "Largest over smallest eigenvalue, which is 1")
        self.angle = slider("rotation (°)", 30.0, (-90.0, 90.0), 1.0, "Turns the quadratic")
        self.c = log_slider("c (TLR)", 0.25, (-2, 1), "TLR: α grows by the factor 1 + c at most")
        self.eta = log_slider("η (naive)", 0.01, (-8, 1), "Naive TLR: the step size of α")
        self.beta = log_slider("β (hypergradient)", 0.001, (-8, 0), "Hypergradient descent: the step size of α")
        self.rules = rule_boxes(RULES, ("gd", "published", "secant"))
        self.play, self.step = player(steps)
        self._quadratic = (None, None)
        self._ran = {}
        self._picture = PathsPicture(Figure(figsize=PICTURE_SIZE), tuple(RULES))
        sliders = [self.function, self.alpha0, self.condition, self.angle, self.c, self.eta, self.beta]
        boxes = [*self.rules.values()]
        self.set_up(
            self._picture,
            [*sliders, *boxes, self.step],
            [[*sliders, self.play, self.step], boxes],
        )

    @property
    def toy(self):
        """The function that is descended on."""
        name = self.function.value
        if name not in _QUADRATICS:
            return self._toys[name]
        key = name, self.condition.value, self.angle.value
        # The same object while nothing about it changes, so that the picture need not draw its bands again.
        if self._quadratic[0] != key:
            self._quadratic = key, _QUADRATICS[name]((1.0, key[1]), math.radians(key[2]))
        return self._quadratic[1]

    def draw(self):
        """Descend from the function's start by every checked rule."""
        toy = self.toy
        self.condition.disabled = self.angle.disabled = self.function.value not in _QUADRATICS
        ran = {rule: self._descend(rule, toy) for rule, box in self.rules.items() if box.value}
        self._picture.update(toy, ran, self.step.value)

    def _descend(self, rule, toy):
        """The descent that the controls ask for; only run if something that matters to it has moved."""
        option = RULES[rule]
        options = {option: getattr(self, option).value} if option else {}
        key = toy, self.alpha0.value, options
        if self._ran.get(rule, (None,))[0] != key:
            seed = 0 if toy.stochastic else None
            self._ran[rule] = key, descend(rule, toy, toy.start, key[1], self.step.max, seed=seed, **options)
        return self._ran[rule][1]
