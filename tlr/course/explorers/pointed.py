"""A picture that says where the pointer is."""

from pathlib import Path

import anywidget
import traitlets

__all__ = ["PointedImage"]


class PointedImage(anywidget.AnyWidget):
    """A JPEG like `ipywidgets.Image`, which no pointer reaches.

    Attributes:
        value: the JPEG.
        width, height: in pixels.
        text: what it shows, for those who do not see it.
        hovered: where the pointer is, (x, y) in shares of the width and height from below, or () where it is not.
        pressed: where it was pressed last, the same.
    """

    value = traitlets.Bytes().tag(sync=True)
    width = traitlets.Int().tag(sync=True)
    height = traitlets.Int().tag(sync=True)
    text = traitlets.Unicode().tag(sync=True)
    hovered = traitlets.Tuple().tag(sync=True)
    pressed = traitlets.Tuple().tag(sync=True)

    _esm = Path(__file__).parent / "front" / "pointed.js"
