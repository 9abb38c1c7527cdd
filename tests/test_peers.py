"""tlr.peers against transcriptions of the papers in float64 numpy, and as torch optimizers."""

import copy
import io
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from tlr.data import load, normalize
from tlr.peers import FixedEta, Hypergradient
from tlr.training import train

MNIST = Path(os.environ.get("TLR_DATA_DIR", "/nonexistent")) / "mnist.npz"
SGD_OPTIONS = [
    {},
    {"weight_decay": 0.1},
    {"momentum": 0.8},
    {"momentum": 0.8, "dampening": 0.3, "weight_decay": 0.1},
    {"momentum": 0.8, "nesterov": True, "weight_decay": 0.1},
    {"maximize": True, "momentum": 0.8},
]
HYPERGRADIENT = (Hypergradient, {"beta": 1e-3})
FIXED_ETA = (FixedEta, {"eta": 1e-3, "update_every": 3})
PEERS = [HYPERGRADIENT, FIXED_ETA]

# ½ wᵀHw with noise that depends on the step alone: the gradient that each optimizer and its transcription see.
HESSIAN = np.diag([1.0, 3.0, 0.2, 2.0]) + 0.1
NOISE = np.random.default_rng(0).normal(size=(40, 4))
START = np.array([1.0, -2.0, 3.0, 0.5])


def gradient(w, t):
    return HESSIAN @ w + NOISE[t]


def parameters():
    """The weights as two tensors, float64."""
    start = torch.tensor(START)
    return [torch.nn.Parameter(start[:1].clone()), torch.nn.Parameter(start[1:].clone().reshape(3, 1))]


def weights(params):
    return torch.cat([p.detach().flatten() for p in params])


def advance(params, optimizer, steps, first=0):
    """Run the optimizer on the noisy quadratic; the weights and α after each step."""
    path = []
    for t in range(first, first + steps):
        g = torch.tensor(gradient(weights(params).numpy(), t))
        params[0].grad, params[1].grad = g[:1].clone(), g[1:].clone().reshape(3, 1)
        optimizer.step()
        path.append((weights(params).numpy(), optimizer.param_groups[0]["lr"]))
    w, alpha = zip(*path, strict=True)
    return np.array(w), np.array(alpha)


def transcription_hd(steps, alpha, beta, momentum=0.0, nesterov=False, weight_decay=0.0):
    """SGD-HD and SGDN-HD, step by step as Baydin et al. print them: h = g · ∇_α u, α −= β h, u = −α d."""
    theta, v, grad_alpha_u = START.copy(), 0.0, np.zeros(4)
    path = []
    for t in range(steps):
        g = gradient(theta, t) + weight_decay * theta
        h = g @ grad_alpha_u
        alpha = alpha - beta * h
        v = momentum * v + g
        d = g + momentum * v if nesterov else v
        u, grad_alpha_u = -alpha * d, -d
        theta = theta + u
        path.append((theta.copy(), alpha))
    w, alphas = zip(*path, strict=True)
    return np.array(w), np.array(alphas)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"weight_decay": 0.1},
        {"momentum": 0.8},
        {"momentum": 0.9, "nesterov": True},
        {"momentum": 0.9, "nesterov": True, "weight_decay": 0.01},
    ],
)
def test_hypergradient_is_the_papers(options):
    params = parameters()
    path = advance(params, Hypergradient(params, 0.05, beta=1e-3, **options), 20)
    expected = transcription_hd(20, 0.05, 1e-3, **options)
    np.testing.assert_allclose(path[0], expected[0], rtol=0, atol=1e-10)
    np.testing.assert_allclose(path[1], expected[1], rtol=0, atol=1e-10)
    assert np.ptp(path[1]) > 1e-3


def transcription_fixed_eta(steps, alpha, eta, window, momentum=0.0, weight_decay=0.0):
    """Appendix D.4, with the sums of Eq. 10."""
    w, b = START.copy(), 0.0
    sums = [np.zeros(4)]
    path = []
    for t in range(steps):
        b = momentum * b + gradient(w, t) + weight_decay * w
        sums[-1] = sums[-1] + b
        if (t + 1) % window == 0:
            if len(sums) > 1:
                alpha = max(0, alpha + eta * sums[-1] @ sums[-2])
            sums.append(np.zeros(4))
        w = w - alpha * b
        path.append((w.copy(), alpha))
    w, alphas = zip(*path, strict=True)
    return np.array(w), np.array(alphas)


@pytest.mark.parametrize("window", [1, 3, 5])
@pytest.mark.parametrize("options", [{}, {"momentum": 0.8, "weight_decay": 0.1}])
def test_fixed_eta_is_appendix_d4(window, options):
    params = parameters()
    path = advance(params, FixedEta(params, 0.05, eta=1e-3, update_every=window, **options), 20)
    expected = transcription_fixed_eta(20, 0.05, 1e-3, window, **options)
    np.testing.assert_allclose(path[0], expected[0], rtol=0, atol=1e-10)
    np.testing.assert_allclose(path[1], expected[1], rtol=0, atol=1e-10)
    changes = np.flatnonzero(np.diff(path[1], prepend=0.05)) + 1
    assert changes[0] == 2 * window  # the second full window brings the first change
    assert np.all(changes % window == 0)


