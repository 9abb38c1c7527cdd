"""A training that is watched, in a JupyterLab: α₀ is what is typed, Train trains meanwhile, and Stop stops it."""

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

live = Live({"tlr": slowly}, 1000, alpha0=0.02)
live
"""
RUN = f"async (code) => (await {SESSION}.session.kernel.requestExecute({{code}}).done).content.status"


def shown(lab, visit, name):
    """The page of a notebook with the explorer, once it is shown."""
    lab.write(name, [CELL])
    page = visit(lab.address(name), viewport={"width": 1300, "height": 1000})
    page.wait_for_function(f"() => {SESSION}?.session?.kernel?.status === 'idle'")
    page.evaluate("() => { jupyterapp.commands.execute('notebook:run-all-cells'); }")
    page.locator("img.widget-image").wait_for()
    return page


def test_the_first_rate_is_what_is_given_or_typed_to_the_last_digit(lab, visit):
    page = shown(lab, visit, "typed.ipynb")
    field, hand = page.locator(".widget-text input"), page.locator(".noUi-handle")
    page.wait_for_function("() => document.querySelector('.widget-text input').value === '0.02'")
    assert page.evaluate(RUN, "assert live.state()['alpha0'] == 0.02") == "ok"
    field.fill("0.0123")
    field.press("Enter")
    assert page.evaluate(RUN, "assert live.state()['alpha0'] == 0.0123") == "ok"
    assert field.input_value() == "0.0123"
    hand.press("ArrowRight")
    page.wait_for_function("() => document.querySelector('.widget-text input').value === '0.015'")
    assert page.evaluate(RUN, "assert live.state()['alpha0'] == 0.015") == "ok"
    field.fill("7")
    field.press("Enter")
    page.wait_for_function("() => document.querySelector('.widget-text input').value === '1'")


def test_train_and_stop_while_the_kernel_goes_on(lab, visit):
    page = shown(lab, visit, "live.ipynb")
    picture = page.locator("img.widget-image")
    empty = picture.get_attribute("src")

    page.locator("button:has-text('Train')").click()
    page.wait_for_function("before => document.querySelector('img.widget-image').src !== before", arg=empty)
    code = "assert 0 < len(live.histories['tlr'].epochs) < 1000"
    assert page.evaluate(RUN, code) == "ok"

    page.locator(".widget-button:has-text('Stop')").click()
    page.wait_for_function("() => document.querySelector('.widget-html').textContent.includes('stopped')")
    assert page.evaluate(RUN, "assert live.stop_button.disabled and not live.train_button.disabled") == "ok"
    assert page.evaluate(RUN, code) == "ok"
    assert page.locator("[data-mime-type='application/vnd.jupyter.error']").count() == 0
    assert [text for kind, text in page.said if kind == "error"] == []
