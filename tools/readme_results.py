"""Write the README's table of results from the records.

python tools/readme_results.py
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tlr.course import experiments, records  # noqa: E402
from tlr.course.experiments import lost_cases  # noqa: E402
from tlr.course.files import replacing  # noqa: E402

PLACE = re.compile(r"(?<=<!-- results -->\n\n).*?(?=\n<!-- /results -->)", re.DOTALL)
#: The method in the records of figure 10, in the benchmark of lost cases, and in the table.
ROWS = (
    ("sgd", "sgd", "SGD, fixed α"),
    ("multistep", None, "SGD, α cut to a tenth twice"),
    ("yellowfin", None, "YellowFin"),
    ("tlr", "published", "TLR, the paper's rule"),
    ("tlr_steady", "steady", 'TLR, `curvature="steady"`'),
)


def table():
    """Markdown: of each method the ends of figure 10's twelve settings, and lost runs as notebook 6 counts them."""
    runs = experiments.recorded("figure-10-mnist", epochs=8, seeds=(0,))
    runs += experiments.recorded("figure-1-faithful-mnist", epochs=8, seeds=(0,), method="tlr_steady")
    ends = records.final(runs).groupby("method")
    loss, accuracy = ends.train_loss, 100 * ends.test_accuracy.min()
    same = lost_cases.shared(lost_cases.recorded_runs())
    lines = [
        "| | loss, best | loss, worst | accuracy, worst "
        "| lost, short windows | lost, longer windows | lost, exact gradients | lost, held out |"
    ]
    lines += ["|---|---:|---:|---:|---:|---:|---:|---:|"]
    for method, name, words in ROWS:
        cells = [f"{loss.min()[method]:.3f}", f"{loss.max()[method]:.3f}", f"{accuracy[method]:.1f} %"]
        kinds = ("short windows", "mini-batches", "exact gradients", "held out")
        cells += ["{0.lost} of {0.runs}".format(same.loc[kind, name]) if name else "–" for kind in kinds]
        lines.append(f"| {words} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main():
    path = ROOT / "README.md"
    with replacing(path) as part:
        part.write_text(PLACE.sub(table(), path.read_text(encoding="utf-8")), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
