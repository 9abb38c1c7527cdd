"""Panels of curves side by side, each with a key of its own: what the theorems say, and what was measured."""

import matplotlib.pyplot as plt
import numpy as np

from tlr.course.plots.picture import STYLES
from tlr.course.plots.style import DRAWN, house_style, plain_looks

__all__ = ["panels"]


def panels(each, *, xlabels, ylabels, titles=None, log="y", limits=None, levels=None, named=None, edge=None, keys=None):
    """Panels of curves.

    Args:
        each: for each panel, name → y, or (x, y); without x it is 0, 1, …. The name of a rule, a method or a way of
            `DRAWN` brings its style and label; others are drawn in shades, or in grays beside one of those.
        xlabels, ylabels: one for each panel, or one for all.
        titles: one for each panel (default: none).
        log: the axes that are logarithmic, "", "x", "y" or "xy", for each panel or one for all (default "y").
        limits: (low, high) of y, for each panel or one for all (default: those of the data).
        levels: name → height of a dashed line across, for each panel (default: none).
        named: name → (x, y) where the line's label is written, in its color, for each panel; these are in no key.
        edge: name → height at which it is written beyond the right edge, for each panel (default: none).
        keys: the numbers of the panels that have a key (default: all).
    """
    with house_style():
        figure, axes = plt.subplots(1, len(each), figsize=(9.2, 4.2), squeeze=False)
        for number, (axis, curves) in enumerate(zip(axes[0], each, strict=True)):
            known = {name: STYLES[name].line for name in curves if name in STYLES}
            known |= {name: DRAWN[name] | {"label": name} for name in curves if name in DRAWN}
            known |= plain_looks([name for name in curves if name not in known], beside_methods=bool(known))
            drawn = {}
            for name, curve in curves.items():
                x, y = curve if isinstance(curve, tuple) else (np.arange(len(curve)), curve)
                (drawn[name],) = axis.plot(x, y, **known[name], linewidth=1.6)
            for name, height in (levels[number] if levels else {}).items():
                drawn[name] = axis.axhline(height, color="#000000", linestyle=(0, (5, 2)), linewidth=1.2, label=name)
            axis.set(xlabel=_of(xlabels, number), ylabel=_of(ylabels, number))
            axis.set_xscale("log" if "x" in _of(log, number) else "linear")
            axis.set_yscale("log" if "y" in _of(log, number) else "linear")
            if limits is not None:
                axis.set_ylim(limits if np.ndim(limits) == 1 else limits[number])
            if titles:
                axis.set_title(titles[number], loc="left")
            places = named[number] if named else {}
            for name, place in places.items():
                axis.text(*place, drawn[name].get_label(), color=drawn[name].get_color(), fontsize=10, va="center")
            for name, height in (edge[number] if edge else {}).items():
                beyond = axis.get_yaxis_transform()
                axis.text(1.008, height, name, transform=beyond, color="#6E6E6E", fontsize=10, va="center")
            keyed = [line for name, line in drawn.items() if name not in places]
            if keyed and (keys is None or number in keys):
                axis.legend(handles=keyed, fontsize=9)
    return figure


def _of(labels, number):
    return labels if isinstance(labels, str) else labels[number]
