"""The signature explorer in Chromium: milliseconds from key press to changed pixels, and Play's frames a second.

python benchmarks/browser.py
"""

import shutil
import statistics
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tlr.explorers import Race

LATENCY_LIMIT, RATE_LIMIT, RUNS = 20, 30, 5

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


def main():
    chromium = shutil.which("chromium")
    if chromium is None:
        print("Chromium is not installed: nothing was measured.")
        return False
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        saved = Path(folder) / "race.html"
        Race().save_html(saved)
        options = {"executable_path": chromium, "args": ["--no-sandbox", "--disable-dev-shm-usage"]}
        browser = driver.chromium.launch(**options)
        waits, rates = [], []
        for _ in range(RUNS):
            # A page for each, as canvases that were read are drawn more slowly from then on.
            for measured, measure in ((waits, latency), (rates, rate)):
                page = browser.new_page(viewport={"width": 1100, "height": 900})
                page.goto(saved.as_uri())
                measured.append(measure(page))
                page.close()
        browser.close()
    wait, frames = statistics.median(waits), statistics.median(rates)
    good = wait < LATENCY_LIMIT and frames >= RATE_LIMIT
    print(f"key press to changed pixels {wait:5.1f} ms, limit {LATENCY_LIMIT} ms (medians of runs: {_list(waits)})")
    print(f"Play {frames:5.1f} frames a second, at least {RATE_LIMIT} (medians of runs: {_list(rates)})")
    print("ok" if good else "TOO SLOW")
    return not good


def _list(values):
    return ", ".join(f"{value:.0f}" for value in sorted(values))


if __name__ == "__main__":
    raise SystemExit(main())
