"""tlr.course.peers as torch optimizers: what users of torch.optim expect holds for every peer."""

import copy
import io
import pickle
from pkgutil import resolve_name

import numpy as np
import pytest
import torch
from peer_problem import NOISE, START, advance, closure_of, parameters, weights
from torch.nn.functional import cross_entropy

from tlr.course.peers import (
    PEERS,
    SLS,
    SPS,
    BarzilaiBorwein,
    FixedEta,
    Hypergradient,
    HypergradientAdam,
    TLRArmijo,
    YellowFin,
)
from tlr.course.peers.base import OneRate

SGD_OPTIONS = [
    {},
    {"weight_decay": 0.1},
    {"momentum": 0.8},
    {"momentum": 0.8, "dampening": 0.3, "weight_decay": 0.1},
    {"momentum": 0.8, "nesterov": True, "weight_decay": 0.1},
    {"maximize": True, "momentum": 0.8},
]
HYPERGRADIENT = (Hypergradient, {"lr": 0.05, "beta": 1e-3})
FIXED_ETA = (FixedEta, {"lr": 0.05, "eta": 1e-3, "update_every": 3})

#: Each group has its own α.
GROUPED = {
    "hypergradient": HYPERGRADIENT,
    "hypergradient, multiplicative": (Hypergradient, {"lr": 0.05, "beta": 0.1, "rule": "multiplicative"}),
    "hypergradient, Adam": (HypergradientAdam, {"lr": 0.05, "beta": 1e-3}),
    "fixed η": FIXED_ETA,
}
#: All groups share one step size.
SHARED = {
    "SLS": (SLS, {"lr": 3.0, "steps_per_epoch": 4}),
    "SLS, Goldstein": (SLS, {"lr": 0.01, "c": 0.45, "condition": "goldstein", "reset": "keep"}),
    "TLR, safeguarded": (TLRArmijo, {"lr": 3.0}),
    "SPS": (SPS, {"lr": 0.05, "c": 20.0, "steps_per_epoch": 4}),
    "YellowFin": (YellowFin, {"window": 3}),
    "YellowFin, averaged": (YellowFin, {"lr": 0.1, "beta": 0.9}),
    "Barzilai–Borwein": (BarzilaiBorwein, {"lr": 0.05, "update_every": 3}),
}
#: One of ours that is not listed above is tested with its defaults.
LISTED = {peer for peer, _ in (GROUPED | SHARED).values()}
for name, entry in PEERS.items():
    if entry.make.startswith("tlr.course.peers.") and not entry.package:
        peer = resolve_name(entry.make)
        if peer not in LISTED:
            (SHARED if issubclass(peer, OneRate) else GROUPED)[name] = peer, {}
ALL = GROUPED | SHARED
NEED_A_CLOSURE = (SLS, SPS, TLRArmijo)
STEPPED_WITHOUT = {name: (peer, own) for name, (peer, own) in ALL.items() if peer not in NEED_A_CLOSURE}


def cases(peers):
    return pytest.mark.parametrize(("peer", "own"), [pytest.param(*case, id=name) for name, case in peers.items()])


# ----------------------------------------------------------------------------------------- SGD underneath


@pytest.mark.parametrize("options", SGD_OPTIONS)
@pytest.mark.parametrize(
    ("peer", "still"),
    [
        (Hypergradient, {"beta": 0}),
        (Hypergradient, {"beta": 0, "rule": "multiplicative"}),
        (FixedEta, {"eta": 0, "update_every": 2}),
    ],
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_without_learning_it_is_sgd_bit_for_bit(peer, still, options, dtype):
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(5, 7), torch.nn.Tanh(), torch.nn.Linear(7, 3)).to(dtype)
    twin = copy.deepcopy(model)
    x, y = torch.randn(20, 5, dtype=dtype), torch.randint(3, (20,))
    for net, optimizer in (
        (model, peer(model.parameters(), 0.1, **still, **options)),
        (twin, torch.optim.SGD(twin.parameters(), 0.1, **options)),
    ):
        for step in range(20):
            optimizer.zero_grad()
            cross_entropy(net(x[step : step + 5]), y[step : step + 5]).backward() if step < 16 else None
            optimizer.step()
    for p, q in zip(model.parameters(), twin.parameters(), strict=True):
        assert torch.equal(p, q)


