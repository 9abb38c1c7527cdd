"""What `make lite` puts together; `make check-lite` runs it in a browser."""

import hashlib
import io
import json
import tarfile

import nbformat
import pytest

from tools import build_lite
from tools.build_lite import Unreachable, closure, compiled, linked, write_notebooks
from tools.stamp import notebooks, pages, repository

CONTENT = {"a.whl": b"a", "b.whl": b"b"}


def package(file_name, *depends):
    sha256 = hashlib.sha256(CONTENT[file_name]).hexdigest()
    return {"file_name": file_name, "sha256": sha256, "depends": list(depends)}


#: A list of packages as Pyodide's.
LISTED = {"a": package("a.whl", "B"), "b": package("b.whl"), "c": package("b.whl")}


@pytest.fixture
def release(monkeypatch, tmp_path):
    """release(contents) is what Pyodide's release has; nothing else answers."""

    def refuse(missing):
        raise Unreachable("no network")

    def publish(contents):
        with tarfile.open(tmp_path / "release.tar.bz2", "w:bz2") as tar:
            for name, content in contents.items():
                member = tarfile.TarInfo(f"pyodide/{name}")
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))

    for name in ("KERNEL_NEEDS", "COMPILED"):
        monkeypatch.setattr(build_lite, name, ("a",))
    monkeypatch.setattr(build_lite, "CACHE", tmp_path)
    monkeypatch.setattr(build_lite, "RELEASE", (tmp_path / "release.tar.bz2").as_uri())
    monkeypatch.setattr(build_lite, "from_carrier", refuse)
    return publish


def test_a_package_comes_with_all_that_it_needs():
    assert closure(LISTED, ["a"]) == {"a": LISTED["a"], "b": LISTED["b"]}


def test_files_come_from_the_release_once(release, tmp_path):
    release(CONTENT)
    assert set(compiled(LISTED)) == {"a", "b"}
    assert {name: (tmp_path / name).read_bytes() for name in CONTENT} == CONTENT
    (tmp_path / "release.tar.bz2").unlink()
    assert set(compiled(LISTED)) == {"a", "b"}


def test_a_file_of_another_content_is_not_taken(release):
    release(CONTENT | {"b.whl": b"another"})
    with pytest.raises(Unreachable, match=r"from_release: without b\.whl; no network"):
        compiled(LISTED)


def test_where_nothing_answers_it_says_so_and_leaves_no_build(release, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(build_lite, "SOURCE", tmp_path / "source")
    monkeypatch.setattr(build_lite, "LITE", tmp_path / "lite")
    monkeypatch.setattr(build_lite, "runtime", lambda: LISTED)
    build_lite.main()
    said = capsys.readouterr().out
    assert said.startswith("build/lite is left out, because its parts cannot be had here: ")
    assert said.count("\n") == 1
    assert not (tmp_path / "lite").exists()


@pytest.mark.parametrize(
    ("link", "there"),
    [
        ("[x](02_quadratics.ipynb#cell-id=two)", "[x](02_quadratics.ipynb#cell-id=two)"),
        ("[x](#cell-id=two)", "[x](#cell-id=two)"),
        ("[x](03_minibatches.ipynb#cell-id=a)", f"[x]({pages()}/notebooks/03_minibatches.html#cell-id=a)"),
        ("[x](../README.md#the-course)", f"[x]({pages()}/#the-course)"),
        ("[x](../LICENSE)", f"[x](https://github.com/{repository()}/blob/main/LICENSE)"),
        ("[x](https://example.org/a)", "[x](https://example.org/a)"),
    ],
)
def test_links_to_what_does_not_come_along_lead_to_the_site(link, there):
    assert linked(link) == there


def test_copies_of_notebooks_show_nothing_from_elsewhere(tmp_path):
    write_notebooks(tmp_path / "files")
    copies = sorted((tmp_path / "files").iterdir())
    assert 0 < len(copies) < len(notebooks())
    for path in copies:
        stored = json.loads(path.read_text(encoding="utf-8"))
        assert all(isinstance(cell["source"], str) for cell in stored["cells"])
        book = nbformat.read(path, as_version=4)
        prose = "\n".join(cell.source for cell in book.cells if cell.cell_type == "markdown")
        assert "](https://mybinder" not in prose
        assert "![" not in prose
        assert build_lite.NOTE in book.cells[0].source
