"""The rule "steady": the optimizer equals a transcription in numpy, and is not lost where the others are."""

import math
import warnings
from functools import partial

import numpy as np
import pytest
import torch
from problems import check_per_tensor, check_resume, noisy, rate, run, weights
from torch.optim import lr_scheduler

from tlr import TLR, rule
from tlr.optim import TLRAdam
from tlr.optim.steady import factor, reshuffling
from tlr.optim.update import Products

STEADY = {"curvature": "steady"}


class Twin:
    """SGD with the rule, for one array of weights, with sums of gradients added up."""

    def __init__(self, w, lr, momentum=0.0, weight_decay=0.0, nesterov=False, update_every=1, c=0.5, epoch=None):
        self.w, self.alpha, self.c, self.epoch, self.every = np.array(w), lr, c, epoch, update_every
        self.mu, self.decay, self.nesterov = momentum, weight_decay, nesterov
        self.v, self.step_number, self.planned = np.zeros_like(self.w), 0, 1
        self.before, self.was_back, self.backs = None, False, 0
        self.open()

    def open(self):
        self.w0, self.v0, self.total, self.n, self.begin = self.w.copy(), self.v.copy(), 0, 0, self.step_number

    def step(self, gradient):
        gradient = gradient + self.decay * self.w
        self.v = self.mu * self.v + gradient
        self.w = self.w - self.alpha * (gradient + self.mu * self.v if self.nesterov else self.v)
        self.total, self.n, self.step_number = self.total + gradient, self.n + 1, self.step_number + 1
        if self.n == min(self.planned, self.every):
            self.close()
            self.open()

    def close(self):
        mean = self.total / self.n
        gg = mean @ mean
        if self.before is not None:
            previous, begin, n = self.before
            gp, pp = mean @ previous, previous @ previous
            aligned = gp >= 0.5 * math.sqrt(gg * pp)
            if gg > 9 * pp and not aligned and not self.was_back:
                self.w, self.v, self.was_back = self.w0, self.v0, True
                self.alpha *= min(1 / 3, (pp / gg) ** (1 / (2 * self.n)))
                self.backs += 1
                return
            self.alpha *= self.factor(gg, gp, pp, aligned, begin, n)
        self.was_back = False
        self.before = mean, self.begin, self.n
        self.planned = min(2 * self.n, self.every)

    def factor(self, gg, gp, pp, aligned, begin, n):
        q, x = 0.0, gp / (pp - gp)
        if self.epoch:
            both = [
                np.bincount(np.arange(b, b + m) // self.epoch, minlength=999)
                for b, m in ((begin, n), (self.begin, self.n))
            ]
            variance = (n * (self.epoch - 1) - sum(both[0] * (both[0] - 1))) / n**2
            rho = -(both[0] @ both[1]) / (n * self.n) / variance if variance > 0 else 0
            q = -rho / (1 - rho)
        if gg > 1.21 * pp and not aligned:
            return 1 + x / 4 if gp < 0 else 1
        if gp > 0:
            return 1 + (min(x / 2, self.c) if pp > gp else self.c)
        if gp == 0:
            return 1
        freed = min(x + q, 0) / (1 - q)
        return min(1 + freed / 4, max(1 + x / 4, self.begin / (self.begin + self.n)))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"momentum": 0.8},
        {"momentum": 0.8, "update_every": 6, "epoch": 17},
        {"momentum": 0.9, "update_every": 6, "epoch": 18, "weight_decay": 0.01},
        {"momentum": 0.8, "update_every": 5, "epoch": 11, "nesterov": True},
        {"update_every": 4, "epoch": 9, "c": 0.25},
    ],
    ids=str,
)
@pytest.mark.parametrize("alpha", [1e-3, 0.1, 0.9])
def test_equals_its_transcription(alpha, options):
    w = weights()
    optimizer, twin = TLR([w], lr=alpha, **STEADY, **options), Twin(np.ones(10), alpha, **options)
    for step, (found,) in enumerate(run(optimizer, [w], 100)):
        twin.step(twin.w + noisy(step))
        assert found == pytest.approx(twin.alpha, rel=1e-9)
    assert w.detach().numpy() == pytest.approx(twin.w, rel=1e-8, abs=1e-10)
    assert twin.alpha != alpha