@pytest.mark.parametrize(("peer", "own"), [HYPERGRADIENT, FIXED_ETA])
def test_goes_on_from_a_plain_sgds_state(peer, own):
    params = parameters()
    sgd = torch.optim.SGD(params, lr=0.03, momentum=0.8)
    advance(params, sgd, 3)
    optimizer = peer(params, momentum=0.8, **own)
    optimizer.load_state_dict(sgd.state_dict())
    assert optimizer.param_groups[0]["lr"] == 0.03
    assert all(optimizer.param_groups[0][key] == value for key, value in own.items() if key != "lr")
    path = advance(params, optimizer, 10, first=3)
    assert np.ptp(path[1]) > 0


def test_goes_on_from_a_plain_adams_state():
    params, twin = parameters(), parameters()
    adam, expected = torch.optim.Adam(params, lr=0.03), torch.optim.Adam(twin, lr=0.03)
    advance(params, adam, 3)
    optimizer = HypergradientAdam(params, beta=0)
    optimizer.load_state_dict(adam.state_dict())
    path = advance(params, optimizer, 10, first=3)
    np.testing.assert_allclose(path[0], advance(twin, expected, 13)[0][3:], rtol=0, atol=1e-12)


@cases(SHARED)
def test_loads_what_a_plain_sgd_saved(peer, own):
    params = parameters()
    sgd = torch.optim.SGD(params, lr=0.03)
    optimizer = peer(params, **own)
    keys = set(optimizer.param_groups[0])
    optimizer.load_state_dict(sgd.state_dict())
    assert optimizer.param_groups[0]["lr"] == 0.03
    assert keys <= set(optimizer.param_groups[0])
    path, _ = advance(params, optimizer, 4)
    assert np.all(np.ptp(path, axis=0) > 0)


# -------------------------------------------------------------------------------------- saved and resumed


def reloaded(params, optimizer, make):
    buffer = io.BytesIO()
    torch.save(optimizer.state_dict(), buffer)
    buffer.seek(0)
    twin = [torch.nn.Parameter(p.detach().clone()) for p in params]
    fresh = make(twin)
    fresh.load_state_dict(torch.load(buffer, weights_only=True))
    return twin, fresh


def deep_copied(params, optimizer, make):
    return copy.deepcopy((params, optimizer))


def pickled(params, optimizer, make):
    return pickle.loads(pickle.dumps((params, optimizer)))


@pytest.mark.parametrize("through", [reloaded, deep_copied, pickled])
@pytest.mark.parametrize(
    ("peer", "options"),
    [(peer, {**own, **sgd}) for peer, own in (HYPERGRADIENT, FIXED_ETA) for sgd in SGD_OPTIONS[:5]]
    + [(peer, own) for peer, own in ALL.values() if peer not in (Hypergradient, FixedEta)],
)
def test_resumes_in_mid_window_as_if_never_stopped(peer, options, through):
    def make(params):
        return peer(params, **options)

    params = parameters()
    optimizer = make(params)
    advance(params, optimizer, 10)
    twin, resumed = through(params, optimizer, make)
    path, resumed_path = advance(params, optimizer, 10, first=10), advance(twin, resumed, 10, first=10)
    np.testing.assert_array_equal(path[0], resumed_path[0])
    np.testing.assert_array_equal(path[1], resumed_path[1])
    assert np.ptp(path[1]) > 0


# ------------------------------------------------------------------------------------------------ groups


@cases(GROUPED)
def test_each_group_has_its_own_rate(peer, own):
    params, alone = parameters(), parameters()
    optimizer = peer([{"params": params[:1]}, {"params": params[1:], "lr": 0.01}], **own)
    advance(params, optimizer, 9)
    first, second = peer(alone[:1], **own), peer(alone[1:], **{**own, "lr": 0.01})
    for t in range(9):
        closure_of(alone, first, t)()
        first.step()
        second.step()
        second.zero_grad()
    assert torch.equal(weights(params), weights(alone))
    assert [group["lr"] for group in optimizer.param_groups] == [o.param_groups[0]["lr"] for o in (first, second)]


