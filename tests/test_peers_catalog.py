"""make_optimizer, the table, the schedules, and the one loop that runs every peer."""

import math
import re
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest
import torch

from tlr.course.data import load
from tlr.course.models import MLP
from tlr.course.peers import PEERS, cosine, exponential, installed, make_optimizer, multistep, rates, set_mode, table
from tlr.course.plots import METHODS
from tlr.course.training import accuracy, steps_per_epoch, train

PACKAGES = {name: peer.package for name, peer in PEERS.items() if peer.package}
#: What some need, and something to begin with that suits it on digits in batches of 64, of which an epoch has 23.
OPTIONS = {
    **{name: {"lr": 0.1, "momentum": 0.8} for name in ("sgd", "multistep", "exponential", "cosine")},
    "adam": {"lr": 0.003},
    "adamw": {"lr": 0.003},
    "naive": {"lr": 0.1, "eta": 0.01},
    "tlr": {"lr": 0.1, "momentum": 0.8, "update_every": 15},
    "tlr_secant": {"lr": 0.1, "momentum": 0.8, "update_every": 15},
    "tlr_slope": {"lr": 0.1, "momentum": 0.8, "update_every": 8},
    "tlr_gradients": {"lr": 0.1, "momentum": 0.8, "update_every": 8},
    "tlr_steady": {"lr": 0.1, "momentum": 0.8, "update_every": 8, "epoch": 23},
    "tlr_armijo": {"lr": 0.1},
    "fixed_eta": {"lr": 0.1, "momentum": 0.8, "eta": 0.001, "update_every": 8},
    "hypergradient": {"lr": 0.1, "beta": 1e-3},
    "hypergradient_adam": {"lr": 0.003},
    "sls": {"steps_per_epoch": 23},
    "sps": {"steps_per_epoch": 23},
    "barzilai_borwein": {"lr": 0.1, "update_every": 46},
    "schedulefree": {"lr": 0.5},
}
COPIES_WITHOUT_MOMENTUM = re.compile(r"^\d")


@pytest.fixture(params=PEERS)
def name(request):
    if request.param in PACKAGES:
        pytest.importorskip(PACKAGES[request.param])
    return request.param


@pytest.fixture(scope="module")
def digits():
    return load("digits")


def small():
    return MLP(64, 32, 10)


def test_every_peer_learns_to_read_in_the_one_loop(name, digits):
    assert steps_per_epoch(digits, 64) == 23
    model = small()
    optimizer = make_optimizer(name, model.parameters(), **OPTIONS.get(name, {}))
    history = train(model, optimizer, digits, epochs=12, batch_size=64, progress=False)
    assert history.status == "done"
    assert history.train_loss[-1] < 0.5 < history.train_loss[0]
    assert history.test_accuracy[-1] > 0.75


def test_what_the_table_says_of_copies_is_what_the_optimizer_keeps(name):
    model = small()
    options = {key: value for key, value in OPTIONS.get(name, {}).items() if key != "momentum"} | (
        {"update_every": 3} if "update_every" in OPTIONS.get(name, {}) else {}
    )
    optimizer = make_optimizer(name, model.parameters(), **options)
    run_bare(model, optimizer, name, steps=9)
    states = [value for state in optimizer.state.values() for value in state.values()]
    kept = sum(value.numel() for value in states if isinstance(value, torch.Tensor) and value.numel() > 1)
    weights = sum(p.numel() for p in model.parameters())
    assert round(kept / weights) == int(COPIES_WITHOUT_MOMENTUM.match(PEERS[name].copies)[0])


def test_what_the_table_says_of_passes_is_what_a_step_takes(name):
    model, passes = small(), []
    model.register_forward_hook(lambda *_: passes.append(torch.is_grad_enabled()))
    optimizer = make_optimizer(name, model.parameters(), **OPTIONS.get(name, {}))
    run_bare(model, optimizer, name, steps=1)
    if "or more" in PEERS[name].passes:
        assert sum(passes) == 1
        assert len(passes) >= 2
    else:
        forward, backward = map(int, re.findall(r"\d", PEERS[name].passes))
        assert len(passes) == sum(passes) == forward == backward


