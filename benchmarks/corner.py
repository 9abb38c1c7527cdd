"""Record the corner of figure 1 step by step: α₀ = 0.1 with batches of 512 on MNIST.

    python benchmarks/corner.py        a minute; it needs MNIST

The runs go to tlr/course/records/recorded/corner.jsonl, a line for each rule.
"""

import json

import torch

from tlr.course.data import load
from tlr.course.experiments.corner import PATH, SETTING, step_by_step
from tlr.course.experiments.provenance import provenance
from tlr.course.files import replacing


def main():
    torch.set_num_threads(1)
    mnist = load("mnist")
    origin = provenance(mnist, torch.device("cpu"), "float32")
    lines = []
    for method in ("tlr", "tlr_steady"):
        ran = step_by_step(method, mnist, **SETTING)
        ran |= {name: [float(f"{value:.4g}") for value in ran[name]] for name in ("loss", "alpha")}
        ran["asked"] = {name: [round(change, 4) for change in each] for name, each in ran["asked"].items()}
        lines.append(json.dumps({"method": method, **SETTING, **ran, **origin}) + "\n")
    with replacing(PATH) as part:
        part.write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
