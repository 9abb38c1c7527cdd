"""The paper's larger figures: grids as it states them, runs that say what is missing, and a command for all of them."""

import gzip
import math
import re
import sys
from dataclasses import replace
from itertools import islice
from types import SimpleNamespace

import attrs
import numpy as np
import pytest
import torch
from PIL import Image

from tlr.course import data, records
from tlr.course.data.pack import pack
from tlr.course.experiments import COLLECTIONS, FIGURES, Part, building, recorded, run, settings
from tlr.course.experiments.__main__ import main
from tlr.course.models import WideResNet
from tlr.course.records import Setting

BATCH_SIZES = {64, 128, 256, 512}
PEERS = {"tlr", "tlr_secant", "multistep", "adam", "sls", "sps"}
CIFAR = [name for name in FIGURES if name.endswith(("cifar10", "cifar100"))]


def values(name, field):
    return {getattr(setting, field) for setting in settings(name)}


@pytest.mark.parametrize(
    ("name", "methods", "grid", "runs"),
    [
        ("figure-2-cifar10", {"tlr", "tlr_secant", "hypergradient"}, {"beta": {None, 1e-3, 1e-4, 1e-5}}, 20),
        ("figure-2-cifar100", {"tlr", "tlr_secant", "hypergradient"}, {"batch_size": BATCH_SIZES}, 20),
        ("figure-13-cifar10", PEERS, {"batch_size": BATCH_SIZES, "per": {None, "model", "tensor"}}, 28),
        ("figure-3-cifar100", PEERS, {"batch_size": BATCH_SIZES, "per": {None, "model", "tensor"}}, 28),
        ("figure-6-cifar100", {"tlr", "tlr_secant"}, {"p": {0.10, 0.25, 1 / 3, 0.50, 1.00}, "batch_size": {256}}, 10),
        ("figure-8-cifar10", {"tlr", "tlr_secant"}, {"alpha0": {0.001, 0.01, 0.1}, "epochs": {40}}, 36),
        (
            "figure-11-cifar10",
            {"sgd", "multistep", "exponential", "yellowfin", "tlr", "tlr_secant"},
            {"batch_size": BATCH_SIZES, "alpha0": {0.001, 0.01, 0.1}},
            72,
        ),
        ("figure-14-cifar10", PEERS, {"model": {"wrn-16-4", "wrn-16-8", "wrn-22-4", "wrn-22-8"}}, 28),
        ("figure-16-cifar100", PEERS, {"model": {"densenet-12"}, "batch_size": {256}}, 7),
        (
            "figure-5-cifar10-upper",
            {"tlr", "multistep", "tlr_steady", "adam"},
            {"per": {None, "model", "tensor"}, "alpha0": {0.1, 0.01, 0.001}, "pretrained": {"cifar10-lower"}},
            13,
        ),
        ("figure-17-multi30k", PEERS - {"multistep"} | {"sgd"}, {"model": {"transformer"}}, 7),
        (
            "figure-17-multi30k-narrow",
            PEERS - {"multistep"} | {"sgd", "tlr_steady"},
            {"model": {"transformer-64"}, "epochs": {4}},
            8,
        ),
        ("figure-4-imagenet64", PEERS - {"sls"} | {"sgd"}, {"batch_size": {96}, "model": {"resnet-50"}}, 7),
    ],
)
def test_a_figure_has_the_papers_grid(name, methods, grid, runs):
    assert values(name, "method") == methods
    assert {field: values(name, field) for field in grid} == grid
    assert len(set(settings(name))) == len(settings(name)) == runs


def test_the_optimizer_of_sps_has_the_c_of_its_setting():
    for c in (0.2, 0.5):
        setting = Setting(method="sps", alpha0=1.0, batch_size=200, data="digits", model="mlp-20", c=c)
        (group,) = building.build(setting, torch.device("cpu")).optimizer.param_groups
        assert (group["c"], group["steps_per_epoch"]) == (c, 8)


@pytest.mark.parametrize("name", CIFAR)
def test_what_the_paper_states_of_all_holds(name):
    for setting in settings(name):
        assert setting.data == name.rpartition("-")[2]
        assert setting.augment == "crop-flip"
        assert setting.weight_decay == (None if setting.method in ("adam", "sls", "sps") else 5e-4)
        if setting.method == "multistep" and "batch size, beside" in FIGURES[name].title:
            assert setting.alpha0 == 0.1 or "α₀" in FIGURES[name].title


def test_a_collection_has_every_setting_of_its_figures_once_and_the_most_telling_first():
    every = settings("cifar", seeds=(0, 1))
    assert len(set(every)) == len(every)
    assert set(every) == {setting for name in CIFAR for setting in settings(name, seeds=(0, 1))}
    assert every[:40] == settings("figure-2-cifar10", seeds=(0, 1))


