"""Small problems that the tests of the optimizers share."""

import numpy as np
import pytest
import torch

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
