"""Answers outlast the kernel: a file that is written, read, and never run."""

import json

import pytest
from IPython.core.interactiveshell import InteractiveShell

from tlr.course.exercises import derivation, keeping, quadratics

CELL = "from tlr.course.exercises import quadratics as exercise\nexercise.far_too_long(24, 1e3)"


@pytest.fixture(autouse=True)
def new_session(monkeypatch):
    monkeypatch.setattr(keeping, "_kept", {})


@pytest.fixture
def file(tmp_path):
    return tmp_path / "answers.json"


def test_every_notebooks_exercises_have_both():
    assert quadratics.summary is derivation.summary is keeping.summary
    assert quadratics.resume is keeping.resume


def test_an_answer_is_kept_with_its_verdict(file):
    verdict = quadratics.far_too_long(24, 1e3)
    said = repr(quadratics.summary(file))
    assert said.startswith(f"quadratics: 0 of 1 answers are right.\n  far_too_long: {verdict}\n")
    assert json.loads(file.read_text(encoding="utf-8"))["quadratics"]["far_too_long"]["says"] == str(verdict)


def test_the_last_answer_counts(file):
    for updates in (25, 24):
        last = quadratics.far_too_long(updates, 1e3)
    assert str(last) in quadratics.summary(file)
    assert "0 of 1" in quadratics.summary(file)


def test_what_is_not_answered_is_not_kept(file):
    quadratics.far_too_long(..., ...)
    assert quadratics.summary(file).startswith("Nothing has been answered yet.")


def test_the_cell_comes_back_in_a_new_session(file, monkeypatch):
    shell = InteractiveShell.instance()
    try:
        assert shell.run_cell(CELL, store_history=True).success
        quadratics.summary(file)
        monkeypatch.setattr(keeping, "_kept", {})
        said = quadratics.resume(file)
        assert said.endswith(f"# far_too_long\n{CELL}")
        quadratics.summary(file)
        assert CELL in json.loads(file.read_text(encoding="utf-8"))["quadratics"]["far_too_long"]["cell"]
    finally:
        InteractiveShell.clear_instance()


def test_other_notebooks_in_the_file_stay(file):
    quadratics.far_too_long(24, 1e3)
    quadratics.summary(file)
    keeping._kept.clear()
    name = derivation.__all__[0]
    getattr(derivation, name)(object())
    said = derivation.summary(file)
    assert "quadratics: 0 of 1" in said
    assert f"  {name}: " in said


NO_VERDICT = '{"a": {"b": {"right": "yes", "says": "✓", "cell": ""}}}'


@pytest.mark.parametrize("content", ["", "[1]", '{"a": 1}', '{"a": {"b": "right"}}', NO_VERDICT])
def test_another_file_is_neither_read_nor_written_over(file, content):
    file.write_text(content, encoding="utf-8")
    for act in (quadratics.summary, quadratics.resume):
        with pytest.raises(ValueError, match=r"does not hold answers: name a file that exercise.summary\(\) wrote"):
            act(file)
    assert file.read_text(encoding="utf-8") == content
