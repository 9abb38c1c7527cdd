"""The cases that torch tests its own SGD with, run against TLR.

`torch.testing._internal.common_optimizers` lists SGD's configurations, schedulers and errors. Each configuration is
taken twice: as it is (Algorithm 2, or Eq. 10 over single steps), and with arguments of our own and a window of two
steps, which the few steps of a case fill several times; and each with torch's three implementations: loop, foreach,
fused.

Left out, because they cannot be: `differentiable=True` (refused: α is computed on the host; see test_tlr.py);
fused with sparse gradients (torch raises, which is tested); fused with strided parameters on a CPU (torch's kernel
ignores strides); fused with a gradient that appears after the first step, with momentum (torch raises); foreach with
Nesterov momentum and no weight decay leaves p.grad changed (torch adds the momentum in place; asserted to be SGD's
doing); capturable, CUDA graphs and memory on a GPU (no GPU in CI).
"""

import copy
import io
import pickle

import pytest
import torch
from problems import all_equal, gradients, rate, tensors
from torch.nn import Parameter
from torch.optim import SGD

from tlr import TLR
from tlr.optim import skipped_updates

pytest.importorskip("expecttest", reason="torch's optimizer cases need it.")
common = pytest.importorskip("torch.testing._internal.common_optimizers", reason="This torch ships no optimizer cases.")

TORCH = next(info for info in common.optim_db if info.optim_cls is SGD)
STOCK = {case.desc: case.kwargs for case in TORCH.optim_inputs_func("cpu")}
OURS = {
    "as it is": {},
    "ours": {"update_every": 2, "curvature": "secant", "c": 0.5},
    "slope": {"update_every": 2, "curvature": "slope"},
}
KERNELS = {
    "loop": {"foreach": False, "fused": False},
    "foreach": {"foreach": True, "fused": False},
    "fused": {"foreach": False, "fused": True},
}

stock = pytest.mark.parametrize("stock", STOCK)
ours = pytest.mark.parametrize("ours", OURS)
kernel = pytest.mark.parametrize("kernel", KERNELS)


def options(stock, ours="as it is", kernel="loop"):
    """One configuration; SGD's default learning rate, where it states none, as TLR has another."""
    return {"lr": 1e-3, **copy.deepcopy(STOCK[stock]), **OURS[ours], **KERNELS[kernel]}


def only_sgd(options):
    return {key: value for key, value in options.items() if not any(key in added for added in OURS.values())}


def run(optimizer, params, steps, start=0, freeze=()):
    """Steps with gradients that depend on the weights and the step; `freeze`: from the third on, params without one."""
    for step in range(start, start + steps):
        gradients(params, step)
        if step >= 2:
            for i in freeze:
                params[i].grad = None
        optimizer.step()


def rates(optimizer):
    return [float(group["lr"]) for group in optimizer.param_groups]


def moved(optimizer):
    return any(value != pytest.approx(float(optimizer.defaults["lr"]), rel=1e-5) for value in rates(optimizer))


# Every step is SGD's -------------------------------------------------------------------------------------------------


@stock
@ours
@kernel
def test_every_step_is_sgds_with_the_same_alpha_to_the_last_bit(stock, ours, kernel):
    mine, theirs = tensors(), tensors()
    chosen = options(stock, ours, kernel)
    optimizer = TLR(mine, **chosen)
    plain = optimizer.param_groups[0]["update_every"] == 1 and not (
        chosen.get("momentum") or chosen.get("weight_decay")
    )
    partner = {id(p): q for p, q in zip(mine, theirs, strict=True)}
    groups = [{"params": [partner[id(p)] for p in group["params"]]} for group in optimizer.param_groups]
    sgd = SGD(groups, **only_sgd(chosen))
    for step in range(12):
        before = rates(optimizer)
        gradients(mine, step)
        gradients(theirs, step)
        if step >= 6:
            mine[1].grad = theirs[1].grad = None
        optimizer.step()
        for group, used in zip(sgd.param_groups, rates(optimizer) if plain else before, strict=True):
            group["lr"] = used
        sgd.step()
        assert all_equal(mine, theirs)
    assert moved(optimizer)


@stock
@ours
@kernel
def test_between_updates_it_is_sgd_to_the_last_bit(stock, ours, kernel):
    mine, theirs = tensors(torch.float32), tensors(torch.float32)
    chosen = options(stock, ours, kernel)
    run(TLR(mine, **chosen | {"update_every": 100}), mine, 8, freeze=[1])
    run(SGD(theirs, **only_sgd(chosen)), theirs, 8, freeze=[1])
    assert all_equal(mine, theirs)


