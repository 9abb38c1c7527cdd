"""The small problem that peers and transcriptions of their papers both see, in float64.

½ wᵀHw with a linear term that depends on the step alone, as if each step had its own batch; the constant keeps every
loss positive.
"""

import numpy as np
import torch

HESSIAN = np.diag([1.0, 3.0, 0.2, 2.0]) + 0.1
NOISE = np.random.default_rng(0).normal(size=(40, 4))
START = np.array([1.0, -2.0, 3.0, 0.5])
LIFT = 40.0


def value(w, t):
    return w @ HESSIAN @ w / 2 + NOISE[t] @ w + LIFT


def gradient(w, t):
    return HESSIAN @ w + NOISE[t]


def parameters():
    """The weights as two tensors."""
    start = torch.tensor(START)
    return [torch.nn.Parameter(start[:1].clone()), torch.nn.Parameter(start[1:].clone().reshape(3, 1))]


def weights(params):
    return torch.cat([p.detach().flatten() for p in params])


def closure_of(params, optimizer, t, gradients=None):
    """The closure of step t; `gradients` collects copies of those that it computes."""

    def closure():
        optimizer.zero_grad()
        w = torch.cat([p.flatten() for p in params])
        loss = w @ torch.tensor(HESSIAN) @ w / 2 + torch.tensor(NOISE[t]) @ w + LIFT
        if torch.is_grad_enabled():
            loss.backward()
            if gradients is not None:
                gradients.append([p.grad.clone() for p in params])
        return loss

    return closure


def advance(params, optimizer, steps, first=0):
    """Run the optimizer; the weights and α after each step."""
    path = []
    for t in range(first, first + steps):
        optimizer.step(closure_of(params, optimizer, t))
        path.append((weights(params).numpy(), optimizer.param_groups[0]["lr"]))
    w, alpha = zip(*path, strict=True)
    return np.array(w), np.array(alpha)
