"""experiments: the paper's grids; runs that are never lost, never done twice, the same however they are spread."""

import math
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import replace

import joblib
import numpy as np
import pytest
import torch
from filelock import FileLock
from joblib.parallel import ThreadingBackend

from tlr import TLR
from tlr.course import records
from tlr.course.data import load
from tlr.course.experiments import FIGURES, building, run, running, settings, sweep
from tlr.course.experiments.__main__ import main
from tlr.course.experiments.checkpoint import Unusable, restore
from tlr.course.models import MLP
from tlr.course.peers import make_optimizer
from tlr.course.peers.schedules import exponential, multistep
from tlr.course.records import Setting
from tlr.course.training import train

pytestmark = pytest.mark.filterwarnings("ignore:Windows of .* are shorter than:UserWarning")
posix = pytest.mark.skipif(os.name == "nt", reason="needs SIGKILL and resource limits")

SMALL = {"data": "digits", "model": "mlp-20", "alpha0": 0.1, "batch_size": 200, "epochs": 4}
#: Every method, and TLR per tensor.
VARIANTS = {
    **{name: {"method": name} for name in ("sgd", "multistep", "exponential", "tlr", "tlr_secant", "yellowfin")},
    "fixed_eta": {"method": "fixed_eta", "eta": 0.01},
    "hypergradient": {"method": "hypergradient", "beta": 1e-4},
    "per tensor": {"method": "tlr", "per": "tensor"},
}


def small(method="tlr", **changes):
    return Setting(**SMALL | {"method": method} | changes)


def assert_same(record, expected):
    """The curves are equal to the bit."""
    assert record.setting == expected.setting
    assert record.status == expected.status
    for name in ("alpha0", "alpha", "train_loss", "test_accuracy"):
        np.testing.assert_array_equal(getattr(record, name), getattr(expected, name))


def names(folder):
    """The files in a folder, those of runs in progress included."""
    return {path.name for path in folder.rglob("*") if path.is_file()}


# The figures


def values(name, field):
    return {getattr(setting, field) for setting in settings(name)}


ALPHA0, BATCH_SIZES = {0.001, 0.01, 0.1}, {64, 128, 256, 512}


@pytest.mark.parametrize(
    ("name", "methods", "grid", "runs"),
    [
        ("figure-1", {"tlr", "tlr_secant", "sgd"}, {"alpha0": ALPHA0, "batch_size": BATCH_SIZES}, 36),
        (
            "figure-2",
            {"tlr", "tlr_secant", "hypergradient"},
            {"beta": {None, 1e-3, 1e-4, 1e-5}, "batch_size": BATCH_SIZES},
            20,
        ),
        ("figure-6", {"tlr", "tlr_secant"}, {"p": {0.10, 0.25, 1 / 3, 0.50, 1.00}, "batch_size": {256}}, 10),
        ("figure-7", {"tlr", "tlr_secant"}, {"per": {"model", "tensor"}}, 4),
        (
            "figure-8",
            {"tlr", "tlr_secant"},
            {"c": {bound - 1 for bound in (1.125, 1.25, 1.5, 2, 5, 10)}, "alpha0": ALPHA0, "batch_size": {256}},
            36,
        ),
        (
            "figure-9",
            {"tlr", "tlr_secant", "fixed_eta"},
            {
                "eta": {None, *(eta / unit for eta in (0.001, 0.01, 0.1, 1.0) for unit in (1, 78**2))},
                "alpha0": {0.1},
                "batch_size": {256},
            },
            10,
        ),
        (
            "figure-10",
            {"sgd", "multistep", "exponential", "yellowfin", "tlr", "tlr_secant"},
            {"alpha0": ALPHA0, "batch_size": BATCH_SIZES},
            72,
        ),
    ],
)
def test_a_figure_has_the_papers_grid_and_a_twin_on_digits(name, methods, grid, runs):
    for twin in (f"{name}-mnist", f"{name}-digits"):
        assert values(twin, "method") == methods
        assert {field: values(twin, field) for field in grid} == grid
        assert len(set(settings(twin))) == len(settings(twin)) == runs
    twin = FIGURES[f"{name}-digits"]
    mnist = FIGURES[f"{name}-mnist"]
    assert replace(twin, data=mnist.data, model=mnist.model, epochs=mnist.epochs) == mnist


