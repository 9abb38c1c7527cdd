"""The explorers: every control over its whole range, and what is left where no kernel runs."""

import asyncio
import base64
import io
import json
import random
import re
import runpy
import subprocess
import sys
import threading
import time
import traceback
from functools import partial
from pathlib import Path

import ipywidgets
import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image
from traitlets import TraitError
from waiting import until

from tlr import toys
from tlr.course.curves import Epoch, History
from tlr.course.explorers import (
    Basins,
    Cobweb,
    Eigenvalues,
    Live,
    Newton,
    Paths,
    Race,
    ReturnMap,
    TensorRace,
    Windows,
    interact,
)
from tlr.course.explorers.base import LogSlider, Screen, log_slider
from tlr.descent import descend
from tools.stamp import ROOT


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


def live():
    """Its contestant ends at once, with what is drawn of it."""

    def train(alpha0, on_epoch):
        history = History((alpha0,), [Epoch(1.0, 0.5, (alpha0,), 0.0, 0.0)])
        on_epoch(history)
        return history

    return Live({"sgd": train, "a $ and _{x": train}, epochs=1)


def template():
    return runpy.run_path(str(ROOT / "docs" / "explorer_template.py"))["Loss"]()


EXPLORERS = [windows, tensor_race, template]


def pixels(explorer):
    return np.asarray(Image.open(io.BytesIO(explorer.image.value)))


def ends(control):
    """The values at both ends of a control, and in between."""
    if isinstance(control, LogSlider):
        return np.geomspace(control.min, control.max, 3)
    return [option[1] if isinstance(option, tuple) else option for option in control.options]


@pytest.mark.parametrize("make", EXPLORERS)
def test_every_control_over_its_whole_range_draws_and_recovers(make):
    explorer = make()
    before = pixels(explorer)
    for name, control in explorer.controls.items():
        original = control.value
        changed = 0
        for value in ends(control):
            control.value = value
            changed += not np.array_equal(pixels(explorer), before)
        control.value = original
        assert changed or control.disabled or name in ("eta", "beta"), name  # whose rules are not drawn at first
        np.testing.assert_array_equal(pixels(explorer), before, err_msg=name)


def test_moves_at_once_draw_once(monkeypatch):
    explorer, drawn = template(), []
    monkeypatch.setattr(explorer, "draw", lambda **settings: drawn.append(settings) or {})
    explorer.move(alpha0=0.5)
    assert drawn == [{"alpha0": 0.5}]


@pytest.mark.parametrize("make", EXPLORERS)
def test_what_a_front_end_sends_stays_within_the_limits_of_the_controls(make):
    explorer = make()
    for name, control in explorer.controls.items():
        if isinstance(control, LogSlider):
            control.slider.set_state({"max": 10**6, "value": 10**6})
            assert explorer.settings()[name] == control.max
            control.number.set_state({"value": control.min / 2})
            assert explorer.settings()[name] == control.min
            control.number.set_state({"value": 1e300})
            assert explorer.settings()[name] == control.number.value == control.max


def test_a_slider_keeps_what_it_is_given_and_stops_at_round_values():
    slider = log_slider("α₀", 0.25, (-5, 0), "")
    seen = []
    slider.observe(lambda change: seen.append(change["new"]), "value")
    assert (slider.value, slider.number.value, slider.number.step) == (0.25, 0.25, 0.01)
    for value in (0.02, 1 / 3, 0.0211, 1e-5, 1):
        slider.value = value
        assert slider.number.value == value
        # A front end says again where it has put the slider.
        slider.slider.set_state({"value": slider.slider.value})
        slider.number.set_state({"value": 0.07})
        slider.number.set_state({"value": value})
    slider.slider.value -= 1
    assert seen == [0.02, 0.07, 0.02, 1 / 3, 0.07, 1 / 3, 0.0211, 0.07, 0.0211, 1e-5, 0.07, 1e-5, 1, 0.07, 1, 0.8]


ODD = [None, True, -1, 0, 1, 3000, 10**9, 10**400, 0.5, 1e300, -1e300, np.nan, np.inf, "", "x", "model"]
ODD += ["$\\frac{$", "</script>", [], [0.5], [0.2, 0.5], [None, 0.5], [[]], [10**400, 1], {}, {"x": 1}]


def messages(widget, draw):
    """What a front end might say to a widget: a state, or a message of its own."""
    keys = [key for key in widget.keys if key in ("value", "min", "max", "base", "step", "index")]
    keys += ["playing", "_options_labels", "disabled", "description", draw.choice(widget.keys)]
    if draw.random() < 0.2:
        content = draw.choice([{"event": "click"}, draw.choice(ODD)])
        return lambda: widget._handle_custom_msg(content, [])
    state = {key: draw.choice(ODD) for key in draw.sample(keys, draw.randint(1, 3))}
    return lambda: widget.set_state(state)


def parts(widget):
    """A widget and those within it."""
    return [widget, *(part for child in getattr(widget, "children", ()) for part in parts(child))]


