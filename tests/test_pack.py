"""tlr.course.data.pack: a folder of images becomes a data set, or one sentence says which of them is in the way."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

from tlr.course.data import load
from tlr.course.data.pack import main, pack

digits = load("digits")


def write(folder, train=20, val=5):
    """So many digits of each of three classes, as PNG files that lie as ImageNet's do."""
    for name, x, y, n in (
        ("train", digits.x_train, digits.y_train, train),
        ("val", digits.x_test, digits.y_test, val),
    ):
        for digit, word in enumerate(("zero", "one", "two")):
            (folder / name / word).mkdir(parents=True)
            for number, pixels in enumerate(x[y == digit][:n]):
                Image.fromarray(pixels).save(folder / name / word / f"{number}.PNG")
    return folder


@pytest.fixture
def images(tmp_path):
    return write(tmp_path / "images")


@pytest.fixture(autouse=True)
def data_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("TLR_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


def test_every_image_is_there_once_with_its_class(images):
    pack(images, "words", size=8, jobs=1)
    packed = load("words")
    assert (packed.x_train.shape, packed.x_test.shape) == ((60, 8, 8, 3), (15, 8, 8, 3))
    for x, y, all_x, all_y, n in (
        (packed.x_train, packed.y_train, digits.x_train, digits.y_train, 20),
        (packed.x_test, packed.y_test, digits.x_test, digits.y_test, 5),
    ):
        for label, digit in enumerate((1, 2, 0)):  # one, two, zero
            ours = sorted(image[:, :, 0].tobytes() for image in x[y == label])
            assert ours == sorted(image.tobytes() for image in all_x[all_y == digit][:n])
        assert np.ptp(x, axis=3).max() == 0, "gray in all three channels"


def test_the_first_images_are_a_sample_of_all_classes_and_the_same_every_time(images):
    for name in ("once", "twice"):
        pack(images, name, size=8, jobs=1)
    assert load("once").checksum == load("twice").checksum
    assert set(load("once-15").y_train) == {0, 1, 2}


@pytest.mark.parametrize(("shape", "suffix"), [((90, 300), "JPEG"), ((300, 90), "png"), ((600, 1800), "jpg")])
def test_a_large_image_is_cut_to_its_central_square_and_scaled(images, shape, suffix):
    picture = np.zeros((*shape, 3), np.uint8)
    middle = (slice((shape[0] - min(shape)) // 2, None), slice((shape[1] - min(shape)) // 2, None))
    picture[middle][: min(shape), : min(shape)] = (200, 100, 50)
    for split in ("train", "val"):
        (images / split / "flag").mkdir()
        Image.fromarray(picture).save(images / split / "flag" / f"1.{suffix}", quality=95)
    pack(images, "flags", size=32, jobs=1)
    flags = load("flags")
    (square,) = flags.x_test[flags.y_test == 0]
    assert np.abs(square[1:-1, 1:-1].astype(int) - (200, 100, 50)).max() < 8


def packed(images, picture, suffix="png", **options):
    """What becomes of one picture, 8 × 8: its pixels, int (8, 8, 3)."""
    for split in ("train", "val"):
        (images / split / "odd").mkdir()
        picture.save(images / split / "odd" / f"1.{suffix}", **options)
    pack(images, "odd", size=8, jobs=1)
    (square,) = load("odd").x_test[load("odd").y_test == 0]
    return square.astype(int)


def ramp():
    """Gray levels that rise from left to right, 0..255, (8, 8)."""
    return np.tile(np.linspace(0, 255, 8).round().astype(np.uint8), (8, 1))


def test_sixteen_bits_are_scaled_to_eight(images):
    picture = Image.fromarray(ramp().astype(np.uint16) * 257)
    assert picture.mode == "I;16"
    np.testing.assert_array_equal(packed(images, picture, "tiff")[..., 0], ramp())


def test_a_photo_is_turned_as_its_exif_data_say(images):
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned by a quarter
    upright = packed(images, Image.fromarray(ramp()), "tiff", exif=exif)
    np.testing.assert_array_equal(upright[..., 0], np.rot90(ramp(), -1))


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_transparent_lies_on_white(images, mode):
    picture = Image.fromarray(np.dstack([np.zeros((8, 8, 3), np.uint8), ramp()]))
    picture = Image.new("P", (8, 8)) if mode == "P" else picture.convert(mode)
    options = {"transparency": 0} if mode == "P" else {}
    np.testing.assert_array_equal(packed(images, picture, **options)[..., 1], 255 if mode == "P" else 255 - ramp())


def test_notes_of_macos_beside_the_images_are_none(images):
    (images / "train" / "one" / "._3.PNG").write_bytes(b"\x00\x05\x16\x07")
    pack(images, "words", size=8, jobs=1)
    assert len(load("words").x_train) == 60


def no_folder(images):
    (images / "val").rename(images / "test")
    return r"^There is no folder .*val: it must hold a folder of images for every class\.$"


def no_classes(images):
    for path in (images / "val").rglob("*.PNG"):
        path.rename(images / "val" / f"{path.parent.name}_{path.name}")
    for path in (images / "val").iterdir():
        if path.is_dir():
            path.rmdir()
    return r"^.*val holds no folders: sort its images into one for every class\.$"


def empty_class(images):
    for path in (images / "train" / "two").iterdir():
        path.rename(path.with_suffix(".txt"))
    return r"^.*train/two holds no image: fill the folder, or remove it from train and val\.$"


def other_classes(images):
    (images / "val" / "two").rename(images / "val" / "three")
    return r"^train and val must have the same classes; only one of them has three, two\.$"


def no_image(images):
    (images / "train" / "one" / "3.PNG").write_text("not an image", encoding="utf-8")
    return r"^.*train/one/3\.PNG cannot be read as an image \(.*\): replace it, or delete it\.$"


def half_an_image(images):
    path = images / "val" / "zero" / "1.PNG"
    path.write_bytes(path.read_bytes()[:-30])
    return r"^.*val/zero/1\.PNG cannot be read as an image \(.*\): replace it, or delete it\.$"


def floats(images):
    Image.fromarray(np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8)).save(images / "val" / "zero" / "1.tiff")
    return (
        r"^.*val/zero/1\.tiff cannot be read as an image \(its pixels have 32 bits, .*\): replace it, or delete it\.$"
    )


def postscript(images):
    """Pillow would start Ghostscript for it."""
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(images / "val" / "zero" / "1.eps")
    (images / "val" / "zero" / "1.eps").rename(images / "val" / "zero" / "1.PNG")
    return (
        r"^.*val/zero/1\.PNG cannot be read as an image \(cannot identify image file .*\): replace it, or delete it\.$"
    )


def class_above(images):
    (images / "train" / "all").symlink_to(images / "train")
    return r"^.*train/all is a link to a folder that it lies in: remove it\.$"


@pytest.mark.parametrize(
    "spoil",
    [
        no_folder,
        no_classes,
        empty_class,
        other_classes,
        no_image,
        half_an_image,
        floats,
        postscript,
        pytest.param(class_above, marks=pytest.mark.skipif(os.name == "nt", reason="Links need rights on Windows.")),
    ],
)
def test_what_is_in_the_way_is_named_and_nothing_is_left_behind(images, data_folder, spoil):
    said = spoil(images)
    with pytest.raises(SystemExit, match=said):
        main([str(images), "words", "--size", "8", "--jobs", "1"])
    assert not list(data_folder.glob("*")) + list(data_folder.glob(".*"))


@pytest.mark.parametrize("name", ["cifar10", "cifar10-500", "cifar10-lower", "digits", "multi30k", "../words", ""])
def test_a_name_that_cannot_be_is_refused(images, name):
    with pytest.raises(ValueError, match=r"cannot be the name: choose another, of letters, digits, dots and dashes\."):
        pack(images, name)


def test_a_data_set_is_never_overwritten(images):
    before = pack(images, "words", size=8, jobs=1).read_bytes()
    with pytest.raises(ValueError, match=r"^There is a .*words\.npz already: delete it, or choose another name\.$"):
        pack(images, "words", size=4, jobs=1)
    assert (images.parent / "data" / "words.npz").read_bytes() == before


def test_too_little_room_is_said_before_anything_is_read(images, data_folder):
    with pytest.raises(OSError, match=r"^words needs \d+\.\d GB, and .* has room for .*: make room, set TLR_DATA_DIR"):
        pack(images, "words", size=1_000_000)
    assert not list(data_folder.glob("*"))


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals.")
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_stopped_half_way_it_leaves_nothing_behind(images, data_folder, sent):
    os.mkfifo(images / "train" / "one" / "blocks.PNG")  # reading it waits
    command = [sys.executable, "-m", "tlr.course.data.pack", images, "words", "--size", "8", "--jobs", "1"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, encoding="utf-8")
    end = time.monotonic() + 60
    while not list(data_folder.glob(".words.npz-*/words.npz")):
        assert process.poll() is None
        assert time.monotonic() < end
        time.sleep(0.05)
    time.sleep(0.3)
    process.send_signal(sent)
    assert process.communicate(timeout=60)[1].splitlines()[-1] == "Stopped: nothing is left behind."
    assert not list(data_folder.glob("*")) + list(data_folder.glob(".*"))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs ps as Linux has it")
def test_a_worker_that_is_killed_is_one_sentence_and_leaves_nothing_behind(images, data_folder):
    for number in range(2):
        os.mkfifo(images / "train" / "one" / f"blocks-{number}.PNG")  # reading it waits
    command = [sys.executable, "-m", "tlr.course.data.pack", images, "words", "--size", "8", "--jobs", "2"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, encoding="utf-8")
    workers, end = [], time.monotonic() + 60
    while not workers:
        assert process.poll() is None
        assert time.monotonic() < end
        listed = subprocess.run(
            ["ps", "-ww", "-o", "pid=,args=", "--ppid", str(process.pid)], capture_output=True, encoding="utf-8"
        )
        workers = [int(line.split()[0]) for line in listed.stdout.splitlines() if "popen_loky" in line]
        time.sleep(0.05)
    os.kill(workers[0], signal.SIGKILL)
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 1
    assert "A worker was ended from outside, most likely because memory ran out: run with fewer jobs" in said
    assert "Traceback" not in said
    assert not list(data_folder.glob("*")) + list(data_folder.glob(".*"))


def test_several_processes_read_the_same(images):
    for name, jobs in (("alone", 1), ("together", 2)):
        pack(images, name, size=8, jobs=jobs)
    assert load("alone").checksum == load("together").checksum
