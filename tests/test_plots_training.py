"""The figures of mini-batch training: what they draw is what they were given."""

from types import SimpleNamespace

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest

from tlr.course import plots


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def run(alpha=(0.02, 0.03), loss=(1.0, 0.5), accuracy=(0.6, 0.9), status="done"):
    """A run as `tlr.course.training.train` returns it."""
    return SimpleNamespace(
        alpha0=(0.01,),
        alpha=np.reshape(alpha, (len(loss), -1)),
        train_loss=np.array(loss),
        test_accuracy=np.array(accuracy),
        status=status,
    )


def legend(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_runs_lays_out_loss_alpha_and_accuracy_by_epoch():
    loss, alpha, accuracy = plots.runs({"α₀ = 0.01": {"tlr": run()}}).axes
    np.testing.assert_array_equal(loss.lines[0].get_xydata(), [[1, 1.0], [2, 0.5]])
    np.testing.assert_array_equal(alpha.lines[0].get_xydata(), [[0, 0.01], [1, 0.02], [2, 0.03]])
    np.testing.assert_array_equal(accuracy.lines[0].get_xydata(), [[1, 60], [2, 90]])
    assert loss.get_ylabel() == "α₀ = 0.01"
    assert alpha.get_yscale() == "log"


def test_runs_draws_methods_in_their_style_and_others_in_shades_of_their_own():
    methods = plots.runs({"": {"tlr": run(), "sgd": run()}})
    assert legend(methods) == ["TLR (Eq. 8)", "SGD, fixed α"]
    assert [line.get_color() for line in methods.axes[0].lines] == ["#0072B2", "#000000"]
    others = plots.runs({"": {f"p = {p}": run() for p in range(5)}})
    assert legend(others) == [f"p = {p}" for p in range(5)]
    assert len({(line.get_color(), line.get_linestyle()) for line in others.axes[0].lines}) == 5


def test_runs_draws_a_rate_for_each_parameter_group():
    per_tensor = run(alpha=[[0.02, 0.2], [0.03, 0.3]])
    per_tensor.alpha0 = (0.01, 0.1)
    _, alpha, _ = plots.runs({"": {"tlr": per_tensor}}).axes
    assert [list(line.get_ydata()) for line in alpha.lines] == [[0.01, 0.02, 0.03], [0.1, 0.2, 0.3]]


@pytest.mark.parametrize(("loss", "crossed_at"), [([1.0, 50.0, np.nan], 2), ([np.nan], 0)])
def test_runs_marks_where_a_run_diverged(loss, crossed_at):
    diverged = run(np.full(len(loss), 7.0), loss, np.full(len(loss), 0.1), status="diverged")
    figure = plots.runs({"": {"good": run(), "bad": diverged}})
    for axes in figure.axes:
        *_, cross = axes.lines
        assert cross.get_marker() == "x"
        assert cross.get_xdata() == [crossed_at]
    assert figure.axes[0].get_ylim()[1] == pytest.approx(3.0)  # the good run fills the panel


def test_runs_shows_a_negative_rate():
    _, alpha, _ = plots.runs({"": {"hypergradient": run(alpha=(0.02, -0.03))}}).axes
    assert alpha.get_yscale() == "symlog"
    assert alpha.get_ylim()[0] < -0.03


def test_a_rate_of_zero_is_the_end_of_a_schedule_and_no_negative_one():
    _, alpha, _ = plots.runs({"": {"cosine": run(alpha=(0.005, 0.0))}}).axes
    assert alpha.get_yscale() == "log"
    assert alpha.get_ylim()[0] > 1e-3


def test_agreement_says_what_share_is_negative():
    columns = {"one": np.array([-0.5, 0.5, 0.25, 0.75]), "two": np.array([0.5])}
    one, two = plots.agreement({"row": columns}).axes
    assert [text.get_text() for text in (*one.texts, *two.texts)] == ["25% negative", "0% negative"]
    assert sum(bar.get_height() for bar in one.containers[0]) == 4


def test_window_agreement_draws_points_on_lines():
    figure = plots.window_agreement([1, 2], {"now": [0.4, 0.6]}, {"now": [0.5, 0.7]})
    line, points, _ = figure.axes[0].lines
    np.testing.assert_array_equal(line.get_ydata(), [0.5, 0.7])
    np.testing.assert_array_equal(points.get_ydata(), [0.4, 0.6])


def test_images_hang_below_their_labels():
    figure = plots.images(np.zeros((3, 8, 8), np.uint8), [7, 0, 4])
    assert [axes.get_title() for axes in figure.axes] == ["7", "0", "4"]
