"""The networks of the experiments, each by its name: `make_model("wrn-16-4", …)`."""

import re
from importlib import import_module

from tlr.course.models.densenet import DenseNet
from tlr.course.models.mlp import MLP
from tlr.course.models.seeding import seeded
from tlr.course.models.transformer import Transformer
from tlr.course.models.vgg import VGG
from tlr.course.models.wide_resnet import WideResNet

__all__ = ["MLP", "VGG", "DenseNet", "Transformer", "WideResNet", "make_model"]


def make_model(name, inputs, outputs, seed=0, channels=3):
    """The network of that name, as settings of experiments call it.

    Args:
        name: "mlp-N", an `MLP` with N hidden units; "wrn-D-K", a `WideResNet` of depth D and width K, as in
            "wrn-16-4", and "wrn-D-K-S" with a first convolution of stride S; "densenet-K", a `DenseNet` with growth
            rate K; "vgg-W", a `VGG` of width W; "transformer" or "transformer-W", a `Transformer` (of width W);
            "resnet-50", torchvision's.
        inputs: numbers in one image, or words of the source's vocabulary.
        outputs: classes, or words of the target's vocabulary.
        seed: of the initial weights.
        channels: of the images (default 3); only networks of convolutions ask for it.

    Raises:
        ValueError: an unknown name.
        ModuleNotFoundError: "resnet-50" without torchvision.

    Example:
        >>> make_model("mlp-1000", 784, 10).output
        Linear(in_features=1000, out_features=10, bias=True)
        >>> make_model("wrn-16-4", 3072, 100).output
        Linear(in_features=256, out_features=100, bias=True)
    """
    kind, *numbers = name.split("-")
    sizes = tuple(int(number) for number in numbers if re.fullmatch(r"[1-9]\d*", number))
    match (kind, *sizes) if len(sizes) == len(numbers) else ():
        case "mlp", hidden:
            return MLP(inputs, hidden, outputs, seed)
        case "wrn", depth, width:
            return WideResNet(depth, width, outputs, channels, seed)
        case "wrn", depth, width, stride:
            return WideResNet(depth, width, outputs, channels, seed, stride)
        case "densenet", growth:
            return DenseNet(growth, outputs, channels, seed)
        case "vgg", width:
            return VGG(width, outputs, channels, seed)
        case ("transformer",):
            return Transformer(inputs, outputs, seed=seed)
        case "transformer", width if width % 8 == 0:
            return Transformer(inputs, outputs, width, hidden=width, seed=seed)
        case "resnet", 50:
            return _resnet50(outputs, seed)
    raise ValueError(
        f"Unknown model {name!r}: there are mlp-N with N hidden units, as in mlp-1000, wrn-D-K of depth D and width K, "
        "as in wrn-16-4, wrn-D-K-S with a first convolution of stride S, densenet-K with growth rate K, vgg-W of width "
        "W, transformer, transformer-W of width W, a multiple of 8, and resnet-50."
    )


def _resnet50(outputs, seed):
    try:
        resnet50 = import_module("torchvision.models").resnet50
    except (ImportError, RuntimeError) as error:  # the latter where it was built for another torch
        raise ModuleNotFoundError(
            "resnet-50 comes from the package torchvision: python -m pip install torchvision, in the version that "
            "belongs to the torch that is installed.",
            name="torchvision",
        ) from error
    with seeded(seed):
        return resnet50(num_classes=outputs)
