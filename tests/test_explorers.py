"""The explorers: every control over its whole range, and what is left where no kernel runs."""

import asyncio
import base64
import io
import subprocess
import sys
import threading

import ipywidgets
import numpy as np
import pytest
from matplotlib.axis import Axis
from matplotlib.image import AxesImage
from PIL import Image

from tlr import toys
from tlr.course.explorers import Basins, Cobweb, Eigenvalues, Newton, Paths, TensorRace, Windows
from tlr.course.explorers.base import Screen
from tlr.course.explorers.eigenvalues import eigen_errors
from tlr.course.explorers.newton import best_step, frozen_step
from tlr.course.explorers.windows import inner_products, over_windows
from tlr.descent import RULES, descend


def gradients(mean, epochs=3, steps=13):
    """Those of random batches, around a mean."""
    return mean + np.random.default_rng(0).standard_normal((epochs, steps, 5))


def windows():
    return Windows({0.0: gradients(1.0), 0.2: gradients(-0.2)})


def training(per, curvature, alpha0, steps=400):
    """A training in which α grows, unevenly if there are several."""
    for step in range(steps):
        names = ("weight", "bias") if per == "tensor" else ("model",)
        yield 2 / (1 + step * alpha0), {name: alpha0 * 1.01 ** (step * k) for k, name in enumerate(names, 1)}


def tensor_race():
    return TensorRace(training)


EXPLORERS = [Cobweb, Paths, Basins, Newton, Eigenvalues, windows, tensor_race]


def pixels(explorer):
    return np.asarray(Image.open(io.BytesIO(explorer.image.value)))


def fates(explorer):
    return [text.get_text() for text in explorer._picture.figure.texts if text.get_visible()]


