"""Run notebooks from top to bottom, store what they show, and say how long each took and how much memory at most.

python tools/run_notebooks.py [NOTEBOOK ...]        # default: every notebook of the course
"""

import os
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # it also runs where the notebooks' first cell is what installs `tlr`

from tlr.course.files import replacing  # noqa: E402

# Run in the kernel after the last cell. Linux counts in kB, macOS in bytes, and Windows has no such module.
PEAK_MEMORY = """
import sys
try:
    import resource
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1000 if sys.platform == "linux" else 10**6))
except ImportError:
    print(0)
"""


def run(path):
    """Execute one notebook in place; a cell that fails raises, and the file stays as it was.

    Returns the most memory that its kernel had, in MB (0 on Windows, which does not say).
    """
    book = nbformat.read(path, as_version=4)
    for cell in book.cells:
        cell.metadata.pop("execution", None)
    book.cells.append(nbformat.v4.new_code_cell(PEAK_MEMORY))
    NotebookClient(
        book,
        kernel_name="python3",
        timeout=600,
        extra_arguments=["--log-level=ERROR"],  # a kernel on this machine needs no warning about the network
        coalesce_streams=True,  # what a cell prints arrives in pieces that depend on the time
        record_timing=False,  # times of day would change the file at each run
        resources={"metadata": {"path": str(path.parent)}},
    ).execute()
    peak = int(book.cells.pop().outputs[0].text)
    book.metadata.pop("widgets", None)  # GitHub does not render a notebook that holds widget state
    book.metadata.get("language_info", {}).pop("version", None)  # nor does it matter which Python ran it
    nbformat.validate(book)
    with replacing(path) as part:
        nbformat.write(book, part)
    return peak


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # as in the tests: the order of a sum shows in its last digits
    for path in [Path(name) for name in sys.argv[1:]] or sorted((ROOT / "notebooks").glob("*.ipynb")):
        begin = time.perf_counter()
        peak = run(path)
        print(f"{path.name}: {time.perf_counter() - begin:.0f} s, {peak} MB")
