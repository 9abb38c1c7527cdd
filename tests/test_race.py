"""The signature explorer: its descents are tlr.descent's, its picture stays, its page needs nothing."""

import base64
import io
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import traitlets
from front import WRITE, needs_node, node
from PIL import Image

from tlr.course.explorers import Race
from tlr.course.plots.picture import RULE_STYLES
from tools.stamp import ROOT


def computed(race):
    """The descents as the front end computes them: rule → {w, alpha, loss, diverged}."""
    return node(
        WRITE
        + """
        import { bestSteps, descend, quadratic } from "front/descent.js";
        const { methods, draws } = state.scene;
        const toy = quadratic(state, draws);
        const runs = methods.map(({ rule }) => [rule, descend(rule, toy, state, draws.length)]);
        write(Object.fromEntries(runs.map(([rule, run]) => [rule, { ...run, best: bestSteps(toy, run) }])));
        """,
        state=race.state(),
    )


def steps_to_compare(loss):
    """A dozen, or fewer where a rule is so quick that rounding decides what is left of its gradient."""
    return min(13, np.argmax([*(loss < 1e-16 * loss[0]), True]))


@needs_node
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"start": (0.3, -1.2), "rotation": -70, "condition": 300, "alpha0": 1e-3, "c": 2, "beta": 1e-6},
        {"noise": 0.3, "condition": 3, "alpha0": 0.1},
        {"condition": 1, "rotation": 90},
        {"alpha0": 1e-8},
    ],
    ids=str,
)
def test_the_front_end_descends_as_python_does(settings):
    race = Race(**settings)
    runs = computed(race)
    for name, expected in race.descents().items():
        steps = steps_to_compare(expected.loss)
        assert steps == 13 or name == "barzilai_borwein"
        for quantity in ("w", "alpha", "loss"):
            here, there = runs[name][quantity][:steps], getattr(expected, quantity)[:steps]
            np.testing.assert_allclose(here, there, rtol=1e-9, atol=1e-12, err_msg=f"{name}: {quantity}")
        assert (runs[name]["diverged"] is not None) == expected.diverged


@needs_node
@pytest.mark.parametrize("noise", [0, 0.2])
def test_the_thin_line_is_the_step_of_an_exact_line_search(noise):
    race = Race(noise=noise)
    for name, run in computed(race).items():
        here, there = np.array(run["w"][:13]), np.array(run["w"][1:14])
        g = (here - there)[:12] / np.array(run["alpha"][1:13])[:, None]
        best = np.array(run["best"][1:13], dtype=float)
        value = race.toy.value
        at_best = value(here[:12] - best[:, None] * g)
        for other in (0.99, 1.01):
            assert np.all(at_best <= value(here[:12] - other * best[:, None] * g) + 1e-15), name


@needs_node
def test_the_front_end_diverges_where_python_does():
    race = Race(alpha0=1e3, condition=1e6, c=10, beta=1)
    runs = computed(race)
    for name, expected in race.descents().items():
        gone = np.isinf(expected.loss)
        assert runs[name]["diverged"] == (gone.argmax() if gone.any() else None), name
    assert sum(run["diverged"] is not None for run in runs.values()) == 4


def test_every_method_looks_as_everywhere_in_the_course():
    for method in Race().state()["scene"]["methods"]:
        style = RULE_STYLES[method["rule"]]
        assert (method["label"], method["color"], method["marker"]) == (style.label, style.color, style.marker)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("alpha0", 0), ("condition", 0.5), ("c", 11), ("beta", 2), ("noise", -1), ("start", (1, 2, 3))),
        *((name, math.nan) for name in ("alpha0", "condition", "rotation", "c", "beta", "noise")),
        *(("start", (value, 1.0)) for value in (math.nan, math.inf)),
    ],
)
def test_a_setting_beyond_its_slider_is_refused(name, value):
    with pytest.raises(traitlets.TraitError, match=name):
        Race(**{name: value})


def test_a_picture_stays_where_no_kernel_runs():
    race = Race(start=(1.0, -1.0))
    data, _ = race._repr_mimebundle_()
    assert data["application/vnd.jupyter.widget-view+json"]["model_id"] == race.model_id
    assert data["text/plain"].startswith("Explorer of")
    assert not callable(race._ipython_display_)
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(data["image/png"]))))
    assert np.ptp(picture) > 200
    race.condition = 100
    assert race._repr_mimebundle_()[0]["image/png"] != data["image/png"]


def test_the_page_needs_nothing_from_elsewhere(tmp_path):
    Race(alpha0=0.125).save_html(tmp_path / "race.html")
    page = (tmp_path / "race.html").read_text(encoding="utf-8")
    assert '"alpha0": 0.125' in page
    assert page.count("</script>") == 1
    addresses = {word for word in page.split('"') if "://" in word}
    assert addresses == {"http://www.w3.org/2000/svg"}, "only the name of a format, which is never fetched"


def test_nothing_that_a_front_end_says_ends_the_script_of_the_saved_page(tmp_path):
    race = Race()
    race.set_state({"scene": {"controls": "</script><script>alert(1)</script>"}})
    race.save_html(tmp_path / "race.html")
    assert (tmp_path / "race.html").read_text(encoding="utf-8").count("</script>") == 1


def test_a_page_that_cannot_be_written_whole_leaves_the_one_before(tmp_path, monkeypatch):
    page, whole = tmp_path / "race.html", Path.write_text
    Race().save_html(page)
    before = page.read_bytes()

    def full(path, text, **options):
        whole(path, text[:100], **options)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match=r"race\.html could not be written \(No space left on device\)"):
        Race(alpha0=0.5).save_html(page)
    assert page.read_bytes() == before
    assert list(tmp_path.iterdir()) == [page]


def test_importing_it_leaves_sympy_for_later():
    code = "import sys, tlr.course.explorers; sys.exit('sympy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_answers_in_the_notebook_are_this_races():
    answers = (ROOT / "notebooks" / "02_quadratics.ipynb").read_text(encoding="utf-8")
    loss = {name: path.loss / path.loss[0] for name, path in Race().descents().items()}
    below = {name: int(np.argmax(values < 1e-6)) for name, values in loss.items()}
    assert f"after {below['barzilai_borwein']} steps, TLR (Eq. 8′) after {below['secant']}, " in answers
    assert f"TLR (Eq. 8) after {below['published']}, hypergradient descent after {below['hypergradient']}." in answers
    assert 1e11 < loss["published"].max() < 1e12
    assert loss["secant"].max() < 2