@stock
@ours
@pytest.mark.parametrize("kernel", ["foreach", "fused"])
def test_foreach_and_fused_equal_the_loop_while_freezing(stock, ours, kernel):
    one, other = tensors(), tensors()
    first, second = TLR(one, **options(stock, ours, "loop")), TLR(other, **options(stock, ours, kernel))
    for step in range(9):
        run(first, one, 1, step, freeze=[step % 3])
        run(second, other, 1, step, freeze=[step % 3])
        assert rates(first) == pytest.approx(rates(second), rel=1e-9)
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-12)


# It trains -----------------------------------------------------------------------------------------------------------


def regression():
    generator = torch.Generator().manual_seed(0)
    weight, bias, x = (torch.randn(shape, generator=generator) for shape in [(10, 5), (10,), (5,)])
    return Parameter(weight), Parameter(bias), x


def train(optimizer, weight, bias, x, schedulers=(), steps=20):
    """The losses on the way."""

    def closure():
        optimizer.zero_grad()
        loss = (weight.mv(x) + bias).pow(2).sum()
        loss.backward()
        return loss

    losses = []
    for _ in range(steps):
        losses.append(optimizer.step(closure).item())
        for scheduler in schedulers:
            plateau = isinstance(scheduler, torch.optim.lr_scheduler.ReduceLROnPlateau)
            scheduler.step(losses[-1]) if plateau else scheduler.step()
    return [*losses, closure().item()]


@stock
@ours
@kernel
def test_goes_the_right_way_with_every_scheduler(stock, ours, kernel):
    chosen = options(stock, ours, kernel)
    for build in [[], *TORCH.scheduler_inputs]:
        weight, bias, x = regression()
        optimizer = TLR([{"params": [weight]}, {"params": [bias]}], **chosen)
        losses = train(optimizer, weight, bias, x, [make(optimizer) for make in build])
        # not the last loss: with momentum 0.9 it swings while α, updated after every step, is still rising
        assert max(losses) > 1.1 * losses[0] if chosen.get("maximize") else min(losses) < losses[0] / 1.1
        assert moved(optimizer)


@stock
@ours
@pytest.mark.parametrize("kernel", ["loop", "foreach"])
def test_strided_parameters_train_like_contiguous_ones(stock, ours, kernel):
    one, other = tensors(), [Parameter(p.detach().repeat_interleave(2, 0)[::2] if p.dim() else p) for p in tensors()]
    assert [p.is_contiguous() for p in other] == [False, False, True]
    first, second = TLR(one, **options(stock, ours, kernel)), TLR(other, **options(stock, ours, kernel))
    run(first, one, 9)
    run(second, other, 9)
    assert rates(first) == pytest.approx(rates(second), rel=1e-9)
    torch.testing.assert_close(one, other)


@ours
@kernel
def test_groups_keep_their_own_options(ours, kernel):
    mine, theirs = tensors(), tensors()
    own = [{"lr": 0.02}, {"weight_decay": 0.3, "momentum": 0.5}, {"momentum": 0.7, "dampening": 0.2}]
    optimizer = TLR(
        [{"params": [p], **o} for p, o in zip(mine, own, strict=True)], lr=0.01, **OURS[ours], **KERNELS[kernel]
    )
    sgd = SGD([{"params": [p], **o} for p, o in zip(theirs, own, strict=True)], lr=0.01, **KERNELS[kernel])
    for step in range(8):
        before = rates(optimizer)
        run(optimizer, mine, 1, step)
        for group, used in zip(sgd.param_groups, before, strict=True):
            group["lr"] = used
        run(sgd, theirs, 1, step)
        assert all_equal(mine, theirs)
    assert before[0] != 0.02
    assert before[1:] != [0.01, 0.01]


# Kinds of numbers ----------------------------------------------------------------------------------------------------


@stock
@ours
@kernel
def test_lr_as_a_tensor_is_lr_as_a_number(stock, ours, kernel):
    lr = torch.tensor(0.01, dtype=torch.float64)
    one, other = tensors(), tensors()
    chosen = options(stock, ours, kernel)
    number, tensor = TLR(one, **chosen | {"lr": 0.01}), TLR(other, **chosen | {"lr": lr})
    own = [group["lr"] for group in tensor.param_groups]
    run(number, one, 9)
    run(tensor, other, 9)
    assert rates(number) == rates(tensor) != [0.01] * len(own)
    assert all(group["lr"] is held for group, held in zip(tensor.param_groups, own, strict=True))
    assert lr.item() == 0.01  # the caller's is the caller's
    assert all_equal(one, other)


