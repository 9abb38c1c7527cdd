"""A question before a figure: what the reader predicts is kept, and compared with what is computed."""

import html
import math
import numbers
from pathlib import Path

import traitlets

from tlr.course.explorers.page import PageExplorer

__all__ = ["Predict"]


class Predict(PageExplorer):
    """A question to answer before a figure; the browser keeps what is said, and then tells what is so.

    Args:
        question: in plain text.
        answer: what a cell computed: one of the choices, or a number, of which three digits count unless it is whole.
        reveals: a sentence about what the figure shows, said after the answer.
        choices: two to four texts (default: a number is asked for).
        unit: of the number, with a space before it where one belongs.
        said: what the reader said, as text (default: nothing yet).

    Raises:
        ValueError: for an answer that is not among the choices, or not a finite number where there are none.
    """

    front = "predict.js"
    style = _css = PageExplorer.style + (Path(__file__).parent / "front" / "predict.css").read_text(encoding="utf-8")
    description = "A question: predict, then look."

    said = traitlets.Unicode("").tag(sync=True, setting=True)

    def __init__(self, question, answer, reveals, choices=(), unit="", said=""):
        if choices and answer not in choices:
            raise ValueError(f"The answer is one of the choices, {', '.join(choices)}; this is {answer!r}.")
        if not choices:
            answer = _three_digits(answer)
        scene = {"question": question, "answer": answer, "reveals": reveals, "choices": [*choices], "unit": unit}
        super().__init__(scene, said=said)

    def still(self):
        """The question as text, and as HTML with the answer folded."""
        question, choices = self.scene["question"], self.scene["choices"]
        return {
            "text/plain": f"Predict. {question}" + (f" ({' · '.join(choices)})" if choices else ""),
            "text/html": self._folded(**{name: html.escape(str(each)) for name, each in self.scene.items()}),
        }

    def _folded(self, question, answer, reveals, unit, **_others):
        choices = "".join(f"<li>{html.escape(choice)}</li>" for choice in self.scene["choices"])
        return (
            f"<p><b>Predict.</b> {question}</p>{f'<ul>{choices}</ul>' if choices else ''}"
            f"<details><summary>Answer</summary><p>{answer}{unit}. {reveals}</p></details>"
        )


def _three_digits(answer):
    """A number as it is told; what differs between computers is beyond its third digit."""
    if not isinstance(answer, numbers.Real) or isinstance(answer, bool):
        raise ValueError(f"The answer is a number, where there are no choices; this is {answer!r}.")
    if isinstance(answer, numbers.Integral):
        return int(answer)
    rounded = float(f"{answer:.3g}")
    if not math.isfinite(rounded):
        raise ValueError(f"The answer is a finite number; this is {answer}.")
    return int(rounded) if rounded.is_integer() and abs(rounded) < 1e6 else rounded
