"""Read a formula such as "(x - 1)**2 + 10*sin(y)**2" into a sympy expression, without running it as Python."""

import ast
import operator
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sympy

__all__ = ["parse"]

FUNCTIONS = ("exp", "log", "sqrt", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh")
CONSTANTS = ("pi", "E")
OPERATORS: dict[type[ast.operator | ast.unaryop], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}
LONGEST = 400
#: Of exponents, and of the product of nested ones: no tower of powers takes for ever to be computed.
LARGEST_EXPONENT = 100


def parse(text: str) -> "sympy.Expr":
    """The sympy expression of a formula; its variables are real.

    Args:
        text: numbers, variables, + - * / **, parentheses, the constants pi and E, and the functions exp, log, sqrt,
            sin, cos, tan, asin, acos, atan, sinh, cosh, tanh. At most 400 characters; exponents are numbers between
            −100 and 100.

    Raises:
        ValueError: for anything else.
    """
    try:
        if not isinstance(text, str):
            raise _Unreadable("it is no text")
        if len(text) > LONGEST:
            raise _Unreadable(f"it has {len(text)} characters, and {LONGEST} are allowed")
        with warnings.catch_warnings(action="ignore"):
            tree = ast.parse(text.strip(), mode="eval")
        formula = _build(tree.body)
        if not formula.free_symbols:
            raise _Unreadable("it has no variable")
        return formula
    except _Unreadable as error:
        wrong = str(error)
    except (SyntaxError, ValueError, MemoryError):
        wrong = "its operators or parentheses do not fit together (a product needs its *)"
    except RecursionError:
        wrong = "it is nested too deeply"
    example = 'write one such as "(x - 1)**2 + 10*sin(y)**2"'
    raise ValueError(f"{_short(repr(text))} is no formula that can be read: {wrong}; {example}.")


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:60] + "…"


class _Unreadable(Exception):
    """What is wrong with a formula."""


def _build(node: ast.expr, power: "float | sympy.Expr" = 1) -> "sympy.Expr":
    """The expression of a syntax tree that is raised to `power`, all told."""
    import sympy

    match node:
        case ast.Constant(value=int(value)) if not isinstance(value, bool):
            result = sympy.Integer(value)
        case ast.Constant(value=float(value)):
            result = sympy.Float(value)
        case ast.Name(id=name) if name in CONSTANTS:
            result = getattr(sympy, name)
        case ast.Name(id=name) if name not in FUNCTIONS and not name.startswith("_"):
            result = sympy.Symbol(name, real=True)
        case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]) if name in FUNCTIONS:
            result = getattr(sympy, name)(_build(argument))
        case ast.UnaryOp(op=op, operand=operand) if type(op) in OPERATORS:
            result = OPERATORS[type(op)](_build(operand, power))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
            result = OPERATORS[type(op)](_build(left, power), _build(right, power))
        case ast.BinOp(left=base, op=ast.Pow(), right=exponent):
            exponent = _build(exponent)
            if exponent.is_number:
                power *= max(1, abs(exponent))
            if not exponent.is_number or power > LARGEST_EXPONENT:
                raise _Unreadable(f"exponents are numbers between −{LARGEST_EXPONENT} and {LARGEST_EXPONENT}")
            result = _build(base, power) ** exponent
        case _:
            raise _Unreadable(f"{_short(ast.unparse(node))} is not allowed in it")
    infinite = result.has(sympy.nan, sympy.zoo, sympy.oo, -sympy.oo)
    if infinite or result.is_real is False or (result.is_number and not _fits(result)):
        raise _Unreadable(f"{_short(ast.unparse(node))} is no real number below 1e100, or 0, or above 1e-100")
    return result


def _fits(number: "sympy.Expr") -> bool:
    """Whether a constant, and its inverse, is far from the limits of floating-point numbers."""
    size = abs(number.evalf())
    return bool(size == 0 or 1e-100 <= size <= 1e100)
