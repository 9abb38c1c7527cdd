"""The explorers in Chromium: from key press to changed pixels, Play's frames a second, and how far dragging lags.

python -m benchmarks.browser
"""

import math
import shutil
import statistics
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tlr.course.explorers import Race
from tools.lab import jupyterlab

RUNS = 5
#: Milliseconds at most, frames a second at least.
RACE_LIMITS, CORE_LIMITS = (20, 30), (80, 15)
#: Milliseconds from the last move of a drag to the last new picture.
LAG_LIMIT = 300

# The page measures itself: from the key's own time stamp to the first frame whose pixels differ. The check is queued
# after the explorer's own drawing, so that it sees what this frame drew.
WATCH_KEYS = """() => {
    const plane = document.querySelector(".tlr-plane");
    // One row of pixels tells a change; reading all of them would be what is measured.
    const look = () => plane.getContext("2d").getImageData(0, plane.height >> 1, plane.width, 1).data.join();
    let [pressed, before] = [0, look()];
    window.waits = [];
    document.addEventListener("keydown", (event) => { pressed = event.timeStamp; }, true);
    document.addEventListener("input", () => {
        const check = () => {
            const now = look();
            if (now === before) return requestAnimationFrame(check);
            before = now;
            window.waits.push(performance.now() - pressed);
        };
        requestAnimationFrame(check);
    });
}"""

PLAY = """() => new Promise((done) => {
    const button = document.querySelector(".tlr-player button");
    button.click();
    let [frames, first] = [-1, 0];
    const count = (now) => {
        frames += 1;
        first ||= now;
        if (now - first > 2000) { button.click(); done(1000 * frames / (now - first)); }
        else requestAnimationFrame(count);
    };
    requestAnimationFrame(count);
})"""


def latency(page):
    """The median of a few dozen moves of the slider for the condition number."""
    page.evaluate(WATCH_KEYS)
    slider = page.get_by_label("condition κ", exact=True)
    for i in range(40):
        slider.press("ArrowRight")
        page.wait_for_function("(n) => window.waits.length > n", arg=i)
    return statistics.median(page.evaluate("() => window.waits"))


def rate(page):
    """Frames a second while the race runs."""
    page.get_by_role("button", name="Again").click()
    return page.evaluate(PLAY)


# The same for a picture that the kernel draws: up to the frame in which the new one is on the screen.
WATCH_PICTURES = """(image) => {
    let pressed = 0;
    document.addEventListener("keydown", (event) => { pressed = event.timeStamp; }, true);
    image.addEventListener("load", () => requestAnimationFrame(() => window.waits.push(performance.now() - pressed)));
}"""

COUNT_PICTURES = """async (image) => {
    const shown = [];
    image.addEventListener("load", () => shown.push(performance.now()));
    await new Promise((done) => setTimeout(done, 1500));
    return 1000 * (shown.length - 1) / (shown.at(-1) - shown[0]);
}"""

# Whatever moves comes to rest: the picture of a second later is that of where the handle was left.
WATCH_DRAG = """(image) => {
    window.moved = window.shown = 0;
    document.addEventListener("pointermove", (event) => { window.moved = event.timeStamp; }, true);
    image.addEventListener("load", () => requestAnimationFrame(() => { window.shown = performance.now(); }));
}"""


def lag(page, slider):
    """How long after the last of many moves, at a hand's pace, the picture is that of where the handle was left."""
    handle, track = (slider.locator(part).bounding_box() for part in (".noUi-handle", ".noUi-target"))
    mouse, y = page.mouse, track["y"] + track["height"] / 2
    mouse.move(handle["x"] + handle["width"] / 2, y)
    mouse.down()
    for i in range(120):
        share = 0.5 - 0.4 * math.cos(i / 10)
        mouse.move(track["x"] + share * track["width"], y)
        page.wait_for_timeout(8)
    page.wait_for_timeout(1000)
    mouse.up()
    return page.evaluate("() => window.shown - window.moved")


