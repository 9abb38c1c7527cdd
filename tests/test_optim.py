"""What TLR promises: Algorithm 2, Eq. 10, the bounds, the invariances, precision, faults, cost."""

import math
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils._python_dispatch import TorchDispatchMode

from tlr import TLR, NaiveTLR, rule
from tlr.optim import TLRAdam, TLRAdamW, TrainableRate, learning_rates, skipped_updates
from tlr.optim.products import _foreach_dots, dots, inner_products
from tlr.reference import ReferenceTLR

EIGENVALUES = np.geomspace(1, 100, 10)
SETTINGS = [
    {},
    {"curvature": "secant"},
    {"c": 2.0},
    {"update_every": 4},
    {"update_every": 3, "curvature": "secant"},
    {"momentum": 0.8, "weight_decay": 5e-4},
    {"momentum": 0.8, "weight_decay": 5e-4, "update_every": 5, "curvature": "secant"},
]


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


# The rule ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("curvature", ["published", "secant"])
@pytest.mark.parametrize("alpha", [1e-3, 0.019, 0.1])
def test_is_algorithm_2_to_the_letter(alpha, curvature):
    w = weights()
    optimizer = TLR([w], lr=alpha, curvature=curvature)
    path, alphas = descend(optimizer, w, 12)
    x, previous = np.ones(10), np.zeros(10)
    for t in range(12):
        g = EIGENVALUES * x
        curved = g @ (g - previous) if curvature == "published" else previous @ (previous - g)
        change = 0 if g @ previous == 0 else min(g @ previous / curved / 4 if curved > 0 else np.inf, 0.25)
        alpha, previous = alpha * (1 + change), g
        x = x - alpha * g
        assert alphas[t] == pytest.approx(alpha, rel=1e-9)
        assert path[t].numpy() == pytest.approx(x, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("options", SETTINGS, ids=str)
def test_equals_its_twin_in_plain_numpy(options):
    w = weights()
    optimizer, twin = TLR([w], lr=0.003, **options), ReferenceTLR(np.ones(10), 0.003, **options)
    _, alphas = descend(optimizer, w, 24)
    for alpha in alphas:
        twin.step(EIGENVALUES * twin.w)
        assert alpha == pytest.approx(twin.alpha, rel=1e-9)


def test_the_second_full_window_brings_the_first_change():
    w = weights()
    _, alphas = descend(TLR([w], lr=1e-4, update_every=5), w, 12)
    assert list(alphas[:9]) == [1e-4] * 9
    assert alphas[9] == pytest.approx(1.25e-4)  # and the step after the window is the first to use it


def test_between_updates_it_is_sgd():
    options = {"lr": 0.003, "momentum": 0.8, "weight_decay": 5e-4, "nesterov": True}
    w, v = weights(), weights()
    ours, _ = descend(TLR([w], update_every=100, **options), w, 20)
    theirs, _ = descend(torch.optim.SGD([v], **options), v, 20)
    assert torch.equal(ours, theirs)


@given(
    alpha=st.floats(1e-6, 1e3),
    gradients=st.lists(st.lists(st.floats(-1e3, 1e3), min_size=3, max_size=3), min_size=2, max_size=8),
    c=st.floats(0.01, 10),
    curvature=st.sampled_from(["published", "secant"]),
    update_every=st.integers(1, 2),
)
@settings(deadline=None, max_examples=60)
def test_every_update_keeps_alpha_between_its_bounds(alpha, gradients, c, curvature, update_every):
    w = weights(3)
    optimizer = TLR([w], lr=alpha, c=c, curvature=curvature, update_every=update_every)
    for gradient in gradients:
        before = rate(optimizer)
        w.grad = torch.tensor(gradient, dtype=torch.float64)
        optimizer.step()
        assert 0.75 * before <= rate(optimizer) <= (1 + c) * before * (1 + 1e-15)


@given(power=st.integers(-20, 20), options=st.sampled_from(SETTINGS[:5]))
@settings(deadline=None, max_examples=30)
def test_scaling_the_loss_leaves_the_path_as_it_is(power, options):
    # By a power of two, so that the floating-point path is the same to the last bit.
    w, v, k = weights(), weights(), 2.0**power
    path, _ = descend(TLR([w], lr=0.003, **options), w, 12)
    scaled, _ = descend(TLR([v], lr=0.003 / k, **options), v, 12, scale=k)
    assert torch.equal(path, scaled)


def test_the_secant_rule_converges_where_the_published_one_is_above_its_start():
    losses = {}
    for curvature in ("published", "secant"):
        w = weights()
        path, _ = descend(TLR([w], lr=0.019, curvature=curvature), w, 200)
        losses[curvature] = 0.5 * EIGENVALUES @ path[-1].numpy() ** 2
    start = 0.5 * EIGENVALUES.sum()
    assert losses["published"] > start
    assert losses["secant"] < 1e-4 * start


# Naive TLR -----------------------------------------------------------------------------------------------------------


def quadratic_closure(optimizer, w):
    def closure():
        optimizer.zero_grad()
        loss = 0.5 * (torch.tensor(EIGENVALUES) * w**2).sum()
        loss.backward()
        return loss

    return closure


def test_naive_tlr_is_algorithm_1():
    w, x, alpha, eta = weights(), np.ones(10), 1e-3, 1e-10
    optimizer = NaiveTLR([w], lr=alpha, eta=eta)
    for _ in range(12):
        loss = optimizer.step(quadratic_closure(optimizer, w))
        g = EIGENVALUES * x
        assert loss.item() == pytest.approx(0.5 * EIGENVALUES @ x**2)
        alpha += eta * (EIGENVALUES * (x - alpha * g)) @ g
        x = x - alpha * g
        assert rate(optimizer) == pytest.approx(alpha, rel=1e-12)
        assert w.detach().numpy() == pytest.approx(x, rel=1e-12)
        assert w.grad.numpy() == pytest.approx(g)


def test_its_derivative_is_minus_the_inner_product_of_the_gradients_that_tlr_compares():
    w, v, alpha, eta = weights(), weights(), 1e-3, 1e-8
    naive, tlr = NaiveTLR([w], lr=alpha, eta=eta), TLR([v], lr=alpha)
    naive.step(quadratic_closure(naive, w))
    descend(tlr, v, 1)  # its first step is at α₀, so that the second gradient is the one at Algorithm 1's trial point
    g, trial = torch.tensor(EIGENVALUES), torch.tensor(EIGENVALUES) * v.detach()
    assert rate(naive) == pytest.approx(alpha - eta * rule.first_derivative((g @ trial).item()), rel=1e-12)


def test_naive_tlr_keeps_alpha_when_the_derivative_is_not_finite():
    w = torch.nn.Parameter(torch.tensor([1e200], dtype=torch.float64))
    optimizer = NaiveTLR([w], lr=0.5, eta=1.0)

    def closure():
        optimizer.zero_grad()
        loss = (w**2).sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    assert rate(optimizer) == 0.5


# Groups and tensors --------------------------------------------------------------------------------------------------


def test_per_tensor_trains_each_tensor_as_if_it_were_alone():
    together = [weights(3), weights(10)]
    optimizer = TLR(together, lr=0.003, per="tensor")
    alone = [weights(3), weights(10)]
    singles = [TLR([w], lr=0.003) for w in alone]
    for _ in range(12):
        for w in together + alone:
            w.grad = torch.tensor(EIGENVALUES[-w.numel() :]) * w.detach()
        optimizer.step()
        for single in singles:
            single.step()
    assert [group["lr"] for group in optimizer.param_groups] == [rate(single) for single in singles]
    assert rate(singles[0]) != rate(singles[1])


def test_per_model_adds_the_inner_products_of_all_tensors():
    whole, halves = weights(10), [weights(4), weights(6)]
    one, two = TLR([whole], lr=0.003), TLR([{"params": [half]} for half in halves], lr=0.003)
    for _ in range(12):
        whole.grad = torch.tensor(EIGENVALUES) * whole.detach()
        halves[0].grad, halves[1].grad = whole.grad[:4].clone(), whole.grad[4:].clone()
        one.step()
        two.step()
        assert [group["lr"] for group in two.param_groups] == pytest.approx([rate(one)] * 2, rel=1e-12)


def test_groups_that_share_one_alpha_keep_their_ratio():
    # A rate twice as large is a step along a rescaled axis: the same path as √2 times the coordinates.
    a, b, both = weights(4), weights(6), weights(10)
    optimizer = TLR([{"params": [a], "lr": 0.006}, {"params": [b], "lr": 0.003}])
    metric = torch.cat([torch.full((4,), 2.0), torch.ones(6)]).double()
    scaled = TLR([both], lr=0.003)
    with torch.no_grad():
        both.div_(metric.sqrt())
    for _ in range(12):
        w = torch.cat([a, b]).detach()
        a.grad, b.grad = (torch.tensor(EIGENVALUES) * w).split([4, 6])
        both.grad = metric * torch.tensor(EIGENVALUES) * both.detach()
        optimizer.step()
        scaled.step()
        assert [group["lr"] for group in optimizer.param_groups] == pytest.approx([2 * rate(scaled), rate(scaled)])


def test_a_layer_is_a_group():
    model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Linear(3, 1))
    groups = [{"params": layer.parameters(), "name": f"layer {i}"} for i, layer in enumerate(model)]
    optimizer = TLR(groups, lr=0.01, per="group")
    x = torch.randn(8, 2, generator=torch.Generator().manual_seed(0))
    for _ in range(3):
        optimizer.zero_grad()
        (model(x) - 1).square().mean().backward()
        optimizer.step()
    rates = learning_rates(optimizer)
    assert list(rates) == ["layer 0", "layer 1"]
    assert all(value != 0.01 for value in rates.values())


