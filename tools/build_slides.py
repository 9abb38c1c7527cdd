"""Make slides of the notebooks: what can be seen goes on them, what is said becomes the speaker's notes.

python tools/build_slides.py        # writes build/slides/index.html, which needs no network; S opens the notes

A deck for each notebook, up to its exercises, and one for the lecture that docs/lectures.md plans. By itself a cell
shows what is whole: quotations, displayed formulas, tables, what the room should predict, verdicts in lists, figures,
explorers. Its author decides otherwise in the cell's metadata, in the field `slide`:

    "slide": "The takeaway"                 the heading of what the cell shows (of a code cell, what it prints, too,
                                            where it has no picture)
    "slide": "The takeaway\\n\\nMarkdown"     that Markdown is shown under this heading, before any outputs
    "slide": ""                             nothing is shown; text stays with the speaker

Nothing is shown of what notebooks fold whole (tagged "more"), nor of what is too long for a slide ("long").
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
from tlr.course.plots.tiles import SIGNS  # noqa: E402
from tools.build_site import alternative, build, explorer_of, explorer_page, framed, slug  # noqa: E402
from tools.readme_picture import FIRST_LOOK  # noqa: E402
from tools.stamp import notebooks  # noqa: E402

SOURCE, SLIDES = ROOT / "build" / "slides-source", ROOT / "build" / "slides"
PLAN = ROOT / "docs" / "lectures.md"
LAST = "Exercises"  # from here on a notebook is for the desk
CHARACTERS, ROWS = 400, 4  # of Markdown, and of a table, on one slide
LONG = 150  # characters of a formula that needs more than one line
VERDICT = re.compile(r"\*(holds|does not hold)[^*]*\*")
QUESTION = "Can a learning rate be trained, and does the paper's formula do it?"
# Presses the button, since nobody wants to look for it in front of a class. All of an explorer is to be seen at once,
# whatever height its frame has; the list of keys would not fit below.
LARGE = """<style>
.tlr-explorer.tlr-large { grid-template-rows: auto auto 1fr; gap: 0.3em 1.2em; height: 100vh; }
.tlr-explorer.tlr-large { max-width: none; padding: 0; }
.tlr-large .tlr-row { min-height: 1.7em; }
.tlr-large .tlr-field canvas { height: 58vh; aspect-ratio: auto !important; }
.tlr-large .tlr-field:has(canvas ~ canvas) canvas { height: 29vh; }
.tlr-large:has(.tlr-panels:empty) .tlr-field canvas { height: 86vh; }
.tlr-large .tlr-panels, .tlr-large .tlr-panels canvas { height: 100%; min-height: 0; }
.tlr-explorer.tlr-predict { max-width: none; font-size: 42px; }
</style>
<script type="module">
const pressed = [...document.querySelectorAll("button")].find((button) => button.textContent === "Large type");
pressed?.click();
document.querySelector(".tlr-keys")?.remove();
</script>"""


@dataclass
class Slide:
    """A heading, the Markdown that the room sees below it, and what the speaker says."""

    heading: str
    shown: list = field(default_factory=list)
    notes: list = field(default_factory=list)
    alone: bool = False  # nothing more comes onto it


@dataclass
class Section:
    """A heading of a notebook with its slides."""

    heading: str
    slides: list = field(default_factory=list)
    notes: list = field(default_factory=list)  # for the slide to come

    def show(self, *shown, heading=None, alone=False):
        """Onto the last slide, or onto a new one: where that is full, has another heading, or these are to be alone."""
        heading = heading or self.heading
        last = self.slides[-1] if self.slides else Slide("", alone=True)
        full = sum(map(len, [*last.shown, *shown])) > CHARACTERS
        if last.alone or last.heading != heading or (last.shown and (alone or full)):
            last, self.notes = Slide(heading, notes=self.notes), []
            self.slides.append(last)
        last.shown += shown
        last.alone = alone

    def say(self, text):
        (self.slides[-1].notes if self.slides else self.notes).append(text)


def blocks(text):
    """The paragraphs of Markdown, and whether each is folded; code and formulas stay whole."""
    text = re.sub(r"^\[!\[.*$", "", text, flags=re.MULTILINE)  # badges
    text = re.sub(r"(?<!!)\[([^\]]+)\]\([^)\s]+\)", r"\1", text)  # a slide is no place to leave from
    for answer in re.split(r"(<details>.*?</details>)", text, flags=re.DOTALL):
        folded = answer.startswith("<details>")
        answer = re.sub(r"<details>\s*<summary>(.*?)</summary>", r"**\1**\n", answer).replace("</details>", "")
        for part in re.split(r"(^```.*?^```$|^\$\$.*?\$\$$)", answer, flags=re.DOTALL | re.MULTILINE):
            whole = part.startswith(("```", "$$"))
            paragraphs = [part] if whole else re.split(r"\n\s*\n", part)
            yield from ((block.strip(), folded) for block in paragraphs if block.strip())


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


def sections(path):
    """The sections of a notebook, the first of which is its title."""
    found = []
    for cell in nbformat.read(path, as_version=4).cells:
        own = "" if {"more", "long"} & {*cell.metadata.get("tags", [])} else cell.metadata.get("slide")
        heading, _, markdown = (own or "").partition("\n\n")
        if cell.cell_type == "code":
            if own != "":
                pictures = any("image/png" in output.get("data", {}) for output in cell.outputs)
                for shown in seen(cell, f"{path.stem}-{cell.id}", printed=own is not None and not pictures):
                    found[-1].show(*filter(None, [markdown]), shown, heading=heading, alone=True)
            continue
        for block, folded in blocks(cell.source):
            if title := re.fullmatch(r"#+ (.*)", block):
                if title[1] == LAST:
                    return found
                found.append(Section(title[1], slides=[] if found else [Slide(title[1])]))
            elif own != "" and not markdown and not folded and (pieces := whole(block)):
                for piece in pieces:
                    found[-1].show(broken(piece), heading=heading, alone=piece.startswith("|"))
            else:
                found[-1].say(block)
        if markdown:
            found[-1].show(*(broken(block) for block, _ in blocks(markdown)), heading=heading, alone=True)
    return found


def whole(block):
    """What a block of Markdown shows by itself, in pieces; none of them is cut within a sentence."""
    if block.startswith((">", "$$")):
        return re.split(r"(?<!:)\n>\s*\n", block)  # what ends in a colon goes with what follows
    if block.startswith("|"):
        return tables(block)
    if question := re.search(r"\*\*Predict\b.*", block, re.DOTALL):
        return [question[0]]
    items = re.split(r"\n(?=- )", block) if block.startswith("- ") else []
    return [item for item in items if VERDICT.search(item)]


def seen(cell, name, printed):
    """What the outputs of a cell show, as the Markdown of a slide each: `printed` text only where it is asked for."""
    for number, output in enumerate(cell.outputs):
        data, picture = output.get("data", {}), f"{name}-{number}.png"
        if page := explorer_page(output):
            explorer = explorer_of(output)
            (SOURCE / f"{name}.html").write_text(large(page), encoding="utf-8")
            yield live(f"{name}.html", explorer)
        elif "<tr>" in data.get("text/html", ""):
            yield from rows(data["text/html"])
        elif "text/html" in data:
            yield raw(data["text/html"])
        elif "image/png" in data:
            (SOURCE / picture).write_bytes(base64.b64decode(data["image/png"]))
            yield f"![{alternative(cell)}]({picture})"
        elif printed and output.output_type == "stream":
            yield f"```text\n{output.text.strip()}\n```"


def rows(table):
    """A row of the ledger on a slide each, or a few of another table in HTML."""
    head, *others = re.findall(r"<tr>.*?</tr>", table, re.DOTALL)
    others = [row for row in others if "<td" in row]  # several tables repeat the head
    if "<details>" not in table:
        for i in range(0, len(others), ROWS):
            yield raw(f"<table>{head}{''.join(others[i : i + ROWS])}</table>")
        return
    verdicts = {sign: verdict for verdict, sign in SIGNS.items()}
    for row in others:
        first, claim, number, basis, _ = re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL)
        says, quotation = re.match(r"<details><summary>(.*?)</summary>(.*?)<br>", claim, re.DOTALL).groups()
        sign = first.split()[0]
        verdict = f"<b>{sign} {verdicts[sign]}</b>"
        found = number if basis == "–" else f"{number} ({basis})"
        yield raw(f"<p>{says}</p><blockquote><p>{quotation}</p></blockquote><p>{verdict}</p><p>{found}</p>")


def raw(html):
    return f"```{{raw}} html\n{html}\n```"


def live(page, explorer):
    """The frame of an explorer, which reveal.js loads when its slide comes."""
    return framed(page, explorer).replace(" src=", " data-src=").replace(' loading="lazy"', "")


def large(page):
    """An explorer's page for a hall."""
    return page.replace("</body>", f"{LARGE}\n</body>")


