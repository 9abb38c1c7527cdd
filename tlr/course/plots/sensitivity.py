"""How much a wrong guess costs: the end of runs over what they began with."""

import matplotlib.pyplot as plt
import numpy as np

from tlr.course.plots.style import METHODS, house_style

__all__ = ["sensitivity"]


def sensitivity(multiples, loss, accuracy):
    """Final training loss and test accuracy over a wrong guess of α₀, a line for each method.

    Args:
        multiples: α₀ as a multiple of what one would set, (k,).
        loss: method, a key of `METHODS` → final training losses, (k, seeds).
        accuracy: method → test accuracies in the end (0..1), (k, seeds).

    The line is the mean over the seeds, each of which has a marker.
    """
    with house_style():
        figure, axes = plt.subplots(1, 2, figsize=(9.2, 3.8), sharex=True)
        for axis, ends, scale in zip(axes, (loss, accuracy), (1, 100), strict=True):
            for method, values in ends.items():
                look, values = METHODS[method], scale * np.asarray(values)
                axis.plot(multiples, values.mean(axis=1), **look.line)
                for seed in values.T:
                    axis.plot(multiples, seed, color=look.color, linestyle="", marker=look.marker, markersize=6)
            axis.set(xscale="log", xlabel="α₀ as a multiple of the usual")
            axis.set_xticks(multiples, [f"{multiple:g}" for multiple in multiples])
            axis.minorticks_off()
        axes[0].set(yscale="log", title="final training loss")
        axes[1].set(title="test accuracy (%)")
        handles, labels = axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), handlelength=3)
    return figure
