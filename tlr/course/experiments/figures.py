"""The paper's figures as data: each a grid of settings. Those on MNIST are here, the larger ones in `larger`.

What the paper states, these grids have: cross entropy, momentum 0.8, weight decay 5e-4, p = 1/3, c = 1/4, 80 epochs,
an MLP 784–1000–10, α₀ ∈ {0.001, 0.01, 0.1}, batch sizes 64, 128, 256 and 512, and the values of p, c, η and β that it
draws. Beside every TLR stands the same with curvature="secant" (Eq. 8′), which is not in the paper.

What it leaves open, and what was chosen:

- Pixels are (x/255 − 0.5)/0.5; all 60,000 training images are trained on; the last batch of an epoch may be smaller.
- Initial weights and the order of batches are torch's default and a new permutation each epoch, both from the seed, so
  that every method begins at the same weights and sees the same batches. One seed, where the paper shows no band.
- The training loss of an epoch is the mean over its batches, each taken when it was trained on; the test accuracy and α
  are those after the epoch.
- A window of pN steps is rounded to whole steps. In Eq. 10 the displacement includes momentum and weight decay, the
  second full window brings the first change of α, and the momentum buffer is kept when α changes.
- sgd_mstep begins at the α₀ of its panel, as figure 10 has three of them; in section 5 it is 0.1. sgd_exp: its factor
  is not printed; here α ends at α₀/100, where sgd_mstep ends too.
- YellowFin steps with averages that begin at α₀ and μ = 0, as its authors' first code, but with a slow start, which
  that code has not; its momentum is its own.
- Figure 2 is on CIFAR-100 in the paper, and its α₀ is not stated: here MNIST and α₀ = 0.1. Hypergradient descent has
  the momentum (heavy ball) and the weight decay of "all SGD-based optimizers" (appendix D).
- Figure 6 is on CIFAR-100 in the paper, batch size 256, its α₀ not stated: here MNIST and α₀ = 0.1.
- Figure 7 states neither batch size nor α₀: here 256 and 0.1. A tensor is a weight matrix or a bias.
- Figure 8 is drawn for three α₀, and its caption says 0.1: here all three, with batch size 256. The "bound" is 1 + c.
- Figure 9: batch size 256 and α₀ = 0.1. The sums of gradients are what Eq. 10 approximates; they are taken as sums, not
  as displacement over α, because α may be zero. Whether its η multiplies the product of sums or of means over a window
  is not said: here both, the latter as η/78², for a window has 78 steps on MNIST.

The digits twins have the same grids on the 1,797 embedded digits, with 100 hidden units and 20 epochs (10 in figure
8): no download, and each grid takes seconds. They are for trying things out, not for the paper's claims: a third of an
epoch is one to eight steps there, no longer than the momentum's memory, and notebook 03b shows what that does to TLR.
"""

from dataclasses import replace
from itertools import chain, product

from tlr.course.experiments.collections import COLLECTIONS
from tlr.course.experiments.grid import BOTH_CURVATURES, GRID, POINT, SHARED, Figure, Part
from tlr.course.experiments.larger import LARGER
from tlr.course.records import Setting

__all__ = ["COLLECTIONS", "FIGURES", "Figure", "settings"]


_PAPER = {
    "figure-1": Figure("TLR over α₀ and batch size, beside SGD", (*BOTH_CURVATURES, {"method": "sgd"}), GRID),
    "figure-2": SHARED[2],
    "figure-6": SHARED[6],
    "figure-7": Figure(
        "TLR per tensor, beside one α for the model", BOTH_CURVATURES, {**POINT, "per": ("tensor", "model")}
    ),
    "figure-8": SHARED[8],
    "figure-9": Figure(
        "a fixed meta step size η, beside TLR",
        (
            *BOTH_CURVATURES,
            *({"method": "fixed_eta", "eta": eta / unit} for unit in (1, 78**2) for eta in (1.0, 0.001, 0.1, 0.01)),
        ),
        POINT,
    ),
    "figure-10": SHARED[10],
    "figure-1-faithful": Figure(
        "figure 1 with what mends the rule: Eq. 10′, Eq. 10″, steady",
        tuple({"method": f"tlr_{name}"} for name in ("steady", "gradients", "slope")),
        GRID,
    ),
    "figure-10-authors": Figure(
        "figure 10's exponential schedule and YellowFin as their authors' later code has them",
        (
            {"method": "yellowfin", "variant": "authors", "alpha0": 0.1},  # which it does not use
            {"method": "exponential", "variant": "authors"},
        ),
        GRID,
    ),
}

#: Name → `Figure`: figure-1-mnist and so on, their small twins figure-1-digits and so on, and the larger ones.
FIGURES = {
    **{f"{name}-mnist": figure for name, figure in _PAPER.items()},
    **{
        f"{name}-digits": replace(figure, data="digits", model="mlp-100", epochs=figure.epochs // 4)
        for name, figure in _PAPER.items()
    },
    **LARGER,
}


def settings(name, *, epochs=None, seeds=(0,)):
    """The settings of a figure, in the order in which they tell most.

    One seed after the other, and the corners of the grid before its middle, so that a sweep that is stopped early has
    seen the extremes; all methods at a point before the next point, so that they can be compared.

    Args:
        name: a key of `FIGURES`; a `Part` of a figure; or a key of `COLLECTIONS`: then its parts one after the other.
        epochs: instead of the figure's own (default None).
        seeds: one run of each for every seed (default: seed 0), where a part has no seeds of its own.

    Returns:
        A list of `Setting`, each once.

    Raises:
        ValueError: an unknown name, or what `Setting` refuses.
    """
    if isinstance(name, Part):
        whole = settings(name.figure, epochs=epochs, seeds=name.seeds or seeds)
        return [setting for setting in whole if name.has(setting)]
    if name in COLLECTIONS:
        each = (settings(part, epochs=epochs, seeds=seeds) for part in COLLECTIONS[name])
        return list(dict.fromkeys(chain.from_iterable(each)))
    if name not in FIGURES:
        raise ValueError(f"Unknown figure {name!r}: choose from {', '.join((*FIGURES, *COLLECTIONS))}.")
    figure = FIGURES[name]
    points = [dict(zip(figure.axes, values, strict=True)) for values in product(*figure.axes.values())]
    points.sort(key=lambda point: sum(figure.axes[axis].index(value) for axis, value in point.items()))
    common = {"data": figure.data, "model": figure.model, "augment": figure.augment}
    common["pretrained"] = figure.pretrained
    common["epochs"] = figure.epochs if epochs is None else epochs
    every = product(seeds, points, figure.variants)
    return list(dict.fromkeys(Setting(**common | point | variant, seed=seed) for seed, point, variant in every))
