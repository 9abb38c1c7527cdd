"""joblib's workers: processes that the system may kill where memory runs out."""

from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager

__all__ = ["living_workers"]


@contextmanager
def living_workers(kept):
    """Say in one sentence that a worker was killed; joblib uses twenty lines.

    Args:
        kept: what becomes of the work so far, in words.

    Raises:
        MemoryError: a worker was killed.
    """
    try:
        yield
    except BrokenProcessPool:
        raise MemoryError(
            f"A worker was ended from outside, most likely because memory ran out: run with fewer jobs; {kept}."
        ) from None
