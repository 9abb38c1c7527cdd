"""What stands between the notebooks and their site and slides; `make site` and `make slides` build them in earnest."""

import base64
import importlib
import io
import re
import shutil

import nbformat
import pypdf
import pytest
from PIL import Image

import tlr
from tlr import toys
from tlr.course import ledger
from tlr.course.explorers import Cobweb, Newton, Predict, Race, Windows
from tools import build_site, build_slides
from tools.stamp import ROOT, notebooks, pages, repository

WIDGET = "application/vnd.jupyter.widget-view+json"
PNG = "iVBORw0KGgo="
COURSE = [path for path in notebooks() if path.stem[0].isdigit()]


# The site


@pytest.mark.parametrize(
    ("link", "on_the_site"),
    [
        ("[x](../README.md#the-course)", "[x](../index.md#the-course)"),
        ("[x](02_quadratics.ipynb)", "[x](02_quadratics.ipynb)"),
        ("[x](02_quadratics.ipynb#Noise,-a-preview)", "[x](02_quadratics.ipynb#noise-a-preview)"),
        ("[x](#On-a-GPU)", "[x](#on-a-gpu)"),
        ("[x](#cell-id=gpu)", '<a href="#cell-id=gpu">x</a>'),
        ("[`x`](03b_noise.ipynb#cell-id=p-check)", '<a href="03b_noise.html#cell-id=p-check">`x`</a>'),
        ("[x](../LICENSE)", f"[x](https://github.com/{repository()}/blob/main/LICENSE)"),
        ("[x](https://example.org/a)", "[x](https://example.org/a)"),
    ],
)
def test_links_of_a_notebook_lead_to_pages_of_the_site(link, on_the_site):
    assert build_site.linked(link, ROOT / "notebooks" / "01_derivation.ipynb") == on_the_site


def output(**data):
    return nbformat.v4.new_output("display_data", data)


def test_what_jupyterlab_folds_is_folded_on_the_site(tmp_path, monkeypatch):
    monkeypatch.setattr(build_site, "SOURCE", tmp_path / "source")
    build_site.write_sources()
    book = nbformat.read(tmp_path / "source" / "notebooks" / "03b_noise.ipynb", as_version=4)
    code = {cell.id: cell.metadata for cell in book.cells if cell.cell_type == "code"}
    assert "hide-input" in code["p-verdict"].tags
    assert "tags" not in code["own-loop"]


def test_the_front_page_of_the_site_has_the_race_in_place_of_its_picture(tmp_path, monkeypatch):
    monkeypatch.setattr(build_site, "SOURCE", tmp_path / "source")
    build_site.write_sources()
    before, _ = (tmp_path / "source" / "index.md").read_text(encoding="utf-8").split("Watch the blue line")
    assert before.count("race.html") == 1
    assert "<iframe" in before
    assert "first_look" not in before


@pytest.fixture
def site(tmp_path, monkeypatch):
    monkeypatch.setattr(build_site, "SITE", tmp_path)
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "index.html").write_text('<p id="here"><img src="../b%20c.png"></p>', encoding="utf-8")
    (tmp_path / "b c.png").touch()
    return tmp_path


@pytest.mark.parametrize("explorer", [Cobweb(c=1 / 3), Newton(toys.beale()), Predict("?", 1, ""), Race(c=1 / 3)])
def test_an_explorer_in_the_page_lives_on_as_the_notebook_has_it(explorer, site):
    data, metadata = explorer._repr_mimebundle_()
    stored = nbformat.v4.new_output("display_data", data, metadata=metadata)
    shown = build_site.shown(stored, "book-cell")
    assert list(shown.data) == ["text/html"]
    assert (
        f'<iframe class="explorer {type(explorer).__name__.lower()}" src="../explorers/book-cell.html"'
        in shown.data["text/html"]
    )
    explorer.save_html(site / "saved.html")
    assert (site / "explorers" / "book-cell.html").read_bytes() == (site / "saved.html").read_bytes()


