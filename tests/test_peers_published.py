"""Hypergradient descent against its authors' runs on MNIST, step by step; and α below zero, which it allows.

The digits are those of their repository, which says of the paper's that they came from Lua Torch.
"""

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

#: Name of their run → the optimizer and its options, beside α₀ = 1e-3 and a weight decay of 1e-4.
RUNS = {
    "SGD-HD": ("hypergradient", {"beta": 1e-3}),
    "SGDN-HD": ("hypergradient", {"beta": 1e-3, "momentum": 0.9, "nesterov": True}),
    "Adam": ("adam", {}),
    "Adam-HD": ("hypergradient_adam", {"beta": 1e-7}),
}


def recording(optimizer):
    """A list to which the optimizer appends α after every step."""
    alphas = []
    optimizer.register_step_post_hook(lambda self, *_: alphas.append(self.param_groups[0]["lr"]))
    return alphas


@cache
def replayed(run):
    """Their logistic regression, ten epochs: training loss of the last, test loss after it, α by step, (10, 469).

    torch still draws their random numbers: the weights and, after one order that their code throws away, the batches.
    """
    name, options = RUNS[run]
    mnist = load("mnist")
    x_train, y_train, x_test, y_test = mnist.tensors()
    x_train, x_test = (normalize(x, mean=0.1307, std=0.3081).flatten(1) for x in (x_train, x_test))
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(1)
        model = torch.nn.Linear(784, 10)
        optimizer = make_optimizer(name, model.parameters(), lr=1e-3, weight_decay=1e-4, **options)
        alphas = recording(optimizer)
        torch.randperm(len(x_train))
        for _ in range(10):
            losses, order = [], torch.randperm(len(x_train))
            for images, labels in zip(x_train[order].split(128), y_train[order].split(128), strict=True):
                optimizer.zero_grad()
                loss = cross_entropy(model(images), labels)
                loss.backward()
                optimizer.step()
                losses.append(loss.detach())
    with torch.no_grad():
        test_loss = cross_entropy(model(x_test), y_test).item()
    return torch.stack(losses).mean().item(), test_loss, np.array(alphas).reshape(10, -1)


@needs_mnist
@pytest.mark.parametrize(
    ("run", "published"),
    [
        ("SGD-HD", (0.29342, 0.28778)),
        ("SGDN-HD", (0.26125, 0.27186)),
        ("Adam", (0.25895, 0.27187)),
        ("Adam-HD", (0.25828, 0.27233)),
    ],
)
def test_losses_are_those_in_the_repository_of_baydin_et_al(run, published):
    """https://github.com/gbaydin/hypergradient-descent, commit 18a3d61."""
    assert replayed(run)[:2] == pytest.approx(published, abs=1e-5)


@needs_mnist
@pytest.mark.parametrize(
    ("run", "published"),
    [("SGD-HD", (0.029222, 0.003743)), ("SGDN-HD", (0.021375, 0.001350)), ("Adam-HD", (0.001153, 0.001037))],
)
def test_mean_alpha_in_the_first_and_the_tenth_epoch_is_theirs(run, published):
    alphas = replayed(run)[2]
    assert (alphas[0].mean(), alphas[-1].mean()) == pytest.approx(published, abs=1e-6)


@needs_mnist
@pytest.mark.parametrize("run", ["SGD-HD", "SGDN-HD"])
def test_alpha_falls_below_zero_in_the_published_runs_themselves(run):
    alphas = replayed(run)[2]
    assert alphas[0].min() > 0
    assert np.mean(alphas < 0) > 0.01


def test_alpha_falls_below_zero_in_a_network_on_handwriting():
    model = MLP(64, 100, 10)
    optimizer = make_optimizer("hypergradient", model.parameters(), lr=0.1, beta=1e-2)
    alphas = recording(optimizer)
    history = train(model, optimizer, load("digits"), epochs=15, batch_size=16, progress=False)
    assert np.mean(np.array(alphas) < 0) > 0.01
    assert history.status == "done"
