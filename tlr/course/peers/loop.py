"""What a loop must know of an optimizer: its learning rates and its modes. The loop on a toy function."""

import warnings
from contextlib import contextmanager

import numpy as np

from tlr.descent import Trajectory

__all__ = ["descend_with", "rates", "set_mode", "without_advice"]


def rates(optimizer):
    """The learning rate of each parameter group, as floats.

    Prodigy's is what it multiplies its direction by: the factor d that it learns, beside an lr that stays 1.
    """
    return tuple(float(group["lr"]) * group.get("d", 1.0) for group in optimizer.param_groups)


def set_mode(optimizer, mode):
    """Tell an optimizer which mode begins, "train" or "eval", if it has any.

    Schedule-Free trains at other weights than it is evaluated at.
    """
    getattr(optimizer, mode, lambda: None)()


@contextmanager
def without_advice():
    """Silence what TLR warns its users of, short windows and lost runs: here they are shown, and the curves tell."""
    with warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", r"Windows of \d+ steps|The gradients (have grown|are not finite)", UserWarning
        )
        yield


def descend_with(make, toy, start, steps, *, name=""):
    """Descend on a toy function with a torch optimizer, as `tlr.descent.descend` does by a rule.

    Args:
        make: parameters → the torch optimizer, e.g. `lambda params: make_optimizer("sls", params, reset="keep")`.
        toy: a `tlr.toys.Toy`; its exact value and gradient are used.
        start: w₀, shape (d,).
        steps: how many steps to take, at least 1.
        name: what the `Trajectory` calls its rule, for figures a key of `tlr.course.plots.METHODS`.

    Returns:
        A `Trajectory` of one path, in float64. Its α is what `param_groups` shows after each step, its weights are
        those that the optimizer would be evaluated at.
    """
    import torch

    w = torch.nn.Parameter(torch.tensor(start, dtype=torch.float64))
    optimizer = make([w])

    def value_and_gradient():
        point = w.detach().numpy()
        if torch.is_grad_enabled():
            w.grad = torch.tensor(toy.gradient(point))
        return torch.tensor(toy.value(point))

    path = np.full((steps + 1, len(w)), np.inf)
    alpha, loss = np.full(steps + 1, *rates(optimizer)), np.full(steps + 1, np.inf)
    with np.errstate(all="ignore"), without_advice():
        path[0] = w.detach().numpy()
        loss[0] = toy.value(path[0])
        for t in range(1, steps + 1):
            set_mode(optimizer, "train")
            optimizer.step(value_and_gradient)
            set_mode(optimizer, "eval")
            point = w.detach().numpy().copy()
            if not np.isfinite(reached := toy.value(point)):
                break
            path[t], loss[t] = point, reached
            alpha[t:] = rates(optimizer)
    return Trajectory(name, path, alpha, loss)
