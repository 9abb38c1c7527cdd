"""What an optimizer tells its user when α cannot do well: each warning once, the first time its reason shows."""

import math
import sys
import warnings
from collections import Counter
from collections.abc import Sequence

from tlr import rule
from tlr.optim import steady
from tlr.optim.rates import Group, rate

_UNDONE = 3  # updates that somebody else undid, or windows that were broken off, before it is said
_GROWTH = 1e4  # of ‖g_t‖ over that of the first window; no healthy training that we know comes near


class Watch:
    """The warnings of one optimizer. None of this is saved: after a resume it begins anew."""

    def __init__(self) -> None:
        self._told: set[str] = set()
        self._outside: dict[int, float] = {}  # α of each group as somebody else last set it
        self._written: dict[int, float] = {}  # α of each group as it was last known
        self._undone: Counter[int] = Counter()  # changes that undid updates, less those that kept them
        self._first_square = 0.0
        self._broken_off = 0  # windows since the last that ended

    def window_length(self, groups: Sequence[Group]) -> None:
        """Warn of windows that are shorter than the base's memory allows."""
        every, floor = groups[0]["update_every"], max(map(_memory_floor, groups))
        if every < floor:
            self._tell(
                "window",
                f"Windows of {every} step{'s' * (every > 1)} are shorter than what momentum carries over, so α will "
                f"probably run away: use update_every={floor} or more. tlr.rule.window(len(loader), momentum=…) "
                "computes it.",
            )

    def before_window(self, groups: Sequence[Group]) -> None:
        """Note α as it is before an update or a window, and warn where updates were undone several times in a row."""
        for number, group in enumerate(groups):
            alpha = rate(group)
            written = self._written.get(number, alpha)
            if alpha != written and min(alpha, written) > 0:
                self._judge(number, alpha, written)
            if alpha != written or number not in self._outside:
                self._outside[number] = alpha
            self._written[number] = alpha

    def broken_off(self) -> None:
        """Count a window in which the momentum changed, and warn where several in a row were."""
        self._broken_off += 1
        if self._broken_off >= _UNDONE:
            self._tell(
                "broken off",
                f"The momentum changed in each of the last {_UNDONE} windows, so that none could be summed and α is "
                "not trained: let the schedule leave the momentum as it is (cycle_momentum=False).",
            )

    def after_update(self, groups: Sequence[Group], finite: Sequence[bool], square: float) -> None:
        """Note α as an update left it; warn of an update that was left out, and of a run that is blowing up."""
        for number, group in enumerate(groups):
            self._written[number] = rate(group)
        self._broken_off = 0
        if not all(finite):
            is_steady = groups[0]["curvature"] == steady.NAME
            done = "this window is taken back and α divided by 3" if is_steady else "this update of α is left out"
            self._tell(
                "finite",
                f"The gradients are not finite, or their square is 0 in float64, so {done}. One bad batch is harmless; "
                "if the loss is nan, start again with a smaller lr or longer windows. tlr.skipped_updates(optimizer) "
                "counts.",
            )
        elif self._first_square == 0:
            self._first_square = square
        elif square > _GROWTH**2 * self._first_square:
            self._tell(
                "growth",
                f"The gradients have grown {math.sqrt(square / self._first_square):.0e}-fold since the first window: "
                f"this run is probably lost. α is now {rate(groups[0]):.3g}. Longer windows (update_every), a smaller "
                'lr, or with full batches curvature="secant" may keep it.',
            )

    def _judge(self, number: int, alpha: float, written: float) -> None:
        """Count a change from outside as an undone update if α is back where it would be had it learned nothing."""
        outside = self._outside.get(number, 0.0)
        if outside <= 0 or abs(math.log(written / outside)) < 0.02:
            return
        from_outside, from_written = abs(math.log(alpha / outside)), abs(math.log(alpha / written))
        if from_written < from_outside:  # a schedule that scales: its own steep end may look like the other kind
            self._undone[number] = max(self._undone[number] - 1, -10)
        elif from_outside < min(0.25 * from_written, 0.06):
            self._undone[number] += 1
        if self._undone[number] >= _UNDONE:
            self._tell(
                "undone",
                f"Something sets the learning rate and has undone the last {_UNDONE} updates of α: a LambdaLR, which "
                'Hugging Face\'s Trainer makes of every lr_scheduler_type but "reduce_lr_on_plateau", a OneCycleLR or '
                "the like. Use a schedule that scales the current rate (MultiplicativeLR, StepLR, CosineAnnealingLR, "
                "ReduceLROnPlateau, …) or none.",
            )

    def _tell(self, what: str, message: str) -> None:
        if what not in self._told:
            self._told.add(what)
            warnings.warn(message, stacklevel=_outside_of_torch())


def _memory_floor(group: Group) -> int:
    """⌈3/(1 − μ)⌉ steps for momentum; 5/(1 − β₁) for Adam's, since α is restless with 3 (notebook 03b)."""
    if "betas" in group:
        return math.ceil(round(5 / (1 - float(group["betas"][0])), 6)) if group["betas"][0] else 1
    return rule.window(1, momentum=float(group.get("momentum") or 0.0))


def warn_of_other_options(asked: Group, loaded: Group) -> None:
    """Warn where a group has other options since a state was loaded than were asked for, and name both."""
    keys = ("update_every", "per", "c", "curvature", "epoch")
    pairs = [(key, loaded.get(key), asked.get(key)) for key in keys]
    other = [f"{key}={theirs!r} in place of {ours!r}" for key, theirs, ours in pairs if theirs != ours]
    if other:
        warnings.warn(
            f"The state that was loaded brings its own options: {', '.join(other)}. To keep yours, set them in "
            "optimizer.param_groups after loading.",
            stacklevel=_outside_of_torch(),
        )


def _outside_of_torch() -> int:
    """The stack level, as the function that warns sees it, of the line that called the optimizer."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] in ("tlr", "torch"):
        level, frame = level + 1, frame.f_back
    return level
