"""Each peer against a transcription of its paper in float64 numpy, and a property that the paper states."""

import pickle

import numpy as np
import pytest
import torch
from peer_problem import HESSIAN, START, advance, closure_of, gradient, parameters, value, weights

from tlr.course.data import load
from tlr.course.peers import (
    SLS,
    SPS,
    BarzilaiBorwein,
    FixedEta,
    Hypergradient,
    HypergradientAdam,
    TLRArmijo,
    YellowFin,
    make_optimizer,
)
from tlr.course.peers.yellowfin import single_step

STEPS = 20


def check(peer, expected, atol=1e-10):
    """20 steps of the peer (params → optimizer) are the transcription's, weights and α; α moves."""
    params = parameters()
    optimizer = peer(params)
    alpha0 = optimizer.param_groups[0]["lr"]
    path = advance(params, optimizer, STEPS)
    w, alpha = (np.array(column) for column in zip(*expected, strict=True))
    np.testing.assert_allclose(path[0], w, rtol=0, atol=atol)
    np.testing.assert_allclose(path[1], alpha, rtol=0, atol=atol)
    assert np.ptp([alpha0, *path[1]]) > 1e-4


# ------------------------------------------------------------------------------------ hypergradient descent


def change_of_alpha(rule, alpha, beta, g, grad_alpha_u):
    """Baydin et al., the additive line of Algorithms 4 to 6 and the multiplicative alternative below it."""
    h = g @ grad_alpha_u
    if rule == "additive":
        return alpha - beta * h
    lengths = np.linalg.norm(g) * np.linalg.norm(grad_alpha_u)
    return alpha * (1 - beta * h / lengths) if lengths else alpha


def hypergradient(alpha, beta, rule="additive", momentum=0.0, nesterov=False, weight_decay=0.0):
    """Algorithms 4 and 5: h = g · ∇_α u, α −= β h, u = −α d."""
    theta, v, grad_alpha_u = START.copy(), 0.0, np.zeros(4)
    for t in range(STEPS):
        g = gradient(theta, t) + weight_decay * theta
        alpha = change_of_alpha(rule, alpha, beta, g, grad_alpha_u)
        v = momentum * v + g
        d = g + momentum * v if nesterov else v
        u, grad_alpha_u = -alpha * d, -d
        theta = theta + u
        yield theta, alpha


@pytest.mark.parametrize(("rule", "beta"), [("additive", 1e-3), ("multiplicative", 0.05)])
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
def test_hypergradient_is_algorithms_4_and_5(rule, beta, options):
    options = {"beta": beta, "rule": rule, **options}
    check(lambda params: Hypergradient(params, 0.05, **options), hypergradient(0.05, **options))


