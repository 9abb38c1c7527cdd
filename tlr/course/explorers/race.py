"""The signature explorer: a race of rules from wherever the reader presses."""

import math
from dataclasses import replace
from typing import ClassVar

import numpy as np
import traitlets

from tlr import toys
from tlr.course.explorers.base import blank
from tlr.course.explorers.page import Finite, PageExplorer, chosen_rules, methods, number, time
from tlr.course.plots.toys import PathsPicture
from tlr.descent import descend

__all__ = ["Race"]

_RACERS = ("gd", "published", "secant", "hypergradient", "barzilai_borwein")
_STEPS = 100
#: Half the width and the height of the plane that is drawn.
_REACH = (2.25, 1.5)
_SEED = 0


class Race(PageExplorer):
    """Rules for α side by side on a quadratic, from wherever the reader presses; computed and drawn in the browser.

    Args:
        **settings: where the controls begin, any of the attributes below.

    Attributes:
        alpha0: α₀ (default 0.02).
        condition: the condition number κ; the eigenvalues are 1 and κ (default 10).
        rotation: by how many degrees the quadratic is turned (default 25).
        c: the bound of both variants of TLR (default 1/4).
        beta: β of hypergradient descent (default 1e-4).
        noise: the standard deviation of a mini-batch's minimum, around that of the mean (default 0).
        start: w₀, two numbers (default (-1.8, 1)).
        rules: those that are shown (default: all five).
        step: up to which the paths are drawn (default: the last, 100).

    Raises:
        traitlets.TraitError: for a setting out of the range of its slider, or that is no number.
    """

    front = "race.js"
    description = "Explorer of a race of learning rates: run the notebook to start it from anywhere."
    scenes: ClassVar = {
        "too small": {"alpha0": 1e-4},
        "the edge": {"alpha0": 0.201},
        "noise": {"noise": 0.3, "alpha0": 0.1},
    }

    alpha0 = number(0.02, (1e-8, 1e3), "α₀", "The learning rate of the first step")
    condition = number(10.0, (1.0, 1e6), "condition κ", "Largest over smallest eigenvalue, which is 1")
    noise = number(0.0, (0.0, 1.0), "noise", "How far each mini-batch's minimum lies from that of the mean", step=0.05)
    rotation = number(25.0, (-90.0, 90.0), "rotation", "Turns the quadratic", step=5, unit="°")
    c = number(0.25, (0.01, 10.0), "c (TLR)", "TLR: α grows by the factor 1 + c at most")
    beta = number(1e-4, (1e-8, 1.0), "β (hypergr.)", "Hypergradient descent: the step size of α")
    start = traitlets.Tuple(Finite(), Finite(), default_value=(-1.8, 1.0)).tag(sync=True, setting=True)
    rules = chosen_rules(_RACERS, _RACERS)
    step = time(_STEPS)

    def __init__(self, **settings):
        draws = [list(np.random.default_rng((_SEED, t)).standard_normal(2)) for t in range(_STEPS)]
        super().__init__({"methods": methods(_RACERS), "draws": draws, "reach": _REACH, "steps": _STEPS}, **settings)

    @property
    def toy(self):
        """The quadratic of the race; stochastic where there is noise, each batch a minimum drawn around the mean's."""
        mean = replace(
            toys.quadratic((1.0, self.condition), math.radians(self.rotation)),
            start=np.array(self.start),
            view=((-_REACH[0], _REACH[0]),) * 2,
        )
        if not self.noise:
            return mean

        def gradient(w, rng=None):
            return mean.gradient(w if rng is None else w - self.noise * rng.standard_normal(2))

        return replace(mean, name="noisy quadratic", gradient=gradient, stochastic=True)

    def descents(self):
        """What the race shows, computed here: rule → `tlr.descent.Trajectory`."""
        toy = self.toy
        options = {"seed": _SEED if toy.stochastic else None, "c": self.c, "beta": self.beta}
        return {name: descend(name, toy, self.start, self.alpha0, _STEPS, **options) for name in self.rules}

    def picture(self):
        """The race up to the step that is shown."""
        picture = PathsPicture(blank(), _RACERS)
        picture.update(self.toy, self.descents(), self.step)
        return picture

    def state(self):
        """What the front end shows, as data: its settings, and the `scene`."""
        return self.front_state()
