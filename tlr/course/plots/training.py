"""The figures of mini-batch training: what consecutive gradients say, and how runs went."""

from itertools import cycle

import matplotlib.pyplot as plt
import numpy as np

from tlr.course.plots.style import DASHES, METHODS, house_style, shades

__all__ = ["agreement", "images", "runs", "window_agreement"]


def images(pictures, labels):
    """A row of images, uint8 (n, height, width) or (n, height, width, 3), each under its label."""
    with house_style():
        figure, axes = plt.subplots(1, len(pictures), figsize=(9.2, 1.3), squeeze=False)
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
                axis.text(-0.95, 1.3 * counts.max(), f"{share:.0%} negative", va="top")
            line[0].set_ylabel(row)
        for axis, column in zip(axes[0], columns, strict=True):
            axis.set_title(column)
        figure.supxlabel("cosine of the angle between one and the next", fontsize="medium")
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
        axes.set_xticks(lengths, [str(length) for length in lengths])
        axes.minorticks_off()
        axes.legend(loc="upper left")
    return figure


def runs(rows, *, floor=0.0):
    """Training loss, α and test accuracy over the epochs, as the paper lays them out; a row of panels for each group.

    Args:
        rows: title → (name → run). A run has `train_loss`, `alpha` and `test_accuracy` by epoch, `alpha0` and
            `status`, as a `tlr.course.training.History` has. Names of `METHODS` are drawn in their style, any others in
            shades. A run that diverged ends in crosses at the edge; where an α is negative the axis of α has both
            signs, and an α of 0, the end of a schedule, leaves the panel.
        floor: where the axis of the accuracy begins (0..1, default 0).
    """
    everything = [run for group in rows.values() for run in group.values()]
    negative = any(np.any(run.alpha < 0) for run in everything)
    top = 3 * max(run.train_loss.max() for run in everything if run.status != "diverged")
    with house_style():
        figure, axes = plt.subplots(
            len(rows), 3, figsize=(9.2, 1.1 + 2.1 * len(rows)), sharex=True, sharey="col", squeeze=False
        )
        axes[0, 2].set_ylim(100 * floor, 101)
        for line, (title, group) in zip(axes, rows.items(), strict=True):
            for (name, run), style in zip(group.items(), styles(group), strict=True):
                _draw_run(line, run, {"label": name} | style, top)
            line[0].set_ylabel(title)
            if negative:
                line[1].axhline(0, color="#000000", linewidth=0.8)
        for axis, title in zip(axes[0], ("training loss", "learning rate α", "test accuracy (%)"), strict=True):
            axis.set_title(title)
        axes[0, 0].set_yscale("log")
        axes[0, 0].set_ylim(top=top)
        axes[0, 1].set_yscale("symlog", linthresh=1e-3) if negative else axes[0, 1].set_yscale("log")
        for axis in axes[-1]:
            axis.set_xlabel("epoch")
        handles, labels = axes[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=min(len(labels), 5), handlelength=3)
    return figure


def styles(names):
    """Keyword arguments for `Axes.plot` for each name: a method's own if all are names of `METHODS`, or else shades."""
    if all(name in METHODS for name in names):
        return [METHODS[name].line for name in names]
    return [{"color": color, "linestyle": dash} for color, dash in zip(shades(len(names)), cycle(DASHES), strict=False)]


def _draw_run(axes, run, style, top):
    epochs = np.arange(1, len(run.train_loss) + 1)
    diverged = run.status == "diverged"
    shown = len(epochs) - diverged  # where it diverged the loss is not finite
    axes[0].plot(epochs[:shown], run.train_loss[:shown], **style)
    axes[1].plot(np.arange(shown + 1), np.vstack([run.alpha0, run.alpha])[: shown + 1], **style)
    axes[2].plot(epochs[:shown], 100 * run.test_accuracy[:shown], **style)
    if diverged:
        cross = {"marker": "x", "color": style["color"], "markersize": 9, "markeredgewidth": 2.5, "clip_on": False}
        heights = top, axes[1].lines[-1].get_ydata()[-1], axes[2].get_ylim()[0]
        for axis, height in zip(axes, heights, strict=True):
            axis.plot(shown, height, **cross)
