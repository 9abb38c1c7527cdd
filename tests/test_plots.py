"""The figures of descents: what they draw is what they were given, extremes included."""

import pkgutil
from types import SimpleNamespace

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.markers import MarkerStyle

from tlr import toys
from tlr.course import explorers, ledger, plots
from tlr.course.plots.eigenvalues import EigenPicture
from tlr.course.plots.picture import PICTURE_SIZE, RULE_STYLES, decades
from tlr.course.plots.step import StepPicture, jumps
from tlr.course.plots.style import DRAWN, shades
from tlr.course.plots.tensors import TensorPicture
from tlr.course.plots.toys import CobwebPicture, PathsPicture
from tlr.course.steps import error_components, votes
from tlr.descent import RULES, descend

line = toys.quadratic([1.0])


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def texts(figure):
    """Every visible text on the figure itself, below the axes."""
    return [text.get_text() for text in figure.texts if text.get_visible()]


def run(toy, rules=RULES, alpha0=0.02, steps=30, **options):
    return {rule: descend(rule, toy, toy.start, alpha0, steps, **options) for rule in rules}


def test_rules_look_like_the_methods_everywhere_else():
    assert list(RULE_STYLES) == list(RULES)
    assert RULE_STYLES["published"] is plots.METHODS["tlr"]
    assert RULE_STYLES["gd"].color == plots.METHODS["sgd"].color


def test_no_two_methods_look_alike():
    looks = list(plots.METHODS.values())
    for trait in ("label", "color", "dash", "marker"):
        assert len({getattr(look, trait) for look in looks}) == len(looks), trait
    assert all(MarkerStyle(look.marker).is_filled() for look in looks)


def contrast_to_white(color):
    """WCAG 2.2: from 1 for white to 21 for black."""
    channels = np.array(to_rgb(color))
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return 1.05 / (linear @ [0.2126, 0.7152, 0.0722] + 0.05)


def test_every_line_stands_out_from_white():
    colors = [look.color for look in plots.METHODS.values()] + shades(24)
    assert min(map(contrast_to_white, colors)) >= 3.0


def test_figures_of_descents_take_any_method():
    ran = run(line, ("gd", "secant"))
    figure = plots.curves({"sls": ran["gd"].loss, "sps": ran["secant"].loss}, ylabel="loss")
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["SLS", "SPS"]
    toy = toys.quadratic([1.0, 10.0])
    figure = plots.paths(toy, {"yellowfin": descend("gd", toy, toy.start, 0.02, 5)})
    assert texts(figure)[0].startswith("YellowFin: loss ")


def test_paths_draws_each_path_with_its_alpha_and_loss():
    toy = toys.quadratic([1, 10], 0.5)
    ran = run(toy, ("secant",))
    picture = PathsPicture(Figure(figsize=PICTURE_SIZE))
    picture.update(toy, ran, 12)
    np.testing.assert_allclose(picture.steps["secant"].get_xydata(), ran["secant"].w[:13])
    np.testing.assert_allclose(picture.ends["secant"].get_xydata(), ran["secant"].w[12:13])
    np.testing.assert_allclose(picture.curves[0]["secant"].get_ydata(), ran["secant"].alpha)
    np.testing.assert_allclose(picture.curves[1]["secant"].get_ydata(), ran["secant"].loss)
    assert not picture.steps["gd"].get_visible()


def test_no_path_hides_another_that_takes_the_same_way():
    toy = toys.quadratic([1.0, 1.0])
    axes = plots.paths(toy, run(toy, ("published", "secant", "gd"))).axes[0]
    widths = [line.get_linewidth() for line in axes.lines[1:4]]
    assert widths == sorted(widths, reverse=True)
    assert len({*widths}) == 3


