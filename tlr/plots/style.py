"""One look for every figure: the same colour, line and label for the same method everywhere.

Colours are Okabe and Ito's, which colour-blind readers can tell apart; line styles and markers tell the
methods apart without colour.
"""

from dataclasses import dataclass

import matplotlib as mpl

__all__ = ["METHODS", "Method", "house_style"]


@dataclass(frozen=True)
class Method:
    """How one method is drawn: `label` in legends, `color` as hex, `dash` as matplotlib's linestyle, `marker`."""

    label: str
    color: str
    dash: object
    marker: str

    @property
    def line(self):
        """Keyword arguments for `Axes.plot`."""
        return {"color": self.color, "linestyle": self.dash, "label": self.label}


METHODS = {
    "sgd": Method("SGD, fixed α", "#000000", (0, (1, 1)), "s"),
    "naive": Method("naive TLR, η", "#E69F00", (0, (5, 1, 1, 1, 1, 1)), "v"),
    "published": Method("TLR (Eq. 8)", "#0072B2", "-", "o"),
    "secant": Method("TLR, secant (Eq. 8′)", "#D55E00", (0, (5, 1.5)), "D"),
    "barzilai_borwein": Method("Barzilai–Borwein", "#CC79A7", (0, (3, 1, 1, 1)), "^"),
    "hypergradient": Method("hypergradient, β", "#009E73", "-.", "P"),
    "fixed_eta": Method("fixed η (D.4)", "#56B4E9", (0, (7, 1, 1, 1)), "X"),
}


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
