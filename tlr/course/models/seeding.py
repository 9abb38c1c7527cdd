"""Initial weights that depend on a seed alone."""

from contextlib import contextmanager

import torch

__all__ = ["seeded"]


@contextmanager
def seeded(seed):
    """Layers that are made inside begin with the weights of this seed; the global random state is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)  # torch.manual_seed would seed every GPU, too
        yield
