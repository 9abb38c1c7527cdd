"""JavaScript of the rules, printed from the expressions of `tlr.rule`, for explorers that run in the browser.

`python -m tlr.course.explorers.printed` writes it; a test compares what is stored with what would be written.
"""

from pathlib import Path

from tlr import rule
from tlr.course.files import replacing

__all__ = ["printed_rule"]

_RULES = ("published", "secant", "barzilai_borwein")
_HEAD = """// Printed from the expressions of tlr.rule by `python -m tlr.course.explorers.printed`: change those.

"""


def printed_rule():
    """A module of `relativeChange.NAME(gg, gp, pp, c)` for each rule, and of `gradientStep(alpha, gp, beta)`."""
    import sympy

    alpha, beta, c, gg, gp, pp = sympy.symbols("alpha beta c gg gp pp", real=True)
    lines = ["export const relativeChange = {"]
    for name in _RULES:
        change = sympy.piecewise_fold(rule.relative_change(gg, gp, pp, c, name))
        body = sympy.jscode(change, assign_to="change").replace("\n", "\n    ")
        lines.append(f"  {name}(gg, gp, pp, c) {{\n    let change;\n    {body}\n    return change;\n  }},")
    step = sympy.jscode(rule.gradient_step(alpha, rule.first_derivative(gp), beta))
    return _HEAD + "\n".join([*lines, "};", "", f"export const gradientStep = (alpha, gp, beta) => {step};", ""])


if __name__ == "__main__":
    with replacing(Path(__file__).parent / "front" / "rule.js") as part:
        part.write_text(printed_rule(), encoding="utf-8")
