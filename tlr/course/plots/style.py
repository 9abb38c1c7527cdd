"""One look for every figure: the same color, line and label for the same method everywhere.

Colors are Okabe and Ito's for the methods of the first notebooks, Tol's muted ones for further peers and grays for
schedules, which color-blind readers can tell apart within each set; those that are too light for a line on white are
darkened to a contrast of 3:1, which WCAG 2.2 asks of graphics (1.4.11). No two methods share a line style or a marker,
so that they can be told apart without color. Every marker is a filled one.
"""

from dataclasses import dataclass
from itertools import cycle

import matplotlib as mpl
import numpy as np
from matplotlib.colors import LinearSegmentedColormap, to_hex, to_rgb

__all__ = [
    "DASHES",
    "DRAWN",
    "METHODS",
    "Method",
    "darkened",
    "headline",
    "house_style",
    "legend_below",
    "legend_columns",
    "plain_looks",
    "shades",
    "written",
]

#: Line styles of what is not a method; `shades` has the colors.
DASHES = ("-", (0, (5, 1.5)), (0, (3, 1, 1, 1)), (0, (1, 1)), (0, (7, 1, 1, 1, 1, 1)), (0, (9, 3)))

#: How batches are drawn, or that there are none → keyword arguments for `Axes.plot`.
DRAWN = {
    "exact gradients": {"color": "#0072B2", "linestyle": "-"},
    "without replacement": {"color": "#D55E00", "linestyle": "-"},
    "with replacement": {"color": "#009E73", "linestyle": (0, (5, 1.5))},
}


@dataclass(frozen=True)
class Method:
    """How one method is drawn: `label` in legends, `color` as hex, `dash` and `marker` as matplotlib takes them."""

    label: str
    color: str
    dash: object
    marker: object

    @property
    def line(self):
        """Keyword arguments for `Axes.plot`."""
        return {"color": self.color, "linestyle": self.dash, "label": self.label}


METHODS = {
    "sgd": Method("SGD, fixed α", "#000000", (0, (1, 1)), "s"),
    "naive": Method("naive TLR, η", "#C08500", (0, (5, 1, 1, 1, 1, 1)), "v"),
    "tlr": Method("TLR (Eq. 8)", "#0072B2", "-", "o"),
    "tlr_secant": Method("TLR, secant (Eq. 8′)", "#D55E00", (0, (5, 1.5)), "D"),
    "tlr_slope": Method("TLR, slope (Eq. 10′)", "#0B6E4F", (0, (4, 2, 1, 2, 1, 2)), (7, 1, 0)),
    "tlr_gradients": Method("TLR, gradients (Eq. 10″)", "#B2476B", (0, (8, 2, 2, 2, 2, 2)), (5, 1, 180)),
    "tlr_steady": Method("TLR, steady", "#6A3D9A", (0, (12, 2)), (6, 1, 30)),
    "tlr_armijo": Method("TLR, safeguarded", "#1F5A8C", (0, (1, 1, 5, 1)), (8, 1, 0)),
    "barzilai_borwein": Method("Barzilai–Borwein", "#C977A5", (0, (3, 1, 1, 1)), "^"),
    "hypergradient": Method("hypergradient, β", "#009E73", "-.", "P"),
    "fixed_eta": Method("fixed η (D.4)", "#4598C7", (0, (7, 1, 1, 1)), "X"),
    "multistep": Method("SGD, ×0.1 at ½ and ¾", "#4D4D4D", (0, (1, 2)), "<"),
    "exponential": Method("SGD, exponential", "#A0694B", (0, (1, 4)), ">"),
    "cosine": Method("SGD, cosine", "#919191", (0, (2, 1)), "p"),
    "adam": Method("Adam", "#332288", (0, (9, 2)), "*"),
    "adamw": Method("AdamW", "#882255", (0, (9, 1.5, 3, 1.5)), "h"),
    "hypergradient_adam": Method("Adam-HD, β", "#117733", (0, (4, 1, 1, 1, 1, 1, 1, 1)), "d"),
    "sls": Method("SLS", "#959532", (0, (3, 3)), "8"),
    "sps": Method("SPS", "#7A5CC0", (0, (6, 2, 2, 2)), (4, 1, 0)),
    "alig": Method("AliG", "#661100", (0, (2, 2, 6, 2)), (3, 1, 0)),
    "yellowfin": Method("YellowFin", "#8C6D1F", (0, (10, 2, 1, 2)), (5, 0, 180)),
    "schedulefree": Method("Schedule-Free SGD", "#1295B0", (0, (3, 1)), (4, 1, 45)),
    "prodigy": Method("Prodigy", "#B3123D", (0, (5, 5)), "H"),
}


