"""tlr.models: shapes, sizes, and initial weights that depend on the seed alone."""

import pytest
import torch

from tlr.models import MLP, make_model


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


def test_mlp_depends_on_its_seed_alone():
    def weights(seed):
        return torch.nn.utils.parameters_to_vector(MLP(6, 5, 4, seed=seed).parameters())

    first = weights(0)
    torch.rand(3)
    assert torch.equal(weights(0), first)
    assert not torch.equal(weights(1), first)


def test_mlp_leaves_the_global_random_state():
    torch.manual_seed(7)
    expected = torch.rand(1)
    torch.manual_seed(7)
    MLP(6, 5, 4)
    assert torch.equal(torch.rand(1), expected)


def test_a_model_goes_by_its_name():
    model = make_model("mlp-7", 6, 4, seed=2)
    assert torch.equal(model.hidden.weight, MLP(6, 7, 4, seed=2).hidden.weight)
    assert model.output.weight.shape == (4, 7)


@pytest.mark.parametrize("name", ["mlp", "mlp-0", "mlp-many", "resnet-51"])
def test_an_unknown_model_is_refused(name):
    with pytest.raises(ValueError, match=f"{name}.*mlp-N"):
        make_model(name, 6, 4)
