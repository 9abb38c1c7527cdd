"""tlr.course.data: what may be loaded, what is refused and how, and the download over a real (local) HTTP server."""

import gzip
import hashlib
import io
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import tarfile
import threading
import zipfile
from contextlib import contextmanager, suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import torch

import tlr.course.data
from tlr.course.data import Archive, CifarArchive, Data, archives, load, normalize

MNIST = Path(os.environ.get("TLR_DATA_DIR", "/nonexistent")) / "mnist.npz"
#: MD5 of the four official IDX files, unpacked; published in many places.
IDX_MD5 = {
    "x_train": "6bbc9ace898e44ae57da46a324031adb",
    "y_train": "a25bea736e30d166cdddb491f175f624",
    "x_test": "2646ac647ad5339dbf082846283269ea",
    "y_test": "27ae3e4e09519cfbb04c329615203637",
}


def idx(array):
    """The IDX file of a uint8 array."""
    return bytes((0, 0, 8, array.ndim)) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def arrays(n=6, shape=(4, 3)):
    rng = np.random.default_rng(0)
    return {
        "x_train": rng.integers(0, 256, (n, *shape), np.uint8),
        "y_train": (np.arange(n) % 3).astype(np.uint8),
        "x_test": rng.integers(0, 256, (2, *shape), np.uint8),
        "y_test": np.array([0, 1], np.uint8),
    }


@pytest.fixture
def data_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("TLR_DATA_DIR", str(tmp_path))
    return tmp_path


# ---------------------------------------------------------------------------------------------- digits


def test_digits_are_scikit_learns():
    oracle = pytest.importorskip("sklearn.datasets").load_digits()
    digits = load("digits")
    place_in_class = np.zeros(len(oracle.target), int)
    for label in range(10):
        place_in_class[oracle.target == label] = np.arange(np.sum(oracle.target == label))
    test = place_in_class % 5 == 4
    images = np.rint(oracle.images * 255 / 16)
    np.testing.assert_array_equal(digits.x_test, images[test])
    np.testing.assert_array_equal(digits.y_test, oracle.target[test])
    np.testing.assert_array_equal(digits.x_train, images[~test])
    np.testing.assert_array_equal(digits.y_train, oracle.target[~test])


def test_digits_need_no_folder(monkeypatch):
    monkeypatch.setenv("TLR_DATA_DIR", "/nonexistent")
    digits = load()
    assert (digits.name, digits.inputs, digits.classes) == ("digits", 64, 10)
    assert (len(digits.x_train), len(digits.x_test)) == (1442, 355)


def test_digits_are_split_within_each_class():
    digits = load()
    share = np.bincount(digits.y_test) / np.bincount(np.concatenate([digits.y_train, digits.y_test]))
    assert np.all((share > 0.19) & (share <= 0.2))


def test_loading_digits_imports_neither_torch_nor_pooch():
    code = (
        "import sys; from tlr.course import data; data.load('digits'); print({'torch', 'pooch'} & sys.modules.keys())"
    )
    assert subprocess.check_output([sys.executable, "-c", code], encoding="utf-8").strip() == "set()"


# ------------------------------------------------------------------------------------------------ MNIST


@pytest.mark.skipif(not MNIST.is_file(), reason="needs mnist.npz in $TLR_DATA_DIR")
def test_mnist_is_the_official_one():
    mnist = load("mnist")
    assert {key: hashlib.md5(idx(getattr(mnist, key))).hexdigest() for key in IDX_MD5} == IDX_MD5


# ------------------------------------------------------------------------------------- bring your own data


@pytest.mark.parametrize("shape", [(4, 3), (4, 3, 3)])
def test_any_npz_of_the_folder(data_folder, shape):
    own = arrays(shape=shape)
    np.savez(data_folder / "own.npz", **own)
    data = load("own")
    for key, array in own.items():
        np.testing.assert_array_equal(getattr(data, key), array)
    assert (data.inputs, data.classes) == (np.prod(shape), 3)