@pytest.mark.parametrize("name", [name for name in FIGURES if name.endswith("mnist")])
def test_the_papers_settings_hold_unless_the_figure_varies_them(name):
    for setting in settings(name):
        assert (setting.data, setting.model) == ("mnist", "mlp-1000")
        assert setting.epochs == (40 if name == "figure-8-mnist" else 80)
        assert setting.weight_decay == 5e-4
        assert setting.momentum == (None if setting.method == "yellowfin" else 0.8)
        if setting.method in ("tlr", "tlr_secant"):
            assert setting.p == 1 / 3 or name == "figure-6-mnist"
            assert setting.c == 1 / 4 or name == "figure-8-mnist"
            assert setting.per == "model" or name == "figure-7-mnist"


def test_what_tells_most_comes_first():
    order = [(setting.alpha0, setting.batch_size) for setting in settings("figure-1-mnist")]
    assert order[:3] == [(0.1, 64)] * 3, "every method at a point, before the next point"
    assert {order[i] for i in range(0, 12, 3)} == {(0.1, 64), (0.1, 512), (0.001, 64), (0.1, 256)}
    assert order.index((0.001, 512)) < order.index((0.01, 256))
    assert order[-1] == (0.01, 128)


def test_seeds_come_one_after_the_other_and_epochs_may_be_fewer():
    wanted = settings("figure-7-digits", epochs=3, seeds=[5, 2])
    assert [setting.seed for setting in wanted] == [5] * 4 + [2] * 4
    assert {setting.epochs for setting in wanted} == {3}


def test_an_unknown_figure_is_refused():
    with pytest.raises(ValueError, match=r"figure-11.*choose from figure-1-mnist"):
        settings("figure-11")


# One run


def optimizer_of(setting, model, steps):
    """What the setting should mean, written by hand; a window is a third of an epoch's `steps`."""
    sgd = {"lr": 0.1, "momentum": 0.8, "weight_decay": 5e-4}
    tlr = sgd | {"c": 0.25, "update_every": round(steps / 3)}
    parameters = model.named_parameters()
    if setting.method in ("tlr", "tlr_secant"):
        curvature = "secant" if setting.method == "tlr_secant" else "published"
        return TLR(parameters, curvature=curvature, per=setting.per, fused=True, **tlr)
    if setting.method == "fixed_eta":
        return make_optimizer("fixed_eta", parameters, eta=0.01, update_every=round(steps / 3), **sgd)
    if setting.method == "hypergradient":
        return make_optimizer("hypergradient", parameters, beta=1e-4, **sgd)
    if setting.method == "yellowfin":
        return make_optimizer("yellowfin", parameters, lr=0.1, weight_decay=5e-4)
    return torch.optim.SGD(parameters, fused=True, **sgd)


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_run_is_what_its_setting_says(variant, tmp_path):
    setting = small(seed=3, **VARIANTS[variant])
    record = run(setting, tmp_path)
    digits, model = load("digits"), MLP(64, 20, 10, seed=3)
    optimizer = optimizer_of(setting, model, math.ceil(len(digits.x_train) / 200))
    schedule = {"multistep": multistep, "exponential": exponential}.get(setting.method)
    history = train(
        model,
        optimizer,
        digits,
        epochs=4,
        batch_size=200,
        seed=3,
        scheduler=schedule and schedule(optimizer, 4),
        progress=False,
    )
    assert record.status == "done"
    np.testing.assert_array_equal(record.train_loss, history.train_loss)
    np.testing.assert_array_equal(record.test_accuracy, history.test_accuracy)
    np.testing.assert_array_equal(record.alpha, history.alpha)
    np.testing.assert_array_equal(record.alpha0, history.alpha0)


@pytest.mark.parametrize("variant", VARIANTS)
def test_stopped_after_every_epoch_a_run_is_the_same_to_the_bit(variant, tmp_path):
    setting = small(**VARIANTS[variant])
    expected = run(setting, tmp_path / "at once")
    for epochs in range(1, 4):
        stopped = run(setting, tmp_path / "in pieces", deadline=0)
        assert (stopped.status, len(stopped.train_loss)) == ("interrupted", epochs)
        assert_same(records.find(setting, tmp_path / "in pieces"), stopped)
    record = run(setting, tmp_path / "in pieces")
    assert_same(record, expected)
    assert [session["first_epoch"] for session in record.sessions] == [1, 2, 3, 4]
    assert names(tmp_path / "in pieces") == {f"{setting.name}.json"}, "a finished run leaves its record alone"


