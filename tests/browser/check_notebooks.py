"""The course's own notebooks in JupyterLab: all cells run, every slider and menu moved, every question answered.

Not part of `make test`, which replays the cells and tries each explorer in a notebook of its own. Only this sees what
one cell does to the explorers of another. `make check-notebooks` takes some six minutes on two idle cores.
"""

import re

import nbformat
import pytest

from tests.browser.test_lab import COUNT_PENDING, NEXT_FRAME, RUN_ALL, SESSION, TROUBLE
from tools.stamp import notebooks

#: All that a control can change in the output that it stands in.
LOOK = """(control) => {
    const output = control.closest(".jp-OutputArea-output");
    const pictures = [...output.querySelectorAll("img")].map((image) => image.src);
    const canvases = [...output.querySelectorAll("canvas")].map((canvas) => canvas.toDataURL());
    return [...pictures, ...canvases, output.innerText].join();
}"""
CONTROLS = {
    "slider": ".noUi-target:not([disabled]) .noUi-handle, input[type=range]:not([disabled])",
    "menu": ".jp-OutputArea-output select",
}


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
    assert page.get_by_text(TROUBLE).count() == 0
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


@pytest.mark.parametrize("kind", CONTROLS)
def test_every_control_changes_what_is_shown(page, kind):
    idle = []
    for control in reversed(visible(page, CONTROLS[kind])):  # an α₀ at its end may leave nothing for others to change
        seen = {look(page, control)}
        for key in ("Home", "End"):
            control.press(key)
            seen.add(look(page, control))
        if len(seen) == 1:
            idle.append(name_of(control))
    assert idle == []


def test_every_question_answers_a_number(page):
    for field in visible(page, "input[aria-label='Your prediction, a number']"):
        before = look(page, field)
        field.fill("1")
        field.press("Enter")
        assert look(page, field) != before


def test_every_question_answers_a_choice(page):
    for choices in visible(page, ".tlr-answer[role=group]"):
        before = look(page, choices)
        choices.get_by_role("button").first.click()
        assert look(page, choices) != before
