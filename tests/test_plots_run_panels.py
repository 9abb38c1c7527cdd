"""How runs are drawn in every figure of runs: the line, the seeds, several rates, and where a run ended."""

from types import SimpleNamespace

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest

from tlr.course.plots.run_panels import QUANTITIES, draw_run

STYLE = {"color": "#0072B2", "linestyle": "--", "label": "it"}


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def run(loss=(1.0, 0.5), rates=((0.01,), (0.02,), (0.03,)), accuracy=(0.6, 0.9), status="done"):
    """A run as `tlr.course.curves.Curves` has it."""
    loss = np.array(loss)
    return SimpleNamespace(
        train_loss=loss,
        rates=np.array(rates),
        test_accuracy=np.array(accuracy),
        status=status,
        finite_epochs=int(np.isfinite(loss).sum()),
    )


def drawn(*seeds, markers="", **limits):
    """The axes of the quantities, with limits where there are any."""
    axes = dict(zip(QUANTITIES, plt.subplots(1, 3)[1], strict=True))
    for quantity, ends in limits.items():
        axes[quantity].set_ylim(ends)
    draw_run(axes, list(seeds), STYLE, markers)
    return axes.values()


def crosses(axes):
    return [line for line in axes.lines if line.get_marker() == "x"]


def test_loss_alpha_from_its_first_value_and_accuracy_in_percent():
    loss, alpha, accuracy = drawn(run())
    np.testing.assert_array_equal(loss.lines[0].get_xydata(), [[1, 1.0], [2, 0.5]])
    np.testing.assert_array_equal(alpha.lines[0].get_xydata(), [[0, 0.01], [1, 0.02], [2, 0.03]])
    np.testing.assert_array_equal(accuracy.lines[0].get_xydata(), [[1, 60], [2, 90]])
    assert [line.get_linestyle() for axes in (loss, alpha, accuracy) for line in axes.lines] == ["--"] * 3


def test_only_the_panels_that_there_are():
    _, axes = plt.subplots()
    draw_run({"test_accuracy": axes}, [run()], STYLE)
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), [60, 90])


def test_seeds_make_a_mean_a_band_and_thin_lines():
    loss, _, _ = drawn(run((1.0, 0.4)), run((3.0, 0.8)))
    (mean,) = [line for line in loss.lines if line.get_linewidth() > 1]
    np.testing.assert_allclose(mean.get_ydata(), [2, 0.6])
    assert len(loss.lines) == 3
    low, high = np.sort(loss.collections[0].get_paths()[0].vertices[:, 1])[[0, -1]]
    assert (low, high) == pytest.approx((0.4, 3))


def test_a_rate_for_each_tensor_is_a_line_for_each():
    per_tensor = run(rates=((0.01, 0.1), (0.02, 0.2), (0.03, 0.3)))
    lines = list(drawn(per_tensor))[1].lines
    assert [list(line.get_ydata()) for line in lines] == [[0.01, 0.02, 0.03], [0.1, 0.2, 0.3]]
    with_markers = list(drawn(per_tensor, markers="os"))[1].lines
    assert [line.get_marker() for line in with_markers] == ["None", "None", "o", "s"]


def test_more_rates_than_can_be_told_apart_are_a_median_and_a_range():
    rates = np.geomspace(0.1, 10, 7) * np.array([[1], [2], [4]])
    alpha = list(drawn(run(rates=rates)))[1]
    (median,) = alpha.lines
    np.testing.assert_allclose(median.get_ydata(), [1, 2, 4])
    heights = alpha.collections[0].get_paths()[0].vertices[:, 1]
    assert (heights.min(), heights.max()) == pytest.approx((0.1, 40))


@pytest.mark.parametrize(("loss", "end"), [((1.0, 50.0, np.nan), 2), ((np.nan,), 0)])
def test_a_run_that_diverged_ends_in_crosses_at_the_edge_that_it_left_by(loss, end):
    diverged = run(loss, np.full((len(loss) + 1, 1), 7.0), np.full(len(loss), 0.1), "diverged")
    heights = [1, 7, 0]  # the upper edge, its last α, the lower edge
    for axes, height in zip(drawn(diverged), heights, strict=True):
        assert len(axes.lines[0].get_xdata()) == end + (height == 7)
        (cross,) = crosses(axes)
        assert cross.get_xdata() == [end]
        assert cross.get_ydata() == [height]
        assert (cross.get_transform() == axes.transData) == (height == 7)


def test_the_mean_ends_with_the_first_seed_that_diverged():
    loss, _, _ = drawn(run((1, 0.5)), run((1, np.nan), status="diverged"))
    (mean,) = [line for line in loss.lines if line.get_linewidth() > 1 and line.get_marker() == "None"]
    np.testing.assert_array_equal(mean.get_xydata(), [[1, 1]])
    assert len(crosses(loss)) == 1


def test_a_cross_stays_in_a_panel_with_limits():
    far = run((1.0, np.nan), ((1e15,), (1e15,), (1e15,)), status="diverged")
    (cross,) = crosses(list(drawn(far, alpha=(0, 2)))[1])
    assert cross.get_ydata() == [2]
