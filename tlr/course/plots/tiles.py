"""The ledger of claims at a glance."""

import re
from collections import Counter
from textwrap import wrap

import matplotlib.pyplot as plt

from tlr.course.plots.style import house_style

__all__ = ["COLORS", "SIGNS", "draw_tile", "ledger"]

#: Verdict → the sign that stands for it beside the words.
SIGNS = {"holds": "✓", "holds in part": "◐", "does not hold": "✗", "undecided": "≈", "not tested": "○"}
#: Verdict → the color of its tiles.
COLORS = dict(zip(SIGNS, ("#9fd3f2", "#F5EE8A", "#F0A070", "#dddddd", "#ffffff"), strict=True))


_ACROSS = 4  # tiles in a row
_SUBSCRIPT = re.compile(r"_\{?([\w+−]+)\}?")


def ledger(verdicts, thick=()):
    """A tile for each claim, under its theme, with its number, its title and the sign of its verdict; counts on top.

    Within a theme those with a thick edge come first, and then those that hold, in the order of `SIGNS`. What a thick
    edge, a dagger and a star at the end of a title mean is written below the tiles, if there are any.

    Args:
        verdicts: theme → (number of the claim → (title, verdict)). Verdicts are the keys of `SIGNS`.
        thick: the numbers of the claims whose tiles have a thick edge.
    """
    heights = {theme: -(-len(row) // _ACROSS) for theme, row in verdicts.items()}
    total = sum(0.55 + height for height in heights.values())
    with house_style():
        told = ["Thick edge: a central claim, by our choice."] * bool(thick)
        titles = [title for row in verdicts.values() for title, _ in row.values()]
        if any("†" in title for title in titles):
            told.append("†: our reading of a sentence that can be read otherwise.")
        if any(title.endswith("*") for title in titles):
            told.append("*: on a stand-in.")
        bottom = total + 0.6 + 0.5 * bool(told)
        figure, axes = plt.subplots(figsize=(9.2, 0.7 + 0.47 * bottom))
        top = 0.6  # below the counts
        for theme, row in verdicts.items():
            axes.text(0, top + 0.45, theme, va="bottom", fontsize=10, fontweight="bold")
            top += 0.55
            in_order = sorted(row.items(), key=lambda claim: (claim[0] not in thick, [*SIGNS].index(claim[1][1])))
            for place, (number, (title, verdict)) in enumerate(in_order):
                x, y = place % _ACROSS, top + place // _ACROSS
                draw_tile(axes, (x, y), (0.98, 0.92), verdict, thick=3 if number in thick else None)
                words = _SUBSCRIPT.sub(r"$_{\1}$", "\n".join(_lines(f"{number} · {title}")))
                axes.text(x + 0.03, y + 0.46, words, va="center", fontsize=8, linespacing=1.05)
                axes.text(x + 0.92, y + 0.46, SIGNS[verdict], ha="center", va="center", fontsize=13)
            top += heights[theme]
        counts = Counter(verdict for row in verdicts.values() for _, verdict in row.values())
        tiles = [plt.Rectangle((0, 0), 1, 1, facecolor=color, edgecolor="k") for color in COLORS.values()]
        names = [f"{sign} {verdict}: {counts[verdict]}" for verdict, sign in SIGNS.items()]
        where = {"loc": "upper left", "bbox_to_anchor": (0, 1), "borderaxespad": 0, "borderpad": 0}
        axes.legend(tiles, names, ncols=len(names), fontsize=10, **where).set_in_layout(False)
        if told:
            axes.text(0, total + 0.9, "    ".join(told), va="center", fontsize=9.5)
        axes.set(xlim=(0, _ACROSS), ylim=(bottom, 0))
        axes.axis("off")
    return figure


def draw_tile(axes, corner, size, verdict, thick=None):
    """A tile in the color of a verdict; `thick` is the width of its edge, in points, where that stands out."""
    edge = {"linewidth": 0.8} if thick is None else {"linewidth": thick, "zorder": 2}
    axes.add_patch(plt.Rectangle(corner, *size, facecolor=COLORS[verdict], edgecolor="k", **edge))


def _lines(words):
    """Lines of at most 31 letters, none of which breaks a formula such as "(1 + c) α" or "α₀ = 0.1"."""
    held = re.sub(r"(?<=[+=≤]) | (?=[+=≤])|(?<=c\)) ", "\x00", words)
    return [line.replace("\x00", " ") for line in wrap(held, 31)]