@cases(SHARED)
def test_all_groups_share_one_rate(peer, own):
    params, whole = parameters(), parameters()
    optimizer = peer([{"params": params[:1]}], **own)
    optimizer.add_param_group({"params": params[1:]})
    path, expected = advance(params, optimizer, 9), advance(whole, peer(whole, **own), 9)
    np.testing.assert_array_equal(path[0], expected[0])
    assert [group["lr"] for group in optimizer.param_groups] == [expected[1][-1]] * 2


@cases(SHARED)
def test_a_group_added_later_joins_with_the_rate_of_now(peer, own):
    params = parameters()
    optimizer = peer(params[:1], **own)
    for t in range(7):
        optimizer.step(closure_of(params, optimizer, t))
        params[1].grad = None
    assert torch.equal(params[1].flatten(), torch.tensor(START[1:]))
    optimizer.add_param_group({"params": params[1:]})
    assert optimizer.param_groups[1]["lr"] == optimizer.param_groups[0]["lr"]
    path, _ = advance(params, optimizer, 7, first=7)
    assert np.all(np.ptp(path, axis=0) > 0)


@cases(SHARED)
def test_groups_with_different_rates_are_refused(peer, own):
    params = parameters()
    groups = [{"params": params[:1]}, {"params": params[1:], "lr": 0.77}]
    with pytest.raises(
        ValueError, match="has one step size for all parameters: give every parameter group the same lr"
    ):
        peer(groups, **own)


# --------------------------------------------------------------------------------------------- gradients


@cases(ALL)
def test_parameters_without_gradient_stay_and_count_for_nothing(peer, own):
    params, alone = parameters(), parameters()
    optimizer, expected = peer(params, **own), peer(alone[:1], **own)
    for t in range(9):
        for first, each in ((params[0], optimizer), (alone[0], expected)):

            def closure(first=first, each=each, t=t):
                each.zero_grad()
                loss = (first**2).sum() + NOISE[t, 0] * first.sum() + 40
                if torch.is_grad_enabled():
                    loss.backward()
                return loss

            each.step(closure)
    assert torch.equal(params[1].detach().flatten(), torch.tensor(START[1:]))
    assert torch.equal(params[0], alone[0])
    assert optimizer.param_groups[0]["lr"] == expected.param_groups[0]["lr"]


def test_a_skipped_step_leaves_no_direction():
    w = torch.nn.Parameter(torch.tensor([1.0]))
    optimizer = Hypergradient([w], 0.1, beta=1.0)
    for g in (1.0, None, 1.0):
        w.grad = None if g is None else torch.tensor([g])
        optimizer.step()
    assert optimizer.param_groups[0]["lr"] == 0.1


@cases(ALL)
def test_no_gradients_at_all(peer, own):
    params = parameters()
    optimizer = peer(params, **own)
    for _ in range(6):
        optimizer.step(lambda: torch.tensor(40.0))
    assert torch.equal(weights(params), torch.tensor(START))


@cases(ALL)
def test_gradients_of_zero_leave_the_weights_and_a_finite_rate(peer, own):
    params = parameters()
    optimizer = peer(params, **own)

    def closure():
        optimizer.zero_grad()
        loss = sum((0 * p).sum() for p in params) + 1e-300
        if torch.is_grad_enabled():
            loss.backward()
        return loss

    for _ in range(7):
        optimizer.step(closure)
    assert torch.equal(weights(params), torch.tensor(START))
    path, alpha = advance(params, optimizer, 7)
    assert np.all(np.isfinite(path))
    assert np.all(np.isfinite(alpha) & (alpha > 0))


@cases(ALL)
def test_gradients_are_left_alone(peer, own):
    params = parameters()
    optimizer = peer(params, **own)
    computed = []
    for t in range(6):
        optimizer.step(closure_of(params, optimizer, t, computed))
        assert all(torch.equal(p.grad, gradient) for p, gradient in zip(params, computed[-1], strict=True))
    assert len(computed) == 6


@pytest.mark.parametrize("kept", [False, True])
def test_a_line_search_leaves_gradients_that_its_closure_would_zero(kept):
    params = parameters()
    optimizer = SLS(params, 3.0, reset="start")

    def closure():
        optimizer.zero_grad(set_to_none=not kept)
        loss = (params[0] ** 2).sum()
        if torch.is_grad_enabled():
            loss.backward()
        return loss

    optimizer.step(closure)
    assert params[0].grad.item() == 2 * START[0]


