"""The ledger: a verdict follows from the evidence, any evidence, and every claim can fail."""

import json
import math
import re
from collections import Counter
from dataclasses import replace

import attrs
import numpy as np
import pytest
from matplotlib.patches import Rectangle

from tlr import rule
from tlr.course import experiments, ledger, plots
from tlr.course.experiments import Part
from tlr.course.ledger import batches, mathematics, runs
from tlr.course.ledger.claim import (
    DOES_NOT_HOLD,
    HOLDS,
    IN_PART,
    NOT_TESTED,
    THEMES,
    UNDECIDED,
    always,
    decide,
    grade,
    mostly,
)
from tlr.course.noise import drift
from tlr.course.records import Record, Setting
from tools.stamp import ROOT

CLAIMS = [pytest.param(claim, id=f"{number}") for number, claim in ledger.CLAIMS.items()]
PAPER = sorted((ROOT.parent / "shared" / "paper").glob("*.txt"))


def claim(says):
    (found,) = [each for each in ledger.CLAIMS.values() if each.says.startswith(says)]
    return found


def record(setting, loss=0.1, accuracy=0.97, peak=0.2, alpha=0.1, second=1.0, first_loss=1.0, names=("model",)):
    """A run of `setting` that ends with this loss, accuracy and α; its α has a peak before, where it has the time.

    Seeds differ by 1 % of the loss and by a tenth of a point of accuracy.
    """
    n = setting.epochs
    loss, first_loss = (each * 1.01**setting.seed for each in (loss, first_loss))
    accuracy += setting.seed / 1000
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


def archive(figure, outcome, epochs=8, seeds=(0, 1)):
    """Every run of a figure, each as `outcome` says of its setting."""
    return ledger.Archive(
        [record(setting, **outcome(setting)) for setting in experiments.settings(figure, epochs=epochs, seeds=seeds)]
    )


def test_an_archive_gives_a_figure_at_its_longest():
    short, long = (archive("figure-7-mnist", lambda setting: {}, epochs=epochs) for epochs in (8, 80))
    both = ledger.Archive([*short.figure("figure-7-mnist"), *long.figure("figure-7-mnist")])
    assert {run.setting.epochs for run in both.figure("figure-7-mnist")} == {80}
    with pytest.raises(ledger.Missing):
        both.figure("figure-8-mnist")


# The claims as data


@pytest.mark.parametrize("claim", CLAIMS)
def test_a_claim_is_complete(claim):
    assert claim.theme in THEMES
    assert claim.says
    assert claim.quote
    assert re.match(r"(Abstract|Sections? [3-5]|Appendix [B-D])", claim.place)
    assert claim.criterion.endswith(".")
    assert re.fullmatch(r"2026-11-\d\dT\d\d:\d\d", claim.fixed)
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
    assert all(plain(part) in text for part in claim.quote.split(" … "))
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


def test_what_the_open_cases_would_turn_is_undecided():
    assert decide(always, [1, 1, 0]) == UNDECIDED
    assert decide(always, [1, -1, 0]) == DOES_NOT_HOLD
    assert decide(mostly, [1, 1, 0]) == HOLDS
    assert decide(grade, [1, 1, 0, -1]) == IN_PART
    assert decide(grade, [1, 0, -1, -1]) == UNDECIDED


def test_without_records_nothing_is_tested_and_the_command_is_named():
    found = ledger.Archive([])
    for number, claim in ledger.CLAIMS.items():
        if claim.figures:
            finding = claim.find(found)
            assert finding.verdict == NOT_TESTED, number
            known = str(claim.figures[0]) in experiments.FIGURES
            assert ("python -m tlr.course.experiments run" if known else "no experiment") in finding.evidence


def robust(setting):
    """TLR ends alike, whatever α₀ and the batch size; SGD does not."""
    return {"loss": setting.alpha0 / setting.batch_size if setting.method == "sgd" else 0.1}


def fragile(setting):
    """SGD ends alike, and TLR does not."""
    return {"loss": 0.1 if setting.method == "sgd" else setting.alpha0 / setting.batch_size}