def test_fixed_eta_recovers_from_a_rate_of_zero():
    w = torch.nn.Parameter(torch.tensor([1.0]))
    optimizer = FixedEta([w], 1.0, eta=10.0)
    alphas = []
    for g in (1.0, -1.0, 2.0, 2.0):
        w.grad = torch.tensor([g])
        optimizer.step()
        alphas.append(optimizer.param_groups[0]["lr"])
    assert alphas == [1.0, 0.0, 0.0, 40.0]


def test_hypergradient_may_turn_the_rate_negative():
    w = torch.nn.Parameter(torch.tensor([1.0]))
    optimizer = Hypergradient([w], 0.1, beta=1.0)
    for g in (1.0, -1.0):
        w.grad = torch.tensor([g])
        optimizer.step()
    assert optimizer.param_groups[0]["lr"] == pytest.approx(-0.9)


# ------------------------------------------------------------------------------ as torch.optim.SGD does


@pytest.mark.parametrize("options", SGD_OPTIONS)
@pytest.mark.parametrize(("peer", "still"), [(Hypergradient, {"beta": 0}), (FixedEta, {"eta": 0, "update_every": 2})])
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
@pytest.mark.parametrize("options", SGD_OPTIONS[:5])
@pytest.mark.parametrize(("peer", "own"), PEERS)
def test_resumes_in_mid_window_as_if_never_stopped(peer, own, options, through):
    def make(params):
        return peer(params, 0.05, **own, **options)

    params = parameters()
    optimizer = make(params)
    advance(params, optimizer, 10)
    twin, resumed = through(params, optimizer, make)
    path, resumed_path = advance(params, optimizer, 10, first=10), advance(twin, resumed, 10, first=10)
    np.testing.assert_array_equal(path[0], resumed_path[0])
    np.testing.assert_array_equal(path[1], resumed_path[1])
    assert np.ptp(path[1]) > 0


@pytest.mark.parametrize(("peer", "own"), PEERS)
def test_goes_on_from_a_plain_sgds_state(peer, own):
    params = parameters()
    sgd = torch.optim.SGD(params, lr=0.03, momentum=0.8)
    advance(params, sgd, 3)
    optimizer = peer(params, 0.5, momentum=0.8, **own)
    optimizer.load_state_dict(sgd.state_dict())
    assert optimizer.param_groups[0]["lr"] == 0.03
    assert all(optimizer.param_groups[0][key] == value for key, value in own.items())
    path = advance(params, optimizer, 10, first=3)
    assert np.ptp(path[1]) > 0


@pytest.mark.parametrize(("peer", "own"), PEERS)
def test_each_group_has_its_own_rate(peer, own):
    params = parameters()
    optimizer = peer([{"params": params[:1]}, {"params": params[1:], "lr": 0.01}], 0.05, **own)
    advance(params, optimizer, 9)
    alone = parameters()
    first = peer(alone[:1], 0.05, **own)
    second = peer(alone[1:], 0.01, **own)
    for t in range(9):
        g = torch.tensor(gradient(weights(alone).numpy(), t))
        alone[0].grad, alone[1].grad = g[:1].clone(), g[1:].clone().reshape(3, 1)
        first.step()
        second.step()
    assert torch.equal(weights(params), weights(alone))
    assert [group["lr"] for group in optimizer.param_groups] == [o.param_groups[0]["lr"] for o in (first, second)]


@pytest.mark.parametrize(("peer", "own"), PEERS)
def test_parameters_without_gradient_stay_and_count_for_nothing(peer, own):
    params, alone = parameters(), parameters()
    optimizer, expected = peer(params, 0.05, momentum=0.8, **own), peer(alone[:1], 0.05, momentum=0.8, **own)
    for t in range(9):
        for first in (params[0], alone[0]):
            first.grad = torch.tensor([NOISE[t, 0]])
        optimizer.step()
        expected.step()
    assert torch.equal(params[1].detach().flatten(), torch.tensor(START[1:]))
    assert optimizer.param_groups[0]["lr"] == expected.param_groups[0]["lr"]


def test_a_skipped_step_leaves_no_direction():
    w = torch.nn.Parameter(torch.tensor([1.0]))
    optimizer = Hypergradient([w], 0.1, beta=1.0)
    for g in (1.0, None, 1.0):
        w.grad = None if g is None else torch.tensor([g])
        optimizer.step()
    assert optimizer.param_groups[0]["lr"] == 0.1


@pytest.mark.parametrize(("peer", "own"), PEERS)
def test_no_gradients_at_all(peer, own):
    params = parameters()
    optimizer = peer(params, 0.05, **own)
    for _ in range(6):
        optimizer.step()
    assert torch.equal(weights(params), torch.tensor(START))