def run_bare(model, optimizer, name, steps):
    x, y = torch.randn(20, 64), torch.randint(10, (20,))

    def closure():
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(x), y)
        if torch.is_grad_enabled():
            loss.backward()
        return loss

    set_mode(optimizer, "train")
    for _ in range(steps):
        optimizer.step(closure)


def test_which_ones_need_a_closure(name):
    model = small()
    optimizer = make_optimizer(name, model.parameters(), **OPTIONS.get(name, {}))
    set_mode(optimizer, "train")
    model(torch.zeros(1, 64)).sum().backward()
    if PEERS[name].needs_closure:
        with pytest.raises(TypeError, match="closure"):
            optimizer.step()
    else:
        optimizer.step()


def test_every_peer_and_schedule_has_a_look_of_its_own():
    assert set(PEERS) == set(METHODS)


def test_an_unknown_name_lists_the_known():
    with pytest.raises(ValueError, match="Unknown optimizer 'adamax': choose from sgd, multistep, "):
        make_optimizer("adamax", small().parameters())


@pytest.mark.parametrize("name", PACKAGES)
def test_a_package_that_is_not_installed_is_named(name, monkeypatch):
    without(monkeypatch, PACKAGES[name])
    with pytest.raises(ModuleNotFoundError, match=f"python -m pip install {PACKAGES[name]}"):
        make_optimizer(name, small().parameters())


def test_what_is_not_installed_is_left_out_with_a_sentence(monkeypatch, capsys):
    without(monkeypatch, "schedulefree")
    assert installed(["sgd", "schedulefree", "tlr"]) == ["sgd", "tlr"]
    said = "Schedule-Free SGD is left out: it needs a package (python -m pip install schedulefree).\n"
    assert capsys.readouterr().out == said


def without(monkeypatch, package):
    """As if the package were not installed."""
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.delitem(sys.modules, "tlr.course.peers.alig", raising=False)


def test_the_table_imports_no_torch():
    code = "import sys; sys.modules['torch'] = None; from tlr.course.peers import PEERS, table; assert table()"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("schedule", [name for name, peer in PEERS.items() if peer.schedule])
def test_a_schedule_belongs_to_its_method(schedule):
    optimizer = make_optimizer(schedule, small().parameters(), lr=1.0)
    scheduler = PEERS[schedule].scheduler(optimizer, 4)
    for _ in range(4):
        optimizer.step()
        scheduler.step()
    assert optimizer.param_groups[0]["lr"] == pytest.approx({"cosine": 0.0}.get(schedule, 0.01))
    assert PEERS["sgd"].scheduler(optimizer, 4) is None


def test_prodigys_rate_is_the_factor_that_it_learns():
    pytest.importorskip("prodigyopt")
    model = small()
    optimizer = make_optimizer("prodigy", model.parameters(), d0=1e-4)
    assert rates(optimizer) == (1e-4,)
    run_bare(model, optimizer, "prodigy", steps=30)
    assert rates(optimizer) == (optimizer.param_groups[0]["d"],) > (1e-4,)


def test_the_table_has_a_row_a_peer_and_no_empty_cell():
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table().splitlines()]
    assert len(rows) == len(PEERS) + 2
    assert {len(row) for row in rows} == {7}
    assert all(cell for row in rows for cell in row)


def test_the_table_of_some():
    lines = table(["sls", "sps"]).splitlines()
    assert [line.split(" | ")[0] for line in lines[2:]] == ["| SLS", "| SPS, SPS_max"]
    assert table(["sgd"], columns=("Method", "Adapts")).splitlines()[0] == "| Method | Adapts |"


# Schedule-free optimizers are evaluated at other weights


