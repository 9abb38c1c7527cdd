"""Training, watched: what is shown is what was trained, and Stop keeps it."""

import asyncio
import json
import threading
from functools import partial

import matplotlib.figure
import numpy as np
import pytest
from waiting import until

from tlr.course.curves import Epoch, History
from tlr.course.explorers import Live
from tlr.course.explorers.status import Status
from tlr.course.plots import METHODS
from tlr.course.plots.live import RunsPicture
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


def test_run_trains_every_contestant_from_the_alpha_of_the_slider():
    live = Live({"sgd": trained, "tlr": partial(trained, loss=2.0)}, EPOCHS, alpha0=0.1)
    before = live.image.value
    live.run()
    shown = live.state()
    assert shown["said"] == "done"
    assert live.image.value != before
    assert list(shown["histories"]) == ["sgd", "tlr"]
    np.testing.assert_allclose(shown["histories"]["tlr"].train_loss, [2, 1, 2 / 3, 0.5])
    np.testing.assert_allclose(shown["histories"]["tlr"].rates[:, 0], [0.1, 0.2, 0.3, 0.4, 0.5])


def test_the_picture_grows_with_the_runs():
    picture = RunsPicture(matplotlib.figure.Figure(), ["sgd", "tlr"], EPOCHS)
    for loss in (1.0, 2.0):
        picture.update({"tlr": trained(0.1, lambda history: None, loss)}, 0.1)
        drawn = [[line.get_xydata().tolist() for line in axes.lines] for axes in picture.axes.values()]
        assert [len(lines) for lines in drawn] == [1, 1, 1]
        np.testing.assert_allclose(drawn[0][0], [[1, loss], [2, loss / 2], [3, loss / 3], [4, loss / 4]])
        np.testing.assert_allclose(drawn[1][0], [[0, 0.1], [1, 0.2], [2, 0.3], [3, 0.4], [4, 0.5]])
        np.testing.assert_allclose(drawn[2][0], [[1, 50], [2, 60], [3, 70], [4, 80]])


def in_the_background(live, meanwhile=None):
    """What is shown once all is over; `meanwhile` is called after the first epoch."""

    async def watch():
        task = live.start()
        assert live.train_button.disabled
        assert not live.stop_button.disabled
        if meanwhile is not None:
            await until(lambda: live.histories)
            meanwhile()
        await asyncio.wait_for(task, 60)

    asyncio.run(watch())
    return live.state()


def test_who_is_training_and_which_epoch_is_shown():
    said = []

    def watched(alpha0, on_epoch):
        return trained(alpha0, lambda history: (on_epoch(history), said.append(live._progress())))

    live = Live({"sgd": watched, "mine": watched}, EPOCHS)
    live.run()
    assert said[0] == "training SGD, fixed α (1 of 2): epoch 1 of 4 done"
    assert said[4] == "training mine (2 of 2): epoch 1 of 4 done"


def test_the_page_says_so_when_it_hears_nothing_more():
    status = Status("press <Train>")
    assert status.value == "press &lt;Train&gt;"
    status.say("training", more_to_come=True)
    first = status.value
    assert "animation" in first
    assert "restarted" in first
    status.say("training", more_to_come=True)
    assert status.value != first, "What is the same is not sent, and the page would hear nothing."
    status.say("done")
    assert (status.value, status.words) == ("done", "done")


def limits(picture):
    return {quantity: (*axis.get_xlim(), *axis.get_ylim()) for quantity, axis in picture.axes.items()}


def test_axes_are_there_before_the_training_and_do_not_move_with_it():
    picture = RunsPicture(matplotlib.figure.Figure(), ["sgd", "tlr"], EPOCHS)
    picture.update({}, 0.1)
    before = limits(picture)
    assert before["train_loss"] == pytest.approx((0, EPOCHS, 1e-3, 10))
    picture.update({"sgd": trained(0.1, lambda history: None)}, 0.1)
    assert limits(picture) == before


def test_axes_grow_by_decades_and_shrink_only_for_a_new_training():
    picture = RunsPicture(matplotlib.figure.Figure(), ["sgd"], EPOCHS)
    small = trained(2e-5, lambda history: None, loss=300.0)
    picture.update({"sgd": small}, 2e-5)
    grown = limits(picture)
    assert grown["train_loss"][2:] == pytest.approx((1e-3, 1e3))
    assert grown["alpha"][2:] == pytest.approx((1e-5, 1))
    assert grown["test_accuracy"][2:] == (50, 100)
    picture.update({"sgd": trained(0.1, lambda history: None)}, 0.1)
    assert limits(picture) == grown
    picture.update({}, 0.1)
    assert limits(picture)["train_loss"][2:] == pytest.approx((1e-3, 10))


def test_stop_ends_after_the_epoch_under_way_and_keeps_what_there_is():
    pressed = threading.Event()

    def waiting(alpha0, on_epoch):
        return trained(alpha0, on_epoch, wait=lambda: pressed.wait(60))

    def press():
        live.stop_button.click()
        pressed.set()

    live = Live({"sgd": waiting, "adam": trained}, EPOCHS)
    shown = in_the_background(live, press)
    assert shown["said"] == "stopped"
    assert {name: (h.status, len(h.epochs)) for name, h in shown["histories"].items()} == {"sgd": ("interrupted", 2)}
    assert live.stop_button.disabled
    assert not live.train_button.disabled


