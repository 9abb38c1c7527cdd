"""The glossary has every symbol of the notebooks' formulas, and every link between notebooks leads somewhere."""

import importlib
import re
from collections import Counter
from functools import cache
from urllib.parse import unquote

import nbformat
import pytest

from tools.stamp import ROOT, notebooks

GLOSSARY = ROOT / "notebooks" / "glossary.ipynb"
COURSE = [path for path in notebooks() if path != GLOSSARY]

CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
FORMULA = re.compile(r"\$\$(.+?)\$\$|\$(.+?)\$", re.DOTALL)
#: A hat with what stands below it; an operator; a command, which may be a letter; a letter. (π is a number.)
SYMBOL = re.compile(r"\\hat\s*\{?(\w)\}?|\\operatorname\{(\w+)\}|\\([A-Za-z]+)|([A-Za-z])")
GREEK = re.compile(
    r"(?:var)?(?:alpha|beta|gamma|delta|epsilon|zeta|eta|theta|kappa|lambda|mu|nu|xi|rho|sigma|tau|phi|chi|psi|omega)"
    r"|nabla|partial|ell",
    re.IGNORECASE,
)
LINK = re.compile(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)")


@cache
def prose(path):
    """The Markdown cells of a notebook, one text each."""
    cells = nbformat.read(path, as_version=4).cells
    return [cell.source for cell in cells if cell.cell_type == "markdown"]


def symbols(text):
    """The letters in a text's formulas; a hat makes another letter."""
    found = set()
    for formula in FORMULA.finditer(CODE.sub("", text)):
        tex = re.sub(r"\\(?:text\w*|mathrm)\{[^{}]*\}", "", formula[1] or formula[2])
        for hatted, operator, command, letter in SYMBOL.findall(tex):
            if hatted:
                found.add(f"hat {hatted}")
            elif operator or letter:
                found.add(operator or letter)
            elif GREEK.fullmatch(command):
                found.add(command)
    return found


@cache
def sections(path):
    """cell-id=ID of each cell with a heading → the text below, down to the next heading of its level or above."""
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "markdown"]
    found = {}
    for number, cell in enumerate(cells):
        if start := re.search(r"^(#{1,6}) ", cell.source, re.MULTILINE):
            rest = CODE.sub("", "\n".join(each.source for each in cells[number:])[start.end() :])
            end = re.search(rf"^#{{1,{len(start[1])}}} ", rest, re.MULTILINE)
            found[f"cell-id={cell.id}"] = rest[: end.start() if end else None]
    return found


def rows():
    """The glossary's rows: symbol, what it is, range and unit, first met, in code."""
    lines = [line for text in prose(GLOSSARY) for line in text.splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip()[1:-1].split("|")] for line in lines]
    return [row for row in cells if row[0] != "symbol"]


def test_a_formula_gives_its_letters():
    text = r"Of $\hat w_t = w - \alpha\,g_{t-1}$ and $$pN\operatorname{tr}\Sigma \text{ by } \frac12$$ but not `$q$`."
    assert symbols(text) == {"hat w", "w", "t", "alpha", "g", "p", "N", "tr", "Sigma"}


@pytest.mark.parametrize("path", COURSE, ids=lambda path: path.stem)
def test_every_symbol_is_in_the_glossary(path):
    explained = set().union(*(symbols(row[0]) for row in rows()))
    missing = set().union(*map(symbols, prose(path))) - explained
    assert missing == set(), f"notebooks/glossary.ipynb has no row for {sorted(missing)}."


@pytest.mark.parametrize("path", COURSE, ids=lambda path: path.stem)
def test_every_notebook_names_the_glossary_at_its_head(path):
    assert "](glossary.ipynb)" in prose(path)[0], (
        "Add: **Symbols**: each is explained in the [glossary](glossary.ipynb)."
    )


def test_a_symbol_is_met_in_the_section_that_its_row_links_to():
    for symbol, *_, first, _ in rows():
        (target, anchor), *_ = LINK.findall(first)
        section = sections(GLOSSARY.parent / target)[anchor]
        assert symbols(symbol.split("$ ")[0] + "$") & symbols(section), f"{symbol} in {anchor}"


def test_latin_letters_are_in_order():
    plain = [
        re.sub(r"\\(?:hat|bar|math\w+|operatorname\{)|[$\\]", "", row[0].replace(r"\ell", "l")).strip()
        for row in rows()
    ]
    latin = [symbol[0].lower() for symbol in plain[: plain.index("alpha, alpha_t")]]
    assert latin == sorted(latin)


def test_a_letter_with_more_than_one_row_is_marked():
    alone = [(row[0], re.findall(r"\$(\\?\w+)\$", re.sub(r"\(.*?\)", "", row[0]))) for row in rows()]
    seen = Counter(letter for _, letters in alone for letter in letters)
    assert [symbol for symbol, letters in alone if any(seen[each] > 1 for each in letters) and "●" not in symbol] == []


def test_the_names_in_code_exist():
    named = {name for row in rows() for name in re.findall(r"`(tlr\.[\w.]+)`", row[-1])}
    assert len(named) >= 5
    for name in named:
        module, _, attribute = name.rpartition(".")
        assert hasattr(importlib.import_module(module), attribute), name


@pytest.mark.parametrize("path", notebooks(), ids=lambda path: path.stem)
def test_every_link_leads_to_a_file_and_to_a_section_of_it(path):
    """By its cell's id: JupyterLab finds no heading with a sign such as · or α in it."""
    for target, anchor in LINK.findall("\n".join(prose(path))):
        there = path.parent / unquote(target) if target else path
        assert there.exists(), target
        if anchor and there.suffix == ".ipynb":
            assert anchor in sections(there), f"{target}#{anchor}"