def test_learning_rates_go_by_name():
    model = torch.nn.Linear(2, 1)
    assert learning_rates(TLR(model.named_parameters(), lr=0.1)) == {"model": 0.1}
    assert learning_rates(TLR(model.named_parameters(), lr=0.1, per="tensor")) == {"weight": 0.1, "bias": 0.1}
    assert learning_rates(TLR(model.parameters(), lr=0.1, per="tensor")) == {"group 0": 0.1, "group 1": 0.1}


# Restarts (appendix C) -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("restart_at", "expected"), [(0.5, 0.5), (None, 1.0)])
def test_restarts_where_alpha_falls_below_the_floor(restart_at, expected):
    w = weights(1)
    optimizer = TLR([w], lr=1.0, restart_below=0.4, restart_at=restart_at)
    alphas = []
    for sign in [1, -1] * 4:
        w.grad = torch.tensor([float(sign)], dtype=torch.float64)
        optimizer.step()
        alphas.append(rate(optimizer))
    falling = [(7 / 8) ** k for k in range(8)]  # −1/(4 · 2) a step
    first = next(k for k, alpha in enumerate(falling) if alpha < 0.4)
    assert alphas[:first] == pytest.approx(falling[:first])
    assert alphas[first] == expected


# Precision -----------------------------------------------------------------------------------------------------------