def test_default_folder_is_the_users_cache(monkeypatch, tmp_path):
    monkeypatch.delenv("TLR_DATA_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    folder = tlr.course.data.folder()
    assert folder.is_absolute()
    assert "tlr" in folder.name


@pytest.mark.parametrize("name", ["mnits", "../own", "", "own.npz"])
def test_unknown_name_says_what_there_is(data_folder, name):
    np.savez(data_folder / "own.npz", **arrays())
    expected = re.escape(
        f"Unknown data set {name!r}: there are digits (embedded), mnist (downloadable), cifar10 (downloadable), "
        f"cifar100 (downloadable), own (in the data folder). "
        f"To use your own, put NAME.npz into {data_folder}: "
        "python -m tlr.course.data.pack makes it from a folder of images."
    )
    with pytest.raises(ValueError, match=f"^{expected}$"):
        load(name)


def broken(**changes):
    """The arrays of a data set with some replaced, or left out where None."""
    return {key: array for key, array in {**arrays(), **changes}.items() if array is not None}


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        (broken(x_test=None), r"has no x_test: it must hold the arrays x_train, y_train, x_test, y_test\.$"),
        (broken(x_train=None, y_test=None), r"has no x_train, y_test: "),
        (broken(y_train=np.array([print] * 6)), r"y_train in .* holds Python objects, which are never loaded"),
        (broken(x_train=np.zeros((6, 12), np.uint8)), r"x_train must be uint8 images .* not uint8 of shape \(6, 12\)"),
        (broken(x_train=np.zeros((6, 4, 3))), r"x_train must be uint8 images .* not float64 of shape"),
        (broken(x_test=np.zeros((0, 4, 3), np.uint8)), r"x_test must be uint8 images .* shape \(0, 4, 3\)"),
        (
            broken(y_train=np.zeros(5, np.uint8)),
            r"y_train must be labels .* shape \(6,\), .* of shape \(5,\)",
        ),
        (
            broken(y_test=np.array([-1, 0])),
            r"y_test must be labels 0, 1, …, and has -1 to 0: number the classes from 0",
        ),
        (broken(y_test=np.array([0, 10**9])), r"y_test must be labels 0, 1, …, and has 0 to 1000000000"),
        (
            broken(y_test=np.array([0, 2**63], np.uint64)),
            r"y_test must be labels 0, 1, …, and has 0 to 9223372036854775808",
        ),
        (broken(y_test=np.zeros((2, 1), np.uint8)), r"y_test must be labels .* shape \(2, 1\)"),
        (broken(x_test=np.zeros((2, 5, 5), np.uint8)), r"images differ in shape: \(4, 3\) and \(5, 5\)"),
    ],
)
def test_bad_npz_is_refused_in_one_sentence(data_folder, contents, message):
    np.savez(data_folder / "bad.npz", **contents)
    with pytest.raises(ValueError, match=message) as error:
        load("bad")
    assert "\n" not in str(error.value)


