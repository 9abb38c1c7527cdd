"""What the choice of α₀ decides: every method trains from every α₀, with every seed, from the same weights."""

from functools import partial

import numpy as np
import torch

from tlr.course.data import load
from tlr.course.experiments.guessing import (
    GRID,
    SEEDS,
    USUAL,
    first_epoch,
    losses,
    methods_of_today,
    over_alpha0,
    recorded_runs,
)
from tlr.course.peers import cosine

RATES = (1e-4, 0.1)


def test_each_method_trains_from_each_rate_with_each_seed():
    methods = {
        "sgd": {"momentum": 0.8},
        "cosine": ({}, partial(cosine, warmup=1)),
        "mine": torch.optim.SGD,
    }
    ran = over_alpha0(methods, load("digits"), RATES, epochs=2, batch_size=64, seeds=(0, 1), hidden=8)
    assert list(ran) == list(methods)
    assert all(sorted(runs) == [(1e-4, 0), (1e-4, 1), (0.1, 0), (0.1, 1)] for runs in ran.values())
    assert ran["sgd"][0.1, 0].alpha[-1, 0] == 0.1
    assert ran["cosine"][0.1, 0].rates[0, 0] == 0.05  # the warm-up
    for runs in ran.values():
        assert max(runs[0.1, seed].train_loss[-1] for seed in (0, 1)) < runs[1e-4, 0].train_loss[-1]


def test_every_method_is_recorded_with_every_rate_and_seed_from_committed_code():
    runs = recorded_runs()
    assert len(runs) == len({(run["method"], run["alpha0"], run["seed"]) for run in runs})
    assert {run["method"] for run in runs} == {*USUAL} == {*methods_of_today(load("digits"))}
    assert len(runs) == len(USUAL) * len(GRID) * len(SEEDS)
    assert all(run["commit"] and not run["dirty"] for run in runs)


def test_losses_have_a_row_for_each_rate_and_what_diverged_is_infinite():
    runs = [{"method": "tlr", "alpha0": rate, "seed": seed, "train_loss": rate} for rate in GRID for seed in SEEDS]
    runs[-1]["train_loss"] = float("nan")
    ends = losses(runs)["tlr"]
    assert ends[:-1, 0].tolist() == list(GRID[:-1])
    assert np.isinf(ends[-1, -1])


def test_the_first_epoch_is_below_the_loss_or_at_the_accuracy_and_infinite_if_never():
    curves = {"losses": [0.5, 0.01, 0.009, 0.02], "accuracies": [0.9, 0.97, 0.96, 0.98]}
    runs = [{"method": "tlr", "alpha0": rate, "seed": seed, **curves} for rate in GRID for seed in SEEDS]
    runs[-1]["losses"] = [2.0, float("nan")]
    soon = first_epoch(runs, "losses", lambda loss: loss < 0.01)["tlr"]
    assert soon[0, 0] == 3
    assert np.isinf(soon[-1, -1])
    assert (first_epoch(runs, "accuracies", lambda right: right >= 0.97)["tlr"] == 2).all()


def test_curves_end_where_runs_do():
    for run in recorded_runs():
        assert np.isclose(run["losses"][-1], run["train_loss"], rtol=1e-3, equal_nan=True)
        assert np.isclose(run["accuracies"][-1], run["test_accuracy"], atol=1e-4)
