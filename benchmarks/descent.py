"""Seconds for 10,000 values of α₀ × 200 steps in two dimensions, one rule, one core; the median of seven runs.

python benchmarks/descent.py
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import statistics
import time

import numpy as np

from tlr import toys
from tlr.descent import RULES, descend

LIMIT = 0.5
ALPHA0 = np.geomspace(1e-6, 10, 10_000)


def seconds(rule, toy, repeats=7):
    """The median time of one descent."""
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        descend(rule, toy, toy.start, ALPHA0, 200)
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def main():
    functions = toys.quadratic([1, 10], 0.5), toys.rosenbrock(), toys.beale(), toys.himmelblau(), toys.saddle()
    slowest = 0.0
    print(f"{'':18}" + "".join(f"{toy.name:>12}" for toy in functions))
    for rule in RULES:
        times = [seconds(rule, toy) for toy in functions]
        slowest = max(slowest, *times)
        print(f"{rule:18}" + "".join(f"{t:12.3f}" for t in times))
    print(f"slowest {slowest:.3f} s, limit {LIMIT} s: {'ok' if slowest < LIMIT else 'TOO SLOW'}")
    return slowest >= LIMIT


if __name__ == "__main__":
    raise SystemExit(main())
