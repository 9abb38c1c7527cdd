"""Strips one above the other over the same steps, as an explosion is seen in slow motion."""

from itertools import cycle

import matplotlib.pyplot as plt
import numpy as np

from tlr.course.plots.marks import note, ticks_between
from tlr.course.plots.picture import STYLES
from tlr.course.plots.run_panels import set_log
from tlr.course.plots.style import DASHES, house_style

__all__ = ["slow_motion"]


def slow_motion(strips, *, xlabel, moment=None, told="", color="#B3123D", spans=None):
    """Aligned strips of positive curves, each with a logarithmic axis and a legend of its own beside it.

    Args:
        strips: label of the strip → (name → (x, y)). Few points get dots. The name of a rule or a method brings its
            style and label; others are black, in dashes of their own.
        xlabel: what x is.
        moment: where a vertical line crosses all strips (default: nowhere).
        told: what is written beside that line.
        color: of the line and of what is written (default: red).
        spans: how many units of x are numbered from 1, each in its middle, with a line of the grid at its borders
            (default: x has numbers as usual).
    """
    with house_style():
        figure, axes = plt.subplots(len(strips), figsize=(9.2, 0.7 + 1.45 * len(strips)), sharex=True, squeeze=False)
        for axis, (label, curves) in zip(axes[:, 0], strips.items(), strict=True):
            set_log(axis)
            for (name, (x, y)), dash in zip(curves.items(), cycle(DASHES), strict=False):
                look = STYLES[name].line if name in STYLES else {"color": "#000000", "linestyle": dash, "label": name}
                dots = {"marker": "o", "markersize": 4} if len(x) < 40 else {}
                axis.plot(x, y, **look, **dots, linewidth=1.4)
            axis.set_ylabel(label)
            if len(curves) > 1:
                axis.legend(fontsize=9, loc="center left", bbox_to_anchor=(1, 0.5))
            if moment is not None:
                axis.axvline(moment, color=color, linewidth=1.2)
        if moment is not None:
            place = {"xycoords": ("data", "axes fraction"), "ha": "right", "va": "top"}
            note(axes[0, 0], told, (moment, 0.9), (-6, 0), color=color, **place)
        if spans is not None:
            for axis in axes[:, 0]:
                ticks_between(axis, np.arange(spans) + 0.5, range(1, spans + 1), np.arange(spans + 1))
        axes[-1, 0].set_xlabel(xlabel)
    return figure
