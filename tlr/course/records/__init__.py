"""Results with their provenance: what a run depends on, what became of it, its file, and all of them as one table.

Example:
    >>> from tlr.course import experiments, records
    >>> found = records.load(experiments.settings("figure-1-mnist"))
    >>> curves = records.table(found)

Importing this imports no torch.
"""

from tlr.course.records.record import Record
from tlr.course.records.setting import Setting
from tlr.course.records.store import find, folder, lines, load, read, shipped, write
from tlr.course.records.tables import final, origin, pivot, table

__all__ = [
    "Record",
    "Setting",
    "final",
    "find",
    "folder",
    "lines",
    "load",
    "origin",
    "pivot",
    "read",
    "shipped",
    "table",
    "write",
]
