"""Make slides of the notebooks: what can be seen goes on them, what is said becomes the speaker's notes.

python tools/build_slides.py        # writes build/slides/index.html, which needs no network; S opens the notes

On a slide stand headings, quotations, displayed formulas, tables, figures, what the room should predict, and verdicts;
not what notebooks fold (cells tagged "more"), nor what is too long for a slide ("long").
A deck for each notebook, up to its exercises, and one for the lecture that docs/lectures.md plans.
"""

import base64
import math
import re
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tlr.course.explorers import Race  # noqa: E402
from tools.build_site import build, explorer_of, explorer_page, slug, title  # noqa: E402
from tools.readme_picture import FIRST_LOOK  # noqa: E402
from tools.stamp import notebooks  # noqa: E402

SOURCE, SLIDES = ROOT / "build" / "slides-source", ROOT / "build" / "slides"
PLAN = ROOT / "docs" / "lectures.md"
LAST = "Exercises"  # from here on a notebook is for the desk
CHARACTERS, ROWS = 450, 4  # of Markdown, and of a table, on one slide
LONG = 150  # characters of a formula that needs more than one line
PICTURES = ("![", "<iframe")
FRAME = '<iframe class="explorer" data-src="{}" title="{}" allow="fullscreen; clipboard-write"></iframe>'
# Presses the button, since nobody wants to look for it in front of a class; the list of keys would not fit below.
LARGE_TYPE = """<script type="module">
[...document.querySelectorAll("button")].find((button) => button.textContent === "Large type").click();
document.querySelector(".tlr-keys").hidden = true;
</script>"""


@dataclass
class Slide:
    """Markdown: what the room sees, and what the speaker does."""

    shown: list = field(default_factory=list)
    notes: list = field(default_factory=list)

    def size(self):
        return sum(map(len, self.shown))


@dataclass
class Section:
    """A heading with its slides."""

    heading: str
    slides: list = field(default_factory=lambda: [Slide()])

    def show(self, text, alone=False):
        """Onto the last slide, or onto a new one where that is full."""
        full = self.slides[-1].size() + len(text) > CHARACTERS
        picture = text.startswith(PICTURES) or any(shown.startswith(PICTURES) for shown in self.slides[-1].shown)
        if picture or (self.slides[-1].shown and (alone or full)):
            self.slides.append(Slide())
        self.slides[-1].shown.append(text)

    def say(self, text):
        self.slides[-1].notes.append(text)


def blocks(text):
    """The paragraphs of Markdown; code and formulas stay whole, and a folded answer is opened."""
    text = re.sub(r"<details>\s*<summary>(.*?)</summary>", r"**\1**\n", text).replace("</details>", "")
    text = re.sub(r"^\[!\[.*$", "", text, flags=re.MULTILINE)  # badges
    text = re.sub(r"(?<!!)\[([^\]]+)\]\([^)\s]+\)", r"\1", text)  # a slide is no place to leave from
    parts = re.split(r"(^```.*?^```$|^\$\$.*?\$\$$)", text, flags=re.DOTALL | re.MULTILINE)
    for part in parts:
        whole = part.startswith(("```", "$$"))
        yield from [part] if whole else filter(None, (block.strip() for block in re.split(r"\n\s*\n", part)))


def tables(block):
    """A long table in pieces of about equal length, each under the head of the whole."""
    head, rule, *rows = block.splitlines()
    length = math.ceil(len(rows) / math.ceil(len(rows) / ROWS))
    return ["\n".join([head, rule, *rows[i : i + length]]) for i in range(0, len(rows), length)]


def broken(block):
    """Markdown whose long chains of equations, and long sums, have a line for each part."""
    return re.sub(r"(\$\$?)([^$]+)\1", lambda match: f"{match[1]}{aligned(match[2])}{match[1]}", block)


def aligned(formula):
    """A long formula on several lines; one that is short, is two, or has no place to break as it is."""
    if len(formula) < LONG or re.search(r",\s*\\qquad", formula):
        return formula
    for sign in "=+":
        depth, parts = 0, [""]
        for token in re.findall(r"\\(?:left|right)\b|\\.|.", formula, re.DOTALL):
            depth += (token in ("{", "[", "\\left")) - (token in ("}", "]", "\\right"))
            if token == sign and not depth:
                parts.append("")
            parts[-1] += token
        if len(parts) > 2:
            first, second, *others = parts
            rows = [f"{first} & {second}", *(f"& {other}" for other in others)]
            return "\\begin{aligned}" + " \\\\ ".join(rows) + "\\end{aligned}"
    return formula


def verdict(text):
    """The sentences that say whether a claim holds."""
    sentences = re.split(r"(?<=[.!?])\s+", text.removeprefix("- "))
    return " ".join(sentence for sentence in sentences if re.search(r"\*(holds|does not hold)[^*]*\*", sentence))


