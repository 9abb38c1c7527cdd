"""The house is in order: one name, one set of versions, arrows that point one way, and what others build from it."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from importlib import metadata

import numpy as np
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools import environment, readme_picture
from tools import readme_results as results
from tools.build_lite import carried
from tools.environment import CONDA_NAMES, PROJECT, closure, stated
from tools.stamp import LINK, ROOT, names, notebooks, pages, reference, repository, stamp, stamped_files

README = (ROOT / "README.md").read_text(encoding="utf-8")
DETAILS = (ROOT / "docs" / "optimizer.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", DETAILS, re.DOTALL)
#: What changes with the setting: the first table of the details, a row each.
SETTINGS = dict(re.findall(r"^\| ([^|]+) \| ([^|]*`[^|]*) \| [^|]+ \|$", DETAILS.partition("\n## ")[0], re.MULTILINE))

#: What is in `tlr` and in `tlr.course`: each module may import those before it, and those of the core.
CORE = ["rule", "reference", "optim", "formula", "toys", "descent"]
COURSE = [
    "without_torch",  # what `tlr.course` itself imports
    "console",
    "files",
    "workers",
    "peers",
    "data",
    "models",
    "precision",
    "curves",
    "training",
    "gradients",
    "noise",
    "steps",
    "theory",  # needs the core alone
    "records",  # what a run depends on and what became of it, which the experiments write
    "experiments",
    "exercises",
    "plots",
    "explorers",
    "ledger",
]
#: Modules of `tlr.course` that do without torch.
TORCHLESS = ("files", "curves", "steps", "theory", "plots", "explorers", "records", "experiments")
READING_ORDER = [*CORE, *(f"course.{name}" for name in COURSE)]


EXTRAS = sorted(PROJECT["optional-dependencies"])
#: Extras that neither `make` nor CI installs as a whole.
UNPINNED = ("rivals", "vision")

posix = pytest.mark.skipif(os.name == "nt", reason="Binder runs Linux: its scripts need bash.")


# One name


@pytest.mark.parametrize("path", stamped_files(), ids=lambda path: path.name)
def test_every_badge_and_link_names_the_repository_of_pyproject(path):
    found = names(path.read_text(encoding="utf-8"))
    assert found
    assert set(found) == {repository()}


def test_no_other_file_names_the_repository():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, encoding="utf-8")
    if listed.returncode:
        pytest.skip("This is no git checkout.")
    others = {ROOT / name for name in listed.stdout.splitlines()} - set(stamped_files())
    texts = {path: path.read_bytes() for path in others if path.is_file()}
    assert [path for path, text in texts.items() if repository().encode() in text] == []


def test_a_stamp_moves_every_link_and_no_other():
    text = (ROOT / "README.md").read_text(encoding="utf-8") + "https://github.com/somebody/else"
    moved = stamp(text, "ada/lovelace.v2", "v1.0")
    assert set(names(moved)) == {"ada/lovelace.v2"}
    assert "git+https://github.com/ada/lovelace.v2@v1.0\n" in moved
    assert "/ada/lovelace.v2/v1.0?urlpath=" in moved
    assert "https://ada.github.io/lovelace.v2/lite/lab/index.html?path=" in moved
    assert "/ada/lovelace.v2/blob/v1.0/notebooks/" in moved
    assert moved.endswith("https://github.com/somebody/else")
    assert stamp(moved, repository(), reference()) == text


@pytest.mark.parametrize("path", stamped_files(), ids=lambda path: path.name)
def test_every_badge_and_setup_cell_gets_the_branch_or_tag_of_pyproject(path):
    text = path.read_text(encoding="utf-8")
    assert stamp(text, repository(), reference()) == text


def test_readers_get_a_release_and_not_a_branch():
    assert reference() == f"v{PROJECT['version']}"


def test_a_stamp_refuses_what_is_no_repository():
    command = [sys.executable, ROOT / "tools" / "stamp.py", "https://github.com/ada/course"]
    result = subprocess.run(command, capture_output=True, encoding="utf-8")
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
        row = " ".join(line for line in README.splitlines() if f"(notebooks/{path.name})" in line)
        urls = {match.string[match.start() :].split(")")[0] for match in LINK.finditer(row)}
        assert urls == {
            f"mybinder.org/v2/gh/{repository()}/{reference()}?urlpath=lab/tree/notebooks/{path.name}",
            f"colab.research.google.com/github/{repository()}/blob/{reference()}/notebooks/{path.name}",
        }
        assert (f"({pages()}/lite/lab/index.html?path={path.name})" in row) == (path in carried())


def test_the_readme_has_the_minutes_that_each_notebook_says():
    rows = dict(re.findall(r"\(notebooks/(0\w+\.ipynb)\) \|.*?\| (\d+) \|", README))
    texts = {path.name: path.read_text(encoding="utf-8") for path in notebooks() if path.name in rows}
    said = {
        name: re.search(r"\*\*Time\*\*: (\d+) minutes.*?(\d+)( more)? for the exercises", texts[name]) for name in rows
    }
    assert len(rows) == 9
    assert rows == {name: time[1] for name, time in said.items()}
    reading, exercises = (sum(int(time[i]) for time in said.values()) / 60 for i in (1, 2))
    assert 4.25 < reading < 4.75
    assert 4.5 < exercises < 5.5
    assert "Some four and a half hours of reading, and five of exercises." in README


def test_the_readme_has_the_results_that_are_recorded():
    assert results.results() in README, "Run python tools/readme_results.py."


def test_the_verdicts_in_the_readme_are_the_ledgers():
    from tlr.course import ledger

    found = {number: each.verdict for number, each in ledger.findings().items() if not ledger.CLAIMS[number].ours}
    central = [found[number] for number in ledger.CENTRAL]
    assert [central.count(each) for each in ("holds", "holds in part", "does not hold")] == [1, 3, 2]
    assert "one holds, three hold in part, and two do not" in README
    holds, in_part, fails = ([*found.values()].count(each) for each in ("holds", "holds in part", "does not hold"))
    open_ = [[*found.values()].count(each) for each in ("undecided", "not tested")]
    told = f"{holds} hold, {in_part} in part, {fails} do not; {open_[0]} are undecided, {open_[1]} untested."
    assert f"has {len(found)} claims, each with its verdict: {told}" in README
    assert {found[number] for number in (3, 4, 22, 36, 40, 42, 43)} == {"does not hold"}  # the README's list
    assert found[20] == "holds in part"


def test_the_story_of_the_readme_is_recorded():
    from tlr.course.data import load
    from tlr.course.experiments import gradient_size, guessing, learned, lost_cases

    runs = lost_cases.recorded_runs()
    every = lost_cases.shared(runs)
    exact = every.loc["exact gradients"]
    lost = exact.lost
    assert f"with exact gradients, and {exact.runs.sgd} starts from which a fixed α cannot explode." in README
    assert (
        f"The paper's rule lost {lost.published}, the corrected one (Eq. 8′) {lost.secant}, a fixed α {lost.sgd}, "
        "where it hardly moved."
    ) in README
    fixed = [run for run in runs if run["method"] == "sgd" and run["group"] in ("functions", "full")]
    assert len({run["case"] for run in fixed}) == 6  # "six functions"
    assert max(run["highest"] / run["first"] for run in fixed) < 1.001
    assert min(run["last"] / run["first"] for run in fixed if lost_cases.is_lost(run)) > 0.9
    groups = lost_cases.shares(runs, ["steady"]).groupby("group").sum()  # with what the other methods did not run
    held_out = groups[groups.index.str.startswith("Held out")]
    assert lost.steady == held_out.lost.sum() == 0
    assert (
        f"It lost none of the {exact.runs.steady}, on which we built it, and none of {held_out.runs.sum()} held-out "
        f"runs, {held_out.runs['Held out, 15 steps and more']} of them in usual windows." in README
    )
    usual = guessing.GRID.index(guessing.USUAL["prodigy"])
    ends = {name: np.log(loss).mean(axis=1) for name, loss in guessing.losses(guessing.recorded_runs()).items()}
    assert ends["prodigy"][usual] < min(ends["tlr"].min(), ends["tlr_steady"].min())
    digits = len(load("digits").x_train)
    assert (
        f"we compared losses with Prodigy's on one task, {digits:,} small digits. There Prodigy ended lower" in README
    )
    usual = lost_cases.by_default(runs)
    lower = usual["cosine", "last"] < usual["steady", "last"]
    all_lost = usual["cosine", "lost"] == usual["cosine", "runs"]
    told = f'ended lower than "steady" on {lower.sum()} of {len(usual)} small tasks, but lost all its runs on two.'
    assert told in README
    assert [all_lost.sum(), usual["cosine", "lost"][~all_lost].sum(), usual["steady", "lost"].sum()] == [2, 0, 0]
    leaps = dict.fromkeys(learned.METHODS, 0)
    for run in learned.recorded_runs():
        leaps[run["method"]] += gradient_size.leap_of(run["loss"]) is not None
    assert [leaps[name] for name in ("Prodigy, no decay", "steady", "AdamW", "SGD")] == [2, 0, 0, 0]
    assert (
        "When three fine-tuned networks trained on after their task was learned, Prodigy's loss leapt in two; "
        'AdamW did not, nor did "steady" and SGD from 0.01' in README
    )


def test_the_loop_of_the_readme_shows_what_is_said_of_it():
    _, descents = readme_picture.race()
    fixed, blue, orange = (descent.loss for descent in descents.values())
    peak = blue.argmax()
    assert round(blue[peak] / blue[0] / 1e9) == 5
    assert "five billion times where it began" in README
    assert blue[:peak].min() < 1e-3 * blue[0]  # "it almost arrives"
    assert blue[peak] > fixed[peak]
    assert blue[-1] < orange[-1] < fixed[-1]
    assert readme_picture.STEPS == 45
    later = readme_picture.race(60)[1]
    assert later["secant"].loss[60] < later["published"].loss[60]
    assert "(At step 60 it is not: notebook 8 is about such choices.)" in README
    assert orange.max() < 1.1 * orange[0]


def test_the_readme_links_to_files_that_are_there():
    targets = re.findall(r"\]\((?!https?:|#)([^)]+)\)", README)
    assert targets
    assert [target for target in targets if not (ROOT / target.partition("#")[0]).exists()] == []


def test_the_readme_links_to_sections_that_are_there():
    places = re.findall(r"\]\((notebooks/\w+\.ipynb)#([^)]+)\)", README)
    assert places
    for name, place in places:
        cells = json.loads((ROOT / name).read_text(encoding="utf-8"))["cells"]
        lines = "".join(line for cell in cells for line in [*cell["source"], "\n"]).splitlines()
        headings = {line.lstrip("# ").replace(" ", "-") for line in lines if line.startswith("#")}
        assert place in headings, name


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


def test_the_memory_is_what_the_readme_and_its_details_say():
    import torch

    from tlr import TLR
    from tlr.optim import TLRAdamW

    def arrays(make):
        model = torch.nn.Linear(30, 40)
        optimizer = make(model.parameters())
        for _ in range(8):
            optimizer.zero_grad()
            model(torch.ones(1, 30)).square().mean().backward()
            optimizer.step()
        kept = [value for state in optimizer.state.values() for value in state.values() if torch.is_tensor(value)]
        return round(sum(value.numel() for value in kept) / sum(weight.numel() for weight in model.parameters()))

    def sgd(**options):
        return arrays(lambda weights: TLR(weights, lr=0.01, momentum=0.8, update_every=15, **options))

    assert arrays(lambda weights: torch.optim.SGD(weights, lr=0.01, momentum=0.8)) == 1
    assert arrays(torch.optim.AdamW) == 2
    assert sgd() == sgd(curvature="secant") == 3
    assert sgd(curvature="steady", epoch=45) == 4
    assert arrays(lambda weights: TLRAdamW(weights, update_every=15, curvature="steady", epoch=45)) == 5
    prodigy = pytest.importorskip("prodigyopt")
    assert arrays(lambda weights: prodigy.Prodigy(weights, lr=1.0)) == 4
    assert 'keeps one array of the size of all weights, Adam two, `"steady"` and Prodigy four' in README


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.splitlines()[0])
def test_the_examples_of_the_details_run_after_that_of_the_readme(example):
    import torch

    model = torch.nn.Linear(3, 1)
    (first,) = re.findall(r"```python\n(.*?)\nfor epoch", README, re.DOTALL)
    names = {"model": model, "loader": range(45)}
    exec(first, names)
    exec(example, names)
    assert names["optimizer"].param_groups[0]["curvature"] == "steady"


def test_every_row_of_the_settings_has_a_line():
    table = re.findall(r"^\| (?!Your setting)([^|]+) \|", DETAILS.partition("\n## ")[0], re.MULTILINE)
    assert table == [*SETTINGS]
    assert len(table) == 13


@pytest.fixture
def one_process():
    import torch.distributed as dist

    dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    yield
    dist.destroy_process_group()


@pytest.mark.parametrize("setting", SETTINGS)
def test_the_lines_of_the_settings_run_in_a_loop_that_goes_on(setting, tmp_path, monkeypatch, request):
    import torch
    from torch.nn.parallel import DistributedDataParallel
    from torch.nn.utils import clip_grad_norm_

    from tlr import TLRAdamW

    def backward(scaler=None):
        names["optimizer"].zero_grad()
        loss = names["model"](torch.ones(8, 3)).square().mean()
        (loss if scaler is None else scaler.scale(loss)).backward()

    if setting == "several processes":
        request.getfixturevalue("one_process")
    names = {"torch": torch, "model": torch.nn.Linear(3, 1), "loader": range(45), "k": 4, "SGD": torch.optim.SGD}
    names |= {"TLRAdamW": TLRAdamW, "clip_grad_norm_": clip_grad_norm_}
    names |= {"DistributedDataParallel": DistributedDataParallel}
    exec(EXAMPLES[0], names)
    backward()
    names["optimizer"].step()
    monkeypatch.chdir(tmp_path)
    torch.save(names["optimizer"].state_dict(), "optimizer.pt")
    names["scaler"] = torch.amp.GradScaler("cpu")
    backward(names["scaler"])
    for line in re.findall("`([^`]+)`", SETTINGS[setting].replace("leave `scheduler.step()` out", "")):
        exec(line, names)
        if line.startswith("options"):
            names["optimizer"] = names["TLR"](names["model"].parameters(), lr=0.01, **names["options"])
            assert names["options"].items() <= names["optimizer"].param_groups[0].items()
    backward()
    names["optimizer"].step()
    assert names["optimizer"].param_groups[0].get("curvature") == (None if setting == "fine-tuning" else "steady")


# Versions


def pins():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


@pytest.mark.parametrize("extra", [None, *EXTRAS])
def test_pyproject_states_one_lower_bound_that_the_pin_meets(extra):
    pinned = {pin.name: [] for pin in pins()}
    for pin in pins():
        pinned[pin.name] += pin.specifier
    for requirement in stated(extra):
        (bound,) = requirement.specifier
        assert bound.operator == ">="
        versions = [each.version for each in pinned.get(canonicalize_name(requirement.name), [])]
        assert versions or extra in UNPINNED, requirement
        assert all(version in bound for version in versions), requirement


def locked(name):
    """What a file of locks/ has: a Requirement and its hashes for each package."""
    text = (ROOT / "locks" / name).read_text(encoding="utf-8").replace("\\\n", "")
    lines = [line.split("--hash=sha256:") for line in text.splitlines() if not line.startswith("#")]
    return [(Requirement(pin), [each.strip() for each in hashes]) for pin, *hashes in lines]


@pytest.mark.parametrize("name", ["lab.txt", "dev.txt"])
def test_a_lock_has_hashes_and_the_versions_of_the_constraints(name):
    assert [pin for pin, hashes in locked(name) if not all(re.fullmatch("[0-9a-f]{64}", each) for each in hashes)] == []
    assert [pin for pin, hashes in locked(name) if not hashes] == []
    builders = {"editables", "hatchling"}
    assert builders <= {pin.name for pin, _ in locked(name)}
    assert {(pin.name, pin.specifier) for pin, _ in locked(name) if pin.name not in builders} <= {
        (pin.name, pin.specifier) for pin in pins()
    }


@pytest.mark.parametrize(
    ("name", "extra"), [("lab.txt", "lab"), *(("dev.txt", each) for each in ("dev", "site", "lite"))]
)
def test_a_lock_has_all_that_gets_installed_but_pytorch(name, extra):
    try:
        needed = closure(stated(extra))
    except metadata.PackageNotFoundError as missing:
        pytest.skip(f"{missing.name} is not installed.")
    left = needed - {pin.name for pin, _ in locked(name)}
    assert {each for each in left if not each.startswith(("triton", "nvidia-", "cuda-"))} == {"torch"}


def test_constraints_are_exact():
    for pin in pins():
        assert [each.operator for each in pin.specifier] == ["=="], pin


@pytest.mark.parametrize("extra", [extra for extra in EXTRAS if extra not in UNPINNED])
def test_every_package_that_gets_installed_is_pinned(extra):
    try:
        needed = closure(stated(extra))
    except metadata.PackageNotFoundError as missing:
        assert extra not in ("course", "lab", "dev")
        pytest.skip(f"{missing.name} is not installed.")
    assert needed - {pin.name for pin in pins()} == set()


def test_a_practitioners_install_is_small():
    brought = closure(stated())
    for_a_gpu = {name for name in brought if name.startswith(("nvidia-", "cuda-", "triton"))}  # torch's own on Linux
    assert len(brought - for_a_gpu) + 1 <= 12, sorted(brought)


def test_conda_brings_every_runtime_dependency():
    installed = environment.conda()
    for requirement in stated("course"):
        stated_there = installed[CONDA_NAMES.get(requirement.name, requirement.name)]
        assert stated_there.partition(",")[0] in ("", str(requirement.specifier))


@pytest.mark.parametrize("name", ["anywidget", "matplotlib", "numpy", "pandas", "sympy", "torch"])
def test_conda_takes_no_later_version_of_what_draws_and_computes_than_the_stored_outputs_come_from(name):
    (pin,) = [pin for pin in pins() if pin.name == name and not pin.marker]
    (version,) = pin.specifier
    assert environment.conda()[CONDA_NAMES.get(name, name)].endswith(f",<={version.version}")


# GitHub

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_runs_actions_of_one_commit_and_keeps_no_credentials(path):
    text = path.read_text(encoding="utf-8")
    used = re.findall(r"uses: (.*)", text)
    assert used
    assert [line for line in used if not re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40} # v[\d.]+", line)] == []
    assert len({line for line in used if line.startswith("actions/checkout")}) == 1
    assert text.count("persist-credentials: false") == text.count("uses: actions/checkout@")


def test_the_issue_form_has_the_field_that_the_notebooks_links_fill():
    form = yaml.safe_load((ROOT / ".github" / "ISSUE_TEMPLATE" / "notebook.yml").read_text(encoding="utf-8"))
    assert "notebook" in [field["id"] for field in form["body"]]
    assert {field["type"] for field in form["body"]} <= {"input", "dropdown", "textarea"}


# Binder


@posix
def test_binder_builds_from_the_one_environment():
    assert (ROOT / "binder" / "environment.yml").resolve() == (ROOT / "environment.yml").resolve()
    installed = environment.conda()
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
    assert subprocess.check_output(command, env=environ, encoding="utf-8") == "1 1 two words\n"


@posix
def test_repo2docker_would_build_binders_image_from_it():
    options = ["--no-build", "--debug", "--user-id", "1000", "--user-name", "jovyan"]
    # Without a default, a repository in which it finds nothing to build is an error.
    command = [sys.executable, "-m", "repo2docker", *options, "--Repo2Docker.default_buildpack=None", "."]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8")
    assert result.returncode == 0, result.stderr
    steps = result.stdout + result.stderr
    for step in ('--file "binder/environment.yml"', "RUN ./binder/postBuild", "/binder/start"):
        assert step in steps


def installed(python, folder):
    """Which of torch, pandas and tlr an environment has."""
    found = "import importlib.util as u; print(*(name for name in ('torch', 'pandas', 'tlr') if u.find_spec(name)))"
    return subprocess.check_output([python, "-c", found], cwd=folder, env=ALONE, encoding="utf-8").split()


@pytest.fixture
def fresh(tmp_path):
    """The Python of a new environment that has every dependency, lent from this one, but not the course."""
    python, packages = environment.create(tmp_path / "fresh")
    lent = [path for path in sys.path if path.endswith("site-packages")]
    (packages / "lent.pth").write_text("\n".join(lent), encoding="utf-8")
    assert installed(python, tmp_path) == ["torch", "pandas"]
    return python


@pytest.fixture
def practitioners(tmp_path):
    """The Python of a new environment that has torch, numpy and what these bring, by links, and nothing else."""
    python, packages = environment.create(tmp_path / "practitioners")
    environment.lend(packages, closure(stated()))
    assert installed(python, tmp_path) == ["torch"]
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
    for name in ("binder", "notebooks", "tlr", "tools"):
        shutil.copytree(
            ROOT / name, checkout / name, ignore=shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
        )
    for name in ("LICENSE", "README.md", "environment.yml", "pyproject.toml"):
        shutil.copy(ROOT / name, checkout)
    environ = ALONE | {"PATH": f"{fresh.parent}{os.pathsep}{os.environ['PATH']}"}
    subprocess.run([checkout / "binder" / "postBuild"], cwd=checkout, env=environ, check=True, capture_output=True)
    subprocess.run([fresh, "-c", IMPORT_ALL_AND_REPLAY], cwd=tmp_path, env=ALONE, check=True)
    shown = fresh.parents[1] / "etc" / "jupyter" / "labconfig" / "default_setting_overrides.json"
    assert "Markdown Preview" in shown.read_text(encoding="utf-8")


# The package


@pytest.mark.parametrize(
    "module",
    [
        "tlr",
        "tlr.rule",
        "tlr.toys",
        "tlr.descent",
        "tlr.course.theory",
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


def names_imported(path):
    """Every dotted name that a source file imports, wherever in the file it does."""
    folder = path.relative_to(ROOT).parts[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(folder[: len(folder) + 1 - node.level]) if node.level else ""
            source = ".".join(part for part in (base, node.module) if part)
            yield from (f"{source}.{alias.name}" for alias in node.names)


def imported(path):
    """The modules of the package that a source file imports, but for what `tlr/__init__.py` holds itself."""
    parts = [name.split(".")[1:] for name in names_imported(path) if name.startswith("tlr.")]
    return {room(each) for each in parts if [*(ROOT / "tlr").glob(f"{each[0]}*")]}


def libraries(*places):
    """The distributions that the source files in these places import, `tlr` and each other left out."""
    paths = [
        path for place in places for path in ([ROOT / place] if place.endswith(".py") else (ROOT / place).rglob("*.py"))
    ]
    assert paths
    own = {"tlr", "tools", "tests"} | {path.stem for path in paths}
    names = {name.split(".")[0] for path in paths for name in names_imported(path)} - sys.stdlib_module_names - own
    providers = metadata.packages_distributions()
    return {name: set(map(canonicalize_name, providers[name])) for name in names}


@pytest.mark.parametrize(
    ("extra", "places"),
    {
        "course": ["tlr/course"],
        "dev": ["tests", "tools", "benchmarks", "examples", "conftest.py"],
        "site": ["site", "tools/build_site.py", "tools/build_slides.py"],
        "lite": ["tools/build_lite.py", "tools/environment.py"],
    }.items(),
)
def test_an_extra_names_every_library_that_its_files_import(extra, places):
    optional = stated("rivals") if extra == "course" else []  # imported where one of them is asked for
    named = {canonicalize_name(requirement.name) for requirement in [*stated(extra), *optional]}
    assert {name for name, providers in libraries(*places).items() if named.isdisjoint(providers)} == set()


def core():
    """Every source file of `tlr` outside `tlr.course`."""
    package = ROOT / "tlr"
    return [path for path in sorted(package.rglob("*.py")) if path.relative_to(package).parts[0] != "course"]


def test_the_core_imports_what_torch_and_numpy_bring():
    named = closure(stated())
    places = [path.relative_to(ROOT).as_posix() for path in core()]
    assert {name for name, providers in libraries(*places).items() if named.isdisjoint(providers)} == set()


SOURCES = [
    path for place in ("tlr", "tools", "tests", "benchmarks", "examples") for path in (ROOT / place).rglob("*.py")
]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_text_is_read_or_written_as_the_locale_says(path):
    """Windows writes cp1252, where there is no α."""
    calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    for call in calls:
        name = getattr(call.func, "attr", getattr(call.func, "id", ""))
        stated = {keyword.arg for keyword in call.keywords}
        modes = [argument.value for argument in call.args if isinstance(argument, ast.Constant)]
        text = name in ("read_text", "write_text") or "text" in stated or "universal_newlines" in stated
        text |= name == "open" and isinstance(call.func, ast.Name) and not any("b" in str(mode) for mode in modes)
        text |= name == "open" and bool(modes) and call.args[0].__dict__.get("value") in ("r", "w", "a", "x")
        processes = ("run", "Popen", "check_output", "check_call")
        if text and name in ("read_text", "write_text", "open", *processes):
            assert "encoding" in stated, f'line {call.lineno}: state encoding="utf-8"'


@pytest.mark.parametrize(("name", "path"), modules())
def test_a_module_imports_only_those_before_it(name, path):
    before = READING_ORDER[: READING_ORDER.index(name) + 1]
    assert set(imported(path)) <= set(before)


@pytest.mark.parametrize("path", core(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_nothing_outside_the_course_imports_it(path):
    assert [name for name in names_imported(path) if name.startswith("tlr.course")] == []
    texts = [
        node.value for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Constant)
    ]
    assert [text for text in texts if isinstance(text, str) and re.fullmatch(r"(tlr)?\.course[\w.]*", text)] == []


@pytest.fixture
def wheel(tmp_path):
    return environment.wheel(tmp_path)


def test_the_wheel_installs_and_replays_the_records(wheel, fresh, tmp_path):
    subprocess.run([fresh, "-m", "pip", "install", "--quiet", "--no-deps", wheel], env=ALONE, check=True)
    subprocess.run([fresh, "-c", IMPORT_ALL_AND_REPLAY], cwd=tmp_path, env=ALONE, check=True)


IMPORT_THE_CORE_AND_TRAIN = """
import importlib, pkgutil, sys, torch, tlr
for package in ("tlr", "tlr.optim"):
    for module in pkgutil.iter_modules(importlib.import_module(package).__path__, f"{package}."):
        if module.name != "tlr.course":
            importlib.import_module(module.name)
