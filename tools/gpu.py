"""Nine minutes on a GPU: check it, then record figure 2 of CIFAR-10 on WRN-16-4, and leave everything in one folder.

    python tools/gpu.py [--minutes 9] [--folder gpu]

First tests/test_gpu.py: where one fails, nothing is recorded. Then the runs of 80 epochs, three at a time as small
networks leave a GPU waiting, batches of 256 first, until the minutes are over. It wants CIFAR-10 in $TLR_DATA_DIR, or a
connection. FOLDER then holds checks.txt, a record for each finished run, to be copied to tlr/course/records/recorded,
and in in_progress what the same command goes on from.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

import torch

from tlr.course import records

ROOT = Path(__file__).resolve().parents[1]


def main():
    start = time.monotonic()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=9.0, help="in all (default: 9)")
    parser.add_argument("--folder", type=Path, default=Path("gpu"), help="of what comes back (default: gpu)")
    chosen = parser.parse_args()
    if not torch.cuda.is_available():
        sys.exit("This wants a GPU that torch sees, and there is none here: try benchmarks/cifar.py on a CPU.")
    folder = chosen.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)

    pytest = [sys.executable, "-m", "pytest", "-q", "-s", "-o", "addopts=", "tests/test_gpu.py"]
    with (folder / "checks.txt").open("w", encoding="utf-8") as log:
        passed = subprocess.run(pytest, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT).returncode == 0
    report = (folder / "checks.txt").read_text(encoding="utf-8")
    print(report)
    if not passed:
        sys.exit("The checks did not pass, so nothing is recorded: see above.")

    left = chosen.minutes - (time.monotonic() - start) / 60 - 0.5  # the epoch under way ends first
    run = [sys.executable, "-m", "tlr.course.experiments", "run", "gpu", "--device", "cuda", "--jobs", "3"]
    ran = subprocess.run([*run, "--minutes", f"{max(left, 0):.2f}", "--folder", str(folder)], cwd=ROOT)
    for record in records.load(within=folder):
        if (folder / f"{record.setting.name}.json").exists():
            print(f"{record.setting}: {record.status}, accuracy {record.test_accuracy[-1]:.1%}")
    sys.exit(ran.returncode)  # 0 once every run is finished


if __name__ == "__main__":
    main()
