"""The gradients that mini-batch training sees, and how far consecutive ones agree: what Eq. 7 reads off them."""

import copy

import numpy as np

__all__ = [
    "cosines",
    "displaced",
    "epoch_gradients",
    "inner_products",
    "neighbors",
    "over_windows",
    "share_negative",
    "sums",
]


def epoch_gradients(model, data, batch_size, alpha=0.0, seed=0):
    """The gradient of every mini-batch of one epoch of plain gradient descent.

    Args:
        model: images → logits, where the epoch begins; it is left as it is.
        data: a `tlr.course.data.Data`.
        batch_size: images a batch; the last one may be smaller.
        alpha: the learning rate of the descent. With 0, the default, all gradients belong to the same weights.
        seed: of the order of the batches.

    Returns:
        float32, (N, d): N batches, d parameters.
    """
    import torch  # here, so that explorers of recorded gradients do without it
    from torch.nn.functional import cross_entropy

    from tlr.course.data import normalize
    from tlr.course.training import epoch_order

    model = copy.deepcopy(model)
    params = list(model.parameters())
    images, labels, _, _ = data.tensors(params[0].device)
    gradients = []
    for batch in epoch_order(len(images), seed, epoch=0).split(batch_size):
        loss = cross_entropy(model(normalize(images[batch])), labels[batch])
        gradient = torch.autograd.grad(loss, params)
        gradients.append(torch.cat([g.flatten() for g in gradient]).cpu().numpy())
        with torch.no_grad():
            torch._foreach_add_(params, gradient, alpha=-alpha)
    return np.stack(gradients)


def displaced(model, displacement):
    """A copy of the model whose weights, as one vector, are moved by `displacement`, (d,)."""
    import torch
    from torch.nn.utils import parameters_to_vector, vector_to_parameters

    model = copy.deepcopy(model)
    moved = parameters_to_vector(model.parameters()).detach() + torch.as_tensor(displacement)
    vector_to_parameters(moved, model.parameters())
    return model


def sums(gradients, length):
    """The sums over consecutive windows of `length` gradients (Eq. 10), (N // length, d); a rest is left out."""
    whole = len(gradients) // length
    return gradients[: whole * length].reshape(whole, length, -1).sum(axis=1)


def cosines(vectors):
    """The cosine of the angle between each vector and the next: (k, d) → (k − 1,)."""
    lengths = np.linalg.norm(vectors, axis=1)
    return np.vecdot(vectors[1:], vectors[:-1]) / (lengths[1:] * lengths[:-1])


def inner_products(epochs):
    """The inner products of the gradients of each epoch: (epochs, N, d) → float64, (epochs, N, N)."""
    gradients = np.asarray(epochs)
    return np.matmul(gradients, gradients.swapaxes(1, 2), dtype=float)


def over_windows(products, length):
    """The inner products of the sums over consecutive windows of `length` gradients, from those of the gradients.

    Args:
        products: (…, N, N), as `inner_products` returns them.
        length: gradients in a window.

    Returns:
        (…, k, k) with k = N // length; a rest is left out.
    """
    windows = products.shape[-1] // length
    whole = products[..., : windows * length, : windows * length]
    return whole.reshape(*products.shape[:-2], windows, length, windows, length).sum(axis=(-3, -1))


def neighbors(products):
    """(gg, gp, pp) of each gradient, or window of them, and the one before it, one-dimensional over all epochs."""
    squares = np.diagonal(products, axis1=-2, axis2=-1)
    between = np.diagonal(products, offset=1, axis1=-2, axis2=-1)
    return squares[..., 1:].ravel(), between.ravel(), squares[..., :-1].ravel()


def share_negative(products, apart=1):
    """The share of negative products among those of gradients, or windows of them, that are `apart` steps apart."""
    return float(np.mean(np.diagonal(products, offset=apart, axis1=-2, axis2=-1) < 0))