def test_a_headline_stands_above_any_figure():
    for figure in (plots.curves({"gd": np.array([1.0, 0.5])}, ylabel="loss"), plots.cobweb(run(line, ("published",)))):
        assert plots.headline(figure, "What it shows") is figure
        figure.canvas.draw()
        top = max(axes.get_tightbbox().y1 for axes in figure.axes)
        assert figure._suptitle.get_window_extent().y0 >= top - 1


def test_angles_draws_the_two_gradients_and_says_their_angle():
    toy = toys.quadratic([1.0, 1.0])
    figure = plots.angles(toy, [0.5, 0.75, 1.5])
    assert [axes.get_xlabel()[-5:].strip("at ") for axes in figure.axes] == ["0°", "0°", "180°"]


def test_behind_now_ahead_says_the_signs_of_both_differences():
    places, slopes = plots.behind_now_ahead(toys.quadratic([1.0]), [1.0, 0.5, 0.25]).axes
    dots = [line.get_xydata()[0].tolist() for line in places.lines if line.get_marker() == "o"]
    assert dots == [[1, 0.5], [0.5, 0.125], [0.25, 0.03125]]
    texts = {text.get_text() for text in slopes.texts}
    assert {"1.00", "0.50", "0.25", "Eq. 8:\nnow − behind\nnegative", "(16):\nnow − ahead\npositive"} <= texts


def test_chord_meets_zero_at_the_barzilai_borwein_step_and_tlr_goes_a_quarter_of_the_way():
    alphas = np.linspace(0, 2, 5)
    figure = plots.chord(alphas, alphas - 1, {"alpha": 0.5, "gp": 0.5, "pp": 1.0})  # one weight, curvature 1
    lines = {line.get_label(): line.get_xydata() for line in figure.axes[0].lines}
    assert lines["chord: its slope is Eq. 8′"] == pytest.approx(np.stack([alphas, alphas - 1], axis=-1))
    assert lines["the chord's zero: Barzilai–Borwein"].tolist() == [[1, 0]]
    assert lines["a quarter of the way: TLR (Eq. 8′)"].tolist() == [[0.625, 0]]


def test_one_line_late_draws_both_steps_and_where_the_second_should_have_ended():
    toy, path = toys.quadratic([1.0, 1.0]), np.array([[2.0, 1.0], [1.0, 0.5], [0.5, 0.25]])  # α = 1/2, twice
    figure = plots.one_line_late(toy, path, 1.0)
    _, *steps, end = (line.get_xydata() for line in figure.axes[0].lines)
    np.testing.assert_allclose(steps, [path[:2], path[1:]])
    np.testing.assert_allclose(end, [[0, 0]])
    assert figure.axes[0].lines[1].get_label() == "first step, α = 0.50: the best on its line"


def test_between_two_steps_marks_both():
    figure = plots.between_two_steps(np.linspace(0, 1, 5), np.linspace(-1, 3, 5), 1.0, short=0.25, long=0.5)
    marks = [line.get_xydata()[0].tolist() for line in figure.axes[0].lines if line.get_marker() == "o"]
    assert marks == [[0.25, 0], [0.5, 1]]


def test_leap_shows_the_two_places_near_the_joint():
    toy = toys.quadratic([1.0])
    ran = descend("published", toy, [-1.0], 1.5, 6)
    near, wide = plots.leap(toy, ran, (1, 4)).axes
    assert wide.lines[1].get_xdata() == pytest.approx(ran.w[1:5, 0])
    low, high = near.get_xlim()
    assert all(low < w < high for w in ran.w[2:4, 0])


def test_about_one_marks_each_kind_of_step_with_the_change_that_follows():
    w = np.array([-1, -1, 1, -1, -1, 1, -1])[:, None]
    ran = SimpleNamespace(w=w, alpha=np.array([0.8, 0.8, 1, 1, 0.9, 1.125, 1.125]))
    (axes,) = plots.step_kinds(ran, (0, 6), 1).axes
    marks = {line.get_label(): [*line.get_xdata()] for line in axes.lines[2:]}
    assert marks == {"stays: α +25 %": [1, 4], "crosses: α +0.0 %": [2, 5], "is thrown back: α −10 %": [3]}


