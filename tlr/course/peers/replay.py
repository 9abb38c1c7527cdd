"""The same pass again: a closure repeated on the same random numbers and buffers, and without their moving on."""

import warnings

import torch
from torch.nn.modules.module import register_module_forward_pre_hook

__all__ = ["Replay"]


class Replay:
    """Runs a closure once, and then any number of times as if it were the first time.

    A pass through a network reads and changes more than the weights: dropout draws random numbers, batch norm moves
    its running statistics. `again` begins with the random state and the buffers that `first` began with, and leaves
    both as `first` left them. Random states are torch's, of the CPU and of the CUDA devices named; buffers are those
    of every module that was called.

    Args:
        devices: where the closure may draw random numbers, besides the CPU.
    """

    def __init__(self, devices):
        indices = {device.index for device in devices if device.type == "cuda"}
        self._generators = [torch.default_generator, *(torch.cuda.default_generators[i] for i in sorted(indices))]

    def first(self, closure):
        """Run the closure and remember what it read and changed; its result."""
        self._random_before = self._random()
        seen, self._before = set(), []

        def remember(module, _):
            # A compiled network is seen as a whole, before its inside is traced.
            if not torch.compiler.is_compiling() and module not in seen:
                seen.update(module.modules())
                self._before += [(buffer, buffer.clone()) for buffer in module.buffers()]

        hook = register_module_forward_pre_hook(remember)
        try:
            with warnings.catch_warnings():
                # torch warns that the hook sees a compiled network and what is inside of it; `seen` knows.
                warnings.filterwarnings("ignore", message=r".*when there are global hooks on modules")
                result = closure()
        finally:
            hook.remove()
        self._random_after = self._random()
        self._after = [(buffer, buffer.clone()) for buffer, _ in self._before]
        return result

    def again(self, closure):
        """Run the closure as `first` did; its result."""
        self._set(self._random_before, self._before)
        try:
            return closure()
        finally:
            self._set(self._random_after, self._after)

    def _random(self):
        return [generator.get_state() for generator in self._generators]

    def _set(self, states, buffers):
        for generator, state in zip(self._generators, states, strict=True):
            generator.set_state(state)
        for buffer, value in buffers:
            buffer.copy_(value)
