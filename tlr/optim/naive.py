"""Algorithm 1: α by plain gradient descent on L_α, at the price of a second pass a step."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch.optim import Optimizer
from torch.optim.optimizer import ParamsT

from tlr import rule
from tlr.optim.products import inner_products, laid_out
from tlr.optim.rates import check_rate

__all__ = ["NaiveTLR"]


class NaiveTLR(Optimizer):
    r"""Naive GD-TLR (Algorithm 1 of the paper): gradient descent on the weights and on α.

    .. math::
        \alpha_{t+1} = \alpha_t - \eta \, \partial L_\alpha / \partial \alpha \,(\alpha_t; w_t), \qquad
        w_{t+1} = w_t - \alpha_{t+1} \nabla L(w_t)

    The derivative is :math:`-\langle \nabla L(w_t - \alpha_t g_t), g_t \rangle`, so that a step evaluates the
    closure twice: at the weights, and at the trial point that :math:`\alpha_t` leads to. As in the paper
    nothing keeps α positive; a derivative that is not finite leaves α as it is.

    Args:
        params: parameters or parameter groups, all of which share one α.
        lr: α₀ > 0 (default 1e-2).
        eta: the meta step size η >= 0 (default 1e-3). It must be tuned: its unit is that of α²/loss.

    Example:
        >>> w = torch.nn.Parameter(torch.tensor([3.0]))
        >>> optimizer = NaiveTLR([w], lr=0.1, eta=0.01)
        >>> def closure():
        ...     optimizer.zero_grad()
        ...     loss = (w**2).sum() / 2
        ...     loss.backward()
        ...     return loss
        >>> loss = optimizer.step(closure)  # g = 3, the trial gradient is 2.7: α = 0.1 + 0.01 · 8.1
        >>> round(optimizer.param_groups[0]["lr"], 4)
        0.181
    """

    def __init__(self, params: ParamsT, lr: float = 1e-2, *, eta: float = 1e-3) -> None:
        if not eta >= 0:
            raise ValueError(f"The meta step size eta must not be negative, not {eta!r}.")
        super().__init__(params, {"lr": check_rate(lr), "eta": float(eta)})

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        super().add_param_group(param_group)
        first, new = self.param_groups[0], self.param_groups[-1]
        if (new["lr"], new["eta"]) != (first["lr"], first["eta"]):
            self.param_groups.pop()
            raise ValueError("NaiveTLR trains one α with one eta: give every parameter group the same lr and eta.")

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load α and η, as torch does.

        Raises:
            ValueError: an α that is not finite, or an η that a new optimizer would refuse. Everything stays as it was.
        """
        before = {"state": self.state, "param_groups": self.param_groups}
        super().load_state_dict(state_dict)
        for group in self.param_groups:
            alpha, eta = group["lr"], group.get("eta")
            if not (isinstance(alpha, float) and isinstance(eta, float) and math.isfinite(alpha) and eta >= 0):
                self.__dict__.update(before)
                raise ValueError(f"The state to load has lr={alpha!r} and eta={eta!r}: α must be finite, and eta >= 0.")

    @torch.no_grad()
    def step(self, closure: Callable[[], Any]) -> Any:  # type: ignore[override]
        """One step of Algorithm 1; none where no parameter has a gradient.

        Args:
            closure: clears the gradients, computes the loss, calls backward and returns the loss. It is
                called twice.

        Returns:
            The loss at the weights before the step. Their gradients are left in `p.grad`. Where the closure raises, the
            weights are what they were.
        """
        with torch.enable_grad():
            loss = closure()
        params = [p for group in self.param_groups for p in group["params"] if p.grad is not None]
        if not params:
            return loss
        gradients = [laid_out(p.grad, p).clone() for p in params]
        before = [p.clone() for p in params]
        alpha, eta = self.param_groups[0]["lr"], self.param_groups[0]["eta"]
        try:
            torch._foreach_add_(params, gradients, alpha=-alpha)
            with torch.enable_grad():
                closure()
        finally:
            torch._foreach_copy_(params, before)
        trial = [torch.zeros_like(p) if p.grad is None else laid_out(p.grad, p) for p in params]
        derivative = rule.first_derivative(sum(inner_products(trial, gradients)))
        if math.isfinite(derivative):
            alpha = float(rule.gradient_step(alpha, derivative, eta))
        for p, gradient in zip(params, gradients, strict=True):
            p.add_(gradient, alpha=-alpha)
            p.grad = gradient
        for group in self.param_groups:
            group["lr"] = alpha
        return loss