def test_each_line_of_the_proof_stands_beside_eq_8():
    x = np.linspace(0.1, 2, 5)
    figure = plots.curvature_ratio(x, 4 * (x - 1), {"one": x, "two": x**2})
    lines = {line.get_label(): line.get_ydata() for line in figure.axes[0].lines}
    assert lines["one"] == pytest.approx(x)
    assert lines["Eq. 8"] == pytest.approx(4 * (x - 1))
    assert "one" not in [line.get_label() for line in plots.curvature_ratio(x, 4 * (x - 1)).axes[0].lines]


def test_climbs_draws_a_line_for_each_start_and_the_limit():
    figure = plots.climbs({"gd": np.ones((3, 2))}, limit=0.4)
    (axes,) = figure.axes
    assert [[*line.get_ydata()] for line in axes.lines] == [[1, 1, 1], [1, 1, 1], [0.4, 0.4]]
    assert len(figure.legends[0].get_texts()) == 1


def test_scale_draws_a_loss_as_a_line_and_its_multiple_as_marks():
    alphas, ends = np.array([0.1, 1.0]), (np.array([1e-3, 1e-2]), np.array([1e-1, 1.0]))
    (axes,) = plots.scale(alphas, {"published": ends}, 10, highest=10 * ends[0]).axes
    line, marks, highest = axes.lines
    assert [*line.get_ydata()] == [*ends[0]]
    assert [*marks.get_ydata()] == [*ends[1]]
    assert [*highest.get_ydata()] == [*(10 * ends[0])]
    assert marks.get_linestyle() == "None"


def test_paths_tints_every_rate_that_cannot_converge_on_a_quadratic_and_none_elsewhere():
    bowl, valley = toys.quadratic([1.0, 10.0], angle=0.5), toys.beale()
    for toy, edge in ((bowl, 0.2), (valley, None)):
        rates = plots.paths(toy, run(toy, ("gd",), alpha0=1e-3)).axes[1]
        assert ("tinted" in rates.get_title(loc="left")) == (edge is not None)
        (tint,) = rates.patches
        assert tint.get_visible() == (edge is not None)
        assert edge is None or tint.get_y() == pytest.approx(edge)


def test_each_component_is_named_by_its_eigenvalue_where_there_is_room():
    two = ["steep, λ = 100", "flat, λ = 1"]
    for count, some in ((2, two), (3, ["100", "10", "1"]), (16, ["100", "1"])):
        toy, picture = toys.quadratic(np.geomspace(1, 100, count)), EigenPicture(Figure(PICTURE_SIZE))
        ran = descend("gd", toy, toy.start, 1e-3, 5)
        picture.update(*(error_components(toy, ran.w)[0], ran, error_components(toy, ran.w)[1]), 5)
        names = [text.get_text() for text in picture.factor.texts if text not in picture.words]
        assert set(some) <= {*names}
        assert len(names) < 9


def test_paths_says_what_became_of_each_rule():
    toy = toys.quadratic([1.0, 1e6])
    figure = plots.paths(toy, run(toy, ("gd", "secant"), alpha0=1e-3, steps=100))
    assert texts(figure)[0].startswith("gradient descent, fixed α: diverged, t = ")
    assert texts(figure)[1].startswith("TLR (Eq. 8′): loss ")


def test_paths_says_when_alpha_is_negative():
    toy = toys.quadratic([1.0, 1.0])
    ran = run(toy, ("hypergradient",), alpha0=1.9, steps=2, beta=5.0)
    assert ran["hypergradient"].alpha[-1] < 0
    assert texts(plots.paths(toy, ran))[0].endswith("α < 0")


