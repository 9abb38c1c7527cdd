"""The figures of mini-batch training: images, how far consecutive gradients agree, what that makes of α."""

import matplotlib.pyplot as plt
import numpy as np

from tlr.course.plots.marks import note, ticks_along
from tlr.course.plots.run_panels import QUANTITIES, draw_run, loss_and_alpha, name_epochs, set_log
from tlr.course.plots.style import DASHES, DRAWN, METHODS, house_style

__all__ = ["agreement", "by_window", "drawing", "images", "two_rules", "valley", "window_agreement"]

#: Color, dash and marker of those whose advice `valley` shows.
_ADVISERS = (("#6A3D9A", "-", "s"), ("#0072B2", (0, (5, 1.5)), "o"))
#: Colors of the runs that `by_window` names.
_NAMED = ("#0072B2", "#D55E00", "#000000")


def images(pictures, labels):
    """A row of images, uint8 (n, height, width) or (n, height, width, 3), each under its label."""
    with house_style():
        figure, axes = plt.subplots(1, len(pictures), figsize=(9.2, 1.45), squeeze=False)
        for axis, picture, label in zip(axes.flat, pictures, labels, strict=True):
            axis.imshow(picture, cmap="gray_r")
            axis.set_title(str(label), fontsize=11)
            axis.axis("off")
    return figure


def agreement(rows):
    """Histograms of cosines between consecutive gradients, one panel for each row and column.

    Args:
        rows: name → (column name → cosines, one-dimensional). Each panel says what share of them is negative.
    """
    columns = list(next(iter(rows.values())))
    bins = np.linspace(-1, 1, 41)
    with house_style():
        figure, axes = plt.subplots(
            len(rows), len(columns), figsize=(9.2, 0.9 + 1.7 * len(rows)), sharex=True, squeeze=False
        )
        for line, (row, values) in zip(axes, rows.items(), strict=True):
            for axis, column in zip(line, columns, strict=True):
                share = np.mean(values[column] < 0)
                axis.axvspan(-1, 0, color="#D55E00", alpha=0.1, linewidth=0)
                counts, _, _ = axis.hist(values[column], bins, color="#0072B2")
                axis.plot([np.mean(values[column])] * 2, [0, 1.08 * counts.max()], color="#000000", linewidth=1.5)
                axis.set(xlim=(-1, 1), ylim=(0, 1.35 * counts.max()), xticks=[-1, -0.5, 0, 0.5, 1], yticks=[])
                axis.text(-0.95, 1.28 * counts.max(), f"{share:.0%} negative", va="top", fontsize=15, weight="bold")
            line[0].set_ylabel(row)
        for axis, column in zip(axes[0], columns, strict=True):
            axis.set_title(column)
        figure.supxlabel("cosine of the angle between one gradient and the next (black line: mean)", fontsize="medium")
    return figure


def window_agreement(lengths, measured, predicted):
    """How far the sums of consecutive windows agree, over the length of the window.

    Args:
        lengths: steps in a window, (k,).
        measured: name → mean ⟨g_t, g_{t−1}⟩ / mean ‖g_t‖² of windows, (k,).
        predicted: name → the same by theory, with the same names.
    """
    with house_style():
        figure, axes = plt.subplots(figsize=(9.2, 4.0))
        for (name, values), color, marker in zip(
            measured.items(), ("#0072B2", "#D55E00", "#009E73"), ("o", "D", "^"), strict=False
        ):
            axes.plot(lengths, predicted[name], color=color)
            axes.plot(lengths, values, marker, color=color, markersize=7, label=name)
        axes.plot([], [], color="#8c8c8c", label="lines: predicted")
        axes.set(xscale="log", xlabel="steps in a window", ylabel="agreement of one\nwindow with the next", ylim=(0, 1))
        ticks_along(axes, lengths)
        axes.legend(loc="upper left")
    return figure


def valley(alphas, loss, negative, before):
    """The loss after an epoch over the α that it was trained with, and what the rule hears at each of them.

    Args:
        alphas: learning rates, ascending, (k,).
        loss: after the epoch, (k,).
        negative: who gives the advice → the share of their products that is negative, (k,). Where it crosses one half
            the rule leaves α as it is: there a vertical line crosses both panels.
        before: the loss before the epoch, a gray line.
    """
    with house_style():
        figure, (upper, lower) = plt.subplots(2, figsize=(9.2, 5.2), sharex=True, height_ratios=(3, 2))
        upper.axhline(before, color="#6E6E6E", linewidth=1.2, zorder=0)
        note(upper, "before the epoch", (alphas[0], before), (0, 4), color="#6E6E6E")
        upper.plot(alphas, loss, color="#000000", marker="o", markersize=5)
        best = int(np.argmin(loss))
        upper.plot(alphas[best], loss[best], "*", color="#000000", markersize=16)
        note(upper, "the best α\nfor an epoch", (alphas[best], loss[best]), (14, -6), va="center")
        lower.axhspan(0.5, 1, color="#D55E00", alpha=0.1, linewidth=0)
        lower.text(alphas[0], 0.95, "most say: too large", va="top")
        for (name, shares), (color, dash, marker) in zip(negative.items(), _ADVISERS, strict=False):
            lower.plot(alphas, shares, color=color, linestyle=dash, marker=marker, markersize=5, label=name)
            for k in np.flatnonzero((shares[:-1] <= 0.5) & (shares[1:] > 0.5))[:1]:
                place = np.exp(np.interp(0.5, shares[k : k + 2], np.log(alphas[k : k + 2])))
                for axis in (upper, lower):
                    axis.axvline(place, color=color, linestyle=dash, linewidth=1.2, zorder=0)
                words, across = f"{name}:\nhalf say too large", upper.get_xaxis_transform()
                note(upper, words, (place, 0.97), (-6, 0), ha="right", va="top", color=color, xycoords=across)
        set_log(upper)
        upper.margins(y=0.15)
        upper.set_ylabel("loss after the epoch")
        lower.set(xscale="log", xlabel="learning rate α of the epoch", ylabel="negative\nproducts", ylim=(0, 1))
        lower.set_yticks([0, 0.5, 1], ["0%", "50%", "100%"])
        ticks_along(lower, alphas)
    return figure


