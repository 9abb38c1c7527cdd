"""Small problems that the tests of the optimizers share."""

import copy

import numpy as np
import pytest
import torch

from tlr import TLR

#: For runs that are lost, or that get values which are not finite: what is said of them is tested in test_warnings.py.
lost = pytest.mark.filterwarnings(r"ignore:The gradients (have grown|are not finite):UserWarning")
#: For runs whose α a schedule sets.
erased = pytest.mark.filterwarnings("ignore:Something sets the learning rate:UserWarning")

EIGENVALUES = np.geomspace(1, 100, 10)


def weights(size=10, dtype=torch.float64, value=1.0):
    return torch.nn.Parameter(torch.full((size,), value, dtype=dtype))


def rate(optimizer):
    return float(optimizer.param_groups[0]["lr"])


def descend(optimizer, w, steps, scale=1.0):
    """Steps on ½ Σ λ_i w_i², times `scale`; the path of w and of α."""
    eigenvalues = torch.tensor(EIGENVALUES[: w.numel()] * scale, dtype=torch.float64).to(w.dtype)
    path, alphas = [], []
    for _ in range(steps):
        w.grad = eigenvalues * w.detach()
        optimizer.step()
        path.append(w.detach().clone())
        alphas.append(rate(optimizer))
    return torch.stack(path), np.array(alphas)


def gradients(params, seed):
    """Give every parameter that trains a gradient: its own value and some noise, the same for the same seed."""
    generator = torch.Generator().manual_seed(seed)
    for p in params:
        if p.requires_grad:
            noise = torch.randn(p.shape, generator=generator, dtype=torch.float64)
            p.grad = (p.detach() + noise.to(p.dtype)).contiguous()


def tensors(dtype=torch.float64, seed=0):
    """A matrix, a vector and a single number to train."""
    generator = torch.Generator().manual_seed(seed)
    values = [torch.randn(shape, generator=generator, dtype=torch.float64) for shape in [(4, 3), (4,), ()]]
    return [torch.nn.Parameter(value.to(dtype)) for value in values]


def all_equal(xs, ys):
    return all(torch.equal(x, y) for x, y in zip(xs, ys, strict=True))


def noisy(step, size=10):
    return np.random.default_rng(step).normal(size=size)


def run(optimizer, params, steps, start=0):
    """The α of all groups after each step on a noisy bowl."""
    alphas = []
    for step in range(start, start + steps):
        for p in params:
            noise = torch.tensor(noisy(step, p.numel())).reshape(p.shape)
            p.grad = p.detach() + noise.to(p.dtype)
        optimizer.step()
        alphas.append([float(group["lr"]) for group in optimizer.param_groups])
    return alphas


def check_resume(make, dtype, stop):
    """Loaded or copied after so many steps, a run of `make` (params → optimizer) goes on as if never stopped."""
    straight = tensors(dtype)
    optimizer = make(straight)
    run(optimizer, straight, stop)
    resumed = [torch.nn.Parameter(p.detach().clone()) for p in straight]
    loaded = make(resumed)
    loaded.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    copied, twin = copy.deepcopy((straight, optimizer))
    expected = run(optimizer, straight, 13, stop)
    assert expected == run(loaded, resumed, 13, stop) == run(twin, copied, 13, stop)
    assert all_equal(straight, resumed)
    assert expected[-1] != [0.01]


def check_per_tensor(options):
    """Each tensor is trained as if it were alone."""
    together, alone = [weights(3), weights(8)], [weights(3), weights(8)]
    alphas = run(TLR(together, per="tensor", **options), together, 40)
    singles = [[each for (each,) in run(TLR([w], **options), [w], 40)] for w in alone]
    assert [list(each) for each in zip(*alphas, strict=True)] == singles
    assert singles[0] != singles[1]
