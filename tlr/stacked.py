"""Replicas of the MLP that train together: one step for all of them, on stacked weights, each with its own α.

A small network keeps a GPU waiting: a step is a few dozen kernels, each of which takes longer to launch than to run.
Here the replicas share the launches, so that a step of all of them takes hardly longer than that of one. On a CPU,
where nothing waits, their weights fall out of the cache, and running one after the other is faster.
"""

import torch
from torch.nn.functional import cross_entropy, relu
from torch.nn.utils import parameters_to_vector

from tlr import rule
from tlr.optim import TLR
from tlr.peers import FixedEta, Hypergradient

__all__ = ["Stack"]

#: Optimizer → which of a stack's buffers its state holds for each tensor, and by what names.
_STATE = {
    torch.optim.SGD: {"momentum": ["momentum_buffer"]},
    TLR: {"momentum": ["momentum_buffer"], "sums": ["window_start"], "previous": ["previous"]},
    FixedEta: {"momentum": ["momentum_buffer"], "sums": ["sum_of_directions"], "previous": ["previous_sum"]},
    Hypergradient: {"momentum": ["momentum_buffer", "previous_direction"]},
}


class Stack:
    """Some replicas of an MLP with their optimizers, taken over before an epoch and given back after it.

    In between, `step` does to all of them what `optimizer.step()` does to each, up to rounding: sums are taken in
    another order, and TLR sums the directions of a window where it would measure a displacement. It never waits for
    the device, and what becomes of one replica does not touch the others.

    Args:
        models: `tlr.models.MLP`s of the same sizes, on one device.
        optimizers: one for each, with one parameter group: a `torch.optim.SGD`, `TLR`, `FixedEta` or `Hypergradient`,
            all with the same momentum > 0 and the same weight decay.
        steps: how many each of them has taken up to now.
    """

    def __init__(self, models, optimizers, steps):
        self._replicas, self._steps = list(zip(models, optimizers, strict=True)), steps
        groups = [optimizer.param_groups[0] for optimizer in optimizers]
        device = groups[0]["params"][0].device

        def column(key, default=0.0):
            return torch.tensor([group.get(key, default) for group in groups], dtype=torch.float64, device=device)

        def mask(values):
            return torch.tensor(list(values), device=device)

        self._mu, self._weight_decay = groups[0]["momentum"], groups[0]["weight_decay"]
        self._alpha, self._beta, self._eta, self._c = column("lr"), column("beta"), column("eta"), column("c", 1.0)
        self._hypergradient = any("beta" in group for group in groups)
        self._fixed = mask("eta" in group for group in groups)
        self._secant = mask(group.get("curvature") == "secant" for group in groups)
        #: Steps of a window → whose windows these are. All began with the first step.
        self._windows = {
            every: mask(group.get("update_every") == every for group in groups)
            for every in {group["update_every"] for group in groups if "update_every" in group}
        }

        for optimizer in optimizers:
            if isinstance(optimizer, TLR):
                _sum_directions(optimizer)
        self._previous_square = column("previous_square")
        self._sizes = [p.numel() for p in models[0].parameters()]
        buffers = ("momentum", "sums", "previous") if self._windows else ("momentum",)
        self._flat = {name: torch.stack([_flat(*each, name) for each in self._replicas]) for name in buffers}
        self._flat["weights"] = torch.stack([parameters_to_vector(model.parameters()).detach() for model in models])
        #: Each tensor of all replicas, (R, …): views of the weights.
        self._tensors = [
            part.view(len(models), *p.shape).requires_grad_()
            for part, p in zip(self._flat["weights"].split(self._sizes, 1), models[0].parameters(), strict=True)
        ]

    def step(self, images, labels):
        """One step of every replica on the same batch.

        Args:
            images: float32, (n, …). labels: int64, (n,).

        Returns:
            The mean loss of each replica before the step, (R,).
        """
        weight, bias, output_weight, output_bias = self._tensors
        replicas = len(self._replicas)
        images = images.flatten(1).expand(replicas, -1, -1)
        hidden = relu(torch.baddbmm(bias[:, None], images, weight.mT))  # vmap would take twice as long to launch
        logits = torch.baddbmm(output_bias[:, None], hidden, output_weight.mT)
        each = cross_entropy(logits.flatten(0, 1), labels.repeat(replicas), reduction="none")
        losses = each.view(replicas, -1).mean(1)
        gradients = torch.autograd.grad(losses.sum(), self._tensors)
        self._move(torch.cat([gradient.flatten(1) for gradient in gradients], 1))
        return losses.detach()

    @torch.no_grad()
    def _move(self, gradients):
        """Move every α and the weights; `gradients` (R, P) is spoilt."""
        self._steps += 1
        weights, momentum = self._flat["weights"], self._flat["momentum"]
        gradients.add_(weights, alpha=self._weight_decay)
        if self._hypergradient:  # the direction of the step before is what the momentum still holds
            moved = self._alpha + self._beta * torch.linalg.vecdot(gradients, momentum).double()
            self._alpha = torch.where(self._beta > 0, moved, self._alpha)
        momentum.mul_(self._mu).add_(gradients)
        alpha = self._alpha
        if self._windows:
            self._flat["sums"].add_(momentum)
            for every, members in self._windows.items():
                if self._steps % every == 0:
                    self._close_window(members)
            alpha = torch.where(self._fixed, self._alpha, alpha)  # TLR's new α is for its next step
        weights.addcmul_(momentum, alpha.to(weights.dtype)[:, None], value=-1)

    def _close_window(self, members):
        """Move α of those whose window ends here, by the sums of directions of this window and the one before."""
        sums, previous = self._flat["sums"], self._flat["previous"]
        square, product = (torch.linalg.vecdot(sums, other).double() for other in (sums, previous))
        products = square, product, self._previous_square
        published, secant = (rule.next_alpha(self._alpha, *products, self._c, name) for name in ("published", "secant"))
        finite = torch.isfinite(square) & torch.isfinite(product)
        trained = torch.where(finite, torch.where(self._secant, secant, published), self._alpha)
        moved = self._alpha + self._eta * product
        moved = torch.where(moved > 0, moved, 0.0)
        self._alpha = torch.where(members, torch.where(self._fixed, moved, trained), self._alpha)

        keep = members & (finite | self._fixed)
        self._previous_square = torch.where(keep, square, torch.where(members, 0.0, self._previous_square))
        members, keep = members[:, None], keep[:, None]
        self._flat["previous"] = torch.where(keep, sums, torch.where(members, 0.0, previous))
        self._flat["sums"] = torch.where(members, 0.0, sums)

    @torch.no_grad()
    def give_back(self):
        """Leave models and optimizers as if each had taken these steps itself."""
        alphas, squares = torch.stack([self._alpha, self._previous_square]).tolist()
        for number, (model, optimizer) in enumerate(self._replicas):
            (group,) = optimizer.param_groups
            group["lr"] = alphas[number]
            if "update_every" in group:
                group["steps_in_window"] = self._steps % group["update_every"]
            if isinstance(optimizer, TLR):
                group.update(window_lr=group["lr"], previous_square=squares[number])
            flat = {name: tensor[number].split(self._sizes) for name, tensor in self._flat.items()}
            for i, p in enumerate(model.parameters()):
                p.copy_(flat["weights"][i].view_as(p))
                for name, keys in _STATE[type(optimizer)].items():
                    for key in keys:
                        optimizer.state[p][key] = flat[name][i].view_as(p).clone()


def _flat(model, optimizer, name):
    """A buffer of one replica in one row, (P,): zeros where it is not there yet."""
    key, *_ = _STATE[type(optimizer)].get(name, [None])
    states = ((p, optimizer.state.get(p, {})) for p in model.parameters())
    return torch.cat([state.get(key, torch.zeros_like(p)).detach().flatten() for p, state in states])


@torch.no_grad()
def _sum_directions(optimizer):
    """Turn the displacements that a TLR has measured into sums of directions."""
    (group,) = optimizer.param_groups
    for p, state in optimizer.state.items():
        start = state["window_start"]
        if group["steps_in_window"] == 0:
            start.zero_()
        elif not group["summed"]:
            start.sub_(p).div_(group["window_lr"])
        state["previous"].mul_(group["previous_scale"])
    group.update(summed=True, previous_scale=1.0)
