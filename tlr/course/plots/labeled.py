"""Runs with their names at the ends of their lines, and what becomes of a run that has learned its task."""

import matplotlib.pyplot as plt
import numpy as np

from tlr.course.plots.marks import note
from tlr.course.plots.run_panels import QUANTITIES, by_epoch, loss_and_alpha, name_epochs, set_log
from tlr.course.plots.style import METHODS, house_style

__all__ = ["after_learning", "by_name", "edges", "rescaled"]

_GRAY, _RED = "#707070", "#B3123D"
_CROSS = {"linestyle": "", "marker": "x", "markersize": 8, "markeredgewidth": 2}
_FONT = 10  # points


def by_name(runs, quantities, *, log=(), limits=None):
    """Two quantities over the epochs: a line for each run, with its name at the end of the line.

    Where a run diverged, a cross ends its line. Epochs that end with a negative α are ticks under a logarithmic axis,
    and a gap in the line.

    Args:
        runs: name → (keyword arguments for `Axes.plot`, a run with one α).
        quantities: two of "train_loss", "alpha", "test_accuracy".
        log: those with a logarithmic axis (default: none).
        limits: quantity → (lower, upper) end of its axis (default: those of the data).
    """
    with house_style():
        figure, axes = plt.subplots(1, 2, figsize=(9.2, 3.9))
        for axis, quantity in zip(axes, quantities, strict=True):
            ends, signs = {}, 0
            if quantity in log:
                set_log(axis)
            for name, (look, run) in runs.items():
                epochs, values = _values(run, quantity)
                above = np.where(values > 0, values, np.nan) if quantity in log else values
                axis.plot(epochs, above, **look)
                if run.status == "diverged":
                    axis.plot(epochs[-1], values[-1], color=look["color"], **_CROSS)
                if (below := epochs[np.isnan(above)]).size:
                    signs += 1
                    ticks = {"transform": axis.get_xaxis_transform(), "color": look["color"], "linestyle": ""}
                    axis.plot(below, np.full(below.size, 0.06 * signs - 0.02), marker="|", **ticks, markersize=9)
                last = np.flatnonzero(np.isfinite(above))[-1]
                ends[name] = (epochs[last], above[last], look["color"])
            axis.set(title=QUANTITIES[quantity], xlim=(0, None), ylim=(limits or {}).get(quantity))
            name_epochs(axis)
            if signs:
                axis.text(0.01, 0.06 * signs + 0.02, "α < 0:", transform=axis.transAxes, fontsize=9, color=_GRAY)
            _name_ends(figure, axis, ends)
    return figure


def rescaled(products, quotients):
    """α ÷ α₀ over the epochs for a loss in three units, under a rule that notices the unit and under one that does not.

    Args:
        products: α ÷ α₀ of hypergradient descent: with the loss as it is, with ten times the loss (lost at once), with
            a tenth of it, and with ten times the loss and the right β.
        quotients: α ÷ α₀ of TLR with the first three of these losses.
    """
    green, blue = METHODS["hypergradient"].color, METHODS["tlr"].color
    as_is, _, tenth, mended = products
    with house_style():
        figure, (left, right) = plt.subplots(1, 2, figsize=(9.2, 3.9), sharey=True)
        left.plot(as_is, color=green)
        left.plot(tenth, color="#5A7A00", linestyle=(0, (5, 1.5)))
        left.plot(mended, "o", color=green, markerfacecolor="none", markersize=7)
        left.plot(0, 1, color=_RED, **_CROSS | {"markersize": 11}, zorder=5)
        told = {"fontsize": _FONT, "va": "center"}
        end = len(as_is) - 1
        note(left, "loss as it is\n○ loss × 10, β ÷ 1000", (end, as_is[-1]), (0, 26), **told, ha="right", color=green)
        note(left, "loss ÷ 10", (end, tenth[-1]), (0, 9), **told, ha="right", color="#5A7A00")
        note(left, "loss × 10: lost in epoch 1", (0, 1), (10, -14), **told, color=_RED)
        for values, dash in zip(quotients, ("-", (0, (4, 4)), (0, (1, 6))), strict=True):
            right.plot(values, color=blue, linestyle=dash)
        words, place = "three curves,\none for each loss", (end, quotients[0][-1])
        note(right, words, place, (-75, -4), **told, ha="right", color=blue)
        left.set(title="hypergradient descent, β = 10⁻³", ylabel="α ÷ α₀", ylim=(-1.5, None))
        right.set_title(METHODS["tlr"].label)
        for axis in (left, right):
            name_epochs(axis)
    return figure


