"""Record the corner of figure 1: α₀ = 0.1 with batches of 512 on MNIST.

    python benchmarks/corner.py            step by step; a minute, it needs MNIST
    python benchmarks/corner.py --trials   what happens if one thing is changed; ten minutes
    python benchmarks/corner.py --trials NAME ...   these trials alone; of the others the records stay

The runs go to tlr/course/records/recorded/corner.jsonl, a line for each rule, and corner_trials.jsonl, a line for each
trial and seed. What the trials would show was written down before them: `tlr.course.experiments.corner`.
"""

import argparse
import json

import torch

from tlr.course.data import load
from tlr.course.experiments.corner import PATH, SETTING, TRIALS, TRIALS_PATH, recorded_trials, step_by_step, trial
from tlr.course.experiments.provenance import provenance
from tlr.course.files import replacing


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--trials", nargs="*", metavar="NAME", choices=[*TRIALS], help="all trials, or these, in the place of the steps"
    )
    names = parser.parse_args().trials
    torch.set_num_threads(1)
    mnist = load("mnist")
    origin = provenance(mnist, torch.device("cpu"), "float32")
    path, runs = (PATH, steps(mnist)) if names is None else (TRIALS_PATH, trials(mnist, names or TRIALS))
    runs = [run if "commit" in run else run | origin for run in runs]
    with replacing(path) as part:
        part.write_text("".join(json.dumps(run, ensure_ascii=False) + "\n" for run in runs), encoding="utf-8")


def steps(mnist):
    """Both rules, step by step."""
    for method in ("tlr", "tlr_steady"):
        ran = step_by_step(method, mnist, **SETTING)
        ran |= {name: [float(f"{value:.4g}") for value in ran[name]] for name in ("loss", "alpha")}
        ran["asked"] = {name: [round(change, 4) for change in each] for name, each in ran["asked"].items()}
        yield {"method": method, **SETTING, **ran}


def trials(mnist, names):
    """The trials of these names, each with its seeds, and the others as they are recorded."""
    known = recorded_trials()
    for name, (options, seeds, epochs) in TRIALS.items():
        if name not in names:
            yield from (run for run in known if run["trial"] == name)
            continue
        for seed in seeds:
            ran = trial(mnist, seed=seed, epochs=epochs, **options)
            ran = {what: [float(f"{value:.4g}") for value in each] for what, each in ran.items()}
            print(f"{name}, seed {seed}: accuracy {100 * ran['accuracy'][-1]:.1f} %", flush=True)
            yield {"trial": name, "seed": seed, **options, **ran}


if __name__ == "__main__":
    main()
