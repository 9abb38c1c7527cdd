"""Peers against the losses that Baydin et al. publish, on MNIST; and α below zero, which their rule allows."""

import os
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from tlr.course.data import load, normalize
from tlr.course.models import MLP
from tlr.course.peers import make_optimizer
from tlr.course.training import train

MNIST = Path(os.environ.get("TLR_DATA_DIR", "/nonexistent")) / "mnist.npz"
needs_mnist = pytest.mark.skipif(not MNIST.is_file(), reason="needs mnist.npz in $TLR_DATA_DIR")

NESTEROV = {"momentum": 0.9, "nesterov": True}
#: Row of the paper → the optimizer and its options, beside α₀ = 1e-3 and a weight decay of 1e-4.
ROWS = {
    "SGD": ("sgd", {}),
    "SGD-HD": ("hypergradient", {"beta": 1e-3}),
    "SGDN": ("sgd", NESTEROV),
    "SGDN-HD": ("hypergradient", {"beta": 1e-3, **NESTEROV}),
    "Adam": ("adam", {}),
    "Adam-HD": ("hypergradient_adam", {"beta": 1e-7}),
}


class AsTorchvision(torch.nn.Module):
    """Pixels in [−1, 1] to torchvision's usual scale for MNIST: mean 0.1307 and deviation 0.3081 in [0, 1]."""

    def forward(self, images):
        return ((images + 1) / 2 - 0.1307) / 0.3081


def recording(optimizer):
    """A list to which the optimizer appends α after every step."""
    alphas = []
    optimizer.register_step_post_hook(lambda self, *_: alphas.append(self.param_groups[0]["lr"]))
    return alphas


@cache
def logistic_regression(row):
    """Batch size 128, ten epochs: the training loss of the last, the test loss, and α after every step."""
    name, options = ROWS[row]
    mnist = load("mnist")
    torch.manual_seed(0)
    model = torch.nn.Sequential(AsTorchvision(), torch.nn.Flatten(), torch.nn.Linear(784, 10))
    optimizer = make_optimizer(name, model.parameters(), lr=1e-3, weight_decay=1e-4, **options)
    alphas = recording(optimizer)
    history = train(model, optimizer, mnist, epochs=10, batch_size=128, progress=False)
    _, _, images, labels = mnist.tensors()
    with torch.no_grad():
        test_loss = cross_entropy(model(normalize(images)), labels).item()
    return history.train_loss[-1], test_loss, np.array(alphas)


@needs_mnist
@pytest.mark.parametrize(
    ("row", "published", "within"),
    [
        ("SGD", (0.3957, 0.3737), 0.02),
        ("SGD-HD", (0.2934, 0.2878), 0.02),
        ("SGDN", (0.2893, 0.2846), 0.05),
        ("SGDN-HD", (0.2612, 0.2719), 0.05),
        ("Adam", (0.2590, 0.2719), 0.05),
        ("Adam-HD", (0.2583, 0.2723), 0.05),
    ],
)
def test_losses_are_those_that_baydin_et_al_publish(row, published, within):
    assert logistic_regression(row)[:2] == pytest.approx(published, rel=within)


@needs_mnist
@pytest.mark.parametrize("row", ["SGD-HD", "SGDN-HD"])
def test_alpha_falls_below_zero_in_the_published_runs_themselves(row):
    alphas = logistic_regression(row)[2]
    assert alphas[:469].min() > 0  # not in the first epoch
    assert np.mean(alphas < 0) > 0.01


def test_alpha_falls_below_zero_in_a_network_on_handwriting():
    model = MLP(64, 100, 10)
    optimizer = make_optimizer("hypergradient", model.parameters(), lr=0.1, beta=1e-2)
    alphas = recording(optimizer)
    history = train(model, optimizer, load("digits"), epochs=15, batch_size=16, progress=False)
    assert np.mean(np.array(alphas) < 0) > 0.01
    assert history.status == "done"