@pytest.mark.parametrize("stock", [case for case, kwargs in STOCK.items() if not kwargs.get("weight_decay")])
@ours
@pytest.mark.parametrize("kernel", ["loop", "foreach"])
@pytest.mark.parametrize("maximize", [False, True])
def test_sparse_gradients_equal_dense_ones(stock, ours, kernel, maximize):
    one, other = Parameter(torch.ones(6, 3).double()), Parameter(torch.ones(6, 3).double())
    chosen = options(stock, ours, kernel) | {"maximize": maximize}
    first, second = TLR([one], **chosen), TLR([other], **chosen)
    for step in range(10):
        rows = torch.tensor([[step % 6, 5]])
        values = torch.full((2, 3), 1.0 + step % 3).double()
        one.grad = torch.sparse_coo_tensor(rows, values, (6, 3), check_invariants=True)
        other.grad = one.grad.to_dense()
        first.step()
        second.step()
        torch.testing.assert_close(one, other)
        assert rate(first) == pytest.approx(rate(second))
    assert moved(first)


@pytest.mark.parametrize(("kernel", "extra"), [("fused", {}), ("loop", {"weight_decay": 0.1})], ids=str)
def test_what_sgd_cannot_do_with_sparse_gradients_is_its_own_error_and_leaves_the_weights(kernel, extra):
    w = Parameter(torch.ones(4, 2))
    w.grad = torch.sparse_coo_tensor(torch.tensor([[1]]), torch.ones(1, 2), (4, 2), check_invariants=True)
    for optimizer in (SGD, TLR):
        with pytest.raises(RuntimeError, match=r"not support"):
            optimizer([w], lr=0.1, **KERNELS[kernel], **extra).step()
    assert torch.equal(w, torch.ones(4, 2))


@stock
@ours
@kernel
def test_complex_parameters_equal_their_real_and_imaginary_parts(stock, ours, kernel):
    if kernel == "fused":
        w = Parameter(torch.ones(2, dtype=torch.complex128))
        w.grad = torch.ones_like(w)
        with pytest.raises(RuntimeError, match="fused"):
            TLR([w], **options(stock, ours, kernel)).step()
        return
    real = torch.randn(5, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    one, other = Parameter(torch.view_as_complex(real.clone())), Parameter(real.clone())
    first, second = TLR([one], **options(stock, ours, kernel)), TLR([other], **options(stock, ours, kernel))
    for step in range(9):
        gradients([other], step)
        one.grad = torch.view_as_complex(other.grad.clone())
        first.step()
        second.step()
        torch.testing.assert_close(torch.view_as_real(one.detach()), other.detach())
        assert rate(first) == pytest.approx(rate(second), rel=1e-9)
    assert moved(first)


@kernel
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16, torch.bfloat16], ids=str)
def test_tensors_of_several_types_can_share_one_alpha(kernel, dtype):
    params = [tensors(dtype)[0], tensors(torch.float64)[1]]
    optimizer = TLR(params, lr=0.01, momentum=0.9, update_every=2, **KERNELS[kernel])
    twins = [Parameter(p.detach().clone().double()) for p in params]
    exact = TLR(twins, lr=0.01, momentum=0.9, update_every=2, **KERNELS[kernel])
    for step in range(8):
        gradients(params, step)
        for p, twin in zip(params, twins, strict=True):
            twin.grad = p.grad.double()
        optimizer.step()
        exact.step()
    assert rate(optimizer) == pytest.approx(rate(exact), rel=0.02 if dtype.itemsize == 2 else 1e-3)
    assert moved(exact)


# Nothing to do -------------------------------------------------------------------------------------------------------


@stock
@ours
@kernel
def test_steps_without_gradients_change_nothing(stock, ours, kernel):
    params = tensors()
    optimizer = TLR(params, **options(stock, ours, kernel))
    run(optimizer, params, 3)
    before, state = copy.deepcopy(params), copy.deepcopy(optimizer.state_dict())
    optimizer.zero_grad()
    for _ in range(4):
        optimizer.step()
    assert all_equal(params, before)
    assert same(optimizer.state_dict(), state)


