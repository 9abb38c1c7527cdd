"""AliG: the Polyak step under interpolation, as its package has it, in the one loop of the course.

L. Berrada, A. Zisserman, M. P. Kumar: Training neural networks for and by interpolation. ICML 2020.
"""

import pytorch_optimizer
import torch

__all__ = ["AliG"]


class AliG(pytorch_optimizer.AliG):
    """AliG from the package pytorch_optimizer: γ = min(f / (‖g‖² + δ), η).

    δ is the package's 1e-6; the authors' own code has 1e-5.

    Args:
        params: parameters or parameter groups.
        lr: η, the largest step size (default 0.1). After a step, `param_groups` show there what it was.
        **options: what `pytorch_optimizer.AliG` takes besides.
    """

    def __init__(self, params, lr=0.1, **options):
        super().__init__(params, max_lr=lr, **options)
        for group in self.param_groups:
            group["lr"] = lr

    def step(self, closure=None):
        if closure is None:
            raise TypeError("AliG needs the loss: call step(closure), where the closure returns it.")
        with torch.enable_grad():  # the package's own step would run the closure without gradients
            loss = closure()
        super().step(loss.item)
        for group in self.param_groups:
            group["lr"] = group["step_size"]
        return loss
