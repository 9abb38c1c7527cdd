"""One step, frozen: the loss along it, the parabolas that each curvature draws, and where each rule jumps."""

from functools import partial

import numpy as np
from matplotlib.ticker import MaxNLocator

from tlr import rule
from tlr.course.plots.picture import RULE_STYLES
from tlr.course.plots.style import house_style

__all__ = ["EXACT", "StepPicture", "jumps"]

#: How the exact second derivative is drawn.
EXACT = {"color": "#000000", "linestyle": (0, (1, 1)), "label": "exact second derivative"}
#: The rules that jump, keys of `tlr.rule.RULES`.
_JUMPS = ("published", "secant", "barzilai_borwein")
_GRAY = "#8c8c8c"


class StepPicture:
    """The loss as a function of α with its tangent and parabolas at α_t; below, the jump of each rule.

    Args:
        figure: what to draw on.
        rules: those that are drawn (default: all). Without "secant" the exact parabola is left out, too.
    """

    def __init__(self, figure, rules=_JUMPS):
        self.figure, self.rules = figure, rules
        with house_style():
            strips = 0.2 * len(rules) / len(_JUMPS)
            self.curve = figure.add_axes((0.2, 0.2 + strips, 0.66, 0.64 - strips))
            self.jumps = figure.add_axes((0.2, 0.12, 0.66, strips), xlabel="step size α")
            self.curve.tick_params(labelbottom=False)
            self.jumps.set_yticks(range(len(rules)), [RULE_STYLES[name].label for name in rules])
            self.jumps.set_ylim(len(rules) - 0.4, -0.6)
            self.jumps.xaxis.set_major_locator(MaxNLocator(7))
            self._add_artists()
            self.curve.set_ylabel("loss after the step")
            place = {"loc": "upper center", "bbox_to_anchor": (0.5, 1)}
            figure.legend(*self.curve.get_legend_handles_labels(), **place, ncols=5, handlelength=2.2, fontsize=10)

    def _add_artists(self):
        line = partial(self.curve.plot, [], [])
        (self.loss,) = line(color=_GRAY, linewidth=4, label="loss $L_α$")
        (self.tangent,) = line(color=_GRAY, linewidth=1.2, label="tangent (Eq. 7)")
        if "secant" in self.rules:
            (self.exact,) = line(**EXACT | {"label": "exact parabola"})
        self.parabolas = {}
        for name, label in (("published", "Eq. 8"), ("secant", "Eq. 8′")):
            if name in self.rules:
                (self.parabolas[name],) = line(**RULE_STYLES[name].line | {"label": label})
        self.best = [axes.axvline(1, color=_GRAY, linewidth=1, linestyle="--") for axes in (self.curve, self.jumps)]
        self.arrows, self.landings, self.numbers = {}, {}, {}
        for row, name in enumerate(self.rules):
            look = {"color": RULE_STYLES[name].color, "marker": RULE_STYLES[name].marker}
            (self.arrows[name],) = self.jumps.plot([], [], **look, markevery=[1])
            (self.landings[name],) = line(**look, linestyle="", markersize=9)
            self.numbers[name] = self.jumps.text(
                1.02, row, "", transform=self.jumps.get_yaxis_transform(), va="center", fontsize=9
            )
        (self.here,) = line("o", color="#000000", markersize=9)
        (self.origins,) = self.jumps.plot([], [], "o", color="#000000", markersize=5)

    def update(self, alphas, losses, step, jumps):
        """Draw one step.

        Args:
            alphas, losses: the loss along the step, two arrays of one shape; α from 0 on.
            step: α_t `alpha`, the inner products `gg`, `gp`, `pp` and the `exact` second derivative.
            jumps: α_{t+1} of each rule, as `jumps` returns them.
        """
        alpha, best = step["alpha"], alphas[np.argmin(losses)]
        offset, loss = alphas - alpha, np.interp(alpha, alphas, losses)
        tangent = loss + rule.first_derivative(step["gp"]) * offset
        low, span = losses.min(), max(np.ptp(losses), 1e-12)
        self.curve.set(xlim=(alphas[0], alphas[-1]), ylim=(low - 0.35 * span, low + 1.15 * span))
        self.jumps.set_xlim(alphas[0], alphas[-1])
        self.curve.set_title(f"$α_t$ = {alpha:.3g}: " + ("too short" if alpha < best else "too long"))
        self.loss.set_data(alphas, losses)
        self.tangent.set_data(alphas, tangent)
        if "secant" in self.rules:
            self.exact.set_data(alphas, tangent + step["exact"] * offset**2 / 2)
        for name, parabola in self.parabolas.items():
            second = rule.second_derivative(alpha, step["gg"], step["gp"], step["pp"], name)
            parabola.set_data(alphas, tangent + second * offset**2 / 2)
        for line in self.best:
            line.set_xdata([best] * 2)
        self.here.set_data([alpha], [loss])
        self.origins.set_data([alpha] * len(self.rules), range(len(self.rules)))
        for row, name in enumerate(self.rules):
            shown = min(jumps[name], alphas[-1])
            self.arrows[name].set_data([alpha, shown], [row, row])
            self.landings[name].set_data([shown], [np.interp(shown, alphas, losses)])
            self.numbers[name].set_text(f"→ {jumps[name]:.3g}")


def jumps(step, c):
    """Where each rule takes α from a step: rule → α_{t+1}. `c` bounds both variants of TLR."""
    products = step["gg"], step["gp"], step["pp"]
    return {name: float(rule.next_alpha(step["alpha"], *products, c, name)) for name in _JUMPS}