@pytest.mark.parametrize(("peer", "own"), PEERS)
def test_gradients_are_left_alone(peer, own):
    params = parameters()
    optimizer = peer(params, 0.05, momentum=0.8, nesterov=True, weight_decay=0.1, maximize=True, **own)
    for t in range(6):
        for p in params:
            p.grad = torch.full_like(p, NOISE[t, 0])
        versions = [p.grad._version for p in params]
        optimizer.step()
        assert [p.grad._version for p in params] == versions


@pytest.mark.parametrize(("peer", "own"), PEERS)
def test_hooks_run_once_with_a_plain_sgd_alive(peer, own):
    params = parameters()
    torch.optim.SGD(params, 0.1)
    optimizer = peer(params, 0.05, **own)
    calls = []
    optimizer.register_step_pre_hook(lambda *_: calls.append("before"))
    optimizer.register_step_post_hook(lambda *_: calls.append("after"))
    advance(params, optimizer, 2)
    assert calls == ["before", "after"] * 2


@pytest.mark.parametrize(("peer", "own"), PEERS)
def test_closure_runs_with_gradients_and_its_loss_is_returned(peer, own):
    w = torch.nn.Parameter(torch.tensor([3.0]))
    optimizer = peer([w], 0.1, **own)

    def closure():
        optimizer.zero_grad()
        loss = (w**2).sum() / 2
        loss.backward()
        return loss

    assert optimizer.step(closure).item() == 4.5
    assert w.item() == pytest.approx(2.7)


@pytest.mark.parametrize(
    ("peer", "own", "waits"), [(*HYPERGRADIENT, 6), (*FIXED_ETA, 2), (FixedEta, {"eta": 1e-3, "update_every": 1}, 6)]
)
def test_waits_for_the_device_once_an_update(peer, own, waits, monkeypatch):
    params = parameters()
    optimizer = peer([{"params": [p]} for p in params], 0.05, momentum=0.8, **own)
    for p in params:
        p.grad = torch.ones_like(p)
    seen = []
    for name in ("item", "tolist", "__bool__", "__float__", "cpu", "numpy"):
        original = getattr(torch.Tensor, name)
        monkeypatch.setattr(torch.Tensor, name, lambda *args, f=original: (seen.append(f), f(*args))[1])
    for _ in range(6):
        optimizer.step()
    assert len(seen) == waits


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda p: Hypergradient(p, 0.0), r"α₀ \(lr\) must be positive and finite, not 0\.0\."),
        (lambda p: Hypergradient(p, float("nan")), r"α₀ \(lr\) must be positive and finite"),
        (lambda p: Hypergradient([{"params": p, "lr": -1.0}], 0.1), r"must be positive and finite, not -1\.0\."),
        (lambda p: Hypergradient(p, 0.1, beta=-1), r"β \(beta\) must not be negative, not -1\."),
        (lambda p: FixedEta(p, 0.1, eta=-1), r"η \(eta\) must not be negative, not -1\."),
        (lambda p: FixedEta(p, 0.1, eta=1, update_every=0), r"update_every counts steps .* at least 1, not 0\."),
        (lambda p: FixedEta(p, 0.1, eta=1, update_every=1.5), r"update_every counts steps .* at least 1, not 1\.5\."),
    ],
)
def test_bad_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make(parameters())


def test_sparse_gradients_are_refused():
    embedding = torch.nn.Embedding(5, 2, sparse=True)
    optimizer = Hypergradient(embedding.parameters(), 0.1)
    embedding(torch.tensor([1])).sum().backward()
    with pytest.raises(TypeError, match=r"needs dense gradients: build the embedding with sparse=False\."):
        optimizer.step()


# ------------------------------------------------------------------------------------- published numbers


class AsTorchvision(torch.nn.Module):
    """Pixels in [−1, 1] to torchvision's usual scale for MNIST: mean 0.1307 and deviation 0.3081 in [0, 1]."""

    def forward(self, images):
        return ((images + 1) / 2 - 0.1307) / 0.3081


@pytest.mark.skipif(not MNIST.is_file(), reason="needs mnist.npz in $TLR_DATA_DIR")
@pytest.mark.parametrize(
    ("optimizer", "options", "published"),
    [
        pytest.param(torch.optim.SGD, {}, (0.3957, 0.3737), id="SGD"),
        pytest.param(Hypergradient, {"beta": 1e-3}, (0.2934, 0.2878), id="SGD-HD"),
    ],
)
def test_losses_are_those_that_baydin_et_al_publish(optimizer, options, published):
    """Logistic regression on MNIST, batch size 128, ten epochs: the training loss of the last, and the test loss."""
    mnist = load("mnist")
    torch.manual_seed(0)
    model = torch.nn.Sequential(AsTorchvision(), torch.nn.Flatten(), torch.nn.Linear(784, 10))
    optimizer = optimizer(model.parameters(), 1e-3, weight_decay=1e-4, **options)
    history = train(model, optimizer, mnist, epochs=10, batch_size=128, progress=False)
    _, _, images, labels = mnist.tensors()
    with torch.no_grad():
        test_loss = cross_entropy(model(normalize(images)), labels).item()
    assert (history.train_loss[-1], test_loss) == pytest.approx(published, rel=0.02)
