"""What each process of tests/optim/test_distributed.py runs:  python ranks.py RANK WORLD_SIZE INIT_FILE OUT.json"""

import contextlib
import copy
import json
import sys
from pathlib import Path

import torch
import torch.distributed as dist
from torch.distributed.checkpoint.state_dict import get_optimizer_state_dict, set_optimizer_state_dict
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor, Partial, Replicate, Shard, distribute_tensor
from torch.distributed.tensor.debug import CommDebugMode
from torch.nn.parallel import DistributedDataParallel

from tlr import TLR
from tlr.optim import TLRAdam

STEPS = 12
SETTINGS = {
    "Algorithm 2": (TLR, torch.float64, {"lr": 0.05}),
    "windows": (TLR, torch.float64, {"lr": 0.01, "momentum": 0.8, "weight_decay": 1e-3, "update_every": 3}),
    "windows, summed": (TLR, torch.float32, {"lr": 1e-8, "momentum": 0.8, "update_every": 3}),
    "windows, bfloat16": (TLR, torch.bfloat16, {"lr": 0.01, "update_every": 3}),
    "a rate a tensor": (TLR, torch.float64, {"lr": 0.05, "per": "tensor"}),
    "slope": (TLR, torch.float64, {"lr": 0.01, "momentum": 0.8, "update_every": 3, "curvature": "slope"}),
    "steady": (
        TLR,
        torch.float64,
        {"lr": 0.01, "momentum": 0.8, "update_every": 3, "curvature": "steady", "epoch": 7},
    ),
    "Adam, gradients": (TLRAdam, torch.float64, {"lr": 0.01, "update_every": 3, "curvature": "gradients"}),
    "Adam": (TLRAdam, torch.float64, {"lr": 0.01, "update_every": 3}),
}


def problem(dtype):
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(3, 5), torch.nn.Tanh(), torch.nn.Linear(5, 1)).to(dtype)
    x = torch.randn(16, 3).to(dtype)
    return model, x, x.prod(1, keepdim=True)


def train(model, optimizer, x, y, steps=STEPS, count=contextlib.nullcontext):
    """α after each step, and the collectives that each `optimizer.step` itself called."""
    alphas, calls = [], []
    for _ in range(steps):
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(model(x), y).backward()
        with count() as counter:
            optimizer.step()
        alphas.append([float(group["lr"]) for group in optimizer.param_groups])
        calls.append(counter.get_total_counts() if counter else 0)
    return {"alpha": alphas, "collectives": calls}


def resume(rank_rows, mesh):
    """A sharded run that is saved and loaded into another in the middle of a window."""
    optimizer_class, dtype, options = SETTINGS["windows"]
    model, x, y = problem(dtype)
    fully_shard(model, mesh=mesh)
    optimizer = optimizer_class(model.parameters(), **options)
    train(model, optimizer, x[rank_rows], y[rank_rows], steps=7)
    other, _, _ = problem(dtype)
    fully_shard(other, mesh=mesh)
    other.load_state_dict(copy.deepcopy(model.state_dict()))
    loaded = optimizer_class(other.parameters(), **options)
    set_optimizer_state_dict(other, loaded, copy.deepcopy(get_optimizer_state_dict(model, optimizer)))
    return [train(*each, x[rank_rows], y[rank_rows])["alpha"] for each in ((model, optimizer), (other, loaded))]


def mixed_placements(rank, mesh):
    """A replicated parameter, whose gradient has not been summed over the processes yet, and a sharded one."""
    whole = [torch.nn.Parameter(torch.ones(n).double()) for n in (6, 4)]
    placed = [
        torch.nn.Parameter(distribute_tensor(w.detach(), mesh, [placement]))
        for w, placement in zip(whole, [Replicate(), Shard(0)], strict=True)
    ]
    runs = {}
    for name, (w, v) in (("single", whole), ("mixed", placed)):
        optimizer, alphas = TLR([w, v], lr=0.05), []
        for step in range(4):
            shares = [torch.arange(6).double() * (1 - 1.5 * (step % 2)), torch.ones(6).double()]
            other = torch.full((4,), float((-1) ** step)).double()
            if name == "single":
                w.grad, v.grad = sum(shares), other
            else:
                w.grad = DTensor.from_local(shares[rank], mesh, [Partial()])
                v.grad = distribute_tensor(other, mesh, [Shard(0)])
            optimizer.step()
            alphas.append(float(optimizer.param_groups[0]["lr"]))
        runs[name] = alphas
    return runs


def refused():
    """What is said of ways to spread an optimizer under which each process would train an α of its own."""
    from torch.distributed.fsdp import FullyShardedDataParallel
    from torch.distributed.optim import ZeroRedundancyOptimizer

    def flat(use_orig_params):
        model = FullyShardedDataParallel(
            problem(torch.float32)[0], use_orig_params=use_orig_params, device_id=torch.device("cpu")
        )
        TLR(model.parameters())

    def wrapped_later():
        model, x, y = problem(torch.float32)
        optimizer = TLR(model.parameters(), update_every=2)
        model = FullyShardedDataParallel(model, use_orig_params=True, device_id=torch.device("cpu"))
        train(model, optimizer, x, y, steps=2)

    ways = {
        "FSDP1": lambda: flat(False),
        "FSDP1 with the original parameters": lambda: flat(True),
        "FSDP1 after the optimizer": wrapped_later,
        "ZeroRedundancyOptimizer": lambda: ZeroRedundancyOptimizer(problem(torch.float32)[0].parameters(), TLR),
        "ZeroRedundancyOptimizer over TLRAdam": lambda: ZeroRedundancyOptimizer(
            problem(torch.float32)[0].parameters(), TLRAdam
        ),
    }
    said = {}
    for way, build in ways.items():
        try:
            build()
            said[way] = ""
        except ValueError as error:
            said[way] = str(error)
    return said


def main():
    rank, size, init_file, out = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], Path(sys.argv[4])
    dist.init_process_group("gloo", init_method=Path(init_file).as_uri(), rank=rank, world_size=size)
    mesh = init_device_mesh("cpu", (size,))
    hybrid = init_device_mesh("cpu", (size, 1), mesh_dim_names=("replicate", "shard"))
    rows = slice(rank * 16 // size, (rank + 1) * 16 // size)
    results = {}
    for name, (optimizer_class, dtype, options) in SETTINGS.items():
        model, x, y = problem(dtype)
        results[name] = {"single": train(model, optimizer_class(model.parameters(), **options), x, y)}
        ways = {
            "DDP": DistributedDataParallel,
            "FSDP": lambda model: fully_shard(model, mesh=mesh),
            "hybrid FSDP": lambda model: fully_shard(model, mesh=hybrid),
        }
        for way, spread in ways.items():
            model, x, y = problem(dtype)
            model = spread(model)
            optimizer = optimizer_class(model.parameters(), **options)
            results[name][way] = train(model, optimizer, x[rows], y[rows], count=CommDebugMode)
    results["resumed"] = resume(rows, mesh)
    results["mixed placements"] = mixed_placements(rank, mesh)
    results["refused"] = refused()
    out.write_text(json.dumps(results), encoding="utf-8")
    dist.barrier()  # a process that leaves while another still reads from it would fail that one
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
