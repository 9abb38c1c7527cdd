"""tlr.course.data.augmentation: each image is cropped and mirrored as one at a time would be, and as often."""

import numpy as np
import pytest
import torch

from tlr.course.data.augmentation import PADDING, CropFlip, crop_and_flip
from tlr.course.training import epoch_order

SHIFTS = 2 * PADDING + 1


def one(image, down, right, flip):
    """The same for one image, (channels, height, width), in plain numpy: pad, crop, mirror."""
    _, height, width = image.shape
    padded = np.pad(image, ((0, 0), (PADDING, PADDING), (PADDING, PADDING)))
    crop = padded[:, down : down + height, right : right + width]
    return crop[:, :, ::-1] if flip else crop


@pytest.mark.parametrize(("channels", "kind"), [(1, np.uint8), (3, np.uint8), (3, np.float32)])
def test_a_batch_is_changed_as_its_images_one_by_one(channels, kind):
    rng = np.random.default_rng(0)
    images = rng.integers(1, 256, (2 * SHIFTS**2, channels, 6, 5)).astype(kind)
    draws = [draw.ravel() for draw in np.meshgrid(np.arange(SHIFTS), np.arange(SHIFTS), [False, True])]
    changed = crop_and_flip(torch.from_numpy(images), *map(torch.from_numpy, draws)).numpy()
    assert changed.dtype == kind
    for image, result, *drawn in zip(images, changed, *draws, strict=True):
        np.testing.assert_array_equal(result, one(image, *drawn))


def outcomes(n, epochs):
    """How often each image came as which of its 2 · 9 · 9 versions, for every version."""
    # The pixel at row r and column c of this image is 1 + 25 r + c, so what is in the middle tells the version.
    rows, columns = np.mgrid[:9, :9]
    image = torch.from_numpy((1 + 25 * rows + columns).astype(np.uint8)).expand(n, 1, 9, 9)
    seen = [CropFlip(n, 0, epoch, "cpu")(image, torch.arange(n))[:, 0, 4, 3:6] for epoch in range(epochs)]
    return np.unique(torch.cat(seen), axis=0, return_counts=True)[1]


def test_every_version_is_as_likely_as_with_independent_draws():
    counts = outcomes(2000, 10)
    assert len(counts) == 2 * SHIFTS**2
    expected = 20_000 / (2 * SHIFTS**2)
    chi_square = np.sum((counts - expected) ** 2) / expected
    freedom = 2 * SHIFTS**2 - 1
    assert abs(chi_square - freedom) < 4 * np.sqrt(2 * freedom)


def test_an_epochs_draws_depend_on_seed_and_epoch_alone():
    images = torch.arange(50 * 36, dtype=torch.float32).reshape(50, 1, 6, 6)
    everything = torch.arange(50)

    def shown(seed, epoch):
        return CropFlip(50, seed, epoch, "cpu")(images, everything)

    torch.rand(3)
    assert torch.equal(shown(0, 0), shown(0, 0))
    assert not torch.equal(shown(0, 0), shown(0, 1))
    assert not torch.equal(shown(0, 0), shown(1, 0))


def test_an_epoch_shows_every_image_once_and_each_the_same_in_whatever_batch_it_comes():
    images = torch.arange(100, dtype=torch.float32)[:, None, None, None].expand(100, 1, 12, 12) + 1
    change = CropFlip(100, 0, 0, "cpu")
    order = epoch_order(100, 0, 0)
    batches = torch.cat([change(images[batch], batch) for batch in order.split(32)])
    assert sorted(batches.amax((1, 2, 3)).tolist()) == list(range(1, 101))
    assert torch.equal(batches, change(images[order], order))
