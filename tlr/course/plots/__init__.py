"""Every static figure: a function from data to a matplotlib Figure. Nothing here trains or descends.

No module of this folder has the name of one of its functions: importing it would put it in the function's place.
"""

from tlr.course.plots.advice import decision
from tlr.course.plots.basin_map import basins
from tlr.course.plots.comparison import by_method, compare, rates, restarts, sensitivity, span
from tlr.course.plots.construction import first_return, staircase
from tlr.course.plots.derivation import (
    angles,
    behind_now_ahead,
    between_two_steps,
    chord,
    climbs,
    curvature_along_the_step,
    curvature_ratio,
    leap,
    one_line_late,
    response,
    scale,
    step_kinds,
)
from tlr.course.plots.endings import ends, spread
from tlr.course.plots.grids import grid, label
from tlr.course.plots.groups import past
from tlr.course.plots.guesswork import guesses, recovery
from tlr.course.plots.labeled import after_learning, by_name, edges, rescaled
from tlr.course.plots.lost_runs import lost, price
from tlr.course.plots.strips import slow_motion
from tlr.course.plots.style import METHODS, Method, headline, house_style, written
from tlr.course.plots.theory_panels import panels
from tlr.course.plots.tiles import ledger
from tlr.course.plots.timeline import two_windows
from tlr.course.plots.toys import braking, burst, cobweb, curves, foretold, paths, thrown_back
from tlr.course.plots.training import agreement, by_window, drawing, images, two_rules, valley, window_agreement
from tlr.course.plots.verdicts import ages, races, turned

__all__ = [
    "METHODS",
    "Method",
    "after_learning",
    "ages",
    "agreement",
    "angles",
    "basins",
    "behind_now_ahead",
    "between_two_steps",
    "braking",
    "burst",
    "by_method",
    "by_name",
    "by_window",
    "chord",
    "climbs",
    "cobweb",
    "compare",
    "curvature_along_the_step",
    "curvature_ratio",
    "curves",
    "decision",
    "drawing",
    "edges",
    "ends",
    "first_return",
    "foretold",
    "grid",
    "guesses",
    "headline",
    "house_style",
    "images",
    "label",
    "leap",
    "ledger",
    "lost",
    "one_line_late",
    "panels",
    "past",
    "paths",
    "price",
    "races",
    "rates",
    "recovery",
    "rescaled",
    "response",
    "restarts",
    "scale",
    "sensitivity",
    "slow_motion",
    "span",
    "spread",
    "staircase",
    "step_kinds",
    "thrown_back",
    "turned",
    "two_rules",
    "two_windows",
    "valley",
    "window_agreement",
    "written",
]