@stock
@ours
@kernel
def test_zero_gradients_move_neither_weights_nor_alpha(stock, ours, kernel):
    chosen = options(stock, ours, kernel) | {"weight_decay": 0}
    params, before = tensors(), tensors()
    optimizer = TLR(params, **chosen)
    for _ in range(5):
        for p in params:
            p.grad = torch.zeros_like(p)
        optimizer.step()
    assert all_equal(params, before)
    assert rates(optimizer) == [float(chosen["lr"])] * len(optimizer.param_groups)
    assert skipped_updates(optimizer) == 0


@stock
@ours
@kernel
@pytest.mark.parametrize("nesterov", [False, True])
def test_gradients_are_not_written_to(stock, ours, kernel, nesterov):
    chosen = options(stock, ours, kernel)
    if nesterov:
        chosen |= {"momentum": 0.9, "dampening": 0, "nesterov": True}
    mine, theirs = tensors(), tensors()
    optimizer, sgd = TLR(mine, **chosen), SGD(theirs, **only_sgd(chosen))
    for step in range(5):
        gradients(mine, step)
        gradients(theirs, step)
        optimizer.step()
        sgd.step()
        in_place = kernel == "foreach" and chosen.get("nesterov") and not chosen.get("weight_decay")
        assert [p.grad._version for p in mine] == [p.grad._version for p in theirs]
        assert {p.grad._version for p in mine} == {1 if in_place else 0}


# Errors --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "case", TORCH.optim_error_inputs_func("cpu", torch.float32), ids=lambda case: case.optimizer_error_input.desc
)
@ours
def test_raises_what_torch_raises(case, ours):
    params = case.optimizer_error_input.params or [Parameter(torch.randn(1, 1))]
    expected = pytest.warns if issubclass(case.error_type, Warning) else pytest.raises
    with expected(case.error_type, match=case.error_regex):
        TLR(params, **case.optimizer_error_input.kwargs, **OURS[ours])


# State ---------------------------------------------------------------------------------------------------------------


def same(one, other):
    """Whether two state dicts are equal to the last bit."""
    if isinstance(one, torch.Tensor):
        return one.dtype == other.dtype and torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


def through_a_file(optimizer):
    file = io.BytesIO()
    torch.save(optimizer.state_dict(), file)
    file.seek(0)
    return torch.load(file, weights_only=True)


@stock
@ours
@kernel
@pytest.mark.parametrize("steps", [3, 4], ids=["mid-window", "between windows"])
def test_a_resumed_run_equals_one_never_stopped(stock, ours, kernel, steps):
    chosen = options(stock, ours, kernel)
    straight = tensors(torch.float32)
    optimizer = TLR(straight, **chosen)
    run(optimizer, straight, steps)
    saved = through_a_file(optimizer)
    resumed = [Parameter(p.detach().clone()) for p in straight]
    again = TLR(resumed, **chosen)
    again.load_state_dict(saved)
    assert same(again.state_dict(), optimizer.state_dict())
    copied, optimizers = copy.deepcopy((straight, optimizer))
    unpickled, last = pickle.loads(pickle.dumps((straight, optimizer)))
    for params, each in [(straight, optimizer), (resumed, again), (copied, optimizers), (unpickled, last)]:
        run(each, params, 7, steps)
        assert all_equal(params, straight)
        assert rates(each) == rates(optimizer)
    assert moved(optimizer)


@stock
@ours
def test_names_come_and_go_with_the_state(stock, ours):
    chosen = options(stock, ours)
    params = tensors()
    named = TLR([(f"p{i}", p) for i, p in enumerate(params)], **chosen)
    run(named, params, 3)
    unnamed = TLR(tensors(), **chosen)
    unnamed.load_state_dict(through_a_file(named))
    assert unnamed.param_groups[0]["param_names"][0] == "p0"
    assert same(unnamed.state_dict(), named.state_dict())
    named.load_state_dict(TLR(tensors(), **chosen).state_dict())
    assert named.param_groups[0]["param_names"][0] == "p0"