def hypergradient_adam(alpha, beta, rule, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
    """Algorithm 6."""
    theta, m, v, grad_alpha_u = START.copy(), 0.0, 0.0, np.zeros(4)
    for t in range(STEPS):
        g = gradient(theta, t) + weight_decay * theta
        alpha = change_of_alpha(rule, alpha, beta, g, grad_alpha_u)
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * g**2
        m_hat, v_hat = m / (1 - betas[0] ** (t + 1)), v / (1 - betas[1] ** (t + 1))
        grad_alpha_u = -m_hat / (np.sqrt(v_hat) + eps)
        theta = theta + alpha * grad_alpha_u
        yield theta, alpha


@pytest.mark.parametrize(("rule", "beta"), [("additive", 1e-3), ("multiplicative", 0.05)])
@pytest.mark.parametrize("options", [{}, {"weight_decay": 0.1}, {"betas": (0.8, 0.95), "eps": 1e-3}])
def test_hypergradient_adam_is_algorithm_6(rule, beta, options):
    options = {"beta": beta, "rule": rule, **options}
    check(lambda params: HypergradientAdam(params, 0.05, **options), hypergradient_adam(0.05, **options))


def test_hypergradient_adam_without_learning_is_adam():
    params, twin = parameters(), parameters()
    path = advance(params, HypergradientAdam(params, 0.1, beta=0, weight_decay=0.1), STEPS)
    expected = advance(twin, torch.optim.Adam(twin, 0.1, weight_decay=0.1), STEPS)
    np.testing.assert_allclose(path[0], expected[0], rtol=0, atol=1e-12)


def test_hypergradient_may_turn_the_rate_negative():
    w = torch.nn.Parameter(torch.tensor([1.0]))
    optimizer = Hypergradient([w], 0.1, beta=1.0)
    for g in (1.0, -1.0):
        w.grad = torch.tensor([g])
        optimizer.step()
    assert optimizer.param_groups[0]["lr"] == pytest.approx(-0.9)


def test_the_multiplicative_rule_changes_the_rate_by_at_most_its_share():
    params = parameters()
    _, alpha = advance(params, Hypergradient(params, 0.5, beta=0.3, rule="multiplicative"), 40)
    changes = alpha[1:] / alpha[:-1]
    assert np.all((changes >= 0.7 - 1e-12) & (changes <= 1.3 + 1e-12))
    assert changes.min() < 0.8
    assert changes.max() > 1.2


# --------------------------------------------------------------------------------------------- fixed η


def fixed_eta(alpha, eta, update_every, momentum=0.0, weight_decay=0.0):
    """Appendix D.4, with the sums of Eq. 10."""
    w, b = START.copy(), 0.0
    sums = [np.zeros(4)]
    for t in range(STEPS):
        b = momentum * b + gradient(w, t) + weight_decay * w
        sums[-1] = sums[-1] + b
        if (t + 1) % update_every == 0:
            if len(sums) > 1:
                alpha = max(0, alpha + eta * sums[-1] @ sums[-2])
            sums.append(np.zeros(4))
        w = w - alpha * b
        yield w, alpha


@pytest.mark.parametrize("window", [1, 3, 5])
@pytest.mark.parametrize("options", [{}, {"momentum": 0.8, "weight_decay": 0.1}])
def test_fixed_eta_is_appendix_d4(window, options):
    options = {"eta": 1e-3, "update_every": window, **options}
    check(lambda params: FixedEta(params, 0.05, **options), fixed_eta(0.05, **options))


@pytest.mark.parametrize("window", [1, 3, 5])
def test_the_second_full_window_brings_the_first_change(window):
    params = parameters()
    _, alpha = advance(params, FixedEta(params, 0.05, eta=1e-3, update_every=window), STEPS)
    changes = np.flatnonzero(np.diff(alpha, prepend=0.05)) + 1
    assert changes[0] == 2 * window
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


# ------------------------------------------------------------------------------------------------- SLS


def line_search(eta_max, c, beta, gamma, reset, batches, condition="armijo", cap=10.0):
    """Vaswani et al., Algorithms 1 and 2, and the Goldstein variant of the appendix."""
    w, eta = START.copy(), eta_max
    for k in range(STEPS):
        if k > 0 and reset == "start":
            eta = eta_max
        if k > 0 and reset == "grow":
            eta = min(eta * gamma ** (1 / batches), cap)
        f, g = value(w, k), gradient(w, k)
        while True:
            trial = value(w - eta * g, k)
            if trial > f - c * eta * g @ g:
                eta = beta * eta
            elif condition == "goldstein" and trial < f - (1 - c) * eta * g @ g and eta < cap:
                eta = min(gamma * eta, cap)
            else:
                break
        w = w - eta * g
        yield w, eta


@pytest.mark.parametrize("condition", ["armijo", "goldstein"])
@pytest.mark.parametrize("reset", ["keep", "grow", "start"])
@pytest.mark.parametrize(("c", "beta", "gamma"), [(0.1, 0.9, 2.0), (0.4, 0.7, 1.5)])
def test_sls_is_algorithms_1_and_2(condition, reset, c, beta, gamma):
    options = {"c": c, "beta": beta, "gamma": gamma, "reset": reset, "condition": condition}
    check(lambda params: SLS(params, 3.0, steps_per_epoch=4, **options), line_search(3.0, batches=4, **options))


def logistic_regression():
    """A deterministic convex function of 6 weights: w → loss, in float64."""
    rng = np.random.default_rng(1)
    x, y = torch.tensor(rng.normal(size=(50, 6))), torch.tensor(rng.choice([-1.0, 1.0], 50))
    return lambda w: torch.nn.functional.softplus(-y * (x @ w)).mean() + 0.01 * w @ w


@pytest.mark.parametrize("condition", ["armijo", "goldstein"])
@pytest.mark.parametrize("reset", ["keep", "grow", "start"])
def test_sls_satisfies_armijo_at_every_step_and_never_rises_on_a_convex_function(condition, reset):
    function = logistic_regression()
    w = torch.nn.Parameter(torch.full((6,), 3.0, dtype=torch.float64))
    optimizer = SLS([w], 50.0, max_lr=50.0, condition=condition, reset=reset, steps_per_epoch=5)

    def closure():
        optimizer.zero_grad()
        loss = function(w)
        if torch.is_grad_enabled():
            loss.backward()
        return loss

    losses, rates = [function(w).item()], []
    for _ in range(60):
        optimizer.step(closure)
        losses.append(function(w).item())
        rates.append(optimizer.param_groups[0]["lr"])
        # p.grad is still the gradient at the point that the step left.
        needed = 0.1 * rates[-1] * (w.grad @ w.grad).item()
        assert losses[-1] <= losses[-2] - needed + 1e-15
    assert np.all(np.diff(losses) <= 0)
    assert min(rates) < 50.0


def test_sls_finds_steps_no_shorter_than_the_papers_bound():
    """Lemma 1: η >= min(2(1 − c)/L, η_max), and a search in powers of β stops at most one power below."""
    params = parameters()
    _, eta = advance(params, SLS(params, 3.0, reset="start"), STEPS)
    bound = 2 * (1 - 0.1) / np.linalg.eigvalsh(HESSIAN).max()
    assert np.all(eta >= 0.9 * bound)


# ------------------------------------------------------------------------------------------ TLR, safeguarded


def halved(alpha):
    """Algorithm 2, and notebook 07's theorem 5."""
    w, before = START.copy(), None
    for t in range(STEPS):
        g = gradient(w, t)
        if before is not None:
            gp = g @ before
            alpha *= 1 + (min(gp / (4 * (g @ g - gp)), 0.25) if g @ g > gp else 0.25)
        while value(w - alpha * g, t) > value(w, t) - alpha * g @ g / 4:
            alpha /= 2
        w, before = w - alpha * g, g
        yield w, alpha


@pytest.mark.parametrize("alpha0", [0.01, 3.0])
def test_tlr_armijo_is_algorithm_2_with_halving(alpha0):
    check(lambda params: TLRArmijo(params, alpha0), halved(alpha0))


def full_batch():
    """A small network on 200 digits at once: (model, closure)."""
    data = load("digits-200")
    x, y, _, _ = data.tensors()
    x = data.normalizer()(x).flatten(1)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = torch.nn.Sequential(torch.nn.Linear(64, 32), torch.nn.Tanh(), torch.nn.Linear(32, 10))

    def closure():
        model.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(x), y)
        if torch.is_grad_enabled():
            loss.backward()
        return loss

    return model, closure


