"""The curves of one run, whether it is under way or recorded: what notebooks draw and the ledger judges."""

from dataclasses import dataclass, field, fields

import numpy as np

__all__ = ["MEASURED", "Curves", "Epoch", "History"]


@dataclass(frozen=True)
class Epoch:
    """What one pass over the training data came to.

    Attributes:
        train_loss: mean cross entropy, each batch taken when it was trained on: `training.one_epoch`.
        test_accuracy: fraction of test images classified correctly after the epoch.
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


#: The names of what is measured in each epoch.
MEASURED = tuple(field.name for field in fields(Epoch))


class Curves:
    """The curves of a run: those of a `History`, which grows, and of a `tlr.course.records.Record`, which does not.

    Attributes:
        status: "done"; "diverged", when the loss of the last epoch is not finite; or "interrupted", when epochs are
            missing.
        groups: what each α is of: ("model",), or the names of the tensors, (k,).
        alpha0: the learning rates before the first step, (k,).
        train_loss, test_accuracy, seconds, evaluation_seconds: an entry for each of the n epochs, (n,); see `Epoch`.
        alpha: the learning rates after each epoch, (n, k).
    """

    @property
    def rates(self):
        """The learning rates before the first epoch and after each, (n + 1, k)."""
        return np.vstack([self.alpha0, self.alpha])

    @property
    def finite_epochs(self):
        """How many epochs have a finite loss: all, but for the last one of a run that diverged."""
        return len(self.train_loss) - (self.status == "diverged")


def _by_epoch(name):
    return property(lambda self: np.array([getattr(epoch, name) for epoch in self.epochs]))


@dataclass
class History(Curves):
    """A run under way: its finished epochs, and how it ended.

    Attributes:
        alpha0: the learning rates before the first step, one for each parameter group.
        epochs: an `Epoch` for each that was finished; the curves of `Curves` are made of them.
        status: as in `Curves`; "done" until it is known better.
        groups: as in `Curves` (default: ("model",) for one α, "group 0", "group 1", … for several).
    """

    alpha0: tuple[float, ...]
    epochs: list[Epoch] = field(default_factory=list)
    status: str = "done"
    groups: tuple[str, ...] = ()

    train_loss, test_accuracy, seconds, evaluation_seconds = map(
        _by_epoch, ("train_loss", "test_accuracy", "seconds", "evaluation_seconds")
    )

    def __post_init__(self):
        k = len(self.alpha0)
        self.groups = self.groups or (("model",) if k == 1 else tuple(f"group {i}" for i in range(k)))

    @property
    def alpha(self):
        return np.array([epoch.alpha for epoch in self.epochs]).reshape(-1, len(self.alpha0))
