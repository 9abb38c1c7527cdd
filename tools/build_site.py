"""Build the course as a web site from what the notebooks store: nothing is run, and every warning is an error.

python tools/build_site.py [--pdf]    # writes build/site/index.html, and lists the links that lead elsewhere

--pdf prints the notebooks with Chromium, too: each is offered at its head, and all in one file on the first page.
"""

import base64
import io
import re
import shutil
import subprocess
import sys
from functools import partial
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import nbformat
import pypdf
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tlr.course import explorers  # noqa: E402
from tlr.course.explorers.page import METADATA, PageExplorer  # noqa: E402
from tools.readme_picture import FIRST_LOOK  # noqa: E402
from tools.stamp import notebooks, repository  # noqa: E402

SOURCE, SITE = ROOT / "build" / "site-source", ROOT / "build" / "site"
PROSE = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/optimizer.md", "docs/lectures.md", "docs/experiments.md")
TO_CELL = re.compile(r"(?:(\w+)\.ipynb)?#(cell-id=[\w-]+)")
WIDGET = "application/vnd.jupyter.widget-view+json"
FRAME = '<iframe class="explorer {}" src="{}" loading="lazy" title="{}" allow="fullscreen; clipboard-write"></iframe>'
CONTENTS = """
```{toctree}
:hidden:
:caption: The course
:glob:

notebooks/*
```

```{toctree}
:hidden:
:caption: The optimizer

docs/optimizer
api
```

```{toctree}
:hidden:
:caption: For those who teach or change it

docs/lectures
docs/experiments
CONTRIBUTING
CHANGELOG
```
"""


def write_sources(pdf=False):
    """Copy the pages to SOURCE, in the form that Sphinx reads; `pdf` says whether they will be printed."""
    shutil.rmtree(SOURCE, ignore_errors=True)
    for folder in ("notebooks", "docs"):
        (SOURCE / folder).mkdir(parents=True)
    for picture in (ROOT / "docs").glob("*.webp"):
        shutil.copy(picture, SOURCE / "docs")
    for name in PROSE:
        text = linked((ROOT / name).read_text(encoding="utf-8"), ROOT / name)
        if name == "README.md":
            # The race itself, in place of the loop that leads to it.
            race = framed("race.html", explorers.Race)
            text = re.sub(r"^\[!\[[^\]]*\]\(docs/first_look.*$", race, text, flags=re.MULTILINE)
            text += CONTENTS
            if pdf:
                text += '\n\n<a href="pdf/course.pdf">The whole course as one PDF</a>, solutions opened.\n'
        (SOURCE / name.replace("README", "index")).write_text(text, encoding="utf-8")
    shutil.copy(ROOT / "site" / "api.md", SOURCE)
    cited = {
        (match[1] or path.stem, match[2])
        for path in notebooks()
        for match in TO_CELL.finditer(path.read_text(encoding="utf-8"))
    }
    for path in notebooks():
        book = nbformat.read(path, as_version=4)
        for cell in book.cells:
            place = f'<span id="cell-id={cell.id}"></span>' if (path.stem, f"cell-id={cell.id}") in cited else ""
            if cell.cell_type == "markdown":
                cell.source = f"{place}\n\n{linked(cell.source, path)}" if place else linked(cell.source, path)
                continue
            folded = cell.metadata.get("jupyter", {})
            if folded.get("source_hidden"):  # folded in JupyterLab, and so on the page
                fold = "hide-cell" if folded.get("outputs_hidden") else "hide-input"
                cell.metadata.tags = [*cell.metadata.get("tags", []), fold]
            cell.outputs = [shown(output, f"{path.stem}-{cell.id}") for output in cell.outputs]
            caption = cell.source.partition("\n")[0].removeprefix("# ")
            prompts = dict.fromkeys(("code_prompt_show", "code_prompt_hide"), caption) if folded else {}
            cell.metadata["mystnb"] = {"image": {"alt": alternative(cell)}, **prompts}
            if place:
                cell.outputs.insert(0, html_output(place))
        if pdf:
            book.cells[0].source += f'\n\n<a href="../pdf/{path.stem}.pdf">This page as PDF</a>, solutions opened.'
        nbformat.write(book, SOURCE / "notebooks" / path.name)


def alternative(cell):
    """What is read in place of the figures of a cell: the heading that its author gave them for slides."""
    return cell.metadata.get("slide", "").partition("\n")[0] or "A figure: the text beside it says what it shows"


