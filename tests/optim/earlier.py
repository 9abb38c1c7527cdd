"""Checkpoints that an earlier version of the optimizers saved, and how the runs went on from there.

    python tests/optim/earlier.py    writes earlier.pt.gz with the version at hand

The file was written with commit fab2f29, before `tlr.optim` was taken apart. It is written again only when a format is
given up on purpose: `test_state.py` resumes each run from it.
"""

import gzip
from pathlib import Path

import torch

from tlr import TLR
from tlr.optim import TLRAdamW

FILE = Path(__file__).with_name("earlier.pt.gz")
SAVED, AFTER = 14, 50  # steps before the checkpoint, in the middle of a window of four, and after it
_SHAPES = [(4, 3), (5,), ()]

CASES = {
    "Algorithm 2": (TLR, torch.float64, {"lr": 0.01}),
    "windows": (TLR, torch.float64, {"lr": 0.01, "update_every": 4}),
    "weight decay": (TLR, torch.float32, {"lr": 0.01, "weight_decay": 0.01, "update_every": 4}),
    "momentum": (TLR, torch.float32, {"lr": 0.01, "momentum": 0.5, "update_every": 4}),
    "dampening": (TLR, torch.float64, {"lr": 0.01, "momentum": 0.5, "dampening": 0.3, "update_every": 4}),
    "Nesterov": (TLR, torch.float32, {"lr": 0.01, "momentum": 0.5, "nesterov": True, "update_every": 4}),
    "secant": (TLR, torch.float32, {"lr": 0.01, "momentum": 0.5, "curvature": "secant", "update_every": 4}),
    "per tensor": (TLR, torch.float32, {"lr": 0.01, "momentum": 0.5, "per": "tensor", "update_every": 4}),
    "summed": (TLR, torch.float32, {"lr": 1e-8, "momentum": 0.5, "update_every": 4}),
    "bfloat16": (TLR, torch.bfloat16, {"lr": 0.01, "momentum": 0.5, "update_every": 4}),
    "a tensor as lr": (TLR, torch.float32, {"lr": torch.tensor(0.01), "momentum": 0.5, "update_every": 4}),
    "AdamW": (TLRAdamW, torch.float32, {"lr": 0.001, "update_every": 4}),
    "AdamW per tensor": (TLRAdamW, torch.float64, {"lr": 0.001, "per": "tensor", "update_every": 4}),
}


def parameters(dtype):
    generator = torch.Generator().manual_seed(0)
    values = [torch.randn(shape, generator=generator, dtype=torch.float64) for shape in _SHAPES]
    return [torch.nn.Parameter(value.to(dtype)) for value in values]


def run(optimizer, params, steps):
    """α of each group after each of the steps, whose gradients depend on the weights and the step's number."""
    alphas = []
    for step in steps:
        generator = torch.Generator().manual_seed(1000 + step)
        for p in params:
            noise = torch.randn(p.shape, generator=generator, dtype=torch.float64)
            p.grad = p.detach() + noise.to(p.dtype)
        optimizer.step()
        alphas.append([float(group["lr"]) for group in optimizer.param_groups])
    return alphas


def record():
    runs = {}
    for name, (optimizer_class, dtype, options) in CASES.items():
        params = parameters(dtype)
        optimizer = optimizer_class(params, **options)
        run(optimizer, params, range(SAVED))
        weights = [p.detach().clone() for p in params]
        state = optimizer.state_dict()
        state = {**state, "param_groups": [dict(group) for group in state["param_groups"]]}
        state["state"] = {
            i: {key: value.clone() if isinstance(value, torch.Tensor) else value for key, value in entries.items()}
            for i, entries in state["state"].items()
        }
        for group in state["param_groups"]:
            if isinstance(group["lr"], torch.Tensor):
                group["lr"] = group["lr"].clone()
        alphas = run(optimizer, params, range(SAVED, SAVED + AFTER))
        after = [p.detach().clone() for p in params]
        runs[name] = {"weights": weights, "optimizer": state, "alphas": alphas, "after": after}
    return runs


if __name__ == "__main__":
    with gzip.open(FILE, "wb") as file:
        torch.save(record(), file)
