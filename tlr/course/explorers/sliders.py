"""The smallest explorer: a function of numbers that returns a figure, with a slider for each number."""

import io

import ipywidgets as widgets
import matplotlib.pyplot as plt

from tlr.course.explorers.base import DRAWING, Pictured

__all__ = ["interact"]


def interact(draw, **limits):
    """Sliders that call a function and show the figure it returns, like `interact` of ipywidgets.

    Unlike there, the first picture stays in the stored notebook, where no kernel runs.

    Args:
        draw: a function of the names below that returns a matplotlib `Figure`.
        limits: name → (lowest, highest, step); a slider begins in the middle.
    """
    return _Interact(draw, limits)


class _Interact(Pictured):
    """Sliders above a picture."""

    description = "Sliders above a picture: run the notebook to move them."

    def __init__(self, draw, limits):
        super().__init__()
        self._draw = draw
        self.controls = {
            name: (widgets.IntSlider if all(isinstance(n, int) for n in (low, high, step)) else widgets.FloatSlider)(
                value=low + step * round((high - low) / step / 2), min=low, max=high, step=step, description=name
            )
            for name, (low, high, step) in limits.items()
        }
        self.image = widgets.Image(format="png")
        self.refresh()
        for control in self.controls.values():
            control.observe(self.on_move, "value")
        self.arrange(*self.controls.values(), self.image)

    def refresh(self, _change=None):
        """Draw for what the sliders say."""
        with DRAWING:
            figure = self._draw(**{name: control.value for name, control in self.controls.items()})
            file = io.BytesIO()
            figure.savefig(file, format="png")
            plt.close(figure)
        self.image.value = file.getvalue()

    def png(self):
        """The picture as it is now, as bytes of a PNG."""
        return self.image.value
