"""What a guess of α₀ costs: a climb from one that is too low beside runs that stay there, and methods side by side."""

import matplotlib.pyplot as plt
import numpy as np

from tlr.course.plots.marks import note, ticks_along
from tlr.course.plots.style import METHODS, house_style

__all__ = ["guesses", "recovery"]

#: Multiples of a usual α₀, in words.
_PLACES = {0.01: "a hundredth", 0.1: "a tenth", 1: "usual", 10: "ten times", 100: "a hundred times"}
_GRAY = "#707070"


def recovery(runs):
    """α and training loss over the epochs: at the ends of its lines each run has its name, and its last loss.

    Args:
        runs: name → (key of `METHODS`, a run with one α). The first has a thick line, and a dot where α is highest. An
            α of zero, at the end of a schedule, is left out.
    """
    with house_style():
        figure, (rate, loss) = plt.subplots(1, 2, figsize=(9.2, 3.7))
        for name, (method, run) in runs.items():
            first, color = name == next(iter(runs)), METHODS[method].color
            look = {"color": color, "linewidth": 3 if first else 1.8}
            words = {"color": color if first else _GRAY, "va": "center"}
            alpha = run.rates[:, 0][run.rates[:, 0] > 0]
            epochs, end = len(run.train_loss), f"{name}: {run.train_loss[-1]:.2g}"
            rate.plot(alpha, **look)
            loss.plot(np.arange(1, epochs + 1), run.train_loss, **look)
            note(rate, name, (len(alpha) - 1, alpha[-1]), (5, 0), **words)
            note(loss, end, (epochs, run.train_loss[-1]), (5, 0), **words)
            if first:
                peak = alpha.argmax()
                rate.plot(peak, alpha[peak], "o", color=color, markersize=8)
                note(rate, f"{alpha[peak]:.2g}", (peak, alpha[peak]), (2, 6), color=color)
        for axis, title in ((rate, "learning rate α"), (loss, "training loss")):
            axis.set(yscale="log", xlabel="epoch", title=title, xlim=(0, 1.58 * epochs), xticks=range(0, epochs + 1, 2))
    return figure


def guesses(grid, loss, usual, chance):
    """Final training loss of every seed over α₀, as a multiple of what is usual for the method; a bar joins the seeds.

    The lines go through geometric means. At the left each method has its usual value in brackets. The longest bar says
    what it is. Methods stand a little beside each other.

    Args:
        grid: the values of α₀, (k,).
        loss: key of `METHODS` → final training losses, (k, seeds).
        usual: method → its usual α₀.
        chance: the loss of a network that guesses, a dotted line.
    """
    ends, bars = {}, {}
    with house_style():
        figure, axes = plt.subplots(figsize=(9.2, 4.4))
        axes.axvspan(10**-0.22, 10**0.22, color="#eeeeee", linewidth=0, zorder=0)
        axes.axhline(chance, color=_GRAY, linewidth=1.2, linestyle=":", zorder=0)
        note(axes, "guessing", (10**-3.4, chance), (0, 3), color=_GRAY)
        for (name, losses), aside in zip(loss.items(), np.linspace(-0.07, 0.07, len(loss)), strict=True):
            near = np.isclose(grid, usual[name] * np.array([*_PLACES])[:, None]).any(axis=0)
            seeds, color = np.asarray(losses)[near], METHODS[name].color
            multiple = np.array(grid)[near] / usual[name] * 10**aside
            mean, spread = np.exp(np.log(seeds).mean(axis=1)), seeds.max(axis=1) / seeds.min(axis=1)
            axes.plot(multiple, mean, color=color, linestyle=METHODS[name].dash, linewidth=1.4, alpha=0.6)
            axes.vlines(multiple, seeds.min(axis=1), seeds.max(axis=1), color=color, linewidth=2.5)
            axes.plot(multiple, seeds, color=color, linestyle="", marker="o", markersize=5)
            own = (" " if multiple[0] < 0.03 else "\n") + f"({usual[name]:g})"  # there is room at the left edge only
            _name(axes, name, (multiple[0], mean[0]), (-7, 0), ha="right", own=own)
            bars[name] = *max(zip(spread, multiple, seeds.min(axis=1), strict=True)), seeds.shape[1]
            ends[name] = multiple[-1], mean[-1]
        _right(axes, ends, bars)
        axes.set(xscale="log", yscale="log", xlim=(10**-3.45, 10**3.05), ylim=(None, 6), ylabel="final training loss")
        axes.set_xlabel("α₀, as a multiple of the method's usual value (in brackets)")
        ticks_along(axes, [*_PLACES], _PLACES.values())
    return figure


def _right(axes, ends, bars):
    """Name the ends of the lines at the right, the longest bar, and who has no run from the largest multiple."""
    last = max(_PLACES)
    there = sorted((name for name in ends if ends[name][0] > 0.5 * last), key=lambda name: ends[name][1])
    for name in there:
        near = [other for other in there if 1 / 3 < ends[other][1] / ends[name][1] < 3]
        _name(axes, name, ends[name], (18, 20 * (near.index(name) - (len(near) - 1) / 2)))
    longest = max(bars, key=bars.get)
    _, x, low, count = bars[longest]
    words = f"{METHODS[longest].label}'s\n{count} seeds"
    note(axes, words, (x, low), (10, 0), color=METHODS[longest].color, fontsize=10, va="bottom")
    absent = [METHODS[name].label for name in ends if name not in there]
    if absent:
        words = "not tried:\n" + "\n".join(absent)
        axes.text(last, 0.009, words, color=_GRAY, fontsize=10, ha="center", va="top", linespacing=1.3)


def _name(axes, method, place, offset, own="", **aligned):
    color = METHODS[method].color if method != "cosine" else _GRAY  # its own is too pale for words
    note(axes, METHODS[method].label + own, place, offset, color=color, va="center", **aligned)
