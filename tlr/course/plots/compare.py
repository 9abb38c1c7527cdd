"""Recorded runs beside each other: methods and their options, and one run's rates tensor by tensor."""

from collections import Counter

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, ScalarFormatter

from tlr.course.plots.style import DASHES, METHODS, house_style, shades

__all__ = ["compare", "rates"]

# What tells variants of one method apart, its colour being one: a dash and a marker for each.
_VARIANTS = tuple(zip(DASHES, "os^DvP", strict=True))
_SYMBOLS = {"beta": "β", "eta": "η", "p": "p", "c": "c"}


def compare(records, *, floor=0.0, ceiling=None):
    """Training loss, α and test accuracy of several records over the epochs, with one legend below.

    Args:
        records: a list of `Record`, each drawn in its method's colour. Several of one method are told
            apart by the first option in which they differ. Where a run has many rates, the line is their median
            and the band reaches from the smallest to the largest. One that diverged ends in a cross.
        floor: where the axis of the accuracy begins (0..1, default 0).
        ceiling: where the axis of the loss ends (default: above the highest).
    """
    negative = any(np.any(record.alpha <= 0) for record in records)
    finite = np.concatenate([record.train_loss[np.isfinite(record.train_loss)] for record in records])
    lowest, top = finite.min(initial=1), ceiling or 1.2 * finite.max(initial=1)
    with house_style():
        figure, (loss, alpha, accuracy) = plt.subplots(1, 3, figsize=(9.2, 4.2))
        for record, style in zip(records, _styles(records), strict=True):
            shown = len(record.train_loss) - (record.status == "diverged")
            epochs, rates = np.arange(1, shown + 1), np.vstack([record.alpha0, record.alpha])[: shown + 1]
            loss.plot(epochs, record.train_loss[:shown], **style)
            alpha.plot(np.arange(shown + 1), np.median(rates, axis=1), **style)
            if rates.shape[1] > 1:
                band = {"color": style["color"], "alpha": 0.15, "linewidth": 0}
                alpha.fill_between(np.arange(shown + 1), rates.min(axis=1), rates.max(axis=1), **band)
            accuracy.plot(epochs, 100 * record.test_accuracy[:shown], **style)
            if record.status == "diverged":
                loss.plot(shown + 1, top, "x", color=style["color"], markersize=9, markeredgewidth=2.5, clip_on=False)
        loss.set(title="training loss", ylim=(lowest - 0.05 * (top - lowest), top))
        alpha.set(title="learning rate α")
        if negative:
            alpha.axhline(0, color="#000000", linewidth=0.8)
        else:
            alpha.set_yscale("log")
        accuracy.set(title="test accuracy (%)", ylim=(100 * floor, None))
        for axes in (loss, alpha, accuracy):
            axes.set_xlabel("epoch")
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        figure.legend(*loss.get_legend_handles_labels(), loc="outside lower center", ncols=3, handlelength=3)
    return figure


def _styles(records):
    """Colour, dash, marker and label for each record."""
    kinds = [(record.setting.method, record.setting.per) for record in records]
    for (method, _), runs in Counter(kinds).items():
        if runs > len(_VARIANTS):
            raise ValueError(
                f"{runs} runs of {METHODS[method].label} are more than can be told apart in one picture "
                f"({len(_VARIANTS)}): choose some of them, those of one batch size for instance."
            )
    styles = []
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
        styles.append(line | {"label": label})
    return styles


def rates(record):
    """α of every weight tensor of a run over the epochs, from the input (dark) to the output (light).

    Args:
        record: a `Record` with an α per tensor, in the order of the network. Tensors of norms and biases
            are thin and gray.
    """
    names = [name for name in record.groups if name.endswith(("conv.weight", "conv1.weight", "conv2.weight"))]
    names += [name for name in record.groups if name.endswith(("shortcut.weight", "output.weight"))]
    names = [name for name in record.groups if name in names]
    everything = np.vstack([record.alpha0, record.alpha])
    colors = shades(len(names))
    with house_style():
        figure, axes = plt.subplots(figsize=(9.2, 4.2))
        for name, values in zip(record.groups, everything.T, strict=True):
            if name in names:
                number = names.index(name)
                dash = DASHES[number % len(DASHES)]
                axes.plot(values, color=colors[number], linestyle=dash, label=name.removesuffix(".weight"))
            else:
                axes.plot(values, color="#8c8c8c", linewidth=0.7, zorder=1)
        axes.plot([], [], color="#8c8c8c", linewidth=0.7, label="norms and biases")
        axes.set(yscale="log", xlabel="epoch", ylabel="learning rate α")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set(major_formatter=ScalarFormatter(), minor_formatter=NullFormatter())
        figure.legend(loc="outside right center", fontsize=9, handlelength=3)
    return figure