@stock
@ours
@kernel
def test_a_plain_sgds_state_starts_a_fresh_window(stock, ours, kernel):
    chosen = options(stock, ours, kernel)
    params, theirs = tensors(), tensors()
    sgd = SGD(theirs, **only_sgd(chosen | {"lr": 0.007}))
    run(sgd, theirs, 3)
    optimizer = TLR(params, **chosen)
    run(optimizer, params, 3)
    with torch.no_grad():
        for p, q in zip(params, theirs, strict=True):
            p.copy_(q)
    optimizer.load_state_dict(sgd.state_dict())
    assert rates(optimizer) == [0.007] * len(optimizer.param_groups)
    fresh = [Parameter(q.detach().clone()) for q in theirs]
    other = TLR(fresh, **chosen)
    other.load_state_dict(copy.deepcopy(sgd.state_dict()))
    run(optimizer, params, 6, 3)
    run(other, fresh, 6, 3)
    assert rates(optimizer) == rates(other) != [0.007] * len(rates(other))
    assert all_equal(params, fresh)
    assert optimizer.param_groups[0]["update_every"] == OURS[ours].get("update_every", 1)


def test_a_state_saved_before_an_option_existed_can_be_loaded():
    params = tensors()
    optimizer = TLR(params, lr=0.01, update_every=2)
    run(optimizer, params, 3)
    old = through_a_file(optimizer)
    for group in old["param_groups"]:
        for key in ("restart_below", "restart_at", "largest_lr", "skipped_updates", "foreach", "fused", "maximize"):
            del group[key]
    again = TLR(tensors(), lr=0.5, update_every=2)
    again.load_state_dict(old)
    assert again.param_groups[0]["restart_below"] is None
    assert again.param_groups[0]["steps_in_window"] == 1


# Hooks, scaler, checkpoints ------------------------------------------------------------------------------------------


@stock
@ours
def test_hooks_run_once_with_a_plain_sgd_alive(stock, ours):
    theirs = tensors()
    sgd = SGD(theirs, lr=0.1)  # building it wraps SGD.step, which a step that called it would run through again
    params = tensors()
    optimizer = TLR(params, **options(stock, ours))
    calls = []
    optimizer.register_step_pre_hook(lambda *_: calls.append("before"))
    optimizer.register_step_post_hook(lambda *_: calls.append("after"))
    run(optimizer, params, 2)
    assert calls == ["before", "after"] * 2
    run(sgd, theirs, 1)
    assert len(calls) == 4


@stock
@ours
@kernel
def test_an_overflowed_step_of_the_scaler_is_no_step(stock, ours, kernel):
    chosen = options(stock, ours, kernel)
    params, twins = tensors(torch.float32), tensors(torch.float32)
    optimizer, plain = TLR(params, **chosen), TLR(twins, **chosen)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**10)
    for step in range(9):
        gradients(params, step)
        gradients(twins, step)
        overflow = step in (0, 4)
        for p in params:
            p.grad *= scaler.scale(torch.ones(()))  # by a power of two, which loses no bit
        if overflow:
            params[0].grad[0, 0] = torch.inf
        before = copy.deepcopy(optimizer.state_dict())
        scaler.step(optimizer)
        scaler.update()
        if overflow:
            assert same(optimizer.state_dict(), before)
        else:
            plain.step()
        assert all_equal(params, twins)
        assert rates(optimizer) == rates(plain)
    assert moved(plain)


@stock
@ours
def test_the_step_that_initialises_a_distributed_checkpoint_is_harmless(stock, ours):
    from torch.distributed.checkpoint.state_dict import get_optimizer_state_dict, set_optimizer_state_dict

    chosen = options(stock, ours)
    model = torch.nn.Linear(3, 2)
    before = copy.deepcopy(list(model.parameters()))
    optimizer = TLR(model.parameters(), **chosen)
    empty = get_optimizer_state_dict(model, optimizer)  # steps once with lr = 0 and zero gradients
    assert all_equal(model.parameters(), before)
    assert rates(optimizer) == [float(chosen["lr"])] * len(optimizer.param_groups)
    assert skipped_updates(optimizer) == optimizer.param_groups[0]["steps_in_window"] == 0
    params = list(model.parameters())
    run(optimizer, params, 3)
    twin = copy.deepcopy(model)
    loaded = TLR(twin.parameters(), **chosen)
    set_optimizer_state_dict(twin, loaded, copy.deepcopy(get_optimizer_state_dict(model, optimizer)))
    run(optimizer, params, 4, 3)
    run(loaded, list(twin.parameters()), 4, 3)
    assert empty["state"].keys() == {"weight", "bias"}
    assert all_equal(twin.parameters(), model.parameters())
    assert rates(loaded) == rates(optimizer)


@stock
@ours
def test_it_can_be_printed(stock, ours):
    text = repr(TLR(tensors(), **options(stock, ours)))
    assert text.startswith("TLR (\nParameter Group 0\n")
    assert "    curvature: " in text
