"""The paper's figures on the command line.

    python -m tlr.course.experiments list
    python -m tlr.course.experiments run figure-1-digits
    python -m tlr.course.experiments run figure-1-mnist --epochs 8 --seeds 0 1 2 --jobs 2 --minutes 30
    python -m tlr.course.experiments run cifar --compile --minutes 9
    nice python -m tlr.course.experiments run evidence --jobs 2 --minutes 60

A finished run is never run again, and one that was stopped resumes where it stopped: stop with Ctrl-C whenever you
like, or in the background with `kill`, and give the same command again. It exits with 0 once all runs are finished.
"""

import argparse
import math
import sys

import numpy as np

from tlr.course import records
from tlr.course.console import stopped_by_signals, writes_any_script
from tlr.course.experiments.collections import COLLECTIONS, REPLAYED
from tlr.course.experiments.figures import FIGURES, settings


def parser():
    whole = argparse.ArgumentParser(
        "python -m tlr.course.experiments", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = whole.add_subparsers(dest="command", required=True)
    listing = commands.add_parser("list", help="name the figures, and what is recorded of them")
    running = commands.add_parser("run", help="run what is not finished of a figure")
    for each in (listing, running):
        each.add_argument("--folder", help=f"of the records (default: $TLR_RECORDS_DIR, or else {records.folder()})")
        each.add_argument("--epochs", type=int, help="of each run (default: the figure's own)")
        each.add_argument(
            "--seeds", type=int, nargs="+", default=[0], help="one run of each for every seed (default: 0)"
        )
    names = [*FIGURES, *COLLECTIONS]
    running.add_argument(
        "figure",
        choices=names,
        metavar="FIGURE",
        help=f"a name that `list` shows, or a collection: {', '.join(COLLECTIONS)}",
    )
    running.add_argument("--jobs", type=int, help="runs at a time, each in a process with one thread (default: 1)")
    running.add_argument("--device", default="auto", help="auto (default), cpu, cuda, …")
    running.add_argument(
        "--precision", default="auto", help="float32, bfloat16, float16 or auto (default): what suits the device"
    )
    running.add_argument("--compile", action="store_true", help="through torch.compile: worth it on a GPU")
    running.add_argument("--minutes", type=float, default=math.inf, help="stop after about that long")
    return whole


def show_list(epochs, seeds, folder):
    width = max(map(len, FIGURES))
    print(f"{'':{width}}{'runs':>6}{'finished':>10}")
    for name, figure in FIGURES.items():
        wanted = settings(name, epochs=epochs, seeds=seeds)
        finished = sum(record.finished for record in records.load(wanted, folder))
        print(f"{name:{width}}{len(wanted):6}{finished:10}  {figure.title}")


def run(figure, epochs, seeds, folder, **options):
    """Run a figure, say how far it is, and exit with 1 while something is left."""
    wanted = settings(figure, epochs=epochs, seeds=seeds)
    replayed = {run.setting for run in records.load(wanted, folder) if run.finished} if figure in REPLAYED else set()
    again = "the same command goes on from here"
    try:
        with stopped_by_signals():
            from tlr.course.experiments.sweeping import sweep

            found = sweep([setting for setting in wanted if setting not in replayed], folder, **options)
    except KeyboardInterrupt:
        sys.exit(f"Stopped: {again}.")
    finished = len(replayed) + sum(record.finished for record in found)
    if figure in COLLECTIONS:
        print(*what_is_left(figure, epochs, seeds, records.load(wanted, folder)), sep="\n")
    print(f"{finished} of {len(wanted)} runs are finished{'' if finished == len(wanted) else f': {again}'}.")
    if finished < len(wanted):
        sys.exit(1)


def what_is_left(collection, epochs, seeds, found):
    """A line for each part of a collection that has runs left, with their hours where similar runs are recorded."""
    done, paces = {run.setting for run in found if run.finished}, {}
    for record in found:
        if len(record.seconds):
            pace = np.median(record.seconds + record.evaluation_seconds)
            paces.setdefault(_size(record.setting), []).append(pace)
    for part in COLLECTIONS[collection]:
        left = [setting for setting in settings(part, epochs=epochs, seeds=seeds) if setting not in done]
        done.update(left)
        if left:
            known = all(_size(setting) in paces for setting in left)
            seconds = known and sum(setting.epochs * np.median(paces[_size(setting)]) for setting in left)
            line = f"{part.figure}, {left[0].epochs} epochs: {len(left)} left"
            yield f"{line}, about {seconds / 3600:.1f} hours one at a time" if known else line


def _size(setting):
    """What the time of an epoch depends on, roughly."""
    return setting.data, setting.model, setting.batch_size


def main(arguments=None):
    writes_any_script()
    chosen = vars(parser().parse_args(arguments))
    command = {"list": show_list, "run": run}[chosen.pop("command")]
    try:
        command(**chosen)
    except (OSError, ValueError, MemoryError, ModuleNotFoundError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
