"""How runs ended: a dot for each, over the setting that its user had to choose."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.lines import Line2D

from tlr.course.plots.grids import label, values_of
from tlr.course.plots.marks import note, ticks_between
from tlr.course.plots.run_panels import MARKERS, QUANTITIES, Plain, draw_run, name_epochs, set_log
from tlr.course.plots.style import DASHES, METHODS, house_style, legend_below, shades

__all__ = ["ends", "spread"]

_CROSS = {"linestyle": "", "marker": "x", "markersize": 10, "markeredgewidth": 2.5}


def ends(
    found,
    limits,
    *,
    panels="method",
    x="alpha0",
    quantity="test_accuracy",
    order=None,
    cross="left the panel",
    band=None,
):
    """A panel for each method: what its runs ended with over `x`, in a color and a marker for each batch size.

    A run that ended outside of the axis, or diverged, is a cross at its edge, to which a thin dotted line leads. Every
    seed has its own dot; the line goes through their medians. With one batch size, the color is the method's; six at
    most can be told apart. Batch sizes stand side by side between two lines of the grid.

    Args:
        found: a list of `tlr.course.records.Record`.
        limits: (lower, upper) end of the axis of the quantity.
        panels: the field of `Setting` that tells panels apart (default: the method), or None for one panel.
        x: the field of `Setting` along the axis (default: α₀), whose values stand at equal distances; or several, whose
            combinations do, and which no line connects.
        order: the values of `panels` from left to right (default: methods as in `METHODS`).
        quantity: "test_accuracy" (default), or "train_loss" on a logarithmic axis.
        cross: what the legend calls a cross.
        band: (name, lowest, highest), a gray band through all panels, named below it in the last (default: none).
    """
    along = (x,) if isinstance(x, str) else x
    places, sizes = values_of(found, along), sorted({run.setting.batch_size for run in found})
    methods = order or ([value[panels] for value in values_of(found, (panels,))] if panels else [None])
    scale, edge = (100, limits[0]) if quantity == "test_accuracy" else (1, limits[1])
    with house_style():
        figure, axes = plt.subplots(1, len(methods), figsize=(9.2, 3.9), sharey=True, squeeze=False)
        drawn, crosses = {}, 0
        for axis, method in zip(axes[0], methods, strict=True):
            if quantity == "train_loss":
                set_log(axis)
            axis.set(ylim=limits, xlim=(-0.5, len(places) - 0.5))
            borders, fontsize = np.arange(1, len(places)) - 0.5, 9 if len(methods) > 5 else None
            ticks_between(axis, range(len(places)), [_tick(place) for place in places], borders, fontsize=fontsize)
            if band:
                axis.axhspan(*band[1:], color="#8c8c8c", alpha=0.25, linewidth=0)
            if isinstance(x, str):
                axis.set_xlabel(label({x: 0.0}).split(" = ")[0])
            if panels:
                fontsize = 12 if len(methods) < 5 else 10
                # A cross at the upper edge needs the room.
                axis.set_title("\n".join(label({panels: method}).split(", ")), fontsize=fontsize, pad=9)
            several = len(sizes) > 1 or method not in METHODS
            colors = shades(len(sizes)) if several else [METHODS[method].color]
            # Side by side, so that none is hidden.
            aside = 0.6 / len(sizes) * (np.arange(len(sizes)) - (len(sizes) - 1) / 2)
            for size, color, marker, shift in zip(sizes, colors, MARKERS[: len(sizes)], aside, strict=True):
                runs = [r for r in found if r.setting.batch_size == size]
                runs = [r for r in runs if panels is None or getattr(r.setting, panels) == method]
                place = np.array([places.index({name: getattr(r.setting, name) for name in along}) for r in runs])
                value = np.array([scale * getattr(run, quantity)[-1] for run in runs])
                at = np.unique(place)
                middle = np.array([np.median(value[place == each]) for each in at])
                inside = (value > limits[0]) & (value < limits[1])
                if isinstance(x, str):
                    kept = (middle > limits[0]) & (middle < limits[1])
                    # To what left the axis leads only a thin dotted line, as far as the edge.
                    axis.plot(at + shift, np.where(kept, middle, edge), color=color, linewidth=0.9, linestyle=":")
                    axis.plot(at + shift, np.where(kept, middle, np.nan), color=color, linewidth=1.2)
                place = place + shift
                dots = axis.plot(place[inside], value[inside], color=color, linestyle="", marker=marker, markersize=7)
                drawn[label({"batch_size": size})] = dots[0]
                if not inside.all():
                    axis.plot(place[~inside], np.full((~inside).sum(), edge), color=color, clip_on=False, **_CROSS)
                    crosses += 1
        epochs = {record.setting.epochs for record in found}
        when = f"after {epochs.pop()} epochs" if len(epochs) == 1 else "at the end"
        axes[0, 0].set_ylabel(f"{QUANTITIES[quantity]}\n{when}")
        if band:
            corner = (len(places) - 0.55, band[1])
            note(axes[0, -1], band[0], corner, (0, -7), ha="right", va="top", fontsize=10)
        if len(sizes) == 1:
            drawn = {}
        if crosses:
            drawn[cross] = Line2D([], [], color="#5f5f5f", **_CROSS)
        if drawn:
            legend_below(figure, drawn)
    return figure


def spread(ran, method, lost, labels=None):
    """Left, what each method ended with from each start, on a line as long as the start matters; right, α of one.

    Args:
        ran: key of `METHODS` → (α₀ → run), the first method on top; up to six α₀, the same for all.
        method: whose α is drawn on the right.
        lost: the training loss above which a run is lost, where the panel is tinted.
        labels: key of `METHODS` → what it is called here (default: its label).
    """
    starts, labels = list(ran[method]), labels or {}
    looks = list(zip(starts, shades(len(starts)), MARKERS, DASHES, strict=False))
    with house_style():
        figure, (left, right) = plt.subplots(1, 2, figsize=(9.2, 3.9), width_ratios=(3, 2))
        for row, runs in enumerate(ran.values()):
            losses = [runs[start].train_loss[-1] for start in starts]
            left.plot([min(losses), max(losses)], [-row] * 2, color="#8c8c8c", linewidth=1.6, zorder=1)
            aside = 0.24 * (np.arange(len(starts)) / max(len(starts) - 1, 1) - 0.5)  # so that none is hidden
            for loss, (_, color, marker, _), shift in zip(losses, looks, aside, strict=True):
                left.plot(loss, -row - shift, marker, color=color, markersize=8)
        left.set(xscale="log", ylim=(0.5 - len(ran), 0.5), xlabel="final training loss (shorter line: α₀ matters less)")
        left.set_xlim(right=4 * lost)
        left.axvspan(lost, 4 * lost, color="#D55E00", alpha=0.1, linewidth=0)
        left.text(1.1 * lost, 0.45, "lost", va="top")
        left.xaxis.set_major_formatter(Plain())
        left.set_yticks(-np.arange(len(ran)), [labels.get(name, METHODS[name].label) for name in ran])
        set_log(right)
        drawn = {}
        for start, color, marker, dash in looks:
            draw_run({"alpha": right}, [ran[method][start]], {"color": color, "linestyle": dash, "linewidth": 1.6})
            right.plot(0, start, marker, color=color, markersize=8)
            drawn[f"α₀ = {start:g}"] = Line2D([], [], color=color, linestyle=dash, marker=marker, markersize=8)
        right.set_title(f"α of {labels.get(method, METHODS[method].label)}", loc="left")
        name_epochs(right)
        legend_below(figure, drawn)
    return figure


def _tick(place):
    """What stands below a place of the axis: a value, or what tells a combination of values apart, on lines."""
    if len(place) > 1:
        return label(place).replace(", ", "\n")
    (value,) = place.values()
    return value if isinstance(value, str) else f"{value:.3g}"
