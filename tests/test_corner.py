"""The corner of figure 1 step by step: what is recorded, and that it is the run of figure 1."""

import numpy as np
import pytest
import torch

from tlr.course.data import load
from tlr.course.experiments import corner as corner_module
from tlr.course.experiments import recorded
from tlr.course.experiments.corner import EPOCHS, SETTING, TRIALS, recorded_steps, recorded_trials, step_by_step, trial
from tlr.course.models import MLP


@pytest.fixture(scope="module")
def corner():
    return recorded_steps()


def test_both_rules_are_recorded_from_committed_code(corner):
    assert [*corner] == ["tlr", "tlr_steady"]
    assert all(run["commit"] and not run["dirty"] for run in corner.values())


@pytest.mark.parametrize("method", ["tlr", "tlr_steady"])
def test_it_is_the_run_of_figure_1(corner, method):
    figure = "figure-1-mnist" if method == "tlr" else "figure-1-faithful-mnist"
    (run,) = recorded(figure, epochs=8, method=method, seeds=(SETTING["seed"],), alpha0=0.1, batch_size=512)
    steps = len(corner[method]["loss"]) // EPOCHS
    # The records have the mean loss of an epoch and the α after it; another processor rounds otherwise.
    losses = [np.mean(corner[method]["loss"][k * steps : (k + 1) * steps]) for k in range(2)]
    assert losses == pytest.approx(run.train_loss[:2], rel=0.02)
    assert corner[method]["alpha"][2 * steps] == pytest.approx(run.rates[2, 0], rel=0.05)


def test_every_step_is_noted_and_every_window_but_the_first_asked():
    ran = step_by_step("tlr", load("digits"), alpha0=0.1, batch_size=64, seed=0, hidden=8, epochs=2)
    assert len(ran["loss"]) == len(ran["alpha"]) == 2 * 23
    assert list(ran["asked"]) == ["published", "secant", "gradients"]
    assert all(len(changes) == 4 for changes in ran["asked"].values())


def test_alpha_changes_by_what_the_published_rule_asks():
    ran = step_by_step("tlr", load("digits"), alpha0=0.1, batch_size=64, seed=0, hidden=8, epochs=2)
    after = np.array(ran["alpha"])[2 * ran["window"] :: ran["window"]]
    assert after == pytest.approx(0.1 * np.cumprod(1 + np.array(ran["asked"]["published"]))[: len(after)], rel=1e-3)


def test_a_trial_with_nothing_changed_is_the_run_step_by_step():
    options = {"alpha0": 0.1, "batch_size": 64, "seed": 0, "hidden": 8, "epochs": 3}
    steps = step_by_step("tlr", load("digits"), **options)
    ran = trial(load("digits"), curvature="published", **options)
    assert ran["alpha"][:2] == pytest.approx([steps["alpha"][23], steps["alpha"][46]], rel=1e-4)
    assert ran["loss"] == pytest.approx(np.reshape(steps["loss"], (3, 23)).mean(axis=1), rel=1e-4)


def test_what_a_rule_reads_without_momentum_is_the_gradients():
    options = {"alpha0": 0.1, "batch_size": 64, "seed": 0, "hidden": 8, "epochs": 2, "curvature": "secant"}
    both = [trial(load("digits"), momentum=0.0, reads=reads, **options) for reads in ("directions", "gradients")]
    assert both[0]["alpha"] == pytest.approx(both[1]["alpha"], rel=1e-3)


def test_alpha_is_set_by_hand_and_stays():
    ran = trial(load("digits"), seed=0, epochs=3, batch_size=64, hidden=8, then=(23, 0.05))
    assert ran["alpha"] == [0.05] * 3


def test_with_a_small_c_alpha_climbs_by_no_more():
    options = {"seed": 0, "epochs": 3, "batch_size": 64, "hidden": 8, "curvature": "published"}
    slow, usual = (trial(load("digits"), c=c, **options)["alpha"] for c in (1 / 12, 1 / 4))
    changes = 3 * 3 - 1
    assert 0.1 < max(slow) <= 0.1 * (13 / 12) ** changes * (1 + 1e-6) < max(usual)


def test_units_that_never_fire_and_those_that_always_do_are_counted():
    model, images = MLP(4, 3, 2, seed=0), torch.rand(7, 4)
    with torch.no_grad():
        model.hidden.weight.zero_()
        model.hidden.bias.copy_(torch.tensor([-1.0, 0.0, 1.0]))
        assert corner_module._units(model, images) == (2, 1)
        model.hidden.weight[0, 0], images[0, 0] = 1e6, 0
    assert corner_module._units(model, images) == (1, 1)


def test_counting_changes_nothing():
    options = {"seed": 0, "epochs": 2, "batch_size": 64, "hidden": 8, "curvature": "published"}
    plain, counted = (trial(load("digits"), count_at=at, **options) for at in ((), (7, 46)))
    assert {what: counted[what] for what in plain} == plain
    assert len(counted["dead"]) == len(counted["always"]) == 2


def test_every_trial_is_recorded_with_each_of_its_seeds_from_committed_code():
    found = [(run["trial"], run["seed"], len(run["accuracy"])) for run in recorded_trials()]
    assert found == [(name, seed, epochs) for name, (_, seeds, epochs) in TRIALS.items() for seed in seeds]
    assert all(run["commit"] and not run["dirty"] for run in recorded_trials())


def test_the_trials_that_only_change_alpha_later_begin_as_the_lost_run(corner):
    for run in recorded_trials():
        if "back" in run["trial"] and run["seed"] == 0:
            # The step by step is another processor's.
            assert run["loss"][:2] == pytest.approx(
                np.reshape(corner["tlr"]["loss"], (3, -1)).mean(axis=1)[:2], rel=0.02
            )
            assert run["alpha"][1] == pytest.approx(corner["tlr"]["alpha"][2 * 118], rel=0.02)
