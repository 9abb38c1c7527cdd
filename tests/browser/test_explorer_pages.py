"""Every explorer in the page, saved and opened from a file: drag, type, keys, both ends, a phone, the dark theme."""

import pytest

from tlr.course import explorers

PIXELS = "() => [...document.querySelectorAll('canvas')].map((canvas) => canvas.toDataURL()).join()"
NEXT_FRAME = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"

#: The canvas that a hand works in; the label of a number, a value that no slider stops at; another that becomes 1/3.
PAGES = {
    "Basins": ("basin", "α₀", 0.00211, "c (TLR)"),
    "Cobweb": ("map", "x₀ = α₀λ", 0.0211, "bound c"),
    "Eigenvalues": ("factor", "α₀", 0.00211, "α₀"),
    "Newton": ("step", "αₜ / best", 0.333, "c (TLR)"),
    "Paths": ("plane", "α₀", 0.0211, "c (TLR)"),
    "Race": ("plane", "α₀", 0.0211, "c (TLR)"),
    "ReturnMap": ("map", "x₀ = α₀λ", 0.0211, "bound c"),
}
#: Those with a time to play.
PLAYED = [name for name in PAGES if name != "Newton"]


@pytest.fixture(params=PAGES)
def name(request):
    return request.param


@pytest.fixture
def opened(visit, tmp_path):
    """opened(name, **options of the browser) → the page; at the end its console must have been silent."""
    pages = []

    def opened(name, **options):
        getattr(explorers, name)().save_html(tmp_path / "page.html")
        pages.append(visit((tmp_path / "page.html").as_uri(), offline=True, **options))
        pages[-1].wait_for_selector(".tlr-fate:not(:empty)")
        return pages[-1]

    yield opened
    assert [page.said for page in pages] == [[]] * len(pages)


def pixels(page):
    page.evaluate(NEXT_FRAME)
    page.wait_for_function("() => !document.querySelector('[aria-busy=true]')")
    return page.evaluate(PIXELS)


def field(page, label):
    return page.get_by_label(f"{label}, any number")


def test_every_slider_goes_to_both_ends_and_back(opened, name):
    page = opened(name)
    before = pixels(page)
    for slider in page.locator(".tlr-row:not([hidden]) input[type=range]").all():
        seen = {before}
        for key in ("Home", "End"):
            slider.press(key)
            seen.add(pixels(page))
        assert len(seen) >= 2
        page.get_by_role("button", name="Reset").click()
        assert pixels(page) == before


def test_a_number_can_be_typed_and_stays_what_it_is(opened, name):
    _, label, value, other = PAGES[name]
    page = opened(name)
    before = pixels(page)
    field(page, label).fill(str(value))
    field(page, label).press("Enter")
    assert page.get_by_label(label, exact=True).get_attribute("aria-valuetext") == str(value)
    assert field(page, label).input_value() == str(value)
    assert pixels(page) != before
    for wrong in ("nothing", ""):
        field(page, label).fill(wrong)
        field(page, label).blur()
        assert field(page, label).input_value() == str(value)
    field(page, other).fill("1/3")
    page.keyboard.press("Tab")
    assert page.locator(f"[aria-valuetext='{1 / 3}']").count() == 1


def test_a_hand_drags_and_reads_on_the_picture(opened, name):
    canvas, *_ = PAGES[name]
    page = opened(name)
    box = page.locator(f".tlr-{canvas}").bounding_box()
    spots = [(box["x"] + share * box["width"], box["y"] + 0.4 * box["height"]) for share in (0.3, 0.6)]
    page.mouse.move(*spots[0])
    assert page.locator(".tlr-tip.tlr-shown").inner_text().count("\n") >= 1
    before = pixels(page)
    page.mouse.down()
    page.mouse.move(*spots[1])
    dragged = pixels(page)
    page.mouse.up()
    assert dragged != before


