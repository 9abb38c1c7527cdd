"""The explorers in Chromium: milliseconds from key press to changed pixels, and Play's frames a second.

python -m benchmarks.browser
"""

import shutil
import statistics
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tlr.explorers import Race
from tools.lab import jupyterlab

RUNS = 5
#: Milliseconds at most, frames a second at least.
RACE_LIMITS, CORE_LIMITS = (20, 30), (80, 15)

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
    slider = page.locator("input[aria-label='condition']")
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
    let [pictures, first, last] = [-1, 0, 0];
    image.addEventListener("load", () => {
        [pictures, last] = [pictures + 1, performance.now()];
        first ||= last;
    });
    await new Promise((done) => setTimeout(done, 2000));
    return 1000 * pictures / (last - first);
}"""


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
    """The same for an explorer in JupyterLab, whose slider `label` is moved."""
    lab.write(f"{name}.ipynb", [f"from tlr.explorers import {name}\n{name}()"])
    page = browser.new_page(viewport={"width": 1300, "height": 1100})
    page.goto(f"{lab.url}/lab/tree/{name}.ipynb?reset")
    session = "globalThis.jupyterapp?.shell.currentWidget?.context?.sessionContext.session"
    page.wait_for_function(f"() => {session}?.kernel?.status === 'idle'")
    page.evaluate("() => { jupyterapp.commands.execute('notebook:run-all-cells'); }")
    image, waits, rates = page.locator("img.widget-image"), [], []
    handle = page.locator(".widget-hslider", has=page.get_by_text(label, exact=True)).locator(".noUi-handle")
    play = page.locator(".jupyter-widgets-play button, .widget-play button").first
    image.evaluate(WATCH_PICTURES)
    for _ in range(RUNS):
        page.evaluate("() => { window.waits = []; }")
        for i in range(20):
            handle.press(("ArrowRight", "ArrowLeft")[i % 2])
            page.wait_for_function("(n) => window.waits.length > n", arg=i)
            page.wait_for_timeout(50)  # the slider may have said more than once
        waits.append(statistics.median(page.evaluate("() => window.waits")))
        play.click()
        rates.append(image.evaluate(COUNT_PICTURES))
        play.click()
    page.close()
    return waits, rates


def report(name, measured, limits):
    """Print the medians of one explorer; whether they keep its limits."""
    (waits, rates), (most, least) = measured, limits
    wait, frames = statistics.median(waits), statistics.median(rates)
    print(f"{name}: key press to changed pixels {wait:5.1f} ms, limit {most} ms (medians of runs: {_list(waits)})")
    print(f"{name}: Play {frames:5.1f} frames a second, at least {least} (medians of runs: {_list(rates)})")
    return wait < most and frames >= least


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
        for name, label in (("Cobweb", "bound c"), ("Paths", "rotation (°)"), ("Eigenvalues", "condition number")):
            good.append(report(name, core(browser, lab, name, label), CORE_LIMITS))
        browser.close()
    print("ok" if all(good) else "TOO SLOW")
    return not all(good)


def _list(values):
    return ", ".join(f"{value:.0f}" for value in sorted(values))


if __name__ == "__main__":
    raise SystemExit(main())
