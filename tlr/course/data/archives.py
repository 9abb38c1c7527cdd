"""The official archives: where they are, what they must hash to, and how their bytes become arrays.

Nothing in an archive is read before its checksum is verified, and nothing is unpickled: there is a binary version of
CIFAR.
"""

import gzip
import struct
import tarfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tlr.course.files import replacing

__all__ = ["ADVICE", "DOWNLOADS", "Archive", "CifarArchive", "download"]

#: What to do where the data folder cannot be written to.
ADVICE = "set TLR_DATA_DIR to a folder that has room and can be written to"


@dataclass(frozen=True)
class Archive:
    """Where a data set's official IDX files are: base addresses in order of preference, and key → (file, SHA-256)."""

    mirrors: tuple[str, ...]
    files: dict[str, tuple[str, str]]

    def arrays(self, fetch):
        """The four arrays; `fetch(mirrors, file, sha256)` gives the path of a checked file."""
        return {key: _idx(fetch(self.mirrors, file, sha256)) for key, (file, sha256) in self.files.items()}


@dataclass(frozen=True)
class CifarArchive:
    """Where the binary version of CIFAR-10 or CIFAR-100 is, and its form.

    Attributes:
        mirrors: base addresses, in order of preference.
        file, sha256: its name there, and its checksum.
        train, test: the members of the archive that hold each split.
        labels: bytes before the pixels of an image; the last of them is the label.
    """

    mirrors: tuple[str, ...]
    file: str
    sha256: str
    train: tuple[str, ...]
    test: tuple[str, ...]
    labels: int

    def arrays(self, fetch):
        """The four arrays; `fetch(mirrors, file, sha256)` gives the path of a checked file."""
        arrays = {}
        with tarfile.open(fetch(self.mirrors, self.file, self.sha256)) as archive:
            for split in ("train", "test"):
                content = b"".join(archive.extractfile(member).read() for member in getattr(self, split))
                rows = np.frombuffer(content, np.uint8).reshape(-1, self.labels + 3 * 32 * 32)
                planes = rows[:, self.labels :].reshape(-1, 3, 32, 32)
                arrays[f"x_{split}"] = np.ascontiguousarray(np.moveaxis(planes, 1, 3))
                arrays[f"y_{split}"] = rows[:, self.labels - 1].copy()
        return arrays


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
    ),
    "cifar10": CifarArchive(
        mirrors=(
            "https://storage.googleapis.com/s4tf-hosted-binaries/datasets/CIFAR10/",
            "https://www.cs.toronto.edu/~kriz/",  # its authors' own; at times it takes an hour
            "https://mindspore-website.obs.cn-north-4.myhuaweicloud.com/notebook/datasets/",
        ),
        file="cifar-10-binary.tar.gz",
        sha256="c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
        train=tuple(f"cifar-10-batches-bin/data_batch_{number}.bin" for number in range(1, 6)),
        test=("cifar-10-batches-bin/test_batch.bin",),
        labels=1,
    ),
    "cifar100": CifarArchive(
        mirrors=(
            "https://www.cs.toronto.edu/~kriz/",
            "https://mindspore-website.obs.cn-north-4.myhuaweicloud.com/notebook/datasets/",
        ),
        file="cifar-100-binary.tar.gz",
        sha256="58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
        train=("cifar-100-binary/train.bin",),
        test=("cifar-100-binary/test.bin",),
        labels=2,  # the superclass and the class
    ),
}


#: A mirror is left when it delivers fewer bytes than this in a period of this many seconds, or more than this in all.
LEAST, PERIOD, MOST = 600_000, 60, 500_000_000


def download(archive, target):
    """Fetch the files of `archive` and write them to `target` as one npz, which appears whole or not at all.

    Raises:
        ConnectionError: no mirror delivered a file.
        OSError: the folder cannot be written to.
    """
    with replacing(target, ADVICE) as part:
        arrays = archive.arrays(lambda mirrors, file, sha256: _fetch(mirrors, file, sha256, target, part.parent))
        np.savez_compressed(part, **arrays)


def _fetch(mirrors, file, sha256, target, destination):
    """Path of the checked file, from the first mirror that delivers it."""
    import pooch
    from requests import RequestException
    from urllib3.exceptions import HTTPError

    reasons = []
    for mirror in mirrors:
        try:
            return pooch.retrieve(mirror + file, f"sha256:{sha256}", file, destination, downloader=_deliver)
        except (RequestException, HTTPError, UnicodeError, _Left) as error:
            reasons.append(f"{mirror} ({error if isinstance(error, _Left) else type(error).__name__})")
        except ValueError:  # pooch's word for a checksum that does not match
            reasons.append(f"{mirror} (wrong checksum)")
    raise ConnectionError(
        f"{target.stem} could not be downloaded: no mirror delivered {file}: {', '.join(reasons)}. "
        f"Connect to the internet and run this again, or put {target.name} into {target.parent}."
    )


class _Left(Exception):
    """A mirror that is too slow, or that does not end."""


def _deliver(url, path, _):
    """Write what the address delivers to a file, with a progress bar."""
    import requests
    from tqdm.auto import tqdm

    with requests.get(url, stream=True, timeout=30) as response:
        response.raise_for_status()
        size = int(response.headers.get("Content-Length", 0)) or None
        bar = tqdm(total=size, unit="B", unit_scale=True, desc=url.rpartition("/")[2], delay=1)
        with open(path, "wb") as file, bar:
            begun, before = time.monotonic(), 0
            while chunk := response.raw.read1(2**16, decode_content=True):  # what has come, without waiting for more
                bar.update(file.write(chunk))
                if file.tell() > MOST:
                    raise _Left(f"more than {MOST // 10**6} MB")
                if time.monotonic() - begun > PERIOD:
                    if file.tell() - before < LEAST:
                        raise _Left("too slow")
                    begun, before = time.monotonic(), file.tell()


def _idx(path):
    """The uint8 array in a gzipped IDX file: two zero bytes, type 8, the number of axes, their lengths, the values."""
    content = gzip.decompress(Path(path).read_bytes())
    axes = content[3]
    shape = struct.unpack_from(f">{axes}I", content, 4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * axes).reshape(shape)
