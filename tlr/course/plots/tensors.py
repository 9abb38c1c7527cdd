"""Two trainings side by side, while they go on: one α for all tensors, and one for each."""

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from tlr.course.plots.picture import RULE_STYLES, decades
from tlr.course.plots.style import house_style, plain_looks

__all__ = ["TensorPicture"]

_EACH = {"color": "#4D4D4D", "linestyle": (0, (1, 1))}
#: A dot where a line has got to.
_HEAD = {"marker": "o", "markevery": [-1], "markersize": 5}
_SMOOTH = 20


class TensorPicture:
    """A `Picture`: left the loss of both, right the α of one and all those of the other, over the steps so far."""

    def __init__(self, figure):
        self.figure, self.stale, self._names, self._tensors = figure, True, (), {}
        with house_style():
            self.loss = figure.add_axes((0.08, 0.31, 0.4, 0.6), xlabel="step", yscale="log")
            self.alpha = figure.add_axes((0.57, 0.31, 0.4, 0.6), xlabel="step", yscale="log")
            self.loss.set_title(f"training loss (mean of {_SMOOTH} steps)", loc="left")
            self.alpha.set_title("learning rates α", loc="left")
            for axes in (self.loss, self.alpha):
                axes.xaxis.set_major_locator(MaxNLocator(5))
            self.losses = {per: self.loss.plot([], [], **_HEAD)[0] for per in ("model", "tensor")}
            (self.one,) = self.alpha.plot([], [], zorder=3, **_HEAD)
            self.keys, self.fates = {}, {}
            for per, y in (("model", 0.15), ("tensor", 0.09)):
                key = Line2D((0.08, 0.12), (y, y), transform=figure.transFigure)
                self.keys[per] = figure.add_artist(key)
                self.fates[per] = figure.text(0.13, y, "", va="center", fontsize=10, parse_math=False)
            for line in (self.losses["tensor"], self.keys["tensor"]):
                line.set(**_EACH)

    @property
    def moving(self):
        """The artists that `update` moves."""
        lines = [*self.losses.values(), *self._tensors.values(), self.one]
        return [*lines, *self.keys.values(), *self.fates.values()]

    def update(self, curvature, losses, rates, fates):
        """Draw what there is.

        Args:
            curvature: a key of `RULE_STYLES`, whose look the training with one α gets.
            losses: "model" and "tensor" → the loss of each step, (steps,).
            rates: "model" → α after each step, (steps,); "tensor" → (name → α after each step).
            fates: "model" and "tensor" → what to say of them.
        """
        look = RULE_STYLES[curvature].line
        self._set_tensors(tuple(rates["tensor"]))
        for per, values in losses.items():
            self.losses[per].set_data(np.arange(1, len(values) + 1), _smooth(values))
            self.fates[per].set_text(fates[per])
        for line in (self.losses["model"], self.keys["model"]):
            line.set(**look)
        self.one.set(data=(np.arange(1, len(rates["model"]) + 1), rates["model"]), **look | {"linewidth": 3})
        for name, values in rates["tensor"].items():
            self._tensors[name].set_data(np.arange(1, len(values) + 1), values)
        self._limits(losses, rates)

    def _set_tensors(self, names):
        """A line for each tensor, and their names below."""
        if names == self._names:
            return
        for line in self._tensors.values():
            line.remove()
        style = {"linewidth": 1.5, "animated": True} | _HEAD
        self._tensors = {name: self.alpha.plot([], [], **look, **style)[0] for name, look in plain_looks(names).items()}
        for legend in self.figure.legends:
            legend.remove()
        place = {"loc": "lower left", "bbox_to_anchor": (0.56, 0.04), "ncols": 2 if len(names) <= 6 else 3}
        legend = self.figure.legend(handles=[*self._tensors.values()], handlelength=3, fontsize=9, **place)
        for handle in legend.legend_handles:
            handle.set_animated(False)  # the legend is background, the lines that it copies are not
        for text in legend.get_texts():
            text.set_parse_math(False)
        self._names, self.stale = names, True

    def _limits(self, losses, rates):
        steps = max(map(len, losses.values()))
        reach = next(n * 10**k for k in range(2, 9) for n in (1, 2, 5) if n * 10**k >= steps)
        heights = {
            self.loss: [_smooth(values) for values in losses.values()],
            self.alpha: [rates["model"], *rates["tensor"].values()],
        }
        for axes, values in heights.items():
            low, high = decades([*values, [np.min(np.concatenate(values)) / 10]])
            if steps > 1:  # they grow, and never shrink under a line that is being drawn
                low, high = min(low, axes.get_ylim()[0]), max(high, axes.get_ylim()[1])
            wanted = 0, reach, low, high
            if (*axes.get_xlim(), *axes.get_ylim()) != wanted:
                axes.set(xlim=wanted[:2], ylim=wanted[2:])
                self.stale = True


def _smooth(values):
    """The mean of each value and those before it, up to 20 in all."""
    total = np.concatenate([[0], np.cumsum(values)])
    first = np.maximum(np.arange(len(values)) + 1 - _SMOOTH, 0)
    return (total[1:] - total[first]) / (np.arange(len(values)) + 1 - first)
