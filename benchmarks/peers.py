"""What each peer costs beside torch's SGD: ratios of step times, from steps that take turns in one run.

    python benchmarks/peers.py [--threads 1] [--rounds 60]

A step is a whole one, with its forward and backward passes, on the paper's MLP for MNIST and on a small convolutional
network, on random images. A round times one step of every optimizer, in random order; each row is a median over
rounds, of the time and of its ratio to SGD's in the same round. Beside it stands the paper's own table: seconds of an
epoch of WRN-16-4 on CIFAR-100 (section 5).
"""

import argparse
import random
import statistics
import time

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from tlr.course.models import MLP
from tlr.course.peers import PEERS, installed, make_optimizer, set_mode

WINDOW = 15
#: An epoch of MNIST, which no run here completes.
EPOCH = 235
SGD = {"momentum": 0.8, "weight_decay": 5e-4}
OPTIONS = {
    "sgd": {"lr": 0.01, **SGD},
    "tlr": {"lr": 0.01, "update_every": WINDOW, **SGD},
    "tlr_secant": {"lr": 0.01, "update_every": WINDOW, **SGD},
    "tlr_slope": {"lr": 0.01, "update_every": WINDOW, **SGD},
    "tlr_gradients": {"lr": 0.01, "update_every": WINDOW, **SGD},
    "tlr_steady": {"lr": 0.01, "update_every": WINDOW, **SGD},
    "naive": {"lr": 0.01},
    "fixed_eta": {"lr": 0.01, "eta": 1e-6, "update_every": WINDOW, **SGD},
    "hypergradient": {"lr": 0.01, "beta": 1e-6, **SGD},
    "sls": {"steps_per_epoch": EPOCH},
    "sps": {"steps_per_epoch": EPOCH},
    "yellowfin": {},
    "barzilai_borwein": {"lr": 0.01, "update_every": WINDOW},
}
PAPER = {"sgd": 24.26, "tlr": 24.27, "adam": 24.28, "sps": 24.88, "sls": 30.25}


def convolutional():
    """Two convolutions and a linear layer, whose passes outweigh its 15,000 parameters as a deep network's do."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(5),
        nn.Flatten(),
        nn.Linear(800, 10),
    )


#: Name → how to build it, and the size of its batches.
MODELS = {"MLP 784–1000–10": (MLP, 256), "two convolutions": (convolutional, 64)}


def stepper(name, build, x, y):
    """A function that takes one whole step."""
    model = build()
    optimizer = make_optimizer(name, model.parameters(), **OPTIONS.get(name, {}))
    set_mode(optimizer, "train")

    def closure():
        optimizer.zero_grad()
        loss = cross_entropy(model(x), y)
        if torch.is_grad_enabled():
            loss.backward()
        return loss

    return lambda: optimizer.step(closure)


def step_times(steppers, rounds):
    """Name → seconds of its step in each round."""
    times = {name: [] for name in steppers}
    for _ in range(rounds):
        for name in random.sample(list(steppers), len(steppers)):
            start = time.perf_counter()
            steppers[name]()
            times[name].append(time.perf_counter() - start)
    return times


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=60)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    names = installed(name for name, peer in PEERS.items() if peer.schedule is None)
    print(f"{'step time, median':30}{'ms':>8}{'÷ SGD':>8}{'the paper: s/epoch':>22}{'÷ SGD':>8}")
    for model, (build, batch_size) in MODELS.items():
        x, y = torch.randn(batch_size, 1, 28, 28), torch.randint(10, (batch_size,))
        steppers = {name: stepper(name, build, x, y) for name in names}
        step_times(steppers, 2 * WINDOW)  # warm up, and fill every buffer
        times = step_times(steppers, arguments.rounds)
        print(model)
        for name, seconds in times.items():
            ratio = statistics.median(a / b for a, b in zip(seconds, times["sgd"], strict=True))
            row = f"    {PEERS[name].title:26}{statistics.median(seconds) * 1e3:8.2f}{ratio:8.3f}"
            if name in PAPER:
                row += f"{PAPER[name]:22.2f}{PAPER[name] / PAPER['sgd']:8.3f}"
            print(row)


if __name__ == "__main__":
    main()
