"""One claim of the paper: where it stands, what would bear it out, and the function that finds out."""

from collections.abc import Callable
from dataclasses import dataclass

from tlr.course.ledger.archive import Archive, Missing

__all__ = [
    "DOES_NOT_HOLD",
    "HOLDS",
    "IN_PART",
    "NOT_TESTED",
    "THEMES",
    "VERDICTS",
    "Claim",
    "Finding",
    "always",
    "grade",
    "mostly",
]

HOLDS = "holds"
IN_PART = "holds in part"
DOES_NOT_HOLD = "does not hold"
NOT_TESTED = "not tested"
VERDICTS = (HOLDS, IN_PART, DOES_NOT_HOLD, NOT_TESTED)

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


@dataclass(frozen=True)
class Finding:
    """What became of a claim: a `verdict`, one of `VERDICTS`, and the `evidence` for it in words and numbers."""

    verdict: str
    evidence: str


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One claim of the paper.

    Attributes:
        theme: what it is about, one of `THEMES`.
        says: the claim in a few words of ours.
        place: where it stands in the paper.
        quote: its words there.
        criterion: when it holds, in part or not at all: what `judge` computes, in words.
        judge: returns a `Finding`. Without `figures` it takes no arguments, or else an `Archive` and one of them.
        figures: names of `tlr.course.experiments.FIGURES` whose records are the evidence.
        tests: "notebook#cell" of the course, where the same can be seen and tried.
    """

    theme: str
    says: str
    place: str
    quote: str
    criterion: str
    judge: Callable
    figures: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()

    def find(self, archive=None):
        """The `Finding` of today. Records come from `archive` (default: all that there are).

        A claim that rests on several figures is judged by each that is recorded: it holds if it does in all of them,
        and in part if they disagree. What is not recorded is named, with the command that records it.
        """
        if not self.figures:
            try:
                return self.judge()
            except ModuleNotFoundError as error:
                return Finding(NOT_TESTED, f"Judging it takes {error.name}, which is not installed here.")
        archive = Archive() if archive is None else archive
        findings, missing = [], {}
        for figure in self.figures:
            try:
                findings.append(self.judge(archive, figure))
            except Missing as reason:
                missing[figure] = str(reason)
        if not findings:
            first, *others = missing
            return Finding(NOT_TESTED, missing[first] + (f" Nor are: {', '.join(others)}." if others else ""))
        verdicts = {finding.verdict for finding in findings}
        evidence = [finding.evidence for finding in findings]
        if missing:
            evidence.append(f"Not recorded: {', '.join(missing)}.")
        return Finding(verdicts.pop() if len(verdicts) == 1 else IN_PART, " ".join(evidence))


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
