"""The notebooks as in a browser, without torch and the rivals: every cell runs, or says that it needs torch."""

import json
import os
import subprocess
import sys

import pytest
from IPython.core.interactiveshell import InteractiveShell

from tlr.course.without_torch import Guard
from tools.stamp import ROOT, notebooks

#: Notebook → how many of its code cells are left out.
LEFT_OUT = {
    "01_derivation": 6,
    "02_quadratics": 3,
    "03_minibatches": 24,
    "03b_noise": 28,
    "04_mnist": 6,
    "05_cifar": 24,
    "06_verdict": 5,
    "07_theory": 0,
    "08_ledger": 1,
    "gallery": 11,
    "glossary": 1,
}

#: Runs the code cells of a notebook: how many there are, which are left out, and what others raise.
RUN = """
import contextlib, io, json, sys
sys.modules |= dict.fromkeys(["torch", "prodigyopt", "pytorch_optimizer", "schedulefree"])
import matplotlib
from IPython.core.interactiveshell import InteractiveShell
matplotlib.use("agg")
shell, left_out, failed = InteractiveShell.instance(), [], {}
cells = [cell for cell in json.load(open(sys.argv[1], encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]
for cell in cells:
    with contextlib.redirect_stdout(io.StringIO()) as said, contextlib.redirect_stderr(said):
        result = shell.run_cell("".join(cell["source"]))
    if not result.success:
        failed[cell["id"]] = repr(result.error_in_exec or result.error_before_exec)
    elif "This cell is left out: it" in said.getvalue():
        left_out.append(cell["id"])
print(json.dumps([len(cells), left_out, failed]))
"""


def test_every_notebook_is_counted():
    assert sorted(LEFT_OUT) == sorted(path.stem for path in notebooks())


@pytest.mark.parametrize("path", notebooks(), ids=lambda path: path.stem)
def test_every_cell_runs_or_says_that_it_needs_torch(path, tmp_path):
    environ = os.environ | {"IPYTHONDIR": str(tmp_path), "TLR_RECORDS_DIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", RUN, path]
    ran = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, encoding="utf-8", check=True)
    cells, left_out, failed = json.loads(ran.stdout.splitlines()[-1])
    assert failed == {}
    assert len(left_out) == LEFT_OUT[path.stem], f"If these cells do need torch, count them in LEFT_OUT: {left_out}"
    assert cells > len(left_out)


@pytest.fixture
def run(monkeypatch, capsys):
    """Run a cell of a guarded notebook without torch: what it shows, and whether it succeeded."""
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.setattr("tlr.course.without_torch._left_out", set())
    shell = InteractiveShell()
    shell.ast_transformers.append(Guard())

    def cell(source):
        capsys.readouterr()
        success = shell.run_cell(source, store_history=True).success
        return capsys.readouterr().out, success

    return cell


def test_a_cell_that_imports_torch_is_left_out_and_so_is_what_builds_on_it(run):
    assert run("x = 1\nimport torch\ny = 2") == (
        "This cell is left out: it needs torch, which is not installed here.\n",
        True,
    )
    assert run("print(x)") == ("1\n", True)
    said, success = run("y + 1")
    assert success
    assert said == "This cell is left out: it builds on one that needs torch, which is not installed here.\n"


def test_an_old_value_does_not_stand_for_one_that_was_left_out(run):
    run("loss = 1.0")
    run("import torch\nloss = torch.ones(1)")
    said, _ = run("print(loss)")
    assert "it builds on one that needs torch" in said


def test_a_module_imported_again_in_a_cell_that_is_left_out_is_still_there(run):
    run("import math")
    run("import torch\nimport math")
    assert run("print(math.pi > 3)") == ("True\n", True)


@pytest.mark.parametrize("cell", ["1 / 0", "nowhere", "import no_such_module"])
def test_other_errors_stay_errors(run, cell):
    said, success = run(cell)
    assert not success
    assert "left out" not in said


def test_the_last_value_is_shown(run):
    assert run("x = 1\nx + 1")[0].endswith(": 2\n")
    assert run("x + 1;") == ("", True)


@pytest.mark.parametrize(
    "cell", ["print(2)", "2;print(2)", "def f():\n    return 2\nprint(f())", "%precision 3\nprint(2)", ""]
)
def test_a_cell_that_needs_no_torch_is_as_it_was(run, cell):
    said, success = run(cell)
    assert success
    assert ("2\n" in said) == bool(cell)
