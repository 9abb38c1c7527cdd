"""The picture of groups of runs: a row for each, a cross for each run that is lost, and their count."""

import matplotlib

matplotlib.use("Agg")

from tlr.course import plots


def test_a_row_counts_its_lost_runs_and_crosses_them():
    groups = {"one": ((0.1, 0.3), (False, True), "#000000"), "other": ((0.2,), (False,), "#0072B2")}
    (axes,) = plots.past(groups, 0.25, "danger", xlabel="α").axes
    assert [line.get_marker() for line in axes.lines] == ["o", "x", "o", "None"]
    assert [text.get_text() for text in axes.texts] == ["1 of 2 lost", "0 of 1 lost", "danger"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["one", "other"]
    first, last = axes.lines[0].get_ydata()[0], axes.lines[2].get_ydata()[0]
    assert axes.transData.transform((0, first))[1] > axes.transData.transform((0, last))[1]  # the first on top
