"""Must a rule for α see the size of the gradients? Trials on the small network of notebook 5.

`benchmarks/gradient_size.py` records them. A network of convolutions that has learned the digits 0 to 4 gets a fresh
output layer and trains on the digits 5 to 9 for 30 epochs: batches of 8, momentum 0.8, α₀ = 0.01, six seeds.

After each step hypergradient descent multiplies α by 1 + 0.03 q. Here q is the product of the gradient with the last
direction, over their lengths; and the trials change nothing but the lengths:

- *now*: those of this step. The size of the gradients cancels.
- *then*: their mean over the steps of the first epoch (in which the rule is that of *now*); q is cut at ±1, which *now*
  never exceeds. The pace at the beginning is the same, but the size is seen: q shrinks with the gradients.

*Learned*: an epoch's mean loss is below 0.01. *Leapt*: a later one is above 0.1. α *climbs* if it grows by more than a
fifth from four epochs after the task is learned to the end, or to the leap. Fixed before the runs were made:

1. With and without weight decay (5 · 10⁻⁴), twelve runs of each rule. Dividing the size away is what makes α climb if
   it climbs in at least ten of the twelve of *now*, and in at most two of *then*. Both causes are needed for a leap if
   *now* leaps with decay in at least four of six runs, and the other eighteen runs hold at most two leaps.
2. Does *then* adapt, or is it safe because it hardly moves? From α₀ = 0.001 it adapts if α more than doubles in the
   first ten epochs, with all six seeds. It is then the rule that was missing if, in these runs, it climbs in at most
   one. Beside it, from there: *now*; and β ⟨g, d⟩ added, with β = 10⁻⁵, 10⁻⁴ and 10⁻³.
3. Eq. 8 itself: its denominator, over windows of a third of an epoch, is replaced by its mean over the updates of the
   first two epochs; the bounds −¼ and c = ¼ stay. From both α₀; the same criteria, with Eq. 8 beside it.
4. The mixtures that notebook 5 had for 14 epochs (divided but added; multiplied but not divided) go on to epoch 30.

Two more came later, each fixed before it was made:

5. Eq. 8 as in 1, with decay and without, beside the same with the denominators of the first two epochs: the criteria
   of 1 once more.
6. By epoch 30 of Eq. 8 from 0.001, α had climbed in two of six runs. They go on to epoch 60. It was a matter of time if
   it has climbed there in at least five.
"""

import math
from contextlib import contextmanager

from tlr import rule
from tlr.course import records
from tlr.course.curves import Epoch, History

__all__ = [
    "EPOCHS",
    "PATH",
    "SEEDS",
    "TRIALS",
    "half_of",
    "leap_of",
    "learned_in",
    "network",
    "outcome",
    "pretrained",
    "recorded_sizes",
    "trial",
    "without_onednn",
]

PATH = records.shipped() / "gradient_size.jsonl"
EPOCHS, SEEDS = 30, tuple(range(6))

_LOW, _BARE = {"alpha0": 0.001}, {"decay": 0.0}

#: Name → what `trial` is given.
TRIALS = {
    "now": {"rule_name": "now"},
    "then": {"rule_name": "then"},
    "now, no decay": {"rule_name": "now"} | _BARE,
    "then, no decay": {"rule_name": "then"} | _BARE,
    "now, from 0.001": {"rule_name": "now"} | _LOW,
    "then, from 0.001": {"rule_name": "then"} | _LOW,
    "β = 10⁻⁵": {"rule_name": "added", "beta": 1e-5},
    "β = 10⁻³": {"rule_name": "added", "beta": 1e-3},
    "β = 10⁻⁵, from 0.001": {"rule_name": "added", "beta": 1e-5} | _LOW,
    "β = 10⁻⁴, from 0.001": {"rule_name": "added", "beta": 1e-4} | _LOW,
    "β = 10⁻³, from 0.001": {"rule_name": "added", "beta": 1e-3} | _LOW,
    "Eq. 8": {"rule_name": "Eq. 8"},
    "Eq. 8, then": {"rule_name": "Eq. 8, then"},
    "Eq. 8, no decay": {"rule_name": "Eq. 8"} | _BARE,
    "Eq. 8, then, no decay": {"rule_name": "Eq. 8, then"} | _BARE,
    "Eq. 8, from 0.001": {"rule_name": "Eq. 8", "epochs": 60} | _LOW,
    "Eq. 8, then, from 0.001": {"rule_name": "Eq. 8, then"} | _LOW,
    "divided, added": {"rule_name": "divided, added"},
    "multiplied": {"rule_name": "multiplied", "beta": 1e-3},
}


