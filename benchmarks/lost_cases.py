"""Where rules for α get lost: cases that have cost a run, each rule on each of them; every lost run is shown.

    python benchmarks/lost_cases.py                             a quick part, some ten seconds
    python benchmarks/lost_cases.py --all                       everything, three hours on one core
    python benchmarks/lost_cases.py --all --only digits readme  the groups of these names
    python benchmarks/lost_cases.py --left                      what is not recorded yet, with hours

A run is lost if its last loss is not finite or above half of its first; `tlr.course.experiments.lost_cases` says what
the columns of the table are. Figure 1 on MNIST comes from the course's records.

The last advice of notebook 6, one run of "steady" from 0.01, has a rival that nobody tunes either: SGD from its usual
0.1 under a cosine to zero. Which is the better default was to be judged, as written down before any of its runs, on
mini-batches in windows of 15 steps and more, with MNIST at its four batch sizes. The cosine is, if its median loss is
the lower one in two thirds of these cases and it loses no more runs than "steady"; "steady" is, if the same is true the
other way round; otherwise that is open.

A run of `--all` is kept at once as a line of `tlr/course/records/recorded/lost_cases.jsonl`, with the code and the
versions that it comes from, and is not run again while it is there: the same command goes on where it was stopped.
"""

import argparse
import json
import math
import statistics
import time
import warnings
from collections import Counter
from contextlib import nullcontext
from functools import cache, partial
from unittest.mock import patch

import numpy as np
import sklearn.datasets
import torch
from torch import nn
from torch.func import functional_call
from torch.nn.functional import cross_entropy, softplus
from torch.nn.utils import parameters_to_vector

from tlr import TLR, TLRAdam, window
from tlr.course.data import folder, load, normalize
from tlr.course.experiments.lost_cases import PATH, is_lost, recorded_runs, table
from tlr.course.experiments.provenance import provenance
from tlr.course.models import MLP
from tlr.course.peers import make_optimizer
from tlr.course.peers.schedules import cosine
from tlr.course.theory import safeguarded
from tlr.optim import steady

RULES = ("published", "secant", "slope", "gradients")
OURS = ("steady", *RULES)
DUEL = (*OURS, "prodigy")  # which takes no α₀
GUARDS = ("tlr_armijo", "caps")  # the published rule with Armijo's condition, or with AdGD's caps
RIVALS = ("sgd", "hypergradient", "barzilai_borwein", "prodigy", "schedulefree", "tlr_armijo")
HELD_OUT = ("steady", "published", "sgd", "secant", "prodigy", "schedulefree")
TRIED = (1e-6, 1e-4, 1e-2, 1e-1, 1.0)
LOW = (1e-3, 1e-2, 1e-1)
FIXED = (1e-3, 3e-3, 1e-2, 3e-2, 1e-1)  # what SGD is tuned over
_factor = steady.factor
#: "steady" without one of its parts → what its module has in place of it.
WITHOUT = {
    "steady without short windows": {"FRESH": {**steady.FRESH, "planned": 10**9}},
    "steady without taking back": {"_GROWTH": 1e100},
    "steady without a brake": {"_RISING": 1e100},
    "steady without growth by a half": {"factor": lambda products, q, c, decay: _factor(products, q, 0.25, decay)},
    "steady without an epoch": {"reshuffling": lambda *_: 0.0},
    "steady without 1/t": {"factor": lambda products, q, c, decay: _factor(products, q, c, 1.0)},
}


def without(method):
    """A context in which "steady" lacks the part that the method's name leaves out, if it leaves out one."""
    return patch.multiple(steady, **WITHOUT[method]) if method in WITHOUT else nullcontext()


def optimizer(method, params, lr, every, epoch, momentum=0.0, weight_decay=0.0, adam=False):
    """The optimizer of a method, over SGD or over Adam."""
    params = list(params)
    shared = {} if adam else {"momentum": momentum, "weight_decay": weight_decay}
    curvature = method.partition(" ")[0]
    if curvature in OURS:
        allowance = {"epoch": epoch} if curvature == "steady" else {}
        return (TLRAdam if adam else TLR)(params, lr=lr, update_every=every, curvature=curvature, **shared, **allowance)
    if method == "exact_bb":
        return TLR(params, lr=lr, curvature="barzilai_borwein")
    if method == "adam":
        return torch.optim.Adam(params, lr=lr)
    options = {
        "sgd": shared,
        "cosine": shared,
        "hypergradient": {**shared, "beta": 1e-4},
        "barzilai_borwein": {"update_every": every, "weight_decay": weight_decay},
        "prodigy": {"weight_decay": weight_decay},
        "schedulefree": {"momentum": 0.9, "weight_decay": weight_decay},
        "tlr_armijo": {},
    }[method]
    return make_optimizer(method, params, lr=1.0 if method == "prodigy" else lr, **options)


