"""The mechanism that trains α, over any torch optimizer: windows of steps, and one update of α after each."""

import inspect
import math
from collections import Counter
from operator import mul

import numpy as np
import torch

from tlr import rule
from tlr.optim.products import group_products, local

__all__ = ["TrainableRate", "learning_rates", "skipped_updates"]

# What a group starts with, besides its options. All state is in `state` and `param_groups`, where torch saves it.
_FRESH = {
    "steps_in_window": 0,  # the clock; all groups share that of the first one
    "window_lr": 0.0,  # the α in whose unit the displacement of this window is measured
    "previous_scale": 0.0,  # what turns the previous window's buffer into a sum of directions
    "previous_square": 0.0,  # ‖g_{t−1}‖², of the sum of directions
    "weight_norm": None,  # ‖w‖ when it was last measured
    "summed": False,  # directions are summed, because the displacement would drown in rounding
    "largest_lr": 0.0,  # since the last restart
    "skipped_updates": 0,
}

_HALF = (torch.float16, torch.bfloat16)

# A displacement is a difference of weights that were rounded at every step. Above this estimate of its
# relative error the directions are summed instead.
_TOLERANCE = 1e-3


class TrainableRate:
    r"""Mix-in that trains the learning rate of the torch optimizer it stands before.

    Every `update_every` steps it compares the sum of directions :math:`g_t` of the window that ends with
    that of the window before, :math:`g_{t-1}` (Eq. 10: the displacement of the weights over α), and moves α
    by Eqs. 7 and 9. Between updates a step is the base optimizer's own. The base needs nothing but
    `param_groups` with an "lr" that its step is proportional to:

        >>> class TLRRMSprop(TrainableRate, torch.optim.RMSprop):
        ...     "RMSprop that trains its learning rate."
        >>> w = torch.nn.Parameter(torch.ones(3))
        >>> optimizer = TLRRMSprop([w], lr=1e-3, update_every=10)

    Options, all keyword-only and beside the base optimizer's own:

    Args:
        update_every: steps between two updates of α, pN in Eq. 10; see `tlr.rule.window` (default 1).
        c: the largest relative increase of α in one update, c > 0 (default 1/4, the paper's).
        curvature: "published" is Eq. 8, the paper's method and the default; "secant" is Eq. 8′.
        per: "model" trains one α for all parameters; groups that begin with different rates keep their
            ratio. "group" trains one α for each parameter group, "tensor" one for each tensor.
        restart_below: when an update takes α below this, it restarts (appendix C; default: never). With
            per="model" the α of the first group decides, and the others keep their ratio to it.
        restart_at: the α of a restart; None means the largest α since the last one.
    """

    # Whether `_direction` tells the direction of one step, so that directions can be summed.
    _can_sum = False

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        # torch wraps `step` of every optimizer class once it is built, to run the hooks; the wrapped step of
        # the base would run them a second time, and inspect.unwrap also takes off its no_grad, which is ours.
        cls._base_step = staticmethod(inspect.unwrap(super().step))

    def __init__(
        self,
        params,
        lr=1e-2,
        *args,
        update_every=1,
        c=0.25,
        curvature="published",
        per="model",
        restart_below=None,
        restart_at=None,
        **kwargs,
    ):
        rule.check(c, curvature)
        if per not in ("model", "group", "tensor"):
            raise ValueError(f"per must be 'model', 'group' or 'tensor', not {per!r}.")
        if kwargs.get("differentiable"):
            raise ValueError(
                "differentiable=True is not supported: the update of α reads its numbers on the host, where no "
                "gradient flows. Leave it out."
            )
        # add_param_group needs these before the base class has made self.defaults.
        self._rate_defaults = {
            "update_every": update_every,
            "c": c,
            "curvature": curvature,
            "per": per,
            "restart_below": restart_below,
            "restart_at": restart_at,
            **_FRESH,
        }
        super().__init__(params, lr, *args, **kwargs)
        self.defaults.update(self.__dict__.pop("_rate_defaults"))
        # torch's fused kernels would take scaled gradients, and run on overflowed ones without telling the
        # host. Without this flag GradScaler unscales them and skips the step itself, as for any optimizer.
        self.__dict__.pop("_step_supports_amp_scaling", None)

    def __setstate__(self, state):
        super().__setstate__(state)
        for group in self.param_groups:
            for key in _RATE_KEYS:
                group.setdefault(key, self.defaults[key])

    def add_param_group(self, param_group):
        for key, value in self.__dict__.get("_rate_defaults", {}).items():
            param_group.setdefault(key, value)
        super().add_param_group(param_group)
        group = self.param_groups.pop()
        self._check_group(group)
        self.param_groups += _per_tensor(group) if group["per"] == "tensor" else [group]

    def _check_group(self, group):
        rate = float(group["lr"])
        if not (rate > 0 and math.isfinite(rate)):
            raise ValueError(f"α₀ (lr) must be positive and finite, not {rate!r}: TLR multiplies it, and 0 stays 0.")
        every = group["update_every"]
        if isinstance(every, bool) or not isinstance(every, int) or every < 1:
            raise ValueError(
                f"update_every counts steps and must be an integer of at least 1, not {every!r}; "
                "tlr.rule.window(steps_per_epoch, p) computes it."
            )
        rule.check(group["c"], group["curvature"])
        below, at = group["restart_below"], group["restart_at"]
        if below is None and at is not None:
            raise ValueError("restart_at says where α restarts; give restart_below too, which says when.")
        if below is not None and not (0 < below < math.inf and (at is None or below < at < math.inf)):
            raise ValueError(f"Restarts need 0 < restart_below < restart_at, not {below!r} and {at!r}.")
        for key in ("update_every", "curvature", "per"):
            if self.param_groups and group[key] != self.param_groups[0][key]:
                raise ValueError(
                    f"{key} is one for all parameter groups, but this group has {group[key]!r} "
                    f"and the first {self.param_groups[0][key]!r}."
                )
        if isinstance(group["lr"], torch.Tensor):
            group["lr"] = group["lr"].clone()  # the caller's, which other groups may share

    def load_state_dict(self, state_dict):
        """Load a state of this class, or of the plain base optimizer: then a fresh window starts.

        The options saved (`update_every`, `c`, …) are loaded too, as torch does with every option.
        """
        groups = state_dict["param_groups"]
        if len(groups) < len(self.param_groups) and self.param_groups[0]["per"] == "tensor":
            groups = [{**group, "params": [i]} for group in groups for i in group["params"]]
            state_dict = {**state_dict, "param_groups": groups}
        super().load_state_dict(state_dict)
        # torch casts floating-point state to the parameter's type; ours is wider where that is a half type.
        for p, i in zip(self._params(), (i for group in groups for i in group["params"]), strict=True):
            for key in _STATE_KEYS:
                saved = state_dict["state"].get(i, {}).get(key)
                if saved is not None and saved.dtype != self.state[p][key].dtype:
                    self.state[p][key] = saved.to(self.state[p][key].device, copy=True)

    @torch.no_grad()
    def step(self, closure=None):
        """Perform a single optimization step, and update α if it ends a window.

        A step in which no parameter has a gradient, or in which every learning rate is 0, does not count.

        Args:
            closure (Callable, optional): reevaluates the model and returns the loss.

        Returns:
            What the closure returned, or None.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        if torch.compiler.is_compiling():
            # torch.compile takes the base's step as one graph. What surrounds it changes with the clock and reads
            # numbers on the host, so it stays outside.
            self._before_compiled_step()
            type(self)._base_step(self)
            self._after_compiled_step()
        else:
            counts = self._before_step()
            type(self)._base_step(self)
            self._after_step(counts)
        return loss

    def state_dict(self):
        self._take_back()
        return super().state_dict()

    def _before_step(self):
        """Note what the base is about to do. Returns whether the step counts: whether it may move a weight."""
        self._take_back()
        has_gradient = counts = False
        for group in self.param_groups:
            for p in group["params"]:  # plain loops, as every step takes this way
                if p.grad is not None:
                    has_gradient = True
                    counts = counts or self._rate(group) != 0
                    break
        if has_gradient:
            self._prepare()
        return counts

    @torch.compiler.disable
    def _before_compiled_step(self):
        self._compiled_step_counts = self._before_step()
        self._set_aside()

    @torch.compiler.disable
    def _after_compiled_step(self):
        self._take_back()
        self._after_step(self.__dict__.pop("_compiled_step_counts"))

    def _set_aside(self):
        """Hide what is ours: the compiled step of the base would be compiled anew whenever any of it changes."""
        self._aside = [
            (entries, {key: entries.pop(key) for key in keys if key in entries})
            for keys, owners in ((_RATE_KEYS, self.param_groups), (_STATE_KEYS, self.state.values()))
            for entries in owners
        ]

    def _take_back(self):
        """Undo `_set_aside`; before a step and a save too, as an exception may have ended the step between."""
        for entries, ours in self.__dict__.pop("_aside", ()):
            entries.update(ours)

    def _prepare(self):
        """Open a window if none is open, and note in it what the base is about to do."""
        if self.param_groups[0]["steps_in_window"] == 0:
            self._open_window()
        for group in self.param_groups:
            rate = self._rate(group)
            if rate == 0:
                continue
            if group["summed"]:
                self._sum_directions(group)
            elif rate != group["window_lr"]:
                self._change_unit(group, rate)

    def _after_step(self, counts):
        self._adopt_new_buffers()
        if not counts:
            return
        clock = self.param_groups[0]
        clock["steps_in_window"] += 1
        if clock["steps_in_window"] >= clock["update_every"]:
            self._close_window()

    def _adopt_new_buffers(self):
        for p, buffers in self.__dict__.pop("_new_buffers", {}).items():
            self.state[p].update(buffers)

    def _open_window(self):
        self._new_buffers = {}
        for group in self.param_groups:
            group["window_lr"] = self._rate(group)
            inside = self._in_window(group)
            new = []
            if len(inside) < len(group["params"]):
                new = [p for p in group["params"] if p.grad is not None and "window_start" not in self.state.get(p, ())]
            if new:
                group["weight_norm"] = None
            self._choose_measure(group)
            for p in new:
                self._new_buffers[p] = {"window_start": new_buffer(p), "previous": new_buffer(p)}
                if not group["summed"]:
                    self._new_buffers[p]["window_start"].copy_(p)
            starts = [local(state["window_start"]) for _, state in inside]
            if not starts:
                continue
            if group["summed"]:
                torch._foreach_zero_(starts)
            else:
                torch._foreach_copy_(starts, [local(p) for p, _ in inside])
        if self._can_sum:  # another base would take a state that is not empty for its own, so there they wait
            self._adopt_new_buffers()

    def _choose_measure(self, group):
        """Sum the directions of half types, and of a first window, about whose precision nothing is known yet."""
        half = any(p.dtype in _HALF for p in group["params"])
        if half and not self._can_sum:
            raise TypeError(
                f"{type(self).__name__} cannot train α over half-precision weights, whose displacement drowns "
                "in rounding. Keep the weights in float32 (torch.autocast casts for you), or use TLR."
            )
        if half or (self._can_sum and group["weight_norm"] is None):
            group["summed"] = True

    def _in_window(self, group):
        """The parameters of a group that have been in a window, each with its state."""
        pairs = ((p, self.state.get(p, ())) for p in group["params"])
        return [(p, state) for p, state in pairs if "window_start" in state]

    def _change_unit(self, group, rate):
        """α was changed from outside (a scheduler, by hand): express the displacement so far in the new α."""
        inside = self._in_window(group)
        if inside and group["window_lr"] != 0:
            starts = [local(state["window_start"]) for _, state in inside]
            torch._foreach_lerp_(starts, [local(p) for p, _ in inside], 1 - rate / group["window_lr"])
        group["window_lr"] = rate

    def _sum_directions(self, group):
        for p, state in self._in_window(group):
            if p.grad is not None:
                local(state["window_start"]).add_(local(self._direction(p, group)))

    def _direction(self, p, group):
        """What the base is about to subtract from p, over α, as a tensor like p's buffers."""
        raise NotImplementedError

    def _close_window(self):
        steps = self.param_groups[0]["steps_in_window"]
        self.param_groups[0]["steps_in_window"] = 0
        params, states, owner, now = [], [], [], []
        for number, group in enumerate(self.param_groups):
            inside = self._in_window(group)
            params += [p for p, _ in inside]
            states += [state for _, state in inside]
            owner += [number] * len(inside)
            starts = [local(state["window_start"]) for _, state in inside]
            now += starts
            if starts and not group["summed"]:
                torch._foreach_sub_(starts, [local(p) for p, _ in inside])
        if not params:
            return
        before = [local(state["previous"]) for state in states]
        columns = [(now, now), (now, before)]
        measure = any(group["weight_norm"] is None or group["summed"] for group in self.param_groups)
        if measure:
            weights = [local(p).to(n.dtype) for p, n in zip(params, now, strict=True)]
            columns.append((weights, weights))
        sums = group_products(columns, params, owner, len(self.param_groups))
        for state in states:
            state["previous"], state["window_start"] = state["window_start"], state["previous"]

        scale = [_scale(group) for group in self.param_groups]
        gg = [square * a * a for square, a in zip(sums[0], scale, strict=True)]
        gp = [
            product * a * group["previous_scale"]
            for product, a, group in zip(sums[1], scale, self.param_groups, strict=True)
        ]
        if measure:
            for group, square in zip(self.param_groups, sums[2], strict=True):
                group["weight_norm"] = math.sqrt(square) if math.isfinite(square) else None
        dtypes = [set() for _ in self.param_groups]
        for number, p in zip(owner, params, strict=True):
            dtypes[number].add(p.dtype)
        usable = [self._precise(*each, steps) for each in zip(self.param_groups, gg, dtypes, strict=True)]
        self._update(gg, gp, usable, scale)

    def _precise(self, group, square, dtypes, steps):
        """Whether this window's sum of directions can be trusted; choose how the next one is measured."""
        if not dtypes or not self._can_sum or group["weight_norm"] is None:
            return True
        # Every step rounds a weight by half a unit in the last place at most; the errors add up as a random walk.
        eps = max(torch.finfo(dtype).eps for dtype in dtypes)
        rounding = 0.3 * eps * math.sqrt(steps) * group["weight_norm"]
        moved = _TOLERANCE * group["window_lr"] * math.sqrt(square) if math.isfinite(square) else math.inf
        if group["summed"]:
            group["summed"] = rounding > moved / 10
            return True
        group["summed"] = rounding > moved
        return not group["summed"]

    def _update(self, gg, gp, usable, scale):
        """Move α by the inner products of each group, and remember what the next update needs of them."""
        # Numpy for the rule alone: where groups are few, an operation of numpy takes longer than one on plain floats.
        groups = self.param_groups
        alpha = [self._rate(group) for group in groups]
        squares = [group["previous_square"] for group in groups]
        columns = [each if use else (0.0, 0.0, 0.0) for *each, use in zip(gg, gp, squares, usable, strict=True)]
        finite = [all(map(math.isfinite, each)) for each in columns]
        if groups[0]["per"] == "model":
            # L as a function of a common factor of all rates: each group counts with its own α.
            finite = [all(finite)] * len(groups)
            largest = max(alpha)
            weights = [rate / largest for rate in alpha]
            columns = [[sum(map(mul, weights, each)) for each in zip(*columns, strict=True)]]
        c = np.array([group["c"] for group in groups])
        with np.errstate(all="ignore"):
            new = rule.next_alpha(np.array(alpha), *np.array(columns).T, c, groups[0]["curvature"]).tolist()
        new = [after if moves else before for before, after, moves in zip(alpha, new, finite, strict=True)]
        new = self._restarted(new, alpha)
        for i, group in enumerate(groups):
            keep = finite[i] and usable[i]
            group["previous_square"] = gg[i] if keep else 0.0
            group["previous_scale"] = scale[i] if keep else 0.0
            group["skipped_updates"] += not finite[i]
            if not keep:
                for p in group["params"]:
                    if "previous" in self.state.get(p, ()):
                        self.state[p]["previous"].zero_()
            if new[i] != alpha[i]:
                self._set_rate(group, new[i])

    def _restarted(self, new, alpha):
        """The rates `new`, or those of a restart where an update took them below the floor (appendix C)."""
        shared = self.param_groups[0]["per"] == "model"
        for i, group in enumerate(self.param_groups[:1] if shared else self.param_groups):
            group["largest_lr"] = max(group["largest_lr"], alpha[i])
            if group["restart_below"] is None or new[i] == alpha[i] or new[i] >= group["restart_below"]:
                continue
            restart = group["largest_lr"] if group["restart_at"] is None else group["restart_at"]
            group["largest_lr"] = 0.0
            if shared:  # the others keep their ratio to the first
                factor = restart / new[0]
                new = [rate * factor for rate in new]
            new[i] = restart
        return new

    def _set_rate(self, group, rate):
        if isinstance(group["lr"], torch.Tensor):
            lr = group["lr"]
            limits = torch.finfo(lr.dtype)
            rate = torch.tensor(min(max(rate, limits.tiny), limits.max), dtype=lr.dtype).item()
            lr.fill_(rate)
            self.__dict__.setdefault("_tensor_rates", {})[id(group)] = (lr, lr._version, rate)
        else:
            group["lr"] = rate

    def _rate(self, group):
        """α of a group as a float. A tensor is read only when it has changed: reading waits for its device."""
        lr = group["lr"]
        if not isinstance(lr, torch.Tensor):
            return lr
        seen = self.__dict__.setdefault("_tensor_rates", {})
        tensor, version, rate = seen.get(id(group), (None, None, None))
        if tensor is not lr or version != lr._version:
            rate = float(lr)
            seen[id(group)] = (lr, lr._version, rate)
        return rate

    def _params(self):
        return (p for group in self.param_groups for p in group["params"])


