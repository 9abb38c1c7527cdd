"""The figures of mini-batch training: the images, and how far consecutive gradients agree."""

import matplotlib.pyplot as plt
import numpy as np

from tlr.course.plots.style import house_style

__all__ = ["agreement", "images", "window_agreement"]


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
