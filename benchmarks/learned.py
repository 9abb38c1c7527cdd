"""Record how Prodigy and others train on after a task is learned, a stand-in for fine-tuning: 33 runs, three minutes.

    python benchmarks/learned.py

The runs go to tlr/course/records/recorded/learned.jsonl, a line each. What they would show was written down before
them: `tlr.course.experiments.learned`.
"""

import json

import torch

from tlr.course.data import load
from tlr.course.experiments.gradient_size import leap_of, learned_in
from tlr.course.experiments.learned import METHODS, PATH, SEEDS, run
from tlr.course.experiments.provenance import provenance
from tlr.course.files import replacing


def main():
    torch.set_num_threads(1)
    digits = load("digits")
    origin = provenance(digits, torch.device("cpu"), "float32")
    lines = []
    for name in METHODS:
        for seed in SEEDS:
            ran = run(digits, name, seed)
            ran = {what: [float(f"{value:.4g}") for value in each] for what, each in ran.items()}
            told = f"learned in {learned_in(ran['loss'])}, leapt in {leap_of(ran['loss'])}, ends at {ran['loss'][-1]}"
            print(f"{name}, seed {seed}: {told}", flush=True)
            lines.append(json.dumps({"method": name, "seed": seed, **ran, **origin}, ensure_ascii=False) + "\n")
    with replacing(PATH) as part:
        part.write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
