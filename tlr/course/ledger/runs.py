"""What the paper says about its experiments, each judged by the records of a figure."""

import math

import numpy as np

from tlr.course import records
from tlr.course.experiments import FIGURES
from tlr.course.ledger.archive import Missing
from tlr.course.ledger.claim import DOES_NOT_HOLD, HOLDS, Finding, grade, mostly

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

_DATA = {
    "mnist": "MNIST",
    "cifar10": "CIFAR-10",
    "cifar100": "CIFAR-100",
    "cifar10-10000": "10,000 images of CIFAR-10",
    "multi30k": "Multi30k",
    "imagenet64": "ImageNet, 64 × 64",
}
_METHODS = {
    "tlr": "TLR",
    "tlr_secant": "Eq. 8′",
    "sgd": "SGD",
    "multistep": "SGD in two steps",
    "exponential": "exponential SGD",
    "yellowfin": "YellowFin",
    "hypergradient": "hypergradient descent",
    "adam": "Adam",
    "sls": "SLS",
    "sps": "SPS",
}
_RUINED = 0.5  # test accuracy below which a run is lost
_EXCEPTION = {"alpha0": 0.1, "batch_size": 64}  # the setting that the paper names
_CLOSE = 0.02  # of test accuracy, some four times what two seeds differ by on MNIST


def robust(over):
    """A judge: do runs from all values of the field `over` end alike, the rest being equal?"""
    rest = {"alpha0": "batch_size", "batch_size": "alpha0"}[over]

    def alike(found):
        """How many runs end close to the best of those that share the rest."""
        ends = _ends(found)
        best = ends.groupby(rest).test_accuracy.transform("max")
        return int((ends.test_accuracy >= best - _CLOSE).sum())

    def judge(archive, figure):
        found = archive.figure(figure, method="tlr")
        close, total = alike(found), len(_ends(found))
        others = []
        for method, words in (("sgd", "with SGD"), ("tlr_secant", "with Eq. 8′")):
            theirs = archive.figure(figure, method=method)
            epochs = "" if _epochs(theirs) == _epochs(found) else f" after {_epochs(theirs)}"
            others.append(f"{alike(theirs)} {words}{epochs}")
        evidence = f"{_where(found)}: {close} of {total} settings ({', '.join(others)})."
        return Finding(grade(close, total), evidence)

    return judge


def alpha_rises_and_falls(archive, figure):
    """Whether α of TLR ends below a peak that is above α₀, and how straight log α falls from there."""
    found = archive.figure(figure, method="tlr")
    ours = [record for record in found if record.setting.seed == 0]
    done = straight = ruined = 0
    for record in ours:
        alpha = record.rates[:, 0]
        peak = int(alpha.argmax())
        if record.test_accuracy[-1] < _RUINED:
            ruined += 1
        elif alpha[-1] < alpha[peak] > alpha[0]:
            done += 1
            fall = np.log(alpha[peak:])
            straight += len(fall) < 3 or np.corrcoef(np.arange(len(fall)), fall)[0, 1] < -0.9
    evidence = (
        f"{_where(found)}: α peaks and falls in {done} of {len(ours)} runs, along an exponential in {straight}; "
        f"{len(ours) - done - ruined} still climb, {ruined} ruined."
    )
    if not done + ruined:
        raise Missing(f"{evidence} Longer runs decide: python -m tlr.course.experiments run {figure}.")
    return Finding(grade(done, done + ruined), evidence)


def higher_with_the_batch(archive, figure):
    """Whether the peak of α grows from each batch size to the next, for every α₀."""
    found = archive.figure(figure, method="tlr")
    ends = _ends(found)
    ends = ends[ends.test_accuracy > _RUINED]
    peaks = ends.pivot(index="alpha0", columns="batch_size", values="peak_alpha")
    steps = peaks.diff(axis=1).iloc[:, 1:].stack().dropna()
    passed = int((steps > 0).sum())
    evidence = f"{_where(found)}: the peak is higher in {passed} of {len(steps)} steps from one batch size to the next."
    return Finding(grade(passed, len(steps)), evidence)


