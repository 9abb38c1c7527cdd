"""The signature explorer as a saved page: opened from a file, with no server and no network."""

import pytest
from canvases import NEXT_FRAME, pixels

from tlr.course.explorers import Race

SLIDERS = ["α₀", "condition κ", "rotation", "c (TLR)", "β (hypergr.)", "noise"]


@pytest.fixture
def opened(saved):
    """opened(settings, **options of the browser) → the page."""

    def opened(settings=None, **options):
        page = saved(Race(**(settings or {})), **options)
        page.wait_for_function("() => document.querySelector('.tlr-fate').textContent")
        page.locator(".tlr-plane").press("End")  # it plays by itself when it is seen
        page.get_by_text("More", exact=True).click()
        return page

    return opened


def fates(page):
    pixels(page)
    return page.locator(".tlr-fate").all_text_contents()


def clock(page):
    return int(page.locator(".tlr-clock").text_content().removeprefix("t = "))


def slider(page, name):
    return page.get_by_label(name, exact=True)


def press_plane(page, x, y):
    """Press at shares of the plane's width and height."""
    box = page.locator(".tlr-plane").bounding_box()
    page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])


def wait_for_the_end(page):
    page.wait_for_function("() => document.querySelector('.tlr-clock').textContent === 't = 100'")


def test_every_slider_moves_the_picture_by_keyboard_to_both_ends_and_back(opened):
    page = opened()
    before = pixels(page)
    for name in SLIDERS:
        seen = {before}
        for key in ("Home", "End"):
            slider(page, name).press(key)
            seen.add(pixels(page))
        assert len(seen) >= 2 + (name != "noise"), name  # noise begins at its lower end
        page.locator(".tlr-plane").press("r")
        assert pixels(page) == before, name


def test_a_slider_moves_by_mouse(opened):
    page = opened()
    before = pixels(page)
    box = slider(page, "condition κ").bounding_box()
    page.mouse.click(box["x"] + 0.8 * box["width"], box["y"] + box["height"] / 2)
    assert pixels(page) != before
    assert 1e4 < float(slider(page, "condition κ").get_attribute("aria-valuetext")) < 1e6


def test_a_press_starts_the_race_there_and_it_runs_to_the_end(opened):
    page = opened()
    before = pixels(page)
    press_plane(page, 0.75, 0.3)
    page.wait_for_function("() => document.querySelector('.tlr-clock').textContent !== 't = 100'")
    assert page.get_by_role("button", name="Pause").is_visible()
    page.get_by_role("button", name="Pause").click()
    assert clock(page) < 100
    paused = pixels(page)
    assert paused != before
    assert pixels(page) == paused
    page.get_by_role("button", name="Play").click()
    wait_for_the_end(page)
    assert page.get_by_role("button", name="Play").is_visible()
    assert pixels(page) not in (before, paused)


def test_the_other_buttons_of_the_mouse_leave_the_race_alone(opened):
    page = opened()
    before = pixels(page)
    page.locator(".tlr-plane").click(button="right", position={"x": 50, "y": 50})
    assert pixels(page) == before


def test_a_touch_starts_it_too(opened):
    page = opened(has_touch=True)
    box = page.locator(".tlr-plane").bounding_box()
    page.touchscreen.tap(box["x"] + 50, box["y"] + 50)
    page.wait_for_function("() => document.querySelector('.tlr-clock').textContent !== 't = 100'")


def test_dragging_shows_where_everything_leads_and_letting_go_starts(opened):
    page = opened()
    box = page.locator(".tlr-plane").bounding_box()
    page.mouse.move(box["x"] + 100, box["y"] + 100)
    page.mouse.down()
    page.evaluate(NEXT_FRAME)
    assert clock(page) == 0
    page.mouse.move(box["x"] + 160, box["y"] + 200)
    first = pixels(page)
    assert clock(page) == 100
    page.mouse.move(box["x"] + 300, box["y"] + 250)
    assert pixels(page) != first
    page.mouse.up()
    page.evaluate(NEXT_FRAME)
    assert clock(page) < 100


