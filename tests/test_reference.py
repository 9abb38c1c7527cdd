"""The numpy twin of TLR: its directions are SGD's, and each rule takes the sums that it names."""

import numpy as np
import pytest
import torch

from tlr import rule
from tlr.reference import ReferenceTLR

HESSIAN = np.diag([1.0, 3.0, 10.0])
KINDS = {
    "plain": {},
    "heavy ball": {"momentum": 0.8},
    "dampening": {"momentum": 0.8, "dampening": 0.3},
    "Nesterov": {"momentum": 0.8, "nesterov": True},
    "weight decay": {"momentum": 0.5, "weight_decay": 0.1},
}
every_kind = pytest.mark.parametrize("options", KINDS.values(), ids=KINDS)


def gradients(steps, seed=0):
    """A function of w and t: the gradient of a quadratic, with noise."""
    noise = 0.3 * np.random.default_rng(seed).normal(size=(steps, 3))
    return lambda w, t: HESSIAN @ w + noise[t]


@every_kind
def test_with_alpha_held_it_is_torch_sgd(options):
    """c → 0 keeps α from growing, and windows that never end keep it altogether."""
    twin = ReferenceTLR(np.ones(3), 0.05, update_every=1000, **options)
    w = torch.nn.Parameter(torch.ones(3, dtype=torch.float64))
    sgd = torch.optim.SGD([w], lr=0.05, **options)
    gradient = gradients(30)
    for t in range(30):
        w.grad = torch.from_numpy(gradient(twin.w, t))
        twin.step(gradient(twin.w, t))
        sgd.step()
    np.testing.assert_allclose(twin.w, w.detach().numpy(), rtol=1e-12)


@every_kind
@pytest.mark.parametrize("curvature", ["slope", "gradients", "secant"])
def test_alpha_follows_from_the_sums_of_two_windows(options, curvature):
    """Each step's gradient and direction are written down, and the rule is transcribed: m = 4, five windows."""
    m, c, gradient = 4, 0.25, gradients(20)
    twin = ReferenceTLR(np.ones(3), 0.02, update_every=m, c=c, curvature=curvature, **options)
    g, d, alphas = [], [], [0.02]
    for t in range(20):
        before = twin.w.copy()
        g.append(gradient(before, t) + options.get("weight_decay", 0) * before)
        twin.step(gradient(before, t))
        d.append((before - twin.w) / alphas[-1])
        if (t + 1) % m == 0:
            alphas.append(twin.alpha)
    g, d = (np.array(each).reshape(5, m, 3).sum(axis=1) for each in (g, d))
    x, y = {"slope": (g, d), "gradients": (g, g), "secant": (d, d)}[curvature]
    assert alphas[1] == 0.02  # the first window has none to be compared with
    for n in range(1, 5):
        after, before = x[n] @ y[n - 1], x[n - 1] @ y[n - 1]
        newton = after / (before - after) / 4 if before > after else np.copysign(np.inf, after)
        change = np.clip(newton, -1 / 4, c)
        assert alphas[n + 1] == pytest.approx(alphas[n] * (1 + change), rel=1e-9)


@pytest.mark.parametrize("curvature", [name for name, entry in rule.RULES.items() if entry.products[0] == "gradients"])
def test_step_by_step_without_momentum_the_later_rules_are_the_secant(curvature):
    paths = []
    for name in (curvature, "secant"):
        twin, gradient = ReferenceTLR(np.ones(3), 0.01, curvature=name), gradients(40)
        paths.append([(twin.step(gradient(twin.w, t)), twin.alpha)[1] for t in range(40)])
    np.testing.assert_array_equal(*paths)


def test_under_noise_alone_the_momentum_couples_directions_and_no_gradient():
    """Gradients that know nothing of each other: what two windows share is the momentum buffer alone."""
    twin, windows = ReferenceTLR(np.zeros(50), 1e-3, momentum=0.9, update_every=4), []
    for noise in np.random.default_rng(0).normal(size=(4000, 50)):
        twin.step(noise)
        if twin.steps % 4 == 0:
            windows.append(twin.previous)
    gradients, directions = np.moveaxis(windows, 1, 0)
    products = {
        "directions": np.vecdot(directions[1:], directions[:-1]),
        "slope": np.vecdot(gradients[1:], directions[:-1]),
        "gradients": np.vecdot(gradients[1:], gradients[:-1]),
    }
    error = {name: values.std() / np.sqrt(len(values)) for name, values in products.items()}
    assert products["directions"].mean() > 50 * error["directions"]
    assert abs(products["slope"].mean()) < 4 * error["slope"]
    assert abs(products["gradients"].mean()) < 4 * error["gradients"]
