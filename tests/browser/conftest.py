"""A real browser, and a JupyterLab for it to open."""

import contextlib
import shutil
from functools import partial

import pytest

from tools.lab import jupyterlab

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

#: How it is launched; no page that is tested needs another machine.
ALONE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
LAUNCH = {"executable_path": CHROMIUM, "args": ["--no-sandbox", "--disable-dev-shm-usage", ALONE]}


# Not for the whole session: Playwright keeps an event loop running, and other tests run their own.
@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed.")
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed.")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(**LAUNCH)
        yield browser
        browser.close()


@pytest.fixture
def visit(browser):
    """visit(url, **options) opens a page.

    `page.said` is what its console said, as (type, text), and `page.asked` every URL that it asked for.
    """
    with contextlib.ExitStack() as closing:
        yield partial(open_page, browser, closing)


@pytest.fixture
def saved(visit, tmp_path):
    """saved(explorer, **options of the browser) → its page, opened from a file; at the end its console was silent."""
    pages = []

    def saved(explorer, **options):
        explorer.save_html(tmp_path / "page.html")
        pages.append(visit((tmp_path / "page.html").as_uri(), offline=True, **options))
        return pages[-1]

    yield saved
    assert [page.said for page in pages] == [[]] * len(pages)


@pytest.fixture(scope="module")
def visit_once(browser):
    """The same for pages that all tests of a module share."""
    with contextlib.ExitStack() as closing:
        yield partial(open_page, browser, closing)


def open_page(browser, closing, url, **options):
    context = browser.new_context(**({"viewport": {"width": 1100, "height": 900}} | options))
    closing.callback(context.close)
    page = context.new_page()
    page.set_default_timeout(30_000)
    page.said, page.asked = [], []
    context.on("request", lambda request: page.asked.append(request.url))
    page.on("console", lambda message: page.said.append((message.type, message.text)))
    page.on("pageerror", lambda error: page.said.append(("error", str(error))))
    page.goto(url)
    return page


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    """A JupyterLab with nobody's settings: `url`, `address(name)`, `write(name, cells)` and `log()`."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed.")
    with jupyterlab(tmp_path_factory.mktemp("lab")) as running:
        yield running
