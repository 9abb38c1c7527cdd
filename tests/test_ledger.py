"""The ledger: a verdict follows from the evidence, any evidence, and every claim can fail."""

import json
import math
import re
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from tlr import rule
from tlr.course import experiments, ledger, plots
from tlr.course.ledger import batches, mathematics, runs
from tlr.course.ledger.claim import DOES_NOT_HOLD, HOLDS, IN_PART, NOT_TESTED, THEMES, always, grade, mostly
from tlr.course.noise import drift
from tlr.course.records import Record, Setting
from tools.stamp import ROOT

CLAIMS = [pytest.param(claim, id=f"{number}") for number, claim in ledger.CLAIMS.items()]
PAPER = sorted((ROOT.parent / "shared" / "paper").glob("*.txt"))


def claim(says):
    (found,) = [each for each in ledger.CLAIMS.values() if each.says.startswith(says)]
    return found


def record(setting, loss=0.1, accuracy=0.97, peak=0.2, alpha=0.1, second=1.0, first_loss=1.0, names=("model",)):
    """A run of `setting` that ends with this loss, accuracy and α; its α has a peak before, where it has the time."""
    n = setting.epochs
    peaks, lasts = np.broadcast_to(peak, len(names)), np.broadcast_to(alpha, len(names))
    rates = np.geomspace(peaks, lasts, n) if n > 1 else lasts[None]
    return Record(
        setting=setting,
        status="done" if np.isfinite(loss) else "diverged",
        groups=tuple(names),
        alpha0=np.full(len(names), setting.alpha0),
        train_loss=np.array([*np.full(n - 1, first_loss), loss]),
        test_accuracy=np.full(n, accuracy),
        alpha=rates,
        seconds=np.full(n, second),
        evaluation_seconds=np.ones(n),
        sessions=(),
    )


def archive(figure, outcome, epochs=8, seeds=(0,)):
    """Every run of a figure, each as `outcome` says of its setting."""
    return ledger.Archive(
        [record(setting, **outcome(setting)) for setting in experiments.settings(figure, epochs=epochs, seeds=seeds)]
    )


def test_an_archive_gives_a_figure_at_one_length_or_at_any():
    short, long = (archive("figure-7-mnist", lambda setting: {}, epochs=epochs) for epochs in (8, 80))
    both = ledger.Archive([*short.figure("figure-7-mnist"), *long.figure("figure-7-mnist")])
    assert {run.setting.epochs for run in both.figure("figure-7-mnist")} == {80}
    any_length = both.of_any_length("figure-7-mnist", per="tensor")
    assert {(run.setting.epochs, run.setting.per) for run in any_length} == {(8, "tensor"), (80, "tensor")}
    with pytest.raises(ledger.Missing):
        both.of_any_length("figure-8-mnist")


# The claims as data


@pytest.mark.parametrize("claim", CLAIMS)
def test_a_claim_is_complete(claim):
    assert claim.theme in THEMES
    assert claim.says
    assert claim.quote
    assert re.match(r"(Abstract|Sections? [3-5]|Appendix [B-D])", claim.place)
    assert claim.criterion.endswith(".")
    assert claim.tests or claim.figures


@pytest.mark.parametrize("claim", CLAIMS)
def test_its_tests_are_cells_of_the_course(claim):
    for test in claim.tests:
        notebook, cell = test.split("#")
        book = json.loads((ROOT / "notebooks" / f"{notebook}.ipynb").read_text(encoding="utf-8"))
        assert cell in [each["id"] for each in book["cells"] if each["cell_type"] == "code"], test


@pytest.mark.skipif(not PAPER, reason="The paper's text does not lie beside this checkout.")
@pytest.mark.parametrize("claim", CLAIMS)
def test_its_words_are_the_papers(claim):
    def plain(text):
        return re.sub(r"[\s_*]+", " ", text)

    text = plain(PAPER[0].read_text(encoding="utf-8"))
    assert plain(claim.quote) in text
    assert all(f"Figure {number}:" in text for number in re.findall(r"figures? (\d+)", claim.place))


def test_the_ledger_is_numbered_by_theme():
    assert list(ledger.CLAIMS) == list(range(1, len(ledger.CLAIMS) + 1))
    later = (*mathematics.LATER, *batches.LATER)
    order = [THEMES.index(claim.theme) for claim in ledger.CLAIMS.values() if claim not in later]
    assert order == sorted(order)
    assert set(order) == set(range(len(THEMES)))


