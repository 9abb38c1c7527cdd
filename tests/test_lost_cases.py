"""The benchmark of lost cases: its quick part, its tables, and what is recorded."""

import sys
import warnings
from importlib import import_module
from pathlib import Path

import pytest

from tlr.course.experiments import lost_cases

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
benchmark = import_module("lost_cases")


@pytest.fixture(scope="module")
def quick():
    return list(benchmark.measured(quick=True))


def test_steady_is_not_lost(quick):
    assert not [run for run in quick if run["method"] == "steady" and lost_cases.is_lost(run)]


def test_the_other_rules_are_lost_on_a_convex_function_of_one_variable(quick):
    lost = {run["method"] for run in quick if run["case"] == "one-sided parabola" and lost_cases.is_lost(run)}
    assert lost == set(benchmark.RULES)


def test_steady_hardly_rises_where_the_others_rise_by_orders(quick):
    rises = {run["method"]: run["highest"] / run["first"] for run in quick if run["case"] == "quadratic, condition 100"}
    assert rises["steady"] < 1.1 < 100 < min(rises[name] for name in benchmark.RULES)


def made_up(method, last, alpha0=0.1, seed=0, highest=2.0):
    where = {"group": "digits", "case": "one", "method": method, "alpha0": alpha0, "seed": seed}
    return {**where, "first": 2.0, "last": last, "highest": highest}


def test_a_row_of_the_table():
    runs = [made_up("steady", 0.1), made_up("steady", float("nan"), seed=1), made_up("steady", 1.5, seed=2)]
    runs += [made_up("steady", 9.0, alpha0=1.0), made_up("published", 0.5, highest=6.0)]
    rows = lost_cases.table(runs)
    assert rows.loc[("one", "steady")].tolist() == [3, 2, 1.5, 3.0, 1.0]
    assert rows.loc[("one", "published")].tolist() == [1, 0, 0.5, 1.0, 3.0]


def test_sgd_is_shown_at_the_alpha_that_suits_it():
    runs = [made_up("sgd", last, alpha0) for alpha0, last in ((0.1, 0.3), (0.01, 0.2), (0.001, 2.0))]
    assert lost_cases.table(runs).loc[("one", "sgd"), "last"] == 0.2


@pytest.mark.parametrize(("published", "highest", "expected"), [(0.5, 2.0, [0.5]), (1.5, 2.0, []), (0.5, 30.0, [])])
def test_what_a_rule_costs_where_nothing_was_wrong(published, highest, expected):
    runs = [made_up("steady", 0.2), made_up("secant", 0.4), made_up("published", published, highest=highest)]
    assert lost_cases.healthy(runs).tolist() == expected


def test_no_recorded_run_of_steady_is_lost_up_to_a_tenth():
    rows = lost_cases.table(lost_cases.recorded_runs())
    steady = rows.xs("steady", level="method")
    assert steady.lost.sum() == 0
    assert steady.runs.sum() > 100
    assert rows.xs("published", level="method").lost.sum() > 10


def test_recorded_runs_come_from_committed_code():
    runs = [run for run in lost_cases.recorded_runs() if run["group"] != "figure-1"]
    assert all(run["commit"] and not run["dirty"] for run in runs)
    assert len({(run["case"], run["method"], run["alpha0"], run["seed"]) for run in runs}) == len(runs)


def test_shares_count_in_words_tell_what_rose_and_keep_a_case_that_they_do_not_know():
    runs = [made_up("steady", 0.1), made_up("published", 1.5), made_up("published", 0.1, seed=1)]
    runs += [made_up("published", 2.5) | {"case": f"quadratic, condition {kappa}"} for kappa in ("100", "1e6")]
    rows = lost_cases.shares(runs, ("steady", "published"))
    assert rows.columns.tolist() == ["runs", "lost", "rose"]
    assert rows.loc[("Exact gradients", "quadratics", "published")].tolist() == [2, 2, 2]
    assert rows.loc[("Others", "one", "published")].tolist() == [2, 1, 0]
    assert rows.loc[("Others", "one", "steady")].tolist() == [1, 0, 0]


def test_methods_are_compared_on_what_all_of_them_were_tried_on():
    runs = [made_up("steady", 0.1), made_up("published", 1.5), made_up("published", 1.5, seed=1)]
    rows = lost_cases.shared(runs, ("steady", "published"))
    assert rows.loc[("mini-batches", "steady")].tolist() == [1, 0]
    assert rows.loc[("mini-batches", "published")].tolist() == [1, 1]


def test_windows_below_the_recommended_length_are_counted_apart():
    runs = [made_up("steady", 0.1) | {"case": "README, wine"}, made_up("steady", 0.1)]
    kinds = lost_cases.shared(runs, ("steady",)).index.get_level_values("kind")
    assert [*kinds] == ["mini-batches", "short windows"]


def test_two_defaults_are_compared_case_by_case():
    runs = [made_up("cosine", 0.1), made_up("cosine", 1.5, seed=1), made_up("steady", 0.3, alpha0=0.01)]
    runs += [made_up("steady", 0.2), made_up("sgd", 0.1), made_up("steady", 0.1, alpha0=0.01) | {"case": "other"}]
    rows = lost_cases.by_default(runs)
    assert [*rows.index] == ["one"]
    assert rows.loc["one", "cosine"].to_dict() == {"runs": 2, "lost": 1, "last": 0.8}
    assert rows.loc["one", "steady"].to_dict() == {"runs": 1, "lost": 0, "last": 0.3}


def test_what_a_part_of_steady_is_worth():
    runs = [made_up("steady", 0.1), made_up("steady", 0.1, seed=1), made_up("steady", 0.1, alpha0=0.01)]
    runs += [made_up("steady without taking back", last, seed=seed) for seed, last in enumerate((1.5, 0.2))]
    runs += [made_up("steady without taking back", 0.1, alpha0=0.01)]
    rows = lost_cases.without_parts(runs)
    assert rows.loc["taking back"].to_dict() == pytest.approx({"runs": 3, "lost": 1, "loss": 1.5, "most": 2})


@pytest.mark.parametrize("method", benchmark.WITHOUT)
def test_steady_without_a_part_is_another_rule(method):
    def last(method):
        with benchmark.without(method), warnings.catch_warnings(action="ignore"):
            return benchmark.readme(method, 0.1, 0, "200 digits", epochs=20)[-1]

    assert last(method) != last("steady")


def test_the_counts_that_the_solution_of_notebook_6_tells():
    """Exercise 3: lost runs by the share of the first loss, on the mini-batches that all four were tried on."""
    runs = lost_cases.frame(lost_cases.recorded_runs())
    runs = runs[runs.method.isin(lost_cases.COMPARED) & ~runs.group.isin(("functions", "full"))]
    runs = runs[runs.groupby(["case", "alpha0", "seed"]).method.transform("nunique") == len(lost_cases.COMPARED)]
    lost = {share: (runs["last"] > share * runs["first"]).groupby(runs.method).sum() for share in (1, 0.5, 0.2, 0.1)}
    assert [lost[share].sgd for share in (1, 0.5)] == [2, 6]
    assert [lost[share].steady for share in lost] == [0, 0, 6, 6]


def test_every_recorded_case_has_its_words():
    methods = {run["method"] for run in lost_cases.recorded_runs()}
    assert "Others" not in lost_cases.shares(lost_cases.recorded_runs(), methods).index.get_level_values("group")