@pytest.mark.parametrize("alpha0", [1e-4, 0.1, 10.0])
def test_its_loss_never_rises_whatever_alpha_0_where_tlrs_does(alpha0):
    losses = {}
    for name in ("tlr_armijo", "tlr"):
        model, closure = full_batch()
        optimizer = make_optimizer(name, model.parameters(), lr=alpha0)
        losses[name] = [optimizer.step(closure).item() for _ in range(200)]
    assert np.all(np.diff(losses["tlr_armijo"]) <= 1e-6)
    assert losses["tlr_armijo"][-1] < 0.1
    assert np.diff(losses["tlr"]).max() > 1


# ------------------------------------------------------------------------------------------------- SPS


def polyak(gamma, c, lower_bound, gamma_b=np.inf, batches=None):
    """Loizou et al.: SPS, SPS_max, and the smoothed bound with τ = 2."""
    x = START.copy()
    for k in range(STEPS):
        f, g = value(x, k), gradient(x, k)
        bound = gamma_b if batches is None else min(gamma_b, 2 ** (1 / batches) * gamma)
        gamma = min((f - lower_bound) / (c * g @ g), bound)
        x = x - gamma * g
        yield x, gamma


@pytest.mark.parametrize(
    ("own", "papers"),
    [
        ({}, {}),
        ({"max_lr": 0.3}, {"gamma_b": 0.3}),
        ({"steps_per_epoch": 4}, {"batches": 4}),
        ({"steps_per_epoch": 2, "max_lr": 0.3}, {"batches": 2, "gamma_b": 0.3}),
    ],
    ids=["SPS", "SPS_max", "smooth-iter", "smooth-iter and max"],
)
def test_sps_is_the_papers(own, papers):
    check(
        lambda params: SPS(params, 0.05, c=20.0, lower_bound=5.0, **own),
        polyak(0.05, c=20.0, lower_bound=5.0, **papers),
    )


