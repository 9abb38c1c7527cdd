"""The site and the slides as they are built: legible, whole, light, and for everyone.

Not part of `make test`: `make check-site` builds what this opens.
"""

import io
import json
import shutil
import subprocess
import tarfile
import threading
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tools.build_site import SITE
from tools.build_slides import SLIDES

PAGES = sorted(path.relative_to(SITE).as_posix() for path in SITE.rglob("*.html") if "_static" not in path.parts)
DECKS = sorted(path.stem for path in SLIDES.glob("*.html") if "revealjs" in path.read_text(encoding="utf-8"))
MEGABYTE = 10**6
AXE = "axe-core@4.14.1"

#: Text below 20 pixels, what leaves the slide, and explorers that do not fit into their frame.
UNFIT = """() => {
    const [slide, scale] = [Reveal.getCurrentSlide(), Reveal.getScale()];
    const found = [];
    const small = (element) => parseFloat(getComputedStyle(element).fontSize) * scale < 20;
    const walker = document.createTreeWalker(slide, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const [text, parent] = [walker.currentNode.textContent.trim(), walker.currentNode.parentElement];
        if (text && !parent.closest("aside, style, mjx-container") && small(parent)) found.push(`small: ${text}`);
    }
    if ([...slide.querySelectorAll("mjx-container")].some(small)) found.push("small: a formula");
    if (slide.scrollHeight > 720) found.push(`${slide.scrollHeight} high`);
    const frames = [...slide.querySelectorAll("iframe")];
    if (!frames.length && slide.scrollWidth > slide.clientWidth) found.push(`${slide.scrollWidth} wide`);
    for (const { contentDocument } of frames) {
        const { scrollHeight, clientHeight } = contentDocument.documentElement;
        if (scrollHeight > clientHeight) found.push(`explorer ${scrollHeight} in ${clientHeight}`);
    }
    return found.length ? [slide.querySelector("h1, h2").textContent, ...found] : null;
}"""
#: Whether the explorers on a slide have come, and run.
HERE = """() => [...Reveal.getCurrentSlide().querySelectorAll("iframe")].every(({ contentDocument }) =>
    contentDocument?.readyState === "complete" && contentDocument.URL !== "about:blank")"""
#: Formulas are MathJax's own, and thousands of elements.
SERIOUS = """async () => (await axe.run({ exclude: ["mjx-container"] }, { resultTypes: ["violations"] })).violations
    .filter(({ impact }) => ["critical", "serious"].includes(impact))
    .map(({ id, nodes }) => [id, nodes.length, nodes[0].html.slice(0, 120)])"""

pytestmark = pytest.mark.skipif(not (PAGES and DECKS), reason="Make the site and the slides first: make check-site.")


class Handler(SimpleHTTPRequestHandler):
    """Says nothing of what it serves, and what is missing to the test."""

    def log_message(self, *_):
        pass

    def send_error(self, code, *rest):
        self.server.missing.append(self.path)
        super().send_error(code, *rest)


@pytest.fixture(scope="module")
def server():
    """Serves the folder build: `at(path)` is an address, `missing` what was asked for in vain."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=SITE.parent)) as server:
        server.missing = []
        server.at = lambda path: f"http://127.0.0.1:{server.server_port}/{path}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(scope="module")
def axe(request):
    """The source of axe-core, from the cache or from npm."""
    kept = request.config.cache.mkdir("axe") / f"{AXE}.js"
    if not kept.exists():
        command = [shutil.which("npm") or "npm", "pack", AXE, "--json", "--pack-destination", kept.parent]
        try:
            packed = subprocess.run(command, capture_output=True, check=True, timeout=60).stdout
        except (OSError, subprocess.SubprocessError):
            pytest.skip("axe-core comes from npm, which is not reachable here.")
        archive = kept.parent / json.loads(packed)[0]["filename"]
        with tarfile.open(fileobj=io.BytesIO(archive.read_bytes())) as files:
            kept.write_bytes(files.extractfile("package/axe.min.js").read())
    return kept.read_text(encoding="utf-8")


def ready(page):
    """Wait for the formulas and for what comes into view."""
    page.evaluate("() => window.MathJax?.startup?.promise")
    page.wait_for_load_state("networkidle")


def judged(page, axe):
    """The rules that the page and the frames in it break, critically or seriously."""
    broken = []
    for frame in (frame for frame in page.frames if frame.url.startswith("http")):  # the others have not come yet
        frame.evaluate(axe)
        broken += frame.evaluate(SERIOUS)
    return broken


@pytest.mark.parametrize("name", DECKS)
def test_every_slide_is_legible_and_holds_what_is_on_it(name, server, visit, axe):
    page = visit(server.at(f"slides/{name}.html"), viewport={"width": 1280, "height": 720})
    ready(page)
    wrong, broken = [], []
    while True:
        page.wait_for_load_state("networkidle")
        page.wait_for_function(HERE)
        page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        wrong += filter(None, [page.evaluate(UNFIT)])
        if page.evaluate("() => Reveal.getCurrentSlide().matches(':has(iframe)') || Reveal.isFirstSlide()"):
            broken += judged(page, axe)
        if page.evaluate("() => Reveal.isLastSlide()"):
            break
        page.evaluate("() => Reveal.next()")
    assert (wrong, broken) == ([], [])
    assert [text for kind, text in page.said if kind == "error"] == []


@pytest.mark.parametrize("width", [1366, 390])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_as_wide_as_the_screen_and_for_everyone(name, width, server, visit, axe):
    page = visit(server.at(f"site/{name}"), viewport={"width": width, "height": 800})
    ready(page)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width
    assert judged(page, axe) == []
    elsewhere = {url for url in page.asked if "127.0.0.1" not in url and not url.startswith(("data:", "blob:"))}
    assert not [url for url in elsewhere if not url.endswith(".svg")], "only badges are elsewhere"
    assert server.missing == []


def test_the_ledger_fits_on_a_phone(server, visit):
    page = visit(server.at("site/notebooks/08_ledger.html"), viewport={"width": 390, "height": 800})
    ready(page)
    page.locator("details:has(> table)").evaluate_all("(folds) => folds.forEach((fold) => (fold.open = true))")
    edges = "(rows) => rows.map((row) => row.getBoundingClientRect().right)"
    assert 0 < max(page.locator("details > table tr").evaluate_all(edges)) <= 390


def test_a_link_leads_to_its_place_below_formulas_and_explorers(server, visit):
    page = visit(server.at("site/notebooks/03b_noise.html#in-your-own-loop-in-two-lines"))
    ready(page)
    top = page.locator("#in-your-own-loop-in-two-lines").evaluate("(place) => place.getBoundingClientRect().top")
    assert 0 <= top < 200


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_light(name, server, visit, record_property):
    page = visit("about:blank")
    sizes = []
    page.on("response", lambda response: sizes.append(int(response.headers.get("content-length", 0))))
    began = time.perf_counter()
    page.goto(server.at(f"site/{name}"))
    page.evaluate("() => window.MathJax?.startup?.promise")
    record_property("seconds", f"{time.perf_counter() - began:.1f}")
    page.wait_for_load_state("networkidle")
    assert sum(sizes) < 1.5 * MEGABYTE
