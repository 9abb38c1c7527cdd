"""What users of other optimizers reported, tried on TLR: each test is a public thread, and what should happen.

The numbers are those of issues and pull requests at github.com; without a repository they are PyTorch's.
"""

import copy
import io
import math
import warnings
from itertools import pairwise

import numpy as np
import pytest
import torch
from problems import all_equal, lost, rate, tensors, weights
from torch.optim import SGD, lr_scheduler

from tlr import TLR, NaiveTLR, learning_rates, rule, skipped_updates
from tlr.optim import TLRAdam, TLRAdamW, TrainableRate
from tlr.optim.products import inner_products


def mlp(*sizes, act=torch.nn.Tanh, seed=0):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        layers = [layer for a, b in pairwise(sizes) for layer in (torch.nn.Linear(a, b), act())]
    return torch.nn.Sequential(*layers[:-1])


def feed(optimizer, steps, value=1.0):
    for _ in range(steps):
        for group in optimizer.param_groups:
            for p in group["params"]:
                p.grad = torch.full_like(p, value)
        optimizer.step()
    return optimizer


def regression(optimizer_class, steps, batch=None, sizes=(4, 8, 1), **options):
    """A network that learns to add: the losses on the way, and what was said before the first that is not a number."""
    model, generator = mlp(*sizes), torch.Generator().manual_seed(0)
    x = torch.randn(64, 4, generator=generator)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        optimizer = optimizer_class(model.parameters(), **options)
        losses = []
        for _ in range(steps):
            rows = x if batch is None else x[torch.randint(0, 64, (batch,), generator=generator)]
            optimizer.zero_grad()
            loss = (model(rows) - rows.sum(1, keepdim=True)).square().mean()
            losses.append(loss.item())
            if not math.isfinite(losses[-1]):
                break
            loss.backward()
            optimizer.step()
    return losses, [str(each.message) for each in said]


# A run that goes wrong tells its user ---------------------------------------------------------------------------------