def test_paths_of_a_function_without_a_known_minimum_measures_from_the_lowest_seen():
    toy = toys.from_expression("x**2 + y**2 + 5", start=(1, 1))
    figure = plots.paths(toy, run(toy, ("gd",)))
    assert [axes.get_title(loc="left") for axes in figure.axes][-1] == "loss above the lowest seen"


@pytest.mark.parametrize("make", [toys.rosenbrock, toys.beale, toys.himmelblau, toys.saddle, toys.noisy_quadratic])
@pytest.mark.parametrize("alpha0", [1e-8, 1e3])
def test_every_function_can_be_drawn_at_the_extremes(make, alpha0):
    toy = make()
    figure = plots.paths(toy, run(toy, alpha0=alpha0, beta=1.0, eta=10.0))
    figure.canvas.draw()
    assert len(texts(figure)) == len(RULES)


def test_points_far_away_leave_the_window_in_their_own_direction():
    toy = toys.quadratic([1.0, 1.0])
    ran = run(toy, ("gd",), alpha0=900.0, steps=20)
    picture = PathsPicture(Figure(figsize=PICTURE_SIZE))
    picture.update(toy, ran, 20)
    drawn = picture.steps["gd"].get_xydata()
    assert np.abs(ran["gd"].w).max() > 1e50
    assert 10 < np.abs(drawn).max() < 1e3
    np.testing.assert_allclose(drawn[:, 0], drawn[:, 1])


def test_the_background_is_drawn_again_only_when_it_has_to_be():
    picture, said = TensorPicture(Figure(figsize=PICTURE_SIZE)), dict.fromkeys(("model", "tensor"), "")
    for names, stale in (("ab", True), ("ab", False), ("c", True)):
        curve = np.array([1.0, 0.5])
        rates = {"model": curve, "tensor": dict.fromkeys(names, curve)}
        picture.update("published", dict.fromkeys(said, curve), rates, said)
        assert picture.stale == stale
        picture.stale = False


@pytest.mark.parametrize(("every", "limits"), [(1, (1e-7, 1e2)), (4, (1e-8, 1e4))])
def test_limits_at_whole_decades(every, limits):
    assert decades([np.array([2e-7, 0, np.inf]), np.array([30])], every) == pytest.approx(limits)


def test_cobweb_steps_along_the_orbit():
    ran = {"published": descend("published", line, [1.0], 0.5, 8)}
    picture = CobwebPicture(Figure(figsize=PICTURE_SIZE))
    picture.update(ran, 8)
    x, y = picture.webs["published"].get_data()
    orbit = ran["published"].alpha[1:]
    np.testing.assert_allclose(x[::2], orbit)  # up from the diagonal at each x_t …
    np.testing.assert_allclose(y[1::2], orbit[1:])  # … to x_{t+1}
    np.testing.assert_allclose(y[2::2], x[2::2])
    assert np.isnan(picture.maps["published"].get_ydata()).sum() == 1  # no stroke joins the two sides of the jump


@pytest.mark.parametrize("step", [0, 1, 2])
def test_cobweb_of_the_first_steps(step):
    ran = {rule: descend(rule, line, [1.0], 0.3, 5) for rule in ("published", "secant", "barzilai_borwein")}
    figure = plots.cobweb(ran, step)
    figure.canvas.draw()
    assert [text.split("x = ")[1] for text in texts(figure)] == [f"{r.alpha[step]:.3g}" for r in ran.values()]


def test_cobweb_shows_all_of_a_large_orbit():
    ran = {"published": descend("published", line, [1.0], 0.99, 5, c=10.0)}
    figure = plots.cobweb(ran, c=10.0)
    assert figure.axes[0].get_xlim()[1] > ran["published"].alpha.max() > 10
    assert figure.axes[1].get_ylim() == figure.axes[0].get_ylim()  # x once more, on the scale of the map


