"""The explorers in the page, without a browser: they keep what they are given, and leave a still."""

import base64
import io
import json
import math
from dataclasses import replace
from importlib.metadata import PackageNotFoundError

import numpy as np
import pytest
import traitlets
from PIL import Image

from tlr import toys
from tlr.course.explorers import Basins, Cobweb, Eigenvalues, Newton, Paths, Race, ReturnMap
from tlr.course.explorers.page import METADATA
from tlr.descent import RULES, descend
from tools.stamp import pages

EXPLORERS = [Basins, Cobweb, Eigenvalues, Newton, Paths, Race, ReturnMap]


def numbers(explorer):
    """name → the range of each number that a reader can move."""
    return {each["name"]: (each["low"], each["high"]) for each in explorer.scene["controls"] if "low" in each}


@pytest.mark.parametrize("make", EXPLORERS)
def test_every_number_over_its_whole_range_gives_another_still_and_recovers(make):
    explorer = make()
    before = explorer.png()
    for name, (low, high) in numbers(explorer).items():
        original, seen = getattr(explorer, name), set()
        for value in (low, type(low)((low + high) / 2), high):
            explorer.move(**{name: value})
            assert explorer.state()[name] == value
            seen.add(explorer.png())
        assert len(seen) > 1 or name in ("eta", "beta"), name  # whose rules are not shown at first
        explorer.move(**{name: original})
        assert explorer.png() == before, name


SCENES = [pytest.param(make, name, id=f"{make.__name__}: {name}") for make in EXPLORERS for name in make.scenes]


@pytest.mark.parametrize(("make", "name"), SCENES)
def test_a_scene_is_another_picture_with_settings_that_the_sliders_reach(make, name):
    assert make(**make.scenes[name]).png() != make().png()
    assert [name, make.scenes[name]] in [list(each) for each in make().scene["scenes"]]


def ratios(scene):
    """rule → final loss over first, in a scene of the race."""
    return {rule: ran.loss[-1] / ran.loss[0] for rule, ran in Race(**Race.scenes[scene]).descents().items()}


def test_the_scenes_of_the_race_show_what_they_are_called():
    small, edge, noise = map(ratios, ("too small", "the edge", "noise"))
    assert small["gd"] > 0.5, "a fixed α hardly moves"
    assert max(small["published"], small["secant"]) < 1e-6, "a trained one arrives"
    assert 1 < edge["gd"] < 100, "just beyond 2/λ"
    assert edge["published"] < 1e-6
    assert min(noise.values()) > 1e-6, "nobody arrives"


def test_a_link_leads_to_the_site_where_the_explorer_is_the_sites():
    assert Race().address == f"{pages()}/explorers/Race.html"
    for own in (Newton(toys.beale()), Paths(toys.beale()), Eigenvalues(toys.saddle()), Basins((0, 0.5, 1))):
        assert own.address == ""
        assert own.scene["scenes"] == []


def test_without_the_packages_metadata_there_is_no_link(monkeypatch):
    monkeypatch.setattr("tlr.course.explorers.page.metadata", _unknown)
    assert Cobweb().address == ""


def _unknown(name):
    raise PackageNotFoundError(name)


def test_true_is_no_step():
    with pytest.raises(traitlets.TraitError, match="step"):
        Cobweb(step=True)


@pytest.mark.parametrize("make", EXPLORERS)
def test_a_number_beyond_its_slider_is_refused(make):
    for name, (low, high) in numbers(make()).items():
        for value in (2 * high + 1, low - 1, 10**400, math.nan, "many", [low]):
            with pytest.raises(traitlets.TraitError, match=name):
                make(**{name: value})


@pytest.mark.parametrize(("make", "settings"), [(Cobweb, {"x0": 0.0211, "c": 1 / 3}), (Newton, {"share": 1 / 3})])
def test_what_is_given_is_what_is_kept(make, settings):
    explorer = make(**settings)
    assert {name: explorer.state()[name] for name in settings} == settings
    assert {name: explorer.front_state()[name] for name in settings} == settings


