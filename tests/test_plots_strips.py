"""Slow motion: strips over the same steps show what was measured, and one line crosses them all."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest

from tlr.course import plots


@pytest.fixture
def axes():
    steps = np.arange(1, 101) / 10
    strips = {
        "loss": {"loss": (steps, np.exp(-steps))},
        "denominator": {"tlr": (np.array([1, 2]), np.array([3, 4])), "mine": (np.array([1, 2]), np.array([5, 6]))},
    }
    yield plots.slow_motion(strips, xlabel="epoch", moment=7, told="here").axes
    plt.close("all")


def test_each_strip_has_its_curves_on_a_logarithmic_axis(axes):
    assert [axis.get_ylabel() for axis in axes] == ["loss", "denominator"]
    assert {axis.get_yscale() for axis in axes} == {"log"}
    np.testing.assert_allclose(axes[0].lines[0].get_ydata()[:2], np.exp([-0.1, -0.2]))
    np.testing.assert_array_equal(axes[1].lines[1].get_xydata(), [[1, 5], [2, 6]])


def test_a_rule_has_its_own_look_and_few_points_have_dots(axes):
    assert axes[1].lines[0].get_color() == plots.METHODS["tlr"].color
    assert [line.get_marker() for line in (axes[0].lines[0], axes[1].lines[0])] == ["None", "o"]


def test_one_line_crosses_all_strips_at_the_moment(axes):
    assert [axis.lines[-1].get_xdata()[0] for axis in axes] == [7, 7]
    assert axes[0].texts[0].get_text() == "here"


def test_the_line_and_what_it_tells_have_the_color_that_is_asked_for():
    strips = {"loss": {"loss": ([1, 2], [1, 2])}}
    axis = plots.slow_motion(strips, xlabel="step", moment=1.5, told="here", color="#6A3D9A").axes[0]
    assert axis.lines[-1].get_color() == axis.texts[0].get_color() == "#6A3D9A"
    plt.close("all")


def test_there_may_be_no_moment():
    figure = plots.slow_motion({"loss": {"loss": ([1, 2], [1, 2])}}, xlabel="step")
    assert len(figure.axes[0].lines) == 1
    plt.close(figure)


def test_units_of_x_may_be_numbered_in_their_middles():
    figure = plots.slow_motion({"loss": {"loss": ([0, 3], [1, 2])}}, xlabel="window", spans=3)
    (axis,) = figure.axes
    assert dict(zip(axis.get_xticks(), [text.get_text() for text in axis.get_xticklabels()], strict=True)) == {
        0.5: "1",
        1.5: "2",
        2.5: "3",
    }
    assert axis.get_xticks(minor=True).tolist() == [0, 1, 2, 3]
    plt.close(figure)