def recorded_sizes(epochs=None):
    """Trial → its recorded runs, one for each of `SEEDS`, as `tlr.course.curves.Curves`; no times were kept.

    Args:
        epochs: only the first ones of each run (default: all).
    """
    found = {}
    for run in records.lines(PATH):
        columns = zip(run["loss"], run["accuracy"], run["alpha"], strict=True)
        each = [Epoch(loss, right, (alpha,), 0.0, 0.0) for loss, right, alpha in columns][:epochs]
        status = "done" if math.isfinite(each[-1].train_loss) else "diverged"
        found.setdefault(run["trial"], []).append(History((run.get("alpha0", 0.01),), each, status))
    return found


def learned_in(losses):
    """The first epoch, from 1, with a mean loss below 0.01, or None."""
    return next((n for n, loss in enumerate(losses, start=1) if loss < 0.01), None)


def leap_of(losses):
    """The first epoch after `learned_in` with a mean loss that is not below 0.1, or None."""
    learned = learned_in(losses) or math.inf
    return next((n for n, loss in enumerate(losses, start=1) if n > learned and not loss < 0.1), None)


def outcome(run):
    """(epoch in which it learned, epoch of its leap, α then or at the end over that four epochs after it had learned).

    Args:
        run: a `tlr.course.curves.Curves` with one α.

    Returns:
        Two ints and a float; None for what did not happen.
    """
    learned, leap = learned_in(run.train_loss), leap_of(run.train_loss)
    if learned is None:
        return None, None, None
    alpha, since = run.rates[:, 0][: leap + 1 if leap else None], learned + 4
    return learned, leap, float(alpha[-1] / alpha[since]) if len(alpha) > since + 1 else None


def half_of(data, first):
    """The five digits from `first` on, with labels from 0 on, as a `tlr.course.data.Data`."""
    from tlr.course.data import Data

    train, test = ((y >= first) & (y < first + 5) for y in (data.y_train, data.y_test))
    y_train, y_test = data.y_train[train] - first, data.y_test[test] - first
    return Data(f"digits from {first}", data.x_train[train], y_train, data.x_test[test], y_test)


def network(seed):
    """Four convolutions, two poolings and an output layer for five classes of 8 × 8 images: 4,477 weights."""
    import torch
    from torch import nn

    torch.manual_seed(seed)
    layers = []
    for inputs, outputs in ((1, 8), (8, 16)):
        for channels in (inputs, outputs):
            layers += [nn.Conv2d(channels, outputs, 3, padding=1), nn.ReLU()]
        layers += [nn.MaxPool2d(2)]
    for layer in layers:
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(64, 5))


@contextmanager
def without_onednn():
    """For convolutions this small oneDNN's preparations take longer than the work."""
    import torch

    before, *_ = torch.backends.mkldnn.set_flags(False)
    try:
        yield
    finally:
        torch.backends.mkldnn.set_flags(before)


def pretrained(data):
    """The network after eight epochs of the digits 0 to 4, with SGD."""
    import torch

    from tlr.course.training import train

    model = network(0)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.8, weight_decay=5e-4)
    with without_onednn():
        train(model, optimizer, half_of(data, 0), epochs=8, batch_size=8, progress=False)
    return model


