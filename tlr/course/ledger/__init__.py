"""The verdict: every claim of the paper that the course could test, judged anew from today's evidence.

A claim about equations goes into `mathematics`, one that a short training on the digits can judge into `batches`, one
about a figure of the paper into `figures`, with its judge in `runs`; what counts as a difference there is in
`comparing`. Its number follows from its place.

Example:
    >>> from tlr.course import ledger
    >>> bound = ledger.CLAIMS[5]
    >>> bound.find().verdict
    'holds'
"""

from tlr.course.ledger.archive import Archive, Missing
from tlr.course.ledger.claim import THEMES, VERDICTS, Basis, Claim, Finding
from tlr.course.ledger.rendering import CLAIMS, brief, findings, page

__all__ = [
    "CENTRAL",
    "CLAIMS",
    "THEMES",
    "VERDICTS",
    "Archive",
    "Basis",
    "Claim",
    "Finding",
    "Missing",
    "brief",
    "findings",
    "page",
]

#: The numbers of the claims that the paper stands on, by our choice.
CENTRAL = (1, 3, 16, 17, 20, 22)