# Verdicts


@pytest.mark.parametrize(
    ("passed", "total", "verdict"), [(4, 4, HOLDS), (3, 4, IN_PART), (2, 4, IN_PART), (1, 4, DOES_NOT_HOLD)]
)
def test_a_grade_is_all_half_or_less(passed, total, verdict):
    assert grade(passed, total) == verdict


def test_always_allows_no_exception_and_mostly_asks_for_more_than_half():
    assert [always(passed, 4) for passed in (4, 3)] == [HOLDS, DOES_NOT_HOLD]
    assert [mostly(passed, 4) for passed in (3, 2)] == [HOLDS, DOES_NOT_HOLD]


def test_without_records_nothing_is_tested_and_the_command_is_named():
    found = ledger.Archive([])
    for number, claim in ledger.CLAIMS.items():
        if claim.figures:
            finding = claim.find(found)
            assert finding.verdict == NOT_TESTED, number
            known = claim.figures[0] in experiments.FIGURES
            assert ("python -m tlr.course.experiments run" if known else "no experiment") in finding.evidence


def test_figures_that_disagree_make_a_claim_hold_in_part():
    whole = archive("figure-1-mnist", lambda s: {})
    two = replace(claim("Robust to α₀"), figures=("figure-1-mnist", "figure-1-digits"))
    assert two.find(whole).verdict == HOLDS
    assert "Not recorded: figure-1-digits." in two.find(whole).evidence
    digits = archive("figure-1-digits", lambda s: {"accuracy": 0.9 if s.alpha0 == 0.001 else 0.97 - s.alpha0})
    both = ledger.Archive([*whole.figure("figure-1-mnist"), *digits.figure("figure-1-digits")])
    assert two.find(both).verdict == IN_PART


def test_the_longest_runs_that_are_complete_decide():
    short = archive("figure-1-mnist", lambda s: {}, epochs=8).figure("figure-1-mnist")
    long = archive("figure-1-mnist", lambda s: {"accuracy": s.alpha0}, epochs=80).figure("figure-1-mnist")
    robust = claim("Robust to α₀")
    last = {run.setting.method: run for run in long}
    without = {method: [run for run in long if run is not last[method]] for method in ("tlr", "sgd")}
    assert robust.find(ledger.Archive([*short, *without["tlr"]])).verdict == HOLDS
    for there, sgd in ((long, "with SGD,"), (without["sgd"], "with SGD after 8,")):
        decided = robust.find(ledger.Archive([*short, *there]))
        assert decided.verdict == DOES_NOT_HOLD
        assert "80 epochs" in decided.evidence
        assert sgd in decided.evidence


def test_a_run_that_is_not_finished_is_no_evidence():
    whole = archive("figure-7-mnist", lambda s: {}).figure("figure-7-mnist")
    part = [replace(whole[0], status="interrupted"), *whole[1:]]
    with pytest.raises(ledger.Missing, match="3 of the 4 runs"):
        ledger.Archive(part).figure("figure-7-mnist")


def test_every_seed_that_is_there_counts():
    found = archive("figure-7-mnist", lambda s: {}, seeds=(0, 1)).figure("figure-7-mnist")
    assert Counter(record.setting.seed for record in found) == {0: 4, 1: 4}


# Each judge of the equations: what the course has, and what would turn it


def no_change(gg, gp, pp, *_):
    return 0 * gp


def exact(alpha, gg, gp, pp):
    return (pp - gp) / alpha