class Trap:
    """Creates a file when unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_objects_in_an_npz_are_never_unpickled(data_folder):
    np.savez(data_folder / "trap.npz", **broken(y_train=np.array([Trap(data_folder / "sprung")] * 6, object)))
    with pytest.raises(ValueError, match="never loaded"):
        load("trap")
    assert not (data_folder / "sprung").exists()


@pytest.mark.parametrize("keep", [0, 0.5, 0.95])
def test_truncated_npz(data_folder, keep):
    path = data_folder / "cut.npz"
    np.savez(path, **arrays())
    path.write_bytes(path.read_bytes()[: int(keep * path.stat().st_size)])
    with pytest.raises(ValueError, match=r"cut\.npz is not a complete npz file: delete it"):
        load("cut")


def test_npz_with_a_flipped_byte(data_folder):
    path = data_folder / "flipped.npz"
    np.savez(path, **arrays())
    content = bytearray(path.read_bytes())
    content[content.index(arrays()["x_train"].tobytes()[:16])] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"x_train in .*flipped\.npz is damaged"):
        load("flipped")


def npy(array):
    """The bytes of a .npy file."""
    content = io.BytesIO()
    np.save(content, array)
    return content.getvalue()


def forged(header):
    """x_train with another header of the same length."""
    content = npy(arrays()["x_train"])
    start = content.index(b"{")
    end = content.index(b"\n", start)
    return content[:start] + header.ljust(end - start) + content[end:]


@pytest.mark.parametrize(
    "member",
    [
        b"no magic",
        b"",
        npy(arrays()["x_train"])[:-1],
        npy(arrays()["x_train"]) + b"more",
        forged(b"{'descr': '|u1', 'fortran_order': False, 'shape': (10000000, 1000, 1000)}"),
        forged(b"{'descr': '|u1', 'fortran_order': False, 'shape': (-6, 4, 3)}"),
        forged(b"{'descr': print, 'fortran_order': False, 'shape': (6, 4, 3)}"),
        forged(b"import os"),
    ],
    ids=range(8),
)
def test_a_member_that_is_no_array_is_damaged(data_folder, member):
    with zipfile.ZipFile(data_folder / "bad.npz", "w") as archive:
        for key, array in arrays().items():
            archive.writestr(f"{key}.npy", member if key == "x_train" else npy(array))
    with pytest.raises(ValueError, match=r"^x_train in .*bad\.npz is .*damaged: delete the file, or write it again\.$"):
        load("bad")


@pytest.mark.parametrize(("field", "value"), [("flag_bits", 1), ("compress_type", 97)], ids=["encrypted", "unknown"])
def test_a_member_that_cannot_be_unpacked_is_damaged(data_folder, field, value):
    np.savez(data_folder / "bad.npz", **arrays())
    content = bytearray((data_folder / "bad.npz").read_bytes())
    for signature, offset in ((b"PK\x03\x04", 0), (b"PK\x01\x02", 2)):  # the local header, and the directory's
        at = content.index(signature) + offset + {"flag_bits": 6, "compress_type": 8}[field]
        content[at : at + 2] = value.to_bytes(2, "little")
    (data_folder / "bad.npz").write_bytes(content)
    with pytest.raises(ValueError, match=r"^x_train in .*bad\.npz is damaged"):
        load("bad")


def test_a_member_of_another_name_is_missing(data_folder):
    with zipfile.ZipFile(data_folder / "bad.npz", "w") as archive:
        for key, array in arrays().items():
            archive.writestr(key, npy(array))
    with pytest.raises(ValueError, match="has no x_train, y_train, x_test, y_test"):
        load("bad")


@pytest.mark.faults
def test_a_flipped_bit_is_told_in_one_sentence_or_changes_nothing(data_folder, trials):
    path = data_folder / "flipped.npz"
    np.savez_compressed(path, **arrays())
    whole, before = path.read_bytes(), load("flipped").checksum
    for seed in trials(60, 1000):
        bit = int(np.random.default_rng(seed).integers(8 * len(whole)))
        content = bytearray(whole)
        content[bit // 8] ^= 1 << bit % 8
        path.write_bytes(content)
        said = None
        try:
            assert load("flipped").checksum == before
        except ValueError as error:
            said = str(error)
        assert said is None or (str(path) in said and "\n" not in said)


def test_labels_in_another_byte_order_are_the_same_labels(data_folder):
    own = arrays()
    np.savez(data_folder / "own.npz", **own | {"y_train": own["y_train"].astype(">i8")})
    assert load("own").tensors()[1].tolist() == own["y_train"].tolist()


@pytest.mark.parametrize("name", [None, 7, ["mnist"], b"mnist"])
def test_a_name_is_a_string(name):
    with pytest.raises(TypeError, match=r"asked for by its name, as in load\(\"mnist\"\), not by"):
        load(name)


def test_a_name_too_long_for_a_file_is_unknown():
    with pytest.raises(ValueError, match=r"^Unknown data set 'aaa"):
        load("a" * 5000)


# ---------------------------------------------------------------------------------------------- tensors


@pytest.mark.parametrize(("shape", "channels"), [((4, 3), 1), ((4, 3, 3), 3)])
def test_tensors_are_channels_first(shape, channels):
    data = Data("own", **arrays(shape=shape))
    x_train, y_train, _, y_test = data.tensors()
    assert x_train.shape == (6, channels, 4, 3)
    assert (x_train.dtype, y_train.dtype) == (torch.uint8, torch.int64)
    np.testing.assert_array_equal(x_train[5, -1], data.x_train.reshape(6, 4, 3, channels)[5, ..., -1])
    assert y_test.tolist() == [0, 1]


def test_normalize_maps_pixels_to_minus_one_to_one():
    pixels = torch.arange(256, dtype=torch.uint8)
    expected = (np.arange(256) / 255 - 0.5) / 0.5
    np.testing.assert_allclose(normalize(pixels), expected, atol=1e-7)
    assert normalize(pixels).dtype == torch.float32


def test_channels_are_normalized_one_by_one_and_come_last_in_memory():
    data = Data("own", **arrays(shape=(4, 3, 3)), mean=(0.5, 0.25, 0.0), std=(0.5, 0.25, 1.0))
    images = data.tensors()[0]
    shown = data.normalizer()(images)
    expected = (images / 255 - torch.tensor(data.mean)[:, None, None]) / torch.tensor(data.std)[:, None, None]
    torch.testing.assert_close(shown, expected)
    assert shown.is_contiguous(memory_format=torch.channels_last)


def test_gray_images_are_normalized_as_they_always_were():
    data = Data("own", **arrays())
    assert torch.equal(data.normalizer()(data.tensors()[0]), normalize(data.tensors()[0]))


# --------------------------------------------------------------------------------------------- download


CONTENT = arrays()
FILES = {f"{key}.gz": gzip.compress(idx(array), mtime=0) for key, array in CONTENT.items()}


BOMB = gzip.compress(bytes(10**7))


class Mirror(ThreadingHTTPServer):
    """Serves FILES; `fault` maps a file to how it goes wrong, see `Handler`, or to a status code."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}/"
        self.fault = {}
        self.asked = []
        self.half_way = threading.Event()
        self.resume = threading.Event()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        name = self.path.lstrip("/")
        self.server.asked.append(name)
        fault = self.server.fault.get(name)
        if isinstance(fault, int):
            self.send_error(fault)
            return
        if fault in ("trickling", "endless", "bomb"):
            self.send_response(200)
            if fault == "bomb":
                self.send_header("Content-Encoding", "gzip")
            self.end_headers()
            with suppress(ConnectionError):
                for _ in range(1000):
                    self.wfile.write({"trickling": b"x", "endless": bytes(10**5), "bomb": BOMB}[fault])
                    self.wfile.flush()
                    if fault == "bomb" or self.server.resume.wait(0.02 if fault == "trickling" else 0):
                        return
            return
        content = bytearray(FILES[name])
        if fault == "corrupted":
            content[len(content) // 2] ^= 0xFF
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        half = len(content) // 2
        self.wfile.write(content[:half])
        self.wfile.flush()
        if fault == "truncated":
            return
        if fault == "stalled":
            self.server.half_way.set()
            self.server.resume.wait(30)
            return
        self.wfile.write(content[half:])

    def log_message(self, *_):
        pass


@contextmanager
def serving():
    server = Mirror()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.resume.set()
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def mirror():
    with serving() as server:
        yield server


def offline():
    """The address of a port at which nobody answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}/"


def archive(*mirrors):
    digests = {key: (f"{key}.gz", hashlib.sha256(FILES[f"{key}.gz"]).hexdigest()) for key in CONTENT}
    return Archive(mirrors, digests)


@pytest.fixture
def offer(data_folder, monkeypatch):
    """offer(*addresses): from now on "tiny" may be downloaded from these mirrors."""
    return lambda *mirrors: monkeypatch.setitem(tlr.course.data.DOWNLOADS, "tiny", archive(*mirrors))


def assert_complete(data):
    for key, array in CONTENT.items():
        np.testing.assert_array_equal(getattr(data, key), array)


def test_download_and_never_again(offer, mirror, data_folder):
    offer(mirror.url)
    assert_complete(load("tiny"))
    assert_complete(load("tiny"))
    assert sorted(mirror.asked) == sorted(FILES)
    assert [path.name for path in data_folder.iterdir()] == ["tiny.npz"]


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("corrupted", "wrong checksum"),
        ("truncated", "ProtocolError"),
        (503, "HTTPError"),
        ("trickling", "too slow"),
        ("endless", "more than 1 MB"),
        ("bomb", "more than 1 MB"),
    ],
)
def test_bad_file_is_refused_and_leaves_nothing(offer, mirror, data_folder, monkeypatch, fault, reason):
    monkeypatch.setattr(archives, "PERIOD", 0.3)
    monkeypatch.setattr(archives, "MOST", 10**6)
    offer(mirror.url)
    mirror.fault = {"x_test.gz": fault}
    expected = (
        f"tiny could not be downloaded: no mirror delivered x_test.gz: {mirror.url} ({reason}). "
        f"Connect to the internet and run this again, or put tiny.npz into {data_folder}."
    )
    with pytest.raises(ConnectionError, match=f"^{re.escape(expected)}$"):
        load("tiny")
    assert list(data_folder.iterdir()) == []
    mirror.fault = {}
    assert_complete(load("tiny"))


@pytest.mark.parametrize("fault", ["corrupted", "truncated", 404])
def test_second_mirror_helps_out(offer, mirror, fault):
    with serving() as second:
        offer(mirror.url, second.url)
        mirror.fault = {"y_train.gz": fault}
        assert_complete(load("tiny"))
        assert second.asked == ["y_train.gz"]


def test_dead_first_mirror(offer, mirror):
    offer(offline(), mirror.url)
    assert_complete(load("tiny"))


def test_no_network(offer, data_folder):
    offer(offline(), offline())
    with pytest.raises(ConnectionError, match=r"tiny could not be downloaded: .*\(ConnectionError\), .*Connect to the"):
        load("tiny")
    assert list(data_folder.iterdir()) == []


def test_folder_that_cannot_be_written(offer, data_folder, mirror, monkeypatch):
    blocked = data_folder / "file"
    blocked.touch()
    monkeypatch.setenv("TLR_DATA_DIR", str(blocked / "below"))
    offer(mirror.url)
    with pytest.raises(OSError, match=r"tiny\.npz could not be written \(Not a directory\): set TLR_DATA_DIR"):
        load("tiny")


# CIFAR's archives


def cifar(labels, splits):
    """An archive of CIFAR's form with one member for each (path, images, labels); the archive's bytes."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for path, images, y in splits:
            planes = images.transpose(0, 3, 1, 2).reshape(len(images), -1)
            before = np.full((len(y), labels - 1), 99, np.uint8)  # CIFAR-100's superclass, which is not the label
            member = tarfile.TarInfo(path)
            content = np.hstack([before, y[:, None], planes]).tobytes()
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


@pytest.mark.parametrize("labels", [1, 2])
def test_cifar_is_read_from_its_binary_version(mirror, data_folder, monkeypatch, labels):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (5, 32, 32, 3), np.uint8)
    y = np.array([3, 1, 4, 1, 5], np.uint8)
    content = cifar(
        labels, [("b/1.bin", images[:2], y[:2]), ("b/2.bin", images[2:4], y[2:4]), ("b/t.bin", images[4:], y[4:])]
    )
    monkeypatch.setitem(FILES, "tiny.tar.gz", content)
    sha256 = hashlib.sha256(content).hexdigest()
    official = CifarArchive((mirror.url,), "tiny.tar.gz", sha256, ("b/1.bin", "b/2.bin"), ("b/t.bin",), labels)
    monkeypatch.setitem(tlr.course.data.DOWNLOADS, "tiny", official)
    data = load("tiny")
    np.testing.assert_array_equal(data.x_train, images[:4])
    np.testing.assert_array_equal(data.y_train, y[:4])
    np.testing.assert_array_equal(data.x_test, images[4:])
    assert [path.name for path in data_folder.iterdir()] == ["tiny.npz"]


