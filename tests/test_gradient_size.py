"""The trials of notebook 5 on the size of the gradients: what is recorded, and what each rule does with α."""

import numpy as np
import pytest
import torch

from tlr.course import records
from tlr.course.curves import Epoch, History
from tlr.course.data import load
from tlr.course.experiments import gradient_size
from tlr.course.experiments.gradient_size import (
    EPOCHS,
    PATH,
    SEEDS,
    TRIALS,
    half_of,
    leap_of,
    learned_in,
    network,
    outcome,
    recorded_sizes,
)
from tlr.course.peers import make_optimizer
from tlr.course.training import train


@pytest.fixture(scope="module")
def digits():
    return load("digits")


def run(losses, alphas=None):
    alphas = alphas or [0.01] * len(losses)
    return History((0.01,), [Epoch(loss, 0.5, (a,), 0.0, 0.0) for loss, a in zip(losses, alphas, strict=True)])


def test_every_trial_is_recorded_with_each_of_its_seeds():
    runs = records.lines(PATH)
    assert [(each["trial"], each["seed"]) for each in runs] == [(name, seed) for name in TRIALS for seed in SEEDS]
    assert all(each["commit"] for each in runs)
    for name, each in recorded_sizes().items():
        epochs = TRIALS[name].get("epochs", EPOCHS)
        assert all(len(ran.train_loss) == epochs or ran.status == "diverged" for ran in each)


def test_the_first_epochs_of_a_record_are_those_of_a_shorter_run():
    whole, part = (recorded_sizes(epochs)["Eq. 8, from 0.001"][0] for epochs in (None, 30))
    assert len(part.train_loss) == 30
    assert np.array_equal(part.rates, whole.rates[:31])


def test_a_run_has_learned_below_a_hundredth_and_leaps_above_a_tenth_only_later():
    assert learned_in([0.5, 0.01, 0.009]) == 3
    assert learned_in([0.5, 0.02]) is None
    assert leap_of([0.5, 0.009, 0.05, 0.1]) == 4
    assert leap_of([0.5, 0.009, float("nan")]) == 3
    assert leap_of([0.5, 0.009, 0.05]) is None
    assert leap_of([0.5, 0.02, 0.5]) is None  # it never learned


def test_a_run_learns_leaps_and_climbs():
    assert outcome(run([1, 0.5])) == (None, None, None)
    assert outcome(run([1, 0.001, 0.001])) == (2, None, None)
    climbing = run([1, *[0.001] * 7, 0.2, 0.001], [0.01] * 6 + [0.02, 0.03, 0.04, 9.0])
    assert outcome(climbing) == (2, 9, pytest.approx(4))


@pytest.mark.parametrize(
    ("name", "method", "options"),
    [
        ("now", "hypergradient", {"beta": 0.03, "rule": "multiplicative"}),
        ("added", "hypergradient", {"beta": 1e-4}),
        ("Eq. 8", "tlr", {"update_every": 30}),
    ],
)
def test_a_rule_with_nothing_changed_is_the_optimizers(digits, name, method, options):
    beta = {"beta": options["beta"]} if name == "added" else {}
    start = network(0)
    ran = gradient_size.trial(digits, start, seed=0, rule_name=name, epochs=2, **beta)
    model = network(7)
    model[:-1].load_state_dict(start[:-1].state_dict())
    optimizer = make_optimizer(method, model.parameters(), lr=0.01, momentum=0.8, weight_decay=5e-4, **options)
    other = train(model, optimizer, half_of(digits, 5), epochs=2, batch_size=8, seed=0, progress=False)
    assert ran["loss"] == pytest.approx(other.train_loss, rel=1e-2)
    assert ran["alpha"] == pytest.approx(other.rates[1:, 0], rel=1e-2)


def test_with_the_size_kept_a_small_gradient_hardly_moves_alpha():
    gradient, direction = torch.tensor([1.0, 0.0]), torch.tensor([1.0, 1.0])
    now, then = (gradient_size._Steps(name, 0.01, 0.03, 2) for name in ("now", "then"))
    for moves in (now, then):
        assert moves(0.01, gradient, None) == 0.01
        assert moves(0.01, gradient, direction) == pytest.approx(0.01 * (1 + 0.03 / 2**0.5))
        moves(0.01, gradient, direction)
    small = gradient / 100, direction / 100
    assert now(0.01, *small) == pytest.approx(0.01 * (1 + 0.03 / 2**0.5))
    assert then(0.01, *small) == pytest.approx(0.01 * (1 + 0.03e-4 / 2**0.5))
    assert then(0.01, 100 * gradient, direction) == pytest.approx(0.01 * 1.03)


def test_with_the_size_kept_eq_8_has_the_denominator_of_its_first_five_updates():
    kept = gradient_size._Windows("Eq. 8, then", 3)  # windows of one step
    for _ in range(3):  # two different sums in turn: gg − gp = 1, then 0
        kept(0.01, torch.tensor([1.0, 0.0]))
        kept(0.01, torch.tensor([0.0, 1.0]))
    assert kept.denominators == [4.0] * 5
    assert kept(0.01, torch.tensor([0.0, 0.1])) == pytest.approx(0.01 * (1 + 0.1 / 4))
    assert kept(0.01, torch.tensor([0.0, -90.0])) == pytest.approx(0.01 * 3 / 4)
