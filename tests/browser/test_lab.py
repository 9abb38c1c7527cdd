"""Explorers in a JupyterLab: run the notebook, move the controls, see the pictures change, and nothing complain."""

import re
from functools import partial

import pytest

api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed.")

SESSION = "globalThis.jupyterapp?.shell.currentWidget?.context?.sessionContext"
CORE = ["Paths", "Newton"]
CELLS = [f"from tlr.explorers import {', '.join(CORE)}, Race", "race = Race()\nrace", *(f"{name}()" for name in CORE)]
#: Knobs of rules whose boxes are not checked at first.
WITHOUT_EFFECT = ("η (naive)", "β (hypergradient)")
RUNS = f"async (code) => (await {SESSION}.session.kernel.requestExecute({{code}}).done).content.status === 'ok'"
PIXELS = "(root) => [...root.querySelectorAll('canvas')].map((canvas) => canvas.toDataURL()).join()"
CHANGED = "([image, before]) => image.src !== before"
NEXT_FRAME = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


def open_and_run(lab, visit, name):
    # High enough for every output to be on the screen: JupyterLab only renders what is.
    page = visit(f"{lab.url}/lab/tree/{name}?reset", viewport={"width": 1300, "height": 2700})
    page.wait_for_function(f"() => {SESSION}?.session?.kernel?.status === 'idle'")
    page.evaluate("() => { jupyterapp.commands.execute('notebook:run-all-cells'); }")
    page.wait_for_selector(".tlr-race .tlr-fate:not(:empty)")
    page.wait_for_function(f"() => document.querySelectorAll('img.widget-image').length === {len(CORE)}")
    return page


def pixels(page):
    page.evaluate(NEXT_FRAME)
    return page.locator(".tlr-race").evaluate(PIXELS)


def move_the_race(page):
    plane = page.locator(".tlr-plane")
    plane.press("End")
    before = pixels(page)
    for name in ("alpha0", "condition", "rotation", "c", "beta", "noise"):
        seen = {before}
        for key in ("Home", "End"):
            page.locator(f".tlr-race input[aria-label='{name}']").press(key)
            seen.add(pixels(page))
        assert len(seen) >= 2 + (name != "noise"), name  # noise begins at its lower end
        plane.press("r")
    plane.click(position={"x": 200, "y": 100})
    page.wait_for_function("() => document.querySelector('.tlr-clock').textContent !== 't = 100'")
    plane.press("Space")
    assert pixels(page) != before
    plane.press("r")


def changes_picture(page, image, action):
    """Whether the action brings another picture."""
    before = image.get_attribute("src")
    action()
    try:
        page.wait_for_function(CHANGED, arg=[image.element_handle(), before], timeout=1500)
    except api.TimeoutError:
        return False
    return True


def move_a_core_explorer(page, output):
    image = output.locator("img.widget-image")
    # The last first: an α₀ or a condition number at its end leaves nothing for others to change.
    for row in reversed(output.locator(".widget-hslider:has(.noUi-target:not([disabled]))").all()):
        handle, label = row.locator(".noUi-handle"), row.locator("label").text_content()
        if label in WITHOUT_EFFECT:
            handle.press("End")
        else:
            moved = [changes_picture(page, image, partial(handle.press, key)) for key in ("Home", "End")]
            assert any(moved), label
    for box in output.locator(".widget-checkbox input").all():
        assert changes_picture(page, image, box.click)


def test_explorers_in_jupyterlab_and_after_the_kernel_is_gone(lab, visit):
    lab.write("explorers.ipynb", CELLS)
    page = open_and_run(lab, visit, "explorers.ipynb")
    move_the_race(page)
    for output in page.locator(".jp-OutputArea-output:has(img.widget-image)").all():
        move_a_core_explorer(page, output)

    page.locator(".tlr-race input[aria-label='alpha0']").press("End")
    page.wait_for_function(RUNS, arg="assert race.alpha0 == 1000")
    before = pixels(page)
    assert page.evaluate(RUNS, "race.alpha0 = 0.01")
    page.wait_for_function(
        "() => document.querySelector('input[aria-label=alpha0]').getAttribute('aria-valuetext') === '0.01'"
    )
    assert pixels(page) != before
    assert page.locator("[data-mime-type='application/vnd.jupyter.error']").count() == 0
    assert page.locator("[data-mime-type='application/vnd.jupyter.stderr']").count() == 0

    page.evaluate(f"async () => {{ await {SESSION}.shutdown(); }}")
    page.wait_for_function(f"() => !{SESSION}.session")
    move_the_race(page)

    # Keys meant for the race are JupyterLab's commands too: r would make a raw cell of this one.
    kinds = page.evaluate("() => jupyterapp.shell.currentWidget.content.widgets.map((cell) => cell.model.type)")
    assert kinds == ["code"] * len(CELLS)
    # JupyterLab itself notes that settings no longer reach a kernel.
    page.said = [(kind, text) for kind, text in page.said if "Could not send widget sync message" not in text]
    assert [text for kind, text in page.said if kind == "error"] == []
    assert re.findall(r".*(?:ERROR|CRITICAL|Traceback|^\[E).*", lab.log(), re.MULTILINE) == []
