"""The tree of decisions: every question has two ways on, and all words are within their boxes."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import pytest
from matplotlib.patches import FancyBboxPatch

from tlr.course import plots


@pytest.fixture
def tree():
    figure = plots.decision()
    yield figure.axes[0]
    plt.close(figure)


def boxes(tree):
    return [patch for patch in tree.patches if isinstance(patch, FancyBboxPatch)]


def test_every_question_is_answered_with_yes_and_no(tree):
    words = [text.get_text() for text in tree.texts]
    assert words.count("yes") == words.count("no") == sum("?" in word for word in words) == 5
    assert len(boxes(tree)) == 2 * 5 + 1


def test_words_stay_within_their_boxes(tree):
    tree.figure.canvas.draw()
    extents = [box.get_window_extent() for box in boxes(tree)]
    for text in tree.texts:
        if text.get_text() not in ("", "yes", "no"):
            words = text.get_window_extent()
            assert any(
                box.x0 < words.x0 and words.x1 < box.x1 and box.y0 < words.y0 and words.y1 < box.y1 for box in extents
            ), text.get_text()