def slug(heading):
    """What links call a heading; JupyterLab's name for it gives the same."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def linked(text, path):
    """Markdown whose links lead to pages of the site, and those to what is none of them to the repository."""

    def target(match):
        name, _, anchor = match[1].partition("#")
        if not name:
            return f"](#{slug(anchor)})"
        file = (path.parent / name).resolve()
        if file == ROOT / "README.md":
            return f"]({name.replace('README', 'index')}#{slug(anchor)})"
        if file in notebooks():
            return f"]({name}#{slug(anchor)})" if anchor else match[0]
        if file.suffix == ".webp" or file in [ROOT / page for page in PROSE]:
            return match[0]
        return f"](https://github.com/{repository()}/blob/main/{file.relative_to(ROOT).as_posix()})"

    text = re.sub(
        r"\[([^]]*)\]\(" + TO_CELL.pattern + r"\)", lambda match: to_cell(match[1], *match.groups()[1:]), text
    )
    return re.sub(r"\]\((?!https?:|mailto:)([^)\s]+)\)", target, text)


def to_cell(text, name, anchor):
    return f'<a href="{name + ".html" if name else ""}#{anchor}">{text}</a>'


def shown(output, name):
    """An output without a kernel: an explorer in the page lives on, any other is its picture and its name."""
    data = output.get("data", {})
    if page := explorer_page(output):
        (SITE / "explorers").mkdir(parents=True, exist_ok=True)
        (SITE / "explorers" / f"{name}.html").write_text(page, encoding="utf-8")
        still = data.get("text/html") or still_picture(data, name)
        frame = framed(f"../explorers/{name}.html", explorer_of(output))
        return html_output(f'{frame}<div class="still">{still}</div>')
    if WIDGET in data:
        picture = still_picture(data, name)
        return html_output(f"<figure>{picture}<figcaption>{data['text/plain']}</figcaption></figure>")
    if "text/html" in data:
        data["text/html"] = TO_CELL.sub(r"\1.html#\2", data["text/html"])
    return output


def still_picture(data, name):
    """The stored picture of a widget as an `img`; it is written beside the explorers' pages."""
    (SITE / "explorers").mkdir(parents=True, exist_ok=True)
    with Image.open(io.BytesIO(base64.b64decode(data["image/png"]))) as opened:
        opened.save(SITE / "explorers" / f"{name}.webp", lossless=True)
    return f'<img loading="lazy" src="../explorers/{name}.webp" alt="">'


def explorer_of(output):
    """The class of an explorer in the page whose output this is, or None."""
    return getattr(explorers, output.get("metadata", {}).get(METADATA, {}).get("explorer", ""), None)


def explorer_page(output):
    """A page of the explorer as the notebook stores it, or None."""
    explorer = explorer_of(output)
    return explorer and explorer.page(output.metadata[METADATA]["state"])


def framed(page, explorer):
    """A frame with an explorer's page, as HTML."""
    return FRAME.format(explorer.__name__.lower(), page, title(explorer))


def title(explorer):
    """What a frame with this explorer is called."""
    return explorer.description.partition(":")[0]


def html_output(html):
    return nbformat.v4.new_output("display_data", {"text/html": html})


class Page(HTMLParser):
    """A page's links, and the places within it that others can link to."""

    def __init__(self, path):
        super().__init__()
        self.links, self.anchors = set(), {""}
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.links |= {attributes[name] for name in ("href", "src") if attributes.get(name)}
        self.anchors |= {attributes[name] for name in ("id", "name") if attributes.get(name)}


def check_links():
    """The links out of the site; exits with a list of those that lead nowhere within it."""
    pages = {path.resolve(): Page(path) for path in SITE.rglob("*.html")}
    broken, outside = [], set()
    for path, page in pages.items():
        for link in page.links:
            url = urlsplit(link)
            if url.scheme or url.netloc:
                outside |= {link} if url.scheme.startswith("http") else set()
                continue
            there = (path.parent / unquote(url.path)).resolve() if url.path else path
            there = there / "index.html" if there.is_dir() else there
            if not there.exists() or (there in pages and unquote(url.fragment) not in pages[there].anchors):
                broken.append(f"{path.relative_to(SITE)}: {link}")
    if broken:
        sys.exit("These links lead nowhere:\n" + "\n".join(sorted(broken)))
    return sorted(outside)