def test_an_archive_that_is_not_the_official_one_is_never_opened(mirror, data_folder, monkeypatch):
    monkeypatch.setitem(FILES, "cifar-10-binary.tar.gz", b"no archive at all")
    official = replace(tlr.course.data.DOWNLOADS["cifar10"], mirrors=(mirror.url,))
    monkeypatch.setitem(tlr.course.data.DOWNLOADS, "cifar10", official)
    with pytest.raises(
        ConnectionError, match=r"cifar10 could not be downloaded: .*\(wrong checksum\).* put cifar10.npz"
    ):
        load("cifar10")
    assert list(data_folder.iterdir()) == []


# A part of a data set


def test_a_part_has_the_first_images(data_folder):
    np.savez(data_folder / "own.npz", **arrays(20))
    whole, part = load("own"), load("own-10")
    assert (part.name, len(part.x_train), len(part.x_test)) == ("own-10", 10, 2)
    np.testing.assert_array_equal(part.x_train, whole.x_train[:10])
    np.testing.assert_array_equal(part.y_test, whole.y_test[:2])
    assert part.checksum != whole.checksum


def test_halves_share_out_the_classes_and_both_count_from_0():
    whole, lower, upper = (load(name) for name in ("digits", "digits-lower", "digits-upper"))
    assert (lower.name, lower.classes, upper.classes) == ("digits-lower", 5, 5)
    for split in ("train", "test"):
        images, labels = getattr(whole, f"x_{split}"), getattr(whole, f"y_{split}")
        for half, first in ((lower, 0), (upper, 5)):
            for label in range(5):
                own = getattr(half, f"x_{split}")[getattr(half, f"y_{split}") == label]
                np.testing.assert_array_equal(own, images[labels == first + label])


