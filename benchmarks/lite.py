"""How long a reader waits for the first figure where the notebook runs in the page alone: a first visit and a second.

python benchmarks/lite.py    # after `make lite`; half a minute a visit on two idle cores
"""

import statistics
import tempfile
import threading
import time
from functools import partial
from http.server import ThreadingHTTPServer

from playwright.sync_api import sync_playwright

from tests.browser.check_lite import IDLE, LITE, MODEL, RUN_ALL, Handler
from tests.browser.conftest import LAUNCH

LIMIT = 30  # seconds
ROUNDS = 3
#: The first cell of each notebook that draws.
FIRST = {"01_derivation": "first-step", "02_quadratics": "one-picture"}
DRAWN = f"""(id) => {{
    const cell = [...{MODEL}.cells].find((cell) => cell.id === id);
    return cell.outputs.length > 0 && cell.executionState === "idle" && cell.executionCount > 0;
}}"""
CLEAR = f"() => {{ for (const cell of {MODEL}.cells) if (cell.type === 'code') cell.clearExecution(); }}"


def wait(context, url, cell):
    """Seconds from the address to the first figure."""
    page, start = context.new_page(), time.perf_counter()
    page.set_default_timeout(600_000)
    page.goto(url)
    page.wait_for_function(IDLE)
    page.evaluate(CLEAR)
    page.evaluate(RUN_ALL)
    page.wait_for_function(DRAWN, arg=cell)
    seconds = time.perf_counter() - start
    page.close()
    return seconds


def main():
    if not (LITE / "lab").exists():
        print("There is no build/lite: make it with `make lite`.")
        return
    waited = {(name, visit): [] for name in FIRST for visit in ("first", "second")}
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=LITE)) as server, sync_playwright() as play:
        server.sent = 0
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for name in FIRST:
            url = f"http://127.0.0.1:{server.server_port}/course/lab/index.html?path={name}.ipynb"
            for _ in range(ROUNDS):
                with (
                    tempfile.TemporaryDirectory() as folder,
                    play.chromium.launch_persistent_context(folder, **LAUNCH) as context,
                ):
                    for visit in ("first", "second"):
                        waited[name, visit].append(wait(context, url, FIRST[name]))
        server.shutdown()
    for (name, visit), seconds in waited.items():
        print(f"{name}, {visit} visit: {statistics.median(seconds):.1f} s to the first figure (limit {LIMIT} s)")


if __name__ == "__main__":
    main()