def test_basins_has_a_panel_for_each_rule_and_shows_decades():
    x, y = np.geomspace(1e-3, 1, 4), np.geomspace(1, 100, 3)
    ratio = np.full((3, 4), 1e-3)
    ratio[2, 3] = np.inf
    figure = plots.basins(x, y, {"gd": ratio, "published": ratio}, edge=2 / y)
    panels = [axes for axes in figure.axes if axes.get_title()]
    assert [axes.get_title() for axes in panels] == ["gradient descent, fixed α", "TLR (Eq. 8)"]
    decades = np.asarray(panels[0].collections[0].get_array()).reshape(3, 4)
    assert decades[0, 0] == pytest.approx(-3)
    assert decades[2, 3] > 0  # drawn in the color for what rose


def test_thrown_back_shows_the_first_leap_and_what_is_above_the_first_loss():
    ran = {"gd": descend("gd", line, [1.0], 1.0, 4), "secant": descend("secant", line, [1.0], 3.0, 4)}
    function, curves = plots.thrown_back(line, ran).axes
    (walk, thrown) = function.lines[1:]
    np.testing.assert_array_equal(walk.get_xdata(), [1])
    np.testing.assert_allclose(thrown.get_xydata(), [[-2, 2]])
    np.testing.assert_array_equal(curves.lines[0].get_ydata(), [1, *[np.nan] * 4])
    assert curves.get_ylim()[1] > (ran["secant"].loss / ran["secant"].loss[0]).max()


def test_a_burst_is_numbered_from_the_edge_to_the_crossing_of_the_votes():
    bowl = toys.quadratic([1, 10], angle=0.5)
    ran = descend("published", bowl, bowl.start, 0.002, 50)
    rate, vote, loss = plots.burst(ran, votes(bowl, ran), edge=0.2, last=50).axes
    numbers = [text for axes in (rate, vote, loss) for text in axes.texts if len(text.get_text()) == 1]
    assert [text.get_text() for text in numbers] == ["1", "1", "2", "3"]
    passes, takes = numbers[0].xy[0], numbers[3].xy[0]
    assert ran.alpha[passes - 1] < 0.2 < ran.alpha[passes]
    longer, shorter = (line.get_ydata() for line in vote.lines[:2])
    assert np.all(shorter[passes - 1 : takes - 1] < 1)
    assert shorter[takes - 1] > 1
    np.testing.assert_array_equal(np.isnan(longer), ran.alpha[1:] > 0.1)  # beyond 1/λ₂


def test_braking_multiplies_the_loss_by_the_square_of_the_excess():
    x, rise = (axes.lines[0] for axes in plots.braking({"published": [3.0, 2.5, 1.9]}).axes)
    np.testing.assert_array_equal(x.get_ydata(), [3, 2.5, 1.9])
    np.testing.assert_allclose(rise.get_ydata(), [0, 2 * np.log10(2), 2 * np.log10(3)])
    assert rise.get_label() == "TLR (Eq. 8): $10^{0.95}$ in 2 steps"


def test_a_forecast_burst_and_the_one_that_came_are_drawn_over_the_floor_and_against_each_other():
    one, many = [[1, 100], [2, 300]], np.full((2, 3), 7e6)
    floor, against = plots.foretold([1, 0.1], one, many).axes
    for line, heights, label in zip(floor.lines, one, ("forecast", "came"), strict=True):
        np.testing.assert_array_equal(line.get_xydata(), np.transpose([[1, 0.1], heights]))
        assert line.get_label() == label
    assert floor.xaxis_inverted()
    np.testing.assert_array_equal(against.lines[0].get_xydata(), np.full((3, 2), 7e6))
    assert min(against.get_xlim()[1], against.get_ylim()[1]) > 7e6


def test_curves_leaves_out_what_a_logarithm_cannot_show():
    figure = plots.curves({"published": np.array([1, 0.1, np.inf]), "secant": np.array([1, 0, 0.5])}, ylabel="loss")
    published, secant = figure.axes[0].lines
    np.testing.assert_array_equal(published.get_ydata(), [1, 0.1, np.nan])
    np.testing.assert_array_equal(secant.get_ydata(), [1, np.nan, 0.5])