_SHADES = LinearSegmentedColormap.from_list(
    "shades", ("#440154", "#3b528b", "#21918c", "#3fa34d", "#998600", "#e5610b")
)


_STARTS = LinearSegmentedColormap.from_list("starts", ("#4598C7", "#0072B2", "#0A3A5A"))


def shades(n, field=None):
    """n colors of lines that are no methods but have an order, such as values of β or tensors: hex, dark to bright.

    For the field "alpha0" of settings they are blues, so that no α₀ is taken for a batch size; light to dark.
    """
    return [to_hex(color) for color in (_STARTS if field == "alpha0" else _SHADES)(np.linspace(0, 1, n))]


def darkened(color, share):
    """The color with this share of its brightness, 1 for itself and 0 for black: hex."""
    return to_hex(np.array(to_rgb(color)) * share)


def plain_looks(names, beside_methods=False):
    """Name → keyword arguments for `Axes.plot`, of what is no method: shades in dashes, or grays beside methods."""
    colors, dashes = (("#000000", "#6E6E6E"), DASHES[1:]) if beside_methods else (shades(len(names)), DASHES)
    looks = zip(names, cycle(colors), cycle(dashes), strict=False)
    return {name: {"color": color, "linestyle": dash, "label": name} for name, color, dash in looks}


def written(value):
    """A number as legends have it: a power of ten below 0.01 as one."""
    exponent = np.log10(value) if value > 0 else 0
    if exponent <= -3 and exponent == round(exponent):
        return "10" + f"{exponent:.0f}".translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{value:.3g}"


def house_style():
    """A context manager: `with house_style(): ...` draws in the look of the course."""
    return mpl.rc_context(
        {
            "figure.constrained_layout.use": True,
            "figure.dpi": 100,
            "savefig.dpi": 100,
            "font.size": 11,
            "axes.titlesize": 12,
            "axes.grid": True,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "grid.color": "#d9d9d9",
            "grid.linewidth": 0.6,
            "lines.linewidth": 2.0,
            "legend.frameon": False,
        }
    )


def headline(figure, text):
    """Write above a figure what it shows, in a sentence; return the figure."""
    place = {} if figure.get_layout_engine() else {"y": 0.996}  # a layout engine makes room for it by itself
    figure.suptitle(text, x=0.012, ha="left", va="top", fontsize=12.5, fontweight="bold", **place)
    return figure


def legend_columns(names):
    """How many columns of a legend with these names fit below a figure of the course's width."""

    def width(columns):  # in letters; a line and the space around it take nine
        return sum(9 + max(map(len, column)) for column in np.array_split(names, columns))

    return next(columns for columns in range(len(names), 0, -1) if columns == 1 or width(columns) <= 104)


def legend_below(figure, handles):
    """A legend below all panels, name → handle. A `$` in a name is a dollar."""
    names = [*handles]
    placed = {"loc": "outside lower center", "ncols": legend_columns(names), "handlelength": 3}
    for text in figure.legend([*handles.values()], names, **placed).get_texts():
        text.set_parse_math(False)
