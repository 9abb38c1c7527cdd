"""What several peers share: α moved before the weights are, and one step size for all parameters."""

import math

import torch
from torch.optim import SGD, Optimizer

from tlr.optim.products import inner_products
from tlr.optim.rates import check_rate

__all__ = ["AdamDirections", "OneRate", "SGDDirections", "TrainedRate", "sums_of_products"]


def refuse_sparse(optimizer, gradients):
    """TypeError if a gradient is sparse."""
    if any(gradient.is_sparse for gradient in gradients):
        raise TypeError(f"{type(optimizer).__name__} needs dense gradients: build the embedding with sparse=False.")


def sums_of_products(pairs):
    """⟨x, y⟩ for each of several pairs of lists of tensors, with one wait for the device in all."""
    flat = iter(inner_products([x for xs, _ in pairs for x in xs], [y for _, ys in pairs for y in ys]))
    return [math.fsum(next(flat) for _ in xs) for xs, _ in pairs]


class ClosureStep(Optimizer):
    """An optimizer whose step is `_move(loss)`, after the closure has made the gradients."""

    _needs_loss = False

    def __setstate__(self, state):
        super().__setstate__(state)
        for group in self.param_groups:
            group.update(self.defaults | group)

    @torch.no_grad()
    def step(self, closure=None):
        """One step.

        Args:
            closure: clears the gradients, computes the loss, calls backward and returns the loss; optional where the
                step does not depend on the loss.

        Returns:
            The closure's loss, or None.
        """
        if closure is None and self._needs_loss:
            raise TypeError(f"{type(self).__name__} needs the loss: call step(closure), where the closure returns it.")
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        self._move(loss)
        return loss

    def _move(self, loss):
        raise NotImplementedError

    def _buffers(self, params, key, start=torch.zeros_like):
        """What state[p] keeps under `key` for each p; `start(p)` at first."""
        for p in params:
            if key not in self.state[p]:
                self.state[p][key] = start(p)
        return [self.state[p][key] for p in params]


class TrainedRate(ClosureStep):
    """Mix-in: a step computes its directions first, lets the subclass move α by them, then moves the weights.

    A direction is what the base, such as SGD, multiplies by −α: its class has `_directions`. Each parameter group has
    its own α, moved by the inner products over its own tensors: its hypergradient exactly.
    """

    def __init__(self, params, lr, *, options, **base):
        super().__init__(params, lr, **base)
        self.defaults.update(options)
        for group in self.param_groups:
            group.update(options | group)

    def add_param_group(self, param_group):
        rate = check_rate(param_group.get("lr", self.defaults["lr"]))
        super().add_param_group(param_group)
        self.param_groups[-1]["lr"] = rate

    def _move(self, loss):
        moves = []
        for group in self.param_groups:
            params = [p for p in group["params"] if p.grad is not None]
            gradients = self._gradients(params, group)
            moves.append((group, params, gradients, self._directions(params, gradients, group)))
        self._move_alpha(moves)
        for group, params, _, directions in moves:
            if params:
                torch._foreach_add_(params, directions, alpha=-group["lr"])

    def _gradients(self, params, group):
        """New tensors, or p.grad itself: to be read only."""
        gradients = [p.grad for p in params]
        refuse_sparse(self, gradients)
        if group["maximize"] and params:
            gradients = list(torch._foreach_neg(gradients))
        if group["weight_decay"] != 0 and params:
            gradients = list(torch._foreach_add(gradients, params, alpha=group["weight_decay"]))
        return gradients

    def _move_alpha(self, moves):
        """Change group["lr"], given (group, params, gradients, directions) for each parameter group."""
        raise NotImplementedError


