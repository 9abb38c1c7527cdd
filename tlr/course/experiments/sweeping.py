"""Run many settings, spread by joblib; a sweep may be stopped and resumed at any point."""

import math
import sys
import threading
import time
from contextlib import closing, suppress

from joblib import Parallel, delayed
from tqdm.auto import tqdm

from tlr.course import data, records
from tlr.course.experiments.building import choose_device
from tlr.course.experiments.running import run, tidy
from tlr.course.workers import living_workers

__all__ = ["sweep"]


def sweep(
    settings,
    folder=None,
    *,
    jobs=None,
    device="auto",
    precision="auto",
    compile=False,
    minutes=math.inf,
    progress=True,
):
    """Run every setting that is not finished, in the given order.

    joblib spreads the runs: over processes of this machine with `jobs`, or over what `joblib.parallel_config` names,
    a Dask cluster for instance. A run's record does not depend on how they are spread. What stops this (Ctrl-C, a
    kill, a full disk) costs each run under way its last epoch at most; called again it goes on. Two sweeps at once
    share the work. Records that come with the package do not count as finished: they were measured elsewhere.

    Args:
        settings: a list of `tlr.course.records.Setting`, such as `tlr.course.experiments.settings` gives.
        folder: of the records (default: `tlr.course.records.folder()`).
        jobs: runs at a time (default: what `joblib.parallel_config` says, or else 1).
        device, precision, compile: as for `run`.
        minutes: stop after about that long (default: never).
        progress: show a bar with the time left, and a line for each finished run (default True).

    Returns:
        A list of the `Record` of these settings that there are now in the folder, in the given order.

    Raises:
        OSError: the folder cannot be written to, or is full.
        ValueError: an unknown data set, device or precision, no jobs, or minutes that are no number.
        MemoryError: a device has too little memory, or a worker was killed, as the system does then.
        ModuleNotFoundError: a model's package is missing.
        ConnectionError: the data could not be downloaded.
        KeyboardInterrupt: somebody pressed Ctrl-C.
    """
    if not minutes >= 0:
        raise ValueError(f"minutes must be a number, at least 0, not {minutes!r}.")
    if jobs == 0:
        raise ValueError("jobs is how many runs go on at a time: at least 1, or −1 for one on each core, not 0.")
    folder = records.folder(folder).resolve()
    deadline = time.time() + 60 * minutes
    choose_device(device)  # refused here, before a worker starts
    for name in {setting.data for setting in settings}:
        data.load(name)  # downloads it once, before several processes ask for it
    open_settings = [setting for setting in settings if not _finished(setting, folder)]
    for setting in set(settings).difference(open_settings):
        tidy(setting, folder)
    runs = (
        delayed(_tried)(setting, folder, device=device, precision=precision, compile=compile, deadline=deadline)
        for setting in open_settings
        if time.time() < deadline  # joblib asks for the next ones when a worker is free
    )
    spread = Parallel(
        n_jobs=jobs, return_as="generator_unordered", batch_size=1, pre_dispatch="n_jobs", max_nbytes=None
    )
    # Closing ends the workers, wherever an exception came from.
    with (
        _Progress(open_settings, folder, progress) as bar,
        living_workers("finished epochs are kept"),
        closing(spread(runs)) as found,
    ):
        for setting, record in found:
            if record is None:
                bar.tell(f"{setting}: another process is at it")
                continue
            if record.finished and not _finished(record.setting, folder):
                records.write(record, folder)  # a worker on another machine wrote to a folder of its own
            if record.status == "interrupted" and time.time() < deadline:
                raise KeyboardInterrupt
            if record.finished:
                bar.tell(_ended(record))
    return [record for setting in settings if (record := _readable(setting, folder)) is not None]


def _tried(setting, folder, **options):
    """The setting with what `run` returns for it."""
    return setting, run(setting, folder, **options)


def _ended(record):
    """A line about a run that is finished."""
    end = f"loss {record.train_loss[-1]:.3f}, accuracy {record.test_accuracy[-1]:.1%}"
    return f"{record.setting}: {record.status}, {end}, {record.seconds.sum():.0f} s"


def _readable(setting, folder):
    """The record of a setting, or None where there is none that could be read; `run` deals with the latter."""
    try:
        return records.find(setting, folder)
    except (ValueError, OSError):
        return None


def _finished(setting, folder):
    record = _readable(setting, folder)
    return record is not None and record.finished


class _Progress:
    """A bar of epochs that follows the records in the folder, as the runs may be in other processes."""

    def __init__(self, settings, folder, shown, every=2.0):
        self._left = {setting.name: setting for setting in settings}
        self._folder, self._every, self._shown = folder, every, shown
        self._gone = 0
        total = sum(setting.epochs for setting in settings)
        silent = not shown or sys.stderr is None
        self._bar = tqdm(total=total, initial=self._epochs(), unit="epoch", disable=silent, smoothing=0.05)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def __enter__(self):
        with suppress(RuntimeError):  # the system has no thread left: the bar stands still
            self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        self._bar.close()

    def tell(self, line):
        """Print a line above the bar."""
        if self._shown and sys.stdout is not None:
            self._bar.write(line)

    def _follow(self):
        while not self._stop.wait(self._every):
            self._bar.update(self._epochs() - self._bar.n)
        self._bar.update(self._epochs() - self._bar.n)

    def _epochs(self):
        """Epochs that are behind, those that a diverged run spares included."""
        under_way = 0
        for name, setting in list(self._left.items()):
            if (record := _readable(setting, self._folder)) is not None:
                if record.finished:
                    self._gone += setting.epochs
                    del self._left[name]
                else:
                    under_way += len(record.train_loss)
        return self._gone + under_way
