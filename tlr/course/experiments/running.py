"""Run one setting and write its record: once, in one process at a time, resuming from its checkpoint."""

import math
import multiprocessing
import os
import time
import warnings
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import numpy as np
import torch
from filelock import FileLock, Timeout

from tlr.course import records
from tlr.course.curves import MEASURED, History
from tlr.course.experiments import checkpoint
from tlr.course.experiments.building import build, choose_device
from tlr.course.experiments.provenance import provenance
from tlr.course.files import remove_leftovers
from tlr.course.peers import rates, without_advice
from tlr.optim import learning_rates

__all__ = ["Claim", "claimed", "run", "tidy"]

#: In the records' folder: checkpoints and locks of the runs that are not finished.
IN_PROGRESS = "in_progress"


def run(setting, folder=None, *, device="auto", precision="auto", compile=False, deadline=math.inf, progress=False):
    """Train a setting to the end, unless that is done already, and keep its record.

    After each epoch a checkpoint and the record so far are written, so that a run that is stopped in whatever way loses
    the epoch under way and no more; the next call continues from there, on a CPU to the same bits as if it had never
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
        OSError: the folder cannot be written to, or is full.
        ValueError: the data set, the device or the precision is unknown.
        MemoryError: the device has too little memory.
        ModuleNotFoundError: the model's package is missing.
    """
    folder = records.folder(folder)
    with claimed(setting, folder) as claim:
        if claim.open:
            device = choose_device(device)
            with _enough_memory(setting, device), _one_thread(device), without_advice():
                claim.record = _Run(setting, folder, device, precision, compile).train(deadline, progress)
    return claim.record


@dataclass
class Claim:
    """What `claimed` found.

    Attributes:
        open: whether the run is not finished, and this process's to train.
        record: the finished `Record`, or None.
    """

    open: bool
    record: records.Record | None


@contextmanager
def claimed(setting, folder):
    """Hold a setting for this process, and clean up behind it if its record is finished in the end.

    Yields:
        A `Claim`: open, or finished, or neither, when another process holds the setting. Who trains an open one puts
        the record there.

    Raises:
        OSError: the folder cannot be written to.
    """
    lock = _in_progress(setting, folder, ".lock")
    with _locked(lock) as held:
        record = _finished(setting, folder) if held else None
        claim = Claim(held and record is None, record)
        yield claim
        finished = claim.record is not None and claim.record.finished
        if finished:
            stored = _in_progress(setting, folder, ".pt")
            stored.unlink(missing_ok=True)
            for path in (stored, folder / f"{setting.name}.json"):
                remove_leftovers(path)
    if finished:
        # Who takes the lock between these lines finds the record finished, so nobody runs it twice. Windows removes no
        # file that somebody has open; the last one to close it does.
        with suppress(OSError):
            lock.unlink()


def tidy(setting, folder):
    """Remove what is left of a finished run whose process was killed before it could clean up."""
    if any(_in_progress(setting, folder, suffix).exists() for suffix in (".pt", ".lock")):
        with claimed(setting, folder):
            pass


class _Run:
    """A run under way: what is trained, what came of it so far, and how it is kept.

    Args:
        setting, folder, precision, compile: as for `run`.
        device: a torch.device.
    """

    def __init__(self, setting, folder, device, precision, compile):
        self._setting, self._folder = setting, folder
        self._checkpoint = _in_progress(setting, folder, ".pt")
        self._built = build(setting, device, precision, compile)
        session, optimizer = provenance(self._built.images, device, self._built.speed.precision), self._built.optimizer
        self._history, sessions = History(rates(optimizer), groups=tuple(learning_rates(optimizer))), []
        if self._checkpoint.is_file():
            try:
                self._history, sessions = checkpoint.restore(
                    self._checkpoint, setting, self._built.stateful, session["checksum"]
                )
            except checkpoint.Unusable as reason:  # it costs its epochs, so somebody should know
                warnings.warn(
                    f"The checkpoint {self._checkpoint} cannot be used ({reason}): this run starts anew.", stacklevel=3
                )
                self._built = build(setting, device, precision, compile)  # some of it may have been loaded
        self._sessions = [*sessions, {"first_epoch": 1 + len(self._history.epochs), **session}]

    def train(self, deadline, progress):
        """Train to the end, the deadline or an interrupt; the `Record`, which is written if it is finished."""
        parent, is_worker = os.getppid(), multiprocessing.current_process().name != "MainProcess"

        def on_epoch(_):
            self._keep()
            if is_worker and os.getppid() != parent:
                os._exit(1)  # who asked for this run was killed: nobody waits for its end
            if time.time() > deadline and not self._finished:
                raise KeyboardInterrupt

        if self._built.speed.compile:
            torch.compiler.reset()  # or what earlier runs compiled would count towards torch's limit
        self._built.train(self._setting, progress=progress, history=self._history, on_epoch=on_epoch)
        record = self._record(self._history.status)
        if record.finished:
            records.write(record, self._folder)
        return record

    @property
    def _finished(self):
        return self._history.status == "diverged" or len(self._history.epochs) == self._setting.epochs

    def _keep(self):
        """Write the checkpoint and the record so far, after an epoch that is not the last."""
        if self._built.speed.compile:
            self._sessions[-1]["compile_seconds"] = round(self._built.speed.compile_seconds, 2)
        if not self._finished:
            checkpoint.save(self._checkpoint, self._setting, self._built.stateful, self._history, self._sessions)
            records.write(self._record("interrupted"), self._folder)

    def _record(self, status):
        history = self._history
        return records.Record(
            setting=self._setting,
            status=status,
            groups=history.groups,
            alpha0=np.array(history.alpha0),
            sessions=tuple(self._sessions),
            **{name: getattr(history, name) for name in MEASURED},
        )


def _in_progress(setting, folder, suffix):
    return folder / IN_PROGRESS / f"{setting.name}{suffix}"


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
        warnings.warn(f"{error} It is kept as {setting.name}.refused, and its setting is run again.", stacklevel=5)
        return None
    return record if record is not None and record.finished else None


@contextmanager
def _enough_memory(setting, device):
    """Say in one sentence that memory is short; torch uses many, and on a CPU a plain RuntimeError."""
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
def _one_thread(device):
    """On a CPU a sum has one order only with one thread, and two runs of one thread beat one run of two."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1 if device.type == "cpu" else threads)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
