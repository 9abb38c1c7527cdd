"""Comparing runs: what counts as a difference, and what a finding rests on.

A difference counts where it is larger than two standard errors, by the scatter of seeds (`Archive.scatter`).
"""

import math
from collections import Counter

import attrs
import numpy as np

from tlr.course import records
from tlr.course.experiments import FIGURES
from tlr.course.ledger.archive import Missing, logarithm, lost
from tlr.course.ledger.claim import Basis, Finding

__all__ = [
    "METHODS",
    "alike",
    "basis_of",
    "ends_of",
    "epochs_of",
    "finding_on",
    "least_that_counts",
    "margin_of",
    "signs_of",
    "to_the_end",
    "trained",
]

_DATA = {
    "mnist": "MNIST",
    "cifar10": "CIFAR-10",
    "cifar100": "CIFAR-100",
    "cifar10-10000": "10,000 images of CIFAR-10",
    "cifar10-upper": "five classes of CIFAR-10",
    "multi30k": "Multi30k",
    "imagenet64": "ImageNet, 64 × 64",
}
_NARROW = ("wrn-10-1", "wrn-10-1-2", "vgg-16", "transformer-64")
#: Method → what it is called in sentences.
METHODS = {
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
_FIELDS = ["method", "alpha0", "batch_size", "model", "p", "c", "per", "eta", "beta", "variant"]


def ends_of(found):
    """How the runs ended: a row for each setting, the mean over its seeds; a loss that is not finite is inf."""
    ends = records.final(found).drop_duplicates("run")
    ends["train_loss"] = np.where(np.isfinite(ends.train_loss), ends.train_loss, np.inf)
    measured = ["train_loss", "mean_loss", "test_accuracy", "alpha", "peak_alpha"]
    means = ends.groupby(["data", "epochs", *_FIELDS], dropna=False)[measured].mean().reset_index()
    return means.assign(lost=lost(means))


def margin_of(archive, found, value):
    """Two standard errors of the difference of two settings of these runs."""
    deviation, _ = archive.scatter(found, value)
    seeds = Counter(attrs.evolve(record.setting, seed=0) for record in found)
    return 2 * deviation * math.sqrt(2 / min(seeds.values()))


def signs_of(differences, margin):
    """1 or −1 for a difference that is larger than the margin, 0 for one within it; none where there is no number."""
    differences = np.nan_to_num(np.asarray(differences, float), nan=0.0, posinf=np.inf, neginf=-np.inf)
    counts = np.isinf(differences) | (np.abs(differences) > margin)
    return np.where(counts, np.sign(differences), 0).astype(int)


def alike(archive, found, ends, value):
    """Which of these settings, that differ in one knob, end as the best one but for the scatter: 1; −1 for the others.

    It is 0 where no setting has two seeds, so that nobody can tell; a lost one is −1 in any case.
    """
    measured, margin = logarithm(ends[value], value), margin_of(archive, found, value)
    best = measured.max() if value == "test_accuracy" else measured.min()
    close = np.where(abs(measured - best) <= margin, int(np.isfinite(margin)), -1)
    return np.where(ends.lost, -1, close)


def to_the_end(found, figure):
    """The runs, if they have the paper's epochs: a claim about minima is about the end of training."""
    if epochs_of(found) < FIGURES[str(figure)].epochs:
        raise Missing(
            f"Recorded: {basis_of(found)}. The claim is about the end of {FIGURES[str(figure)].epochs} epochs: "
            f"python -m tlr.course.experiments run {figure}."
        )
    return found


def epochs_of(found):
    """The epochs of the longest run."""
    return max(record.setting.epochs for record in found)


def finding_on(found, verdict, evidence, number):
    """The `Finding` that rests on these runs; the evidence begins with what they are."""
    basis = basis_of(found)
    return Finding(verdict, f"{basis}: {evidence}", (basis,), number)


def basis_of(found):
    """The `Basis` that these runs are."""
    setting = found[0].setting
    data = _DATA.get(setting.data, setting.data) + (", narrow network" if setting.model in _NARROW else "")
    seeds = Counter(attrs.evolve(record.setting, seed=0) for record in found).values()
    started = tuple(record.sessions[0]["date"] for record in found if record.sessions)
    return Basis(data, epochs_of(found), (min(seeds), max(seeds)), started)


def least_that_counts(archive, found, value="train_loss"):
    """A sentence: from how little on a difference of losses, or of accuracies, counts here."""
    _, epochs = archive.scatter(found, value)
    if epochs is None:
        return " No setting has two seeds, so that only lost runs count as a difference."
    margin = margin_of(archive, found, value)
    size = f"{100 * margin:.1f} points" if value == "test_accuracy" else f"{math.expm1(margin):.0%}"
    source = "" if epochs == epochs_of(found) else f", by the scatter of seeds after {epochs} epochs"
    return f" A difference counts from {size} on{source}."


def trained(found):
    """The runs that are not lost."""
    ends = records.final(found).drop_duplicates("run")
    kept = set(ends[~lost(ends)].run)
    return [record for record in found if record.setting.name in kept]
