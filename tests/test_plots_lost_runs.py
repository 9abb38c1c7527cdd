"""The pictures of the lost cases: a cell for each case and method, a dot for each setting, a name for each dear one."""

import matplotlib

matplotlib.use("Agg")

import pandas as pd

from tlr.course import plots


def test_a_cell_says_how_many_were_lost_and_whether_some_rose():
    index = pd.MultiIndex.from_tuples([("Short", "wine", "a"), ("Short", "wine", "b")])
    shares = pd.DataFrame({"runs": [9, 9], "lost": [0, 8], "rose": [0, 3]}, index=index)
    axes = plots.lost(shares, {"a": "A", "b": "B", "c": "C"}).axes[0]
    assert [text.get_text() for text in axes.texts] == ["Short", "wine", "0/9", "8/9 ↑"]
    assert [bool(patch.get_hatch()) for patch in axes.patches] == [False, False, True]
    assert axes.get_xlabel().endswith("hatched: not tried")
    assert "hatched" not in plots.lost(shares, {"a": "A", "b": "B"}).axes[0].get_xlabel()


def test_what_is_dear_is_named():
    ratios = pd.Series({("digits", 0.1): 0.5, ("Adam", 0.001): 4.0})
    assert [text.get_text() for text in plots.price(ratios).axes[0].texts] == ["Adam, α₀ = 0.001"]