def test_pages_of_explorers_that_notebooks_link_to_are_made():
    books = {path.stem: nbformat.read(path, as_version=4).cells for path in notebooks()}
    made = {
        f"{stem}-{cell.id}"
        for stem, cells in books.items()
        for cell in cells
        for output in cell.get("outputs", [])
        if build_site.explorer_page(output)
    }
    prose = "".join(cell.source for cells in books.values() for cell in cells if cell.cell_type == "markdown")
    linked = set(re.findall(re.escape(pages()) + r"/explorers/(\w+-[\w-]+)\.html", prose))
    assert linked
    assert linked <= made


def test_other_explorers_are_their_picture_and_their_name(site):
    png = io.BytesIO()
    Image.new("RGB", (2, 2)).save(png, "PNG")
    stored = {WIDGET: {}, "image/png": base64.b64encode(png.getvalue()).decode(), "text/plain": Windows.description}
    shown = build_site.shown(output(**stored), "book-cell")
    assert list(shown.data) == ["text/html"]
    assert '<img loading="lazy" src="../explorers/book-cell.webp"' in shown.data["text/html"]
    assert (site / "explorers" / "book-cell.webp").is_file()
    assert Windows.description in shown.data["text/html"]


def test_every_other_output_stays():
    for bundle in ({"text/plain": "1"}, {"image/png": PNG, "text/plain": "<Figure>"}, {"text/latex": "$x$"}):
        assert build_site.shown(output(**bundle), "book-cell").data == bundle


def test_what_a_notebook_folds_is_folded_on_the_site(tmp_path, monkeypatch):
    new = nbformat.v4
    folds = {"code": {"source_hidden": True}, "all": {"source_hidden": True, "outputs_hidden": True}, "nothing": {}}
    cells = [new.new_code_cell(f"# Help: {name}", id=name, metadata={"jupyter": fold}) for name, fold in folds.items()]
    nbformat.write(new.new_notebook(cells=cells), tmp_path / "book.ipynb")
    monkeypatch.setattr(build_site, "SOURCE", tmp_path / "source")
    monkeypatch.setattr(build_site, "notebooks", lambda: [tmp_path / "book.ipynb"])
    build_site.write_sources()
    book = nbformat.read(tmp_path / "source" / "notebooks" / "book.ipynb", as_version=4)
    assert [cell.metadata.get("tags") for cell in book.cells] == [["hide-input"], ["hide-cell"], None]
    prompts = [cell.metadata["mystnb"].get("code_prompt_show") for cell in book.cells]
    assert prompts == ["Help: code", "Help: all", None]


def test_links_are_checked_down_to_the_place_in_the_page(site):
    good = '<a href="deep/index.html#here"></a><a href="deep/"></a><a href="#top"></a><h1 id="top"></h1>'
    (site / "index.html").write_text(
        good + '<a href="https://example.org"></a><a href="mailto:a@example.org"></a>', encoding="utf-8"
    )
    assert build_site.check_links() == ["https://example.org"]


@pytest.mark.parametrize("link", ["gone.html", "deep/index.html#there", "#nowhere", "deep/b.png"])
def test_a_link_that_leads_nowhere_is_an_error(site, link):
    (site / "index.html").write_text(f'<a href="{link}"></a>', encoding="utf-8")
    with pytest.raises(SystemExit, match=re.escape(f"index.html: {link}")):
        build_site.check_links()


def test_a_table_that_stays_plain_is_an_error(site):
    (site / "index.html").write_text("<table></table><p>1 | 2</p>", encoding="utf-8")
    build_site.check_tables()
    (site / "index.html").write_text("<p>| a | b |\n|---|---|</p>", encoding="utf-8")
    with pytest.raises(SystemExit, match=re.escape("index.html")):
        build_site.check_tables()


def test_the_api_page_has_every_name_of_the_package():
    page = (ROOT / "site" / "api.md").read_text(encoding="utf-8")
    listed = set(re.findall(r":: (\w+)$", page, re.MULTILINE))
    for module in re.findall(r"automodule:: (\S+)$", page, re.MULTILINE):
        listed |= set(importlib.import_module(module).__all__)
    assert set(tlr.__all__) - {"__version__"} <= listed


