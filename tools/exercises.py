"""Write the exercises of the notebooks, and their versions for those who teach, from one master a notebook.

python tools/exercises.py        # from exercises/NAME.yaml:

    notebooks/NAME.ipynb                     the exercise cells: starters; folded hints, expected output and solutions
    build/exercises/instructor/NAME.ipynb    answered, with points, grading notes, and what each wrong answer is told
    build/exercises/release/NAME/            without solutions, for nbgrader or to hand out
    build/exercises/source/NAME/             the same with solutions, for nbgrader

A notebook without a master stays as it is. What a master holds is in exercises/README.md.
"""

import contextlib
import copy
import io
import re
from dataclasses import dataclass
from pathlib import Path

import matplotlib.pyplot as plt
import nbformat
import yaml
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from tlr.course.files import replacing

ROOT = Path(__file__).resolve().parent.parent
MASTERS = ROOT / "exercises"
BUILD = ROOT / "build" / "exercises"

#: Without it nbgrader ends each answer in `raise NotImplementedError()`, below the starter.
NBGRADER = 'c.ClearSolutions.code_stub = {"python": "# Your answer goes in place of the ... above."}\n'

#: The cells that stand around the exercises in every notebook.
BEGIN, END = "exercises", "references"


@dataclass(frozen=True)
class Exercise:
    """One exercise of a master; texts are Markdown, codes Python.

    Attributes:
        number: its place in the notebook, from 1.
        id: of its cells: exercise-ID, exercise-ID-answer, exercise-ID-solution.
        title, kind, statement, hint, solution, grading: what is read, by whom it concerns.
        starter, check: the cell that a student completes, and the call that judges it; empty for what is not computed.
        answer: what stands in the starter's place in the solution.
        wrong: common wrong answers, each with what its verdict must say.
        points, written: what the checked and the written part are worth.
        needs: ids of the cells whose names the answer uses, besides those above the notebook's first section.
    """

    number: int
    id: str
    title: str
    kind: str
    statement: str
    solution: str
    grading: str
    hint: str = ""
    starter: str = ""
    check: str = ""
    answer: str = ""
    wrong: tuple = ()
    points: int = 0
    written: int = 0
    needs: tuple = ()

    @property
    def heading(self):
        """The statement with everything that stands above it."""
        return f"### {self.number} · {self.title}\n\n*{self.kind}.* {self.statement}"


@dataclass(frozen=True)
class Master:
    """The exercises of one notebook and the sentence before them."""

    name: str
    intro: str
    exercises: tuple[Exercise, ...]


def load(path):
    """The master in a YAML file."""
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    exercises = (
        Exercise(number, **{key: text.rstrip() if isinstance(text, str) else text for key, text in fields.items()})
        for number, fields in enumerate(content["exercises"], 1)
    )
    return Master(path.stem, content["intro"].rstrip(), tuple(exercises))


def masters():
    """All masters, in reading order."""
    return [load(path) for path in sorted(MASTERS.glob("*.yaml"))]


def notebook(master):
    """The committed notebook of a master, as a fresh copy."""
    return nbformat.read(ROOT / "notebooks" / f"{master.name}.ipynb", as_version=4)


# What an answer is told


def namespace(book, needs=()):
    """The names that the cells above a notebook's first section define, and those that the cells `needs` add."""
    names, above = {"__name__": "__main__"}, True
    with plt.rc_context({"backend": "agg"}), contextlib.redirect_stdout(io.StringIO()):
        for cell in book.cells:
            above = above and not (cell.cell_type == "markdown" and re.search("^## ", cell.source, re.MULTILINE))
            if cell.cell_type == "code" and cell.id != "setup" and (above or cell.id in needs):
                exec(cell.source, names)
        plt.close("all")
    return names


def verdict(exercise, code, names):
    """What the checker says about the answer that `code` gives, in a copy of `names`."""
    names = dict(names)
    with contextlib.redirect_stdout(io.StringIO()):
        exec(code, names)
    return eval(exercise.check, names)


def praise(book, master):
    """What the answer of each exercise is told: id → verdict."""
    return {
        exercise.id: verdict(exercise, exercise.answer, namespace(book, exercise.needs))
        for exercise in master.exercises
        if exercise.check
    }


# The student's version


def folded(summary, text):
    return f"<details><summary>{summary}</summary>\n\n{text}\n</details>"


def fenced(code, language="python"):
    return f"```{language}\n{code}\n```"


def student_cells(master, praised):
    """The cells from the heading of the exercises to the references, from a master and what `praise` gives for it."""
    cells = [new_markdown_cell(f"## Exercises\n\n{master.intro}", id=BEGIN)]
    for exercise in master.exercises:
        asks, folds = [exercise.heading], []
        if exercise.hint:
            asks.append(folded("Hint", exercise.hint))
        if exercise.check:
            folds = [folded("Expected output", fenced(praised[exercise.id], "text"))]
        answer = [fenced(exercise.answer)] if exercise.answer else []
        folds.append(folded("Solution", "\n\n".join([*answer, exercise.solution])))
        cells.append(new_markdown_cell("\n\n".join(asks), id=f"exercise-{exercise.id}"))
        if exercise.check:
            cells.append(new_code_cell(_both(exercise.starter, exercise.check), id=f"exercise-{exercise.id}-answer"))
        cells.append(new_markdown_cell("\n\n".join(folds), id=f"exercise-{exercise.id}-solution"))
    return cells