def exception(archive, figure):
    """The loss of α₀ = 0.1 with batches of 64 beside that of TLR's other settings."""
    grid, ours = (archive.figure(figure, method="tlr", **where) for where in ({}, _EXCEPTION))
    loss = _ends(ours).train_loss.item()
    rest = _ends(grid)
    here = (rest.alpha0 == 0.1) & (rest.batch_size == 64)
    median = rest[(rest.test_accuracy > _RUINED) & ~here].train_loss.median()
    evidence = f"{_where(ours)}: loss {loss:.2g}; median of TLR's other settings after {_epochs(grid)}: {median:.2g}."
    if loss > 1.5 * median:
        return Finding(HOLDS, evidence)
    if _epochs(grid) < FIGURES[figure].epochs:  # a minimum shows in the end, and the others would go on falling
        raise Missing(f"{evidence} The claim is about the end: python -m tlr.course.experiments run {figure}.")
    return Finding(DOES_NOT_HOLD, evidence)


def exception_of_the_others(archive, figure):
    """In the same setting: SGD and its schedules should end above TLR, YellowFin below."""
    found = archive.figure(figure, **_EXCEPTION)
    loss = _ends(found).set_index("method").train_loss
    above = [bool(loss[name] > loss.tlr) for name in ("sgd", "multistep", "exponential")]
    passed = sum(above) + bool(loss.yellowfin < loss.tlr)
    names = ("tlr", "sgd", "multistep", "exponential", "yellowfin")
    words = ", ".join(f"{_METHODS[name]} {loss[name]:.2g}" for name in names)
    return Finding(grade(passed, 4), f"{_where(found)}: {passed} of the 4 do. Losses: {words}.")


def beats(
    *rivals, value="train_loss", by=("alpha0", "batch_size"), verdict=grade, early=False, per=("model",), margin=0
):
    """A judge: does TLR end better than each of the rivals in each panel?

    Args:
        *rivals: methods.
        value: "train_loss" (lower is better) or "test_accuracy".
        by: the fields of `Setting` that tell panels apart.
        verdict: from the number of comparisons won, and of all, as `grade`, `always` and `mostly` do.
        early: compare the mean over the epochs, which is lower for who gets there faster.
        per: the variants of TLR that have to.
        margin: the difference that it takes (default 0).
    """

    def judge(archive, figure):
        found = archive.figure(figure)
        ends = _ends(found)
        measured, sign = ends["mean_loss" if early else value], -1 if value == "train_loss" else 1
        ends = ends.assign(score=sign * measured)
        ours = ends[(ends.method == "tlr") & ends.per.isin(per)]
        won = {}
        for rival in rivals:
            pairs = ours.merge(ends[ends.method == rival], on=list(by), suffixes=("", "_rival"))
            won[rival] = int((pairs.score > pairs.score_rival + margin).sum()), len(pairs)
        passed, total = map(sum, zip(*won.values(), strict=True))
        tally = ", ".join(f"{_METHODS[rival]} in {wins} of {of}" for rival, (wins, of) in won.items())
        return Finding(verdict(passed, total), f"{_where(found)}: better than {tally}.")

    return judge


def beta_matters(archive, figure):
    """What the largest and the smallest final α, and loss, of hypergradient descent differ by, over β."""
    found = archive.figure(figure)
    ends = _ends(found)
    ratios = (
        ends[ends.method == "hypergradient"]
        .groupby("batch_size")[["alpha", "train_loss"]]
        .agg(lambda values: values.max() / max(values.min(), 1e-12))
    )
    passed = int(((ratios.alpha > 10) | (ratios.train_loss > 2)).sum())
    low, high = ratios.train_loss.min(), ratios.train_loss.max()
    evidence = f"{_where(found)}: so at {passed} of {len(ratios)} batch sizes; over β the losses differ by factors of "
    evidence += f"{low:.2f} to {high:.2f}" if len(ratios) > 1 else f"{low:.2f}"
    evidence += f", the final α by {ratios.alpha.min():.0f} or more."
    return Finding(grade(passed, len(ratios)), evidence)


