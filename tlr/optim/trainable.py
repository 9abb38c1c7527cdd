"""The mechanism that trains α, over any torch optimizer: windows of steps, and one update of α after each."""

import inspect
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Any, Literal

import torch
from torch import Tensor
from torch._compile import _disable_dynamo
from torch.optim import LBFGS, Optimizer, Rprop
from torch.optim.optimizer import ParamsT

from tlr import rule
from tlr.optim import steady, update, windows
from tlr.optim.gradients import Accumulated
from tlr.optim.groups import check_group, check_loaded, count_once, per_tensor, split_groups
from tlr.optim.processes import refuse_flat_parameters, refuse_partitions
from tlr.optim.products import has_values
from tlr.optim.rates import Group, rate, was_set_unseen
from tlr.optim.watch import Watch, warn_of_other_options

__all__ = ["TrainableRate"]

_OPTIONS = ("update_every", "c", "curvature", "per", "restart_below", "restart_at")
_DECOUPLED = {"AdamW", "Adafactor", "Muon"}  # of torch, whose decay is not added to the gradient: not all say so
_Aside = tuple[tuple[dict[str, Any], dict[str, Any]], ...]  # entries that were taken out of dicts, with those
_KEYS = (*_OPTIONS, *windows.FRESH, *steady.FRESH, "epoch", "window_momentum", "window_begin")


