"""One setting to its record: never twice, never two at a time, and on from where it stopped."""

import io
import math
import pickle
import time
import warnings
import zipfile
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from filelock import FileLock, Timeout

from tlr.course import data, records
from tlr.course.experiments.provenance import provenance
from tlr.course.files import replacing
from tlr.course.models import make_model
from tlr.course.peers import PEERS, rates
from tlr.course.precision import Speed, choose_precision, has_convolutions
from tlr.course.training import Epoch, History, steps_per_epoch, train
from tlr.optim import learning_rates
from tlr.rule import window

__all__ = ["choose_device", "run"]

#: In the records' folder: checkpoints and locks of the runs that are not finished.
IN_PROGRESS = "in_progress"
VERSION = 1


def run(setting, folder=None, *, device="auto", precision="auto", compile=False, deadline=math.inf, progress=False):
    """Train a setting to the end, unless that is done already, and keep its record.

    After each epoch a checkpoint and the record so far are written, so that a run that is stopped in whatever way loses
    the epoch under way and no more; the next call goes on from there, on a CPU to the same bits as if it had never
    stopped. A CPU runs it with one thread: runs in parallel processes are what fills the others.

    Args:
        setting: a `tlr.course.records.Setting`.
        folder: of the records (default: `tlr.course.records.folder()`).
        device: "auto" (default) is a GPU if torch sees one, else "cpu"; or what `torch.device` takes.
        precision: "float32", "bfloat16" or "float16"; "auto" (default) is float32 on a CPU and for an MLP, and
            otherwise bfloat16 on a GPU that has it, float16 on one that has not.
        compile: run the network through torch.compile (default False).
        deadline: stop after the first epoch that ends later than this, by `time.time()` (default: never).
        progress: show a bar of the steps (default False).

    Returns:
        A `Record`: finished, or "interrupted" by KeyboardInterrupt or the deadline. None, when another
        process is at this setting.

    Raises:
        OSError: the folder cannot be written to, or is full. ValueError: the data set, the device or the precision is
            unknown. MemoryError: the device has too little memory. ModuleNotFoundError: the model's package is missing.
    """

    def train_to_the_end(settings, folder, device):
        (setting,) = settings
        under_way = Run(setting, folder, device, precision, compile)
        return [_train(under_way, deadline, progress)]

    return attend([setting], folder, device, train_to_the_end)[0]


def attend(settings, folder, device, train):
    """The records of settings, of which those are trained that nobody has finished and no other process is at.

    Args:
        settings: a list of `tlr.course.records.Setting`.
        folder, device: as for `run`.
        train: gets a list of settings, the folder and a torch.device, and returns as many records.

    Returns:
        A list with a record for each setting, or None where another process is at it. Raises what `run` raises.
    """
    folder = records.folder() if folder is None else Path(folder)
    found, locks = {}, {setting: _in_progress(setting, folder, ".lock") for setting in settings}
    with ExitStack() as held:
        for setting, lock in locks.items():
            if held.enter_context(_locked(lock)):
                found[setting] = _finished(setting, folder)
        if left := [setting for setting, record in found.items() if record is None]:
            device = choose_device(device)
            with _enough_memory(left[0], device), _one_thread(device):
                found.update(zip(left, train(left, folder, device), strict=True))
        finished = [setting for setting, record in found.items() if record.finished]
        for setting in finished:
            _in_progress(setting, folder, ".pt").unlink(missing_ok=True)
    for setting in finished:
        # Who takes the lock between these lines finds the record finished, so nobody runs it twice. Windows removes no
        # file that somebody has open; the last one to close it does.
        with suppress(OSError):
            locks[setting].unlink()
    return [found.get(setting) for setting in settings]


def _in_progress(setting, folder, suffix):
    return folder / IN_PROGRESS / f"{setting.name}{suffix}"


