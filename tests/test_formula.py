"""What a formula may be, and that no text is ever run as Python."""

import random
import re

import numpy as np
import pytest
import sympy

from tlr import formula, toys

X, Y = sympy.symbols("x y", real=True)

HOSTILE = [
    "__import__('os').system('touch {}')",
    "open('{}', 'w')",
    'exec(\'open("{}", "w")\')',
    'eval(\'open("{}", "w")\') + x',
    "(lambda: open('{}', 'w'))()",
    "[open('{}', 'w') for x in 'a'][0]",
    "{{**{{'x': open('{}', 'w')}}}}",
    "x if open('{}', 'w') else x",
    "f\"{{open('{}', 'w')}}\"",
    "(x := open('{}', 'w'))",
    "x.__class__.__mro__[-1].__subclasses__()",
    "sin.__globals__",
    "sin(*[x])",
    "sin(**{{'x': 1}})",
    "sin(x, evaluate=open('{}', 'w'))",
    "x[open('{}', 'w')]",
    "breakpoint()",
    "exit()",
    "__builtins__",
    "_",
    "'x'",
    "S('x')",
    "lambda x: x",
    "yield x",
    "await x",
    "x; import os",
    "import os",
    "x\nimport os",
    "x\0",
    "9**9**9**9",
    "((((9**99)**99)**99)**99)*x",
    "(((x**99)**99)**99)**99",
    "2**x**x**x**x",
    "(" * 200 + "x" + ")" * 199,
    "x*" * 300 + "x",
    "1" * 399 + "*x",
]

SLIPS = {
    "2x": r"a product needs its \*",
    "x = 2": "do not fit together",
    "x +": "do not fit together",
    "": "do not fit together",
    "abs(x)": r"abs\(x\) is not allowed",
    "Max(x, 0)": r"Max\(x, 0\) is not allowed",
    "x < 1": "x < 1 is not allowed",
    "x^2": r"x \^ 2 is not allowed",
    "x // 2": "not allowed",
    "sin": "sin is not allowed",
    "sin(x, y)": "not allowed",
    "1j*x": "1j is not allowed",
    "True*x": "True is not allowed",
    "x**y": "exponents are numbers between −100 and 100",
    "x**101": "exponents are numbers",
    "(x**11)**10": "exponents are numbers",
    "3": "no variable",
    "x/0": "no real number",
    "log(0)*x": "no real number",
    "x + sqrt(-1)": "no real number",
    "(-8)**(1/3)*x": "no real number",
    "1e999*x": "no real number below 1e100",
    "x/1e-300**pi": "no real number below 1e100, or 0, or above 1e-100",
    "x*exp(-1000)": "no real number below 1e100, or 0, or above 1e-100",
    "x" * 401: "401 characters, and 400 are allowed",
    None: "no text",
    3: "no text",
}


@pytest.mark.faults
@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_is_run(text, tmp_path):
    made = tmp_path / "made"
    with pytest.raises(ValueError, match="is no formula that can be read"):
        toys.from_expression(text.format(made), start=(1.0,))
    assert not made.exists()


@pytest.mark.parametrize("text", ["(" * 100 + "x" + ")" * 100, "-" * 399 + "x", "sin(" * 79 + "x" + ")" * 79])
def test_deep_nesting_is_read_or_refused_in_a_sentence(text):
    try:
        assert formula.parse(text).free_symbols == {X}
    except ValueError as error:
        assert "nested" in str(error)  # noqa: PT017


@pytest.mark.parametrize(("text", "said"), SLIPS.items())
def test_every_other_text_is_one_sentence_with_an_example(text, said):
    with pytest.raises(ValueError, match=f'^.* is no formula that can be read: .*{said}.*; write one such as ".*"\\.$'):
        formula.parse(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(x - 1)**2 + 10*sin(y)**2", (X - 1) ** 2 + 10 * sympy.sin(Y) ** 2),
        (" -x/3 + +y*1.5e0 ", -X / 3 + 1.5 * Y),
        ("x**-2 + x**(1/2)", X**-2 + sympy.sqrt(X)),
        ("pi*x + E**2*y", sympy.pi * X + sympy.exp(2) * Y),
        ("exp(log(1 + x**2)) * tanh(acos(y))", (1 + X**2) * sympy.tanh(sympy.acos(Y))),
        ("2**(3**4)*x", 2**81 * X),
    ],
)
def test_a_formula_is_what_it_says(text, expected):
    assert sympy.simplify(formula.parse(text) - expected) == 0