def test_maximize_climbs():
    for peer, own in GROUPED.values():
        params = parameters()
        optimizer = peer(params, maximize=True, **own)
        losses = [optimizer.step(closure_of(params, optimizer, 0)).item() for _ in range(9)]
        assert np.all(np.diff(losses) > 0)


@cases(ALL)
def test_sparse_gradients_are_refused(peer, own):
    embedding = torch.nn.Embedding(5, 2, sparse=True)
    optimizer = peer(embedding.parameters(), **own)

    def closure():
        loss = embedding(torch.tensor([1])).sum() + 40
        loss.backward()
        return loss

    with pytest.raises(TypeError, match=r"needs dense gradients: build the embedding with sparse=False\."):
        optimizer.step(closure)


# ------------------------------------------------------------------------------------------------- steps


@cases(ALL)
def test_hooks_run_once_with_a_plain_sgd_alive(peer, own):
    params = parameters()
    torch.optim.SGD(params, 0.1)
    optimizer = peer(params, **own)
    calls = []
    optimizer.register_step_pre_hook(lambda *_: calls.append("before"))
    optimizer.register_step_post_hook(lambda *_: calls.append("after"))
    advance(params, optimizer, 2)
    assert calls == ["before", "after"] * 2


@cases(ALL)
def test_the_closures_loss_is_returned(peer, own):
    params = parameters()
    optimizer = peer(params, **own)
    expected = closure_of(params, optimizer, 0)().item()
    assert optimizer.step(closure_of(params, optimizer, 0)).item() == expected


@cases(STEPPED_WITHOUT)
def test_a_step_without_a_closure_is_the_same(peer, own):
    params, twin = parameters(), parameters()
    optimizer, expected = peer(params, **own), peer(twin, **own)
    for t in range(9):
        closure_of(params, optimizer, t)()
        assert optimizer.step() is None
    advance(twin, expected, 9)
    assert torch.equal(weights(params), weights(twin))


@cases({name: case for name, case in ALL.items() if case[0] in NEED_A_CLOSURE})
def test_a_missing_closure_is_named(peer, own):
    with pytest.raises(TypeError, match="closure"):
        peer(parameters(), **own).step()


@pytest.mark.parametrize(
    ("peer", "own", "waits"),
    [
        (*HYPERGRADIENT, 6),
        (*GROUPED["hypergradient, multiplicative"], 6),
        (*GROUPED["hypergradient, Adam"], 6),
        (*FIXED_ETA, 2),
        (FixedEta, {"lr": 0.05, "eta": 1e-3}, 6),
        (*SHARED["SPS"], 6),
        (*SHARED["YellowFin"], 6),
        (BarzilaiBorwein, {"lr": 0.05, "update_every": 2}, 2),
    ],
)
def test_waits_for_the_device_at_most_once_a_step(peer, own, waits, monkeypatch):
    params = parameters()
    optimizer = peer([{"params": [p]} for p in params], **own)
    seen = count_waits(monkeypatch)
    advance_quietly(params, optimizer, 6)
    assert len(seen) == waits


def test_a_line_search_waits_once_a_trial(monkeypatch):
    params = parameters()
    optimizer = SLS(params, 3.0, reset="start")
    seen, passes = count_waits(monkeypatch), []
    advance_quietly(params, optimizer, 6, passes)
    trials = len(passes) - 6
    assert trials > 12
    assert len(seen) == trials


def count_waits(monkeypatch):
    seen = []
    for name in ("item", "tolist", "__bool__", "__float__", "cpu", "numpy"):
        original = getattr(torch.Tensor, name)
        monkeypatch.setattr(torch.Tensor, name, lambda *args, f=original: (seen.append(f), f(*args))[1])
    return seen


def advance_quietly(params, optimizer, steps, passes=None):
    """Steps whose closures do not wait themselves."""
    for t in range(steps):
        closure = closure_of(params, optimizer, t)
        optimizer.step(closure if passes is None else lambda closure=closure: (passes.append(1), closure())[1])


