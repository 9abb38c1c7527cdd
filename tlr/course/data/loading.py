"""Data sets by name: embedded, in the data folder, or downloaded into it once."""

import os
import zipfile
from contextlib import suppress
from importlib.resources import as_file, files
from pathlib import Path

import numpy as np

from tlr.course.data.archives import DOWNLOADS, download
from tlr.course.data.images import KEYS, Data
from tlr.course.data.text import MULTI30K, load_multi30k

__all__ = ["folder", "load"]

EMBEDDED = ("digits",)
HALVES = ("lower", "upper")

#: Mean and standard deviation of each channel over the training images, of pixels 0..1.
STATISTICS = {
    "cifar10": {"mean": (0.4914, 0.4822, 0.4465), "std": (0.2470, 0.2435, 0.2616)},
    "cifar100": {"mean": (0.5071, 0.4865, 0.4409), "std": (0.2673, 0.2564, 0.2762)},
    "imagenet64": {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)},  # usual, of larger crops
}


def folder():
    """The folder of NAME.npz files: $TLR_DATA_DIR, or else the user's cache folder."""
    if chosen := os.environ.get("TLR_DATA_DIR"):
        return Path(chosen).expanduser()
    from platformdirs import user_cache_path

    return user_cache_path("tlr")


def load(name="digits"):
    """Load a data set by name: embedded, downloaded once, or NAME.npz in `folder()`.

    Args:
        name: "digits" (the default, which needs no network); "mnist", "cifar10" or "cifar100" (downloaded once);
            NAME for NAME.npz; "multi30k" for the texts in the folder of that name. "NAME-N" is a part of NAME, such
            as "cifar10-10000": its first N images to train on, and its first N/5 to test. "NAME-lower" and "NAME-upper"
            are the images of the lower half of its classes and of the upper, whose labels begin at 0, too.

    Returns:
        A `Data`, or for "multi30k" a `tlr.course.data.text.Pairs`.

    Raises:
        ValueError: no such data set, or a file that does not have the form described above.
        ConnectionError: the data set has to be downloaded, and no mirror delivered it.
        OSError: the data folder cannot be read or written to.
        TypeError: the name is no string.
    """
    if not isinstance(name, str):
        raise TypeError(f'A data set is asked for by its name, as in load("mnist"), not by {name!r}.')
    if name in EMBEDDED:
        with as_file(files("tlr.course.data") / f"{name}.npz") as path:
            return Data(name, **_read(path))
    path, known = folder() / f"{name}.npz", False
    with suppress(OSError):  # a name too long for a file
        known = path.name == f"{name}.npz" and path.is_file()
    if not known and name == MULTI30K:
        return load_multi30k(folder() / name)
    whole, _, number = name.rpartition("-")
    is_part = not known and whole not in ("", MULTI30K)
    if is_part and number.isdecimal() and int(number):
        return _part(load(whole), name, int(number))
    if is_part and number in HALVES:
        return _half(load(whole), name, upper=number == "upper")
    if not known and name not in DOWNLOADS:
        raise ValueError(
            f"Unknown data set {name!r}: there are {_listed()}. To use your own, put NAME.npz into {folder()}: "
            "python -m tlr.course.data.pack makes it from a folder of images."
        )
    if not known:
        download(DOWNLOADS[name], path)
    return Data(name, **_read(path), **STATISTICS.get(name, {}))


def _part(data, name, n):
    """The first n images to train on and n/5 to test on of a data set."""
    if n > len(data.x_train):
        raise ValueError(f"There is no {name!r}: {data.name} has {len(data.x_train)} images to train on.")
    counts = {"train": n, "test": max(1, n // 5)}
    arrays = {key: getattr(data, key)[: counts[key[2:]]] for key in KEYS}
    return Data(name, **arrays, mean=data.mean, std=data.std)


def _half(data, name, *, upper):
    """The images of half of the classes of a data set, labeled 0, 1, …"""
    middle = data.classes // 2
    arrays = {}
    for split in ("train", "test"):
        x, y = (getattr(data, f"{kind}_{split}") for kind in "xy")
        kept = (y >= middle) == upper
        arrays |= {f"x_{split}": x[kept], f"y_{split}": y[kept] - middle * upper}
    return Data(name, **arrays, mean=data.mean, std=data.std)


def _listed():
    present = sorted(path.stem for path in folder().glob("*.npz") if path.stem not in (*EMBEDDED, *DOWNLOADS))
    names = [f"{name} (embedded)" for name in EMBEDDED] + [f"{name} (downloadable)" for name in DOWNLOADS]
    return ", ".join(names + [f"{name} (in the data folder)" for name in present])


def _read(path):
    """The four arrays of an npz file; nothing in it is ever unpickled."""
    with path.open("rb") as file:
        try:
            archive = zipfile.ZipFile(file)
        except Exception as error:  # zipfile has many ways to say that it is none
            raise ValueError(
                f"{path} is not a complete npz file: delete it, or write it again with numpy.savez."
            ) from error
        missing = [key for key in KEYS if f"{key}.npy" not in archive.namelist()]
        if missing:
            raise ValueError(f"{path} has no {', '.join(missing)}: it must hold the arrays {', '.join(KEYS)}.")
        return {key: _array(archive, key, path) for key in KEYS}


def _array(archive, key, path):
    """One array, in this machine's byte order."""
    try:
        with archive.open(f"{key}.npy") as member:
            array = np.lib.format.read_array(member, allow_pickle=False)
            if member.read(1):
                raise ValueError("The member is longer than its array.")
    except Exception as error:  # whatever was flipped, cut or forged: zip, compression, encryption, header, memory
        if "Object arrays" in str(error):
            raise ValueError(f"{key} in {path} holds Python objects, which are never loaded: save numbers.") from error
        what = "too large for the free memory, or damaged" if isinstance(error, MemoryError) else "damaged"
        raise ValueError(f"{key} in {path} is {what}: delete the file, or write it again.") from error
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))
