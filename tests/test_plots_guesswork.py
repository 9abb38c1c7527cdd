"""What a guess of α₀ costs, drawn: each run where it was measured, each method under its name."""

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


def run(alpha, loss):
    return SimpleNamespace(rates=np.array(alpha)[:, None], train_loss=np.array(loss))


def test_a_recovery_has_a_dot_at_its_peak_and_every_run_its_name_and_last_loss():
    climbs, stays = run([1e-4, 1e-2, 5e-3], [2.0, 0.1]), run([1e-4, 1e-5, 0.0], [2.3, 2.2])
    figure = plots.recovery({"steady": ("tlr_steady", climbs), "cosine": ("cosine", stays)})
    rate, loss = figure.axes
    peak = next(line for line in rate.lines if line.get_marker() == "o")
    np.testing.assert_allclose(peak.get_xydata(), [[1, 1e-2]])
    assert [text.get_text() for text in rate.texts] == ["steady", "0.01", "cosine"]
    assert [text.get_text() for text in loss.texts] == ["steady: 0.1", "cosine: 2.2"]
    np.testing.assert_allclose(rate.lines[-1].get_xydata(), [[0, 1e-4], [1, 1e-5]])  # an α of zero is no point
    assert loss.lines[0].get_linewidth() > loss.lines[1].get_linewidth()


def test_a_guess_is_a_multiple_of_what_is_usual():
    grid, rows = (1e-4, 1e-2, 1e-1, 1.0), [[0.1, 0.9], [0.01, 0.04], [0.1, 0.1], [2.0, 2.0]]
    figure = plots.guesses(grid, {"prodigy": rows, "tlr_steady": rows}, {"prodigy": 1, "tlr_steady": 0.01}, chance=2.3)
    means = [line for line in figure.axes[0].lines if line.get_alpha() == 0.6]
    colors = [plots.METHODS[name].color for name in ("prodigy", "tlr_steady")]
    assert [line.get_color() for line in means] == colors
    for line, multiples in zip(means, ([0.01, 0.1, 1], [0.01, 1, 10, 100]), strict=True):
        np.testing.assert_allclose(line.get_xdata(), multiples, rtol=0.2)  # a little beside each other
    np.testing.assert_allclose(means[0].get_ydata(), [0.02, 0.1, 2])
    words = [text.get_text() for text in figure.axes[0].texts]
    assert words.count("TLR, steady") == 1
    assert {"TLR, steady (0.01)", "Prodigy (1)"} < {*words}
    assert "not tried:\nProdigy" in words
    assert "TLR, steady's\n2 seeds" in words


def test_names_at_the_right_stand_beside_their_lines_and_apart_where_these_meet():
    rows = {"cosine": [[1.0], [2.3]], "adamw": [[0.005], [0.04]], "tlr_steady": [[0.01], [2.5]]}
    usual = dict.fromkeys(rows, 0.01)
    texts = plots.guesses((0.1, 1.0), rows, usual, chance=2.3).axes[0].texts
    up = {text.get_text(): text.xyann[1] for text in texts if getattr(text, "xyann", (0, 0))[0] == 18}
    assert up == {"AdamW": 0, "SGD, cosine": -10, "TLR, steady": 10}


def test_lines_differ_in_more_than_color():
    rows = {name: [[0.1], [0.2]] for name in ("adamw", "prodigy", "tlr_steady")}
    axes = plots.guesses((0.1, 1.0), rows, dict.fromkeys(rows, 1.0), chance=2.3).axes[0]
    means = [line for line in axes.lines if line.get_alpha() == 0.6]
    assert len({str(line._unscaled_dash_pattern) for line in means}) == 3
