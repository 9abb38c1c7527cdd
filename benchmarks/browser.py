"""The explorers in the page, in Chromium: from key press to changed pixels, and Play's frames a second.

python -m benchmarks.browser
"""

import shutil
import statistics
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tlr.course.explorers import Cobweb, Eigenvalues, Paths, Race, ReturnMap

RUNS = 5
#: Milliseconds at most, frames a second at least.
MOST, LEAST = 20, 30
#: Each with the label of a slider that is moved.
EXPLORERS = {
    Cobweb: "bound c",
    Eigenvalues: "condition κ",
    Paths: "rotation",
    Race: "condition κ",
    ReturnMap: "bound c",
}

# The page measures itself: from the key's own time stamp to the first frame whose pixels differ. The check is queued
# after the explorer's own drawing, so that it sees what this frame drew.
WATCH_KEYS = """() => {
    const plane = document.querySelector(".tlr-field canvas:last-of-type");
    // One row of pixels tells a change; reading all of them would be what is measured.
    const look = () => plane.getContext("2d").getImageData(0, plane.height >> 1, plane.width, 1).data.join();
    let [pressed, before] = [0, look()];
    window.waits = [];
    // The slider's own answer comes first.
    document.querySelectorAll("input").forEach((input) => input.addEventListener("keydown", (event) => {
        pressed = event.timeStamp;
        const check = () => {
            const now = look();
            if (now === before) return requestAnimationFrame(check);
            before = now;
            window.waits.push(performance.now() - pressed);
        };
        requestAnimationFrame(check);
    }));
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


def latency(page, label):
    """The median of a few dozen moves of a slider."""
    page.evaluate(WATCH_KEYS)
    slider = page.get_by_label(label, exact=True)
    for i in range(40):
        slider.press(("ArrowRight", "ArrowLeft")[i % 2])
        page.wait_for_function("(n) => window.waits.length > n", arg=i)
    return statistics.median(page.evaluate("() => window.waits"))


def rate(page):
    """Frames a second while the race runs."""
    page.get_by_role("button", name="Again").click()
    return page.evaluate(PLAY)


def measured(browser, page_url, label):
    """Medians of each run: (latencies, rates)."""
    waits, rates = [], []
    for _ in range(RUNS):
        # A page for each, as canvases that were read are drawn more slowly from then on.
        for found, measure in ((waits, lambda page: latency(page, label)), (rates, rate)):
            page = browser.new_page(viewport={"width": 1100, "height": 900})
            page.goto(page_url)
            found.append(measure(page))
            page.close()
    return waits, rates


def report(name, waits, rates):
    """Print the medians of one explorer; whether they keep the limits."""
    wait, frames = statistics.median(waits), statistics.median(rates)
    print(f"{name}: key press to changed pixels {wait:5.1f} ms, limit {MOST} ms (medians of runs: {_list(waits)})")
    print(f"{name}: Play {frames:5.1f} frames a second, at least {LEAST} (medians of runs: {_list(rates)})")
    return wait < MOST and frames >= LEAST


def main():
    chromium = shutil.which("chromium")
    if chromium is None:
        print("Chromium is not installed: nothing was measured.")
        return False
    good = []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        options = {"executable_path": chromium, "args": ["--no-sandbox", "--disable-dev-shm-usage"]}
        browser = driver.chromium.launch(**options)
        for explorer, label in EXPLORERS.items():
            saved = Path(folder) / f"{explorer.__name__}.html"
            explorer().save_html(saved)
            good.append(report(explorer.__name__, *measured(browser, saved.as_uri(), label)))
        browser.close()
    print("ok" if all(good) else "TOO SLOW")
    return not all(good)


def _list(values):
    return ", ".join(f"{value:.0f}" for value in sorted(values))


if __name__ == "__main__":
    raise SystemExit(main())
