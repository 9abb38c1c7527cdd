"""From an answer to one sentence about it."""

import math
from contextlib import suppress
from dataclasses import dataclass
from functools import wraps
from numbers import Real

import numpy as np

from tlr.course.exercises.keeping import keep

__all__ = [
    "X_OVER_ZERO",
    "NotYet",
    "Verdict",
    "call",
    "exercise",
    "is_array",
    "number",
    "percent",
    "returned",
    "whole",
    "word",
]

#: What Algorithm 2 does where its denominator is zero, for `call`.
X_OVER_ZERO = "In Algorithm 2 x/0 counts as +∞ for x > 0, so that the minimum picks c."

#: What stands in a starter where the answer goes.
OPEN = ...

#: Characters of a verdict.
LONGEST = 400


@dataclass(frozen=True, repr=False)
class Verdict:
    """What became of an answer; true if it is right. A notebook shows the sentence.

    Attributes:
        right: whether the answer is right.
        says: the sentence.
    """

    right: bool
    says: str

    def __bool__(self):
        return self.right

    def __repr__(self):
        return self.says


class NotYet(Exception):
    """The answer is wrong, and the message says in which way."""


class _Unanswered(Exception):
    pass


def exercise(judge):
    """Make a checker of a function that returns praise for a right answer and raises `NotYet` for any other.

    Whatever the answer is, the checker returns a `Verdict`, which `summary` keeps.
    """

    @wraps(judge)
    def checker(*answers):
        try:
            if any(_is_open(answer) for answer in answers):
                raise _Unanswered
            verdict = Verdict(True, f"✓ Right: {judge(*answers)}")
        except _Unanswered:
            return Verdict(False, "Not answered yet: put your answer in place of the ... and run this cell again.")
        except NotYet as wrong:
            verdict = Verdict(False, _in_brief(f"✗ Not yet: {wrong}", LONGEST))
        except Exception as error:  # an answer of a form that no checker expects
            verdict = Verdict(False, f"✗ Not yet: your answer could not be read ({type(error).__name__}).")
        keep(judge.__module__.rpartition(".")[2], judge.__name__, verdict)
        return verdict

    return checker


def number(answer, name):
    """The answer as a float; anything but one finite real number is not yet an answer."""
    if _is_open(answer):
        raise _Unanswered
    if hasattr(answer, "is_number") and answer.is_number:  # sympy's numbers
        answer = complex(answer)
        answer = answer.real if answer.imag == 0 else answer
    elif hasattr(answer, "item"):  # numpy's, torch's and pandas' scalars, and whatever holds one number alone
        with suppress(ValueError, RuntimeError):
            answer = answer.item()
    if isinstance(answer, Real) and not isinstance(answer, bool | np.bool_):
        try:
            value = float(answer)
        except OverflowError:  # an int or a fraction beyond the largest float
            raise NotYet(f"{name} is one finite number, and yours is too large for a floating-point number.") from None
        if math.isfinite(value):
            return value
    raise NotYet(f"{name} is one finite number, and yours is {_shown(answer)}.")


def whole(answer, name):
    """The answer as an int; anything but a whole number is not yet an answer."""
    value = number(answer, name)
    if value != int(value):
        raise NotYet(f"{name} is a whole number, and yours is {value:g}.")
    return int(value)


def word(answer, name, words):
    """The answer as one of the words; anything else is not yet an answer."""
    if _is_open(answer):
        raise _Unanswered
    if not isinstance(answer, str) or answer not in words:
        raise NotYet(f"{name} is one of {', '.join(map(repr, words))}, and yours is {_shown(answer)}.")
    return answer


def returned(function, *arguments, by_zero=""):
    """What the student's function returns; an error in it is a wrong answer, not an error of the checker.

    `by_zero` is the sentence to add to the error that Python makes of a division by zero.
    """
    if not callable(function):
        raise NotYet(f"the answer is a function, and yours is {_shown(function)}.")
    try:
        with np.errstate(all="ignore"):
            return function(*arguments)
    except (Exception, SystemExit) as error:
        wrong = f"called with ({_listed(arguments)}) your function stops with {type(error).__name__}: {error}."
        raise NotYet(f"{wrong} {by_zero}" if by_zero and isinstance(error, ZeroDivisionError) else wrong) from None


def call(function, *arguments, by_zero=""):
    """The number that the student's function returns, as in `returned`; numpy divides by zero without an error."""
    answer = returned(function, *arguments, by_zero=by_zero)
    name = f"what your function returns for ({_listed(arguments)})"
    if by_zero and isinstance(answer, float) and not math.isfinite(answer):
        raise NotYet(f"{name} is {answer}. {by_zero}")
    return number(answer, name)


def is_array(answer):
    """Whether the answer is a numpy array of more than one number, where one number is asked for."""
    return isinstance(answer, np.ndarray) and answer.size > 1


def percent(share):
    """A share as it is said: 0.42 → "42 %"."""
    return f"{100 * share:.0f} %"


def _shown(answer):
    return _in_brief(repr(answer), 60)


def _in_brief(text, length):
    """The text in one line, cut where it is too long."""
    text = " ".join(text.split())
    return text if len(text) <= length else f"{text[: length - 1]}…"


def _listed(arguments):
    return ", ".join(f"{argument:g}" if isinstance(argument, Real) else str(argument) for argument in arguments)


def _is_open(answer):
    if isinstance(answer, list | tuple):
        return any(_is_open(part) for part in answer)
    if isinstance(answer, dict):
        return _is_open([*answer.values()])
    return answer is OPEN