def test_a_part_that_is_larger_than_the_whole_is_refused(data_folder):
    np.savez(data_folder / "own.npz", **arrays())
    with pytest.raises(ValueError, match=r"^There is no 'own-7': own has 6 images to train on\.$"):
        load("own-7")


def test_a_part_of_nothing_is_an_unknown_name(data_folder):
    with pytest.raises(ValueError, match="Unknown data set 'nothing'"):
        load("nothing-10")


def loader(folder, url):
    """A process that loads "tiny" from `url`."""
    code = (
        "import sys; from tlr.course import data; data.DOWNLOADS['tiny'] = eval(sys.argv[1], vars(data)); "
        "print(data.load('tiny').classes)"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code, repr(archive(url))],
        env={**os.environ, "TLR_DATA_DIR": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
    )


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_interrupted_half_way_and_run_again(offer, mirror, data_folder, how):
    mirror.fault = {"x_test.gz": "stalled"}
    with loader(data_folder, mirror.url) as process:
        assert mirror.half_way.wait(30)
        process.send_signal(how)
        process.wait(30)
    assert process.returncode != 0
    assert not (data_folder / "tiny.npz").exists()
    mirror.fault = {}
    offer(mirror.url)
    assert_complete(load("tiny"))
    assert [path.name for path in data_folder.iterdir()] == ["tiny.npz"], "what the killed process left is gone"


