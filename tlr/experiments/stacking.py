"""Settings whose replicas train together on a GPU: which these are, and their records."""

import math
import time
from dataclasses import replace

import torch

from tlr.experiments.running import Run, attend
from tlr.stacked import Stack
from tlr.training import Epoch, accuracy, epoch_order, steps_per_epoch

__all__ = ["run_stacked", "stacks"]

#: What replicas of a stack may differ in, and a value for all of them.
_FREE = {"method": "sgd", "alpha0": 1.0, **dict.fromkeys(("p", "c", "per", "eta", "beta"))}
_METHODS = ("sgd", "multistep", "exponential", "published", "secant", "fixed_eta", "hypergradient")


def stacks(settings, device):
    """Settings in groups that train together: on a GPU those of one MLP that see the same batches, else each alone.

    A step of stacked replicas takes them all through the same batch, so they share the data, the batch size and the
    seed. Methods that do more than SGD with an α of its own, and one α for every tensor, are left alone.

    Args:
        settings: a list of `tlr.records.Setting`.
        device: the torch.device that they are to be trained on.

    Returns:
        A list of lists of settings, in the order of the first of each.
    """
    groups = {}
    for setting in settings:
        shared = replace(setting, **_FREE) if device.type == "cuda" and _can_be_stacked(setting) else setting
        groups.setdefault(shared, []).append(setting)
    return list(groups.values())


def _can_be_stacked(setting):
    return (
        setting.model.startswith("mlp-")
        and setting.method in _METHODS
        and setting.per != "tensor"
        and setting.momentum > 0  # without, and with a window of one step, TLR is Algorithm 2 to the letter
        and setting.augment is None
    )


def run_stacked(settings, folder=None, *, device="auto", deadline=math.inf):
    """Train settings together, each to the end, and keep their records: what `tlr.experiments.run` does, for several.

    The records equal those of `run` up to rounding: on the digits, in four epochs, to 1e-4 of every loss and α. Where
    training is chaotic, as on MNIST from α₀ = 0.1, rounding grows until two runs part, about as far as the same run
    does with one thread and with two. The checkpoints are the same, and either goes on with what the other began. A
    replica that diverges ends, the others go on; those that are behind catch up first.

    A record's session says in `replicas` how many began together, and its seconds are the replica's share of the time
    that an epoch of all of them took.

    Args:
        settings: one of the lists that `stacks` returns for a GPU.
        folder, device, deadline: as for `run`; the precision is float32.

    Returns:
        A list with a `tlr.records.Record` for each setting, or None where another process is at it.

    Raises:
        What `run` raises.
    """

    def train(settings, folder, device):
        runs = [Run(setting, folder, device, "float32", replicas=len(settings)) for setting in settings]
        data = runs[0].images.tensors(device)
        try:
            while under_way := [run for run in runs if not run.finished]:
                past = min(len(run.history.epochs) for run in under_way)
                members = [run for run in under_way if len(run.history.epochs) == past]
                _train_epoch(members, past, *data)
                for run in members:
                    run.keep()
                if time.time() > deadline:
                    raise KeyboardInterrupt
        except KeyboardInterrupt:
            for run in runs:
                if not run.finished:
                    run.history.status = "interrupted"
        return [run.end() for run in runs]

    return attend(settings, folder, device, train)


def _train_epoch(runs, epoch, x_train, y_train, x_test, y_test):
    """One epoch of all runs: of each its history grows by what `tlr.training.train` would append."""
    setting, images, device = runs[0].setting, runs[0].images, x_train.device
    normalize = images.normalizer(device)
    start = time.perf_counter()
    past = epoch * steps_per_epoch(images, setting.batch_size)
    stack = Stack([run.model for run in runs], [run.optimizer for run in runs], past)
    total = torch.zeros(len(runs), device=device)
    for batch in epoch_order(len(x_train), setting.seed, epoch).to(device).split(setting.batch_size):
        losses = stack.step(normalize(x_train.index_select(0, batch)), y_train.index_select(0, batch))
        total += len(batch) * losses
    stack.give_back()
    losses = (total / len(x_train)).tolist()
    seconds = (time.perf_counter() - start) / len(runs)
    for run, loss in zip(runs, losses, strict=True):
        if run.scheduler:
            run.optimizer.step()  # without gradients it does nothing, but torch warns of a schedule that runs ahead
            run.scheduler.step()
        begun = time.perf_counter()
        right = accuracy(run.model, x_test, y_test, normalize)
        evaluated = time.perf_counter() - begun
        alpha = (float(run.optimizer.param_groups[0]["lr"]),)
        run.history.epochs.append(Epoch(loss, right, alpha, seconds, evaluated))
        run.history.status = "done" if math.isfinite(loss) else "diverged"
