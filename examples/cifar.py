"""CIFAR-10 from the archive to the accuracy: TLR beside hypergradient descent with a fixed β.

    curl -O https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz
    python examples/cifar.py                                       # for a GPU: WRN-16-4, all images, 20 epochs
    python examples/cifar.py --width 1 --images 3000 --epochs 8    # minutes on a CPU

All start from the same weights and α₀ and see the same batches. Hypergradient descent (Baydin et al., 2018) adds
β⟨g_t, d_{t−1}⟩ to α after every batch; TLR, three times an epoch, multiplies α by a ratio of such products.

The second command on one core of a busy Xeon, images from a JPEG copy: accuracy 42.9 % with TLR; 45.7, 40.4 and 42.4 %
with β = 10⁻³, 10⁻⁴ and 10⁻⁵. One seed, too short to rank them. The first has not been run on a GPU yet.
"""

import argparse
import tarfile
import time
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy, pad, relu

from tlr import TLR
from tlr.rule import window

BATCH, SGD = 64, {"momentum": 0.8, "weight_decay": 5e-4}


def cifar10(path):
    """Images (n, 3, 32, 32) and labels for training, then for testing, as uint8 arrays."""
    if path.suffix == ".npz":
        with np.load(path) as arrays:
            x, y, x_test, y_test = (arrays[name] for name in ("x_train", "y_train", "x_test", "y_test"))
        return np.moveaxis(x, 3, 1), y, np.moveaxis(x_test, 3, 1), y_test
    arrays = []
    with tarfile.open(path) as archive:
        for names in ([f"data_batch_{number}" for number in range(1, 6)], ["test_batch"]):
            content = b"".join(archive.extractfile(f"cifar-10-batches-bin/{name}.bin").read() for name in names)
            rows = np.frombuffer(content, np.uint8).reshape(-1, 1 + 3 * 32 * 32)
            arrays += [rows[:, 1:].reshape(-1, 3, 32, 32), rows[:, 0]]
    return arrays


class Block(nn.Module):
    """Two 3 × 3 convolutions around which the input is added; batch norm and ReLU come before each."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.norm1, self.norm2 = nn.BatchNorm2d(inputs), nn.BatchNorm2d(outputs)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.shortcut = nn.Conv2d(inputs, outputs, 1, stride, bias=False) if inputs != outputs else None

    def forward(self, x):
        active = relu(self.norm1(x))
        beside = x if self.shortcut is None else self.shortcut(active)
        return beside + self.conv2(relu(self.norm2(self.conv1(active))))


def wide_resnet(width):
    """WRN-16-width, a wide residual network: three groups of two blocks."""
    torch.manual_seed(0)
    layers, inputs = [nn.Conv2d(3, 16, 3, padding=1, bias=False)], 16
    for outputs, stride in ((16 * width, 1), (32 * width, 2), (64 * width, 2)):
        layers += [Block(inputs, outputs, stride), Block(outputs, outputs, 1)]
        inputs = outputs
    layers += [nn.BatchNorm2d(inputs), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, 10)]
    return nn.Sequential(*layers)


class Hypergradient(torch.optim.SGD):
    """SGD with momentum whose α gains β⟨g_t, d_{t−1}⟩ before each step; d is the direction of a step."""

    def __init__(self, params, lr, beta, **options):
        super().__init__(params, lr, **options)
        self.beta = beta

    @torch.no_grad()
    def step(self):
        (group,) = self.param_groups
        if self.state:
            gradients = [p.grad + group["weight_decay"] * p for p in group["params"]]
            directions = [self.state[p]["momentum_buffer"] for p in group["params"]]
            product = sum((g * d).sum() for g, d in zip(gradients, directions, strict=True))
            group["lr"] += self.beta * product.item()  # waits for a GPU at every step; TLR does so at every update
        super().step()


def augmented(images, random):
    """Each image moved by up to four pixels, and mirrored or not."""
    n, pixels = len(images), torch.arange(32, device=images.device)
    down, right = torch.randint(0, 9, (2, n, 1), generator=random).to(images.device)
    mirrored = torch.rand(n, 1, generator=random).to(images.device) < 0.5
    columns = right + torch.where(mirrored, 31 - pixels, pixels)
    chosen = torch.arange(n, device=images.device)[:, None, None]
    moved = pad(images, (4, 4, 4, 4))[chosen, :, (down + pixels)[:, :, None], columns[:, None, :]]
    return moved.permute(0, 3, 1, 2)  # channels last in memory


def train(model, optimizer, data, epochs):
    """Train, and print the loss and α after each epoch and the test accuracy after the last."""
    x, y, x_test, y_test = data
    mean, deviation = (f(x.float(), (0, 2, 3), keepdim=True) / 255 for f in (torch.mean, torch.std))

    def logits(images):
        with torch.autocast(x.device.type, torch.bfloat16, enabled=x.is_cuda):  # products only: weights stay float32
            return model((images / 255 - mean) / deviation).float()

    random, start = torch.Generator().manual_seed(0), time.perf_counter()
    for epoch in range(epochs):
        total = torch.zeros((), device=x.device)
        for batch in torch.randperm(len(x), generator=random).to(x.device).split(BATCH):
            loss = cross_entropy(logits(augmented(x[batch], random)), y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += len(batch) * loss.detach()
        print(f"  epoch {epoch + 1:2}: loss {total / len(x):.3f}, α {optimizer.param_groups[0]['lr']:.4f}", flush=True)
    print(f"  {time.perf_counter() - start:.0f} s, ", end="")
    model.eval()
    with torch.no_grad():
        right = torch.cat([logits(part).argmax(1) for part in x_test.split(1000)]) == y_test
    print(f"accuracy {right.float().mean():.1%}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default="cifar-10-binary.tar.gz", help="the archive, or a NAME.npz")
    parser.add_argument("--images", type=int, default=50_000, help="train on the first of them")
    parser.add_argument("--width", type=int, default=4, help="k of WRN-16-k")
    parser.add_argument("--epochs", type=int, default=20)
    chosen = parser.parse_args()

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    x, y, x_test, y_test = (torch.tensor(array, device=device) for array in cifar10(chosen.data))
    data = x[: chosen.images], y[: chosen.images].long(), x_test, y_test.long()
    every = window(-(-len(data[0]) // BATCH), momentum=SGD["momentum"])
    optimizers = {"TLR": partial(TLR, lr=0.1, update_every=every, **SGD)}
    for beta in (1e-3, 1e-4, 1e-5):
        optimizers[f"hypergradient descent, β = {beta:g}"] = partial(Hypergradient, lr=0.1, beta=beta, **SGD)
    for name, optimizer in optimizers.items():
        print(name)
        model = wide_resnet(chosen.width).to(device, memory_format=torch.channels_last)
        train(model, optimizer(model.parameters()), data, chosen.epochs)


if __name__ == "__main__":
    main()
