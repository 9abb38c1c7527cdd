"""The paper's grids of runs in its layout: a line for the mean over the seeds, in a band, and every seed thin."""

from itertools import product

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from tlr.course.plots.style import DASHES, METHODS, house_style, shades

__all__ = ["grid", "label"]

#: What is measured by epoch → the label of its axis.
_QUANTITIES = {"train_loss": "training loss", "alpha": "learning rate α", "test_accuracy": "test accuracy (%)"}
_MARKERS = "os^DvP"
_SYMBOLS = {"alpha0": "α₀", "batch_size": "batch", "beta": "β", "eta": "η"}


def grid(found, lines, *, rows=None, columns=None, quantities=tuple(_QUANTITIES), log=(), limits=None):
    """Panels of runs in rows and columns; in each a line for every value of the fields that `lines` names.

    Along the side for which no field is named lie the quantities: along the columns, if neither is.
    Where several seeds of a setting are there, the line is their mean, in a band of one standard deviation, and each
    seed is drawn thin. A run that diverged ends in a cross, and so does the mean, with the first that does. A run with
    an α per tensor has a line for each, with a marker that tells the tensors apart where they are six at most.

    Args:
        found: a list of `tlr.course.records.Record`.
        lines: one or two fields of `Setting`. With "method" among them, lines have the colour of their method.
        rows, columns: the fields of `Setting` whose values tell rows and columns apart (default None).
        quantities: any of "train_loss", "alpha", "test_accuracy" (default: all); one, if both fields are named.
        log: those with a logarithmic axis (default: none).
        limits: quantity → (lower, upper) end of its axis (default: what the runs need).

    Returns:
        The Figure.
    """
    measured = [{"quantity": name} for name in quantities]
    down = _values(found, (rows,)) if rows else (measured if columns else [{}])
    across = _values(found, (columns,)) if columns else measured
    looks = _looks(_values(found, lines))
    tensors = _markers(max((record.groups for record in found), key=len))
    names = [look["label"] for _, look in looks] + list(tensors)
    legend_columns = min(len(names), max(1, 100 // (9 + max(map(len, names)))))
    height = 0.9 + 1.8 * len(down) + 0.22 * -(-len(names) // legend_columns)
    with house_style():
        figure, axes = plt.subplots(
            len(down),
            len(across),
            figsize=(9.2, height),
            sharex=True,
            sharey="col" if across is measured else "row",
            squeeze=False,
        )
        for axis, (row, column) in zip(axes.flat, product(down, across), strict=True):
            panel = {"quantity": quantities[0], **row, **column}
            quantity = panel.pop("quantity")
            axis.set_yscale("log" if quantity in log else "linear")
            ends = (limits or {}).get(quantity, (-np.inf, np.inf))
            for line, look in looks:
                _draw(axis, [_curve(r, quantity) for r in found if _matches(r, panel | line)], look, ends)
            if np.isfinite(ends).all():
                axis.set_ylim(ends)
        for axis, column in zip(axes[0], across, strict=True):
            axis.set_title(label(column))
        for axis, row in zip(axes[:, 0], down, strict=True):
            axis.set_ylabel(label(row))
        if rows and columns:
            figure.supylabel(_QUANTITIES[quantities[0]], fontsize="medium")
        for axis in axes[-1]:
            axis.set_xlabel("epoch")
            axis.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        drawn = {
            name: handle for axis in axes.flat for handle, name in zip(*axis.get_legend_handles_labels(), strict=True)
        }
        for name, marker in tensors.items():
            drawn[name] = Line2D([], [], color="#5f5f5f", linestyle="", marker=marker)
        figure.legend(
            [drawn[name] for name in names],
            names,
            loc="outside lower center",
            ncols=legend_columns,
            handlelength=3,
        )
    return figure


def label(values):
    """What figures and tables call these values of fields of `Setting`, e.g. "TLR (Eq. 8), batch 64"."""
    if "quantity" in values:
        return _QUANTITIES[values["quantity"]]
    words = {name: _word(name, value) for name, value in values.items() if value is not None}
    if "method" in words and len(words) > 1:  # "hypergradient, β" is to be followed by the value of β
        words["method"] = words["method"].removesuffix(", β")
    return ", ".join(words.values())


def _word(name, value):
    if name == "method":
        return METHODS[value].label
    if name == "per":
        return "one α" if value == "model" else f"α per {value}"
    word = _SYMBOLS.get(name, name)
    return f"{word} {value}" if isinstance(value, int) else f"{word} = {value:.3g}"


def _values(found, names):
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
    colors = shades(len(of_first))
    looks = []
    for i, (value, group) in enumerate(of_first.items()):
        for j, line in enumerate(group):
            if value in METHODS and len(group) == 1:
                look = METHODS[value].line
            elif value in METHODS:
                dash = DASHES[(j + 1) % len(DASHES)]  # the solid line is TLR's
                look = {"color": _tint(METHODS[value].color, j / (len(group) - 1)), "linestyle": dash}
            else:
                look = {"color": colors[i], "linestyle": DASHES[j if len(of_first) < len(lines) else i]}
            looks.append((line, look | {"label": label(line)}))
    return looks


def _tint(color, share):
    """The colour from dark (share 0) to itself (1)."""
    return tuple(np.array(to_rgb(color)) * (0.35 + 0.65 * share))


def _curve(record, quantity):
    """(epochs, values of shape (n, k), the names of the k, whether it diverged)."""
    diverged = record.status == "diverged"
    n = len(record.train_loss) - diverged  # where it diverged the loss is not finite
    if quantity == "alpha":
        return np.arange(n + 1), np.vstack([record.alpha0, record.alpha[:n]]), record.groups, diverged
    scale = 100 if quantity == "test_accuracy" else 1
    return np.arange(1, n + 1), scale * getattr(record, quantity)[:n, None], ("all",), diverged


def _markers(names):
    """Tensor → its marker, where there are several and few enough to be told apart."""
    return dict(zip(names, _MARKERS, strict=False)) if 1 < len(names) <= len(_MARKERS) else {}


def _draw(axis, curves, look, ends):
    if not curves:
        return
    epochs, _, names, _ = min(curves, key=lambda curve: len(curve[0]))
    values = np.stack([values[: len(epochs)] for _, values, _, _ in curves])
    mean, spread = values.mean(axis=0), values.std(axis=0)
    markers = _markers(names)
    for i, line in enumerate(mean.T):
        axis.plot(epochs, line, **look | ({} if i == 0 else {"label": None}))
        if markers:  # apart from the line, or the legend would give the first tensor's to all
            axis.plot(epochs, line, color=look["color"], linestyle="", marker=markers[names[i]], markersize=5)
    if len(curves) > 1:
        for low, high in zip((mean - spread).T, (mean + spread).T, strict=True):
            axis.fill_between(epochs, low, high, color=look["color"], alpha=0.2, linewidth=0)
        for own_epochs, own, _, _ in curves:
            axis.plot(own_epochs, own, color=look["color"], linewidth=0.6, alpha=0.6)
    if any(diverged for *_, diverged in curves) and len(epochs):
        axis.plot(
            epochs[-1],
            np.clip(mean[-1, 0], *ends),
            "x",
            color=look["color"],
            markersize=9,
            markeredgewidth=2.5,
            clip_on=False,
        )
