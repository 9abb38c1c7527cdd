"""One step, frozen: the loss along it, the parabolas that each curvature draws, and where each rule jumps."""

from functools import partial

import numpy as np

from tlr import rule
from tlr.course.plots.derivation import EXACT
from tlr.course.plots.style import house_style
from tlr.course.plots.toys import RULE_STYLES, frame, limit

__all__ = ["JUMPS", "StepPicture"]

#: The rules that jump: name in `tlr.descent` → curvature in `tlr.rule`.
JUMPS = {"published": "published", "secant": "secant", "barzilai_borwein": "undamped"}
_GRAY = "#8c8c8c"
_LEFT, _WIDTH = 0.2, 0.66


class StepPicture:
    """The loss as a function of α with its tangent and parabolas at α_t; below, the jump of each rule.

    A picture as in `tlr.course.plots.toys`: `figure`, `moving`, `stale`, and `update`.
    """

    def __init__(self, figure):
        figure.set_layout_engine("none")
        self.figure, self.stale = figure, True
        with house_style():
            self.curve = figure.add_axes((_LEFT, 0.4, _WIDTH, 0.5), ylabel="loss after the step")
            self.jumps = figure.add_axes((_LEFT, 0.12, _WIDTH, 0.2), xlabel="step size α")
            self.curve.tick_params(labelbottom=False)
            self.jumps.set_yticks(range(len(JUMPS)), [RULE_STYLES[name].label for name in JUMPS])
            self.jumps.set_ylim(len(JUMPS) - 0.4, -0.6)
            self._add_artists()
            self.curve.legend(loc="lower left", bbox_to_anchor=(-0.2, 1), ncols=5, handlelength=2.2, fontsize=9)

    def _add_artists(self):
        line = partial(self.curve.plot, [], [])
        (self.loss,) = line(color=_GRAY, linewidth=4, label="loss $L_α$")
        (self.tangent,) = line(color=_GRAY, linewidth=1.2, label="tangent (Eq. 7)")
        (self.exact,) = line(**EXACT | {"label": "exact parabola"})
        self.parabolas = {}
        for name, label in (("published", "Eq. 8"), ("secant", "Eq. 8′")):
            (self.parabolas[name],) = line(**RULE_STYLES[name].line | {"label": label})
        self.best = [axes.axvline(1, color=_GRAY, linewidth=1, linestyle="--") for axes in (self.curve, self.jumps)]
        self.arrows, self.landings, self.numbers = {}, {}, {}
        for row, (name, look) in enumerate((name, RULE_STYLES[name]) for name in JUMPS):
            (self.arrows[name],) = self.jumps.plot([], [], color=look.color, marker=look.marker, markevery=[1])
            (self.landings[name],) = line(color=look.color, marker=look.marker, linestyle="", markersize=9)
            self.numbers[name] = self.jumps.text(1.02, row, "", transform=self.jumps.get_yaxis_transform(), va="center")
        (self.here,) = line("o", color="#000000", markersize=9)
        (self.origins,) = self.jumps.plot([], [], "o", color="#000000", markersize=5)

    @property
    def moving(self):
        """The artists that `update` moves."""
        frames = [*frame(self.curve), *frame(self.jumps)]
        lines = [self.loss, self.tangent, self.exact, *self.parabolas.values(), *self.best, self.here, self.origins]
        return [*frames, *lines, *self.arrows.values(), *self.landings.values(), *self.numbers.values()]

    def update(self, along, step, c):
        """Draw one step.

        Args:
            along: the loss as a function of α.
            step: α_t `alpha`, the inner products `gg`, `gp`, `pp`, the `exact` second derivative, the `best` α.
            c: the bound of both variants of TLR.
        """
        alpha, products = step["alpha"], (step["gg"], step["gp"], step["pp"])
        alphas = np.linspace(0, 2.8 * step["best"], 240)
        losses = along(alphas)
        offset, loss = alphas - alpha, along(alpha)
        tangent = loss + rule.first_derivative(step["gp"]) * offset
        self._limits(alphas, losses)
        self.loss.set_data(alphas, losses)
        self.tangent.set_data(alphas, tangent)
        self.exact.set_data(alphas, tangent + step["exact"] * offset**2 / 2)
        for name, parabola in self.parabolas.items():
            second = rule.second_derivative(alpha, *products, name)
            parabola.set_data(alphas, tangent + second * offset**2 / 2)
        for line in self.best:
            line.set_xdata([step["best"]] * 2)
        self.here.set_data([alpha], [loss])
        self.origins.set_data([alpha] * len(JUMPS), range(len(JUMPS)))
        for row, (name, curvature) in enumerate(JUMPS.items()):
            to = float(rule.next_alpha(alpha, *products, np.inf if curvature == "undamped" else c, curvature))
            shown = min(to, alphas[-1])
            self.arrows[name].set_data([alpha, shown], [row, row])
            self.landings[name].set_data([shown], [along(shown)])
            self.numbers[name].set_text(f"→ {to:.3g}")

    def _limits(self, alphas, losses):
        low, span = losses.min(), max(np.ptp(losses), 1e-12)
        x = alphas[0], alphas[-1]
        limit(self.curve, x, (low - 0.35 * span, low + 1.15 * span))
        limit(self.jumps, x, self.jumps.get_ylim())