def raises_here(message):
    """Whether an error comes out of this project's code, and not before any of it runs, as where a type is wrong."""
    try:
        message()
    except TraitError:
        return False
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        return any(Path(frame.filename).is_relative_to(ROOT / "tlr") for frame in frames)
    return False


@pytest.mark.faults
@pytest.mark.filterwarnings("ignore:Passing unrecognized arguments:DeprecationWarning")
@pytest.mark.parametrize("make", [*EXPLORERS, live, Basins, Cobweb, Eigenvalues, Newton, Paths, Race, ReturnMap])
def test_no_message_breaks_an_explorer_or_holds_it_up(make, trials):
    explorer, failed = make(), []
    told = parts(explorer)

    async def hear():
        asyncio.get_running_loop().set_exception_handler(lambda _, context: failed.append(context))
        for seed in trials(40, 1000):
            draw, begun = random.Random(seed), time.process_time()
            assert not raises_here(messages(draw.choice(told), draw))
            await asyncio.sleep(0)  # what comes after the message
            assert not failed
            assert time.process_time() - begun < 5
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    asyncio.run(hear())
    assert explorer._repr_mimebundle_()


@pytest.mark.parametrize("make", [windows, tensor_race])
def test_a_menu_without_a_choice_leaves_what_was_chosen(make):
    explorer = make()
    (menu,) = [control for control in explorer.controls.values() if isinstance(control, ipywidgets.Dropdown)]
    before = explorer.state()
    menu.set_state({"index": None})
    assert menu.value is None
    assert explorer.settings() == {name: before[name] for name in explorer.settings()}


def test_longer_windows_agree_more_and_the_rule_hears_it():
    explorer = windows()
    explorer.p.value = 1e-3
    one = explorer.state()
    explorer.p.value = 0.5
    half = explorer.state()
    assert (one["length"], half["length"]) == (1, 6)
    assert one["negative"] > half["negative"] == 0
    assert half["change"] >= one["change"]


@pytest.mark.parametrize(
    "recorded", [{}, {0.0: gradients(0, steps=3)}, {0.0: gradients(0), 0.1: gradients(0, steps=9)}]
)
def test_windows_need_epochs_of_one_length(recorded):
    with pytest.raises(ValueError, match="the same number of steps, at least four"):
        Windows(recorded)


def steps_of(race):
    return {per: len(losses) for per, losses in race.state()["losses"].items()}


def test_a_race_advances_both_trainings_and_a_moved_control_begins_anew():
    race = tensor_race()
    assert steps_of(race) == {"model": 1, "tensor": 1}
    race.advance(10)
    shown = race.state()
    np.testing.assert_allclose(shown["losses"]["tensor"], [2 / (1 + step * 0.01) for step in range(11)])
    np.testing.assert_allclose(shown["rates"]["model"], 0.01 * 1.01 ** np.arange(11))
    assert list(shown["rates"]["tensor"]) == ["weight", "bias"]
    race.curvature.value = "secant"
    assert steps_of(race) == {"model": 1, "tensor": 1}


def test_a_race_runs_in_the_background_until_it_is_stopped():
    async def watch():
        race = TensorRace(partial(training, steps=10**9))
        race.button.click()
        assert race.running
        await until(lambda: steps_of(race)["model"] > 5)
        race.button.click()
        assert not race.running
        stopped = steps_of(race)
        await asyncio.sleep(0.01)
        race.refresh()
        assert steps_of(race) == stopped

    asyncio.run(watch())


def test_a_race_ends_with_its_trainings_and_its_button_says_so():
    async def watch():
        race = tensor_race()
        race.button.click()
        assert race.button.description == "Stop"
        await until(lambda: not race.running)
        assert race.button.description == "Start"
        return race.state()

    shown = asyncio.run(watch())
    assert len(shown["losses"]["model"]) == 400
    assert shown["fates"]["model"].startswith("one α: the end, ")


def ending(end):
    """A training whose third step is a loss, or raises."""

    def train(per, curvature, alpha0):
        yield 2.0, {"model": alpha0}
        yield 1.0, {"model": alpha0}
        if isinstance(end, BaseException) and per == "tensor":
            raise end
        yield end if per == "tensor" else 0.5, {"model": alpha0}

    return train


