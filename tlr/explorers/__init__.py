"""The widgets: each wires controls to a descent and a picture. They need a kernel; without one their picture stays.

Cobweb()      one dimension: the map of αλ
Paths(toy)    two dimensions: paths, α and loss of any rules on any function, the reader's own too
Basins()      the final loss for every α₀ and condition number
"""

from tlr.explorers.base import Explorer
from tlr.explorers.basins import Basins
from tlr.explorers.cobweb import Cobweb
from tlr.explorers.paths import Paths
from tlr.explorers.race import Race

__all__ = ["Basins", "Cobweb", "Explorer", "Paths", "Race"]
