"""The explorers: what moves in the notebooks. Without a kernel the picture of each stays.

Those that are marked ● live in the page: the browser computes and draws them, so that they go on when the kernel is
gone; `save_html` makes a page of one.

Cobweb()      ● one dimension: the map of αλ
Newton(toy)   ● one step: the loss along it, the parabolas of Eqs. 8 and 8′, and where each rule jumps
Race()        ● rules side by side from wherever the reader presses
Paths(toy)    ● two dimensions: paths, α and loss of any rules on any function, the reader's own too
Basins()      ● the final loss for every α₀ and condition number
Live(...)     training: loss, α and accuracy while it goes on, with a button that stops it
Eigenvalues() ● many dimensions: each component of a descent, and whether α shrinks it
ReturnMap()   ● one dimension in the long run: where αλ spends its time, against the density that is proved
Windows(…)    mini-batches: how far their gradients agree, summed over windows of pN steps
interact(f, …) your own function of numbers that returns a figure, with a slider for each
TensorRace(…) a network, live: one α for all of it against one for each tensor
Predict(…)    ● a question before a figure: what one predicts is kept, and compared with what is so
"""

from importlib.util import find_spec

from tlr.course.explorers.base import Explorer
from tlr.course.explorers.live import Live
from tlr.course.explorers.sliders import interact
from tlr.course.explorers.tensors import TensorRace
from tlr.course.explorers.windows import Windows

if find_spec("anywidget"):
    from tlr.course.explorers.basins import Basins
    from tlr.course.explorers.cobweb import Cobweb
    from tlr.course.explorers.eigenvalues import Eigenvalues
    from tlr.course.explorers.newton import Newton
    from tlr.course.explorers.paths import Paths
    from tlr.course.explorers.predict import Predict
    from tlr.course.explorers.race import Race
    from tlr.course.explorers.return_map import ReturnMap
else:

    def _left_out(name):
        """What stands in the place of an explorer in the page: it says what it would take."""

        def say(*_args, **_options):
            print(f"{name} is left out: it needs a package (python -m pip install anywidget).")

        return say

    _NAMES = ("Basins", "Cobweb", "Eigenvalues", "Newton", "Paths", "Predict", "Race", "ReturnMap")
    Basins, Cobweb, Eigenvalues, Newton, Paths, Predict, Race, ReturnMap = map(_left_out, _NAMES)


__all__ = [
    "Basins",
    "Cobweb",
    "Eigenvalues",
    "Explorer",
    "Live",
    "Newton",
    "Paths",
    "Predict",
    "Race",
    "ReturnMap",
    "TensorRace",
    "Windows",
    "interact",
]
