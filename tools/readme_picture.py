"""Draw the README's pictures: a loop of four rules, from an α₀ at which gradient descent diverges, and what to choose.

python tools/readme_picture.py        # writes docs/first_look.webp and docs/decision.webp
"""

from math import radians
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from tlr import toys
from tlr.course.files import replacing
from tlr.course.plots.advice import decision
from tlr.course.plots.style import headline
from tlr.course.plots.toys import paths
from tlr.descent import descend

ROOT = Path(__file__).resolve().parent.parent
#: What both the loop and the race that it leads to show, as settings of `tlr.course.explorers.Race`.
FIRST_LOOK = {"alpha0": 0.3, "condition": 8.0, "rotation": 30.0, "beta": 0.001, "start": (1.0, 1.0)}
RULES = ("gd", "published", "secant", "hypergradient")
#: Here the paper's rule is as far away as it gets; in the race one can watch it return.
STEPS = 30
HEADLINE = "The paper's rule (blue) goes astray; with one index mended (orange) it arrives"
#: By how much of the picture the panel of the loss, which tells the story, is higher than that of α.
MORE = 0.1
#: Milliseconds that a step is shown, and the end of the story.
STEP, END = 150, 3500


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


def write_decision():
    """The tree of notebook 3's recipe, without loss."""
    with replacing(ROOT / "docs" / "decision.webp") as part:
        image(decision()).save(part, format="WebP", lossless=True)


def main():
    write_decision()
    look = FIRST_LOOK
    toy = toys.quadratic((1, look["condition"]), angle=radians(look["rotation"]))
    descents = {rule: descend(rule, toy, look["start"], look["alpha0"], STEPS, beta=look["beta"]) for rule in RULES}
    *others, end = [frame(toy, descents, step) for step in range(STEPS + 1)]
    times = [END] + [STEP] * STEPS
    with replacing(ROOT / "docs" / "first_look.webp") as part:  # the end first: some readers see one frame only
        end.save(part, format="WebP", save_all=True, append_images=others, duration=times, loop=0, quality=80)


if __name__ == "__main__":
    main()
