"""One dimension in the long run: where x = αλ spends its time, against the density that can be proved."""

from typing import ClassVar

from tlr.course.explorers.base import blank
from tlr.course.explorers.page import PageExplorer, methods, number, time
from tlr.course.plots.return_map import ReturnMapPicture
from tlr.course.theory import orbit

__all__ = ["ReturnMap"]

_UPDATES = 1000


class ReturnMap(PageExplorer):
    """The published rule's map with an orbit, its histogram and the loss; x₀ = α₀λ, c and the time to move.

    Args:
        **settings: where the controls begin, any of the attributes below.

    Attributes:
        x0: x₀ = α₀λ (default 0.05).
        c: the bound (default 1/4).
        updates: how many updates are shown (default: all 1000).

    Raises:
        traitlets.TraitError: for a setting out of the range of its slider, or that is no number.
    """

    front = "return_map.js"
    description = "Explorer of the long run of αλ in one dimension: run the notebook to move it."
    scenes: ClassVar = {
        "a small bound": {"c": 0.1},
        "a large bound": {"c": 4.0},
    }

    x0 = number(0.05, (1e-3, 10.0), "x₀ = α₀λ", "How long the first step is; 1 lands on the minimum")
    c = number(0.25, (0.1, 5.0), "bound c", "α grows by the factor 1 + c at most")
    updates = time(_UPDATES, first=1)

    def __init__(self, **settings):
        super().__init__({"methods": methods(["published"]), "steps": _UPDATES}, **settings)

    def computed(self):
        """`orbit`, αλ at every step, (1001,)."""
        return {"orbit": orbit(self.x0, _UPDATES, self.c)}

    def picture(self):
        """The map with the last steps of the orbit, its histogram, and the mean fall of the loss."""
        picture = ReturnMapPicture(blank())
        picture.update(self.computed()["orbit"], self.updates, self.c)
        return picture
