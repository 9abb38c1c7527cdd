"""The exercises of notebook 8."""

from collections.abc import Collection
from math import nan

from tlr.course import experiments, records
from tlr.course.exercises.checking import NotYet, exercise, number, returned, whole, word
from tlr.course.exercises.keeping import resume as resume
from tlr.course.exercises.keeping import summary as summary

__all__ = ["chosen_part", "judge_of_panels", "turned", "updates_of_a_restart"]

VERDICTS = ("holds", "holds in part", "does not hold")


@exercise
def turned(of_claim_3, of_claim_4, of_claim_5):
    """The verdicts on claims 3, 4 and 5 with Eq. 8′ without the factor 4, and the bound 1 + c."""
    third, fourth, fifth = (
        word(said, f"the verdict on claim {claim}", VERDICTS)
        for claim, said in ((3, of_claim_3), (4, of_claim_4), (5, of_claim_5))
    )
    if third != "holds":
        raise NotYet("claim 3 turns: Eq. 8′ is the exact second derivative on every parabola.")
    if fourth != "holds":
        raise NotYet("claim 4 turns with claim 3: where slope and curvature are exact, Newton's step is the best one.")
    if fifth != "holds":
        raise NotYet("claim 5 is about the bound alone: does min(…, c) ask which curvature stands before it?")
    return "claims 3 and 4 turn, and claim 5 holds as before."


@exercise
def judge_of_panels(function):
    """The judge of “outperforms”: a verdict from the final losses of TLR and of a rival, panel by panel."""
    cases = (
        ([1, 2, 3], [2, 3, 4], "holds", "TLR is lower everywhere"),
        ([1, 9], [2, 3], "holds in part", "TLR is lower in one of two panels, and that is half"),
        ([9, 9, 1], [2, 3, 4], "does not hold", "TLR is lower in one of three"),
        ([1, 1], [2, nan], "holds", "a rival that diverged is beaten, although 1 < nan is False"),
        ([1, nan], [2, nan], "holds in part", "nobody wins the panel in which both diverged"),
        ([1, 2], [1, 3], "holds in part", "equal is not lower"),
    )
    for ours, theirs, right, why in cases:
        got = word(returned(function, ours, theirs), f"what your judge returns for {ours} against {theirs}", VERDICTS)
        if got != right:
            raise NotYet(f"for {ours} against {theirs} yours says “{got}”, but {why}: “{right}”.")
    return "in six cases, two of them with runs that diverged."


@exercise
def chosen_part(betas, batch_sizes):
    """A part of figure 2's grid on MNIST in which TLR ends below hypergradient descent in every panel."""
    ends = records.final(experiments.recorded("figure-2-mnist", epochs=8, seeds=(0,)))
    ours = ends[ends.method == "tlr"].set_index("batch_size").train_loss
    rival = ends[ends.method == "hypergradient"].set_index(["beta", "batch_size"]).train_loss
    betas = _values(betas, "the values of β", rival.index.unique("beta"))
    sizes = _values(batch_sizes, "the batch sizes", rival.index.unique("batch_size"))
    lost = [(beta, size) for beta in betas for size in sizes if not ours[size] < rival[beta, size]]
    if lost:
        beta, size = lost[0]
        raise NotYet(
            f"with β = {beta:g} and batches of {size:g} TLR ends at {ours[size]:.3f} and its rival at "
            f"{rival[beta, size]:.3f}; leave such panels out."
        )
    panels = len(betas) * len(sizes)
    if panels < 3:
        raise NotYet(f"it holds there, but in {panels} of {len(rival)} panels only, and more can be had: three.")
    return f"in {panels} panels of {panels} TLR is ahead. The grid has {len(rival)}."


@exercise
def updates_of_a_restart(down, up):
    """The fewest updates in which α falls below a quarter of its peak, and in which it climbs back from there."""
    down, up = whole(down, "the number of updates down"), whole(up, "the number of updates up")
    if (down, up) == (7, 5):
        raise NotYet("the two seem to be swapped: factors above ¾ bring α down faster than factors up to 5/4 lift it.")
    if down < 5:
        raise NotYet(f"after {down} updates α is still above {0.75 ** max(down, 0):.2f} of its peak, at ¾ each.")
    if down > 5:
        raise NotYet(f"fewer updates than {down} bring α below a quarter, at nearly ¾ each.")
    if up < 7:
        raise NotYet(f"{up} updates multiply α by {1.25 ** max(up, 0):.2f} at most, and four is needed.")
    if up > 7:
        raise NotYet(f"fewer updates than {up} multiply α by four, at 5/4 each.")
    return "five down and seven back up, at least."


def _values(answer, name, known):
    """The answer as a list of known values, each once."""
    if isinstance(answer, str | dict) or not isinstance(answer, Collection) or not len(answer):
        raise NotYet(f"{name} are a list with one number or more, and yours is {answer!r}.")
    values = sorted({number(value, f"each of {name}") for value in answer})
    if unknown := [value for value in values if value not in known]:
        raise NotYet(f"{name} that figure 2 has are {', '.join(f'{value:g}' for value in known)}, not {unknown[0]:g}.")
    return values
