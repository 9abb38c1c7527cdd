"""All curves as one tidy table, their ends as another, and in a sentence where they come from."""

import attrs
import numpy as np

from tlr.course.curves import MEASURED
from tlr.course.records.setting import Setting

__all__ = ["final", "origin", "pivot", "table"]

#: The fields of `Setting` that are numbers, or None.
_NUMBERS = ("momentum", "weight_decay", "p", "c", "eta", "beta")


def table(records):
    """Records as one tidy pandas DataFrame: a row for each run, epoch and α.

    A run with one α has one row an epoch, one with an α per tensor has a row for each of them, with the same loss and
    accuracy. Epoch 0 is before the first step: it has α₀, and no loss.

    Args:
        records: a list of `Record`, as `load` returns them.

    Returns:
        A DataFrame with the columns run (the name of its file), the fields of `Setting` (NaN or None where the method
        does not have it), status, epoch (0, 1, …), group, alpha, train_loss, test_accuracy (0..1), seconds and
        evaluation_seconds.
    """
    return _rows(records, slice(None))


def final(records):
    """How each run ended: the rows of `table` after the last epoch, with two more columns, peak_alpha and mean_loss.

    Args:
        records: a list of `Record`.

    Returns:
        A DataFrame with one row for each run and α, in the order of the records; peak_alpha is the largest value that
        this α had after an epoch, or before the first; mean_loss is the mean of the training loss over the epochs.
        Where a run diverged the loss is not finite, and its mean infinite.
    """
    ends = _rows(records, slice(-1, None))
    if records:
        ends["peak_alpha"] = np.concatenate([np.fmax.reduce(record.rates) for record in records])
        losses = [np.nan_to_num(record.train_loss, nan=np.inf) for record in records]
        means = [loss.mean() if len(loss) else np.nan for loss in losses]
        ends["mean_loss"] = np.repeat(means, [len(record.groups) for record in records])
    return ends


def _rows(records, epochs):
    """The rows of `table` of these epochs, a slice."""
    import pandas as pd

    settings = [field.name for field in attrs.fields(Setting)]
    measured = [name for name in MEASURED if name != "alpha"]
    order = ["run", *settings, "status", "epoch", "group", "alpha", *measured]
    if not records:
        return pd.DataFrame(columns=order)
    columns = {name: [getattr(record.setting, name) for record in records] for name in settings}
    columns |= {"run": [record.setting.name for record in records], "status": [record.status for record in records]}
    columns = {name: pd.Series(each, dtype=object if None in each else None) for name, each in columns.items()}
    frame = pd.DataFrame(columns).astype(dict.fromkeys(_NUMBERS, float))
    counts = [np.arange(len(record.train_loss) + 1)[epochs] for record in records]
    widths = [len(record.groups) for record in records]
    frame = frame.loc[np.repeat(np.arange(len(records)), np.multiply(widths, list(map(len, counts))))]
    frame = frame.reset_index(drop=True)

    def an_epoch(values):
        return np.concatenate([np.repeat(each, width) for each, width in zip(values, widths, strict=True)])

    frame["epoch"] = an_epoch(counts)
    frame["group"] = [name for record, each in zip(records, counts, strict=True) for name in record.groups * len(each)]
    frame["alpha"] = np.concatenate([record.rates[epochs].ravel() for record in records])
    for name in measured:
        frame[name] = an_epoch([np.concatenate([[np.nan], getattr(record, name)])[epochs] for record in records])
    return frame[order]


def pivot(records, value, rows=("method", "alpha0"), columns="batch_size"):
    """How runs ended, as a table: a column of `final`, by the fields of `Setting` that tell rows and columns apart.

    Several seeds of a setting are their mean.

    Args:
        records: a list of `Record`.
        value: a column of `final`, such as "test_accuracy", "train_loss" or "peak_alpha".
        rows, columns: names of fields, or one (default: method and α₀ down, batch sizes across).
    """
    ends = final(records)
    index = [rows] if isinstance(rows, str) else list(rows)
    across = [columns] if isinstance(columns, str) else list(columns)
    table = ends.groupby([*index, *across], dropna=False)[value].mean().unstack(across)
    return table.reindex(index=sorted(table.index), columns=sorted(table.columns))


def origin(records):
    """Where records come from, in a sentence: how many, when, on what, with which torch, and how long they took."""
    if not records:
        return "Nothing is recorded."
    dates, machines, versions = (
        sorted({tell(session) for record in records for session in record.sessions})
        for tell in (
            lambda session: session["date"][:10],
            lambda session: session["device_name"],
            lambda session: session["versions"]["torch"],
        )
    )
    epochs = sorted({record.setting.epochs for record in records})
    seconds = sum(record.seconds.sum() + record.evaluation_seconds.sum() for record in records)
    when = " to ".join(dates[:1] + dates[1:][-1:])
    return (
        f"{len(records)} runs of {' or '.join(map(str, epochs))} epochs, recorded {when} "
        f"on {', '.join(machines)} with torch {', '.join(versions)}: {seconds / 60:.0f} minutes of computing."
    )