@pytest.mark.parametrize("name", PLAYED)
def test_the_time_line_is_dragged_and_reads_every_method(opened, name):
    page = opened(name)
    panel = page.locator(".tlr-panels canvas").last.bounding_box()
    page.mouse.move(panel["x"] + 0.4 * panel["width"], panel["y"] + 0.5 * panel["height"])
    read = page.locator(".tlr-tip.tlr-shown").inner_text().splitlines()
    assert "loss" in " ".join(read[1:])
    page.mouse.down()
    page.evaluate(NEXT_FRAME)
    assert page.locator(".tlr-clock").text_content() == read[0]
    page.mouse.move(panel["x"] + 0.8 * panel["width"], panel["y"])
    page.mouse.up()
    page.evaluate(NEXT_FRAME)
    assert page.locator(".tlr-clock").text_content() != read[0]


def test_the_picture_answers_the_keyboard_and_is_heard(opened, name):
    canvas, *_ = PAGES[name]
    page = opened(name)
    before = pixels(page)
    for key in ("ArrowRight", "Shift+ArrowLeft", "l"):
        page.locator(f".tlr-{canvas}").press(key)
        assert pixels(page) != before, key
        before = pixels(page)
    assert page.get_by_role("status").count() == 1
    page.wait_for_function("() => document.querySelector('[role=status]').textContent")
    unnamed = "[...document.querySelectorAll('input, select, canvas')].filter((each) => !each.ariaLabel).length"
    assert page.evaluate(f"() => {unnamed}") == 0


@pytest.mark.parametrize("name", PLAYED)
def test_it_plays_until_it_is_paused(opened, name):
    page = opened(name)
    page.get_by_role("button", name="Play").click()
    page.wait_for_function("() => !/= (0|1|40|100|200|1000)$/.test(document.querySelector('.tlr-clock').textContent)")
    page.get_by_role("button", name="Pause").click()
    assert pixels(page) == pixels(page)


@pytest.mark.parametrize(("width", "ratio"), [(1100, 2), (390, 3)])
def test_sharp_on_a_dense_screen_and_within_any_width(opened, name, width, ratio):
    page = opened(name, viewport={"width": width, "height": 900}, device_scale_factor=ratio)
    for canvas in page.locator("canvas").all():
        drawn, shown = canvas.evaluate("(canvas) => [canvas.width, canvas.clientWidth]")
        assert drawn == ratio * shown
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width
    if width < 500 and name in PLAYED:
        tops = [
            page.locator(each).bounding_box()["y"]
            for each in (".tlr-field", ".tlr-play", ".tlr-panels", ".tlr-row >> nth=0")
        ]
        assert tops == sorted(tops), "the picture, the player, the panels, then the controls"


def test_dark_where_the_system_is(opened, name):
    page = opened(name, color_scheme="dark")
    paper = page.locator(".tlr-explorer").evaluate("(root) => getComputedStyle(root).backgroundColor")
    assert max(map(int, paper.removeprefix("rgb(").removesuffix(")").split(","))) < 64
    shown = pixels(page)
    page.evaluate("() => { document.documentElement.dataset.theme = 'light'; }")
    page.evaluate("() => window.dispatchEvent(new Event('resize'))")
    page.set_viewport_size({"width": 1000, "height": 900})
    assert pixels(page) != shown


def test_paths_on_every_function(opened):
    page = opened("Paths")
    menu, seen = page.get_by_label("function", exact=True), set()
    for option in menu.locator("option").all_text_contents():
        menu.select_option(option)
        seen.add(pixels(page))
        turns = option.endswith("quadratic")
        assert page.get_by_label("rotation", exact=True).is_visible() == turns
    assert len(seen) == 6


def test_a_methods_own_option_is_there_when_the_method_is(opened):
    page = opened("Paths")
    option = page.get_by_label("β (hypergr.)", exact=True)
    assert not option.is_visible()
    page.get_by_role("button", name="hypergradient").click()
    assert option.is_visible()
    before = pixels(page)
    option.press("End")
    assert pixels(page) != before


def test_reset_brings_hidden_methods_back(opened):
    page = opened("Race")
    before = pixels(page)
    page.locator(".tlr-plane").press("1")
    assert pixels(page) != before
    page.locator(".tlr-plane").press("r")
    page.mouse.move(0, 0)
    assert pixels(page) == before