def test_each_tensor_has_its_named_rate(tmp_path):
    record = run(small(per="tensor", epochs=12), tmp_path)
    assert record.groups == ("hidden.weight", "hidden.bias", "output.weight", "output.bias")
    assert record.alpha.shape == (12, 4)
    assert len(set(record.alpha[-1])) == 4
    assert run(small(), tmp_path).groups == ("model",)


def test_a_finished_run_is_not_run_again(tmp_path, monkeypatch):
    first = run(small(), tmp_path)
    monkeypatch.setattr(building, "train", None)
    assert_same(run(small(), tmp_path), first)


def test_a_run_that_diverges_is_a_result(tmp_path, monkeypatch):
    setting = small("sgd", alpha0=1e4, epochs=30)
    record = run(setting, tmp_path)
    assert record.status == "diverged"
    assert 0 < len(record.train_loss) < 30
    assert not np.isfinite(record.train_loss[-1])
    monkeypatch.setattr(building, "train", None)
    assert_same(run(setting, tmp_path), record)
    assert names(tmp_path) == {f"{setting.name}.json"}


def test_a_record_says_where_it_comes_from(tmp_path):
    threads = torch.get_num_threads()
    (session,) = run(small(), tmp_path, device="cpu").sessions
    assert session["checksum"] == load("digits").checksum
    assert session["versions"]["torch"] == torch.__version__
    assert session["versions"]["numpy"] == np.__version__
    assert (session["device"], session["threads"], session["precision"]) == ("cpu", 1, "float32")
    assert session["device_name"]
    assert torch.get_num_threads() == threads
    commit = subprocess.run(
        ["git", "rev-parse", "HEAD"], capture_output=True, encoding="utf-8", cwd=os.path.dirname(__file__)
    )
    if commit.returncode == 0:
        assert session["commit"] == commit.stdout.strip()
        assert session["dirty"] in (True, False)


def checkpoint(setting, folder):
    """The checkpoint of a run that was stopped after its first epoch."""
    run(setting, folder, deadline=0)
    return folder / "in_progress" / f"{setting.name}.pt"


