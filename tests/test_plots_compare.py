"""Recorded runs beside each other: what is drawn is what was recorded, and no two runs look alike."""

from itertools import pairwise

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest

from tlr.course import plots
from tlr.course.records import Record, Setting


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def record(method="tlr", loss=(2.0, 1.0), alpha=((0.2,), (0.1,)), groups=("model",), status="done", **options):
    n = len(loss)
    return Record(
        setting=Setting(method=method, alpha0=0.1, batch_size=64, epochs=n, **options),
        status=status,
        groups=groups,
        alpha0=np.full(len(groups), 0.1),
        train_loss=np.array(loss),
        test_accuracy=np.linspace(0.5, 0.9, n),
        alpha=np.array(alpha),
        seconds=np.ones(n),
        evaluation_seconds=np.ones(n),
        sessions=({"first_epoch": 1},),
    )


def labels(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_loss_alpha_and_accuracy_are_the_records():
    loss, alpha, accuracy = plots.compare([record()], floor=0.2).axes
    np.testing.assert_array_equal(loss.lines[0].get_xydata(), [[1, 2], [2, 1]])
    np.testing.assert_allclose(alpha.lines[0].get_xydata(), [[0, 0.1], [1, 0.2], [2, 0.1]])
    np.testing.assert_allclose(accuracy.lines[0].get_xydata(), [[1, 50], [2, 90]])
    assert alpha.get_yscale() == "log"
    assert accuracy.get_ylim()[0] == 20


def test_variants_of_a_method_share_its_colour_and_nothing_else():
    runs = [record("hypergradient", beta=beta) for beta in (1e-3, 1e-4, 1e-5)] + [record(), record(per="tensor")]
    figure = plots.compare(runs)
    assert labels(figure) == [
        "hypergradient, β = 0.001",
        "hypergradient, β = 0.0001",
        "hypergradient, β = 1e-05",
        "TLR (Eq. 8)",
        "TLR (Eq. 8), per tensor",
    ]
    lines = figure.axes[0].lines
    assert {line.get_color() for line in lines[:3]} == {plots.METHODS["hypergradient"].color}
    looks = [(line.get_color(), line.get_linestyle(), line.get_marker()) for line in lines]
    assert len(set(looks)) == 5


def test_an_option_that_all_runs_share_is_not_told():
    assert labels(plots.compare([record("fixed_eta", eta=0.1), record()])) == ["fixed η (D.4)", "TLR (Eq. 8)"]
    assert labels(plots.compare([record("sps"), record()])) == ["SPS", "TLR (Eq. 8)"], "the c of two methods"


def test_a_loss_beyond_the_ceiling_leaves_the_axis():
    bottom, top = plots.compare([record(loss=(2.0, 9e3)), record(loss=(2.0, 1.0))], ceiling=3).axes[0].get_ylim()
    assert 0.5 < bottom < 1
    assert top == 3


def test_many_rates_are_a_median_and_a_band():
    rates = ((0.1, 0.2, 0.9), (0.1, 0.3, 0.8))
    alpha = plots.compare([record(alpha=rates, groups=("a", "b", "c"), per="tensor")]).axes[1]
    np.testing.assert_allclose(alpha.lines[0].get_ydata(), [0.1, 0.2, 0.3])
    heights = alpha.collections[0].get_paths()[0].vertices[:, 1]
    assert (heights.min(), heights.max()) == pytest.approx((0.1, 0.9))


def test_a_rate_below_zero_is_seen_and_a_run_that_diverged_ends_in_a_cross():
    negative = record("hypergradient", alpha=((0.02,), (-0.01,)), beta=1e-3)
    diverged = record("sgd", loss=(2.0, np.nan), status="diverged")
    loss, alpha, _ = plots.compare([negative, diverged]).axes
    assert alpha.get_yscale() == "linear"
    assert alpha.get_ylim()[0] < 0
    assert loss.lines[-1].get_marker() == "x"
    assert len(loss.lines[1].get_xdata()) == 1


def test_rates_are_drawn_from_dark_at_the_input_to_light_at_the_output():
    groups = ("conv.weight", "group1.0.norm1.weight", "group1.0.conv1.weight", "output.weight", "output.bias")
    run = record(alpha=np.full((2, 5), 0.2), groups=groups, per="tensor")
    figure = plots.rates(run)
    assert labels(figure) == ["conv", "group1.0.conv1", "output", "norms and biases"]
    named = [line for line in figure.axes[0].lines if not line.get_label().startswith(("_", "norms"))]
    brightness = [sum(matplotlib.colors.to_rgb(line.get_color())) for line in named]
    assert all(a < b for a, b in pairwise(brightness))


def test_more_runs_of_a_method_than_there_are_looks_are_refused_in_one_sentence():
    with pytest.raises(ValueError, match=r"^7 runs of hypergradient, β are more .* \(6\): choose some of them, .*\.$"):
        plots.compare([record("hypergradient", beta=10.0**-i) for i in range(7)])