assert tlr.__file__.startswith(sys.prefix), tlr.__file__
weights = torch.nn.Parameter(torch.ones(3))
for optimizer in (tlr.TLR([weights], lr=0.1), tlr.optim.TLRAdamW([weights], update_every=50)):
    for _ in range(3):
        optimizer.zero_grad()
        weights.square().sum().backward()
        optimizer.step()
assert weights.square().sum() < 1
assert tlr.learning_rates(optimizer)
toy = tlr.toys.from_expression("x**2 + y**2", (1, 1), ((-1, 1), (-1, 1)))
assert (toy.gradient([1, 1]) == 2).all()
assert not [name for name in sys.modules if name.startswith("tlr.course")]
"""


@posix
def test_the_wheels_core_works_with_torch_and_numpy_alone(wheel, practitioners, tmp_path):
    (packages,) = practitioners.parent.parent.glob("lib/python*/site-packages")
    zipfile.ZipFile(wheel).extractall(packages)
    subprocess.run([practitioners, "-W", "error", "-c", IMPORT_THE_CORE_AND_TRAIN], cwd=tmp_path, env=ALONE, check=True)


def test_the_wheel_holds_the_package_and_its_data(wheel):
    held = set(zipfile.ZipFile(wheel).namelist())
    sources = {path.relative_to(ROOT).as_posix() for path in (ROOT / "tlr").rglob("*.py")}
    front = {path.relative_to(ROOT).as_posix() for path in (ROOT / "tlr" / "course" / "explorers" / "front").iterdir()}
    recorded = {
        path.relative_to(ROOT).as_posix() for path in (ROOT / "tlr" / "course" / "records" / "recorded").glob("*.json*")
    }
    assert recorded
    embedded = {"tlr/course/data/digits.npz"}
    assert sources | front | recorded | embedded | {"tlr/py.typed"} <= held
    assert {name.split("/")[0] for name in held} == {"tlr", f"trainable_learning_rate-{PROJECT['version']}.dist-info"}
