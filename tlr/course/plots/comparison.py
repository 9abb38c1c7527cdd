"""Runs beside each other: methods and their options, one run's rates tensor by tensor, and what α₀ decides."""

from collections import Counter

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import to_hex, to_rgb
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullFormatter, ScalarFormatter

from tlr.course.plots.marks import arrow, labeled, note, ticks_along
from tlr.course.plots.run_panels import QUANTITIES, draw_run, loss_and_alpha, name_epochs, set_log
from tlr.course.plots.style import DASHES, METHODS, Method, darkened, house_style, legend_below, plain_looks, written

__all__ = ["by_method", "compare", "rates", "restarts", "sensitivity", "span"]

# What tells variants of one method apart, its color being one: a dash and a marker for each.
_VARIANTS = tuple(zip(DASHES, "os^DvP", strict=True))
_ACROSS = 4  # panels of `sensitivity` in a row
_WORST = 3.0  # the highest loss that it shows, a little above that of guessing one of ten
# The kinds of tensors in a residual network, and how they are drawn.
_KINDS = {
    "convolutions": {"color": "#0072B2", "marker": "s"},
    "shortcuts": {"color": "#6A3D9A", "marker": "D"},
    "scales of norms": {"color": "#D55E00", "marker": "^"},
    "shifts of norms": {"color": "#009E73", "marker": "v"},
    "output layer": {"color": "#000000", "marker": "*"},
}
_SYMBOLS = {"beta": "β", "eta": "η", "p": "p", "c": "c"}


def restarts(plain, restarted):
    """Loss and α over the epochs of two runs, the second of which sets α back to its peak when it has lost enough.

    Args:
        plain, restarted: runs, as `tlr.course.training.train` returns them, with one α. An arrow shows each restart,
            which comes after an epoch that ends below a quarter of the highest α so far.
    """
    alpha = restarted.alpha[:, 0]
    peak = np.maximum.accumulate(alpha)
    with house_style():
        figure, (loss, rate) = plt.subplots(1, 2, figsize=(9.2, 3.2))
        for axis, quantity in ((loss, "train_loss"), (rate, "alpha")):
            set_log(axis)
            axis.set_ylabel(QUANTITIES[quantity])
            name_epochs(axis)
        looks = plain_looks(["as it is", "with restarts"])
        for run, look in zip((plain, restarted), looks.values(), strict=True):
            draw_run({"train_loss": loss, "alpha": rate}, [run], look)
        rate.axhline(peak[-1] / 4, color="#000000", linewidth=1, linestyle=":", label="a quarter of the peak")
        for epoch in np.flatnonzero(alpha[:-1] < peak[:-1] / 4):
            arrow(rate, (epoch + 1, alpha[epoch]), (epoch + 1, peak[epoch]), linewidth=1.2)
        legend_below(figure, labeled(rate))
    return figure


def by_method(columns):
    """Training loss and α over the epochs, a column of panels for each method, so that no method hides another.

    Args:
        columns: title, or a key of `METHODS` that stands for its label → (name → run, or a list of runs that differ
            in their seed, each drawn thin). The same name has the same shade in every column, or its own look if it
            is a key of `METHODS`. A run that diverged ends in crosses.
    """
    columns = {
        title: {name: runs if isinstance(runs, list) else [runs] for name, runs in group.items()}
        for title, group in columns.items()
    }
    names = list(dict.fromkeys(name for group in columns.values() for name in group))
    others = [name for name in names if name not in METHODS]
    looks = {name: METHODS[name].line for name in names if name in METHODS}
    looks |= plain_looks(others, beside_methods=bool(looks))
    every = [run for group in columns.values() for runs in group.values() for run in runs]
    ends = [run.train_loss[np.isfinite(run.train_loss)] for run in every]
    with house_style():
        figure, axes = loss_and_alpha(columns)
        for (loss, alpha), group in zip(axes.T, columns.values(), strict=True):
            for name, seeds in group.items():
                # Without mean and band: on these axes a few lost runs would make up both.
                for number, run in enumerate(seeds):
                    look = looks[name] | {"linewidth": 1.6 if len(seeds) == 1 else 1.0}
                    draw_run({"train_loss": loss, "alpha": alpha}, [run], look | ({"label": None} if number else {}))
        axes[0, 0].set_ylim(top=3 * min(np.concatenate(ends).max(), 10))
        if not {*names} <= {*columns}:  # otherwise the titles say it
            legend_below(figure, labeled(axes[0, 0]))
    return figure


