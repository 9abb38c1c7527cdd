"""Record the trials of notebook 5: must a rule for α see the size of the gradients?

    python benchmarks/gradient_size.py            six minutes on one core
    python benchmarks/gradient_size.py NAME ...   these trials alone; of the others the records stay

The runs go to tlr/course/records/recorded/gradient_size.jsonl, a line for each trial and seed. What they would show was
written down before them: `tlr.course.experiments.gradient_size`.
"""

import argparse
import json

import torch

from tlr.course import records
from tlr.course.data import load
from tlr.course.experiments.gradient_size import PATH, SEEDS, TRIALS, pretrained, trial
from tlr.course.experiments.provenance import provenance
from tlr.course.files import replacing


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("trials", nargs="*", metavar="NAME", help="these trials, in the place of all")
    names = parser.parse_args().trials or [*TRIALS]
    torch.set_num_threads(1)
    digits = load("digits")
    origin = provenance(digits, torch.device("cpu"), "float32")
    known = records.lines(PATH)
    start, runs = pretrained(digits), []
    for name, options in TRIALS.items():
        if name not in names:
            runs += [run for run in known if run["trial"] == name]
            continue
        for seed in SEEDS:
            ran = trial(digits, start, seed=seed, **options)
            print(f"{name}, seed {seed}: loss {ran['loss'][-1]:.2g}, α {ran['alpha'][-1]:.2g}", flush=True)
            ran = {what: [float(f"{value:.4g}") for value in each] for what, each in ran.items()}
            runs.append({"trial": name, "seed": seed, **options, **ran} | origin)
    with replacing(PATH) as part:
        part.write_text("".join(json.dumps(run, ensure_ascii=False) + "\n" for run in runs), encoding="utf-8")


if __name__ == "__main__":
    main()
