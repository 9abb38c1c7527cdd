"""The result of one run, and its text as a file."""

import hashlib
import json
import math
from dataclasses import dataclass

import numpy as np

from tlr.course.curves import Curves
from tlr.course.records.setting import RENAMED, Setting

__all__ = ["Record"]

VERSION = 1
STATUSES = ("done", "diverged", "interrupted")


@dataclass(frozen=True, eq=False)
class Record(Curves):
    """One run: its setting, its curves, how it ended, and where they come from.

    Attributes:
        setting: the `Setting`.
        status, groups, alpha0, train_loss, test_accuracy, alpha, seconds, evaluation_seconds: as in
            `tlr.course.curves.Curves`.
        sessions: a dict for each time that the run was begun or continued: `first_epoch` and what
            `provenance` in `tlr.course.experiments` says.
    """

    setting: Setting
    status: str
    groups: tuple[str, ...]
    alpha0: np.ndarray
    train_loss: np.ndarray
    test_accuracy: np.ndarray
    alpha: np.ndarray
    seconds: np.ndarray
    evaluation_seconds: np.ndarray
    sessions: tuple[dict, ...]

    @property
    def finished(self):
        """Whether there is nothing left to run."""
        return self.status != "interrupted"

    def to_json(self):
        """The record as text: JSON, one line a curve, numbers that are not finite as "nan", "inf" and "-inf"."""
        content = {
            "version": VERSION,
            "setting": self.setting.as_dict(),
            "status": self.status,
            "train_loss": _encode(self.train_loss),
            "test_accuracy": _encode(self.test_accuracy),
            "alpha0": dict(zip(self.groups, _encode(self.alpha0), strict=True)),
            "alpha": dict(zip(self.groups, map(_encode, self.alpha.T), strict=True)),
            "seconds": {
                "train": [round(float(value), 4) for value in self.seconds],
                "evaluate": [round(float(value), 4) for value in self.evaluation_seconds],
            },
            "sessions": list(self.sessions),
        }
        content["checksum"] = _checksum(content)
        lines = [f"  {json.dumps(key)}: {_indented(value)}" for key, value in content.items()]
        return "{\n" + ",\n".join(lines) + "\n}\n"

    @classmethod
    def from_json(cls, text):
        """The record that `to_json` wrote. ValueError, with the reason in words, where it did not."""
        try:
            content = json.loads(text)
        except (ValueError, RecursionError) as error:
            where = f"line {error.lineno}" if isinstance(error, json.JSONDecodeError) else type(error).__name__
            raise ValueError(f"it is truncated or no JSON ({where})") from None
        version = content.get("version") if isinstance(content, dict) else None
        if version != VERSION:
            raise ValueError(f"its version is {version!r}, and this tlr reads version {VERSION}")
        # Records of tlr 0.1 have no checksum.
        if "checksum" in content and content.pop("checksum") != _checksum(content):
            raise ValueError("its checksum is not that of its content: it was damaged or changed")
        try:
            groups = tuple(content["alpha0"])
            method = content["setting"]["method"]
            record = cls(
                setting=Setting(**content["setting"] | {"method": RENAMED.get(method, method)}),
                status=content["status"],
                groups=groups,
                alpha0=_decode([content["alpha0"][name] for name in groups]),
                train_loss=_decode(content["train_loss"]),
                test_accuracy=_decode(content["test_accuracy"]),
                alpha=np.stack([_decode(content["alpha"][name]) for name in groups], axis=1),
                seconds=_decode(content["seconds"]["train"]),
                evaluation_seconds=_decode(content["seconds"]["evaluate"]),
                sessions=tuple(content["sessions"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise ValueError(f"its content is not a record's ({type(error).__name__}: {error})") from None
        if problem := record._problem():
            raise ValueError(problem)
        return record

    def _problem(self):
        """What contradicts itself or cannot be, in words, or None."""
        n = len(self.train_loss)
        lengths = {len(self.test_accuracy), len(self.alpha), len(self.seconds), len(self.evaluation_seconds)}
        diverged = n > 0 and not math.isfinite(self.train_loss[-1])
        seconds = np.concatenate([self.seconds, self.evaluation_seconds])
        if lengths != {n} or n > self.setting.epochs:
            return "its curves have different lengths, or more epochs than its setting"
        if self.status not in STATUSES:
            return f"its status is {self.status!r}, not one of {', '.join(STATUSES)}"
        if self.status == "done" and n != self.setting.epochs:
            return f"it has {n} epochs and says that {self.setting.epochs} are done"
        if self.status == "diverged" and not diverged:
            return "it says that it diverged, and its last loss is finite"
        if self.status != "diverged" and diverged:
            return "its last loss is not finite, and it does not say that it diverged"
        if not np.isfinite(self.train_loss[: self.finite_epochs]).all():
            return "a loss before the last is not finite"
        if not ((self.test_accuracy >= 0) & (self.test_accuracy <= 1)).all():
            return "an accuracy is not between 0 and 1"
        if not (np.isfinite(seconds) & (seconds >= 0)).all():
            return "a time is not a number of seconds"
        if self.setting.variant is None and not (self.alpha0 == self.setting.alpha0).all():
            return f"its α₀ is not its setting's, {self.setting.alpha0:g}"
        if self.setting.method.startswith("tlr") and not (np.isfinite(self.alpha) & (self.alpha > 0)).all():
            return "an α of TLR is not positive"
        if not self.sessions or not all(map(_says_its_origin, self.sessions)):
            return "its sessions do not say when, on what and with which torch"
        try:
            json.dumps(self.sessions, allow_nan=False)
        except ValueError:
            return "a number of its sessions is not finite"
        return None


def _says_its_origin(session):
    """Whether a session has what `origin` and the notebooks read."""
    if not isinstance(session, dict) or not isinstance(session.get("versions"), dict):
        return False
    commit = session.get("commit")
    words = [session.get("date"), session.get("device_name"), session["versions"].get("torch")]
    return all(isinstance(word, str) for word in words) and (commit is None or isinstance(commit, str))


def _checksum(content):
    """SHA-256 of what a record says, however it is laid out."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _encode(values):
    return [float(value) if math.isfinite(value) else str(float(value)) for value in values]


def _decode(values):
    if not isinstance(values, list):
        raise TypeError(f"a curve is a list, not {type(values).__name__}")
    return np.array([_number(value) for value in values], dtype=float)


def _number(value):
    if isinstance(value, bool) or not (isinstance(value, int | float) or value in ("nan", "inf", "-inf")):
        raise TypeError(f"{value!r:.40} is no number")
    return float(value)


def _indented(value):
    """A dict with one line an entry, a list of dicts likewise; everything else on one line."""
    if isinstance(value, dict):
        entries = [f"{json.dumps(key)}: {_line(entry)}" for key, entry in value.items()]
        return "{\n    " + ",\n    ".join(entries) + "\n  }"
    if value and isinstance(value, list) and isinstance(value[0], dict):
        return "[\n    " + ",\n    ".join(map(_line, value)) + "\n  ]"
    return _line(value)


def _line(value):
    return json.dumps(value, allow_nan=False, ensure_ascii=False)
