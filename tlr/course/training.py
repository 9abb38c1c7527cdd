"""Train a network: the loop that a student reads is the loop that runs."""

import math
import sys
import time
import warnings
from functools import partial

import numpy as np
import torch
from torch.nn.functional import cross_entropy
from tqdm.auto import tqdm

from tlr.course.curves import Epoch, History
from tlr.course.data import normalize
from tlr.course.data.augmentation import AUGMENTATIONS
from tlr.course.peers import rates, set_mode
from tlr.course.precision import Speed

__all__ = ["Epoch", "History", "accuracy", "epoch_order", "one_epoch", "steps_per_epoch", "train"]

#: Images that are evaluated at a time.
EVALUATED = 2000


def train(
    model,
    optimizer,
    data,
    *,
    epochs,
    batch_size,
    seed=0,
    scheduler=None,
    progress=True,
    history=None,
    on_epoch=None,
    augment=None,
    speed=None,
):
    """Train `model` on `data` with cross entropy, on the device that the model is on.

    Args:
        model: images (n, channels, height, width), float32 in [−1, 1] → logits (n, classes).
        optimizer: any torch optimizer over the model's parameters. Its `step` gets a closure, so that rules which
            evaluate the loss more than once a step run in the same loop. Optimizers with separate training and
            evaluation weights (schedulefree) are switched with their `train()` and `eval()`.
        data: a `tlr.course.data.Data`, or a `tlr.course.data.text.Pairs`.
        epochs: passes over the training data, those in `history` included.
        batch_size: images a step; the last batch of an epoch may be smaller.
        seed: of the order of the batches, and of what the network draws, as for dropout. The same seed gives every
            optimizer the same batches. The global random state is left as it was.
        scheduler: a torch LRScheduler, stepped after each epoch (default None).
        progress: show a progress bar (default True).
        history: the `History` of a run to continue, which grows in place (default: a new run). Model, optimizer and
            scheduler must have the state that they had after its last epoch; then the run goes on as if it had never
            stopped.
        on_epoch: called with the history after each epoch, so that a caller can keep what there is (default None). If
            it raises KeyboardInterrupt the run ends there.
        augment: how the training images are changed at random: a key of `AUGMENTATIONS` in
            tlr/course/data/augmentation.py (default None: they stay as they are).
        speed: the `tlr.course.precision.Speed` of the run (default: float32, not compiled).

    Returns:
        A `History`. A run whose loss is not finite at the end of an epoch ends there, a run that is interrupted
        (KeyboardInterrupt) ends at once; both return what they have.

    Raises:
        ValueError: an unknown augmentation, or what `tlr.course.precision.Speed.prepare` refuses.
    """
    device = next(model.parameters()).device
    images = _Images(data, batch_size, seed, augment, device)
    speed = Speed() if speed is None else speed
    network = speed.prepare(model, optimizer)
    if speed.compile and speed.compile_seconds is None:
        speed.warm_up(network, images.of_each_size(), images.normalize(images.x_test[:EVALUATED]))
    history = History(alpha0=rates(optimizer)) if history is None else history
    history.status = "done"
    devices = [device] if device.type == "cuda" else []
    with _bar(epochs, images.steps, len(history.epochs), progress) as bar, torch.random.fork_rng(devices):
        try:
            for epoch in range(len(history.epochs), epochs):
                start = time.perf_counter()
                torch.manual_seed(_seed_of_dropout(seed, epoch))
                loss = one_epoch(network, optimizer, images.batches(epoch, bar), speed)
                if scheduler is not None:
                    scheduler.step()
                trained = time.perf_counter()
                with speed.cast(device):
                    right = accuracy(network, images.x_test, images.y_test, images.normalize)
                evaluated = time.perf_counter()
                history.epochs.append(Epoch(loss, right, rates(optimizer), trained - start, evaluated - trained))
                bar.set_postfix_str(str(history.epochs[-1]))
                history.status = "done" if math.isfinite(loss) else "diverged"
                if on_epoch is not None:
                    on_epoch(history)
                if history.status == "diverged":
                    break
        except KeyboardInterrupt:
            history.status = "interrupted"
            set_mode(optimizer, "eval")
    return history