def test_two_processes_at_once(offer, data_folder, mirror):
    offer()
    with loader(data_folder, mirror.url) as first, loader(data_folder, mirror.url) as second:
        assert (first.communicate(timeout=60)[0], second.communicate(timeout=60)[0]) == ("3\n", "3\n")
    assert [path.name for path in data_folder.iterdir()] == ["tiny.npz"]
    assert_complete(load("tiny"))


def test_the_checksum_is_of_the_content_however_it_is_stored(tmp_path, monkeypatch):
    digits = load("digits")
    content = {key: getattr(digits, key) for key in tlr.course.data.KEYS}
    monkeypatch.setenv("TLR_DATA_DIR", str(tmp_path))
    np.savez(tmp_path / "plain.npz", **content)
    np.savez_compressed(tmp_path / "packed.npz", **content)
    np.savez(tmp_path / "other.npz", **content | {"y_test": (digits.y_test + 1) % 10})
    assert load("plain").checksum == load("packed").checksum == digits.checksum
    assert load("other").checksum != digits.checksum


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
def test_normalizing_leaves_the_images_as_they_are(dtype):
    images = torch.arange(256).to(dtype)
    kept = images.clone()
    normalized = normalize(images)
    assert torch.equal(images, kept)
    assert torch.equal(normalized, kept.float() / 127.5 - 1)
