"""The picture of theorem 4: its steps are those of the rule, and the last one crosses the minimum centered."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np

from tlr.course import plots


def test_each_step_is_longer_by_a_quarter_and_the_last_ends_where_it_mirrors_its_start():
    figure = plots.staircase()
    (dots,) = [line for line in figure.axes[0].lines if line.get_marker() == "o"]
    steps = np.diff(dots.get_xdata())
    np.testing.assert_allclose(steps[1:] / steps[:-1], 1.25)
    assert np.isclose(dots.get_xdata()[-2:].sum(), 0)
    plt.close(figure)
