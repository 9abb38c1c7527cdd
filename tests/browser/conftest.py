"""A real browser, and a JupyterLab for it to open."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from functools import partial
from types import SimpleNamespace

import nbformat
import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


# Not for the whole session: Playwright keeps an event loop running, and other tests run their own.
@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed.")
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed.")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield browser
        browser.close()


@pytest.fixture
def visit(browser):
    """visit(url, **options) opens a page; `page.said` is what its console said, as (type, text)."""
    with contextlib.ExitStack() as closing:
        yield partial(open_page, browser, closing)


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
    page.said = []
    page.on("console", lambda message: page.said.append((message.type, message.text)))
    page.on("pageerror", lambda error: page.said.append(("error", str(error))))
    page.goto(url)
    return page


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    """A JupyterLab with nobody's settings: `url`, and `write(name, cells)` and `log()`."""
    tmp_path = tmp_path_factory.mktemp("lab")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    notebooks, log = tmp_path / "notebooks", tmp_path / "lab.log"
    notebooks.mkdir()
    # By itself JupyterLab renders only those cells that are on the screen, and asks whether news may be fetched.
    for name, settings in (
        ("notebook-extension/tracker", {"windowingMode": "none"}),
        ("apputils-extension/notification", {"fetchNews": "false"}),
    ):
        path = tmp_path / "jupyterlab_settings_dir" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(settings))
    own = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    own += ("JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR")
    options = ["--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0"]
    options += ["--IdentityProvider.token=", "--LabApp.expose_app_in_browser=True"]
    options += ["--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate", "--LabApp.news_url="]
    with log.open("w") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *options],
            cwd=notebooks,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=os.environ | {name: str(tmp_path / name.lower()) for name in own},
        )

    def write(name, cells):
        book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        book.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
        nbformat.write(book, notebooks / name)

    url = f"http://127.0.0.1:{port}"
    try:
        _wait_for(url, server, log)
        yield SimpleNamespace(url=url, write=write, log=log.read_text)
    finally:
        server.terminate()
        server.wait(timeout=30)


def _wait_for(url, server, log):
    for _ in range(300):
        assert server.poll() is None, log.read_text()
        try:
            urllib.request.urlopen(f"{url}/api/status", timeout=5).close()
            return
        except urllib.error.URLError:
            time.sleep(0.1)
    pytest.fail(f"JupyterLab did not start: {log.read_text()}")
