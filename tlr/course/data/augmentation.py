"""Crop and flip, as usual for CIFAR: whole batches at a time, wherever the images are."""

import numpy as np
import torch
from torch.nn.functional import pad

__all__ = ["AUGMENTATIONS", "CropFlip", "crop_and_flip"]

PADDING = 4


def crop_and_flip(images, down, right, flip):
    """Pad each image with PADDING black pixels, cut its own window of the old size out, and mirror it or not.

    Args:
        images: (n, channels, height, width), any type.
        down, right: where each window begins, int64 in 0..2·PADDING, (n,).
        flip: which are mirrored left to right, bool, (n,).

    Returns:
        Like `images`, with channels last in memory.
    """
    n, _, height, width = images.shape
    padded = pad(images, (PADDING,) * 4)
    rows = down[:, None] + torch.arange(height, device=images.device)
    columns = torch.arange(width, device=images.device).expand(n, width)
    columns = right[:, None] + torch.where(flip[:, None], width - 1 - columns, columns)
    chosen = torch.arange(n, device=images.device)[:, None, None]
    return padded[chosen, :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


class CropFlip:
    """`crop_and_flip` for one epoch: where each image is cut and whether it is mirrored, drawn from (seed, epoch).

    The draws are the same on every device. They are made for all n images at once, so that an epoch costs one copy to
    the device.
    """

    def __init__(self, n, seed, epoch, device):
        random = np.random.default_rng((seed, epoch, 1))  # `epoch_order` draws from (seed, epoch)
        begin = random.integers(0, 2 * PADDING + 1, (2, n))
        self._down, self._right = torch.from_numpy(begin).to(device)
        self._flip = torch.from_numpy(random.random(n) < 0.5).to(device)

    def __call__(self, images, which):
        """The images number `which` of the training set, int64 (n,), as this epoch shows them."""
        return crop_and_flip(images, *(draw.index_select(0, which) for draw in (self._down, self._right, self._flip)))


#: Name → what makes an epoch's augmentation from (n, seed, epoch, device).
AUGMENTATIONS = {"crop-flip": CropFlip}
