"""All state is in `state` and `param_groups`: a run resumed in mid-window equals one never stopped."""

import copy
import gzip
import io
import math
import pickle

import earlier
import pytest
import torch
from problems import all_equal, gradients, rate, tensors, weights

from tlr import TLR
from tlr.optim import TLRAdam, TLRAdamW
from tlr.reference import ReferenceTLR


def steps(optimizer, params, numbers):
    for number in numbers:
        gradients(params, number)
        optimizer.step()


def rates(optimizer):
    return [float(group["lr"]) for group in optimizer.param_groups]


def through_a_file(*values):
    file = io.BytesIO()
    torch.save(values, file)
    file.seek(0)
    return torch.load(file, weights_only=True)


MODES = {
    "float32, displacement": (torch.float32, {"lr": 0.01}, False),
    "float32, summed": (torch.float32, {"lr": 1e-8}, True),
    "float64": (torch.float64, {"lr": 0.01}, False),
    "bfloat16": (torch.bfloat16, {"lr": 0.01}, True),
    "float16": (torch.float16, {"lr": 0.01}, True),
    "complex64, displacement": (torch.complex64, {"lr": 0.01}, False),
    "complex64, summed": (torch.complex64, {"lr": 1e-8}, True),
    "a rate a tensor": (torch.float32, {"lr": torch.tensor(0.01), "per": "tensor"}, False),
    "restarts": (torch.float32, {"lr": 0.01, "restart_below": 0.0095}, False),
}
BASES = {
    "SGD": (TLR, {}),
    "momentum": (TLR, {"momentum": 0.9, "nesterov": True, "weight_decay": 1e-3}),
    "fused": (TLR, {"momentum": 0.9, "fused": True}),
    "Adam": (TLRAdam, {}),
    "AdamW": (TLRAdamW, {"amsgrad": True}),
}
RUNS = [
    (base, mode)
    for base in BASES
    for mode, (dtype, _, _) in MODES.items()
    if not ("Adam" in base and dtype.itemsize == 2)  # refused
    if not (base == "fused" and dtype.is_complex)  # torch has no such kernel
]


@pytest.mark.parametrize(("base", "mode"), RUNS)
@pytest.mark.parametrize("stop", [2, 10], ids=["in the first window", "in a later window"])
def test_a_run_resumed_in_mid_window_equals_one_never_stopped(base, mode, stop):
    optimizer_class, options = BASES[base]
    dtype, more, summed = MODES[mode]
    options = {**options, **copy.deepcopy(more), "update_every": 4}
    straight = tensors(dtype)
    optimizer = optimizer_class(straight, **options)
    steps(optimizer, straight, range(stop))
    if stop > 4 and "Adam" not in base:
        assert optimizer.param_groups[0]["summed"] == summed
    assert optimizer.param_groups[0]["steps_in_window"] == 2

    values, state = through_a_file([p.detach() for p in straight], optimizer.state_dict())
    resumed = [torch.nn.Parameter(value) for value in values]
    loaded = optimizer_class(resumed, **options)
    loaded.load_state_dict(state)
    copies = {
        "state_dict": (resumed, loaded),
        "deepcopy": copy.deepcopy((straight, optimizer)),
        "pickle": pickle.loads(pickle.dumps((straight, optimizer))),
    }
    steps(optimizer, straight, range(stop, stop + 13))
    assert rates(optimizer) != [float(more["lr"])] * len(optimizer.param_groups)
    for params, each in copies.values():
        steps(each, params, range(stop, stop + 13))
        assert all_equal(params, straight)
        assert rates(each) == rates(optimizer)


def test_loading_leaves_the_loaded_dict_and_the_options_of_its_owner_alone():
    params = tensors()
    optimizer = TLR(params, lr=0.01, update_every=4)
    steps(optimizer, params, range(6))
    saved = copy.deepcopy(optimizer.state_dict())
    kept = copy.deepcopy(saved)
    other = tensors()
    loaded = TLR(other, lr=0.5, per="tensor", update_every=4)
    loaded.load_state_dict(TLR(tensors(), lr=0.01, per="tensor", update_every=4).state_dict())
    again = TLR(tensors(), lr=0.5, update_every=4)
    again.load_state_dict(saved)
    steps(again, [p for group in again.param_groups for p in group["params"]], range(3))
    assert saved["param_groups"] == kept["param_groups"]


