"""tlr.course.curves: a run under way and its record have the same curves."""

import numpy as np

from tlr.course.curves import Epoch, History


def history(losses, **options):
    epochs = [Epoch(loss, 0.5, (0.2 * (n + 1), 0.3), 1.0, 0.1) for n, loss in enumerate(losses)]
    return History((0.1, 0.3), epochs, **options)


def test_the_rates_begin_with_those_before_the_first_epoch():
    np.testing.assert_allclose(history([1.0, 0.5]).rates, [[0.1, 0.3], [0.2, 0.3], [0.4, 0.3]])
    assert History((0.1,)).rates.tolist() == [[0.1]]


def test_the_epoch_in_which_a_run_diverges_has_no_finite_loss():
    assert history([1.0, 0.5]).finite_epochs == 2
    assert history([1.0, np.nan], status="diverged").finite_epochs == 1


def test_one_rate_is_the_models_and_several_are_numbered_unless_they_have_names():
    assert History((0.1,)).groups == ("model",)
    assert history([]).groups == ("group 0", "group 1")
    assert history([], groups=("weight", "bias")).groups == ("weight", "bias")


def test_a_curve_has_an_entry_for_each_epoch():
    run = history([1.0, 0.5])
    assert run.train_loss.tolist() == [1.0, 0.5]
    assert run.alpha.shape == (2, 2)
    assert (run.seconds.sum(), run.evaluation_seconds.sum()) == (2.0, 0.2)
    assert history([]).alpha.shape == (0, 2)
