"""Inner products of many tensors: few kernels, one trip to the host, whole tensors where they are sharded."""

import numpy as np
import torch
from torch._utils import _flatten_dense_tensors

__all__ = ["group_products", "inner_products", "is_plain", "local"]

# On a CPU, copying at least this many tensors, of fewer numbers each than that, into one beats a kernel for each.
_MANY = 8
_SMALL = 2**14


def is_plain(tensor):
    """Whether a tensor is no DTensor nor another subclass; asking it for their attributes would take longer."""
    return type(tensor) is torch.Tensor or type(tensor) is torch.nn.Parameter


def local(tensor):
    """What of a tensor lies in this process, as real numbers; a view of it.

    A DTensor's local shard, and a complex tensor's real and imaginary parts, so that a sum of products
    over it is (this process' share of) the real inner product.
    """
    if not is_plain(tensor) and hasattr(tensor, "to_local"):
        tensor = tensor.to_local()
    return torch.view_as_real(tensor) if tensor.is_complex() else tensor


@torch.no_grad()
def inner_products(xs, ys):
    """⟨x, y⟩ for each pair of two lists of tensors, as a list of Python floats."""
    return to_host([dots([local(x) for x in xs], [local(y) for y in ys])], xs)[0]


def group_products(columns, like, owner, groups):
    """Sums of ⟨x, y⟩ over the tensors of each group, from one copy to the host for each device.

    Args:
        columns: pairs (xs, ys) of lists of real, dense tensors, as long as `like`; away from the CPU the ys of the
            second column are spoilt.
        like: the parameters that the tensors belong to; see `to_host`.
        owner: the number of each parameter's group, ascending.
        groups: how many groups there are.

    Returns:
        A list of floats, one for each group, for each column.
    """
    if all(p.device.type == "cpu" and is_plain(p) for p in like):
        return _cpu_group_products(columns, owner, groups)
    lists = [dots(xs, ys, spoil=number == 1) for number, (xs, ys) in enumerate(columns)]
    return [np.bincount(owner, column, groups).tolist() for column in to_host(lists, like)]


def _cpu_group_products(columns, owner, groups):
    bundles = {}
    for i, (x, group) in enumerate(zip(columns[0][0], owner, strict=True)):
        large = x.numel() >= _SMALL
        bundles.setdefault((group, x.dtype, i if large else None), []).append(i)
    lists = {id(xs): xs for pair in columns for xs in pair}
    values, places = [], []
    for (group, _, _), rows in bundles.items():
        if len(rows) < _MANY:
            pairs = [(number, xs[i], ys[i]) for number, (xs, ys) in enumerate(columns) for i in rows]
        else:
            flat = {key: _flatten_dense_tensors([xs[i] for i in rows]) for key, xs in lists.items()}
            pairs = [(number, flat[id(xs)], flat[id(ys)]) for number, (xs, ys) in enumerate(columns)]
        for number, x, y in pairs:
            values.append(torch.dot(x.reshape(-1), y.reshape(-1)))
            places.append((number, group))
    sums = [[0.0] * groups for _ in columns]
    for (number, group), value in zip(places, torch.stack(values).tolist(), strict=True):
        sums[number][group] += value
    return sums


def dots(xs, ys, spoil=False):
    """⟨x, y⟩ pair by pair as 0-dim tensors on their device, in at least float32.

    Args:
        xs, ys: lists of real, dense tensors, of equal shapes pair by pair.
        spoil: the values of `ys` may be destroyed, which saves a copy of them away from the CPU.
    """
    if not xs or xs[0].device.type == "cpu":
        return [torch.dot(x.flatten(), y.flatten()) for x, y in zip(xs, ys, strict=True)]
    return _foreach_dots(xs, ys, spoil)


def _foreach_dots(xs, ys, spoil=False):
    # There is no multi-tensor sum, but ‖·‖₁ is one: Σz = ‖z‖₁ − 2‖min(z, 0)‖₁. A handful of
    # launches for any number of tensors, where dot would take one each.
    if spoil:
        products = ys
        torch._foreach_mul_(products, xs)
    else:
        products = list(torch._foreach_mul(xs, ys))
    total = torch._foreach_norm(products, 1)
    torch._foreach_clamp_max_(products, 0.0)
    negative = torch._foreach_norm(products, 1)
    return torch._foreach_sub(total, torch._foreach_mul(negative, 2.0))


def to_host(columns, like):
    """Bring lists of 0-dim tensors to the host, in one copy from each device.

    Args:
        columns: lists of 0-dim tensors, all as long as `like`.
        like: the parameters that the columns belong to. Where these are DTensors, the values are this
            process' share and are summed over the processes that hold the other shards.

    Returns:
        As many lists of floats.
    """
    where = {}
    for i, tensor in enumerate(like):
        key = (tensor.device, getattr(tensor, "device_mesh", None), getattr(tensor, "placements", None))
        where.setdefault(key, []).append(i)
    values = [[0.0] * len(like) for _ in columns]
    for (_, mesh, placements), rows in where.items():
        block = torch.stack([column[i] for column in columns for i in rows])
        if mesh is not None:
            block = _sum_shards(block, mesh, placements)
        flat = iter(block.tolist())
        for column in values:
            for i in rows:
                column[i] = next(flat)
    return values


def _sum_shards(block, mesh, placements):
    from torch.distributed.tensor import DTensor, Partial, Replicate

    partial = [Replicate() if placement.is_replicate() else Partial() for placement in placements]
    return DTensor.from_local(block, mesh, partial, run_check=False).full_tensor()
