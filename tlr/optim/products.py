"""Inner products of many tensors: few kernels, one trip to the host, whole tensors where they are sharded."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

#: Lists of tensors whose products are asked for, pair by pair.
Column = tuple[Sequence[Tensor], Sequence[Tensor]]

# On a CPU, copying at least this many tensors, of fewer numbers each than that, into one beats a kernel for each.
_MANY = 8
_SMALL = 2**14

# A square below this was summed from products near the end of float32's range, and is computed again.
_LOWEST = 1e-20


def is_plain(tensor: Tensor) -> bool:
    """Whether a tensor is no DTensor nor another subclass; asking it for their attributes would take longer."""
    return type(tensor) is torch.Tensor or type(tensor) is torch.nn.Parameter


def has_values(tensors: Iterable[Tensor]) -> bool:
    """Whether tensors hold numbers, which those on "meta" and fake ones do not."""
    return not any(t.device.type == "meta" or (not is_plain(t) and hasattr(t, "fake_mode")) for t in tensors)


def local(tensor: Tensor) -> Tensor:
    """What of a tensor lies in this process, a DTensor's local shard, as real numbers; a view of it."""
    if not is_plain(tensor) and hasattr(tensor, "to_local"):
        tensor = tensor.to_local()
    return torch.view_as_real(tensor) if tensor.is_complex() else tensor


def laid_out(tensor: Any, p: Tensor) -> Tensor:
    """A tensor that belongs to p, its gradient say, dense, and where p is a DTensor laid out as p is."""
    tensor = tensor.to_dense() if tensor.is_sparse else tensor
    if not is_plain(p) and getattr(tensor, "placements", None) != getattr(p, "placements", None):
        tensor = tensor.redistribute(placements=p.placements)  # type: ignore[attr-defined]
    return tensor  # type: ignore[no-any-return]


@torch.no_grad()
def inner_products(xs: Sequence[Tensor], ys: Sequence[Tensor]) -> list[float]:
    """⟨x, y⟩ for each pair of two lists of tensors, computed in at least float32."""
    x, y = ([t.float() if t.dtype.itemsize < 4 else t for t in map(local, tensors)] for tensors in (xs, ys))
    return _to_host([_dots(x, y)], xs)[0]


def group_products(
    columns: Sequence[Column], like: Sequence[Tensor], owner: Sequence[int], groups: int
) -> list[list[float]]:
    """Sums of ⟨x, y⟩ over the tensors of each group, from one copy to the host for each device.

    Where a sum of the first column or of a later one leaves the range in which its precision can be trusted, the
    group's sums are computed once more in float64, scaled by a power of two: a product of finite numbers is finite.

    Args:
        columns: pairs (xs, ys) of lists of real, dense tensors in at least float32. The first pair holds squares.
        like: the parameters that the tensors belong to; see `_to_host`.
        owner: the number of each parameter's group.
        groups: how many groups there are.

    Returns:
        A list of floats, one for each group, for each column. A square that is 0 in float64, of numbers that are
        not, is nan.
    """
    sums = _sums(columns, like, owner, groups)
    for number in sorted(set(owner)):
        square = sums[0][number]
        if square >= _LOWEST and all(math.isfinite(column[number]) for column in sums):
            continue
        rows = [i for i, group in enumerate(owner) if group == number]
        if like[rows[0]].device.type == "mps":  # has no float64
            continue
        factor = 2.0**300 if square < _LOWEST else 2.0**-300
        wide = [tuple([xs[i].double() * factor for i in rows] for xs in pair) for pair in columns]
        again = _sums(wide, [like[i] for i in rows], [0] * len(rows), 1)
        for column, (scaled,) in zip(sums, again, strict=True):
            value = scaled / factor / factor
            column[number] = math.nan if value == 0 != scaled else value
    return sums


def _sums(columns: Sequence[Any], like: Sequence[Tensor], owner: Sequence[int], groups: int) -> list[list[float]]:
    if all(p.device.type == "cpu" and is_plain(p) for p in like):
        return _cpu_sums(columns, owner, groups)
    lists = [_dots(xs, ys) for xs, ys in columns]
    return [np.bincount(owner, column, groups).tolist() for column in _to_host(lists, like)]


def _cpu_sums(columns: Sequence[Column], owner: Sequence[int], groups: int) -> list[list[float]]:
    bundles: dict[Any, list[int]] = {}
    for i, (x, group) in enumerate(zip(columns[0][0], owner, strict=True)):
        large = x.numel() >= _SMALL
        bundles.setdefault((group, x.dtype, i if large else None), []).append(i)
    lists = {id(xs): xs for pair in columns for xs in pair}
    values, places = [], []
    for (group, _, _), rows in bundles.items():
        if len(rows) < _MANY:
            pairs = [(number, xs[i], ys[i]) for number, (xs, ys) in enumerate(columns) for i in rows]
        else:
            flat = {key: torch.cat([xs[i].reshape(-1) for i in rows]) for key, xs in lists.items()}
            pairs = [(number, flat[id(xs)], flat[id(ys)]) for number, (xs, ys) in enumerate(columns)]
        for number, x, y in pairs:
            values.append(torch.dot(x.reshape(-1), y.reshape(-1)))
            places.append((number, group))
    sums = [[0.0] * groups for _ in columns]
    for (number, group), value in zip(places, torch.stack(values).tolist(), strict=True):
        sums[number][group] += value
    return sums


def _dots(xs: Sequence[Tensor], ys: Sequence[Tensor]) -> list[Tensor]:
    """⟨x, y⟩ pair by pair as 0-dim tensors on their device, for lists of real, dense tensors of equal shapes."""
    if not xs or xs[0].device.type == "cpu":
        return [torch.dot(x.flatten(), y.flatten()) for x, y in zip(xs, ys, strict=True)]
    return _foreach_dots(xs, ys)


def _foreach_dots(xs: Sequence[Tensor], ys: Sequence[Tensor]) -> list[Tensor]:
    # There is no multi-tensor sum, but ‖·‖₁ is one: Σz = ‖z‖₁ − 2‖min(z, 0)‖₁. A handful of
    # launches for any number of tensors, where dot would take one each.
    products = list(torch._foreach_mul(list(xs), list(ys)))
    total = torch._foreach_norm(products, 1)
    torch._foreach_clamp_max_(products, 0.0)
    negative = torch._foreach_norm(products, 1)
    return list(torch._foreach_sub(total, torch._foreach_mul(negative, 2.0)))


def _to_host(columns: Sequence[Sequence[Tensor]], like: Sequence[Tensor]) -> list[list[float]]:
    """Bring lists of 0-dim tensors to the host as floats, in one copy from each device.

    `like` are the parameters that they belong to. Where these are DTensors, the values are this process' share and
    are summed over the processes that hold the other shards.
    """
    where: dict[Any, list[int]] = {}
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


def _sum_shards(block: Tensor, mesh: Any, placements: Any) -> Tensor:
    from torch.distributed.tensor import DTensor, Partial, Replicate

    partial = [Replicate() if placement.is_replicate() else Partial() for placement in placements]
    return DTensor.from_local(block, mesh, partial, run_check=False).full_tensor()