def test_figures_that_disagree_make_a_claim_hold_in_part():
    whole = archive("figure-1-mnist", robust)
    two = attrs.evolve(claim("Robust to α₀"), figures=("figure-1-mnist", "figure-1-digits"))
    assert two.find(whole).verdict == HOLDS
    assert "Not recorded: figure-1-digits." in two.find(whole).evidence
    digits = archive("figure-1-digits", fragile)
    both = two.find(ledger.Archive([*whole.figure("figure-1-mnist"), *digits.figure("figure-1-digits")]))
    assert both.verdict == IN_PART
    assert [basis.data for basis in both.basis] == ["MNIST", "digits"]


def test_a_figure_that_is_undecided_leaves_the_verdict_to_the_others():
    two = attrs.evolve(claim("Robust to α₀"), figures=("figure-1-mnist", "figure-1-digits"))
    whole, digits = archive("figure-1-mnist", robust), archive("figure-1-digits", lambda s: {})
    found = two.find(ledger.Archive([*whole.figure("figure-1-mnist"), *digits.figure("figure-1-digits")]))
    assert found.verdict == HOLDS
    assert "So: undecided." in found.evidence
    assert [basis.data for basis in found.basis] == ["MNIST"]


def test_the_longest_runs_that_are_complete_decide():
    short = archive("figure-1-mnist", robust, epochs=8).figure("figure-1-mnist")
    long = archive("figure-1-mnist", fragile, epochs=80).figure("figure-1-mnist")
    to_alpha0 = claim("Robust to α₀")
    without_one = [run for run in long if run.setting != long[0].setting]
    assert to_alpha0.find(ledger.Archive([*short, *without_one])).verdict == HOLDS
    decided = to_alpha0.find(ledger.Archive([*short, *long]))
    assert decided.verdict == DOES_NOT_HOLD
    assert "MNIST, 80 epochs, 2 seeds" in decided.evidence


def test_a_run_that_is_not_finished_is_no_evidence():
    whole = archive("figure-7-mnist", lambda s: {}).figure("figure-7-mnist")
    part = [replace(whole[0], status="interrupted"), *whole[1:]]
    with pytest.raises(ledger.Missing, match="3 of the 4 runs"):
        ledger.Archive(part).figure("figure-7-mnist")


def test_every_seed_that_is_there_counts():
    found = archive("figure-7-mnist", lambda s: {}, seeds=(0, 1)).figure("figure-7-mnist")
    assert Counter(record.setting.seed for record in found) == {0: 4, 1: 4}


# What counts as a difference


def test_seeds_scatter_by_the_standard_deviation_of_logarithms():
    found = archive("figure-7-mnist", lambda s: {}, seeds=(0, 1))
    deviation, epochs = found.scatter(found.figure("figure-7-mnist"), "train_loss")
    assert deviation == pytest.approx(math.log(1.01) / math.sqrt(2))
    assert epochs == 8


def test_the_scatter_is_that_of_the_longest_runs_where_these_have_one_seed():
    short = archive("figure-7-mnist", lambda s: {}, epochs=8).figure("figure-7-mnist")
    long = archive("figure-7-mnist", lambda s: {}, epochs=80, seeds=(0,)).figure("figure-7-mnist")
    assert ledger.Archive([*short, *long]).scatter(long, "train_loss")[1] == 8
    assert ledger.Archive(long).scatter(long, "train_loss") == (math.inf, None)


def test_the_scatter_is_that_of_other_methods_where_these_have_one_seed():
    one = archive("figure-9-mnist", lambda s: {}, seeds=(0,)).figure("figure-9-mnist")
    two = archive("figure-7-mnist", lambda s: {}).figure("figure-7-mnist")
    eta = [run for run in one if run.setting.method == "fixed_eta"]
    assert ledger.Archive([*eta, *two]).scatter(eta, "train_loss")[0] == pytest.approx(math.log(1.01) / math.sqrt(2))


@pytest.mark.parametrize(("ours", "verdict"), [(0.1, HOLDS), (0.1999, UNDECIDED), (0.21, DOES_NOT_HOLD)])
def test_a_difference_within_the_scatter_of_seeds_decides_nothing(ours, verdict):
    rivals = ("hypergradient",)
    found = archive("figure-2-mnist", lambda s: {"loss": 0.2 if s.method in rivals else ours})
    assert claim("Better than hypergradient").find(found).verdict == verdict