def compare(records, *, ceiling=None):
    """Training loss, α and test accuracy of several records over the epochs, with one legend below.

    Args:
        records: a list of `Record`, each drawn in its method's color. Several of one method go from that color to dark,
            and the legend names the first option in which they differ. Where a run has many rates, the line is their
            median and the band reaches from the smallest to the largest. A run that diverged ends in crosses. Where
            an α is negative, the axis of α is linear.
        ceiling: where the axis of the loss ends (default: above the highest).

    Raises:
        ValueError: for more runs of one method than can be told apart.
    """
    finite = np.concatenate([record.train_loss[np.isfinite(record.train_loss)] for record in records])
    lowest, top = finite.min(initial=1), ceiling or 1.2 * finite.max(initial=1)
    negative = any(np.any(record.rates < 0) for record in records)
    with house_style():
        figure, panels = plt.subplots(1, len(QUANTITIES), figsize=(9.2, 4.2), sharex=True)
        axes = dict(zip(QUANTITIES, panels, strict=True))
        if not negative:
            set_log(axes["alpha"])
        for record, style in zip(records, _styles(records), strict=True):
            draw_run(axes, [record], style)
        if negative:
            axes["alpha"].axhline(0, color="#000000", linewidth=0.8)
        for quantity, axis in axes.items():
            axis.set_title(QUANTITIES[quantity])
            name_epochs(axis)
        axes["train_loss"].set_ylim(lowest - 0.05 * (top - lowest), top)
        legend_below(figure, labeled(axes["train_loss"]))
    return figure


def _styles(records):
    """Color, dash, marker and label for each record."""
    kinds = [(record.setting.method, record.setting.per) for record in records]
    for (method, _), number in Counter(kinds).items():
        if number > len(_VARIANTS):
            raise ValueError(
                f"{number} runs of {METHODS[method].label} are more than can be told apart in one picture "
                f"({len(_VARIANTS)}): choose some of them, those of one batch size for instance."
            )
    looks, methods = [], [method for method, _ in kinds]
    for i, (record, kind) in enumerate(zip(records, kinds, strict=True)):
        look, label = METHODS[kind[0]], METHODS[kind[0]].label
        color = darkened(look.color, 1 - 0.75 * methods[:i].count(kind[0]) / max(methods.count(kind[0]) - 1, 1))
        dash, marker = (look.dash, look.marker) if kinds.count(kind) == 1 else _VARIANTS[kinds[:i].count(kind)]
        if record.setting.per == "tensor":
            label, dash, marker = f"{label}, per tensor: median and range", (0, (4, 1, 1, 1)), "p"
        for option, symbol in _SYMBOLS.items():
            value = getattr(record.setting, option)
            alike = [other.setting for other in records if other.setting.method == kind[0]]
            if len({getattr(setting, option) for setting in alike}) > 1:
                label = f"{label.removesuffix(f', {symbol}')}, {symbol} = {written(value)}"
        line = {"color": color, "linestyle": dash, "linewidth": 1.6, "marker": marker, "markersize": 4}
        looks.append(line | {"label": label})
    return looks


def rates(record):
    """α of every tensor of a run against its depth: left the largest that it had, right the one at the end.

    Args:
        record: a `Record` with an α per tensor, in the order of the network. Each tensor is a dot, whose shape and
            color say of what kind it is; the dashed line is α₀.
    """
    kinds = [_kind(name) for name in record.groups]
    depth = np.arange(1, len(kinds) + 1)
    with house_style():
        figure, panels = plt.subplots(1, 2, figsize=(9.2, 4.2), sharex=True, sharey=True)
        drawn = {"largest α over the epochs": record.rates.max(axis=0), "α at the end": record.rates[-1]}
        for axes, (title, alpha) in zip(panels, drawn.items(), strict=True):
            for kind, look in _KINDS.items():
                of_kind = np.array([each == kind for each in kinds])
                axes.plot(depth[of_kind], alpha[of_kind], linestyle="", markersize=7, label=kind, **look)
            axes.axhline(record.alpha0[0], color="#000000", linewidth=1, linestyle=(0, (5, 2)), zorder=0)
            axes.set(yscale="log", title=title, xlabel="tensor, from the input (1) to the output")
        panels[0].set_ylabel("learning rate α")
        panels[0].yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        panels[0].yaxis.set(major_formatter=ScalarFormatter(), minor_formatter=NullFormatter())
        legend_below(figure, labeled(panels[0]))
    return figure


def _kind(name):
    """What a tensor is: a key of `_KINDS`."""
    if "norm" in name:
        return "scales of norms" if name.endswith("weight") else "shifts of norms"
    if name.startswith("output"):
        return "output layer"
    return "shortcuts" if "shortcut" in name else "convolutions"


