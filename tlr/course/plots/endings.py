"""How runs ended: a dot for each, over the setting that its user had to choose."""

import matplotlib.pyplot as plt
import numpy as np

from tlr.course.plots.grids import label, values_of
from tlr.course.plots.run_panels import MARKERS, QUANTITIES, set_log
from tlr.course.plots.style import METHODS, house_style, legend_below, shades

__all__ = ["ends"]


def ends(found, limits, *, x="alpha0", lines="batch_size", quantity="test_accuracy"):
    """A panel for each method: what its runs ended with over `x`, in a color and a marker for each value of `lines`.

    A run that ended outside of the axis, or diverged, is a cross at its edge. Every seed has its own dot; the line goes
    through their medians.

    Args:
        found: a list of `tlr.course.records.Record`.
        limits: (lower, upper) end of the axis of the quantity.
        x: the field of `Setting` along the axis (default: α₀). Its values stand at equal distances.
        lines: the field of `Setting` that tells lines apart (default: the batch size); six values at most.
        quantity: "test_accuracy" (default), or "train_loss" on a logarithmic axis.

    Returns:
        The Figure.
    """
    methods, places, groups = ([v[name] for v in values_of(found, (name,))] for name in ("method", x, lines))
    scale, lost = (100, limits[0]) if quantity == "test_accuracy" else (1, limits[1])
    with house_style():
        figure, axes = plt.subplots(1, len(methods), figsize=(9.2, 3), sharey=True, squeeze=False)
        drawn = {}
        for axis, method in zip(axes[0], methods, strict=True):
            if quantity == "train_loss":
                set_log(axis)
            axis.set(title="\n".join(METHODS[method].label.split(", ")), xlabel=label({x: 0.0}).split(" = ")[0])
            axis.set(ylim=limits, xlim=(-0.4, len(places) - 0.6))
            axis.set_xticks(range(len(places)), [f"{place:g}" for place in places])
            for group, color, marker in zip(groups, shades(len(groups)), MARKERS[: len(groups)], strict=True):
                runs = [r for r in found if (r.setting.method, getattr(r.setting, lines)) == (method, group)]
                place = np.array([places.index(getattr(run.setting, x)) for run in runs])
                value = np.array([scale * getattr(run, quantity)[-1] for run in runs])
                at = np.unique(place)
                axis.plot(at, [np.median(value[place == each]) for each in at], color=color, linewidth=1.2)
                inside = (value > limits[0]) & (value < limits[1])
                dots = axis.plot(place[inside], value[inside], color=color, linestyle="", marker=marker, markersize=7)
                drawn[label({lines: group})] = dots[0]
                if not inside.all():
                    cross = {"linestyle": "", "marker": "x", "markersize": 10, "markeredgewidth": 2.5, "clip_on": False}
                    axis.plot(place[~inside], np.full((~inside).sum(), lost), color=color, **cross)
        axes[0, 0].set_ylabel(f"{QUANTITIES[quantity]}\nat the end")
        legend_below(figure, drawn)
    return figure