def race(browser, page_url):
    """Medians of each run: (latencies, rates)."""
    waits, rates = [], []
    for _ in range(RUNS):
        # A page for each, as canvases that were read are drawn more slowly from then on.
        for measured, measure in ((waits, latency), (rates, rate)):
            page = browser.new_page(viewport={"width": 1100, "height": 900})
            page.goto(page_url)
            measured.append(measure(page))
            page.close()
    return waits, rates


def core(browser, lab, name, label):
    """The same for an explorer in JupyterLab, whose slider `label` is moved, and its lags."""
    lab.write(f"{name}.ipynb", [f"from tlr.course.explorers import {name}\n{name}()"])
    page = browser.new_page(viewport={"width": 1300, "height": 1100})
    page.goto(lab.address(f"{name}.ipynb"))
    session = "globalThis.jupyterapp?.shell.currentWidget?.context?.sessionContext.session"
    page.wait_for_function(f"() => {session}?.kernel?.status === 'idle'")
    page.evaluate("() => { jupyterapp.commands.execute('notebook:run-all-cells'); }")
    image, waits, rates, lags = page.locator("img.widget-image"), [], [], []
    slider, steps = (
        page.locator(".widget-hslider", has=page.get_by_text(text, exact=True)) for text in (label, "step t")
    )
    handle = slider.locator(".noUi-handle")
    play = page.locator(".jupyter-widgets-play button, .widget-play button").first
    image.evaluate(WATCH_PICTURES)
    image.evaluate(WATCH_DRAG)
    for _ in range(RUNS):
        page.evaluate("() => { window.waits = []; }")
        for i in range(20):
            handle.press(("ArrowRight", "ArrowLeft")[i % 2])
            page.wait_for_function("(n) => window.waits.length > n", arg=i)
            page.wait_for_timeout(50)  # the slider may have said more than once
        waits.append(statistics.median(page.evaluate("() => window.waits")))
        lags.append(lag(page, slider))
        steps.locator(".noUi-handle").press("Home")
        page.wait_for_timeout(500)
        play.click()
        rates.append(image.evaluate(COUNT_PICTURES))
        play.click()
    page.close()
    return waits, rates, lags


def report(name, measured, limits):
    """Print the medians of one explorer; whether they keep its limits."""
    (waits, rates, *lags), (most, least) = measured, limits
    wait, frames = statistics.median(waits), statistics.median(rates)
    print(f"{name}: key press to changed pixels {wait:5.1f} ms, limit {most} ms (medians of runs: {_list(waits)})")
    print(f"{name}: Play {frames:5.1f} frames a second, at least {least} (medians of runs: {_list(rates)})")
    for late in lags:
        print(
            f"{name}: the last picture after a drag's last move {statistics.median(late):.0f} ms, "
            f"limit {LAG_LIMIT} ms (runs: {_list(late)})"
        )
    return wait < most and frames >= least and all(statistics.median(late) < LAG_LIMIT for late in lags)


def main():
    chromium = shutil.which("chromium")
    if chromium is None:
        print("Chromium is not installed: nothing was measured.")
        return False
    with tempfile.TemporaryDirectory() as folder, jupyterlab(Path(folder)) as lab, sync_playwright() as driver:
        saved = Path(folder) / "race.html"
        Race().save_html(saved)
        options = {"executable_path": chromium, "args": ["--no-sandbox", "--disable-dev-shm-usage"]}
        browser = driver.chromium.launch(**options)
        good = [report("Race", race(browser, saved.as_uri()), RACE_LIMITS)]
        for name, label in (("Eigenvalues", "condition number"),):
            good.append(report(name, core(browser, lab, name, label), CORE_LIMITS))
        browser.close()
    print("ok" if all(good) else "TOO SLOW")
    return not all(good)


def _list(values):
    return ", ".join(f"{value:.0f}" for value in sorted(values))


if __name__ == "__main__":
    raise SystemExit(main())
