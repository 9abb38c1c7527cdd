"""The JavaScript of the explorers: its rule is tlr.rule's, its descents are tlr.descent's."""

import re
import subprocess
from functools import cache

import numpy as np
import pytest
import sympy
from front import FRONT, WRITE, floats, needs_node, node

from tlr import rule, toys
from tlr.course import theory
from tlr.course.explorers import Basins, Cobweb, Eigenvalues, Newton, Paths, Race, ReturnMap
from tlr.course.explorers.printed import printed_rule, printed_toy
from tlr.course.steps import along_gradient, exact_line_search, step_products
from tlr.descent import RULES, descend, relative_rate_map

pytestmark = needs_node
PRINTED = ["published", "secant", "barzilai_borwein"]


@pytest.mark.parametrize("name", sorted(path.name for path in FRONT.glob("*.js")))
def test_every_module_is_javascript_in_itself(name):
    check = ["node", "--input-type=module", "--check", "-"]
    assert subprocess.run(check, input=(FRONT / name).read_bytes(), check=False).returncode == 0


def test_all_of_it_is_small():
    assert sum(path.stat().st_size for path in FRONT.iterdir()) < 120_000


@pytest.mark.parametrize("explorer", [Basins, Cobweb, Eigenvalues, Newton, Paths, Race, ReturnMap])
def test_the_modules_joined_are_one(explorer):
    module = explorer.module.replace("export default", "const front =")
    assert node(f"{module}\nconsole.log(JSON.stringify(typeof front.render));") == "function"
    assert re.findall(r"^(?:import|export (?!default)).*", explorer.module, re.MULTILINE) == []


def test_the_stored_rule_is_the_one_that_would_be_printed():
    stored = (FRONT / "rule.js").read_text(encoding="utf-8")
    assert stored == printed_rule(), "Run `python -m tlr.course.explorers.printed`."


@pytest.fixture(scope="module")
def products():
    """gg, gp and pp of 2000 pairs of gradients, on scales from 1e-18 to 1e18, with the cases that rules guard."""
    rng = np.random.default_rng(1)
    g, before = rng.normal(size=(2, 2000, 2)) * 10.0 ** rng.integers(-9, 9, (2, 2000, 1))
    before[:100] = 0  # the first step
    before[100:200] = g[100:200]  # no curvature
    before[200:300] = g[200:300, ::-1] * (1, -1)  # at right angles
    return np.vecdot(g, g), np.vecdot(g, before), np.vecdot(before, before)


@pytest.mark.parametrize("name", PRINTED)
def test_the_printed_rule_is_the_rule(name, products):
    rows = (*products, np.random.default_rng(2).uniform(0.01, 10, 2000))
    run = f"""
    import {{ relativeChange }} from "front/rule.js";
    console.log(JSON.stringify(rows.map((row) => relativeChange.{name}(...row))));
    """
    printed = node(run, rows=np.stack(rows, axis=-1).tolist())
    np.testing.assert_allclose(printed, rule.relative_change(*rows, name), rtol=1e-12)


@pytest.mark.parametrize("name", PRINTED)
def test_the_printed_second_derivative_is_the_rules(name, products):
    run = f"""
    import {{ secondDerivative }} from "front/rule.js";
    console.log(JSON.stringify(rows.map((row) => secondDerivative.{name}(0.3, ...row))));
    """
    printed = node(run, rows=np.stack(products, axis=-1).tolist())
    # A difference of equal products is zero one way and rounding the other.
    scale = sum(map(np.abs, products)) * 1e-12
    assert np.all(np.abs(printed - rule.second_derivative(0.3, *products, name)) <= scale)


def test_the_printed_step_of_hypergradient_descent():
    run = 'import { gradientStep } from "front/rule.js"; console.log(gradientStep(0.5, -3, 0.25));'
    assert node(run) == rule.gradient_step(0.5, rule.first_derivative(-3), 0.25)


DESCEND = (
    WRITE
    + """
import { described, descend } from "front/descent.js";
write(runs.map(({ rule, toy, settings, steps }) => descend(rule, described(toy), settings, steps)));
"""
)
FUNCTIONS = [toys.rosenbrock(), toys.beale(), toys.himmelblau(), toys.saddle()]


@cache
def printed(toy):
    return printed_toy(toy)


