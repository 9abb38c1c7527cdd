"""The network for MNIST."""

from collections import OrderedDict

from torch import nn

from tlr.course.models.seeding import seeded

__all__ = ["MLP"]


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
        with seeded(seed):
            layers = OrderedDict(
                flatten=nn.Flatten(),
                hidden=nn.Linear(inputs, hidden),
                relu=nn.ReLU(),
                output=nn.Linear(hidden, outputs),
            )
        super().__init__(layers)
