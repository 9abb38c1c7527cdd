"""Each notebook as Colab opens it: its packages, the notebook alone in an empty folder, and its own setup cell.

Not part of `make test`, since it needs the environment that `make colab` makes.
"""

import os
import re
import shutil
import subprocess
import sys
import venv
from importlib import metadata
from types import SimpleNamespace

import pytest

from tools.stamp import ROOT, notebooks, repository

LIMIT = 1500  # MB: Binder grants 2000, and JupyterLab takes its share
PACKAGES = (ROOT / "tests" / "colab" / "packages.txt").read_text(encoding="utf-8")


def run(*command, **options):
    result = subprocess.run(command, capture_output=True, encoding="utf-8", **options)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.fixture(scope="session")
def published(tmp_path_factory):
    """The working tree as a git repository of one commit: what a push would publish."""
    folder = tmp_path_factory.mktemp("published")
    listed = run("git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", cwd=ROOT)
    for name in filter(None, listed.split("\0")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).exists():  # else deleted, and not yet committed
            shutil.copy(ROOT / name, folder / name, follow_symlinks=False)
    run("git", "init", "--quiet", cwd=folder)
    run("git", "add", "--all", cwd=folder)
    author = ("-c", "user.name=test", "-c", "user.email=test@localhost")
    run("git", *author, "commit", "--quiet", "--no-gpg-sign", "--message", "as it is", cwd=folder)
    return folder


@pytest.fixture(scope="session")
def colab(tmp_path_factory, published):
    """A machine with Colab's packages and without the course: `python` and the `environ` to run it in.

    To git, GitHub is `published`; so the setup cell can run as it is.
    """
    folder = tmp_path_factory.mktemp("machine")
    venv.create(folder, symlinks=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    below = [path for path in sys.path if path.endswith("site-packages")]
    (packages / "below.pth").write_text("\n".join(below), encoding="utf-8")
    redirected = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{published.as_uri()}.insteadOf",
        "GIT_CONFIG_VALUE_0": f"https://github.com/{repository()}",
    }
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | redirected
    return SimpleNamespace(python=folder / "bin" / "python", environ=environ, packages=packages)


def test_this_is_an_environment_of_colabs_packages():
    pinned = dict(line.split("==") for line in PACKAGES.splitlines() if not line.startswith("#"))
    assert {name: metadata.version(name) for name in pinned} == pinned


@pytest.mark.parametrize("notebook", notebooks(), ids=lambda path: path.stem)
def test_it_runs_alone_in_an_empty_folder(notebook, colab, tmp_path):
    copy = shutil.copy(notebook, tmp_path)
    said = run(colab.python, ROOT / "tools" / "run_notebooks.py", copy, cwd=tmp_path, env=colab.environ)
    megabytes = int(re.fullmatch(r".* s, (\d+) MB\n", said)[1])
    assert megabytes < LIMIT
    # The setup cell brought the course, from the repository, and nothing else: torch is as it was.
    brought = [path.name for path in colab.packages.glob("*.dist-info")]
    assert brought == [f"trainable_learning_rate-{metadata.version('trainable-learning-rate')}.dist-info"]