@pytest.mark.parametrize("momentum", [0, 0.8])
def test_a_window_that_blows_up_is_taken_back(momentum):
    w = weights()
    options = {"momentum": momentum, "update_every": 1}
    steep = torch.tensor(np.geomspace(1, 100, 10))
    optimizer, twin = TLR([w], lr=0.05, **STEADY, **options), Twin(np.ones(10), 0.05, **options)
    losses = [0.5 * steep.sum().item()]
    for step in range(300):
        w.grad = steep * w.detach()
        twin.step(steep.numpy() * twin.w)
        optimizer.step()
        losses.append(0.5 * (steep * w.detach() ** 2).sum().item())
        assert step > 20 or rate(optimizer) == pytest.approx(twin.alpha, rel=1e-6)  # later they differ by rounding
    assert twin.backs >= 1
    assert max(losses) < 10 * losses[0]
    assert losses[-1] < 1e-9 * losses[0]


@pytest.mark.parametrize("base", [TLR, TLRAdam])
def test_a_batch_that_is_not_finite_is_taken_back(base):
    w = weights()
    optimizer = base([w], lr=0.01, update_every=4, **STEADY, **({"momentum": 0.9} if base is TLR else {}))
    run(optimizer, [w], 15)
    start, alpha = w.detach().clone(), rate(optimizer)
    w.grad = torch.full_like(w, math.nan)
    optimizer.step()
    with pytest.warns(UserWarning, match="this window is taken back and α divided by 3"):
        run(optimizer, [w], 3, 15)
    assert rate(optimizer) == pytest.approx(alpha / 3)
    assert torch.equal(w, start)
    run(optimizer, [w], 20)
    assert torch.isfinite(w).all()


def test_the_bounds_of_a_change():
    generator = np.random.default_rng(0)
    for _ in range(2000):
        p, g = generator.normal(size=(2, 3)) * 10.0 ** generator.uniform(-3, 3, size=(2, 1))
        change = factor(Products(g @ g, g @ p, p @ p), generator.uniform(0, 0.5), 0.5, generator.uniform())
        assert 0.75 < change <= 1.5


def test_noise_alone_lowers_alpha_no_faster_than_one_over_t():
    noise = Products(1.0, -0.4, 1.0)  # over ‖g_{t−1}‖² − ⟨g_t, g_{t−1}⟩ it is −0.29: less than 1/3
    assert factor(noise, 1 / 3, 0.5, decay=0.99) == 0.99
    assert factor(noise, 1 / 3, 0.5, decay=0.5) == factor(noise, 0, 0.5, decay=0.5) == pytest.approx(1 - 0.1 / 1.4)


def test_what_is_more_than_noise_lowers_it_faster():
    assert factor(Products(1.0, -0.9, 1.0), 1 / 3, 0.5, decay=0.99) < 0.99


@pytest.mark.parametrize(
    ("before", "now", "q"), [((0, 5), (5, 5), 1 / 3), ((0, 15), (15, 5), 0), ((14, 1), (15, 1), 0)]
)
def test_the_share_of_reshuffling_is_that_of_the_window_in_its_epoch(before, now, q):
    assert reshuffling(15, before, now) == pytest.approx(q)
    assert reshuffling(None, before, now) == 0


def test_that_share_is_what_drawing_without_replacement_makes_of_noise():
    generator, products = np.random.default_rng(0), []
    for _ in range(4000):
        noise = generator.normal(size=15)
        noise -= noise.mean()
        first, second = noise[:5].mean(), noise[5:10].mean()
        products.append((first * second, first * first))
    gp, pp = np.mean(products, axis=0)
    assert gp / (pp - gp) == pytest.approx(-reshuffling(15, (0, 5), (5, 5)), abs=0.02)


@pytest.mark.parametrize("base", [TLR, TLRAdam])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.complex64], ids=str)
@pytest.mark.parametrize("stop", [2, 9])
def test_a_run_resumed_in_mid_window_equals_one_never_stopped(stop, dtype, base):
    options = {"lr": 0.01, "update_every": 4, "epoch": 9, **STEADY} | ({"momentum": 0.9} if base is TLR else {})
    check_resume(partial(base, **options), dtype, stop)