def sections(path):
    """The sections of a notebook, the first of which is its title."""
    found = []
    for cell in nbformat.read(path, as_version=4).cells:
        if {"more", "long"} & {*cell.metadata.get("tags", [])}:
            continue
        if cell.cell_type == "code":
            for output in cell.outputs:
                if picture := figure(output, f"{path.stem}-{cell.id}"):
                    found[-1].show(picture, alone=True)
            continue
        for block in blocks(cell.source):
            if heading := re.fullmatch(r"#+ (.*)", block):
                if heading[1] == LAST:
                    return found
                found.append(Section(heading[1]))
                continue
            section = found[-1]
            if block.startswith((">", "$$")):
                for piece in re.split(r"\n>\s*\n", block):
                    section.show(broken(piece))
            elif block.startswith("|"):
                for piece in tables(block):
                    section.show(piece, alone=True)
            elif len(found) == 1 and re.match(r"1\. ", block):
                section.show(block)
            elif question := re.search(r"\*\*Predict\b.*", block, re.DOTALL):
                section.show(question[0], alone=True)
                section.say(block)
            else:
                for item in re.split(r"\n(?=- )", block):
                    if said := verdict(item):
                        section.show(said)
                section.say(block)
    return found


def figure(output, name):
    """The Markdown of a picture, which is written beside the decks, or of a table; explorers in the page are live."""
    data = output.get("data", {})
    if page := explorer_page(output):
        (SOURCE / f"{name}.html").write_text(large(page), encoding="utf-8")
        return FRAME.format(f"{name}.html", title(explorer_of(output)))
    if "text/html" in data:
        return f"```{{raw}} html\n{data['text/html']}\n```"
    if "image/png" not in data:
        return None
    (SOURCE / f"{name}.png").write_bytes(base64.b64decode(data["image/png"]))
    return f"![]({name}.png)"


def large(page):
    """An explorer's page for a hall."""
    return page.replace("</body>", f"{LARGE_TYPE}\n</body>")


def markdown(found):
    """A deck as Sphinx and reveal.js take it: each slide repeats its section's heading, but for a figure's."""
    lines = ["---\norphan: true\n---"]
    for section in found:
        lines.append(f"{'#' if section is found[0] else '##'} {section.heading}")
        for slide in section.slides:
            if slide is not section.slides[0]:
                bare = ":notitle:\n" if slide.shown[0].startswith(PICTURES) else ""
                lines.append(f"```{{revealjs-break}}\n{bare}```")
            lines += slide.shown or first_sentence(slide.notes)
            if slide.notes:
                lines += ['<aside class="notes">', *slide.notes, "</aside>"]
    return "\n\n".join(lines) + "\n"


def first_sentence(notes):
    """For a slide that would show its heading alone; of a list all of it."""
    without_minutes = [re.sub(r"^\*[^*]*minutes\)?\*\s*", "", note) for note in notes]
    prose = [note for note in without_minutes if note and not note.startswith(("**", "```", "1."))]
    return [note if note.startswith("- ") else re.split(r"(?<=[.!?:])\s", note)[0] for note in prose[:1]]


def planned(by_notebook):
    """The sections that the plan's first lecture names, in its order."""
    plan = PLAN.read_text(encoding="utf-8").split("\n## ")[1]
    found = []
    for name, anchor in re.findall(r"\(\.\./notebooks/(\w+)\.ipynb#([^)]+)\)", plan):
        named = [section for section in by_notebook[name] if slug(section.heading) == slug(anchor)]
        if not named:
            sys.exit(f"{PLAN} plans a section that notebook {name} does not have: {anchor}")
        found += named
    return found


def main():
    for folder in (SOURCE, SLIDES):
        shutil.rmtree(folder, ignore_errors=True)
    SOURCE.mkdir(parents=True)
    by_notebook = {path.stem: sections(path) for path in notebooks() if path.stem[0].isdigit()}
    first = Section("Trainable Learning Rate")
    first.show(FRAME.format("race.html", title(Race)))
    lecture = {"lecture": [first, *planned(by_notebook)]}
    for name, found in (by_notebook | lecture).items():
        (SOURCE / f"{name}.md").write_text(markdown(found), encoding="utf-8")
    contents = [f"- [{found[0].heading}]({name}.md)" for name, found in by_notebook.items()]
    contents.insert(0, "- [The lecture of 90 minutes](lecture.md)")
    (SOURCE / "index.md").write_text("\n".join(["# Slides", "", *contents, ""]), encoding="utf-8")
    build(SOURCE, SLIDES, "revealjs")
    Race(**FIRST_LOOK).save_html(SLIDES / "race.html")
    page = (SLIDES / "race.html").read_text(encoding="utf-8")
    (SLIDES / "race.html").write_text(large(page), encoding="utf-8")
    for page in SOURCE.glob("*.html"):
        shutil.copy(page, SLIDES)
    print(SLIDES / "index.html")


if __name__ == "__main__":
    main()
