"""What was answered in this session, written to a small file and read from it: a kernel on Binder does not last."""

import json
import sys
from pathlib import Path

from tlr.course.files import replacing

__all__ = ["keep", "resume", "summary"]

#: notebook → exercise → what was answered last: right, says, cell.
_kept = {}

#: What is kept of each, and its type.
_KINDS = (("right", bool), ("says", str), ("cell", str))


class Summary(str):
    """A text that a notebook shows as it is."""

    __slots__ = ()

    __repr__ = str.__str__


def keep(notebook, name, verdict):
    """Remember the last answer to an exercise, with the text of the cell that gave it where there is one."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    cells = shell.user_ns.get("In", [""]) if shell else [""]
    _kept.setdefault(notebook, {})[name] = {"right": verdict.right, "says": verdict.says, "cell": cells[-1]}


def summary(file="answers.json"):
    """Write what was answered to a file, beside what it holds of other notebooks, and tell what it holds.

    Raises:
        ValueError: the file is there and holds something else.
    """
    path = Path(file)
    answers = _read(path) if path.exists() else {}
    for notebook, given in _kept.items():
        answers[notebook] = answers.get(notebook, {}) | given
    with replacing(path) as scratch:
        scratch.write_text(json.dumps(answers, indent=1, ensure_ascii=False), encoding="utf-8")
    return Summary(f"{_told(answers)}\n\nWritten to {path}: download it, and exercise.resume({str(path)!r}) reads it.")


def resume(file="answers.json"):
    """Read what an earlier session wrote, and show it, the cells with the answers included; nothing of it is run.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file holds something else.
    """
    answers = _read(Path(file))
    for notebook, given in answers.items():
        _kept[notebook] = given | _kept.get(notebook, {})
    cells = [f"# {name}\n{each['cell']}" for given in answers.values() for name, each in given.items()]
    return Summary("\n\n".join([_told(answers), *cells]))


def _told(answers):
    lines = []
    for notebook, given in answers.items():
        lines.append(f"{notebook}: {sum(each['right'] for each in given.values())} of {len(given)} answers are right.")
        lines += [f"  {name}: {each['says']}" for name, each in given.items()]
    return "\n".join(lines) or "Nothing has been answered yet."


def _read(path):
    try:
        answers = json.loads(path.read_text(encoding="utf-8"))
        entries = [(each[key], kind) for given in answers.values() for each in given.values() for key, kind in _KINDS]
        if all(isinstance(value, kind) for value, kind in entries):
            return answers
    except (AttributeError, KeyError, TypeError, ValueError):
        pass
    raise ValueError(f"{path} does not hold answers: name a file that exercise.summary() wrote.")
