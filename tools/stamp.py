"""Write the repository's name and the branch or tag that readers get, which pyproject.toml holds, into every badge,
link and setup cell.

python tools/stamp.py [OWNER/NAME] [--ref BRANCH-OR-TAG]        # with either: move there first
"""

import argparse
import re
import sys
import tomllib
from pathlib import Path

from tlr.course.files import replacing

ROOT = Path(__file__).resolve().parent.parent

#: What this repository's name stands behind, here and in no link to another repository; and the branch or tag.
LINK = re.compile(
    r"(mybinder\.org/v2/gh/"
    r"|colab\.research\.google\.com/github/"
    r"|git\+https://github\.com/"
    r"|git clone https://github\.com/"
    r'|(?:repository-code: |Repository = )"https://github\.com/'
    r"|https://github\.com/(?=[\w.-]+/[\w.-]+/(?:actions|issues)/))"
    r"([\w.-]+/[\w.-]*[\w-])"
    r"(@[\w.-]+|/blob/[\w.-]+(?=/)|/[\w.-]+(?=\?urlpath))?"
)
#: Where GitHub publishes its site.
PAGES = re.compile(r"https://([\w-]+)\.github\.io/([\w.-]*[\w-])")
REF = re.compile(r'^(ref = )"[^"]*"', re.MULTILINE)


def pyproject():
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def repository():
    """OWNER/NAME, from `project.urls` in pyproject.toml."""
    return pyproject()["project"]["urls"]["Repository"].removeprefix("https://github.com/")


def pages():
    """Where GitHub publishes the repository's site."""
    owner, _, name = repository().partition("/")
    return f"https://{owner}.github.io/{name}"


def reference():
    """The branch or tag that badges open and setup cells install, from `tool.stamp` in pyproject.toml."""
    return pyproject()["tool"]["stamp"]["ref"]


def stamped_files():
    """Every file that names the repository; pyproject.toml first."""
    return [ROOT / name for name in ("pyproject.toml", "README.md", "CITATION.cff", "site/api.md")] + notebooks()


def notebooks():
    """The course, in reading order."""
    return sorted((ROOT / "notebooks").glob("*.ipynb"))


def names(text):
    """The repositories that the text's badges, links and setup cells name."""
    return [match[2] for match in LINK.finditer(text)] + ["/".join(match.groups()) for match in PAGES.finditer(text)]


def stamp(text, name, ref):
    """The text with `name` (OWNER/NAME), and where readers get the course the branch or tag `ref`, in each place."""

    def moved(match):
        before, _, there = match.groups()
        if before.startswith("mybinder"):
            there = f"/{ref}"
        elif before.startswith("colab"):
            there = f"/blob/{ref}"
        elif before.startswith("git+"):
            there = "" if ref == "main" else f"@{ref}"
        return f"{before}{name}{there or ''}"

    owner, _, project = name.partition("/")
    return PAGES.sub(f"https://{owner}.github.io/{project}", LINK.sub(moved, text))


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("name", nargs="?", default=repository(), metavar="OWNER/NAME")
    parser.add_argument("--ref", default=reference(), help="a branch or tag")
    arguments = parser.parse_args()
    if not re.fullmatch(r"[\w.-]+/[\w.-]*[\w-]", arguments.name):
        sys.exit(f"Name the repository as OWNER/NAME, as in `make stamp REPO=ada/course`, not {arguments.name!r}.")
    for path in stamped_files():
        text = path.read_text(encoding="utf-8")
        new = stamp(text, arguments.name, arguments.ref)
        if path.name == "pyproject.toml":
            new = REF.sub(rf'\g<1>"{arguments.ref}"', new)
        if new != text:
            with replacing(path) as part:
                part.write_text(new, encoding="utf-8", newline="\n")
            print(f"{path.relative_to(ROOT)}: {arguments.name}, {arguments.ref}")


if __name__ == "__main__":
    main()
