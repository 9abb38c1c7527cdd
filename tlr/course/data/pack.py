"""A folder of images as NAME.npz: ImageNet, or any other that lies in the same way.

    python -m tlr.course.data.pack ~/imagenet imagenet64 --size 64

The folder holds train/CLASS/… and val/CLASS/…, with the same classes in both. Each image is turned as its EXIF data
say, put on white where it is transparent, cut to its central square and scaled to --size; the classes are numbered in
the order of their names. The file appears when it is whole, in the data folder, where `tlr.course.data.load` finds it;
what is stopped before leaves nothing behind.
"""

import argparse
import re
import shutil
import sys
import zipfile
from pathlib import Path

import joblib
import numpy as np
from PIL import Image, ImageOps
from tqdm.auto import tqdm

from tlr.course.console import stopped_by_signals, writes_any_script
from tlr.course.data.archives import ADVICE, DOWNLOADS
from tlr.course.data.loading import EMBEDDED, folder
from tlr.course.data.text import MULTI30K
from tlr.course.files import replacing
from tlr.course.workers import living_workers

__all__ = ["pack"]

SPLITS = {"train": "train", "test": "val"}
#: What Pillow reads by itself: no other program is started.
FORMATS = ("BMP", "GIF", "JPEG", "JPEG2000", "PNG", "PPM", "TIFF", "WEBP")
_AT_A_TIME = 64


def pack(images, name, size=64, jobs=-1):
    """Write NAME.npz from a folder of images.

    Args:
        images: a folder with train/CLASS/… and val/CLASS/…, with images in one of `FORMATS`, of 8 or 16 bits a channel.
        name: what `tlr.course.data.load` will be asked for.
        size: height and width that the images get, in pixels (default 64).
        jobs: processes that read (default −1: one for each core).

    Returns:
        The path of the file: uint8 images (n, size, size, 3) of each split in an order drawn once, so that the first N
        are a sample, and int64 labels.

    Raises:
        ValueError: a name that is taken, a folder that does not lie as it should, an image that cannot be read.
        OSError: the data folder cannot be written to, or has too little room.
        MemoryError: a worker was killed, as the system does where memory runs out.
    """
    taken = (*EMBEDDED, *DOWNLOADS, MULTI30K)
    if not re.fullmatch(r"\w[\w.-]*", name) or name in taken or re.sub(r"(-(\d+|lower|upper))+$", "", name) in taken:
        raise ValueError(f"{name!r} cannot be the name: choose another, of letters, digits, dots and dashes.")
    if size < 1:
        raise ValueError(f"size is in pixels, at least 1, not {size}.")
    target = folder() / f"{name}.npz"
    if target.exists():
        raise ValueError(f"There is a {target} already: delete it, or choose another name.")
    found = {split: _classes(Path(images).expanduser() / subfolder) for split, subfolder in SPLITS.items()}
    if differ := sorted(found["train"].keys() ^ found["test"].keys()):
        raise ValueError(f"train and val must have the same classes; only one of them has {', '.join(differ[:5])}.")
    count = sum(len(paths) for classes in found.values() for paths in classes.values())
    with (
        living_workers("nothing is left behind"),
        replacing(target, ADVICE) as part,
        zipfile.ZipFile(part, "w") as archive,
        tqdm(total=count, unit="image", smoothing=0.05) as bar,
    ):
        needed, free = count * size * size * 3, shutil.disk_usage(part.parent).free
        if needed > free:
            raise OSError(
                f"{name} needs {needed / 1e9:.1f} GB, and {target.parent} has room for {free / 1e9:.1f}: make room, "
                "set TLR_DATA_DIR to another folder, or choose a smaller size."
            )
        for split, classes in found.items():
            paths, labels = _shuffled(classes)
            with archive.open(f"y_{split}.npy", "w") as file:
                np.lib.format.write_array(file, labels)
            # By and by, because all of ImageNet need not fit into memory here.
            with archive.open(f"x_{split}.npy", "w", force_zip64=True) as file:
                header = {"descr": "|u1", "fortran_order": False, "shape": (len(paths), size, size, 3)}
                np.lib.format.write_array_header_1_0(file, header)
                chunks = (paths[start : start + _AT_A_TIME] for start in range(0, len(paths), _AT_A_TIME))
                read = joblib.Parallel(n_jobs=jobs, return_as="generator")
                for pixels in read(joblib.delayed(_pixels)(chunk, size) for chunk in chunks):
                    file.write(pixels.tobytes())
                    bar.update(len(pixels))
    return target


