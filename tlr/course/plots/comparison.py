"""Runs beside each other: methods and their options, one run's rates tensor by tensor, and what wrong guesses cost."""

from collections import Counter
from itertools import cycle

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import LogLocator, NullFormatter, ScalarFormatter

from tlr.course.plots.run_panels import QUANTITIES, draw_run, name_epochs, set_log
from tlr.course.plots.style import DASHES, METHODS, house_style, legend_below, shades

__all__ = ["compare", "rates", "runs", "sensitivity", "styles"]

# What tells variants of one method apart, its color being one: a dash and a marker for each.
_VARIANTS = tuple(zip(DASHES, "os^DvP", strict=True))
_ACROSS = 4  # panels of `sensitivity` in a row
_SYMBOLS = {"beta": "β", "eta": "η", "p": "p", "c": "c"}


def runs(rows, *, floor=0.0):
    """Training loss, α and test accuracy over the epochs, as the paper lays them out; a row of panels for each group.

    Args:
        rows: title → (name → run, as `tlr.course.training.train` returns it, or a record). Names of `METHODS` are drawn
            in their style, any others in shades. A run that diverged ends in crosses; where an α is negative the
            axis of α has both signs, and an α of 0, the end of a schedule, leaves the panel.
        floor: where the axis of the accuracy begins (0..1, default 0).
    """
    drawn = {title: list(zip(group.values(), styles(group), strict=True)) for title, group in rows.items()}
    ends = [run.train_loss for group in rows.values() for run in group.values() if run.status != "diverged"]
    figure, axes = _panels(drawn, (9.2, 1.1 + 2.1 * len(rows)), value="symlog", linthresh=1e-3)
    set_log(axes[0, 0])
    axes[0, 0].set_ylim(top=3 * np.concatenate(ends).max() if ends else None)
    axes[0, 2].set_ylim(100 * floor, 101)
    return figure


def compare(records, *, floor=0.0, ceiling=None):
    """Training loss, α and test accuracy of several records over the epochs, with one legend below.

    Args:
        records: a list of `Record`, each drawn in its method's color. Several of one method are told apart by the first
            option in which they differ. Where a run has many rates, the line is their median and the band
            reaches from the smallest to the largest. A run that diverged ends in crosses. Where
            an α is negative, the axis of α is linear.
        floor: where the axis of the accuracy begins (0..1, default 0).
        ceiling: where the axis of the loss ends (default: above the highest).

    Raises:
        ValueError: for more runs of one method than can be told apart.
    """
    finite = np.concatenate([record.train_loss[np.isfinite(record.train_loss)] for record in records])
    lowest, top = finite.min(initial=1), ceiling or 1.2 * finite.max(initial=1)
    figure, axes = _panels({"": list(zip(records, _styles(records), strict=True))}, (9.2, 4.2), value="linear")
    axes[0, 2].set_ylim(100 * floor)
    axes[0, 0].set_ylim(lowest - 0.05 * (top - lowest), top)
    return figure


def styles(names):
    """Keyword arguments for `Axes.plot` for each name: a method's own for those of `METHODS`, shades for any others."""
    others = [name for name in names if name not in METHODS]
    looks = zip(others, shades(len(others)), cycle(DASHES), strict=False)
    own = {name: {"color": color, "linestyle": dash, "label": name} for name, color, dash in looks}
    return [own[name] if name in own else METHODS[name].line for name in names]


def _panels(rows, size, **signed):
    """A figure of `size` and its axes, (rows, 3), with the runs drawn: title → list of (run, style).

    The axis of α is logarithmic, or as `signed` has it for `Axes.set_yscale` where an α is negative.
    """
    negative = any(np.any(run.rates < 0) for group in rows.values() for run, _ in group)
    with house_style():
        figure, axes = plt.subplots(len(rows), 3, figsize=size, sharex=True, sharey="col", squeeze=False)
        axes[0, 1].set_yscale(**signed) if negative else set_log(axes[0, 1])
        for line, (title, group) in zip(axes, rows.items(), strict=True):
            for run, style in group:
                draw_run(dict(zip(QUANTITIES, line, strict=True)), [run], style)
            line[0].set_ylabel(title)
            if negative:
                line[1].axhline(0, color="#000000", linewidth=0.8)
        for axis, title in zip(axes[0], QUANTITIES.values(), strict=True):
            axis.set_title(title)
        for axis in axes[-1]:
            name_epochs(axis)
        legend_below(figure, dict(zip(*axes[0, 0].get_legend_handles_labels()[::-1], strict=True)))
    return figure, axes


