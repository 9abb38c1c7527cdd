"""TLR alongside Adam, which the paper names as future work (section 6): the same windows over other directions.

A window must be several times the memory of Adam's first moment, 1/(1 − β₁) = 10 steps by default: in shorter ones α
runs away (notebook 03).
"""

from typing import Any

from torch.optim import Adam, AdamW
from torch.optim.optimizer import ParamsT

from tlr.optim.trainable import TrainableRate

__all__ = ["TLRAdam", "TLRAdamW"]


class TLRAdam(TrainableRate, Adam):
    """Adam that trains its learning rate; arguments as for `torch.optim.Adam` and `TrainableRate`.

    α₀ is Adam's own lr, 1e-3 by default, and `update_every` is 50 by default: five times what the first moment
    remembers. Shorter windows warn.

    Example:
        >>> import torch
        >>> model = torch.nn.Linear(2, 1)
        >>> optimizer = TLRAdam(model.parameters(), update_every=100)
    """

    def __init__(self, params: ParamsT, *args: Any, update_every: int = 50, **options: Any) -> None:
        super().__init__(params, *args, update_every=update_every, **options)


class TLRAdamW(TrainableRate, AdamW):
    """AdamW that trains its learning rate; arguments as for `torch.optim.AdamW` and `TrainableRate`.

    α₀ is AdamW's own lr, 1e-3 by default, and `update_every` is 50 by default: five times what the first moment
    remembers. Shorter windows warn.

    Example:
        >>> import torch
        >>> model = torch.nn.Linear(2, 1)
        >>> optimizer = TLRAdamW(model.parameters(), update_every=100)
    """

    def __init__(self, params: ParamsT, *args: Any, update_every: int = 50, **options: Any) -> None:
        super().__init__(params, *args, update_every=update_every, **options)
