"""What a command that runs for long owes the console it was started from."""

import signal
import sys
from contextlib import contextmanager

__all__ = ["stopped_by_signals", "writes_any_script"]


@contextmanager
def stopped_by_signals():
    """SIGTERM does what Ctrl-C does, and so does SIGINT, which a shell makes its background jobs ignore.

    Raises:
        KeyboardInterrupt: when either comes.
    """

    def stop(*_):
        raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def writes_any_script():
    """Print a ? for a letter that the console does not know: α has no place in the code page of a Windows console."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
