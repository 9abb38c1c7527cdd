"""What TLR costs beside torch's SGD: ratios of step times, from steps that take turns in one run.

    python benchmarks/optimizers.py [--threads 1]

Each row is the median over rounds; a round times every optimizer once, in random order, over a third of an epoch:
78 steps, as for MNIST at batch size 256.
"""

import argparse
import random
import statistics
import time

import torch

from tlr import TLR

SGD = {"momentum": 0.8, "weight_decay": 5e-4}
STEPS = 78
STILL = 1e-9  # a bound c that keeps α where it is, so that the same gradients can be used for thousands of steps
MODELS = {
    "MLP 784–1000–10": [(1000, 784), (1000,), (10, 1000), (10,)],
    "1,000 small tensors": [(10, 10)] * 1000,
}
KERNELS = {"default": {}, "foreach": {"foreach": True}, "fused": {"fused": True}}


def optimizers(shapes, kernel):
    """Name → an optimizer over its own parameters with these shapes, warmed up."""
    builders = {
        "SGD": (torch.optim.SGD, SGD),
        "Adam": (torch.optim.Adam, {}),
        "TLR, window 1 (Algorithm 2)": (TLR, {"c": STILL}),
        "TLR, window 8": (TLR, {**SGD, "c": STILL, "update_every": 8}),
        "TLR, a third of an epoch": (TLR, {**SGD, "c": STILL, "update_every": STEPS}),
        "SGD without momentum": (torch.optim.SGD, {}),
    }
    made = {}
    for name, (optimizer, options) in builders.items():
        params = [torch.nn.Parameter(torch.randn(shape)) for shape in shapes]
        for p in params:
            p.grad = torch.randn_like(p)
        made[name] = optimizer(params, lr=1e-3, **options, **kernel)
        for _ in range(2 * STEPS):  # two windows: the first sums directions, the second has both buffers
            made[name].step()
    return made


def median_step_times(made, rounds):
    times = {name: [] for name in made}
    for _ in range(rounds):
        for name in random.sample(list(made), len(made)):
            start = time.perf_counter()
            for _ in range(STEPS):
                made[name].step()
            times[name].append((time.perf_counter() - start) / STEPS)
    return {name: statistics.median(values) for name, values in times.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    print(f"{'step time, median':44}{'ms':>8}{'÷ SGD':>8}{'÷ SGD without momentum':>24}")
    for model, shapes in MODELS.items():
        for kernel, options in KERNELS.items():
            medians = median_step_times(optimizers(shapes, options), arguments.rounds)
            print(f"{model}, {kernel}")
            for name, seconds in medians.items():
                ratios = seconds / medians["SGD"], seconds / medians["SGD without momentum"]
                print(f"    {name:40}{seconds * 1e3:8.3f}{ratios[0]:8.3f}{ratios[1]:24.3f}")


if __name__ == "__main__":
    main()
