"""Draw the README's pictures: four rules in a loop, what to choose, and what a bad guess costs.

python tools/readme_picture.py        # writes docs/first_look.webp, docs/decision.webp and docs/bad_guess.webp
"""

import sys
from math import radians
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tlr import toys  # noqa: E402
from tlr.course.files import replacing  # noqa: E402
from tlr.course.plots.advice import decision  # noqa: E402
from tlr.course.plots.endings import ends  # noqa: E402
from tlr.course.plots.style import headline  # noqa: E402
from tlr.course.plots.toys import paths  # noqa: E402
from tlr.descent import descend  # noqa: E402
from tools.readme_results import ROWS, on_mnist  # noqa: E402

#: What both the loop and the race that it leads to show, as settings of `tlr.course.explorers.Race`.
FIRST_LOOK = {"alpha0": 0.3, "condition": 8.0, "rotation": 30.0, "beta": 0.001, "start": (1.0, 1.0)}
RULES = ("gd", "published", "secant", "hypergradient")
#: Long enough to see the paper's rule leave and come back.
STEPS = 45
HEADLINE = "The paper's rule (blue) blows up on its way; with one index mended (orange) it does not"
#: By how much of the picture the panel of the loss, which tells the story, is higher than that of α.
MORE = 0.1
#: Milliseconds that a step is shown, and the end of the story.
STEP, END = 120, 3500


def frame(toy, descents, step):
    """The picture at a step."""
    figure = paths(toy, descents, step)
    plane, rates, losses = figure.axes
    fixed = plane.lines[1 + RULES.index("gd")]  # after the star
    fixed.set(linewidth=1, alpha=0.4)  # its zigzag would hide the others
    rates.set_ylim(top=1)
    left, bottom, width, height = losses.get_position().bounds
    losses.set_position((left, bottom, width, height + MORE))
    left, bottom, width, height = rates.get_position().bounds
    rates.set_position((left, bottom + MORE, width, height - MORE))
    return image(headline(figure, HEADLINE))


def image(figure):
    """A figure as pixels."""
    figure.set_dpi(130)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    plt.close(figure)
    return Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")


def bad_guess():
    """How the runs of the README's table ended, over α₀."""
    methods = [method for method, *_ in ROWS]
    runs = [run for run in on_mnist() if run.setting.method in methods]
    figure = ends(runs, (0.008, 1.2), quantity="train_loss", order=methods)
    return headline(figure, "Where the line is flat, a bad α₀ is forgiven; crosses are ruined runs")


def main():
    for name, figure in (("decision", decision()), ("bad_guess", bad_guess())):
        with replacing(ROOT / "docs" / f"{name}.webp") as part:
            image(figure).save(part, format="WebP", lossless=True)
    look = FIRST_LOOK
    toy = toys.quadratic((1, look["condition"]), angle=radians(look["rotation"]))
    descents = {rule: descend(rule, toy, look["start"], look["alpha0"], STEPS, beta=look["beta"]) for rule in RULES}
    *others, end = [frame(toy, descents, step) for step in range(STEPS + 1)]
    times = [END] + [STEP] * STEPS
    with replacing(ROOT / "docs" / "first_look.webp") as part:  # the end first: some readers see one frame only
        end.save(part, format="WebP", save_all=True, append_images=others, duration=times, loop=0, quality=80)


if __name__ == "__main__":
    main()
