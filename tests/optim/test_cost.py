"""What an update costs: trips to the host and memory, counted; and the multi-tensor inner products behind it."""

from fractions import Fraction

import numpy as np
import pytest
import torch
from problems import weights
from torch.utils._python_dispatch import TorchDispatchMode

from tlr import TLR
from tlr.optim.products import _dots, _foreach_dots, group_products, inner_products


class ReadsToHost(TorchDispatchMode):
    """Counts what would wait for a device: reading the value of one of `tensors` on the host."""

    def __init__(self, tensors):
        super().__init__()
        self.watched, self.count = {tensor.data_ptr() for tensor in tensors}, 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        self.count += function is torch.ops.aten._local_scalar_dense.default and args[0].data_ptr() in self.watched
        return function(*args, **(kwargs or {}))


@pytest.mark.parametrize("lr", [0.001, torch.tensor(0.001)], ids=["float", "tensor"])
@pytest.mark.parametrize("options", [{"update_every": 5}, {"update_every": 5, "momentum": 0.8}, {}], ids=str)
def test_one_trip_to_the_host_per_update_and_none_between(monkeypatch, options, lr):
    params = [weights(3, dtype=torch.float32) for _ in range(40)]
    optimizer = TLR(params, lr=lr, fused=True, **options)  # fused takes a tensor lr without reading it
    trips = []
    tolist = torch.Tensor.tolist
    monkeypatch.setattr(torch.Tensor, "tolist", lambda tensor: trips.append(1) or tolist(tensor))
    rates = [group["lr"] for group in optimizer.param_groups if isinstance(lr, torch.Tensor)]
    with ReadsToHost(params + rates) as reads:
        for _ in range(20):
            for p in params:
                p.grad = torch.ones_like(p)
            optimizer.step()
    updates = 20 // options.get("update_every", 1)
    assert len(trips) == updates
    # The caller's α₀, and a look at each update for what came through `.data`.
    assert reads.count == (1 + updates if isinstance(lr, torch.Tensor) else 0)


def test_memory_is_two_copies_of_the_weights():
    for options, copies in [({"momentum": 0.8, "update_every": 4}, 3), ({"update_every": 4}, 2), ({}, 1)]:
        w = weights(1000)
        optimizer = TLR([w], **options)
        descend_steps = [torch.ones_like(w)] * 9
        for gradient in descend_steps:
            w.grad = gradient
            optimizer.step()
        held = sum(t.numel() for t in optimizer.state[w].values() if isinstance(t, torch.Tensor))
        assert held == copies * w.numel()


# Inner products ------------------------------------------------------------------------------------------------------


def test_inner_products_of_every_kind_of_tensor():
    generator = torch.Generator().manual_seed(0)
    shapes = [(3,), (), (4, 5), (2, 3, 4, 4), (0,)]
    xs = [torch.randn(shape, generator=generator, dtype=torch.float64) for shape in shapes]
    ys = [torch.randn(shape, generator=generator, dtype=torch.float64) for shape in shapes]
    xs[3] = xs[3].to(memory_format=torch.channels_last)
    xs[2], ys[2] = xs[2].t(), ys[2].t().contiguous()
    exact = [
        float(sum(Fraction(a) * Fraction(b) for a, b in zip(x.flatten().tolist(), y.flatten().tolist(), strict=True)))
        for x, y in zip(xs, ys, strict=True)
    ]
    assert inner_products(xs, ys) == pytest.approx(exact, rel=1e-12)
    assert [z.item() for z in _foreach_dots(xs[:4], ys[:4])] == pytest.approx(exact[:4], rel=1e-12)


def test_multi_tensor_products_leave_their_arguments_alone():
    x, y = [torch.randn(5)], [torch.randn(5)]
    kept = y[0].clone()
    _foreach_dots(x, y)
    assert torch.equal(y[0], kept)
    assert torch.allclose(torch.stack(_dots(x, y)), torch.stack(list(_foreach_dots(x, y))))


def test_products_are_summed_by_group_for_tensors_of_every_size_and_layout():
    generator = torch.Generator().manual_seed(0)
    shapes = [(3,), (200, 100), (), (2, 3, 4, 4), (30_000,), (5,), (4, 6)]
    xs, ys = ([torch.randn(shape, generator=generator, dtype=torch.float64) for shape in shapes] for _ in range(2))
    xs[3], ys[6] = xs[3].to(memory_format=torch.channels_last), ys[6].t().contiguous().t()
    owner = [0, 0, 0, 1, 1, 3, 3]
    expected = np.zeros((2, 4))
    for group, x, y in zip(owner, xs, ys, strict=True):
        expected[:, group] += [(x * x).sum().item(), (x * y).sum().item()]
    assert group_products([(xs, xs), (xs, ys)], xs, owner, 4) == pytest.approx(expected, rel=1e-12)
