"""One dimension in the long run: where x = αλ spends its time, against the density that can be proved."""

from matplotlib.figure import Figure

from tlr.course.explorers.base import Explorer, log_slider, player
from tlr.course.plots.picture import PICTURE_SIZE
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
        self.play, self.step = player(_UPDATES)
        self.play.min = self.step.min = 1
        self.play.step = 10
        self.step.description = "updates"
        self._picture = ReturnMapPicture(Figure(figsize=PICTURE_SIZE))
        self.set_up(self._picture, [self.x0, self.c, self.step], [[self.x0, self.c], [self.play, self.step]])

    def draw(self):
        """Iterate the map, where x₀ or c has moved."""
        start = self.x0.value, self.c.value
        if self._orbit[0] != start:
            self._orbit = start, orbit(self.x0.value, _UPDATES, self.c.value)
        self._picture.update(self._orbit[1], self.step.value, self.c.value)
