"""The benchmark of lost cases: its quick part."""

import sys
from importlib import import_module
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
lost_cases = import_module("lost_cases")


@pytest.fixture(scope="module")
def quick():
    return list(lost_cases.measured(quick=True))


def test_steady_is_not_lost(quick):
    assert not [run for run in quick if run["method"] == "steady" and lost_cases.is_lost(run)]


def test_the_other_rules_are_lost_on_a_convex_function_of_one_variable(quick):
    lost = {run["method"] for run in quick if run["case"] == "one-sided parabola" and lost_cases.is_lost(run)}
    assert lost == set(lost_cases.RULES)


def test_steady_hardly_rises_where_the_others_rise_by_orders(quick):
    rises = {run["method"]: run["highest"] / run["first"] for run in quick if run["case"] == "quadratic, condition 100"}
    assert rises["steady"] < 1.1 < 100 < min(rises[name] for name in lost_cases.RULES)
