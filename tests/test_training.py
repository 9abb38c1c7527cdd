"""tlr.course.training: the loop is plain SGD's loop, reproducible, and stops cleanly."""

import math
import os
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from tlr import TLR
from tlr.course.data import Data, load
from tlr.course.models import MLP
from tlr.course.training import accuracy, epoch_order, steps_per_epoch, train
from tlr.rule import window

MNIST = Path(os.environ.get("TLR_DATA_DIR", "/nonexistent")) / "mnist.npz"


@pytest.fixture(scope="module")
def digits():
    return load("digits")


def small(seed=0):
    return MLP(64, 32, 10, seed=seed)


def sgd(model, lr=0.1):
    return torch.optim.SGD(model.parameters(), lr=lr, momentum=0.8, weight_decay=5e-4)


def run(data, epochs=2, lr=0.1, batch_size=64, **options):
    model = small()
    history = train(model, sgd(model, lr), data, epochs=epochs, batch_size=batch_size, progress=False, **options)
    return model, history


def flat(model):
    return torch.nn.utils.parameters_to_vector(model.parameters())


def test_equals_a_bare_loop(digits):
    model, history = run(digits, seed=3)
    bare = small()
    optimizer = sgd(bare)
    x = torch.tensor(digits.x_train).reshape(-1, 64)
    y = torch.tensor(digits.y_train, dtype=torch.int64)
    for epoch in range(2):
        losses = []
        for batch in torch.split(epoch_order(len(x), 3, epoch), 64):
            optimizer.zero_grad()
            loss = cross_entropy(bare((x[batch] / 255 - 0.5) / 0.5), y[batch])
            loss.backward()
            optimizer.step()
            losses += [loss.item()] * len(batch)
        assert history.train_loss[epoch] == pytest.approx(np.mean(losses), rel=1e-5)
    torch.testing.assert_close(flat(model), flat(bare), rtol=1e-4, atol=1e-5)


def test_learns_to_read(digits):
    _, history = run(digits, epochs=15)
    assert history.status == "done"
    assert history.train_loss[-1] < 0.1 < history.train_loss[0]
    assert history.test_accuracy[-1] > 0.95


def test_same_seed_same_run(digits):
    first, second = run(digits, seed=1), run(digits, seed=1)
    assert torch.equal(flat(first[0]), flat(second[0]))
    np.testing.assert_array_equal(first[1].train_loss, second[1].train_loss)


def test_another_seed_is_another_order(digits):
    assert not torch.equal(flat(run(digits, seed=1)[0]), flat(run(digits, seed=2)[0]))


def test_every_optimizer_gets_the_same_batches(digits):
    seen = []
    for optimizer_class in (torch.optim.SGD, torch.optim.Adam):
        model, batches = small(), []
        model.register_forward_pre_hook(lambda module, args, batches=batches: batches.append(args[0].clone()))
        optimizer = optimizer_class(model.parameters(), lr=0.01)
        train(model, optimizer, digits, epochs=1, batch_size=200, progress=False)
        seen.append(batches)
    assert len(seen[0]) == len(seen[1]) == steps_per_epoch(digits, 200) + 1  # and one for the test images
    assert all(torch.equal(a, b) for a, b in zip(*seen, strict=True))


def test_epoch_order_visits_every_image_once():
    order = epoch_order(100, 0, 0)
    assert sorted(order.tolist()) == list(range(100))
    assert not torch.equal(order, epoch_order(100, 0, 1))
    assert not torch.equal(order, epoch_order(100, 1, 0))


@pytest.mark.parametrize(("batch_size", "steps"), [(1442, 1), (1441, 2), (64, 23), (2000, 1)])
def test_steps_per_epoch_counts_the_smaller_last_batch(digits, batch_size, steps):
    assert steps_per_epoch(digits, batch_size) == steps


def test_history_has_an_entry_an_epoch_and_alpha_a_column_a_group(digits):
    model = small()
    optimizer = torch.optim.SGD([{"params": [p], "lr": 0.1 / (i + 1)} for i, p in enumerate(model.parameters())])
    history = train(model, optimizer, digits, epochs=3, batch_size=200, progress=False)
    assert history.alpha0 == (0.1, 0.05, 0.1 / 3, 0.025)
    np.testing.assert_array_equal(history.alpha, [history.alpha0] * 3)
    assert history.train_loss.shape == history.test_accuracy.shape == history.seconds.shape == (3,)
    assert np.all(history.seconds > 0)


def test_scheduler_is_stepped_once_an_epoch(digits):
    model = small()
    optimizer = sgd(model, lr=0.1)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.5)
    history = train(model, optimizer, digits, epochs=3, batch_size=200, scheduler=scheduler, progress=False)
    assert history.alpha0 == (0.1,)
    np.testing.assert_allclose(history.alpha[:, 0], [0.05, 0.025, 0.0125])