def interpolating_least_squares(make):
    """100 steps on ten batches that one w* solves: the batches, and of each step ‖w − w*‖² before and after, f, γ."""
    rng = np.random.default_rng(2)
    batches, solution = rng.normal(size=(10, 6, 3)), rng.normal(size=3)
    w = torch.nn.Parameter(torch.zeros(3, dtype=torch.float64))
    optimizer = make([w])
    squares, steps = [solution @ solution], []
    for t in range(100):

        def closure(t=t):
            optimizer.zero_grad()
            error = torch.tensor(batches[t % 10]) @ (w - torch.tensor(solution))
            loss = error @ error / 2
            loss.backward()
            return loss

        loss = optimizer.step(closure).item()
        squares.append(((w.detach().numpy() - solution) ** 2).sum())
        steps.append((*squares[-2:], loss, optimizer.param_groups[0]["lr"]))
    return batches, steps


@pytest.mark.parametrize("options", [{}, {"steps_per_epoch": 10}, {"max_lr": 1.0}])
def test_sps_reaches_the_minimum_of_an_interpolating_least_squares_problem_linearly(options):
    """With c = 1/2 every step shrinks ‖w − w*‖² by 1 − γμ, γ >= min(1/L, γ_b), μ and L those of the batch."""
    batches, steps = interpolating_least_squares(lambda params: SPS(params, **options))
    curvatures = np.linalg.eigvalsh(batches.transpose(0, 2, 1) @ batches)
    shortest = min(1 / curvatures.max(), options.get("max_lr", np.inf))
    for t, (before, after, _, _) in enumerate(steps):
        assert after <= before * (1 - shortest * curvatures[t % 10].min()) + 1e-28
    assert after < 1e-20


# ------------------------------------------------------------------------------------------------ AliG


def interpolating(eta, momentum=0.0, delta=1e-6):
    """Berrada et al., Algorithm 1 with momentum: γ = min(f/(‖g‖² + δ), η), v = μv − γg, w += −γg + μv."""
    w, v = START.copy(), 0.0
    for t in range(STEPS):
        g = gradient(w, t)
        gamma = min(value(w, t) / (g @ g + delta), eta)
        v = momentum * v - gamma * g
        w = w - gamma * g + momentum * v
        yield w, gamma


@pytest.mark.parametrize(("eta", "momentum"), [(0.7, 0.0), (0.5, 0.5)])
def test_alig_is_the_papers(eta, momentum):
    pytest.importorskip("pytorch_optimizer")
    options = {"lr": eta, "momentum": momentum}
    # The package measures ‖g‖² in float32.
    check(lambda params: make_optimizer("alig", params, **options), interpolating(eta, momentum), atol=1e-4)


def test_alig_never_moves_away_from_the_solution_of_an_interpolating_least_squares_problem():
    """With f = ½‖Xe‖² and g·e = 2f, a step γ <= f/‖g‖² changes ‖e‖² by −4γf + γ²‖g‖² <= −3γf."""
    pytest.importorskip("pytorch_optimizer")
    _, steps = interpolating_least_squares(lambda params: make_optimizer("alig", params, lr=10.0))
    for before, after, loss, rate in steps:
        assert after <= before - 3 * rate * loss + 1e-6 * before
    assert after < 1e-6 * steps[0][0]


def test_alig_can_be_pickled():
    pytest.importorskip("pytorch_optimizer")
    optimizer = make_optimizer("alig", [torch.nn.Parameter(torch.ones(2))], lr=0.3)
    assert pickle.loads(pickle.dumps(optimizer)).param_groups[0]["lr"] == 0.3


