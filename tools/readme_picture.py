"""Draw the README's picture: four rules from one start, each with an α₀ at which gradient descent diverges.

python tools/readme_picture.py        # writes docs/first_look.png
"""

from math import pi
from pathlib import Path

from tlr import toys
from tlr.course.files import replacing
from tlr.course.plots.toys import paths
from tlr.descent import descend

ROOT = Path(__file__).resolve().parent.parent
RULES = ("gd", "published", "secant", "hypergradient")


def main():
    toy = toys.quadratic((1, 8), angle=pi / 6)
    descents = {rule: descend(rule, toy, toy.start, alpha0=0.3, steps=60) for rule in RULES}
    with replacing(ROOT / "docs" / "first_look.png") as part:
        paths(toy, descents).savefig(part, dpi=150)


if __name__ == "__main__":
    main()
