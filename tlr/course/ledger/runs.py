"""What the paper says about its experiments, each judged by the records of a figure."""

import json
import math
import statistics
from collections import Counter
from importlib.resources import files

import numpy as np

from tlr.course import records
from tlr.course.ledger.archive import Missing, logarithm
from tlr.course.ledger.claim import Basis, Finding, always, decide, grade, mostly
from tlr.course.ledger.comparing import (
    METHODS,
    alike,
    basis_of,
    ends_of,
    finding_on,
    least_that_counts,
    margin_of,
    signs_of,
    to_the_end,
    trained,
)

__all__ = [
    "alpha_rises_and_falls",
    "beats",
    "beta_matters",
    "between_seeds",
    "eta_is_tedious",
    "exception",
    "exception_of_the_others",
    "higher_with_the_batch",
    "large_c_ruins",
    "no_matter",
    "only_per_tensor",
    "overhead",
    "p_trades",
    "robust",
    "same_per_tensor",
    "sensitive",
    "tensors_differ",
]

_EXCEPTION = {"alpha0": 0.1, "batch_size": 64}  # the setting that the paper names


def robust(over):
    """A judge: does the value of the field `over` change less of how TLR ends than of how SGD does?"""
    rest, words = {
        "alpha0": ("batch_size", "batch sizes"),
        "batch_size": ("alpha0", "values of α₀"),
    }[over]

    def judge(archive, figure):
        whole = archive.figure(figure)
        found, sgd, secant = (
            [run for run in whole if run.setting.method == method] for method in ("tlr", "sgd", "tlr_secant")
        )
        signs, told = [], []
        for value, unit in (("train_loss", "loss by factors of {}"), ("test_accuracy", "accuracy by {} points")):
            ours, theirs, other = (_range(runs, value, rest) for runs in (found, sgd, secant))
            margin = math.sqrt(2) * margin_of(archive, found + sgd, value)  # a range is a difference itself
            signs.append(signs_of(theirs - ours, margin))
            ranges = [_told(each, value) for each in (ours, theirs, other)]
            told.append(f"{unit.format(ranges[0])} (SGD {ranges[1]}; Eq. 8′ {ranges[2]})")
        least, most = np.min(signs, axis=0), np.max(signs, axis=0)
        both = np.where(least < 0, -1, most)
        lost = [int(ends_of(runs).lost.sum()) for runs in (found, sgd)]
        evidence = (
            f"the best and the worst end are closer together than SGD's at {(both > 0).sum()} of {len(both)} {words}. "
            f"In this order ({', '.join(f'{each:g}' for each in ours.index)}) they differ in {'; in '.join(told)}. "
            f"Lost: {lost[0]} of {len(ends_of(found))} settings (SGD {lost[1]})."
        )
        return finding_on(found, decide(grade, both), evidence, f"{(both > 0).sum()} of {len(both)} {words}")

    return judge


def _range(found, value, rest):
    """How far apart the ends are for each value of the field `rest`; of losses, in logarithms."""
    ends = ends_of(found)
    ends = ends.assign(value=logarithm(ends[value], value))
    grouped = ends.groupby(rest).value
    return grouped.max() - grouped.min()


def _told(ranges, value):
    if value == "test_accuracy":
        return ", ".join(f"{100 * points:.1f}" for points in ranges)
    return ", ".join(f"{math.exp(ratio):.3g}" for ratio in ranges)


def alpha_rises_and_falls(archive, figure):
    """Whether α of TLR ends below a peak that is above α₀, and falls from there along an exponential."""
    found = archive.figure(figure, method="tlr")
    counts = Counter(map(_course, trained(found)))
    done = counts["straight"] + counts["bent"]
    evidence = (
        f"α peaks and falls in {done} of {len(found)} runs, along an exponential in "
        f"{counts['straight']}; still climbing: {counts['climbs']}; lost: {len(found) - sum(counts.values())}."
    )
    if not done + counts["other"]:
        raise Missing(f"{evidence} Longer runs decide: python -m tlr.course.experiments run {figure}.")
    signs = [1] * counts["straight"] + [-1] * (counts["bent"] + counts["other"])
    return finding_on(found, decide(grade, signs), evidence, f"{counts['straight']} of {len(found)} runs")


