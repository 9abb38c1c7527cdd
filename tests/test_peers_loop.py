"""Descents on toy functions with a torch optimizer: those of a rule where it has one, recorded in its modes."""

import numpy as np
import pytest
import torch

from tlr import TLR, NaiveTLR, toys
from tlr.course.peers import descend_with, make_optimizer
from tlr.descent import descend

TOY = toys.quadratic([1.0, 10.0], 0.5)
SAME_AS_RULE = {
    "gd": lambda params: torch.optim.SGD(params, 0.05),
    "published": lambda params: TLR(params, 0.05),
    "secant": lambda params: TLR(params, 0.05, curvature="secant"),
    "naive": lambda params: NaiveTLR(params, 0.05, eta=0.001),
    "hypergradient": lambda params: make_optimizer("hypergradient", params, lr=0.05, beta=0.001),
}


@pytest.mark.filterwarnings("ignore:The gradients have grown")  # as those of Algorithm 2 do, with full batches
@pytest.mark.parametrize("rule", SAME_AS_RULE)
def test_an_optimizer_descends_as_its_rule_does(rule):
    ran = descend_with(SAME_AS_RULE[rule], TOY, TOY.start, 30, name=rule)
    expected = descend(rule, TOY, TOY.start, 0.05, 30, eta=0.001, beta=0.001)
    assert ran.rule == rule
    np.testing.assert_allclose(ran.w, expected.w, rtol=1e-6, atol=1e-12)
    np.testing.assert_allclose(ran.alpha, expected.alpha, rtol=1e-6)
    np.testing.assert_allclose(ran.loss, expected.loss, rtol=1e-6, atol=1e-20)


def test_a_line_search_descends_too():
    ran = descend_with(lambda params: make_optimizer("sls", params, reset="start"), TOY, TOY.start, 30)
    assert np.all(np.diff(ran.loss) <= 0)
    assert ran.loss[-1] < 1e-3 * ran.loss[0]


@pytest.mark.filterwarnings("error")
def test_a_descent_that_diverges_is_infinite_from_there_on():
    ran = descend_with(lambda params: torch.optim.SGD(params, 1e3), TOY, TOY.start, 200)
    first = np.argmax(np.isinf(ran.loss))
    assert 1 < first < 200
    assert np.all(np.isinf(ran.loss[first:]))
    assert np.all(np.isinf(ran.w[first:]))
    assert np.all(ran.alpha == 1e3)
    assert ran.diverged


def test_descents_with_modes_are_recorded_in_that_of_evaluation():
    class TwoPoints(torch.optim.SGD):
        def train(self):
            pass

        def eval(self):
            self.param_groups[0]["params"][0].data.fill_(7.0)

    ran = descend_with(lambda params: TwoPoints(params, 0.1), TOY, TOY.start, 3)
    assert np.all(ran.w[1:] == 7.0)
