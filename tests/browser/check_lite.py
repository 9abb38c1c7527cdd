"""The course in the reader's browser alone: notebooks under Pyodide, from a plain web server, without a network.

Not part of `make test`: `make check-lite` builds what this opens. A notebook takes a minute or two on two idle cores.
"""

import json
import re
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest
from packaging.utils import canonicalize_name

from tests.browser.conftest import LAUNCH
from tests.browser.test_lab import CANVASES, NEXT_FRAME, RUN_ALL, SESSION
from tests.test_without_torch import LEFT_OUT
from tools.build_lite import LITE, carried

NAMES = [path.stem for path in carried()]
MEGABYTE = 10**6
MODEL = "jupyterapp.shell.currentWidget.context.model"
IDLE = f"() => {SESSION}?.session?.kernel?.status === 'idle'"
#: JupyterLab keeps only those cells on the page that are near the screen.
GO_TO = """(id) => {
    const notebook = jupyterapp.shell.currentWidget.content;
    notebook.activeCellIndex = [...notebook.model.cells].findIndex((cell) => cell.id === id);
    return notebook.scrollToItem(notebook.activeCellIndex, "start");
}"""

pytestmark = [
    pytest.mark.skipif(not (LITE / "lab").exists(), reason="There is no build/lite: make it with `make lite`."),
    pytest.mark.timeout(1200),
]


class Handler(SimpleHTTPRequestHandler):
    """Serves a folder under /course, as GitHub Pages serves a repository's, and counts what it sends."""

    def translate_path(self, path):
        return super().translate_path(path.removeprefix("/course"))

    def copyfile(self, source, outputfile):
        content = source.read()
        self.server.sent += len(content)
        outputfile.write(content)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def server():
    """`url`, and the bytes `sent`."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=LITE)) as server:
        server.sent, server.url = 0, f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(scope="module")
def ran(request, server, visit_once):
    """A notebook on a first visit, with all its cells run: its name, its `page`, and what the visit cost."""
    server.sent, url = 0, f"{server.url}/course/lab/index.html?path={request.param}.ipynb"
    page = visit_once(url, viewport={"width": 1300, "height": 1000})
    page.set_default_timeout(600_000)
    page.wait_for_function(IDLE)
    page.evaluate(RUN_ALL)
    page.wait_for_function("() => window.finished !== undefined")
    page.set_default_timeout(60_000)
    outside = [url for url in page.asked if not url.startswith((server.url, "data:", "blob:"))]
    return SimpleNamespace(name=request.param, url=url, page=page, sent=server.sent, outside=outside)


def code_cells(page):
    return [cell for cell in page.evaluate(f"() => {MODEL}.toJSON().cells") if cell["cell_type"] == "code"]


def outputs(cell, kind):
    return [output for output in cell["outputs"] if output["output_type"] == kind]


def text(cell, name):
    return "".join("".join(each["text"]) for each in outputs(cell, "stream") if each["name"] == name)


every = pytest.mark.parametrize("ran", NAMES, indirect=True)
quadratics = pytest.mark.parametrize("ran", ["02_quadratics"], indirect=True)


@every
def test_every_cell_runs_or_says_that_it_needs_torch(ran):
    cells = code_cells(ran.page)
    failed = [(cell["id"], output["ename"], output["evalue"]) for cell in cells for output in outputs(cell, "error")]
    assert failed == []
    assert all(cell["execution_count"] for cell in cells)
    assert ran.page.evaluate("() => window.finished")
    left_out = [cell["id"] for cell in cells if "This cell is left out: it" in text(cell, "stdout")]
    assert len(left_out) == LEFT_OUT[ran.name], left_out


@every
def test_no_cell_warns(ran):
    said = "".join(text(cell, "stderr") for cell in code_cells(ran.page))
    assert said.replace("Matplotlib is building the font cache; this may take a moment.", "").strip() == ""


@every
def test_nothing_is_asked_of_any_other_machine(ran):
    assert ran.outside == []


@every
def test_a_first_visit_loads_at_most_60_megabytes(ran):
    assert ran.sent <= 60 * MEGABYTE


def test_all_that_the_kernel_loads_by_itself_is_there():
    """Else it would wait forever."""
    folder = LITE / "extensions" / "@jupyterlite" / "pyodide-kernel-extension" / "static"
    scripts = "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.js"))
    (listed,) = set(re.findall(r'=(\["ssl",[^]]*\])', scripts))
    page = json.loads((LITE / "jupyter-lite.json").read_text(encoding="utf-8"))["jupyter-config-data"]
    kernel = page["litePluginSettings"]["@jupyterlite/pyodide-kernel-extension:kernel"]
    assert {"micropip", "piplite", *json.loads(listed)} <= set(kernel["loadPyodideOptions"]["packages"])
    lock = json.loads((LITE / "static" / "pyodide" / "pyodide-lock.json").read_text(encoding="utf-8"))["packages"]
    assert all((LITE / "static" / "pyodide" / package["file_name"]).exists() for package in lock.values())
    assert {canonicalize_name(name) for package in lock.values() for name in package["depends"]} <= set(lock)


@quadratics
def test_a_slider_moves_its_picture(ran):
    ran.page.evaluate(GO_TO, "brake-widget")
    output = ran.page.locator(".jp-OutputArea-output:has(.widget-hslider):visible").first
    picture = output.locator("img").first.evaluate_handle("(image) => image.src")
    output.locator(".noUi-handle").press("End")
    another = "([output, before]) => (output.querySelector('img')?.src ?? before) !== before"
    ran.page.wait_for_function(another, arg=[output.element_handle(), picture])


@quadratics
def test_the_race_is_played(ran):
    ran.page.evaluate(GO_TO, "race-explorer")
    race = ran.page.locator(".jp-OutputArea-output:has(.tlr-plane):visible").first
    box = race.locator(".tlr-plane").bounding_box()
    before = race.evaluate(CANVASES)
    ran.page.mouse.click(box["x"] + 0.75 * box["width"], box["y"] + 0.3 * box["height"])
    at_end = "(race) => race.querySelector('.tlr-clock').textContent === 't = 100'"
    ran.page.wait_for_function(at_end, arg=race.element_handle())
    ran.page.evaluate(NEXT_FRAME)
    assert race.evaluate(CANVASES) != before


def test_a_second_visit_loads_nothing_again(server, browser, tmp_path):
    # The windows of other tests keep no files on disk, and so not all of these.
    with browser.browser_type.launch_persistent_context(tmp_path, **LAUNCH) as context:
        for _ in ("first", "second"):
            server.sent, page = 0, context.new_page()
            page.goto(f"{server.url}/course/lab/index.html?path=glossary.ipynb")
            page.wait_for_function(IDLE, timeout=600_000)
            page.close()
    assert server.sent <= MEGABYTE