# ------------------------------------------------------------------------------------------- YellowFin


def minimizer(d, c, h):
    """Of x²D² + (1 − x)⁴C/h² over 0 <= x <= 1, by bisection of its derivative."""
    low, high = 0.0, 1.0
    for _ in range(100):
        x = (low + high) / 2
        if 2 * x * d**2 > 4 * (1 - x) ** 3 * c / h**2:
            high = x
        else:
            low = x
    return low


def yellowfin(beta, window, weight_decay=0.0, alpha0=None):
    """Zhang & Mitliagkas, Algorithms 1 to 4 with zero-debiased averages; with α₀ as in their first code."""
    x, before = START.copy(), START.copy()
    averages = dict.fromkeys(("h_min", "h_max", "g", "g2", "norm", "norm2", "d"), 0.0)
    recent, alpha, mu = [], alpha0, 0.0

    def average(key, new):
        averages[key] = beta * averages[key] + (1 - beta) * new

    for t in range(1, STEPS + 1):
        g = gradient(x, t - 1) + weight_decay * x
        recent = [*recent, g @ g][-window:]
        average("h_min", min(recent))
        average("h_max", max(recent))
        average("g", g)
        average("g2", g * g)
        average("norm", np.linalg.norm(g))
        average("norm2", g @ g)
        average("d", averages["norm"] / averages["norm2"])
        hat = {key: mean / (1 - beta**t) for key, mean in averages.items()}
        c = np.sum(hat["g2"] - hat["g"] ** 2)
        root = np.sqrt(hat["h_max"] / hat["h_min"])
        mu_t = max(minimizer(hat["d"], c, hat["h_min"]) ** 2, ((root - 1) / (root + 1)) ** 2)
        alpha_t = (1 - np.sqrt(mu_t)) ** 2 / hat["h_min"]
        alpha_t = min(alpha_t, t * alpha_t / (10 * window))
        if alpha0 is None:
            alpha, mu = alpha_t, mu_t
        elif t > 1:
            alpha, mu = beta * alpha + (1 - beta) * alpha_t, beta * mu + (1 - beta) * mu_t
        x, before = x - alpha * g + mu * (x - before), x
        yield x, alpha


@pytest.mark.parametrize("beta", [0.9, 0.999])
@pytest.mark.parametrize(("window", "weight_decay"), [(3, 0.0), (3, 0.1), (1, 0.0)])
@pytest.mark.parametrize("alpha0", [None, 0.1])
def test_yellowfin_is_algorithms_1_to_4(beta, window, weight_decay, alpha0):
    options = {"beta": beta, "window": window, "weight_decay": weight_decay}
    check(lambda params: YellowFin(params, alpha0, **options), yellowfin(alpha0=alpha0, **options))


@pytest.mark.parametrize("variance", [1e-12, 1e-3, 1.0, 1e6])
@pytest.mark.parametrize("distance", [1e-4, 1.0, 1e3])
def test_a_single_step_minimizes_the_expected_squared_distance(distance, variance):
    mu, alpha = single_step(distance, variance, 0.5, 0.5)
    x = minimizer(distance, variance, 0.5)
    assert np.sqrt(mu) == pytest.approx(x, abs=1e-7)
    assert alpha == pytest.approx((1 - x) ** 2 / 0.5, rel=1e-6)


@pytest.mark.parametrize("condition_number", [1.0, 4.0, 100.0, 1e4])
def test_yellowfins_momentum_on_a_quadratic_approaches_the_optimum_as_noise_vanishes(condition_number):
    optimum = ((np.sqrt(condition_number) - 1) / (np.sqrt(condition_number) + 1)) ** 2
    mus = [single_step(1.0, noise, 0.5, 0.5 * condition_number)[0] for noise in (1e6, 1e2, 1e-2, 1e-8, 0.0)]
    assert np.all(np.diff(mus) <= 0)
    assert mus[0] > optimum
    assert mus[-1] == pytest.approx(optimum, abs=1e-15)