def test_a_plain_sgds_state_gives_every_tensor_its_alpha():
    params = tensors()
    sgd = torch.optim.SGD(params, lr=0.02, momentum=0.9)
    steps(sgd, params, range(3))
    optimizer = TLR(params, lr=0.5, momentum=0.9, per="tensor", update_every=2)
    optimizer.load_state_dict(copy.deepcopy(sgd.state_dict()))
    assert rates(optimizer) == [0.02] * 3
    assert all_equal(
        [optimizer.state[p]["momentum_buffer"] for p in params], [sgd.state[p]["momentum_buffer"] for p in params]
    )
    steps(optimizer, params, range(3, 9))
    assert len(set(rates(optimizer))) > 1


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_state_follows_the_parameters_to_another_device(dtype):
    """To "meta", the one other device that every machine has."""
    params = tensors(dtype)
    optimizer = TLR(params, lr=0.01, momentum=0.9, update_every=4)
    steps(optimizer, params, range(6))
    elsewhere = [torch.nn.Parameter(p.detach().to("meta")) for p in params]
    loaded = TLR(elsewhere, lr=0.5, momentum=0.9, update_every=4)
    loaded.load_state_dict(optimizer.state_dict())
    for p, q in zip(params, elsewhere, strict=True):
        for key, value in optimizer.state[p].items():
            assert loaded.state[q][key].device.type == "meta"
            assert loaded.state[q][key].dtype == value.dtype
    assert rates(loaded) == rates(optimizer)
    assert loaded.param_groups[0]["steps_in_window"] == 2


@pytest.mark.parametrize("name", earlier.CASES)
def test_a_checkpoint_of_an_earlier_version_resumes_identically(name):
    optimizer_class, _, options = earlier.CASES[name]
    with gzip.open(earlier.FILE) as file:
        saved = torch.load(file, weights_only=True)[name]
    params = [torch.nn.Parameter(value) for value in saved["weights"]]
    optimizer = optimizer_class(params, **options)
    optimizer.load_state_dict(saved["optimizer"])
    alphas = earlier.run(optimizer, params, range(earlier.SAVED, earlier.SAVED + earlier.AFTER))
    # To the last bit where it was saved; another processor may add in another order.
    rounding = {torch.bfloat16: 1e-2, torch.float32: 1e-5, torch.float64: 1e-12}[params[0].dtype]
    torch.testing.assert_close(torch.tensor(alphas), torch.tensor(saved["alphas"]), rtol=rounding, atol=0)
    torch.testing.assert_close([p.detach() for p in params], saved["after"], rtol=rounding, atol=rounding)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        *(({"lr": value}, f"its α .* is {value}") for value in (-1.0, math.nan, math.inf)),
        ({"lr": torch.tensor(-1.0)}, "its α .* is -1"),
        ({"update_every": 0}, "update_every counts steps"),
        ({"update_every": 2.5}, "update_every counts steps"),
        ({"c": -1.0}, "c bounds the relative increase"),
        ({"curvature": "exact"}, "Unknown curvature 'exact'"),
        ({"per": "layer"}, "'model', 'group' or 'tensor'"),
        ({"restart_below": 1.0, "restart_at": 0.5}, "0 < restart_below < restart_at"),
    ],
    ids=str,
)
def test_a_state_that_could_not_have_been_begun_is_refused_and_nothing_is_loaded(changes, said):
    params = tensors()
    optimizer = TLR(params, lr=0.01, momentum=0.9, update_every=4)
    steps(optimizer, params, range(6))
    before, momentum = optimizer.state_dict(), optimizer.state[params[0]]["momentum_buffer"].clone()
    state = copy.deepcopy(before)
    state["param_groups"][0].update(changes)
    for kept in state["state"].values():
        kept["momentum_buffer"].zero_()
    with pytest.raises(ValueError, match=said):
        optimizer.load_state_dict(state)
    assert optimizer.state_dict()["param_groups"] == before["param_groups"]
    assert torch.equal(optimizer.state[params[0]]["momentum_buffer"], momentum)


def test_the_state_of_another_optimizer_is_refused():
    params = tensors()
    adam = torch.optim.Adam(params, lr=0.01)
    steps(adam, params, range(3))
    with pytest.raises(ValueError, match="another optimizer's: its groups have no dampening, momentum"):
        TLR(tensors()).load_state_dict(adam.state_dict())


def test_the_state_of_another_base_is_refused():
    params = tensors()
    sgd = TLR(params, momentum=0.8)
    steps(sgd, params, range(3))
    with pytest.raises(ValueError, match="another optimizer's: it has no 'step'"):
        TLRAdam(tensors()).load_state_dict(sgd.state_dict())


