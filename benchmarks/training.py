"""What the training loop and the sweeps cost on MNIST with the paper's MLP; measure on an idle machine.

    python benchmarks/training.py [--rounds 5] [--batch-sizes 64 256]

First an epoch of `tlr.course.training.train`, by SGD and by TLR, beside a bare loop over normalized float tensors with
torch's fused SGD: epochs take turns, in random order, on one thread, and a row is a median over rounds, of the time
and of its ratio to the bare loop's in the same round. Then the throughput of a sweep with two jobs beside one with one
job, whose processes have been started before.
"""

import argparse
import os
import random
import statistics
import tempfile
import time

import torch
from torch.nn.functional import cross_entropy

from tlr.course.data import load, normalize
from tlr.course.experiments import sweep
from tlr.course.models import MLP
from tlr.course.peers import make_optimizer
from tlr.course.records import Setting
from tlr.course.training import steps_per_epoch, train
from tlr.rule import window

SGD = {"lr": 0.01, "momentum": 0.8, "weight_decay": 5e-4, "fused": True}
RATIO, THROUGHPUT = 1.1, 1.3


def bare_loop(data, batch_size):
    """A function that trains for an epoch and returns its seconds: nothing but torch."""
    x, y, _, _ = data.tensors()
    x, model = normalize(x), MLP()
    optimizer = torch.optim.SGD(model.parameters(), **SGD)

    def epoch():
        start = time.perf_counter()
        for batch in torch.randperm(len(x)).split(batch_size):
            optimizer.zero_grad()
            cross_entropy(model(x[batch]), y[batch]).backward()
            optimizer.step()
        return time.perf_counter() - start

    return epoch


def course_loop(data, batch_size, method, **options):
    """The same with the loop of the course."""
    model = MLP()
    optimizer = make_optimizer(method, model.named_parameters(), **SGD, **options)

    def epoch():
        return train(model, optimizer, data, epochs=1, batch_size=batch_size, progress=False).seconds[0]

    return epoch


def epochs(data, batch_size, rounds):
    """Name → seconds of each of its epochs; a first one, to warm up, is left out."""
    every = window(steps_per_epoch(data, batch_size))
    loops = {
        "bare loop, fused SGD": bare_loop(data, batch_size),
        "train, SGD": course_loop(data, batch_size, "sgd"),
        "train, TLR": course_loop(data, batch_size, "tlr", update_every=every),
    }
    times = {name: [] for name in loops}
    for _ in range(rounds + 1):
        for name in random.sample(list(loops), len(loops)):
            times[name].append(loops[name]())
    return {name: seconds[1:] for name, seconds in times.items()}


def sweep_seconds(jobs, runs):
    """The time that a sweep of so many runs of two epochs takes."""
    settings = [Setting(method="tlr", alpha0=0.01, batch_size=256, epochs=2, seed=seed) for seed in range(runs)]
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        sweep(settings, folder, jobs=jobs, device="cpu", progress=False)
        return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=[64, 256])
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if hasattr(os, "getloadavg"):
        print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before this began")
    data, worst = load("mnist"), 0.0
    print(f"{'an epoch of MNIST, median':30}{'s':>8}{'÷ bare':>8}")
    for batch_size in arguments.batch_sizes:
        times = epochs(data, batch_size, arguments.rounds)
        print(f"batch size {batch_size}")
        for name, seconds in times.items():
            ratio = statistics.median(a / b for a, b in zip(seconds, times["bare loop, fused SGD"], strict=True))
            worst = max(worst, ratio)
            print(f"    {name:26}{statistics.median(seconds):8.2f}{ratio:8.3f}")
    print(f"worst ratio {worst:.3f}, limit {RATIO}: {'ok' if worst <= RATIO else 'TOO SLOW'}")

    for jobs in (1, 2):
        sweep_seconds(jobs, jobs)  # starts the processes, and reads the data in each
    one, two = sweep_seconds(1, 4), sweep_seconds(2, 4)
    print(f"a sweep of four runs: {one:.1f} s with one job, {two:.1f} s with two")
    fast = one / two >= THROUGHPUT
    print(f"throughput {one / two:.2f}, wanted {THROUGHPUT} on two idle cores: {'ok' if fast else 'TOO SLOW'}")
    return worst > RATIO or not fast


if __name__ == "__main__":
    raise SystemExit(main())
