"""tlr.course.models: shapes, sizes and work that are known, and initial weights that depend on the seed alone."""

import sys

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from tlr.course.models import MLP, VGG, DenseNet, Transformer, WideResNet, make_model


def parameters(model):
    return sum(p.numel() for p in model.parameters())


def test_mlp_is_the_papers():
    model = MLP()
    assert {name: tuple(p.shape) for name, p in model.named_parameters()} == {
        "hidden.weight": (1000, 784),
        "hidden.bias": (1000,),
        "output.weight": (10, 1000),
        "output.bias": (10,),
    }
    assert isinstance(model.relu, torch.nn.ReLU)


@pytest.mark.parametrize("shape", [(5, 64), (5, 1, 8, 8)])
def test_mlp_maps_images_to_logits(shape):
    assert MLP(64, 7, 3)(torch.zeros(shape)).shape == (5, 3)


SMALL = {
    "mlp": lambda seed: MLP(6, 5, 4, seed=seed),
    "wrn": lambda seed: WideResNet(10, 1, seed=seed),
    "densenet": lambda seed: DenseNet(2, seed=seed),
    "vgg": lambda seed: VGG(2, seed=seed),
    "transformer": lambda seed: Transformer(9, 8, width=8, hidden=8, layers=1, seed=seed),
}


@pytest.mark.parametrize("make", SMALL.values(), ids=SMALL)
def test_weights_depend_on_the_seed_alone_and_the_global_random_state_is_left(make):
    def weights(seed):
        return torch.nn.utils.parameters_to_vector(make(seed).parameters())

    torch.manual_seed(7)
    expected = torch.rand(1)
    torch.manual_seed(7)
    first = weights(0)
    assert torch.equal(torch.rand(1), expected)
    assert torch.equal(weights(0), first)
    assert not torch.equal(weights(1), first)


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("wrn-16-4", 2_748_890),  # these four: tables of Zagoruyko's code and of others
        ("wrn-16-8", 10_961_370),
        ("wrn-22-4", 4_298_970),
        ("wrn-28-10", 36_479_194),
        ("densenet-12", 1_000_618),
        ("wrn-10-1", 77_850),
        ("wrn-10-1-2", 77_850),
        ("vgg-16", 9 * (3 * 16 + 16**2 + 16 * 32 + 32**2 + 32 * 64 + 64**2) + 2 * (16 + 32 + 64) + 65 * 10),
    ],
)
def test_networks_for_cifar_have_the_known_number_of_parameters(name, count):
    with torch.device("meta"):
        model = make_model(name, 3072, 10)
    assert parameters(model) == count


def test_one_more_class_costs_the_last_layer_alone():
    assert parameters(WideResNet(16, 4, 100)) - parameters(WideResNet(16, 4, 10)) == 90 * (256 + 1)


def test_a_pass_of_wrn_16_4_and_back_is_the_known_work():
    with torch.device("meta"), FlopCounterMode(display=False) as counter:
        WideResNet()(torch.zeros(2, 3, 32, 32)).sum().backward()
    assert counter.get_total_flops() / 2 == pytest.approx(2.355e9, rel=1e-3)


def test_the_stride_is_on_the_blocks_first_convolution():
    model = WideResNet(22, 1)
    strides = [[(block.conv1.stride[0], block.conv2.stride[0]) for block in model[i]] for i in (1, 2, 3)]
    assert strides == [[(1, 1)] * 3, [(2, 1), (1, 1), (1, 1)], [(2, 1), (1, 1), (1, 1)]]


@pytest.mark.parametrize(("model", "channels", "size"), [(WideResNet(10, 1, 7, 1), 1, 8), (DenseNet(2, 7), 3, 32)])
def test_convolutions_map_images_to_logits(model, channels, size):
    assert model(torch.zeros(2, channels, size, size)).shape == (2, 7)


@pytest.mark.parametrize("depth", [4, 15, 17])
def test_a_depth_that_no_wide_residual_network_has_is_refused(depth):
    with pytest.raises(ValueError, match=rf"is 6n \+ 4: 10, 16, 22, …, not {depth}\."):
        WideResNet(depth)