@pytest.mark.parametrize("name", ["beta", "gamma", "S", "N", "Q", "x0", "α", "lambda_1"])
def test_any_other_name_is_a_real_variable(name):
    (variable,) = formula.parse(f"{name}**2").free_symbols
    assert (variable.name, variable.is_real) == (name, True)


def test_variables_may_be_called_what_sympy_calls_its_own():
    toy = toys.from_expression("x0*x1 + sin(x0**2)*x1**2 + (x0**2 + x1)**2", start=(2, 3))
    assert toy.value(toy.start) == pytest.approx(6 + 9 * float(sympy.sin(4)) + 49)


def test_where_a_slope_jumps_the_curvature_is_that_beside_it():
    toy = toys.from_expression("sqrt(x**2) + y**2", start=(0.0, 1.0))
    assert toy.gradient([-2.0, 1.0]) == pytest.approx([-1, 2])
    assert toy.hessian([[-2.0, 1.0], [0.0, 1.0]]) == pytest.approx(np.array([[[0, 0], [0, 2]]] * 2))


def test_a_sympy_expression_stays_what_it_is():
    x = sympy.Symbol("x")
    assert toys.from_expression(sympy.Max(x, 0) ** 3, start=(2,)).gradient([2.0]) == pytest.approx(12)


def grown(draw, depth):
    """A random formula, most of which can be read."""
    if depth == 0 or draw.random() < 0.2:
        leaves = [
            "x",
            "y",
            "beta",
            "2",
            "3.5",
            "1e9",
            "100",
            "0",
            "1/3",
            "pi",
            "E",
            "0.1",
            "7",
            "1e-300",
            "1e99",
            "12345678901234567890",
        ]
        return draw.choice(leaves)
    left = f"({grown(draw, depth - 1)})"
    match draw.randrange(7):
        case 0:
            return draw.choice(formula.FUNCTIONS) + left
        case 1:
            exponents = ["2", "3", "-1", "(1/2)", "0.5", "99", "-99", "(2/3)", "100", "0", "(-1/3)", "pi"]
            return f"{left}**{draw.choice(exponents)}"
        case 2:
            return f"-{left}"
    return f"{left}{draw.choice('+-*/')}({grown(draw, depth - 1)})"


def scribbled(draw):
    """Words of formulas and of Python in any order."""
    words = [
        "x",
        "y",
        "2",
        "1e9",
        "99",
        "(",
        ")",
        "sin(",
        "exp(",
        "pi",
        "E",
        "+",
        "-",
        "*",
        "/",
        "**",
        "^",
        ",",
        "=",
        "[",
        "]",
        "'",
        "__",
        "lambda",
        "import",
        ".",
        ":",
        "1j",
        "oo",
        "nan",
        "e",
        "I",
        "open(",
        "exec(",
    ]
    return " ".join(draw.choices(words, k=draw.randint(1, 12)))


@pytest.mark.faults
@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of values that are not finite there
def test_any_text_is_a_function_with_its_derivatives_or_one_sentence(trials):
    for seed in trials(40, 3000):
        draw = random.Random(seed)
        text = grown(draw, draw.randint(1, 4)) if seed % 2 else scribbled(draw)
        try:
            n = len(formula.parse(text).free_symbols)
        except ValueError as error:
            said = str(error)
        else:
            toy, said = toys.from_expression(text, start=[1.3] * n), None
            assert toy.hessian(toy.start).shape == (n, n)
        assert said is None or re.fullmatch(r".* is no formula that can be read: .*; write one such as .*", said)