def after_learning(columns, *, behind=(), since=None):
    """Training loss and α over the epochs, a column for each method, each seed up to a cross where the loss leaps.

    Args:
        columns: title, or a key of `METHODS` → (color, list of (run, the epoch of its leap or None)).
        behind: runs drawn gray in every column, such as those of a fixed α (default: none).
        since: the epoch by which all have learned; from there on the panels are shaded (default: nowhere).
    """
    every = [*behind, *(run for _, ran in columns.values() for run, _ in ran)]
    last = max(len(run.train_loss) for run in every)
    with house_style():
        figure, axes = loss_and_alpha(columns)
        for pair, (color, ran) in zip(axes.T, columns.values(), strict=True):
            for axis, quantity in zip(pair, ("train_loss", "alpha"), strict=True):
                for run in behind:
                    axis.plot(*_values(run, quantity), color="#9A9A9A", linewidth=1)
                for run, leap in ran:
                    epochs, values = _values(run, quantity)
                    seen = epochs <= (leap or np.inf)
                    axis.plot(epochs[seen], values[seen], color=color, linewidth=1.4)
                    if leap:
                        axis.plot(leap, values[epochs == leap], color="#000000", **_CROSS)
                if since is not None:
                    axis.axvspan(since, last, color="#f1f1f1", linewidth=0, zorder=0)
        if since is not None:
            place = {"va": "top", "transform": axes[0, -1].get_xaxis_transform()}
            axes[0, -1].text(since + 0.6, 0.97, "learned", color=_GRAY, fontsize=9, **place)
    return figure


def edges(panels):
    """α and the longest safe step of the most curved batch, at the start of each epoch: the first seed bold.

    Args:
        panels: title → list, one for each seed, of (epochs, α, edge, whether the loss leaps after the last).
    """
    blue = METHODS["tlr"].color
    with house_style():
        figure, axes = plt.subplots(1, len(panels), figsize=(9.2, 3.9), sharex=True, sharey=True, squeeze=False)
        set_log(axes[0, 0])
        for axis, (title, seeds) in zip(axes[0], panels.items(), strict=True):
            for number, (epochs, alpha, edge, leaps) in enumerate(seeds):
                look = {"linewidth": 1.1, "alpha": 0.45} if number else {"linewidth": 2.4}
                axis.plot(epochs, edge, color="#000000", **look)
                axis.plot(epochs, alpha, color=blue, **look)
                if leaps:
                    axis.plot(epochs[-1], alpha[-1], color=_RED, **_CROSS, alpha=look.get("alpha", 1))
                if not number:
                    axis.fill_between(epochs, alpha, edge, color="#000000", alpha=0.07, linewidth=0)
                    for name, values, color in (("edge", edge, "#000000"), ("α", alpha, blue)):
                        note(axis, name, (epochs[1], values[1]), (-6, 9), color=color, fontsize=12)
            axis.set_title(title)
            name_epochs(axis)
            axis.set_xlabel("start of epoch")
    return figure


def _values(run, quantity):
    """(epochs, values) of a run with one α, until it diverged; α from α₀ on."""
    epochs, values = by_epoch(run, quantity)
    return epochs, values[:, 0]


def _name_ends(figure, axis, ends):
    """Write names at the ends of lines, name → (x, y, color): moved apart at the right, above those that end early."""
    figure.canvas.draw()
    right, lowest, point = max(x for x, _, _ in ends.values()), -np.inf, figure.dpi / 72
    for name, (x, y, color) in sorted(ends.items(), key=lambda end: end[1][1]):
        told = {"color": color, "fontsize": _FONT, "va": "center"}
        if x < right:
            note(axis, name, (x, y), (-5, 9), ha="right", **told)
            continue
        height = axis.transData.transform((x, y))[1]
        lowest = max(height, lowest + 1.3 * _FONT * point)
        note(axis, name, (x, y), (6, (lowest - height) / point), annotation_clip=False, **told)
