"""The gradients that mini-batch training sees, and how far consecutive ones agree: what Eq. 7 reads off them."""

import copy

import numpy as np

__all__ = [
    "alignment",
    "cosines",
    "displaced",
    "epoch_gradients",
    "inner_products",
    "neighbors",
    "over_windows",
    "quadratic_form",
    "share_negative",
    "signal_and_noise",
    "sums",
    "window_agreement",
]


def epoch_gradients(model, data, batch_size, alpha=0.0, seed=0, *, again=False):
    """The gradient of every mini-batch of one epoch of plain gradient descent.

    Args:
        model: images → logits, where the epoch begins; it is left as it is.
        data: a `tlr.course.data.Data`.
        batch_size: images a batch; the last one may be smaller.
        alpha: the learning rate of the descent. With 0, the default, all gradients belong to the same weights.
        seed: of the order of the batches.
        again: whether the first batch comes again at every step, in place of the others.

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
    batches = epoch_order(len(images), seed, epoch=0).split(batch_size)
    for batch in batches[:1] * len(batches) if again else batches:
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


def quadratic_form(model, data, v):
    """vᵀHv, with the Hessian H of the loss of all data: v is (d,), as `epoch_gradients` has its rows."""
    import torch
    from torch.nn.functional import cross_entropy
    from torch.nn.utils import parameters_to_vector

    from tlr.course.data import normalize

    params = list(model.parameters())
    images, labels, _, _ = data.tensors(params[0].device)
    loss = cross_entropy(model(normalize(images)), labels)
    along = parameters_to_vector(torch.autograd.grad(loss, params, create_graph=True)) @ torch.as_tensor(v)
    return float(parameters_to_vector(torch.autograd.grad(along, params)).numpy() @ v)


def sums(gradients, length):
    """The sums over consecutive windows of `length` gradients (Eq. 10), (N // length, d); a rest is left out."""
    whole = len(gradients) // length
    return gradients[: whole * length].reshape(whole, length, -1).sum(axis=1)


def cosines(vectors):
    """The cosine of the angle between each vector and the next: (k, d) → (k − 1,)."""
    lengths = np.linalg.norm(vectors, axis=1)
    return np.vecdot(vectors[1:], vectors[:-1]) / (lengths[1:] * lengths[:-1])


def signal_and_noise(gradients):
    """(‖G‖², tr Σ) without bias: of the mean gradient, and of the noise of one batch, from gradients (n, d)."""
    mean, mean_square = gradients.mean(axis=0), np.mean(np.vecdot(gradients, gradients))
    noise = (mean_square - mean @ mean) * len(gradients) / (len(gradients) - 1)
    return mean_square - noise, noise


def window_agreement(gradients, length, seed=0):
    """How far consecutive windows agree, mean ⟨g_t, g_{t−1}⟩ over mean ‖g_t‖², once the order is random: (n, d)."""
    windows = sums(np.random.default_rng(seed).permutation(gradients), length)
    return np.mean(np.vecdot(windows[1:], windows[:-1])) / np.mean(np.vecdot(windows, windows))


def alignment(model, data, batch_size, alpha, length, seed=0):
    """The cosines of the first window's sum with the full gradient where the window begins, and where it ends.

    Args:
        model, data, batch_size, alpha, seed: as in `epoch_gradients`.
        length: steps in the window.
    """
    total = sums(epoch_gradients(model, data, batch_size, alpha, seed), length)[0]
    places = model, displaced(model, -alpha * total)
    whole = [epoch_gradients(place, data, len(data.x_train))[0] for place in places]
    return [cosines(np.stack([total, gradient]))[0] for gradient in whole]


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
