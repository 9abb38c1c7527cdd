"""One dimension: how x = αλ moves from step to step."""

from tlr import toys
from tlr.course.explorers.base import Explorer, blank, log_slider, player, rule_boxes
from tlr.course.plots.toys import CobwebPicture
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
        self.set_up(
            CobwebPicture(blank(), tuple(self.rules)),
            {"x0": self.x0, "c": self.c, "rules": self.rules, "step": self.step},
            [[self.x0, self.c], [*self.rules.values()], [self.play, self.step]],
        )

    def draw(self, x0, c, rules, step):
        """Descend on ½w² from x₀ by every checked rule; `descents` in the state is rule → `Trajectory`."""
        ran = {rule: descend(rule, self._line, [1.0], x0, _STEPS, c=c) for rule in rules}
        self.picture.update(ran, step, c)
        return {"descents": ran}