def _course(record):
    """What became of α in a run: it climbs to the end; or falls from a peak, "straight" in the logarithm or "bent"."""
    alpha = record.rates[:, 0]
    peak = int(alpha.argmax())
    if peak == len(alpha) - 1:
        return "climbs"
    if not alpha[-1] < alpha[peak] > alpha[0]:
        return "other"
    fall = np.log(alpha[peak:])
    return "straight" if len(fall) < 3 or np.corrcoef(np.arange(len(fall)), fall)[0, 1] < -0.9 else "bent"


def higher_with_the_batch(archive, figure):
    """Whether the peak of α grows from each batch size to the next, for every α₀."""
    found = archive.figure(figure, method="tlr")
    ends = ends_of(found)
    ends = ends[~ends.lost].assign(peak=lambda table: np.log(table.peak_alpha))
    steps = ends.pivot(index="alpha0", columns="batch_size", values="peak").diff(axis=1).stack().dropna()
    signs = signs_of(steps, margin_of(archive, found, "peak_alpha"))
    evidence = f"the peak is higher in {(signs > 0).sum()} of {len(signs)} steps from one batch size to the next."
    return finding_on(found, decide(grade, signs), evidence, f"{(signs > 0).sum()} of {len(signs)} steps")


def exception(archive, figure):
    """The loss of α₀ = 0.1 with batches of 64 beside that of TLR's other settings."""
    found = to_the_end(archive.figure(figure, method="tlr"), figure)
    ends = ends_of(found)
    here = (ends.alpha0 == _EXCEPTION["alpha0"]) & (ends.batch_size == _EXCEPTION["batch_size"])
    loss, rest = ends[here].train_loss.item(), ends[~here & ~ends.lost].train_loss
    sign = signs_of([math.log(loss / rest.median())], margin_of(archive, found, "train_loss"))
    evidence = f"loss {loss:.3g}, the others {rest.min():.3g} to {rest.max():.3g}, in the median "
    evidence += f"{rest.median():.3g}.{least_that_counts(archive, found)}"
    return finding_on(found, decide(always, sign), evidence, f"loss × {loss / rest.median():.2f}")


def exception_of_the_others(archive, figure):
    """In the same setting: SGD and its schedules should end above TLR, YellowFin below."""
    found = to_the_end(archive.with_variants(figure), figure)
    ends = ends_of(found)
    loss = ends[(ends.batch_size == 64) & ((ends.alpha0 == 0.1) | (ends.method == "yellowfin"))]
    loss = loss.groupby("method").train_loss.min()  # YellowFin's newest code does without α₀
    above = ("sgd", "multistep", "exponential")
    differences = [math.log(loss[name] / loss.tlr) for name in above] + [math.log(loss.tlr / loss.yellowfin)]
    signs = signs_of(differences, margin_of(archive, found, "train_loss"))
    words = ", ".join(f"{METHODS[name]} {loss[name]:.2g}" for name in ("tlr", *above, "yellowfin"))
    evidence = f"{(signs > 0).sum()} of the 4 end as claimed. Losses: {words}.{least_that_counts(archive, found)}"
    return finding_on(found, decide(grade, signs), evidence, f"{(signs > 0).sum()} of 4 methods")


