"""The final loss for every α₀ and condition number, for one rule; point to read it, press to open a run."""

from importlib.util import find_spec
from numbers import Real

import numpy as np

from tlr import toys
from tlr.course.explorers.base import Explorer, blank, log_slider, rule_menu, slider
from tlr.course.plots.basin_map import BasinPicture
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
        self.rule = rule_menu(RULES, "published")
        self.steps = slider("steps", 200, (1, 400), 1, "The number of steps of every descent")
        self.c = log_slider("c (TLR)", 0.25, (-2, 1), "TLR: α grows by the factor 1 + c at most")
        self.eta = log_slider("η (naive)", 0.01, (-8, 1), "Naive TLR: the step size of α")
        self.beta = log_slider("β (hypergradient)", 0.001, (-8, 0), "Hypergradient descent: the step size of α")
        self.alpha0 = log_slider("opened: α₀", 0.003, (-6, 1), "α₀ of the run that is drawn; or press on the map")
        self.condition = log_slider("opened: condition", 100.0, (0, 4), "Its condition number; or press on the map")
        names = ("rule", "steps", "c", "eta", "beta", "alpha0", "condition")
        picture = BasinPicture(blank(), _ALPHA0, _CONDITIONS)
        self.set_up(picture, {name: getattr(self, name) for name in names})
        self.image.observe(self._on_hover, "hovered")
        self.image.observe(self._on_press, "pressed")

    def make_image(self, width, height):
        """An image that the pointer reaches; without anywidget, one that it does not."""
        if not find_spec("anywidget"):
            return super().make_image(width, height)
        from tlr.course.explorers.pointed import PointedImage

        return PointedImage(width=width, height=height, text=self.description)

    def draw(self, rule, steps, alpha0, condition, **options):
        """Descend from every α₀ on every function, where the rule or an option has moved; and from the opened one.

        In the state, `ratio` is the map, (conditions, α₀), `descent` the opened `Trajectory`, and `pointed` what is
        pointed at: (α₀, condition number, final loss / first loss), or None.
        """
        for name in options:
            getattr(self, name).disabled = RULES[rule] != name
        if self._map[0] != (rule, steps, options):
            toy = self._family(_CONDITIONS[:, None])
            loss = descend(rule, toy, toy.start, _ALPHA0, steps, **options).loss
            self._map = (rule, steps, options), loss[-1] / loss[0]
        toy = self._family(np.array(condition))
        ran = descend(rule, toy, toy.start, alpha0, steps, **options)
        pointed = self._pointed and (*self._pointed, self._read(*self._pointed))
        self.picture.update(self._map[1], ran, (alpha0, condition), pointed)
        return {"ratio": self._map[1], "descent": ran, "pointed": pointed}

    def _on_hover(self, change):
        self._pointed = self._place(change.new)
        self.refresh()

    def _on_press(self, change):
        if place := self._place(change.new):
            self.move(alpha0=place[0], condition=place[1])

    def _place(self, said):
        """(α₀, condition number) where the front end says the pointer is; None off the map, and for anything else."""
        if len(said) != 2 or not all(isinstance(share, Real) and 0 <= share <= 1 for share in said):
            return None
        return self.picture.at(*said)

    def _read(self, alpha0, condition):
        """The map at a place."""
        row, column = (np.abs(np.log(grid / at)).argmin() for grid, at in ((_CONDITIONS, condition), (_ALPHA0, alpha0)))
        return float(self._map[1][row, column])


def _two_eigenvalues(conditions):
    return toys.quadratic(np.stack([np.ones_like(conditions), conditions], axis=-1))