def test_a_collection_runs_from_one_command(tmp_path, capsys, monkeypatch):
    parts = Part("figure-7-digits"), Part("figure-6-digits", {"p": (1.0, 0.5)}), Part("figure-7-digits", seeds=(1,))
    monkeypatch.setitem(COLLECTIONS, "cifar-small", parts)
    main(["run", "cifar-small", "--epochs", "1", "--folder", str(tmp_path)])
    assert capsys.readouterr().out.splitlines()[-1] == "12 of 12 runs are finished."


def test_the_evidence_is_the_papers_lengths_and_its_first_part_can_be_had_today():
    wanted = settings("evidence")
    assert len(set(wanted)) == len(wanted)
    assert {s.epochs for s in wanted if s.data == "mnist"} == {40, 80}
    assert {s.seed for s in wanted if (s.method, s.batch_size, s.data) == ("sgd", 64, "mnist")} == {0, 1, 2}
    assert {(s.method, s.variant) for s in wanted if s.variant} == {
        (method, "authors") for method in ("yellowfin", "exponential", "sls")
    }
    narrow = [s for s in wanted if s.data == "cifar10"]
    assert {s.model for s in narrow} == {"wrn-10-1-2"}
    assert {s.batch_size for s in narrow[:14]} == {64, 256}
    assert {s.data for s in wanted} == {"mnist", "cifar10", "cifar10-upper"}  # all of which can be downloaded
    assert wanted[:10] == settings("figure-6-mnist")


def test_translation_has_two_seeds_of_tlr_so_that_a_difference_can_count():
    wanted = settings("translation")
    assert len(wanted) == 10
    assert {s.method for s in wanted if s.seed} == {"tlr"}


def test_nine_minutes_on_a_gpu_begin_with_figure_2_in_batches_of_256():
    wanted = settings("gpu")
    assert set(wanted) == set(settings("figure-2-cifar10"))
    assert [s.batch_size for s in wanted[:6]] == [256] * 5 + [512]


def test_evidence_that_comes_with_the_package_is_not_run_again_and_what_is_left_is_listed(
    tmp_path, capsys, monkeypatch
):
    monkeypatch.setitem(COLLECTIONS, "evidence", (Part("figure-7-digits"), Part("figure-6-digits", {"p": (1.0,)})))
    monkeypatch.setattr("tlr.course.records.store.shipped", lambda: tmp_path / "packaged")
    for setting in settings("figure-7-digits", epochs=1)[:3]:
        run(setting, tmp_path / "packaged")
    command = ["run", "evidence", "--epochs", "1", "--folder", str(tmp_path / "own")]
    with pytest.raises(SystemExit):
        main([*command, "--minutes", "0"])
    first, second, last = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"figure-7-digits, 1 epochs: 1 left, about \d\.\d hours one at a time", first)
    assert second.startswith("figure-6-digits, 1 epochs: 2 left, about ")
    assert last.startswith("3 of 6 runs are finished")
    main(command)
    assert capsys.readouterr().out.splitlines()[-1] == "6 of 6 runs are finished."
    assert len(list((tmp_path / "own").glob("*.json"))) == 3


@pytest.mark.parametrize("method", ["yellowfin", "sls"])
def test_a_variant_is_another_setting_and_another_run(method, tmp_path):
    options = {"method": method, "alpha0": 0.5, "batch_size": 200, "data": "digits", "model": "mlp-20", "epochs": 2}
    ours, authors = Setting(**options), Setting(**options, variant="authors")
    assert authors.name != ours.name
    built = building.build(authors, torch.device("cpu")).optimizer.param_groups[0]
    assert built["lr" if method == "yellowfin" else "max_lr"] in (0.0, math.inf)
    run(authors, tmp_path)
    assert records.find(authors, tmp_path).status == "done"
    assert "(authors)" in str(authors)


def test_the_authors_exponential_schedule_takes_a_tenth_each_epoch(tmp_path):
    options = {"alpha0": 0.5, "batch_size": 200, "data": "digits", "model": "mlp-20", "epochs": 3}
    record = run(Setting(method="exponential", variant="authors", **options), tmp_path)
    np.testing.assert_allclose(record.rates[:, 0], 0.5 * 0.9 ** np.arange(4))
    with pytest.raises(ValueError, match="'adam' has no variant 'authors'"):
        Setting(method="adam", variant="authors", **options)


# Figures 4 and 17, from data to records