def relative_error_of_alpha(dtype, alpha, update_every=20, steps=100):
    """TLR on an uphill-and-down sequence of gradients, against the twin in float64 with the same gradients."""
    rng = np.random.default_rng(0)
    gradients = rng.normal(size=(steps, 200)) + 0.3
    w = torch.nn.Parameter(torch.ones(200, dtype=dtype))
    optimizer, twin = (
        TLR([w], lr=alpha, momentum=0.8, update_every=update_every),
        ReferenceTLR(np.ones(200), alpha, momentum=0.8, update_every=update_every),
    )
    for gradient in gradients:
        w.grad = torch.tensor(gradient, dtype=dtype)
        optimizer.step()
        twin.step(gradient)
    assert twin.alpha != alpha
    return abs(rate(optimizer) / twin.alpha - 1)


@pytest.mark.parametrize("alpha", [1e-1, 1e-3, 1e-5, 1e-7, 1e-9, 1e-12])
def test_single_precision_is_precise_at_any_alpha(alpha):
    assert relative_error_of_alpha(torch.float32, alpha) < 2e-3


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("alpha", [1e-2, 1e-5])
def test_half_precision_weights_are_precise(dtype, alpha):
    assert relative_error_of_alpha(dtype, alpha) < 0.03  # of the gradients' own rounding, in 8 bits


def test_the_switch_to_summing_comes_and_goes():
    w = torch.nn.Parameter(torch.ones(50))
    optimizer = TLR([w], lr=1e-8, update_every=4, c=10.0)
    summed = []
    for _ in range(80):
        w.grad = torch.ones(50)
        optimizer.step()
        summed.append(optimizer.param_groups[0]["summed"])
    assert summed[10]
    assert not summed[-1]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_adam_over_half_precision_weights_is_refused(dtype):
    w = torch.nn.Parameter(torch.ones(3, dtype=dtype))
    w.grad = torch.ones_like(w)
    with pytest.raises(TypeError, match="Keep the weights in float32"):
        TLRAdam([w], update_every=2).step()


# Other bases ---------------------------------------------------------------------------------------------------------


class TLRRMSprop(TrainableRate, torch.optim.RMSprop):
    pass


@pytest.mark.parametrize(
    ("ours", "base"), [(TLRAdam, torch.optim.Adam), (TLRAdamW, torch.optim.AdamW), (TLRRMSprop, torch.optim.RMSprop)]
)
def test_over_any_base_a_step_is_the_bases_and_alpha_follows_its_directions(ours, base):
    w, v = weights(), weights()
    path, alphas = descend(ours([w], lr=1e-3, update_every=5), w, 10)
    plain, _ = descend(base([v], lr=1e-3), v, 10)
    assert torch.equal(path, plain)
    starts = [torch.ones(10).double(), plain[4]]
    previous, now = ((start - end) / 1e-3 for start, end in zip(starts, [plain[4], plain[9]], strict=True))
    expected = rule.next_alpha(1e-3, (now @ now).item(), (now @ previous).item(), (previous @ previous).item())
    assert list(alphas[:9]) == [1e-3] * 9
    assert alphas[9] == pytest.approx(float(expected), rel=1e-9)


