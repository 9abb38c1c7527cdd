"""Write the repository's name, which pyproject.toml holds, into every badge, link and setup cell.

python tools/stamp.py [OWNER/NAME]        # with a name: move to that repository first
"""

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

#: What this repository's name stands behind, here and in no link to another repository.
LINK = re.compile(
    r"(mybinder\.org/v2/gh/"
    r"|colab\.research\.google\.com/github/"
    r"|git\+https://github\.com/"
    r"|git clone https://github\.com/"
    r'|(?:repository-code: |Repository = )"https://github\.com/'
    r"|https://github\.com/(?=[\w.-]+/[\w.-]+/(?:actions|issues)/))"
    r"([\w.-]+/[\w.-]*[\w-])"
)
#: Where GitHub publishes its site.
PAGES = re.compile(r"https://([\w-]+)\.github\.io/([\w.-]*[\w-])")


def repository():
    """OWNER/NAME, from `project.urls` in pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return project["urls"]["Repository"].removeprefix("https://github.com/")


def stamped_files():
    """Every file that names the repository; pyproject.toml first."""
    return [ROOT / name for name in ("pyproject.toml", "README.md", "CITATION.cff", "site/api.md")] + notebooks()


def notebooks():
    """The course, in reading order."""
    return sorted((ROOT / "notebooks").glob("*.ipynb"))


def names(text):
    """The repositories that the text's badges, links and setup cells name."""
    return [match[2] for match in LINK.finditer(text)] + ["/".join(match.groups()) for match in PAGES.finditer(text)]


def stamp(text, name):
    """The text with `name` (OWNER/NAME) in each of those places."""
    owner, _, project = name.partition("/")
    return PAGES.sub(f"https://{owner}.github.io/{project}", LINK.sub(rf"\g<1>{name}", text))


def main(arguments):
    name = arguments[0] if arguments else repository()
    if len(arguments) > 1 or not re.fullmatch(r"[\w.-]+/[\w.-]*[\w-]", name):
        sys.exit(f"Name the repository as OWNER/NAME, as in `make stamp REPO=ada/course`, not {' '.join(arguments)!r}.")
    for path in stamped_files():
        text = path.read_text(encoding="utf-8")
        if (new := stamp(text, name)) != text:
            path.write_text(new, encoding="utf-8", newline="\n")
            print(f"{path.relative_to(ROOT)}: {name}")


if __name__ == "__main__":
    main(sys.argv[1:])
