"""How runs ended: every run is a dot where it ended, or a cross at the edge that it left by."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
from test_plots_grids import legend, record

from tlr.course import plots


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def dots(axis, marker):
    return [line.get_xydata().tolist() for line in axis.lines if line.get_marker() == marker and len(line.get_xdata())]


def test_a_panel_for_each_method_and_a_dot_for_each_run():
    runs = [record(loss=(1, loss), alpha0=alpha0) for alpha0, loss in ((0.1, 0.3), (0.001, 0.2))]
    figure = plots.ends([*runs, record(method="sgd", alpha0=0.1)], (0.1, 2), quantity="train_loss")
    sgd, tlr = figure.axes
    assert [axis.get_title() for axis in figure.axes] == ["SGD\nfixed α", "TLR (Eq. 8)"]
    assert dots(tlr, "o") == [[[1, 0.3], [0, 0.2]]]
    assert dots(sgd, "o") == [[[1, 0.5]]]
    assert [text.get_text() for text in tlr.get_xticklabels()] == ["0.001", "0.1"]
    assert tlr.get_yscale() == "log"


def test_panels_stand_in_the_order_that_is_asked_for():
    runs = [record(), record(method="sgd")]
    figure = plots.ends(runs, (0.1, 2), quantity="train_loss", order=["tlr", "sgd"])
    assert [axis.get_title() for axis in figure.axes] == ["TLR (Eq. 8)", "SGD\nfixed α"]


def test_a_line_for_each_batch_size_through_the_median_of_the_seeds():
    seeds = [record(loss=(1, loss), seed=seed) for seed, loss in enumerate((0.2, 0.6, 0.3))]
    figure = plots.ends([*seeds, record(batch_size=256)], (0.1, 2), quantity="train_loss")
    first, second = (line for line in figure.axes[0].lines if line.get_linestyle() == "-")
    assert first.get_ydata().tolist() == [0.3]
    assert first.get_color() != second.get_color()
    assert legend(figure) == ["batch 64", "batch 256"]


def test_lines_stand_side_by_side_so_that_none_hides_another():
    figure = plots.ends([record(batch_size=size) for size in (64, 128, 256)], (0.1, 2), quantity="train_loss")
    places = [line.get_xdata()[0] for line in figure.axes[0].lines if line.get_linestyle() == "-"]
    assert np.all(np.diff(places) > 0.05)
    assert np.mean(places) == pytest.approx(0, abs=1e-9)


def test_a_single_line_has_the_color_of_its_method_and_needs_no_legend():
    figure = plots.ends([record(p=p) for p in (0.1, 0.5)], (0.1, 2), x="p", quantity="train_loss")
    assert {line.get_color() for line in figure.axes[0].lines} == {plots.METHODS["tlr"].color}
    assert figure.legends == []


def test_combinations_of_fields_stand_side_by_side_in_one_panel_unconnected():
    runs = [record(batch_size=size) for size in (64, 256)]
    runs += [record(method="hypergradient", beta=beta, batch_size=64) for beta in (1e-3, 1e-4)]
    figure = plots.ends(runs, (0.1, 2), panels=None, x=("method", "beta"), quantity="train_loss")
    (axis,) = figure.axes
    ticks = [text.get_text() for text in axis.get_xticklabels()]
    assert ticks == ["TLR (Eq. 8)", "hypergradient\nβ = 10⁻⁴", "hypergradient\nβ = 10⁻³"]
    assert [line for line in axis.lines if line.get_linestyle() == "-"] == []


@pytest.mark.parametrize("loss", [5.0, np.nan])
@pytest.mark.filterwarnings("ignore:invalid value")
def test_a_run_that_ended_outside_of_the_axis_is_a_cross_at_its_edge(loss):
    (axis,) = plots.ends([record(loss=(1, loss))], (0.1, 2), quantity="train_loss").axes
    assert dots(axis, "x") == [[[0, 2]]]
    assert dots(axis, "o") == []
    assert "left the panel" in legend(axis.figure)


def test_no_line_but_a_dotted_one_leads_to_a_run_that_left_the_axis():
    runs = [record(alpha0=alpha0, loss=(1, loss)) for alpha0, loss in ((0.001, 0.2), (0.01, 0.3), (0.1, 1e24))]
    (axis,) = plots.ends(runs, (0.1, 2), quantity="train_loss").axes
    lines = {line.get_linestyle(): line.get_ydata().tolist() for line in axis.lines if len(line.get_xdata()) == 3}
    np.testing.assert_array_equal(lines["-"], [0.2, 0.3, np.nan])
    assert lines[":"] == [0.2, 0.3, 2]


def test_the_axis_says_after_how_many_epochs_where_all_runs_have_as_many():
    label = plots.ends([record(epochs=8)], (80, 100)).axes[0].get_ylabel()
    assert label == "test accuracy (%)\nafter 8 epochs"
    assert "at the end" in plots.ends([record(epochs=8), record(epochs=9)], (80, 100)).axes[0].get_ylabel()


def test_accuracy_is_in_percent_and_what_fell_below_is_at_the_lower_edge():
    above, below = plots.ends([record()], (80, 100)).axes[0], plots.ends([record()], (95, 100)).axes[0]
    assert dots(above, "o") == [[[0, 90]]]
    assert dots(below, "x") == [[[0, 95]]]


def test_each_place_lies_between_two_lines_of_the_grid():
    (axis,) = plots.ends([record(alpha0=alpha0) for alpha0 in (0.001, 0.01, 0.1)], (80, 100)).axes
    assert [tick.gridline.get_visible() for tick in axis.xaxis.get_major_ticks()] == [False] * 3
    assert axis.get_xticks(minor=True).tolist() == [0.5, 1.5]


def test_a_cross_may_have_a_name_and_a_band_goes_through_all_panels():
    runs = [record(loss=(1, 5)), record(method="sgd")]
    figure = plots.ends(runs, (0.1, 2), quantity="train_loss", cross="lost", band=("steady", 0.2, 0.3))
    assert "lost" in legend(figure)
    assert [[patch.get_y() for patch in axis.patches] for axis in figure.axes] == [[0.2], [0.2]]
    assert [[text.get_text() for text in axis.texts] for axis in figure.axes] == [[], ["steady"]]


def test_more_lines_than_markers_are_refused_and_none_is_dropped():
    with pytest.raises(ValueError, match="zip"):
        plots.ends([record(batch_size=size) for size in range(1, 8)], (0, 100))


def test_a_row_for_each_method_as_long_as_the_start_matters():
    ran = {
        "sgd": {0.1: record(loss=(1, 0.02)), 0.01: record(loss=(1, 0.4))},
        "tlr": {0.1: record(loss=(1, 0.03)), 0.01: record(loss=(1, 3))},
    }
    figure = plots.spread(ran, "tlr", lost=1, labels={"sgd": "plain"})
    left, right = figure.axes
    assert [list(line.get_xdata()) for line in left.lines if line.get_marker() == "None"] == [[0.02, 0.4], [0.03, 3]]
    assert [float(line.get_xdata()[0]) for line in left.lines if line.get_marker() == "o"] == [0.02, 0.03]
    assert [text.get_text() for text in left.get_yticklabels()] == ["plain", "TLR (Eq. 8)"]
    assert (left.get_xscale(), left.patches[0].get_x()) == ("log", 1)
    assert (right.get_title(loc="left"), right.get_yscale()) == ("α of TLR (Eq. 8)", "log")
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["α₀ = 0.1", "α₀ = 0.01"]
