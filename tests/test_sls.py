"""The line search inside networks: every trial is the same function, and leaves nothing behind."""

import math

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from tlr.course.peers import SLS


class Watched(torch.nn.Module):
    """Dropout, batch norm and spectral norm around a linear layer; it records what each pass put out."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.first = torch.nn.utils.parametrizations.spectral_norm(torch.nn.Linear(6, 8))
        self.norm = torch.nn.BatchNorm1d(8)
        self.last = torch.nn.Linear(8, 3)
        self.masks = []

    def forward(self, x):
        noise = torch.nn.functional.dropout(torch.ones(len(x), 8), 0.5, self.training)
        self.masks.append(noise)
        return self.last(torch.relu(self.norm(self.first(x))) * noise)


def problem():
    model = Watched()
    x, y = torch.randn(16, 6), torch.randint(3, (16,))

    def closure():
        model.zero_grad()
        loss = cross_entropy(model(x), y)
        if torch.is_grad_enabled():
            loss.backward()
        return loss

    return model, closure


def buffers(model):
    return {name: buffer.clone() for name, buffer in model.named_buffers()}


def test_every_trial_sees_the_noise_of_the_gradient():
    model, closure = problem()
    optimizer = SLS(model.parameters(), 10.0, reset="start")
    optimizer.step(closure)
    first = len(model.masks)
    optimizer.step(closure)
    assert first > 3
    assert len(model.masks) > first + 2
    assert all(torch.equal(mask, model.masks[0]) for mask in model.masks[:first])
    assert all(torch.equal(mask, model.masks[first]) for mask in model.masks[first:])
    assert not torch.equal(model.masks[0], model.masks[first])


def test_random_numbers_and_running_statistics_are_left_as_one_pass_leaves_them():
    model, closure = problem()
    twin, one_pass = problem()
    torch.manual_seed(1)
    SLS(model.parameters(), 10.0, reset="start").step(closure)
    after = torch.get_rng_state()
    torch.manual_seed(1)
    one_pass()
    assert len(model.masks) > 3
    assert torch.equal(after, torch.get_rng_state())
    expected = buffers(twin)
    assert expected["norm.num_batches_tracked"] == 1
    for name, buffer in buffers(model).items():
        assert torch.equal(buffer, expected[name]), name


def test_a_trial_at_the_same_weights_has_the_same_loss():
    """With the step shrunk to nothing, a trial that began with moved buffers would differ by spectral norm's."""
    model, closure = problem()
    losses = []

    def watched():
        losses.append(closure())
        return losses[-1]

    SLS(model.parameters(), 1e-30, reset="keep").step(watched)
    assert len(losses) == 2
    assert losses[0].item() == losses[1].item()


def test_a_compiled_network_is_left_alike():
    model, _ = problem()
    compiled, x, y = torch.compile(model.norm, backend="eager"), torch.randn(16, 8), torch.randint(8, (16,))
    optimizer, passes = SLS(model.norm.parameters(), 10.0, reset="start"), []

    def closure():
        passes.append(1)
        optimizer.zero_grad()
        loss = cross_entropy(compiled(x), y)
        if torch.is_grad_enabled():
            loss.backward()
        return loss

    for _ in range(3):
        optimizer.step(closure)
    assert len(passes) > 6
    assert model.norm.num_batches_tracked == 3


def test_outside_the_search_modules_have_no_hook_left():
    model, closure = problem()
    SLS(model.parameters(), 1.0, reset="keep").step(closure)
    assert not torch.nn.modules.module._global_forward_pre_hooks


def quadratic(w, optimizer, scale=1.0):
    def closure():
        optimizer.zero_grad()
        loss = scale * (w**2).sum() / 2
        if torch.is_grad_enabled():
            loss.backward()
        return loss

    return closure


def uphill(w, optimizer):
    """A closure whose gradient has the wrong sign: no step along it can lower the loss."""

    def closure():
        optimizer.zero_grad()
        loss = (w**2).sum() / 2
        if torch.is_grad_enabled():
            (-loss).backward()
        return loss

    return closure


