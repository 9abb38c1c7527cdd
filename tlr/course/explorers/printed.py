"""JavaScript printed by sympy for explorers that run in the browser: the rules of `tlr.rule`, and toy functions.

`python -m tlr.course.explorers.printed` writes the rules; a test compares what is stored with what would be written.
"""

from pathlib import Path

import numpy as np

from tlr import rule
from tlr.course.files import replacing

__all__ = ["printed_function", "printed_rule", "printed_toy"]

_RULES = ("published", "secant", "barzilai_borwein")
_HEAD = """// Printed from the expressions of tlr.rule by `python -m tlr.course.explorers.printed`: change those.

"""


def printed_rule():
    """A module of `relativeChange.NAME(gg, gp, pp, c)` and `secondDerivative.NAME(alpha, gg, gp, pp)` for each rule,
    and of `gradientStep(alpha, gp, beta)`."""
    import sympy

    alpha, beta, c, gg, gp, pp = sympy.symbols("alpha beta c gg gp pp", real=True)
    lines = ["export const relativeChange = {"]
    for name in _RULES:
        change = sympy.piecewise_fold(rule.relative_change(gg, gp, pp, c, name))
        body = sympy.jscode(change, assign_to="change").replace("\n", "\n    ")
        lines.append(f"  {name}(gg, gp, pp, c) {{\n    let change;\n    {body}\n    return change;\n  }},")
    lines += ["};", "", "export const secondDerivative = {"]
    for name in _RULES:
        second = sympy.jscode(rule.second_derivative(alpha, gg, gp, pp, name))
        lines.append(f"  {name}: (alpha, gg, gp, pp) => {second},")
    step = sympy.jscode(rule.gradient_step(alpha, rule.first_derivative(gp), beta))
    return _HEAD + "\n".join([*lines, "};", "", f"export const gradientStep = (alpha, gp, beta) => {step};", ""])


def printed_function(expression):
    """JavaScript of an object with `value(w)`, `gradient(w)` and `hessian(w)`; its variables as `Toy` orders them."""
    import sympy

    variables = sorted(expression.free_symbols, key=str)
    slopes = [sympy.diff(expression, v) for v in variables]
    formulas = [expression, *slopes, *(sympy.diff(slope, v) for slope in slopes for v in variables)]
    # The names of a formula are the reader's; these are the page's.
    names = [sympy.Symbol(f"w{i}", real=True) for i in range(len(variables))]
    named = dict(zip(variables, names, strict=True))
    value, *others = [sympy.jscode(formula.xreplace(named)) for formula in formulas]
    gradient, hessian = others[: len(names)], others[len(names) :]
    rows = [f"[{', '.join(hessian[i : i + len(names)])}]" for i in range(0, len(hessian), len(names))]
    w = f"([{', '.join(map(str, names))}])"
    return f"{{value: {w} => {value}, gradient: {w} => [{', '.join(gradient)}], hessian: {w} => [{', '.join(rows)}]}}"


def printed_toy(toy, steps=0):
    """A toy function for `described` of the front end: `code`, or, of a quadratic, its `matrix` and `minimum`.

    Args:
        toy: a `tlr.toys.Toy`.
        steps: of a stochastic quadratic, how many mini-batches to draw, those of `descend` with the seed 0.

    Raises:
        ValueError: for a function that is neither.
    """
    if toy.expression is not None:
        return {"code": printed_function(toy.expression)}
    matrix, minimum = toy.hessian(toy.start), toy.minimum[0] if len(toy.minimum) else np.zeros(toy.dimension)
    places = minimum + np.random.default_rng(0).normal(size=(3, toy.dimension))
    if not all(np.allclose(toy.gradient(place), matrix @ (place - minimum)) for place in places):
        raise ValueError(f"{toy.name} is to run in the page, which needs its formula: make it with `from_expression`.")
    found = {"matrix": matrix.tolist(), "minimum": minimum.tolist()}
    if toy.stochastic:
        slopes = [toy.gradient(minimum, np.random.default_rng((0, t))) for t in range(steps)]
        found["draws"] = [(-np.linalg.solve(matrix, slope)).tolist() for slope in slopes]
    return found


if __name__ == "__main__":
    with replacing(Path(__file__).parent / "front" / "rule.js") as part:
        part.write_text(printed_rule(), encoding="utf-8")