GERMAN = ["Ein Hund läuft .", "Ein Mann schläft .", "Zwei Hunde spielen im Schnee .", "Eine Frau liest ein Buch ."]
ENGLISH = ["A dog runs .", "A man sleeps .", "Two dogs play in the snow .", "A woman reads a book ."]


def test_figure_5_begins_with_convolutions_that_have_learned_other_classes(tmp_path, monkeypatch):
    """On the digits, with a network of two channels."""
    small = replace(FIGURES["figure-5-cifar10-upper"], data="digits-upper", model="vgg-2", pretrained="digits-lower")
    monkeypatch.setitem(FIGURES, "figure-5-cifar10-upper", small)
    first = settings("figure-5-cifar10-upper")[0]

    def weights(**changed):
        building.learned_weights.cache_clear()
        return building.build(attrs.evolve(first, **changed), torch.device("cpu")).model.state_dict()

    fresh, tuned, again = weights(pretrained=None), weights(), weights(seed=1)
    for name in fresh:
        learned = name.startswith("conv")
        assert torch.equal(tuned[name], fresh[name]) != learned
        assert torch.equal(tuned[name], again[name]) == learned
    main(["run", "figure-5-cifar10-upper", "--epochs", "1", "--folder", str(tmp_path)])
    assert [record.status for record in recorded("figure-5-cifar10-upper", within=tmp_path)] == ["done"] * 13


@pytest.mark.parametrize(("status", "raised"), [("interrupted", KeyboardInterrupt), ("diverged", ValueError)])
def test_nothing_half_learned_is_begun_from(status, raised, monkeypatch):
    building.learned_weights.cache_clear()
    monkeypatch.setattr(building, "train", lambda *args, **options: SimpleNamespace(status=status))
    with pytest.raises(raised):
        building.learned_weights("vgg-2", "digits-lower", torch.device("cpu"), "float32")


def test_figure_17_runs_from_sentences_to_records(tmp_path, monkeypatch):
    """On the first sentences of Multi30k where they are at hand, with a narrow Transformer."""
    real, own = data.folder() / "multi30k", tmp_path / "data" / "multi30k"
    own.mkdir(parents=True)
    for stem in ("train", "test_2016_flickr"):
        for language, sentences in (("de", GERMAN), ("en", ENGLISH)):
            lines = [f"{sentence}\n" for sentence in sentences * 8]
            name = f"{stem}.{language}.gz"
            if (real / name).is_file():
                with gzip.open(real / name, "rt", encoding="utf-8") as file:
                    lines = list(islice(file, 64))
            with gzip.open(own / name, "wt", encoding="utf-8") as file:
                file.writelines(lines)
    monkeypatch.setenv("TLR_DATA_DIR", str(own.parent))
    monkeypatch.setattr(building, "load", data.load)
    whole = FIGURES["figure-17-multi30k"]
    monkeypatch.setitem(FIGURES, "figure-17-multi30k", replace(whole, model="transformer-16"))
    main(["run", "figure-17-multi30k", "--epochs", "3", "--folder", str(tmp_path / "records")])
    found = recorded("figure-17-multi30k", within=tmp_path / "records")
    assert [record.status for record in found] == ["done"] * 7
    falling = {r.setting.method for r in found if r.train_loss[-1] < r.train_loss[0]}
    assert {"tlr", "adam", "sgd"} <= falling


