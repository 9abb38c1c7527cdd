"""Each notebook where readers open it: alone in an empty folder, beside what the course requires and nothing else.

Not part of `make test`: `make colab` runs it in the environment that it makes, and `make conda` in that of the tests.
"""

import os
import re
import shutil
import subprocess
import zipfile
from importlib import metadata
from types import SimpleNamespace

import pytest
from packaging.requirements import Requirement

from tools import environment
from tools.stamp import ROOT, notebooks, reference, repository

LIMIT = 1500  # MB: Binder grants 2000, and JupyterLab takes its share
COURSE = f"trainable_learning_rate-{environment.PROJECT['version']}.dist-info"
ALONE = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
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
    if reference() != "main":
        run("git", "tag", reference(), cwd=folder)
    return folder


#: What opens a notebook there; the rest of what the machine has is what the course requires.
OPENED_BY = ["ipykernel", "nbclient", "nbformat", "pip"]


@pytest.fixture(scope="session")
def colab(tmp_path_factory, published):
    """A machine with Colab's versions of what the course requires, and neither the course nor anything else.

    `python`, the `environ` to run it in, and the folder of its `packages`. To git, GitHub is `published`; so the setup
    cell can run as it is.
    """
    python, packages = environment.create(tmp_path_factory.mktemp("colab"))
    required = [*environment.stated("course"), *map(Requirement, OPENED_BY)]
    environment.lend(packages, environment.closure(required, partial=True))
    redirected = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{published.as_uri()}.insteadOf",
        "GIT_CONFIG_VALUE_0": f"https://github.com/{repository()}",
    }
    return SimpleNamespace(python=python, environ=ALONE | redirected, packages=packages)


@pytest.fixture(scope="session")
def conda(tmp_path_factory):
    """A machine with what environment.yml lists, in the versions that are here, and the course; the same three."""
    python, packages = environment.create(tmp_path_factory.mktemp("conda"))
    names = {conda: name for name, conda in environment.CONDA_NAMES.items()}
    listed = [Requirement(names.get(name, name)) for name in environment.conda() if name != "python"]
    environment.lend(packages, environment.closure(listed))
    zipfile.ZipFile(environment.wheel(tmp_path_factory.mktemp("wheel"))).extractall(packages)
    return SimpleNamespace(python=python, environ=ALONE, packages=packages)


def peak(machine, notebook, folder):
    """Run a copy of the notebook alone in an empty folder; the most memory that its kernel had, in MB."""
    copy = shutil.copy(notebook, folder)
    said = run(machine.python, ROOT / "tools" / "run_notebooks.py", copy, cwd=folder, env=machine.environ)
    return int(re.fullmatch(r".* s, (\d+) MB\n", said)[1])


def test_colab_has_these_versions():
    pinned = dict(line.split("==") for line in PACKAGES.splitlines() if not line.startswith("#"))
    assert {name: metadata.version(name) for name in pinned} == pinned


@pytest.mark.parametrize("notebook", notebooks(), ids=lambda path: path.stem)
def test_it_runs_on_colab(notebook, colab, tmp_path):
    before = {path.name for path in colab.packages.glob("*.dist-info")} - {COURSE}
    assert peak(colab, notebook, tmp_path) < LIMIT
    # The setup cell brought the course, from the repository, and nothing else: torch is as it was.
    assert {path.name for path in colab.packages.glob("*.dist-info")} - before == {COURSE}


@pytest.mark.parametrize("notebook", notebooks(), ids=lambda path: path.stem)
def test_it_runs_on_conda_and_binder(notebook, conda, tmp_path):
    assert peak(conda, notebook, tmp_path) < LIMIT
