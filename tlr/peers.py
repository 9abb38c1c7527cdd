"""What TLR is compared with: rules that move α by a fixed multiple of an inner product of gradients."""

import math

import torch
from torch.optim import SGD

from tlr.optim.products import inner_products

__all__ = ["FixedEta", "Hypergradient"]


class _TrainedSGD(SGD):
    """SGD whose every step computes its directions first, lets the subclass move α by them, then moves the weights.

    A direction is what SGD multiplies by −α: the gradient, with weight decay and momentum. Each parameter group
    has its own α, moved by the inner products over its own tensors: its hypergradient exactly. All arithmetic is
    that of `torch.optim.SGD`, so that an α which does not move gives the same weights bit for bit.
    """

    def __init__(self, params, lr, *, options, **sgd):
        self._options = options  # add_param_group needs them before the base class has made self.defaults
        super().__init__(params, lr, **sgd)
        self.defaults.update(self.__dict__.pop("_options"))

    def add_param_group(self, param_group):
        for key, value in self.__dict__.get("_options", {}).items():
            param_group.setdefault(key, value)
        rate = float(param_group.get("lr", self.defaults["lr"]))
        if not (rate > 0 and math.isfinite(rate)):
            raise ValueError(f"α₀ (lr) must be positive and finite, not {rate!r}.")
        super().add_param_group(param_group)
        self.param_groups[-1]["lr"] = rate

    def __setstate__(self, state):
        super().__setstate__(state)
        for group in self.param_groups:
            for key in self.defaults:
                group.setdefault(key, self.defaults[key])

    @torch.no_grad()
    def step(self, closure=None):
        """One step.

        Args:
            closure: optional; clears the gradients, computes the loss, calls backward and returns the loss.

        Returns:
            The closure's loss, or None.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        moves = []
        for group in self.param_groups:
            params = [p for p in group["params"] if p.grad is not None]
            gradients = self._gradients(params, group)
            moves.append((group, params, gradients, self._directions(params, gradients, group)))
        self._move_alpha(moves)
        for group, params, _, directions in moves:
            if params:
                torch._foreach_add_(params, directions, alpha=-group["lr"])
        return loss

    def _gradients(self, params, group):
        """New tensors, or p.grad itself: to be read only."""
        gradients = [p.grad for p in params]
        if any(gradient.is_sparse for gradient in gradients):
            raise TypeError(f"{type(self).__name__} needs dense gradients: build the embedding with sparse=False.")
        if group["maximize"] and params:
            gradients = list(torch._foreach_neg(gradients))
        if group["weight_decay"] != 0 and params:
            gradients = list(torch._foreach_add(gradients, params, alpha=group["weight_decay"]))
        return gradients

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

    def _move_alpha(self, moves):
        """Change group["lr"], given (group, params, gradients, directions) for each parameter group."""
        raise NotImplementedError

    def _kept(self, p, key):
        """The buffer that state[p] keeps under `key`; zeros at first."""
        state = self.state[p]
        if key not in state:
            state[key] = torch.zeros_like(p)
        return state[key]

    def _group_products(self, pairs):
        """⟨x, y⟩ for each of several pairs of lists of tensors, with one wait for the device in all."""
        flat = iter(inner_products([x for xs, _ in pairs for x in xs], [y for _, ys in pairs for y in ys]))
        return [math.fsum(next(flat) for _ in xs) for xs, _ in pairs]


class Hypergradient(_TrainedSGD):
    r"""Hypergradient descent: SGD-HD and SGDN-HD with the additive rule, every step.

    .. math::
        \alpha_t = \alpha_{t-1} + \beta \langle g_t, d_{t-1} \rangle, \qquad w_t = w_{t-1} - \alpha_t d_t

    with :math:`g_t` the gradient (weight decay included) and :math:`d_t` the direction of the step: the gradient
    itself, or with momentum (Nesterov's too) what SGD puts in its place. As in the original nothing keeps α
    positive or finite.

    Args:
        params: parameters or parameter groups; each group has its own α.
        lr: α₀ > 0.
        beta: β >= 0, the step size of α (default 1e-3). Its unit is that of α²/loss: it must be tuned.
        momentum, dampening, weight_decay, nesterov, maximize: as in `torch.optim.SGD`. The original's SGDN-HD is
            `nesterov=True`.

    Raises:
        ValueError: lr <= 0, beta < 0, or what SGD refuses. TypeError: sparse gradients.

    Reference:
        A. G. Baydin, R. Cornish, D. Martínez Rubio, M. Schmidt, F. Wood: Online Learning Rate Adaptation with
        Hypergradient Descent, ICLR 2018.
    """

    def __init__(
        self,
        params,
        lr,
        *,
        beta=1e-3,
        momentum=0,
        dampening=0,
        weight_decay=0,
        nesterov=False,
        maximize=False,
    ):
        if not beta >= 0:
            raise ValueError(f"β (beta) must not be negative, not {beta!r}.")
        super().__init__(
            params,
            lr,
            momentum=momentum,
            dampening=dampening,
            weight_decay=weight_decay,
            nesterov=nesterov,
            maximize=maximize,
            options={"beta": beta},
        )

    def _move_alpha(self, moves):
        previous = [[self._kept(p, "previous_direction") for p in params] for _, params, _, _ in moves]
        gradients = [gradients for _, _, gradients, _ in moves]
        products = self._group_products(list(zip(gradients, previous, strict=True)))
        for (group, params, _, directions), old, product in zip(moves, previous, products, strict=True):
            group["lr"] += group["beta"] * product
            if params:
                torch._foreach_copy_(old, directions)
            for p in group["params"]:
                if p.grad is None and p in self.state:  # it does not move now, so its last direction is zero
                    self._kept(p, "previous_direction").zero_()


class FixedEta(_TrainedSGD):
    r"""TLR with a fixed meta step size η in place of Eq. 9 (appendix D.4).

    .. math::
        \alpha_{t+1} = \max(0,\; \alpha_t + \eta \langle g_t, g_{t-1} \rangle)

    every `update_every` steps, with :math:`g_t` the sum of the directions since the last update (Eq. 10). They are
    summed, not read from the displacement of the weights, because α may be zero; it recovers when the sums of two
    windows agree. Within a step α moves first, then the weights, as in Algorithm 2. The second full window
    brings the first change of α.

    Args:
        params: parameters or parameter groups; each group has its own α.
        lr: α₀ > 0.
        eta: η >= 0. The paper tries 0.001, 0.01, 0.1 and 1, and finds it as tedious to tune as a learning rate.
        update_every: steps between two updates of α (default 1); see `tlr.rule.window`.
        momentum, dampening, weight_decay, nesterov, maximize: as in `torch.optim.SGD`.

    Raises:
        ValueError: lr <= 0, eta < 0, update_every < 1, or what SGD refuses. TypeError: sparse gradients.
    """

    def __init__(
        self,
        params,
        lr,
        *,
        eta,
        update_every=1,
        momentum=0,
        dampening=0,
        weight_decay=0,
        nesterov=False,
        maximize=False,
    ):
        if not eta >= 0:
            raise ValueError(f"η (eta) must not be negative, not {eta!r}.")
        if not (isinstance(update_every, int) and update_every >= 1):
            raise ValueError(f"update_every counts steps and must be an integer of at least 1, not {update_every!r}.")
        super().__init__(
            params,
            lr,
            momentum=momentum,
            dampening=dampening,
            weight_decay=weight_decay,
            nesterov=nesterov,
            maximize=maximize,
            options={"eta": eta, "update_every": update_every, "steps_in_window": 0},
        )

    def _move_alpha(self, moves):
        closing = []
        for group, params, _, directions in moves:
            if params:
                torch._foreach_add_([self._kept(p, "sum_of_directions") for p in params], directions)
            group["steps_in_window"] += 1
            if group["steps_in_window"] == group["update_every"]:
                group["steps_in_window"] = 0
                closing.append((group, [p for p in group["params"] if "sum_of_directions" in self.state.get(p, ())]))
        if not closing:
            return
        now = [[self._kept(p, "sum_of_directions") for p in params] for _, params in closing]
        before = [[self._kept(p, "previous_sum") for p in params] for _, params in closing]
        products = self._group_products(list(zip(now, before, strict=True)))
        for (group, params), new, old, product in zip(closing, now, before, products, strict=True):
            group["lr"] = max(0.0, group["lr"] + group["eta"] * product)
            if params:
                torch._foreach_copy_(old, new)
                torch._foreach_zero_(new)
