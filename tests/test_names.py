"""What `import tlr` gives, and what it costs."""

import ast
import functools
import re
import subprocess
import sys
from pathlib import Path

import pytest

import tlr

ROOT = Path(__file__).resolve().parent.parent
DOTTED = re.compile(r"(?<![\w./-])tlr(?:\.[A-Za-z]\w*)+(?![\w/-])")
PAGES = ("README.md", "CONTRIBUTING.md", "docs/optimizer.md")


def texts():
    """The pages, and the docstrings and error messages of the package."""
    for page in PAGES:
        yield (ROOT / page).read_text(encoding="utf-8")
    for path in (ROOT / "tlr").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
                yield ast.get_docstring(node) or ""
            elif isinstance(node, ast.Raise):
                yield from (each.value for each in ast.walk(node) if isinstance(each, ast.Constant))


def named():
    """Every dotted name in them, but for those of commands, `python -m tlr.course.experiments`."""
    written = "\n".join(str(text) for text in texts())
    return sorted({*DOTTED.findall(re.sub(r"python -m \S+", "", written))})


def run(code):
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True, cwd=ROOT
    ).stdout


def test_every_dotted_name_that_is_written_works_after_import_tlr():
    names = named()
    assert {"tlr.rule.window", "tlr.course.records.load", "tlr.learning_rates"} <= {*names}
    code = f"""
import functools, tlr
def part(owner, name):
    return None if name in getattr(owner, "__annotations__", ()) else getattr(owner, name)  # a field needs no default
def missing(name):
    try:
        functools.reduce(part, name.split(".")[1:], tlr)
    except AttributeError:
        return True
print(*filter(missing, {names}))"""
    assert run(code).split() == []


def test_the_exports_are_there_and_listed():
    assert all(hasattr(tlr, name) for name in tlr.__all__)
    assert {*tlr.__all__, "rule", "toys", "course"} <= {*dir(tlr)}
    assert re.fullmatch(r"\d+\.\d+\.\d+\S*", tlr.__version__)


@pytest.mark.parametrize("name", ["no_such_name", "course.no_such_room"])
def test_a_name_that_is_not_there_is_an_attribute_error(name):
    with pytest.raises(AttributeError, match=f"has no attribute '{name.rpartition('.')[2]}'"):
        functools.reduce(getattr, name.split("."), tlr)


def test_a_module_whose_package_is_missing_says_which():
    code = """
import sys
sys.modules["ipywidgets"] = None
import tlr
try:
    tlr.course.explorers
except ModuleNotFoundError as error:
    print(error.name)"""
    assert run(code).strip() == "ipywidgets"


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import tlr", ["torch", "numpy", "sympy"]),
        ("from tlr import rule, toys, descent, reference", ["torch", "sympy"]),
        ("from tlr import TLR", ["torch._dynamo", "sympy", "tlr.course"]),
    ],
)
def test_an_import_brings_no_more_than_it_needs(statement, absent):
    print_loaded = f"import sys; {statement}; print(*(name for name in {absent} if name in sys.modules))"
    assert run(print_loaded).split() == []
