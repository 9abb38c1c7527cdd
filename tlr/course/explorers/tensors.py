"""One α for a whole network against one for each of its tensors, live while both train."""

import asyncio
import time

import ipywidgets as widgets
import numpy as np

from tlr.course.explorers.base import DRAWING, Explorer, blank, in_a_line, log_slider, rule_menu, running_loop
from tlr.course.explorers.status import Status
from tlr.course.plots.tensors import TensorPicture

__all__ = ["TensorRace"]

_SIDES = {"model": "one α", "tensor": "an α for each tensor"}
_SECONDS_PER_FRAME = 0.15


class TensorRace(Explorer):
    """Two trainings step by step, side by side, with a button to start and stop them; a moved control begins anew.

    Args:
        train: what trains. `train(per, curvature, alpha0)` begins a training, with `per` "model" or "tensor" and
            `curvature` "published" or "secant", as `tlr.TLR` takes them, and returns an iterator: each item is one
            more step, as its loss and the rates, name → α, that `tlr.learning_rates` gives.

    Attributes:
        running: whether the trainings go on by themselves.
    """

    description = "Explorer of one learning rate against one for each tensor: run the notebook to start it."

    def __init__(self, train):
        super().__init__()
        self._train, self._begun, self.running = train, None, False
        self._task = None
        self.curvature = rule_menu(("published", "secant"), "published")
        self.alpha0 = log_slider("α₀", 0.01, (-5, 1), "The learning rate of the first steps, for all tensors")
        self.button = widgets.Button(description="Start", icon="play", tooltip="Train; again to stop")
        self.button.on_click(lambda _: self.stop() if self.running else self.start())
        self.said = Status("press Start")
        controls = {"curvature": self.curvature, "alpha0": self.alpha0}
        self.set_up(TensorPicture(blank()), controls, [[*controls.values(), self.button, self.said]])

    def draw(self, **begun):
        """Draw both trainings as far as they are; begin new ones, with a step each, if a control has moved.

        In the state, `losses` and `rates` are those of each step, for "model" and "tensor", and `fates` what is said.
        """
        if self._begun != begun:
            self._sides = {per: _Training(self._train(per, *begun.values())) for per in _SIDES}
            self._begun = begun
        losses = {per: np.array(side.losses) for per, side in self._sides.items()}
        rates = {per: _by_name(side.rates) for per, side in self._sides.items()}
        (rates["model"],) = rates["model"].values()
        fates = {per: f"{_SIDES[per]}: {side.fate}" for per, side in self._sides.items()}
        if self.running:
            self.said.say(f"training both: step {max(map(len, losses.values()))}", more_to_come=True)
        self.picture.update(begun["curvature"], losses, rates, fates)
        return {"losses": losses, "rates": rates, "fates": fates}

    def advance(self, steps):
        """Take so many steps now, or as many as there are, and show where they led."""
        with DRAWING:
            for _ in range(steps):
                if not self._step():
                    break
            self.refresh()

    def start(self):
        """Go on in the background, between whatever else the kernel has to do; RuntimeError where there is none."""
        loop = running_loop()
        self._set_running(True)
        self._task = loop.create_task(self._go_on())

    def stop(self):
        """Stop after the step that is being taken."""
        with DRAWING:
            self._set_running(False)
            self.refresh()

    def _set_running(self, running):
        self.running = running
        if not running:
            self.said.say("stopped: press Start to go on")
        self.button.description, self.button.icon = ("Stop", "stop") if running else ("Start", "play")

    async def _go_on(self):
        shown = time.monotonic()
        # Another task goes on instead where it was stopped and started before this one could see it.
        while self.running and self._task is asyncio.current_task():
            with DRAWING:
                try:
                    if self.running and not self._step():
                        self.stop()
                    if self.running and time.monotonic() > shown + _SECONDS_PER_FRAME:
                        self.refresh()
                        shown = time.monotonic()
                except BaseException:
                    self._set_running(False)
                    raise
            # Messages are handled here: that of the button, for one.
            await asyncio.sleep(0)

    def _step(self):
        """One step of each; whether there was any to take."""
        taken = [side.step() for side in self._sides.values()]
        return any(taken)


class _Training:
    """What a training has come to so far: after its first step, which fails like any call, or later ones."""

    def __init__(self, steps):
        self._steps = iter(steps)
        loss, rates = next(self._steps)
        self.losses, self.rates, self._end = [loss], [rates], ""

    def step(self):
        """Take one more step, unless the training has ended; whether it was taken."""
        if not self._end:
            try:
                loss, rates = next(self._steps)
            except StopIteration:
                self._end = "the end, "
            except (Exception, SystemExit) as error:  # in the background nobody else would say what it did
                self._end = f"{in_a_line(error)}; "
            else:
                self.losses.append(loss)
                self.rates.append(rates)
                self._end = "" if np.isfinite(loss) else "diverged, "
        return not self._end

    @property
    def fate(self):
        """What to say of it."""
        last = np.mean(self.losses[-20:])
        return f"{self._end}loss {last:.2g} at step {len(self.losses)}"


def _by_name(rates):
    """A list of name → α as name → array."""
    return {name: np.array([each[name] for each in rates]) for name in rates[0]}
