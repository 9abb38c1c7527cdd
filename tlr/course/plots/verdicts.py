"""What verdicts depend on: how much a word demands, and what was changed about the criteria."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import PercentFormatter

from tlr.course.plots.style import house_style
from tlr.course.plots.tiles import COLORS, SIGNS

__all__ = ["ages", "strictness", "turned"]

#: Verdict → where its column stands: what is open is no grade, and stands apart.
_COLUMNS = {"does not hold": 0, "holds in part": 0.9, "holds": 1.8, "undecided": 3, "not tested": 3}
_HEADS = {"does not hold": "✗ does\nnot hold", "holds in part": "◐ holds\nin part", "holds": "✓ holds"}
_HEADS |= {"undecided": "≈ ○\nopen"}
#: Verdict → how much of the claim is true.
_RANKS = {"does not hold": 0, "undecided": 1, "not tested": 1, "holds in part": 2, "holds": 3}


def turned(moves, thick=()):
    """Verdicts before a change and after it: a row and an arrow for each claim, in three groups with their counts.

    Args:
        moves: number of the claim → (title, verdict before, verdict after), which differ. Verdicts are the keys of
            `SIGNS`.
        thick: the numbers of the claims whose tiles have a thick edge.
    """
    groups = {"Better for the paper": {}, "Worse for the paper": {}, "Left open": {}}
    for number, (title, before, after) in moves.items():
        start, end = _RANKS[before], _RANKS[after]
        name = "Left open" if end == 1 else "Better for the paper" if end > start else "Worse for the paper"
        groups[name][number] = title, before, after
    groups = {name: rows for name, rows in groups.items() if rows}
    total = sum(1 + len(rows) for rows in groups.values())
    with house_style():
        figure, axes = plt.subplots(figsize=(9.2, 0.7 + 0.29 * total))
        y = 0
        for verdict, head in _HEADS.items():
            axes.text(_COLUMNS[verdict], -0.5, head, ha="center", va="bottom", fontsize=9)
            axes.axvline(_COLUMNS[verdict], color="#e4e4e4", linewidth=1, zorder=0)
        for name, rows in groups.items():
            axes.text(-4.7, y + 0.5, f"{name}: {len(rows)}", va="center", fontsize=10, fontweight="bold")
            y += 1
            for number, (title, before, after) in rows.items():
                axes.text(-4.7, y + 0.5, f"{number} · {title}", va="center", fontsize=9)
                ends = [_COLUMNS[verdict] for verdict in (before, after)]
                edge = 2.5 if number in thick else 0.8
                for x, verdict in zip(ends, (before, after), strict=True):
                    place, size = (x - 0.18, y + 0.08), (0.36, 0.84)
                    tile = plt.Rectangle(place, *size, facecolor=COLORS[verdict], edgecolor="k", linewidth=edge)
                    axes.add_patch(tile)
                    axes.text(x, y + 0.5, SIGNS[verdict], ha="center", va="center", fontsize=11)
                gap = 0.2 * np.sign(ends[1] - ends[0])
                arrow = {"arrowstyle": "-|>", "color": "k", "linewidth": 1.3, "shrinkA": 0, "shrinkB": 0}
                axes.annotate("", (ends[1] - gap, y + 0.5), (ends[0] + gap, y + 0.5), arrowprops=arrow)
                y += 1
        axes.set(xlim=(-4.7, 3.4), ylim=(total, -0.5))
        axes.axis("off")
    return figure


def ages(groups, thick=()):
    """How old criteria are: a row for each age, with how many there are and a tile for each claim.

    Args:
        groups: age, in words → (number of the claim → verdict). Verdicts are the keys of `SIGNS`.
        thick: the numbers of the claims whose tiles have a thick edge.
    """
    with house_style():
        figure, axes = plt.subplots(figsize=(9.2, 0.5 + 0.52 * len(groups)))
        for y, (age, verdicts) in enumerate(groups.items()):
            axes.text(-7.8, y + 0.5, age, va="center", fontsize=9.5)
            axes.text(-0.35, y + 0.5, str(len(verdicts)), ha="right", va="center", fontsize=11, fontweight="bold")
            for x, (number, verdict) in enumerate(verdicts.items()):
                edge = 2.5 if number in thick else 0.8
                place = (x + 0.05, y + 0.07)
                tile = plt.Rectangle(place, 0.9, 0.86, facecolor=COLORS[verdict], edgecolor="k", linewidth=edge)
                axes.add_patch(tile)
                told = f"{number}\n{SIGNS[verdict]}"
                axes.text(x + 0.5, y + 0.5, told, ha="center", va="center", fontsize=8, linespacing=1)
        axes.axvline(-0.1, color="k", linewidth=0.8)
        axes.set(xlim=(-7.8, max(map(len, groups.values()), default=1) + 0.1), ylim=(len(groups) + 0.05, -0.05))
        axes.axis("off")
    return figure


def strictness(tallies):
    """What a word demands: a bar for each claim, with the shares of the comparisons that were won, too close and lost.

    Args:
        tallies: title → (how many were won, too close, lost). Where a word demands a share in the first part of a bar,
            the claim holds; in the second it is undecided.
    """
    with house_style():
        figure, axes = plt.subplots(figsize=(9.2, 0.7 + 0.85 * len(tallies)))
        for y, (title, tally) in enumerate(tallies.items()):
            behind = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}
            axes.text(0.003, y - 0.3, title, fontsize=10, va="bottom", bbox=behind, zorder=4)
            left = 0.0
            for verdict, number, told in zip(
                ("holds", "undecided", "does not hold"), tally, ("won", "too close", "lost"), strict=True
            ):
                width = number / sum(tally)
                axes.barh(y, width, 0.46, left, color=COLORS[verdict], edgecolor="k", linewidth=0.8)
                words, size = f"{number} {told}", 9 if width > 0.1 else 8
                axes.text(left + width / 2, y, words, ha="center", va="center", fontsize=size, zorder=4)
                left += width
        for share, word in ((0.5, "“most”"), (1, "“always”")):
            axes.axvline(share, color="k", linestyle=":", linewidth=1.6, zorder=3)
            axes.text(share, -0.75, word, ha="center", va="bottom", fontsize=10)
        axes.xaxis.set_major_formatter(PercentFormatter(1))
        axes.set(xlim=(0, 1.02), ylim=(len(tallies) - 0.65, -0.75), yticks=(), xlabel="share of the comparisons")
        axes.grid(visible=False)
    return figure
