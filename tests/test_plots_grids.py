"""The paper's grids: every run is in the panel and the line that its setting names."""

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


def record(loss=(1.0, 0.5), alpha=(0.02, 0.03), status="done", groups=("model",), **setting):
    setting = {"method": "tlr", "alpha0": 0.01, "batch_size": 64, "epochs": len(loss)} | setting
    n = len(loss)
    return Record(
        setting=Setting(**setting),
        status=status,
        groups=groups,
        alpha0=np.full(len(groups), 0.01),
        train_loss=np.array(loss, dtype=float),
        test_accuracy=np.linspace(0.5, 0.9, n),
        alpha=np.reshape(alpha, (n, len(groups))),
        seconds=np.ones(n),
        evaluation_seconds=np.ones(n),
        sessions=(),
    )


def legend(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_without_fields_for_rows_and_columns_the_quantities_lie_side_by_side():
    loss, alpha, accuracy = plots.grid([record(p=p) for p in (0.5, 0.1)], ("p",)).axes
    assert [axis.get_title() for axis in (loss, alpha, accuracy)] == [
        "training loss",
        "learning rate α",
        "test accuracy (%)",
    ]
    np.testing.assert_array_equal(loss.lines[0].get_xydata(), [[1, 1.0], [2, 0.5]])
    np.testing.assert_array_equal(alpha.lines[0].get_xydata(), [[0, 0.01], [1, 0.02], [2, 0.03]])
    np.testing.assert_array_equal(accuracy.lines[0].get_ydata(), [50, 90])


def test_lines_stand_in_the_order_of_their_values_and_look_different():
    figure = plots.grid([record(c=c) for c in (9.0, 0.25, 0.5, 4.0, 1.0, 0.125)], ("c",))
    assert legend(figure) == [f"c = {c:.3g}" for c in (0.125, 0.25, 0.5, 1, 4, 9)]
    assert len({line.get_color() for line in figure.axes[0].lines}) == 6


def test_with_columns_the_quantities_lie_below_each_other():
    found = [record(batch_size=size, loss=(size, 1)) for size in (256, 64)]
    axes = np.reshape(plots.grid(found, ("method",), columns="batch_size").axes, (3, 2))
    assert [axis.get_title() for axis in axes[0]] == ["batch 64", "batch 256"]
    assert [axis.get_ylabel() for axis in axes[:, 0]] == ["training loss", "learning rate α", "test accuracy (%)"]
    assert [axis.lines[0].get_ydata()[0] for axis in axes[0]] == [64, 256]


def test_methods_have_their_color_and_variants_of_one_method_are_told_apart():
    found = [record(), *(record(method="hypergradient", beta=beta) for beta in (1e-3, 1e-5))]
    figure = plots.grid(found, ("method", "beta"))
    assert legend(figure) == ["TLR (Eq. 8)", "hypergradient, β = 10⁻⁵", "hypergradient, β = 10⁻³"]
    published, *variants = figure.axes[0].lines
    assert published.get_color() == plots.METHODS["tlr"].color
    assert len({(line.get_color(), line.get_linestyle()) for line in variants}) == 2


def test_a_run_with_an_alpha_per_tensor_has_a_line_for_each():
    per_tensor = record(alpha=[[0.02, 0.2], [0.03, 0.3]], groups=("weight", "bias"), per="tensor")
    figure = plots.grid([per_tensor], ("per",))
    _, alpha, _ = figure.axes
    lines, markers = ([line for line in alpha.lines if (line.get_linestyle() == "None") == bare] for bare in (0, 1))
    for drawn in (lines, markers):
        assert [list(line.get_ydata()) for line in drawn] == [[0.01, 0.02, 0.03], [0.01, 0.2, 0.3]]
    assert legend(figure) == ["α per tensor", "weight", "bias"]
    handles = dict(zip(legend(figure), figure.legends[0].legend_handles, strict=True))
    assert [handles[name].get_marker() for name in ("weight", "bias")] == [line.get_marker() for line in markers]


def test_seeds_of_a_setting_are_one_line():
    loss = plots.grid([record(seed=0, loss=(1, 0.4)), record(seed=1, loss=(3, 0.8))], ("method",)).axes[0]
    (mean,) = [line for line in loss.lines if line.get_linewidth() > 1]
    np.testing.assert_allclose(mean.get_ydata(), [2, 0.6])


def test_tensors_that_are_too_many_to_be_told_apart_are_not_in_the_legend():
    groups = tuple(f"tensor {i}" for i in range(7))
    figure = plots.grid([record(alpha=[[0.02] * 7, [0.03] * 7], groups=groups, per="tensor")], ("per",))
    assert legend(figure) == ["α per tensor"]


def test_axes_are_logarithmic_and_limited_where_asked():
    loss, alpha, accuracy = plots.grid([record()], ("method",), log=("alpha",), limits={"train_loss": (0, 2)}).axes
    assert [axis.get_yscale() for axis in (loss, alpha, accuracy)] == ["linear", "log", "linear"]
    assert loss.get_ylim() == (0, 2)


def test_the_axis_of_an_alpha_that_turns_negative_has_both_signs():
    runs = [record(method="hypergradient", beta=1e-3, alpha=(0.01, -0.001))]
    figure = plots.grid(runs, ("beta",), log=("train_loss", "alpha"))
    assert [axis.get_yscale() for axis in figure.axes] == ["log", "symlog", "linear"]
    assert plots.grid([record()], ("method",), log=("alpha",)).axes[1].get_yscale() == "log"
