"""One run: the loop that a student reads is the loop that runs."""

import math
import time
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import torch
from torch.nn.functional import cross_entropy
from tqdm.auto import tqdm

from tlr.course.data import normalize
from tlr.course.data.augmentation import AUGMENTATIONS
from tlr.course.peers import rates, set_mode
from tlr.course.precision import Speed

__all__ = ["Epoch", "History", "accuracy", "epoch_order", "steps_per_epoch", "train"]

#: Images that are evaluated at a time.
EVALUATED = 2000


@dataclass(frozen=True)
class Epoch:
    """What one pass over the training data came to.

    Attributes:
        train_loss: mean cross entropy, each batch taken when it was trained on.
        test_accuracy: share of test images classified rightly afterwards, 0..1.
        alpha: the learning rates afterwards, one for each parameter group.
        seconds: time of training, without the evaluation.
        evaluation_seconds: time of the evaluation on the test images.
    """

    train_loss: float
    test_accuracy: float
    alpha: tuple[float, ...]
    seconds: float
    evaluation_seconds: float

    def __str__(self):
        alpha = " ".join(f"{value:.2g}" for value in self.alpha)
        return f"loss {self.train_loss:.3f}, accuracy {self.test_accuracy:.1%}, α {alpha}"


@dataclass
class History:
    """One run: its finished epochs, and how it ended.

    Attributes:
        alpha0: the learning rates before the first step, one for each parameter group.
        epochs: an `Epoch` for each that was finished; `train_loss`, `test_accuracy`, `alpha`, `seconds` and
            `evaluation_seconds` give them as arrays with an entry (for `alpha` a row) an epoch.
        status: "done"; "diverged", when the loss of the last epoch is not finite; or "interrupted".
    """

    alpha0: tuple[float, ...]
    epochs: list[Epoch] = field(default_factory=list)
    status: str = "done"

    @property
    def train_loss(self):
        return np.array([epoch.train_loss for epoch in self.epochs])

    @property
    def test_accuracy(self):
        return np.array([epoch.test_accuracy for epoch in self.epochs])

    @property
    def alpha(self):
        return np.array([epoch.alpha for epoch in self.epochs]).reshape(-1, len(self.alpha0))

    @property
    def seconds(self):
        return np.array([epoch.seconds for epoch in self.epochs])

    @property
    def evaluation_seconds(self):
        return np.array([epoch.evaluation_seconds for epoch in self.epochs])


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
            evaluate the loss more than once a step run in the same loop. One that trains at other weights than it
            is evaluated at (schedulefree) is told when, by its `train()` and `eval()`.
        data: a `tlr.course.data.Data`, or a `tlr.course.data.text.Pairs`.
        epochs: passes over the training data, those in `history` included.
        batch_size: images a step; the last batch of an epoch may be smaller.
        seed: of the order of the batches, and of what the network draws, as for dropout. The same seed gives every
            optimizer the same batches. The global random state is left as it was.
        scheduler: a torch LRScheduler, stepped after each epoch (default None).
        progress: show a progress bar (default True).
        history: the `History` of a run to go on with, which grows in place (default: a new run). Model, optimizer and
            scheduler must have the state that they had after its last epoch; then the run goes on as if it had never
            stopped.
        on_epoch: called with the history after each epoch, so that a caller can keep what there is (default None). If
            it raises KeyboardInterrupt the run ends there.

    Returns:
        A `History`. A run whose loss stops being finite ends after that epoch, a run that is interrupted
        (KeyboardInterrupt) ends at once; both return what they have.

    Raises:
        ValueError: an unknown augmentation, or what `tlr.course.precision.Speed.prepare` refuses.
    """
    if augment not in (None, *AUGMENTATIONS):
        raise ValueError(f"Unknown augmentation {augment!r}: choose from {', '.join(AUGMENTATIONS)}.")
    device = next(model.parameters()).device
    x_train, y_train, x_test, y_test = data.tensors(device)
    normalize = data.normalizer(device)
    speed = Speed() if speed is None else speed
    network = speed.prepare(model, optimizer)
    if history is None:
        history = History(alpha0=rates(optimizer))
    history.status = "done"

    def loss_and_gradients(images, labels):
        optimizer.zero_grad()
        with speed.cast(device):
            loss = cross_entropy(network(images), labels)
        if torch.is_grad_enabled():  # a line search asks for the loss alone
            speed.backward(loss)
        return loss

    if speed.compile and speed.compile_seconds is None:
        sizes = {min(batch_size, len(x_train)), len(x_train) % batch_size} - {0}
        batches = [(normalize(x_train[:size]), y_train[:size]) for size in sizes]
        speed.warm_up(network, batches, normalize(x_test[:EVALUATED]))
    steps, past = steps_per_epoch(data, batch_size), len(history.epochs)
    devices = [device] if device.type == "cuda" else []
    with (
        tqdm(total=epochs * steps, initial=past * steps, unit="step", disable=not progress) as bar,
        torch.random.fork_rng(devices=devices),
    ):
        try:
            for epoch in range(past, epochs):
                start = time.perf_counter()
                torch.manual_seed(_seed_of_dropout(seed, epoch))
                network.train()
                set_mode(optimizer, "train")
                total = torch.zeros((), device=device)
                changed = augment and AUGMENTATIONS[augment](len(x_train), seed, epoch, device)
                for batch in epoch_order(len(x_train), seed, epoch).to(device).split(batch_size):
                    images, labels = x_train.index_select(0, batch), y_train.index_select(0, batch)
                    images = normalize(changed(images, batch) if changed else images)
                    loss = speed.step(optimizer, partial(loss_and_gradients, images, labels))
                    total += len(batch) * loss.detach()
                    bar.update()
                mean_loss = total.item() / len(x_train)  # the epoch's one wait for the device
                if scheduler is not None:
                    scheduler.step()
                trained = time.perf_counter()
                set_mode(optimizer, "eval")
                with speed.cast(device):
                    right = accuracy(network, x_test, y_test, normalize)
                evaluated = time.perf_counter()
                done = Epoch(mean_loss, right, rates(optimizer), trained - start, evaluated - trained)
                history.epochs.append(done)
                bar.set_postfix_str(str(done))
                if not math.isfinite(mean_loss):
                    history.status = "diverged"
                if on_epoch is not None:
                    on_epoch(history)
                if history.status == "diverged":
                    break
        except KeyboardInterrupt:
            history.status = "interrupted"
            set_mode(optimizer, "eval")
    return history


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
    """Share of the uint8 images x, (n, channels, height, width), that `model` classifies as y, 0..1.

    Where y is (n, L), the share of its words that `model` predicts; negative ones are not asked for.
    """
    model.eval()
    right = torch.zeros((), dtype=torch.int64, device=x.device)
    for images, labels in zip(x.split(batch_size), y.split(batch_size), strict=True):
        right += (model(normalize(images)).argmax(1) == labels).sum()
    return right.item() / (len(y) if y.ndim == 1 else (y >= 0).sum().item())
