"""Mixed precision and compilation for the training loop; results change only by rounding."""

import inspect
import time
from contextlib import nullcontext

import torch
from torch.nn.functional import cross_entropy

from tlr.course.models import MLP
from tlr.course.peers import PEERS

__all__ = ["PRECISIONS", "Speed", "choose_precision", "has_convolutions"]

PRECISIONS = ("float32", "bfloat16", "float16")

_NEED_A_CLOSURE = {peer.make.partition(":")[2] for peer in PEERS.values() if peer.needs_closure}


class Speed:
    """Mixed precision and compilation for `tlr.course.training.train`. The weights stay float32.

    TLR compares displacements of the weights, which would drown in the rounding of a half type.

    Args:
        precision: of the network's products: "float32" (default), "bfloat16", or "float16", whose gradients are
            scaled so that they do not vanish (torch's GradScaler, which waits for the device at every step).
        compile: run the network through torch.compile (default False). That takes a minute or so, before the first
            epoch and not in its seconds.

    Attributes:
        compile_seconds: what compiling took; None before, or without it.

    Raises:
        ValueError: an unknown precision.
    """

    def __init__(self, precision="float32", compile=False):
        if precision not in PRECISIONS:
            raise ValueError(f"Unknown precision {precision!r}: choose from {', '.join(PRECISIONS)}.")
        self.precision, self.compile = precision, compile
        self.compile_seconds = None
        self._scaler, self._scale = None, {}
        self._compiled = {}

    def prepare(self, model, optimizer):
        """The network to call in place of `model`, with the same weights.

        Raises:
            ValueError: float16, and an optimizer that needs the loss itself.
        """
        if self.precision == "float16":
            closure = inspect.signature(optimizer.step).parameters["closure"]
            if closure.default is closure.empty or type(optimizer).__name__ in _NEED_A_CLOSURE:
                raise ValueError(
                    f"{type(optimizer).__name__} needs the loss itself, which float16 with its scaled gradients "
                    "does not allow: choose the precision float32 or bfloat16."
                )
            self._scaler = torch.amp.GradScaler(next(model.parameters()).device.type)
            if self._scale:
                self._scaler.load_state_dict(self._scale)
        if has_convolutions(model):
            model.to(memory_format=torch.channels_last)
        if self.compile and self._compiled.get("of") is not model:
            self._compiled = {"of": model, "network": torch.compile(model, dynamic=False)}
            self.compile_seconds = None
        return self._compiled["network"] if self.compile else model

    def warm_up(self, network, batches, images):
        """Compile for the batches (images, labels) of training and the images of evaluation; nothing else changes."""
        start = time.perf_counter()
        buffers = [(buffer, buffer.clone()) for buffer in network.buffers()]
        devices = [images.device] if images.device.type == "cuda" else []
        with torch.random.fork_rng(devices=devices):
            network.train()
            for inputs, labels in batches:
                with self.cast(images.device):
                    loss = cross_entropy(network(inputs), labels)
                loss.backward()
            network.zero_grad()
            network.eval()
            with torch.no_grad(), self.cast(images.device):
                network(images)
        for buffer, before in buffers:
            buffer.copy_(before)
        if devices:
            torch.cuda.synchronize(images.device)
        self.compile_seconds = time.perf_counter() - start

    def cast(self, device):
        """A context in which the network's products have the precision."""
        if self.precision == "float32":
            return nullcontext()
        return torch.autocast(device.type, getattr(torch, self.precision))

    def backward(self, loss):
        """Compute the gradients of a loss."""
        (loss if self._scaler is None else self._scaler.scale(loss)).backward()

    def step(self, optimizer, closure):
        """One step of the optimizer; the closure's loss."""
        if self._scaler is None:
            return optimizer.step(closure)
        loss = closure()
        self._scaler.step(optimizer)
        self._scaler.update()
        return loss

    def state_dict(self):
        """What a run that goes on later needs: the scale of float16's gradients."""
        return self._scale if self._scaler is None else self._scaler.state_dict()

    def load_state_dict(self, state):
        """Begin with the scale that `state_dict` gave, once `prepare` is called."""
        self._scale = state


def has_convolutions(model):
    """Whether a network has convolutions, which want their channels last."""
    return any(parameter.ndim == 4 for parameter in model.parameters())


def choose_precision(name, device, model):
    """The precision of that name; "auto" is float32 on a CPU and for an MLP, which gains nothing from less.

    For other networks on a GPU it is bfloat16 where the GPU has that, or else float16.
    """
    if name != "auto":
        return name
    if device.type != "cuda" or isinstance(model, MLP):
        return "float32"
    return "bfloat16" if torch.cuda.get_device_capability(device) >= (8, 0) else "float16"
