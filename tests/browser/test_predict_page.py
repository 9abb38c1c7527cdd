"""A question before a figure, saved and opened from a file: answered by hand and by keys, once."""

import pytest

from tlr.course.explorers import Predict

CHOICES = ["everywhere", "left of it", "right of it"]


@pytest.fixture
def opened(visit, tmp_path):
    """opened(answer, **options) → the page of a question; at the end its console must have been silent."""
    pages = []

    def opened(answer, **options):
        Predict("How many?", answer, "They are counted below.", **options).save_html(tmp_path / "page.html")
        pages.append(visit((tmp_path / "page.html").as_uri(), offline=True, viewport={"width": 390, "height": 600}))
        return pages[-1]

    yield opened
    assert [page.said for page in pages] == [[]] * len(pages)


def test_nothing_is_told_before_the_answer(opened):
    assert opened(18).locator(".tlr-predict").inner_text().split() == ["Predict.", "How", "many?", "Predict"]


def test_a_number_is_typed_and_compared(opened):
    page = opened(18)
    page.get_by_role("textbox").fill("many")
    page.keyboard.press("Enter")
    assert "Type a number" in page.get_by_role("status").inner_text()
    page.get_by_role("textbox").fill("3")
    page.get_by_role("button", name="Predict").click()
    told = ["You said 3; it is 18. Too small by a factor of 6.", "They are counted below."]
    assert page.get_by_role("status").locator("p").all_inner_texts() == told
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390


def test_a_choice_is_made_with_keys_and_only_once(opened):
    page = opened("right of it", choices=CHOICES)
    for key in ("Tab", "Tab", "Enter"):
        page.keyboard.press(key)
    told = page.get_by_role("status").inner_text()
    assert told.startswith("You said “left of it”; the answer is “right of it”.")
    assert page.locator("[aria-pressed=true]").all_inner_texts() == ["left of it"]
    page.get_by_role("button", name="right of it").click()
    assert page.get_by_role("status").inner_text() == told


def test_dark_where_the_system_is(opened):
    page = opened(18)
    page.emulate_media(color_scheme="dark")
    paper = page.locator(".tlr-predict").evaluate("(root) => getComputedStyle(root).backgroundColor")
    assert max(map(int, paper.removeprefix("rgb(").removesuffix(")").split(","))) < 64
