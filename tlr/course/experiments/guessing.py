"""What a wrong guess of α₀ costs: a small network trained from multiples of each method's usual α₀."""

from collections.abc import Mapping
from functools import partial

__all__ = ["losses", "wrong_guesses"]


def wrong_guesses(usual, data, multiples, *, epochs, batch_size, seeds=(0, 1), hidden=100):
    """Train from each multiple of the usual α₀ with each method.

    Args:
        usual: method → (its usual α₀, how to make it): options of `make_optimizer`, or for a method of your own a
            function of parameters and lr that returns the optimizer; and third, if it has one, its schedule, a
            function of the optimizer and the epochs.
        data: a `tlr.course.data.Data`.
        multiples: of the usual α₀.
        epochs, batch_size: of each run.
        seeds: of the initial weights and of the batches' order (default 0 and 1).
        hidden: units of the network (default 100).

    Returns:
        Method → (multiple, seed) → `tlr.course.training.History`.
    """
    from tlr.course.models import MLP
    from tlr.course.peers import make_optimizer
    from tlr.course.training import train

    found = {name: {} for name in usual}
    for name, (alpha0, how, *schedule) in usual.items():
        for multiple in multiples:
            for seed in seeds:
                model = MLP(data.inputs, hidden, data.classes, seed)
                make = partial(make_optimizer, name, **how) if isinstance(how, Mapping) else how
                optimizer = make(model.parameters(), lr=multiple * alpha0)
                scheduler = schedule[0](optimizer, epochs) if schedule else None
                options = {"epochs": epochs, "batch_size": batch_size, "seed": seed, "scheduler": scheduler}
                found[name][multiple, seed] = train(model, optimizer, data, progress=False, **options)
    return found


def losses(found, multiples, seeds=(0, 1)):
    """Method → final training losses, a row for each multiple, a column for each seed."""
    return {
        name: [[runs[multiple, seed].train_loss[-1] for seed in seeds] for multiple in multiples]
        for name, runs in found.items()
    }
