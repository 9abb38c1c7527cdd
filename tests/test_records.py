"""records: a run's setting names its file, the file says everything and is whole, and the rest still loads."""

import errno
import json
import math
import os
import subprocess
import sys
from contextlib import suppress
from dataclasses import fields, replace
from pathlib import Path

import attrs
import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlr.course import plots, records
from tlr.course.records import Record, Setting
from tlr.course.records.store import shipped

SESSION = {
    "first_epoch": 1,
    "date": "2026-11-24T10:00:00+00:00",
    "commit": None,
    "versions": {"torch": "2.13.0"},
    "device_name": "abacus",
}
TLR = {"method": "tlr", "alpha0": 0.1, "batch_size": 64}
OPTIONS = {"method": "fixed_eta", "alpha0": 0.1, "batch_size": 64, "eta": 0.01}


def record(setting=None, n=3, status="interrupted", groups=("model",), **changes):
    setting = setting or Setting(**TLR)
    content = {
        "setting": setting,
        "status": status,
        "groups": groups,
        "alpha0": np.full(len(groups), setting.alpha0),
        "train_loss": 1 / np.arange(1.0, n + 1),
        "test_accuracy": np.linspace(0.5, 0.9, n),
        "alpha": np.arange(1.0, n * len(groups) + 1).reshape(n, len(groups)) / 7,
        "seconds": np.full(n, 2.5),
        "evaluation_seconds": np.full(n, 0.125),
        "sessions": (SESSION,),
    }
    return Record(**(content | changes))


def done(setting):
    return record(setting, setting.epochs, "done")


@pytest.fixture
def packaged(tmp_path, monkeypatch):
    """A folder in place of the one that comes with the package."""
    place = tmp_path / "packaged"
    monkeypatch.setattr("tlr.course.records.store.shipped", lambda: place)
    return place


# A setting


def test_an_option_is_the_papers_unless_given():
    setting = Setting(**TLR)
    assert (setting.data, setting.model, setting.epochs, setting.seed) == ("mnist", "mlp-1000", 80, 0)
    assert (setting.momentum, setting.weight_decay) == (0.8, 5e-4)
    assert (setting.p, setting.c, setting.per) == (1 / 3, 1 / 4, "model")


def test_an_option_that_the_method_does_not_have_is_none():
    setting = Setting(method="sgd", alpha0=0.1, batch_size=64)
    assert (setting.p, setting.c, setting.per, setting.eta, setting.beta) == (None,) * 5
    assert Setting(method="yellowfin", alpha0=0.1, batch_size=64).momentum is None


