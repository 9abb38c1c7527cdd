"""The exercises of notebook 4."""

import numpy as np

from tlr.course import experiments, records
from tlr.course.exercises.checking import NotYet, call, exercise, whole
from tlr.course.exercises.keeping import resume as resume
from tlr.course.exercises.keeping import summary as summary

__all__ = ["beats", "colleague", "epochs_needed", "from_zero"]


@exercise
def epochs_needed(function):
    """Whole epochs until α can have grown from α₀ to a goal, as a function of both, c and the windows an epoch."""
    cases = {
        (0.0001, 0.1): 11,
        (0.001, 0.1): 8,
        (0.01, 0.1): 4,
        (0.1, 0.1): 0,
        (0.001, 0.1, 1.0): 3,
        (0.001, 0.1, 0.25, 12): 2,
        (0.1, 0.2, 1.0, 1): 2,
    }
    answers = {arguments: call(function, *arguments) for arguments in cases}
    for arguments, right in cases.items():
        got = answers[arguments]
        names = ("α₀", "goal", "c", "windows")
        where = ", ".join(f"{name} = {value:g}" for name, value in zip(names, arguments, strict=False))
        if got == right:
            continue
        if got != int(got):
            raise NotYet(f"for {where} the answer is a whole number of epochs, and yours is {got:g}: round up.")
        if right == 0:
            raise NotYet(f"for {where} yours is {got:g}, but α is at the goal already.")
        for hint in _slips(*arguments):
            if all(_slips(*each)[hint] == answers[each] for each in cases if cases[each]):
                raise NotYet(f"for {where} yours is {got:g}: {hint}.")
        if arguments == (0.0001, 0.1) and got in (31, 32):
            raise NotYet(f"for {where} yours is {got:g}: these are windows, not epochs, and an epoch has three.")
        raise NotYet(
            f"for {where} yours is {got:g}: each change multiplies α by 1 + c at most; how many changes is that?"
        )
    return "for seven cases. In the records you see how close to this limit TLR comes."


@exercise
def beats(better_than_same, better_than_best):
    """In how many of figure 1's settings TLR ends more accurate than SGD there, and than the best SGD of all."""
    same, best = whole(better_than_same, "the first"), whole(better_than_best, "the second")
    accuracy = _ends("test_accuracy")
    tlr, sgd = accuracy.loc["tlr"].to_numpy(), accuracy.loc["sgd"].to_numpy()
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


@exercise
def from_zero(alpha_after_zero, largest_eta):
    """With a fixed η: the α that follows α = 0, and the η beyond which the next step leads away from a minimum."""
    for gradient, eta, curvature in ((np.array([3.0, 4.0]), 0.1, 5.0), (np.array([0.5, 0.0, 1.0]), 2.0, 0.1)):
        square = gradient @ gradient
        alpha, largest = call(alpha_after_zero, eta, gradient), call(largest_eta, gradient, curvature)
        where = f"for g = {gradient.tolist()}"
        if alpha == 0:
            raise NotYet(f"{where} and η = {eta:g} α does not stay at zero: the weights stand still, so what is g_t?")
        if alpha < 0:
            raise NotYet(f"{where} and η = {eta:g} yours is {alpha:g}, and max(0, …) is never negative.")
        if np.isclose(alpha, eta * np.sqrt(square)):
            raise NotYet(
                f"{where} and η = {eta:g} yours is {alpha:g}, from the length of g; the product is its square."
            )
        if not np.isclose(alpha, eta * square):
            raise NotYet(
                f"{where} yours is {alpha:g}: η multiplies the product of the last two gradients. What are they?"
            )
        where = f"{where} and λ = {curvature:g}"
        if np.isclose(largest, 1 / (curvature * square)):
            raise NotYet(f"{where} η = {largest:g} leads exactly on the minimum; how much longer may the step be?")
        if np.isclose(largest, 2 / curvature):
            raise NotYet(f"{where} yours is {largest:g}, which bounds α: with which η is α that large?")
        if not np.isclose(largest, 2 / (curvature * square)):
            raise NotYet(
                f"{where} yours is {largest:g}: a step multiplies the error by 1 − αλ, whose size must be below 1."
            )
    return "α = η‖g‖² whatever it was before zero, and beyond η = 2/(λ‖g‖²) the weights are thrown out."


@exercise
def colleague(lower_than_same, lower_than_best):
    """In how many panels of α₀ = 0.001 TLR's loss ends below SGD's there, and below the best SGD of the batch size."""
    same, best = whole(lower_than_same, "the first"), whole(lower_than_best, "the second")
    loss = _ends("train_loss")
    tlr, sgd = loss.loc["tlr"].loc[0.001], loss.loc["sgd"]
    right = int((tlr < sgd.loc[0.001]).sum()), int((tlr < sgd.min()).sum())
    if (same, best) == right:
        return f"{same} of {len(tlr)}, and {best}. That is what your colleague should hear first."
    if (best, same) == right:
        raise NotYet("the two seem to be swapped: the best of three is harder to beat than one.")
    if max(same, best) > len(tlr):
        raise NotYet(f"the row has four panels, so no count is {max(same, best)}.")
    if same != right[0]:
        raise NotYet(f"{same} is not the first count: compare the two rows panel by panel.")
    raise NotYet(
        f"{best} is not the second count: at each batch size the yardstick is the least of three losses of SGD."
    )


def _slips(alpha0, goal, c=0.25, windows=3):
    """What `epochs_needed` comes to with one slip: what to tell about it → epochs."""
    exact = np.log(goal / alpha0) / np.log(1 + c)
    changes = np.ceil(exact - 1e-9)
    return {
        "mind that the first window of all changes nothing": np.ceil(changes / windows),
        "the first window of all costs a window, not an epoch": 1 + np.ceil(changes / windows),
        "the k-th change comes after window k + 1, and yours waits for one window more": np.ceil(
            (changes + 2) / windows
        ),
        "α has to reach the goal, so round the number of changes up": np.ceil((np.floor(exact + 1e-9) + 1) / windows),
        "whole epochs have to hold all windows, so round their number up": np.floor((changes + 1) / windows),
        "k changes multiply α by (1 + c)^k, not by exp(ck)": np.ceil((np.log(goal / alpha0) / c + 1) / windows),
    }


def _ends(quantity):
    """A quantity at the end of the recorded runs of figure 1: a row for each method and α₀, a column a batch size."""
    ends = records.final(experiments.recorded("figure-1-mnist", epochs=8, seeds=(0,)))
    return ends.pivot(index=["method", "alpha0"], columns="batch_size", values=quantity)
