"""What a wrong guess costs: a line of means and a marker a seed for each method, in its style."""

import matplotlib

matplotlib.use("Agg")

import numpy as np

from tlr.course import plots


def test_each_method_has_a_line_through_the_means_of_its_seeds():
    loss = {"tlr": [[0.1, 0.3], [0.2, 0.4]], "schedulefree": [[1.0, 1.0], [0.5, 0.7]]}
    accuracy = {name: [[0.9, 0.8], [0.7, 0.6]] for name in loss}
    figure = plots.sensitivity((0.1, 1), loss, accuracy)
    left, right = figure.axes
    lines = [line for line in left.lines if line.get_linestyle() != "None"]
    np.testing.assert_allclose([line.get_ydata() for line in lines], [[0.2, 0.3], [1.0, 0.6]])
    markers = [line for line in left.lines if line.get_linestyle() == "None"]
    assert [line.get_marker() for line in markers] == [plots.METHODS[name].marker for name in loss for _ in range(2)]
    np.testing.assert_allclose(right.lines[0].get_ydata(), [85, 65])
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["TLR (Eq. 8)", "Schedule-Free SGD"]