def test_sps_has_a_c_of_its_own():
    sps = Setting(method="sps", alpha0=1.0, batch_size=64)
    assert sps.c == 0.2
    assert "c =" not in str(sps)
    assert "c = 0.5" in str(Setting(method="sps", alpha0=1.0, batch_size=64, c=0.5))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"method": "sgdd"}, "Unknown method 'sgdd': choose from sgd, "),
        ({"method": "sgd", "c": 0.5}, "'sgd' has no option c"),
        ({"beta": 1e-3}, "'tlr' has no option beta"),
        ({"method": "hypergradient"}, "'hypergradient' needs a number as its beta, not None"),
        ({"batch_size": 64.0}, "needs a number as its batch_size, not 64.0"),
        ({"batch_size": 0}, "batch_size must be at least 1 and below 2⁶³, not 0"),
        ({"data": "../mnist"}, "unlike '../mnist'"),
        ({"augment": "mixup"}, "Unknown augmentation 'mixup': choose from crop-flip"),
        ({"method": "adam", "momentum": 0.9}, "'adam' has no option momentum"),
        ({"method": None}, "Unknown method None"),
        ({"method": ["tlr"]}, r"Unknown method \['tlr'\]"),
        ({"variant": ["authors"]}, r"has no variant \['authors'\]"),
        *(({"alpha0": value}, "alpha0 must be positive and finite, not") for value in (-1, 0, np.nan, np.inf, -np.inf)),
        ({"alpha0": 10**400}, r"alpha0 is too large\."),
        ({"alpha0": None}, "'tlr' needs a number as its alpha0, not None"),
        ({"c": np.inf}, "c must be positive and finite, not inf"),
        ({"momentum": 1.0}, "momentum must be at least 0 and below 1, not 1.0"),
        ({"weight_decay": -1e-4}, "weight_decay must be at least 0 and finite, not -0.0001"),
        ({"p": 2}, "p must be above 0 and at most 1, not 2.0"),
        ({"per": "layer"}, "Unknown value of per 'layer': choose from model, tensor"),
        ({"seed": -5}, "seed must be at least 0 and below 2⁶³, not -5"),
        ({"seed": 10**23}, "seed must be at least 0 and below 2⁶³, not one of so many digits"),
        ({"epochs": 0}, "epochs must be at least 1 and below 2⁶³, not 0"),
        ({"epochs": 10**5000}, "epochs must be at least 1 and below 2⁶³, not one of so many digits"),
        (
            {"model": "transformer", "data": "digits"},
            "'transformer' cannot be trained on 'digits': a transformer trans",
        ),
        ({"data": "multi30k"}, "'mlp-1000' cannot be trained on 'multi30k'"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(changes, said):
    with pytest.raises(ValueError, match=said):
        Setting(**TLR | changes)


def test_the_name_of_a_setting_is_the_same_for_ever():
    # If this fails, every record that there is has lost its setting.
    assert Setting(**TLR).name == "mnist-tlr-e3ed4166c4ab"
    assert Setting(**OPTIONS).name == "mnist-fixed_eta-63df778e64e7"


def test_equal_numbers_of_another_type_are_the_same_setting():
    other = Setting(method="tlr", alpha0=np.float64(0.1), batch_size=np.int64(64), c=0.25, epochs=np.int32(80))
    assert other == Setting(**TLR)
    assert other.name == Setting(**TLR).name
    assert Setting(**TLR | {"alpha0": 1}).name == Setting(**TLR | {"alpha0": 1.0}).name


CHANGED = {
    "method": "tlr_secant",
    "alpha0": 0.01,
    "batch_size": 128,
    "data": "digits",
    "model": "mlp-100",
    "epochs": 8,
    "seed": 1,
    "momentum": 0.0,
    "weight_decay": 0.0,
    "p": 0.5,
    "c": 1.0,
    "per": "tensor",
    "augment": "crop-flip",
    "pretrained": "digits",
}


@pytest.mark.parametrize("field", CHANGED)
def test_every_field_counts(field):
    assert Setting(**TLR | {field: CHANGED[field]}).name != Setting(**TLR).name


def test_every_field_was_changed_above():
    assert {field.name for field in attrs.fields(Setting)} == {*CHANGED, "eta", "beta", "variant"}
    assert Setting(**OPTIONS | {"eta": 1.0}).name != Setting(**OPTIONS).name


def test_a_setting_is_its_dict():
    setting = Setting(**OPTIONS)
    assert Setting(**setting.as_dict()) == setting
    assert None not in setting.as_dict().values()


# A file


@given(st.lists(st.floats(), min_size=1, max_size=20))
def test_every_number_survives_to_the_bit(values):
    sgd = Setting(method="sgd", alpha0=0.1, batch_size=64)  # α of TLR cannot be negative
    written = record(sgd, n=len(values), alpha=np.array(values)[:, None])
    read = Record.from_json(written.to_json())
    np.testing.assert_array_equal(read.alpha, written.alpha)


def test_a_record_survives(tmp_path):
    setting = Setting(**TLR | {"per": "tensor", "epochs": 3})
    written = record(setting, status="done", groups=("hidden.weight", "hidden.bias"))
    read = records.read(records.write(written, tmp_path / "new" / "folder"))
    for field in fields(Record):
        np.testing.assert_array_equal(getattr(read, field.name), getattr(written, field.name))
    assert read.finished


def test_the_file_is_strict_json_with_a_line_for_each_curve():
    diverged = record(train_loss=np.array([1.5, 9.0, np.nan]), alpha=np.array([[1.0], [np.inf], [-np.inf]]))

    def refuse(constant):
        raise AssertionError(f"{constant} is no JSON")

    text = diverged.to_json()
    content = json.loads(text, parse_constant=refuse)
    assert content["train_loss"] == [1.5, 9.0, "nan"]
    assert content["alpha"] == {"model": [1.0, "inf", "-inf"]}
    assert '  "train_loss": [1.5, 9.0, "nan"],\n' in text


def test_a_run_without_an_epoch_survives():
    read = Record.from_json(record(n=0).to_json())
    assert read.train_loss.shape == (0,)
    assert read.alpha.shape == (0, 1)


def test_plots_draw_a_record():
    figure = plots.compare([record()])
    assert len(figure.axes) == 3
    plt.close(figure)


def unsigned(text):
    """The content of a record as it was written before records had a checksum."""
    return {key: value for key, value in json.loads(text).items() if key != "checksum"}


def broken(path, how):
    text = path.read_text(encoding="utf-8")
    content = unsigned(text)
    sessions, nested = content["sessions"], 100_000
    changed = {
        "truncated": lambda: text[: len(text) // 2],
        "empty": lambda: "",
        "no text": lambda: "\udcff",
        "no record": lambda: "[1, 2]",
        "another version": lambda: json.dumps(content | {"version": 99}),
        "no version": lambda: json.dumps({key: value for key, value in content.items() if key != "version"}),
        "no curve": lambda: json.dumps({key: value for key, value in content.items() if key != "train_loss"}),
        "a short curve": lambda: json.dumps(content | {"train_loss": content["train_loss"][:-1]}),
        "words for numbers": lambda: json.dumps(content | {"train_loss": ["one"] * 3}),
        "another setting": lambda: json.dumps(content | {"setting": content["setting"] | {"seed": 5}}),
        "no setting": lambda: json.dumps(content | {"setting": content["setting"] | {"method": "magic"}}),
        "an unknown status": lambda: json.dumps(content | {"status": "finished"}),
        "done too early": lambda: json.dumps(content | {"status": "done"}),
        "diverged with a finite loss": lambda: json.dumps(content | {"status": "diverged"}),
        "a loss that is not finite in between": lambda: json.dumps(content | {"train_loss": [1.0, "nan", 0.5]}),
        "an accuracy below 0": lambda: json.dumps(content | {"test_accuracy": [0.1, -1.0, 0.2]}),
        "a text as a curve": lambda: json.dumps(content | {"train_loss": "111"}),
        "a negative α": lambda: json.dumps(content | {"alpha": {"model": [0.1, -0.1, 0.1]}}),
        "another α₀": lambda: json.dumps(content | {"alpha0": {"model": 0.2}}),
        "no time": lambda: json.dumps(content | {"seconds": {"train": ["nan"] * 3, "evaluate": [1, 1, 1]}}),
        "no session": lambda: json.dumps(content | {"sessions": []}),
        "sessions of another form": lambda: json.dumps(content | {"sessions": [None]}),
        "a session's number that is none": lambda: json.dumps(content | {"sessions": [sessions[0] | {"x": math.inf}]}),
        "a session without a date": lambda: json.dumps(content | {"sessions": [sessions[0] | {"date": 5}]}),
        "lists in lists": lambda: "[" * nested + "]" * nested,
        "a number without end": lambda: text.replace('"alpha0": 0.1', f'"alpha0": 1{"0" * 400}'),
        "a number of too many digits": lambda: text.replace('"alpha0": 0.1', f'"alpha0": 1{"0" * 5000}'),
        "a digit of a curve": lambda: text.replace("0.33333", "0.33334"),
    }
    path.write_bytes(changed[how]().encode(errors="surrogateescape"))


BROKEN = {
    "truncated": "truncated",
    "empty": "truncated",
    "no text": "utf-8",
    "no record": "version is None",
    "another version": "version is 99, and this tlr reads version 1",
    "no version": "version is None",
    "no curve": "train_loss",
    "a short curve": "different lengths",
    "words for numbers": "one",
    "another setting": "belongs in a file called mnist-tlr-",
    "no setting": "magic",
    "an unknown status": "'finished'",
    "done too early": "3 epochs and says that 80 are done",
    "diverged with a finite loss": "its last loss is finite",
    "a loss that is not finite in between": "a loss before the last is not finite",
    "an accuracy below 0": "an accuracy is not between 0 and 1",
    "a text as a curve": "a curve is a list",
    "a negative α": "an α of TLR is not positive",
    "another α₀": "its α₀ is not its setting's, 0.1",
    "no time": "a time is not a number of seconds",
    "no session": "its sessions do not say when",
    "sessions of another form": "its sessions do not say when",
    "a session's number that is none": "a number of its sessions is not finite",
    "a session without a date": "its sessions do not say when",
    "lists in lists": "RecursionError",
    "a number without end": "checksum",
    "a number of too many digits": "no JSON",
    "a digit of a curve": "its checksum is not that of its content",
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_record_that_cannot_be_trusted_is_refused_by_name_and_the_rest_loads(how, tmp_path, packaged):
    good, bad = Setting(**TLR | {"seed": 1}), Setting(**TLR)
    records.write(record(good), tmp_path)
    path = records.write(record(bad), tmp_path)
    broken(path, how)
    with pytest.raises(ValueError, match=f"{bad.name}.json is refused: .*{BROKEN[how]}"):
        records.read(path)
    with pytest.warns(UserWarning, match=f"{bad.name}.json is refused") as said:
        loaded = records.load([bad, good], tmp_path)
    assert len(said) == 1
    assert [each.setting for each in loaded] == [good]


def test_a_record_that_cannot_be_read_is_named_and_the_rest_loads(tmp_path, packaged, monkeypatch):
    good, bad = Setting(**TLR | {"seed": 1}), Setting(**TLR)
    for setting in (good, bad):
        records.write(record(setting), tmp_path)
    read_text = Path.read_text

    def denied(path, encoding):
        if path.stem == bad.name:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return read_text(path, encoding=encoding)

    monkeypatch.setattr(Path, "read_text", denied)
    with pytest.warns(UserWarning, match=rf"{bad.name}.json cannot be read \(Permission denied\)"):
        assert [each.setting for each in records.load(within=tmp_path)] == [good]


def test_a_record_without_a_checksum_was_made_before_there_were_any_and_loads():
    written = record()
    read = Record.from_json(json.dumps(unsigned(written.to_json())))
    np.testing.assert_array_equal(read.train_loss, written.train_loss)


ODD = [None, True, 0, -1, 2, 0.5, 1e308, 10**400, "", "x", "nan", "inf", "11111111", [], [None], ["x"], {}, {"x": 1}]


def leaves(content, path=()):
    """The path to everything in a JSON document."""
    yield path
    if isinstance(content, dict | list):
        for key, value in content.items() if isinstance(content, dict) else enumerate(content):
            yield from leaves(value, (*path, key))


def changed(content, path, value):
    if not path:
        return value
    copied = content.copy()
    copied[path[0]] = changed(copied[path[0]], path[1:], value)
    return copied


def test_a_pivot_has_the_ends_by_method_rate_and_batch_size_and_the_mean_over_seeds():
    settings = [Setting(**TLR, epochs=3, seed=seed) for seed in (0, 1)] + [
        Setting(**TLR | {"batch_size": 256}, epochs=3)
    ]
    runs = [record(setting, test_accuracy=np.full(3, 0.5 + setting.seed / 10)) for setting in settings]
    table = records.pivot(runs, "test_accuracy")
    assert table.columns.tolist() == [64, 256]
    assert table.loc["tlr", 0.1].tolist() == pytest.approx([0.55, 0.5])


def used(found):
    """What the notebooks, the ledger and the command line ask of a record."""
    assert Record.from_json(found.to_json()).setting == found.setting
    assert str(found.setting)
    assert records.origin([found])
    assert len(records.final([found])) == len(found.groups)
    assert len(found.rates) == len(found.train_loss) + 1
    assert found.finite_epochs <= len(found.train_loss)


@pytest.mark.faults
def test_no_change_of_a_record_is_accepted_that_breaks_its_readers(record_property):
    content, tried, refused = unsigned(record().to_json()), 0, 0
    for path in leaves(content):
        for value in ODD:
            tried += 1
            try:
                found = Record.from_json(json.dumps(changed(content, path, value)))
            except ValueError:
                refused += 1
                continue
            used(found)
    assert tried > 700
    assert refused > 0.8 * tried
    record_property("trials", tried)


def removed(content, path):
    copied = content.copy()
    if len(path) > 1:
        copied[path[0]] = removed(copied[path[0]], path[1:])
    else:
        del copied[path[0]]
    return copied


def mutated(content, rng):
    """A record with up to three parts changed, removed, or in the place of another."""
    for _ in range(rng.integers(1, 4)):
        paths = list(leaves(content))[1:]
        path, other = (paths[rng.integers(len(paths))] for _ in range(2))
        value = content
        for key in other:
            value = value[key]
        odd = [*ODD, math.nan, math.inf, -math.inf, 2**63, rng.normal() * 10.0 ** rng.integers(-300, 300)]
        kind = rng.integers(3)
        if kind == 0:
            content = removed(content, path)
        else:
            content = changed(content, path, value if kind == 1 else odd[rng.integers(len(odd))])
    return content


MUTATED = [
    record(),
    record(Setting(**TLR | {"per": "tensor"}), n=2, groups=("hidden.weight", "hidden.bias")),
    record(Setting(**OPTIONS), n=2, train_loss=np.array([1.0, np.nan]), status="diverged"),
    record(Setting(method="yellowfin", variant="authors", alpha0=0.1, batch_size=64), alpha=np.full((3, 1), np.inf)),
    record(n=0),
]


@pytest.mark.faults
@pytest.mark.filterwarnings("error")
def test_no_random_damage_of_a_record_is_accepted_that_breaks_its_readers(trials):
    whole = [unsigned(each.to_json()) for each in MUTATED]
    for seed in trials(200, 5000):
        rng = np.random.default_rng(seed)
        text, found = json.dumps(mutated(whole[seed % len(whole)], rng)), None
        with suppress(ValueError):
            found = Record.from_json(text)
        if found is not None:
            used(found)


@pytest.mark.faults
def test_a_flipped_bit_of_a_record_is_noticed_wherever_it_says_something(tmp_path, trials):
    path = records.write(record(), tmp_path)
    whole, expected = path.read_bytes(), record()
    for seed in trials(100, 2000):
        bit = int(np.random.default_rng(seed).integers(8 * len(whole)))
        content = bytearray(whole)
        content[bit // 8] ^= 1 << bit % 8
        path.write_bytes(content)
        with suppress(ValueError):  # or else a blank has become another one
            assert records.read(path).to_json() == expected.to_json()


def test_cut_short_anywhere_a_record_is_refused(tmp_path):
    text = record().to_json()
    for end in range(0, len(text.rstrip()) - 1, 7):
        with pytest.raises(ValueError, match=r"truncated|version is None"):
            Record.from_json(text[:end])


@pytest.mark.parametrize(("once", "now"), [("published", "tlr"), ("secant", "tlr_secant")])
def test_a_record_with_the_former_name_of_its_method_is_found(once, now, tmp_path, packaged):
    setting = Setting(**TLR | {"method": now, "epochs": 5})
    current = records.write(done(setting), tmp_path)
    former = current.with_name(f"{setting.former_name}.json")
    text = json.dumps(unsigned(current.read_text(encoding="utf-8")))
    former.write_text(text.replace(f'"{now}"', f'"{once}"'), encoding="utf-8")
    current.unlink()
    assert former.name.startswith(f"mnist-{once}-")
    assert records.read(former).setting == records.find(setting, tmp_path).setting == setting
    records.write(done(setting), packaged)
    for loaded in (records.load([setting], tmp_path), records.load(within=tmp_path)):
        assert [each.setting for each in loaded] == [setting]


def test_a_record_made_before_the_renaming_has_the_name_it_had():
    assert Setting(**TLR).former_name == "mnist-published-88c022c290c6"


# A folder


def test_a_record_takes_the_place_of_an_earlier_one(tmp_path):
    records.write(record(n=1), tmp_path)
    path = records.write(record(n=2), tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    assert len(records.read(path).train_loss) == 2


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_full_disk_leaves_what_was_there(call, tmp_path, monkeypatch):
    path = records.write(record(n=1), tmp_path)

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(f"tlr.course.files.os.{call}", full)
    with pytest.raises(OSError, match=rf"{path.name} could not be written \(No space left on device\): make room"):
        records.write(record(n=2), tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    assert len(records.read(path).train_loss) == 1


def test_a_folder_that_cannot_be_is_named(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(OSError, match=r"file.* could not be written \("):
        records.write(record(), tmp_path / "file")


def test_your_folder_is_where_the_environment_says(tmp_path, monkeypatch):
    monkeypatch.setenv("TLR_RECORDS_DIR", str(tmp_path / "mine"))
    assert records.folder() == tmp_path / "mine"
    assert records.find(Setting(**TLR)) is None
    records.write(record())
    assert records.find(Setting(**TLR)).setting == Setting(**TLR)
    monkeypatch.delenv("TLR_RECORDS_DIR")
    assert records.folder().name == "records"


def test_yours_count_before_the_packages_once_they_are_finished(tmp_path, packaged):
    setting = Setting(**TLR | {"epochs": 5})
    records.write(done(setting), packaged)
    assert len(records.load([setting], tmp_path)[0].train_loss) == 5
    records.write(record(setting), tmp_path)
    assert records.load([setting], tmp_path)[0].finished
    records.write(replace(done(setting), seconds=np.full(5, 77.0)), tmp_path)
    assert records.load([setting], tmp_path)[0].seconds[0] == 77
    assert records.load(within=tmp_path)[0].seconds[0] == 77


def test_what_comes_with_the_package_is_finished():
    paths = shipped().glob("*.json")
    assert [path.name for path in paths if not records.read(path).finished] == []


def test_records_come_in_the_order_asked_for(tmp_path, packaged):
    wanted = [Setting(**TLR | {"seed": seed}) for seed in (2, 0, 1)]
    for setting in sorted(wanted, key=lambda setting: setting.seed):
        records.write(record(setting), tmp_path)
    records.write(record(Setting(**TLR | {"seed": 9})), packaged)
    assert [each.setting.seed for each in records.load(wanted, tmp_path)] == [2, 0, 1]
    assert {each.setting.seed for each in records.load(within=tmp_path)} == {0, 1, 2, 9}


def test_everything_that_comes_with_the_package_loads():
    found = records.load(within="/nonexistent")
    assert len(found) == len(list(records.shipped().glob("*.json")))


# A table


def test_the_table_has_a_row_for_each_epoch():
    table = records.table([record(), record(Setting(**OPTIONS), n=1)])
    assert list(table["epoch"]) == [0, 1, 2, 3, 0, 1]
    assert list(table["method"]) == ["tlr"] * 4 + ["fixed_eta"] * 2
    np.testing.assert_allclose(table["alpha"], [0.1, 1 / 7, 2 / 7, 3 / 7, 0.1, 1 / 7])
    np.testing.assert_allclose(table["train_loss"], [np.nan, 1, 1 / 2, 1 / 3, np.nan, 1])
    assert table["c"].isna().tolist() == [False] * 4 + [True] * 2
    assert table["eta"].isna().tolist() == [True] * 4 + [False] * 2
    assert set(table.columns) >= {field.name for field in attrs.fields(Setting)}
    assert set(table["run"]) == {Setting(**TLR).name, Setting(**OPTIONS).name}


def test_the_table_has_a_row_for_each_rate():
    table = records.table([record(n=1, groups=("hidden.weight", "hidden.bias"))])
    assert table[["epoch", "group", "alpha"]].values.tolist() == [
        [0, "hidden.weight", 0.1],
        [0, "hidden.bias", 0.1],
        [1, "hidden.weight", 1 / 7],
        [1, "hidden.bias", 2 / 7],
    ]
    assert table["test_accuracy"].tolist()[2:] == [0.5, 0.5]


def test_the_end_of_each_run_and_the_largest_alpha_on_the_way():
    rising = replace(record(n=3), alpha=np.array([[0.2], [0.4], [0.3]]))
    ends = records.final([rising, record(Setting(**OPTIONS), n=1)])
    assert list(ends.epoch) == [3, 1]
    assert ends.alpha[0] == 0.3
    assert ends.peak_alpha[0] == 0.4
    per_tensor = records.final([record(n=1, groups=("hidden.weight", "hidden.bias"))])
    assert list(per_tensor.group) == ["hidden.weight", "hidden.bias"]


def test_a_run_that_diverged_ends_without_a_finite_loss():
    ends = records.final([replace(record(n=2), train_loss=np.array([1.0, np.nan]), status="diverged")])
    assert ends.status[0] == "diverged"
    assert not np.isfinite(ends.train_loss[0])


def test_the_origin_says_how_many_when_where_and_how_long():
    sessions = [
        {"date": f"2026-11-{day}T10:00:00+00:00", "device_name": "abacus", "versions": {"torch": "2.13.0"}}
        for day in (24, 26, 25)
    ]
    whole = done(Setting(**TLR | {"epochs": 5}))
    found = [replace(whole, seconds=np.full(5, 59.0), evaluation_seconds=np.ones(5), sessions=tuple(sessions))] * 2
    assert records.origin(found) == (
        "2 runs of 5 epochs, recorded 2026-11-24 to 2026-11-26 on abacus with torch 2.13.0: 10 minutes of computing."
    )
    assert records.origin([]) == "Nothing is recorded."


def test_the_table_of_nothing_has_the_same_columns():
    assert list(records.table([]).columns) == list(records.table([record()]).columns)


def test_a_replay_needs_no_torch(tmp_path):
    setting = Setting(**TLR | {"epochs": 3})
    records.write(done(setting), tmp_path)
    script = """if True:
        import sys
        import matplotlib
        matplotlib.use("agg")
        from tlr.course import experiments, plots, records
        found = records.load(within=sys.argv[1])
        assert len(records.table(found)) >= 4
        plots.compare([found[-1]])
        records.load(experiments.settings("figure-1-mnist"))
        sys.exit("torch" in sys.modules)
    """
    assert subprocess.run([sys.executable, "-c", script, tmp_path]).returncode == 0