def test_stepping_and_scrubbing(opened):
    page = opened()
    page.get_by_role("button", name="Again").click()
    seen = [pixels(page)]
    for t, name in ((1, "Step"), (2, "Step"), (1, "Back")):
        page.get_by_role("button", name=name).click()
        seen.append(pixels(page))
        assert clock(page) == t
    assert seen[1] == seen[3]
    assert len(set(seen)) == 3
    slider(page, "step t").press("End")
    pixels(page)
    assert clock(page) == 100


def test_everything_by_keyboard(opened):
    page = opened()
    plane = page.locator(".tlr-plane")
    plane.press("Home")
    for key, t in ((".", 1), (".", 2), (",", 1), ("End", 100), (",", 99)):
        plane.press(key)
        pixels(page)
        assert clock(page) == t, key
    for key in ("ArrowLeft", "ArrowUp", "Shift+ArrowRight", "ArrowDown", "1", "1", "l", "l"):
        before = pixels(page)
        plane.press(key)
        assert pixels(page) != before, key
    plane.press("Home")
    plane.press("Space")
    page.wait_for_function("() => document.querySelector('.tlr-clock').textContent !== 't = 0'")
    plane.press("Space")
    under_way = pixels(page)
    assert pixels(page) == under_way
    plane.press("Enter")
    assert page.get_by_role("button", name="Pause").is_visible()


def test_pointing_at_a_method_shows_the_steps_of_an_exact_line_search(opened):
    page = opened()
    before = pixels(page)
    method = page.locator(".tlr-legend button").nth(2)
    method.hover()
    shown = pixels(page)
    assert shown != before
    page.mouse.move(0, 0)
    assert pixels(page) == before
    method.focus()
    assert pixels(page) == shown


def test_hiding_a_method_and_presentation_mode(opened):
    page = opened()
    before = pixels(page)
    page.locator(".tlr-legend button").nth(1).click()
    hidden = pixels(page)
    assert hidden != before
    assert page.locator(".tlr-legend button").nth(1).get_attribute("aria-pressed") == "false"
    small = page.locator(".tlr-explorer").evaluate("(root) => parseFloat(getComputedStyle(root).fontSize)")
    page.get_by_role("button", name="Large type").click()
    assert pixels(page) != hidden
    assert page.locator(".tlr-explorer").evaluate("(root) => parseFloat(getComputedStyle(root).fontSize)") > 1.4 * small


@pytest.mark.parametrize("alpha0", [1e-8, 1e3])
@pytest.mark.parametrize("condition", [1, 1e6])
def test_extreme_settings_draw_something_and_recover(opened, alpha0, condition):
    page = opened()
    before = pixels(page)
    for name, end in (
        ("α₀", "End" if alpha0 > 1 else "Home"),
        ("condition κ", "End" if condition > 1 else "Home"),
        ("c (TLR)", "End"),
        ("β (hypergr.)", "End"),
    ):
        slider(page, name).press(end)
    assert pixels(page) != before
    gradient_descent, *_, hypergradient, _ = fates(page)
    assert gradient_descent.startswith("diverged at t = ") == (alpha0 > 1)
    assert hypergradient.startswith("diverged at t = ")
    page.get_by_role("button", name="Reset").click()
    assert pixels(page) == before


def test_sharp_on_a_dense_screen_and_within_any_width(opened):
    for width, ratio in ((1100, 2), (360, 3)):
        page = opened(viewport={"width": width, "height": 900}, device_scale_factor=ratio)
        for canvas in page.locator("canvas").all():
            drawn, shown = canvas.evaluate("(canvas) => [canvas.width, canvas.clientWidth]")
            assert drawn == ratio * shown
        assert page.evaluate("() => document.documentElement.scrollWidth") <= width


def test_reduced_motion_is_respected(opened):
    page = opened(reduced_motion="reduce")
    press_plane(page, 0.6, 0.4)
    page.evaluate(NEXT_FRAME)
    assert clock(page) == 100, "nothing moves that was not asked to"
    page.get_by_role("button", name="Play").click()
    page.evaluate("() => new Promise((done) => setTimeout(done, 400))")
    assert clock(page) < 5, "a step at a time, slowly"


def test_the_page_begins_with_the_settings_it_was_saved_with(opened):
    page = opened({"alpha0": 1e3, "condition": 1e6})
    assert slider(page, "α₀").get_attribute("aria-valuetext") == "1000"
    assert fates(page)[0].startswith("diverged")