def losses(model, make, x, y, batch_size, epochs, seed=0, relabeled=None):
    """The loss of the network before training, then the mean over each epoch. Labels may change half-way.

    `make` is a partial; where the method that it begins with is "cosine", α falls to zero over the epochs.
    """
    optimizer = make(model.parameters())
    scheduler = cosine(optimizer, epochs) if make.args[:1] == ("cosine",) else None
    with torch.no_grad():
        curve = [cross_entropy(model(x), y).item()]
    for epoch in range(epochs):
        if relabeled is not None and epoch == epochs // 2:
            y = relabeled
        getattr(optimizer, "train", lambda: None)()
        order, total = torch.from_numpy(np.random.default_rng((seed, epoch)).permutation(len(x))), 0.0
        for batch in order.split(batch_size):

            def closure(images=x[batch], labels=y[batch]):
                optimizer.zero_grad()
                loss = cross_entropy(model(images), labels)
                if torch.is_grad_enabled():
                    loss.backward()
                return loss

            total += len(batch) * optimizer.step(closure).item()
        if scheduler:
            scheduler.step()
        curve.append(total / len(x))
        if not math.isfinite(curve[-1]):
            break
    return curve


def descent(function, start, make, steps):
    """The loss of a function of one vector at every step, with exact gradients in float64."""
    w = nn.Parameter(torch.tensor(start, dtype=torch.float64))
    optimizer, curve = make([w]), []

    def closure():
        optimizer.zero_grad()
        loss = function(w)
        if torch.is_grad_enabled():
            loss.backward()
        return loss

    for _ in range(steps):
        curve.append(optimizer.step(closure).item())
        if not math.isfinite(curve[-1]):
            return curve
    return [*curve, function(w).item()]


@cache
def images(name):
    """(x, y) to train on: images (n, 1, height, width) in [−1, 1], and their labels."""
    data = load(name)
    x = normalize(torch.from_numpy(data.x_train))
    return x.reshape(len(x), 1, *x.shape[-2:]), torch.from_numpy(data.y_train).long()


def digits(method, alpha0, seed, p, momentum, epochs=20, relabeled=False, adam=False, window=None):
    """The digits by an MLP of 100 units, batches of 16."""
    x, y = images("digits")
    epoch = math.ceil(len(x) / 16)
    make = partial(
        optimizer,
        method,
        lr=alpha0,
        every=window or round(p * epoch),
        epoch=epoch,
        momentum=momentum,
        weight_decay=5e-4,
        adam=adam,
    )
    return losses(MLP(64, 100, 10, seed), make, x, y, 16, epochs, seed, (y + 1) % 10 if relabeled else None)


@cache
def rows_of(name):
    """(x, y) of 200 digits, of a number of MNIST's or CIFAR-10's images, or of a table of scikit-learn."""
    number, _, data = name.partition(" ")
    if number.isdigit():
        found = load(data)
        x = normalize(torch.from_numpy(found.x_train[: int(number)]))
        return x.reshape(len(x), -1, *x.shape[-2:]), torch.from_numpy(found.y_train[: int(number)]).long()
    found = getattr(sklearn.datasets, f"load_{name.replace(' ', '_')}")()
    x = torch.tensor((found.data - found.data.mean(0)) / found.data.std(0), dtype=torch.float32)
    return x, torch.from_numpy(found.target).long()


def readme(method, alpha0, seed, rows, batch_size=16, epochs=60, floor=False, network=None):
    """The README's lines: μ = 0.8, a third of an epoch, with or without the floor of `tlr.window`, no weight decay."""
    x, y = rows_of(rows)
    epoch = math.ceil(len(x) / batch_size)
    every = window(epoch, momentum=0.8) if floor else max(1, round(epoch / 3))
    make = partial(optimizer, method, lr=alpha0, every=every, epoch=epoch, momentum=0.8)
    model = network(seed) if network else MLP(x[0].numel(), 100, int(y.max()) + 1, seed)
    return losses(model, make, x, y, batch_size, epochs, seed)


def mnist(method, alpha0, seed, batch_size):
    """The paper's MLP on MNIST, 8 epochs with the paper's settings."""
    x, y = images("mnist")
    epoch = math.ceil(len(x) / batch_size)
    every = round(epoch / 3)
    make = partial(optimizer, method, lr=alpha0, every=every, epoch=epoch, momentum=0.8, weight_decay=5e-4)
    return losses(MLP(seed=seed), make, x, y, batch_size, 8, seed)


