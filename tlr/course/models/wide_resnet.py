"""Wide residual networks for images of CIFAR's size."""

from collections import OrderedDict

from torch import nn
from torch.nn.functional import relu

from tlr.course.models.seeding import seeded

__all__ = ["WideResNet"]


class Block(nn.Module):
    """Two 3 × 3 convolutions around which the input is added; batch norm and ReLU come before each.

    Where the number of channels or the size changes, the shortcut is a 1 × 1 convolution of the activated input, and
    the stride is that of the first 3 × 3 convolution. There is no dropout.
    """

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.norm1 = nn.BatchNorm2d(inputs)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.shortcut = None
        if (inputs, stride) != (outputs, 1):
            self.shortcut = nn.Conv2d(inputs, outputs, 1, stride, bias=False)

    def forward(self, x):
        active = relu(self.norm1(x))
        beside = x if self.shortcut is None else self.shortcut(active)
        return beside + self.conv2(relu(self.norm2(self.conv1(active))))


class WideResNet(nn.Sequential):
    """The paper's network for CIFAR, WRN-depth-width: three groups of blocks with 16, 32 and 64 times `width` channels.

    Args:
        depth: 6n + 4, with n blocks in a group (default 16).
        width: k, the widening factor (default 4).
        outputs: classes (default 10).
        channels: of the images (default 3).
        seed: of the initial weights, torch's default initialization; the global random state is left as it was.
        stride: of the first convolution (default 1, the paper's). With 2 all that follows costs a quarter.

    Shapes: images (n, channels, height, width) of any size → logits (n, outputs).

    Raises:
        ValueError: a depth that is not 6n + 4.

    Reference:
        S. Zagoruyko, N. Komodakis: Wide Residual Networks, BMVC 2016.
    """

    def __init__(self, depth=16, width=4, outputs=10, channels=3, seed=0, stride=1):
        blocks, rest = divmod(depth - 4, 6)
        if blocks < 1 or rest:
            raise ValueError(f"The depth of a wide residual network is 6n + 4: 10, 16, 22, …, not {depth}.")
        with seeded(seed):
            layers, inputs = OrderedDict(conv=nn.Conv2d(channels, 16, 3, stride, padding=1, bias=False)), 16
            for group, shrinking in enumerate((1, 2, 2)):
                members = []
                for number in range(blocks):
                    members.append(Block(inputs, 16 * 2**group * width, 1 if number else shrinking))
                    inputs = 16 * 2**group * width
                layers[f"group{group + 1}"] = nn.Sequential(*members)
            layers.update(
                norm=nn.BatchNorm2d(inputs),
                relu=nn.ReLU(),
                pool=nn.AdaptiveAvgPool2d(1),
                flatten=nn.Flatten(),
                output=nn.Linear(inputs, outputs),
            )
        super().__init__(layers)