def test_with_one_seed_only_a_lost_run_is_a_difference():
    one = archive("figure-2-mnist", lambda s: {"loss": 0.2 if s.method == "hypergradient" else 0.1}, seeds=(0,))
    finding = claim("Better than hypergradient").find(one)
    assert finding.verdict == UNDECIDED
    assert "one seed" in finding.evidence
    lost_rivals = archive("figure-2-mnist", lambda s: lost(s.method == "hypergradient"), seeds=(0,))
    assert claim("Better than hypergradient").find(lost_rivals).verdict == HOLDS


@pytest.mark.parametrize("says", ["On MNIST p", "The same loss", "A fixed η"])
def test_with_one_seed_nobody_can_tell_whether_runs_end_alike(says):
    one = archive(claim(says).figures[0], lambda s: {}, seeds=(0,))
    assert claim(says).find(one).verdict == UNDECIDED


def test_a_rival_counts_with_the_best_of_its_variants():
    def outcome(setting):
        return {"loss": {"tlr": 0.1, "sps": 0.05 if setting.c == 1 else 9.0}.get(setting.method, 0.2)}

    small = archive("figure-13-cifar10-small", outcome).figure("figure-13-cifar10-small")
    beside = archive("figure-13-cifar10-small-sps", outcome).figure("figure-13-cifar10-small-sps")
    better = claim("Lower loss than Adam").judge(ledger.Archive([*small, *beside]), "figure-13-cifar10-small")
    assert "than SPS in 0 of 1, worse in 1" in better.evidence


def test_a_part_of_a_figure_is_judged_where_that_is_recorded():
    part = Part("figure-2-cifar10-narrow", {"batch_size": (64, 256)})
    runs_of_it = [record(setting) for setting in experiments.settings(part, epochs=8)]
    assert len(ledger.Archive(runs_of_it).figure(part)) == len(runs_of_it)
    with pytest.raises(ledger.Missing, match="of the 14 runs of figure-2-cifar10-narrow"):
        ledger.Archive(runs_of_it[1:]).figure(part)


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
        (mathematics.barzilai_borwein, HOLDS, lambda gg, gp, pp: 0.25 + 0 * gp, DOES_NOT_HOLD),
        (mathematics.barzilai_borwein, HOLDS, lambda gg, gp, pp: -gp / gg, DOES_NOT_HOLD),
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
    even = {c: {"published": 0.9, "secant": 0.9} for c in (0.125, 0.25, 0.5, 1)}
    assert mathematics.bound_on_quadratics().verdict == IN_PART
    assert mathematics.bound_on_quadratics(even).verdict == HOLDS


