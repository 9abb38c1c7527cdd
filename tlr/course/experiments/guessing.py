"""What the choice of α₀ decides: a small network trained from every α₀ of a grid, with each method.

The first measure was the final training loss. The second came later and was fixed before its numbers were seen. Since
notebook 5 says to stop once a task is learned, at an epoch's mean loss below 0.01, it is the first such epoch; and
beside it the first that ends with 97 % of the test digits right. From the usual α₀ the method is first whose median
over the three seeds is lowest, methods of the same median are level, and a run that does not get there in its ten
epochs counts as later than all others. If another method than Prodigy is first, the advice has to change.
"""

from collections.abc import Mapping
from functools import partial

import numpy as np

from tlr.course import records

__all__ = [
    "GRID",
    "PATH",
    "SEEDS",
    "USUAL",
    "first_epoch",
    "losses",
    "methods_of_today",
    "over_alpha0",
    "recorded_runs",
]

PATH = records.shipped() / "guessing.jsonl"  # what `benchmarks/guessing.py` writes
GRID, SEEDS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0), (0, 1, 2)

#: Method → the α₀ that one would set without a search.
USUAL = {
    "cosine": 0.1,
    "adamw": 0.001,
    "schedulefree": 1.0,
    "prodigy": 1.0,
    "tlr": 0.01,
    "tlr_steady": 0.01,
    "tlr_adamw": 0.001,
}


def methods_of_today(data):
    """Method → how to make it, for `over_alpha0` in batches of 16: SGD and TLR with μ = 0.8, over Adam 50 steps."""
    from tlr.course.peers import cosine
    from tlr.course.training import steps_per_epoch
    from tlr.optim import TLRAdamW
    from tlr.rule import window

    steps = steps_per_epoch(data, batch_size=16)
    warm, sgd = partial(cosine, warmup=2), {"momentum": 0.8, "weight_decay": 5e-4}
    tlr = sgd | {"update_every": window(steps)}
    return {
        "cosine": (sgd, warm),
        "adamw": ({}, warm),
        "schedulefree": {},
        "prodigy": {},
        "tlr": tlr,
        "tlr_steady": tlr | {"epoch": steps},
        "tlr_adamw": partial(TLRAdamW, update_every=50, curvature="steady", epoch=steps),
    }


def recorded_runs():
    """The runs that are kept, a list of dicts. Python's json reads what is not finite as NaN and Infinity."""
    return records.lines(PATH)


def over_alpha0(methods, data, grid, *, epochs, batch_size, seeds=(0, 1, 2), hidden=100):
    """Train from each α₀ with each method.

    Args:
        methods: method → how to make it: options of `make_optimizer`, or for a method of your own a function of
            parameters and lr that returns the optimizer. A pair adds its schedule, a function of the optimizer and the
            epochs.
        data: a `tlr.course.data.Data`.
        grid: the values of α₀.
        epochs, batch_size: of each run.
        seeds: of the initial weights and of the batches' order (default 0, 1 and 2).
        hidden: units of the network (default 100).

    Returns:
        Method → (α₀, seed) → `tlr.course.training.History`.
    """
    from tlr.course.models import MLP
    from tlr.course.peers import make_optimizer
    from tlr.course.training import train

    found = {name: {} for name in methods}
    for name, how in methods.items():
        how, *schedule = how if isinstance(how, tuple) else (how,)
        make = partial(make_optimizer, name, **how) if isinstance(how, Mapping) else how
        for alpha0 in grid:
            for seed in seeds:
                model = MLP(data.inputs, hidden, data.classes, seed)
                optimizer = make(model.parameters(), lr=alpha0)
                scheduler = schedule[0](optimizer, epochs) if schedule else None
                options = {"epochs": epochs, "batch_size": batch_size, "seed": seed, "scheduler": scheduler}
                found[name][alpha0, seed] = train(model, optimizer, data, progress=False, **options)
    return found


def losses(runs, quantity="train_loss"):
    """Method → what its runs ended with, an array with a row for each α₀ of `GRID` and a column for each seed.

    What is not finite, a run that diverged, is infinite.
    """
    found = {}
    for run in runs:
        rows = found.setdefault(run["method"], np.full((len(GRID), len(SEEDS)), np.nan))
        rows[GRID.index(run["alpha0"]), SEEDS.index(run["seed"])] = np.nan_to_num(run[quantity], nan=np.inf)
    return {name: found[name] for name in USUAL if name in found}


def first_epoch(runs, quantity, there):
    """Method → the first epoch in which its runs were there, an array shaped like that of `losses`.

    Args:
        runs: of `recorded_runs`.
        quantity: "losses", the mean training loss of each epoch, or "accuracies", of the test images after it.
        there: whether such a number is, a function of one; false of NaN.

    Returns:
        Epochs, from 1; infinite for a run that never got there.
    """
    reached = [next((n for n, each in enumerate(run[quantity], start=1) if there(each)), np.nan) for run in runs]
    return losses([run | {"first": epoch} for run, epoch in zip(runs, reached, strict=True)], "first")
