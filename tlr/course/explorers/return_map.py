"""One dimension in the long run: where x = αλ spends its time, against the density that can be proved."""

from tlr.course.explorers.base import Explorer, blank, log_slider, player
from tlr.course.plots.return_map import ReturnMapPicture
from tlr.course.theory import orbit

__all__ = ["ReturnMap"]

_UPDATES = 1000


class ReturnMap(Explorer):
    """The published rule's map with an orbit, its histogram and the loss; sliders for x₀ = α₀λ, c and the time."""

    description = "Explorer of the long run of αλ in one dimension: run the notebook to move its sliders."

    def __init__(self):
        super().__init__()
        self._orbit = None, None
        self.x0 = log_slider("x₀ = α₀λ", 0.05, (-3, 1), "How long the first step is; 1 lands on the minimum")
        self.c = log_slider("bound c", 0.25, (-1, 0.7), "α grows by the factor 1 + c at most")
        self.play, self.updates = player(_UPDATES)
        self.play.min = self.updates.min = 1
        self.play.step = 10
        self.updates.description = "updates"
        self.set_up(
            ReturnMapPicture(blank()),
            {"x0": self.x0, "c": self.c, "updates": self.updates},
            [[self.x0, self.c], [self.play, self.updates]],
        )

    def draw(self, x0, c, updates):
        """Iterate the map, where x₀ or c has moved; `orbit` in the state is αλ at every step, (1001,)."""
        if self._orbit[0] != (x0, c):
            self._orbit = (x0, c), orbit(x0, _UPDATES, c)
        self.picture.update(self._orbit[1], updates, c)
        return {"orbit": self._orbit[1]}