def choose_device(name):
    """The torch.device of that name; "auto" is a GPU if torch sees one, else the CPU.

    Raises:
        ValueError: there is no such device here.
    """
    try:
        device = torch.device(("cuda" if torch.cuda.is_available() else "cpu") if name == "auto" else name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        if "driver" in reason.lower() and "too old" in reason:
            advice = "update the driver, or install a torch that was built for it, or run with 'cpu'"
        elif "not compiled with CUDA" in reason:
            advice = "this torch is for CPUs only: install one for your GPU, or try 'auto'"
        else:
            advice = "try 'auto'"
        raise ValueError(f"There is no device {name!r} here ({reason}): {advice}.") from None
    return device


@contextmanager
def _enough_memory(setting, device):
    """Say in one sentence that memory is short; torch tells it in many, and on a CPU as a plain RuntimeError."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not isinstance(error, (MemoryError, torch.OutOfMemoryError)) and "can't allocate memory" not in str(error):
            raise
        raise MemoryError(
            f"{device.type} has too little memory for {setting.model} at batch size {setting.batch_size}: end what "
            "else uses it, take a smaller batch size or model, or run with fewer jobs; finished epochs are kept."
        ) from None


@contextmanager
def _locked(path):
    """Hold the lock, which the system takes from a process that dies; yields whether it could be had."""
    lock = FileLock(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout:
        yield False
        return
    except OSError as error:
        raise OSError(
            f"The folder {path.parent.parent} cannot be written to ({error.strerror}): choose another one."
        ) from error
    try:
        yield True
    finally:
        lock.release()


def _finished(setting, folder):
    """The record of a run that needs no more; one that is refused is put aside."""
    try:
        record = records.find(setting, folder)
    except ValueError as error:
        path = folder / f"{setting.name}.json"
        path.replace(path.with_suffix(".refused"))
        warnings.warn(f"{error} It is kept as {setting.name}.refused, and its setting is run again.", stacklevel=4)
        return None
    return record if record is not None and record.finished else None


class Run:
    """A run under way: what is trained, what came of it up to now, and how it is kept.

    Args:
        setting, folder, device, precision, compile: as for `tlr.course.experiments.run`, the device a torch.device.
        **session: what its record says of this session beyond its provenance.

    Attributes:
        images: the data. model, optimizer, scheduler (or None), speed: what `tlr.course.training.train` gets, as they
            were after the last epoch of `history`, a `History`, which may be of an earlier session.
    """

    def __init__(self, setting, folder, device, precision="auto", compile=False, **session):
        self.setting, self._folder = setting, folder
        self.images = _load(setting.data)
        self.model, self.optimizer, self.scheduler = build(setting, self.images, device)
        self.speed = Speed(choose_precision(precision, device, self.model), compile)
        self._parts = {"model": self.model, "optimizer": self.optimizer}
        if self.scheduler:
            self._parts["scheduler"] = self.scheduler
        if self.speed.precision == "float16":
            self._parts["speed"] = self.speed
        self._groups = tuple(learning_rates(self.optimizer))
        self._checkpoint = _in_progress(setting, folder, ".pt")
        session = provenance(self.images, device, self.speed.precision) | session
        self.history, sessions = _resume(self._checkpoint, setting, self._parts, session)
        if self.history is None:
            self.history = History(alpha0=rates(self.optimizer))
        self._sessions = [*sessions, {"first_epoch": 1 + len(self.history.epochs), **session}]

    @property
    def finished(self):
        return self.history.status == "diverged" or len(self.history.epochs) == self.setting.epochs

    def keep(self):
        """Write the checkpoint and the record up to now, after an epoch that is not the last."""
        if self.speed.compile:
            self._sessions[-1]["compile_seconds"] = round(self.speed.compile_seconds, 2)
        if not self.finished:
            _save(self._checkpoint, self.setting, self._parts, self.history, self._sessions)
            records.write(self._record("interrupted"), self._folder)

    def end(self):
        """The record, which is written if it is finished."""
        record = self._record(self.history.status)
        if record.finished:
            records.write(record, self._folder)
        return record

    def _record(self, status):
        history = self.history
        return records.Record(
            setting=self.setting,
            status=status,
            groups=self._groups,
            alpha0=np.array(history.alpha0),
            train_loss=history.train_loss,
            test_accuracy=history.test_accuracy,
            alpha=history.alpha,
            seconds=history.seconds,
            evaluation_seconds=history.evaluation_seconds,
            sessions=tuple(self._sessions),
        )


def _train(run, deadline, progress):
    setting = run.setting
    if run.speed.compile:
        torch.compiler.reset()  # or what earlier runs compiled would count towards torch's limit

    def keep(_):
        run.keep()
        if time.time() > deadline and not run.finished:
            raise KeyboardInterrupt

    train(
        run.model,
        run.optimizer,
        run.images,
        epochs=setting.epochs,
        batch_size=setting.batch_size,
        seed=setting.seed,
        scheduler=run.scheduler,
        progress=progress,
        history=run.history,
        on_epoch=keep,
        augment=setting.augment,
        speed=run.speed,
    )
    return run.end()


@lru_cache(maxsize=1)
def _load(name):
    """The data set, kept for the next run of this process."""
    return data.load(name)


def build(setting, images, device):
    """The model, its optimizer and the schedule (or None), as they are before the first step."""
    model = make_model(setting.model, images.inputs, images.classes, setting.seed, images.channels).to(device)
    peer, steps = PEERS[setting.method], steps_per_epoch(images, setting.batch_size)
    options = {name: getattr(setting, name) for name in peer.options}
    if "p" in options:
        options["update_every"] = window(steps, options.pop("p"))
    if peer.fused and not has_convolutions(model):  # on a CPU that kernel ignores strides
        options["fused"] = True
    if peer.counts_steps:
        options["steps_per_epoch"] = steps
    optimizer = peer.optimizer(model.named_parameters(), lr=setting.alpha0, **options)
    return model, optimizer, peer.scheduler(optimizer, setting.epochs)


@contextmanager
def _one_thread(device):
    """On a CPU a sum has one order only with one thread, and two runs of one thread beat one run of two."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1 if device.type == "cpu" else threads)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _save(path, setting, parts, history, sessions):
    content = {
        "version": VERSION,
        "setting": setting.as_dict(),
        "parts": {name: part.state_dict() for name, part in parts.items()},
        "alpha0": history.alpha0,
        "epochs": [asdict(epoch) for epoch in history.epochs],
        "sessions": sessions,
    }
    # Into memory first: where the disk is full, torch.save tells no reason.
    buffer = io.BytesIO()
    torch.save(content, buffer)
    with replacing(path) as part:
        part.write_bytes(buffer.getvalue())


def _resume(path, setting, parts, session):
    """The history and the sessions that a checkpoint holds, with the parts as they were; (None, []) without one.

    A checkpoint that cannot be used costs its epochs, so it is named in a warning, and the run starts anew.
    """
    if not path.is_file():
        return None, []
    stored = path.read_bytes()
    try:
        content = torch.load(io.BytesIO(stored), map_location="cpu", weights_only=True)
        if content["version"] != VERSION or content["setting"] != setting.as_dict():
            raise ValueError("it is from another version or setting")
        if content["sessions"][-1]["checksum"] != session["checksum"]:
            raise ValueError(f"the data set {setting.data!r} has changed since")
        history = History(alpha0=content["alpha0"], epochs=[Epoch(**epoch) for epoch in content["epochs"]])
    except (
        ValueError,
        KeyError,
        TypeError,
        EOFError,
        RuntimeError,
        pickle.UnpicklingError,
        zipfile.BadZipFile,
    ) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        warnings.warn(f"The checkpoint {path} cannot be used ({reason}): this run starts anew.", stacklevel=5)
        return None, []
    for name, part in parts.items():
        part.load_state_dict(content["parts"].get(name, {}))  # float16 may go on where another precision stopped
    return history, content["sessions"]
