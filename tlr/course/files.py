"""Files that appear whole or not at all."""

import os
import shutil
import tempfile
import time
import warnings
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path

with warnings.catch_warnings():
    warnings.filterwarnings("ignore", "only soft file lock")  # in a browser, where no other process is
    from filelock import FileLock, Timeout

__all__ = ["remove_leftovers", "replacing"]

_LOCK = "owner.lock"
_PATIENCE = 1.0


@contextmanager
def replacing(path, advice="make room there or choose another folder, and run this again"):
    """Yield a temporary path; on success, move the file written there to `path` atomically.

    The temporary path lies beside `path` in a new folder of its own, which may hold other temporary files, too, and
    which is removed in any case. Where a process was killed before it could do that, the next call for the same `path`
    does.

    Args:
        path: the file to write or replace; its folder is made if need be.
        advice: what the reader of an error should do.

    Raises:
        OSError: the folder cannot be written to, or is full. What there was before is untouched.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_leftovers(path)
        scratch = Path(tempfile.mkdtemp(prefix=_prefix(path), dir=path.parent))
        try:
            # The system takes the lock from a process that dies: only then may others remove the folder.
            with FileLock(scratch / _LOCK):
                part = scratch / path.name
                yield part
                _flush(part)
                _move(part, path)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    except OSError as error:
        if error.errno is None:  # it is a sentence already
            raise
        raise OSError(
            f"{path} could not be written ({error.strerror}): {advice}; what was written before is kept."
        ) from error


def remove_leftovers(path):
    """Remove the temporary files that killed processes have left beside `path`."""
    for lock in path.parent.glob(f"{escape(_prefix(path))}*/{_LOCK}"):
        with suppress(OSError, Timeout):
            with FileLock(lock, timeout=0):
                pass
            shutil.rmtree(lock.parent, ignore_errors=True)


def _prefix(path):
    return f".{path.name}-"


def _flush(path):
    """Wait until the file is on the disk, so that a power cut cannot leave an empty one under the final name."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _move(source, target):
    """Rename; on Windows for as long as it may take until nobody has the target open."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            return os.replace(source, target)
        except PermissionError:
            if time.monotonic() > deadline or not target.exists():
                raise
            time.sleep(0.02)
