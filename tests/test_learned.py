"""Training on after a task is learned: what is recorded, and that a run is that of notebook 5."""

import numpy as np
import pytest

from tlr.course.data import load
from tlr.course.experiments.learned import EPOCHS, METHODS, SEEDS, recorded_runs, run


def test_every_method_is_recorded_with_every_seed():
    runs = recorded_runs()
    assert [(each["method"], each["seed"]) for each in runs] == [(name, seed) for name in METHODS for seed in SEEDS]
    for each in runs:
        assert each["commit"]
        assert len(each["loss"]) == len(each["accuracy"]) == len(each["alpha"]) <= EPOCHS
        assert len(each["loss"]) == EPOCHS or np.isnan(each["loss"][-1])


@pytest.mark.parametrize("name", ["SGD", "Eq. 8", "Prodigy, decay in the gradient"])
def test_the_first_epochs_run_as_they_are_recorded(name):
    (before,) = (each for each in recorded_runs() if (each["method"], each["seed"]) == (name, 0))
    ran = run(load("digits"), name, 0, epochs=2)
    assert ran["alpha"] == pytest.approx(before["alpha"][:2], rel=0.05)
    assert len(ran["accuracy"]) == 2
    assert ran["loss"] == pytest.approx(before["loss"][:2], rel=0.1)
