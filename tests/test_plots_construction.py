"""The pictures of theorems 2 and 4: the dots lie on the map that is drawn; the step across is centered."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np

from tlr.course import plots, theory


def test_each_step_is_longer_by_a_quarter_and_the_last_ends_where_it_mirrors_its_start():
    figure = plots.staircase()
    (dots,) = [line for line in figure.axes[0].lines if line.get_marker() == "o"]
    steps = np.diff(dots.get_xdata())
    np.testing.assert_allclose(steps[1:] / steps[:-1], 1.25)
    assert np.isclose(dots.get_xdata()[-2:].sum(), 0)
    plt.close(figure)


def test_from_dot_to_dot_it_is_times_five_quarters_without_the_whole_part():
    x = theory.orbit(0.93, 14)
    figure = plots.first_return(x)
    course, square = figure.axes
    dots = course.lines[2].get_ydata()
    np.testing.assert_array_equal(dots, x[x < 1])
    gap = 4 * (1 - dots)
    np.testing.assert_allclose(1.25 * gap[:-1] % 1, gap[1:])
    branches = square.lines[1:3]
    for place in gap[:-1]:
        line = branches[int(place >= 0.8)]
        assert np.isclose(np.interp(place, *line.get_data()), 1.25 * place % 1)
    plt.close(figure)
