"""Runs beside each other: what is drawn is what was measured, and no two runs look alike."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
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
    loss, alpha, accuracy = plots.compare([record()]).axes
    np.testing.assert_array_equal(loss.lines[0].get_xydata(), [[1, 2], [2, 1]])
    np.testing.assert_allclose(alpha.lines[0].get_xydata(), [[0, 0.1], [1, 0.2], [2, 0.1]])
    np.testing.assert_allclose(accuracy.lines[0].get_xydata(), [[1, 50], [2, 90]])
    assert alpha.get_yscale() == "log"


def luminance(color):
    return np.dot(matplotlib.colors.to_rgb(color), [0.3, 0.6, 0.1])


def test_variants_of_a_method_go_from_its_color_to_dark_and_share_nothing_else():
    runs = [record("hypergradient", beta=beta) for beta in (1e-3, 1e-4, 1e-5)] + [record(), record(per="tensor")]
    figure = plots.compare(runs)
    assert labels(figure) == [
        "hypergradient, β = 10⁻³",
        "hypergradient, β = 10⁻⁴",
        "hypergradient, β = 10⁻⁵",
        "TLR (Eq. 8)",
        "TLR (Eq. 8), per tensor: median and range",
    ]
    lines = figure.axes[0].lines
    colors = [line.get_color() for line in lines]
    assert (colors[0], colors[3]) == (plots.METHODS["hypergradient"].color.lower(), plots.METHODS["tlr"].color.lower())
    steps = np.diff([luminance(color) for color in colors])
    assert (steps[[0, 1, 3]] < -0.1).all()
    looks = [(line.get_color(), line.get_linestyle(), line.get_marker()) for line in lines]
    assert len(set(looks)) == 5


def test_an_option_that_all_runs_share_is_not_told():
    assert labels(plots.compare([record("fixed_eta", eta=0.1), record()])) == ["fixed η (D.4)", "TLR (Eq. 8)"]
    assert labels(plots.compare([record("sps"), record()])) == ["SPS", "TLR (Eq. 8)"], "the c of two methods"


def test_a_loss_beyond_the_ceiling_leaves_the_axis():
    bottom, top = plots.compare([record(loss=(2.0, 9e3)), record(loss=(2.0, 1.0))], ceiling=3).axes[0].get_ylim()
    assert 0.5 < bottom < 1
    assert top == 3


def test_a_tensor_is_a_dot_at_its_depth_whose_look_is_its_kind():
    groups = ("conv.weight", "group2.0.norm1.weight", "group2.0.norm1.bias", "group2.0.shortcut.weight", "output.bias")
    alpha = np.array([[0.2, 0.3, 0.4, 0.5, 0.6], [0.1, 0.2, 0.3, 0.4, 0.5]])
    figure = plots.rates(record(alpha=alpha, groups=groups, per="tensor"))
    kinds = {"convolutions": 1, "scales of norms": 2, "shifts of norms": 3, "shortcuts": 4, "output layer": 5}
    assert sorted(labels(figure)) == sorted(kinds)
    for axes, row in zip(figure.axes, alpha, strict=True):
        dots = {line.get_label(): line for line in axes.lines if line.get_label() in kinds}
        for kind, depth in kinds.items():
            np.testing.assert_allclose(dots[kind].get_xydata(), [[depth, row[depth - 1]]])
        assert len({(line.get_color(), line.get_marker()) for line in dots.values()}) == 5


def test_a_column_for_each_method_has_a_shade_for_each_start():
    runs = {f"α₀ = {alpha0}": record(loss=(alpha0, 1.0)) for alpha0 in (0.1, 0.2)}
    figure = plots.by_method({"tlr": runs, "mine": runs})
    axes = np.reshape(figure.axes, (2, 2))
    assert [axis.get_title() for axis in axes[0]] == ["TLR\n(Eq. 8)", "mine"]
    assert labels(figure) == list(runs)
    for loss, alpha in axes.T:
        np.testing.assert_allclose([line.get_ydata()[0] for line in loss.lines], [0.1, 0.2])
        np.testing.assert_allclose(alpha.lines[0].get_ydata(), [0.1, 0.2, 0.1])
    colors = [[line.get_color() for line in axis.lines] for axis in axes[0]]
    assert colors[0] == colors[1]
    assert plots.by_method({"tlr": {"tlr": record()}}).legends == [], "the title says it"
    with_sgd = plots.by_method({"tlr": {"sgd": record(), "one α": record()}})
    assert labels(with_sgd) == ["SGD, fixed α", "one α"]
    assert [line.get_color() for line in with_sgd.axes[0].lines] == [plots.METHODS["sgd"].color, "#000000"]


def test_more_runs_of_a_method_than_there_are_looks_are_refused_in_one_sentence():
    with pytest.raises(ValueError, match=r"^7 runs of hypergradient, β are more .* \(6\): choose some of them, .*\.$"):
        plots.compare([record("hypergradient", beta=10.0**-i) for i in range(7)])


def test_a_negative_rate_is_seen():
    alpha = plots.compare([record(alpha=((0.02,), (-0.03,)))]).axes[1]
    assert alpha.get_yscale() == "linear"
    assert alpha.get_ylim()[0] < -0.03


def test_a_rate_of_zero_is_the_end_of_a_schedule_and_leaves_the_panel():
    axes = plots.compare([record("cosine", alpha=((0.005,), (0.0,)))]).axes[1]
    assert axes.get_yscale() == "log"
    assert axes.get_ylim()[0] > 1e-3


def test_runs_are_drawn_in_the_style_of_their_method_and_others_in_shades_of_their_own():
    methods = plots.by_method({"": {"tlr": record(), "sgd": record()}})
    assert labels(methods) == ["TLR (Eq. 8)", "SGD, fixed α"]
    assert [line.get_color() for line in methods.axes[0].lines] == ["#0072B2", "#000000"]
    others = plots.by_method({"": {f"$ = {p}": record() for p in range(5)}})
    assert labels(others) == [f"$ = {p}" for p in range(5)]
    assert len({(line.get_color(), line.get_linestyle()) for line in others.axes[0].lines}) == 5
    others.canvas.draw()


def test_an_arrow_leads_from_where_a_restart_finds_alpha_to_its_peak():
    falls = record(loss=(1.0, 1.0, 1.0), alpha=((0.4,), (0.09,), (0.4,)))
    loss, alpha = plots.restarts(falls, falls).axes
    assert [(text.xyann[1], text.xy[1]) for text in alpha.texts] == [(0.09, 0.4)]
    assert [line.get_ydata()[0] for line in alpha.lines if len(set(line.get_ydata())) == 1] == pytest.approx([0.1])
    assert not loss.texts


def test_over_alpha0_a_line_goes_through_the_geometric_means_of_the_seeds():
    loss = {"tlr": [[0.1, 0.4], [0.2, 0.2]], "schedulefree": [[1.0, 1.0], [1.0, np.inf]]}
    figure = plots.sensitivity((0.1, 1), loss, {"tlr": 0.1, "schedulefree": 1}, reference="tlr")
    shown = [axis for axis in figure.axes if axis.get_visible()]
    assert [axis.get_title() for axis in shown] == ["TLR (Eq. 8)", "Schedule-Free SGD"]
    for axis, name, means in zip(shown, loss, ([0.2, 0.2], [1.0, 3**0.5]), strict=True):  # what diverged is at 3
        own = [
            line for line in axis.lines if line.get_color() == plots.METHODS[name].color and line.get_alpha() is None
        ]
        np.testing.assert_allclose(own[0].get_ydata(), means)
        assert [line.get_marker() for line in own[1:]] == [plots.METHODS[name].marker] * 2
        assert len(axis.lines) - len(own) == 2  # the reference, thin; the usual α₀


def test_a_search_over_alpha0_spans_from_the_lowest_loss_to_the_highest():
    index = pd.MultiIndex.from_product([["sgd", "tlr_steady"], [64, 512]], names=["method", "batch_size"])
    loss = pd.DataFrame([[0.1, 0.9], [0.2, 0.8], [0.05, 0.07], [0.04, 0.06]], index, columns=[0.01, 0.1])
    figure = plots.span(loss)
    assert [axis.get_title() for axis in figure.axes] == ["batches of 64", "batches of 512"]
    assert [text.get_text() for text in figure.axes[0].get_yticklabels()] == ["TLR, steady", "SGD, fixed α"]
    lines = [axis.lines[place].get_xdata().tolist() for axis in figure.axes for place in (0, 3)]
    assert lines == [[0.05, 0.07], [0.1, 0.9], [0.04, 0.06], [0.2, 0.8]]
    pale = plots.span(loss, pale=("sgd",)).axes[0].lines
    steady, sgd = (plots.METHODS[name].color for name in ("tlr_steady", "sgd"))
    assert pale[0].get_color() == steady
    assert luminance(pale[3].get_color()) > luminance(sgd) + 0.5


def test_what_is_lost_stands_at_the_edge_and_leaves_the_others_their_room():
    index = pd.MultiIndex.from_product([["sgd", "tlr"], [64]], names=["method", "batch_size"])
    figure = plots.span(pd.DataFrame([[0.1, 0.3], [0.1, 2.3]], index, columns=[0.01, 0.1]), {"tlr": "Eq. 8"}, lost=2)
    axis = figure.axes[0]
    assert [text.get_text() for text in axis.get_yticklabels()] == ["Eq. 8", "SGD, fixed α"]
    assert [text.get_text() for text in axis.texts] == ["0.10", "lost", "0.10", "0.30"]
    assert axis.get_xlim()[1] < 2
