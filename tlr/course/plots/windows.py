"""How far the sums of gradients over windows of steps agree, as the window grows."""

import numpy as np
from matplotlib.colors import LinearSegmentedColormap

from tlr.course.plots.marks import ticks_along
from tlr.course.plots.style import house_style

__all__ = ["WindowsPicture"]

_AGREE, _DISAGREE = "#0072B2", "#D55E00"
_COLORS = LinearSegmentedColormap.from_list("agreement", [_DISAGREE, "#ffffff", _AGREE])
#: From here on a cosine has its full color; most are smaller.
_FULL = 0.5


class WindowsPicture:
    """A `Picture`: left, the cosine of every window with every other; right, the share of neighbors below 0.

    Args:
        figure: what to draw on.
        steps: N, the steps in an epoch.
        shares: α → the share of neighbors with a negative cosine, for windows of 1, 2, … steps.
    """

    def __init__(self, figure, steps, shares):
        self.figure, self.stale, self._shares = figure, True, shares
        with house_style():
            self.map = figure.add_axes((0.08, 0.22, 0.39, 0.39 * 9.2 / 5.4), xlabel="step", ylabel="step")
            self.share = figure.add_axes((0.62, 0.22, 0.35, 0.664), xlabel="steps in a window", ylim=(-0.03, 1.03))
            self._label(steps)
            self._add_artists(steps)

    def _label(self, steps):
        self.map.set_title("each sum with every other: cosine", loc="left")
        self.share.set_title("neighbors that disagree (gray: other α)", loc="left")
        self.share.set(xscale="log", xlim=(0.9, 1.1 * steps / 2))
        self.share.set_yticks((0, 0.5, 1), ("0%", "50%", "100%"))
        lengths = [2**power for power in range(9) if 2**power <= steps / 2]
        ticks_along(self.share, lengths)
        self.map.grid(False)

    def _add_artists(self, steps):
        self.cosines = self.map.imshow(
            np.eye(steps), cmap=_COLORS, vmin=-_FULL, vmax=_FULL, extent=(0, steps, steps, 0), interpolation="nearest"
        )
        side = self.figure.add_axes((0.485, 0.22, 0.014, 0.39 * 9.2 / 5.4))
        bar = self.figure.colorbar(self.cosines, cax=side, extend="both")
        bar.set_ticks([-_FULL, 0, _FULL])
        for values in self._shares.values():
            self.share.plot(np.arange(1, len(values) + 1), values, color="#8c8c8c", linewidth=1)
        (self.line,) = self.share.plot([], [], color=_DISAGREE)
        (self.here,) = self.share.plot([], [], "o", color="#000000", markersize=8)
        self.name = self.share.text(1, 0, "")
        self.words = [self.figure.text(0.08, y, "", va="center", fontsize=10) for y in (0.085, 0.035)]

    @property
    def moving(self):
        """The artists that `update` moves."""
        frame = self.map.xaxis, self.map.yaxis, *self.map.spines.values()  # they move with its limits
        return [*frame, self.cosines, self.line, self.here, self.name, *self.words]

    def update(self, alpha, length, cosines, words):
        """Draw the windows of one length.

        Args:
            alpha: which of the recorded α.
            length: steps in a window.
            cosines: of every window with every other, (k, k).
            words: two lines that say what follows.
        """
        self.cosines.set_data(cosines)
        covered = len(cosines) * length
        self.cosines.set_extent((0, covered, covered, 0))
        self.map.set(xlim=(0, covered), ylim=(covered, 0))
        shares = self._shares[alpha]
        self.line.set_data(np.arange(1, len(shares) + 1), shares)
        self.here.set_data([length], [shares[length - 1]])
        sums = "single batches" if length == 1 else f"sums of {length}"
        self.name.set_text(f"{sums}: {shares[length - 1]:.0%}")
        late = length > np.sqrt(len(shares))
        self.name.set(x=length * (0.93 if late else 1.08), y=shares[length - 1] + 0.03, ha="right" if late else "left")
        for text, word in zip(self.words, words, strict=True):
            text.set_text(word)
