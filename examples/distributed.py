"""The MLP on several processes, with torch.distributed and nothing of ours:

    torchrun --standalone --nproc-per-node 2 examples/distributed.py
    torchrun --standalone --nproc-per-node 2 examples/distributed.py --shard --data mnist

Each process takes its share of every batch. Under DistributedDataParallel all hold the whole model; with `--shard`
(FSDP2, `fully_shard`) each holds a part of it. Either way α is that of one process that sees the whole batch.
"""

import argparse
import os

import torch
import torch.distributed as dist
from torch.distributed.fsdp import fully_shard
from torch.nn.functional import cross_entropy
from torch.nn.parallel import DistributedDataParallel

from tlr import TLR, learning_rates
from tlr.course.data import load, normalize
from tlr.course.models import MLP
from tlr.course.training import accuracy, epoch_order
from tlr.rule import window


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="digits", help="digits, mnist, or a NAME.npz of your own")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--batch-size", type=int, default=64, help="of all processes together")
    parser.add_argument("--shard", action="store_true", help="FSDP2 instead of DistributedDataParallel")
    arguments = parser.parse_args()

    dist.init_process_group()
    rank, size = dist.get_rank(), dist.get_world_size()
    device = torch.device("cpu")
    if torch.cuda.is_available():
        device = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
        torch.cuda.set_device(device)

    data = load(arguments.data)
    x, y, x_test, y_test = data.tensors(device)
    model = MLP(inputs=data.inputs, outputs=data.classes).to(device)
    model = fully_shard(model) if arguments.shard else DistributedDataParallel(model)
    steps = len(x) // arguments.batch_size
    optimizer = TLR(
        model.parameters(), lr=0.01, momentum=0.8, weight_decay=5e-4, update_every=window(steps, momentum=0.8)
    )

    for epoch in range(arguments.epochs):
        model.train()
        for batch in epoch_order(len(x), 0, epoch).to(device).split(arguments.batch_size)[:steps]:
            share = batch.tensor_split(size)[rank]
            optimizer.zero_grad()
            cross_entropy(model(normalize(x[share])), y[share]).backward()
            optimizer.step()
        right = accuracy(model, x_test, y_test)
        if rank == 0:
            print(f"epoch {epoch + 1}: accuracy {right:.1%}, α {learning_rates(optimizer)['model']:.6f}", flush=True)
    dist.barrier()
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
