"""What a setting means: data, network, optimizer, schedule and precision, on a device."""

from functools import lru_cache
from typing import NamedTuple

import torch

from tlr.course import data
from tlr.course.models import make_model
from tlr.course.peers import PEERS
from tlr.course.precision import Speed, choose_precision, has_convolutions
from tlr.course.records import Setting
from tlr.course.training import steps_per_epoch, train
from tlr.rule import window

__all__ = ["Built", "build", "choose_device", "learned_weights", "load"]


class Built(NamedTuple):
    """What `tlr.course.training.train` gets.

    Attributes:
        images: a `tlr.course.data.Data`, or a `tlr.course.data.text.Pairs`.
        model: a torch module.
        optimizer: a torch optimizer.
        scheduler: a torch LRScheduler, or None.
        speed: a `tlr.course.precision.Speed`.
    """

    images: object
    model: torch.nn.Module
    optimizer: torch.optim.Optimizer
    scheduler: object
    speed: Speed

    @property
    def stateful(self):
        """Name → what changes during training, and so belongs in a checkpoint."""
        parts = {"model": self.model, "optimizer": self.optimizer}
        if self.scheduler is not None:
            parts["scheduler"] = self.scheduler
        if self.speed.precision == "float16":
            parts["speed"] = self.speed
        return parts

    def train(self, setting, **options):
        """Train as the setting asks for; other options are those of `tlr.course.training.train`."""
        return train(
            self.model,
            self.optimizer,
            self.images,
            epochs=setting.epochs,
            batch_size=setting.batch_size,
            seed=setting.seed,
            scheduler=self.scheduler,
            augment=setting.augment,
            speed=self.speed,
            **options,
        )


def build(setting, device, precision="auto", compile=False):
    """Build what a `tlr.course.records.Setting` describes, as it is before the first step: a `Built`.

    The device is a torch.device; precision and compile are those of `tlr.course.experiments.run`.
    """
    images = load(setting.data)
    model = make_model(setting.model, images.inputs, images.classes, setting.seed, images.channels).to(device)
    speed = Speed(choose_precision(precision, device, model), compile)
    if setting.pretrained is not None:
        learned = learned_weights(setting.model, setting.pretrained, device, speed.precision)
        model.load_state_dict(model.state_dict() | learned)
    peer, steps = PEERS[setting.method].variant(setting.variant), steps_per_epoch(images, setting.batch_size)
    options = {name: getattr(setting, name) for name in peer.options}
    if "p" in options:
        options["update_every"] = window(steps, options.pop("p"))
    if peer.fused and not has_convolutions(model):  # on a CPU that kernel ignores strides
        options["fused"] = True
    if peer.steps_argument:
        options[peer.steps_argument] = steps
    optimizer = peer.optimizer(model.named_parameters(), lr=setting.alpha0, **options)
    return Built(images, model, optimizer, peer.scheduler(optimizer, setting.epochs), speed)


@lru_cache(maxsize=1)
def learned_weights(model, data_set, device, precision):
    """What all layers but the last have learned from a data set: 20 epochs of SGD, α cut to a tenth at ½ and ¾.

    It takes some minutes on a core, once in a process, and comes to the same weights each time.

    Returns:
        Name → tensor, without those of the layer "output".

    Raises:
        ValueError: the training diverged.
        KeyboardInterrupt: it was interrupted, so that nothing half learned is used.
    """
    setting = Setting(
        method="multistep", alpha0=0.02, batch_size=64, data=data_set, model=model, epochs=20, augment="crop-flip"
    )
    built = build(setting, device, precision)
    history = built.train(setting, progress=False)
    if history.status == "interrupted":
        raise KeyboardInterrupt
    if history.status == "diverged":
        raise ValueError(f"{model} diverged while it learned {data_set}, so there is nothing to begin from.")
    return {name: w for name, w in built.model.state_dict().items() if not name.startswith("output.")}


@lru_cache(maxsize=1)
def load(name):
    """The data set of that name, kept for the next run of this process."""
    return data.load(name)


def choose_device(name):
    """The torch.device of that name; "auto" is a GPU if torch sees one, else the CPU.

    Raises:
        ValueError: there is no such device here, or none that a network could be trained on.
    """
    try:
        device = torch.device(("cuda" if torch.cuda.is_available() else "cpu") if name == "auto" else name)
        torch.zeros(1, device=device).item()
    except (RuntimeError, AssertionError, ImportError, NotImplementedError) as error:
        reason = str(error).splitlines()[0].partition(". ")[0].rstrip(".")
        if "driver" in reason.lower() and "too old" in reason:
            advice = "update the driver, or install a torch that was built for it, or run with 'cpu'"
        elif "not compiled with CUDA" in reason:
            advice = "this torch is for CPUs only: install one for your GPU, or try 'auto'"
        else:
            advice = "try 'auto'"
        raise ValueError(f"There is no device {name!r} here ({reason}): {advice}.") from None
    return device