def beats(*rivals, value="train_loss", by=("alpha0", "batch_size"), verdict=grade, early=False, per=("model",)):
    """A judge: does TLR end better than each of the rivals in each panel?

    Of what a rival leaves open, other than β, the best that is recorded counts: SPS's c, or the variants of its code.

    Args:
        *rivals: methods.
        value: "train_loss" (lower is better) or "test_accuracy".
        by: the fields of `Setting` that tell panels apart.
        verdict: from the number of comparisons won, and of all, as `grade`, `always` and `mostly` do.
        early: compare the mean over the epochs, which is lower for who gets there faster.
        per: the variants of TLR that have to.
    """
    measured, better = ("mean_loss" if early else value), (-1 if value == "train_loss" else 1)

    def judge(archive, figure):
        found = archive.with_variants(figure)
        ends = ends_of(found)
        ends = ends.assign(score=better * logarithm(ends[measured], measured))
        ends.loc[ends.lost, "score"] = -np.inf
        ours = ends[(ends.method == "tlr") & ends.per.isin(per)]
        if ours.empty:
            raise Missing(f"{basis_of(found)}: TLR's own runs are missing: see python -m tlr.course.experiments list.")
        margin, signs, tally = margin_of(archive, found, measured), [], []
        for rival in rivals:
            theirs = ends[ends.method == rival].groupby([*by, "beta"], dropna=False).score.max().reset_index()
            pairs = ours.merge(theirs, on=list(by), suffixes=("", "_rival"))
            each = signs_of(pairs.score - pairs.score_rival, margin)
            signs += list(each)
            tally.append(f"{METHODS[rival]} in {(each > 0).sum()} of {len(each)}, worse in {(each < 0).sum()}")
        evidence = f"TLR ends better than {'; than '.join(tally)}.{least_that_counts(archive, found, measured)}"
        number = f"{sum(sign > 0 for sign in signs)} of {len(signs)} pairs"
        return finding_on(found, decide(verdict, signs), evidence, number)

    return judge


def beta_matters(archive, figure):
    """What the largest and the smallest final α, and loss, of hypergradient descent differ by, over β."""
    found = archive.figure(figure, method="hypergradient")
    by_size = ends_of(found).groupby("batch_size")
    ratios = by_size[["alpha", "train_loss"]].agg(lambda values: values.max() / values.min())
    signs_differ = ratios.alpha < 0  # α of a large β may end below zero
    passed = int((signs_differ | (ratios.alpha > 10) | (ratios.train_loss > 2)).sum())
    low, high = ratios.train_loss.min(), ratios.train_loss.max()
    evidence = f"β decides at {passed} of {len(ratios)} batch sizes; over β the losses differ by factors of "
    evidence += f"{low:.2f} to {high:.2f}" if len(ratios) > 1 else f"{low:.2f}"
    if (~signs_differ).any():
        evidence += f", the final α by {ratios.alpha[~signs_differ].min():.0f} or more"
    evidence += ", or in sign." if signs_differ.any() else "."
    return finding_on(found, grade(passed, len(ratios)), evidence, f"{passed} of {len(ratios)} batch sizes")


def sensitive(rival):
    """A judge: does the rival's loss vary more over α₀ than TLR's, at each batch size?"""

    def judge(archive, figure):
        found = to_the_end(archive.figure(figure), figure)
        ours, theirs = (
            _range([run for run in found if run.setting.method == method], "train_loss", "batch_size")
            for method in ("tlr", rival)
        )
        signs = signs_of(theirs - ours, math.sqrt(2) * margin_of(archive, found, "train_loss"))
        evidence = (
            f"it varies more at {(signs > 0).sum()} of {len(signs)} batch sizes. Highest over lowest loss, over α₀: "
            f"{METHODS[rival]} {_told(theirs, 'train_loss')}; TLR {_told(ours, 'train_loss')}."
        )
        return finding_on(found, decide(grade, signs), evidence, f"{(signs > 0).sum()} of {len(signs)} batch sizes")

    return judge


def between_seeds(archive, figure):
    """Deviation of the loss between seeds: SLS at 64 and SPS at 512, beside TLR."""
    found = archive.figure(figure)
    loss = (
        records.final(found).drop_duplicates("run").groupby(["method", "batch_size"]).train_loss.agg(["std", "count"])
    )
    if loss["count"].min() < 3:
        raise Missing(f"{basis_of(found)} only: python -m tlr.course.experiments run {figure} --seeds 0 1 2.")
    deviation = loss["std"]
    cases = {name: deviation[name, size] / deviation["tlr", size] for name, size in (("sls", 64), ("sps", 512))}
    passed = sum(ratio > 3 for ratio in cases.values())
    words = ", ".join(f"{METHODS[name]} {ratio:.1f}" for name, ratio in cases.items())
    evidence = f"deviation between seeds as a multiple of TLR's: {words}."
    return finding_on(found, grade(passed, 2), evidence, f"{passed} of 2 methods")