@pytest.mark.parametrize(
    ("judge", "verdict", "other", "turned"),
    [
        (mathematics.first_derivative, HOLDS, lambda gp: -gp / 2, DOES_NOT_HOLD),
        (mathematics.second_derivative, DOES_NOT_HOLD, exact, HOLDS),
        (mathematics.second_derivative, DOES_NOT_HOLD, lambda *p: 2 * exact(*p), IN_PART),
        (mathematics.newton_step, DOES_NOT_HOLD, lambda gg, gp, pp: gp / (pp - gp), HOLDS),
        (mathematics.bound, HOLDS, lambda gg, gp, pp: gp / (pp - gp), DOES_NOT_HOLD),
        (mathematics.bound, HOLDS, lambda gg, gp, pp: np.where(gp > 0, 0.25, -1.5), DOES_NOT_HOLD),
        (mathematics.one_pass, HOLDS, (1, 2), DOES_NOT_HOLD),
        (
            mathematics.barzilai_borwein,
            IN_PART,
            rule.RULES | {"secant": rule.Rule(lambda gg, gp, pp: gg)},
            DOES_NOT_HOLD,
        ),
        (
            mathematics.barzilai_borwein,
            IN_PART,
            rule.RULES | {"published": rule.Rule(lambda gg, gp, pp: pp - gp)},
            HOLDS,
        ),
        (mathematics.polak_ribiere, HOLDS, {"published": rule.RULES["secant"]}, DOES_NOT_HOLD),
        (mathematics.thermostat, HOLDS, lambda x: 1.1 * x, DOES_NOT_HOLD),
        (mathematics.displacements, DOES_NOT_HOLD, 0.0, HOLDS),
    ],
)
def test_an_equation_is_judged_by_what_it_says(judge, verdict, other, turned):
    assert judge().verdict == verdict
    assert judge(other).verdict == turned


def test_a_function_that_is_not_convex_turns_the_remark():
    from tlr import toys

    def waves(eigenvalues):
        bowl = toys.quadratic(eigenvalues)
        return replace(
            bowl, value=lambda w: np.cos(3 * w).sum(-1) + w.sum(-1) / 4, gradient=lambda w: 0.25 - 3 * np.sin(3 * w)
        )

    assert mathematics.convex().verdict == HOLDS
    assert mathematics.convex(waves).verdict == DOES_NOT_HOLD


def test_the_rule_on_quadratics():
    calm = {name: np.ones((5, 60)) for name in ("gd", "published", "secant")}
    assert mathematics.quadratics().verdict == DOES_NOT_HOLD
    assert mathematics.quadratics(calm).verdict == HOLDS
    assert mathematics.cannot_diverge().verdict == DOES_NOT_HOLD
    assert mathematics.cannot_diverge({name: np.linspace(1, 0.1, 5)[:, None] for name in calm}).verdict == HOLDS
    even = {c: {"published": 0.9, "secant": 0.9} for c in (0.25, 1, 4, 10)}
    assert mathematics.bound_on_quadratics().verdict == DOES_NOT_HOLD
    assert mathematics.bound_on_quadratics(even).verdict == HOLDS


@pytest.mark.parametrize(
    ("judge", "measured", "verdict"),
    [
        (batches.negative_products, (0.6, 0.8), HOLDS),
        (batches.negative_products, (0.1, 0.8), IN_PART),
        (batches.negative_products, (0.1, 0.4), DOES_NOT_HOLD),
        (batches.windows, (0.9, 0.8), HOLDS),
        (batches.windows, (0.9, 0.5), IN_PART),
        (batches.windows, (0.3, 0.2), DOES_NOT_HOLD),
        (batches.never_diverges, {0.1: 0.2, 1.0: 0.3}, HOLDS),
        (batches.never_diverges, {0.1: np.nan, 1.0: 0.3}, DOES_NOT_HOLD),
        (batches.restarts, [(1.0, 0.5), (1.0, 0.6)], HOLDS),
        (batches.restarts, [(1.0, 0.9), (1.0, 0.8)], DOES_NOT_HOLD),
    ],
)
def test_a_measurement_on_mini_batches_decides(judge, measured, verdict):
    assert judge(measured).verdict == verdict


def test_the_measurements_on_mini_batches():
    assert claim("Consecutive batches").find().verdict == IN_PART
    assert claim("Eq. 10: a window").find().verdict == IN_PART
    plain, restarted = (batches.on_digits(0.1, epochs=3, restart=restart) for restart in (False, True))
    np.testing.assert_array_equal(plain.train_loss, restarted.train_loss)  # α is still climbing


# Each judge of the figures: records that bear the claim out, and records that do not


def lost(condition, **otherwise):
    return {"loss": np.inf, "accuracy": 0.1} if condition else otherwise


