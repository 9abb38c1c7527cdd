"""What an epoch of MNIST costs with TLR beside the same with SGD: the record that the ledger judges the cost by.

    python benchmarks/cost.py [--rounds 15]

Epochs of the paper's MLP take turns in random order, on one thread, both with torch's fused kernel; the clock counts
this process' own seconds. What is written, `tlr/course/ledger/cost.json`, are the ratios of the two in the same round,
for each batch size, and where and when they were measured.
"""

import argparse
import json
import random
import time
from pathlib import Path

import torch
from torch.nn.functional import cross_entropy

import tlr.course.ledger
from tlr import TLR
from tlr.course.data import load, normalize
from tlr.course.experiments.provenance import provenance
from tlr.course.models import MLP
from tlr.rule import window

SGD = {"lr": 0.01, "momentum": 0.8, "weight_decay": 5e-4, "fused": True}
BATCH_SIZES = (64, 256, 512)
RECORD = Path(tlr.course.ledger.__file__).with_name("cost.json")


def trainer(x, y, batch_size, optimizer, **options):
    """A function that trains for an epoch and returns its seconds."""
    model = MLP()
    optimizer = optimizer(model.parameters(), **SGD, **options)

    def epoch():
        start = time.process_time()
        for batch in torch.randperm(len(x)).split(batch_size):
            optimizer.zero_grad()
            cross_entropy(model(normalize(x[batch])), y[batch]).backward()
            optimizer.step()
        return time.process_time() - start

    return epoch


def ratios(x, y, batch_size, rounds):
    """TLR's seconds over SGD's, one for each round."""
    every = window(-(-len(x) // batch_size))
    epochs = {
        "sgd": trainer(x, y, batch_size, torch.optim.SGD),
        "tlr": trainer(x, y, batch_size, TLR, update_every=every),
    }
    found = []
    for _ in range(rounds + 1):
        seconds = {name: epochs[name]() for name in random.sample(list(epochs), len(epochs))}
        found.append(round(seconds["tlr"] / seconds["sgd"], 4))
    return found[1:]  # in its first windows TLR sums directions


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    torch.set_num_threads(1)
    data = load("mnist")
    x, y, _, _ = data.tensors()
    record = {"command": "python benchmarks/cost.py", **provenance(data, x.device, "float32"), "ratios": {}}
    for batch_size in BATCH_SIZES:
        record["ratios"][batch_size] = ratios(x, y, batch_size, rounds)
        print(batch_size, record["ratios"][batch_size], flush=True)
    RECORD.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