class SGDDirections(SGD):
    """The directions of `torch.optim.SGD`, whose arithmetic this is: an α that stays gives the same weights."""

    def __init__(self, params, lr, *, momentum=0, dampening=0, weight_decay=0, nesterov=False, maximize=False):
        super().__init__(params, lr, momentum, dampening, weight_decay, nesterov, maximize=maximize)

    def _directions(self, params, gradients, group):
        """New tensors, or the gradients or momentum buffers themselves: to be read only."""
        momentum = group["momentum"]
        if momentum == 0 or not params:
            return gradients
        aged = [i for i, p in enumerate(params) if self.state[p].get("momentum_buffer") is not None]
        for i in set(range(len(params))).difference(aged):
            self.state[params[i]]["momentum_buffer"] = gradients[i].clone()
        if aged:
            buffers = [self.state[params[i]]["momentum_buffer"] for i in aged]
            torch._foreach_mul_(buffers, momentum)
            torch._foreach_add_(buffers, [gradients[i] for i in aged], alpha=1 - group["dampening"])
        buffers = [self.state[p]["momentum_buffer"] for p in params]
        return list(torch._foreach_add(gradients, buffers, alpha=momentum)) if group["nesterov"] else buffers


class AdamDirections(Optimizer):
    """The directions of Adam, m̂ / (√v̂ + ε)."""

    def __init__(self, params, lr, *, betas=(0.9, 0.999), eps=1e-8, weight_decay=0, maximize=False):
        if not all(0 <= beta < 1 for beta in betas):
            raise ValueError(f"Both of Adam's betas must lie in [0, 1), not {betas!r}.")
        if not (eps >= 0 and weight_decay >= 0):
            raise ValueError(f"eps and weight_decay must not be negative, not {eps!r} and {weight_decay!r}.")
        defaults = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "maximize": maximize}
        super().__init__(params, defaults)

    def _directions(self, params, gradients, group):
        if not params:
            return gradients
        first, second = group["betas"]
        means, squares, steps = [], [], []
        for p in params:
            state = self.state[p]
            if not state:
                state.update(step=0, exp_avg=torch.zeros_like(p), exp_avg_sq=torch.zeros_like(p))
            state["step"] = int(state["step"]) + 1  # torch.optim.Adam, whose state may be loaded, counts in a tensor
            means.append(state["exp_avg"])
            squares.append(state["exp_avg_sq"])
            steps.append(state["step"])
        torch._foreach_lerp_(means, gradients, 1 - first)
        torch._foreach_mul_(squares, second)
        torch._foreach_addcmul_(squares, gradients, gradients, 1 - second)
        sizes = list(torch._foreach_div(squares, [1 - second**step for step in steps]))
        torch._foreach_sqrt_(sizes)
        torch._foreach_add_(sizes, group["eps"])
        directions = list(torch._foreach_div(means, [1 - first**step for step in steps]))
        torch._foreach_div_(directions, sizes)
        return directions


class OneRate(ClosureStep):
    """Base of peers with one step size for all parameters, computed from the whole gradient.

    What they measure is one number for all parameters too, and lies in every parameter group, so that it is saved
    and copied with them.

    Args:
        params: parameters or parameter groups.
        defaults: options and measurements, the same for every group; "lr" is the step size.
    """

    def add_param_group(self, param_group):
        if self.param_groups:
            for key in self.defaults:
                param_group.setdefault(key, self.param_groups[0][key])
        super().add_param_group(param_group)
        for key in self.defaults:
            first, new = self.param_groups[0][key], self.param_groups[-1][key]
            if first != new:
                self.param_groups.pop()
                raise ValueError(
                    f"{type(self).__name__} has one step size for all parameters: "
                    f"give every parameter group the same {key}, not {first!r} and {new!r}."
                )

    def _move(self, loss):
        params, gradients = self._gradients()
        if params:
            self._advance(params, gradients, loss)

    def _advance(self, params, gradients, loss):
        """Move the parameters, given their gradients (to be read only) and the closure's loss."""
        raise NotImplementedError

    @property
    def _shared(self):
        return self.param_groups[0]

    def _share(self, **values):
        for group in self.param_groups:
            group.update(values)

    def _gradients(self):
        """The parameters that have a gradient, and their gradients: to be read only."""
        params = [p for group in self.param_groups for p in group["params"] if p.grad is not None]
        gradients = [p.grad for p in params]
        refuse_sparse(self, gradients)
        if params and self._shared.get("weight_decay"):
            gradients = list(torch._foreach_add(gradients, params, alpha=self._shared["weight_decay"]))
        return params, gradients
