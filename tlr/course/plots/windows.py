"""How far the sums of gradients over windows of steps agree, as the window grows."""

import numpy as np
from matplotlib.colors import LinearSegmentedColormap

from tlr.course.plots.style import house_style

__all__ = ["WindowsPicture"]

_AGREE, _DISAGREE = "#0072B2", "#D55E00"
_COLORS = LinearSegmentedColormap.from_list("agreement", [_DISAGREE, "#ffffff", _AGREE])
#: From here on a cosine has its full color; most are smaller.
_FULL = 0.5
_BINS = np.linspace(-1, 1, 41)


class WindowsPicture:
    """A `Picture`: left, the cosine of every window with every other; right, those of neighbors, and the share below 0.

    Args:
        figure: what to draw on.
        steps: N, the steps in an epoch.
        shares: α → the share of neighbors with a negative cosine, for windows of 1, 2, … steps.
    """

    def __init__(self, figure, steps, shares):
        self.figure, self.stale, self._shares = figure, True, shares
        with house_style():
            self.map = figure.add_axes((0.08, 0.22, 0.39, 0.39 * 9.2 / 5.4), xlabel="step", ylabel="step")
            self.neighbors = figure.add_axes((0.6, 0.61, 0.37, 0.274))
            self.share = figure.add_axes((0.6, 0.22, 0.37, 0.22), xlabel="steps in a window", ylim=(-0.03, 1.03))
            self._label(steps)
            self._add_artists(steps)

    def _label(self, steps):
        self.map.set_title("every window with every other", loc="left")
        self.neighbors.set_title("each window with the next (line: mean)", loc="left")
        self.share.set_title("share negative (gray: the other α)", loc="left")
        self.neighbors.set(xlim=(-1, 1), ylim=(0, 1.15), xticks=(-1, -0.5, 0, 0.5, 1), yticks=[], xlabel="cosine")
        self.share.set(xscale="log", xlim=(0.9, 1.1 * steps / 2), yticks=(0, 0.5, 1))
        lengths = [length for length in (1, 2, 3, 5, 10, 20, 50, 100, 200) if length <= steps / 2]
        self.share.set_xticks(lengths, [str(length) for length in lengths])
        self.share.minorticks_off()
        self.map.grid(False)

    def _add_artists(self, steps):
        self.cosines = self.map.imshow(
            np.eye(steps), cmap=_COLORS, vmin=-_FULL, vmax=_FULL, extent=(0, steps, steps, 0), interpolation="nearest"
        )
        side = self.figure.add_axes((0.485, 0.22, 0.014, 0.39 * 9.2 / 5.4))
        bar = self.figure.colorbar(self.cosines, cax=side, extend="both")
        bar.set_ticks([-_FULL, 0, _FULL])
        self.neighbors.axvspan(-1, 0, color=_DISAGREE, alpha=0.1, linewidth=0)
        self.bars = self.neighbors.bar(_BINS[:-1], 0, np.diff(_BINS), align="edge", color=_AGREE)
        (self.mean,) = self.neighbors.plot([], [], color="#000000", linewidth=1.5)
        for values in self._shares.values():
            self.share.plot(np.arange(1, len(values) + 1), values, color="#8c8c8c", linewidth=1)
        (self.line,) = self.share.plot([], [], color=_DISAGREE)
        (self.here,) = self.share.plot([], [], "o", color="#000000", markersize=8)
        self.words = [self.figure.text(0.08, y, "", va="center", fontsize=10) for y in (0.085, 0.035)]

    @property
    def moving(self):
        """The artists that `update` moves."""
        frame = self.map.xaxis, self.map.yaxis, *self.map.spines.values()  # they move with its limits
        return [*frame, self.cosines, *self.bars, self.mean, self.line, self.here, *self.words]

    def update(self, alpha, length, cosines, neighbors, words):
        """Draw the windows of one length.

        Args:
            alpha: which of the recorded α.
            length: steps in a window.
            cosines: of every window with every other, (k, k).
            neighbors: of windows with the next, (n,).
            words: two lines that say what follows.
        """
        self.cosines.set_data(cosines)
        covered = len(cosines) * length
        self.cosines.set_extent((0, covered, covered, 0))
        self.map.set(xlim=(0, covered), ylim=(covered, 0))
        counts, _ = np.histogram(neighbors, _BINS)
        for bar, height in zip(self.bars, counts / counts.max(), strict=True):
            bar.set_height(height)
        self.mean.set_data([neighbors.mean()] * 2, [0, 1.1])
        shares = self._shares[alpha]
        self.line.set_data(np.arange(1, len(shares) + 1), shares)
        self.here.set_data([length], [shares[length - 1]])
        for text, word in zip(self.words, words, strict=True):
            text.set_text(word)
