"""The stored notebooks are whole: run in one go, without errors, and readable where no kernel runs.

nbval compares their outputs; it would also pass a notebook without any, which is why this is checked here.
"""

import errno
import os
import re
import runpy
import shutil
import subprocess
import sys
from itertools import pairwise

import nbformat
import pytest
from traitlets.config import Config

from tools.build_lite import carried
from tools.run_notebooks import run
from tools.stamp import ROOT, notebooks, pages, reference, repository

WIDGET = "application/vnd.jupyter.widget-view+json"


@pytest.fixture(params=notebooks(), ids=lambda path: path.stem)
def path(request):
    return request.param


@pytest.fixture
def book(path):
    return nbformat.read(path, as_version=4)


def code_cells(book):
    return [cell for cell in book.cells if cell.cell_type == "code"]


def outputs(book):
    return [output for cell in code_cells(book) for output in cell.outputs]


def test_format(book):
    nbformat.validate(book)
    # As JupyterLab writes it: otherwise opening the notebook changes it.
    assert book.metadata.kernelspec == {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


def test_cell_ids_are_unique(book):
    ids = [cell.id for cell in book.cells]
    assert len(set(ids)) == len(ids)


def test_checks_are_folded_and_a_folded_picture_is_on_no_slide(book):
    for cell in book.cells:
        tags, folded = cell.metadata.get("tags", []), cell.metadata.get("jupyter", {})
        assert folded.get("source_hidden") or not {"check", "more"} & {*tags}, cell.id
        assert folded.get("outputs_hidden", False) == ("more" in tags), cell.id


def test_a_folded_cell_says_what_it_holds(book):
    """JupyterLab and the site show its first line; Colab folds it only with a field of its own."""
    folded = [cell for cell in code_cells(book) if cell.metadata.get("jupyter", {}).get("source_hidden")]
    captions = [cell.source.partition("\n")[0] for cell in folded]
    for cell, caption in zip(folded, captions, strict=True):
        assert re.fullmatch("# (Setup|Helper|Picture|Question|Check|More): .{1,66}", caption), (cell.id, caption)
        assert cell.metadata.get("cellView") == "form", cell.id
    assert len(set(captions)) == len(captions)


def test_no_widget_state(book):
    assert "widgets" not in book.metadata, "GitHub does not render it: store outputs with `make notebooks`."


def test_run_in_one_go_from_top_to_bottom(book):
    counts = [cell.execution_count for cell in code_cells(book)]
    assert counts == list(range(1, len(counts) + 1))


def test_no_error_and_no_warning_is_stored(book):
    for output in outputs(book):
        assert output.output_type != "error", output.evalue
        assert output.get("name") != "stderr", output.text


def test_widgets_show_a_picture_where_no_kernel_runs(book):
    for output in outputs(book):
        if WIDGET in output.get("data", {}):
            assert {"image/png", "text/html"} & set(output.data), output.data.get("text/plain")


def test_badges_open_this_notebook(path, book):
    prose = "\n".join(cell.source for cell in book.cells if cell.cell_type == "markdown")
    assert f"https://mybinder.org/v2/gh/{repository()}/{reference()}?urlpath=lab/tree/notebooks/{path.name}" in prose
    assert f"https://colab.research.google.com/github/{repository()}/blob/{reference()}/notebooks/{path.name}" in prose
    assert (f"{pages()}/lite/lab/index.html?path={path.name}" in prose) == (path in carried())


def test_the_last_cell_tells_where_to_complain_and_how_to_keep_answers(path, book):
    last = book.cells[-1].source
    assert f"https://github.com/{repository()}/issues/new?template=notebook.yml&notebook={path.stem})" in last
    assert ("`exercise.summary()`" in last) == any("exercise." in cell.source for cell in code_cells(book))


def headings(book):
    """(level, text) of every heading; code in Markdown has comments that look like some."""
    prose = "\n".join(cell.source for cell in book.cells if cell.cell_type == "markdown")
    prose = re.sub(r"^```.*?^```$", "", prose, flags=re.DOTALL | re.MULTILINE)
    return [(len(marks), text) for marks, text in re.findall(r"^(#+) (.+)$", prose, re.MULTILINE)]


def test_headings_begin_with_the_title_and_go_down_one_level_at_a_time(book):
    levels = [level for level, _ in headings(book)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(below - above <= 1 for above, below in pairwise(levels))


def test_one_thread_trains(book):
    """Small models gain nothing from a second thread, and wait twenty times as long for it on a busy machine."""
    setup = re.sub("^( *)%pip.*", r"\1pass", code_cells(book)[0].source, flags=re.MULTILINE)
    command = [sys.executable, "-c", f"{setup}\nprint(os.environ['OMP_NUM_THREADS'])"]
    environ = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    assert subprocess.check_output(command, env=environ, encoding="utf-8") == "1\n"
    assert subprocess.check_output(command, env=environ | {"OMP_NUM_THREADS": "3"}, encoding="utf-8") == "3\n"


def test_setup_cell_installs_only_what_is_missing(book):
    setup = code_cells(book)[0].source
    assert 'if importlib.util.find_spec("tlr") is None:' in setup
    tag = "" if reference() == "main" else f"@{reference()}"
    assert re.findall(r"%pip .*", setup) == [f"%pip install -q --no-deps git+https://github.com/{repository()}{tag}"]


def new_book(*sources):
    cells = [nbformat.v4.new_code_cell(source, id=f"cell-{number}") for number, source in enumerate(sources)]
    return nbformat.v4.new_notebook(cells=cells, metadata={"widgets": {"state": {}}})


def test_reading_a_notebook_in_make_lab_leaves_its_file_as_it_was(path, book, tmp_path):
    config = Config()
    runpy.run_path(ROOT / "tools" / "jupyter" / "jupyter_server_config.py", {"get_config": lambda: config})
    assert config.ServerApp.root_dir == str(ROOT), "or links to README.md and docs/ lead nowhere"
    book.metadata.language_info.version = "3.99.0"  # JupyterLab says which Python opened it
    config.FileContentsManager.pre_save_hook(model={"type": "notebook", "content": book}, path=path.name)
    nbformat.write(book, tmp_path / path.name)
    assert (tmp_path / path.name).read_bytes() == path.read_bytes()


def test_make_notebooks_stores_outputs_and_only_outputs(tmp_path):
    path = tmp_path / "new.ipynb"
    nbformat.write(new_book("a = 6", "a * 7"), path)
    run(path)
    book = nbformat.read(path, as_version=4)
    assert [cell.id for cell in book.cells] == ["cell-0", "cell-1"]
    assert [cell.execution_count for cell in book.cells] == [1, 2]
    assert book.cells[1].outputs[0].data == {"text/plain": "42"}
    assert "widgets" not in book.metadata
    assert all(cell.metadata == {} for cell in book.cells)


def test_make_notebooks_leaves_a_notebook_that_fails_as_it_was(tmp_path):
    path = tmp_path / "fails.ipynb"
    nbformat.write(new_book("1 / 0"), path)
    shutil.copy(path, tmp_path / "before.ipynb")
    with pytest.raises(Exception, match="ZeroDivisionError"):
        run(path)
    assert path.read_bytes() == (tmp_path / "before.ipynb").read_bytes()


def test_a_full_disk_leaves_a_notebook_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "new.ipynb"
    nbformat.write(new_book("6 * 7"), path)
    before = path.read_bytes()

    def full(book, target):
        target.write_text("{", encoding="utf-8")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(nbformat, "write", full)
    with pytest.raises(OSError, match=r"new\.ipynb could not be written \(No space left on device\)"):
        run(path)
    assert path.read_bytes() == before
