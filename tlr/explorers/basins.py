"""The final loss for every α₀ and condition number, for one rule."""

import numpy as np
from matplotlib.figure import Figure

from tlr import toys
from tlr.descent import RULES, descend
from tlr.explorers.base import Explorer, choice, log_slider, slider
from tlr.plots.toys import RULE_STYLES, BasinPicture

__all__ = ["Basins"]

_ALPHA0 = np.geomspace(1e-6, 10, 72)
_CONDITIONS = np.geomspace(1, 1e4, 48)


class Basins(Explorer):
    """Where one rule converges on two-dimensional quadratics; sliders for its option and for the number of steps."""

    description = "Explorer of the final loss over α₀ and condition number: run the notebook to move its sliders."

    def __init__(self):
        super().__init__()
        names = [(RULE_STYLES[rule].label, rule) for rule in RULES]
        self.rule = choice("rule", names, "How α changes")
        self.rule.value = "published"
        self.steps = slider("steps", 200, (1, 400), 1, "The number of steps of every descent")
        self.c = log_slider("c (TLR)", 0.25, (-2, 1), "TLR: α grows by the factor 1 + c at most")
        self.eta = log_slider("η (naive)", 0.01, (-8, 1), "Naive TLR: the step size of α")
        self.beta = log_slider("β (hypergradient)", 0.001, (-8, 0), "Hypergradient descent: the step size of α")
        self._toy = toys.quadratic(np.stack([np.ones_like(_CONDITIONS), _CONDITIONS], axis=-1)[:, None])
        self._picture = BasinPicture(Figure(figsize=(7.4, 4.6)), _ALPHA0, _CONDITIONS)
        controls = [self.rule, self.steps, self.c, self.eta, self.beta]
        self.set_up(self._picture, controls, [controls])

    def draw(self):
        """Descend from (1, 1) on every quadratic, from every α₀."""
        rule = self.rule.value
        for name, control in (("c", self.c), ("eta", self.eta), ("beta", self.beta)):
            control.disabled = RULES[rule] != name
        options = {"c": self.c.value, "eta": self.eta.value, "beta": self.beta.value}
        loss = descend(rule, self._toy, [1.0, 1.0], _ALPHA0, self.steps.value, **options).loss
        self._picture.update(rule, loss[-1] / loss[0])
