"""All claims in their order, what became of them, and the ledger as a page."""

import re
from html import escape

from tlr.course.ledger import batches, figures, mathematics
from tlr.course.ledger.archive import Archive
from tlr.course.ledger.claim import THEMES
from tlr.course.plots.tiles import SIGNS

__all__ = ["CLAIMS", "findings", "page"]

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


def page(found):
    """The ledger, or the part of it that was judged, as HTML: a table for each theme.

    Args:
        found: number → `Finding`, as `findings` returns them.
    """
    themes = [theme for theme in THEMES if any(CLAIMS[number].theme == theme for number in found)]
    return "\n".join(
        _table(theme, [(number, CLAIMS[number], found[number]) for number in found if CLAIMS[number].theme == theme])
        for theme in themes
    )


def _table(theme, rows):
    head = "".join(f'<th style="text-align:left">{name}</th>' for name in ("", "Claim", "Evidence", "Verdict"))
    body = "\n".join(_row(*row) for row in rows)
    return f"<table>\n<caption><b>{escape(theme)}</b></caption>\n<tr>{head}</tr>\n{body}\n</table>"


def _row(number, claim, finding):
    evidence = _COMMAND.sub(r"<code>\g<0></code>", _html(finding.evidence))
    tests = ", ".join(map(_link, claim.tests))
    cells = (
        str(number),
        f"<b>{_html(claim.says)}</b><br>“{_html(claim.quote)}” ({escape(claim.place)})",
        f"{evidence}<br><i>Holds if:</i> {_html(claim.criterion)}" + (f"<br><i>See</i> {tests}" if tests else ""),
        f'<b style="white-space:nowrap">{SIGNS[finding.verdict]} {finding.verdict}</b>',
    )
    return "<tr>" + "".join(f'<td style="text-align:left;vertical-align:top">{cell}</td>' for cell in cells) + "</tr>"


def _html(text):
    return _SUBSCRIPT.sub(lambda match: f"{match[1]}<sub>{match[2] or match[3]}</sub>", escape(text))


def _link(test):
    notebook, cell = test.split("#")
    return f'<a href="{notebook}.ipynb#cell-id={cell}">{notebook[:2]} <code>{cell}</code></a>'
