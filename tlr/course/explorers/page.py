"""What the explorers in the page share: the browser computes and draws, and needs the kernel only to be shown.

They go on when the kernel is gone, and `save_html` makes a page that needs neither a kernel nor a network. Their
JavaScript is in `front/`; that of the rule is printed from the expressions of `tlr.rule`.
"""

import base64
import html
import io
import json
import math
import re
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import ClassVar

import anywidget
import matplotlib as mpl
import traitlets
from matplotlib.backends.backend_agg import FigureCanvasAgg

from tlr.course.files import replacing
from tlr.course.plots.picture import RULE_STYLES
from tlr.course.plots.style import house_style

__all__ = ["Finite", "PageExplorer", "chosen_rule", "chosen_rules", "dash_lengths", "methods", "number", "time"]

_FRONT = Path(__file__).parent / "front"
#: Where an output keeps what a page of the explorer needs, so that a site can show it alive.
METADATA = "tlr"


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


def _dark_by_the_system(style):
    """The style sheet's dark theme once more, for a system that is dark and a page that does not say what it is."""
    theme = re.search(r'\[data-theme="dark"\] \.tlr-explorer,[^{]*(\{[^}]*\})', style)[1]
    silent = ':root:not([data-theme="light"]) body:not([data-jp-theme-light="true"]) .tlr-explorer'
    return f"@media (prefers-color-scheme: dark) {{\n{silent} {theme}\n}}\n"


_STYLE = (_FRONT / "front.css").read_text(encoding="utf-8")


class PageExplorer(anywidget.AnyWidget):
    """An explorer that computes and draws in the browser; a subclass names its module of the front end as `front`.

    Its settings are its traits that are made with `number`, `chosen_rules` and the like. They keep what they are
    given, here and in the page.

    Attributes:
        scene: what does not change, for the front end: the controls with their ranges, how each rule is drawn.
        address: where the project's site shows the explorer, so that a link can lead there; empty where it does not.
    """

    #: Settings with a name, which the page offers: name → settings.
    scenes: ClassVar = {}

    #: What is said in place of the picture where not even that can be shown.
    description = "An explorer."

    scene = traitlets.Dict().tag(sync=True)
    address = traitlets.Unicode().tag(sync=True)

    # An instance's `_css` and `_esm` are traits.
    style = _css = _STYLE + _dark_by_the_system(_STYLE)
    module = own_page = ""

    def __init_subclass__(cls):
        super().__init_subclass__()
        if "front" in vars(cls):  # not in the class that anywidget makes of each instance, whose `_esm` is a trait
            seen = set()
            cls.module = cls._esm = _joined(cls.front, seen)
            cls.own_page = _joined("framed.js", seen)

    def __init__(self, scene, without=(), choices=None, published=True, **settings):
        """`without` names the settings that have no control here; `choices` has the names to choose from for others.

        `published` says whether it is the explorer that the site has, and not one of the reader's own function.
        """
        names = [name for name in self._names() if name not in without and self.trait_metadata(name, "control")]
        controls = [_control(name, self.traits()[name], (choices or {}).get(name)) for name in names]
        scene = {"controls": controls, "scenes": [*self.scenes.items()] if published else []} | scene
        super().__init__(scene=scene, address=_address(type(self)) if published else "", **settings)

    def settings(self):
        """The settings as they are now: name → value."""
        return {name: getattr(self, name) for name in self._names()}

    def _names(self):
        """Of the settings, in the order in which the class has them."""
        defined = (name for kind in reversed(type(self).__mro__) for name in vars(kind))
        settings = self.traits(setting=True)
        return [name for name in dict.fromkeys(defined) if name in settings]

    def state(self):
        """What is shown, as data: the settings, and what became of them, as `computed` of each explorer says."""
        return self.settings() | self.computed()

    def computed(self):
        """What the page shows, computed here: name → value."""
        return {}

    def move(self, **settings):
        """Change several settings at once, by name."""
        with self.hold_sync():
            for name, value in settings.items():
                setattr(self, name, value)

    def picture(self):
        """What holds a `figure` of the settings as they are now."""
        raise NotImplementedError

    def png(self):
        """A still of the explorer, as bytes of a PNG."""
        with house_style():
            data = io.BytesIO()
            FigureCanvasAgg(self.picture().figure).print_png(data)
            return data.getvalue()

    def still(self):
        """What is shown where nothing runs: MIME type → data."""
        return {"text/plain": self.description, "image/png": base64.b64encode(self.png()).decode()}

    def front_state(self):
        """What a page of it needs, as data for JSON: the settings, and the scene."""
        return self.settings() | {"scene": self.scene}

    def save_html(self, path):
        """Write the explorer, as it is set now, to one HTML file that needs no kernel, no server and no network."""
        page = self.page(_json(self.front_state()))
        with replacing(path) as part:
            part.write_text(page, encoding="utf-8")

    @classmethod
    def page(cls, state):
        """A page around the front end, with a model that only remembers; `state` is the JSON of its `front_state`."""
        return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<link rel="icon" href="data:,">
