"""A data set of images in memory, and what a network gets to see of it."""

import hashlib
from dataclasses import dataclass
from functools import partial

import numpy as np

__all__ = ["KEYS", "Arrays", "Data", "normalize"]

KEYS = ("x_train", "y_train", "x_test", "y_test")
MOST_CLASSES = 100_000  # a network has an output for each


@dataclass(frozen=True)
class Arrays:
    """What every data set in memory has: its name, and what is learned from and tested on."""

    name: str
    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray

    @property
    def checksum(self):
        """SHA-256 of the four arrays (types, shapes and values, however they are stored), in hexadecimal."""
        digest = hashlib.sha256()
        for key in KEYS:
            array = np.ascontiguousarray(getattr(self, key))
            digest.update(f"{key} {array.dtype.str} {array.shape}".encode())
            digest.update(array)
        return digest.hexdigest()


@dataclass(frozen=True)
class Data(Arrays):
    """Images in memory.

    Attributes:
        name: what `load` was asked for.
        x_train, x_test: images, uint8, (n, height, width) or (n, height, width, channels).
        y_train, y_test: labels 0, 1, …, integers, (n,).
        mean, std: what `normalizer` subtracts and divides by, of pixels 0..1: one number for all channels, or one for
            each (default 0.5 and 0.5).

    Raises:
        ValueError: the arrays do not have these types and shapes.
    """

    mean: tuple[float, ...] = (0.5,)
    std: tuple[float, ...] = (0.5,)

    def __post_init__(self):
        problem = _problem(self)
        if problem:
            raise ValueError(f"Data set {self.name!r}: {problem}.")

    @property
    def inputs(self):
        """Numbers in one image: height × width × channels."""
        return int(np.prod(self.x_train.shape[1:]))

    @property
    def channels(self):
        """Channels of an image: 1 where it is gray."""
        return self.x_train.shape[3] if self.x_train.ndim == 4 else 1

    @property
    def classes(self):
        """Number of classes: the largest label plus one."""
        return int(max(self.y_train.max(), self.y_test.max())) + 1

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

    def normalizer(self, device="cpu"):
        """`normalize` with this data set's mean and standard deviation: uint8 images on `device` → float32.

        Images in colour come with their channels last in memory, as fast convolutions want them.
        """
        import torch

        def numbers(values):
            return values[0] if len(values) == 1 else torch.tensor(values, device=device)[:, None, None]

        scaled = partial(normalize, mean=numbers(self.mean), std=numbers(self.std))
        if self.channels == 1:
            return scaled
        return lambda images: scaled(images).contiguous(memory_format=torch.channels_last)


def normalize(images, mean=0.5, std=0.5):
    """Pixels 0..255 (a tensor of any shape) as new float32 ones: (x/255 − mean)/std, by default in [−1, 1]."""
    import torch

    return images.to(torch.float32, copy=True).div_(255 * std).sub_(mean / std)


def _problem(data):
    """What is wrong with the arrays of a data set, in words, or None."""
    for split in ("train", "test"):
        x, y = getattr(data, f"x_{split}"), getattr(data, f"y_{split}")
        if x.dtype != np.uint8 or x.ndim not in (3, 4) or x.size == 0:
            return (
                f"x_{split} must be uint8 images of shape (n, height, width) or (n, height, width, channels), "
                f"not {x.dtype} of shape {x.shape}"
            )
        if y.dtype.kind not in "iu" or y.shape != x.shape[:1]:
            return (
                f"y_{split} must be labels 0, 1, … of shape ({len(x)},), one for each image of x_{split}, "
                f"not {y.dtype} of shape {y.shape}"
            )
        if not 0 <= y.min() <= y.max() < MOST_CLASSES:
            return f"y_{split} must be labels 0, 1, …, and has {y.min()} to {y.max()}: number the classes from 0"
    if data.x_train.shape[1:] != data.x_test.shape[1:]:
        return f"training and test images differ in shape: {data.x_train.shape[1:]} and {data.x_test.shape[1:]}"
    return None
