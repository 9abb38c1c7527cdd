"""Collections of figures: what one command runs, the most informative first."""

from tlr.course.experiments.grid import Part

__all__ = ["COLLECTIONS", "REPLAYED"]


def _figures(data, *numbers):
    return tuple(Part(f"figure-{number}-{data}") for number in numbers)


def _narrow(number, seeds=None, **where):
    return Part(f"figure-{number}-cifar10-narrow", where, seeds)


#: Name → its parts, one after the other.
COLLECTIONS = {
    "cifar": (
        *_figures("cifar10", 2, 13),
        *_figures("cifar100", 2, 3),
        *(Part(f"figure-{number}-{data}") for number in (6, 8) for data in ("cifar10", "cifar100")),
        *_figures("cifar10", 14),
        *_figures("cifar100", 15, 16),
        *_figures("cifar10", 11),
        *_figures("cifar100", 12),
    ),
    "cifar-small": _figures("cifar10-small", 2, 13) + _figures("cifar10-small-sps", 13),
    # Nine minutes on a large GPU (tools/gpu.py): a batch size at a time, those first whose epochs are short.
    "gpu": tuple(Part("figure-2-cifar10", {"batch_size": (size,)}) for size in (256, 512, 128, 64)),
    # What the claims rest on, at the paper's lengths and on a CPU: MNIST complete, more seeds, all of CIFAR-10.
    "evidence": (
        *_figures("mnist", 6, 7, 9),
        *_figures("mnist", 10, "10-authors", 8, "1-faithful"),
        Part("figure-1-mnist", seeds=(1, 2)),
        Part("figure-2-mnist", seeds=(1, 2)),
        _narrow(2, batch_size=(64, 256)),
        Part("figure-5-cifar10-upper"),
        Part("figure-5-cifar10-upper", {"alpha0": (0.1,)}, seeds=(1, 2)),  # where the first seed's steady was lost
        _narrow(13),
        _narrow(13, seeds=(1,)),  # without a second seed only lost runs count as a difference
        _narrow(2, method=("tlr",), batch_size=(256,), seeds=(1,)),  # TLR beside them
        _narrow(2, batch_size=(512, 128)),
        _narrow(6),
        _narrow(8),
        _narrow(2, seeds=(1,)),
    ),
    # By itself, as its sentences cannot be downloaded: `evidence` would not begin without them.
    "translation": (
        Part("figure-17-multi30k-narrow"),
        Part("figure-17-multi30k-narrow", {"method": ("tlr",)}, seeds=(1,)),  # how far seeds scatter there
    ),
}

#: Collections in which a record that comes with the package counts as finished.
REPLAYED = ("evidence", "translation")