@pytest.mark.parametrize(
    ("end", "said"),
    [
        (np.inf, "diverged, loss inf at step 3"),
        (ValueError("a $ and a\nsecond line"), "ValueError: a $ and a; loss 1.5 at step 2"),
        (SystemExit(), "SystemExit: ; loss 1.5 at step 2"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_race_says_what_became_of_a_training(end, said):
    race = TensorRace(ending(end))
    race.advance(10)
    assert race.state()["fates"] == {
        "model": "one α: the end, loss 1.2 at step 3",
        "tensor": f"an α for each tensor: {said}",
    }


def test_the_button_of_a_race_comes_back_after_an_error():
    def train(per, curvature, alpha0):
        yield 2.0, {"model": alpha0}
        while True:
            yield 1.0, {"another": alpha0}

    async def watch():
        race = TensorRace(train)
        race.button.click()
        await until(lambda: not race.running)
        return race

    assert asyncio.run(watch()).button.description == "Start"


@pytest.mark.parametrize("make", [tensor_race, live])
def test_outside_of_a_notebook_nothing_starts_in_the_background(make):
    explorer = make()
    buttons = [part for part in parts(explorer) if isinstance(part, ipywidgets.Button)]
    before = [(button.description, button.disabled) for button in buttons]
    with pytest.raises(RuntimeError, match=r"^Nothing goes on in the background outside of a notebook: start it there"):
        explorer.start()
    assert [(button.description, button.disabled) for button in buttons] == before


@pytest.mark.parametrize("make", EXPLORERS)
def test_drawing_only_what_moved_gives_the_picture_drawn_whole(make):
    explorer = make()
    for name, control in explorer.controls.items():
        control.value = ends(control)[0]
        moved = pixels(explorer)
        explorer.screen = Screen(explorer.picture)
        explorer.refresh()
        np.testing.assert_array_equal(moved, pixels(explorer), err_msg=name)


def test_what_moves_is_a_jpeg_of_what_is_stored():
    explorer = windows()
    stored = np.asarray(Image.open(io.BytesIO(base64.b64decode(explorer._repr_mimebundle_()["image/png"]))))
    assert Image.open(io.BytesIO(explorer.image.value)).format == "JPEG"
    assert np.abs(stored - pixels(explorer).astype(float)).mean() < 2


def test_controls_moved_in_two_threads_leave_the_picture_of_where_they_are():
    explorer = windows()

    def move(control, values):
        for value in values:
            control.value = value

    moves = (explorer.p, (0.1, 0.2, 0.4)), (explorer.alpha, (0.2, 0.0, 0.2))
    threads = [threading.Thread(target=move, args=each) for each in moves]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    moved = pixels(explorer)
    explorer.screen = Screen(explorer.picture)
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


def test_without_anywidget_only_those_in_the_page_are_missing():
    code = """if True:
        import sys
        sys.modules["anywidget"] = None
        import numpy as np
        from tlr.course.explorers import Cobweb, Race, Windows
        assert Race(rotation=10) is Cobweb() is None
        explorer = Windows({0.1: np.ones((1, 8, 2))})
        explorer.move(p=0.25)
        assert explorer.image.value[:2] == bytes.fromhex("ffd8")
    """
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, encoding="utf-8").stdout
    needs = "is left out: it needs a package (python -m pip install anywidget)."
    assert said.splitlines() == [f"Race {needs}", f"Cobweb {needs}"]


@pytest.mark.filterwarnings("ignore:`ipykernel.pylab.backend_inline`:DeprecationWarning")  # from ipywidgets 7
def test_the_two_lines_for_readers_in_the_gallery_run():
    book = json.loads((ROOT / "notebooks" / "gallery.ipynb").read_text(encoding="utf-8"))
    prose = "".join("".join(cell["source"]) for cell in book["cells"] if cell["cell_type"] == "markdown")
    (code,) = re.findall("```python\n(.*?)```", prose, re.DOTALL)
    scope = {}
    exec(code, scope)
    (slider, *_) = scope["losses"].widget.children
    slider.value = 0.1
    (axes,) = plt.gcf().axes
    ran = descend("gd", toys.beale(), [3, 3], 0.1, 99)
    assert [axes.lines[0].get_ydata()[0], axes.get_yscale()] == [ran.loss[0], "log"]
    plt.close("all")


def test_interact_draws_for_what_its_sliders_say_and_leaves_its_first_picture():
    drawn = []

    def draw(x, n):
        drawn.append((x, n))
        return plt.figure(figsize=(1, 1))

    explorer = interact(draw, x=(0.0, 2.0, 0.5), n=(1, 3, 1))
    first = base64.b64encode(explorer.image.value).decode()
    assert explorer._repr_mimebundle_()["image/png"] == first
    explorer.controls["x"].value = 1.5
    assert drawn == [(1.0, 2), (1.5, 2)]
    assert plt.get_fignums() == []


def test_a_function_that_fails_when_a_slider_moves_says_so_below_its_picture():
    def draw(x):
        if x > 1:
            raise ValueError("no picture there")
        return plt.figure(figsize=(1, 1))

    explorer = interact(draw, x=(0.0, 2.0, 0.5))
    first, below = explorer.image.value, explorer.children[-1]
    explorer.controls["x"].value = 2.0
    assert below.words == "The picture is not of these settings: ValueError: no picture there"
    assert explorer.image.value == first
    explorer.controls["x"].value = 0.5
    assert below.words == ""
    plt.close("all")


def test_an_explorer_that_fails_when_a_control_moves_says_so_below_its_picture(monkeypatch):
    explorer = windows()
    monkeypatch.setattr(explorer, "draw", lambda **_: 1 / 0)
    explorer.alpha.value = 0.2
    assert explorer.children[-1].words.endswith("ZeroDivisionError: division by zero")


def test_interact_keeps_the_limits_of_a_slider_whose_step_is_whole():
    slider = interact(lambda p: plt.figure(figsize=(1, 1)), p=(0.5, 2.5, 1)).controls["p"]
    assert (slider.min, slider.value, slider.max) == (0.5, 1.5, 2.5)
