"""Record notebook 3b's trials with ten seeds: the two repairs, the batch size, and how batches are drawn.

    python benchmarks/repairs.py   four minutes; runs that are recorded are not made again

The setting is notebook 3b's: the digits, an MLP of 100 units, μ = 0.8, weight decay 5·10⁻⁴, 20 epochs; seeds 0 to 9.
A run is *lost* if its last training loss is not finite, or above half of its first. What would count was written down
before the runs. (Some of the runs with the seeds 0 and 1 were known from the notebook: in trial 1 all but Eq. 8 on
gradients, in trial 2 two batch sizes from 0.1, in trial 3 all.)

1. The repairs. The formula, Eq. 8 or Eq. 8′, and what is summed over a window, displacements or gradients: all four
   combinations, in windows of 4 steps (batches of 128, α₀ = 0.1), of 9 and of 30 (batches of 16, α₀ = 0.01). In the
   twenty runs with 4 and with 9 steps a repair *does the work* if alone, without the other, it loses at most two, and
   *is not enough* if alone it loses at least five; else this is open. If each does the work alone, either will do; if
   neither does, both are needed. With 30 steps reading gradients *has a price* if, with the same formula and seed, it
   ends with the higher loss in at least nine of ten seeds, for both formulas.
2. The batch size. Eq. 8 on displacements in windows of a third of an epoch (30, 15, 8 and 4 steps with batches of 16,
   32, 64 and 128), from α₀ of 0.001, 0.01 and 0.1, beside SGD with α fixed there. From an α₀ the rule is *not robust
   to the batch size* if batches of 128 lose at least nine of ten runs and batches of 16 at most one. If fixed SGD loses
   more than one of ten there, with either, long or short steps alone may be the reason, and the trial says nothing.
3. How batches are drawn. Without momentum and weight decay, from α₀ = 0.01 in windows of 30 steps, 40 epochs: Eq. 8
   with batches drawn without and with replacement, and "steady" without. The share of the fall that drawing explains
   is 1 − (log α lost from epoch 20 to 40 with replacement) / (without). It is *most* of the fall, or *less than half*,
   if the mean share of ten seeds is above or below one half by more than two standard errors; else *about half*. With
   replacement, or under steady, a run ends lower, or α falls more slowly, if it does so in nine of ten seeds. And in
   how many runs does the loss after an epoch leap beyond that of the untrained network? This is only counted.

A line of tlr/course/records/recorded/repairs.jsonl is a run: its trial, "repairs", "batch size" or "drawing"; the rule,
and what it reads; its setting; and where it comes from. The first two trials have the first, the last and the highest
mean training loss of an epoch, null where it is not finite, the largest α after an epoch, and the last; the third has
α and the training loss after each epoch, the loss before training, and how many windows steady took back.
"""

import json
import warnings
from itertools import product
from unittest.mock import patch

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from tlr import TLR, rule
from tlr.course import records
from tlr.course.data import load, normalize
from tlr.course.experiments.provenance import provenance
from tlr.course.experiments.repairs import PATH
from tlr.course.models import MLP
from tlr.course.training import steps_per_epoch, train

SEEDS = range(10)
SETTING = ("trial", "rule", "reads", "steps", "alpha0", "batch_size", "replacement", "seed")

#: What each rule is called in `tlr.rule.RULES`; "published on gradients" is in `ONLY_HERE`.
RULES = {
    ("Eq. 8", "displacements"): "published",
    ("Eq. 8", "gradients"): "published on gradients",
    ("Eq. 8′", "displacements"): "secant",
    ("Eq. 8′", "gradients"): "gradients",
}
ONLY_HERE = {"published on gradients": rule.RULES["published"]._replace(products=("gradients", "gradients"))}


