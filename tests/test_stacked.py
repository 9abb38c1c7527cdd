"""tlr.stacked and tlr.experiments.stacking: replicas that train together are what they would be alone."""

import math
import multiprocessing
import os
import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from filelock import FileLock
from torch.nn.functional import cross_entropy

from tlr import records
from tlr.data import load, normalize
from tlr.experiments import run, settings, stacking, sweep
from tlr.experiments.running import build
from tlr.experiments.stacking import run_stacked, stacks
from tlr.records import Setting
from tlr.stacked import Stack
from tlr.training import epoch_order

GPU, CPU = torch.device("cuda"), torch.device("cpu")
#: Every method that can be stacked, and windows of several lengths. In four epochs none of them turns chaotic.
VARIANTS = (
    {"method": "sgd"},
    {"method": "multistep"},
    {"method": "exponential"},
    {"method": "published"},
    {"method": "published", "alpha0": 0.01, "c": 0.5},
    {"method": "secant"},
    {"method": "secant", "p": 1.0},
    {"method": "fixed_eta", "eta": 1e-4},
    {"method": "fixed_eta", "eta": 1e-4, "p": 0.5, "alpha0": 0.01},
    {"method": "hypergradient", "beta": 1e-4},
    {"method": "hypergradient", "beta": 1e-3, "alpha0": 0.01},
)


def small(**changes):
    return Setting(
        **{"data": "digits", "model": "mlp-50", "method": "sgd", "alpha0": 0.1, "batch_size": 64, "epochs": 4} | changes
    )


def together(wanted, folder, **options):
    return run_stacked(wanted, folder, device="cpu", **options)


def curves(record):
    return np.concatenate([record.alpha0, record.alpha.ravel(), record.train_loss])


def assert_close(record, expected):
    """Equal up to what float32 makes of sums in another order."""
    assert (record.setting, record.status) == (expected.setting, expected.status)
    np.testing.assert_allclose(curves(record), curves(expected), rtol=1e-4)
    np.testing.assert_allclose(record.test_accuracy, expected.test_accuracy, atol=2 / 360)


def assert_same(record, expected):
    """Equal to the bit."""
    assert (record.setting, record.status) == (expected.setting, expected.status)
    np.testing.assert_array_equal(curves(record), curves(expected))
    np.testing.assert_array_equal(record.test_accuracy, expected.test_accuracy)


def test_replicas_that_train_together_equal_separate_runs(tmp_path):
    wanted = [small(**variant) for variant in VARIANTS]
    for record in together(wanted, tmp_path / "together"):
        assert_close(record, run(record.setting, tmp_path / "alone"))
        assert_same(records.find(record.setting, tmp_path / "together"), record)
        assert [session["replicas"] for session in record.sessions] == [len(wanted)]
    left = {path.name for path in (tmp_path / "together").rglob("*") if path.is_file()}
    assert left == {f"{setting.name}.json" for setting in wanted}