def sensitive(rival):
    """A judge: does the rival's loss vary more over α₀ than TLR's, at each batch size?"""

    def judge(archive, figure):
        found = archive.figure(figure)
        loss = _ends(found).groupby(["method", "batch_size"]).train_loss
        spread = loss.max() / loss.min()
        ours, theirs = spread["tlr"], spread[rival]
        passed = int((theirs > ours).sum())
        evidence = f"{_where(found)}: at {passed} of {len(ours)} batch sizes. Largest over smallest loss over α₀"
        return Finding(
            grade(passed, len(ours)),
            f"{evidence}: {_METHODS[rival]} up to {theirs.max():.1f}, TLR up to {ours.max():.1f}.",
        )

    return judge


def between_seeds(archive, figure):
    """Deviation of the loss between seeds: SLS at 64 and SPS at 512, beside TLR."""
    found = archive.figure(figure)
    loss = (
        records.final(found).drop_duplicates("run").groupby(["method", "batch_size"]).train_loss.agg(["std", "count"])
    )
    if loss["count"].min() < 3:
        raise Missing(f"{_where(found)}: one seed only; python -m tlr.course.experiments run {figure} --seeds 0 1 2.")
    deviation = loss["std"]
    cases = {name: deviation[name, size] / deviation["tlr", size] for name, size in (("sls", 64), ("sps", 512))}
    passed = sum(ratio > 3 for ratio in cases.values())
    words = ", ".join(f"{_METHODS[name]} {ratio:.1f}" for name, ratio in cases.items())
    return Finding(grade(passed, 2), f"{_where(found)}: deviation between seeds as a multiple of TLR's: {words}.")


def no_matter(knob, **where):
    """A judge: do all values of a knob of TLR end alike?"""

    def judge(archive, figure):
        found = archive.figure(figure, **where)
        ends = _ends(found).groupby(["method", knob]).test_accuracy.mean()
        ours, others = ends["tlr"], int(_close(ends["tlr_secant"]).sum())
        words = ", ".join(f"{knob} = {value:.3g}: {right:.1%}" for value, right in ours.items())
        evidence = f"{_where(found)}: {words} (with Eq. 8′ {others} of {len(ours)} do)."
        return Finding(grade(int(_close(ours).sum()), len(ours)), evidence)

    return judge


def large_c_ruins(archive, figure):
    """How many of the runs with c = 4 and 9 are lost."""
    found = archive.figure(figure)
    ends = _ends(found)
    ends = (
        ends.assign(ruined=~(ends.test_accuracy > _RUINED))[ends.c >= 4].groupby("method").ruined.agg(["sum", "size"])
    )
    evidence = f"{_where(found)}: of the runs with 1 + c = 5 or 10, {ends['sum'].tlr} of {ends['size'].tlr}"
    evidence += f" are lost ({ends['sum'].tlr_secant} with Eq. 8′)."
    return Finding(mostly(ends["sum"].tlr, ends["size"].tlr), evidence)


def p_trades(archive, figure):
    """Whether p = 1 is slower than ⅓, and p = 0.1 leaves α lower and the loss higher."""
    found = archive.figure(figure)
    ends = _ends(found).query("method == 'tlr'").assign(p=lambda table: table.p.round(2)).set_index("p")
    third, once, often = ends.loc[0.33], ends.loc[1.0], ends.loc[0.1]
    cases = {
        "p = 1 is slower": once.mean_loss > third.mean_loss,
        "p = 0.1 ends with a lower α": often.alpha < third.alpha,
        "and with a higher loss": often.train_loss > third.train_loss,
    }
    passed = sum(map(bool, cases.values()))
    words = "; ".join(f"{name}: {'yes' if so else 'no'}" for name, so in cases.items())
    return Finding(grade(passed, 3), f"{_where(found)}: {words}.")


def eta_is_tedious(archive, figure):
    """How many of the values of a fixed η end close to the best of them."""
    found = archive.figure(figure)
    close = _close(_ends(found).query("method == 'fixed_eta'").set_index("eta").test_accuracy.sort_index())
    half = len(close) // 2
    # Of a window's gradients; means come as η/78².
    means, sums = int(close.iloc[:half].sum()), int(close.iloc[half:].sum())
    evidence = f"{_where(found)}: {means} of {half} values of η do over means of gradients, {sums} over sums."
    verdict = DOES_NOT_HOLD if 2 * (means + sums) > len(close) else HOLDS
    return Finding(verdict, evidence)


