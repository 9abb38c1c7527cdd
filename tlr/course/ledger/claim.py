"""One claim of the paper: where it stands, what would bear it out, and the function that finds out."""

from collections.abc import Callable

import attrs

from tlr.course.experiments import Part
from tlr.course.ledger.archive import Archive, Missing

__all__ = [
    "DOES_NOT_HOLD",
    "FIRST",
    "HOLDS",
    "IN_PART",
    "NOT_TESTED",
    "REVIEWED",
    "THEMES",
    "UNDECIDED",
    "VERDICTS",
    "Basis",
    "Claim",
    "Finding",
    "always",
    "decide",
    "grade",
    "mostly",
]

HOLDS = "holds"
IN_PART = "holds in part"
DOES_NOT_HOLD = "does not hold"
UNDECIDED = "undecided"
NOT_TESTED = "not tested"
VERDICTS = (HOLDS, IN_PART, DOES_NOT_HOLD, UNDECIDED, NOT_TESTED)

#: When criteria took their present form, by UTC: the first version of the ledger, and a review of every row.
FIRST, REVIEWED = "2026-11-24T11:41", "2026-11-29T07:00"

#: What the claims are about, in the order of the ledger.
THEMES = (
    EQUATIONS := "The equations",
    BATCHES := "Mini-batches",
    ALPHA := "The course of α",
    ROBUSTNESS := "Robustness",
    RIVALS := "Against others",
    KNOBS := "Knobs",
    TENSORS := "An α for every tensor",
    COST := "Cost",
    LARGER := "Larger networks",
)


@attrs.frozen
class Basis:
    """What a finding rests on.

    Attributes:
        data: the data set, in words.
        epochs: of each run; None where nothing is trained for epochs.
        seeds: the fewest and the most that a setting has; None where there are none to speak of.
        started: when the runs were started, UTC, as their records have it.
    """

    data: str
    epochs: int | None = None
    seeds: tuple[int, int] | None = None
    started: tuple[str, ...] = ()

    def __str__(self):
        epochs = "" if self.epochs is None else f", {self.epochs} epochs"
        return self.data + epochs + ("" if self.seeds is None else f", {self.seeds_in_words}")

    @property
    def told(self):
        """The same, with how many runs there are."""
        return str(self) + (f", {len(self.started)} runs" if len(self.started) > 1 else "")

    @property
    def seeds_in_words(self):
        fewest, most = self.seeds or (0, 0)
        if most == 1:
            return "one seed"
        return f"{most} seeds" if fewest == most else f"{fewest} to {most} seeds"


@attrs.frozen
class Finding:
    """What became of a claim.

    Attributes:
        verdict: one of `VERDICTS`.
        evidence: for it, in words and numbers.
        basis: a `Basis` for each data set that was decisive; none where formulas are.
        number: the one figure of the evidence that a table shows (default: none).
    """

    verdict: str
    evidence: str
    basis: tuple[Basis, ...] = attrs.field(default=(), repr=False)
    number: str = attrs.field(default="", repr=False)


@attrs.frozen(kw_only=True)
class Claim:
    """One claim of the paper.

    Attributes:
        theme: what it is about, one of `THEMES`.
        says: the claim in a few words of ours.
        place: where it stands in the paper.
        quote: its words there.
        criterion: when it holds, in part or not at all: what `judge` computes, in words.
        fixed: when the criterion took this form, UTC (default: with the first version of the ledger).
        changed: what was changed about it after results were known (default: nothing).
        was: the verdict before that change; of several, the last that differs from today's (default: none does).
        note: what a reader of the verdict should know besides.
        reading: whether the paper's sentence can be read otherwise than we do (default False).
        ours: whether this is a stress test of ours, which the paper does not answer for (default False).
        judge: returns a `Finding`. Without `figures` it takes no arguments, or else an `Archive` and one of them.
        figures: names of `tlr.course.experiments.FIGURES`, or parts of them, whose records are the evidence.
        tests: "notebook#cell" of the course, where the same can be seen and tried.
    """

    theme: str
    says: str
    place: str
    quote: str
    criterion: str
    fixed: str = FIRST
    changed: str = ""
    was: str = ""
    note: str = ""
    reading: bool = False
    ours: bool = False
    judge: Callable
    figures: tuple[str | Part, ...] = ()
    tests: tuple[str, ...] = ()

    def find(self, archive=None):
        """The `Finding` of today. Records come from `archive` (default: all that there are).

        A claim that rests on several figures is judged by each that is recorded. Where those that decide it agree, so
        does the verdict; if they disagree, it holds in part. What is not recorded is named, with the command that
        records it.
        """
        try:
            return self._by_figures(Archive() if archive is None else archive) if self.figures else self.judge()
        except ModuleNotFoundError as error:
            return Finding(NOT_TESTED, f"Judging it takes {error.name}, which is not installed here.")

    def _by_figures(self, archive):
        findings, missing = [], {}
        for figure in self.figures:
            try:
                findings.append(self.judge(archive, figure))
            except Missing as reason:
                missing[str(figure)] = str(reason)
        if not findings:
            first, *others = missing
            return Finding(NOT_TESTED, missing[first] + (f" Nor are: {', '.join(others)}." if others else ""))
        decided = [finding for finding in findings if finding.verdict != UNDECIDED] or findings
        verdicts = {finding.verdict for finding in decided}
        agree = len({finding.verdict for finding in findings}) == 1
        evidence = [finding.evidence + ("" if agree else f" So: {finding.verdict}.") for finding in findings]
        if missing:
            evidence.append(f"Not recorded: {', '.join(missing)}.")
        return Finding(
            verdicts.pop() if len(verdicts) == 1 else IN_PART,
            " ".join(evidence),
            tuple(basis for finding in decided for basis in finding.basis),
            "; ".join(finding.number for finding in decided if finding.number),
        )


def grade(passed, total):
    """The verdict on a claim about `total` cases, true in `passed`: all, at least half, or fewer of them."""
    if passed == total:
        return HOLDS
    return IN_PART if 2 * passed >= total else DOES_NOT_HOLD


def always(passed, total):
    """The verdict on what is said of every case: one exception is enough."""
    return HOLDS if passed == total else DOES_NOT_HOLD


def mostly(passed, total):
    """The verdict on what is said of most cases."""
    return HOLDS if 2 * passed > total else DOES_NOT_HOLD


def decide(verdict, signs):
    """The verdict on cases that speak for the claim (1), against it (−1), or for neither (0).

    Where it would turn with what the last ones turn out to be, it is undecided.

    Args:
        verdict: from the number of cases that speak for it, and of all, as `grade`, `always` and `mostly` do.
        signs: a list or an array of 1, −1 and 0.
    """
    signs = list(signs)
    at_worst, at_best = (verdict(sum(sign >= least for sign in signs), len(signs)) for least in (1, 0))
    return at_worst if at_worst == at_best else UNDECIDED
