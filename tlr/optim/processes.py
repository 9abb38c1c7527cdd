"""Ways to spread an optimizer over processes under which α would differ from one to another, and are refused."""

import sys
from typing import Any

from torch import Tensor


def refuse_partitions(optimizer: Any) -> None:
    """Raise ValueError if ZeroRedundancyOptimizer is building an optimizer, to which it gives some of the tensors."""
    module = sys.modules.get("torch.distributed.optim.zero_redundancy_optimizer")
    frame = sys._getframe(1) if module is not None else None
    while frame is not None:
        builder = frame.f_locals.get("self")
        if builder is not optimizer and isinstance(builder, module.ZeroRedundancyOptimizer):  # type: ignore[union-attr]
            raise ValueError(
                f"ZeroRedundancyOptimizer gives each process some of the tensors, so each would train a different α. "
                f"Use {type(optimizer).__name__} with FSDP2 (torch.distributed.fsdp.fully_shard) or DDP."
            )
        frame = frame.f_back


def refuse_flat_parameters(params: list[Tensor]) -> None:
    """Raise ValueError if parameters are FSDP1's flat ones, or views of them, of which a process sees only its part."""
    if any(getattr(p, "_fsdp_flattened", False) for p in params):
        raise ValueError(
            "FullyShardedDataParallel (FSDP1) shows each process only its part of the weights, so each would train a "
            "different α. Use FSDP2 (torch.distributed.fsdp.fully_shard; in Accelerate fsdp_version=2) or DDP."
        )