def no_matter(knob, **where):
    """A judge: do all values of a knob of TLR end alike, in accuracy and in loss?"""

    def judge(archive, figure):
        found = archive.figure(figure, **where)
        ends = ends_of(found).set_index(knob).sort_index()
        ours, others = ends[ends.method == "tlr"], ends[ends.method == "tlr_secant"]
        close = [alike(archive, found, ours, value).min() for value in ("train_loss", "test_accuracy")]
        words = "; ".join(
            f"{knob} = {row.Index:.3g}: {row.test_accuracy:.1%}, {row.train_loss:.2g}" for row in ours.itertuples()
        )
        kept = (_alike_in_both(archive, found, others) > 0).sum()
        evidence = f"accuracy and loss with {words}. Alike in loss: {_ALIKE[close[0]]}; in accuracy: "
        evidence += f"{_ALIKE[close[1]]}. With Eq. 8′ {kept} of {len(others)} are alike in both."
        number = f"loss × {ours.train_loss.max() / ours.train_loss.min():.2f}"
        return finding_on(found, decide(grade, close), evidence + least_that_counts(archive, found), number)

    return judge


def large_c_ruins(archive, figure):
    """How many of the runs with c = 4 and 9 are lost."""
    found = archive.figure(figure)
    large = ends_of(found).query("c >= 4").groupby("method").lost.agg(["sum", "size"])
    evidence = f"of the runs with 1 + c = 5 or 10, {large['sum'].tlr} of {large['size'].tlr}"
    evidence += f" are lost ({large['sum'].tlr_secant} with Eq. 8′)."
    number = f"{large['sum'].tlr} of {large['size'].tlr} runs"
    return finding_on(found, mostly(large["sum"].tlr, large["size"].tlr), evidence, number)


def p_trades(archive, figure):
    """Whether p = 1 is slower than ⅓, and p = 0.1 leaves α lower and the loss higher."""
    found = archive.figure(figure, method="tlr")
    ends = ends_of(found).assign(p=lambda table: table.p.round(2)).set_index("p")
    third, once, often = ends.loc[0.33], ends.loc[1.0], ends.loc[0.1]
    cases = {
        "p = 1 is slower": ("mean_loss", once, third),
        "p = 0.1 ends with a lower α": ("alpha", third, often),
        "and with a higher loss": ("train_loss", often, third),
    }
    signs = [
        signs_of([math.log(more[value] / less[value])], margin_of(archive, found, value))[0]
        for value, more, less in cases.values()
    ]
    words = "; ".join(f"{name}: {_WORDS[sign]}" for name, sign in zip(cases, signs, strict=True))
    evidence = f"{words}.{least_that_counts(archive, found)}"
    return finding_on(found, decide(grade, signs), evidence, f"{signs.count(1)} of 3 effects")


def eta_is_tedious(archive, figure):
    """How many of the values of a fixed η end close to the best of them, in each reading of what it multiplies."""
    found = archive.figure(figure, method="fixed_eta")
    ends = ends_of(found).set_index("eta").sort_index()
    close = _alike_in_both(archive, found, ends)
    half = len(close) // 2
    readings = close[:half], close[half:]  # means of a window's gradients, which come as η/78², and sums
    means, sums = ((reading > 0).sum() for reading in readings)
    evidence = (
        f"{means} of {half} values of η end like the best of all {len(close)} over means of gradients, {sums} of "
        f"{len(close) - half} over sums."
    )
    # Tedious if at most half may be close, not if more than half are.
    tedious = [int(2 * (reading >= 0).sum() <= half) - int(2 * (reading > 0).sum() > half) for reading in readings]
    number = f"{means + sums} of {len(close)} values suit"
    return finding_on(found, decide(grade, tedious), evidence + least_that_counts(archive, found), number)


