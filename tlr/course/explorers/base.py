"""What every explorer shares: controls above one picture, redrawn by moving its artists.

Only ipywidgets' core widgets, and only what its versions 7 (Colab) and 8 have in common.
"""

import asyncio
import base64
import io
import math
import threading

import ipywidgets as widgets
import numpy as np
import traitlets
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from tlr.course.explorers.status import Status
from tlr.course.plots.picture import PICTURE_SIZE, RULE_STYLES
from tlr.course.plots.style import house_style

__all__ = [
    "DRAWING",
    "Explorer",
    "LogSlider",
    "Pictured",
    "Screen",
    "blank",
    "choice",
    "in_a_line",
    "log_slider",
    "rule_menu",
    "running_loop",
]

_LABEL = "130px"
#: Where a slider stops in each decade, as those of the page do (`front/controls.js`).
_PER_DECADE = (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8)

#: JupyterLab hands what controls say to several threads of a kernel that has them (its subshells). Whoever draws, or
#: changes what is drawn, holds this: matplotlib, its settings included, is for one thread at a time.
DRAWING = threading.RLock()


class Screen:
    """A `tlr.course.plots.picture.Picture` as an image file, drawing only what moved.

    The background is kept as pixels and drawn again only when the picture says it is stale; the moving artists are
    drawn over a copy of it.
    """

    def __init__(self, picture):
        self.picture = picture
        self.canvas = FigureCanvasAgg(picture.figure)
        self._background = None
        for artist in picture.moving:
            artist.set_animated(True)

    def png(self):
        """The picture as it is now, as bytes of a PNG."""
        return self._encoded("png")

    def jpeg(self):
        """The same as a JPEG, in a fraction of the time: for what is looked at while it moves."""
        return self._encoded("jpeg", quality=90, subsampling=0)

    def _encoded(self, kind, **options):
        self._draw()
        data = io.BytesIO()
        Image.fromarray(np.asarray(self.canvas.buffer_rgba())).convert("RGB").save(data, kind, **options)
        return data.getvalue()

    def _draw(self):
        renderer = self.canvas.get_renderer()
        if self.picture.stale or self._background is None:
            self.canvas.draw()
            self._background = self.canvas.copy_from_bbox(self.picture.figure.bbox)
            self.picture.stale = False
        self.canvas.restore_region(self._background)
        for artist in sorted(self.picture.moving, key=lambda artist: artist.zorder):
            if artist.get_visible():
                artist.draw(renderer)


class Pictured(widgets.VBox):
    """Controls above a picture, which stays as it was when the cell ran where no kernel runs, as on GitHub."""

    #: What is said in place of the picture where not even that can be shown.
    description = "An explorer."

    def arrange(self, *parts):
        """Show the parts one below the other; what went wrong when a control moved is said below them."""
        self._failed = Status("")
        self.children = [*parts, self._failed]

    def refresh(self, _change=None):
        """Draw for what the controls say."""
        raise NotImplementedError

    def on_move(self, _change):
        """Draw again. No page shows the errors of a function that a control has called, so they are said here."""
        try:
            self.refresh()
        except Exception as error:
            self._failed.say(f"The picture is not of these settings: {in_a_line(error)}")
        else:
            self._failed.say("")

    def png(self):
        """The picture as it is now, as bytes of a PNG."""
        raise NotImplementedError

    def _repr_mimebundle_(self, **_options):
        view = {"version_major": 2, "version_minor": 0, "model_id": self.model_id}
        return {
            "text/plain": self.description,
            "image/png": base64.b64encode(self.png()).decode(),
            "application/vnd.jupyter.widget-view+json": view,
        }

    # In ipywidgets 7 this method would win over the mimebundle, and the stored notebook would have no picture.
    _ipython_display_ = None


class Explorer(Pictured):
    """Controls above a picture; a subclass calls `set_up` once, and its `draw` is a function of the settings.

    Attributes:
        controls: name of a setting → its widget.
        picture: a `tlr.course.plots.picture.Picture`.
    """

    def set_up(self, picture, controls, rows=None):
        """Arrange the widgets above the picture, draw it, and draw it again when a control moves.

        Args:
            picture: a `tlr.course.plots.picture.Picture`.
            controls: name → widget.
            rows: all widgets, in the rows that they are shown in (default: the controls, in one row).
        """
        self.picture, self.controls, self._quiet, self._shown = picture, controls, False, {}
        self.screen = Screen(picture)
        width, height = self.screen.canvas.get_width_height()
        # A fixed height keeps the page from jumping while the first picture loads.
        self.image = widgets.Image(
            format="jpeg", layout={"width": f"{width}px", "height": f"{height}px", "object_fit": "contain"}
        )
        self._readers = {name: _reader(control) for name, control in controls.items()}
        for control in controls.values():
            control.observe(self.on_move, "value")
        rows = [widgets.HBox(row, layout={"flex_flow": "row wrap"}) for row in rows or [[*controls.values()]]]
        self.arrange(*rows, self.image)
        self.refresh()

    def draw(self, **settings):
        """Compute what the settings ask for, update the picture, and return what it shows, as data."""
        raise NotImplementedError

    def settings(self):
        """What the controls ask for: name → value, within the limits that they were made with."""
        return {name: read() for name, read in self._readers.items()}

    def state(self):
        """What is shown, as data: the settings, and what became of them, as `draw` of each explorer says."""
        return self._shown

    def move(self, **settings):
        """Move several controls at once, by name; the picture is drawn at the end."""
        with DRAWING:
            self._quiet = True
            try:
                for name, value in settings.items():
                    self.controls[name].value = value
            finally:
                self._quiet = False
            self.refresh()

    def refresh(self, _change=None):
        """Draw, and show the result."""
        with DRAWING, house_style():
            settings = self.settings()
            self._shown = settings | self.draw(**settings)
            self.image.value = self.screen.jpeg()

    def png(self):
        """The picture as it is now, as bytes of a PNG."""
        with DRAWING, house_style():
            return self.screen.png()

    def on_move(self, change):
        """Draw again, unless `move` will."""
        if not self._quiet:
            super().on_move(change)


