"""DenseNet-121 for images of CIFAR's size."""

from collections import OrderedDict

import torch
from torch import nn

from tlr.course.models.seeding import seeded

__all__ = ["DenseNet"]


class Layer(nn.Sequential):
    """A bottleneck of 4 · growth channels and a 3 × 3 convolution; what comes out is appended to the input."""

    def __init__(self, inputs, growth):
        super().__init__(
            nn.BatchNorm2d(inputs),
            nn.ReLU(),
            nn.Conv2d(inputs, 4 * growth, 1, bias=False),
            nn.BatchNorm2d(4 * growth),
            nn.ReLU(),
            nn.Conv2d(4 * growth, growth, 3, padding=1, bias=False),
        )

    def forward(self, x):
        return torch.cat([x, super().forward(x)], 1)


class DenseNet(nn.Sequential):
    """DenseNet-121 with the first layer that the paper gives it for CIFAR: 3 × 3, stride 1, padding 1 (appendix D.5).

    Four blocks of 6, 12, 24 and 16 layers, between them transitions that halve channels and size. The first
    convolution has 2 · growth channels, as in DenseNet-BC, and no pooling follows it.

    Args:
        growth: channels that a layer adds (default 12, the paper's).
        outputs: classes (default 10).
        channels: of the images (default 3).
        seed: of the initial weights, torch's default initialization; the global random state is left as it was.

    Shapes: images (n, channels, height, width) of at least 8 × 8 pixels → logits (n, outputs).

    Reference:
        G. Huang, Z. Liu, L. van der Maaten, K. Q. Weinberger: Densely Connected Convolutional Networks, CVPR 2017.
    """

    def __init__(self, growth=12, outputs=10, channels=3, seed=0):
        with seeded(seed):
            width = 2 * growth
            layers = OrderedDict(conv=nn.Conv2d(channels, width, 3, padding=1, bias=False))
            for number, depth in enumerate((6, 12, 24, 16), start=1):
                if number > 1:
                    layers[f"transition{number - 1}"] = nn.Sequential(
                        nn.BatchNorm2d(width),
                        nn.ReLU(),
                        nn.Conv2d(width, width // 2, 1, bias=False),
                        nn.AvgPool2d(2),
                    )
                    width //= 2
                layers[f"block{number}"] = nn.Sequential(*(Layer(width + i * growth, growth) for i in range(depth)))
                width += depth * growth
            layers.update(
                norm=nn.BatchNorm2d(width),
                relu=nn.ReLU(),
                pool=nn.AdaptiveAvgPool2d(1),
                flatten=nn.Flatten(),
                output=nn.Linear(width, outputs),
            )
        super().__init__(layers)
