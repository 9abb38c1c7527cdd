"""Record what the choice of α₀ decides: the methods that one would pick today, each from every α₀ of a grid.

    python benchmarks/guessing.py                          every method, two minutes
    python benchmarks/guessing.py prodigy tlr_adamw        these

Runs go to tlr/course/records/recorded/guessing.jsonl, a line each; those that are there are not run again.
"""

import json
import sys

import numpy as np
import torch

from tlr.course.data import load
from tlr.course.experiments.guessing import GRID, PATH, SEEDS, methods_of_today, over_alpha0, recorded_runs
from tlr.course.experiments.provenance import provenance


def main():
    torch.set_num_threads(1)
    digits = load("digits")
    methods = methods_of_today(digits)
    origin = provenance(digits, torch.device("cpu"), "float32")
    origin = {key: origin[key] for key in ("commit", "dirty", "date", "versions")}
    done = {(run["method"], run["alpha0"], run["seed"]) for run in recorded_runs()}
    for name in sys.argv[1:] or methods:
        for alpha0 in GRID:
            for seed in SEEDS:
                if (name, alpha0, seed) in done:
                    continue
                ran = over_alpha0({name: methods[name]}, digits, (alpha0,), epochs=10, batch_size=16, seeds=(seed,))
                run = ran[name][alpha0, seed]
                ends = {"train_loss": float(run.train_loss[-1]), "test_accuracy": float(run.test_accuracy[-1])}
                curves = {
                    "losses": [float(f"{loss:.4g}") for loss in run.train_loss],
                    "accuracies": [round(float(right), 4) for right in np.ravel(run.test_accuracy)],
                }
                line = {"method": name, "alpha0": alpha0, "seed": seed, **ends, **curves, **origin}
                with PATH.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
