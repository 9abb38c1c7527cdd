"""What the benchmark of lost cases found: its recorded runs, and tables of them.

`benchmarks/lost_cases.py` makes the runs. Figure 1 on MNIST, one of its cases, comes from the course's records.
"""

import math

import pandas as pd

from tlr.course import records
from tlr.course.experiments.replay import recorded

__all__ = [
    "COMPARED",
    "PATH",
    "by_default",
    "healthy",
    "is_lost",
    "recorded_runs",
    "shared",
    "shares",
    "table",
    "without_parts",
]

PATH = records.shipped() / "lost_cases.jsonl"

#: What notebook 6 and the README count lost runs of, on what all of them were tried on.
COMPARED = ("steady", "secant", "published", "sgd")

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
    """The runs that are kept, a list of dicts."""
    return [*records.lines(PATH), *_figure_1()]


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


_SHORT, _ADAM, _LONG = "Short windows", "Over Adam", "Windows of 30 steps and more"
_EXACT, _HELD_OUT, _HELD_OUT_LONG = "Exact gradients", "Held out, short windows", "Held out, 15 steps and more"

#: Case → its group and its row in `shares`, in this order; a case that is not here has a row of its own at the end.
_WORDS = {
    "README, 200 digits": (_SHORT, "200 digits, 4 steps"),
    "README, wine": (_SHORT, "wine (a table), 4 steps"),
    "p 0.1, μ 0.8": (_SHORT, "1,442 digits, 9 steps, μ = 0.8"),
    "p 0.1, μ 0.9": (_SHORT, "1,442 digits, 9 steps, μ = 0.9"),
    "p 0.33, μ 0.8": (_LONG, "1,442 digits, 30 steps, μ = 0.8"),
    "p 0.33, μ 0.9": (_LONG, "1,442 digits, 30 steps, μ = 0.9"),
    "labels change": (_LONG, "labels that change halfway"),
    "convolutions, fresh": (_LONG, "digits 5 to 9, new convolutions"),
    "convolutions, pre-trained": (_LONG, "digits 5 to 9, trained convolutions"),
    "MNIST, batch 512": (_LONG, "MNIST, batches of 512, α₀ = 0.1"),
    "MNIST, batch 64": (_LONG, "MNIST, batches of 64"),
    "figure 1, batch 64": (_LONG, "MNIST, the settings of figure 1"),
    "figure 1, batch 128": (_LONG, "MNIST, the settings of figure 1"),
    "figure 1, batch 256": (_LONG, "MNIST, the settings of figure 1"),
    "figure 1, batch 512": (_LONG, "MNIST, the settings of figure 1"),
    "Adam, window 9": (_ADAM, "windows of 9 steps"),
    "Adam, window 30": (_ADAM, "windows of 30 steps"),
    "Adam, window 50": (_ADAM, "windows of 50 steps"),
    "full batches, tanh": (_EXACT, "digits, full batches"),
    "quadratic, condition 100": (_EXACT, "quadratics"),
    "quadratic, condition 1e6": (_EXACT, "quadratics"),
    "logistic regression": (_EXACT, "logistic regression"),
    "one-sided parabola": (_EXACT, "half-parabolas"),
    "two parabolas": (_EXACT, "half-parabolas"),
    "README, 200 digits, new seeds": (_HELD_OUT, "200 digits, new seeds, 4 steps"),
    "README, wine, new seeds": (_HELD_OUT, "wine, new seeds, 4 steps"),
    "README, iris": (_HELD_OUT, "iris (a table), 3 steps"),
    "README, breast cancer": (_HELD_OUT, "breast cancer (a table), 12 steps"),
    "wine, 15 steps": (_HELD_OUT_LONG, "wine, 15 steps"),
    "breast cancer, 24 steps": (_HELD_OUT_LONG, "breast cancer, 24 steps"),
    "photographs, 26 steps": (_HELD_OUT_LONG, "5,000 photographs, 26 steps"),
    "MNIST by convolutions, 31 steps": (_HELD_OUT_LONG, "MNIST by convolutions, 31 steps"),
}


