"""An explorer to begin with: copy this into a notebook, or its halves into `plots/` and `explorers/`.

A picture keeps its artists and moves them; an explorer's `draw` computes from its settings what the picture shows, and
returns it.
"""

from tlr import toys
from tlr.course.explorers.base import Explorer, blank, log_slider
from tlr.course.plots.picture import RULE_STYLES
from tlr.descent import descend


class LossPicture:
    """A `Picture` of the loss over the steps."""

    def __init__(self, figure):
        self.figure, self.stale = figure, True
        axes = figure.add_axes((0.1, 0.12, 0.86, 0.82), xlabel="step t", yscale="log", xlim=(0, 50), ylim=(1e-9, 1e3))
        self.moving = axes.plot([], [], **RULE_STYLES["published"].line)

    def update(self, loss):
        """Draw the loss of each step."""
        self.moving[0].set_data(range(len(loss)), loss)


class Loss(Explorer):
    """TLR on a quadratic with eigenvalues 1 and 10; a slider for α₀."""

    description = "Explorer of the loss: run the notebook to move its slider."

    def __init__(self):
        super().__init__()
        self.alpha0 = log_slider("α₀", 0.02, (-4, 0), "The learning rate of the first step")
        self.set_up(LossPicture(blank()), {"alpha0": self.alpha0})

    def draw(self, alpha0):
        """Descend from α₀; `loss` in the state is that of each step, (51,)."""
        loss = descend("published", toys.quadratic([1, 10]), [1, 1], alpha0, 50).loss
        self.picture.update(loss)
        return {"loss": loss}