@pytest.mark.parametrize("make", EXPLORERS)
def test_a_picture_stays_where_no_kernel_runs(make):
    explorer = make()
    data, metadata = explorer._repr_mimebundle_()
    assert data["application/vnd.jupyter.widget-view+json"]["model_id"] == explorer.model_id
    assert data["text/plain"].startswith("Explorer of")
    assert not callable(explorer._ipython_display_)
    assert np.ptp(np.asarray(Image.open(io.BytesIO(base64.b64decode(data["image/png"]))))) > 200
    assert metadata[METADATA]["explorer"] == make.__name__
    assert json.loads(metadata[METADATA]["state"]) == json.loads(json.dumps(explorer.front_state()))


@pytest.mark.parametrize("make", EXPLORERS)
def test_the_page_needs_nothing_from_elsewhere(make, tmp_path):
    setting = "alpha0" if make is Eigenvalues else "c"
    make(**{setting: 0.125}).save_html(tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert f'"{setting}": 0.125' in page
    assert page.count("</script>") == 1
    addresses = {word for word in page.split('"') if "://" in word}
    assert addresses == {"http://www.w3.org/2000/svg"}, "only the name of a format, which is never fetched"


@pytest.mark.parametrize("name", ["Rosenbrock", "Beale", "Himmelblau", "saddle", "noisy quadratic"])
def test_paths_on_every_function_with_every_rule(name):
    for alpha0 in (1e-8, 1e-2, 1e3):
        shown = Paths(function=name, rules=list(RULES), alpha0=alpha0).state()
        assert shown["toy"].name == name
        assert list(shown["descents"]) == [*RULES]
        assert all(ran.alpha[0] == alpha0 for ran in shown["descents"].values())


def test_paths_begin_at_the_functions_start_or_where_they_are_told_to():
    explorer = Paths(function="Beale")
    assert [ran.w[0].tolist() for ran in explorer.state()["descents"].values()] == [[1, 1]] * 3
    explorer.move(start=[0.5, -1.0])
    assert [ran.w[0].tolist() for ran in explorer.state()["descents"].values()] == [[0.5, -1]] * 3


def test_everything_extreme_at_once_diverges_and_recovers():
    explorer = Paths(rules=list(RULES))
    before, settings = explorer.png(), explorer.settings()
    explorer.move(alpha0=1e3, condition=1e6, angle=90.0, c=10.0, eta=10.0, beta=1.0)
    assert explorer.state()["descents"]["gd"].diverged
    explorer.move(**settings)
    assert explorer.png() == before


def test_the_readers_own_function_comes_first():
    mine = toys.from_expression("x**4 + 3*y**2", start=(1, 1), name="mine")
    explorer = Paths(mine, steps=20)
    assert explorer.state()["toy"] is mine
    assert explorer.state()["step"] == 20
    explorer.function = "quadratic"
    assert explorer.state()["toy"] is not mine


def test_paths_may_be_longer_than_a_hundred_steps():
    assert Paths(steps=200).state()["step"] == 200


@pytest.mark.parametrize(
    "mine", [toys.quadratic([1, 50]), toys.noisy_quadratic([1, 50]), replace(toys.beale())], ids=lambda t: t.name
)
def test_the_readers_own_function_may_have_the_name_of_a_built_in_one(mine):
    explorer = Paths(mine)
    assert explorer.state()["toy"] is mine
    explorer.function = mine.name
    assert explorer.state()["toy"] is not mine


def test_a_function_of_another_dimension_or_of_no_name_is_refused():
    with pytest.raises(ValueError, match="two variables"):
        Paths(toys.quadratic([1, 2, 3]))
    with pytest.raises(traitlets.TraitError, match="The function is one of quadratic, "):
        Paths(function="banana")


def test_nothing_shown_is_an_empty_picture():
    explorer = Paths()
    before = explorer.png()
    explorer.move(rules=())
    assert explorer.state()["descents"] == {}
    assert explorer.png() != before


def test_a_cobweb_is_that_of_the_descents():
    explorer = Cobweb(x0=0.05, step=7)
    shown = explorer.state()
    assert (shown["step"], list(shown["descents"])) == (7, ["published", "secant"])
    assert shown["descents"]["published"].alpha[7] == pytest.approx(0.05 * 1.25**6)
    explorer.move(rules=())
    assert explorer.state()["descents"] == {}
    with pytest.raises(traitlets.TraitError):
        explorer.move(rules=("gd",))


def test_the_jumps_of_a_step_are_the_rules():
    explorer = Newton(condition=1.0, share=0.5)
    assert explorer.state()["best"] == pytest.approx(1, rel=1e-4)
    assert explorer.state()["jumps"] == pytest.approx(
        {"published": 0.625, "secant": 0.625, "barzilai_borwein": 1}, rel=1e-4
    )
    explorer.move(share=1.5, c=10.0)
    assert explorer.state()["jumps"]["published"] == pytest.approx(1.25, rel=1e-4)


def test_a_step_with_one_rule_shows_its_parabola_beside_the_loss():
    explorer = Newton(toys.quadratic([1.0]), rules=["published"])
    assert [method["rule"] for method in explorer.scene["methods"]] == ["published"]
    assert [line["label"] for line in explorer.scene["lines"]] == ["loss", "tangent (Eq. 7)"]
    assert [*explorer.picture().parabolas] == ["published"]


@pytest.mark.parametrize("toy", [toys.rosenbrock(), toys.saddle(), toys.quadratic([1, 2, 3])], ids=lambda toy: toy.name)
def test_one_step_on_the_readers_own_function(toy):
    explorer = Newton(toy)
    assert [control["name"] for control in explorer.scene["controls"]] == ["share", "c"]
    assert explorer.state()["step"]["pp"] == pytest.approx(toy.gradient(toy.start) @ toy.gradient(toy.start))


def test_components_are_those_of_the_descent():
    explorer = Eigenvalues(rule="gd", alpha0=0.03, condition=100.0)
    shown = explorer.state()
    np.testing.assert_allclose(shown["eigenvalues"], np.geomspace(1, 100, 8))
    factors = 1 - 0.03 * shown["eigenvalues"]
    np.testing.assert_allclose(shown["errors"][2], factors**2)
    explorer.alpha0 = 1e3
    assert explorer.state()["descent"].diverged


def test_components_of_the_readers_own_function():
    explorer = Eigenvalues(toys.saddle())
    assert [control["name"] for control in explorer.scene["controls"]] == ["rule", "alpha0"]
    np.testing.assert_allclose(explorer.state()["eigenvalues"], [1, 2])


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


def test_the_map_tells_where_a_rule_converges():
    explorer = Basins(rule="gd")
    ratio = explorer.state()["ratio"]
    assert ratio.shape == (48, 72)
    assert np.all(ratio[:, -1] > 1), "α₀ = 10 is above 2/λ for every condition number"
    assert ratio[0, -12] < 1e-3
    explorer.move(alpha0=0.02, condition=30.0, rule="secant")
    ran = descend("secant", toys.quadratic([1.0, 30.0]), [1, 1], 0.02, 200)
    np.testing.assert_array_equal(explorer.state()["descent"].alpha, ran.alpha)


def test_the_map_of_more_than_two_eigenvalues():
    explorer = Basins(np.linspace(0, 1, 5), condition=16.0)
    expected = descend("published", toys.quadratic([1, 2, 4, 8, 16]), [1] * 5, 0.003, 200)
    np.testing.assert_allclose(explorer.state()["descent"].loss, expected.loss, rtol=1e-9)
    for wrong in ((), (0.0,), (0.5, 1.0), (0, 0.7, 0.3, 1)):
        with pytest.raises(ValueError, match="rise from 0 to 1"):
            Basins(wrong)


def test_the_long_run_is_told_beside_the_theorem():
    explorer = ReturnMap()
    assert "after 1000 updates: 5" in explorer.picture().said.get_text()
    assert explorer.picture().below.get_text() == "theorem 2: 52.3% below 1"
    assert explorer.picture().limit.get_text() == "theorem 2: 0.00725"
    explorer.move(c=4.9)
    assert "the loss times 1" in explorer.picture().said.get_text()  # it grows
    assert explorer.state()["orbit"].max() <= 5.9
    explorer.move(updates=10)
    assert explorer.picture().said.get_text().startswith("This run, after 10 updates")


def test_a_function_that_the_page_cannot_run_is_refused():
    class Mine:
        name, expression, start, minimum, dimension = "mine", None, np.ones(2), np.empty((0, 2)), 2

        def gradient(self, w):
            return w**3

        def hessian(self, w):
            return np.diag(3 * w**2)

    with pytest.raises(ValueError, match="mine is to run in the page, which needs its formula"):
        Newton(Mine())