def by_window(columns, named):
    """α and the training loss over the epochs, a column of panels for each momentum, a line for each window.

    Args:
        columns: title → (name → run). Of a run whose first epoch diverged only the name is written.
        named: up to three names, drawn in color. The others are thin and gray. Each has its name at the end of α.
    """
    runs = [run for group in columns.values() for run in group.values() if run.finite_epochs]
    with house_style():
        figure, axes = loss_and_alpha(columns, ("alpha", "train_loss"), height=5.2, fontsize=12)
        for (alpha, loss), group in zip(axes.T, columns.values(), strict=True):
            for name, run in group.items():
                epochs = run.finite_epochs
                if not epochs:
                    loss.text(0.97, 0.96, f"{name}: lost in epoch 1", transform=loss.transAxes, ha="right", va="top")
                    continue
                look = {"color": "#A0A0A0", "linewidth": 0.9}
                if name in named:
                    number = named.index(name)
                    look = {"color": _NAMED[number], "linestyle": DASHES[number], "linewidth": 2}
                end = (epochs, run.alpha[epochs - 1, 0])
                note(alpha, name, end, (5, 0), va="center", color=look["color"] if name in named else "#6E6E6E")
                draw_run({"alpha": alpha, "train_loss": loss}, [run], look | {"label": name})
            longest = max(len(run.alpha) for run in runs)
            loss.set(xlim=(-0.5, 1.35 * longest), xticks=np.arange(0, longest + 1, 5))
        for line, quantity in zip(axes, ("alpha", "train_loss"), strict=True):
            highest = max(np.max(getattr(run, quantity)[: run.finite_epochs]) for run in runs)
            line[0].set_ylim(top=3 * min(highest, 10))
    return figure


def drawing(title, curves, predicted=None):
    """α or the training loss over the epochs, for each way to draw batches, named at the end of its line.

    Args:
        title: what is drawn.
        curves: a way, a key of `DRAWN` → values after each epoch, (epochs,).
        predicted: (epochs, α) of what noise alone would do without replacement (default: not drawn).
    """
    with house_style():
        figure, axis = plt.subplots(figsize=(9.2, 3.4))
        set_log(axis)
        for way, values in curves.items():
            axis.plot(np.arange(1, len(values) + 1), values, **DRAWN[way], label=way, linewidth=1.8)
            note(axis, way, (len(values), values[-1]), (6, 0), va="center", color=DRAWN[way]["color"])
        if predicted is not None:
            axis.plot(*predicted, color="#000000", linestyle=":", linewidth=1.6, label="noise alone")
            middle = tuple(values[len(values) // 2] for values in predicted)
            note(axis, "from the peak:\nnoise alone", middle, (-8, 0), ha="right", va="top")
        name_epochs(axis)
        axis.set_title(title, loc="left")
    return figure


def two_rules(rules, start):
    """α over the epochs under two rules, with the fall by 1/t from the second's peak, and beside it the training loss.

    Args:
        rules: a method, a key of `METHODS` → (its name, α after each epoch, the loss after each epoch).
        start: the loss before the first epoch, a gray line.
    """
    with house_style():
        figure, (alpha, loss) = plt.subplots(1, 2, figsize=(9.2, 3.6))
        for method, (name, *curves) in rules.items():
            look = METHODS[method].line | {"label": name}
            for axis, values in zip((alpha, loss), map(np.asarray, curves), strict=True):
                axis.plot(np.arange(1, len(values) + 1), values, **look)
                note(axis, name, (len(values), values[-1]), (6, 0), va="center", color=look["color"])
        _, rates, _ = rules[method]
        peak = int(np.argmax(rates))
        epochs = np.arange(peak, len(rates)) + 1
        by_time = rates[peak] * epochs[0] / epochs
        alpha.plot(epochs, by_time, color="#6E6E6E", linestyle=":", linewidth=1.6, label="1/t")
        note(alpha, "1/t", (epochs[-1], by_time[-1]), (6, 0), va="center", color="#6E6E6E")
        loss.axhline(start, color="#6E6E6E", linewidth=1.2, zorder=0)
        words = {"xycoords": loss.get_yaxis_transform(), "color": "#6E6E6E"}
        note(loss, "before training", (1, start), (-4, 4), ha="right", **words)
        for axis, quantity in ((alpha, "alpha"), (loss, "train_loss")):
            set_log(axis)
            axis.set_title(QUANTITIES[quantity])
            name_epochs(axis)
    return figure
