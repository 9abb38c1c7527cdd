"""What checks the exercises of the notebooks: one module a notebook, one function an exercise.

Each function takes a student's answer and returns a `Verdict`, which a notebook shows as one sentence: what is right
about the answer, or what is wrong with it and where to look. The exercises themselves, their solutions and the wrong
answers that each function must know are in the repository's folder exercises/.
"""

from tlr.course.exercises.checking import Verdict

__all__ = ["Verdict"]