def check_tables():
    """Exits with the pages that show a Markdown table as a paragraph of pipes."""
    if plain := [path.name for path in SITE.rglob("*.html") if "<p>|" in path.read_text(encoding="utf-8")]:
        sys.exit(f"These pages show a table as plain text: {', '.join(sorted(plain))}")


def finish():
    """Make the pages light, and good to listen to.

    Captions have a level, a folded cell is called what is written on it, pictures come when they come into view. Names
    and punctuation in code have the color of the code around them, and need no element to say so: a third of a page.
    """
    for path in SITE.rglob("*.html"):
        page = path.read_text(encoding="utf-8").replace('role="heading"', 'role="heading" aria-level="2"')
        page = page.replace('<summary aria-label="Toggle hidden content">', "<summary>")
        page = re.sub(r'<span class="(?:n|p|w)">([^<]*)</span>', r"\1", page)
        page = re.sub(r'<img ([^>]*)src="((?:\.\./)?_images/[^"]+)\.png"', partial(image, path.parent), page)
        path.write_text(page, encoding="utf-8")
    for picture in (SITE / "_images").glob("*.png"):
        picture.unlink()


def image(folder, match):
    """The tag of a picture that is written anew, in less than half the bytes and with every pixel as it was."""
    attributes, name = match.groups()
    picture, light = folder / f"{name}.png", folder / f"{name}.webp"
    with Image.open(picture) as opened:
        width, height = opened.size
        if not light.exists():
            opened.convert("RGBA").save(light, lossless=True)
    return f'<img loading="lazy" width="{width}" height="{height}" {attributes}src="{name}.webp"'


def build(source, target, builder):
    """Run Sphinx; exits where it warned."""
    options = ["--builder", builder, "--conf-dir", ROOT / "site", "--doctree-dir", source / ".trees"]
    strict = ["--quiet", "--fail-on-warning", "--keep-going"]
    if subprocess.run([sys.executable, "-m", "sphinx", *options, *strict, source, target]).returncode:
        sys.exit("Each of the warnings above is an error: mend the page that it names.")


def print_page(page, pdf):
    """Print a page to a file with Chromium; exits where there is none, or where it fails."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        sys.exit("Pages are printed with Chromium or Chrome, which is not installed here.")
    pdf.parent.mkdir(exist_ok=True)
    # In virtual time the page has a minute for its formulas, however busy the machine is.
    options = ["--headless", "--no-sandbox", "--disable-dev-shm-usage", "--no-pdf-header-footer"]
    options += ["--virtual-time-budget=60000", f"--print-to-pdf={pdf}"]
    ran = subprocess.run([chromium, *options, page.as_uri()], capture_output=True, encoding="utf-8", check=False)
    if not pdf.exists():
        sys.exit(f"Chromium did not print {page}:\n{ran.stderr}")


def bind(pages, book):
    """Put printed pages together, in the order of the dict of title → file: its titles become the outline."""
    writer = pypdf.PdfWriter()
    for chapter, page in pages.items():
        writer.append(page, outline_item=chapter)
    writer.write(book)


def main():
    pdf = "--pdf" in sys.argv[1:]
    shutil.rmtree(SITE, ignore_errors=True)
    write_sources(pdf)
    build(SOURCE, SITE, "html")
    finish()
    explorers.Race(**FIRST_LOOK).save_html(SITE / "race.html")
    (SITE / "explorers").mkdir(exist_ok=True)
    for explorer in PageExplorer.__subclasses__():
        if explorer.scenes:  # a question has none, and no page of its own
            explorer().save_html(SITE / "explorers" / f"{explorer.__name__}.html")
    if pdf:
        pages = {}
        for path in notebooks():
            heading = nbformat.read(path, as_version=4).cells[0].source.splitlines()[0]
            pages[heading.lstrip("# ")] = SITE / "pdf" / f"{path.stem}.pdf"
            print_page(SITE / "notebooks" / f"{path.stem}.html", SITE / "pdf" / f"{path.stem}.pdf")
        bind(pages, SITE / "pdf" / "course.pdf")
    check_tables()
    print(*check_links(), sep="\n")
    print(f"{SITE / 'index.html'}: {len(list(SITE.rglob('*.html')))} pages, every link within them leads somewhere.")


if __name__ == "__main__":
    main()