def luminance(color):
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    light, dark = sorted(map(luminance, [one, other]), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_text_on_slides_has_the_contrast_of_wcag_2():
    css, checked = (ROOT / "site" / "static" / "slides.css").read_text(encoding="utf-8"), 0
    for rule in re.findall(r"\{([^}]*)\}", css):
        if color := re.search(r"(?<![\w-])color: (#\w{6})", rule):
            background = re.search(r"background(?:-color)?: (#\w{6})", rule)
            assert contrast(color[1], background[1] if background else "#ffffff") >= 4.5, rule
            checked += 1
    assert checked


def test_explorers_have_the_contrast_of_wcag_2_in_both_themes():
    themes = [dict(re.findall(r"--tlr-(\w+): (#\w{6});", rule)) for rule in re.findall(r"\{([^{}]*)\}", Race.style)]
    light, chosen, by_the_system = [theme for theme in themes if theme]
    assert by_the_system == chosen
    for theme in (light, chosen):
        assert contrast(theme["ink"], theme["paper"]) >= 7
        assert contrast(theme["ink"], theme["pressed"]) >= 4.5
        assert contrast(theme["soft"], theme["paper"]) >= 4.5
        lines = {method["color"] for method in Race().scene["methods"]} - {"#000000"}
        assert min(contrast(color, theme["paper"]) for color in lines) >= 3


@pytest.mark.skipif(not shutil.which("chromium"), reason="Chromium is not installed.")
def test_a_page_is_printed(tmp_path):
    (tmp_path / "page.html").write_text("<p>42</p>", encoding="utf-8")
    build_site.print_page(tmp_path / "page.html", tmp_path / "pdf" / "page.pdf")
    assert (tmp_path / "pdf" / "page.pdf").read_bytes().startswith(b"%PDF")
    build_site.bind(dict.fromkeys(("1", "2"), tmp_path / "pdf" / "page.pdf"), tmp_path / "book.pdf")
    book = pypdf.PdfReader(tmp_path / "book.pdf")
    assert [(each.title, book.get_destination_page_number(each)) for each in book.outline] == [("1", 0), ("2", 1)]


# The slides


def test_paragraphs_code_and_formulas_stay_whole_and_what_is_folded_is_known():
    text = """[![Badge](a.svg)](b)

A [link](02_quadratics.ipynb).

$$
a

b
$$

<details><summary>Answer</summary>

Yes.
</details>"""
    unfolded = ["A link.", "$$\na\n\nb\n$$"]
    assert list(build_slides.blocks(text)) == [(each, False) for each in unfolded] + [
        ("**Answer**", True),
        ("Yes.", True),
    ]


def test_a_long_chain_of_equations_has_a_line_for_each():
    f, g, h = (rf"\sum_{{{letter}={letter * 40}}} {letter}" for letter in "fgh")
    assert build_slides.broken(f"> **Eq.** $x = {f}$") == f"> **Eq.** $x = {f}$"
    chain = build_slides.broken(f"> **Eq.** ${f} = {g} = {h}$ and so on")
    assert chain == rf"> **Eq.** $\begin{{aligned}}{f}  & = {g}  \\ & = {h}\end{{aligned}}$ and so on"
    assert build_slides.aligned(rf"{f} = {g}, \qquad c = {h}") == rf"{f} = {g}, \qquad c = {h}"


def test_a_long_table_is_dealt_out_under_its_head():
    rows = [f"| {number} |" for number in range(9)]
    pieces = [piece.splitlines() for piece in build_slides.tables("\n".join(["| n |", "|---|", *rows]))]
    assert [piece[:2] for piece in pieces] == [["| n |", "|---|"]] * 3
    assert [row for piece in pieces for row in piece[2:]] == rows


def test_each_claim_of_the_ledger_has_a_slide():
    archive = ledger.Archive(())
    found = {number: ledger.CLAIMS[number].find(archive) for number in (5, 9)}
    slides = list(build_slides.rows(ledger.page(found)))
    assert len(slides) == 2
    assert all(ledger.CLAIMS[number].quote[:20] in slide for number, slide in zip(found, slides, strict=True))
    assert "Holds if" not in slides[0]


@pytest.fixture
def deck(tmp_path, monkeypatch):
    """deck(*cells) → the slides of such a notebook: heading, and what is shown."""
    monkeypatch.setattr(build_slides, "SOURCE", tmp_path)

    def deck(*cells):
        title = nbformat.v4.new_markdown_cell("# Title")
        nbformat.write(nbformat.v4.new_notebook(cells=[title, *cells]), tmp_path / "book.ipynb")
        found = build_slides.sections(tmp_path / "book.ipynb")
        return [(slide.heading, slide.shown) for section in found for slide in section.slides][1:]

    return deck


def text(source, **metadata):
    return nbformat.v4.new_markdown_cell(source, metadata=metadata)


def code(*outputs, id="plot", **metadata):
    return nbformat.v4.new_code_cell("plot()", id=id, outputs=[*outputs], metadata=metadata)


FIGURE = {"image/png": PNG, "text/plain": "<Figure>"}


def test_by_itself_a_cell_shows_what_is_whole(deck):
    prose = '## A claim\n\n> *Abstract*: "It is robust".\n\nWe test it. **Predict**: is it?'
    verdict = (
        "Nobody knows why. It **holds** here.\n\n- **Robust**: *does not hold* for Eq. 8; *holds* for Eq. 8′.\n- More."
    )
    assert deck(text(prose), code(output(**FIGURE)), text(verdict), text("## Exercises\n\n> Prove it.")) == [
        ("A claim", ['> *Abstract*: "It is robust".', "**Predict**: is it?"]),
        ("A claim", ["![A figure: the text beside it says what it shows](book-plot-0.png)"]),
        ("A claim", ["- **Robust**: *does not hold* for Eq. 8; *holds* for Eq. 8′."]),
    ]


def test_the_author_decides_what_a_cell_shows_and_under_which_heading(deck):
    said = nbformat.v4.new_output("stream", text="18 of 20\n")
    assert deck(
        text("## Section\n\n> quoted\n\nProse.", slide="The takeaway\n\nMy *words*."),
        text("> quoted", slide="Another"),
        text("> quoted", slide=""),
        code(said, output(**FIGURE), output(**FIGURE), slide="It rises"),
        code(output(**FIGURE), id="left-out", slide=""),
        code(said, id="count", slide="Counted"),
        code(said, id="aside"),
    ) == [
        ("The takeaway", ["My *words*."]),
        ("Another", ["> quoted"]),
        ("It rises", ["![It rises](book-plot-1.png)"]),
        ("It rises", ["![It rises](book-plot-2.png)"]),
        ("Counted", ["```text\n18 of 20\n```"]),
    ]


def test_what_is_not_shown_is_said(deck):
    cells = [text("## First\n\nOnly prose."), text("## Second\n\n> quoted\n\nMore prose.")]
    deck(*cells)
    slides = build_slides.markdown(build_slides.sections(build_slides.SOURCE / "book.ipynb"))
    assert slides.split("## ")[1:] == [
        'Second\n\n> quoted\n\n<aside class="notes">\n\nOnly prose.\n\nMore prose.\n\n</aside>\n'
    ]


def test_what_is_folded_or_too_long_is_on_no_slide(deck):
    cells = [code(output(**{"text/html": tag}), id=tag, tags=[tag]) for tag in ("more", "long", "check")]
    assert deck(text("## A\n\n> B."), *cells) == [("A", ["> B."]), ("A", ["```{raw} html\ncheck\n```"])]


@pytest.mark.parametrize("path", COURSE, ids=lambda path: path.stem)
def test_every_slide_of_the_course_shows_something(path, deck):
    title, *slides = (slide for section in build_slides.sections(path) for slide in section.slides)
    assert title.shown, "A title slide says what the notebook is about."
    assert len(slides) > 10
    assert all("".join(slide.shown).strip() for slide in slides)
    assert not [slide.shown for slide in slides if slide.shown[-1].endswith((":", ": "))]


def test_the_lecture_has_the_sections_that_its_plan_names(deck):
    found = build_slides.planned({path.stem: build_slides.sections(path) for path in COURSE})
    assert len(found) > 10
