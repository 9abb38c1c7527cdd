"""The figures of mini-batch training: what they draw is what they were given."""

from types import SimpleNamespace

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.patches import FancyArrowPatch, Rectangle

from tlr.course import plots


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def test_agreement_says_what_share_is_negative():
    columns = {"one": np.array([-0.5, 0.5, 0.25, 0.75]), "two": np.array([0.5])}
    one, two = plots.agreement({"row": columns}).axes
    assert [text.get_text() for text in (*one.texts, *two.texts)] == ["25% negative", "0% negative"]
    assert sum(bar.get_height() for bar in one.containers[0]) == 4


def run(alpha, loss, finite_epochs):
    rates, losses = np.array(alpha)[:, None], np.array(loss)
    each = {"alpha": rates, "train_loss": losses, "rates": np.vstack([[[0.1]], rates])}
    return SimpleNamespace(**each, status="done", finite_epochs=finite_epochs)


def test_by_window_names_the_windows_asked_for_and_what_was_lost_at_once():
    runs = {"9 steps": run([0.2, 0.3], [2, 1], 2), "other": run([0.1, 0.1], [2, 1], 2), "one": run([9], [np.nan], 0)}
    alpha, loss = plots.by_window({"μ = 0.8": runs}, ["9 steps"]).axes
    assert [(text.get_text(), text.xy) for text in alpha.texts] == [("9 steps", (2, 0.3)), ("other", (2, 0.1))]
    assert [text.get_text() for text in loss.texts] == ["one: lost in epoch 1"]
    assert [list(line.get_ydata()) for line in alpha.get_lines()] == [[0.1, 0.2, 0.3], [0.1, 0.1, 0.1]]
    first, second = (line.get_color() for line in loss.get_lines())
    assert first != second


def test_window_agreement_draws_points_on_lines():
    figure = plots.window_agreement([1, 2], {"now": [0.4, 0.6]}, {"now": [0.5, 0.7]})
    line, points, _ = figure.axes[0].lines
    np.testing.assert_array_equal(line.get_ydata(), [0.5, 0.7])
    np.testing.assert_array_equal(points.get_ydata(), [0.4, 0.6])


def test_images_hang_below_their_labels():
    figure = plots.images(np.zeros((3, 8, 8), np.uint8), [7, 0, 4])
    assert [axes.get_title() for axes in figure.axes] == ["7", "0", "4"]


def test_two_windows_lie_side_by_side_in_an_epoch_with_both_correlations():
    axes, short = plots.two_windows(91, {"30 steps": (30, 0.09, -0.5), "9 steps": (9, 0.32, -0.11)}).axes
    first, second = (patch for patch in axes.patches if isinstance(patch, Rectangle))
    assert (first.get_x(), second.get_x(), second.get_x() + second.get_width()) == (0, 30, 60)
    assert len(axes.collections[0].get_segments()) == 91
    for panel, border in ((axes, 30), (short, 9)):  # as far as the memory reaches, however long the windows are
        (arc,) = (patch for patch in panel.patches if isinstance(patch, FancyArrowPatch))
        assert [x for x, _ in arc._posA_posB] == [border - 5, border + 5]
    (bracket,) = axes.lines
    assert (bracket.get_xdata()[0], bracket.get_xdata()[-1]) == (0, 91)
    bold = {text.get_text()[:1]: text.get_weight() == "bold" for text in axes.texts}
    assert (bold["+"], bold["−"]) == (False, True)
    words = " ".join(text.get_text() for text in axes.texts)
    assert "ρ = +0.09" in words
    assert "ρ = −0.50" in words
    assert {text.get_text()[:1]: text.get_weight() for text in short.texts} == {"+": "bold", "−": "normal"}
    assert (axes.get_title(loc="left"), short.get_title(loc="left")) == ("30 steps", "9 steps")
    assert [each.get_title(loc="right") for each in (axes, short)] == ["sum −0.41: α falls", "sum +0.21: α grows"]


def test_two_windows_that_are_whole_epochs_have_a_bracket_each_and_no_correlation():
    (axes,) = plots.two_windows(91, {"91 steps": (91, None, None)}).axes
    assert axes.get_title(loc="right") == "no noise left, only the gradient"
    assert [(line.get_xdata()[0], line.get_xdata()[-1]) for line in axes.lines] == [(1, 90), (92, 181)]
    assert not [patch for patch in axes.patches if isinstance(patch, FancyArrowPatch)]
    assert "ρ" not in " ".join(text.get_text() for text in axes.texts)


def test_two_rules_are_named_at_the_ends_of_alpha_and_loss_beside_a_fall_by_time():
    rules = {"tlr": ("Eq. 8", [0.1, 0.2, 0.1], [2.0, 1.0, 0.5]), "tlr_steady": ("steady", [0.2, 0.4, 0.3], [3, 1, 0.2])}
    alpha, loss = plots.two_rules(rules, start=2.5).axes
    assert {text.get_text(): text.xy for text in alpha.texts} == {
        "Eq. 8": (3, 0.1),
        "steady": (3, 0.3),
        "1/t": (3, pytest.approx(0.4 * 2 / 3)),
    }
    assert [text.get_text() for text in loss.texts] == ["Eq. 8", "steady", "before training"]
    assert {line.get_label(): line.get_color() for line in loss.get_lines()[:2]} == {
        "Eq. 8": plots.METHODS["tlr"].color,
        "steady": plots.METHODS["tlr_steady"].color,
    }
