"""The exercises of notebook 8."""

from collections.abc import Collection

from tlr.course import experiments, records
from tlr.course.exercises.checking import NotYet, exercise, number, whole, word
from tlr.course.exercises.keeping import resume as resume
from tlr.course.exercises.keeping import summary as summary

__all__ = ["chosen_part", "strictness", "turned"]

VERDICTS = ("holds", "holds in part", "does not hold")


@exercise
def turned(of_claim_3, of_claim_4, of_claim_5):
    """The verdicts on claims 3, 4 and 5 with Eq. 8′, the factor 4 and the bound 1 + c."""
    third, fourth, fifth = (
        word(said, f"the verdict on claim {claim}", VERDICTS)
        for claim, said in ((3, of_claim_3), (4, of_claim_4), (5, of_claim_5))
    )
    if third != "holds":
        raise NotYet("claim 3 turns: Eq. 8′ is the exact second derivative on every parabola.")
    if fourth != "does not hold":
        raise NotYet("claim 4 does not turn: with the factor 4 a step goes a quarter of the way to the best one.")
    if fifth != "holds":
        raise NotYet("claim 5 is about the bound alone: does min(…, c) ask which curvature stands before it?")
    return "claim 3 turns, claim 4 does not, and claim 5 holds as before."


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
def strictness(comparisons, chance):
    """From how many comparisons on q = 0.9 more likely fails one than not, and the q that wins all 36 half the time."""
    comparisons, chance = whole(comparisons, "the number of comparisons"), number(chance, "the chance q")
    if comparisons < 7:
        won = 0.9 ** max(comparisons, 0)
        raise NotYet(f"with q = 0.9 all of {comparisons} are won with chance {won:.2f}: more likely than not.")
    if comparisons > 7:
        raise NotYet(f"fewer comparisons than {comparisons} are enough to bring 0.9ⁿ below ½.")
    if not 0 < chance < 1:
        raise NotYet(f"a chance is between 0 and 1, and yours is {chance:g}.")
    if abs(chance**36 - 0.5) > 0.02:
        raise NotYet(f"with q = {chance:.3g} the chance of winning all 36 is {chance**36:.2g}, not ½.")
    return "from 7 on, and 0.98: whoever says “always” must nearly always win."


def _values(answer, name, known):
    """The answer as a list of known values, each once."""
    if isinstance(answer, str | dict) or not isinstance(answer, Collection) or not len(answer):
        raise NotYet(f"{name} are a list with one number or more, and yours is {answer!r}.")
    values = sorted({number(value, f"each of {name}") for value in answer})
    if unknown := [value for value in values if value not in known]:
        raise NotYet(f"{name} that figure 2 has are {', '.join(f'{value:g}' for value in known)}, not {unknown[0]:g}.")
    return values
