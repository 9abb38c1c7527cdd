"""A JupyterLab for a browser that tests or measures."""

import contextlib
import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from types import SimpleNamespace

import nbformat

__all__ = ["jupyterlab"]

# By itself JupyterLab renders only those cells that are on the screen, and asks whether news may be fetched.
_SETTINGS = {
    "notebook-extension/tracker": {"windowingMode": "none"},
    "apputils-extension/notification": {"fetchNews": "false"},
}
_FOLDERS = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
_FOLDERS += ("JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR")


@contextlib.contextmanager
def jupyterlab(folder):
    """A JupyterLab with nobody's settings, in an empty folder, as long as the context lasts.

    Yields:
        `url`; `address(name)` opens one of its notebooks, with the token without which it answers nobody, for others on
        this machine can reach it; `write(name, cells)` writes a notebook of code cells for it to open; `log()` is what
        the server and its kernels said.

    Raises:
        RuntimeError: when it does not start.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    notebooks, log = folder / "notebooks", folder / "lab.log"
    notebooks.mkdir()
    for name, settings in _SETTINGS.items():
        path = folder / "jupyterlab_settings_dir" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(settings), encoding="utf-8")
    options = ["--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0"]
    options += ["--LabApp.expose_app_in_browser=True"]
    options += ["--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate", "--LabApp.news_url="]
    token = secrets.token_urlsafe()
    environ = {name: str(folder / name.lower()) for name in _FOLDERS}
    with log.open("w", encoding="utf-8") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *options],
            cwd=notebooks,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=os.environ | environ | {"JUPYTER_TOKEN": token},  # others could read it from the command line
        )

    def write(name, cells):
        book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        book.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
        nbformat.write(book, notebooks / name)

    url = f"http://127.0.0.1:{port}"

    def address(name):
        return f"{url}/lab/tree/{name}?reset&token={token}"

    try:
        _wait_for(f"{url}/api/status?token={token}", server, log)
        yield SimpleNamespace(url=url, address=address, write=write, log=lambda: log.read_text(encoding="utf-8"))
    finally:
        server.terminate()
        server.wait(timeout=30)


def _wait_for(url, server, log):
    for _ in range(300):
        if server.poll() is not None:
            break
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except urllib.error.URLError:
            time.sleep(0.1)
    raise RuntimeError(f"JupyterLab did not start: {log.read_text(encoding='utf-8')}")