def flipped(content, bit):
    """The bytes with one bit changed."""
    changed = bytearray(content)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def damaged(path, how, folder):
    whole = path.read_bytes()
    if how == "half":
        return whole[: len(whole) // 2]
    if how == "zeros in the middle":
        return whole[: len(whole) // 2] + bytes(64) + whole[len(whole) // 2 + 64 :]
    if how == "another setting":
        return checkpoint(small(seed=1), folder).read_bytes()
    if how == "without its head":
        return whole[whole.index(b"PK") :]
    return how


@pytest.mark.parametrize(
    "how", [b"", b"no checkpoint", "half", "zeros in the middle", "another setting", "without its head"]
)
def test_a_checkpoint_that_cannot_be_used_is_named_and_costs_its_epochs_only(how, tmp_path):
    path = checkpoint(small(), tmp_path)
    path.write_bytes(damaged(path, how, tmp_path))
    with pytest.warns(UserWarning, match=rf"checkpoint .*{path.name} cannot be used \(.*starts anew"):
        record = run(small(), tmp_path)
    assert_same(record, run(small(), tmp_path / "other"))


def zeroed(content, bit):
    """The bytes with 64 of them lost."""
    return content[: bit // 8] + bytes(64) + content[bit // 8 + 64 :]


def cut(content, bit):
    return content[: bit // 8]


@pytest.mark.faults
@pytest.mark.parametrize("damage", [flipped, zeroed, cut])
def test_no_damage_of_a_checkpoint_goes_unnoticed(damage, tmp_path, trials):
    path, setting = checkpoint(small(), tmp_path), small()
    whole, parts = path.read_bytes(), building.build(setting, torch.device("cpu")).stateful
    for seed in trials(50, 2000):
        content = damage(whole, random.Random(seed).randrange(8 * len(whole)))
        if content != whole:  # what was zero already
            path.write_bytes(content)
            with pytest.raises(Unusable):
                restore(path, setting, parts, load("digits").checksum)


def test_a_checkpoint_of_other_weights_is_named_and_the_run_begins_with_new_ones(tmp_path, monkeypatch):
    path = checkpoint(small(), tmp_path)
    built, calls = building.build, []

    def build(*args):
        """The first time as after an update that renamed a weight: all but one can be loaded."""
        parts = built(*args)
        if not calls:
            parts.model.register_parameter("renamed", parts.model.output._parameters.pop("bias"))
        calls.append(parts)
        return parts

    monkeypatch.setattr(running, "build", build)
    with pytest.warns(UserWarning, match=rf"{path.name} cannot be used \(Error.* in loading state_dict"):
        record = run(small(), tmp_path)
    assert len(calls) == 2
    assert_same(record, run(small(), tmp_path / "other"))


def test_a_run_does_not_go_on_with_other_data(tmp_path, monkeypatch):
    digits = load("digits")
    monkeypatch.setenv("TLR_DATA_DIR", str(tmp_path))

    def save(images):
        building.load.cache_clear()
        np.savez(
            tmp_path / "own.npz", x_train=images, y_train=digits.y_train, x_test=digits.x_test, y_test=digits.y_test
        )

    save(digits.x_train)
    run(small(data="own"), tmp_path, deadline=0)
    save(255 - digits.x_train)
    with pytest.warns(UserWarning, match="data set 'own' has changed since"):
        assert len(run(small(data="own"), tmp_path).sessions) == 1


def test_a_record_that_is_refused_is_put_aside_and_its_setting_run(tmp_path):
    path = tmp_path / f"{small().name}.json"
    path.write_text("{", encoding="utf-8")
    with pytest.warns(UserWarning, match=rf"{path.name} is refused: .*kept as {small().name}\.refused"):
        assert run(small(), tmp_path).status == "done"
    assert (tmp_path / f"{small().name}.refused").read_text(encoding="utf-8") == "{"
    assert records.find(small(), tmp_path).finished


@pytest.mark.parametrize("again", [run, lambda setting, folder: sweep([setting], folder, progress=False)])
def test_what_a_run_leaves_that_was_killed_while_it_cleaned_up_is_removed(again, tmp_path):
    path = checkpoint(small(), tmp_path)
    stored = path.read_bytes()
    run(small(), tmp_path)
    path.write_bytes(stored)
    path.with_suffix(".lock").touch()
    again(small(), tmp_path)
    assert names(tmp_path) == {f"{small().name}.json"}


def test_an_unknown_device_is_refused(tmp_path):
    with pytest.raises(ValueError, match="no device 'abacus' here"):
        run(small(), tmp_path, device="abacus")


# Faults


@contextmanager
def largest_file(size):
    """No file can become larger than `size` bytes: what a full disk looks like to a program."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@posix
def test_a_full_disk_ends_with_a_sentence_and_the_run_goes_on_when_there_is_room(tmp_path):
    run(small(), tmp_path, deadline=0)
    before = names(tmp_path)
    with largest_file(4000), pytest.raises(OSError, match=r"\.pt could not be written \(.+\): make room"):
        run(small(), tmp_path)
    assert names(tmp_path) == before
    assert len(records.find(small(), tmp_path).train_loss) == 1
    record = run(small(), tmp_path)
    assert_same(record, run(small(), tmp_path / "other"))
    assert [session["first_epoch"] for session in record.sessions] == [1, 2]


@posix
def test_a_folder_that_cannot_be_ends_a_sweep_over_processes_with_one_sentence(tmp_path):
    (tmp_path / "file").write_text("no folder", encoding="utf-8")
    with pytest.raises(SystemExit, match=r"^The folder .*file cannot be written to \(.+\): choose another one\.$"):
        main(["run", "figure-7-digits", "--epochs", "1", "--folder", str(tmp_path / "file"), "--jobs", "2"])


@pytest.fixture(scope="module")
def processes():
    """Starts real processes that have torch loaded already, and so begin within milliseconds."""
    if os.name == "nt":
        pytest.skip("needs SIGKILL")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tlr.course.experiments.running", "torch._dynamo"])  # the first optimizer needs it
    return context.Process


def epochs_in(folder, setting):
    record = records.find(setting, folder)  # what cannot be read fails the test
    return 0 if record is None else len(record.train_loss)


def test_killed_at_any_moment_a_run_loses_the_epoch_under_way_at_most(processes, tmp_path):
    setting = small(model="mlp-200", epochs=60, batch_size=64)
    expected = run(setting, tmp_path / "at once")
    folder, moment, kills, kept = tmp_path / "killed", random.Random(0), 0, 0
    while not (found := records.find(setting, folder)) or not found.finished:
        process = processes(target=run, args=(setting, folder))
        process.start()
        if moment.random() < 0.7:  # others die while they begin
            while process.is_alive() and epochs_in(folder, setting) == kept:
                time.sleep(0.001)
        time.sleep(moment.uniform(0, 0.03))
        reached = epochs_in(folder, setting)
        process.kill()
        process.join()
        kills += process.exitcode == -signal.SIGKILL
        if reached > kept:
            session = records.find(setting, folder).sessions[-1]
            assert session["first_epoch"] == kept + 1 or session["first_epoch"] == kept + 2, "one more was under way"
        kept = epochs_in(folder, setting)
        assert kept >= reached
    assert kills >= 5
    assert_same(found, expected)
    assert run(setting, folder).finished  # the last kill may have come before the tidying up
    assert names(folder) == {f"{setting.name}.json"}


def written(folder):
    """The records in a folder, and when each was written."""
    return {(path.name, path.stat().st_mtime_ns) for path in folder.glob("*.json")}


def identities(folder):
    """Finished setting → which file its record is, and when that was written; what cannot be read fails the test."""
    paths = {path: records.read(path) for path in folder.glob("*.json")}
    stats = {path: path.stat() for path in paths}
    return {
        each.setting: (stats[path].st_ino, stats[path].st_mtime_ns) for path, each in paths.items() if each.finished
    }


@pytest.mark.faults
def test_killed_at_random_moments_a_sweep_loses_no_record_and_runs_none_twice(
    processes, tmp_path, trials, record_property
):
    wanted = [small(method, epochs=3, seed=seed) for seed in range(2) for method in ("sgd", "tlr", "tlr_secant")]
    expected, kills = sweep(wanted, tmp_path / "at once", progress=False), 0
    for seed in trials(1, 15):
        folder, moment, finished = tmp_path / str(seed), random.Random(seed), {}
        while True:
            process, kept = processes(target=sweep, args=(wanted, folder), kwargs={"progress": False}), written(folder)
            process.start()
            if moment.random() < 0.7:  # others die while they begin
                while process.is_alive() and written(folder) == kept:
                    time.sleep(0.001)
            process.join(moment.uniform(0, 0.05))
            process.kill()
            process.join()
            before, finished = finished, identities(folder)
            assert before.items() <= finished.items(), "what is finished is never written again"
            if process.exitcode == 0:
                break
            kills += process.exitcode == -signal.SIGKILL
        for record, whole in zip(records.load(wanted, folder), expected, strict=True):
            assert_same(record, whole)
        assert names(folder) == {f"{setting.name}.json" for setting in wanted}
    record_property("kills", kills)


#: Of Python's audit events, those of operations that may change a file.
OPERATIONS = {
    "open",
    "os.mkdir",
    "os.remove",
    "os.rename",
    "os.rmdir",
    "os.truncate",
    "tempfile.mkdtemp",
    "fcntl.flock",
}


def run_until(setting, folder, operation):
    """Run a setting up to an operation on the folder's files, and be killed there; -1 counts them: the exit code."""
    count = -1

    def audit(event, arguments):
        nonlocal count
        if event in OPERATIONS and (event == "fcntl.flock" or str(folder) in str(arguments[0])):
            count += 1
            if count == operation:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(audit)
    run(setting, folder)
    if operation == -1:
        os._exit(count + 1)


@pytest.mark.faults
def test_killed_before_any_operation_on_a_file_a_run_ends_the_same(processes, tmp_path, trials):
    setting = small(epochs=3)
    expected = run(setting, tmp_path / "at once")
    counting = processes(target=run_until, args=(setting, tmp_path / "counted", -1))
    counting.start()
    counting.join()
    assert 20 < counting.exitcode < 200
    numbers = trials(8, counting.exitcode)
    for number in numbers:
        folder = tmp_path / str(number)
        operation = number * counting.exitcode // len(numbers)
        process = processes(target=run_until, args=(setting, folder, operation))
        process.start()
        process.join()
        assert process.exitcode == -signal.SIGKILL
        for path in folder.glob("*.json"):
            records.read(path)
        assert_same(run(setting, folder), expected)
        assert run(setting, folder).finished
        assert names(folder) == {f"{setting.name}.json"}


def test_a_run_belongs_to_one_process_and_is_free_when_that_dies(processes, tmp_path):
    setting = small(epochs=100_000)
    process = processes(target=run, args=(setting, tmp_path))
    process.start()
    while not epochs_in(tmp_path, setting):
        time.sleep(0.01)
    assert run(setting, tmp_path) is None
    process.kill()
    process.join()
    assert (tmp_path / "in_progress" / f"{setting.name}.lock").exists(), "the dead process left its lock behind"
    assert run(setting, tmp_path, deadline=0).sessions[-1]["first_epoch"] > 1


TWO_SWEEPS = """if True:
    import sys
    from tlr.course.experiments import building, settings, sweep
    train = building.train
    def counted(model, optimizer, *args, **options):
        with open(sys.argv[2], "a") as file:  # one write of one line is whole
            file.write("run\\n")
        return train(model, optimizer, *args, **options)
    building.train = counted
    wanted = settings("figure-2-digits")
    print("ready", flush=True)
    sys.stdin.readline()
    sweep(wanted, sys.argv[1], progress=False)
"""


def test_two_sweeps_at_once_share_the_runs_and_do_none_twice(tmp_path):
    command = [sys.executable, "-c", TWO_SWEEPS, str(tmp_path / "records"), str(tmp_path / "log")]
    sweeps = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8") for _ in range(2)
    ]
    for each in sweeps:
        assert each.stdout.readline() == "ready\n"
    for each in sweeps:
        each.stdin.write("go\n")
        each.stdin.flush()
    for each in sweeps:
        each.communicate()
        assert each.returncode == 0
    wanted = settings("figure-2-digits")
    assert (tmp_path / "log").read_text(encoding="utf-8").splitlines() == ["run"] * len(wanted)
    assert names(tmp_path / "records") == {f"{setting.name}.json" for setting in wanted}
    assert all(records.find(setting, tmp_path / "records").finished for setting in wanted)


# Sweeps


def grid(n=4):
    return [small(seed=seed, epochs=2) for seed in range(n)]


def test_a_sweep_gives_the_records_in_order_and_runs_nothing_twice(tmp_path, monkeypatch):
    wanted = grid()
    run(wanted[2], tmp_path)
    found = sweep(wanted, tmp_path, progress=False)
    assert [record.setting for record in found] == wanted
    assert all(record.status == "done" for record in found)
    monkeypatch.setattr(building, "train", None)
    for record, before in zip(sweep(wanted, tmp_path, progress=False), found, strict=True):
        assert_same(record, before)


def test_a_record_is_the_same_from_another_process(tmp_path):
    alone = sweep(grid(), tmp_path / "alone", progress=False)
    spread = sweep(grid(), tmp_path / "spread", jobs=2, progress=False)
    for record, expected in zip(spread, alone, strict=True):
        assert_same(record, expected)
        assert record.sessions[0]["threads"] == 1


class Cluster(ThreadingBackend):
    """Remembers that it was chosen."""

    chosen = False

    def configure(self, *args, **kwargs):
        type(self).chosen = True
        return super().configure(*args, **kwargs)


def test_a_sweep_goes_where_joblib_is_told_to_send_it(tmp_path):
    joblib.register_parallel_backend("cluster", Cluster)
    with joblib.parallel_config(backend="cluster", n_jobs=2):
        found = sweep(grid(), tmp_path, progress=False)
    assert Cluster.chosen
    assert len(found) == 4


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_a_dask_cluster_runs_a_sweep(tmp_path):
    import distributed  # takes a second

    with (
        distributed.Client(n_workers=2, threads_per_worker=1, dashboard_address=None),
        joblib.parallel_config(backend="dask"),
    ):
        found = sweep(grid(), tmp_path / "dask", progress=False)
    for record, expected in zip(found, sweep(grid(), tmp_path / "here", progress=False), strict=True):
        assert_same(record, expected)


def test_a_worker_without_the_folder_sends_its_record(tmp_path, monkeypatch):
    monkeypatch.setattr(
        "tlr.course.experiments.sweeping.run", lambda setting, folder, **_: run(setting, tmp_path / "far")
    )
    with joblib.parallel_config(backend="threading"):
        found = sweep(grid(2), tmp_path / "here", progress=False)
    assert [record.setting for record in found] == grid(2)


def test_out_of_time_a_sweep_stops_and_goes_on_later(tmp_path):
    wanted = [small("sgd", seed=seed, epochs=100_000) for seed in range(3)]
    begun = time.monotonic()
    (record,) = sweep(wanted, tmp_path, minutes=0.3 / 60, progress=False)
    assert time.monotonic() - begun < 30
    assert (record.setting, record.status) == (wanted[0], "interrupted")
    (again,) = sweep(wanted, tmp_path, minutes=0.3 / 60, progress=False)
    assert again.sessions[-1]["first_epoch"] == len(record.train_loss) + 1
    assert len(again.train_loss) > len(record.train_loss)


def test_an_unknown_data_set_ends_a_sweep_before_it_begins(tmp_path):
    with pytest.raises(ValueError, match="Unknown data set 'nowhere'"):
        sweep([small(), small(data="nowhere")], tmp_path, progress=False)
    assert names(tmp_path) == set()


# The command line


def is_gone(group, within):
    """Whether no process of a group is left after that many seconds at most."""
    end = time.monotonic() + within
    while time.monotonic() < end:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.01)
    return False


def test_list_names_every_figure_and_what_is_finished(tmp_path, capsys):
    run(settings("figure-7-digits")[0], tmp_path)
    main(["list", "--folder", str(tmp_path)])
    lines = capsys.readouterr().out.splitlines()[1:]
    assert [line.split()[0] for line in lines] == list(FIGURES)
    counts = {line.split()[0]: line.split()[1:3] for line in lines}
    assert counts["figure-7-digits"] == ["4", "1"]


def test_run_shows_how_far_it_is_and_says_when_all_is_done(tmp_path, capsys):
    command = ["run", "figure-7-digits", "--epochs", "2", "--seeds", "0", "1", "--folder", str(tmp_path)]
    main(command)
    shown = capsys.readouterr()
    assert shown.out.splitlines()[-1] == "8 of 8 runs are finished."
    assert "digits, tlr, α₀ = 0.1, batch 256, per tensor, 2 epochs, seed 0: done, loss " in shown.out
    assert "16/16" in shown.err
    assert len(names(tmp_path)) == 8


def test_what_is_missing_is_said(tmp_path, capsys):
    with pytest.raises(SystemExit, match=r"^1$"):
        main(["run", "figure-7-digits", "--epochs", "2", "--minutes", "0", "--folder", str(tmp_path)])
    assert capsys.readouterr().out.splitlines()[-1] == "0 of 4 runs are finished: the same command goes on from here."


@pytest.mark.parametrize("figure", ["figure-3-mnist", "mnist"])
def test_an_unknown_figure_is_said_with_the_names_that_there_are(figure, capsys):
    with pytest.raises(SystemExit):
        main(["run", figure])
    assert "figure-1-mnist" in capsys.readouterr().err


@posix
@pytest.mark.parametrize(
    ("jobs", "send", "number"),
    [
        ("1", os.killpg, signal.SIGINT),  # Ctrl-C in a terminal: everyone in the foreground hears it
        ("2", os.killpg, signal.SIGINT),
        ("2", os.kill, signal.SIGTERM),
    ],
)
def test_a_signal_stops_in_good_order_and_the_same_command_goes_on(jobs, send, number, tmp_path):
    command = [sys.executable, "-m", "tlr.course.experiments", "run", "figure-10-digits", "--epochs", "4000"]
    command += ["--jobs", jobs, "--folder", str(tmp_path)]
    first = settings("figure-10-digits", epochs=4000)[:2]
    process = subprocess.Popen(
        ["sh", "-c", 'trap "" INT; exec "$@"', "sh", *command],  # as a shell starts a job in the background
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        start_new_session=True,
    )
    while not any(epochs_in(tmp_path, setting) for setting in first):
        time.sleep(0.01)
        assert process.poll() is None
    send(process.pid, number)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "Stopped: the same command goes on from here." in said.splitlines()
    assert "Traceback" not in said
    assert is_gone(process.pid, within=10), "the workers go with the command"
    reached = {setting: epochs_in(tmp_path, setting) for setting in first}
    assert {records.find(setting, tmp_path).status for setting in first if reached[setting]} == {"interrupted"}
    with pytest.raises(SystemExit):
        main([*command[3:], "--minutes", "0.01"])
    assert sum(epochs_in(tmp_path, setting) for setting in reached) > sum(reached.values())


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--epochs", "0", "epochs must be at least 1"),
        ("--seeds", "-1", "seed must be at least 0"),
        ("--seeds", "9" * 23, "seed must be at least 0 and below"),
        ("--jobs", "0", "jobs is how many runs go on at a time: at least 1"),
        ("--minutes", "nan", "minutes must be a number, at least 0, not nan"),
        ("--minutes", "-1", "minutes must be a number, at least 0, not -1"),
        ("--folder", "", "The folder of the records has an empty name"),
        *(("--device", name, f"There is no device '{name}' here") for name in ("hpu", "xla", "mps", "meta", "")),
    ],
)
def test_a_value_that_makes_no_sense_is_refused_in_one_sentence(option, value, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match=f"^{said}") as stopped:
        main(["run", "figure-7-digits", "--folder", str(tmp_path / "records"), option, value])
    assert "\n" not in str(stopped.value)
    assert len(str(stopped.value)) < 250
    assert list(tmp_path.iterdir()) == []