def wanted(digits):
    """The settings of all runs, one after the other."""
    for (name, reads), (steps, (alpha0, size)), seed in product(
        RULES, {4: (0.1, 128), 9: (0.01, 16), 30: (0.01, 16)}.items(), SEEDS
    ):
        rule_ = {"rule": name, "reads": reads, "steps": steps}
        yield {"trial": "repairs", **rule_, "alpha0": alpha0, "batch_size": size, "seed": seed}
    for name, size, alpha0, seed in product(("Eq. 8", "SGD"), (16, 32, 64, 128), (0.001, 0.01, 0.1), SEEDS):
        steps = rule.window(steps_per_epoch(digits, size))
        rule_ = {"rule": name, "reads": "displacements", "steps": steps} if name != "SGD" else {"rule": name}
        yield {"trial": "batch size", **rule_, "alpha0": alpha0, "batch_size": size, "seed": seed}
    for (name, replacement), seed in product((("Eq. 8", False), ("Eq. 8", True), ("steady", False)), SEEDS):
        yield {"trial": "drawing", "rule": name, "replacement": replacement, "seed": seed}


def measured(setting, digits, epochs=20):
    """Train, and return what a line says of the run."""
    model = MLP(digits.inputs, 100, digits.classes, setting["seed"])
    options = {"lr": setting["alpha0"], "momentum": 0.8, "weight_decay": 5e-4}
    with patch.dict(rule.RULES, ONLY_HERE):
        if setting["rule"] == "SGD":
            optimizer = torch.optim.SGD(model.parameters(), **options)
        else:
            curvature = RULES[setting["rule"], setting["reads"]]
            optimizer = TLR(model.parameters(), **options, update_every=setting["steps"], curvature=curvature)
        loop = {"epochs": epochs, "batch_size": setting["batch_size"], "seed": setting["seed"], "progress": False}
        ran = train(model, optimizer, digits, **loop)
    loss, alpha = ran.train_loss, ran.alpha[:, 0]
    found = {"first": loss[0], "last": loss[-1], "highest": np.max(loss), "largest_alpha": np.max(alpha)}
    found["last_alpha"] = alpha[-1]
    return {name: float(f"{value:.4g}") if np.isfinite(value) else None for name, value in found.items()}


def drawn(setting, digits, epochs=40, batch_size=16):
    """Train with batches drawn with or without replacement, and return what a line says of the run."""
    seed, every = setting["seed"], steps_per_epoch(digits, batch_size)
    draws, model = torch.Generator().manual_seed(seed), MLP(digits.inputs, 100, digits.classes, seed)
    options = {"curvature": "steady", "epoch": every} if setting["rule"] == "steady" else {}
    optimizer = TLR(model.parameters(), 0.01, update_every=rule.window(every), **options)
    images, labels, _, _ = digits.tensors()
    images = normalize(images)

    def loss():
        with torch.no_grad():
            return float(f"{cross_entropy(model(images), labels).item():.4g}")

    found, was_undone = {"untrained": loss(), "alpha": [], "loss": [], "undone": 0}, False
    for _ in range(epochs):
        order = torch.randint(len(images), labels.shape, generator=draws)
        if not setting["replacement"]:
            order = torch.randperm(len(images), generator=draws)
        for batch in order.split(batch_size):
            optimizer.zero_grad()
            cross_entropy(model(images[batch]), labels[batch]).backward()
            optimizer.step()
            undone = optimizer.param_groups[0].get("taken_back", False)
            found["undone"] += undone and not was_undone
            was_undone = undone
        found["alpha"].append(float(f"{optimizer.param_groups[0]['lr']:.4g}"))
        found["loss"].append(loss())
    return found


def main():
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore", "Windows of|The gradients")  # short windows and lost runs are the question
    digits = load("digits")
    origin = provenance(digits, torch.device("cpu"), "float32")
    origin = {key: origin[key] for key in ("commit", "dirty", "date", "versions", "device_name")}
    done = [{name: value for name, value in run.items() if name in SETTING} for run in records.lines(PATH)]
    for setting in wanted(digits):
        if setting not in done:
            with PATH.open("a", encoding="utf-8") as file:
                train_ = drawn if setting["trial"] == "drawing" else measured
                line = {**setting, **train_(setting, digits), **origin}
                file.write(json.dumps(line, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
