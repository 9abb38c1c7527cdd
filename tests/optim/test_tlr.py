"""What TLR promises: Algorithm 2, Eq. 10, the bounds, the invariances, groups, restarts, precision, other bases."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import EIGENVALUES, descend, lost, rate, weights

import tlr
from tlr import TLR, NaiveTLR, rule
from tlr.optim import TLRAdam, TLRAdamW, TrainableRate
from tlr.reference import ReferenceTLR

SETTINGS = [
    {},
    {"curvature": "secant"},
    {"c": 2.0},
    {"update_every": 4},
    {"update_every": 3, "curvature": "secant"},
    {"momentum": 0.8, "weight_decay": 5e-4},
    {"momentum": 0.8, "weight_decay": 5e-4, "update_every": 5, "curvature": "secant"},
]


# The rule ------------------------------------------------------------------------------------------------------------


@lost
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


@lost
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


@lost
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


@lost
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


@pytest.mark.parametrize("broken", [{"lr": math.nan}, {"lr": "fast"}, {"eta": -1.0}, {"eta": math.nan}, {"eta": None}])
def test_naive_tlr_refuses_a_state_that_it_could_not_have_saved(broken):
    optimizer = NaiveTLR([torch.nn.Parameter(torch.ones(1))], lr=0.5)
    state = optimizer.state_dict()
    state["param_groups"][0] |= broken
    with pytest.raises(ValueError, match="The state to load has lr="):
        optimizer.load_state_dict(state)
    assert (optimizer.param_groups[0]["lr"], optimizer.param_groups[0]["eta"]) == (0.5, 1e-3)


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_naive_tlr_puts_the_weights_back_when_the_closure_raises_at_the_trial_point(error):
    w = weights()
    optimizer, calls = NaiveTLR([w], lr=0.5), []

    def closure():
        calls.append(w.detach().clone())
        if len(calls) == 2:
            raise error
        return quadratic_closure(optimizer, w)()

    with pytest.raises(error):
        optimizer.step(closure)
    assert not torch.equal(calls[1], calls[0])
    assert torch.equal(w, calls[0])
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


# α by name -----------------------------------------------------------------------------------------------------------


def test_any_grouping_has_an_alpha_for_each_of_its_groups_by_its_name():
    together, alone = [weights(n) for n in (2, 3, 5)], [weights(n) for n in (2, 3, 5)]
    named = [{"params": [together[0], together[2]], "name": "ends"}, {"params": [together[1]], "name": "middle"}]
    optimizer = TLR(named, lr=0.02, per="group")
    ends, middle = TLR([alone[0], alone[2]], lr=0.02), TLR([alone[1]], lr=0.02)
    for _ in range(12):
        for params in (together, alone):
            for p, eigenvalues in zip(params, torch.tensor(EIGENVALUES).split([2, 3, 5]), strict=True):
                p.grad = eigenvalues * p.detach()
        for each in (optimizer, ends, middle):
            each.step()
    assert tlr.learning_rates(optimizer) == {"ends": rate(ends), "middle": rate(middle)}
    assert rate(ends) != rate(middle)


def test_learning_rates_go_by_name():
    model = torch.nn.Linear(2, 1)
    assert tlr.learning_rates(TLR(model.named_parameters(), lr=0.1)) == {"model": 0.1}
    assert tlr.learning_rates(TLR(model.named_parameters(), lr=0.1, per="tensor")) == {"weight": 0.1, "bias": 0.1}
    assert tlr.learning_rates(TLR(model.parameters(), lr=0.1, per="tensor")) == {"group 0": 0.1, "group 1": 0.1}


def test_no_alpha_is_lost_where_groups_share_a_name():
    groups = [{"params": [weights()], "name": "layer", "lr": lr} for lr in (0.1, 0.2)]
    assert tlr.learning_rates(TLR(groups)) == {"layer (0)": 0.1, "layer (1)": 0.2}


def test_learning_rates_of_any_torch_optimizer():
    groups = [{"params": [weights()]}, {"params": [weights()], "lr": 0.2, "name": "head"}]
    assert tlr.learning_rates(torch.optim.SGD(groups, lr=0.1)) == {"group 0": 0.1, "head": 0.2}


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


def test_groups_that_share_one_alpha_keep_their_ratio_in_a_restart():
    a, b = weights(1), weights(1)
    groups = [{"params": [a], "lr": 1.0}, {"params": [b], "lr": 0.1}]
    optimizer = TLR(groups, restart_below=0.4, restart_at=0.5)
    restarts = 0
    for sign in [1, -1] * 8:
        before = rate(optimizer)
        a.grad = b.grad = torch.tensor([float(sign)], dtype=torch.float64)
        optimizer.step()
        restarts += rate(optimizer) > before
        first, second = (group["lr"] for group in optimizer.param_groups)
        assert second == pytest.approx(first / 10)
        assert first >= 0.4
    assert restarts > 1


def test_each_group_restarts_by_itself():
    a, b = weights(1), weights(1)
    optimizer = TLR([a, b], lr=1.0, restart_below=0.8, restart_at=0.9, per="tensor")
    for sign in [1, -1, 1]:
        a.grad, b.grad = torch.tensor([float(sign)]).double(), torch.ones(1).double()
        optimizer.step()
    assert [group["lr"] for group in optimizer.param_groups] == [0.9, 1.25**2]


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


def test_a_window_that_drowned_in_rounding_is_counted_and_the_next_one_is_summed():
    w = torch.nn.Parameter(torch.ones(50))
    optimizer = TLR([w], lr=0.01, update_every=4)
    for step in range(16):
        if step == 12:
            optimizer.param_groups[0]["lr"] = 1e-7
        w.grad = torch.ones(50)
        optimizer.step()
        assert tlr.skipped_updates(optimizer) == (step == 15)
    assert rate(optimizer) == 1e-7
    assert optimizer.param_groups[0]["summed"]


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