@pytest.mark.parametrize("where", ["between", "within"])
def test_an_interrupt_from_the_keyboard_ends_the_whole_run(where):
    def interrupted(alpha0, on_epoch):
        def interrupt(history):
            raise KeyboardInterrupt

        return trained(alpha0, interrupt) if where == "between" else interrupt(None)

    live = Live({"sgd": interrupted, "adam": trained}, EPOCHS)
    live.run()
    assert live.state()["said"] == "stopped"
    assert "adam" not in live.histories
    assert not live.train_button.disabled


def test_train_again_forgets_the_run_before():
    live = Live({"sgd": trained}, EPOCHS)
    live.run()
    live.alpha0.value = 0.5
    shown = in_the_background(live)
    assert shown["histories"]["sgd"].alpha0 == (0.5,)
    assert shown["said"] == "done"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ValueError("There is no data set 'minst'."), "ValueError: There is no data set 'minst'."),
        (SystemExit("enough"), "SystemExit: enough"),
        (
            RuntimeError("<img src=x onerror=alert(1)> & more\nlines"),
            "RuntimeError: <img src=x onerror=alert(1)> & more",
        ),
    ],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize("begin", [Live.run, in_the_background], ids=["here", "in the background"])
def test_an_error_is_said_as_text_and_the_buttons_come_back(begin, error, said):
    def broken(alpha0, on_epoch):
        raise error

    live = Live({"sgd": broken}, EPOCHS)
    begin(live)
    assert live.state()["said"] == f"ended by an error: {said}"
    assert "<" not in live.said.value
    assert not live.train_button.disabled
    assert live.stop_button.disabled


def test_the_buttons_come_back_where_what_was_trained_cannot_be_drawn():
    live = Live({"sgd": lambda alpha0, on_epoch: on_epoch("no history")}, EPOCHS)
    with pytest.raises(AttributeError):
        in_the_background(live)
    assert not live.train_button.disabled


def test_a_dollar_in_a_name_is_a_dollar():
    live = Live({"a $ and _{x": trained, "1 $": trained}, EPOCHS)
    live.run()
    assert live.state()["said"] == "done"


def test_alpha_that_is_not_positive_and_a_loss_that_is_not_finite_are_drawn():
    picture = RunsPicture(matplotlib.figure.Figure(), ["hypergradient"], 3)
    epochs = [Epoch(1.0, 0.5, (-0.1,), 0, 0), Epoch(np.nan, 0.1, (0.2,), 0, 0)]
    for status in ("done", "diverged"):  # while it trains, nobody has said so yet
        picture.update({"hypergradient": History(alpha0=(0.1,), epochs=epochs, status=status)}, 0.1)
        assert [axes.get_yscale() for axes in picture.axes.values()] == ["log", "linear", "linear"]
        picture.figure.canvas.draw()


def test_a_name_may_say_more_about_a_method_and_keeps_its_look():
    picture = RunsPicture(matplotlib.figure.Figure(), ["hypergradient, β = 0.001", "tlr"], EPOCHS)
    first, second = picture.figure.legends[0].get_lines()
    assert [text.get_text() for text in picture.figure.legends[0].get_texts()] == [
        "hypergradient, β = 0.001",
        "TLR (Eq. 8)",
    ]
    assert (first.get_color(), second.get_color()) == (METHODS["hypergradient"].color, METHODS["tlr"].color)


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
        "tlr_steady": peer("tlr_steady", update_every=every, epoch=scope["steps_per_epoch"](scope["data"], 16)),
    }
    for alpha0, lowest in ((0.05, 0.002), (0.2, 0)):
        ends = {name: make(alpha0) for name, make in makers.items()}
        assert all(0.965 < run.test_accuracy[-1] < 0.985 for run in ends.values())
        assert all(lowest < run.train_loss[-1] < 0.02 for run in ends.values())
        if alpha0 == 0.05:
            assert all(run.test_accuracy[0] > 0.9 for run in ends.values())
            lower = max(ends["tlr"].train_loss[-1], ends["tlr_steady"].train_loss[-1])
            assert lower < 0.8 * min(ends["sgd"].train_loss[-1], ends["hypergradient"].train_loss[-1])
    assert ends["sgd"].train_loss[-1] < 0.002
    edge = {name: make(0.3).train_loss[-1] for name, make in makers.items()}
    assert min(edge["sgd"], edge["tlr"]) > 0.01 > edge["tlr_steady"] > 5 * edge["hypergradient"]
    for alpha0 in (0.003, 0.2):
        assert 0.01 < peer("hypergradient", beta=1e-2)(alpha0).train_loss[-1] < 0.03

    class TLRMine(TrainableRate, scope["Mine"]):
        """The optimizer that the notebook proposes to try."""

    run = scope["contestant"](partial(TLRMine, update_every=every))(0.03)
    assert run.alpha.max() > 4
    assert run.train_loss[-1] > 10