@pytest.mark.parametrize(
    ("judge", "measured", "verdict"),
    [
        (batches.negative_products, (0.6, 0.0, 0.8), HOLDS),
        (batches.negative_products, (0.1, 0.0, 0.8), IN_PART),
        (batches.negative_products, (0.1, 0.0, 0.4), DOES_NOT_HOLD),
        (batches.windows, (0.9, 0.8), HOLDS),
        (batches.windows, (0.9, 0.5), IN_PART),
        (batches.windows, (0.3, 0.2), DOES_NOT_HOLD),
        (batches.restarts, [(1.0, 0.5), (1.0, 0.6)], HOLDS),
        (batches.restarts, [(1.0, 1.1), (1.2, 1.0)], UNDECIDED),
        (batches.restarts, [(1.0, 2.0), (1.0, 1.9)], DOES_NOT_HOLD),
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
    "α rises": (lambda s: {}, lambda s: {"peak": s.alpha0 / 2, "alpha": s.alpha0 / 4}),
    "The larger the batch": (lambda s: {"peak": s.batch_size}, lambda s: {"peak": 100 / s.batch_size}),
    "Robust to α₀": (robust, fragile),
    "Robust to the batch size": (robust, fragile),
    "The named exception": (
        lambda s: {"loss": 0.2 if (s.alpha0, s.batch_size) == (0.1, 64) else 0.1},
        lambda s: {"loss": 0.09 if (s.alpha0, s.batch_size) == (0.1, 64) else 0.1},
    ),
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
    "On MNIST p": (lambda s: {}, lambda s: {"accuracy": s.p, "loss": s.p}),
    "A large c": (lambda s: lost(s.c > 2), lambda s: {}),
    "c is irrelevant": (lambda s: {}, lambda s: {"accuracy": 0.9 / (1 + s.c), "loss": s.c}),
    "With a fresh head": (lambda s: lost(s.per == "model" and s.method == "tlr"), lambda s: {}),
    "A fixed η": (lambda s: lost(s.method == "fixed_eta" and s.eta not in (1, 1 / 78**2)), lambda s: {}),
}
#: Claims about the end of training, which shorter runs leave open.
ABOUT_THE_END = ("The named exception", "There SGD", "Less sensitive")


@pytest.mark.parametrize("says", FIGURES)
def test_a_figure_decides(says):
    judged = claim(says)
    figure = judged.figures[0]
    epochs = 80 if says in ABOUT_THE_END else 8
    for outcome, verdict in zip(FIGURES[says], (HOLDS, DOES_NOT_HOLD), strict=True):
        assert judged.find(archive(figure, outcome, epochs)).verdict == verdict


@pytest.mark.parametrize("says", ABOUT_THE_END)
def test_a_claim_about_the_end_waits_for_the_papers_epochs(says):
    finding = claim(says).find(archive(claim(says).figures[0], FIGURES[says][0]))
    assert finding.verdict == NOT_TESTED
    assert "about the end of 80 epochs" in finding.evidence


def test_an_eta_that_works_in_one_reading_only_is_tedious_in_part():
    found = archive("figure-9-mnist", lambda s: lost(s.method == "fixed_eta" and s.eta > 2e-4))
    finding = claim("A fixed η").find(found)
    assert finding.verdict == IN_PART
    assert "4 of 4 values of η end like the best of all 8 over means of gradients, 0 of 4 over sums" in finding.evidence


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
    assert "still climbing: 16" in rises.find(slow).evidence
    climbing = archive("figure-1-mnist", lambda s: {"peak": 0.1, "alpha": 0.2})
    assert rises.find(climbing).verdict == NOT_TESTED
    assert "Longer runs decide" in rises.find(climbing).evidence


def test_a_run_that_falls_in_a_bend_falls_not_exponentially():
    bent = archive("figure-1-mnist", lambda s: {})
    for run in bent.figure("figure-1-mnist"):
        run.alpha[:] = np.array([1, 2, 2, 2, 2, 2, 2, 1.9])[:, None]
    assert claim("α rises").find(bent).verdict == DOES_NOT_HOLD


def test_short_windows_on_the_digits_leave_a_claim_about_p_in_part():
    found = archive("figure-6-mnist", lambda s: {})
    judged = (batches.trains_with_every_p(found, "figure-6-mnist", {9: end, 30: 0.1}) for end in (np.nan, 0.2))
    assert [finding.verdict for finding in judged] == [IN_PART, HOLDS]
    ruined = archive("figure-6-mnist", lambda s: lost(s.p == 0.1))
    assert batches.trains_with_every_p(ruined, "figure-6-mnist", {9: 0.2}).verdict == DOES_NOT_HOLD


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


class Stub(ledger.Archive):
    """An archive that has one figure, whatever its name."""

    def __init__(self, *found):
        super().__init__(list(found))

    def figure(self, name, **where):
        return self._found


def pairs(*settings, **outcome):
    """The run of each setting with seed 0 and with seed 1."""
    return [record(attrs.evolve(setting, seed=seed), **outcome) for setting in settings for seed in (0, 1)]


def adaptive(method, **options):
    """A setting with the methods that the grids beyond MNIST have."""
    return Setting(method=method, **{"alpha0": 0.1, "batch_size": 64, "epochs": 2} | options)


@pytest.mark.parametrize(("ours", "verdict"), [(0.1, HOLDS), (0.25, DOES_NOT_HOLD)])
def test_a_majority_is_more_than_half(ours, verdict):
    rivals = pairs(adaptive("adam"), adaptive("sls"), loss=0.2) + pairs(adaptive("sps"), loss=0.3)
    finding = claim("Lower loss than Adam").judge(Stub(*pairs(adaptive("tlr"), loss=ours), *rivals), "")
    assert finding.verdict == verdict


def test_accuracy_counts_where_accuracy_is_claimed():
    ours = pairs(adaptive("tlr"), loss=9, accuracy=0.9)
    names = ("adam", "sls", "sps", "multistep", "sgd")
    rivals = pairs(*map(adaptive, names), loss=0.1, accuracy=0.8)
    for says in ("Adam and SPS", "Wide residual", "ResNet-50"):
        assert claim(says).judge(Stub(*ours, *rivals), "").verdict == HOLDS
    assert claim("DenseNet").judge(Stub(*ours, *rivals), "").verdict == DOES_NOT_HOLD


def test_an_accuracy_within_the_scatter_is_no_better_generalization():
    ours = pairs(adaptive("tlr"), accuracy=0.9)
    rivals = pairs(adaptive("adam"), adaptive("sps"), accuracy=0.8999)
    assert claim("Adam and SPS").judge(Stub(*ours, *rivals), "").verdict == UNDECIDED


def test_who_is_faster_has_the_lower_mean_and_both_variants_must():
    names = ("adam", "sls", "sps", "sgd")
    rivals = pairs(*map(adaptive, names), loss=0.1, first_loss=2)
    model = pairs(adaptive("tlr"), loss=0.2, first_loss=1)
    tensor, slow = (pairs(adaptive("tlr", per="tensor"), loss=0.2, first_loss=first) for first in (1, 9))
    transformer = claim("A Transformer")
    assert transformer.judge(Stub(*model, *tensor, *rivals), "").verdict == HOLDS
    assert transformer.judge(Stub(*model, *slow, *rivals), "").verdict == IN_PART


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


@pytest.mark.parametrize(
    ("ratios", "verdict"),
    [([1.0, 1.01, 1.0], HOLDS), ([1.2, 1.19, 1.2], DOES_NOT_HOLD), ([0.8, 1.3, 1.0], UNDECIDED)],
)
def test_the_cost_is_a_ratio_of_epochs_that_took_turns(ratios, verdict):
    measured = {"ratios": {"64": ratios, "256": ratios}, "command": "python benchmarks/cost.py", "date": "2026-11-29"}
    assert runs.overhead(measured).verdict == verdict


def test_the_cost_is_recorded():
    assert claim("TLR costs nothing").find().verdict != NOT_TESTED


def test_a_fresh_head_counts_only_where_sgd_learns():
    def outcome(setting):
        one_alpha = (setting.method, setting.per) == ("tlr", "model")
        return lost(setting.alpha0 == 0.1 or (one_alpha and setting.alpha0 == 0.01))

    finding = claim("With a fresh head").find(archive("figure-5-cifar10-upper", outcome))
    assert (finding.verdict, finding.number) == (IN_PART, "1 of 2 α₀")
    nowhere = claim("With a fresh head").find(archive("figure-5-cifar10-upper", lambda s: lost(True)))
    assert nowhere.verdict == NOT_TESTED


# The page and the picture


def test_what_stands_below_a_letter_is_set_below_it():
    (bound,) = [number for number, claim in ledger.CLAIMS.items() if claim.says == "The bound: α_{t+1} ≤ (1 + c) α_t"]
    page = ledger.page({bound: ledger.Finding(HOLDS, "β_PRP of tlr_secant")})
    assert "α<sub>t+1</sub> ≤ (1 + c) α<sub>t</sub>" in page
    assert "β<sub>PRP</sub> of tlr_secant" in page


def test_the_page_has_a_row_a_claim_with_verdict_basis_and_links():
    basis = ledger.Basis("MNIST", 80, (1, 1), ("2026-11-24T10:39:11+00:00", "2027-01-01T00:00:00+00:00"))
    found = {
        1: ledger.Finding(HOLDS, "400 < 401", (basis,)),
        3: ledger.Finding(NOT_TESTED, "Nothing: python -m tlr.course.experiments run figure-1-mnist."),
    }
    page = ledger.page(found)
    assert page.count("<tr><td") == 2
    assert "400 &lt; 401" in page
    assert ">✓ 1</td>" in page
    assert ">MNIST, 80 epochs, one seed, 2 runs</td>" in page
    assert "Fixed on 24 November 2026, before 1 of the 2 runs." in page
    assert ">○ 3</td>" in page
    assert "<code>python -m tlr.course.experiments run figure-1-mnist</code>." in page
    assert 'href="01_derivation.ipynb#cell-id=ratio-check"' in page


def test_the_page_says_what_was_changed_after_results_and_what_is_ours():
    found = {number: ledger.Finding(HOLDS, "") for number in ledger.CLAIMS}
    page = ledger.page(found)
    assert page.count("Changed after results were known:") == sum(bool(c.changed) for c in ledger.CLAIMS.values())
    assert page.count("Before, it said: ") == sum(bool(c.was) for c in ledger.CLAIMS.values())
    assert all(c.changed for c in ledger.CLAIMS.values() if c.was)
    assert page.count("A stress test of ours") == sum(c.ours for c in ledger.CLAIMS.values()) == 2


def test_a_row_is_scanned_and_unfolds():
    found = {16: ledger.Finding(IN_PART, "3 of 4.", number="3 of 4 batch sizes")}
    page = re.sub(r"<details>.*?</details>", lambda match: match[0].split("</summary>")[0], ledger.page(found))
    cells = [re.sub(r"<[^>]+>", "", cell) for cell in re.findall(r"<td.*?</td>", page)]
    assert cells == ["◐ 16", "Robust to α₀", "3 of 4 batch sizes", "–", "3b, 4"]


def test_a_verdict_folds_and_counts_its_claims():
    found = {number: ledger.Finding(IN_PART, "") for number in (16, 17, 27)} | {3: ledger.Finding(NOT_TESTED, "")}
    folds = re.findall(r"^<details><summary>(.*?)</summary>", ledger.page(found), re.MULTILINE)
    assert folds == ["<b>◐ holds in part</b>: 2, and 1 of ours", "<b>○ not tested</b>: 1"]


def test_every_verdict_is_folded():
    found = {number: ledger.Finding(verdict, "") for number, verdict in enumerate(ledger.VERDICTS, start=1)}
    page = ledger.page(found)
    assert "<details open" not in page
    assert re.findall(r"^<details><summary><b>(\S) ", page, re.MULTILINE) == ["✓", "◐", "✗", "≈", "○"]


def test_a_criterion_that_was_changed_had_seen_results_even_if_the_runs_that_decide_are_younger():
    young = ledger.Finding(HOLDS, "", (ledger.Basis("MNIST", 80, (1, 1), ("2027-01-01T00:00:00+00:00",)),))
    changed, unchanged = (
        next(n for n, each in ledger.CLAIMS.items() if bool(each.changed) == was) for was in (True, False)
    )
    assert ", before the runs that decide." in ledger.page({unchanged: young})
    assert ", before the runs that decide, after results of earlier ones." in ledger.page({changed: young})


def test_in_brief_a_claim_is_its_verdict_and_number_in_the_order_asked_for():
    found = {16: ledger.Finding(IN_PART, "3 of 4.", number="3 of 4 sizes"), 3: ledger.Finding(NOT_TESTED, "Nothing.")}
    rows = [re.findall("<td.*?</td>", row) for row in ledger.brief(found).splitlines() if "<td" in row]
    cells = [[re.sub("<[^>]+>", "", cell) for cell in row] for row in rows]
    assert [row[0].partition(" ")[0] for row in cells] == ["16", "3"]
    assert cells[0][1:] == ["◐ holds in part", "3 of 4 sizes"]
    assert cells[1][1:] == ["○ not tested", "–"]


def test_some_claims_can_be_judged_by_their_numbers():
    assert list(ledger.findings(numbers=(5, 3))) == [5, 3]


def test_every_claim_that_is_tested_has_a_number():
    for number, found in ledger.findings().items():
        assert bool(found.number) == (found.verdict != NOT_TESTED), number


def test_the_picture_has_a_tile_a_claim_that_reads_without_colour():
    verdicts = {"one": {1: ("A", HOLDS), 2: ("B", DOES_NOT_HOLD)}, "two": {3: ("C", NOT_TESTED), 4: ("D", UNDECIDED)}}
    figure = plots.ledger(verdicts)
    (axes,) = figure.axes
    expected = ["one", "1 · A", "✓", "2 · B", "✗", "two", "4 · D", "≈", "3 · C", "○"]
    assert [text.get_text() for text in axes.texts] == expected
    assert [text.get_text() for text in axes.get_legend().get_texts()] == [
        "✓ holds: 1",
        "◐ holds in part: 0",
        "✗ does not hold: 1",
        "≈ undecided: 1",
        "○ not tested: 1",
    ]


def test_the_picture_says_what_a_thick_edge_a_dagger_and_a_star_mean():
    verdicts = {"one": {1: ("A *", HOLDS), 2: ("B †", DOES_NOT_HOLD)}}
    told = plots.ledger(verdicts, thick=(1,)).axes[0].texts[-1].get_text()
    assert "Thick edge: a central claim" in told
    assert "†: our reading" in told
    assert "*: on a stand-in" in told


def test_tiles_with_a_thick_edge_come_first_in_their_theme():
    verdicts = {"one": {1: ("A", HOLDS), 2: ("B", DOES_NOT_HOLD)}}
    texts = plots.ledger(verdicts, thick=(2,)).axes[0].texts
    assert [text.get_text() for text in texts][1:-1] == ["2 · B", "✗", "1 · A", "✓"]


def edges(axes):
    return [patch.get_linewidth() for patch in axes.patches if isinstance(patch, Rectangle)]


def test_verdicts_that_turned_are_in_groups_with_counts():
    moves = {
        1: ("A", IN_PART, HOLDS),
        2: ("B", HOLDS, DOES_NOT_HOLD),
        3: ("C", DOES_NOT_HOLD, IN_PART),
        4: ("D", HOLDS, UNDECIDED),
    }
    (axes,) = plots.turned(moves, thick=(2,), stayed=9).axes
    texts = [text.get_text() for text in axes.texts if len(text.get_text()) > 1]
    groups = ["Better for the paper: 2", "1 · A", "3 · C", "Worse for the paper: 1", "2 · B", "Left open: 1", "4 · D"]
    assert texts[-8:] == [*groups, "9 more were changed and kept their verdict."]
    assert edges(axes).count(2.5) == 2


def test_the_ages_of_criteria_have_counts_and_a_tile_a_claim():
    (axes,) = plots.ages({"before": {}, "after": {3: HOLDS, 22: DOES_NOT_HOLD}}, thick=(22,)).axes
    assert [text.get_text() for text in axes.texts] == ["before", "0", "after", "2", "3\n✓", "22\n✗"]
    assert edges(axes) == [0.8, 2.5]


def test_what_new_seeds_turned_has_an_arrow_and_a_stand_in_a_star():
    marks = {"*": ("on a stand-in", (22,)), "†": ("softened", ())}
    (axes,) = plots.ages({"after": {3: HOLDS, 22: DOES_NOT_HOLD}}, before={3: UNDECIDED}, marks=marks).axes
    *_, first, second, told = [text.get_text() for text in axes.texts]
    assert (first, second) == ("3\n≈→✓", "22*\n✗")
    assert told.startswith("* on a stand-in     † softened")
    assert "→ the new seeds turned it" in told


def test_races_are_squares_that_read_without_colour_with_a_verdict_a_row():
    signs = {"small": {"A": {64: 1, 128: 0}}, "large": {"A": {64: -1, 128: 1}}}
    verdicts = {"small": UNDECIDED, "large": DOES_NOT_HOLD}
    (axes,) = plots.races(signs, verdicts, "always", lost={("large", 64)}).axes
    texts = [text.get_text() for text in axes.texts]
    squares = ["A", "won", "64", "close", "128", "≈ undecided", "large", "defeat", "won", "✗ does not hold"]
    assert texts == ["small", *squares, "“always”", "batches of", "Thick edge: TLR's own run is lost."]
    assert edges(axes) == [0.8, 0.8, 2.5, 0.8]
