"""What every figure is made of: a grid of settings, and the values that the paper varies."""

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["ALPHA0", "BATCH_SIZES", "BETAS", "BOTH_CURVATURES", "GRID", "POINT", "SHARED", "Figure", "Part"]


@dataclass(frozen=True)
class Figure:
    """One figure of the paper as a grid: every variant at every combination of the axes' values.

    Attributes:
        title: what the figure shows.
        variants: the methods with their options, as keyword arguments of `Setting`.
        axes: name of a field of `Setting` → its values, those that tell most first.
        data, model, epochs, augment, pretrained: as in `Setting`.
    """

    title: str
    variants: tuple[dict, ...]
    axes: dict[str, tuple]
    data: str = "mnist"
    model: str = "mlp-1000"
    epochs: int = 80
    augment: str | None = None
    pretrained: str | None = None


@dataclass(frozen=True)
class Part:
    """A part of a figure, as it stands in a collection.

    Attributes:
        figure: its name.
        where: field of `Setting` → the values that count (default: all).
        seeds: one run of each for every one of them (default None: those that the collection is asked for with).
    """

    figure: str
    where: Mapping[str, tuple] = field(default_factory=dict)
    seeds: tuple[int, ...] | None = None

    def __str__(self):
        """The figure's name, as the command that runs it wants it."""
        return self.figure

    def has(self, setting):
        """Whether the setting, one of the figure's, belongs to the part."""
        return all(getattr(setting, name) in values for name, values in self.where.items())


#: The extremes first: if it is robust there, it is robust.
BATCH_SIZES = (64, 512, 256, 128)
ALPHA0 = (0.1, 0.001, 0.01)
GRID = {"alpha0": ALPHA0, "batch_size": BATCH_SIZES}
POINT = {"alpha0": (0.1,), "batch_size": (256,)}
BOTH_CURVATURES = ({"method": "tlr"}, {"method": "tlr_secant"})
BETAS = tuple({"method": "hypergradient", "beta": beta} for beta in (1e-3, 1e-4, 1e-5))

#: The paper's number → the figure, of those that there are on several data sets.
SHARED = {
    2: Figure(
        "hypergradient descent over β and batch size, beside TLR",
        (*BOTH_CURVATURES, *BETAS),
        {"alpha0": (0.1,), "batch_size": BATCH_SIZES},
    ),
    6: Figure("TLR over the update frequency p", BOTH_CURVATURES, {**POINT, "p": (1.0, 0.1, 1 / 3, 0.25, 0.5)}),
    8: Figure(
        "TLR over the bound 1 + c and α₀",
        BOTH_CURVATURES,
        {"alpha0": ALPHA0, "batch_size": (256,), "c": (9.0, 0.25, 4.0, 0.125, 1.0, 0.5)},
        epochs=40,
    ),
    10: Figure(
        "SGD, its schedules and YellowFin over α₀ and batch size, beside TLR",
        (*({"method": name} for name in ("sgd", "multistep", "exponential", "yellowfin")), *BOTH_CURVATURES),
        GRID,
    ),
}
