"""The exercises of notebook 4."""

from tlr import experiments, records
from tlr.exercises.verdict import NotYet, call, exercise, whole

__all__ = ["beats", "epochs_needed"]


@exercise
def epochs_needed(function):
    """Whole epochs until α can have grown from α₀ to a goal, as a function of both, c and the windows an epoch."""
    for arguments, right in (
        ((0.001, 0.1), 8),
        ((0.01, 0.1), 4),
        ((0.1, 0.1), 0),
        ((0.001, 0.1, 1.0), 3),
        ((0.001, 0.1, 0.25, 10), 3),
    ):
        got = call(function, *arguments)
        names = ("α₀", "goal", "c", "windows")
        where = ", ".join(f"{name} = {value:g}" for name, value in zip(names, arguments, strict=False))
        if got == right:
            continue
        if got != int(got):
            raise NotYet(f"for {where} the answer is a whole number of epochs, and yours is {got:g}: round up.")
        if right and got == right - 1:
            raise NotYet(f"for {where} yours is {got:g}: mind that the first window of all changes nothing.")
        if arguments == (0.001, 0.1) and got in (21, 22):
            raise NotYet(f"for {where} yours is {got:g}: these are windows, not epochs, and an epoch has three.")
        raise NotYet(
            f"for {where} yours is {got:g}: each change multiplies α by 1 + c at most; how many changes is that?"
        )
    return "for five cases. In the records you see how close to this limit TLR comes."


@exercise
def beats(better_than_same, better_than_best):
    """In how many of figure 1's settings TLR ends more accurate than SGD there, and than the best SGD of all."""
    same, best = whole(better_than_same, "the first"), whole(better_than_best, "the second")
    ends = records.final(records.load(experiments.settings("figure-1-mnist", epochs=8)))
    accuracy = ends.pivot(index=["method", "alpha0"], columns="batch_size", values="test_accuracy")
    tlr, sgd = accuracy.loc["published"].to_numpy(), accuracy.loc["sgd"].to_numpy()
    right = int((tlr > sgd).sum()), int((tlr > sgd.max()).sum())
    if (same, best) == right:
        return f"{same} of {tlr.size}, and {best}. The two readings of “TLR beats SGD” could hardly be farther apart."
    if (best, same) == right:
        raise NotYet("the two seem to be swapped: beating the best of twelve is harder than beating one.")
    if same == int((tlr > 0.9).sum()) or best > same:
        raise NotYet(f"{same} is not the first count. (TLR held in some settings without beating SGD: ten held.)")
    if same != right[0]:
        raise NotYet(f"{same} is not the first count, from 0 to 12: compare the two tables entry by entry.")
    raise NotYet(f"{best} is not the second count: the yardstick is the largest of all twelve accuracies of SGD.")
