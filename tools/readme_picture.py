"""Draw the README's pictures: three rules in a loop, and what a bad guess costs.

python tools/readme_picture.py        # writes docs/first_look.webp and docs/bad_guess.webp
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
from tlr.course.plots.endings import ends  # noqa: E402
from tlr.course.plots.style import headline  # noqa: E402
from tlr.course.plots.toys import paths  # noqa: E402
from tlr.descent import descend  # noqa: E402
from tools.readme_results import on_mnist  # noqa: E402

#: What both the loop and the race that it leads to show, as settings of `tlr.course.explorers.Race`.
FIRST_LOOK = {"alpha0": 0.3, "condition": 8.0, "rotation": 30.0, "beta": 0.001, "start": (1.0, 1.0)}
RULES = ("gd", "published", "secant")
#: Long enough to see the paper's rule leave and come back.
STEPS = 45
HEADLINE = "Almost there, the paper's rule (blue) explodes; then it comes back"
#: By how much of the picture the panel of the loss, which tells the story, is higher than that of α.
MORE = 0.1
#: Milliseconds that a step is shown, and the end of the story.
STEP, END = 120, 3500


def race(steps=STEPS):
    """The function, and the descent of each rule on it."""
    look = FIRST_LOOK
    toy = toys.quadratic((1, look["condition"]), angle=radians(look["rotation"]))
    return toy, {rule: descend(rule, toy, look["start"], look["alpha0"], steps) for rule in RULES}


def frame(toy, descents, step):
    """The picture at a step."""
    figure = paths(toy, descents, step)
    plane, rates, losses = figure.axes
    fixed = plane.lines[1 + RULES.index("gd")]  # after the star
    fixed.set(linewidth=1, alpha=0.4)  # its zigzag would hide the others
    rates.set_ylim(0.08, 1)
    rates.set_title("learning rate α, tinted where it is too large", loc="left")
    for line in (*rates.lines, *losses.lines):  # no frame tells what comes after it
        line.set_data(*(values[: step + 1] if len(values) > 1 else values for values in line.get_data()))
    loss = descents["published"].loss
    if step >= (peak := int(loss.argmax())):
        words = f"{loss[peak] / loss[0] / 1e9:.0f} billion times\nthe first loss"
        arrow = {"arrowstyle": "->", "shrinkB": 4}
        losses.annotate(words, (peak, loss[peak]), (0.02, 0.95), textcoords="axes fraction", va="top", arrowprops=arrow)
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
    """How the runs of four of the README's methods ended, over α₀."""
    methods = ["sgd", "multistep", "tlr", "tlr_steady"]
    runs = [run for run in on_mnist() if run.setting.method in methods]
    figure = ends(runs, (0.008, 1.2), quantity="train_loss", order=methods, cross="lost")
    return headline(figure, "Where the lines are flat, a bad guess costs little (marks of one α₀ stand side by side)")


def main():
    with replacing(ROOT / "docs" / "bad_guess.webp") as part:
        image(bad_guess()).save(part, format="WebP", lossless=True)
    toy, descents = race()
    *others, end = [frame(toy, descents, step) for step in range(STEPS + 1)]
    times = [END] + [STEP] * STEPS
    with replacing(ROOT / "docs" / "first_look.webp") as part:  # the end first: some readers see one frame only
        end.save(part, format="WebP", save_all=True, append_images=others, duration=times, loop=0, quality=80)


if __name__ == "__main__":
    main()
