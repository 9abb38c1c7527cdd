"""Notebook 3b's trials with ten seeds: the rule that only they use, what is recorded, and how it is counted."""

import sys
from importlib import import_module
from itertools import groupby
from pathlib import Path

import pytest

from tlr import rule
from tlr.course.data import load
from tlr.course.experiments import repairs

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
benchmark = import_module("repairs")


@pytest.mark.parametrize("trial", ["repairs", "batch size", "drawing"])
def test_every_setting_is_recorded_with_ten_seeds_from_committed_code(trial):
    runs = repairs.recorded_runs(trial)
    settings = [{name: run[name] for name in benchmark.SETTING if name in run} for run in runs]
    assert settings == [setting for setting in benchmark.wanted(load("digits")) if setting["trial"] == trial]
    assert all(run["commit"] and not run["dirty"] for run in runs)
    without_seed = groupby(settings, lambda setting: {**setting, "seed": None})
    assert all(len(list(seeds)) == 10 for _, seeds in without_seed)


def test_runs_of_a_setting():
    runs = repairs.recorded_runs("repairs", rule="Eq. 8", reads="gradients", steps=4)
    assert [run["seed"] for run in runs] == list(range(10))


@pytest.mark.parametrize(("last", "expected"), [(None, True), (1.1, True), (1.0, False)])
def test_a_lost_run(last, expected):
    assert repairs.is_lost({"first": 2.0, "last": last}) == expected


def test_the_rule_that_only_the_trials_use_is_the_published_one_on_gradients():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rule, "RULES", rule.RULES | benchmark.ONLY_HERE)
        assert rule.relative_change(3.0, 1.0, 2.0, curvature="published on gradients") == rule.relative_change(
            3.0, 1.0, 2.0
        )
        assert rule.RULES["published on gradients"].products == rule.RULES["gradients"].products
    assert "published on gradients" not in rule.RULES


def test_a_recorded_run_is_made_again():
    setting = {"trial": "repairs", "rule": "Eq. 8", "reads": "gradients", "steps": 4, "alpha0": 0.1, "batch_size": 128}
    measured = benchmark.measured(setting | {"seed": 0}, load("digits"))
    (run,) = repairs.recorded_runs("repairs", **{name: setting[name] for name in ("rule", "reads", "steps")}, seed=0)
    assert {name: run[name] for name in measured} == pytest.approx(measured, rel=0.05)


def test_a_run_that_draws_begins_untrained():
    digits = load("digits")
    ran = benchmark.drawn({"rule": "steady", "replacement": True, "seed": 1}, digits, epochs=1)
    (recorded,) = repairs.recorded_runs("drawing", rule="steady", seed=1)
    assert ran["untrained"] == pytest.approx(recorded["untrained"], rel=1e-3)
    assert len(ran["alpha"]) == len(ran["loss"]) == 1
