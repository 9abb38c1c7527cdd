"""Training goes on after a task is learned: notebook 5's test, taken by Prodigy and Schedule-Free SGD.

`benchmarks/learned.py` records it. In notebook 5 small convolutions that have learned the digits 0 to 4 get a fresh
output layer and learn 5 to 9, in batches of 8, with a weight decay of 0.0005; then they train on. TLR as published
leaps there, "steady" does from twice its α₀, and SGD does not. Here Prodigy trains for the same 30 epochs, from its
default of 1, with three seeds; SGD and the paper's rule run again beside it, to show that it is the same test.

What the test would show was fixed before it was run, with notebook 5's words. A run has *learned* in the first epoch
with a mean loss below 0.01. It *leaps* if a later one is above 0.1, and is *lost* if the last one is. Prodigy fails if
two or three of three runs leap, and passes if none does; one run leaves it open. It is tested with weight decay added
to the gradient (0.0005, as in notebook 5), which decides. Two more settings are told beside it: no decay, its default,
and decay that shrinks the weights directly, as in AdamW (0.01). A run that never learns within its 30 epochs neither
passes nor fails, and is counted by itself.

Prodigy failed. Then two more were added, again before their runs: "steady", so that all stand in one record, and
Schedule-Free SGD from its usual 1, with the same weight decay, since on the digits it comes to a loss of 0.01 as early
as Prodigy (`guessing.py` beside this). By the same count it passes or fails; if two or three of its runs leap
or never learn, it is not advised in the place of Prodigy.

Last, and again before their runs: Prodigy's authors advise no schedule or a cosine to zero, and a cosine may spare
Prodigy its leap, as it lowers the step while the run goes on. It does if none of the six runs under a cosine over the
30 epochs leaps, decay in the gradient or none; it does not if two or three of three leap with either; else that is
open. And AdamW, which most readers use, from its usual 0.001 with its decay of 0.01, constant and under that cosine,
passes or fails by the same count as Prodigy.
"""

import warnings

import numpy as np

from tlr.course import records
from tlr.course.experiments.gradient_size import half_of, network, pretrained, without_onednn

__all__ = ["EPOCHS", "METHODS", "PATH", "SEEDS", "recorded_runs", "run"]

PATH = records.shipped() / "learned.jsonl"
EPOCHS, SEEDS = 30, (0, 1, 2)

_SGD = {"lr": 0.01, "momentum": 0.8, "weight_decay": 5e-4}

#: Name → method and options of `tlr.course.peers.make_optimizer`. Under a name that ends in "cosine" α falls to 0 so.
METHODS = {
    "SGD": ("sgd", _SGD),
    "Eq. 8": ("tlr", _SGD | {"update_every": 30}),
    "steady": ("tlr_steady", _SGD | {"update_every": 30, "epoch": 90}),
    "Prodigy, decay in the gradient": ("prodigy", {"lr": 1.0, "weight_decay": 5e-4, "decouple": False}),
    "Prodigy, no decay": ("prodigy", {"lr": 1.0}),
    "Prodigy, decay as in AdamW": ("prodigy", {"lr": 1.0, "weight_decay": 0.01}),
    "Schedule-Free SGD": ("schedulefree", {"lr": 1.0, "weight_decay": 5e-4}),
    "Prodigy, decay in the gradient, cosine": ("prodigy", {"lr": 1.0, "weight_decay": 5e-4, "decouple": False}),
    "Prodigy, no decay, cosine": ("prodigy", {"lr": 1.0}),
    "AdamW": ("adamw", {"lr": 1e-3, "weight_decay": 0.01}),
    "AdamW, cosine": ("adamw", {"lr": 1e-3, "weight_decay": 0.01}),
}


def recorded_runs():
    """The recorded runs, a list of dicts: what `run` returned, its name and seed, and where it comes from."""
    return records.lines(PATH)


def run(data, name, seed, *, epochs=EPOCHS):
    """Learn the digits 0 to 4 with SGD, get a fresh output layer, and train on 5 to 9.

    Args:
        data: the digits, a `tlr.course.data.Data`.
        name: of `METHODS`.
        seed: of the output layer and of the order of the batches.
        epochs: on the second task (default `EPOCHS`).

    Returns:
        A dict of lists with a number for each epoch of the second task: `loss`, the mean over the images, each before
        its step; `accuracy`, of the test images, after it; and `alpha`, after it: for Prodigy what it multiplies its
        step by. A run whose loss is not finite ends there.
    """
    from tlr.course.peers import make_optimizer
    from tlr.course.peers.schedules import cosine
    from tlr.course.training import train

    model, (method, options) = network(7 + seed), METHODS[name]
    model[:-1].load_state_dict(pretrained(data)[:-1].state_dict())
    optimizer = make_optimizer(method, model.parameters(), **options)
    scheduler = cosine(optimizer, EPOCHS) if name.endswith("cosine") else None
    with without_onednn(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TLR warns of what we are after
        how = {"epochs": epochs, "batch_size": 8, "seed": seed, "scheduler": scheduler}
        ran = train(model, optimizer, half_of(data, 5), progress=False, **how)
    alpha = np.ravel(ran.rates)[1:]
    return {"loss": [*ran.train_loss], "accuracy": [*np.ravel(ran.test_accuracy)], "alpha": [*alpha]}