def test_a_failed_search_changes_nothing_and_the_next_one_starts_as_long():
    w = torch.nn.Parameter(torch.tensor([3.0], dtype=torch.float64))
    optimizer = SLS([w], 0.5, reset="keep")
    optimizer.step(uphill(w, optimizer))
    assert w.item() == 3.0
    assert optimizer.param_groups[0]["lr"] == 0.5
    optimizer.step(quadratic(w, optimizer))
    assert w.item() == 1.5


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_loss_that_is_not_finite_changes_nothing(bad):
    w = torch.nn.Parameter(torch.tensor([3.0]))
    optimizer = SLS([w], 0.5, reset="keep")
    optimizer.step(quadratic(w, optimizer, scale=bad))
    assert w.item() == 3.0
    assert optimizer.param_groups[0]["lr"] == 0.5


def test_trials_that_overflow_are_too_long():
    w = torch.nn.Parameter(torch.tensor([3.0]))
    optimizer = SLS([w], 1e30, max_lr=1e30, beta=0.1, reset="keep")
    optimizer.step(quadratic(w, optimizer))
    assert abs(w.item()) < 3.0


def test_close_to_the_minimum_in_float32_steps_are_still_found():
    w = torch.nn.Parameter(torch.tensor([1e-4]))
    optimizer = SLS([w], 1.0, reset="start")
    passes = []

    def closure():
        passes.append(1)
        optimizer.zero_grad()
        loss = 1 + (w**2).sum() / 2
        if torch.is_grad_enabled():
            loss.backward()
        return loss

    for _ in range(10):
        optimizer.step(closure)
    assert len(passes) == 20
    assert w.item() == 0


def test_an_interrupted_search_leaves_the_weights_and_gradients():
    w = torch.nn.Parameter(torch.tensor([3.0]))
    optimizer = SLS([w], 10.0, reset="keep")
    closure, passes = quadratic(w, optimizer), []

    def interrupted():
        passes.append(1)
        if len(passes) == 3:
            raise KeyboardInterrupt
        return closure()

    with pytest.raises(KeyboardInterrupt):
        optimizer.step(interrupted)
    assert w.item() == 3.0
    assert w.grad.item() == 3.0


def test_a_closure_that_always_calls_backward_is_told_how_not_to():
    w = torch.nn.Parameter(torch.tensor([3.0]))
    optimizer = SLS([w], 1.0, reset="keep")

    def closure():
        loss = (w**2).sum()
        loss.backward()
        return loss

    with pytest.raises(RuntimeError, match=r"call backward only if torch\.is_grad_enabled\(\)\."):
        optimizer.step(closure)
    assert w.item() == 3.0


def test_goldstein_lengthens_a_step_that_is_too_short():
    w = torch.nn.Parameter(torch.tensor([3.0], dtype=torch.float64))
    optimizer = SLS([w], 1e-3, condition="goldstein", reset="keep")
    optimizer.step(quadratic(w, optimizer))
    # ½(1 − η)² <= ½ − cη and >= ½ − (1 − c)η: between 2c and 2(1 − c)
    assert 0.2 <= optimizer.param_groups[0]["lr"] <= 1.8


@pytest.mark.parametrize(("condition", "cap"), [("armijo", math.inf), ("goldstein", 10)])
def test_only_goldstein_has_a_cap_unless_one_is_given(condition, cap):
    optimizer = SLS([torch.nn.Parameter(torch.ones(1))], condition=condition, steps_per_epoch=1)
    assert optimizer.param_groups[0]["max_lr"] == cap


def test_goldstein_stops_lengthening_at_the_cap():
    w = torch.nn.Parameter(torch.tensor([3.0], dtype=torch.float64))
    optimizer = SLS([w], 1e-3, condition="goldstein", reset="keep", max_lr=0.05)
    optimizer.step(quadratic(w, optimizer))
    assert optimizer.param_groups[0]["lr"] == 0.05


def test_growth_doubles_in_an_epoch_up_to_the_cap():
    w = torch.nn.Parameter(torch.tensor([3.0], dtype=torch.float64))
    optimizer = SLS([w], 1e-3, steps_per_epoch=4, max_lr=3e-3)
    rates = []
    for _ in range(12):
        optimizer.step(quadratic(w, optimizer))
        rates.append(optimizer.param_groups[0]["lr"])
    np.testing.assert_allclose(rates, np.minimum(1e-3 * 2 ** (np.arange(12) / 4), 3e-3))