@pytest.mark.parametrize("room", [explorers, ledger, plots], ids=lambda room: room.__name__)
def test_no_module_has_the_name_of_what_its_room_exports(room):
    """Importing it would put it in its place."""
    modules = {module.name for module in pkgutil.iter_modules(room.__path__)}
    assert modules & set(room.__all__) == set()


def test_a_step_is_drawn_with_the_tangent_the_parabolas_and_the_jumps():
    alphas = np.linspace(0, 3, 61)  # of ½w² from w = 1, where the best α is 1
    products, titles = {"gg": 0.25, "pp": 1.0, "exact": 1.0}, []
    picture = StepPicture(Figure())
    for step in ({"alpha": 1.5, "gp": -0.5} | products, {"alpha": 0.5, "gp": 0.5} | products):
        picture.update(alphas, (1 - alphas) ** 2 / 2, step, jumps(step, c=0.25))
        titles.append(picture.curve.get_title())
    assert titles == ["$α_t$ = 1.5: too long", "$α_t$ = 0.5: too short"]
    drawn = {line.get_label(): line.get_ydata() for line in picture.curve.lines}
    np.testing.assert_allclose(drawn["exact parabola"], (1 - alphas) ** 2 / 2)
    np.testing.assert_allclose(drawn["Eq. 8′"], drawn["exact parabola"])
    np.testing.assert_allclose(drawn["tangent (Eq. 7)"], 0.125 - 0.5 * (alphas - 0.5))
    assert [text.get_text() for text in picture.jumps.texts] == ["→ 0.625", "→ 0.625", "→ 1"]


def test_a_dollar_in_the_name_of_a_function_is_a_dollar():
    toy = toys.from_expression("x**2 + y**2", start=(1, 1), name="price in $, not $_{x")
    plots.paths(toy, run(toy, ("gd",))).canvas.draw()


def test_panels_draw_what_they_are_given_rules_in_their_own_look():
    each = [{"published": [1.0, 2.0, 4.0], "another": ([5, 6], [1.0, 3.0])}, {"one": [1.0, 1.0], "two": [2.0, 2.0]}]
    levels = [{}, {"limit": 1.5}]
    figure = plots.panels(
        each, xlabels="t", ylabels=["a", "b"], titles=["left", "right"], limits=(0.5, 9), levels=levels
    )
    left, right = figure.axes
    published, another = left.get_lines()
    assert (published.get_label(), published.get_color()) == ("TLR (Eq. 8)", plots.METHODS["tlr"].color)
    assert another.get_label() == "another"
    assert another.get_xydata().tolist() == [[5, 1], [6, 3]]
    assert published.get_xydata().tolist() == [[0, 1], [1, 2], [2, 4]]
    assert [line.get_label() for line in right.get_lines()] == ["one", "two", "limit"]
    assert {line.get_linestyle() for line in left.get_lines()} == {"-", "--"}
    assert (left.get_ylim(), right.get_yscale(), right.get_xscale()) == ((0.5, 9), "log", "linear")
    assert (left.get_title(loc="left"), right.get_ylabel()) == ("left", "b")


def test_a_line_of_a_panel_is_named_where_it_is_or_in_the_key():
    each = [{"published": [1.0, 2.0], "one": [3.0, 4.0]}, {"two": [1.0, 2.0]}]
    named = [{"published": (0.5, 1.5), "limit": (0, 9)}, {"two": (1, 2)}]
    figure = plots.panels(each, xlabels="t", ylabels="a", levels=[{"limit": 8.0}, {}], named=named)
    left, right = figure.axes
    said = {text.get_text(): (text.get_position(), text.get_color()) for text in left.texts}
    assert said == {"TLR (Eq. 8)": ((0.5, 1.5), plots.METHODS["tlr"].color), "limit": ((0, 9), "#000000")}
    assert [text.get_text() for text in left.get_legend().get_texts()] == ["one"]
    assert right.get_legend() is None


