"""The exercises of notebook 6."""

import numpy as np

from tlr.course.exercises.checking import NotYet, exercise, whole, word
from tlr.course.exercises.keeping import resume as resume
from tlr.course.exercises.keeping import summary as summary
from tlr.course.experiments import guessing

__all__ = ["four_readers", "safest", "windows_to_climb"]

ADVICE = ("line search", "Prodigy", "schedule", "TLR")
#: The methods whose usual α₀ has a tenth and a hundredth of it on the grid.
SAFE = ("cosine", "schedulefree", "prodigy", "tlr", "tlr_steady")


@exercise
def four_readers(logistic, short, once, weekend):
    """What the tree tells four readers to take."""
    said = [
        word(answer, f"what reader {letter} takes", ADVICE)
        for letter, answer in zip("abcd", (logistic, short, once, weekend), strict=True)
    ]
    for letter, answer, right, why in zip(
        "abcd",
        said,
        ("line search", "Prodigy", "TLR", "schedule"),
        (
            "the gradients are exact, and the first question already leads to the right",
            "one epoch has three windows, or a few more where the first are short, not 24, so α has no time to climb",
            "all five questions lead on down: no rate is known, the steps are SGD's, one run is left, with 90 windows",
            "whoever can try several α₀ ends lower with a schedule, in batches of this size",
        ),
        strict=True,
    ):
        if answer != right:
            raise NotYet(f"reader {letter}: {why}.")
    return "a line search, Prodigy, TLR, and a schedule."


@exercise
def safest(within_ten, within_hundred):
    """The methods whose worst loss is lowest where α₀ may be too small by a factor of up to 10, or of up to 100."""
    losses, grid = guessing.losses(guessing.recorded_runs()), np.array(guessing.GRID)
    for said, factor in ((within_ten, 10), (within_hundred, 100)):
        said = word(said, f"the safest method within a factor of {factor}", SAFE)
        worst = {}
        for name in SAFE:
            near = (grid < 1.01 * guessing.USUAL[name]) & (grid > 0.99 * guessing.USUAL[name] / factor)
            worst[name] = np.exp(np.log(np.minimum(losses[name][near], 3)).mean(axis=1)).max()
        best = min(worst, key=worst.get)
        if said != best:
            raise NotYet(
                f"too small by a factor of {factor} or less, “{said}” ends at {worst[said]:.2g} in the worst case, "
                f"and another of the five ends lower."
            )
    return "Prodigy where the guess is nearly right, “steady” where it may be far off."


@exercise
def windows_to_climb(windows, epoch):
    """The fewest windows after which the α of "steady" is a hundred times α₀, and the epoch in which that is."""
    windows, epoch = whole(windows, "the number of windows"), whole(epoch, "the number of the epoch")
    if windows == 12:
        raise NotYet("12 changes are right, and the first window brings none: it has no window before it.")
    if windows < 13:
        changes = max(windows - 1, 0)
        raise NotYet(f"{windows} windows bring {changes} changes: a factor of {1.5**changes:.0f}.")
    if windows == 22:
        raise NotYet("22 windows are what the paper's rule needs, with c = ¼: “steady” has c = ½.")
    if windows > 13:
        raise NotYet(f"fewer windows than {windows} are enough, if every change is the largest that the rule allows.")
    if epoch != 5:
        raise NotYet("three windows make an epoch: window 1 is in epoch 1, and window 4 in epoch 2.")
    return "12 changes, so 13 windows, of which the last is in the fifth epoch."