def one_epoch(network, optimizer, batches, speed):
    """Take one step of the optimizer for each batch.

    Args:
        network: images → logits.
        optimizer: a torch optimizer over its parameters.
        batches: pairs (images, labels), on the device of the network.
        speed: a `tlr.course.precision.Speed`.

    Returns:
        The mean loss over the images, each batch taken when it was trained on, or NaN where the last batch's is not
        finite. Batches before it whose loss is not finite are left out, with a warning: a rule may undo the steps that
        led there.
    """

    def loss_and_gradients(images, labels):
        optimizer.zero_grad()
        with speed.cast(images.device):
            loss = cross_entropy(network(images), labels)
        if torch.is_grad_enabled():  # a line search asks for the loss alone
            speed.backward(loss)
        return loss

    network.train()
    set_mode(optimizer, "train")
    total, left_out, count = 0, 0, 0
    for images, labels in batches:
        loss = speed.step(optimizer, partial(loss_and_gradients, images, labels)).detach()
        finite = loss.isfinite()
        total += torch.where(finite, len(images) * loss, 0)
        left_out += torch.where(finite, 0.0, len(images))
        count += len(images)
    set_mode(optimizer, "eval")
    total, left_out, finite = torch.stack([total, left_out, finite]).tolist()  # the epoch's one wait for the device
    if not finite:
        return math.nan
    if left_out:
        warnings.warn(
            f"Batches with {left_out:.0f} of the epoch's {count} images had no finite loss: its mean leaves them out.",
            stacklevel=2,
        )
    return total / (count - left_out)


class _Images:
    """The images of a data set on a device, and the order in which a run sees them.

    Raises:
        ValueError: an unknown augmentation.
    """

    def __init__(self, data, batch_size, seed, augment, device):
        if augment not in (None, *AUGMENTATIONS):
            raise ValueError(f"Unknown augmentation {augment!r}: choose from {', '.join(AUGMENTATIONS)}.")
        self._x, self._y, self.x_test, self.y_test = data.tensors(device)
        self.normalize = data.normalizer(device)
        self.steps = steps_per_epoch(data, batch_size)
        self._batch_size, self._seed, self._augment = batch_size, seed, augment

    def batches(self, epoch, bar):
        """The pairs (images, labels) of an epoch; the bar advances by each."""
        n, device = len(self._x), self._x.device
        change = self._augment and AUGMENTATIONS[self._augment](n, self._seed, epoch, device)
        for batch in epoch_order(n, self._seed, epoch).to(device).split(self._batch_size):
            images, labels = self._x.index_select(0, batch), self._y.index_select(0, batch)
            yield self.normalize(change(images, batch) if change else images), labels
            bar.update()

    def of_each_size(self):
        """A batch of every size that an epoch has."""
        n = len(self._x)
        sizes = {min(self._batch_size, n), n % self._batch_size} - {0}
        return [(self.normalize(self._x[:size]), self._y[:size]) for size in sizes]


def _bar(epochs, steps, past, progress):
    """A progress bar of the steps, where there is somewhere to show it."""
    shown = progress and sys.stderr is not None
    return tqdm(total=epochs * steps, initial=past * steps, unit="step", disable=not shown)


def epoch_order(n, seed, epoch):
    """The order in which an epoch visits n images: a permutation, int64, drawn from (seed, epoch) alone."""
    return torch.from_numpy(np.random.default_rng((seed, epoch)).permutation(n))


def steps_per_epoch(data, batch_size):
    """N, the batches in an epoch, the last of which may be smaller."""
    return math.ceil(len(data.x_train) / batch_size)


def _seed_of_dropout(seed, epoch):
    """What a network draws in an epoch follows from (seed, epoch) too, so that a run can go on from there."""
    return int(np.random.SeedSequence((seed, epoch)).generate_state(1)[0])


@torch.no_grad()
def accuracy(model, x, y, normalize=normalize, batch_size=EVALUATED):
    """Fraction of the uint8 images x, (n, channels, height, width), that `model` classifies as y, 0..1.

    Where y is (n, L), the share of its words that `model` predicts; negative ones are not asked for.
    """
    model.eval()
    right = torch.zeros((), dtype=torch.int64, device=x.device)
    for images, labels in zip(x.split(batch_size), y.split(batch_size), strict=True):
        right += (model(normalize(images)).argmax(1) == labels).sum()
    return right.item() / (len(y) if y.ndim == 1 else (y >= 0).sum().item())
