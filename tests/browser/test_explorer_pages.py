"""Every explorer in the page, saved and opened from a file: drag, type, keys, both ends, a phone, the dark theme."""

import pytest
from canvases import NEXT_FRAME, pixels
from PIL import Image

from tlr.course import explorers

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
#: Those that play by themselves when they are seen first.
OPENING = ["Paths", "Race"]


#: What stands for the clipboard, which a test's browser may not have.
CLIPBOARD = "navigator.clipboard.writeText = async (text) => { window.copied = text; };"


@pytest.fixture(params=PAGES)
def name(request):
    return request.param


@pytest.fixture
def opened(saved):
    """opened(name, **options of the browser) → the page."""

    def opened(name, **options):
        page = saved(getattr(explorers, name)(), **options)
        page.wait_for_selector(".tlr-fate:not(:empty)")
        if name in OPENING:
            page.locator(".tlr-plane").press("End")
        for more in page.locator("summary").all():
            more.click()
        return page

    return opened


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


def changed(page, name):
    """The picture after a number was typed, and how it was before."""
    _, label, value, _ = PAGES[name]
    before = pixels(page)
    field(page, label).fill(str(value))
    field(page, label).press("Enter")
    return pixels(page), before


def test_a_copied_link_opens_the_same_picture(opened, visit, name):
    page = opened(name)
    page.evaluate(CLIPBOARD)
    changed(page, name)
    if name in PLAYED:
        page.locator(f".tlr-{PAGES[name][0]}").press(",")
    shown = pixels(page)
    page.get_by_role("button", name="Copy link").click()
    page.get_by_text("Link copied").first.wait_for()
    other = visit(page.evaluate("() => window.copied"), offline=True)
    other.wait_for_selector(".tlr-fate:not(:empty)")
    assert pixels(other) == shown
    assert other.said == []


@pytest.mark.parametrize(
    "told", ["alpha0=x&condition=1e99&rules=", "alpha0=&start=1&c=-5&step=1e9&rules=%", "scene=1&x"]
)
def test_no_link_breaks_a_page(visit, tmp_path, told):
    explorers.Race().save_html(tmp_path / "page.html")
    page = visit(f"{(tmp_path / 'page.html').as_uri()}#{told}", offline=True)
    page.locator(".tlr-plane").press("End")
    assert page.get_by_label("α₀", exact=True).get_attribute("aria-valuetext") == "0.02"
    assert page.said == []


def test_undo_takes_a_change_back(opened, name):
    page = opened(name)
    undo = page.get_by_role("button", name="Undo")
    assert undo.is_disabled()
    after, before = changed(page, name)
    undo.click()
    assert pixels(page) == before
    assert changed(page, name) == (after, before)
    page.locator(f".tlr-{PAGES[name][0]}").press("Control+z")
    assert pixels(page) == before
    assert undo.is_disabled()


def test_a_pinned_run_stays_in_gray_until_it_is_let_go(opened, name):
    page = opened(name)
    alone, _ = changed(page, name)
    page.get_by_role("button", name="Reset").click()
    pin = page.get_by_role("button", name="Pin", exact=True)
    pin.click()
    assert pin.get_attribute("aria-pressed") == "true"
    assert changed(page, name)[0] != alone
    pin.click()
    assert pixels(page) == alone


def test_the_picture_is_saved_at_twice_the_size_and_the_page_is_as_before(opened, name):
    page = opened(name)
    before = pixels(page)
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save picture").click()
    with Image.open(saved.value.path()) as picture:
        assert picture.width == 2 * round(page.locator(".tlr-explorer").bounding_box()["width"])
        assert len(picture.convert("RGB").getcolors(1 << 24)) > 100
    assert pixels(page) == before


def test_every_scene_is_another_picture_and_reset_leads_back(opened, name):
    page = opened(name)
    before, seen = pixels(page), set()
    for chip in page.locator(".tlr-scenes button").all():
        chip.click()
        if name in PLAYED:
            page.locator(f".tlr-{PAGES[name][0]}").press("End")
        seen.add(pixels(page))
        page.get_by_role("button", name="Reset").click()
        assert pixels(page) == before
    assert len(seen) == len(getattr(explorers, name).scenes)


def test_it_fills_the_screen(opened):
    page = opened("Race")
    page.get_by_role("button", name="Full screen").click()
    page.wait_for_function("() => document.fullscreenElement?.matches('.tlr-explorer')")
    page.locator(".tlr-plane").press("f")
    page.wait_for_function("() => !document.fullscreenElement")


@pytest.mark.parametrize("name", OPENING)
def test_it_waits_at_its_start_and_plays_once_it_is_seen(visit, tmp_path, name):
    getattr(explorers, name)().save_html(tmp_path / "page.html")
    clock = "() => document.querySelector('.tlr-clock').textContent"
    page = visit((tmp_path / "page.html").as_uri(), viewport={"width": 900, "height": 120}, offline=True)
    page.wait_for_selector(".tlr-fate:not(:empty)")
    page.wait_for_timeout(300)
    assert page.evaluate(clock) == "t = 0"
    page.set_viewport_size({"width": 900, "height": 900})
    page.wait_for_function(f"() => ({clock})() === 't = 100'")
    still = visit((tmp_path / "page.html").as_uri(), reduced_motion="reduce", offline=True)
    still.wait_for_selector(".tlr-fate:not(:empty)")
    assert still.evaluate(clock) == "t = 100"


def test_what_is_heard_says_who_diverged(opened):
    page = opened("Race")
    page.get_by_role("button", name="the edge").click()
    page.get_by_label("α₀", exact=True).press("End")
    page.locator(".tlr-plane").press("End")
    page.wait_for_function(
        "() => document.querySelector('[role=status]').textContent.includes('Diverged: gradient descent')"
    )
    said = page.get_by_role("status").text_content()
    assert page.locator(".tlr-plane").get_attribute("aria-description") == said


def test_paper_has_the_pictures_and_nothing_to_press(opened, name):
    page = opened(name)
    page.emulate_media(media="print")
    assert page.locator(".tlr-field canvas").first.is_visible()
    assert not any(
        each.is_visible() for each in page.locator("button:not(.tlr-legend button), input[type=range]").all()
    )
