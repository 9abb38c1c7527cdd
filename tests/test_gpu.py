"""What only a GPU can show; skipped where there is none. `tools/gpu.py` runs this before it records."""

import time
import warnings

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from tlr import TLR, learning_rates
from tlr.course.data import Data, load
from tlr.course.models import MLP, WideResNet
from tlr.course.precision import Speed
from tlr.course.training import train
from tlr.optim.products import inner_products

pytestmark = [
    pytest.mark.skipif(not torch.cuda.is_available(), reason="There is no GPU here."),
    pytest.mark.filterwarnings("ignore:Windows of .* are shorter than:UserWarning"),
]

DEVICE = "cuda"
OPTIONS = {"lr": 0.05, "momentum": 0.8, "weight_decay": 5e-4, "update_every": 15}


@pytest.fixture(scope="module")
def colors():
    """Digits in color: what a network of convolutions learns fast."""
    digits = load("digits")
    x_train, x_test = (x[..., None].repeat(3, axis=3) for x in (digits.x_train, digits.x_test))
    return Data("colors", x_train, digits.y_train, x_test, digits.y_test)


def trained(data, model, speed=None, **options):
    model = model.to(DEVICE)
    optimizer = TLR(model.parameters(), **OPTIONS | options)
    return model, train(model, optimizer, data, epochs=3, batch_size=32, progress=False, speed=speed)


def alphas(device, steps=60, **options):
    """α after every step on the digits, and the weights in the end."""
    x, y, _, _ = load("digits").tensors(device)
    model = MLP(64, 32, 10).to(device)
    optimizer, found = TLR(model.parameters(), **OPTIONS | options), []
    for step in range(steps):
        batch = slice(16 * step, 16 * step + 16)
        optimizer.zero_grad()
        cross_entropy(model(x[batch] / 128 - 1), y[batch]).backward()
        optimizer.step()
        found.append(optimizer.param_groups[0]["lr"])
    return np.array(found), torch.cat([p.detach().flatten().cpu() for p in model.parameters()])


@pytest.mark.parametrize("kernel", [{"foreach": True}, {"fused": True}], ids=["foreach", "fused"])
@pytest.mark.parametrize("curvature", ["published", "secant", "slope", "steady"])
def test_every_kernel_takes_alpha_where_a_cpu_does(kernel, curvature):
    alpha, weights = alphas(DEVICE, curvature=curvature, **kernel)
    expected, at = alphas("cpu", curvature=curvature, foreach=False)
    assert len(set(expected)) > 2  # α has moved
    np.testing.assert_allclose(alpha, expected, rtol=2e-3)
    torch.testing.assert_close(weights, at, rtol=2e-3, atol=2e-3)


def test_products_are_summed_on_the_device():
    torch.manual_seed(0)
    xs, ys = ([torch.randn(1000, 300) for _ in range(20)] for _ in range(2))
    on_device = inner_products([x.to(DEVICE) for x in xs], [y.to(DEVICE) for y in ys])
    exact = [float((x.double() * y.double()).sum()) for x, y in zip(xs, ys, strict=True)]
    np.testing.assert_allclose(on_device, exact, rtol=1e-4, atol=0.05)


def test_the_host_waits_once_an_update_and_never_between():
    model = MLP(64, 32, 10).to(DEVICE)
    optimizer = TLR(model.parameters(), **OPTIONS, fused=True)
    x, y = torch.randn(32, 64, device=DEVICE), torch.zeros(32, dtype=torch.int64, device=DEVICE)
    waits = []
    for _ in range(6 * OPTIONS["update_every"]):
        optimizer.zero_grad()
        cross_entropy(model(x), y).backward()
        torch.cuda.set_sync_debug_mode("warn")
        try:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                optimizer.step()
        finally:
            torch.cuda.set_sync_debug_mode("default")
        waits.append(sum("synchronizing" in str(warning.message) for warning in caught))
    print(f"\nwaits of the host at {[step for step, count in enumerate(waits, 1) if count]}")
    assert sum(waits[2 * OPTIONS["update_every"] :]) == 4


def test_the_same_seed_gives_the_same_weights_and_nearly_the_same_run(colors):
    on_device, on_cpu = MLP(64, 32, 10, seed=3).to(DEVICE), MLP(64, 32, 10, seed=3)
    for there, here in zip(on_device.parameters(), on_cpu.parameters(), strict=True):
        torch.testing.assert_close(there.cpu(), here, rtol=0, atol=0)
    first, second = (trained(colors, WideResNet(10, 1, 10))[1] for _ in range(2))
    np.testing.assert_allclose(first.train_loss, second.train_loss, rtol=0.02)


@pytest.mark.parametrize("precision", ["float32", "bfloat16", "float16"])
def test_each_precision_trains_float32_weights(colors, precision):
    if precision == "bfloat16" and not torch.cuda.is_bf16_supported():
        pytest.skip("This GPU has no bfloat16.")
    model, history = trained(colors, WideResNet(10, 1, 10), Speed(precision))
    assert {p.dtype for p in model.parameters()} == {torch.float32}
    assert history.status == "done"
    assert history.train_loss[-1] < history.train_loss[0] / 2
    assert (history.alpha > 0).all()


def test_a_step_that_the_scaler_skips_is_no_step_of_a_window():
    w = torch.nn.Parameter(torch.ones(4, device=DEVICE))
    optimizer, scaler = TLR([w], lr=0.1, update_every=2), torch.amp.GradScaler(DEVICE, init_scale=8.0)
    for gradient in (1.0, 1.0, torch.inf, 1.0, 1.0):
        w.grad = torch.full_like(w, gradient) * scaler.scale(torch.ones((), device=DEVICE))
        scaler.step(optimizer)
        scaler.update()
    assert learning_rates(optimizer)["model"] == pytest.approx(0.125)  # after the second full window, by c = 1/4
    torch.testing.assert_close(w.detach().cpu(), torch.full((4,), 0.6))


def test_channels_last_changes_the_layout_and_no_result(colors):
    x, y, _, _ = colors.tensors(DEVICE)
    losses = []
    for layout in (torch.contiguous_format, torch.channels_last):
        model = WideResNet(10, 1, 10).to(DEVICE, memory_format=layout)
        loss = cross_entropy(model((x[:64] / 128 - 1).to(memory_format=layout)), y[:64])
        optimizer = TLR(model.parameters(), lr=0.1, fused=True)
        loss.backward()
        optimizer.step()
        losses.append(cross_entropy(model((x[:64] / 128 - 1).to(memory_format=layout)), y[:64]).item())
        assert model.conv.weight.is_contiguous(memory_format=layout)
    assert losses[0] == pytest.approx(losses[1], rel=1e-2)


def test_an_epoch_of_the_papers_network_is_timed():
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (50_000, 32, 32, 3), np.uint8), np.arange(50_000) % 10
    data = Data("noise", *noise, noise[0][:1000], noise[1][:1000])
    model = WideResNet().to(DEVICE)
    optimizer = TLR(model.parameters(), lr=0.1, momentum=0.8, weight_decay=5e-4, update_every=65, fused=True)
    precision = "bfloat16" if torch.cuda.is_bf16_supported() else "float16"
    start = time.perf_counter()
    how = {"augment": "crop-flip", "speed": Speed(precision), "progress": False}
    history = train(model, optimizer, data, epochs=2, batch_size=256, **how)
    print(f"\nan epoch of WRN-16-4 in batches of 256: {history.seconds[-1]:.2f} s, {precision}, ", end="")
    print(f"{torch.cuda.get_device_name()}; both epochs with their start {time.perf_counter() - start:.0f} s")
    assert history.status == "done"
