"""What people put around an optimizer: closures, scalers, accumulation, clipping, averages, schedules."""

import math

import pytest
import torch
from problems import descend, erased, rate, weights
from torch.optim import lr_scheduler
from torch.optim.swa_utils import SWALR, AveragedModel, get_ema_multi_avg_fn

from tlr import TLR

WINDOWS = [{}, {"update_every": 3, "momentum": 0.8}]
windows = pytest.mark.parametrize("options", WINDOWS, ids=str)


class Regression:
    """A small network on 32 points, and the training loop around it."""

    def __init__(self, **options):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            self.model = torch.nn.Sequential(torch.nn.Linear(3, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1)).double()
            self.x = torch.randn(32, 3).double()
        self.y = self.x.prod(1, keepdim=True)
        self.optimizer = TLR(self.model.parameters(), lr=0.02, **options)

    def loss(self, rows=slice(None)):
        return torch.nn.functional.mse_loss(self.model(self.x[rows]), self.y[rows])

    def step(self):
        self.optimizer.zero_grad()
        self.loss().backward()
        self.optimizer.step()

    def run(self, steps):
        for _ in range(steps):
            self.step()
        return self

    def agrees_with(self, other, **tolerance):
        torch.testing.assert_close(list(self.model.parameters()), list(other.model.parameters()), **tolerance)
        assert rate(self.optimizer) == pytest.approx(rate(other.optimizer), rel=1e-9)
        assert rate(self.optimizer) != 0.02


# Closures ------------------------------------------------------------------------------------------------------------


@windows
def test_a_closure_is_called_once_with_gradients_enabled_and_its_loss_returned(options):
    inside, outside = Regression(**options), Regression(**options)
    calls = []

    def closure():
        calls.append(torch.is_grad_enabled())
        inside.optimizer.zero_grad()
        loss = inside.loss()
        loss.backward()
        return loss

    with torch.no_grad():  # as a trainer may call it
        losses = [inside.optimizer.step(closure) for _ in range(8)]
    assert calls == [True] * 8
    for loss in losses:
        assert loss.item() == outside.loss().item()
        outside.step()
    inside.agrees_with(outside, rtol=0, atol=0)


def test_a_step_without_a_closure_returns_none():
    assert Regression().optimizer.step() is None


# Gradients on their way ----------------------------------------------------------------------------------------------


@windows
def test_accumulated_gradients_train_like_one_large_batch(options):
    whole, parts = Regression(**options).run(9), Regression(**options)
    for _ in range(9):
        parts.optimizer.zero_grad()
        for rows in torch.arange(32).split(8):
            (parts.loss(rows) / 4).backward()
        parts.optimizer.step()
    parts.agrees_with(whole)


@windows
def test_alpha_follows_the_gradients_as_they_are_after_clipping(options):
    clipped = Regression(**options)
    w = torch.nn.Parameter(torch.cat([p.detach().flatten() for p in clipped.model.parameters()]))
    fed = TLR([w], lr=0.02, **options)
    for _ in range(9):
        clipped.optimizer.zero_grad()
        clipped.loss().backward()
        norm = torch.nn.utils.clip_grad_norm_(clipped.model.parameters(), max_norm=0.1)
        assert norm > 0.1
        w.grad = torch.cat([p.grad.flatten() for p in clipped.model.parameters()])
        clipped.optimizer.step()
        fed.step()
        assert rate(clipped.optimizer) == pytest.approx(rate(fed), rel=1e-9)
    assert rate(fed) != 0.02


@windows
@pytest.mark.parametrize("fused", [False, True])
def test_a_scaled_loss_trains_like_an_unscaled_one(options, fused):
    scaled, plain = Regression(fused=fused, **options), Regression(fused=fused, **options)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**12, growth_interval=3)  # so that the scale changes on the way
    for step in range(12):
        scaled.optimizer.zero_grad()
        loss = scaled.loss()
        scaler.scale(loss * math.inf if step == 5 else loss).backward()
        scaler.unscale_(scaled.optimizer)
        torch.nn.utils.clip_grad_norm_(scaled.model.parameters(), max_norm=1e3)
        scaler.step(scaled.optimizer)
        scaler.update()
        if step != 5:
            plain.step()
    assert scaler.get_scale() != 2.0**12
    scaled.agrees_with(plain)


# Averages of weights -------------------------------------------------------------------------------------------------


