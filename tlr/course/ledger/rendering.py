"""All claims in their order, what became of them, and the ledger as a page."""

import re
from datetime import date
from html import escape

from tlr.course.ledger import batches, figures, mathematics
from tlr.course.ledger.archive import Archive
from tlr.course.ledger.claim import THEMES, VERDICTS
from tlr.course.plots.tiles import SIGNS

__all__ = ["CLAIMS", "brief", "findings", "page"]

_FIRST = sorted((*mathematics.CLAIMS, *batches.CLAIMS, *figures.CLAIMS), key=lambda claim: THEMES.index(claim.theme))

#: Number → `Claim`: in the order of the themes, then those that were added later, so that a claim keeps its number.
CLAIMS = dict(enumerate((*_FIRST, *mathematics.LATER, *batches.LATER), start=1))

_COMMAND = re.compile(r"python -m [\w. -]*\w")
#: α_t, g_{t−1}, β_PRP: a letter and what stands below it.
_SUBSCRIPT = re.compile(r"(?<!\w)([^\W\d_])_(?:\{([^}]+)\}|([^\W_]+))")


def findings(archive=None, *, numbers=None):
    """Judge the claims, some of which train for seconds.

    Args:
        archive: the `Archive` that records come from (default: all that there are).
        numbers: which claims, and in which order (default: all).

    Returns:
        Number → `Finding`.
    """
    archive = Archive() if archive is None else archive
    return {number: CLAIMS[number].find(archive) for number in (CLAIMS if numbers is None else numbers)}


def page(found):
    """The ledger, or the part of it that was judged, as HTML: a table for each verdict, a row a claim; both are folded.

    Args:
        found: number → `Finding`, as `findings` returns them.
    """
    names = {"": 7, "Claim": 41, "In one number": 22, "Rests on": 20, "Notebook": 10}
    head = "".join(f'<th style="text-align:left;width:{width}%">{name}</th>' for name, width in names.items())
    folds = []
    for verdict in VERDICTS:
        if numbers := [number for number in found if found[number].verdict == verdict]:
            ours = sum(CLAIMS[number].ours for number in numbers)
            told = f"{len(numbers) - ours}" + f", and {ours} of ours" * bool(ours)
            rows = [head, *(_row(number, CLAIMS[number], found[number]) for number in numbers)]
            body = "\n".join(f"<tr>{row}</tr>" for row in rows)
            table = f'<table style="width:100%">\n{body}\n</table>'
            summary = f"<summary><b>{SIGNS[verdict]} {verdict}</b>: {told}</summary>"
            folds.append(f"<details>{summary}\n{table}\n</details>")
    return "\n".join(folds)


def brief(found):
    """What became of some claims, as HTML: claim, verdict and the number of the evidence, in the order of `found`.

    Args:
        found: number → `Finding`, as `findings` returns them.
    """
    start = '<td style="text-align:left;vertical-align:top">'
    rows = [
        f"<tr>{start}{number} · {_html(CLAIMS[number].says)}</td>"
        f'{start}<b style="white-space:nowrap">{SIGNS[finding.verdict]} {finding.verdict}</b></td>'
        f"{start}{_html(finding.number) or '–'}</td></tr>"
        for number, finding in found.items()
    ]
    head = "".join(f'<th style="text-align:left">{name}</th>' for name in ("Claim", "Verdict", "In one number"))
    return "<table>\n" + "\n".join([f"<tr>{head}</tr>", *rows]) + "\n</table>"


def _row(number, claim, finding):
    """Five cells: sign and number, claim, the number of the evidence, its runs, links. The claim unfolds."""
    evidence = _COMMAND.sub(r"<code>\g<0></code>", _html(finding.evidence))
    folded = [f"“{_html(claim.quote)}” ({escape(claim.place)})"]
    folded += ["<i>Our reading</i>: the sentence allows another."] if claim.reading else []
    folded += ["A stress test of ours, not the paper's: it does not count."] if claim.ours else []
    folded += [f"<i>Found:</i> {evidence}", f"<i>Holds if:</i> {_html(claim.criterion)} <i>{_when(claim, finding)}</i>"]
    was = f" Before, it said: {claim.was}." * bool(claim.was)
    folded += [f"<i>Changed after results were known:</i> {_html(claim.changed + was)}"] if claim.changed else []
    folded += [_html(claim.note)] if claim.note else []
    tests = ", ".join(_link(test, test.replace("#", " ")) for test in claim.tests)
    folded += [f"<i>Tested by</i> {tests}"] if tests else []
    notebooks = {test.partition("_")[0]: test for test in reversed(claim.tests)}
    ours = " (ours)" if claim.ours else " (our reading)" if claim.reading else ""
    cells = (
        f"{SIGNS[finding.verdict]} {number}",
        f"<details><summary>{_html(claim.says)}{ours}</summary>{'<br>'.join(folded)}</details>",
        _html(finding.number) or "–",
        "<br>".join(escape(basis.told) for basis in finding.basis) or "–",
        ", ".join(_link(test, name.lstrip("0")) for name, test in sorted(notebooks.items())) or "–",
    )
    return "".join(f'<td style="text-align:left;vertical-align:top">{cell}</td>' for cell in cells)


def _when(claim, finding):
    """When the criterion was fixed, and whether that was before the runs that decide.

    A criterion that was changed after results were known may be older than these runs: it had seen earlier ones.
    """
    day = f"{date.fromisoformat(claim.fixed[:10]):%d %B %Y}".lstrip("0")
    started = [start for basis in finding.basis for start in basis.started]
    later = sum(start > claim.fixed for start in started)
    if not started:
        return f"Fixed on {day}."
    if later == len(started):
        return f"Fixed on {day}, before the runs that decide{', after results of earlier ones' * bool(claim.changed)}."
    if not later:
        return f"Fixed on {day}, after the runs."
    return f"Fixed on {day}, before {later} of the {len(started)} runs."


def _html(text):
    return _SUBSCRIPT.sub(lambda match: f"{match[1]}<sub>{match[2] or match[3]}</sub>", escape(text))


def _link(test, text):
    notebook, cell = test.split("#")
    return f'<a href="{notebook}.ipynb#cell-id={cell}">{text}</a>'
