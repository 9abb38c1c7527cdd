"""The networks of the experiments."""

from collections import OrderedDict

import torch
from torch import nn

__all__ = ["MLP", "make_model"]


class MLP(nn.Sequential):
    """The paper's network for MNIST: one hidden layer with ReLU, 784–1000–10 unless told otherwise (section 5).

    Args:
        inputs: numbers in one image (default 784 = 28 × 28).
        hidden: units of the hidden layer (default 1000).
        outputs: classes (default 10).
        seed: of the initial weights, torch's default initialization; the global random state is left as it was.

    Shapes: images (n, …) with `inputs` numbers each → logits (n, outputs).
    """

    def __init__(self, inputs=784, hidden=1000, outputs=10, seed=0):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            layers = OrderedDict(
                flatten=nn.Flatten(),
                hidden=nn.Linear(inputs, hidden),
                relu=nn.ReLU(),
                output=nn.Linear(hidden, outputs),
            )
        super().__init__(layers)


def make_model(name, inputs, outputs, seed=0):
    """The network of that name, as settings of experiments call it.

    Args:
        name: "mlp-N": an `MLP` with N hidden units.
        inputs, outputs, seed: as for `MLP`.

    Raises:
        ValueError: an unknown name.

    Example:
        >>> make_model("mlp-1000", 784, 10).output
        Linear(in_features=1000, out_features=10, bias=True)
    """
    kind, _, hidden = name.partition("-")
    if kind != "mlp" or not hidden.isdecimal() or int(hidden) == 0:
        raise ValueError(f"Unknown model {name!r}: there is mlp-N, with N hidden units, as in mlp-1000.")
    return MLP(inputs, int(hidden), outputs, seed)