FIGURES = {
    "α rises": (lambda s: {}, lambda s: lost(s.batch_size > 64)),
    "The larger the batch": (lambda s: {"peak": s.batch_size}, lambda s: {"peak": 1 / s.batch_size}),
    "Robust to α₀": (lambda s: {"accuracy": 0.9 + s.batch_size / 1e4}, lambda s: {"accuracy": 0.6 + s.alpha0}),
    "Robust to the batch size": (lambda s: {}, lambda s: {"accuracy": 1 - s.batch_size / 1e3}),
    "There SGD": (
        lambda s: {"loss": {"tlr": 0.2, "yellowfin": 0.1}.get(s.method, 0.3)},
        lambda s: {"loss": {"tlr": 0.2, "yellowfin": 0.3}.get(s.method, 0.1)},
    ),
    "Better than hypergradient": (
        lambda s: {"loss": 0.2 if s.method == "hypergradient" else 0.1},
        lambda s: {"loss": 0.1 if s.method == "hypergradient" else np.nan},
    ),
    "β decides": (
        lambda s: {"loss": s.beta or 0.1},
        lambda s: {},
    ),
    "Better than SGD and": (
        lambda s: {"loss": 0.1 if s.method == "tlr" else 0.2},
        lambda s: {"loss": 0.2 if s.method == "tlr" else 0.1},
    ),
    "Less sensitive": (
        lambda s: {"loss": s.alpha0 if s.method == "yellowfin" else 0.1},
        lambda s: {"loss": s.alpha0 if s.method == "tlr" else 0.1},
    ),
    "Once an epoch": (
        lambda s: {"first_loss": s.p, "alpha": s.p, "loss": 0.2 if s.p < 0.2 else 0.1},
        lambda s: {"first_loss": 1 / s.p, "alpha": 1 / s.p, "loss": s.p},
    ),
    "On MNIST p": (lambda s: {}, lambda s: {"accuracy": s.p}),
    "A large c": (lambda s: lost(s.c > 2), lambda s: {}),
    "c is irrelevant": (lambda s: {}, lambda s: {"accuracy": 0.9 / (1 + s.c)}),
    "A fixed η": (lambda s: lost(s.eta != 1), lambda s: {}),
    "TLR costs nothing": (lambda s: {}, lambda s: {"second": 1.0 if s.method == "sgd" else 1.5}),
}


@pytest.mark.parametrize("says", FIGURES)
def test_a_figure_decides(says):
    judged = claim(says)
    figure = judged.figures[0]
    for outcome, verdict in zip(FIGURES[says], (HOLDS, DOES_NOT_HOLD), strict=True):
        assert judged.find(archive(figure, outcome)).verdict == verdict


def test_an_eta_that_works_in_one_reading_only_is_tedious():
    found = archive("figure-9-mnist", lambda s: lost(s.method == "fixed_eta" and s.eta > 2e-4))
    finding = claim("A fixed η").find(found)
    assert finding.verdict == HOLDS
    assert "4 of 4 values of η do over means of gradients, 0 over sums" in finding.evidence


@pytest.mark.parametrize(("steeper", "verdict"), [(1.0, DOES_NOT_HOLD), (0.5, HOLDS)])
def test_a_fall_that_the_sampling_predicts_is_no_sign_of_a_minimum(steeper, verdict):
    def falling(setting):
        steps = math.ceil(60_000 / setting.batch_size)
        factor = steeper * drift(steps, rule.window(steps), setting.momentum or 0.0)
        return {"peak": 1.0, "alpha": factor ** (setting.epochs - 1)}

    assert batches.cause_of_the_fall(archive("figure-1-mnist", falling, epochs=80), "figure-1-mnist").verdict == verdict
    with pytest.raises(ledger.Missing):
        batches.cause_of_the_fall(archive("figure-1-mnist", falling), "figure-1-mnist")


def test_a_run_that_still_climbs_decides_nothing():
    rises = claim("α rises")
    slow = archive("figure-1-mnist", lambda s: {"peak": 0.1, "alpha": 0.2} if s.alpha0 < 0.1 else {})
    assert rises.find(slow).verdict == HOLDS
    assert "8 still climb" in rises.find(slow).evidence
    climbing = archive("figure-1-mnist", lambda s: {"peak": 0.1, "alpha": 0.2})
    assert rises.find(climbing).verdict == NOT_TESTED
    assert "Longer runs decide" in rises.find(climbing).evidence


