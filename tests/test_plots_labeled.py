"""Names at the ends of lines, crosses where runs end, and what is drawn of a run that has learned its task."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest

from tlr.course import plots
from tlr.course.curves import Epoch, History


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def run(losses=(1.0, 0.5), alphas=(0.02, 0.03), status="done"):
    epochs = [Epoch(loss, 0.5, (alpha,), 1.0, 1.0) for loss, alpha in zip(losses, alphas, strict=True)]
    return History((0.01,), epochs, status)


def texts(axis):
    return {text.get_text() for text in axis.texts}


def crosses(axis):
    return [line.get_xydata().tolist() for line in axis.lines if line.get_marker() == "x"]


def test_a_line_has_its_name_at_its_end_and_a_cross_where_its_run_diverged():
    lost = run((1.0, np.inf), (0.05, 9.0), "diverged")
    runs = {"rule": ({"color": "#0072B2"}, lost), "plain": ({"color": "#000000"}, run())}
    alpha, accuracy = plots.by_name(runs, ("alpha", "test_accuracy"), log=("alpha",)).axes
    assert texts(alpha) == texts(accuracy) == {*runs}
    assert crosses(alpha) == [[[1, 0.05]]]
    assert crosses(accuracy) == [[[1, 50]]]
    assert [axis.get_yscale() for axis in (alpha, accuracy)] == ["log", "linear"]


def test_names_of_lines_that_end_together_stand_apart():
    runs = {name: ({"color": "#000000"}, run((1.0, loss))) for name, loss in (("one", 0.5), ("two", 0.501))}
    loss, _ = plots.by_name(runs, ("train_loss", "alpha")).axes
    one, two = (text.xyann[1] for text in sorted(loss.texts, key=lambda text: text.get_text()))
    assert two - one > 10


def test_a_negative_alpha_is_a_tick_under_the_axis_and_a_gap_in_the_line():
    beta = run((1.0, 0.9, 0.8), (0.02, -0.01, 0.03))
    _, alpha = plots.by_name({"β": ({"color": "#009E73"}, beta)}, ("train_loss", "alpha"), log=("alpha",)).axes
    line, ticks = alpha.lines
    np.testing.assert_allclose(line.get_ydata(), [0.01, 0.02, np.nan, 0.03])
    assert ticks.get_xdata().tolist() == [2]
    assert "α < 0:" in texts(alpha)


def test_a_rescaled_loss_has_the_same_axis_on_both_sides():
    as_is, lost, flat = np.array([1.0, 6.0]), np.array([1.0, np.nan]), np.array([1.0, 1.0])
    left, right = plots.rescaled([as_is, lost, flat, as_is], [np.array([1.0, 20.0])] * 3).axes
    assert left.get_ylim() == right.get_ylim()
    assert crosses(left) == [[[0, 1]]]
    assert len(right.lines) == 3


def test_after_learning_a_seed_ends_in_a_cross_at_its_leap_and_plain_runs_are_gray():
    leaps, plain = run((0.5, 0.001, 2.0, 3.0), (0.1, 0.2, 0.3, 0.4)), run((0.5, 0.1, 0.1, 0.1), [0.01] * 4)
    columns = {"tlr": ("#0072B2", [(leaps, 3)]), "mine": ("#6A3D9A", [(plain, None)])}
    axes = np.reshape(plots.after_learning(columns, behind=[plain], since=2).axes, (2, 2))
    assert [axis.get_title() for axis in axes[0]] == ["TLR\n(Eq. 8)", "mine"]
    assert [crosses(axis) for axis in axes[:, 0]] == [[[[3, 2.0]]], [[[3, 0.3]]]]
    assert not any(crosses(axis) for axis in axes[:, 1])
    gray, own, _ = axes[0, 0].lines
    assert own.get_xdata()[-1] == 3 < gray.get_xdata()[-1]
    assert texts(axes[0, -1]) == {"learned"}


def test_the_edge_of_the_first_seed_is_bold_and_a_cross_marks_who_leaps():
    seed = ([7, 8], [0.1, 0.2], [0.5, 0.6])
    left, right = plots.edges({"with": [(*seed, True), (*seed, True)], "without": [(*seed, None)]}).axes
    assert len(crosses(left)) == 2
    assert not crosses(right)
    edge, _, _, faint, *_ = left.lines
    assert edge.get_linewidth() > faint.get_linewidth()
    assert texts(right) == {"edge", "α"}
