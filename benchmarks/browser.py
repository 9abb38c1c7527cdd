"""The explorers in the page, in Chromium: key press to changed pixels, frames while dragging and while playing, and how
long after the last event the last picture is there.

python -m benchmarks.browser
"""

import os
import shutil
import statistics
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tlr.course.explorers import Basins, Cobweb, Eigenvalues, Newton, Paths, Race, ReturnMap

RUNS = 3
#: Milliseconds from key to pixels and from the last event to the last picture, at most; frames a second, at least.
MOST, LAST, LEAST = 20, 100, 30
#: Each with the label of a slider that is moved.
EXPLORERS = {
    Basins: "α₀",
    Newton: "αₜ / best",
    Cobweb: "bound c",
    Eigenvalues: "condition κ",
    Paths: "condition κ",
    Race: "condition κ",
    ReturnMap: "bound c",
}

# The page measures itself: from the key's own time stamp to the first frame whose pixels differ. The check is queued
# after the explorer's own drawing, so that it sees what this frame drew.
WATCH_KEYS = """() => {
    const plane = document.querySelector(".tlr-field canvas:last-of-type");
    // A row and a column of pixels tell a change; reading all of them would be what is measured.
    const read = (...box) => plane.getContext("2d").getImageData(...box).data.join();
    const look = () => read(0, plane.height >> 1, plane.width, 1) + read(plane.width >> 3, 0, 1, plane.height);
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


# Moves of a hand, one in each frame for a second; then how long until nothing is drawn any more.
DRAG = """() => new Promise((done) => {
    const canvas = document.querySelector(".tlr-field canvas");
    const box = canvas.getBoundingClientRect();
    const event = (kind, share) => canvas.dispatchEvent(new PointerEvent(kind, {
        bubbles: true, pointerId: 1, button: 0,
        clientX: box.left + (0.2 + 0.6 * share) * box.width, clientY: box.top + (0.3 + 0.3 * share) * box.height,
    }));
    canvas.setPointerCapture = () => {};
    canvas.hasPointerCapture = () => true;
    event("pointerdown", 0);
    let [frames, first] = [-1, 0];
    const move = (now) => {
        frames += 1;
        first ||= now;
        event("pointermove", (frames % 40) / 40);
        if (now - first < 1500) return requestAnimationFrame(move);
        const ended = performance.now();
        // The frame that answers this event has been drawn when the one after it begins.
        return requestAnimationFrame(() => requestAnimationFrame(() =>
            done([1000 * frames / (now - first), performance.now() - ended])));
    };
    requestAnimationFrame(move);
})"""


def rate(page):
    """Frames a second while the explorer plays; None where nothing does."""
    if not page.get_by_role("button", name="Again").count():
        return None
    page.get_by_role("button", name="Again").click()
    return page.evaluate(PLAY)


def measured(browser, page_url, label):
    """What was measured in each run: {"key": …, "drag": …, "last": …, "play": …}."""
    found = {"key": [], "drag": [], "last": [], "play": []}
    for _ in range(RUNS):
        # A page for each, as canvases that were read are drawn more slowly from then on.
        for measure in (lambda page: {"key": latency(page, label)}, dragged, lambda page: {"play": rate(page)}):
            page = browser.new_page(viewport={"width": 1100, "height": 900}, reduced_motion="no-preference")
            page.goto(page_url)
            page.wait_for_selector(".tlr-fate:not(:empty)")
            for name, value in measure(page).items():
                found[name].append(value)
            page.close()
    return found


def dragged(page):
    """Frames a second while a hand drags on the picture, and milliseconds from its last move to the last picture."""
    frames, last = page.evaluate(DRAG)
    return {"drag": frames, "last": last}


def report(name, found):
    """Print the medians of one explorer; whether they keep the limits."""
    limits = {"key": (MOST, "ms"), "drag": (LEAST, "frames/s"), "last": (LAST, "ms"), "play": (LEAST, "frames/s")}
    good = True
    for what, values in found.items():
        if None in values:
            continue
        (limit, unit), value = limits[what], statistics.median(values)
        kept = value >= limit if unit == "frames/s" else value < limit
        word = "at least" if unit == "frames/s" else "limit"
        said = "" if kept else "  TOO SLOW"
        print(f"{name:12}{what:5}{value:6.1f} {unit}, {word} {limit} (runs: {_list(values)}){said}")
        good &= kept
    return good


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
            good.append(report(explorer.__name__, measured(browser, saved.as_uri(), label)))
        browser.close()
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores: " + ("ok" if all(good) else "TOO SLOW"))
    return not all(good)


def _list(values):
    return ", ".join(f"{value:.0f}" for value in sorted(values))


if __name__ == "__main__":
    raise SystemExit(main())