def test_figure_4_runs_from_a_folder_of_images_to_records(tmp_path, monkeypatch):
    """On photographs where CIFAR-10 is at hand, or else digits, with a small network in the place of ResNet-50."""

    class Torchvision:
        @staticmethod
        def resnet50(num_classes):
            return WideResNet(10, 1, num_classes)

    try:
        images = data.load("cifar10") if (data.folder() / "cifar10.npz").is_file() else data.load("digits")
    except ValueError:
        images = data.load("digits")
    for split, x, y, n in (("train", images.x_train, images.y_train, 20), ("val", images.x_test, images.y_test, 3)):
        for label in range(3):
            place = tmp_path / "images" / split / str(label)
            place.mkdir(parents=True)
            for number, pixels in enumerate(x[y == label][:n]):
                Image.fromarray(pixels).save(place / f"{number}.png")
    monkeypatch.setenv("TLR_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setattr(building, "load", data.load)
    monkeypatch.setitem(sys.modules, "torchvision", Torchvision)
    monkeypatch.setitem(sys.modules, "torchvision.models", Torchvision)
    pack(tmp_path / "images", "imagenet64", jobs=1)
    main(["run", "figure-4-imagenet64", "--epochs", "1", "--folder", str(tmp_path / "records")])
    found = recorded("figure-4-imagenet64", within=tmp_path / "records")
    assert [record.status for record in found] == ["done"] * 7
    assert {record.setting.model for record in found} == {"resnet-50"}
    assert all(0 < record.train_loss[-1] < 10 for record in found)


@pytest.mark.parametrize("method", ["adam", "sls", "sps"])
def test_the_rivals_run_and_go_on_as_if_they_had_never_stopped(method, tmp_path):
    setting = Setting(method=method, alpha0=0.01, batch_size=200, data="digits", model="mlp-20", epochs=3)
    expected = run(setting, tmp_path / "at once")
    while not (record := run(setting, tmp_path / "in pieces", deadline=0)).finished:
        pass
    assert record.train_loss.tolist() == expected.train_loss.tolist()
    assert record.alpha.tolist() == expected.alpha.tolist()
    assert record.train_loss[-1] < record.train_loss[0]


# What is missing


SMALL = Setting(method="sgd", alpha0=0.1, batch_size=64, data="digits", model="mlp-20", epochs=2)


def test_a_record_says_which_precision_it_has_and_what_compiling_took(tmp_path, monkeypatch):
    compiled = torch.compile
    monkeypatch.setattr(torch, "compile", lambda model, **options: compiled(model, backend="eager", **options))
    (session,) = run(SMALL, tmp_path, precision="bfloat16", compile=True).sessions
    assert session["precision"] == "bfloat16"
    assert session["compile_seconds"] >= 0
    assert records.find(SMALL, tmp_path).sessions == (session,)


@pytest.mark.parametrize(
    "raised",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.\nGPU 0 has a total capacity of …"),
        RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory: you tried …"),
        MemoryError(),
    ],
)
def test_out_of_memory_is_one_sentence_and_what_was_finished_is_kept(raised, tmp_path, monkeypatch):
    run(SMALL, tmp_path, deadline=0)

    def train(*args, **options):
        raise raised

    monkeypatch.setattr(building, "train", train)
    expected = "cpu has too little memory for mlp-20 at batch size 64: end what else uses it, take a smaller batch size"
    with pytest.raises(MemoryError, match=f"^{expected}.*; finished epochs are kept\\.$"):
        run(SMALL, tmp_path)
    assert len(records.find(SMALL, tmp_path).train_loss) == 1


def test_another_error_is_not_mistaken_for_too_little_memory(tmp_path, monkeypatch):
    def train(*args, **options):
        raise RuntimeError("something else")

    monkeypatch.setattr(building, "train", train)
    with pytest.raises(RuntimeError, match=r"^something else$"):
        run(SMALL, tmp_path)


@pytest.mark.parametrize(
    ("reason", "advice"),
    [
        (
            "Torch not compiled with CUDA enabled",
            "this torch is for CPUs only: install one for your GPU, or try 'auto'",
        ),
        (
            "The NVIDIA driver on your system is too old (found version 11040).",
            "update the driver, or install a torch that was built for it, or run with 'cpu'",
        ),
        ("No CUDA GPUs are available\nmore lines", "try 'auto'"),
    ],
)
def test_a_gpu_that_cannot_be_used_says_what_to_do(reason, advice, monkeypatch):
    def zeros(*size, device):
        raise RuntimeError(reason)

    monkeypatch.setattr(torch, "zeros", zeros)
    first_line = reason.splitlines()[0].rstrip(".")
    expected = re.escape(f"There is no device 'cuda' here ({first_line}): {advice}.")
    with pytest.raises(ValueError, match=f"^{expected}$"):
        building.choose_device("cuda")


@pytest.mark.parametrize(
    ("figure", "said"),
    [
        ("figure-4-imagenet64", "Unknown data set 'imagenet64': .* put NAME.npz into"),
        ("figure-17-multi30k", "Multi30k needs .*train.de.gz, which is not there"),
    ],
)
def test_missing_data_is_one_sentence_on_the_command_line(figure, said, tmp_path, monkeypatch):
    monkeypatch.setenv("TLR_DATA_DIR", str(tmp_path))
    with pytest.raises(SystemExit, match=said) as stopped:
        main(["run", figure, "--folder", str(tmp_path / "records")])
    assert "\n" not in str(stopped.value)


def test_a_missing_package_is_one_sentence_on_the_command_line(tmp_path, monkeypatch):
    def sweep(*args, **options):
        raise ModuleNotFoundError("resnet-50 comes from the package torchvision")

    monkeypatch.setattr("tlr.course.experiments.sweeping.sweep", sweep)
    with pytest.raises(SystemExit, match=r"^resnet-50 comes from the package torchvision$"):
        main(["run", "figure-4-imagenet64", "--folder", str(tmp_path)])
