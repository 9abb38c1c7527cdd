"""One dimension: how x = αλ moves from step to step."""

from matplotlib.figure import Figure

from tlr import toys
from tlr.course.explorers.base import Explorer, log_slider, player, rule_boxes
from tlr.course.plots.toys import PICTURE_SIZE, CobwebPicture
from tlr.descent import descend

__all__ = ["Cobweb"]

_STEPS = 40


class Cobweb(Explorer):
    """The map x_t → x_{t+1} with the cobweb of each rule; sliders for x₀ = α₀λ and c, and a step to play."""

    description = "Explorer of the map of αλ in one dimension: run the notebook to move its sliders."

    def __init__(self):
        super().__init__()
        self.x0 = log_slider("x₀ = α₀λ", 0.05, (-3, 1), "How long the first step is; 1 lands on the minimum")
        self.c = log_slider("bound c", 0.25, (-2, 1), "α grows by the factor 1 + c at most")
        self.rules = rule_boxes(("published", "secant", "barzilai_borwein"), ("published", "secant"))
        self.play, self.step = player(_STEPS)
        self._line = toys.quadratic([1.0])
        self._picture = CobwebPicture(Figure(figsize=PICTURE_SIZE), tuple(self.rules))
        boxes = [*self.rules.values()]
        self.set_up(
            self._picture, [self.x0, self.c, self.step, *boxes], [[self.x0, self.c], boxes, [self.play, self.step]]
        )

    def draw(self):
        """Descend on ½w² from x₀ by every checked rule."""
        c = self.c.value
        ran = {
            rule: descend(rule, self._line, [1.0], self.x0.value, _STEPS, c=c)
            for rule, box in self.rules.items()
            if box.value
        }
        self._picture.update(ran, self.step.value, c)
