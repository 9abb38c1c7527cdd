"""Environments that have some packages of this one, and no others: what a reader elsewhere would have."""

import re
import subprocess
import sys
import tomllib
import venv
from importlib import metadata
from pathlib import Path

import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

#: What conda-forge calls otherwise.
CONDA_NAMES = {"matplotlib": "matplotlib-base", "torch": "pytorch-cpu"}


def stated(extra=None):
    """What the package requires, or one of its extras with all that it builds on: a list of Requirements."""
    lines = PROJECT["optional-dependencies"][extra] if extra else PROJECT["dependencies"]
    found = []
    for requirement in map(Requirement, lines):
        own = requirement.name == PROJECT["name"]
        found += [each for wanted in requirement.extras for each in stated(wanted)] if own else [requirement]
    return found if extra is None else [*stated(), *found]


def conda():
    """What environment.yml installs: conda's name → version specification ("" for any)."""
    lines = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    return dict(re.fullmatch(r"([\w-]+)(.*)", line).groups() for line in lines)


def closure(requirements, partial=False, without=()):
    """The requirements with all that these bring here, by the metadata of what is installed: canonical names.

    Those in `without`, and what only they bring, are left out.

    Raises:
        PackageNotFoundError: one of them is not installed here, unless `partial`.
    """
    needed, queue = set(), [(requirement, "") for requirement in requirements]
    while queue:
        requirement, extra = queue.pop()
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        if canonicalize_name(requirement.name) in without:
            continue
        for wanted in ["", *requirement.extras]:
            if (key := (canonicalize_name(requirement.name), wanted)) not in needed:
                try:
                    lines = metadata.requires(requirement.name) or []
                except metadata.PackageNotFoundError:
                    if not partial:
                        raise
                    continue
                needed.add(key)
                queue += [(Requirement(line), wanted) for line in lines]
    return {name for name, _ in needed}


def create(folder):
    """A new, empty environment: its Python, and the folder of its packages."""
    venv.create(folder, symlinks=sys.platform != "win32")
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    return python, Path(subprocess.check_output([python, "-c", where], encoding="utf-8").strip())


def lend(packages, names):
    """Link the distributions of this environment into the folder `packages` of another."""
    for name in names:
        distribution = metadata.distribution(name)
        for top in {file.parts[0] for file in distribution.files} - {"..", "__pycache__"}:
            if not (packages / top).exists():
                (packages / top).symlink_to(distribution.locate_file(top))


def wheel(folder):
    """Build the package's wheel in `folder`; its path."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (path,) = folder.glob("*.whl")
    return path