def same_per_tensor(archive, figure):
    """Loss and accuracy of TLR with an α for every tensor, beside one α for the model."""
    found = archive.figure(figure)
    ends = _ends(found).query("method == 'tlr'").groupby("per")[["train_loss", "test_accuracy"]].mean()
    ratio = ends.train_loss.tensor / ends.train_loss.model
    points = 100 * (ends.test_accuracy.tensor - ends.test_accuracy.model)
    same = 0.8 < ratio < 1.25, abs(points) < 0.5
    evidence = f"{_where(found)}: {ratio:.2f} times the loss, {points:+.1f} points of accuracy."
    return Finding(grade(sum(same), 2), evidence)


def tensors_differ(archive, figure):
    """Whether the peaks of α differ between tensors, and the output's are above the hidden layer's."""
    found = archive.figure(figure, per="tensor")
    peak = records.final(found).query("method == 'tlr'").groupby("group").peak_alpha.mean()
    cases = [peak.max() > 2 * peak.min()]
    cases += [peak[f"output.{kind}"] > peak[f"hidden.{kind}"] for kind in ("weight", "bias")]
    words = ", ".join(f"{name} {value:.2g}" for name, value in peak.sort_values().items())
    return Finding(grade(sum(map(bool, cases)), 3), f"{_where(found)}: peaks of α: {words}.")


def only_per_tensor(archive, figure):
    """Whether one α for the model loses the run, and an α for every tensor does not."""
    found = archive.figure(figure)
    loss = _ends(found).query("method == 'tlr'").set_index("per").train_loss
    start = max(record.train_loss[0] for record in found if record.setting.per == "tensor")
    cases = [not loss.model < start, loss.tensor < start]
    evidence = f"{_where(found)}: loss {loss.model:.2g} with one α, {loss.tensor:.2g} with one for every tensor."
    return Finding(grade(sum(map(bool, cases)), 2), evidence)


def overhead(archive, figure):
    """The fastest epoch with each batch size (and model) over that of SGD or its schedule.

    All runs of a method with a batch size do the same work, whatever their α₀, and what else the machine was doing
    can only have added to their seconds.
    """
    found = archive.of_any_length(figure)
    if any("replicas" in session for record in found for session in record.sessions):
        raise Missing(
            f"The runs of {figure} shared their steps, so that their seconds tell nothing of a method's cost."
        )
    fastest = {}
    for record in found:
        setting = record.setting
        machines = frozenset(session["device_name"] for session in record.sessions)
        seconds = fastest.setdefault((setting.method, setting.per), {})
        case = machines, setting.model, setting.batch_size
        seconds[case] = min(record.seconds.min(), seconds.get(case, math.inf))
    plain = fastest.get(("sgd", None)) or fastest["multistep", None]
    ratios = [ours / plain[case] for case, ours in fastest["tlr", "model"].items() if case in plain]
    low, middle, high = np.quantile(ratios, [0, 0.5, 1])
    evidence = (
        f"{_data(found)}, the fastest epoch with each batch size: {middle:.2f} times SGD's in the middle, "
        f"{low:.2f} to {high:.2f}."
    )
    return Finding(HOLDS if middle < 1.1 else DOES_NOT_HOLD, evidence)


def _ends(found):
    """How the runs ended: a row for each setting, the mean over its seeds; a loss that is not finite is inf."""
    ends = records.final(found).drop_duplicates("run")
    ends["train_loss"] = _finite(ends.train_loss)
    fields = ["method", "alpha0", "batch_size", "model", "p", "c", "per", "eta", "beta"]
    measured = ["train_loss", "mean_loss", "test_accuracy", "alpha", "peak_alpha"]
    return ends.groupby(fields, dropna=False)[measured].mean().reset_index()


def _finite(loss):
    """A loss that is no number is as bad as can be."""
    return np.where(np.isfinite(loss), loss, np.inf)


def _close(accuracy):
    """Which of these runs, that differ in one knob, are not lost and end within two points of the best."""
    return (accuracy >= accuracy.max() - _CLOSE) & (accuracy > _RUINED)


def _epochs(found):
    return max(record.setting.epochs for record in found)


def _where(found):
    return f"{_data(found)}, {_epochs(found)} epochs"


def _data(found):
    data = found[0].setting.data
    return _DATA.get(data, data)
