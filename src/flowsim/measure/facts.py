"""What a kind of measure finds, and how it is reported over any periods.

It finds one of two shapes: ``Moments`` are things observed at a tick (a wait that ended, an admission, a count at
midnight); ``Stretches`` are things that go on for a time (a patient delayed, a bed in use). The whole window, its
weeks and its days are then periods of the same facts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from flowsim.measure import rank_loops
from flowsim.measure.frames import Floats
from flowsim.measure.sorting import whole
from flowsim.trajectory import Ints

ALL = "all"
"""Service name of a row about all of a measure's services together."""
NO_SPLIT = ""
PERCENTILES = {"median": 0.5, "p90": 0.9, "p95": 0.95}

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Series:
    """A measure over some periods.

    Attributes:
        labels: service (``all`` for all together) and split (empty for none) of each series.
        table: its values, (labels, periods).
    """

    labels: Labels
    table: Floats


class Facts(Protocol):
    """What a kind of measure finds: something that can be summed up over any periods."""

    def series(self, edges: Ints, has_parts: bool = True) -> Series:
        """Return values by service, split and period; period p is from edges[p] to edges[p + 1].

        Args:
            edges: ticks between periods, rising.
            has_parts: whether the parts of a measure that is split are wanted, beside its whole.
        """
        ...


def gathered(parts: list[tuple[Labels, Floats]], n_periods: int) -> Series:
    """Return labelled values one below the other."""
    labels = tuple(label for some, _ in parts for label in some)
    return Series(labels, np.concatenate([np.zeros((0, n_periods)), *(values for _, values in parts)]))


def divided(part: npt.ArrayLike, whole: npt.ArrayLike) -> Floats:
    """Return part over whole, NaN where the whole is nothing."""
    whole = np.asarray(whole, dtype=np.float64)
    found = np.full(whole.shape, np.nan)
    np.divide(part, whole, out=found, where=whole > 0)
    return found


def grouped_quantiles(
    keys: Ints, values: Ints | Floats, order: Ints, n_keys: int, shares: Sequence[float], unit: float = 1.0
) -> list[Floats]:
    """Return percentiles of the values of each key, interpolated as numpy does; NaN for keys without.

    Args:
        keys: of each value, from 0 to ``n_keys`` - 1; values of key -1 are left out.
        values: to be grouped.
        order: in which the values rise.
        n_keys: how many keys.
        shares: 0.5 for the median.
        unit: values are divided by it.
    """
    count, together = rank_loops.grouped(whole(keys), values, order, n_keys)
    rising = np.asarray(together / unit, dtype=np.float64)
    has = count > 0
    first, count = (np.cumsum(count) - count)[has], count[has]
    quantiles = []
    for share in shares:
        place = first + share * (count - 1)
        low = np.floor(place).astype(np.int64)
        high = np.minimum(low + 1, first + count - 1)
        found = np.full(n_keys, np.nan)
        found[has] = rising[low] + (place - low) * (rising[high] - rising[low])
        quantiles.append(found)
    return quantiles
