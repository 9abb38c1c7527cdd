"""The drift of α under pure noise: the reshuffling law, the momentum's memory, and the records of 80 epochs."""

import math

import pytest

from tlr import rule
from tlr.course import experiments, records
from tlr.course.noise import drift


@pytest.mark.parametrize("curvature", ["published", "secant"])
@pytest.mark.parametrize(("steps", "window"), [(90, 30), (90, 9), (96, 24), (60, 30)])
def test_reshuffling_takes_a_quarter_of_p_an_update(steps, window, curvature):
    p = window / steps
    assert drift(steps, window, curvature=curvature) == pytest.approx((1 - p / 4) ** (1 / p - 1), abs=0.01)


def test_with_replacement_noise_says_nothing():
    assert drift(90, 30, replacement=True) == pytest.approx(1, abs=0.02)
    assert drift(90, 9, replacement=True) == pytest.approx(1, abs=0.02)


def test_an_epoch_a_window_hears_no_reshuffling():
    assert drift(30, 30) == pytest.approx(1, abs=0.02)


def test_the_momentums_memory_pulls_the_other_way():
    assert drift(91, 9, momentum=0.8) > 1.5
    assert drift(91, 9) < drift(91, 9, momentum=0.5) < drift(91, 9, momentum=0.8)


def test_it_predicts_how_fast_alpha_falls_in_the_recorded_runs():
    found = [run for run in records.load(experiments.settings("figure-1-mnist")) if run.setting.method != "sgd"]
    trained = [run for run in found if run.test_accuracy[-1] > 0.5]
    assert len(trained) >= 20
    for run in trained:
        steps = math.ceil(60_000 / run.setting.batch_size)
        fall = (run.alpha[79, 0] / run.alpha[59, 0]) ** (1 / 20)
        assert fall == pytest.approx(drift(steps, rule.window(steps), momentum=0.8, epochs=20), rel=0.05)
