"""What TLR costs beside torch's SGD: ratios of step times, and of training epochs, from runs that take turns.

    python benchmarks/optimizers.py [--threads 1] [--rounds 5]

A round times every optimizer once, in random order, over a third of an epoch: 78 steps, as for MNIST at batch size
256, and so one update of α. In a first window directions are summed one by one. Rows are medians over rounds of each
optimizer's ratio to SGD in the same round. With one thread the clock counts this process' own seconds, so other
programs disturb little.

Wanted on the MLP, ÷ SGD: a third of an epoch at most 1.055 by default, 1.036 with foreach, 1.122 fused; a first window
at most 2; a training step on MNIST at most 1.01.
"""

import argparse
import os
import random
import statistics
import time
from math import prod

import torch
from torch.nn.functional import cross_entropy

from tlr import TLR, TLRAdam
from tlr.course.data import folder, load, normalize
from tlr.course.models import MLP
from tlr.course.training import epoch_order

SGD = {"momentum": 0.8, "weight_decay": 5e-4}
STEPS = 78
STILL = 1e-9  # a bound c that keeps α where it is, so that the same gradients can be used for thousands of steps
KERNELS = {"default": {}, "foreach": {"foreach": True}, "fused": {"fused": True}}


def wide_resnet(depth=16, width=4, classes=10):
    """The shapes of a wide residual network's parameters: WRN-16-4 has 2.75 million."""
    shapes, channels = [(16, 3, 3, 3)], 16
    for out in (16 * width, 32 * width, 64 * width):
        for block in range((depth - 4) // 6):
            shapes += [(channels,), (channels,), (out, channels, 3, 3), (out,), (out,), (out, out, 3, 3)]
            if block == 0:
                shapes.append((out, channels, 1, 1))
            channels = out
    return [*shapes, (channels,), (channels,), (classes, channels), (classes,)]


MODELS = {
    "MLP 784–1000–10": [(1000, 784), (1000,), (10, 1000), (10,)],
    "WRN-16-4": wide_resnet(),
    "1,000 small tensors": [(10, 10)] * 1000,
}


def steppers(shapes, kernel):
    """Name → the step of an optimizer over its own parameters with these shapes, warmed up."""
    builders = {
        "SGD": (torch.optim.SGD, SGD),
        "SGD without momentum": (torch.optim.SGD, {}),
        "Adam": (torch.optim.Adam, {}),
        "TLR, window 1 (Algorithm 2)": (TLR, {"c": STILL}),
        "TLR, window 15": (TLR, {**SGD, "c": STILL, "update_every": 15}),
        "TLR, a third of an epoch": (TLR, {**SGD, "c": STILL, "update_every": STEPS}),
        "secant, a third of an epoch": (TLR, {**SGD, "c": STILL, "update_every": STEPS, "curvature": "secant"}),
        "slope, a third of an epoch": (TLR, {**SGD, "c": STILL, "update_every": STEPS, "curvature": "slope"}),
        "TLR in its first window": (TLR, {**SGD, "update_every": 10**9}),
        "TLRAdam, 50 steps": (TLRAdam, {"c": STILL, "update_every": 50}),
        "TLRAdam, slope, 50 steps": (TLRAdam, {"c": STILL, "update_every": 50, "curvature": "slope"}),
    }
    made = {}
    for name, (optimizer, options) in builders.items():
        params = [torch.nn.Parameter(torch.randn(shape)) for shape in shapes]
        for p in params:
            p.grad = torch.randn_like(p)
        made[name] = optimizer(params, lr=1e-3, **options, **kernel).step
        for _ in range(2 * STEPS):  # two windows: the first sums directions, the second has both buffers
            made[name]()
    return made


def trainers(kernel):
    """Name → a training step of the MLP on real handwriting, warmed up."""
    name = "mnist" if (folder() / "mnist.npz").exists() else "digits"
    data = load(name)
    x, y, _, _ = data.tensors()
    x, batches = normalize(x), epoch_order(len(x), 0, 0).split(256)

    def trainer(optimizer, **options):
        model = MLP(inputs=data.inputs, outputs=data.classes)
        optimizer = optimizer(model.parameters(), lr=1e-3, **SGD, **options, **kernel)
        steps = 0

        def step():
            nonlocal steps
            batch = batches[steps % (len(batches) - 1)]  # the last is smaller
            steps += 1
            optimizer.zero_grad()
            cross_entropy(model(x[batch]), y[batch]).backward()
            optimizer.step()

        for _ in range(2 * STEPS):
            step()
        return step

    return name, {
        "SGD": trainer(torch.optim.SGD),
        "TLR, a third of an epoch": trainer(TLR, update_every=STEPS, c=STILL),
    }


def times(made, rounds, clock):
    """Name → seconds a step, one for each round."""
    seconds = {name: [] for name in made}
    for _ in range(rounds):
        for name in random.sample(list(made), len(made)):
            start = clock()
            for _ in range(STEPS):
                made[name]()
            seconds[name].append((clock() - start) / STEPS)
    return seconds


def report(title, seconds):
    print(title)
    for name, values in seconds.items():
        ratios = [
            statistics.median(value / base for value, base in zip(values, seconds[other], strict=True))
            for other in ("SGD", "SGD without momentum")
            if other in seconds
        ]
        print(f"    {name:32}{statistics.median(values) * 1e3:9.3f}" + "".join(f"{ratio:10.3f}" for ratio in ratios))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    clock = time.process_time if arguments.threads == 1 else time.perf_counter
    print(f"torch {torch.__version__}, {arguments.threads} of {os.cpu_count()} threads, {arguments.rounds} rounds")
    print(f"{'step alone, median':36}{'ms':>9}{'÷ SGD':>10}{'÷ SGD without momentum':>24}")
    for model, shapes in MODELS.items():
        for kernel, options in KERNELS.items():
            parameters = sum(map(prod, shapes))
            seconds = times(steppers(shapes, options), arguments.rounds, clock)
            report(f"{model}, {parameters:,} parameters, {kernel}", seconds)
    print(f"{'training, median':36}{'ms':>9}{'÷ SGD':>10}")
    for kernel, options in KERNELS.items():
        name, made = trainers(options)
        report(f"MLP on {name}, batches of 256, {kernel}", times(made, 8 * arguments.rounds, clock))


if __name__ == "__main__":
    main()
