"""torch.compile: the base's step stays one graph, and a change of α compiles nothing that SGD's lr would not."""

import locale
from itertools import pairwise

import pytest
import torch
from problems import all_equal, rate
from torch.optim import SGD, Adam

from tlr import TLR
from tlr.optim import TLRAdam

testing = pytest.importorskip("torch._dynamo.testing", reason="This torch cannot count compiled graphs.")

STEPS = 18

pytestmark = [
    # torch's compiler imports modules of its own that torch calls deprecated,
    pytest.mark.filterwarnings("ignore:`torch.jit.script_method` is deprecated:DeprecationWarning"),
    # and reads some in the locale's encoding.
    pytest.mark.skipif(locale.getencoding().lower() not in ("utf-8", "utf8"), reason="torch compiles in UTF-8 alone"),
]


@pytest.fixture(autouse=True)
def _nothing_compiled_before():
    torch._dynamo.reset()
    yield
    torch._dynamo.reset()


def problem(optimizer_class, **options):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1))
        x = torch.randn(32, 4)
    return model, x, optimizer_class(model.parameters(), **options)


def train(model, x, optimizer, compiled, rates=None):
    """The number of graphs compiled after each step, and α; `rates`: a learning rate to set after each step."""
    graphs = testing.CompileCounter()
    counts, alphas = [], []

    def training_step():
        optimizer.zero_grad()
        (model(x) - x.sum(1, keepdim=True)).square().mean().backward()
        optimizer.step()

    if compiled == "optimizer.step":
        optimizer.step = torch.compile(optimizer.step, backend=graphs)
    step = torch.compile(training_step, backend=graphs) if compiled == "training step" else training_step
    for i in range(STEPS):
        step()
        if rates:
            for group in optimizer.param_groups:
                group["lr"].fill_(rates[i]) if isinstance(group["lr"], torch.Tensor) else group.update(lr=rates[i])
        counts.append(graphs.frame_count)
        alphas.append(rate(optimizer))
    return counts, alphas


WINDOWS = {"update_every": 3, "momentum": 0.9}


@pytest.mark.parametrize(
    ("compiled", "tensor", "options"),
    [
        ("optimizer.step", False, {}),
        ("optimizer.step", False, WINDOWS),
        ("optimizer.step", True, WINDOWS),
        ("optimizer.step", True, {"per": "tensor"}),
        ("optimizer.step", True, {**WINDOWS, "curvature": "slope"}),
        ("training step", False, WINDOWS),
        ("training step", True, WINDOWS),
    ],
    ids=str,
)
def test_it_compiles_what_sgd_compiles_when_its_rate_is_changed(compiled, tensor, options):
    def lr():
        return torch.tensor(1e-3) if tensor else 1e-3

    _, expected = train(*problem(TLR, lr=lr(), **options), compiled=None)
    torch._dynamo.reset()
    counts, alphas = train(*problem(TLR, lr=lr(), **options), compiled=compiled)
    torch._dynamo.reset()
    momentum = {key: value for key, value in options.items() if key == "momentum"}
    sgd, _ = train(*problem(SGD, lr=lr(), **momentum), compiled=compiled, rates=alphas)
    assert alphas == expected
    assert len(set(alphas)) >= STEPS // 3 - 1
    assert counts[-1] == sgd[-1]  # none for a change of α but the one with which dynamo learns that a float changes
    assert sum(b > a for a, b in pairwise(counts)) <= 2


def test_no_change_of_mode_compiles_anything():
    model, x, optimizer = problem(TLR, lr=torch.tensor(1e-3), update_every=3, restart_below=1e-4)
    switching = [1e-9 if 5 < i < 11 else 1e-3 for i in range(STEPS)]  # so small that directions are summed
    counts, _ = train(model, x, optimizer, "optimizer.step", rates=switching)
    assert counts == [1] * STEPS


@pytest.mark.parametrize("tensor", [False, True], ids=["float", "tensor"])
def test_a_float_rate_is_compiled_anew_at_every_change_as_for_sgd_and_a_tensor_is_not(tensor):
    """With aot_eager, which compiles as inductor does: a mere count of dynamo's graphs does not show it."""
    from torch._dynamo.utils import counters

    graphs = {}
    for optimizer_class, options in ((TLR, {"update_every": 2}), (SGD, {})):
        torch._dynamo.reset()
        counters.clear()
        w = torch.nn.Parameter(torch.ones(3))
        optimizer = optimizer_class([w], lr=torch.tensor(0.01) if tensor else 0.01, **options)
        step, graphs[optimizer_class] = torch.compile(optimizer.step, backend="aot_eager"), []
        for number in range(12):
            w.grad = torch.ones(3)
            step()
            graphs[optimizer_class].append(counters["stats"]["unique_graphs"])
            if optimizer_class is SGD and not tensor and number in (3, 5, 7, 9, 11):
                optimizer.param_groups[0]["lr"] *= 1.25
    assert graphs[TLR] == graphs[SGD]
    assert graphs[TLR][-1] == (1 if tensor else 5)


def test_over_adam_it_compiles_what_adam_compiles():
    counts, alphas = train(*problem(TLRAdam, lr=1e-3, update_every=3), compiled="optimizer.step")
    torch._dynamo.reset()
    expected, _ = train(*problem(Adam, lr=1e-3), compiled="optimizer.step", rates=alphas)
    assert len(set(alphas)) >= STEPS // 3 - 1
    assert counts == expected


def interrupt(optimizer, monkeypatch):
    """Press Ctrl-C in the middle of a compiled step."""

    def interrupted(_):
        raise KeyboardInterrupt

    with monkeypatch.context() as context:
        context.setattr(TLR, "_base_step", staticmethod(interrupted))
        context.setattr(torch.compiler, "is_compiling", lambda: True)
        with pytest.raises(KeyboardInterrupt):
            optimizer.step()
    assert "update_every" not in optimizer.param_groups[0]  # it was set aside


def test_a_compiled_step_that_is_interrupted_loses_no_state(monkeypatch):
    runs = [problem(TLR, lr=1e-3, update_every=3) for _ in range(2)]
    for run in runs:
        train(*run, compiled=None)
    (model, _, optimizer), (unharmed, _, other) = runs
    interrupt(optimizer, monkeypatch)
    assert [group.keys() for group in optimizer.state_dict()["param_groups"]] == [other.param_groups[0].keys()]
    for run in runs:
        train(*run, compiled=None)
    assert all_equal(model.parameters(), unharmed.parameters())
    assert rate(optimizer) == rate(other)


def test_a_group_can_be_added_after_a_compiled_step_that_was_interrupted(monkeypatch):
    run = problem(TLR, lr=1e-3, update_every=3)
    train(*run, compiled=None)
    optimizer = run[-1]
    interrupt(optimizer, monkeypatch)
    optimizer.add_param_group({"params": [torch.nn.Parameter(torch.ones(2))]})
    first, added = optimizer.param_groups
    assert added["lr"] == first["lr"]
