"""Real data: digits (embedded), MNIST (downloaded once), or any NAME.npz of the same form.

A data set is a file NAME.npz with uint8 images `x_train`, `x_test` of shape (n, height, width) or
(n, height, width, channels) and integer labels `y_train`, `y_test` of shape (n,): the keys of Keras' mnist.npz.
It lies in the folder that the environment variable TLR_DATA_DIR names, or else in the user's cache folder.

Sources:
    digits: 1,797 handwritten digits of 8 × 8 pixels; E. Alpaydin and C. Kaynak, Optical Recognition of
        Handwritten Digits, UCI Machine Learning Repository, 1998, doi:10.24432/C50P49, CC BY 4.0; as distributed by
        scikit-learn (`load_digits`), its gray levels 0..16 rescaled to 0..255. Every fifth digit of each class is
        in the test set.
    mnist: 70,000 handwritten digits of 28 × 28 pixels; Y. LeCun, C. Cortes and C. Burges, The MNIST Database.
"""

import gzip
import hashlib
import os
import struct
import tempfile
import zipfile
import zlib
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path

import numpy as np

__all__ = ["Archive", "Data", "folder", "load", "normalize"]

KEYS = ("x_train", "y_train", "x_test", "y_test")
EMBEDDED = ("digits",)


@dataclass(frozen=True)
class Archive:
    """Where a data set's official IDX files are: base addresses in order of preference, and key → (file, SHA-256)."""

    mirrors: tuple[str, ...]
    files: dict[str, tuple[str, str]]


DOWNLOADS = {
    "mnist": Archive(
        mirrors=(
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
            "https://raw.githubusercontent.com/fgnt/mnist/master/",
        ),
        files={
            "x_train": (
                "train-images-idx3-ubyte.gz",
                "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
            ),
            "y_train": (
                "train-labels-idx1-ubyte.gz",
                "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
            ),
            "x_test": (
                "t10k-images-idx3-ubyte.gz",
                "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
            ),
            "y_test": (
                "t10k-labels-idx1-ubyte.gz",
                "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
            ),
        },
    )
}


@dataclass(frozen=True)
class Data:
    """A data set in memory.

    Attributes:
        name: what `load` was asked for.
        x_train, x_test: images, uint8, (n, height, width) or (n, height, width, channels).
        y_train, y_test: labels 0, 1, …, integers, (n,).

    Raises:
        ValueError: the arrays do not have these types and shapes.
    """

    name: str
    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray

    def __post_init__(self):
        problem = _problem(self)
        if problem:
            raise ValueError(f"Data set {self.name!r}: {problem}.")

    @property
    def inputs(self):
        """Numbers in one image: height × width × channels."""
        return int(np.prod(self.x_train.shape[1:]))

    @property
    def classes(self):
        """Number of classes: the largest label plus one."""
        return int(max(self.y_train.max(), self.y_test.max())) + 1

    @property
    def checksum(self):
        """SHA-256 of the four arrays (types, shapes and values, however they are stored), in hexadecimal."""
        digest = hashlib.sha256()
        for key in KEYS:
            array = np.ascontiguousarray(getattr(self, key))
            digest.update(f"{key} {array.dtype.str} {array.shape}".encode())
            digest.update(array)
        return digest.hexdigest()

    def tensors(self, device="cpu"):
        """(x_train, y_train, x_test, y_test) as torch tensors on `device`.

        Images are uint8 of shape (n, channels, height, width), as torch's convolutions want them; labels are int64.
        """
        import torch

        def images(x):
            x = x[..., None] if x.ndim == 3 else x
            return torch.tensor(np.moveaxis(x, -1, 1), device=device)

        def labels(y):
            return torch.tensor(y, dtype=torch.int64, device=device)

        return images(self.x_train), labels(self.y_train), images(self.x_test), labels(self.y_test)


def normalize(images):
    """Pixels 0..255 (a uint8 tensor of any shape) as float32 in [−1, 1]: (x/255 − 0.5)/0.5."""
    return images.float().div_(127.5).sub_(1)


def folder():
    """The folder of NAME.npz files: $TLR_DATA_DIR, or else the user's cache folder."""
    if chosen := os.environ.get("TLR_DATA_DIR"):
        return Path(chosen).expanduser()
    from platformdirs import user_cache_path

    return user_cache_path("tlr")


