"""A reader whose kernel was lost runs the cells above the first section, and goes on in any section."""

import builtins
import re
import symtable
from itertools import pairwise

import nbformat
import pytest

from tools.stamp import notebooks


def sections(book):
    """The sections' headings, each with its code cells; the cells above the first section under ""."""
    found = [("", [])]
    for cell in book.cells:
        if cell.cell_type == "code":
            found[-1][1].append(cell)
        elif cell.cell_type == "markdown":
            found += [(heading, []) for heading in re.findall("^## (.+)", cell.source, re.MULTILINE)]
    return found


def names(code):
    """What a cell defines, and what it takes from before it."""
    module = symtable.symtable(re.sub("^( *)%pip.*", r"\1pass", code, flags=re.MULTILINE), "cell", "exec")
    tables = [module]
    for table in tables:
        tables += table.get_children()
    defined = {symbol.get_name() for symbol in module.get_symbols() if symbol.is_assigned() or symbol.is_imported()}
    read = {
        symbol.get_name()
        for table in tables
        for symbol in table.get_symbols()
        if symbol.is_referenced() and (table is module or symbol.is_global())
    }
    return defined, read - defined - set(dir(builtins))


@pytest.mark.parametrize(
    ("code", "defined", "read"),
    [
        ("a = b + 1", {"a"}, {"b"}),
        ("import numpy as np\nx = [np.sin(i) * k for i in range(3)]", {"np", "x"}, {"k"}),
        ("def f(x, y=z):\n    return x + g(y)", {"f"}, {"z", "g"}),
        ("for t in range(3):\n    print(lambda u: u + t + v)", {"t"}, {"v"}),
        ("if a:\n    %pip install tlr", set(), {"a"}),
    ],
)
def test_what_a_cell_defines_and_what_it_takes(code, defined, read):
    assert names(code) == (defined, read)


@pytest.mark.parametrize("path", notebooks(), ids=lambda path: path.stem)
def test_any_section_can_follow_the_cells_above_the_first(path):
    (_, above), *rest = sections(nbformat.read(path, as_version=4))
    shared = set().union(*(names(cell.source)[0] for cell in above))
    missing = {}
    for heading, cells in rest:
        known = set(shared)
        for cell in cells:
            defined, read = names(cell.source)
            known |= defined
            if read - known:
                missing[f"{heading} [{cell.id}]"] = sorted(read - known)
    assert missing == {}


def names_of_functions(code):
    """What the functions of a cell take from outside whenever they are called."""
    module = symtable.symtable(code, "cell", "exec")
    tables = [table for table in module.get_children() if table.get_name() not in {"listcomp", "genexpr"}]
    for table in tables:
        tables += table.get_children()
    return {symbol.get_name() for table in tables for symbol in table.get_symbols() if symbol.is_global()}


@pytest.mark.parametrize(
    ("code", "read"),
    [
        ("def f(x):\n    return g(x) + y", {"g", "y"}),
        ("play(lambda u: u + v)", {"v"}),
        ("def f():\n    return [a * b for b in c]", {"a", "c"}),
        ("play(a, [b for c in d])", set()),
    ],
)
def test_what_the_functions_of_a_cell_take(code, read):
    assert names_of_functions(code) == read


@pytest.mark.parametrize("path", notebooks(), ids=lambda path: path.stem)
def test_no_later_cell_takes_a_name_from_a_widget(path):
    """After "Run All" its slider would call something else."""
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    taken = {}
    for number, cell in enumerate(cells):
        if any("application/vnd.jupyter.widget-view+json" in output.get("data", {}) for output in cell.outputs):
            later = set().union(*(names(each.source)[0] for each in cells[number + 1 :]))
            taken[cell.id] = names_of_functions(cell.source) & later
    assert not any(taken.values()), taken


@pytest.mark.parametrize("path", notebooks(), ids=lambda path: path.stem)
def test_no_section_changes_what_all_share(path):
    (_, above), *rest = sections(nbformat.read(path, as_version=4))
    shared = set().union(*(names(cell.source)[0] for cell in above))
    for _, cells in rest:
        for cell in cells:
            again = set(re.findall("^from .* import (.+?)(?:  #.*)?$", cell.source, re.MULTILINE))
            assert (names(cell.source)[0] & shared) - again == set(), cell.id


@pytest.mark.parametrize("path", notebooks(), ids=lambda path: path.stem)
def test_headings_go_down_one_level_at_a_time(path):
    prose = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "markdown"]
    text = re.sub("```.*?```", "", "\n".join(prose), flags=re.DOTALL)
    levels = [len(marks) for marks in re.findall("^(#+) ", text, re.MULTILINE)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(below <= above + 1 for above, below in pairwise(levels))
