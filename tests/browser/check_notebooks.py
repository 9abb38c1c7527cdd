"""The course's own notebooks in JupyterLab: all cells run, every slider and menu moved, every question answered.

Not part of `make test`, which replays the cells and tries each explorer in a notebook of its own. Only this sees what
one cell does to the explorers of another. `make check-notebooks` takes some ten minutes on two cores.
"""

import re

import nbformat
import pytest

from tests.browser.test_lab import COUNT_PENDING, NEXT_FRAME, SESSION
from tools.stamp import notebooks

RUN_ALL = """() => {
    window.finished = undefined;
    jupyterapp.commands.execute("notebook:run-all-cells").then((well) => { window.finished = well; });
}"""
#: All that a control can change in the output that it stands in.
LOOK = """(control) => {
    const output = control.closest(".jp-OutputArea-output");
    const pictures = [...output.querySelectorAll("img")].map((image) => image.src);
    const canvases = [...output.querySelectorAll("canvas")].map((canvas) => canvas.toDataURL());
    return [...pictures, ...canvases, output.innerText].join();
}"""
SLIDERS = ".noUi-target:not([disabled]) .noUi-handle, input[type=range]:not([disabled])"


@pytest.fixture(scope="module", params=notebooks(), ids=lambda path: path.stem)
def page(request, lab, visit_once):
    """A notebook whose cells have all run."""
    cells = nbformat.read(request.param, as_version=4).cells
    lab.write(request.param.name, [cell.source for cell in cells if cell.cell_type == "code"])
    page = visit_once(lab.address(request.param.name), viewport={"width": 1300, "height": 1100})
    page.wait_for_function(f"() => {SESSION}?.session?.kernel?.status === 'idle'")
    page.evaluate(COUNT_PENDING)
    page.evaluate(RUN_ALL)
    page.wait_for_function("() => window.finished !== undefined", timeout=600_000)
    return page


@pytest.fixture(autouse=True)
def nothing_complains(page, lab):
    """No error in the console, below a picture, or in the server's log, where kernels write those that nobody shows."""
    logged = len(lab.log())
    yield
    assert page.get_by_text("The picture is not of these settings").count() == 0
    assert [text for kind, text in page.said if kind == "error"] == []
    assert re.findall(r".*(?:ERROR|CRITICAL|Traceback|^\[E).*", lab.log()[logged:], re.MULTILINE) == []


def look(page, control):
    """What the output shows once the kernel has answered all that was asked of it."""
    for _ in range(2):
        page.wait_for_function("() => window.pending.size === 0")
        page.evaluate(NEXT_FRAME)
    return control.evaluate(LOOK)


def visible(page, controls):
    return [control for control in page.locator(controls).all() if control.is_visible()]


def name_of(control):
    return control.evaluate("""(control) => {
        const box = control.closest(".widget-hbox:has(> .widget-text), .widget-inline-hbox");
        return control.ariaLabel ?? box?.innerText ?? control.outerHTML;
    }""")


def test_all_cells_run(page):
    assert page.evaluate("() => window.finished")
    assert page.locator("[data-mime-type='application/vnd.jupyter.error']").count() == 0


def test_every_slider_changes_what_is_shown(page):
    idle = []
    for slider in reversed(visible(page, SLIDERS)):  # an α₀ at its end may leave nothing for others to change
        seen = {look(page, slider)}
        for key in ("Home", "End"):
            slider.press(key)
            seen.add(look(page, slider))
        if len(seen) == 1:
            idle.append(name_of(slider))
    assert idle == []


def test_every_menu_changes_what_is_shown(page):
    idle = []
    for menu in visible(page, ".jp-OutputArea-output select"):
        seen = set()
        for key in ("Home", "End"):
            menu.press(key)
            seen.add(look(page, menu))
        if len(seen) == 1:
            idle.append(name_of(menu))
    assert idle == []


def test_every_question_answers_a_prediction(page):
    for field in visible(page, "input[aria-label='Your prediction, a number']"):
        before = look(page, field)
        field.fill("1")
        field.press("Enter")
        assert look(page, field) != before
