"""Training, watched: what is shown is what was trained, and Stop keeps it."""

import asyncio
import json
from functools import partial

import matplotlib.figure
import numpy as np
import pytest

from tlr.course.explorers import Live
from tlr.course.plots.live import RunsPicture
from tlr.course.training import Epoch, History
from tlr.optim import TrainableRate
from tools.stamp import ROOT

EPOCHS = 4


def trained(alpha0, on_epoch, loss=1.0, wait=None):
    """A contestant that needs no network, as `tlr.course.training.train` would end it."""
    history = History(alpha0=(alpha0,))
    try:
        for epoch in range(EPOCHS):
            history.epochs.append(Epoch(loss / (epoch + 1), 0.5 + epoch / 10, (alpha0 * (epoch + 2),), 0.0, 0.0))
            on_epoch(history)
            if wait is not None:
                wait()
    except KeyboardInterrupt:
        history.status = "interrupted"
    return history


def drawn(live, name):
    return [line.get_xydata().tolist() for line in live._picture.lines[name]]


def test_run_trains_every_contestant_from_the_alpha_of_the_slider():
    live = Live({"sgd": trained, "tlr": partial(trained, loss=2.0)}, EPOCHS, alpha0=0.1)
    before = live.image.value
    live.run()
    assert live.said.value == "done"
    assert live.image.value != before
    loss, alpha, accuracy = drawn(live, "tlr")
    assert loss == [[1, 2.0], [2, 1.0], [3, pytest.approx(2 / 3)], [4, 0.5]]
    np.testing.assert_allclose(alpha, [[0, 0.1], [1, 0.2], [2, 0.3], [3, 0.4], [4, 0.5]])
    np.testing.assert_allclose(accuracy, [[1, 50], [2, 60], [3, 70], [4, 80]])
    assert list(live.histories) == ["sgd", "tlr"]


def test_stop_ends_after_the_epoch_under_way_and_keeps_what_there_is():
    async def train_and_stop():
        loop, reached = asyncio.get_running_loop(), asyncio.Event()
        live = Live({"sgd": lambda alpha0, on_epoch: trained(alpha0, on_epoch, wait=first_epoch), "adam": trained}, 4)

        def first_epoch():
            loop.call_soon_threadsafe(reached.set)
            live._stop.wait(10)

        task = live.start()
        assert live.train_button.disabled
        assert not live.stop_button.disabled
        await reached.wait()
        live.stop_button.click()
        await task
        return live

    live = asyncio.run(train_and_stop())
    assert live.said.value == "stopped"
    assert {name: (h.status, len(h.epochs)) for name, h in live.histories.items()} == {"sgd": ("interrupted", 2)}
    assert len(drawn(live, "sgd")[0]) == 2
    assert live.stop_button.disabled
    assert not live.train_button.disabled


def test_an_interrupt_from_the_keyboard_ends_the_whole_run():
    def interrupted(alpha0, on_epoch):
        return trained(alpha0, lambda history: (_ for _ in ()).throw(KeyboardInterrupt))

    live = Live({"sgd": interrupted, "adam": trained}, EPOCHS)
    live.run()
    assert live.said.value == "stopped"
    assert "adam" not in live.histories


def test_train_again_forgets_the_run_before():
    async def twice():
        live = Live({"sgd": trained}, EPOCHS)
        live.run()
        live.alpha0.value = 0.5
        live.train_button.click()
        while live.train_button.disabled:
            await asyncio.sleep(0.01)
        return live

    live = asyncio.run(twice())
    assert live.histories["sgd"].alpha0 == (0.5,)
    assert live.said.value == "done"


def test_an_error_is_said_and_the_buttons_come_back():
    def broken(alpha0, on_epoch):
        raise ValueError("There is no data set 'minst'.")

    live = Live({"sgd": broken}, EPOCHS)
    live.run()
    assert live.said.value == "ended by an error: There is no data set 'minst'."
    assert not live.train_button.disabled


def test_alpha_that_is_not_positive_and_a_loss_that_is_not_finite_are_drawn():
    picture = RunsPicture(matplotlib.figure.Figure(), ["hypergradient"], 3)
    history = History(
        alpha0=(0.1,), epochs=[Epoch(1.0, 0.5, (-0.1,), 0, 0), Epoch(np.nan, 0.1, (0.2,), 0, 0)], status="diverged"
    )
    picture.update({"hypergradient": history})
    assert picture.axes[1].get_yscale() == "linear"
    assert [len(line.get_xdata()) for line in picture.lines["hypergradient"]] == [1, 2, 1]


def test_what_notebook_04_answers_about_its_live_runs():
    book = json.loads((ROOT / "notebooks" / "04_mnist.ipynb").read_text(encoding="utf-8"))
    cells, scope = {cell["id"]: "".join(cell["source"]) for cell in book["cells"]}, {}
    for source in (cells["live-data"], cells["live-contestant"], cells["live-run"].partition("contestants = ")[0]):
        exec(source, scope)
    exec(cells["own-optimizer"], scope)
    peer, every = scope["peer"], scope["every"]
    makers = {
        "sgd": peer("sgd"),
        "hypergradient": peer("hypergradient", beta=1e-3),
        "tlr": peer("tlr", update_every=every),
        "tlr_secant": peer("tlr_secant", update_every=every),
    }
    for alpha0, lowest in ((0.05, 0.002), (0.2, 0)):
        ends = {name: make(alpha0) for name, make in makers.items()}
        assert all(0.965 < run.test_accuracy[-1] < 0.985 for run in ends.values())
        assert all(lowest < run.train_loss[-1] < 0.02 for run in ends.values())
    assert ends["sgd"].train_loss[-1] < 0.002
    for name, make in makers.items():
        assert (make(0.3).train_loss[-1] < 0.005) == (name == "hypergradient")
    for alpha0 in (0.003, 0.2):
        assert 0.01 < peer("hypergradient", beta=1e-2)(alpha0).train_loss[-1] < 0.03

    class TLRMine(TrainableRate, scope["Mine"]):
        """The optimizer that the notebook proposes to try."""

    run = scope["contestant"](partial(TLRMine, update_every=every))(0.03)
    assert run.alpha.max() > 4
    assert run.train_loss[-1] > 10
