"""The corner of figure 1, α₀ = 0.1 with batches of 512 on MNIST: step by step what the rules see there, and trials.

`benchmarks/corner.py` records both; the records of figure 1 have an α for each epoch only.

A trial is the same training with one thing changed. A run is *lost* if it ends with a test accuracy below one half.
In figure 1 Eqs. 8 and 8′ lose all six runs of the corner (three seeds each). What the trials would show was fixed
before they were made:

1. What misleads the rule? Eqs. 8 and 8′ once more, with the same momentum in the training, but out of what the rule
   reads: sums of gradients in the place of displacements. If at most one run of six is lost, momentum is convicted;
   if four or more are, it is acquitted. If two or all three runs of Eq. 8 are lost and at most one of Eq. 8′, Eq. 8's
   own error is enough to lose a run, and momentum is not needed.
2. Without any momentum, from α₀ = 0.5, where a step is as long as 0.1 is with it (0.1 / (1 − 0.8)): the same count.
   This trial is void if SGD with α fixed at 0.5 is lost as well: without momentum long steps are dangerous sooner.
3. Was α too high, or too early? α stays at 0.1 for eight epochs, and at 0.28 for four more. Too high for any network
   if two or all three runs are lost; too early for a young one if none is; else open.
4. When is the lost run past saving? α is set back to 0.1 after window 7, and in another run after epoch 8. It was past
   saving then if the run is still lost after epoch 12.

Three more came later, each fixed before it was made:

5. Is it the pace alone? Eqs. 8 and 8′ read displacements again, but may raise α by a twelfth at most, c = 1/12. So in
   two epochs α rises to 0.149 at most; Eq. 8′ on gradients took it to 0.150 there (trial 1, mean of three seeds). If
   at most one run of six is lost, the pace kills, and what the rule reads only sets the pace; if four or more are,
   displacements kill at this pace, too; else open.
6. What keeps the lost run down? As in trial 4, but for 20 epochs, the second run with three seeds; and at the ends of
   windows 6 and 7, and after epochs 8, 12 and 20, the hidden units are counted that fire on no training image, the
   *dead* ones, which get no gradient, and those that fire on every image, which are as good as linear. Dead units are
   what keeps it down if, in the runs that are still lost after epoch 20, more than half are dead after epoch 8, and at
   most half after window 7, from where the run recovers. If at most half are dead after epoch 8, they are not; if more
   than half are after window 7 already, their number does not decide. (By then one seed had been run again, on another
   processor, for two epochs after epoch 8: it had come to an accuracy of 39 %, where trial 4 had stayed at 11 %.)
7. Are so few units enough? In trial 6, 15 to 29 units were alive after epoch 8, and twelve epochs later the three runs
   were at 89, 87 and 30 %. Here a fresh network with 16 hidden units, and α fixed at 0.1, has twelve epochs. If all
   three runs end above 90 %, it is not the number of the units left that keeps the lost run down, but their state.
"""

from itertools import pairwise

from tlr import rule
from tlr.course import records

__all__ = [
    "EPOCHS",
    "PATH",
    "SETTING",
    "TRIALS",
    "TRIALS_PATH",
    "recorded_steps",
    "recorded_trials",
    "step_by_step",
    "trial",
]

PATH = records.shipped() / "corner.jsonl"
TRIALS_PATH = records.shipped() / "corner_trials.jsonl"
EPOCHS = 3
SETTING = {"alpha0": 0.1, "batch_size": 512, "seed": 0}

_RULES = ("published", "secant", "gradients")

_EPOCH, _WINDOW = 118, 39  # steps, with batches of 512
_NO_MOMENTUM = {"alpha0": 0.5, "momentum": 0.0}
_SLOW = {"c": 1 / 12}
_COUNTED = {
    "curvature": "published",
    "count_at": (6 * _WINDOW, 7 * _WINDOW, 8 * _EPOCH, 12 * _EPOCH, 20 * _EPOCH),
}

#: Name → what `trial` is given, the seeds and the epochs.
TRIALS = {
    "Eq. 8 on gradients": ({"curvature": "published", "reads": "gradients"}, (0, 1, 2), 8),
    "Eq. 8′ on gradients": ({"curvature": "secant", "reads": "gradients"}, (0, 1, 2), 8),
    "Eq. 8, no momentum": (_NO_MOMENTUM | {"curvature": "published"}, (0, 1, 2), 8),
    "Eq. 8′, no momentum": (_NO_MOMENTUM | {"curvature": "secant"}, (0, 1, 2), 8),
    "SGD, no momentum": (_NO_MOMENTUM, (0,), 8),
    "0.28 after epoch 8": ({"then": (8 * _EPOCH, 0.28)}, (0, 1, 2), 12),
    "back after window 7": ({"curvature": "published", "then": (7 * _WINDOW, 0.1)}, (0,), 12),
    "back after epoch 8": ({"curvature": "published", "then": (8 * _EPOCH, 0.1)}, (0,), 12),
    "Eq. 8, slow": (_SLOW | {"curvature": "published"}, (0, 1, 2), 8),
    "Eq. 8′, slow": (_SLOW | {"curvature": "secant"}, (0, 1, 2), 8),
    "counted, back after window 7": (_COUNTED | {"then": (7 * _WINDOW, 0.1)}, (0,), 20),
    "counted, back after epoch 8": (_COUNTED | {"then": (8 * _EPOCH, 0.1)}, (0, 1, 2), 20),
    "fresh, 16 units": ({"hidden": 16}, (0, 1, 2), 12),
}


def recorded_steps():
    """Method → what `step_by_step` returned, and where it comes from."""
    return {run["method"]: run for run in records.lines(PATH)}