# Faults --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("update_every", [1, 2])
@pytest.mark.parametrize("momentum", [0, 0.8])
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 1e30, 1e-42, 0.0])
def test_no_gradient_makes_alpha_other_than_positive_and_finite(bad, momentum, update_every):
    w = weights(3, dtype=torch.float32)
    optimizer = TLR([w], lr=0.01, momentum=momentum, update_every=update_every)
    for value in [1.0, 1.0, bad, bad, 1.0, 1.0, 1.0, 1.0]:
        w.grad = torch.full((3,), value)
        optimizer.step()
        assert 0 < rate(optimizer) < math.inf
    assert (skipped_updates(optimizer) > 0) == (not abs(bad) < 1e20)


def test_an_overflow_does_not_end_the_training_of_alpha():
    w = weights(3, dtype=torch.float32)
    optimizer = TLR([w], lr=1e-3)
    for value in [1.0, 1.0, math.inf]:
        w.grad = torch.full((3,), value)
        optimizer.step()
    before = rate(optimizer)
    for _ in range(2):  # the first makes a new pair possible, the second is compared with it
        w.grad = torch.ones(3)
        optimizer.step()
    assert rate(optimizer) == pytest.approx(1.25 * before)


@pytest.mark.parametrize("alpha", [1e-12, 1e-6, 1.0, 1e6])
def test_any_positive_alpha_to_begin_with(alpha):
    w = weights(10)
    _, alphas = descend(TLR([w], lr=alpha), w, 300)
    assert np.all((alphas > 0) & np.isfinite(alphas))


def test_alpha_grows_for_ever_without_overflow():
    w = weights(1)
    optimizer = TLR([w], lr=1e300, c=1e3)
    for _ in range(10):
        w.grad = torch.tensor([1e-300], dtype=torch.float64) * 1e150
        optimizer.step()
        assert rate(optimizer) < math.inf


def test_zero_gradients_change_nothing():
    for options in SETTINGS[:5]:
        w = weights()
        optimizer = TLR([w], lr=0.01, **options)
        for _ in range(8):
            w.grad = torch.zeros_like(w)
            optimizer.step()
        assert rate(optimizer) == 0.01
        assert torch.equal(w, torch.ones_like(w))


def test_a_diverging_run_leaves_alpha_usable():
    w = weights(10, dtype=torch.float32)
    _, alphas = descend(TLR([w], lr=1e6, update_every=2, momentum=0.8), w, 60)
    assert not torch.isfinite(w).all()
    assert np.all((alphas > 0) & np.isfinite(alphas))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lr": 0.0}, "lr.*must be positive"),
        ({"lr": float("inf")}, "must be positive and finite"),
        ({"lr": float("nan")}, "must be positive and finite"),
        ({"c": 0.0}, "c bounds the relative increase"),
        ({"c": -1.0}, "c bounds the relative increase"),
        ({"update_every": 0}, "update_every counts steps"),
        ({"update_every": 2.5}, r"tlr\.rule\.window"),
        ({"curvature": "exact"}, "choose from published, secant"),
        ({"per": "layer"}, "'model', 'group' or 'tensor'"),
        ({"differentiable": True}, "differentiable=True is not supported"),
        ({"momentum": -1.0}, "Invalid momentum"),
    ],
    ids=str,
)
def test_what_cannot_work_is_refused_in_one_sentence(options, message):
    with pytest.raises(ValueError, match=message):
        TLR([weights()], **options)


def test_groups_cannot_have_clocks_of_their_own():
    optimizer = TLR([weights()], update_every=5)
    with pytest.raises(ValueError, match="update_every is one for all parameter groups"):
        optimizer.add_param_group({"params": [weights()], "update_every": 3})
    assert len(optimizer.param_groups) == 1


# Cost ----------------------------------------------------------------------------------------------------------------


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
    assert reads.count == (1 if isinstance(lr, torch.Tensor) else 0)  # the caller's α₀


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
    for spoil in (False, True):
        assert [z.item() for z in _foreach_dots(xs[:4], [y.clone() for y in ys[:4]], spoil)] == pytest.approx(
            exact[:4], rel=1e-12
        )


def test_multi_tensor_products_leave_their_arguments_alone_unless_told():
    x, y = [torch.randn(5)], [torch.randn(5)]
    kept = y[0].clone()
    _foreach_dots(x, y)
    assert torch.equal(y[0], kept)
    assert torch.allclose(torch.stack(dots(x, y)), torch.stack(list(_foreach_dots(x, y))))