def test_the_corner_is_judged_from_the_end():
    corner = claim("The named exception")
    figure = "figure-1-mnist"

    def outcome(loss):
        return lambda s: {"loss": loss if (s.alpha0, s.batch_size) == (0.1, 64) else 0.1}

    assert corner.find(archive(figure, outcome(0.2))).verdict == HOLDS
    assert corner.find(archive(figure, outcome(0.1), epochs=80)).verdict == DOES_NOT_HOLD
    undecided = corner.find(archive(figure, outcome(0.1)))
    assert undecided.verdict == NOT_TESTED
    assert "about the end" in undecided.evidence


def test_the_corner_may_have_run_longer_than_the_rest():
    grid = archive("figure-1-mnist", lambda s: {"loss": 0.1}).figure("figure-1-mnist")
    settings = experiments.settings("figure-1-mnist")
    long = [record(s, loss=0.3) for s in settings if (s.alpha0, s.batch_size) == (0.1, 64)]
    finding = claim("The named exception").find(ledger.Archive([*grid, *long]))
    assert finding.verdict == HOLDS
    assert "80 epochs" in finding.evidence


TENSORS = ("hidden.weight", "hidden.bias", "output.weight", "output.bias")


@pytest.mark.parametrize(
    ("peaks", "loss", "differ", "same"),
    [((0.1, 0.2, 0.3, 0.9), 0.1, HOLDS, HOLDS), ((0.3, 0.3, 0.2, 0.2), 0.3, DOES_NOT_HOLD, IN_PART)],
)
def test_an_alpha_for_every_tensor(peaks, loss, differ, same):
    def outcome(setting):
        return {"peak": peaks, "alpha": 0.01, "names": TENSORS, "loss": loss} if setting.per == "tensor" else {}

    found = archive("figure-7-mnist", outcome)
    assert claim("The rates differ").find(found).verdict == differ
    assert claim("The same loss").find(found).verdict == same


class Stub:
    """An archive that has one figure, whatever its name."""

    def __init__(self, *found):
        self.found = list(found)

    def figure(self, name, **where):
        return self.found

    of_any_length = figure


def adaptive(method, **options):
    """A setting with the methods that the grids beyond MNIST have."""
    return Setting(method=method, **{"alpha0": 0.1, "batch_size": 64, "epochs": 2} | options)


@pytest.mark.parametrize(("ours", "verdict"), [(0.1, HOLDS), (0.25, DOES_NOT_HOLD)])
def test_a_majority_is_more_than_half(ours, verdict):
    rivals = [record(adaptive(name), loss=loss) for name, loss in (("adam", 0.2), ("sls", 0.2), ("sps", 0.3))]
    finding = claim("Lower loss than Adam").judge(Stub(record(adaptive("tlr"), loss=ours), *rivals), "")
    assert finding.verdict == verdict


def test_accuracy_counts_where_accuracy_is_claimed():
    ours = record(adaptive("tlr"), loss=9, accuracy=0.9)
    rivals = [record(adaptive(name), loss=0.1, accuracy=0.8) for name in ("adam", "sls", "sps", "multistep", "sgd")]
    for says in ("Adam and SPS", "Wide residual", "ResNet-50"):
        assert claim(says).judge(Stub(ours, *rivals), "").verdict == HOLDS
    assert claim("DenseNet").judge(Stub(ours, *rivals), "").verdict == DOES_NOT_HOLD


def test_a_point_of_accuracy_is_no_better_generalization():
    ours = record(adaptive("tlr"), accuracy=0.9)
    rivals = [record(adaptive(name), accuracy=0.89) for name in ("adam", "sps")]
    assert claim("Adam and SPS").judge(Stub(ours, *rivals), "").verdict == DOES_NOT_HOLD


def test_who_is_faster_has_the_lower_mean_and_both_variants_must():
    rivals = [record(adaptive(name), loss=0.1, first_loss=2) for name in ("adam", "sls", "sps", "sgd")]
    model = record(adaptive("tlr"), loss=0.2, first_loss=1)
    tensor, slow = (record(adaptive("tlr", per="tensor"), loss=0.2, first_loss=first) for first in (1, 9))
    transformer = claim("A Transformer")
    assert transformer.judge(Stub(model, tensor, *rivals), "").verdict == HOLDS
    assert transformer.judge(Stub(model, slow, *rivals), "").verdict == IN_PART


