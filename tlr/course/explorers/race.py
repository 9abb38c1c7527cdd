"""The signature explorer: a race of rules that the browser computes and draws by itself.

It needs the kernel only to be shown: it goes on when the kernel is gone, and `save_html` makes a page of it that
needs neither a kernel nor a network. Its JavaScript for the rule is printed from the expressions of `tlr.rule`.
"""

import base64
import html
import json
import math
import re
from dataclasses import dataclass, replace
from pathlib import Path

import anywidget
import matplotlib as mpl
import numpy as np
import traitlets

from tlr import toys
from tlr.course.explorers.base import Screen, blank
from tlr.course.files import replacing
from tlr.course.plots.picture import RULE_STYLES
from tlr.course.plots.style import house_style
from tlr.course.plots.toys import PathsPicture
from tlr.descent import descend

__all__ = ["Race"]

_FRONT = Path(__file__).parent / "front"
_RACERS = ("gd", "published", "secant", "hypergradient", "barzilai_borwein")
_STEPS = 100
#: Half the width and the height of the plane that is drawn.
_REACH = (2.25, 1.5)
_SEED = 0


@dataclass(frozen=True)
class _Slider:
    """A trait of `Race` as the front end shows it."""

    name: str
    label: str
    hint: str
    log: bool = True
    unit: str = ""


_SLIDERS = (
    _Slider("alpha0", "α₀", "The learning rate of the first step"),
    _Slider("condition", "condition κ", "Largest over smallest eigenvalue, which is 1"),
    _Slider("rotation", "rotation", "Turns the quadratic", log=False, unit="°"),
    _Slider("c", "c (TLR)", "TLR: α grows by the factor 1 + c at most"),
    _Slider("beta", "β (hypergr.)", "Hypergradient descent: the step size of α"),
    _Slider("noise", "noise", "How far each mini-batch's minimum lies from that of the mean", log=False),
)


def _joined(name, seen):
    """A module of the front end with those that it imports in front: anywidget and a saved page take a single one.

    Names are therefore unique among the modules. (anywidget loads what it is given from a blob, from where
    `import "./descent.js"` leads nowhere.)
    """
    seen.add(name)
    text = (_FRONT / name).read_text(encoding="utf-8")
    imports = re.compile(r'^import [^;]* from "\./([\w.]+)";\n', re.MULTILINE)
    before = [_joined(other, seen) for other in imports.findall(text) if other not in seen]
    return "\n".join([*before, re.sub("^export (?!default)", "", imports.sub("", text), flags=re.MULTILINE)])