def _classes(split):
    """Class → paths of its images, both in the order of their names."""
    if not split.is_dir():
        raise ValueError(f"There is no folder {split}: it must hold a folder of images for every class.")
    suffixes = {suffix for suffix, form in Image.registered_extensions().items() if form in FORMATS}
    folders = [entry for entry in sorted(split.iterdir()) if entry.is_dir()]
    if above := [entry for entry in folders if split.resolve().is_relative_to(entry.resolve())]:
        raise ValueError(f"{above[0]} is a link to a folder that it lies in: remove it.")
    classes = {
        entry.name: [path for path in sorted(entry.rglob("*")) if _is_image(path, suffixes)] for entry in folders
    }
    if not classes:
        raise ValueError(f"{split} holds no folders: sort its images into one for every class.")
    if empty := [name for name, paths in classes.items() if not paths]:
        raise ValueError(f"{split / empty[0]} holds no image: fill the folder, or remove it from train and val.")
    return classes


def _is_image(path, suffixes):
    return path.suffix.lower() in suffixes and not path.name.startswith("._")  # macOS' notes beside a file


def _shuffled(classes):
    """The paths and labels of all classes, in an order that is the same every time."""
    paths = [path for members in classes.values() for path in members]
    labels = np.repeat(np.arange(len(classes)), [len(members) for members in classes.values()])
    order = np.random.default_rng(0).permutation(len(paths))
    return [paths[row] for row in order], labels[order]


def _pixels(paths, size):
    """Their central squares, scaled: uint8 (n, size, size, 3)."""
    return np.stack([_square(path, size) for path in paths])


def _square(path, size):
    try:
        with Image.open(path, formats=FORMATS) as image:
            image.draft("RGB", (2 * size, 2 * size))  # a large JPEG is decoded at a fraction of its size
            upright = ImageOps.exif_transpose(image)
            return np.asarray(ImageOps.fit(_opaque(upright), (size, size), Image.Resampling.BICUBIC))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise ValueError(f"{path} cannot be read as an image ({error}): replace it, or delete it.") from None


def _opaque(image):
    """The image in RGB, eight bits a channel: 16 bits are scaled, what is transparent lies on white."""
    if image.mode.startswith("I;16"):
        image = Image.fromarray((np.asarray(image) / 257).round().astype(np.uint8))
    elif image.mode in ("I", "F"):
        raise ValueError("its pixels have 32 bits, whose range nobody knows: save it with 8 or 16")
    elif image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")


def main(arguments=None):
    parser = argparse.ArgumentParser(
        "python -m tlr.course.data.pack", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("images", metavar="FOLDER", help="with train/CLASS/… and val/CLASS/…")
    parser.add_argument("name", metavar="NAME", help="what the data set will be called")
    parser.add_argument("--size", type=int, default=64, help="height and width in pixels (default: 64)")
    parser.add_argument("--jobs", type=int, default=-1, help="processes that read (default: one for each core)")
    writes_any_script()
    chosen = vars(parser.parse_args(arguments))
    try:
        with stopped_by_signals():
            print(f"Written: {pack(**chosen)}")
    except (OSError, ValueError, MemoryError) as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("Stopped: nothing is left behind.")


if __name__ == "__main__":
    main()