@pytest.mark.parametrize("name", RULES)
def test_random_descents_are_pythons_to_twelve_digits(name):
    rng, runs, expected = np.random.default_rng(3), [], []
    for trial in range(60):
        noisy = toys.noisy_quadratic(10 ** rng.uniform(0, 2, 2), rng.uniform(-1, 1))
        toy = FUNCTIONS[trial // 2 % 4] if trial % 2 else noisy
        # Few steps: each of them multiplies what the first one rounded.
        start, alpha0, steps = rng.uniform(-1, 1, 2), 10 ** rng.uniform(-4, -2), 5
        options = {"c": rng.uniform(0.05, 4), "eta": 10 ** rng.uniform(-8, -5), "beta": 10 ** rng.uniform(-8, -6)}
        settings = options | {"start": start.tolist(), "alpha0": alpha0}
        described = printed_toy(toy, steps) if toy is noisy else printed(toy)
        runs.append({"rule": name, "toy": described, "settings": settings, "steps": steps})
        own = {option: options[option] for option in [RULES[name]] if option}
        expected.append(descend(name, toy, start, alpha0, steps, seed=0 if toy.stochastic else None, **own))
    for found, ran in zip(node(DESCEND, runs=runs), expected, strict=True):
        np.testing.assert_allclose(floats(found["alpha"]), ran.alpha, rtol=1e-12)
        np.testing.assert_allclose(floats(found["w"]), ran.w, rtol=1e-12, atol=1e-12)


def test_a_quadratic_of_many_variables_descends_as_in_python():
    toy = toys.quadratic([1, 2, 10, 30, 100])
    run = {"rule": "secant", "toy": printed_toy(toy), "settings": {"start": [1] * 5, "alpha0": 0.001, "c": 0.25}}
    (found,) = node(DESCEND, runs=[run | {"steps": 20}])
    np.testing.assert_allclose(floats(found["loss"]), descend("secant", toy, toy.start, 0.001, 20).loss, rtol=1e-11)


@pytest.mark.parametrize("name", RULES)
def test_a_place_of_the_map_is_pythons_descent(name):
    run = (
        WRITE
        + """
    import { decadesFallen, inItsAxes } from "front/descent.js";
    const found = new Float64Array(runs.length * (steps + 1));
    const start = [1, 1, 1];
    runs.forEach(({ eigenvalues, ...settings }, i) =>
      decadesFallen(rule, inItsAxes(eigenvalues), { ...settings, start }, steps, found, i * (steps + 1)));
    write([...found]);
    """
    )
    rng, steps, runs, expected = np.random.default_rng(6), 12, [], []
    for _ in range(100):
        eigenvalues = [1.0, *10 ** rng.uniform(0, 4, 2)]
        options = {"c": rng.uniform(0.05, 4), "eta": 10 ** rng.uniform(-8, -5), "beta": 10 ** rng.uniform(-8, -6)}
        alpha0, own = 10 ** rng.uniform(-6, 1), {option: options[option] for option in [RULES[name]] if option}
        runs.append({"eigenvalues": eigenvalues, "alpha0": alpha0} | options)
        loss = descend(name, toys.quadratic(eigenvalues), [1] * 3, alpha0, steps, **own).loss
        expected.append(loss / loss[0])
    found = floats(node(run, rule=name, runs=runs, steps=steps)).reshape(100, steps + 1)
    # Barzilai and Borwein's steps are so good that soon little is left of the loss but what was rounded.
    seen = slice(4 if name == "barzilai_borwein" else None)
    for row, ratio in zip(found, expected, strict=True):
        np.testing.assert_allclose(row[seen], np.log10(ratio[seen]), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", PRINTED)
def test_the_map_of_one_dimension_is_pythons(name):
    x = np.random.default_rng(4).uniform(0, 5, 500)
    run = f"""
    import {{ relativeRateMap }} from "front/descent.js";
    console.log(JSON.stringify(x.map((each) => relativeRateMap(each, "{name}", 0.4))));
    """
    np.testing.assert_allclose(node(run, x=x.tolist()), relative_rate_map(x, name, 0.4), rtol=1e-12)


@pytest.mark.parametrize("c", [0.1, 0.25, 1 / 3, 1.0, 3.7, 5.0])
def test_the_long_run_is_the_theorems(c):
    run = """
    import { longRun, orbit } from "front/longrun.js";
    const { below, logLoss, density } = longRun(c);
    console.log(JSON.stringify({ below, logLoss, density: places.map(density), orbit: orbit(0.05, 30, c) }));
    """
    places, law = np.random.default_rng(5).uniform(0.7, 1.1 + c, 300), theory.one_dimension(c)
    found = node(run, c=c, places=places.tolist())
    assert (found["below"], found["logLoss"]) == pytest.approx((law.below, law.log_loss), rel=1e-9)
    np.testing.assert_allclose(found["density"], theory.band_density(places, c), rtol=1e-9)
    np.testing.assert_allclose(found["orbit"], theory.orbit(0.05, 30, c), rtol=1e-11)


@pytest.mark.parametrize("toy", [toys.quadratic([1.0]), toys.quadratic([1, 10]), *FUNCTIONS], ids=lambda toy: toy.name)
def test_one_step_is_pythons(toy):
    run = """
    import { alongGradient, described, exactLineSearch, stepProducts } from "front/descent.js";
    const [made, along] = [described(toy), alongGradient(described(toy), start)];
    console.log(JSON.stringify([exactLineSearch(along), stepProducts(made, start, 0.01), along(0.02)]));
    """
    best, products, loss = node(run, toy=printed_toy(toy), start=toy.start.tolist())
    assert best == pytest.approx(exact_line_search(toy, toy.start), rel=1e-9)
    assert products == pytest.approx(step_products(toy, toy.start, 0.01), rel=1e-12, abs=1e-12)
    assert loss == pytest.approx(along_gradient(toy, toy.start, 0.02), rel=1e-12)


def test_names_in_a_formula_are_not_the_pages():
    class_, w1 = sympy.symbols("class w1", real=True)
    toy = toys.from_expression(class_**2 + 3 * w1, start=(2, 5))
    run = 'import { described } from "front/descent.js"; console.log(described(toy).value([2, 5]));'
    assert node(run, toy=printed_toy(toy)) == 19


def test_numbers_are_short_and_rounded_once():
    said = {
        0: "0",
        12345: "1.2 × 10⁴",
        9.96e9: "10¹⁰",
        0.00099999: "0.001",
        9999.6: "10⁴",
        -0.25: "−0.25",
        3.14159: "3.14",
        -2.5e-7: "−2.5 × 10⁻⁷",
    }
    run = 'import { short } from "front/picture.js"; console.log(JSON.stringify(numbers.map(short)));'
    assert node(run, numbers=list(said)) == list(said.values())


def test_sliders_stop_at_round_values_and_at_both_ends():
    run = 'import { roundValues } from "front/controls.js"; console.log(JSON.stringify(controls.map(roundValues)));'
    decades, ends, degrees = node(
        run,
        controls=[
            {"low": 0.01, "high": 10, "log": True},
            {"low": 0.7, "high": 3.3, "log": True},
            {"low": -90, "high": 90, "log": False, "step": 5},
        ],
    )
    assert {0.01, 0.015, 0.25, 0.3, 1, 10} < set(decades)
    assert (ends[0], ends[-1]) == (0.7, 3.3)
    assert degrees == list(range(-90, 91, 5))


def test_a_key_leads_from_any_number_to_the_next_round_one():
    run = """
    import { keyed } from "front/controls.js";
    const keys = ["ArrowLeft", "ArrowDown", "ArrowRight", "ArrowUp", "Home", "End"];
    console.log(JSON.stringify([1.3, 1, 3].map((value) => keys.map((key) => keyed([1, 2, 3], value, key)))));
    """
    assert node(run) == [[1, 1, 2, 2, 1, 3], [1, 1, 2, 2, 1, 3], [2, 2, 3, 3, 1, 3]]


def test_what_can_be_typed():
    numbers = {"0.02": 0.02, " 2e-2 ": 0.02, "1/4": 0.25, "0,5": 0.5, "−1": 0.01, "1e9": 10, "1/0": 10}
    wrong = dict.fromkeys(("", "x", "1..2", "1/2/3", "0x10", "0/0", "alert(1)"))
    run = """
    import { typed } from "front/controls.js";
    console.log(JSON.stringify(texts.map((text) => typed(text, { low: 0.01, high: 10 }))));
    """
    said = numbers | wrong
    assert node(run, texts=list(said)) == list(said.values())


def test_settings_go_into_an_address_and_back():
    race = Race(alpha0=1 / 3, start=(0.25, -1.5), rules=["gd", "secant"], step=7)
    run = """
    import { asHash, fromHash } from "front/address.js";
    const { scene, ...settings } = changed;
    console.log(JSON.stringify(fromHash(`#${asHash(settings)}`, { ...other, scene })));
    """
    back = node(run, changed=race.front_state(), other=Race().front_state())
    assert back == {name: list(value) if name == "start" else value for name, value in race.settings().items()}


def test_what_an_address_tells_stays_within_limits_or_is_left_out():
    run = """
    import { fromHash } from "front/address.js";
    console.log(JSON.stringify(fromHash(hash, state)));
    """
    told = "#alpha0=1e9&condition=x&function=banana&start=1&step=3.6&rules=&scene=1&constructor=2"
    told = node(run, hash=told, state=Paths().front_state())
    known = {"condition": 10, "function": "quadratic", "start": []}
    assert told == {"alpha0": 1000, "step": 4, "rules": []} | known


def test_lines_on_one_another_are_drawn_side_by_side():
    run = """
    import { sideBySide } from "front/picture.js";
    console.log(JSON.stringify(sideBySide(lines, 2, true)));
    """
    along, apart = [[0, 0], [10, 0], [20, 0]], [[0, 50], [10, 60], [20, 50]]
    backwards = [[25, 0], [5, 0], [-5, 0]]
    one, other, alone = node(run, lines=[along, backwards, apart])
    assert [y for _, y in one] == [-1, -1, -1]
    assert [y for _, y in other] == [1, 1, 1]
    assert alone == apart