def trial(data, start, *, seed, rule_name, alpha0=0.01, decay=5e-4, beta=0.03, epochs=EPOCHS):
    """Train a copy of `start` with a fresh output layer on the digits 5 to 9.

    Args:
        data: the digits, a `tlr.course.data.Data`.
        start: what `pretrained` returned.
        seed: of the output layer and of the order of the batches.
        rule_name: "now", "then", "added" (β times the product is added), "multiplied" (α times 1 + β times the
            product), "divided, added" (β α₀ q is added), "Eq. 8" or "Eq. 8, then".
        alpha0, decay, epochs: of the run.
        beta: of hypergradient descent (default 0.03); the rules of Eq. 8 have none.

    Returns:
        A dict of lists with a number for each epoch: `loss`, the mean over the batches, each before its step;
        `accuracy`, the test accuracy after it; `alpha`, after it. They end with the first loss that is not finite.
    """
    import torch
    from torch.nn.functional import cross_entropy

    from tlr.course.data import normalize
    from tlr.course.training import accuracy, epoch_order, steps_per_epoch

    task = half_of(data, 5)
    every = steps_per_epoch(task, 8)
    images, labels, test_images, test_labels = task.tensors("cpu")
    images = normalize(images)
    model = network(7 + seed)
    model[:-1].load_state_dict(start[:-1].state_dict())
    optimizer = torch.optim.SGD(model.parameters(), lr=alpha0, momentum=0.8, weight_decay=decay)
    (group,) = optimizer.param_groups
    windows = rule_name.startswith("Eq. 8")
    moves = _Windows(rule_name, every) if windows else _Steps(rule_name, alpha0, beta, every)
    ran = {"loss": [], "accuracy": [], "alpha": []}
    with without_onednn():
        for epoch in range(epochs):
            losses = []
            for batch in epoch_order(len(labels), seed, epoch).split(8):
                optimizer.zero_grad()
                loss = cross_entropy(model(images[batch]), labels[batch])
                loss.backward()
                losses.append(loss.item())
                if not windows:
                    group["lr"] = moves(group["lr"], *_gradient_and_direction(model, optimizer, decay))
                optimizer.step()
                if windows:
                    group["lr"] = moves(group["lr"], _gradient_and_direction(model, optimizer, decay)[1])
            ran["loss"].append(sum(losses) / len(losses))
            ran["accuracy"].append(accuracy(model, test_images, test_labels))
            ran["alpha"].append(group["lr"])
            if not math.isfinite(ran["loss"][-1]):
                break
    return ran


class _Steps:
    """α after each step of hypergradient descent."""

    def __init__(self, name, alpha0, beta, epoch):
        self.name, self.alpha0, self.beta, self.epoch = name, alpha0, beta, epoch
        self.lengths = []

    def __call__(self, alpha, gradient, direction):
        if direction is None:
            return alpha
        product, lengths = float(gradient @ direction), float(gradient.norm() * direction.norm())
        if len(self.lengths) < self.epoch:
            self.lengths.append(lengths)
        quotient = product / lengths if lengths > 0 else 0.0
        if self.name == "then" and len(self.lengths) == self.epoch:
            quotient = max(-1.0, min(1.0, product * self.epoch / sum(self.lengths)))
        return {
            "now": alpha * (1 + self.beta * quotient),
            "then": alpha * (1 + self.beta * quotient),
            "added": alpha + self.beta * product,
            "multiplied": alpha * (1 + self.beta * product),
            "divided, added": alpha + self.beta * self.alpha0 * quotient,
        }[self.name]


class _Windows:
    """α after each step under Eq. 8, over windows of a third of an epoch."""

    def __init__(self, name, epoch):
        self.name, self.window, self.denominators = name, rule.window(epoch), []
        self.total, self.last, self.steps = 0, None, 0

    def __call__(self, alpha, direction):
        self.total, self.steps = self.total + direction, self.steps + 1
        if self.steps % self.window:
            return alpha
        now, self.total = self.total, 0
        last, self.last = self.last, now
        if last is None:
            return alpha
        gg, gp, pp = float(now @ now), float(now @ last), float(last @ last)
        if self.name == "Eq. 8" or len(self.denominators) < 5:  # the updates of two epochs
            self.denominators.append(4 * (gg - gp))
            return float(rule.next_alpha(alpha, gg, gp, pp))
        return alpha * (1 + max(-1 / 4, min(1 / 4, gp * 5 / sum(self.denominators[:5]))))


def _gradient_and_direction(model, optimizer, decay):
    """The gradient, weight decay included, and the direction of the last step (None before the first), as vectors."""
    import torch

    weights = [*model.parameters()]
    gradient = torch.cat([(w.grad + decay * w.detach()).flatten() for w in weights])
    if "momentum_buffer" not in optimizer.state[weights[0]]:
        return gradient, None
    return gradient, torch.cat([optimizer.state[w]["momentum_buffer"].flatten() for w in weights])
