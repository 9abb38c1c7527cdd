"""A small VGG for images of CIFAR's size: convolutions without norms."""

from collections import OrderedDict

from torch import nn

from tlr.course.models.seeding import seeded

__all__ = ["VGG"]


class VGG(nn.Sequential):
    """Three groups of two 3 × 3 convolutions with 1, 2 and 4 times `width` channels, each followed by max pooling.

    As in VGG's first networks there is no batch norm, and weights begin as He et al. have them for ReLU. VGG has five
    groups and three linear layers; here one output layer reads the mean over the image.

    Args:
        width: channels of the first group.
        outputs: classes (default 10).
        channels: of the images (default 3).
        seed: of the initial weights; the global random state is left as it was.

    Shapes: images (n, channels, height, width), of 8 × 8 pixels or more → logits (n, outputs).

    Reference:
        K. Simonyan, A. Zisserman: Very Deep Convolutional Networks for Large-Scale Image Recognition, ICLR 2015.
    """

    def __init__(self, width, outputs=10, channels=3, seed=0):
        with seeded(seed):
            layers, inputs = OrderedDict(), channels
            for group in range(1, 4):
                for number in range(1, 3):
                    convolution = nn.Conv2d(inputs, inputs := width * 2 ** (group - 1), 3, padding=1)
                    nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
                    layers |= {f"conv{group}{number}": convolution, f"relu{group}{number}": nn.ReLU()}
                layers[f"pool{group}"] = nn.MaxPool2d(2)
            layers |= {"mean": nn.AdaptiveAvgPool2d(1), "flatten": nn.Flatten(), "output": nn.Linear(inputs, outputs)}
        super().__init__(layers)
