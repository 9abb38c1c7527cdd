"""TLR alongside Adam, which the paper names as future work (section 6): the same windows over other directions.

A window must be several times the memory of Adam's first moment, 1/(1 − β₁) = 10 steps by default: in shorter ones α
runs away (notebook 03).
"""

from torch.optim import Adam, AdamW

from tlr.optim.trainable import TrainableRate

__all__ = ["TLRAdam", "TLRAdamW"]


class TLRAdam(TrainableRate, Adam):
    """Adam that trains its learning rate; arguments as for `torch.optim.Adam` and `TrainableRate`.

    Example:
        >>> import torch
        >>> model = torch.nn.Linear(2, 1)
        >>> optimizer = TLRAdam(model.parameters(), lr=1e-3, update_every=100)
    """


class TLRAdamW(TrainableRate, AdamW):
    """AdamW that trains its learning rate; arguments as for `torch.optim.AdamW` and `TrainableRate`.

    Example:
        >>> import torch
        >>> model = torch.nn.Linear(2, 1)
        >>> optimizer = TLRAdamW(model.parameters(), lr=1e-3, update_every=100)
    """
