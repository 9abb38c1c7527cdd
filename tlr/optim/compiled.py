"""What torch.compile needs: the base's step is one graph, and what surrounds it stays outside.

Around the step a window's clock runs and numbers are read on the host, which no graph can hold. Inside it dynamo
compiles anew when what it reads of `param_groups` and `state` changes its kind: measured with torch 2.13 (aot_eager,
momentum 0.9, a tensor as lr), SGD has 2 graphs, and a TLR whose entries it sees has 5. A changing int or float
compiles nothing more there; None that becomes a float, a bool that flips and a key that is new compile one each.
Older torches, down to 2.6, compile for other changes too. So what is ours is set aside while the base's step runs,
and there are 2 graphs. A float lr is compiled anew at every change of α, as it is for SGD.
"""

from collections.abc import Iterable, Sequence
from typing import Any

#: Entries that were taken out of a dict, with that dict.
Aside = tuple[tuple[dict[str, Any], dict[str, Any]], ...]


def set_aside(owners: Iterable[dict[str, Any]], keys: Sequence[str]) -> Aside:
    """Take entries with these keys out of dicts, and return both for `take_back`."""
    return tuple((entries, {key: entries.pop(key) for key in keys if key in entries}) for entries in owners)


def take_back(aside: Aside) -> None:
    """Undo `set_aside`."""
    for entries, ours in aside:
        entries.update(ours)
