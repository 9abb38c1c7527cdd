"""The exercises: masters and notebooks agree, right answers are praised, wrong ones told why, and all can be graded."""

import ast
import inspect
import re
import subprocess
import sys
import warnings
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
import torch

from tlr.course import theory as theory_runs
from tlr.course.exercises import cifar, derivation, ledger, minibatches, mnist, noise, quadratics, theory
from tlr.course.exercises import verdict as verdict_exercises
from tlr.course.exercises.checking import NotYet, Verdict, call, exercise, number, whole
from tools.exercises import (
    graded_cells,
    instructor_cells,
    masters,
    namespace,
    notebook,
    praise,
    replaced,
    student_cells,
    verdict,
)

MODULES = [derivation, quadratics, minibatches, noise, mnist, cifar, verdict_exercises, theory, ledger]
CHECKERS = [pytest.param(getattr(module, name), id=name) for module in MODULES for name in module.__all__]
MASTERS = masters()
CHECKED = [pytest.param(master, each, id=each.id) for master in MASTERS for each in master.exercises if each.check]
WRONG = [
    pytest.param(master, each, wrong, id=f"{each.id}-{number}")
    for master in MASTERS
    for each in master.exercises
    for number, wrong in enumerate(each.wrong)
]


@pytest.fixture(scope="module")
def praised():
    """What the right answers are told, by notebook and exercise."""
    return {master.name: praise(notebook(master), master) for master in MASTERS}


@pytest.fixture(scope="module")
def names():
    """What the cells above each notebook's first section define."""
    return {master.name: namespace(notebook(master)) for master in MASTERS}


def sources(cells):
    return [(cell.cell_type, cell.id, cell.source) for cell in cells]


# The masters


def test_the_first_four_notebooks_have_a_master_in_reading_order():
    names = [master.name for master in MASTERS]
    assert names[:4] == ["01_derivation", "02_quadratics", "03_minibatches", "03b_noise"]


@pytest.mark.parametrize("number", sorted({master.name[:2] for master in MASTERS}))
def test_exercises_go_from_predicting_to_proving(number):
    """Notebook 3 and its second half, 3b, do so together."""
    kinds = [each.kind for master in MASTERS if master.name.startswith(number) for each in master.exercises]
    assert len(kinds) >= 4
    assert kinds[0] == "Predict, then run"
    assert "Prove" in kinds


@pytest.mark.parametrize("master", MASTERS, ids=lambda master: master.name)
def test_every_exercise_can_be_graded(master):
    for each in master.exercises:
        assert bool(each.check) == bool(each.starter) == bool(each.answer) == bool(each.points), each.id
        assert each.points + each.written > 0, each.id
        assert len(each.wrong) >= (3 if each.check else 0), each.id
        assert "..." in each.starter or not each.check, each.id


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_every_checker_has_an_exercise(module):
    checks = {re.match(r"exercise\.(\w+)", each.check)[1] for each in by_module(module) if each.check}
    assert checks == set(module.__all__)


def by_module(module):
    name = module.__name__.split(".")[-1]
    (master,) = [master for master in MASTERS if name.startswith(master.name.partition("_")[2])]
    return master.exercises


# The notebooks


@pytest.mark.parametrize("master", MASTERS, ids=lambda master: master.name)
def test_the_notebook_is_what_the_master_says(master, praised):
    book = notebook(master)
    fresh = replaced(book, student_cells(master, praised[master.name]))
    assert sources(fresh.cells) == sources(book.cells), "Run `make exercises`, then `make notebooks`."


@pytest.mark.parametrize(("master", "each"), CHECKED)
def test_the_stored_starter_is_not_answered_yet(master, each, names):
    said = verdict(each, each.starter, names[master.name])
    assert not said
    assert said.says.startswith("Not answered yet")
    (cell,) = [cell for cell in notebook(master).cells if cell.id == f"exercise-{each.id}-answer"]
    assert cell.outputs[0].data["text/plain"] == said.says


@pytest.mark.parametrize("master", MASTERS, ids=lambda master: master.name)
def test_an_exercise_needs_only_the_cells_that_it_names(master):
    ids = [cell.id for cell in notebook(master).cells]
    for each in master.exercises:
        assert set(each.needs) <= set(ids), each.id


