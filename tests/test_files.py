"""tlr.course.files: a file appears whole or not at all, whoever is killed, and whatever stands in the way."""

import os
import subprocess
import sys

import pytest

from tlr.course import files
from tlr.course.files import replacing

posix = pytest.mark.skipif(os.name == "nt", reason="needs SIGKILL and symbolic links")


def write(path, text):
    with replacing(path) as part:
        part.write_text(text, encoding="utf-8")


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_appears_in_a_new_folder_and_is_replaced(tmp_path):
    path = tmp_path / "new" / "file.txt"
    write(path, "first")
    write(path, "second")
    assert path.read_text(encoding="utf-8") == "second"
    assert names(path.parent) == ["file.txt"]


def test_until_the_end_there_is_what_was_before(tmp_path):
    path = tmp_path / "file.txt"
    write(path, "first")

    def fails():
        with replacing(path) as part:
            part.write_text("second", encoding="utf-8")
            assert path.read_text(encoding="utf-8") == "first"
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert path.read_text(encoding="utf-8") == "first"
    assert names(tmp_path) == ["file.txt"]


KILLED = """if True:
    import os, signal, sys
    from pathlib import Path
    from tlr.course.files import replacing
    with replacing(Path(sys.argv[1])) as part:
        part.write_text("half")
        print("half", flush=True)
        sys.stdin.readline()
        os.kill(os.getpid(), signal.SIGKILL)
"""


@posix
def test_what_a_killed_process_leaves_is_removed_and_what_a_living_one_writes_is_not(tmp_path):
    path = tmp_path / "file.txt"
    command = [sys.executable, "-c", KILLED, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8") as process:
        assert process.stdout.readline() == "half\n"
        write(path, "ours")
        assert len(names(tmp_path)) == 2, "the other one is still at it"
        process.communicate("go\n", timeout=30)
    assert len(names(tmp_path)) == 2, "it was killed before it could clean up"
    write(path, "ours again")
    assert names(tmp_path) == ["file.txt"]


@posix
def test_a_link_that_waits_under_the_final_name_is_replaced_and_not_followed(tmp_path):
    (tmp_path / "precious").write_text("precious", encoding="utf-8")
    path = tmp_path / "file.txt"
    path.symlink_to(tmp_path / "precious")
    (tmp_path / "file.txt.part").symlink_to(tmp_path / "precious")
    write(path, "ours")
    assert (tmp_path / "precious").read_text(encoding="utf-8") == "precious"
    assert not path.is_symlink()


def test_a_file_that_somebody_has_open_is_replaced_when_they_close_it(tmp_path, monkeypatch):
    """On Windows a file that is open cannot be replaced."""
    path, refusals, replace = tmp_path / "file.txt", [1, 2, 3], os.replace
    write(path, "first")

    def busy(source, target):
        if refusals:
            refusals.pop()
            raise PermissionError(13, "Access is denied")
        replace(source, target)

    monkeypatch.setattr(files.os, "replace", busy)
    write(path, "second")
    assert path.read_text(encoding="utf-8") == "second"


def test_a_file_that_stays_open_is_one_sentence(tmp_path, monkeypatch):
    path = tmp_path / "file.txt"
    write(path, "first")

    def busy(source, target):
        raise PermissionError(13, "Access is denied")

    monkeypatch.setattr(files, "_PATIENCE", 0.05)
    monkeypatch.setattr(files.os, "replace", busy)
    with pytest.raises(OSError, match=r"file.txt could not be written \(Access is denied\): make room .* is kept\.$"):
        write(path, "second")
    assert names(tmp_path) == ["file.txt"]