def recorded_trials():
    """The recorded trials, a list of dicts: what `trial` returned, its name, its options, and where it comes from."""
    return records.lines(TRIALS_PATH)


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
    from tlr.course.models import MLP
    from tlr.course.peers import make_optimizer
    from tlr.course.training import steps_per_epoch

    every = steps_per_epoch(data, batch_size)
    window = rule.window(every)
    model = MLP(data.inputs, hidden, data.classes, seed)
    options = {"epoch": every} if method == "tlr_steady" else {}
    options |= {"lr": alpha0, "momentum": 0.8, "weight_decay": 5e-4, "update_every": window}
    optimizer = make_optimizer(method, model.parameters(), **options)
    loss, alpha, sums = [], [], []
    total = None
    for step in _steps(model, optimizer, data, seed=seed, epochs=epochs, batch_size=batch_size):
        loss.append(step["loss"])
        alpha.append(step["alpha"])
        total = _added(total, step)
        if len(loss) % window == 0:
            sums.append(total)
            total = None
    asked = {
        name: [
            _relative_change(*(each[rule.RULES[name].products[0]] for each in pair), name) for pair in pairwise(sums)
        ]
        for name in _RULES
    }
    return {"loss": loss, "alpha": alpha, "window": window, "asked": asked}


def trial(
    data,
    *,
    seed,
    epochs,
    alpha0=0.1,
    momentum=0.8,
    curvature=None,
    c=0.25,
    reads="directions",
    then=None,
    count_at=(),
    batch_size=512,
    hidden=1000,
):
    """Train as figure 1 does, with a rule that may read something else, or with an α that is set by hand.

    Args:
        data: a `tlr.course.data.Data`.
        seed, epochs, alpha0, momentum, batch_size, hidden: of the run.
        curvature: "published" (Eq. 8) or "secant" (Eq. 8′); α is fixed by default.
        c: the largest relative increase of α after a window (default 1/4).
        reads: what the rule sums over each window, "directions" (displacements over α, momentum included; default) or
            "gradients" (weight decay included).
        then: (steps, α), after how many steps α is set to what, and fixed (default: never).
        count_at: after how many steps the hidden units are counted (default: never).

    Returns:
        A dict of lists with a number for each epoch: `loss`, the mean over the batches, each before its step;
        `accuracy`, the test accuracy after it; `alpha`, after it. With `count_at` also, with a number for each count:
        `dead`, the hidden units that fire on no training image, and `always`, those that fire on every one.
    """
    import torch

    from tlr.course.data import normalize
    from tlr.course.models import MLP
    from tlr.course.training import accuracy, steps_per_epoch

    every = steps_per_epoch(data, batch_size)
    window = rule.window(every)
    model = MLP(data.inputs, hidden, data.classes, seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=alpha0, momentum=momentum, weight_decay=5e-4)
    (group,) = optimizer.param_groups
    images, _, test_images, test_labels = data.tensors("cpu")
    ran = {"loss": [], "accuracy": [], "alpha": []} | ({"dead": [], "always": []} if count_at else {})
    losses, total, last = [], None, None
    steps = _steps(model, optimizer, data, seed=seed, epochs=epochs, batch_size=batch_size)
    for number, step in enumerate(steps, start=1):
        losses.append(step["loss"])
        total = _added(total, step)
        if number % window == 0:
            if curvature and last is not None:
                group["lr"] *= 1 + _relative_change(last[reads], total[reads], curvature, c)
            total, last = None, total
        if then and number == then[0]:
            group["lr"], curvature = then[1], None
        if number in count_at:
            for what, count in zip(("dead", "always"), _units(model, normalize(images)), strict=True):
                ran[what].append(count)
        if number % every == 0:
            ran["loss"].append(sum(losses) / len(losses))
            ran["accuracy"].append(accuracy(model, test_images, test_labels))
            ran["alpha"].append(group["lr"])
            losses = []
    return ran


def _steps(model, optimizer, data, *, seed, epochs, batch_size):
    """Train, and after each step yield a dict: `loss` and `alpha`; `directions` and `gradients`, as vectors.

    A direction is the displacement over α, and a gradient includes weight decay.
    """
    from torch.nn.functional import cross_entropy
    from torch.nn.utils import parameters_to_vector

    from tlr.course.data import normalize
    from tlr.course.training import epoch_order

    images, labels, *_ = data.tensors("cpu")
    images = normalize(images)
    (group,) = optimizer.param_groups
    for epoch in range(epochs):
        model.train()
        for batch in epoch_order(len(labels), seed, epoch).split(batch_size):
            optimizer.zero_grad()
            loss = cross_entropy(model(images[batch]), labels[batch])
            loss.backward()
            before, alpha = parameters_to_vector(model.parameters()).detach(), group["lr"]
            gradient = parameters_to_vector(w.grad for w in model.parameters()) + group["weight_decay"] * before
            optimizer.step()
            direction = (before - parameters_to_vector(model.parameters()).detach()) / alpha
            yield {"loss": loss.item(), "alpha": alpha, "directions": direction, "gradients": gradient}


def _added(total, step):
    """The sums of a window with one step more."""
    return {each: step[each] + (total[each] if total else 0) for each in ("directions", "gradients")}


def _units(model, images):
    """How many hidden units fire on none of the images, and how many on all."""
    import torch

    with torch.no_grad():
        fires = [model.hidden(some.flatten(1)) > 0 for some in images.split(5000)]
    never = ~torch.stack([some.any(0) for some in fires]).any(0)
    always = torch.stack([some.all(0) for some in fires]).all(0)
    return int(never.sum()), int(always.sum())


def _relative_change(last, now, curvature, c=0.25):
    products = float(now @ now), float(now @ last), float(last @ last)
    return float(rule.relative_change(*products, c, curvature=curvature))
