"""What an epoch of the paper's network for CIFAR costs, by optimizer, and how many images a second it trains on.

    python benchmarks/cifar.py [--model wrn-16-4] [--images 512] [--rounds 3] [--precision bfloat16] [--compile]

On a GPU it takes all of CIFAR-10 in batches of 256, on a CPU a few hundred images in batches of 64. First the ratios:
epochs of SGD, TLR, Adam, SPS and SLS take turns, in random order, and a row is a median over rounds of the ratio to
SGD's in the same round, beside the paper's (section 5, Time Requirements). Then the images a second of SGD's fastest
epoch, on all cores. Without CIFAR-10 the images are noise: time does not depend on what they show.
"""

import argparse
import os
import random
import statistics

import numpy as np
import torch

from tlr.course.data import Data, folder, load
from tlr.course.experiments.building import choose_device
from tlr.course.models import make_model
from tlr.course.peers import make_optimizer
from tlr.course.precision import PRECISIONS, Speed
from tlr.course.training import steps_per_epoch, train
from tlr.rule import window

#: Seconds an epoch of WRN-16-4 takes on CIFAR-100 in the paper.
PAPER = {"sgd": 24.26, "tlr": 24.27, "adam": 24.28, "sps": 24.88, "sls": 30.25}
#: With WRN-16-4: images a second on two cores that have bfloat16, and seconds an epoch on a large GPU.
IMAGES, SECONDS = 120, 1.5


def images(count):
    """So many images of CIFAR-10, or noise in their place."""
    if (folder() / "cifar10.npz").is_file():
        return load(f"cifar10-{count}")
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 256, (count, 32, 32, 3), np.uint8), np.arange(count) % 10
    return Data("noise", x, y, x[:1], y[:1])


def trainer(method, data, device, arguments):
    """A function that trains for an epoch and returns its seconds."""
    model = make_model(arguments.model, data.inputs, data.classes).to(device)
    steps = steps_per_epoch(data, arguments.batch_size)
    options = {
        "sgd": {"momentum": 0.8, "weight_decay": 5e-4},
        "tlr": {"momentum": 0.8, "weight_decay": 5e-4, "update_every": window(steps)},
        "adam": {},
        "sps": {"c": 0.2, "steps_per_epoch": steps},
        "sls": {"steps_per_epoch": steps},
    }[method]
    optimizer = make_optimizer(method, model.parameters(), lr={"adam": 1e-3}.get(method, 0.1), **options)
    speed, history = Speed(arguments.precision, arguments.compile), None

    def epoch():
        nonlocal history
        done = 0 if history is None else len(history.epochs)
        options = {"augment": "crop-flip", "speed": speed, "history": history, "progress": False}
        history = train(model, optimizer, data, epochs=done + 1, batch_size=arguments.batch_size, **options)
        return history.seconds[-1]

    return epoch


def main():
    gpu = torch.cuda.is_available()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="wrn-16-4")
    parser.add_argument("--images", type=int, default=50_000 if gpu else 512)
    parser.add_argument("--batch-size", type=int, default=256 if gpu else 64)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--precision", choices=PRECISIONS, default="bfloat16")
    parser.add_argument("--compile", action=argparse.BooleanOptionalAction, default=False)
    arguments = parser.parse_args()
    device, data = choose_device("auto"), images(arguments.images)
    torch._dynamo.config.recompile_limit = 64  # five networks in one process, each for several sizes of a batch
    name = torch.cuda.get_device_name(device) if gpu else f"{torch.get_num_threads()} of {os.cpu_count()} cores"
    print(f"{arguments.model}, {len(data.x_train)} images ({data.name}), {arguments.precision}, {name}")
    epochs = {method: trainer(method, data, device, arguments) for method in PAPER}
    for epoch in epochs.values():
        epoch()  # warms up
    seconds = {method: [] for method in epochs}
    for _ in range(arguments.rounds):
        for method in random.sample(list(epochs), len(epochs)):
            seconds[method].append(epochs[method]())
    print(f"{'an epoch, median':18}{'s':>9}{'÷ SGD':>8}{'paper':>8}")
    for method, values in seconds.items():
        ratio = statistics.median(a / b for a, b in zip(values, seconds["sgd"], strict=True))
        print(f"{method:18}{statistics.median(values):9.2f}{ratio:8.3f}{PAPER[method] / PAPER['sgd']:8.3f}")
    rate = len(data.x_train) / min(seconds["sgd"])
    wanted = 50_000 / SECONDS if gpu else IMAGES
    verdict = "ok" if rate >= wanted else "TOO SLOW"
    print(f"{rate:.0f} images a second, wanted {wanted:.0f} when nothing else runs: {verdict}")
    if gpu:
        print(f"peak memory {torch.cuda.max_memory_allocated(device) / 2**30:.1f} GiB")


if __name__ == "__main__":
    main()