def sensitivity(grid, loss, usual, reference):
    """Final training loss over α₀: a panel for each method, with the same reference, a thin line, behind it.

    The line goes through the seeds' geometric means; each seed has a marker. What ends above `_WORST`, or diverged, is
    drawn there. A dotted line marks the α₀ that is usual for the method.

    Args:
        grid: the values of α₀, (k,).
        loss: method → final training losses, (k, seeds). Keys of `METHODS` have their color, any other is black.
        usual: method → its usual α₀.
        reference: the method, a key of `loss` and of `METHODS`, that each panel shows.
    """
    ends = {method: np.minimum(values, _WORST) for method, values in loss.items()}
    means = {method: np.exp(np.log(values).mean(axis=1)) for method, values in ends.items()}
    down, thin = -(-len(loss) // _ACROSS), {"color": METHODS[reference].color, "linewidth": 1.2, "alpha": 0.7}
    with house_style():
        figure, axes = plt.subplots(
            down, _ACROSS, figsize=(9.2, 0.9 + 2.1 * down), sharex=True, sharey=True, squeeze=False
        )
        for axis, (method, values) in zip(axes.flat, ends.items(), strict=False):
            look = METHODS.get(method, Method(method, "#000000", "-", "o"))
            axis.plot(grid, means[reference], **thin, zorder=1)
            axis.axvline(usual[method], color="#000000", linewidth=1, linestyle=":", zorder=1)
            axis.plot(grid, means[method], color=look.color)
            axis.plot(grid, values, color=look.color, linestyle="", marker=look.marker, markersize=5)
            axis.set(xscale="log", yscale="log")
            axis.set_title(look.label, fontsize=11)
            ticks_along(axis, grid, [written(alpha0) for alpha0 in grid], fontsize=9)
            axis.tick_params(labelbottom=True)
        for axis in axes.flat[len(loss) :]:
            axis.set_visible(False)
        for axis in axes.flat[max(len(loss) - _ACROSS, 0) : len(loss)]:  # the lowest of each column
            axis.set_xlabel("α₀")
        for axis in axes[:, 0]:
            axis.set_ylabel("final training loss")
        drawn = {"the α₀ that is usual": Line2D([], [], color="#000000", linewidth=1, linestyle=":")}
        legend_below(figure, drawn | {METHODS[reference].label: Line2D([], [], **thin)})
    return figure


def span(loss, names=None, lost=np.inf, pale=()):
    """How far the choice of α₀ moves a method: a line from its lowest final loss (circle) to its highest (dot).

    The two losses stand beside them.

    Args:
        loss: a DataFrame by (method, batch size), a column for each α₀; a panel for each batch size. The first
            method is on top.
        names: method → how it is called (default: its label in `METHODS`).
        lost: from which loss on a dot stands at the right edge, as "lost", so that the others keep their room.
        pale: methods that stand back.
    """
    names = {name: look.label for name, look in METHODS.items()} | (names or {})
    best, worst = loss.min(axis=1).unstack(), loss.max(axis=1).unstack()
    order = [*dict.fromkeys(loss.index.get_level_values(0))][::-1]
    edge = 1.5 * worst[worst < lost].max().max()
    with house_style():
        rows = -(-worst.shape[1] // 2)
        size = (9.2, 0.8 + rows * (0.5 + 0.34 * len(order)))
        figure, axes = plt.subplots(rows, 2, figsize=size, sharex=True, sharey=True, squeeze=False)
        for axis in axes.flat[worst.shape[1] :]:
            axis.remove()
        for axis, size in zip(axes.flat, worst, strict=False):
            axis.set(xscale="log", xlim=(best.min().min() / 2.4, 2 * edge))
            axis.xaxis.set(major_locator=LogLocator(subs=(1, 3)), minor_formatter=NullFormatter())
            axis.xaxis.set_major_formatter("{x:g}")
            for place, method in enumerate(order):
                high, look = worst[size][method], {"color": METHODS[method].color, "markersize": 7}
                if method in pale:
                    look["color"] = to_hex(0.35 * np.array(to_rgb(look["color"])) + 0.65)
                ends = (best[size][method], min(high, edge))
                axis.plot(ends, [place] * 2, color=look["color"], linewidth=2.5)
                axis.plot(ends[:1], [place], "o", markerfacecolor="#ffffff", **look)
                axis.plot(ends[1:], [place], "o" if high < lost else "X", **look)
                words = [f"{ends[0]:#.2g}", f"{high:#.2g}" if high < lost else "lost"]
                for loss_there, said, offset, side in zip(ends, words, (-8, 8), ("right", "left"), strict=True):
                    told = {"color": "#707070" if method in pale else "#000000", "fontsize": 10}
                    note(axis, said, (loss_there, place), (offset, 0), ha=side, va="center", **told)
            axis.set_title(f"batches of {size}", fontsize=11)
        axes[0, 0].set_yticks(range(len(order)), [names[method] for method in order])
        axes[0, 0].set_ylim(-0.5, len(order) - 0.5)
        for axis in axes[-1]:
            axis.set_xlabel("final training loss")
        filled = {"from the best α₀": "#ffffff", "from the worst": "#6e6e6e"}
        dot = {"linestyle": "", "marker": "o", "color": "#6e6e6e", "markersize": 7}
        legend_below(figure, {name: Line2D([], [], markerfacecolor=face, **dot) for name, face in filled.items()})
    return figure