def convolutions(seed, classes=5, features=64):
    """The network of notebook 05, without norms."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        layers = []
        for inputs, outputs in ((1, 8), (8, 16)):
            layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU()]
            layers += [nn.Conv2d(outputs, outputs, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
        for layer in layers:
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        return nn.Sequential(*layers, nn.Flatten(), nn.Linear(features, classes))


@cache
def backbone():
    """The convolutions' state after 8 epochs of the digits 0 to 4."""
    x, y = images("digits")
    model = convolutions(0)
    make = partial(torch.optim.SGD, lr=0.01, momentum=0.8, weight_decay=5e-4)
    losses(model, make, x[y < 5], y[y < 5], 8, 8)
    return model[:-1].state_dict()


def photographs(method, alpha0, seed, pretrained):
    """The digits 5 to 9 by convolutions, fresh or trained on 0 to 4 before; batches of 8, 18 epochs."""
    x, y = images("digits")
    x, y = x[y >= 5], y[y >= 5] - 5
    model, epoch = convolutions(seed), math.ceil(len(x) / 8)
    if pretrained:
        model[:-1].load_state_dict(backbone())
    every = round(epoch / 3)
    make = partial(optimizer, method, lr=alpha0, every=every, epoch=epoch, momentum=0.8, weight_decay=5e-4)
    return losses(model, make, x, y, 8, 18, seed)


def one_sided(w):
    """√(1 + w²) − 1 left of zero, w²/2 right of it: convex, and its second derivative is at most 1."""
    return torch.where(w < 0, (1 + w * w).sqrt() - 1, w * w / 2).sum()


def half_parabola(w):
    """w²/2 left of zero, 300 w²/2 right of it: strongly convex."""
    return torch.where(w < 0, w * w / 2, 150 * w * w).sum()


def quadratic(condition, w):
    """Ten eigenvalues, spread geometrically from 1 to the condition number."""
    return (torch.logspace(0, math.log10(condition), 10, dtype=w.dtype) * w * w).sum() / 2


def logistic(w):
    """Odd against even digits, every image at once."""
    x, y = images("digits")
    return softplus((1 - 2.0 * (y % 2)).double() * (x.flatten(1).double() @ w[:-1] + w[-1])).mean()


#: name → (function, w₀, the largest stable fixed α)
FUNCTIONS = {
    "one-sided parabola": (one_sided, [-100.0], 2.0),
    "two parabolas": (half_parabola, [-1.0], 2 / 300),
    "quadratic, condition 100": (partial(quadratic, 1e2), [1.0] * 10, 2e-2),
    "quadratic, condition 1e6": (partial(quadratic, 1e6), [1.0] * 10, 2e-6),
    "logistic regression": (logistic, [0.0] * 65, 0.1),
}


def capped(value, start, alpha0, steps):
    """The loss of a function at every step of the published rule with AdGD's caps."""

    def value_and_gradient(w):
        w = torch.tensor(w, requires_grad=True)
        loss = value(w)
        loss.backward()
        return loss.item(), w.grad.numpy()

    return [
        value(torch.tensor(start)).item(),
        *safeguarded(value_and_gradient, start, alpha0, steps, guard="caps").loss,
    ]


def function(method, alpha0, seed, name, steps=600):
    """Exact gradients; α₀ is a share of the largest stable fixed α."""
    value, start, stable = FUNCTIONS[name]
    if method == "caps":
        return capped(value, np.array(start), alpha0 * stable, steps)
    return descent(value, start, partial(optimizer, method, lr=alpha0 * stable, every=1, epoch=1), steps)


def full_batch(method, alpha0, seed, steps=600):
    """The digits by 64 tanh units, every image in every step."""
    x, y = images("digits")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = nn.Sequential(nn.Flatten(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 10))
    if method == "caps":
        start = parameters_to_vector(model.parameters()).detach()
        shapes = [(name, p.shape) for name, p in model.named_parameters()]

        def value(w):
            parts = w.float().split([shape.numel() for _, shape in shapes])
            state = {name: part.view(shape) for (name, shape), part in zip(shapes, parts, strict=True)}
            return cross_entropy(functional_call(model, state, x), y)

        return capped(value, start.double().numpy(), alpha0, steps)
    return losses(model, partial(optimizer, method, lr=alpha0, every=1, epoch=1), x, y, len(x), steps, seed)


