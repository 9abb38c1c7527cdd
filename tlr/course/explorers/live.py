"""Training, watched: loss, α and accuracy grow epoch by epoch, and a button stops it."""

import asyncio
import threading

import ipywidgets as widgets

from tlr.course.explorers.base import Explorer, blank, in_a_line, log_slider, running_loop
from tlr.course.explorers.status import Status
from tlr.course.plots.live import RunsPicture
from tlr.course.plots.style import METHODS

__all__ = ["Live"]

#: Seconds between two pictures while it trains.
_PAUSE = 0.25


class Live(Explorer):
    """Contestants train one after the other from the same α₀: press Train to begin, Stop to end.

    They train in a thread of their own, so that the notebook goes on meanwhile and the buttons answer, in every front
    end. What was trained when it is stopped stays in the picture.

    Args:
        contestants: name → function of α₀ and of `on_epoch` that trains; it calls `on_epoch` with its
            `tlr.course.training.History` after each epoch and ends when that raises KeyboardInterrupt, as
            `tlr.course.training.train` does. Names of `tlr.course.plots.METHODS` are drawn in their style.
        epochs: how many each of them will train, the length of the axis.
        alpha0: where the slider of α₀ begins (default 0.01).

    Attributes:
        histories: name → the `History` so far.
    """

    description = "Training, watched: run the notebook and press Train."

    def __init__(self, contestants, epochs, alpha0=0.01):
        super().__init__()
        self.contestants, self.histories, self._epochs = contestants, {}, epochs
        self._stop, self._failure = threading.Event(), None
        self.alpha0 = log_slider("α₀", alpha0, (-5, 0), "The learning rate that all of them begin with")
        self.train_button = widgets.Button(description="Train", icon="play", button_style="primary")
        self.stop_button = widgets.Button(description="Stop", icon="stop", disabled=True)
        self.said = Status("press Train")
        self.train_button.on_click(lambda _button: self.start())
        self.stop_button.on_click(lambda _button: self.stop())
        picture = RunsPicture(blank((9.2, 3.2), "constrained"), list(contestants), epochs)
        self.set_up(picture, {"alpha0": self.alpha0}, [[self.alpha0, self.train_button, self.stop_button, self.said]])

    def draw(self, alpha0):
        """Show what was trained so far: `histories`, and `said`, in the state."""
        self.picture.update(self.histories, alpha0)
        return {"histories": self.histories, "said": self.said.words}

    def run(self):
        """Train here and now, and show the result; an interrupt from the keyboard ends it."""
        self._begin()
        self._train(self.settings()["alpha0"])
        self._end()

    def start(self):
        """Train in the background, and return the asyncio task that watches it; RuntimeError outside of a notebook."""
        loop = running_loop()
        self._begin()
        thread = threading.Thread(target=self._train, args=(self.settings()["alpha0"],), daemon=True)
        thread.start()
        return loop.create_task(self._watch(thread))

    def stop(self):
        """End what runs in the background, after the epoch under way."""
        self._stop.set()
        self.said.say("stopping after this epoch…", more_to_come=True)

    async def _watch(self, thread):
        try:
            while thread.is_alive():
                await asyncio.sleep(_PAUSE)
                if not self._stop.is_set():
                    self.said.say(self._progress(), more_to_come=True)
                self.refresh()
        except BaseException:  # with the buttons back, nobody could stop it
            self._stop.set()
            raise
        finally:
            self._end()

    def _begin(self):
        self._stop.clear()
        self.histories, self._failure = {}, None
        self.said.say(self._progress(), more_to_come=True)
        self._set_running(True)
        self.refresh()

    def _end(self):
        self._set_running(False)
        self.said.say("stopped" if self._stop.is_set() else "done")
        if self._failure is not None:
            self.said.say(f"ended by an error: {self._failure}")
        self.refresh()

    def _progress(self):
        """Who is training, and how far it is shown."""
        names, shown = list(self.contestants), self.histories
        turn = max(len(shown), 1)
        if shown and len(shown[names[turn - 1]].epochs) == self._epochs and turn < len(names):
            turn += 1
        name = names[turn - 1]
        done = len(shown[name].epochs) if name in shown else 0
        label = METHODS[name].label if name in METHODS else name
        return f"training {label} ({turn} of {len(names)}): epoch {done} of {self._epochs} done"

    def _set_running(self, running):
        self.train_button.disabled = self.alpha0.disabled = running
        self.stop_button.disabled = not running

    def _train(self, alpha0):
        try:
            for name, train in self.contestants.items():
                history = train(alpha0, lambda history, name=name: self._keep(name, history))
                if history.status == "interrupted":
                    self._stop.set()
                    break
        except KeyboardInterrupt:
            self._stop.set()
        except BaseException as error:  # even SystemExit: in a thread nobody else would say so
            self._failure = in_a_line(error)

    def _keep(self, name, history):
        self.histories = self.histories | {name: history}
        if self._stop.is_set():
            raise KeyboardInterrupt