@pytest.mark.parametrize("master", MASTERS, ids=lambda master: master.name)
def test_a_starter_leaves_the_names_of_the_notebook_alone(master):
    used = set()
    for cell in notebook(master).cells:
        if cell.cell_type == "code" and not cell.id.startswith("exercise-"):
            used |= bound(cell.source.replace("%pip", "pass  # %pip"))
    for each in master.exercises:
        assert bound(each.starter).isdisjoint(used), each.id


def bound(code):
    """The names that a cell defines."""
    tree = ast.parse(code)
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    return names | {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


# Right and wrong answers


@pytest.mark.parametrize(("master", "each"), CHECKED)
def test_the_solution_is_right(master, each, praised):
    said = praised[master.name][each.id]
    assert said, said
    assert said.says.startswith("✓ Right: ")
    assert said.says.endswith(".")


@pytest.mark.parametrize(("master", "each", "wrong"), WRONG)
def test_a_common_wrong_answer_is_told_what_is_wrong(master, each, wrong, names):
    said = verdict(each, wrong["answer"], names[master.name])
    assert not said
    assert said.says.startswith("✗ Not yet: ")
    assert wrong["says"] in said.says


@pytest.mark.parametrize("checker", CHECKERS)
@pytest.mark.parametrize(
    "nonsense",
    [None, "abc", np.nan, -np.inf, [], {}, True, 1j, sp.zoo, sp.I, np.ones(2), sp.Symbol("x"), lambda *_: 1 / 0, len],
)
def test_nonsense_is_neither_right_nor_an_error(checker, nonsense):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        said = checker(*[nonsense] * len(inspect.signature(checker).parameters))
    assert not said
    assert said.says.startswith("✗ Not yet: ")
    assert len(said.says) > 30


def endless():
    """A list that holds itself."""
    answer = []
    answer.append(answer)
    return answer


class Mute:
    """An answer that cannot even be shown."""

    def __repr__(self):
        raise RuntimeError


@pytest.mark.parametrize("checker", CHECKERS)
@pytest.mark.parametrize(
    "answer",
    [
        np.array(2.0),
        np.ma.masked,
        torch.tensor(2.0),
        torch.ones(2, requires_grad=True),
        10**400,
        endless(),
        Mute(),
        lambda *_: sys.exit(),
        lambda *_: endless(),
        lambda *_: "long\n" * 1000,
        {"a": [10**400]},
        [["long\n" * 1000] * 7] * 7,
    ],
    ids=range(12),
)
def test_whatever_the_answer_is_the_verdict_is_one_sentence(checker, answer):
    said = checker(*[answer] * len(inspect.signature(checker).parameters))
    assert isinstance(said, Verdict)
    assert "\n" not in said.says
    assert len(said.says) <= 400


def test_what_no_checker_expects_is_told_by_its_kind():
    said = exercise(lambda answer: answer["a"])(1)
    assert said.says == "✗ Not yet: your answer could not be read (TypeError)."


@pytest.mark.parametrize("frequency", [1, 30, 100, 1000])
def test_a_fast_wave_is_still_smooth(frequency):
    start = -np.pi / 2 / frequency + 0.3 / frequency
    period, slope = 2 * np.pi / frequency, frequency * np.sin(0.3) - 0.25
    said = derivation.loss_rises_though_alpha_grows(lambda w: np.sin(frequency * w) - w / 4, start, period / slope)
    assert said, said


@pytest.mark.parametrize("start", [0.83, 0.9, 0.95, 1.1, 1.2])
def test_what_a_single_run_measures_is_right(start):
    one, other = (theory_runs.orbit(x, 400) for x in (start, start + 1e-15))
    apart = int(np.argmax(abs(one - other) > 0.1))
    assert theory.digits_forgotten(apart), apart
    assert theory.digits_forgotten(230)
    assert not theory.digits_forgotten(200)
    assert not theory.digits_forgotten(340)


# The verdict


def test_a_verdict_reads_as_its_sentence_and_counts_as_true_or_false():
    assert repr(Verdict(True, "✓ Right: so it is.")) == "✓ Right: so it is."
    assert Verdict(True, "")
    assert not Verdict(False, "")


@pytest.mark.parametrize("answer", [..., (1, ...), {8: 1, 2: ...}, [[...]]])
def test_an_open_answer_is_not_answered_yet(answer):
    assert exercise(lambda answer: "")(answer).says.startswith("Not answered yet")


def test_a_function_that_returns_the_starter_is_not_answered_yet():
    judge = exercise(lambda function: call(function, 1.0))
    assert judge(lambda x: ...).says.startswith("Not answered yet")


@pytest.mark.parametrize(
    "answer",
    [2, 2.0, np.float32(2), np.int64(2), np.array([2.0]), torch.tensor(2), torch.ones(1) * 2, sp.Integer(2)],
)
def test_a_number_is_a_number_in_every_library(answer):
    assert number(answer, "it") == whole(answer, "it") == 2


@pytest.mark.parametrize("answer", [10**23, Fraction(10**23), sp.Integer(10) ** 23])
def test_a_number_may_be_longer_than_a_machine_integer(answer):
    assert number(answer, "it") == 1e23


@pytest.mark.parametrize("answer", [10**400, Fraction(-(10**400))])
def test_a_number_beyond_the_floats_is_not_an_answer(answer):
    with pytest.raises(NotYet, match="too large"):
        number(answer, "it")


@pytest.mark.parametrize("answer", [np.linspace(0, 1, 1000), torch.zeros(100, 100), ["a word"] * 1000, "word" * 1000])
def test_what_is_no_number_is_quoted_in_brief(answer):
    with pytest.raises(NotYet, match=r"^it is one finite number, and yours is [^\n]{1,100}$"):
        number(answer, "it")


def test_a_fraction_is_not_whole():
    with pytest.raises(NotYet, match=r"it is a whole number, and yours is 2\.5"):
        whole(sp.Rational(5, 2), "it")


# Those who teach


@pytest.mark.parametrize("master", MASTERS, ids=lambda master: master.name)
def test_the_release_holds_no_solution(master):
    text = "\n".join(cell.source for cell in graded_cells(master, solutions=False))
    for each in master.exercises:
        assert each.heading in text
        assert each.solution not in text
        assert each.grading not in text
        assert not each.answer or each.answer not in text


@pytest.mark.parametrize("solutions", [False, True], ids=["release", "source"])
@pytest.mark.parametrize("master", MASTERS, ids=lambda master: master.name)
def test_nbgrader_finds_an_open_cell_for_each_answer_and_a_locked_one_for_each_check(master, solutions):
    cells = graded_cells(master, solutions)
    marks = [cell.metadata["nbgrader"] for cell in cells if "nbgrader" in cell.metadata]
    assert len({mark["grade_id"] for mark in marks}) == len(marks) == len(cells) - 1
    for cell, mark in zip(cells[1:], marks, strict=True):
        assert mark["schema_version"] == 3
        assert mark["cell_type"] == cell.cell_type
        assert re.fullmatch(r"[\w-]+", mark["grade_id"])
        assert mark["locked"] != mark["solution"]
        assert ("points" in mark) == mark["grade"]
        assert mark["grade"] or mark["solution"] or mark["locked"]
    total = sum(each.points + each.written for each in master.exercises)
    assert sum(mark.get("points", 0) for mark in marks) == total


def test_the_source_of_nbgrader_solves_itself(names, capsys):
    master = MASTERS[0]
    scope = dict(names[master.name])
    cells = {cell.id: cell.source for cell in graded_cells(master, solutions=True)}
    for each in master.exercises:
        if each.check and not each.needs:
            exec(cells[f"exercise-{each.id}-answer"], scope)
            exec(cells[f"exercise-{each.id}-check"], scope)
            assert "✓ Right: " in capsys.readouterr().out


@pytest.mark.parametrize("master", MASTERS, ids=lambda master: master.name)
def test_the_instructor_reads_solutions_points_and_what_wrong_answers_are_told(master, praised, names):
    cells = instructor_cells(master, praised[master.name], names[master.name])
    text = "\n".join(cell.source for cell in cells)
    for each in master.exercises:
        assert each.solution in text
        assert each.grading in text
        for wrong in each.wrong:
            assert wrong["says"] in text


@pytest.mark.parametrize("master", MASTERS, ids=lambda master: master.name)
def test_the_answers_are_formatted_as_the_notebooks_are(master):
    for each in master.exercises:
        if each.answer:
            command = [sys.executable, "-m", "ruff", "format", "--diff", "--stdin-filename", f"{each.id}.py", "-"]
            done = subprocess.run(command, input=each.answer + "\n", capture_output=True, text=True, encoding="utf-8")
            assert done.returncode == 0, done.stdout + done.stderr
