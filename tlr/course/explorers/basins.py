"""The final loss for every α₀ and condition number, for one rule; point to read it, press to open a run."""

import numpy as np
from matplotlib.figure import Figure

from tlr import toys
from tlr.course.explorers.base import Explorer, choice, log_slider, slider
from tlr.course.explorers.pointed import PointedImage
from tlr.course.plots.basins import BasinPicture, describe
from tlr.course.plots.toys import PICTURE_SIZE, RULE_STYLES
from tlr.descent import RULES, descend

__all__ = ["Basins"]

_ALPHA0 = np.geomspace(1e-6, 10, 72)
_CONDITIONS = np.geomspace(1, 1e4, 48)


class Basins(Explorer):
    """Where one rule converges, by α₀ and condition number; sliders for its option, the steps, and the opened run.

    Args:
        family: your own functions: condition numbers, of any shape (...), → a `tlr.toys.Toy` that is one function
            for each, as `tlr.toys.quadratic` is for eigenvalues of shape (..., d). By default quadratics with the
            eigenvalues 1 and the condition number.
    """

    description = "Explorer of the final loss over α₀ and condition number: run the notebook to move its sliders."

    def __init__(self, family=None):
        super().__init__()
        self._family, self._map, self._pointed = family or _two_eigenvalues, (None, None), None
        names = [(RULE_STYLES[rule].label, rule) for rule in RULES]
        self.rule = choice("rule", names, "How α changes")
        self.rule.value = "published"
        self.steps = slider("steps", 200, (1, 400), 1, "The number of steps of every descent")
        self.c = log_slider("c (TLR)", 0.25, (-2, 1), "TLR: α grows by the factor 1 + c at most")
        self.eta = log_slider("η (naive)", 0.01, (-8, 1), "Naive TLR: the step size of α")
        self.beta = log_slider("β (hypergradient)", 0.001, (-8, 0), "Hypergradient descent: the step size of α")
        self.alpha0 = log_slider("opened: α₀", 0.003, (-6, 1), "α₀ of the run that is drawn; or press on the map")
        self.condition = log_slider("opened: condition", 100.0, (0, 4), "Its condition number; or press on the map")
        self._picture = BasinPicture(Figure(figsize=PICTURE_SIZE), _ALPHA0, _CONDITIONS)
        controls = [self.rule, self.steps, self.c, self.eta, self.beta, self.alpha0, self.condition]
        self.set_up(self._picture, controls, [controls])
        self.image.observe(self._on_hover, "hovered")
        self.image.observe(self._on_press, "pressed")

    def make_image(self, width, height):
        """An image that the pointer reaches."""
        return PointedImage(width=width, height=height, text=self.description)

    def draw(self):
        """Descend from every α₀ on every function, where the rule or an option has moved; and from the opened one."""
        rule, steps = self.rule.value, self.steps.value
        for name, control in (("c", self.c), ("eta", self.eta), ("beta", self.beta)):
            control.disabled = RULES[rule] != name
        options = {"c": self.c.value, "eta": self.eta.value, "beta": self.beta.value}
        if self._map[0] != (rule, steps, options):
            toy = self._family(_CONDITIONS[:, None])
            loss = descend(rule, toy, toy.start, _ALPHA0, steps, **options).loss
            self._map = (rule, steps, options), loss[-1] / loss[0]
        toy = self._family(np.array(self.condition.value))
        ran = descend(rule, toy, toy.start, self.alpha0.value, steps, **options)
        self._picture.update(self._map[1], ran, (self.alpha0.value, self.condition.value), self._reading())

    def _on_hover(self, change):
        self._pointed = self._picture.at(*change.new) if change.new else None
        self.refresh()

    def _on_press(self, change):
        if place := self._picture.at(*change.new):
            with self.at_once():
                self.alpha0.value, self.condition.value = place

    def _reading(self):
        """What the map says where the pointer is."""
        if self._pointed is None:
            return "Point at the map to read it, press to open the run from there."
        alpha0, condition = self._pointed
        row, column = (np.abs(np.log(grid / at)).argmin() for grid, at in ((_CONDITIONS, condition), (_ALPHA0, alpha0)))
        return f"pointer: {describe(alpha0, condition, self._map[1][row, column])}"


def _two_eigenvalues(conditions):
    return toys.quadratic(np.stack([np.ones_like(conditions), conditions], axis=-1))
