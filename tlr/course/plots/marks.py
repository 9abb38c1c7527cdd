"""What many figures write and draw on their axes alike: notes, arrows, ticks; and the keys of what was drawn."""

__all__ = ["arrow", "labeled", "note", "ticks_along", "ticks_between"]


def note(axes, words, place, offset, **look):
    """Write words at an offset, in points, from a place of the data; `look` as `Axes.annotate` takes it."""
    return axes.annotate(words, place, offset, textcoords="offset points", **look)


def arrow(axes, begin, end, color="#000000", **look):
    """Draw an arrow between two places of the data, as long as they are apart; `look` is its patch's."""
    look = {"arrowstyle": "-|>", "color": color, "shrinkA": 0, "shrinkB": 0} | look
    axes.annotate("", end, begin, arrowprops=look)


def ticks_along(axes, values, names=None, **look):
    """Ticks of x at these values and nowhere between, under their names (default: as short as they can be)."""
    axes.set_xticks(values, [f"{value:g}" for value in values] if names is None else names, **look)
    axes.minorticks_off()


def ticks_between(axes, values, names, borders, **look):
    """Names of x between the lines of a grid, which are at the borders."""
    axes.set_xticks(values, names, **look)
    axes.set_xticks(borders, minor=True)
    axes.grid(visible=False, axis="x")
    axes.grid(visible=True, axis="x", which="minor")
    axes.tick_params(axis="x", which="both", length=0)


def labeled(*axes):
    """Label → handle of what is drawn with a label, for `legend_below`."""
    drawn = [zip(*each.get_legend_handles_labels(), strict=True) for each in axes]
    return {label: handle for pairs in drawn for handle, label in pairs}