def test_in_double_precision_a_stack_takes_the_steps_of_each_optimizer():
    digits, steps = load("digits"), 100
    x, y, _, _ = digits.tensors()
    images, labels = normalize(x).double(), y
    parts = [build(small(**variant), digits, CPU)[:2] for variant in VARIANTS]
    expected = [build(small(**variant), digits, CPU)[:2] for variant in VARIANTS]
    for model, _ in parts + expected:
        model.double()
    batches = epoch_order(len(x), 0, 0).repeat(5).split(64)[:steps]
    models, optimizers = zip(*parts, strict=True)
    for half in (0, steps // 2):  # given back in the middle of windows, and taken over again
        stack = Stack(models, optimizers, half)
        for batch in batches[half : half + steps // 2]:
            losses = stack.step(images[batch], labels[batch])
        stack.give_back()
    for loss, (model, optimizer), (alone, own) in zip(losses, parts, expected, strict=True):
        for batch in batches:
            own.zero_grad()
            expected_loss = cross_entropy(alone(images[batch]), labels[batch])
            expected_loss.backward()
            own.step()
        torch.testing.assert_close(loss, expected_loss.detach(), rtol=1e-9, atol=0)
        assert optimizer.param_groups[0]["lr"] == pytest.approx(own.param_groups[0]["lr"], rel=1e-9)
        for p, q in zip(model.parameters(), alone.parameters(), strict=True):
            torch.testing.assert_close(p, q, rtol=1e-7, atol=1e-9)


def test_a_replica_that_diverges_ends_and_disturbs_none(tmp_path):
    wild = small(alpha0=1e4, epochs=6)
    calm = [small(method=method, epochs=6) for method in ("sgd", "published", "secant")]
    first, *others = together([wild, *calm], tmp_path / "together")
    alone = run(wild, tmp_path / "alone")
    assert (first.status, len(first.train_loss)) == (alone.status, len(alone.train_loss)) == ("diverged", 1)
    for record, expected in zip(others, together(calm, tmp_path / "calm"), strict=True):
        assert_close(record, expected)
        assert record.status == "done"


def test_stopped_after_every_epoch_a_stack_is_the_same_to_the_bit(tmp_path):
    wanted = [small(**variant) for variant in VARIANTS]
    expected = together(wanted, tmp_path / "at once")
    for epochs in range(1, 4):
        stopped = together(wanted, tmp_path / "in pieces", deadline=0)
        assert {(record.status, len(record.train_loss)) for record in stopped} == {("interrupted", epochs)}
    for record, other in zip(together(wanted, tmp_path / "in pieces"), expected, strict=True):
        assert_same(record, other)
        assert [session["first_epoch"] for session in record.sessions] == [1, 2, 3, 4]


def alone(wanted, folder, **options):
    return [run(setting, folder, device="cpu", **options) for setting in wanted]


@pytest.mark.parametrize("turns", [(alone, together), (together, alone)], ids=["alone first", "together first"])
def test_either_goes_on_with_what_the_other_began(turns, tmp_path):
    wanted = [small(**variant) for variant in VARIANTS]
    expected = alone(wanted, tmp_path / "expected")
    for turn in (turns[0], turns[1], turns[0]):
        turn(wanted, tmp_path / "mixed", deadline=0)
    for record, other in zip(turns[1](wanted, tmp_path / "mixed"), expected, strict=True):
        assert_close(record, other)


def test_those_that_are_behind_catch_up(tmp_path):
    ahead, *others = wanted = [small(method=method) for method in ("published", "secant", "sgd")]
    for _ in range(2):
        run(ahead, tmp_path, deadline=0)
    run(others[0], tmp_path, deadline=0)
    for record in together(wanted, tmp_path):
        assert_close(record, run(record.setting, tmp_path / "alone"))


def test_what_is_finished_or_under_way_elsewhere_is_left_alone(tmp_path, monkeypatch):
    finished, elsewhere, ours = wanted = [small(method=method) for method in ("published", "secant", "sgd")]
    before = run(finished, tmp_path)
    with FileLock(tmp_path / "in_progress" / f"{elsewhere.name}.lock"):
        found, nothing, trained = together(wanted, tmp_path)
    assert_same(found, before)
    assert nothing is None
    assert (trained.status, trained.sessions[0]["replicas"]) == ("done", 1)
    monkeypatch.setattr(stacking, "Stack", None)
    assert_same(together([ours], tmp_path)[0], trained)


@pytest.mark.skipif(os.name == "nt", reason="needs SIGKILL")
def test_a_stack_that_is_killed_loses_the_epoch_under_way_at_most(tmp_path):
    wanted = [small(alpha0=alpha0, epochs=40) for alpha0 in (0.1, 0.01, 0.001)]
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tlr.experiments.stacking"])
    kept = [0] * 3
    for _ in range(5):
        process = context.Process(target=together, args=(wanted, tmp_path))
        process.start()
        while process.is_alive() and min(reached := epochs_in(tmp_path, wanted)) <= max(kept):
            time.sleep(0.001)
        process.kill()
        process.join()
        kept = epochs_in(tmp_path, wanted)
        assert all(now >= before for now, before in zip(kept, reached, strict=True))
        assert max(kept) - min(kept) <= 1
    for record, expected in zip(together(wanted, tmp_path), together(wanted, tmp_path / "at once"), strict=True):
        assert_close(record, expected)


def epochs_in(folder, wanted):
    found = [records.find(setting, folder) for setting in wanted]
    return [0 if record is None else len(record.train_loss) for record in found]


# Which train together


def test_on_a_gpu_the_runs_of_a_batch_size_train_together_and_on_a_cpu_each_alone():
    wanted = settings("figure-1-mnist", seeds=(0, 1))
    together = stacks(wanted, GPU)
    assert [len(group) for group in together] == [9] * 8
    assert all(len({(setting.batch_size, setting.seed) for setting in group}) == 1 for group in together)
    assert [group[0].batch_size for group in together[:2]] == [64, 512], "what tells most comes first"
    assert stacks(wanted, CPU) == [[setting] for setting in wanted]


@pytest.mark.parametrize(
    "other",
    [
        {"method": "yellowfin"},
        {"method": "adam"},
        {"method": "published", "per": "tensor"},
        {"model": "wrn-10-1"},
        {"augment": "crop-flip"},
        {"momentum": 0.0},
    ],
)
def test_what_cannot_be_stacked_trains_alone(other):
    assert [len(group) for group in stacks([small(), small(alpha0=0.01), small(**other)], GPU)] == [2, 1]


@pytest.mark.parametrize("field", ["seed", "batch_size", "epochs", "momentum", "weight_decay", "model", "data"])
def test_a_stack_shares_all_but_the_learning_rate(field):
    changed = {"seed": 1, "batch_size": 32, "epochs": 5, "momentum": 0.9, "weight_decay": 0.0}
    changed |= {"model": "mlp-20", "data": "mnist"}
    assert len(stacks([small(), replace(small(), **{field: changed[field]})], GPU)) == 2


@pytest.fixture
def pretended_gpu(monkeypatch):
    """A sweep that takes this machine's CPU for a GPU."""
    monkeypatch.setattr("tlr.experiments.sweeping.choose_device", lambda name: GPU)


def test_a_sweep_on_a_gpu_stacks_and_its_records_say_so(pretended_gpu, tmp_path):
    wanted = [small(alpha0=alpha0, epochs=2) for alpha0 in (0.1, 0.01)]
    tensors = small(method="published", per="tensor", epochs=2)
    found = sweep([wanted[0], tensors, wanted[1]], tmp_path, device="cpu", progress=False)
    assert [record.setting for record in found] == [wanted[0], tensors, wanted[1]]
    assert [record.sessions[0].get("replicas", 1) for record in found] == [2, 1, 2]


@pytest.mark.parametrize("option", [{"precision": "bfloat16"}, {"compile": True}], ids=str)
def test_another_precision_or_compile_is_for_runs_alone(option, pretended_gpu, tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr("tlr.experiments.sweeping.run", lambda setting, *_, **options: seen.append(options))
    sweep([small(), small(alpha0=0.01)], tmp_path, device="cpu", progress=False, **option)
    assert len(seen) == 2


def test_a_stack_out_of_time_ends_a_sweep_and_goes_on_later(pretended_gpu, tmp_path):
    wanted = [small(alpha0=alpha0, epochs=100_000) for alpha0 in (0.1, 0.01)]
    before = sweep(wanted, tmp_path, device="cpu", minutes=0.5 / 60, progress=False)
    assert {record.status for record in before} == {"interrupted"}
    after = sweep(wanted, tmp_path, device="cpu", minutes=0.5 / 60, progress=False)
    for record, again in zip(before, after, strict=True):
        assert again.sessions[-1]["first_epoch"] == len(record.train_loss) + 1
        assert math.isfinite(again.train_loss[-1])