class Race(anywidget.AnyWidget):
    """Rules for α side by side on a quadratic, from wherever the reader presses; computed and drawn in the browser.

    Args:
        **settings: where the controls begin, any of the attributes below.

    Attributes:
        alpha0: α₀ (default 0.02).
        condition: the condition number κ; the eigenvalues are 1 and κ (default 10).
        rotation: by how many degrees the quadratic is turned (default 25).
        c: the bound of both variants of TLR (default 1/4).
        beta: β of hypergradient descent (default 1e-4).
        noise: the standard deviation of a mini-batch's minimum, around that of the mean (default 0).
        start: w₀, two numbers (default (-1.8, 1)).

    Raises:
        traitlets.TraitError: for a setting out of the range of its slider, or that is no number.
    """

    description = "Explorer of a race of learning rates: run the notebook to start it from anywhere."

    alpha0 = traitlets.Float(0.02, min=1e-8, max=1e3).tag(sync=True)
    condition = traitlets.Float(10.0, min=1.0, max=1e6).tag(sync=True)
    rotation = traitlets.Float(25.0, min=-90.0, max=90.0).tag(sync=True)
    c = traitlets.Float(0.25, min=0.01, max=10.0).tag(sync=True)
    beta = traitlets.Float(1e-4, min=1e-8, max=1.0).tag(sync=True)
    noise = traitlets.Float(0.0, min=0.0, max=1.0).tag(sync=True)
    start = traitlets.Tuple(traitlets.Float(), traitlets.Float(), default_value=(-1.8, 1.0)).tag(sync=True)

    #: What does not change: the controls with their ranges, how each rule is drawn, the standard normal draws of the
    #: mini-batches, and half the plane's width and height.
    scene = traitlets.Dict().tag(sync=True)

    @traitlets.validate(*(slider.name for slider in _SLIDERS), "start")
    def _finite(self, proposal):
        if not np.isfinite(proposal.value).all():
            raise traitlets.TraitError(f"{proposal.trait.name} must be finite, not {proposal.value}.")
        return proposal.value

    _esm = _joined("race.js", set())
    _css = _FRONT / "race.css"

    def __init__(self, **settings):
        draws = [list(np.random.default_rng((_SEED, t)).standard_normal(2)) for t in range(_STEPS)]
        controls, methods = [_control(slider) for slider in _SLIDERS], [_method(name) for name in _RACERS]
        super().__init__(scene={"controls": controls, "methods": methods, "draws": draws, "reach": _REACH}, **settings)

    @property
    def toy(self):
        """The quadratic of the race; stochastic where there is noise, each batch a minimum drawn around the mean's."""
        mean = replace(
            toys.quadratic((1.0, self.condition), math.radians(self.rotation)),
            start=np.array(self.start),
            view=((-_REACH[0], _REACH[0]),) * 2,
        )
        if not self.noise:
            return mean

        def gradient(w, rng=None):
            return mean.gradient(w if rng is None else w - self.noise * rng.standard_normal(2))

        return replace(mean, name="noisy quadratic", gradient=gradient, stochastic=True)

    def descents(self):
        """What the race shows, computed here: rule → `tlr.descent.Trajectory`."""
        toy = self.toy
        options = {"seed": _SEED if toy.stochastic else None, "c": self.c, "beta": self.beta}
        return {name: descend(name, toy, self.start, self.alpha0, _STEPS, **options) for name in _RACERS}

    def png(self):
        """The race, run to its end, as bytes of a PNG."""
        with house_style():
            picture = PathsPicture(blank(), _RACERS)
            picture.update(self.toy, self.descents(), _STEPS)
            return Screen(picture).png()

    def save_html(self, path):
        """Write the explorer, as it is set now, to one HTML file that needs no kernel, no server and no network."""
        page = _page(self.state())
        with replacing(path) as part:
            part.write_text(page, encoding="utf-8")

    def state(self):
        """What the front end shows, as data: its settings, and the `scene`."""
        return {name: getattr(self, name) for name in (*(slider.name for slider in _SLIDERS), "start", "scene")}

    def _repr_mimebundle_(self, **options):
        bundle = super()._repr_mimebundle_(**options)
        # anywidget returns the data with metadata, which Colab needs.
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        still = {"text/plain": self.description, "image/png": base64.b64encode(self.png()).decode()}
        return data | still, metadata

    # In ipywidgets 7 this method would win over the mimebundle, and the stored notebook would have no picture.
    _ipython_display_ = None


def _control(slider):
    """A slider with its range, which is the trait's."""
    trait = getattr(Race, slider.name)
    return vars(slider) | {"low": trait.min, "high": trait.max}


def _method(name):
    """How a rule is drawn: the course's label, color and marker, and its dashes in units of the line's width."""
    style = RULE_STYLES[name]
    named = {"-": [], "-.": mpl.rcParamsDefault["lines.dashdot_pattern"]}
    dash = named[style.dash] if style.dash in named else style.dash[1]
    return {"rule": name, "label": style.label, "color": style.color, "marker": style.marker, "dash": list(dash)}


def _page(state):
    """A page around the front end, with a model that only remembers."""
    # A front end can send any text, and no text ends the script.
    stored = json.dumps(state, ensure_ascii=False).replace("<", "\\u003c")
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{html.escape(Race.description.partition(":")[0])}</title>
<style>
body {{ margin: 0; display: flex; justify-content: center; background: #ffffff; }}
{Race._css}</style>
</head>
<body>
<main id="race" style="width: 100%; max-width: 1750px; display: flex; justify-content: center"></main>
<script type="module">
{Race._esm}
const state = {stored};
const model = {{
  get: (name) => state[name],
  set: (name, value) => {{ state[name] = value; }},
  save_changes() {{}},
  on() {{}},
  off() {{}},
}};
render({{ model, el: document.getElementById("race") }});
</script>
</body>
</html>
"""
