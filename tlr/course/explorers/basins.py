"""The final loss for every α₀ and condition number, for one rule, and the run from one of the pairs."""

from typing import ClassVar

import matplotlib as mpl
import numpy as np
from matplotlib.colors import to_hex

from tlr import toys
from tlr.course.explorers.base import blank
from tlr.course.explorers.page import PageExplorer, chosen_rule, methods, number, time
from tlr.course.plots.basin_map import BasinPicture
from tlr.descent import RULES, descend

__all__ = ["Basins"]

_ALPHA0 = np.geomspace(1e-6, 10, 72)
_CONDITIONS = np.geomspace(1, 1e4, 48)
_STEPS = 400


class Basins(PageExplorer):
    """Where one rule converges, by α₀ and condition number, after any number of steps, and one of the runs.

    Args:
        powers: the eigenvalues of the quadratics, as powers of the condition number (default: 0 and 1, which is 1 and
            the condition number itself); the first is 0 and the last 1.
        **settings: where the controls begin, any of the attributes below.

    Attributes:
        rule: how α changes (default "published").
        alpha0, condition: where the run begins that is opened: α₀ (default 0.003), condition number (default 100).
        c: the bound of both variants of TLR (default 1/4).
        eta: η of naive TLR (default 0.01).
        beta: β of hypergradient descent (default 0.001).
        steps: after how many steps the loss is shown (default 200, at most 400).

    Raises:
        ValueError: unless the powers rise from 0 to 1.
        traitlets.TraitError: for a setting out of the range of its slider, or that is no number.
    """

    front = "basins.js"
    description = "Explorer of the final loss over α₀ and condition number: run the notebook to open its runs."
    scenes: ClassVar = {
        "a fixed α": {"rule": "gd"},
        "the secant": {"rule": "secant"},
        "hypergradient": {"rule": "hypergradient"},
    }

    rule = chosen_rule(RULES, "published")
    alpha0 = number(0.003, (1e-6, 10.0), "α₀", "The first learning rate of the run that is opened")
    condition = number(100.0, (1.0, 1e4), "condition κ", "Its condition number, largest over smallest eigenvalue")
    c = number(0.25, (0.01, 10.0), "c (TLR)", "TLR: α grows by the factor 1 + c at most")
    eta = number(0.01, (1e-8, 10.0), "η (naive)", "Naive TLR: the step size of α")
    beta = number(0.001, (1e-8, 1.0), "β (hypergr.)", "Hypergradient descent: the step size of α")
    steps = time(_STEPS)

    def __init__(self, powers=(0.0, 1.0), **settings):
        self._powers = np.array(powers, dtype=float)
        if self._powers.ndim != 1 or [*powers[:1], *powers[-1:]] != [0, 1] or np.any(np.diff(powers) < 0):
            raise ValueError("The powers rise from 0 to 1, as in np.linspace(0, 1, 5).")
        colors = mpl.colormaps["viridis"](np.linspace(0, 1, 64))
        scene = {
            "methods": methods(RULES),
            "powers": self._powers.tolist(),
            "shades": [to_hex(color) for color in colors],
            "steps": _STEPS,
        }
        super().__init__(scene, published=tuple(powers) == (0, 1), **{"steps": 200} | settings)

    def computed(self):
        """`ratio`, the final loss over the first on the grid of `picture`, (48, 72), and `descent`, the opened run."""
        toy = toys.quadratic(_CONDITIONS[:, None, None] ** self._powers)
        options = {"c": self.c, "eta": self.eta, "beta": self.beta}
        loss = descend(self.rule, toy, toy.start, _ALPHA0, self.steps, **options).loss
        opened = toys.quadratic(self.condition**self._powers)
        ran = descend(self.rule, opened, opened.start, self.alpha0, self.steps, **options)
        return {"ratio": loss[-1] / loss[0], "descent": ran}

    def picture(self):
        """The map with the place of the opened run; its α and loss over the steps."""
        shown, picture = self.computed(), BasinPicture(blank(), _ALPHA0, _CONDITIONS)
        picture.update(shown["ratio"], shown["descent"], (self.alpha0, self.condition))
        return picture
