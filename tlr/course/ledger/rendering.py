"""All claims in their order, what became of them, and the ledger as a page."""

import re
from datetime import date
from html import escape

from tlr.course.ledger import batches, figures, mathematics
from tlr.course.ledger.archive import Archive
from tlr.course.ledger.claim import NOT_TESTED, THEMES, VERDICTS, Basis
from tlr.course.plots.tiles import SIGNS

__all__ = ["CLAIMS", "findings", "page", "summary"]

_FIRST = sorted((*mathematics.CLAIMS, *batches.CLAIMS, *figures.CLAIMS), key=lambda claim: THEMES.index(claim.theme))

#: Number → `Claim`: in the order of the themes, then those that were added later, so that a claim keeps its number.
CLAIMS = dict(enumerate((*_FIRST, *mathematics.LATER, *batches.LATER), start=1))

_COMMAND = re.compile(r"python -m [\w. -]*\w")
#: α_t, g_{t−1}, β_PRP: a letter and what stands below it.
_SUBSCRIPT = re.compile(r"(?<!\w)([^\W\d_])_(?:\{([^}]+)\}|([^\W_]+))")


def findings(theme=None, archive=None):
    """Judge the claims, some of which train for seconds.

    Args:
        theme: one of `THEMES` (default: all).
        archive: the `Archive` that records come from (default: all that there are).

    Returns:
        Number → `Finding`.
    """
    archive = Archive() if archive is None else archive
    return {number: claim.find(archive) for number, claim in CLAIMS.items() if theme is None or claim.theme == theme}


def summary(found):
    """Which claims have which verdict, and on what: one small table, as HTML. Stress tests of ours stand at its end.

    Args:
        found: number → `Finding`, as `findings` returns them.
    """
    rows = {}
    for number, finding in found.items():
        ours = CLAIMS[number].ours
        for basis in finding.basis or (Basis("–" if finding.verdict == NOT_TESTED else "formulas and toy functions"),):
            key = ours, VERDICTS.index(finding.verdict), basis.data, basis.epochs or 0, basis.seeds or (0, 0)
            rows.setdefault(key, (finding.verdict, ours, basis, []))[-1].append(str(number))
    return _table(
        "The claims by verdict",
        ("Verdict", "Claims", "Data", "Epochs", "Seeds"),
        [
            (
                f"<b>{SIGNS[verdict]} {verdict}</b>" + ("<br>ours, not counted" if ours else ""),
                ", ".join(numbers),
                escape(basis.data),
                str(basis.epochs or "–"),
                basis.seeds_in_words.removesuffix(" seeds").removesuffix(" seed") if basis.seeds else "–",
            )
            for _, (verdict, ours, basis, numbers) in sorted(rows.items(), key=lambda row: row[0])
        ],
    )


def page(found):
    """The ledger, or the part of it that was judged, as HTML: a table for each theme.

    Args:
        found: number → `Finding`, as `findings` returns them.
    """
    themes = [theme for theme in THEMES if any(CLAIMS[number].theme == theme for number in found)]
    return "\n".join(
        _table(
            theme,
            ("", "Claim", "Evidence", "Verdict"),
            [_row(number, CLAIMS[number], found[number]) for number in found if CLAIMS[number].theme == theme],
        )
        for theme in themes
    )


def _table(caption, names, rows):
    head = "".join(f'<th style="text-align:left">{name}</th>' for name in names)
    cell = '<td style="text-align:left;vertical-align:top">{}</td>'
    body = "\n".join("<tr>" + "".join(map(cell.format, row)) + "</tr>" for row in rows)
    return f"<table>\n<caption><b>{escape(caption)}</b></caption>\n<tr>{head}</tr>\n{body}\n</table>"


def _row(number, claim, finding):
    """Four cells: number, claim, evidence, verdict."""
    evidence = _COMMAND.sub(r"<code>\g<0></code>", _html(finding.evidence))
    below = [f"<i>Holds if:</i> {_html(claim.criterion)} <i>{_when(claim, finding)}</i>"]
    below += [f"<i>Changed after results were known:</i> {_html(claim.changed)}"] if claim.changed else []
    below += [_html(claim.note)] if claim.note else []
    below += [f"<i>See</i> {', '.join(map(_link, claim.tests))}"] if claim.tests else []
    ours = "<br>A stress test of ours, not the paper's: it does not count." if claim.ours else ""
    basis = "".join(f"<br>{escape(str(basis))}" for basis in finding.basis)
    return (
        str(number),
        f"<b>{_html(claim.says)}</b><br>“{_html(claim.quote)}” ({escape(claim.place)}){ours}",
        "<br>".join([evidence, *below]),
        f'<b style="white-space:nowrap">{SIGNS[finding.verdict]} {finding.verdict}</b>{basis}',
    )


def _when(claim, finding):
    """When the criterion was fixed, and whether that was before the runs."""
    day = f"{date.fromisoformat(claim.fixed[:10]):%d %B %Y}".lstrip("0")
    started = [start for basis in finding.basis for start in basis.started]
    later = sum(start > claim.fixed for start in started)
    if not started:
        return f"Fixed on {day}."
    if later in (0, len(started)):
        return f"Fixed on {day}, {'before' if later else 'after'} the runs."
    return f"Fixed on {day}, before {later} of the {len(started)} runs."


def _html(text):
    return _SUBSCRIPT.sub(lambda match: f"{match[1]}<sub>{match[2] or match[3]}</sub>", escape(text))


def _link(test):
    notebook, cell = test.split("#")
    return f'<a href="{notebook}.ipynb#cell-id={cell}">{notebook[:2]} <code>{cell}</code></a>'
