"""Where numbers come from: the code, the versions, the machine, the data, the time."""

import platform
import subprocess
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import torch

import tlr

__all__ = ["provenance"]


def provenance(data, device, precision):
    """What a record says about where it comes from, as a dict that JSON can hold.

    Args:
        data: the `tlr.course.data.Data` that is trained on.
        device: a torch.device.
        precision: of the network's products, as in `tlr.course.precision.Speed`.

    Returns:
        A dict: `commit` and `dirty` (whether the package's files differ from it) of the checkout that the package is
        imported from, both None outside of one; `versions`; `device` and its name; `threads`; `precision`; the data's
        `checksum`; `date`, UTC.
    """
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        **_code(),
        "versions": {
            "python": platform.python_version(),
            "numpy": np.__version__,
            "torch": str(torch.__version__),  # a str of its own kind, which no checkpoint may hold
            "tlr": _package_version(),
        },
        "device": device.type,
        "device_name": torch.cuda.get_device_name(device) if device.type == "cuda" else _processor(),
        "threads": torch.get_num_threads(),
        "precision": precision,
        "checksum": data.checksum,
    }


@cache
def _code():
    """The commit of the code, as it was when this process first asked."""
    root = Path(tlr.__file__).resolve().parent.parent

    def git(*arguments):
        result = subprocess.run(["git", *arguments], cwd=root, capture_output=True, encoding="utf-8")
        return result.stdout.strip() if result.returncode == 0 else None

    try:
        # A package that is installed somewhere below another repository is no checkout of it.
        if git("ls-files", "tlr/__init__.py"):
            changes = git("status", "--porcelain", "--", "tlr", ":(exclude)tlr/course/records/recorded")
            return {"commit": git("rev-parse", "HEAD"), "dirty": bool(changes)}
    except FileNotFoundError:
        pass  # there is no git
    return {"commit": None, "dirty": None}


def _package_version():
    try:
        return version("trainable-learning-rate")
    except PackageNotFoundError:
        return None


@cache
def _processor():
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass  # only Linux tells there
    return platform.processor() or platform.machine()
