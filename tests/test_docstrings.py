"""Every example in a docstring of the package runs and shows what it says."""

import doctest
import importlib
import inspect
import pkgutil
import re

import pytest

import tlr

MODULES = ["tlr", *(module.name for module in pkgutil.walk_packages(tlr.__path__, "tlr."))]
EXAMPLES = [
    pytest.param(example, id=example.name)
    for name in MODULES
    for example in doctest.DocTestFinder(exclude_empty=True).find(importlib.import_module(name), name)
    if example.examples
]


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_example_shows_what_it_says(example):
    report = []
    result = doctest.DocTestRunner(verbose=False).run(example, out=report.append)
    assert result.failed == 0, "".join(report)


@pytest.mark.parametrize("name", ["TLR", "NaiveTLR", "TLRAdam", "TLRAdamW", "TrainableRate", "learning_rates"])
def test_every_public_name_of_the_optimizers_has_an_example(name):
    assert any(example.values[0].name.endswith(f".{name}") for example in EXAMPLES)


@pytest.mark.parametrize("name", MODULES)
def test_a_docstring_gives_each_exception_a_line(name):
    """`Raises:` as napoleon reads it: `Error: when`, one a line, continued further in."""
    members = vars(importlib.import_module(name)).values()
    for member in [each for each in members if getattr(each, "__module__", None) == name and each.__doc__]:
        for section in re.findall(r"^Raises:\n((?: .*\n?)+)", inspect.getdoc(member), re.MULTILINE):
            entries = re.findall(r"^    (?! )(.*(?:\n     .*)*)", section, re.MULTILINE)
            for entry in entries:
                assert re.match(r"[\w.]+: ", entry), entry
                assert not re.search(r"\b[A-Z]\w+Error: ", entry[1:].partition(": ")[2]), entry