@pytest.mark.parametrize("condition_number", [4.0, 100.0])
def test_a_tuned_step_contracts_every_direction_of_a_quadratic_by_the_root_of_the_momentum(condition_number):
    mu, alpha = single_step(1.0, 0.0, 0.5, 0.5 * condition_number)
    for curvature in np.geomspace(0.5, 0.5 * condition_number, 7):
        step = np.array([[1 - alpha * curvature + mu, -mu], [1, 0]])
        assert max(abs(np.linalg.eigvals(step))) == pytest.approx(np.sqrt(mu), abs=1e-6)


def test_yellowfins_momentum_settles_at_the_optimum_for_the_range_it_measures():
    """Squared gradients that alternate between 1 and κ, with so little variance that the range decides."""
    w = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
    optimizer = YellowFin([w], beta=0.9, window=2)
    for t in range(400):
        w.grad = torch.full_like(w, 1.1 if t % 2 else 1.0)
        optimizer.step()
    assert optimizer.param_groups[0]["momentum"] == pytest.approx((0.1 / 2.1) ** 2, rel=1e-9)


def test_yellowfins_momentum_never_falls_below_that_of_the_range_it_measures():
    params = parameters()
    optimizer = YellowFin(params, beta=0.9, window=5)
    excess = []
    for t in range(40):
        optimizer.step(closure_of(params, optimizer, t))
        group = optimizer.param_groups[0]
        root = np.sqrt(group["h_max"] / group["h_min"])
        excess.append(group["momentum"] - ((root - 1) / (root + 1)) ** 2)
    assert min(excess) > -1e-12


# ------------------------------------------------------------------------------------ Barzilai–Borwein


def sgd_bb(eta, m, beta, smooth, weight_decay=0.0):
    """Tan et al., Algorithm 2, and the smoothing of section 4.1 with φ(k) = k + 1."""
    x, points, averages, scaled = START.copy(), [START.copy()], [], []
    for t in range(STEPS):
        if t % m == 0:
            k = t // m
            if k > 1:
                s, y = points[k] - points[k - 1], averages[k - 1] - averages[k - 2]
                eta = s @ s / abs(s @ y) / m
                scaled.append(eta * (k + 1))
                if smooth:
                    eta = np.prod(scaled) ** (1 / (k - 1)) / (k + 1)
            averages.append(np.zeros(4))
        g = gradient(x, t) + weight_decay * x
        averages[-1] = beta * g + (1 - beta) * averages[-1]
        x = x - eta * g
        if (t + 1) % m == 0:
            points.append(x)
        yield x, eta


@pytest.mark.parametrize(("m", "beta"), [(2, 1.0), (3, 0.5), (5, 0.9)])
@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
@pytest.mark.parametrize("smooth", [False, True])
def test_barzilai_borwein_is_algorithm_2(m, beta, smooth, weight_decay):
    options = {"beta": beta, "smooth": smooth, "weight_decay": weight_decay}
    params = parameters()
    w, alpha = advance(params, BarzilaiBorwein(params, 0.05, update_every=m, **options), STEPS)
    expected, eta = zip(*sgd_bb(0.05, m, **options), strict=True)
    np.testing.assert_allclose(w, expected, rtol=0, atol=1e-10)
    # η of the next window is known when a window closes.
    np.testing.assert_allclose(alpha[:-1], eta[1:], rtol=0, atol=1e-10)
    assert np.ptp(eta) > 1e-4


def test_barzilai_borwein_without_noise_keeps_to_the_inverse_curvatures():
    """Within a window m steps of η make about one Barzilai–Borwein step, and that lies between 1/L and 1/μ."""
    w = torch.nn.Parameter(torch.tensor(START))
    optimizer = BarzilaiBorwein([w], 1e-3, update_every=20, smooth=False)
    steps = []
    for _ in range(1000):
        w.grad = torch.tensor(HESSIAN) @ w.detach()
        optimizer.step()
        steps.append(20 * optimizer.param_groups[0]["lr"])
    curvatures = np.linalg.eigvalsh(HESSIAN)
    assert np.all(np.array(steps[40:]) > 0.9 / curvatures[-1])
    assert np.all(np.array(steps[40:]) < 1.1 / curvatures[0])
    assert weights([w]).abs().max() < 1e-8
