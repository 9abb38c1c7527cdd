"""What verdicts depend on: which races count, when a criterion was fixed, and what was changed about it."""

import matplotlib.pyplot as plt
import numpy as np

from tlr.course.plots.marks import arrow
from tlr.course.plots.style import house_style
from tlr.course.plots.tiles import SIGNS, draw_tile

__all__ = ["ages", "races", "turned"]

#: Verdict → where its column stands: what is open is no grade, and stands apart.
_COLUMNS = {"does not hold": 0, "holds in part": 0.9, "holds": 1.8, "undecided": 2.9, "not tested": 2.9}
_HEADS = {"does not hold": "✗ does\nnot hold", "holds in part": "◐ holds\nin part", "holds": "✓ holds"}
_HEADS |= {"undecided": "≈ ○\nopen"}
#: Verdict → how much of the claim is true.
_RANKS = {"does not hold": 0, "undecided": 1, "not tested": 1, "holds in part": 2, "holds": 3}
#: Group → the color of its heading.
_GROUPS = {"Better for the paper": "#0072B2", "Worse for the paper": "#B34700", "Left open": "#000000"}
_LEFT = -4.0  # where titles begin
#: How a race ended → what stands in its square, and the verdict whose color it has.
_ENDS = {1: ("won", "holds"), 0: ("close", "undecided"), -1: ("defeat", "does not hold")}


def turned(moves, thick=(), stayed=0):
    """Verdicts before a change and after it: a row and an arrow for each claim, in three groups with their counts.

    Args:
        moves: number of the claim → (title, verdict before, verdict after), which differ. Verdicts are the keys of
            `SIGNS`.
        thick: the numbers of the claims whose tiles have a thick edge.
        stayed: how many more were changed and kept their verdict, which the last line says.
    """
    groups = {name: {} for name in _GROUPS}
    for number, (title, before, after) in moves.items():
        start, end = _RANKS[before], _RANKS[after]
        name = "Left open" if end == 1 else "Better for the paper" if end > start else "Worse for the paper"
        groups[name][number] = title, before, after
    groups = {name: rows for name, rows in groups.items() if rows}
    total = sum(1 + len(rows) for rows in groups.values())
    with house_style():
        figure, axes = plt.subplots(figsize=(9.2, 1.1 + 0.29 * total))
        for verdict, told in _HEADS.items():
            axes.text(_COLUMNS[verdict], -0.3, told, ha="center", va="bottom", fontsize=9)
            axes.text(_COLUMNS[verdict], total + 0.3, told, ha="center", va="top", fontsize=9)
            axes.plot([_COLUMNS[verdict]] * 2, [0, total], color="#e4e4e4", linewidth=1, zorder=0)
        y = 0
        for name, rows in groups.items():
            look = {"va": "center", "fontsize": 10, "fontweight": "bold", "color": _GROUPS[name]}
            axes.text(_LEFT, y + 0.5, f"{name}: {len(rows)}", **look)
            y += 1
            for number, (title, before, after) in rows.items():
                axes.text(_LEFT, y + 0.5, f"{number} · {title}", va="center", fontsize=9)
                ends = [_COLUMNS[verdict] for verdict in (before, after)]
                for x, verdict in zip(ends, (before, after), strict=True):
                    _tile(axes, (x, y), (0.36, 0.84), verdict, number in thick, SIGNS[verdict], fontsize=11)
                gap = 0.2 * np.sign(ends[1] - ends[0])
                arrow(axes, (ends[0] + gap, y + 0.5), (ends[1] - gap, y + 0.5), linewidth=1.3)
                y += 1
        if stayed:
            told = f"{stayed} more were changed and kept their verdict."
            axes.text(_LEFT, total + 0.7, told, va="center", fontsize=9)
        axes.set(xlim=(_LEFT, 3.3), ylim=(total + 1.6, -0.3))
        axes.axis("off")
    return figure


