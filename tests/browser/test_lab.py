"""Explorers in a JupyterLab: run the notebook, move the controls, see the pictures change, and nothing complain."""

import re

SESSION = "globalThis.jupyterapp?.shell.currentWidget?.context?.sessionContext"
CELLS = ["from tlr.explorers import Paths, Race", "race = Race()\nrace", "Paths()"]
RUN = f"async (code) => (await {SESSION}.session.kernel.requestExecute({{code}}).done).content.status"
PIXELS = "(root) => [...root.querySelectorAll('canvas')].map((canvas) => canvas.toDataURL()).join()"
NEXT_FRAME = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


def open_and_run(lab, visit, name):
    # High enough for every output to be on the screen: JupyterLab only renders what is.
    page = visit(f"{lab.url}/lab/tree/{name}?reset", viewport={"width": 1300, "height": 2400})
    page.wait_for_function(f"() => {SESSION}?.session?.kernel?.status === 'idle'")
    page.evaluate("() => { jupyterapp.commands.execute('notebook:run-all-cells'); }")
    page.wait_for_selector(".tlr-race .tlr-fate:not(:empty)")
    page.wait_for_selector(".widget-image")
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


def move_the_paths(page):
    image = page.locator("img.widget-image")
    for row in ("c (TLR)", "condition number", "α₀"):
        slider = page.locator(".widget-hslider").filter(has_text=row).locator(".noUi-handle")
        for key in ("Home", "End"):
            before = image.get_attribute("src")
            slider.press(key)
            page.wait_for_function("(before) => document.querySelector('img.widget-image').src !== before", arg=before)
    before = image.get_attribute("src")
    page.locator(".widget-checkbox input").first.click()
    page.wait_for_function("(before) => document.querySelector('img.widget-image').src !== before", arg=before)


def test_explorers_in_jupyterlab_and_after_the_kernel_is_gone(lab, visit):
    lab.write("explorers.ipynb", CELLS)
    page = open_and_run(lab, visit, "explorers.ipynb")
    move_the_race(page)
    move_the_paths(page)

    page.locator(".tlr-race input[aria-label='alpha0']").press("End")
    assert page.evaluate(RUN, "assert race.alpha0 == 1000") == "ok"
    before = pixels(page)
    assert page.evaluate(RUN, "race.alpha0 = 0.01") == "ok"
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
