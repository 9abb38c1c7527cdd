"""All curves as one tidy table."""

from dataclasses import fields

import numpy as np

from tlr.records.setting import Setting

__all__ = ["table"]


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
    import pandas as pd

    settings = [field.name for field in fields(Setting)]
    measured = ["train_loss", "test_accuracy", "seconds", "evaluation_seconds"]
    frames = []
    for record in records:
        n, k = len(record.train_loss) + 1, len(record.groups)
        columns = {
            "epoch": np.repeat(np.arange(n), k),
            "group": np.tile(np.array(record.groups, dtype=object), n),
            "alpha": np.vstack([record.alpha0, record.alpha]).ravel(),
        }
        for name in measured:
            columns[name] = np.repeat(np.concatenate([[np.nan], getattr(record, name)]), k)
        frame = pd.DataFrame(columns)
        constants = {"run": record.setting.name, "status": record.status}
        frames.append(frame.assign(**constants, **{name: getattr(record.setting, name) for name in settings}))
    order = ["run", *settings, "status", "epoch", "group", "alpha", *measured]
    if not frames:
        return pd.DataFrame(columns=order)
    whole = pd.concat(frames, ignore_index=True)[order]
    numbers = ["momentum", "weight_decay", "p", "c", "eta", "beta"]
    return whole.astype(dict.fromkeys(numbers, float))