def test_divergence_ends_the_run_and_keeps_the_curves(digits):
    _, history = run(digits, epochs=20, lr=1e4)
    assert history.status == "diverged"
    assert len(history.epochs) < 20
    assert not math.isfinite(history.train_loss[-1])
    assert np.all(np.isfinite(history.train_loss[:-1]))


class Undoing(torch.optim.SGD):
    """Breaks the network with its third step, and undoes that with its fifth."""

    def step(self, closure=None):
        loss = super().step(closure)
        self.steps = getattr(self, "steps", 0) + 1
        (weights, *_) = self.param_groups[0]["params"]
        with torch.no_grad():
            if self.steps == 3:
                self.kept = weights.clone()
                weights.fill_(math.nan)
            if self.steps == 5:
                weights.copy_(self.kept)
                for p, bias in zip(self.param_groups[0]["params"][1:], self.rest, strict=True):
                    p.copy_(bias)
            if self.steps < 4:
                self.rest = [p.clone() for p in self.param_groups[0]["params"][1:]]
        return loss


def test_a_run_goes_on_after_batches_without_a_finite_loss_that_are_undone(digits):
    model = small()
    with pytest.warns(UserWarning, match=r"images had no finite loss: its mean leaves them out"):
        history = train(model, Undoing(model.parameters(), lr=0.1), digits, epochs=3, batch_size=200, progress=False)
    assert history.status == "done"
    assert np.all(np.diff(history.train_loss) < 0)


class Interrupting(torch.optim.SGD):
    """Presses Ctrl-C at its step number `at`."""

    def __init__(self, params, at):
        super().__init__(params, lr=0.1)
        self.left = at

    def step(self, closure=None):
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt
        return super().step(closure)


@pytest.mark.parametrize(("at", "finished"), [(0, 0), (5, 0), (2 * 8 + 3, 2)])
def test_interrupt_returns_the_finished_epochs(digits, at, finished):
    model = small()
    assert steps_per_epoch(digits, 200) == 8
    history = train(model, Interrupting(model.parameters(), at), digits, epochs=4, batch_size=200, progress=False)
    assert history.status == "interrupted"
    assert len(history.epochs) == finished
    assert history.alpha.shape == (finished, 1)


class TwoPasses(torch.optim.SGD):
    """Evaluates the closure twice a step, as Algorithm 1 does."""

    @torch.no_grad()
    def step(self, closure):
        first = super().step(closure)
        with torch.enable_grad():
            closure()
        return first


def test_optimizers_may_evaluate_the_batch_again(digits):
    model = small()
    passes = []
    model.register_forward_hook(lambda *_: passes.append(model.training))
    history = train(model, TwoPasses(model.parameters(), lr=0.1), digits, epochs=1, batch_size=200, progress=False)
    assert sum(passes) == 2 * 8
    plain = small()
    expected = train(
        plain, torch.optim.SGD(plain.parameters(), lr=0.1), digits, epochs=1, batch_size=200, progress=False
    )
    assert history.train_loss == pytest.approx(expected.train_loss)
    assert torch.equal(flat(model), flat(plain))


def test_waits_for_the_device_only_at_the_end_of_an_epoch(digits, monkeypatch):
    waits = []
    for name in ("item", "tolist", "__bool__", "__float__", "cpu", "numpy"):
        original = getattr(torch.Tensor, name)
        monkeypatch.setattr(
            torch.Tensor, name, lambda self, *args, f=original, name=name: (waits.append(name), f(self, *args))[1]
        )
    run(digits, epochs=2, batch_size=10)
    assert waits == ["tolist", "item"] * 2  # the epoch's loss and its accuracy


def test_accuracy_is_the_share_of_right_answers():
    class Bright(torch.nn.Module):
        def forward(self, x):
            return torch.stack([-x.mean((1, 2, 3)), x.mean((1, 2, 3))], 1)

    x = torch.tensor([0, 255, 255, 0, 255], dtype=torch.uint8).reshape(-1, 1, 1, 1)
    assert accuracy(Bright(), x, torch.tensor([0, 1, 1, 1, 1]), batch_size=2) == 0.8


def test_images_reach_the_model_normalized_and_channels_first():
    data = Data("own", *(np.full((3, 4, 2, 3), 255, np.uint8), np.zeros(3, np.uint8)) * 2)
    seen = []
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(24, 2))
    model.register_forward_pre_hook(lambda module, args: seen.append(args[0]))
    train(model, torch.optim.SGD(model.parameters(), lr=0.1), data, epochs=1, batch_size=3, progress=False)
    torch.testing.assert_close(seen, [torch.ones(3, 3, 4, 2)] * 2)