# ----------------------------------------------------------------------------------------------- options


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda p: Hypergradient(p, 0.0), r"α₀ \(lr\) must be positive and finite, not 0\.0\."),
        (lambda p: Hypergradient(p, float("nan")), r"α₀ \(lr\) must be positive and finite"),
        (lambda p: Hypergradient([{"params": p, "lr": -1.0}], 0.1), r"must be positive and finite, not -1\.0\."),
        (lambda p: Hypergradient(p, 0.1, beta=-1), r"β \(beta\) must not be negative, not -1\."),
        (lambda p: Hypergradient(p, 0.1, rule="other"), r"rule must be 'additive' or 'multiplicative', not 'other'\."),
        (lambda p: HypergradientAdam(p, betas=(0.9, 1.0)), r"betas must lie in \[0, 1\), not \(0\.9, 1\.0\)\."),
        (lambda p: HypergradientAdam(p, eps=-1), r"eps and weight_decay must not be negative, not -1 and 0\."),
        (lambda p: FixedEta(p, 0.1, eta=-1), r"η \(eta\) must not be negative, not -1\."),
        (lambda p: FixedEta(p, 0.1, eta=1, update_every=0), r"update_every counts steps .* at least 1, not 0\."),
        (lambda p: FixedEta(p, 0.1, eta=1, update_every=1.5), r"update_every counts steps .* at least 1, not 1\.5\."),
        (lambda p: SLS(p), r"reset='grow' needs steps_per_epoch, .* of at least 1, not None\."),
        (lambda p: SLS(p, 0.0, reset="keep"), r"α₀ \(lr\) must be positive and finite"),
        (lambda p: SLS(p, reset="other"), r"reset must be 'grow', 'start' or 'keep', not 'other'\."),
        (
            lambda p: SLS(p, reset="keep", condition="wolfe"),
            r"condition must be 'armijo' or 'goldstein', not 'wolfe'\.",
        ),
        (lambda p: SLS(p, reset="keep", c=1), r"c must lie between 0 and 1 for 'armijo', not at 1\."),
        (
            lambda p: SLS(p, reset="keep", c=0.5, condition="goldstein"),
            r"between 0 and 0\.5 for 'goldstein', not at 0\.5",
        ),
        (
            lambda p: SLS(p, reset="keep", beta=1.0),
            r"β must lie between 0 and 1, and γ above 1, not at 1\.0 and 2\.0\.",
        ),
        (
            lambda p: SLS(p, 20.0, reset="keep", max_lr=10.0),
            r"max_lr must be at least lr, .* not 10\.0 with lr=20\.0\.",
        ),
        (lambda p: SPS(p, c=0), r"c and the bound γ_b \(max_lr\) must be positive, not 0 and inf\."),
        (lambda p: SPS(p, steps_per_epoch=0), r"steps_per_epoch counts the batches of an epoch, at least 1, not 0\."),
        (lambda p: YellowFin(p, -1.0), r"α₀ \(lr\) must be positive and finite, not -1\.0\."),
        (lambda p: YellowFin(p, beta=1), r"β \(beta\) must lie in \[0, 1\), not 1\."),
        (lambda p: YellowFin(p, window=0), r"window counts steps and must be an integer of at least 1, not 0\."),
        (lambda p: YellowFin(p, weight_decay=-1), r"weight_decay must not be negative, not -1\."),
        (lambda p: BarzilaiBorwein(p, 0.1, update_every=0), r"update_every counts steps .* at least 1, not 0\."),
        (lambda p: BarzilaiBorwein(p, 0.1, update_every=2, beta=2), r"β \(beta\) .* must lie in \(0, 1\], not 2\."),
        (
            lambda p: BarzilaiBorwein(p, 0.1, update_every=2, weight_decay=-1),
            r"weight_decay must not be negative, not -1",
        ),
    ],
)
def test_bad_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make(parameters())


def test_sps_refuses_a_loss_below_its_lower_bound():
    params = parameters()
    optimizer = SPS(params, lower_bound=1e3)
    with pytest.raises(ValueError, match=r"has the loss \d+\.\d+, below lower_bound = 1000\.0: SPS needs a bound"):
        optimizer.step(closure_of(params, optimizer, 0))
