"""A training that is watched: in a JupyterLab, Train trains, other cells run meanwhile, and Stop stops it."""

import pytest

pytest.importorskip("playwright.sync_api", reason="Playwright is not installed.")

SESSION = "globalThis.jupyterapp?.shell.currentWidget?.context?.sessionContext"
CELL = """
import time
from tlr.course.explorers import Live
from tlr.course.training import Epoch, History

def slowly(alpha0, on_epoch):
    history = History(alpha0=(alpha0,))
    try:
        for epoch in range(1000):
            time.sleep(0.02)
            history.epochs.append(Epoch(1 / (epoch + 1), 0.5, (alpha0,), 0, 0))
            on_epoch(history)
    except KeyboardInterrupt:
        history.status = "interrupted"
    return history

live = Live({"tlr": slowly}, 1000)
live
"""


def test_train_and_stop_while_the_kernel_goes_on(lab, visit):
    lab.write("live.ipynb", [CELL])
    page = visit(lab.address("live.ipynb"), viewport={"width": 1300, "height": 1000})
    page.wait_for_function(f"() => {SESSION}?.session?.kernel?.status === 'idle'")
    page.evaluate("() => { jupyterapp.commands.execute('notebook:run-all-cells'); }")
    picture = page.locator("img.widget-image")
    empty = picture.get_attribute("src")

    page.locator("button:has-text('Train')").click()
    page.wait_for_function("before => document.querySelector('img.widget-image').src !== before", arg=empty)
    code = "assert 0 < len(live.histories['tlr'].epochs) < 1000"
    run = f"async (code) => (await {SESSION}.session.kernel.requestExecute({{code}}).done).content.status"
    assert page.evaluate(run, code) == "ok"

    page.locator(".widget-button:has-text('Stop')").click()
    page.wait_for_function("() => document.querySelector('.widget-html').textContent.includes('stopped')")
    assert page.evaluate(run, "assert live.stop_button.disabled and not live.train_button.disabled") == "ok"
    assert page.evaluate(run, code) == "ok"
    assert page.locator("[data-mime-type='application/vnd.jupyter.error']").count() == 0
    assert [text for kind, text in page.said if kind == "error"] == []
