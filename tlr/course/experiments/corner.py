"""The corner of figure 1, α₀ = 0.1 with batches of 512 on MNIST, step by step: what the rules see there.

`benchmarks/corner.py` records it; the records of figure 1 have an α for each epoch only.
"""

import json
from itertools import pairwise

from tlr.course import records

__all__ = ["EPOCHS", "PATH", "SETTING", "recorded_steps", "step_by_step"]

PATH = records.shipped() / "corner.jsonl"
EPOCHS = 3
SETTING = {"alpha0": 0.1, "batch_size": 512, "seed": 0}

_RULES = ("published", "secant", "gradients")


def recorded_steps():
    """Method → what `step_by_step` returned, and where it comes from."""
    lines = PATH.read_text(encoding="utf-8").splitlines()
    return {run["method"]: run for run in map(json.loads, lines)}


def step_by_step(method, data, *, alpha0, batch_size, seed, hidden=1000, epochs=EPOCHS):
    """Train as figure 1 does, and note every step.

    Args:
        method: "tlr" or "tlr_steady".
        data: a `tlr.course.data.Data`.
        alpha0, batch_size, seed: of the run.
        hidden: units of the network (default 1000).
        epochs: how long (default 3).

    Returns:
        A dict: `loss` of each batch before its step and `alpha` of each step; `window`, the steps of a third of an
        epoch; and `asked`, rule → the relative change of α that it asks for after each window but the first.
    """
    import torch
    from torch.nn.functional import cross_entropy

    from tlr import rule
    from tlr.course.data import normalize
    from tlr.course.models import MLP
    from tlr.course.peers import make_optimizer
    from tlr.course.training import epoch_order, steps_per_epoch

    every = steps_per_epoch(data, batch_size)
    window = rule.window(every)
    model = MLP(data.inputs, hidden, data.classes, seed)
    options = {"epoch": every} if method == "tlr_steady" else {}
    options |= {"lr": alpha0, "momentum": 0.8, "weight_decay": 5e-4, "update_every": window}
    optimizer = make_optimizer(method, model.parameters(), **options)
    images, labels, *_ = data.tensors("cpu")
    images = normalize(images)
    loss, alpha, sums = [], [], []
    direction = gradient = 0
    for epoch in range(epochs):
        for batch in epoch_order(len(labels), seed, epoch).split(batch_size):
            optimizer.zero_grad()
            value = cross_entropy(model(images[batch]), labels[batch])
            value.backward()
            before = _flat(model.parameters())
            gradient = gradient + _flat(w.grad for w in model.parameters())
            loss.append(value.item())
            alpha.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            direction = direction + (before - _flat(model.parameters())) / alpha[-1]
            if len(loss) % window == 0:
                sums.append({"directions": direction, "gradients": gradient})
                direction = gradient = 0
    asked = {name: [] for name in _RULES}
    for first, second in pairwise(sums):
        for name in _RULES:
            what, _ = rule.RULES[name].products
            old, new = first[what], second[what]
            products = (float(torch.dot(*pair)) for pair in ((new, new), (new, old), (old, old)))
            asked[name].append(float(rule.relative_change(*products, curvature=name)))
    return {"loss": loss, "alpha": alpha, "window": window, "asked": asked}


def _flat(tensors):
    import torch

    return torch.cat([tensor.detach().flatten() for tensor in tensors])
