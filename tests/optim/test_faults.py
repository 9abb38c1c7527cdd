"""Faults: whatever the gradients are, α stays positive and finite, and what was left out is counted."""

import math

import numpy as np
import pytest
import torch
from problems import descend, lost, rate, weights

from tlr import TLR, skipped_updates
from tlr.optim import TLRAdam

pytestmark = lost


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
    assert (skipped_updates(optimizer) > 0) == (not math.isfinite(bad))


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


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("options", [{}, {"update_every": 3, "momentum": 0.8}], ids=str)
@pytest.mark.parametrize("alpha", [1e-12, 1e-6, 1.0, 1e6])
def test_any_positive_alpha_to_begin_with(alpha, options, dtype):
    w = weights(10, dtype)
    _, alphas = descend(TLR([w], lr=alpha, **options), w, 150)
    assert np.all((alphas > 0) & np.isfinite(alphas))
    if alpha < 1e-5:
        assert alphas[-1] > 1e2 * alpha


def test_alpha_grows_for_ever_without_overflow():
    w = weights(1)
    optimizer = TLR([w], lr=1e300, c=1e3)
    for _ in range(10):
        w.grad = torch.tensor([1e-300], dtype=torch.float64) * 1e150
        optimizer.step()
        assert rate(optimizer) < math.inf


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.complex64], ids=str)
@pytest.mark.parametrize(
    "options",
    [{"foreach": True}, {"foreach": False}, {"lr": torch.tensor(0.01, dtype=torch.float64)}, {"update_every": 2}],
    ids=str,
)
def test_alpha_grows_as_far_as_the_weights_can_be_moved_by_it(dtype, options):
    w = weights(3, dtype)
    optimizer = TLR([w], **{"lr": 0.01, "c": 10.0, **options})
    for _ in range(100):
        w.grad = torch.full_like(w, 1e-6)
        optimizer.step()
    assert rate(optimizer) == torch.finfo(dtype).max


def test_alpha_grows_as_far_as_the_narrowest_type_of_its_group_allows():
    narrow, wide = weights(3, torch.float16), weights(3, torch.float32)
    optimizer = TLR([narrow, wide], lr=0.01, c=10.0)
    for _ in range(30):
        for w in (narrow, wide):
            w.grad = torch.full_like(w, 1e-6)
        optimizer.step()
    assert rate(optimizer) == torch.finfo(torch.float16).max


@pytest.mark.filterwarnings("ignore:Windows of .* are shorter than:UserWarning")
@pytest.mark.parametrize("foreach", [True, False])
def test_over_adam_alpha_leaves_room_for_its_correction_of_the_bias(foreach):
    w = weights(3, torch.float32)
    optimizer = TLRAdam([w], lr=0.01, c=1e4, update_every=1, foreach=foreach)
    for _ in range(50):
        w.grad = torch.full_like(w, 1e-6)
        optimizer.step()
    assert 1e37 < rate(optimizer) < torch.finfo(torch.float32).max


@pytest.mark.parametrize("options", [{}, {"update_every": 2}, {"momentum": 0.8}, {"curvature": "secant"}], ids=str)
def test_zero_gradients_change_nothing(options):
    w = weights()
    optimizer = TLR([w], lr=0.01, **options)
    for _ in range(8):
        w.grad = torch.zeros_like(w)
        optimizer.step()
    assert rate(optimizer) == 0.01
    assert torch.equal(w, torch.ones_like(w))


@pytest.mark.parametrize("per", ["model", "tensor"])
@pytest.mark.parametrize("options", [{}, {"update_every": 2, "momentum": 0.8}], ids=str)
def test_a_parameter_that_never_gets_a_gradient_is_as_if_it_were_not_there(options, per):
    w, v, idle = weights(), weights(), weights(3)
    optimizer = TLR([w, idle], lr=0.003, per=per, **options)
    path, alphas = descend(optimizer, w, 12)
    expected, expected_alphas = descend(TLR([v], lr=0.003, per=per, **options), v, 12)
    assert torch.equal(path, expected)
    assert np.array_equal(alphas, expected_alphas)
    assert torch.equal(idle, torch.ones_like(idle))
    assert idle not in optimizer.state or not optimizer.state[idle]


@pytest.mark.parametrize("options", [{}, {"update_every": 2, "momentum": 0.8}], ids=str)
def test_one_diverging_batch_costs_two_updates_and_no_more(options):
    """Two, because a sum that overflowed can be compared neither with the one before nor with the one after."""
    w = weights(3, dtype=torch.float32)
    optimizer = TLR([w], lr=1e-3, **options)
    every = options.get("update_every", 1)
    for window in range(6):
        before = rate(optimizer)
        for _ in range(every):
            w.grad = torch.full((3,), math.inf if window == 2 else 1.0)
            optimizer.step()
        if window == 2:  # the batch is over; so is what momentum kept of it, and what it did to the weights
            with torch.no_grad():
                w.fill_(1.0)
            if "momentum_buffer" in optimizer.state[w]:
                optimizer.state[w]["momentum_buffer"].zero_()
        if window in (0, 2, 3):
            assert rate(optimizer) == before
        else:
            assert rate(optimizer) == pytest.approx(1.25 * before)
    assert skipped_updates(optimizer) == 1


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
        ({"restart_below": 0.0}, "0 < restart_below < restart_at"),
        ({"restart_below": 0.1, "restart_at": 0.1}, "0 < restart_below < restart_at"),
        ({"restart_below": 0.1, "restart_at": float("inf")}, "0 < restart_below < restart_at"),
        ({"restart_at": 0.1}, "give restart_below too"),
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
