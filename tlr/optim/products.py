"""Inner products of many tensors: few kernels, one trip to the host, whole tensors where they are sharded."""

import torch

__all__ = ["inner_products", "local", "to_host"]


def local(tensor):
    """What of a tensor lies in this process, as real numbers; a view of it.

    A DTensor's local shard, and a complex tensor's real and imaginary parts, so that a sum of products
    over it is (this process' share of) the real inner product.
    """
    tensor = tensor.detach()
    if hasattr(tensor, "to_local"):
        tensor = tensor.to_local()
    return torch.view_as_real(tensor) if tensor.is_complex() else tensor


def inner_products(xs, ys):
    """⟨x, y⟩ for each pair of two lists of tensors, as a list of Python floats."""
    return to_host([dots([local(x) for x in xs], [local(y) for y in ys])], xs)[0]


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