@windows
def test_an_average_of_the_weights_neither_disturbs_nor_is_disturbed(options):
    averaged, plain = Regression(**options), Regression(**options).run(9)
    ema = AveragedModel(averaged.model, multi_avg_fn=get_ema_multi_avg_fn(0.5))
    swa = AveragedModel(averaged.model)
    seen = []
    for _ in range(9):
        averaged.step()
        ema.update_parameters(averaged.model)
        swa.update_parameters(averaged.model)
        seen.append([p.detach().clone() for p in averaged.model.parameters()])
    averaged.agrees_with(plain, rtol=0, atol=0)
    mean = [torch.stack(values).mean(0) for values in zip(*seen, strict=True)]
    expected = seen[0]
    for values in seen[1:]:
        expected = [0.5 * old + 0.5 * new for old, new in zip(expected, values, strict=True)]
    torch.testing.assert_close([p.detach() for p in swa.module.parameters()], mean)
    torch.testing.assert_close([p.detach() for p in ema.module.parameters()], expected)


# Schedules -----------------------------------------------------------------------------------------------------------

SCALING = {
    "StepLR": lambda o: lr_scheduler.StepLR(o, 4, 0.3),
    "MultiStepLR": lambda o: lr_scheduler.MultiStepLR(o, [5, 14], 0.1),
    "ExponentialLR": lambda o: lr_scheduler.ExponentialLR(o, 0.9),
    "ConstantLR": lambda o: lr_scheduler.ConstantLR(o, 0.5, 7),
    "LinearLR": lambda o: lr_scheduler.LinearLR(o, 0.2, 1.0, 10),
    "PolynomialLR": lambda o: lr_scheduler.PolynomialLR(o, 30, 2.0),
    "CosineAnnealingLR": lambda o: lr_scheduler.CosineAnnealingLR(o, 30),
    "MultiplicativeLR": lambda o: lr_scheduler.MultiplicativeLR(o, lambda epoch: 0.95),
    "ReduceLROnPlateau": lambda o: lr_scheduler.ReduceLROnPlateau(o, factor=0.5, patience=3),
    "ChainedScheduler": lambda o: lr_scheduler.ChainedScheduler(
        [lr_scheduler.ConstantLR(o, 0.5, 7), lr_scheduler.ExponentialLR(o, 0.9)]
    ),
}
SETTING = {
    "LambdaLR": lambda o: lr_scheduler.LambdaLR(o, lambda epoch: 0.95**epoch),
    "OneCycleLR": lambda o: lr_scheduler.OneCycleLR(o, 0.02, total_steps=30),
    "CyclicLR": lambda o: lr_scheduler.CyclicLR(o, 0.005, 0.02, 5),
    "SWALR": lambda o: SWALR(o, 0.0005, anneal_epochs=1),
    "CosineAnnealingWarmRestarts": lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 12),
}


def scheduled(build, optimizer_class, options, steps=20):
    """The rates that each step ends with, before and after the schedule's own."""
    w = weights()
    optimizer = optimizer_class([w], **{"lr": 0.001} | options)
    scheduler = build(optimizer)
    before, after = [], [rate(optimizer)]
    for _ in range(steps):
        descend(optimizer, w, 1)
        before.append(rate(optimizer))
        scheduler.step(1.0) if isinstance(scheduler, lr_scheduler.ReduceLROnPlateau) else scheduler.step()
        after.append(rate(optimizer))
    return before, after


@pytest.mark.parametrize("tensor", [False, True], ids=["float", "tensor"])
@windows
@pytest.mark.parametrize("name", SCALING)
def test_alpha_is_schedule_times_learned(name, options, tensor):
    if tensor:
        options = options | {"lr": torch.tensor(0.001, dtype=torch.float64)}
    momentum = {key: value for key, value in options.items() if key == "momentum"}
    before, after = scheduled(SCALING[name], TLR, options)
    _, schedule = scheduled(SCALING[name], torch.optim.SGD, momentum)
    learned = 1.0
    for used, left, alpha, planned in zip(after, before, after[1:], schedule[1:], strict=False):
        learned *= left / used
        assert alpha == pytest.approx(planned * learned, rel=1e-9)
    assert learned != pytest.approx(1)


@erased
@windows
@pytest.mark.parametrize("name", SETTING)
def test_a_schedule_that_sets_the_rate_erases_what_was_learned(name, options):
    momentum = {"momentum": 0.8}
    before, after = scheduled(SETTING[name], TLR, options | momentum)
    _, schedule = scheduled(SETTING[name], torch.optim.SGD, momentum)
    assert after == pytest.approx(schedule)
    assert any(left != used for left, used in zip(before, after, strict=False))


def test_a_sequence_of_schedules_erases_it_at_each_milestone():
    def build(optimizer):
        parts = [lr_scheduler.ConstantLR(optimizer, 0.5, 100), lr_scheduler.ExponentialLR(optimizer, 0.9)]
        return lr_scheduler.SequentialLR(optimizer, parts, [8])

    before, after = scheduled(build, TLR, {})
    assert after[7] == pytest.approx(0.0005 * 1.25**6)  # the first step has nothing to compare with
    assert after[8] == 0.001
    assert after[9] == before[8] * 0.9 != 0.0009
