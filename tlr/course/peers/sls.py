"""Stochastic line search (Vaswani et al., 2019)."""

import math

import torch

from tlr.course.peers.base import OneRate, sums_of_products
from tlr.course.peers.replay import Replay
from tlr.optim.rates import check_rate

__all__ = ["SLS"]


class SLS(OneRate):
    r"""SGD whose every step is as long as a line search on its own batch finds good.

    The Armijo condition asks the loss of the batch, :math:`f_i`, to fall in proportion to the step,

    .. math::
        f_i(w_k - \eta \nabla f_i(w_k)) \le f_i(w_k) - c \, \eta \, \lVert \nabla f_i(w_k) \rVert^2

    and the search tries η, βη, β²η, … until it holds. The Goldstein variant also asks that the step is not too
    short, :math:`f_i(w_k) - (1 - c) \, \eta \, \lVert \nabla f_i(w_k) \rVert^2 \le f_i(w_k - \eta \nabla f_i(w_k))`,
    and multiplies η by γ where it is. A search begins with the η that the last one ended with, after a reset. All
    parameters share η, which is in `param_groups[0]["lr"]`.

    Every trial is evaluated on the same random numbers as the gradient (dropout), and leaves the buffers (batch
    norm's running statistics) as a single pass would. A trial costs a forward pass and a wait for the device.
    A decrease that would drown in the rounding of the loss counts as reached if the loss does not rise. A search
    without success in 200 trials, or from a loss or gradient that is not finite, leaves the weights where they are
    and η as it was; a zero gradient leaves both without a search. A penalty such as weight decay belongs into the
    closure's loss, which the search evaluates. In data-parallel training the closure must return the loss averaged over
    the processes, or each would take a step of its own.

    Args:
        params: parameters or parameter groups.
        lr: the first η > 0 (default 1).
        c: how much decrease is asked for, 0 < c < 1, in the Goldstein variant c < 1/2 (default 0.1).
        beta: β, by which a step that is too long is multiplied, 0 < β < 1 (default 0.9).
        gamma: γ > 1, by which a step that is too short is multiplied, and a reset in an epoch (default 2).
        condition: "armijo" (default) or "goldstein".
        reset: what η begins a search with: "grow" (default), γ^(b/n) times the last one, n/b being the batches of an
            epoch; "start", `lr` again, which costs the most trials; "keep", the last one, so that Armijo's η never
            grows. The authors' code numbers them 1, 2 and 0.
        steps_per_epoch: n/b, needed by "grow".
        max_lr: no search begins with, or is lengthened to, more than this (default: no cap for Armijo, 10 for
            Goldstein, as in the authors' code; their algorithms have none).

    Where the authors' code goes other ways: its first search, too, begins after a reset; after 100 trials it takes a
    step of 1e-6; and it takes no step where ‖∇f‖ is below 1e-8.

    Raises:
        ValueError: an option outside its range, `reset="grow"` without steps_per_epoch, groups that differ.
        TypeError: a step without a closure; sparse gradients.
        RuntimeError: a closure that calls backward in trials.

    Reference:
        S. Vaswani, A. Mishkin, I. Laradji, M. Schmidt, G. Gidel, S. Lacoste-Julien: Painless Stochastic Gradient:
        Interpolation, Line-Search, and Convergence Rates, NeurIPS 2019, Eq. 1, Algorithms 1 and 2, and the appendix
        for Goldstein.
    """

    _most_trials = 200  # then η has shrunk by nine orders of magnitude where β is the default, 0.9

    def __init__(
        self,
        params,
        lr=1.0,
        *,
        c=0.1,
        beta=0.9,
        gamma=2.0,
        condition="armijo",
        reset="grow",
        steps_per_epoch=None,
        max_lr=None,
    ):
        if condition not in ("armijo", "goldstein"):
            raise ValueError(f"condition must be 'armijo' or 'goldstein', not {condition!r}.")
        if reset not in ("grow", "start", "keep"):
            raise ValueError(f"reset must be 'grow', 'start' or 'keep', not {reset!r}.")
        largest = 0.5 if condition == "goldstein" else 1
        if not 0 < c < largest:
            raise ValueError(f"c must lie between 0 and {largest} for {condition!r}, not at {c!r}.")
        if not (0 < beta < 1 < gamma):
            raise ValueError(f"β must lie between 0 and 1, and γ above 1, not at {beta!r} and {gamma!r}.")
        if reset == "grow" and not (steps_per_epoch is not None and steps_per_epoch >= 1):
            raise ValueError(
                "reset='grow' needs steps_per_epoch, the number of batches in an epoch, of at least 1, "
                f"not {steps_per_epoch!r}."
            )
        if max_lr is None:
            max_lr = 10.0 if condition == "goldstein" else math.inf
        if not max_lr >= lr:
            raise ValueError(f"max_lr must be at least lr, the first step size, not {max_lr!r} with lr={lr!r}.")
        defaults = {
            "lr": check_rate(lr),
            "c": c,
            "beta": beta,
            "gamma": gamma,
            "condition": condition,
            "reset": reset,
            "steps_per_epoch": steps_per_epoch,
            "max_lr": max_lr,
            "first_lr": float(lr),
            "searches": 0,
        }
        super().__init__(params, defaults)

    @torch.no_grad()
    def step(self, closure):
        """One search and one step.

        Args:
            closure: clears the gradients, computes the loss, calls backward if `torch.is_grad_enabled()`, and returns
                the loss. It is called once for the gradient, and without one for each trial.

        Returns:
            The loss at the weights before the step. Their gradients are left in `p.grad`.
        """
        replay = Replay({p.device for group in self.param_groups for p in group["params"]})
        with torch.enable_grad():
            loss = replay.first(closure)
        params, gradients = self._gradients()
        if not params:
            return loss
        before = [p.clone() for p in params]
        for p in params:
            p.grad = None  # which the closure clears, or zeroes, in every trial
        found = None
        try:
            eta = self._first_trial(params, gradients)
            found = self._search(eta, loss, params, gradients, before, lambda: replay.again(closure))
        finally:
            if found is None:
                torch._foreach_copy_(params, before)
            for p, gradient in zip(params, gradients, strict=True):
                p.grad = gradient
        self._share(searches=self._shared["searches"] + 1)
        if found is not None:
            self._share(lr=found)
        return loss

    def _first_trial(self, params, gradients):
        """The η that a search begins with."""
        options = self._shared
        if options["searches"] == 0 or options["reset"] == "keep":
            return options["lr"]
        if options["reset"] == "start":
            return options["first_lr"]
        return min(options["lr"] * options["gamma"] ** (1 / options["steps_per_epoch"]), options["max_lr"])

    def _search(self, eta, loss, params, gradients, before, evaluate):
        """The first η tried that is good, with the weights at its trial point; None if none was."""
        options = self._shared
        value = square = None
        for _ in range(self._most_trials):
            torch._foreach_copy_(params, before)
            torch._foreach_add_(params, gradients, alpha=-eta)
            trial = _without_backward(evaluate)
            if value is None:  # one wait for the device brings the loss, the gradient's norm and the first trial
                one = [torch.ones_like(loss)]
                value, trial, square = sums_of_products([([loss], one), ([trial], one), (gradients, gradients)])
                if square == 0 or not (math.isfinite(value) and math.isfinite(square)):
                    return None
            else:
                trial = trial.item()
            rounding = torch.finfo(loss.dtype).eps * abs(value)
            needed, most = (share * eta * square for share in (options["c"], 1 - options["c"]))
            if not trial <= value - (needed if needed > rounding else 0):
                eta *= options["beta"]
            elif options["condition"] == "goldstein" and trial < value - most - rounding and eta < options["max_lr"]:
                eta = min(options["gamma"] * eta, options["max_lr"])
            else:
                return eta
        return None


def _without_backward(evaluate):
    try:
        return evaluate()
    except RuntimeError as error:
        if "does not require grad" not in str(error):
            raise
        raise RuntimeError(
            "SLS evaluates its trials without gradients: in the closure, call backward only if torch.is_grad_enabled()."
        ) from error
