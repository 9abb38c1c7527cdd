"""Kernel milliseconds for one move of a control, over the whole range of each; the limit is for sliders.

python benchmarks/explorers.py
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import statistics
import time

import ipywidgets
import numpy as np

from tlr.course.explorers import Windows

LIMIT = 150


def moves(control):
    """Values over the range of a control."""
    if isinstance(control, ipywidgets.FloatLogSlider):
        return control.base ** np.linspace(control.min, control.max, 40)
    if isinstance(control, ipywidgets.Dropdown):
        return [option[1] if isinstance(option, tuple) else option for option in control.options]
    return range(int(control.min), int(control.max) + 1, max(1, int(control.max - control.min) // 40))


def milliseconds(control):
    """The time of each move of a control."""
    original, times = control.value, []
    for value in moves(control):
        began = time.perf_counter()
        control.value = value
        times.append(1000 * (time.perf_counter() - began))
    control.value = original
    return times


def main():
    gradients = 1 + np.random.default_rng(0).standard_normal((4, 100, 50))
    worst, explorer = 0.0, Windows({alpha: gradients - alpha for alpha in (0.0, 2.0)})
    for name, control in explorer.controls.items():
        times = milliseconds(control)
        if not isinstance(control, ipywidgets.Dropdown):
            worst = max(worst, *times)
        print(f"Windows {name:11} median {statistics.median(times):5.0f} ms   worst {max(times):5.0f} ms")
    print(f"worst slider {worst:.0f} ms, limit {LIMIT} ms: {'ok' if worst < LIMIT else 'TOO SLOW'}")
    return worst >= LIMIT


if __name__ == "__main__":
    raise SystemExit(main())