def ends(control):
    """The values at both ends of a control, and in between."""
    if isinstance(control, ipywidgets.FloatLogSlider):
        return [control.base**e for e in np.linspace(control.min, control.max, 3)]
    if isinstance(control, (ipywidgets.IntSlider, ipywidgets.FloatSlider)):
        return [control.min, (control.min + control.max) // 2, control.max]
    if isinstance(control, ipywidgets.Checkbox):
        return [True, False]
    return [option[1] if isinstance(option, tuple) else option for option in control.options]


def controls(explorer):
    """Every control that a reader can move, by name."""
    others = ipywidgets.Image, ipywidgets.Play
    named = {
        name: value
        for name, value in vars(explorer).items()
        if isinstance(value, ipywidgets.ValueWidget) and not isinstance(value, others)
    }
    return named | getattr(explorer, "rules", {})


@pytest.mark.parametrize("make", EXPLORERS)
def test_every_control_over_its_whole_range_draws_and_recovers(make):
    explorer = make()
    before = pixels(explorer)
    for name, control in controls(explorer).items():
        original = control.value
        changed = 0
        for value in ends(control):
            control.value = value
            changed += not np.array_equal(pixels(explorer), before)
        control.value = original
        assert changed or control.disabled or name in ("eta", "beta"), name  # whose rules are not drawn at first
        np.testing.assert_array_equal(pixels(explorer), before, err_msg=name)


def test_everything_extreme_at_once_says_diverged_and_recovers():
    explorer = Paths()
    for box in explorer.rules.values():
        box.value = True
    before = pixels(explorer)
    settings = {"alpha0": 1e3, "condition": 1e6, "angle": 90.0, "c": 10.0, "eta": 10.0, "beta": 1.0}
    originals = {name: getattr(explorer, name).value for name in settings}
    for name, value in settings.items():
        getattr(explorer, name).value = value
    assert fates(explorer)[0].startswith("gradient descent, fixed α: diverged")
    for name, value in originals.items():
        getattr(explorer, name).value = value
    np.testing.assert_array_equal(pixels(explorer), before)


@pytest.mark.parametrize("name", ["Rosenbrock", "Beale", "Himmelblau", "saddle", "noisy quadratic"])
@pytest.mark.parametrize("alpha0", [1e-8, 1e-2, 1e3])
def test_every_function_with_every_rule(name, alpha0):
    explorer = Paths()
    explorer.function.value = name
    for box in explorer.rules.values():
        box.value = True
    explorer.alpha0.value = alpha0
    assert len(fates(explorer)) == len(RULES)


def test_condition_and_rotation_belong_to_quadratics():
    explorer = Paths()
    assert not explorer.condition.disabled
    explorer.function.value = "Beale"
    assert explorer.condition.disabled
    assert explorer.angle.disabled


def test_the_readers_own_function_comes_first():
    explorer = Paths(toys.from_expression("x**4 + 3*y**2", start=(1, 1), name="mine"))
    assert explorer.function.value == "mine"
    assert explorer.toy.name == "mine"
    assert "quadratic" in explorer.function.options


def test_a_function_of_another_dimension_is_refused():
    with pytest.raises(ValueError, match="two variables"):
        Paths(toys.quadratic([1, 2, 3]))


def test_nothing_checked_is_an_empty_picture():
    explorer = Paths()
    for box in explorer.rules.values():
        box.value = False
    assert fates(explorer) == []


def test_playing_moves_the_step():
    explorer = Cobweb()
    explorer.play.value = 7
    assert explorer.step.value == 7
    assert fates(explorer)[0].endswith(f"x = {0.05 * 1.25**6:.3g}")


def test_in_a_kernel_the_picture_comes_after_the_message_and_the_last_one_counts():
    explorer = Cobweb()

    async def messages():
        explorer.play.value = 7
        explorer.play.value = 9
        assert explorer.step.value == 40
        await asyncio.sleep(0)
        assert explorer.step.value == 9
        explorer.step.value = 3
        assert explorer.play.value == 3
        await asyncio.sleep(0)
        assert explorer.step.value == 3

    asyncio.run(messages())
    assert fates(explorer)[0].endswith(f"x = {0.05 * 1.25**2:.3g}")


@pytest.mark.parametrize(("condition", "direction"), [(1, 0), (10, 40), (1e6, -3), (1e6, 0)])
def test_the_best_step_on_a_quadratic(condition, direction):
    toy, w = toys.quadratic((1, condition)), np.array([np.cos(np.radians(direction)), np.sin(np.radians(direction))])
    g = toy.gradient(w)
    np.testing.assert_allclose(best_step(toy, w), g @ g / (g @ toy.hessian(w) @ g), rtol=1e-4)


def test_a_frozen_step_knows_the_exact_second_derivative():
    toy = toys.rosenbrock()
    step, h = frozen_step(toy, toy.start, 1e-3), 1e-6
    slopes = [-frozen_step(toy, toy.start, 1e-3 + offset)["gp"] for offset in (-h, h)]
    np.testing.assert_allclose(step["exact"], (slopes[1] - slopes[0]) / (2 * h), rtol=1e-5)


def test_the_jumps_of_a_step_are_the_rules():
    explorer = Newton()
    explorer.condition.value, explorer.share.value = 1.0, 0.5
    numbers = {name: text.get_text() for name, text in explorer._picture.numbers.items()}
    assert numbers == {"published": "→ 0.625", "secant": "→ 0.625", "barzilai_borwein": "→ 1"}
    explorer.share.value, explorer.c.value = 1.5, 10.0
    assert explorer._picture.numbers["published"].get_text() == "→ 1.25"


@pytest.mark.parametrize(("make", "control"), [(Newton, "share"), (Eigenvalues, "alpha0")])
@pytest.mark.parametrize("toy", [toys.rosenbrock(), toys.saddle(), toys.quadratic([1, 2, 3])], ids=lambda toy: toy.name)
def test_the_readers_own_function(make, control, toy):
    explorer = make(toy)
    assert explorer.condition.disabled
    before = pixels(explorer)
    getattr(explorer, control).value = 2.0
    assert not np.array_equal(pixels(explorer), before)


def test_a_component_is_multiplied_by_one_minus_alpha_lambda():
    toy = toys.quadratic([1.0, 10.0], angle=0.5)
    ran = descend("secant", toy, [1.0, -2.0], 0.05, 20)
    eigenvalues, errors = eigen_errors(toy, ran.w)
    np.testing.assert_allclose(eigenvalues, [1, 10])
    np.testing.assert_allclose(errors[0], 1)
    np.testing.assert_allclose(errors[1:], errors[:-1] * (1 - np.outer(ran.alpha[1:], eigenvalues)), atol=1e-12)


def test_components_say_which_of_them_alpha_shrinks():
    explorer = Eigenvalues()
    explorer.rule.value, explorer.alpha0.value, explorer.condition.value = "gd", 0.03, 100.0
    assert "shrinks 7 of 8 components" in fates(explorer)[0]  # only the largest λ, 100, has αλ > 2
    explorer.alpha0.value = 1e3
    assert "diverged at t = " in fates(explorer)[0]


@pytest.mark.parametrize(
    ("toy", "wrong"),
    [
        (toys.from_expression("x**2 + y**2", start=(1, 1)), "not known"),
        (toys.from_expression("x**4 + y**2", start=(1, 1), minimum=(0, 0)), "not positive definite"),
    ],
)
def test_components_need_a_minimum_with_curvature(toy, wrong):
    with pytest.raises(ValueError, match=wrong):
        Eigenvalues(toy)


def test_inner_products_of_windows_are_those_of_their_sums():
    recorded = gradients(0.5)
    sums = recorded[:, :12].reshape(3, 4, 3, 5).sum(axis=2)
    np.testing.assert_allclose(over_windows(inner_products(recorded), 3), inner_products(sums), rtol=1e-12)


def test_longer_windows_agree_more_and_the_rule_hears_it():
    explorer = windows()
    said = []
    for p in (1e-3, 0.5):
        explorer.p.value = p
        said.append(fates(explorer))
    (one, negative), (half, agreeing) = said
    assert "windows of 1 step, in epochs of 13" in one
    assert "windows of 6 steps" in half
    assert float(negative.split("%")[0]) > float(agreeing.split("%")[0]) == 0


@pytest.mark.parametrize(
    "recorded", [{}, {0.0: gradients(0, steps=3)}, {0.0: gradients(0), 0.1: gradients(0, steps=9)}]
)
def test_windows_need_epochs_of_one_length(recorded):
    with pytest.raises(ValueError, match="the same number of steps, at least four"):
        Windows(recorded)


def test_a_race_advances_both_trainings_and_a_moved_control_begins_anew():
    race = tensor_race()
    begin = fates(race)
    assert begin == ["one α: loss 2 at step 1", "an α for each tensor: loss 2 at step 1"]
    race.advance(10)
    assert all(fate.endswith("at step 11") for fate in fates(race))
    race.curvature.value = "secant"
    assert fates(race) == begin


def test_a_race_runs_in_the_background_until_it_is_stopped():
    async def watch():
        race = tensor_race()
        race.button.click()
        assert race.running
        assert race.button.description == "Stop"
        for _ in range(20):  # as often as this, messages could come in
            await asyncio.sleep(0)
        race.button.click()
        assert not race.running
        assert race.button.description == "Start"
        stopped = fates(race)
        assert 15 < int(stopped[0].split()[-1]) < 25
        await asyncio.sleep(0.01)
        assert fates(race) == stopped
        race.button.click()
        await race._task
        assert not race.running
        assert fates(race)[0].startswith("one α: the end, ")

    asyncio.run(watch())


@pytest.mark.parametrize(("last", "said"), [(np.inf, "diverged, loss inf at step 3"), (None, "TypeError: ")])
def test_a_race_says_what_became_of_a_training(last, said):
    def train(per, curvature, alpha0):
        for loss in (2.0, 1.0, last if per == "tensor" else 0.5):
            yield loss, {"model": alpha0 + 0 * loss}

    race = TensorRace(train)
    race.advance(10)
    assert fates(race)[0].startswith("one α: the end, loss 1.2 at step 3")
    assert fates(race)[1].startswith(f"an α for each tensor: {said}")


def on_the_map(explorer, alpha0, condition):
    """Where the picture shows this pair, in shares of its width and height."""
    picture = explorer._picture
    return tuple(picture.figure.transFigure.inverted().transform(picture.main.transData.transform((alpha0, condition))))


def test_pointing_at_the_map_reads_it():
    explorer = Basins()
    explorer.rule.value = "gd"
    for alpha0, said in ((0.1, "final loss / first loss = "), (5.0, "diverged")):
        explorer.image.hovered = on_the_map(explorer, alpha0, 10.0)
        assert f"pointer: α₀ = {alpha0:g}, condition number 10: {said}" in fates(explorer)[-1]
    for nowhere in ((0.99, 0.99), ()):
        explorer.image.hovered = nowhere
        assert fates(explorer)[-1].startswith("Point at the map")


def test_pressing_the_map_opens_that_run():
    explorer = Basins()
    explorer.rule.value = "secant"
    explorer.image.pressed = on_the_map(explorer, 0.02, 30.0)
    np.testing.assert_allclose((explorer.alpha0.value, explorer.condition.value), (0.02, 30), rtol=1e-6)
    ran = descend("secant", toys.quadratic([1.0, 30.0]), [1, 1], 0.02, explorer.steps.value)
    np.testing.assert_allclose(explorer._picture.curves[0]["secant"].get_ydata(), ran.alpha, rtol=1e-6)
    explorer.image.pressed = (0.99, 0.99)
    assert explorer.alpha0.value == pytest.approx(0.02)


def test_the_map_of_the_readers_own_family():
    explorer = Basins(lambda kappa: toys.quadratic(kappa[..., None] ** np.linspace(0, 1, 5)))
    explorer.image.pressed = on_the_map(explorer, 0.01, 50.0)
    assert "opened: α₀ = 0.01, condition number 50" in " ".join(fates(explorer))


@pytest.mark.parametrize("make", EXPLORERS)
def test_drawing_only_what_moved_gives_the_picture_drawn_whole(make):
    explorer = make()
    for name, control in controls(explorer).items():
        control.value = ends(control)[0]
        moved = pixels(explorer)
        explorer.screen = Screen(explorer._picture)
        explorer.refresh()
        np.testing.assert_array_equal(moved, pixels(explorer), err_msg=name)


@pytest.mark.parametrize("make", [Cobweb, Paths, Eigenvalues])
def test_playing_draws_neither_ticks_nor_bands_again(make, monkeypatch):
    explorer, drawn = make(), []
    explorer.step.value = 10
    for kind in (Axis, AxesImage):
        monkeypatch.setattr(kind, "draw", lambda artist, _renderer: drawn.append(artist))
    before = pixels(explorer)
    explorer.step.value = 11
    assert drawn == []
    assert not np.array_equal(pixels(explorer), before)


def test_what_moves_is_a_jpeg_of_what_is_stored():
    explorer = Paths()
    stored = np.asarray(Image.open(io.BytesIO(base64.b64decode(explorer._repr_mimebundle_()["image/png"]))))
    assert Image.open(io.BytesIO(explorer.image.value)).format == "JPEG"
    assert np.abs(stored - pixels(explorer).astype(float)).mean() < 2


def test_controls_moved_in_two_threads_leave_the_picture_of_where_they_are():
    explorer = Paths()

    def move(control, value):
        for share in (0.3, 0.6, 1.0):
            control.value = share * value

    moves = (explorer.condition, 80.0), (explorer.angle, 60.0)
    threads = [threading.Thread(target=move, args=each) for each in moves]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    moved = pixels(explorer)
    explorer.screen = Screen(explorer._picture)
    explorer.refresh()
    np.testing.assert_array_equal(moved, pixels(explorer))


@pytest.mark.parametrize("make", EXPLORERS)
def test_a_picture_stays_where_no_kernel_runs(make):
    explorer = make()
    bundle = explorer._repr_mimebundle_()
    assert bundle["application/vnd.jupyter.widget-view+json"]["model_id"] == explorer.model_id
    assert base64.b64decode(bundle["image/png"]).startswith(b"\x89PNG")
    assert bundle["text/plain"].startswith("Explorer of")
    assert not callable(explorer._ipython_display_)


def test_explorers_import_no_torch():
    code = "import sys, tlr.course.explorers, tlr.course.plots; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
