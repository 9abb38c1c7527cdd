"""What to train with, a tree of questions: the advice of notebook 6 in one picture."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import FancyBboxPatch

from tlr.course.plots.marks import arrow
from tlr.course.plots.style import METHODS, house_style

__all__ = ["decision"]

#: A question, to which yes leads on down; where no leads to, on the right; the method in whose color that is.
_QUESTIONS = (
    ("Does each gradient come\nfrom a mini-batch?", "a line search", None),
    ("Are you still looking for\na good learning rate?", "Keep what it belongs to:\nAdamW, SGD with a schedule", None),
    (
        "Must the steps be SGD's,\nwith or without momentum?",
        "Prodigy, at its default of 1\n(tried on small tasks only);\nstop once the task is learned",
        "prodigy",
    ),
    ("Is there only one run?", "SGD with a schedule,\nfrom the best of several α₀", "multistep"),
    (
        "Will there be 24 windows?\n(8 epochs of 3 windows)",
        "Too short for TLR:\ntrain longer, or allow Prodigy",
        None,
    ),
)
_END = 'TLR, curvature="steady", α₀ = 0.01;\nstop once the task is learned'

#: Half the width and height of a box, and where the columns are; a row is 1 high.
_HALF, _LEFT, _RIGHT = (0.22, 0.32), 0.225, 0.775


def decision():
    """The tree: questions on the left, what to take on the right, and at the end TLR. Each is in its color."""
    last = len(_QUESTIONS)
    with house_style():
        figure, axes = plt.subplots(figsize=(9.2, 7.1))
        axes.set(xlim=(0, 1), ylim=(-last - 0.4, 0.4))
        axes.axis("off")
        for row, (question, take, method) in enumerate(_QUESTIONS):
            _box(axes, (_LEFT, -row), question, "#000000")
            _box(axes, (_RIGHT, -row), take, "#8c8c8c") if method is None else _end(axes, (_RIGHT, -row), take, method)
            _arrow(axes, (_LEFT + _HALF[0], -row), (_RIGHT - _HALF[0], -row), "no")
            _arrow(axes, (_LEFT, -row - _HALF[1]), (_LEFT, -row - 1 + _HALF[1]), "yes")
        _end(axes, (_LEFT, -last), _END, "tlr_steady")
    return figure


def _end(axes, center, text, method):
    _box(axes, center, text, METHODS[method].color, linewidth=3)


def _box(axes, center, text, edge, linewidth=1.2):
    corner = tuple(at - half for at, half in zip(center, _HALF, strict=True))
    box = FancyBboxPatch(corner, *(2 * half for half in _HALF), boxstyle="round,pad=0,rounding_size=0.02")
    box.set(facecolor="#ffffff" if edge != "#8c8c8c" else "#f2f2f2", edgecolor=edge, linewidth=linewidth)
    axes.add_patch(box)
    axes.text(*center, text, ha="center", va="center", fontsize=13, parse_math=False)


def _arrow(axes, begin, end, word):
    arrow(axes, begin, end, linewidth=1.5)
    (x, y), aside = np.mean([begin, end], axis=0), begin[1] == end[1]
    place = {"ha": "center", "va": "bottom"} if aside else {"ha": "left", "va": "center"}
    axes.text(x + (0 if aside else 0.015), y + (0.03 if aside else 0), word, fontsize=13, style="italic", **place)