@pytest.mark.parametrize("momentum", [0.8, 0.9])
def test_windows_shorter_than_the_memory_of_momentum_warn_once_and_name_a_length(momentum):
    floor = {0.8: 15, 0.9: 30}[momentum]
    with pytest.warns(UserWarning, match=f"Windows of {floor - 1} steps are shorter.*update_every={floor} or more"):
        optimizer = TLR([weights()], momentum=momentum, update_every=floor - 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        feed(optimizer, 3 * floor)
        TLR([weights()], momentum=momentum, update_every=floor)
        TLR([weights()])


@pytest.mark.parametrize("optimizer_class", [TLRAdam, TLRAdamW])
def test_over_adam_the_defaults_are_adams_rate_and_windows_of_fifty(optimizer_class):
    """ultralytics/ultralytics#23244: Adam at a rate meant for SGD ends in nan."""
    losses, said = regression(optimizer_class, 600, batch=16, sizes=(4, 32, 1))
    assert said == []
    assert losses[-1] < 0.1 * losses[0]
    optimizer = optimizer_class([weights()])
    assert (rate(optimizer), optimizer.param_groups[0]["update_every"]) == (1e-3, 50)
    with pytest.warns(UserWarning, match="Windows of 10 steps.*update_every=50"):
        optimizer_class([weights()], update_every=10)


@pytest.mark.parametrize(
    ("optimizer_class", "options"),
    [
        (TLRAdam, {"lr": 0.01, "update_every": 1, "batch": 16}),
        (TLR, {"lr": 1e-3}),  # full batches: Algorithm 2's own doing
        (TLR, {"lr": 0.1}),
    ],
    ids=str,
)
def test_a_run_that_is_lost_warns_before_its_loss_is_nan(optimizer_class, options):
    """kohya-ss/sd-scripts#592, facebookresearch/dadaptation#42: nan, and nobody told."""
    losses, said = regression(optimizer_class, 800, **options)
    assert max(losses) > 1e3 * losses[0] or not math.isfinite(losses[-1])
    assert said


@lost
@pytest.mark.parametrize("length", [4, 20])
def test_few_batches_an_epoch_need_windows_longer_than_the_memory_of_momentum(length):
    """The README's lines on a small table: a third of its twelve batches is a window of 4 steps, 15 are the floor."""
    table = pytest.importorskip("sklearn.datasets").load_wine()
    x = torch.tensor((table.data - table.data.mean(0)) / table.data.std(0)).float()
    y = torch.tensor(table.target)
    assert rule.window(12, momentum=0.8) == 15
    model, generator = mlp(13, 64, 3, act=torch.nn.ReLU), torch.Generator().manual_seed(0)
    optimizer = TLR(model.parameters(), lr=0.01, momentum=0.8, update_every=length)
    losses = []
    for _ in range(40):
        for rows in torch.randperm(len(x), generator=generator).split(16):
            optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(model(x[rows]), y[rows])
            loss.backward()
            losses.append(loss.item())
            optimizer.step()
    assert (max(losses) < 2 * losses[0]) == (length == 20)


@pytest.mark.parametrize("curvature", ["published", "secant"])
@pytest.mark.parametrize("alpha", [1e-3, 1e-2])
def test_a_healthy_run_is_told_nothing(alpha, curvature):
    losses, said = regression(
        TLR, 600, batch=16, lr=alpha, momentum=0.8, weight_decay=5e-4, update_every=25, curvature=curvature
    )
    assert losses[-1] < losses[0]
    assert said == []


def test_the_first_update_that_is_left_out_warns_and_the_next_ones_do_not():
    optimizer = feed(TLR([weights(3)]), 2)
    with pytest.warns(UserWarning, match="not finite.*skipped_updates"):
        feed(optimizer, 1, math.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        feed(optimizer, 2, math.nan)
    assert skipped_updates(optimizer) == 3


# Somebody else writes α -----------------------------------------------------------------------------------------------

ONCE = [lambda o: lr_scheduler.LambdaLR(o, lambda k: 1.0), lambda o: lr_scheduler.LambdaLR(o, lambda k: 1 - k / 400)]
KEPT = [
    lambda o: lr_scheduler.MultiplicativeLR(o, lambda k: 1.0),
    lambda o: lr_scheduler.ExponentialLR(o, 0.97),
    lambda o: lr_scheduler.CosineAnnealingLR(o, 400),
    lambda o: lr_scheduler.StepLR(o, 20, 0.1),
    lambda o: lr_scheduler.LinearLR(o, 0.01, 1.0, 50),
]


@pytest.mark.parametrize("tensor", [False, True])
@pytest.mark.parametrize("every", [1, 3])
@pytest.mark.parametrize("build", ONCE, ids=["constant", "linear"])
def test_a_schedule_that_undoes_the_updates_is_named_once(build, every, tensor):
    """huggingface/transformers#20029: Trainer makes a LambdaLR of every schedule, "constant" too."""
    optimizer = TLR([weights(3)], lr=torch.tensor(1e-3) if tensor else 1e-3, update_every=every)
    schedule = build(optimizer)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        for _ in range(100):
            feed(optimizer, 1)
            schedule.step()
    (message,) = [str(each.message) for each in said]
    assert "undone the last 3 updates" in message
    assert "MultiplicativeLR" in message


@pytest.mark.parametrize("every", [1, 3])
@pytest.mark.parametrize("build", KEPT)
def test_a_schedule_that_scales_alpha_is_no_reason_to_warn(build, every):
    optimizer = TLR([weights(3)], lr=1e-3, update_every=every)
    schedule = build(optimizer)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(400):
            feed(optimizer, 1)
            schedule.step()


def test_a_schedule_by_epochs_that_undoes_the_updates_is_named_too():
    optimizer = TLR([weights(3)], lr=1e-3, update_every=3)
    schedule = lr_scheduler.LambdaLR(optimizer, lambda k: 0.98**k)

    def epochs():
        for _ in range(6):
            feed(optimizer, 9)
            schedule.step()

    with pytest.warns(UserWarning, match="undone the last 3 updates"):
        epochs()


def test_a_schedule_that_takes_alpha_below_the_floor_is_not_restarted():
    optimizer = TLR([weights(3)], lr=0.1, restart_below=0.01)
    feed(optimizer, 2)
    optimizer.param_groups[0]["lr"] = 0.005
    feed(optimizer, 1)
    assert rate(optimizer) == pytest.approx(0.005 * 1.25)


def test_a_schedule_built_after_a_checkpoint_was_loaded_leaves_alpha():
    """#65342, #29697, torch-points3d/torch-points3d#630: the rate was the first one again."""
    optimizer = TLR([weights(3)], lr=1e-3, update_every=2)
    lr_scheduler.CosineAnnealingLR(optimizer, 400)
    saved = copy.deepcopy(feed(optimizer, 20).state_dict())
    resumed = TLR([weights(3)], lr=1e-3, update_every=2)
    resumed.load_state_dict(saved)
    lr_scheduler.CosineAnnealingLR(resumed, 400)
    assert rate(resumed) == rate(optimizer) != 1e-3


def test_a_numpy_rate_from_a_schedule_leaves_a_checkpoint_that_loads():
    """NVIDIA-TAO/tao-pytorch#90, deepmodeling/deepmd-kit#4147, idiap/coqui-ai-Trainer#19, #138985."""
    optimizer = TLR([weights(3)], lr=np.float32(0.01), c=np.float32(0.5), update_every=np.int64(3))
    feed(optimizer, 4)
    optimizer.param_groups[0]["lr"] = np.float64(0.02)
    feed(optimizer, 1)
    file = io.BytesIO()
    torch.save(optimizer.state_dict(), file)
    file.seek(0)
    (group,) = torch.load(file, weights_only=True)["param_groups"]
    assert {type(group[key]) for key in ("lr", "c")} == {float}
    assert type(group["update_every"]) is int


@pytest.mark.parametrize("update_every", [1, 4])
def test_a_tensor_rate_written_through_data_is_seen_at_the_next_update(update_every):
    """#126854, #162359: a tensor lr has many ways in."""
    optimizer = feed(TLR([weights(3)], lr=torch.tensor(0.01), update_every=update_every), 13)
    optimizer.param_groups[0]["lr"].data.fill_(1e-4)
    feed(optimizer, update_every)
    assert rate(optimizer) <= 1.25 * 1e-4 * (1 + 1e-6)


def test_a_tensor_rate_of_whole_numbers_or_half_precision():
    """tinygrad/tinygrad#2981: a rate in half precision underflows."""
    assert rate(feed(TLR([weights(3)], lr=torch.tensor(1)), 2)) == 1.25
    optimizer = feed(TLR([weights(3, torch.float32)], lr=torch.tensor(1e-6, dtype=torch.float16)), 30)
    assert 1e-5 < rate(optimizer) < 1e-2


def test_groups_one_of_which_is_at_or_below_zero_by_hand():
    optimizer = TLR([{"params": [weights(3)]}, {"params": [weights(3)]}], lr=0.01)
    feed(optimizer, 2)
    before = [group["lr"] for group in optimizer.param_groups]
    for group, value in zip(optimizer.param_groups, (-0.01, 0.0), strict=True):
        group["lr"] = value
    feed(optimizer, 3)
    assert [group["lr"] for group in optimizer.param_groups] == [-0.01, 0.0]
    optimizer.param_groups[1]["lr"] = before[1]
    feed(optimizer, 3)
    assert optimizer.param_groups[1]["lr"] > before[1]


# Somebody else writes the weights -------------------------------------------------------------------------------------


def test_after_loading_weights_a_fresh_window_leaves_the_jump_out():
    w = weights(3)
    optimizer = TLR([w], lr=1e-3, update_every=4)
    best = w.detach().clone()
    alphas = []
    for _ in range(6):
        feed(optimizer, 8)
        alphas.append(rate(optimizer))
        feed(optimizer, 2)
        with torch.no_grad():
            w.copy_(best)
        optimizer.fresh_window()
    assert alphas == pytest.approx([1e-3 * 1.25**k for k in range(1, 7)])


@pytest.mark.parametrize(
    ("optimizer_class", "options"), [(TLR, {}), (TLR, {"update_every": 3}), (TLRAdam, {"update_every": 3})]
)
def test_parameters_that_are_pruned_in_mid_window_begin_with_the_next(optimizer_class, options):
    """graphdeco-inria/gaussian-splatting#897: a parameter is cut, and of its state what the user knows of."""
    optimizer = feed(optimizer_class([weights(6)], **options), 8)
    (group,) = optimizer.param_groups
    state = optimizer.state.pop(group["params"][0])
    for key in ("exp_avg", "exp_avg_sq"):
        if key in state:
            state[key] = state[key][:4]
    group["params"][0] = torch.nn.Parameter(group["params"][0].detach()[:4].clone())
    optimizer.state[group["params"][0]] = state
    before = rate(optimizer)
    feed(optimizer, 12)
    assert rate(optimizer) > before
    assert optimizer.state[group["params"][0]]["previous"].shape == (4,)


# State ----------------------------------------------------------------------------------------------------------------


def by_name(optimizer, saved):
    """The way that torch's documentation recommends for changed models (#134107)."""
    out = copy.deepcopy(optimizer.state_dict())
    mine, theirs = out["param_groups"][0], saved["param_groups"][0]
    at = dict(zip(theirs["param_names"], theirs["params"], strict=True))
    found = zip(mine["param_names"], mine["params"], strict=True)
    out["state"] = {i: saved["state"][at[name]] for name, i in found if name in at}
    return out


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_a_hook_that_adapts_the_state_is_honored(dtype):
    a, b, new = weights(3, dtype), weights(3, dtype), weights(2, dtype)
    optimizer = TLR([("a", a), ("b", b)], lr=0.01, update_every=3)
    for _ in range(4):
        a.grad, b.grad = torch.ones_like(a), torch.full_like(b, 5.0)
        optimizer.step()
    resumed = TLR([("b", b), ("new", new), ("a", a)], lr=0.01, update_every=3)
    resumed.register_load_state_dict_pre_hook(by_name)
    resumed.load_state_dict(optimizer.state_dict())
    for p in (a, b):
        for key, value in optimizer.state[p].items():
            assert torch.equal(resumed.state[p][key], value)
            assert resumed.state[p][key].dtype == value.dtype
    assert not resumed.state.get(new)
    feed(resumed, 12)
    assert rate(resumed) > 0.01


def test_a_state_loaded_in_the_same_process_shares_no_buffer_of_ours():
    """#196083: two optimizers that step into each other's state."""
    params = tensors(torch.float32)
    optimizer = feed(TLR(params, lr=0.01, update_every=4), 6)
    other = TLR(tensors(torch.float32), lr=0.01, update_every=4)
    other.load_state_dict(optimizer.state_dict())
    for p, q in zip(params, other.param_groups[0]["params"], strict=True):
        for key in ("window_start", "previous"):
            assert optimizer.state[p][key].data_ptr() != other.state[q][key].data_ptr()


def test_loading_other_options_than_were_asked_for_names_both():
    """#156846: what was just asked for is lost on loading."""
    saved = feed(TLR(tensors(), lr=0.01, update_every=10), 3).state_dict()
    asked = TLR(tensors(), lr=0.01, update_every=3, curvature="secant", c=0.5)
    with pytest.warns(
        UserWarning, match="update_every=10 in place of 3, c=0.25 in place of 0.5, curvature='published'"
    ):
        asked.load_state_dict(saved)
    assert asked.param_groups[0]["update_every"] == 10
    with pytest.warns(UserWarning, match="per='model' in place of 'tensor'"):
        TLR(tensors(), lr=0.01, update_every=10, per="tensor").load_state_dict(saved)


@pytest.mark.parametrize("per", ["model", "group"])
def test_a_group_that_comes_later_takes_the_present_alpha_where_it_is_shared(per):
    """#20997, #104361: layers that are unfrozen on the way."""
    optimizer = feed(TLR([weights(3)], lr=1e-3, update_every=2, per=per), 40)
    optimizer.add_param_group({"params": [weights(3)]})
    optimizer.add_param_group({"params": [weights(3)], "lr": 0.5})
    assert learning_rates(optimizer) == {
        "group 0": rate(optimizer),
        "group 1": rate(optimizer) if per == "model" else 1e-3,
        "group 2": 0.5,
    }


def test_what_is_saved_of_a_group_is_plain():
    """ray-project/ray#22976: buffers among the options of a group broke its checkpoints."""
    (group,) = feed(TLR(tensors(), lr=0.01, momentum=0.9, update_every=2), 6).state_dict()["param_groups"]
    assert {type(value) for key, value in group.items() if key != "params"} <= {float, int, bool, str, type(None)}


@pytest.mark.filterwarnings("ignore:optimizer contains a parameter group with duplicate parameters:UserWarning")
@pytest.mark.parametrize("per", ["model", "tensor"])
def test_a_parameter_that_is_listed_twice_counts_once(per):
    """#40967: duplicates in a group step twice."""
    w, v = weights(3), weights(3)
    twice = feed(TLR([w, w], lr=0.01, momentum=0.5, update_every=2, per=per), 9)
    once = feed(TLR([v], lr=0.01, momentum=0.5, update_every=2, per=per), 9)
    assert torch.equal(w, v)
    assert rate(twice) == rate(once) != 0.01
    assert len(twice.param_groups) == 1


# Scales and kinds of gradients ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16], ids=str)
@pytest.mark.parametrize("options", [{}, {"update_every": 3, "momentum": 0.8}, {"curvature": "secant"}], ids=str)
@pytest.mark.parametrize("power", [-66, 66])
def test_a_loss_times_1e20_changes_nothing(power, options, dtype):
    """IssamLaradji/sls#9, #115785: tiny gradients end the training. By a power of two, to have equal roundings."""
    alphas = []
    for k in (1.0, 2.0**power):
        w = torch.nn.Parameter(torch.ones(100, dtype=dtype))
        optimizer = TLR([w], lr=0.01 / k, **options)
        generator = torch.Generator().manual_seed(0)
        for _ in range(30):
            w.grad = (k * (w.detach() + torch.randn(100, generator=generator, dtype=torch.float64))).to(dtype)
            optimizer.step()
        alphas.append(rate(optimizer) * k)
        assert skipped_updates(optimizer) == 0
    assert alphas[0] == pytest.approx(alphas[1], rel=1e-6)
    assert alphas[0] != 0.01


@pytest.mark.parametrize("size", [1e-23, 1e-44, 1e30])
def test_gradients_whose_squares_leave_float32_train_alpha(size):
    optimizer = feed(TLR([weights(100, torch.float32)], lr=1e-9), 6, size)
    assert rate(optimizer) == pytest.approx(1e-9 * 1.25**5)
    assert skipped_updates(optimizer) == 0


@lost
def test_gradients_whose_square_is_zero_even_in_float64_count_as_skipped():
    optimizer = feed(TLR([weights(3)], lr=0.01), 4, 1e-200)
    assert rate(optimizer) == 0.01
    assert skipped_updates(optimizer) == 4


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_zero_gradients_in_half_precision(dtype):
    """google-deepmind/optax#1769: 0/0 in float16."""
    optimizer = feed(TLR([weights(3, dtype)], lr=0.01, momentum=0.9, update_every=2), 8, 0.0)
    assert rate(optimizer) == 0.01
    assert all_equal(optimizer.param_groups[0]["params"], [torch.ones(3, dtype=dtype)])


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_inner_products_of_half_types_do_not_overflow(dtype):
    assert inner_products([torch.full((100,), 200.0, dtype=dtype)], [torch.full((100,), 200.0, dtype=dtype)]) == [4e6]


@pytest.mark.parametrize("momentum", [0, 0.8])
def test_sparse_gradients_train_as_sgd_does(momentum):
    """#29814, #30402: sparse embeddings with momentum."""
    steps = []
    for optimizer_class, options in ((SGD, {}), (TLR, {"update_every": 50})):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            embedding = torch.nn.EmbeddingBag(20, 4, sparse=True)
        optimizer = optimizer_class(embedding.parameters(), lr=0.1, momentum=momentum, **options)
        for step in range(12):
            optimizer.zero_grad()
            embedding(torch.arange(step, step + 6).reshape(2, 3)).square().sum().backward()
            optimizer.step()
        steps.append(embedding.weight.detach())
    assert torch.equal(*steps)


def test_naive_tlr_takes_sparse_gradients_and_steps_without_any():
    embedding = torch.nn.EmbeddingBag(5, 2, sparse=True)
    optimizer = NaiveTLR(embedding.parameters(), lr=0.1)

    def closure():
        optimizer.zero_grad()
        loss = embedding(torch.tensor([[0, 1]])).square().sum()
        loss.backward()
        return loss

    first = optimizer.step(closure)
    assert optimizer.step(closure) < first
    w = weights(3)
    assert NaiveTLR([w]).step(lambda: torch.tensor(1.0)) == 1
    assert torch.equal(w, torch.ones_like(w))


def test_naive_tlr_refuses_the_state_of_another_optimizer_and_keeps_its_own():
    w = weights(3)
    optimizer = NaiveTLR([w], lr=0.1)
    with pytest.raises(ValueError, match=r"lr=0\.5 and eta=None"):
        optimizer.load_state_dict(SGD([w], lr=0.5).state_dict())
    assert optimizer.param_groups[0]["lr"] == 0.1


def test_a_group_without_parameters_takes_part_at_any_rate():
    w = weights(3)
    optimizer = TLR([{"params": [w]}, {"params": []}], lr=6e4)
    for _ in range(3):
        w.grad = torch.full_like(w, 1e-6)
        optimizer.step()
    assert rate(optimizer) > torch.finfo(torch.float16).max


# Tensors without values -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{}, {"update_every": 2, "momentum": 0.8}], ids=str)
def test_a_model_without_values_can_be_stepped(options):
    """#93654, #126738: memory is estimated with meta or fake tensors."""
    from torch._subclasses import FakeTensorMode

    w = torch.nn.Parameter(torch.ones(3, device="meta"))
    assert rate(feed(TLR([w], lr=0.01, **options), 6)) == 0.01
    with FakeTensorMode():
        w = torch.nn.Parameter(torch.ones(3))
        assert rate(feed(TLR([w], lr=0.01, **options), 6)) == 0.01


def test_a_default_device_is_none_of_alphas_business():
    w, lr = weights(3), torch.tensor(0.01)
    try:
        torch.set_default_device("meta")
        optimizer = TLR([w], lr=lr)
        for _ in range(3):
            w.grad = torch.ones_like(w)
            optimizer.step()
    finally:
        torch.set_default_device(None)
    assert rate(optimizer) == pytest.approx(0.01 * 1.25**2)


# What cannot work -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("base", [torch.optim.LBFGS, torch.optim.Rprop])
def test_a_base_whose_step_is_not_proportional_to_lr_is_refused(base):
    with pytest.raises(TypeError, match=f"cannot train the rate of {base.__name__}"):
        type("Ours", (TrainableRate, base), {})


# The precision guard --------------------------------------------------------------------------------------------------


def test_weights_that_shrink_raise_no_false_alarm():
    """The norm of the weights is measured again before a window is thought to be all rounding."""
    w, v = weights(2, torch.float32), weights(2)
    start = torch.tensor([1.0, 1.0])
    runs = []
    for p in (w, v):
        optimizer = TLR([p], lr=0.05, update_every=9, curvature="secant")
        alphas = []
        for _ in range(160):
            p.grad = torch.tensor([1.0, 3.0], dtype=p.dtype) * p.detach()
            optimizer.step()
            alphas.append(rate(optimizer))
        runs.append(alphas)
        assert skipped_updates(optimizer) == 0
    assert w.abs().max() < 1e-6 * start.max()
    assert runs[0] == pytest.approx(runs[1], rel=1e-2)