def shares(runs, methods):
    """Lost runs of all runs, a row for each case in words and each method.

    Args:
        runs: a list of dicts, as `recorded_runs` returns them.
        methods: which ones, as the runs name them.

    Returns:
        A DataFrame by (group, case, method): `runs`, how many are `lost`, and how many of these `rose`, that is, are
        not finite or end above their first loss; the others fell, but by less than half.
    """
    found = frame(runs)
    found = found[found.method.isin(methods)]
    found["rose"] = found.lost & ~(found["last"] <= found["first"])
    places = {case: place for place, case in enumerate(_WORDS)}
    found = found.sort_values("case", key=lambda cases: cases.map(places).fillna(len(places)), kind="stable")
    words = [_WORDS.get(case, ("Others", case)) for case in found.case]
    found["group"], found["case"] = zip(*words, strict=True)
    grouped = found.groupby(["group", "case", "method"], sort=False)
    return grouped.agg(runs=("lost", "size"), lost=("lost", "sum"), rose=("rose", "sum"))


def shared(runs, methods=COMPARED):
    """Lost runs on the cases, values of α₀ and seeds that every one of the methods was tried on.

    Returns:
        A DataFrame by (kind, method), kind being "short windows" (below `tlr.window`), "mini-batches" (the others),
        "exact gradients", "held out" (short windows again) or "held out, longer": `runs` and `lost`.
    """
    found = frame(runs)
    found = found[found.method.isin(methods)]
    same = found.groupby(["case", "alpha0", "seed"]).method.transform("nunique") == len(methods)
    kinds = {
        _SHORT: "short windows",
        _EXACT: "exact gradients",
        _HELD_OUT: "held out",
        _HELD_OUT_LONG: "held out, longer",
    }
    kind = [kinds.get(_WORDS.get(case, ("", ""))[0], "mini-batches") for case in found.case]
    grouped = found.assign(kind=kind)[same].groupby(["kind", "method"])
    return grouped.agg(runs=("lost", "size"), lost=("lost", "sum"))


def healthy(runs):
    """What "steady" costs where nothing was wrong: neither Eq. 8 nor Eq. 8′ with Eq. 10 lost a run, or blew up.

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
    ours = found[found.method == "steady"].groupby(each)["last"].median()
    return (ours / better[sound]).dropna()


def by_default(runs):
    """SGD from its usual 0.1 under a cosine to zero, beside "steady" from its 0.01: one run each, which nobody tuned.

    Returns:
        A DataFrame by case, with columns (method, quantity): `runs`, how many are `lost`, and the median `last` loss.
    """
    found = frame(runs)
    cases = found[found.method == "cosine"].case.unique()
    usual = found.method.map({"cosine": 0.1, "steady": 0.01})
    found = found[found.case.isin(cases) & (found.alpha0 == usual)]
    each = found.groupby(["case", "method"], sort=False)
    whole = each.agg(runs=("lost", "size"), lost=("lost", "sum"), last=("last", "median")).unstack()
    return whole.swaplevel(axis=1).loc[cases]


def without_parts(runs):
    """What each part of "steady" is worth: the rule without it, beside the whole rule on the same settings.

    Returns:
        A DataFrame by the part that is left out: `runs`, how many are `lost`, and of the others the median last loss
        over that of the whole rule, `loss`, with the same over the settings where it differs the `most`.
    """
    found = frame(runs)
    each = ["case", "alpha0", "seed"]
    whole = found[found.method == "steady"].set_index(each)["last"]
    found = found[found.method.str.startswith("steady without ")].join(whole.rename("whole"), on=each)
    found["part"] = found.method.str.removeprefix("steady without ")
    found["loss"] = (found["last"] / found.whole).where(~found.lost)
    settings = found.groupby(["part", "case", "alpha0"], sort=False).loss.median()
    grouped = found.groupby("part", sort=False)
    whole = grouped.agg(runs=("lost", "size"), lost=("lost", "sum"), loss=("loss", "median"))
    return whole.assign(most=settings.groupby("part").max())