class TrainableRate(Optimizer):
    r"""Mix-in that trains the learning rate of the torch optimizer it stands before.

    Every `update_every` steps it compares the sum of directions :math:`g_t` of the window that ends with
    that of the window before, :math:`g_{t-1}` (Eq. 10: the displacement of the weights over α), and moves α
    by Eqs. 7 and 9. Between updates a step is the base optimizer's own. The base may be any torch optimizer
    whose step is proportional to the "lr" of its `param_groups`:

        >>> class TLRRMSprop(TrainableRate, torch.optim.RMSprop):
        ...     "RMSprop that trains its learning rate."
        >>> w = torch.nn.Parameter(torch.ones(3))
        >>> optimizer = TLRRMSprop([w], lr=1e-3, update_every=10)

    Args:
        params: parameters, named parameters or parameter groups, as for any torch optimizer.
        *args, **kwargs: the base optimizer's own arguments. The default of lr, which is α₀, is the base's.
        update_every, c, curvature, per, restart_below, restart_at, epoch: as for `tlr.TLR`. "slope", "gradients" and
            "steady" take one more pass over the gradients at each step, to which they add weight decay. Where a base
            that is not torch's does not, say so in its groups: decoupled_weight_decay=True.

    Raises:
        TypeError: the base is LBFGS or Rprop, or the weights are of a half type and the base is not SGD.
        ValueError: what `tlr.TLR` refuses.
    """

    # Whether `_sum_directions` knows the direction of one step.
    _can_sum = False
    _base_step: Callable[[Any], Any]
    _gradient_sums = Accumulated()
    # Attributes that copies and checkpoints do without.
    _aside: _Aside = ()
    _waiting: tuple[windows.Member, ...] = ()
    _watch = cached_property(lambda _: Watch())

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if issubclass(cls, (LBFGS, Rprop)):
            raise TypeError(
                f"{cls.__name__}: TLR cannot train the rate of {'LBFGS' if issubclass(cls, LBFGS) else 'Rprop'}, whose "
                "step is not proportional to lr; take a base whose step is, such as SGD or Adam."
            )
        # torch wraps `step` of every optimizer class once it is built, to run the hooks; the wrapped step of
        # the base would run them a second time, and inspect.unwrap also takes off its no_grad, which is ours.
        cls._base_step = staticmethod(inspect.unwrap(super().step))

    def __init__(
        self,
        params: ParamsT,
        *args: Any,
        update_every: int | None = None,
        c: float | None = None,
        curvature: str = "published",
        per: Literal["model", "group", "tensor"] = "model",
        restart_below: float | None = None,
        restart_at: float | None = None,
        epoch: int | None = None,
        **kwargs: Any,
    ) -> None:
        if kwargs.get("differentiable"):
            raise ValueError(
                "differentiable=True is not supported: the update of α reads its numbers on the host, where no "
                "gradient flows. Leave it out."
            )
        is_steady = curvature == steady.NAME
        if epoch is not None and not is_steady:
            raise ValueError(f'epoch is for curvature="{steady.NAME}", the rule that allows for how batches are drawn.')
        c = (0.5 if is_steady else 0.25) if c is None else c
        options: dict[str, Any] = dict(
            zip(_OPTIONS, (update_every, c, curvature, per, restart_below, restart_at), strict=True)
        )
        if any(base.__name__ in _DECOUPLED for base in type(self).__mro__):
            options["decoupled_weight_decay"] = True
        options |= windows.FRESH | ({**steady.FRESH, "epoch": epoch} if is_steady else {})
        refuse_partitions(self)
        self._options = options  # for `add_param_group`, which torch calls before it returns
        super().__init__(params, *args, **kwargs)
        del self._options
        # torch's fused kernels would take scaled gradients, and run on overflowed ones without telling the
        # host. Without this flag GradScaler unscales them and skips the step itself, as for any optimizer.
        self.__dict__.pop("_step_supports_amp_scaling", None)
        self._warn_of_short_windows()

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        for group in self.param_groups:
            for key in {*_KEYS, "decoupled_weight_decay"} & {*self.defaults}:
                group.setdefault(key, self.defaults[key])

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a parameter group, as torch does. With per="model" a group without an lr takes the present α."""
        self._take_back()
        if "_options" in self.__dict__:
            self.defaults.update(self._options)
        elif "lr" not in param_group and self.param_groups[0]["per"] == "model":
            param_group = {**param_group, "lr": rate(self.param_groups[0])}
        super().add_param_group(param_group)
        group = dict(self.param_groups.pop())
        refuse_flat_parameters(group["params"])
        count_once(group)
        check_group(group, self.param_groups)
        self.param_groups += per_tensor(group) if group["per"] == "tensor" else [group]

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load a state of this class, or of the plain base optimizer: then a fresh window starts.

        The options saved (`update_every`, `c`, …) are loaded too, as torch does with every option; where they differ
        from what was asked for, a warning names both.

        Raises:
            ValueError: a state of another optimizer or of other parameters, or with an α or an option that a new
                optimizer would refuse. Everything stays as it was.
        """
        asked = [dict(group) for group in self.param_groups]
        before = {"state": self.state, "param_groups": self.param_groups}
        loaded: dict[str, Any] = {}

        def see(_: Optimizer, saved: dict[str, Any]) -> dict[str, Any]:
            # The last hook sees what the user's hooks have made of the state.
            loaded.update(split_groups(saved, asked))
            return loaded

        handle = self.register_load_state_dict_pre_hook(see)
        try:
            super().load_state_dict(state_dict)
            check_loaded(self.param_groups, self.defaults)
        except Exception as error:
            self.__dict__.update(before)
            if isinstance(error, KeyError):  # torch looks for what the base keeps
                raise ValueError(f"The state is another optimizer's: it has no {error}.") from error
            raise
        finally:
            handle.remove()
        # torch casts floating-point state to the parameter's type; ours is wider where that is a half type. And it
        # shares what needs no cast with the dict that it came from.
        numbers = (i for group in loaded["param_groups"] for i in group["params"])
        for p, i in zip(self._params(), numbers, strict=True):
            for key in windows.BUFFERS:
                if key in self.state.get(p, ()) and isinstance(saved := loaded["state"][i].get(key), Tensor):
                    self.state[p][key] = saved.to(self.state[p][key].device, copy=True)
        warn_of_other_options(asked[0], self.param_groups[0])
        self._warn_of_short_windows()

    def state_dict(self) -> dict[str, Any]:
        self._take_back()
        return super().state_dict()

    def fresh_window(self) -> None:
        """Begin a window anew with the next step, and compare it with none before.

        Call it after writing to the weights yourself, as when the best checkpoint is loaded back in mid-run: the
        jump would count as a displacement that α made. α and the base's own state, such as momentum, stay.
        """
        self.param_groups[0]["steps_in_window"] = 0
        for group in self.param_groups:
            windows.forget(self.state, group)

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """Perform a single optimization step, and update α if it ends a window.

        A step in which no parameter has a gradient, or in which no learning rate is positive, does not count.

        Args:
            closure (Callable, optional): reevaluates the model and returns the loss.

        Returns:
            What the closure returned, or None.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        # Compiled, the base's step is one graph; around it numbers are read on the host, which no graph can hold.
        if torch.compiler.is_compiling():
            counts = self._before_compiled_step(True)
            type(self)._base_step(self)
            self._after_compiled_step(counts)
        else:
            counts = self._before_step(False)
            type(self)._base_step(self)
            self._after_step(counts)
        return loss

    def _before_step(self, compiling: bool) -> bool:
        """Note what the base is about to do, and return whether its step may move a weight."""
        self._take_back()
        moving = [group for group in self.param_groups if any(p.grad is not None for p in group["params"])]
        counts = any(rate(group) > 0 for group in moving)
        if moving:
            self._prepare()
        self._waiting = ()
        if not self._can_sum and self.param_groups[0]["steps_in_window"] == 0:
            # This base would take a state that is not empty for its own.
            new = [p for p, state in self.state.items() if state.keys() <= {*windows.BUFFERS}]
            self._waiting = tuple((p, self.state.pop(p)) for p in new)
        if compiling:
            # Where dynamo sees them, it compiles anew for a new key, a flipped bool, or None that becomes a float:
            # 5 graphs where SGD has 2 (torch 2.13, aot_eager, momentum 0.9, a tensor as lr).
            self._aside = _set_aside(self.param_groups, _KEYS) + _set_aside(self.state.values(), windows.BUFFERS)
        return counts

    def _take_back(self) -> None:
        # Before a step and a save too, as an exception may have ended a compiled step.
        for entries, ours in self._aside:
            entries.update(ours)
        self._aside = ()

    def _prepare(self) -> None:
        """Open a window if none is open, and note in it what the base is about to do."""
        groups, gradients = self.param_groups, self._gradients()
        if gradients and any(gradients.is_broken(group) for group in groups):
            if groups[0]["steps_in_window"]:
                self._watch.broken_off()
            groups[0]["steps_in_window"] = 0
        if groups[0]["steps_in_window"] == 0:
            self._open_window(gradients)
        for group in groups:
            alpha = rate(group)
            if alpha == 0:
                continue
            if gradients and gradients.every_step:
                windows.add_gradients(group, windows.members(self.state, group), "gradient_sum")
            if group["summed"]:
                self._sum_directions(group)
            elif alpha != group["window_lr"]:
                windows.change_unit(self.state, group, alpha)

    def _open_window(self, gradients: Accumulated | None) -> None:
        groups, is_steady = self.param_groups, self._is_steady()
        self._watch.before_window(groups)
        self._refuse_half_types()
        refuse_flat_parameters(self._params())
        keys = windows.BUFFERS if gradients else windows.BUFFERS[:-1]
        for group in groups:
            if is_steady:
                group["window_begin"] = groups[0]["step"]
            inside = windows.open_window(self.state, group, self._can_sum and not is_steady, keys)
            if gradients:
                gradients.begin(group, inside)

    def _sum_directions(self, group: Group) -> None:
        """Add to the window's buffers what the base is about to subtract from each parameter, over α."""
        raise NotImplementedError

    def _after_step(self, counts: bool) -> None:
        self._take_back()
        for p, ours in self._waiting:
            self.state[p].update(ours)
        if counts:
            self._count_step()

    # Unlike torch.compiler.disable this imports nothing before it is called.
    _before_compiled_step = _disable_dynamo(_before_step)
    _after_compiled_step = _disable_dynamo(_after_step)

    def _count_step(self) -> None:
        clock = self.param_groups[0]
        clock["steps_in_window"] += 1
        if self._is_steady():
            clock["step"] += 1
        if clock["steps_in_window"] >= (steady.length(clock) if self._is_steady() else clock["update_every"]):
            self._close_window()

    def _close_window(self) -> None:
        groups = self.param_groups
        steps, groups[0]["steps_in_window"] = groups[0]["steps_in_window"], 0
        inside = [p for group in groups for p, _ in windows.members(self.state, group)]
        if not inside or not has_values(inside):
            return
        if sum(was_set_unseen(group) for group in groups):  # nobody knows in which step, and so not in which unit
            return
        self._watch.before_window(groups)
        if self._is_steady():
            outcome = steady.close(self.state, groups, self._gradient_sums, steps)
        else:
            measured = update.measure(self.state, groups, self._gradients(), self._can_sum, steps)
            outcome = update.move(self.state, groups, measured)
        self._watch.after_update(groups, *outcome)

    def _is_steady(self) -> bool:
        return bool(self.param_groups[0]["curvature"] == steady.NAME)

    def _gradients(self) -> Accumulated | None:
        """How sums of gradients are had, where the rule asks for them and they differ from those of directions."""
        asked = self._is_steady() or "gradients" in rule.RULES[self.param_groups[0]["curvature"]].products
        return self._gradient_sums if asked and self._gradient_sums.needed(self.param_groups) else None

    def _warn_of_short_windows(self) -> None:
        # Directions share what momentum carries from window to window; a rule with gradients on one side does not.
        if self._gradients() is None and not self._is_steady():
            self._watch.window_length(self.param_groups)

    def _refuse_half_types(self) -> None:
        if (self._is_steady() or not self._can_sum) and any(p.dtype in windows.HALF for p in self._params()):
            raise TypeError(
                f"{type(self).__name__} cannot train α over half-precision weights, whose displacement drowns "
                "in rounding. Keep the weights in float32 (torch.autocast casts for you), or use TLR with another rule."
            )

    def _params(self) -> list[Tensor]:
        return [p for group in self.param_groups for p in group["params"]]


def _set_aside(owners: Iterable[dict[str, Any]], keys: Sequence[str]) -> _Aside:
    """Take entries with these keys out of dicts, and return each dict with its own."""
    return tuple((entries, {key: entries.pop(key) for key in keys if key in entries}) for entries in owners)
