"""The benchmark of lost cases: its quick part, and the prototype of "steady" that it measures."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
lost_cases = pytest.importorskip("lost_cases")
steady = pytest.importorskip("steady")


@pytest.fixture(scope="module")
def quick():
    return list(lost_cases.measured(quick=True, only=[]))


def test_steady_is_not_lost(quick):
    assert not [run for run in quick if run["method"] == "steady" and lost_cases.is_lost(run)]


def test_the_other_rules_are_lost_on_a_convex_function_of_one_variable(quick):
    lost = {run["method"] for run in quick if run["case"] == "one-sided parabola" and lost_cases.is_lost(run)}
    assert lost == set(lost_cases.RULES)


def test_steady_hardly_rises_where_the_others_rise_by_orders(quick):
    rises = {run["method"]: run["highest"] / run["first"] for run in quick if run["case"] == "quadratic, condition 100"}
    assert rises["steady"] < 1.1 < 100 < min(rises[name] for name in lost_cases.RULES)


def test_one_change_lies_within_a_quarter_down_and_c_up():
    rng = np.random.default_rng(0)
    for _ in range(1000):
        now, before = rng.normal(size=(2, 3)) * 10 ** rng.uniform(-3, 3, (2, 1))
        q = rng.uniform(0, 0.9)
        assert -1 / 4 <= steady.change(now @ now, now @ before, before @ before, q) <= 1 / 2


def test_pure_reshuffling_does_not_move_alpha():
    q = steady.reshuffled_share(0, 30, 30, 30, 90)
    assert q == pytest.approx(1 / 3)
    for correlation in (0, -q / (1 - q) / 2, -q / (1 - q) * 0.999):
        assert steady.change(1.0, correlation, 1.0, q) == 0
    assert steady.change(1.0, -q / (1 - q) * 1.1, 1.0, q) < 0


@pytest.mark.parametrize(("before", "now"), [(0, 30), (30, 60), (70, 100), (85, 115), (90, 120)])
def test_the_share_is_what_windows_of_reshuffled_noise_show(before, now):
    noise = np.random.default_rng(0).normal(size=(400, 3, 90, 20))
    noise -= noise.mean(axis=2, keepdims=True)
    steps = noise.reshape(400, 270, 20)
    first, second = (steps[:, k : k + 30].sum(axis=1).ravel() for k in (before, now))
    q = steady.reshuffled_share(before, 30, now, 30, 90)
    assert first @ second / (first @ first) == pytest.approx(-q / (1 - q), abs=0.03)
