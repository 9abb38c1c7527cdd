"""What the benchmark of lost cases found: its recorded runs, and tables of them.

`benchmarks/lost_cases.py` makes the runs. Figure 1 on MNIST, one of its cases, comes from the course's records.
"""

import json
import math

import pandas as pd

from tlr.course import records
from tlr.course.experiments.replay import recorded

__all__ = ["PATH", "healthy", "is_lost", "overview", "recorded_runs", "table"]

PATH = records.shipped() / "lost_cases.jsonl"

_BLOWN_UP = 10  # the highest loss over the first

#: The methods of figure 1's records, as the benchmark calls them.
_FIGURE_1 = {
    "sgd": "sgd",
    "tlr": "published",
    "tlr_secant": "secant",
    "tlr_slope": "slope",
    "tlr_gradients": "gradients",
    "tlr_steady": "steady",
}


def recorded_runs():
    """The runs that are kept, a list of dicts. Python's json reads what is not finite as NaN and Infinity."""
    runs = [json.loads(line) for line in PATH.read_text(encoding="utf-8").splitlines()] if PATH.is_file() else []
    return [*runs, *_figure_1()]


def _figure_1():
    for figure in ("figure-1-mnist", "figure-1-faithful-mnist"):
        for run in recorded(figure, epochs=8, seeds=(0,)):
            setting = run.setting
            yield {
                "group": "figure-1",
                "case": f"figure 1, batch {setting.batch_size}",
                "method": _FIGURE_1[setting.method],
                "alpha0": setting.alpha0,
                "seed": setting.seed,
                "first": math.log(10),  # the loss of guessing
                "last": float(run.train_loss[-1]),
                "highest": float(max(run.train_loss)),
                "seconds": float(run.seconds.sum()),
            }


def is_lost(run):
    """Whether the last loss is not finite, or above half of the first."""
    return not (math.isfinite(run["last"]) and run["last"] <= run["first"] / 2)


def frame(runs):
    """The runs as a DataFrame, without those from above α₀ = 0.1, and with what is not finite as infinity."""
    runs = sorted(runs, key=lambda run: run["group"])
    found = pd.DataFrame(runs)
    found["lost"] = [is_lost(run) for run in runs]
    found["rise"] = found.highest.fillna(math.inf) / found["first"]
    found["last"] = found["last"].fillna(math.inf)
    return found[(found.alpha0 <= 0.1) | (found.group == "functions")]


def table(runs):
    """A row for each case and method, from every α₀ up to 0.1 (of functions, any share of the largest stable α).

    Returns:
        A DataFrame by (case, method): `runs` and how many are `lost`; the median of the `last` losses, for SGD at the
        α that is best; the same over that of the `best` method; the highest loss of any run over its first, `rise`.
    """
    found, each = frame(runs), ["case", "method"]
    grouped = found.groupby(each, sort=False)
    whole = grouped.agg(runs=("lost", "size"), lost=("lost", "sum"), last=("last", "median"), rise=("rise", "max"))
    tuned = found[found.method == "sgd"].groupby([*each, "alpha0"])["last"].median().groupby(each).min()
    whole.loc[tuned.index, "last"] = tuned
    best = whole["last"].groupby("case").transform("min").clip(lower=1e-300)
    whole.insert(3, "best", whole["last"] / best)
    return whole


#: Case → its row of `overview`, in this order; a case that is not here has a row of its own at the end.
_WORDS = {
    "README, 200 digits": "200 digits, windows of 4 steps",
    "README, wine": "wine (a table), windows of 4 steps",
    "p 0.1, μ 0.8": "1,442 digits, windows of 9 steps, μ = 0.8",
    "p 0.1, μ 0.9": "1,442 digits, windows of 9 steps, μ = 0.9",
    "p 0.33, μ 0.8": "1,442 digits, windows of 30 steps, μ = 0.8",
    "p 0.33, μ 0.9": "1,442 digits, windows of 30 steps, μ = 0.9",
    "Adam, window 9": "over Adam, windows of 9 steps",
    "Adam, window 30": "over Adam, windows of 30 steps",
    "Adam, window 50": "over Adam, windows of 50 steps",
    "MNIST, batch 512": "MNIST, batches of 512, α₀ = 0.1",
    "figure 1, batch 64": "MNIST, the settings of figure 1",
    "figure 1, batch 128": "MNIST, the settings of figure 1",
    "figure 1, batch 256": "MNIST, the settings of figure 1",
    "figure 1, batch 512": "MNIST, the settings of figure 1",
    "convolutions, fresh": "photographs, new convolutions",
    "convolutions, pre-trained": "photographs, trained convolutions",
    "labels change": "labels that change halfway",
    "full batches, tanh": "full batches",
    "quadratic, condition 100": "quadratics, exact gradients",
    "quadratic, condition 1e6": "quadratics, exact gradients",
    "logistic regression": "logistic regression, exact gradients",
    "one-sided parabola": "half-parabolas, exact gradients",
    "two parabolas": "half-parabolas, exact gradients",
}


def overview(runs, methods):
    """Lost runs of all runs, as a table to be read: a row for each case, in words.

    Args:
        runs: a list of dicts, as `recorded_runs` returns them.
        methods: name in the runs → heading of its column.

    Returns:
        A DataFrame of strings such as "10/12", "–" where a method was not tried.
    """
    cases = table(runs)
    words = cases.index.get_level_values("case").map(lambda case: _WORDS.get(case, case))
    counts = cases.groupby([words, "method"])[["lost", "runs"]].sum()
    cells = (counts.lost.astype(str) + "/" + counts.runs.astype(str)).unstack("method", fill_value="–")
    order = [name for name in dict.fromkeys(_WORDS.values()) if name in cells.index]
    order += [name for name in cells.index if name not in order]
    named = cells.reindex(index=order, columns=list(methods), fill_value="–").rename(columns=methods)
    return named.rename_axis(index=None, columns=None)


def healthy(runs, method="steady"):
    """What a method costs where nothing was wrong: neither Eq. 8 nor Eq. 8′ with Eq. 10 lost a run, or blew up.

    Returns:
        A Series by (case, α₀): its median last loss over that of the better of the two.
    """
    found = frame(runs)
    found = found[found.group != "functions"]
    plain = found[found.method.isin(("published", "secant"))]
    each = ["case", "alpha0"]
    sound = plain.groupby(each).rise.max() < _BLOWN_UP
    sound &= plain.groupby(each).lost.sum() == 0
    better = plain.groupby([*each, "method"])["last"].median().groupby(each).min()
    ours = found[found.method == method].groupby(each)["last"].median()
    return (ours / better[sound]).dropna()