# The Transformer


def sentences():
    return torch.randint(1, 9, (3, 12), generator=torch.Generator().manual_seed(0))


@pytest.fixture(params=["training", "evaluation"])
def translator(request):
    with torch.set_grad_enabled(request.param == "training"):  # without gradients torch takes a path of its own
        yield Transformer(9, 8, width=8, hidden=8, layers=1, dropout=0.0).train(request.param == "training")


def test_a_transformer_has_the_papers_heads_and_layers():
    inside = make_model("transformer-64", 9, 8).transformer
    assert (inside.nhead, len(inside.encoder.layers), len(inside.decoder.layers)) == (8, 3, 3)


def test_a_word_depends_on_those_before_it_and_on_the_whole_source(translator):
    words = sentences().clamp(max=7)
    before = translator(words)
    assert before.shape == (3, 8, 6)
    later = words.clone()
    later[:, 9] = 8 - later[:, 9]  # the target's fourth word
    after = translator(later)
    torch.testing.assert_close(after[:, :, :3], before[:, :, :3])
    assert not torch.allclose(after[:, :, 3:], before[:, :, 3:])
    source = words.clone()
    source[:, 5] = 8 - source[:, 5]
    assert not torch.allclose(translator(source)[:, :, 0], before[:, :, 0])


def test_padding_does_not_matter(translator):
    words = sentences().clamp(max=7)
    source, target = words.chunk(2, dim=1)
    none = torch.zeros(3, 2, dtype=torch.int64)
    padded = translator(torch.cat([source, none, target, none], dim=1))
    torch.testing.assert_close(padded[:, :, :6], translator(words))


# Names


def test_a_model_goes_by_its_name():
    model = make_model("mlp-7", 6, 4, seed=2)
    assert torch.equal(model.hidden.weight, MLP(6, 7, 4, seed=2).hidden.weight)
    assert model.output.weight.shape == (4, 7)
    assert torch.equal(make_model("vgg-2", 64, 4, 2, 1).conv11.weight, VGG(2, 4, 1, seed=2).conv11.weight)
    assert torch.equal(make_model("wrn-10-1", 64, 4, 2, 1).conv.weight, WideResNet(10, 1, 4, 1, seed=2).conv.weight)


@pytest.mark.parametrize(
    "name", ["mlp", "mlp-0", "mlp-many", "mlp-7-", "wrn-16", "wrn-16-4-2-1", "resnet-18", "transform", "transformer-10"]
)
def test_an_unknown_model_is_refused(name):
    with pytest.raises(ValueError, match=f"{name}.*mlp-N"):
        make_model(name, 6, 4)


def test_resnet_50_comes_from_torchvision(monkeypatch):
    class Torchvision:
        @staticmethod
        def resnet50(num_classes):
            return torch.nn.Linear(1, num_classes)

    monkeypatch.setitem(sys.modules, "torchvision", Torchvision)
    monkeypatch.setitem(sys.modules, "torchvision.models", Torchvision)
    assert torch.equal(make_model("resnet-50", 1, 9, 3).weight, make_model("resnet-50", 1, 9, 3).weight)


@pytest.mark.parametrize(
    "raised", [ModuleNotFoundError("No module named 'torchvision'"), RuntimeError("operator torchvision::nms …")]
)
def test_without_a_torchvision_that_fits_resnet_50_says_what_to_do(monkeypatch, raised):
    def import_module(name):
        raise raised

    monkeypatch.setattr("tlr.course.models.import_module", import_module)
    with pytest.raises(ModuleNotFoundError, match=r"torchvision: python -m pip install torchvision, in the version"):
        make_model("resnet-50", 3072, 10)


def test_seeding_weights_leaves_every_gpu_alone(monkeypatch):
    def reseeded(seed):
        raise AssertionError("a GPU was seeded")

    monkeypatch.setattr(torch.cuda, "manual_seed_all", reseeded)
    weights = torch.nn.utils.parameters_to_vector(MLP(6, 5, 4, seed=3).parameters())
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(3)
        assert torch.equal(weights[:30], torch.nn.Linear(6, 5).weight.flatten())