def test_a_way_to_draw_batches_has_its_look_in_a_panel_too():
    figure = plots.panels([{"with replacement": [1.0, 2.0], "law": [1.0, 3.0]}], xlabels="t", ylabels="a")
    drawn, law = figure.axes[0].get_lines()
    assert (drawn.get_color(), drawn.get_label()) == (DRAWN["with replacement"]["color"], "with replacement")
    assert law.get_color() == "#000000"


def test_panels_that_show_the_same_lines_need_one_key_and_each_has_its_own_axes():
    each = [{"one": [1.0, 2.0], "two": [2.0, 3.0]}] * 2
    figure = plots.panels(each, xlabels="t", ylabels="a", log=["y", ""], edge=[{}, {"best": 1.5}], keys=[1])
    left, right = figure.axes
    assert left.get_legend() is None
    assert [text.get_text() for text in right.get_legend().get_texts()] == ["one", "two"]
    assert (left.get_yscale(), right.get_yscale()) == ("log", "linear")
    (beyond,) = right.texts
    assert (beyond.get_text(), beyond.get_position()[1]) == ("best", 1.5)


def test_a_valley_marks_the_best_alpha_and_where_half_of_the_products_are_negative():
    alphas, loss = np.array([0.01, 0.1, 1.0, 10.0]), np.array([3.0, 2.0, 1.0, 5.0])
    advice = {"early": np.array([0.0, 0.2, 0.8, 1.0]), "never": np.zeros(4)}
    figure = plots.valley(alphas, loss, advice, before=4.0)
    upper, lower = figure.axes
    (star,) = (line for line in upper.get_lines() if line.get_marker() == "*")
    assert star.get_xydata().tolist() == [[1, 1]]
    for axis in (upper, lower):
        (crossing,) = (line for line in axis.get_lines() if len(set(line.get_xdata())) == 1 and line is not star)
        assert crossing.get_xdata()[0] == pytest.approx(np.sqrt(0.1))
    *_, best, settles = [text.get_text() for text in upper.texts]
    assert (best, settles) == ("the best α\nfor an epoch", "early:\nhalf say too large")


def test_a_valley_has_a_line_at_the_loss_before_the_epoch():
    upper, _ = plots.valley([0.1, 1.0], [2.0, 1.0], {"never": np.zeros(2)}, before=1.5).axes
    assert [1.5, 1.5] in [list(line.get_ydata()) for line in upper.get_lines()]


def test_each_way_to_draw_batches_is_named_at_the_end_of_its_line():
    ways = {"without replacement": [1.0, 0.5], "with replacement": [1.0, 0.8]}
    (axes,) = plots.drawing("α", ways, ([1, 2], [1.0, 0.4])).axes
    assert [list(line.get_ydata()) for line in axes.get_lines()] == [[1.0, 0.5], [1.0, 0.8], [1.0, 0.4]]
    assert {text.get_text(): text.xy for text in axes.texts} == {
        "without replacement": (2, 0.5),
        "with replacement": (2, 0.8),
        "from the peak:\nnoise alone": (2, 0.4),
    }


def test_a_way_to_draw_batches_has_one_color_everywhere():
    ways = {"without replacement": [1.0, 0.5], "with replacement": [1.0, 0.8]}
    panels = [plots.drawing(title, ways).axes[0] for title in ("α", "loss")]
    colors = [{line.get_label(): line.get_color() for line in axes.get_lines()} for axes in panels]
    assert colors[0] == colors[1]
    assert list(colors[0]) == list(ways)
    (bracket,) = plots.two_windows(6, {"": (2, 0.1, -0.5)}).axes[0].get_lines()
    assert bracket.get_color() == colors[0]["without replacement"] != colors[0]["with replacement"]