<title>{html.escape(cls.description.partition(":")[0])}</title>
<style>
:root {{ color-scheme: light dark; }}
[data-theme="light"] {{ color-scheme: light; }}
[data-theme="dark"] {{ color-scheme: dark; }}
body {{ margin: 0; }}
{cls.style}</style>
</head>
<body>
<main id="explorer" style="display: flex; justify-content: center"></main>
<script type="module">
{cls.module}
{cls.own_page}
const state = {state};
const place = document.getElementById("explorer");
render({{ model: ownModel(state), el: place }});
tellFrame(place.firstElementChild);
</script>
</body>
</html>
"""

    def _repr_mimebundle_(self, **options):
        bundle = super()._repr_mimebundle_(**options)
        # anywidget returns the data with metadata, which Colab needs.
        data, described = bundle if isinstance(bundle, tuple) else (bundle, {})
        return data | self.still(), described | {
            METADATA: {"explorer": type(self).__name__, "state": _json(self.front_state())}
        }

    # In ipywidgets 7 this method would win over the mimebundle, and the stored notebook would have no picture.
    _ipython_display_ = None


def _address(explorer):
    """Where the project's site shows an explorer, by the name of the repository; empty where that is not known."""
    try:
        links = metadata("trainable-learning-rate").get_all("Project-URL", [])
    except PackageNotFoundError:
        return ""
    found = re.search(r"Repository, https://github\.com/([\w.-]+)/([\w.-]+)", "\n".join(links))
    return f"https://{found[1]}.github.io/{found[2]}/explorers/{explorer.__name__}.html" if found else ""


def _json(state):
    # A front end can send any text, and no text ends the script.
    return json.dumps(state, ensure_ascii=False).replace("<", "\\u003c")


class Finite(traitlets.Float):
    """A float trait that no NaN or infinity gets into."""

    def validate(self, obj, value):
        try:
            value = super().validate(obj, value)
        except OverflowError:  # an integer that is larger than every float
            value = math.inf
        if not math.isfinite(value):
            raise traitlets.TraitError(f"{self.name or 'A coordinate'} must be finite, not {value}.")
        return value


class Whole(traitlets.Int):
    """An integer trait for which True is no number."""

    def validate(self, obj, value):
        return self.error(obj, value) if isinstance(value, bool) else super().validate(obj, value)


def number(value, limits, label, hint, *, step=None, unit=""):
    """A setting that is a number within limits, both ends among them; on a logarithmic slider without a `step`."""
    low, high = limits
    control = {"label": label, "hint": hint, "unit": unit, "log": step is None, "step": step, "whole": step == 1}
    kind = Whole if isinstance(value, int) else Finite
    return kind(value, min=low, max=high).tag(sync=True, setting=True, control=control)


def chosen_rule(rules, chosen):
    """A setting that is one of the rules, by their labels."""
    control = {"label": "rule", "hint": "How α changes", "options": [(rule, RULE_STYLES[rule].label) for rule in rules]}
    return traitlets.Enum(tuple(rules), chosen).tag(sync=True, setting=True, control=control)


def chosen_rules(rules, chosen):
    """A setting that is some of the rules: those that are shown."""
    return traitlets.List(traitlets.Enum(rules), default_value=list(chosen)).tag(sync=True, setting=True)


def time(steps, first=0):
    """A setting that is the step to show, which the player moves; it begins at the last."""
    return Whole(steps, min=first, max=steps).tag(sync=True, setting=True)


def _control(name, trait, names):
    """A setting as the front end shows it; a number's range is its trait's."""
    control = {"name": name} | trait.metadata["control"]
    if names is not None:
        return control | {"options": [(each, each) for each in names]}
    return control if "options" in control else control | {"low": trait.min, "high": trait.max}


def methods(rules):
    """How each rule is drawn: the course's label, color and marker, and its dashes in units of the line's width."""
    return [_method(rule, RULE_STYLES[rule]) for rule in rules]


def dash_lengths(dash):
    """A dash of matplotlib's, as lengths in units of the line's width."""
    named = {"-": [], "-.": mpl.rcParamsDefault["lines.dashdot_pattern"]}
    return list(named[dash] if dash in named else dash[1])


def _method(rule, style):
    look = {"color": style.color, "marker": style.marker, "dash": dash_lengths(style.dash)}
    return {"rule": rule, "label": style.label} | look