def replaced(book, cells):
    """A copy of the notebook with these exercise cells; a cell that runs the same code keeps what it showed."""
    book = copy.deepcopy(book)
    ids = [cell.id for cell in book.cells]
    begin, end = ids.index(BEGIN), ids.index(END)
    shown = {(cell.id, cell.source): cell for cell in book.cells if cell.cell_type == "code"}
    for cell in cells:
        if (before := shown.get((cell.id, cell.source))) is not None:
            cell.outputs, cell.execution_count = before.outputs, before.execution_count
    book.cells[begin:end] = cells
    return book


# The versions for those who teach


def instructor_cells(master, praised, names):
    """Statement, answer with its verdict, solution, points, grading notes and wrong answers.

    `names` are those above the notebook's first section.
    """
    cells = [new_markdown_cell(f"## Exercises\n\n{_overview(master)}", id=BEGIN)]
    for exercise in master.exercises:
        after = [f"**Solution.** {exercise.solution}", f"**Grading** ({_points(exercise)}). {exercise.grading}"]
        cells.append(new_markdown_cell(exercise.heading, id=f"exercise-{exercise.id}"))
        if exercise.check:
            cell = new_code_cell(_both(exercise.answer, exercise.check), id=f"exercise-{exercise.id}-answer")
            cell.outputs = [new_output("execute_result", {"text/plain": str(praised[exercise.id])})]
            cells.append(cell)
            told = (
                f"{fenced(each['answer'])}\n> {verdict(exercise, each['answer'], names)}" for each in exercise.wrong
            )
            after.append("\n\n".join(["**Wrong answers, and what each is told.**", *told]))
        cells.append(new_markdown_cell("\n\n".join(after), id=f"exercise-{exercise.id}-solution"))
    return cells


def _overview(master):
    total = sum(exercise.points + exercise.written for exercise in master.exercises)
    rows = (f"| {each.number} · {each.title} | {each.kind} | {_points(each)} |" for each in master.exercises)
    return "\n".join(
        [
            f"*The instructor's version, made by `make exercises` from exercises/{master.name}.yaml: change it there.*",
            "",
            f"| exercise | kind | {total} points |",
            "|---|---|---|",
            *rows,
        ]
    )


def _points(exercise):
    parts = [(exercise.points, "checked"), (exercise.written, "written")]
    return ", ".join(f"{points} {part}" for points, part in parts if points)


def graded_cells(master, solutions):
    """The exercises as nbgrader has them: an open cell for each answer, a locked one for each check."""
    cells = [new_markdown_cell("## Exercises", id=BEGIN)]
    for exercise in master.exercises:
        name = f"exercise-{exercise.id}"
        asks = [exercise.heading, *([folded("Hint", exercise.hint)] if exercise.hint else [])]
        cells.append(_graded(new_markdown_cell("\n\n".join(asks), id=name), locked=True))
        if exercise.check:
            code = exercise.starter
            if solutions:
                code += f"\n\n### BEGIN SOLUTION\n{exercise.answer}\n### END SOLUTION"
            cells.append(_graded(new_code_cell(code, id=f"{name}-answer"), solution=True))
            code = f"verdict = {exercise.check}\nassert verdict, verdict\nprint(verdict)"
            cells.append(_graded(new_code_cell(code, id=f"{name}-check"), locked=True, points=exercise.points))
        if exercise.written:
            text = f"{exercise.solution}\n\n**Grading.** {exercise.grading}" if solutions else "Your answer here."
            cell = new_markdown_cell(text, id=f"{name}-written")
            cells.append(_graded(cell, solution=True, points=exercise.written))
    return cells


def _graded(cell, solution=False, locked=False, points=0):
    """The cell with nbgrader's metadata, schema 3."""
    mark = {"schema_version": 3, "grade_id": cell.id, "cell_type": cell.cell_type, "task": False}
    mark |= {"grade": bool(points), "solution": solution, "locked": locked}
    cell.metadata["nbgrader"] = mark | ({"points": points} if points else {})
    return cell


def _both(code, check):
    gap = "\n\n\n" if code.splitlines()[-1].startswith(" ") else "\n"  # as the formatter has it after a function
    return f"{code}{gap}{check}"


def write(book, path):
    with replacing(path) as part:
        nbformat.write(book, part)


def main():
    for master in masters():
        path = ROOT / "notebooks" / f"{master.name}.ipynb"
        book = notebook(master)
        praised = praise(book, master)
        student = replaced(book, student_cells(master, praised))
        if student != book:
            write(student, path)
            print(f"{path.relative_to(ROOT)}: written; `make notebooks` runs it")
        for kind, cells in {
            "instructor": instructor_cells(master, praised, namespace(book)),
            f"release/{master.name}": graded_cells(master, solutions=False),
            f"source/{master.name}": graded_cells(master, solutions=True),
        }.items():
            target = BUILD / kind / path.name
            write(replaced(student, cells), target)
            print(target.relative_to(ROOT))
    (BUILD / "nbgrader_config.py").write_text(NBGRADER, encoding="utf-8")


if __name__ == "__main__":
    main()
