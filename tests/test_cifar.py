"""Training on real photographs: a small network learns, α behaves, and a run that stops and goes on is the same."""

import attrs
import numpy as np
import pytest

from tlr.course.data import folder, load
from tlr.course.experiments import run
from tlr.course.records import Setting

pytestmark = pytest.mark.skipif(not (folder() / "cifar10.npz").is_file(), reason="needs cifar10.npz in $TLR_DATA_DIR")

SMALL = {"data": "cifar10-4000", "model": "wrn-10-1", "alpha0": 0.05, "batch_size": 64, "augment": "crop-flip"}


def test_channels_are_normalized_by_the_training_images():
    images = load("cifar10-10000")
    shown = images.normalizer()(images.tensors()[0])
    np.testing.assert_allclose(shown.mean((0, 2, 3)), 0, atol=0.03)
    np.testing.assert_allclose(shown.std((0, 2, 3)), 1, atol=0.03)
    assert (len(images.x_train), len(images.x_test), images.classes, images.channels) == (10_000, 2_000, 10, 3)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return run(Setting(method="tlr", epochs=3, **SMALL), tmp_path_factory.mktemp("records"))


def test_the_loss_falls_and_alpha_behaves(finished):
    assert finished.status == "done"
    assert np.all(np.diff(finished.train_loss) < 0)
    assert finished.train_loss[-1] < 1.85
    assert finished.test_accuracy[-1] > 0.25
    alpha = finished.rates[:, 0]
    updates_an_epoch = 3
    assert np.all(alpha[1:] / alpha[:-1] > 0.75**updates_an_epoch)
    assert np.all(alpha[1:] / alpha[:-1] <= 1.25**updates_an_epoch * (1 + 1e-9))
    assert alpha.max() > 1.25 * 0.05, "it rises in the first epochs, as section 5 says"


def test_a_run_that_stops_and_goes_on_is_the_same_to_the_bit(finished, tmp_path):
    setting = attrs.evolve(finished.setting, epochs=2)
    assert run(setting, tmp_path, deadline=0).status == "interrupted"
    record = run(setting, tmp_path)
    assert [session["first_epoch"] for session in record.sessions] == [1, 2]
    for name in ("alpha", "train_loss", "test_accuracy"):
        np.testing.assert_array_equal(getattr(record, name), getattr(finished, name)[:2])