def test_a_state_that_a_schedule_has_taken_to_zero_is_loaded():
    optimizer = TLR(tensors())
    optimizer.param_groups[0]["lr"] = 0.0
    loaded = TLR(tensors())
    loaded.load_state_dict(optimizer.state_dict())
    assert rate(loaded) == 0


# Groups and parameters that come late --------------------------------------------------------------------------------


@pytest.mark.parametrize("alpha", [1e-2, 1e-9])
@pytest.mark.parametrize("late", ["group", "gradient"])
def test_what_comes_in_mid_run_starts_with_the_next_window(late, alpha):
    first, second = weights(50, torch.float32), weights(50, torch.float32)
    options = {"lr": alpha, "update_every": 4, "per": "tensor"}
    optimizer = TLR([first, second] if late == "gradient" else [first], **options)
    twins = [ReferenceTLR(w.detach().numpy(), alpha, update_every=4) for w in (first, second)]
    generator = torch.Generator().manual_seed(0)
    for step in range(24):
        if step == 6 and late == "group":  # in the middle of a window
            optimizer.add_param_group({"params": [second]})
        for number, (p, twin) in enumerate(zip((first, second), twins, strict=True)):
            if number and step < 6:
                continue
            p.grad = torch.randn(50, generator=generator) + 0.5
            twin.step(p.grad.double().numpy())
            if number and step == 7:  # what it did in the window that was open before it came does not count
                twin.steps, twin.total = 0, 0 * twin.total
        optimizer.step()
    assert rates(optimizer) == pytest.approx([twin.alpha for twin in twins], rel=2e-3)
    assert alpha not in rates(optimizer)


def test_freezing_in_mid_run_leaves_the_others_as_they_would_be():
    w, frozen, v = weights(), weights(), weights()
    optimizer, alone = TLR([w, frozen], lr=0.003, per="tensor", update_every=3), TLR([v], lr=0.003, update_every=3)
    for step in range(18):
        if step == 7:
            frozen.requires_grad_(False)
            frozen.grad = None
            stopped = frozen.detach().clone()
        gradients([w, frozen], step)
        v.grad = w.grad.clone()
        optimizer.step()
        alone.step()
    assert torch.equal(frozen, stopped)
    assert torch.equal(w, v)
    assert rates(optimizer)[0] == rate(alone) != 0.003


# α changed from outside ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("options", [{"update_every": 1}, {"update_every": 6, "momentum": 0.8}], ids=str)
@pytest.mark.parametrize("tensor", [False, True], ids=["float", "tensor"])
def test_lr_can_be_set_by_hand_at_any_step(dtype, options, tensor):
    w = torch.nn.Parameter(torch.ones(200, dtype=dtype))
    optimizer = TLR([w], lr=torch.tensor(0.01) if tensor else 0.01, **options)
    twin = ReferenceTLR(w.detach().double().numpy(), 0.01, **options)
    generator = torch.Generator().manual_seed(0)
    for step in range(40):
        if step in (14, 20, 27):  # in mid-window, twice, and by a factor of a hundred
            value = {14: 1e-4, 20: 3e-4, 27: 2e-2}[step]
            twin.alpha = value
            if tensor:
                optimizer.param_groups[0]["lr"].fill_(value)
            else:
                optimizer.param_groups[0]["lr"] = value
        w.grad = (torch.randn(200, generator=generator) + 0.3).to(dtype)
        twin.step(w.grad.double().numpy())
        optimizer.step()
        assert rate(optimizer) == pytest.approx(twin.alpha, rel=1e-5 if dtype == torch.float64 else 3e-3)
    assert rate(optimizer) != pytest.approx(2e-2)


@pytest.mark.parametrize("options", [{"update_every": 1}, {"update_every": 6}], ids=str)
def test_steps_with_a_rate_of_zero_are_no_steps(options):
    w, v = weights(), weights()
    optimizer, never_stopped = TLR([w], lr=0.003, **options), TLR([v], lr=0.003, **options)
    for step in range(24):
        gradients([w], step)
        v.grad = w.grad.clone()
        if 15 <= step < 20:
            before, alpha = w.detach().clone(), rate(optimizer)
            optimizer.param_groups[0]["lr"] = 0.0
            optimizer.step()
            assert torch.equal(w, before)
            optimizer.param_groups[0]["lr"] = alpha
        else:
            optimizer.step()
            never_stopped.step()
    assert rate(optimizer) == rate(never_stopped) != 0.003
    assert torch.equal(w, v)
