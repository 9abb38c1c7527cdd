"""experiments.recorded: one answer to the question which runs of a figure there are."""

from dataclasses import replace

import numpy as np
import pytest

from tlr.course import experiments
from tlr.course.experiments import Missing, Part, recorded, settings
from tlr.course.records import Record

FIGURE = "figure-7-digits"


def record(setting, status="done"):
    n = setting.epochs if status == "done" else 1
    ones = np.ones(n)
    return Record(
        setting=setting,
        status=status,
        groups=("model",),
        alpha0=np.array([setting.alpha0]),
        train_loss=ones,
        test_accuracy=ones,
        alpha=ones[:, None],
        seconds=ones,
        evaluation_seconds=ones,
        sessions=(),
    )


def runs(epochs, seeds=(0,)):
    return [record(setting) for setting in settings(FIGURE, epochs=epochs, seeds=seeds)]


def lengths(found):
    return sorted({run.setting.epochs for run in found})


def test_the_longest_length_that_is_complete_is_the_default():
    complete, longer = runs(2), runs(5)
    assert lengths(recorded(FIGURE, found=complete + longer)) == [5]
    assert lengths(recorded(FIGURE, found=complete + longer[1:])) == [2]
    assert lengths(recorded(FIGURE, found=longer[1:] + complete, epochs="any")) == [2, 5]
    assert len(recorded(FIGURE, found=complete + longer[1:], epochs=5)) == 3
    assert lengths(recorded(FIGURE, found=complete + runs(20), epochs=None)) == [20]


def test_every_seed_counts_unless_some_are_chosen_and_they_need_not_be_complete():
    found = runs(2, seeds=(0, 1))[:6]
    assert [run.setting.seed for run in recorded(FIGURE, found=found)] == [0] * 4 + [1] * 2
    assert len(recorded(FIGURE, found=found, seeds=(1,))) == 2
    with pytest.raises(Missing):
        recorded(FIGURE, found=runs(2, seeds=(1,)))


def test_a_part_of_other_seeds_is_as_complete_as_its_figure():
    found = runs(2, seeds=(0, 1, 2))
    assert recorded(Part(FIGURE, seeds=(1, 2)), found=found) == recorded(FIGURE, found=found)


def test_they_come_in_the_order_of_the_settings():
    found = recorded(FIGURE, found=runs(2)[::-1])
    assert [run.setting for run in found] == settings(FIGURE, epochs=2)


def test_a_part_of_a_figure_may_be_complete_where_the_figure_is_not():
    found = [run for run in runs(2) if run.setting.per == "model"]
    assert len(recorded(FIGURE, found=found, per="model")) == 2
    with pytest.raises(Missing, match=r"^2 of the 4 runs of figure-7-digits are recorded: python -m tlr\.course\.exp"):
        recorded(FIGURE, found=found)


def test_what_is_not_finished_or_not_of_the_figure_is_left_out():
    others = [record(setting) for setting in settings("figure-6-digits", epochs=2)]
    unfinished = [replace(run, status="interrupted") for run in runs(5)]
    found = recorded(FIGURE, found=runs(2) + others + unfinished)
    assert {run.setting for run in found} == set(settings(FIGURE, epochs=2))


def test_by_default_they_are_those_of_the_folder_and_the_package(tmp_path):
    found = recorded("figure-1-mnist", epochs=8, seeds=(0,), within=tmp_path)
    assert [run.setting for run in found] == settings("figure-1-mnist", epochs=8)
    assert experiments.recorded is recorded