def ages(groups, thick=(), before=None, marks=None):
    """How old criteria are: a row for each age, with how many there are and a tile for each claim.

    What marks and an arrow mean is written below the tiles, if there are any.

    Args:
        groups: age, in words → (number of the claim → verdict). Verdicts are the keys of `SIGNS`.
        thick: the numbers of the claims whose tiles have a thick edge.
        before: number of the claim → its verdict without the new seeds, which an arrow leads from.
        marks: mark behind a number → (what it means, the numbers that have it).
    """
    before, marks = before or {}, marks or {}
    told = [f"{mark} {meaning}" for mark, (meaning, _) in marks.items()]
    told += ["→ the new seeds turned it"] * bool(before)
    bottom = len(groups) + 0.6 * bool(told)
    with house_style():
        figure, axes = plt.subplots(figsize=(9.2, 0.5 + 0.55 * bottom))
        for y, (age, verdicts) in enumerate(groups.items()):
            axes.text(-6.8, y + 0.5, age, va="center", fontsize=9.5)
            axes.text(-0.35, y + 0.5, str(len(verdicts)), ha="right", va="center", fontsize=11, fontweight="bold")
            for x, (number, verdict) in enumerate(verdicts.items()):
                signs = "→".join(SIGNS[each] for each in (before.get(number), verdict) if each)
                marked = "".join(mark for mark, (_, numbers) in marks.items() if number in numbers)
                words = f"{number}{marked}\n{signs}"
                _tile(axes, (x + 0.5, y), (0.9, 0.86), verdict, number in thick, words, linespacing=1)
        axes.plot([-0.1, -0.1], [0, len(groups)], color="k", linewidth=0.8)
        if told:
            axes.text(-6.8, len(groups) + 0.4, "     ".join(told), va="center", fontsize=9.5)
        axes.set(xlim=(-6.8, max(map(len, groups.values()), default=1) + 0.1), ylim=(bottom, -0.05))
        axes.axis("off")
    return figure


def races(signs, verdicts, word, lost=()):
    """Races as squares, won, too close or a defeat: a row for each start, and at its end the verdict of a word on it.

    What a thick edge means is written below the squares, if there are any.

    Args:
        signs: start, in words → (rival → (batch size → 1 (won), 0 (too close) or −1 (a defeat))).
        verdicts: start, in words → verdict. Verdicts are the keys of `SIGNS`.
        word: what the verdicts are on.
        lost: pairs (start, batch size) whose squares have a thick edge.
    """
    with house_style():
        figure, axes = plt.subplots(figsize=(9.2, 1.2 + 0.5 * len(signs)))
        for y, (start, row) in enumerate(signs.items()):
            axes.text(-2.3, y + 0.5, start, va="center", fontsize=10)
            x = 0.0
            for rival, sizes in row.items():
                if y == 0:
                    axes.text(x + len(sizes) / 2, -0.55, rival, ha="center", va="bottom", fontsize=10)
                for size, sign in sizes.items():
                    words, verdict = _ENDS[sign]
                    _tile(axes, (x + 0.5, y), (0.92, 0.88), verdict, (start, size) in lost, words)
                    if y == 0:
                        axes.text(x + 0.5, -0.08, str(size), ha="center", va="bottom", fontsize=8.5)
                    x += 1
                x += 0.4
            axes.text(x + 0.1, y + 0.5, f"{SIGNS[verdicts[start]]} {verdicts[start]}", va="center", fontsize=10)
        axes.text(x + 0.1, -0.55, f"“{word}”", va="bottom", fontsize=10, fontweight="bold")
        axes.text(-2.3, -0.08, "batches of", va="bottom", fontsize=8.5)
        if lost:
            axes.text(-2.3, len(signs) + 0.35, "Thick edge: TLR's own run is lost.", va="center", fontsize=9.5)
        axes.set(xlim=(-2.3, x + 2.6), ylim=(len(signs) + 0.6 * bool(lost), -1.1))
        axes.axis("off")
    return figure


def _tile(axes, place, size, verdict, thick, words, fontsize=8, **look):
    """A tile with words in it, in the middle of the row that begins at `place`, (x of the middle, y)."""
    (x, y), (width, height) = place, size
    draw_tile(axes, (x - width / 2, y + 0.5 - height / 2), size, verdict, thick=2.5 if thick else None)
    axes.text(x, y + 0.5, words, ha="center", va="center", fontsize=fontsize, **look)
