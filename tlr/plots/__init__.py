"""Every static figure: a function from data to a matplotlib Figure. Nothing here trains or descends."""

from tlr.plots.style import METHODS, Method, house_style

__all__ = ["METHODS", "Method", "house_style"]
