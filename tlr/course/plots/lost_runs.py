"""What the benchmark of lost cases found: shares of lost runs, and what a rule costs where nothing was lost."""

import matplotlib.pyplot as plt
import numpy as np

from tlr.course.plots.marks import note, ticks_along
from tlr.course.plots.style import METHODS, house_style

__all__ = ["lost", "price"]

_DEAR = 1.3  # from which ratio on a setting is named
_KEY = (
    "lost runs / all runs; lost: not even half of the first loss gone\n↑: some of the lost ended above their first loss"
)


def lost(shares, names):
    """A row for each case, a column for each method: lost runs of all runs, the redder the more; hatched: not tried.

    An arrow beside the numbers: some of the lost runs ended above their first loss. Without it they fell, by less than
    half. The picture says so, too.

    Args:
        shares: as `lost_cases.shares` returns them.
        names: method → how it is called above its column.
    """
    tried = dict(shares.iterrows())
    cases = {group: [] for group, _, _ in tried}
    for group, case in dict.fromkeys((group, case) for group, case, _ in tried):
        cases[group].append(case)
    height = len(cases) + sum(map(len, cases.values()))
    with house_style():
        figure, axes = plt.subplots(figsize=(9.2, 0.9 + 0.3 * height))
        y = 0
        for group, of_group in cases.items():
            axes.text(-0.1, y + 0.55, group, ha="right", va="center", fontsize=10, fontweight="bold")
            y += 1
            for case in of_group:
                axes.text(-0.1, y + 0.5, case, ha="right", va="center", fontsize=10)
                for x, method in enumerate(names):
                    _cell(axes, (x, y), tried.get((group, case, method)))
                y += 1
        axes.set(xlim=(0, len(names)), ylim=(height, 0), yticks=[])
        axes.set_xticks(np.arange(len(names)) + 0.5, names.values(), fontsize=10)
        axes.xaxis.tick_top()
        axes.tick_params(length=0)
        axes.grid(False)
        axes.spines[:].set_visible(False)
        hatched = any(patch.get_hatch() for patch in axes.patches)
        axes.set_xlabel(_KEY + "; hatched: not tried" * hatched, fontsize=10)
    return figure


def _cell(axes, corner, row):
    box = plt.Rectangle(corner, 0.96, 0.92, linewidth=0.6, edgecolor="#8c8c8c", facecolor="#ffffff")
    axes.add_patch(box)
    if row is None:
        box.set(hatch="////", edgecolor="#d0d0d0")
        return
    share = row.lost / row.runs
    box.set_facecolor((1, 1 - 0.55 * share, 1 - 0.75 * share) if row.lost else "#e6f2fa")
    words = f"{row.lost}/{row.runs}" + (" ↑" if row.rose else "")
    axes.text(corner[0] + 0.48, corner[1] + 0.48, words, ha="center", va="center", fontsize=10)


def price(ratios):
    """A dot for each setting: the loss of "steady" over that of the better of the paper's rule and `"secant"`.

    A dot that is dear has its name.

    Args:
        ratios: a Series by (case, α₀), as `lost_cases.healthy` returns it.
    """
    ratios = ratios.sort_values()
    places = np.arange(len(ratios))
    with house_style():
        figure, axes = plt.subplots(figsize=(9.2, 0.6 + 0.19 * len(ratios)))
        axes.axvline(1, color="#8c8c8c", linewidth=1)
        axes.plot(ratios, places, "o", color=METHODS["tlr_steady"].color)
        for place, ((case, alpha0), ratio) in zip(places, ratios.items(), strict=True):
            if ratio > _DEAR:
                name = f"{case}, α₀ = {alpha0:g}"
                note(axes, name, (ratio, place), (8, 0), va="center", fontsize=10)
        axes.set(xscale="log", xlim=(None, 10 * ratios.max()), yticks=[])
        axes.set_xlabel("loss of steady over that of the better of the two other rules")
        ticks_along(axes, [0.03, 0.1, 0.3, 1, 3])
    return figure