def same_per_tensor(archive, figure):
    """Loss and accuracy of TLR with an α for every tensor, beside one α for the model."""
    found = archive.figure(figure, method="tlr")
    ends = ends_of(found).set_index("per")
    same = [alike(archive, found, ends, value).min() for value in ("train_loss", "test_accuracy")]
    ratio = ends.train_loss.tensor / ends.train_loss.model
    points = 100 * (ends.test_accuracy.tensor - ends.test_accuracy.model)
    evidence = f"{ratio:.2f} times the loss, {points:+.1f} points of accuracy.{least_that_counts(archive, found)}"
    return finding_on(found, decide(grade, same), evidence, f"loss × {ratio:.2f}")


def tensors_differ(archive, figure):
    """Whether the peaks of α differ between tensors, and the output's are above the hidden layer's."""
    found = archive.figure(figure, per="tensor", method="tlr")
    peak = records.final(found).groupby("group").peak_alpha.mean()
    cases = [peak.max() > 2 * peak.min()]
    cases += [peak[f"output.{kind}"] > peak[f"hidden.{kind}"] for kind in ("weight", "bias")]
    words = ", ".join(f"{name} {value:.2g}" for name, value in peak.sort_values().items())
    passed = sum(map(bool, cases))
    return finding_on(found, grade(passed, 3), f"peaks of α: {words}.", f"{passed} of 3 effects")


def only_per_tensor(archive, figure):
    """Whether one α for the model loses runs that an α for every tensor does not, where SGD learns."""
    found, falls = archive.figure(figure), {}
    for record in found:
        kind = record.setting.per if record.setting.method == "tlr" else record.setting.method
        falls.setdefault(kind, {}).setdefault(record.setting.alpha0, []).append(
            record.train_loss[-1] < record.train_loss[0]
        )
    learns = [alpha0 for alpha0, each in falls["multistep"].items() if all(each)]
    if not learns:
        raise Missing(f"{basis_of(found)}: SGD learns from no α₀, so nothing can be said of TLR.")
    lost_with = {kind: [not all(falls[kind][alpha0]) for alpha0 in learns] for kind in ("model", "tensor")}
    cases = [one and not own for one, own in zip(*lost_with.values(), strict=True)]
    evidence = (
        f"SGD learns from {len(learns)} α₀. From {sum(lost_with['model'])} of them one α loses the run, from "
        f"{sum(lost_with['tensor'])} an α for every tensor does."
    )
    return finding_on(found, grade(sum(cases), len(cases)), evidence, f"{sum(cases)} of {len(cases)} α₀")


def overhead(record=None):
    """TLR's seconds for an epoch over SGD's, from epochs that took turns: `benchmarks/cost.py` writes the record."""
    record = record or json.loads(files("tlr.course.ledger").joinpath("cost.json").read_text(encoding="utf-8"))
    logarithms = [np.log(ratios) for ratios in record["ratios"].values()]
    every = np.concatenate(logarithms)
    error = math.sqrt(np.mean([each.var(ddof=1) for each in logarithms]) / len(every))
    sizes = ", ".join(f"{statistics.median(ratios):.3f} with {size}" for size, ratios in record["ratios"].items())
    evidence = (
        f"an epoch takes {math.exp(every.mean()):.3f} times SGD's, with a standard error of {error:.3f} over "
        f"{len(every)} epochs that took turns. Single ratios are {np.exp(every.min()):.2f} to "
        f"{np.exp(every.max()):.2f}; medians by batch size: {sizes} ({record['command']})."
    )
    signs = signs_of([math.log(_NOTHING) - every.mean()], 2 * error)
    basis = Basis("MNIST", started=(record["date"],))
    number = f"time × {math.exp(every.mean()):.3f}"
    return Finding(decide(always, signs), f"MNIST: {evidence}", (basis,), number)


_NOTHING = 24.88 / 24.26  # the largest ratio of seconds that the paper calls non-existent: SPS's
_WORDS = {1: "yes", -1: "no", 0: "within the scatter of seeds"}


_ALIKE = {1: "yes", -1: "no", 0: "nobody can tell"}


def _alike_in_both(archive, found, ends):
    return np.minimum(*(alike(archive, found, ends, value) for value in ("train_loss", "test_accuracy")))