def test_a_folder_may_be_below_the_users_own(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    main(["run", "figure-7-digits", "--epochs", "1", "--folder", "~/mine"])
    assert len(names(tmp_path / "mine")) == 4


def test_a_second_sweep_names_what_another_process_is_at(tmp_path, capsys):
    taken = settings("figure-7-digits", epochs=1)[1]
    lock = tmp_path / "in_progress" / f"{taken.name}.lock"
    lock.parent.mkdir()
    with FileLock(lock), pytest.raises(SystemExit, match=r"^1$"):
        main(["run", "figure-7-digits", "--epochs", "1", "--folder", str(tmp_path)])
    lines = capsys.readouterr().out.splitlines()
    assert f"{taken}: another process is at it" in lines
    assert lines[-1].startswith("3 of 4 runs are finished")


@pytest.mark.filterwarnings("ignore:tqdm")
def test_without_a_thread_to_be_had_the_bar_stands_still_and_the_sweep_goes_on(tmp_path, monkeypatch):
    def start(thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    assert len(sweep(grid(2), tmp_path)) == 2


def command_line(*arguments, folder, **options):
    command = [sys.executable, "-m", "tlr.course.experiments", *arguments, "--folder", str(folder)]
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "encoding": "utf-8"} | options
    return subprocess.Popen(options.pop("before", []) + command, **options)


@posix
def test_without_a_stderr_it_runs_as_well(tmp_path):
    closed = ["sh", "-c", 'exec "$@" 2>&-', "sh"]
    process = command_line("run", "figure-7-digits", "--epochs", "1", folder=tmp_path, before=closed)
    assert process.communicate(timeout=100)[0].splitlines()[-1] == "4 of 4 runs are finished."
    assert process.returncode == 0


def test_a_console_that_does_not_know_greek_gets_the_rest(tmp_path):
    environ = os.environ | {"PYTHONIOENCODING": "cp1252"}
    process = command_line("list", folder=tmp_path, env=environ, encoding="cp1252")
    assert len(process.communicate(timeout=100)[0].splitlines()) == 1 + len(FIGURES)
    assert process.returncode == 0


@pytest.fixture
def sweep_with_two_workers(tmp_path):
    """A sweep in its own process group, after the first epoch, and its workers' process ids."""
    if not sys.platform.startswith("linux"):
        pytest.skip("needs ps as Linux has it")
    process = command_line(
        "run", "figure-10-digits", "--epochs", "4000", "--jobs", "2", folder=tmp_path, start_new_session=True
    )
    first = settings("figure-10-digits", epochs=4000)[:2]
    end = time.monotonic() + 120
    while not all(epochs_in(tmp_path, setting) for setting in first):
        assert process.poll() is None
        assert time.monotonic() < end
        time.sleep(0.05)
    children = subprocess.check_output(["ps", "-ww", "-o", "pid=,args=", "--ppid", str(process.pid)], encoding="utf-8")
    yield process, [int(line.split()[0]) for line in children.splitlines() if "popen_loky" in line]
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def test_a_worker_that_is_killed_ends_a_sweep_with_one_sentence(sweep_with_two_workers):
    process, workers = sweep_with_two_workers
    assert len(workers) == 2
    os.kill(workers[0], signal.SIGKILL)
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 1
    assert "A worker was ended from outside, most likely because memory ran out: run with fewer jobs" in said
    assert "Traceback" not in said


def test_workers_end_soon_after_their_parent_was_killed(sweep_with_two_workers):
    process, workers = sweep_with_two_workers
    process.kill()
    process.wait()
    assert len(workers) == 2
    assert is_gone(process.pid, within=20)