def cases(quick):
    """(group, case, run, α₀s, methods, seeds): run is called with method, α₀ and seed."""
    if quick:
        yield "digits", "p 1/3, μ 0.8", partial(digits, p=1 / 3, momentum=0.8, epochs=5), (1e-1,), OURS, (0,)
        for name in tuple(FUNCTIONS)[:3]:
            yield "functions", name, partial(function, name=name, steps=200), (0.1,), OURS, (0,)
        return
    seeds = (0, 1, 2)
    for p, momentum in ((1 / 3, 0.8), (1 / 3, 0.9), (0.1, 0.8), (0.1, 0.9)):
        yield "digits", f"p {p:.2g}, μ {momentum}", partial(digits, p=p, momentum=momentum), TRIED, OURS, seeds
    yield "digits", "p 0.33, μ 0.8", partial(digits, p=1 / 3, momentum=0.8), FIXED, RIVALS, seeds
    yield "labels", "labels change", partial(digits, p=1 / 3, momentum=0.8, relabeled=True), (1e-2,), DUEL, seeds
    for steps in (9, 30, 50):
        run = partial(digits, p=1, momentum=0.0, adam=True, window=steps)
        yield "adam", f"Adam, window {steps}", run, (1e-4, 1e-3, 1e-2), OURS, seeds
    yield "adam", "Adam, window 30", partial(digits, p=1, momentum=0.0, adam=True), (1e-4, 1e-3, 1e-2), ("adam",), seeds
    for name in FUNCTIONS:
        methods = (*RULES[:2], "steady", "sgd", "exact_bb", *GUARDS)
        yield "functions", name, partial(function, name=name), (1e-3, 0.1, 0.95), methods, (0,)
    yield "full", "full batches, tanh", full_batch, (1e-3, 1e-1), (*DUEL, "sgd", *GUARDS), seeds[:1]
    for rows in ("200 digits", "wine"):
        run = partial(readme, rows=rows)
        yield "readme", f"README, {rows}", run, LOW, (*OURS, "sgd", "prodigy", "schedulefree"), seeds
    # Added after "steady" was fixed: no rule had been tried on these.
    for rows in ("iris", "breast cancer"):
        yield "tables", f"README, {rows}", partial(readme, rows=rows), LOW, HELD_OUT, seeds
    for rows in ("200 digits", "wine"):
        run = partial(readme, rows=rows)
        yield "seeds", f"README, {rows}, new seeds", run, LOW, HELD_OUT, (3, 4, 5)
    # Added on November 29, 2026, before any rule was run on them: windows of 15 steps and more.
    with_floor = partial(readme, floor=True)
    yield "longer", "wine, 15 steps", partial(with_floor, rows="wine", batch_size=4, epochs=30), LOW, HELD_OUT, seeds
    run = partial(with_floor, rows="breast cancer", batch_size=8, epochs=20)
    yield "longer", "breast cancer, 24 steps", run, LOW, HELD_OUT, seeds
    run = partial(
        with_floor, rows="6000 mnist", batch_size=64, epochs=10, network=partial(convolutions, classes=10, features=784)
    )
    yield from with_data("mnist", ("longer", "MNIST by convolutions, 31 steps", run, LOW, HELD_OUT, seeds))
    run = partial(with_floor, rows="5000 cifar10", batch_size=64, epochs=30)
    yield from with_data("cifar10", ("longer", "photographs, 26 steps", run, LOW, HELD_OUT, seeds))
    for p, momentum in ((1 / 3, 0.8), (1 / 3, 0.9), (0.1, 0.8)):
        run = partial(digits, p=p, momentum=momentum)
        yield "parts", f"p {p:.2g}, μ {momentum}", run, (1e-4, 1e-2, 1e-1), WITHOUT, seeds
    for rows in ("200 digits", "wine"):
        yield "parts", f"README, {rows}", partial(readme, rows=rows), LOW, WITHOUT, seeds
    for pretrained in (False, True):
        name = f"convolutions, {'pre-trained' if pretrained else 'fresh'}"
        run = partial(photographs, pretrained=pretrained)
        yield "photographs", name, run, (1e-2,), (*DUEL, "sgd"), (7, 8, 9)
        yield "parts", name, run, (1e-2,), WITHOUT, (7, 8, 9)
    yield from by_default(seeds)
    run = partial(mnist, batch_size=512)
    yield from with_data("mnist", ("corner", "MNIST, batch 512", run, (1e-1,), (*DUEL, "sgd"), (0, 1, 2, 3, 4)))
    noisy = partial(mnist, batch_size=64)
    yield from with_data("mnist", ("parts", "MNIST, batch 64", noisy, (1e-2, 1e-1), ("steady", *WITHOUT), (0, 1)))
    yield from with_data("mnist", ("parts", "MNIST, batch 512", run, (1e-1,), WITHOUT, (0, 1, 2, 3, 4)))


