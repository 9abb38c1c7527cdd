"""The ledger of claims at a glance."""

from collections import Counter

import matplotlib.pyplot as plt

from tlr.course.plots.style import house_style

__all__ = ["SIGNS", "ledger"]

#: Verdict → the sign that stands for it beside the words.
SIGNS = {"holds": "✓", "holds in part": "◐", "does not hold": "✗", "undecided": "≈", "not tested": "○"}
_COLORS = dict(zip(SIGNS, ("#56B4E9", "#F0E442", "#D55E00", "#cccccc", "#ffffff"), strict=True))


def ledger(verdicts):
    """A tile for each claim, in rows by theme, with its number and the sign of its verdict; the counts below.

    Args:
        verdicts: theme → (number of the claim → verdict). Verdicts are the keys of `SIGNS`.
    """
    widest = max(len(row) for row in verdicts.values())
    with house_style():
        figure, axes = plt.subplots(figsize=(9.2, 0.9 + 0.52 * len(verdicts)))
        for y, (theme, row) in enumerate(verdicts.items()):
            axes.text(-0.25, y, theme, ha="right", va="center")
            for x, (number, verdict) in enumerate(row.items()):
                axes.add_patch(plt.Rectangle((x, y - 0.42), 0.92, 0.84, facecolor=_COLORS[verdict], edgecolor="k"))
                axes.text(x + 0.28, y, str(number), ha="center", va="center", fontsize=10)
                axes.text(x + 0.67, y, SIGNS[verdict], ha="center", va="center", fontsize=13)
        counts = Counter(verdict for row in verdicts.values() for verdict in row.values())
        tiles = [plt.Rectangle((0, 0), 1, 1, facecolor=color, edgecolor="k") for color in _COLORS.values()]
        names = [f"{sign} {verdict}: {counts[verdict]}" for verdict, sign in SIGNS.items()]
        figure.legend(tiles, names, loc="outside lower center", ncols=len(names))
        axes.set(xlim=(-3.2, max(widest, 9)), ylim=(len(verdicts) - 0.5, -0.5), aspect="equal")
        axes.axis("off")
    return figure
