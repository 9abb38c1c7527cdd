"""What a training says of itself, and in the page that nothing is heard of it any more."""

import html
from itertools import count

import ipywidgets as widgets

__all__ = ["Status"]

#: After so many seconds without a word the page says so by itself: the kernel cannot, once it is gone.
_SILENCE = 10
_SILENT = "Nothing heard for a while: the kernel is busy, or it was restarted, and then run this cell again."
# Each word is a new element, with which the animation begins anew.
_WAITING = """{words}<span id="heard-{number}" style="opacity: 0; animation: tlr-silent 0s {seconds}s forwards">
{silent}</span><style>@keyframes tlr-silent {{ to {{ opacity: 1; }} }}</style>"""


class Status(widgets.HTML):
    """A line of text.

    Attributes:
        words: what was said last.
    """

    def __init__(self, words):
        super().__init__()
        self._count = count()
        self.say(words)

    def say(self, words, more_to_come=False):
        """Say it; with `more_to_come` the page expects another word within ten seconds."""
        self.words, plain = words, html.escape(words)
        number = next(self._count)
        waiting = _WAITING.format(words=plain, number=number, seconds=_SILENCE, silent=_SILENT)
        self.value = waiting if more_to_come else plain