_RATE_KEYS = ("update_every", "c", "curvature", "per", "restart_below", "restart_at", *_FRESH)
_STATE_KEYS = ("window_start", "previous")


def _scale(group):
    """What turns a group's window buffer into a sum of directions."""
    if group["summed"]:
        return 1.0
    return 1 / group["window_lr"] if group["window_lr"] else 0.0


def new_buffer(p):
    """Zeros like p, in float32 where p is of a half type."""
    return torch.zeros_like(p, dtype=torch.float32 if p.dtype in _HALF else p.dtype)


def _per_tensor(group):
    names = group.get("param_names")
    for i, p in enumerate(group["params"]):
        single = {**group, "params": [p]}
        if names is not None:
            single["param_names"] = [names[i]]
        if isinstance(group["lr"], torch.Tensor):
            single["lr"] = group["lr"].clone()
        yield single


def learning_rates(optimizer):
    """α by name, for a log. Works for any torch optimizer.

    Any grouping of your own is a list of parameter groups with names:

        >>> from tlr import TLR
        >>> model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1))
        >>> layers = [{"params": model[i].parameters(), "name": f"layer {i}"} for i in (0, 2)]
        >>> learning_rates(TLR(layers, lr=0.1, per="group"))
        {'layer 0': 0.1, 'layer 2': 0.1}

    Returns:
        A dict from name to float. A group with a "name" goes by that, a group of one named parameter by the
        parameter's (build the optimizer from `model.named_parameters()`), any other by "group 0", "group 1", ….
        A name that several groups have is followed by their numbers. Where all parameters share one α, the dict
        has the one key "model".
    """
    groups = optimizer.param_groups
    rates = [float(group["lr"]) for group in groups]
    if len(set(rates)) == 1 and groups[0].get("per", "model") == "model":
        return {"model": rates[0]}
    names = [_name(group, number) for number, group in enumerate(groups)]
    bearers = Counter(names)
    names = [f"{name} ({number})" if bearers[name] > 1 else name for number, name in enumerate(names)]
    return dict(zip(names, rates, strict=True))


def _name(group, number):
    names = group.get("param_names", [])
    return group.get("name") or (names[0] if len(names) == 1 else f"group {number}")


def skipped_updates(optimizer):
    """How many updates of α were left out because an inner product was not finite (the largest over the groups).

    Example:
        >>> from tlr import TLR
        >>> w = torch.nn.Parameter(torch.ones(3))
        >>> optimizer = TLR([w])
        >>> w.grad = torch.full((3,), float("nan"))
        >>> optimizer.step()
        >>> skipped_updates(optimizer), optimizer.param_groups[0]["lr"]
        (1, 0.01)
    """
    return max(group["skipped_updates"] for group in optimizer.param_groups)
