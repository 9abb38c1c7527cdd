"""TLR alongside Adam, which the paper names as future work (section 6): the same windows over other directions."""

from typing import Any

from torch.optim import Adam, AdamW
from torch.optim.optimizer import ParamsT

from tlr.optim.trainable import TrainableRate

__all__ = ["TLRAdam", "TLRAdamW"]


class TLRAdam(TrainableRate, Adam):
    """Adam that trains its learning rate; arguments as for `torch.optim.Adam` and `TrainableRate`.

    α₀ is Adam's own lr, 1e-3 by default. `update_every` is 50 by default: five times the memory of the first moment,
    1/(1 − β₁) steps. In shorter windows α runs away (notebook 03b), and a warning says so.

    Example:
        >>> import torch
        >>> model = torch.nn.Linear(2, 1)
        >>> optimizer = TLRAdam(model.parameters(), update_every=100)
    """

    def __init__(self, params: ParamsT, *args: Any, update_every: int = 50, **options: Any) -> None:
        super().__init__(params, *args, update_every=update_every, **options)


class TLRAdamW(TrainableRate, AdamW):
    """AdamW that trains its learning rate; arguments as for `torch.optim.AdamW`, all else as for `TLRAdam`.

    Example:
        >>> import torch
        >>> model = torch.nn.Linear(2, 1)
        >>> optimizer = TLRAdamW(model.parameters(), update_every=100)
    """

    def __init__(self, params: ParamsT, *args: Any, update_every: int = 50, **options: Any) -> None:
        super().__init__(params, *args, update_every=update_every, **options)