def markdown(found):
    """A deck as Sphinx and reveal.js take it: the title, then a slide under each heading."""
    lines, left = ["---\norphan: true\n---"], []
    for section in found:
        left += section.notes if not section.slides else []
        for slide in section.slides:
            lines += [f"{'#' if slide is found[0].slides[0] else '##'} {slide.heading}", *slide.shown]
            if notes := left + slide.notes:
                lines, left = [*lines, '<aside class="notes">', *notes, "</aside>"], []
    return "\n\n".join(lines) + "\n"


def planned(by_notebook):
    """The sections that the plan's first lecture names, in its order."""
    plan = PLAN.read_text(encoding="utf-8").split("\n## ")[1]
    found = []
    for name, anchor in re.findall(r"\(\.\./notebooks/(\w+)\.ipynb#([^)]+)\)", plan):
        named = [section for section in by_notebook[name] if slug(section.heading) == slug(anchor)]
        if not named:
            sys.exit(f"{PLAN} plans a section that notebook {name} does not have: {anchor}")
        if not any(section.slides for section in named):
            sys.exit(f"{PLAN} plans a section of notebook {name} that shows nothing on slides: {anchor}")
        found += named
    return found


def lecture(by_notebook):
    """The lecture of 90 minutes: its title, the race, what it plans."""
    opening = Section("Trainable Learning Rate")
    opening.show(QUESTION, "A lecture of 90 minutes", heading=opening.heading, alone=True)
    race = "Which of the five has a learning rate that never changes?"
    opening.show(live("race.html", Race), heading=race, alone=True)
    return [opening, *planned(by_notebook)]


def main():
    for folder in (SOURCE, SLIDES):
        shutil.rmtree(folder, ignore_errors=True)
    SOURCE.mkdir(parents=True)
    by_notebook = {path.stem: sections(path) for path in notebooks() if path.stem[0].isdigit()}
    for name, found in (by_notebook | {"lecture": lecture(by_notebook)}).items():
        (SOURCE / f"{name}.md").write_text(markdown(found), encoding="utf-8")
    contents = [f"- [{found[0].heading}]({name}.md)" for name, found in by_notebook.items()]
    contents.insert(0, "- [The lecture of 90 minutes](lecture.md)")
    (SOURCE / "index.md").write_text("\n".join(["# Slides", "", *contents, ""]), encoding="utf-8")
    build(SOURCE, SLIDES, "revealjs")
    race = SOURCE / "race.html"
    Race(**FIRST_LOOK).save_html(race)
    race.write_text(large(race.read_text(encoding="utf-8")), encoding="utf-8")
    for page in SOURCE.glob("*.html"):
        shutil.copy(page, SLIDES)
    print(SLIDES / "index.html")


if __name__ == "__main__":
    main()
