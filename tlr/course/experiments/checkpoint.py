"""Checkpoints of runs under way: all that a run needs to continue to the same bits, and proof that it is whole."""

import hashlib
import io

import torch

from tlr.course.curves import Epoch, History
from tlr.course.files import replacing

__all__ = ["Unusable", "restore", "save"]

#: What a checkpoint begins with; then come the SHA-256 of the rest (torch checks none), and the rest.
_HEAD = b"tlr checkpoint 2\n"
_DIGEST = hashlib.sha256().digest_size


class Unusable(ValueError):
    """A checkpoint that a run cannot continue from; the message says why."""


def save(path, setting, parts, history, sessions):
    """Write a checkpoint, whole or not at all.

    Args:
        path: its file.
        setting: the `tlr.course.records.Setting`.
        parts: name → what has a `state_dict`.
        history: the `tlr.course.curves.History`.
        sessions: what the record says of the sessions so far.

    Raises:
        OSError: the folder cannot be written to, or is full. What there was before is untouched.
    """
    content = {
        "setting": setting.as_dict(),
        "parts": {name: part.state_dict() for name, part in parts.items()},
        "alpha0": history.alpha0,
        "groups": history.groups,
        "epochs": [vars(epoch) for epoch in history.epochs],
        "sessions": sessions,
    }
    # Into memory first: where the disk is full, torch.save gives no reason.
    buffer = io.BytesIO()
    torch.save(content, buffer)
    stored = buffer.getvalue()
    with replacing(path) as part:
        part.write_bytes(_HEAD + hashlib.sha256(stored).digest() + stored)


def restore(path, setting, parts, checksum):
    """Load the states of a checkpoint into the parts.

    Args:
        path: its file.
        setting: the `tlr.course.records.Setting` that it must be of.
        parts: name → what has a `load_state_dict`. float16 may continue where another precision stopped.
        checksum: of the data that it must have been trained on.

    Returns:
        (history, sessions).

    Raises:
        Unusable: it is damaged, from another version, of another setting or other data, or does not fit the parts, of
            which some may have been loaded.
    """
    stored = path.read_bytes()
    body = stored[len(_HEAD) + _DIGEST :]
    if not stored.startswith(_HEAD):
        raise Unusable("it is none, or from another version")
    if hashlib.sha256(body).digest() != stored[len(_HEAD) : -len(body) or None]:
        raise Unusable("it is damaged")
    try:
        content = torch.load(io.BytesIO(body), map_location="cpu", weights_only=True)
        if content["setting"] != setting.as_dict():
            raise ValueError("it is of another setting")
        if content["sessions"][-1]["checksum"] != checksum:
            raise ValueError(f"the data set {setting.data!r} has changed since")
        for name, part in parts.items():
            part.load_state_dict(content["parts"].get(name, {}))
        epochs = [Epoch(**epoch) for epoch in content["epochs"]]
        return History(content["alpha0"], epochs, groups=content["groups"]), content["sessions"]
    except (MemoryError, torch.OutOfMemoryError):
        raise
    except Exception as error:  # whatever an earlier version of a part may have written
        raise Unusable(str(error).splitlines()[0] if str(error) else type(error).__name__) from error
