"""A question before a figure: readable where nothing runs, and compared with what was computed."""

import html
import json
import re

import numpy as np
import pytest
from front import needs_node, node

from tlr.course.explorers import Predict
from tlr.course.explorers.page import METADATA


def asked(answer, **options):
    return Predict("How many?", answer, "They are counted below.", **options)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (18, 18),
        (np.int64(18), 18),
        (np.float64(0.7134), 0.713),
        (1.25, 1.25),
        (86.41, 86.4),
        (3.2e20, 3.2e20),
        (-0.05, -0.05),
    ],
)
def test_a_whole_number_is_kept_and_of_others_three_digits(answer, told):
    assert asked(answer).scene["answer"] == told


@pytest.mark.parametrize("answer", [np.nan, np.inf, "many", None, True])
def test_an_answer_that_is_no_number_is_refused(answer):
    with pytest.raises(ValueError, match="The answer is a"):
        asked(answer)


def test_an_answer_that_is_not_among_the_choices_is_refused():
    with pytest.raises(ValueError, match="one of the choices, yes, no; this is 'perhaps'"):
        asked("perhaps", choices=["yes", "no"])


def test_the_question_is_readable_where_nothing_runs():
    data, metadata = asked("a < b", choices=["a < b", "a > b"])._repr_mimebundle_()
    assert data["text/plain"] == "Predict. How many? (a < b · a > b)"
    question, _, folded = data["text/html"].partition("<details>")
    assert html.unescape(re.sub("<[^>]+>", " ", question)).split() == ["Predict.", "How", "many?", *"a<ba>b"]
    assert "<p>a &lt; b. They are counted below." in folded
    assert metadata[METADATA]["explorer"] == "Predict"
    assert json.loads(metadata[METADATA]["state"])["said"] == ""


def test_what_was_said_stays_in_the_kernel():
    question = asked(18)
    question.said = "3"
    assert question.state()["said"] == "3"


MEANT = {
    "3": 3,
    " 0,5 ": 0.5,
    "1/4": 0.25,
    "20 %": 20,
    "−2": -2,
    "1e-3": 1e-3,
    "10^20": 1e20,
    "10²⁰": 1e20,
    "3·10⁻⁵": 3e-5,
    "2 x 10^3": 2000,
    "": None,
    "many": None,
    "1/0": None,
    "1/2/3": None,
}


@needs_node
def test_numbers_are_read_as_people_write_them():
    run = 'import { meant } from "front/predict.js"; console.log(JSON.stringify(texts.map(meant)));'
    assert node(run, texts=[*MEANT]) == [*MEANT.values()]


@needs_node
@pytest.mark.parametrize(
    ("said", "scene", "told"),
    [
        ("3", {"answer": 18}, "You said 3; it is 18. Too small by a factor of 6."),
        ("18", {"answer": 18}, "You said 18; it is 18. Well predicted."),
        ("0.7", {"answer": 0.71}, "You said 0.7; it is 0.71. Well predicted."),
        ("50", {"answer": 14, "unit": " %"}, "You said 50 %; it is 14 %. Too large by a factor of 3.6."),
        ("10^3", {"answer": 1e20}, "You said 10^3; it is 10²⁰. Too small by a factor of 10¹⁷."),
        ("−1", {"answer": 0.25}, "You said −1; it is 0.25."),
        ("5", {"answer": 0}, "You said 5; it is 0."),
        ("0", {"answer": 0}, "You said 0; it is 0. Well predicted."),
        ("yes", {"answer": "yes", "choices": ["yes", "no"]}, "You said “yes”, and so it is."),
        ("no", {"answer": "yes", "choices": ["yes", "no"]}, "You said “no”; the answer is “yes”."),
    ],
)
def test_a_prediction_is_compared_with_what_is_so(said, scene, told):
    run = 'import { compared } from "front/predict.js"; console.log(JSON.stringify(compared(said, scene)));'
    assert node(run, said=said, scene={"choices": [], "unit": ""} | scene) == told
