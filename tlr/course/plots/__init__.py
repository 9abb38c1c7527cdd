"""Every static figure: a function from data to a matplotlib Figure. Nothing here trains or descends."""

from tlr.course.plots.basins import basins
from tlr.course.plots.compare import compare, rates
from tlr.course.plots.derivation import along_the_step, curvature_along_the_step, curvature_ratio, response, windows
from tlr.course.plots.grids import grid, label
from tlr.course.plots.ledger import ledger
from tlr.course.plots.panels import panels
from tlr.course.plots.sensitivity import sensitivity
from tlr.course.plots.style import METHODS, Method, house_style
from tlr.course.plots.toys import cobweb, curves, paths
from tlr.course.plots.training import agreement, images, runs, window_agreement

__all__ = [
    "METHODS",
    "Method",
    "agreement",
    "along_the_step",
    "basins",
    "cobweb",
    "compare",
    "curvature_along_the_step",
    "curvature_ratio",
    "curves",
    "grid",
    "house_style",
    "images",
    "label",
    "ledger",
    "panels",
    "paths",
    "rates",
    "response",
    "runs",
    "sensitivity",
    "window_agreement",
    "windows",
]
