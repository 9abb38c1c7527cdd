"""What a wrong guess of α₀ costs: every method trains from every multiple, with every seed, from the same weights."""

from functools import partial

import torch

from tlr.course.data import load
from tlr.course.experiments.guessing import losses, wrong_guesses
from tlr.course.peers import cosine

MULTIPLES = (1e-3, 1)


def test_each_method_trains_from_each_multiple_of_its_own_rate():
    usual = {
        "sgd": (0.1, {"momentum": 0.8}),
        "cosine": (0.1, {}, partial(cosine, warmup=1)),
        "mine": (0.1, torch.optim.SGD),
    }
    ran = wrong_guesses(usual, load("digits"), MULTIPLES, epochs=2, batch_size=64, hidden=8)
    assert list(ran) == list(usual)
    assert all(sorted(runs) == [(1e-3, 0), (1e-3, 1), (1, 0), (1, 1)] for runs in ran.values())
    assert ran["sgd"][1, 0].alpha[-1, 0] == 0.1
    assert ran["sgd"][1e-3, 0].alpha[-1, 0] == 1e-4
    assert ran["cosine"][1, 0].rates[0, 0] == 0.05  # the warm-up
    ends = losses(ran, MULTIPLES)
    assert ends["mine"][1][0] == ran["mine"][1, 0].train_loss[-1]
    assert all(max(rows[1]) < min(rows[0]) for rows in ends.values())