def by_default(seeds):
    """Cases for SGD from its usual 0.1 under a cosine, beside "steady" from 0.01."""
    once = ((0.1,), ("cosine",), seeds)
    for momentum in (0.8, 0.9):
        yield "default", f"p 0.33, μ {momentum}", partial(digits, p=1 / 3, momentum=momentum), *once
    yield "default", "labels change", partial(digits, p=1 / 3, momentum=0.8, relabeled=True), *once
    for pretrained in (False, True):
        name = f"convolutions, {'pre-trained' if pretrained else 'fresh'}"
        yield "default", name, partial(photographs, pretrained=pretrained), *once[:2], (7, 8, 9)
    run = partial(readme, floor=True)
    yield "default", "wine, 15 steps", partial(run, rows="wine", batch_size=4, epochs=30), *once
    yield "default", "breast cancer, 24 steps", partial(run, rows="breast cancer", batch_size=8, epochs=20), *once
    network = partial(convolutions, classes=10, features=784)
    small = partial(run, rows="6000 mnist", batch_size=64, epochs=10, network=network)
    yield from with_data("mnist", ("default", "MNIST by convolutions, 31 steps", small, *once))
    small = partial(run, rows="5000 cifar10", batch_size=64, epochs=30)
    yield from with_data("cifar10", ("default", "photographs, 26 steps", small, *once))
    for batch_size in (64, 128, 256, 512):
        case = ("default", f"figure 1, batch {batch_size}", partial(mnist, batch_size=batch_size), *once)
        yield from with_data("mnist", case)


def with_data(name, case):
    """The case, if its data are there."""
    if (folder() / f"{name}.npz").is_file():
        yield case
    else:
        print(f"{case[1]} is left out: there is no {name}.npz in {folder()}.")


def _number(value):
    return value if math.isfinite(value) else math.inf


def wanted(quick, only=(), done=()):
    """(where, run) of each run that is not done: its group, case, method, α₀ and seed as a dict, and what runs it."""
    for group, case, run, rates, methods, seeds in cases(quick):
        if only and group not in only:
            continue
        for method in methods:
            for alpha0 in (0.1,) if method == "prodigy" else rates:  # which takes none
                for seed in seeds:
                    if (case, method, alpha0, seed) not in done:
                        where = {"group": group, "case": case, "method": method, "alpha0": alpha0, "seed": seed}
                        yield where, partial(run, method, alpha0, seed)


def measured(quick, only=(), done=()):
    """Run the cases but those that are done, (case, method, α₀, seed); yields each run as a dict."""
    for where, run in wanted(quick, only, done):
        start = time.perf_counter()
        with without(where["method"]), warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of short windows and lost runs
            curve = run()
        ends = {"first": curve[0], "last": curve[-1], "highest": max(map(_number, curve))}
        yield {**where, **ends, "seconds": round(time.perf_counter() - start, 2)}


def left(runs, only=(), done=()):
    """A line for each group that has runs left: how many, and the hours that they take if they are like the others."""
    seconds, counts = {}, Counter(where["group"] for where, _ in wanted(False, only, done))
    for run in runs:
        seconds.setdefault(run["group"], []).append(run["seconds"])
    everything = [pace for paces in seconds.values() for pace in paces] or [10]
    for group, count in counts.items():
        yield f"{group}: {count} runs, {count * statistics.median(seconds.get(group, everything)) / 3600:.1f} hours"


def record(run):
    """Keep a run, with where it comes from."""
    origin = provenance(load("digits"), torch.device("cpu"), "float32")
    with PATH.open("a", encoding="utf-8") as file:
        file.write(json.dumps({**run, **{key: origin[key] for key in ("commit", "dirty", "date", "versions")}}) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--all", action="store_true", help="every case, and keep the runs")
    parser.add_argument("--only", nargs="+", default=[], metavar="GROUP", help="the groups of these names")
    parser.add_argument("--left", action="store_true", help="name what is left of --all, and run nothing")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    runs = recorded_runs() if arguments.all or arguments.left else []
    done = {(run["case"], run["method"], run["alpha0"], run["seed"]) for run in runs}
    if arguments.left:
        print(*left(runs, arguments.only, done), sep="\n")
        return
    for run in measured(not arguments.all, arguments.only, done):
        runs.append(run)
        if arguments.all:
            record(run)
    for run in filter(is_lost, runs):
        print(f"lost: {run['case']}, {run['method']}, α₀ {run['alpha0']:g}, seed {run['seed']}")
    print(table(runs).to_string(float_format="{:.3g}".format))


if __name__ == "__main__":
    main()
