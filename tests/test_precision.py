"""tlr.course.precision: faster, and the same up to rounding; what cannot be is said in one sentence."""

import numpy as np
import pytest
import torch

from tlr import TLR
from tlr.course.data import Data, load
from tlr.course.models import MLP, WideResNet
from tlr.course.peers import make_optimizer
from tlr.course.precision import Speed, choose_precision, has_convolutions
from tlr.course.training import train

# torch's compiler imports modules of its own that torch calls deprecated.
pytestmark = [
    pytest.mark.filterwarnings("ignore:`torch.jit.script_method` is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Windows of .* are shorter than:UserWarning"),
]

STEPS = {"batch_size": 32, "progress": False}


@pytest.fixture(scope="module")
def colours():
    """Digits in colour, few of them: what a network of convolutions learns fast."""
    digits = load("digits")
    pictures = {key: getattr(digits, key)[..., None].repeat(3, axis=3) for key in ("x_train", "x_test")}
    return Data(
        "colours", pictures["x_train"][:320], digits.y_train[:320], pictures["x_test"][:100], digits.y_test[:100]
    )


def tlr(model, **options):
    return TLR(model.named_parameters(), lr=0.05, momentum=0.8, update_every=4, **options)


def run(data, speed=None, epochs=2, model=None, **options):
    model = model or WideResNet(10, 1, 10)
    return model, train(model, tlr(model), data, epochs=epochs, speed=speed, **STEPS | options)


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_less_precision_trains_alike_on_weights_that_stay_float32(colours, precision):
    _, plain = run(colours)
    model, history = run(colours, Speed(precision))
    assert all(p.dtype == torch.float32 for p in model.parameters())
    assert history.train_loss[1] < 0.8 * history.train_loss[0]
    np.testing.assert_allclose(history.train_loss, plain.train_loss, rtol=0.05)
    np.testing.assert_allclose(history.alpha, plain.alpha, rtol=0.2)


def test_the_networks_products_have_the_precision(colours):
    seen = []
    model = WideResNet(10, 1, 10)
    model.conv.register_forward_hook(lambda module, inputs, output: seen.append((module.training, output.dtype)))
    run(colours, Speed("bfloat16"), epochs=1, model=model)
    assert set(seen) == {(True, torch.bfloat16), (False, torch.bfloat16)}


def test_convolutions_get_their_channels_last(colours):
    seen = []
    model = WideResNet(10, 1, 10)
    last = {"memory_format": torch.channels_last}
    model.group2.register_forward_hook(lambda module, inputs, output: seen.append(output.is_contiguous(**last)))
    run(colours, epochs=1, model=model)
    assert seen
    assert all(seen)
    assert has_convolutions(model)
    assert not has_convolutions(MLP(4, 3, 2))


def test_float16_goes_on_with_the_scale_that_it_had(colours):
    _, expected = run(colours, Speed("float16"))
    speed, model = Speed("float16"), WideResNet(10, 1, 10)
    optimizer = tlr(model)
    history = train(model, optimizer, colours, epochs=1, speed=speed, **STEPS)
    later = Speed("float16")
    later.load_state_dict(speed.state_dict())
    train(model, optimizer, colours, epochs=2, speed=later, history=history, **STEPS)
    np.testing.assert_array_equal(history.train_loss, expected.train_loss)


def test_compiled_it_is_the_same_run_and_compiling_changes_nothing(colours, monkeypatch):
    compiled = torch.compile
    monkeypatch.setattr(torch, "compile", lambda model, **options: compiled(model, backend="eager", **options))
    _, plain = run(colours, batch_size=300)  # the second batch of an epoch is smaller
    speed = Speed(compile=True)
    model, history = run(colours, speed, batch_size=300)
    np.testing.assert_allclose(history.train_loss, plain.train_loss, rtol=1e-6)
    np.testing.assert_array_equal(history.test_accuracy, plain.test_accuracy)
    assert speed.compile_seconds > 0
    assert not any(name.startswith("_orig_mod") for name in model.state_dict())


def test_after_the_warm_up_nothing_is_compiled(colours):
    testing = pytest.importorskip("torch._dynamo.testing", reason="This torch cannot count compiled graphs.")
    torch._dynamo.reset()
    counts, counter = [], testing.CompileCounter()
    with pytest.MonkeyPatch.context() as patch:
        compiled = torch.compile
        patch.setattr(torch, "compile", lambda model, **options: compiled(model, backend=counter, **options))
        warm_up = Speed.warm_up
        patch.setattr(Speed, "warm_up", lambda *args: (warm_up(*args), counts.append(counter.frame_count)))
        run(colours, Speed(compile=True), batch_size=300)
    assert counts == [3], "two sizes of a batch, and the evaluation"
    assert counter.frame_count == 3


@pytest.mark.parametrize("method", ["alig", "naive", "sls", "sps"])
def test_float16_and_a_step_that_needs_the_loss_are_refused_together(colours, method):
    model = WideResNet(10, 1, 10)
    optimizer = make_optimizer(
        method, model.parameters(), **{"sls": {"steps_per_epoch": 10}, "sps": {"steps_per_epoch": 10}}.get(method, {})
    )
    with pytest.raises(
        ValueError, match=rf"^{type(optimizer).__name__} needs the loss itself, .* choose the precision"
    ):
        train(model, optimizer, colours, epochs=1, speed=Speed("float16"), **STEPS)


def test_an_unknown_precision_is_refused():
    with pytest.raises(ValueError, match="Unknown precision 'int4': choose from float32, bfloat16, float16"):
        Speed("int4")


@pytest.mark.parametrize(
    ("device", "model", "capability", "expected"),
    [
        ("cpu", WideResNet(10, 1), None, "float32"),
        ("cuda", MLP(4, 3, 2), (9, 0), "float32"),
        ("cuda", WideResNet(10, 1), (9, 0), "bfloat16"),
        ("cuda", WideResNet(10, 1), (7, 5), "float16"),  # a T4 only emulates bfloat16
    ],
)
def test_the_precision_follows_from_the_device_and_the_network(monkeypatch, device, model, capability, expected):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    assert choose_precision("auto", torch.device(device), model) == expected
    assert choose_precision("float16", torch.device(device), model) == "float16"


def test_so_is_a_step_of_torch_that_cannot_do_without_a_closure():
    model = WideResNet(10, 1, 10)
    with pytest.raises(ValueError, match=r"^LBFGS needs the loss itself"):
        Speed("float16").prepare(model, torch.optim.LBFGS(model.parameters()))