def test_per_tensor_trains_each_tensor_as_if_it_were_alone():
    check_per_tensor({"lr": 0.01, "momentum": 0.8, "update_every": 3, "epoch": 7, **STEADY})


@pytest.mark.parametrize("alpha", [1e-3, 1e-2, 0.1])
def test_the_readmes_lines_on_a_small_table_are_not_lost_even_in_short_windows(alpha):
    table = pytest.importorskip("sklearn.datasets").load_wine()
    x = torch.tensor((table.data - table.data.mean(0)) / table.data.std(0)).float()
    y, generator = torch.tensor(table.target), torch.Generator().manual_seed(0)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = torch.nn.Sequential(torch.nn.Linear(13, 64), torch.nn.ReLU(), torch.nn.Linear(64, 3))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        optimizer = TLR(model.parameters(), lr=alpha, momentum=0.8, update_every=rule.window(12), epoch=12, **STEADY)
        for _ in range(30):
            for rows in torch.randperm(len(x), generator=generator).split(16):
                optimizer.zero_grad()
                torch.nn.functional.cross_entropy(model(x[rows]), y[rows]).backward()
                optimizer.step()
    assert (model(x).argmax(1) == y).float().mean() > 0.97


def cycled(optimizer, schedule, w):
    for step in range(30):
        run(optimizer, [w], 1, step)
        schedule.step()


def test_a_cycled_momentum_leaves_no_window_and_a_warning_says_so():
    w = weights()
    optimizer = TLR([w], momentum=0.8, update_every=3, lr=0.01, **STEADY)
    schedule = lr_scheduler.OneCycleLR(optimizer, 0.02, total_steps=40)
    with pytest.warns(UserWarning, match="α is not trained.*cycle_momentum=False"):
        cycled(optimizer, schedule, w)


def test_a_momentum_that_changes_now_and_then_says_nothing():
    w = weights()
    optimizer = TLR([w], momentum=0.8, update_every=4, lr=0.01, **STEADY)
    for epoch in range(8):
        optimizer.param_groups[0]["momentum"] = 0.8 + 0.01 * epoch
        run(optimizer, [w], 10, 10 * epoch)


@pytest.mark.parametrize("told", [True, False])
def test_weights_loaded_in_mid_run_stay_if_a_fresh_window_begins(told):
    w = weights()
    optimizer = TLR([w], momentum=0.8, update_every=4, lr=0.001, **STEADY)
    run(optimizer, [w], 20)  # the first step of a window: they have 1, 2, 4, 4, … steps
    with torch.no_grad():
        w.fill_(1e3)
    if told:
        optimizer.fresh_window()
    run(optimizer, [w], 3, 20)
    assert (w.abs().min() > 900) == told


def test_a_loaded_state_with_another_epoch_says_so():
    saved = TLR([weights()], epoch=45, **STEADY).state_dict()
    optimizer = TLR([weights()], epoch=300, **STEADY)
    with pytest.warns(UserWarning, match="epoch=45 in place of 300"):
        optimizer.load_state_dict(saved)


def test_what_it_refuses():
    with pytest.raises(ValueError, match=r"Unknown curvature 'Steady'.*steady\."):
        TLR([weights()], curvature="Steady")
    with pytest.raises(ValueError, match='epoch is for curvature="steady"'):
        TLR([weights()], epoch=10)
    with pytest.raises(ValueError, match=r"epoch counts steps.*len\(loader\)"):
        TLR([weights()], epoch=0, **STEADY)
    w = weights(3, torch.bfloat16)
    w.grad = torch.ones_like(w)
    with pytest.raises(TypeError, match="Keep the weights in float32"):
        TLR([w], **STEADY).step()


@pytest.mark.parametrize(
    ("steps", "momentum", "window"), [(90, 0.8, 30), (30, 0.8, 15), (30, 0, 10), (1, 0.8, 1), (None, 0.8, 1)]
)
def test_with_an_epoch_windows_are_a_third_of_it_by_default(steps, momentum, window):
    groups = [{"params": [weights()]}, {"params": [weights()], "momentum": 0.9}]
    optimizer = TLR(groups, momentum=momentum, epoch=steps, **STEADY)
    assert [group["update_every"] for group in optimizer.param_groups] == [window, window]
