"""The paper's grids of runs in its layout: a line for the mean over the seeds, in a band, and every seed thin."""

from itertools import product

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.lines import Line2D

from tlr.course.plots.marks import labeled
from tlr.course.plots.run_panels import MARKERS, QUANTITIES, draw_run, name_epochs, set_log
from tlr.course.plots.style import DASHES, METHODS, darkened, house_style, legend_below, legend_columns, shades, written

__all__ = ["grid", "label", "values_of"]

#: Fields whose values are powers of ten, and written as such.
_POWERS = ("beta", "eta")
_SYMBOLS = {"alpha0": "α₀", "batch_size": "batch", "beta": "β", "eta": "η"}


def grid(found, lines, *, columns=None, quantities=tuple(QUANTITIES), log=(), limits=None):
    """Panels of runs; in each a line for every value of the fields that `lines` names.

    The quantities lie beside each other, or below each other where a field tells columns apart.
    Several seeds of a setting are one line, as `draw_run` says. A run with an α per tensor has a line for each, with a
    marker that tells the tensors apart where they are six at most.

    Args:
        found: a list of `tlr.course.records.Record`.
        lines: one or two fields of `Setting`. With "method" among them, lines have the color of their method.
        columns: the field of `Setting` whose values tell columns apart (default None).
        quantities: any of "train_loss", "alpha", "test_accuracy" (default: all).
        log: those with a logarithmic axis (default: none); where an α is negative, its axis has both signs.
        limits: quantity → (lower, upper) end of its axis (default: what the runs need).
    """
    measured = [{"quantity": name} for name in quantities]
    down, across = (measured, values_of(found, (columns,))) if columns else ([{}], measured)
    looks = _looks(values_of(found, lines))
    groups = max((record.groups for record in found), key=len)
    markers = MARKERS[: len(groups)] if 1 < len(groups) <= len(MARKERS) else ""
    names = [look["label"] for _, look in looks] + list(groups)[: len(markers)]
    height = 0.9 + 1.8 * len(down) + 0.22 * -(-len(names) // legend_columns(names))
    sharey = "row" if columns else "col"
    with house_style():
        figure, axes = plt.subplots(
            len(down), len(across), figsize=(9.2, height), sharex=True, sharey=sharey, squeeze=False
        )
        for axis, (row, column) in zip(axes.flat, product(down, across), strict=True):
            panel = row | column
            quantity = panel.pop("quantity")
            if quantity in log:
                negative = quantity == "alpha" and any(np.any(record.rates < 0) for record in found)
                axis.set_yscale("symlog", linthresh=1e-4) if negative else set_log(axis)
            if quantity in (limits or {}):
                axis.set_ylim(limits[quantity])
            for line, look in looks:
                if seeds := [record for record in found if _matches(record, panel | line)]:
                    own = markers if len(seeds[0].groups) > 1 and quantity == "alpha" else ""
                    draw_run({quantity: axis}, seeds, look, own)
        for axis, column in zip(axes[0], across, strict=True):
            axis.set_title(label(column), pad=9)  # a cross at the upper edge needs the room
        for axis, row in zip(axes[:, 0], down, strict=True):
            axis.set_ylabel(label(row))
        for axis in axes[-1]:
            name_epochs(axis)
        drawn = labeled(*axes.flat)
        for name, marker in zip(groups, markers, strict=False):
            drawn[name] = Line2D([], [], color="#5f5f5f", linestyle="", marker=marker)
        legend_below(figure, {name: drawn[name] for name in names})
    return figure


def label(values):
    """What figures and tables call these values of fields of `Setting`, e.g. "TLR (Eq. 8), batch 64"."""
    if "quantity" in values:
        return QUANTITIES[values["quantity"]]
    words = {name: _word(name, value) for name, value in values.items() if value is not None}
    if "method" in words and len(words) > 1:  # "hypergradient, β" is to be followed by the value of β
        words["method"] = words["method"].removesuffix(", β")
    return ", ".join(words.values())


def _word(name, value):
    if name == "method":
        return METHODS[value].label
    if name == "per":
        return "one α" if value == "model" else f"α per {value}"
    if name == "variant":
        return value
    word = _SYMBOLS.get(name, name)
    if isinstance(value, int):
        return f"{word} {value}"
    return f"{word} = {written(value)}" if name in _POWERS else f"{word} = {value:.3g}"


def values_of(found, names):
    """The combinations of values that these fields have, as dicts, in order; methods in the order of `METHODS`."""
    methods = list(METHODS)
    combinations = {tuple(getattr(r.setting, name) for name in names) for r in found}

    def order(values):
        return [
            (value is not None, methods.index(value) if name == "method" else value)
            for name, value in zip(names, values, strict=True)
        ]

    return [dict(zip(names, values, strict=True)) for values in sorted(combinations, key=order)]


def _matches(record, values):
    return all(getattr(record.setting, name) == value for name, value in values.items())


def _looks(lines):
    """(line, keyword arguments for `Axes.plot`) for each line."""
    first = [next(iter(line.values())) for line in lines]
    of_first = {value: [line for line, own in zip(lines, first, strict=True) if own == value] for value in first}
    colors = shades(len(of_first), next(iter(lines[0])))
    looks = []
    for i, (value, group) in enumerate(of_first.items()):
        for j, line in enumerate(group):
            if value in METHODS and len(group) == 1:
                look = METHODS[value].line
            elif value in METHODS:
                dash = DASHES[(j + 1) % len(DASHES)]  # the solid line is TLR's
                color = darkened(METHODS[value].color, 0.35 + 0.65 * j / (len(group) - 1))
                look = {"color": color, "linestyle": dash}
            else:
                look = {"color": colors[i], "linestyle": DASHES[j if len(of_first) < len(lines) else i]}
            looks.append((line, look | {"label": label(line)}))
    return looks