def test_progress_bar_says_how_it_goes(digits, capsys):
    model = small()
    train(model, sgd(model), digits, epochs=2, batch_size=200)
    shown = capsys.readouterr().err
    assert "16/16" in shown
    assert "accuracy" in shown
    assert "α 0.1" in shown


def test_quiet_is_quiet(digits, capfd):
    run(digits)
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(not MNIST.is_file(), reason="needs mnist.npz in $TLR_DATA_DIR")
@pytest.mark.parametrize(("alpha0", "epochs", "floor"), [(0.001, 2, 0.85), (0.1, 1, 0.91)])
def test_tlr_trains_on_mnist_from_both_ends(alpha0, epochs, floor):
    """The paper's network and settings. Over three seeds: 87.1–87.5 %, 93.4–94.6 %."""
    mnist, model = load("mnist"), MLP()
    every = window(steps_per_epoch(mnist, 256))
    optimizer = TLR(model.parameters(), lr=alpha0, momentum=0.8, weight_decay=5e-4, update_every=every)
    history = train(model, optimizer, mnist, epochs=epochs, batch_size=256, progress=False)
    assert history.test_accuracy[-1] > floor


# Runs that stop and go on


@pytest.mark.parametrize("stop", [1, 2])
def test_a_run_goes_on_as_if_it_had_never_stopped(digits, stop):
    expected_model, expected = run(digits, epochs=4, seed=5)
    model = small()
    optimizer = sgd(model)
    history = train(model, optimizer, digits, epochs=stop, batch_size=64, seed=5, progress=False)
    weights, state = model.state_dict(), optimizer.state_dict()
    again = small(seed=9)
    other = sgd(again, lr=7)
    again.load_state_dict(weights)
    other.load_state_dict(state)
    assert train(again, other, digits, epochs=4, batch_size=64, seed=5, progress=False, history=history) is history
    assert torch.equal(flat(again), flat(expected_model))
    np.testing.assert_array_equal(history.train_loss, expected.train_loss)
    np.testing.assert_array_equal(history.test_accuracy, expected.test_accuracy)
    assert history.alpha0 == (0.1,)


def test_a_run_that_was_interrupted_is_done_when_it_has_gone_on(digits):
    model = small()
    optimizer = Interrupting(model.parameters(), 10)
    history = train(model, optimizer, digits, epochs=3, batch_size=200, progress=False)
    assert (history.status, len(history.epochs)) == ("interrupted", 1)
    optimizer.left = 1000
    train(model, optimizer, digits, epochs=3, batch_size=200, progress=False, history=history)
    assert (history.status, len(history.epochs)) == ("done", 3)


def test_a_finished_run_has_nothing_to_go_on_with(digits):
    model, history = run(digits, epochs=2)
    weights = flat(model).clone()
    train(model, sgd(model), digits, epochs=2, batch_size=64, progress=False, history=history)
    assert torch.equal(flat(model), weights)
    assert len(history.epochs) == 2


def test_a_caller_hears_of_every_epoch_when_it_is_over(digits):
    heard = []
    run(digits, epochs=3, on_epoch=lambda history: heard.append((len(history.epochs), history.status)))
    assert heard == [(1, "done"), (2, "done"), (3, "done")]
    run(digits, epochs=20, lr=1e4, on_epoch=lambda history: heard.append(history.status))
    assert heard[-1] == "diverged"


def test_a_caller_may_end_the_run_after_an_epoch(digits):
    def stop(history):
        raise KeyboardInterrupt

    _, history = run(digits, epochs=3, on_epoch=stop)
    assert (history.status, len(history.epochs)) == ("interrupted", 1)


def test_the_bar_of_a_run_that_goes_on_begins_where_it_stopped(digits, capsys):
    model, history = run(digits, epochs=2, batch_size=200)
    train(model, sgd(model), digits, epochs=3, batch_size=200, history=history)
    shown = capsys.readouterr().err
    assert "16/24" in shown
    assert "24/24" in shown


def test_training_and_evaluation_are_timed_apart(digits, monkeypatch):
    monkeypatch.setattr("tlr.course.training.accuracy", lambda *_: time.sleep(0.3) or 0.5)
    _, history = run(digits, epochs=1)
    assert history.evaluation_seconds[0] >= 0.3 > history.seconds[0]


def test_alpha_includes_the_factor_that_prodigy_learns(digits):
    model = small()
    optimizer = sgd(model, lr=0.5)
    optimizer.param_groups[0]["d"] = 0.1
    history = train(model, optimizer, digits, epochs=1, batch_size=200, progress=False)
    assert history.alpha0 == (0.05,)