def blank(size=PICTURE_SIZE, layout="none"):
    """An empty figure for a picture; inches."""
    return Figure(figsize=size, dpi=100, layout=layout)


def _reader(control):
    """A function that returns the value of a control within the limits that it was made with.

    A front end can send any value, and other limits with it: a descent of 10⁹ steps would never end.
    """
    if isinstance(control, widgets.Dropdown):
        chosen = control.value
        allowed = [option[1] if isinstance(option, tuple) else option for option in control.options]

        def read():
            nonlocal chosen
            chosen = control.value if control.value in allowed else chosen
            return chosen

        return read
    low, high = control.min, control.max
    return lambda: min(control.value, high) if control.value >= low else low  # low for nan


def in_a_line(error):
    """What an error is and the first line of what it says, cut to what fits below a picture."""
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"[:120]


def _hint(widget, text):
    """Set a tooltip: ipywidgets 7 and 8 name it differently."""
    setattr(widget, "description_tooltip" if widget.has_trait("description_tooltip") else "tooltip", text)
    return widget


class LogSlider(widgets.HBox):
    """A field in which any number can be typed, beside a slider over round values on a logarithmic scale.

    The value is what is given or typed, to the last digit. (The front end of `FloatLogSlider` moves a value to the
    slider's grid as soon as it shows it, and tells the kernel.)

    Args:
        label: what the number is called.
        value: where it begins.
        low: the lowest value.
        high: the highest; a value beyond them becomes the nearer one.
        hint: what is said where the pointer rests.

    Attributes:
        value: the number.
        disabled: whether it can be moved by hand.
    """

    value = traitlets.Float()
    disabled = traitlets.Bool(False)

    def __init__(self, label, value, low, high, hint):
        self.min, self.max = low, high
        decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)))
        between = [float(f"{mantissa}e{decade}") for decade in decades for mantissa in _PER_DECADE]
        self._stops = [low, *(stop for stop in between if low < stop < high), high]
        self.number = widgets.FloatText(
            description=label, style={"description_width": _LABEL}, layout={"width": "240px"}
        )
        self.slider = widgets.IntSlider(max=len(self._stops) - 1, readout=False, layout={"width": "160px"})
        super().__init__([_hint(self.number, hint), _hint(self.slider, hint)])
        self.observe(self._show, "value")
        self.observe(self._lock, "disabled")
        self.number.observe(self._typed, "value")
        self.slider.observe(self._dragged, "value")
        self.value = value

    @traitlets.validate("value")
    def _limited(self, proposal):
        return min(proposal["value"], self.max) if proposal["value"] >= self.min else self.min  # the lowest for nan

    def _show(self, _change=None):
        """Let both parts say what the value is; the slider as nearly as it can."""
        self._showing = True
        try:
            self.number.value = self.value
            self.number.step = 10.0 ** (math.floor(math.log10(self.value)) - 1)
            self.slider.value = min(range(len(self._stops)), key=lambda i: abs(math.log(self._stops[i] / self.value)))
        finally:
            self._showing = False

    def _typed(self, change):
        if not self._showing:
            self.value = change["new"]
            self._show()  # what was typed beyond the limits, too

    def _dragged(self, change):
        if not self._showing:
            self.value = self._stops[min(max(change["new"], 0), len(self._stops) - 1)]

    def _lock(self, change):
        self.number.disabled = self.slider.disabled = change["new"]


def log_slider(label, value, exponents, hint):
    """A number from 10^exponents[0] to 10^exponents[1], typed or on a logarithmic slider."""
    low, high = exponents
    return LogSlider(label, value, 10.0**low, 10.0**high, hint)


def choice(label, options, hint):
    """A drop-down menu of names."""
    return _hint(
        widgets.Dropdown(
            options=options, description=label, style={"description_width": _LABEL}, layout={"width": "350px"}
        ),
        hint,
    )


def rule_menu(rules, chosen):
    """A drop-down menu of rules, by their labels."""
    menu = choice("rule", [(RULE_STYLES[rule].label, rule) for rule in rules], "How α changes")
    menu.value = chosen
    return menu


def running_loop():
    """The event loop of a kernel, in which something can go on in the background.

    Raises:
        RuntimeError: where no kernel runs.
    """
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        raise RuntimeError("Nothing goes on in the background outside of a notebook: start it there.") from None