def _styles(records):
    """Color, dash, marker and label for each record."""
    kinds = [(record.setting.method, record.setting.per) for record in records]
    for (method, _), number in Counter(kinds).items():
        if number > len(_VARIANTS):
            raise ValueError(
                f"{number} runs of {METHODS[method].label} are more than can be told apart in one picture "
                f"({len(_VARIANTS)}): choose some of them, those of one batch size for instance."
            )
    looks = []
    for i, (record, kind) in enumerate(zip(records, kinds, strict=True)):
        look, label = METHODS[kind[0]], METHODS[kind[0]].label
        dash, marker = (look.dash, look.marker) if kinds.count(kind) == 1 else _VARIANTS[kinds[:i].count(kind)]
        if record.setting.per == "tensor":
            label, dash, marker = f"{label}, per tensor", (0, (4, 1, 1, 1)), "p"
        for option, symbol in _SYMBOLS.items():
            value = getattr(record.setting, option)
            alike = [other.setting for other in records if other.setting.method == kind[0]]
            if len({getattr(setting, option) for setting in alike}) > 1:
                label = f"{label.removesuffix(f', {symbol}')}, {symbol} = {value:.3g}"
        line = {"color": look.color, "linestyle": dash, "linewidth": 1.6, "marker": marker, "markersize": 4}
        looks.append(line | {"label": label})
    return looks


def rates(record):
    """α of every weight tensor of a run over the epochs, from the input (dark) to the output (light).

    Args:
        record: a `Record` with an α per tensor, in the order of the network. Tensors of norms and biases are thin and
            gray.
    """
    weights = ("conv.weight", "conv1.weight", "conv2.weight", "shortcut.weight", "output.weight")
    names = [name for name in record.groups if name.endswith(weights)]
    looks = dict(zip(names, zip(shades(len(names)), cycle(DASHES), strict=False), strict=True))
    with house_style():
        figure, axes = plt.subplots(figsize=(9.2, 4.2))
        for name, values in zip(record.groups, record.rates.T, strict=True):
            if name in looks:
                color, dash = looks[name]
                axes.plot(values, color=color, linestyle=dash, label=name.removesuffix(".weight"))
            else:
                axes.plot(values, color="#8c8c8c", linewidth=0.7, zorder=1)
        axes.plot([], [], color="#8c8c8c", linewidth=0.7, label="norms and biases")
        axes.set(yscale="log", xlabel="epoch", ylabel="learning rate α")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set(major_formatter=ScalarFormatter(), minor_formatter=NullFormatter())
        figure.legend(loc="outside right center", fontsize=9, handlelength=3)
    return figure


def sensitivity(multiples, loss):
    """Final training loss over a wrong guess of α₀: a panel for each method, with the other methods in gray behind it.

    The line is the mean over the seeds, each of which has a marker.

    Args:
        multiples: α₀ as a multiple of what one would set, (k,).
        loss: method, a key of `METHODS` → final training losses, (k, seeds).
    """
    means = {method: np.mean(values, axis=1) for method, values in loss.items()}
    down = -(-len(loss) // _ACROSS)
    with house_style():
        figure, axes = plt.subplots(
            down, _ACROSS, figsize=(9.2, 0.5 + 2.1 * down), sharex=True, sharey=True, squeeze=False
        )
        for axis, (method, values) in zip(axes.flat, loss.items(), strict=False):
            look = METHODS[method]
            for other in means.values():
                axis.plot(multiples, other, color="#cccccc", linewidth=1, zorder=1)
            axis.plot(multiples, means[method], color=look.color)
            axis.plot(multiples, values, color=look.color, linestyle="", marker=look.marker, markersize=6)
            axis.set(xscale="log", yscale="log")
            axis.set_title(look.label, fontsize=11)
            axis.set_xticks(multiples, [f"{multiple:g}" for multiple in multiples])
            axis.xaxis.minorticks_off()
        for axis in axes.flat[len(loss) :]:
            axis.set_visible(False)
        for axis in axes[:, 0]:
            axis.set_ylabel("final training loss")
        figure.supxlabel("α₀ as a multiple of the usual", fontsize="medium")
    return figure