def load(name="digits"):
    """Load a data set by name: "digits" (embedded), "mnist" (downloaded once), or NAME.npz in `folder()`.

    Args:
        name: default "digits", which needs no network.

    Returns:
        A `Data`.

    Raises:
        ValueError: no such data set, or a file that does not have the form described above.
        ConnectionError: the data set has to be downloaded, and no mirror delivered it.
        OSError: the data folder cannot be written to.
    """
    if name in EMBEDDED:
        with as_file(files("tlr") / f"{name}.npz") as path:
            return Data(name, **_read(path))
    path = folder() / f"{name}.npz"
    known = path.name == f"{name}.npz" and path.is_file()
    if not known and name not in DOWNLOADS:
        raise ValueError(
            f"Unknown data set {name!r}: there are {_listed()}. To use your own, put NAME.npz into {folder()}."
        )
    if not known:
        _download(DOWNLOADS[name], path)
    return Data(name, **_read(path))


def _listed():
    present = sorted(path.stem for path in folder().glob("*.npz") if path.stem not in (*EMBEDDED, *DOWNLOADS))
    names = [f"{name} (embedded)" for name in EMBEDDED] + [f"{name} (downloadable)" for name in DOWNLOADS]
    return ", ".join(names + [f"{name} (in the data folder)" for name in present])


def _read(path):
    """The four arrays of an npz file; nothing in it is ever unpickled."""
    if not zipfile.is_zipfile(path):
        raise ValueError(f"{path} is not a complete npz file: delete it, or write it again with numpy.savez.")
    with np.load(path, allow_pickle=False) as file:
        missing = [key for key in KEYS if key not in file]
        if missing:
            raise ValueError(f"{path} has no {', '.join(missing)}: it must hold the arrays {', '.join(KEYS)}.")
        return {key: _array(file, key, path) for key in KEYS}


def _array(file, key, path):
    try:
        return file[key]
    except ValueError as error:
        raise ValueError(f"{key} in {path} holds Python objects, which are never loaded: save numbers.") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
        raise ValueError(f"{key} in {path} is damaged: delete the file, or write it again.") from error


def _problem(data):
    """What is wrong with the arrays of a data set, in words, or None."""
    for split in ("train", "test"):
        x, y = getattr(data, f"x_{split}"), getattr(data, f"y_{split}")
        if x.dtype != np.uint8 or x.ndim not in (3, 4) or x.size == 0:
            return (
                f"x_{split} must be uint8 images of shape (n, height, width) or (n, height, width, channels), "
                f"not {x.dtype} of shape {x.shape}"
            )
        if y.dtype.kind not in "iu" or y.shape != x.shape[:1] or y.min() < 0:
            return (
                f"y_{split} must be labels 0, 1, … of shape ({len(x)},), one for each image of x_{split}, "
                f"not {y.dtype} of shape {y.shape}"
            )
    if data.x_train.shape[1:] != data.x_test.shape[1:]:
        return f"training and test images differ in shape: {data.x_train.shape[1:]} and {data.x_test.shape[1:]}"
    return None


def _download(archive, target):
    """Fetch the IDX files of `archive` and write them to `target` as one npz, which appears whole or not at all."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        scratch = tempfile.TemporaryDirectory(prefix=f".{target.stem}-", dir=target.parent)
    except OSError as error:
        raise OSError(
            f"The data folder {target.parent} cannot be written to ({error.strerror}): "
            "set TLR_DATA_DIR to a folder that can."
        ) from error
    with scratch:
        arrays = {
            key: _idx(_fetch(archive.mirrors, file, sha256, target, scratch.name))
            for key, (file, sha256) in archive.files.items()
        }
        part = Path(scratch.name) / target.name
        np.savez_compressed(part, **arrays)
        os.replace(part, target)


def _fetch(mirrors, file, sha256, target, destination):
    """Path of the checked file, from the first mirror that delivers it."""
    import pooch
    from requests import RequestException

    reasons = []
    for mirror in mirrors:
        try:
            return pooch.retrieve(
                mirror + file,
                known_hash=f"sha256:{sha256}",
                fname=file,
                path=destination,
                downloader=pooch.HTTPDownloader(timeout=30),
            )
        except RequestException as error:
            reasons.append(f"{mirror} ({type(error).__name__})")
        except ValueError:  # pooch's word for a checksum that does not match
            reasons.append(f"{mirror} (wrong checksum)")
    raise ConnectionError(
        f"{target.stem} could not be downloaded: no mirror delivered {file}: {', '.join(reasons)}. "
        f"Connect to the internet and run this again, or put {target.name} into {target.parent}."
    )


def _idx(path):
    """The uint8 array in a gzipped IDX file: two zero bytes, type 8, the number of axes, their lengths, the values."""
    content = gzip.decompress(Path(path).read_bytes())
    axes = content[3]
    shape = struct.unpack_from(f">{axes}I", content, 4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * axes).reshape(shape)
