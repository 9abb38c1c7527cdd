"""tlr.course.gradients: the gradients that training would take its steps with, and what is read off them."""

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from tlr.course.data import load, normalize
from tlr.course.gradients import (
    alignment,
    cosines,
    displaced,
    epoch_gradients,
    quadratic_form,
    signal_and_noise,
    sums,
    window_agreement,
)
from tlr.course.models import MLP
from tlr.course.training import epoch_order, train


@pytest.fixture(scope="module")
def digits():
    return load("digits")


def small():
    return MLP(64, 8, 10)


def flat(model):
    return torch.nn.utils.parameters_to_vector(model.parameters()).detach().numpy()


def test_frozen_gradients_are_those_of_each_batch_at_the_same_weights(digits):
    model = small()
    gradients = epoch_gradients(model, digits, batch_size=500, seed=3)
    images, labels, _, _ = digits.tensors()
    batches = epoch_order(len(images), 3, 0).split(500)
    assert gradients.shape == (len(batches), len(flat(model)))
    for gradient, batch in zip(gradients, batches, strict=True):
        model.zero_grad()
        cross_entropy(model(normalize(images[batch])), labels[batch]).backward()
        expected = torch.cat([p.grad.flatten() for p in model.parameters()])
        np.testing.assert_allclose(gradient, expected, atol=1e-6)


def test_moving_gradients_add_up_to_what_sgd_does_in_an_epoch(digits):
    model = small()
    before = flat(model)
    gradients = epoch_gradients(model, digits, batch_size=100, alpha=0.1)
    train(model, torch.optim.SGD(model.parameters(), lr=0.1), digits, epochs=1, batch_size=100, progress=False)
    np.testing.assert_allclose(before - 0.1 * gradients.sum(axis=0), flat(model), atol=1e-5)


def test_the_model_is_left_as_it_is(digits):
    model = small()
    before = flat(model)
    epoch_gradients(model, digits, batch_size=100, alpha=0.1)
    np.testing.assert_array_equal(flat(model), before)
    assert all(p.grad is None for p in model.parameters())


def test_the_same_batch_again_gives_the_same_gradient_while_nothing_moves(digits):
    first, *rest = epoch_gradients(small(), digits, batch_size=100, seed=3, again=True)
    np.testing.assert_array_equal(rest, [first] * len(rest))
    np.testing.assert_array_equal(first, epoch_gradients(small(), digits, batch_size=100, seed=3)[0])


def test_a_quadratic_form_is_the_second_difference_of_the_loss(digits):
    model, reach = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 10)), 0.02
    v = np.random.default_rng(0).normal(size=650).astype(np.float32)
    images, labels, _, _ = digits.tensors()
    with torch.no_grad():
        there, here, back = (
            cross_entropy(displaced(model, step * v)(normalize(images)), labels).item() for step in (reach, 0, -reach)
        )
    assert quadratic_form(model, digits, v) == pytest.approx((there - 2 * here + back) / reach**2, rel=0.05)


def test_sums_of_windows_leave_the_rest_out():
    np.testing.assert_array_equal(sums(np.arange(14).reshape(7, 2), 3), [[6, 9], [24, 27]])


def test_cosines_are_those_of_neighbors():
    vectors = np.array([[1.0, 0.0], [0.0, 2.0], [0.0, 5.0], [3.0, -3.0]])
    np.testing.assert_allclose(cosines(vectors), [0, 1, -np.sqrt(0.5)])


def noisy(n=4000, d=20, signal=3.0, spread=2.0):
    return signal * np.eye(d)[0] + spread * np.random.default_rng(0).normal(size=(n, d))


def test_signal_and_noise_are_told_apart():
    signal, noise = signal_and_noise(noisy())
    assert signal == pytest.approx(9, rel=0.05)
    assert noise == pytest.approx(80, rel=0.02)


@pytest.mark.parametrize("length", [1, 4, 16])
def test_windows_agree_as_signal_and_noise_predict(length):
    assert window_agreement(noisy(), length) == pytest.approx(1 / (1 + 80 / 9 / length), abs=0.03)


def test_a_window_points_along_the_full_gradient_while_nothing_moves(digits):
    model = MLP(digits.inputs, 16, digits.classes)
    begin, end = alignment(model, digits, 64, 0.0, 10)
    assert begin == end > 0.8
    begin, end = alignment(model, digits, 64, 2.0, 10)
    assert end < begin