def test_the_scatter_between_seeds_needs_three():
    def found(deviation, seeds):
        return Stub(
            *(
                record(adaptive(name, batch_size=size, seed=seed), loss=0.1 + seed * scatter)
                for seed in range(seeds)
                for size in (64, 512)
                for name, scatter in (("tlr", 0.01), ("sls", deviation), ("sps", deviation))
            )
        )

    assert runs.between_seeds(found(0.1, 3), "f").verdict == HOLDS
    assert runs.between_seeds(found(0.01, 3), "f").verdict == DOES_NOT_HOLD
    with pytest.raises(ledger.Missing, match="--seeds 0 1 2"):
        runs.between_seeds(found(0.1, 1), "f")


def test_what_slowed_a_run_down_is_no_cost_of_its_method():
    def found(*seconds):
        return Stub(
            *(
                record(adaptive(name, batch_size=size, epochs=epochs), second=second * factor)
                for name, factor in (("sgd", 1.0), ("tlr", 1.02))
                for size in (64, 128, 512)
                for epochs, second in zip((8, 80), seconds, strict=True)
            ),
            record(adaptive("tlr", batch_size=64, seed=1), second=40.0),
        )

    assert runs.overhead(found(1.0, 3.0), "f").verdict == runs.overhead(found(3.0, 1.0), "f").verdict == HOLDS
    assert ", 1.02 to 1.02." in runs.overhead(found(1.0, 3.0), "f").evidence
    slow = [record(adaptive("tlr", batch_size=size), second=1.2) for size in (64, 512)]
    quick = [record(adaptive("sgd", batch_size=size), second=1.0) for size in (64, 512)]
    assert runs.overhead(Stub(*slow, *quick), "f").verdict == DOES_NOT_HOLD


def test_seconds_that_replicas_shared_tell_nothing_of_the_cost():
    shared = [replace(record(adaptive(name)), sessions=({"replicas": 2},)) for name in ("tlr", "sgd")]
    with pytest.raises(ledger.Missing, match="shared their steps"):
        runs.overhead(Stub(*shared), "figure-1-mnist")


def test_detection_needs_an_alpha_for_every_tensor_if_one_fails():
    model = adaptive("tlr")
    tensor = record(adaptive("tlr", per="tensor"), loss=0.1)
    detection = claim("Object detection")
    assert detection.judge(Stub(record(model, loss=np.nan), tensor), "").verdict == HOLDS
    assert detection.judge(Stub(record(model, loss=0.1), tensor), "").verdict == IN_PART


# The page and the picture


def test_what_stands_below_a_letter_is_set_below_it():
    (bound,) = [number for number, claim in ledger.CLAIMS.items() if claim.says == "The bound: α_{t+1} ≤ (1 + c) α_t"]
    page = ledger.page({bound: ledger.Finding(HOLDS, "β_PRP of tlr_secant")})
    assert "α<sub>t+1</sub> ≤ (1 + c) α<sub>t</sub>" in page
    assert "β<sub>PRP</sub> of tlr_secant" in page


def test_the_page_has_a_row_a_claim_with_verdict_and_links():
    found = {
        1: ledger.Finding(HOLDS, "400 < 401"),
        3: ledger.Finding(NOT_TESTED, "Nothing: python -m tlr.course.experiments run figure-1-mnist."),
    }
    page = ledger.page(found)
    assert page.count("<tr><td") == 2
    assert "400 &lt; 401" in page
    assert ">✓ holds</b>" in page
    assert ">○ not tested</b>" in page
    assert "<code>python -m tlr.course.experiments run figure-1-mnist</code>." in page
    assert 'href="01_derivation.ipynb#cell-id=ratio-check"' in page


def test_the_picture_has_a_tile_a_claim_that_reads_without_colour():
    figure = plots.ledger({"one": {1: HOLDS, 2: DOES_NOT_HOLD}, "two": {3: NOT_TESTED}})
    (axes,) = figure.axes
    assert [text.get_text() for text in axes.texts] == ["one", "1", "✓", "2", "✗", "two", "3", "○"]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        "✓ holds: 1",
        "◐ holds in part: 0",
        "✗ does not hold: 1",
        "○ not tested: 1",
    ]
