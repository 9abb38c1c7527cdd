"""The house is in order: one name, one set of versions, arrows that point one way, and what others build from it."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
import venv
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools.stamp import LINK, ROOT, names, notebooks, repository, stamp, stamped_files

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CORE_RUNTIME = [Requirement(line) for line in PROJECT["dependencies"]]
RUNTIME = [*CORE_RUNTIME, *(Requirement(line) for line in PROJECT["optional-dependencies"]["course"])]
DEVELOPMENT = [
    requirement
    for line in PROJECT["optional-dependencies"]["dev"]
    if (requirement := Requirement(line)).name != PROJECT["name"]
]
TRAINERS = [Requirement(line) for line in PROJECT["optional-dependencies"]["trainers"]]
SITE = [Requirement(line) for line in PROJECT["optional-dependencies"]["site"]]
README = (ROOT / "README.md").read_text(encoding="utf-8")

#: What is in `tlr` and in `tlr.course`: each module may import those before it, and those of the core.
CORE = ["rule", "reference", "optim", "toys", "descent"]
COURSE = [
    "files",
    "peers",
    "data",
    "models",
    "precision",
    "curves",
    "training",
    "gradients",
    "records",  # what a run depends on and what became of it, which the experiments write
    "experiments",
    "exercises",
    "plots",
    "explorers",
    "ledger",
]
#: Modules of `tlr.course` that do without torch.
TORCHLESS = ("files", "curves", "plots", "explorers", "records", "experiments")
READING_ORDER = [*CORE, *(f"course.{name}" for name in COURSE)]

posix = pytest.mark.skipif(os.name == "nt", reason="Binder runs Linux: its scripts need bash.")


# One name


@pytest.mark.parametrize("path", stamped_files(), ids=lambda path: path.name)
def test_every_badge_and_link_names_the_repository_of_pyproject(path):
    found = names(path.read_text(encoding="utf-8"))
    assert found
    assert set(found) == {repository()}


def test_no_other_file_names_the_repository():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("This is no git checkout.")
    others = {ROOT / name for name in listed.stdout.splitlines()} - set(stamped_files())
    texts = {path: path.read_bytes() for path in others if path.is_file()}
    assert [path for path, text in texts.items() if repository().encode() in text] == []


def test_a_stamp_moves_every_link_and_no_other():
    text = (ROOT / "README.md").read_text(encoding="utf-8") + "https://github.com/somebody/else"
    moved = stamp(text, "ada/lovelace.v2")
    assert set(names(moved)) == {"ada/lovelace.v2"}
    assert moved.endswith("https://github.com/somebody/else")
    assert stamp(moved, repository()) == text


def test_a_stamp_refuses_what_is_no_repository():
    command = [sys.executable, ROOT / "tools" / "stamp.py", "https://github.com/ada/course"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 1
    assert "OWNER/NAME" in result.stderr


def test_the_citation_is_of_this_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == PROJECT["version"]
    assert citation["license"] == PROJECT["license"]
    assert [reference["title"] for reference in citation["references"]] == ["Trainable Learning Rate"]


# The front page


def test_the_readme_lists_every_notebook_with_its_badges():
    for path in notebooks():
        row = next((line for line in README.splitlines() if f"(notebooks/{path.name})" in line), "")
        urls = {match.string[match.start() :].split(")")[0] for match in LINK.finditer(row)}
        assert urls == {
            f"mybinder.org/v2/gh/{repository()}/main?urlpath=lab/tree/notebooks/{path.name}",
            f"colab.research.google.com/github/{repository()}/blob/main/notebooks/{path.name}",
        }


def test_the_readme_links_to_files_that_are_there():
    targets = re.findall(r"\]\((?!https?:|#)([^)]+)\)", README)
    assert targets
    assert [target for target in targets if not (ROOT / target).exists()] == []


def test_the_readme_names_only_commands_that_make_has():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    commands = set(re.findall(r"\bmake ([a-z]+)", "\n".join(re.findall(r"```.*?```|`[^`]+`", README, re.DOTALL))))
    assert {"lab", "test"} <= commands <= set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))


def test_the_readme_example_trains():
    import torch

    (example,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    torch.manual_seed(0)
    model = torch.nn.Linear(3, 1)
    images = torch.randn(64, 3)
    labels = images.sum(dim=1, keepdim=True)
    loader = [(images[i : i + 8], labels[i : i + 8]) for i in range(0, 64, 8)]
    loss = torch.nn.MSELoss()
    before = loss(model(images), labels).item()
    exec(example, {"model": model, "loader": loader, "loss": loss, "epochs": 5})
    assert loss(model(images), labels).item() < before / 2


# Versions


def pins():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


@pytest.mark.parametrize(
    "requirement", [*RUNTIME, *DEVELOPMENT, *TRAINERS, *SITE], ids=lambda requirement: requirement.name
)
def test_pyproject_states_one_lower_bound_that_the_pin_meets(requirement):
    (bound,) = requirement.specifier
    assert bound.operator == ">="
    pinned = [pin.specifier for pin in pins() if pin.name == canonicalize_name(requirement.name)]
    assert pinned
    assert all(each.version in bound for specifier in pinned for each in specifier)


def test_constraints_are_exact():
    for pin in pins():
        assert [each.operator for each in pin.specifier] == ["=="], pin


@pytest.mark.parametrize("stated", [DEVELOPMENT, TRAINERS, SITE], ids=["dev", "trainers", "site"])
def test_every_package_that_gets_installed_is_pinned(stated):
    try:
        for requirement in stated:
            metadata.version(requirement.name)
    except metadata.PackageNotFoundError as missing:
        assert stated is not DEVELOPMENT
        pytest.skip(f"{missing.name} is not installed.")
    pinned = {pin.name for pin in pins()}
    needed, queue = set(), [(requirement, "") for requirement in (*RUNTIME, *stated)]
    while queue:
        requirement, extra = queue.pop()
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        for wanted in ["", *requirement.extras]:
            if (key := (canonicalize_name(requirement.name), wanted)) not in needed:
                needed.add(key)
                lines = metadata.requires(requirement.name) or []
                queue += [(Requirement(line), wanted) for line in lines]
    assert {name for name, _ in needed} - pinned == set()


def environment():
    """What environment.yml installs: name → version specification ("" for any)."""
    stated = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    return dict(re.fullmatch(r"([\w-]+)(.*)", line).groups() for line in stated)


def test_conda_brings_every_runtime_dependency():
    installed = environment()
    conda_name = {"torch": "pytorch-cpu"}
    for requirement in RUNTIME:
        assert installed[conda_name.get(requirement.name, requirement.name)] in ("", str(requirement.specifier))


# Binder


@posix
def test_binder_builds_from_the_one_environment():
    assert (ROOT / "binder" / "environment.yml").resolve() == (ROOT / "environment.yml").resolve()
    installed = environment()
    assert re.fullmatch(r"=3\.\d+", installed["python"]), "repo2docker falls back to an old Python for anything else"
    for frozen in ("jupyterlab", "ipywidgets"):
        assert installed[frozen] == "", f"Binder's base image brings its own {frozen}"


@posix
@pytest.mark.parametrize("name", ["postBuild", "start"])
def test_binder_scripts_are_executable_and_stop_at_the_first_failure(name):
    script = ROOT / "binder" / name
    assert os.access(script, os.X_OK)
    assert "set -euo pipefail" in script.read_text(encoding="utf-8")
    subprocess.run(["bash", "-n", script], check=True)


@posix
def test_binder_start_hands_over_with_one_thread():
    environ = {key: value for key, value in os.environ.items() if not key.endswith("_NUM_THREADS")}
    show = "import os, sys; print(os.environ['OMP_NUM_THREADS'], os.environ['MKL_NUM_THREADS'], sys.argv[1])"
    command = [ROOT / "binder" / "start", sys.executable, "-c", show, "two words"]
    assert subprocess.check_output(command, env=environ, text=True) == "1 1 two words\n"


@posix
def test_repo2docker_would_build_binders_image_from_it():
    options = ["--no-build", "--debug", "--user-id", "1000", "--user-name", "jovyan"]
    # Without a default, a repository in which it finds nothing to build is an error.
    command = [sys.executable, "-m", "repo2docker", *options, "--Repo2Docker.default_buildpack=None", "."]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    steps = result.stdout + result.stderr
    for step in ('--file "binder/environment.yml"', "RUN ./binder/postBuild", "/binder/start"):
        assert step in steps


@pytest.fixture
def fresh(tmp_path):
    """The Python of a new environment that has every dependency, lent from this one, but not the course."""
    venv.create(tmp_path / "fresh", symlinks=os.name != "nt")
    python = tmp_path / "fresh" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages = Path(subprocess.check_output([python, "-c", where], text=True).strip())
    lent = [path for path in sys.path if path.endswith("site-packages")]
    (packages / "lent.pth").write_text("\n".join(lent), encoding="utf-8")
    found = "import importlib.util; print(*map(bool, map(importlib.util.find_spec, ('torch', 'tlr'))))"
    assert subprocess.check_output([python, "-c", found], cwd=tmp_path, env=ALONE, text=True) == "True False\n"
    return python


# pip reads "0" as: build with the hatchling that is here, without fetching another.
ALONE = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | {"PIP_NO_BUILD_ISOLATION": "0"}
IMPORT_ALL_AND_REPLAY = """
import importlib, pkgutil, sys, tlr
for module in pkgutil.walk_packages(tlr.__path__, "tlr."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
from tlr.course import experiments, records
assert tlr.__file__.startswith(sys.prefix), tlr.__file__
settings = experiments.settings("figure-1-mnist", epochs=8)
found = records.load(settings)
assert len(found) == len(settings) > 0
assert len(records.table(found)) > len(found)
"""


@posix
def test_binders_postbuild_leaves_the_course_installed(fresh, tmp_path):
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    for name in ("binder", "notebooks", "tlr"):
        shutil.copytree(
            ROOT / name, checkout / name, ignore=shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
        )
    for name in ("LICENSE", "README.md", "environment.yml", "pyproject.toml"):
        shutil.copy(ROOT / name, checkout)
    environ = ALONE | {"PATH": f"{fresh.parent}{os.pathsep}{os.environ['PATH']}"}
    subprocess.run([checkout / "binder" / "postBuild"], cwd=checkout, env=environ, check=True, capture_output=True)
    subprocess.run([fresh, "-c", IMPORT_ALL_AND_REPLAY], cwd=tmp_path, env=ALONE, check=True)


# The package


@pytest.mark.parametrize(
    "module",
    [
        "tlr",
        "tlr.rule",
        "tlr.toys",
        "tlr.descent",
        "tlr.course.plots",
        "tlr.course.explorers",
        "tlr.course.records",
        "tlr.course.experiments",
    ],
)
def test_importing_it_does_not_import_torch(module):
    check = f"import sys, {module}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], cwd=ROOT).returncode == 0


def modules():
    """Every source file of the package, with the name of the module (or folder) that it belongs to."""
    package = ROOT / "tlr"
    own = (package / "__init__.py", package / "course" / "__init__.py")
    paths = sorted(path.relative_to(package) for path in package.rglob("*.py") if path not in own)
    return [pytest.param(room(path.with_suffix("").parts), package / path, id=path.as_posix()) for path in paths]


def room(parts):
    """The module, or the folder of modules, that a dotted name below `tlr` belongs to."""
    return ".".join(parts[:2] if parts[0] == "course" else parts[:1])


def imported(path):
    """The modules of the package that a source file imports, wherever in the file it does."""
    folder = path.relative_to(ROOT).parts[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            full = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(folder[: len(folder) + 1 - node.level]) if node.level else ""
            source = ".".join(part for part in (base, node.module) if part)
            full = [f"{source}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in full:
            if name.startswith("tlr."):
                yield room(name.split(".")[1:])


def test_every_library_that_the_package_imports_is_a_dependency():
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in (ROOT / "tlr").rglob("*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in nodes if isinstance(node, ast.ImportFrom) and not node.level}
    libraries = {name.split(".")[0] for name in names} - sys.stdlib_module_names - {"tlr"}
    providers = metadata.packages_distributions()
    stated = {requirement.name for requirement in RUNTIME}
    assert [name for name in libraries if stated.isdisjoint(map(canonicalize_name, providers[name]))] == []


@pytest.mark.parametrize(("name", "path"), modules())
def test_a_module_imports_only_those_before_it(name, path):
    before = READING_ORDER[: READING_ORDER.index(name) + 1]
    assert set(imported(path)) <= set(before)


def test_nothing_outside_the_course_imports_it():
    core = [value for name, value in (each.values for each in modules()) if not name.startswith("course.")]
    assert core
    assert [path for path in core if any(name.startswith("course.") for name in imported(path))] == []


@pytest.fixture
def wheel(tmp_path):
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", tmp_path]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    return wheel


def test_the_wheel_installs_and_replays_the_records(wheel, fresh, tmp_path):
    subprocess.run([fresh, "-m", "pip", "install", "--quiet", "--no-deps", wheel], env=ALONE, check=True)
    subprocess.run([fresh, "-c", IMPORT_ALL_AND_REPLAY], cwd=tmp_path, env=ALONE, check=True)


def test_the_wheel_holds_the_package_and_its_data(wheel):
    held = set(zipfile.ZipFile(wheel).namelist())
    sources = {path.relative_to(ROOT).as_posix() for path in (ROOT / "tlr").rglob("*.py")}
    front = {path.relative_to(ROOT).as_posix() for path in (ROOT / "tlr" / "course" / "explorers" / "front").iterdir()}
    recorded = {
        path.relative_to(ROOT).as_posix() for path in (ROOT / "tlr" / "course" / "records" / "recorded").glob("*.json")
    }
    assert recorded
    assert sources | front | recorded | {"tlr/course/data/digits.npz"} <= held
    assert {name.split("/")[0] for name in held} == {"tlr", f"trainable_learning_rate-{PROJECT['version']}.dist-info"}