class Modes(torch.optim.SGD):
    """Records the modes that it is put in, and the step it was taken in."""

    def __init__(self, params, at=math.inf):
        super().__init__(params, lr=0.1)
        self.modes, self.left = [], at

    def train(self):
        self.modes.append("train")

    def eval(self):
        self.modes.append("eval")

    def step(self, closure=None):
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt
        assert self.modes[-1] == "train"
        return super().step(closure)


def test_modes_are_switched_around_training_and_evaluation(digits):
    model = small()
    optimizer = Modes(model.parameters())
    train(model, optimizer, digits, epochs=2, batch_size=200, progress=False)
    assert optimizer.modes == ["train", "eval"] * 2


def test_an_interrupted_run_ends_in_the_mode_of_evaluation(digits):
    model = small()
    optimizer = Modes(model.parameters(), at=10)
    train(model, optimizer, digits, epochs=3, batch_size=200, progress=False)
    assert optimizer.modes == ["train", "eval", "train", "eval"]


@pytest.mark.skipif(not find_spec("schedulefree"), reason="needs schedulefree")
def test_schedule_free_is_evaluated_at_its_averaged_weights(digits):
    model = small()
    optimizer = make_optimizer("schedulefree", model.parameters(), lr=0.5)
    history = train(model, optimizer, digits, epochs=1, batch_size=200, progress=False)
    _, _, x, y = digits.tensors()
    assert accuracy(model, x, y) == history.test_accuracy[-1]
    averaged = torch.nn.utils.parameters_to_vector(model.parameters()).clone()
    optimizer.train()
    assert not torch.equal(averaged, torch.nn.utils.parameters_to_vector(model.parameters()))


# Schedules


def alphas(schedule, epochs):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0)
    scheduler, seen = schedule(optimizer, epochs), []
    for _ in range(epochs):
        seen.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return seen, optimizer.param_groups[0]["lr"]


@pytest.mark.parametrize("epochs", [1, 2, 5, 80])
def test_multistep_falls_to_a_tenth_at_half_and_at_three_quarters(epochs):
    seen, _ = alphas(multistep, epochs)
    expected = [1 if e < epochs / 2 else 0.1 if e < 3 * epochs / 4 else 0.01 for e in range(epochs)]
    np.testing.assert_allclose(seen, expected)


def test_exponential_ends_at_a_hundredth():
    seen, last = alphas(exponential, 4)
    np.testing.assert_allclose(seen, 0.01 ** (np.arange(4) / 4))
    assert last == pytest.approx(0.01)


@pytest.mark.parametrize("warmup", [0, 1, 3])
def test_cosine_rises_to_its_rate_and_falls_to_zero(warmup):
    seen, last = alphas(lambda optimizer, epochs: cosine(optimizer, epochs, warmup), 8)
    np.testing.assert_allclose(seen[: warmup + 1], np.arange(1, warmup + 2) / (warmup + 1))
    np.testing.assert_allclose(seen[warmup:], (1 + np.cos(np.pi * np.arange(8 - warmup) / (8 - warmup))) / 2)
    assert last == pytest.approx(0, abs=1e-12)


def test_a_schedule_leaves_the_factor_that_a_rule_has_learned():
    w = torch.nn.Parameter(torch.ones(1, dtype=torch.float64))
    optimizer = make_optimizer("hypergradient", [w], lr=1.0, beta=0.0)
    scheduler = multistep(optimizer, 2)
    optimizer.param_groups[0]["lr"] *= 3
    optimizer.step()
    scheduler.step()
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.3)


@pytest.mark.parametrize("schedule", [multistep, exponential, cosine])
def test_a_schedule_without_epochs_is_refused(schedule):
    with pytest.raises(ValueError, match=r"A schedule needs the number of epochs, at least 1, not 0\."):
        schedule(torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0), 0)


def test_a_warm_up_is_shorter_than_the_run():
    with pytest.raises(ValueError, match=r"A warm-up takes at least 0 epochs, and fewer than all 4, not 4\."):
        cosine(torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0), 4, warmup=4)
