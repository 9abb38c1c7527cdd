"""Read and write records as files, one by one or together."""

import json
import os
import warnings
from pathlib import Path

from tlr.course.files import replacing
from tlr.course.records.record import Record

__all__ = ["find", "folder", "lines", "load", "read", "shipped", "write"]


def folder(place=None):
    """The folder of your own runs: `place`, or else $TLR_RECORDS_DIR, or else a folder of the user's data.

    Raises:
        ValueError: the place is an empty text, as from a variable that is not set.
    """
    if place is None:
        place = os.environ.get("TLR_RECORDS_DIR") or None
    if place is None:
        from platformdirs import user_data_path

        return user_data_path("tlr") / "records"
    if not str(place):
        raise ValueError("The folder of the records has an empty name: leave it out, or name one.")
    return Path(place).expanduser()


def shipped():
    """The folder of the runs that come with the package."""
    return Path(__file__).resolve().parent / "recorded"


def lines(path):
    """What the lines of a file are in JSON, a list; empty where there is no file yet. NaN and Infinity are numbers."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.is_file() else []


def write(record, into=None):
    """Write a record, whole or not at all, in place of what there was of the same setting.

    Args:
        record: a `Record`.
        into: a folder, made if need be (default: `folder()`).

    Returns:
        The file's path.

    Raises:
        OSError: the folder cannot be written to, or is full. What there was before is untouched.
    """
    path = _path(record.setting, into)
    with replacing(path) as part:
        part.write_bytes(record.to_json().encode())
    return path


def read(path):
    """The `Record` in a file.

    Raises:
        ValueError: the file is truncated, from another version, contradicts itself, or does not belong to the
            setting that its name stands for.
        OSError: it cannot be read. The messages name the file.
    """
    path = Path(path)
    try:
        record = Record.from_json(path.read_text(encoding="utf-8"))
        if path.stem not in (record.setting.name, record.setting.former_name):
            raise ValueError(f"its setting belongs in a file called {record.setting.name}.json")
    except ValueError as error:
        raise ValueError(f"The record {path} is refused: {error}.") from None
    except OSError as error:
        raise OSError(f"The record {path} cannot be read ({error.strerror}).") from error
    return record


def find(setting, within=None):
    """The record of a setting in a folder (default: `folder()`), or None where there is none.

    Raises:
        ValueError: there is a file of that name, and `read` refuses it.
    """
    path = _existing(setting, within)
    return read(path) if path.is_file() else None


def load(settings=None, within=None):
    """The records that there are: your own, and those that come with the package.

    Of a setting that has both, yours is taken if it is finished. A file that `read` refuses or that cannot be read is
    left out with a warning that names it.

    Args:
        settings: which, in which order (default: all, by file name); those without a record are left out.
        within: the folder of your own (default: `folder()`).

    Returns:
        A list of `Record`.
    """
    own = folder(within)
    if settings is None:
        paths = sorted([*own.glob("*.json"), *shipped().glob("*.json")], key=lambda path: path.stem)
    else:
        paths = [_existing(setting, place) for setting in settings for place in (own, shipped())]
    found = {}
    for path in paths:
        if path.is_file():
            try:
                record = read(path)
            except (ValueError, OSError) as error:
                warnings.warn(str(error), stacklevel=2)
                continue
            earlier = found.get(record.setting)
            if earlier is None or (record.finished and not earlier.finished):
                found[record.setting] = record
    return list(found.values())


def _path(setting, place):
    return folder(place) / f"{setting.name}.json"


def _existing(setting, place):
    """The file of a setting, which may still have the name of a method that was renamed."""
    path = _path(setting, place)
    former = path.with_name(f"{setting.former_name}.json")
    return former if former.is_file() and not path.is_file() else path
