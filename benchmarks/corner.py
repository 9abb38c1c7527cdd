"""Record the corner of figure 1: α₀ = 0.1 with batches of 512 on MNIST.

    python benchmarks/corner.py            step by step; a minute, it needs MNIST
    python benchmarks/corner.py --trials   what happens if one thing is changed; ten minutes

The runs go to tlr/course/records/recorded/corner.jsonl, a line for each rule, and corner_trials.jsonl, a line for each
trial and seed. What the trials would show was written down before them: `tlr.course.experiments.corner`.
"""

import argparse
import json

import torch

from tlr.course.data import load
from tlr.course.experiments.corner import PATH, SETTING, TRIALS, TRIALS_PATH, step_by_step, trial
from tlr.course.experiments.provenance import provenance
from tlr.course.files import replacing


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", action="store_true", help="the trials, in the place of the steps")
    wants_trials = parser.parse_args().trials
    torch.set_num_threads(1)
    mnist = load("mnist")
    origin = provenance(mnist, torch.device("cpu"), "float32")
    path, runs = (TRIALS_PATH, trials(mnist)) if wants_trials else (PATH, steps(mnist))
    with replacing(path) as part:
        part.write_text("".join(json.dumps(run | origin, ensure_ascii=False) + "\n" for run in runs), encoding="utf-8")


def steps(mnist):
    """Both rules, step by step."""
    for method in ("tlr", "tlr_steady"):
        ran = step_by_step(method, mnist, **SETTING)
        ran |= {name: [float(f"{value:.4g}") for value in ran[name]] for name in ("loss", "alpha")}
        ran["asked"] = {name: [round(change, 4) for change in each] for name, each in ran["asked"].items()}
        yield {"method": method, **SETTING, **ran}


def trials(mnist):
    """Every trial, with each of its seeds."""
    for name, (options, seeds, epochs) in TRIALS.items():
        for seed in seeds:
            ran = trial(mnist, seed=seed, epochs=epochs, **options)
            ran = {what: [float(f"{value:.4g}") for value in each] for what, each in ran.items()}
            print(f"{name}, seed {seed}: accuracy {100 * ran['accuracy'][-1]:.1f} %", flush=True)
            yield {"trial": name, "seed": seed, **options, **ran}


if __name__ == "__main__":
    main()
