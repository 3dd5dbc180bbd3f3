"""Numbers over time at every service, which stations and the audit look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from flowsim.measure import level_loops
from flowsim.measure.frames import Floats, Window
from flowsim.measure.integrals import NOUGHT
from flowsim.measure.intervals import Intervals
from flowsim.measure.occupancy import used_at
from flowsim.measure.sorting import Codes, codes, whole
from flowsim.trajectory import Ints


@dataclass(frozen=True, slots=True)
class Level:
    """How many are open at a time: every change of it in order, as ``level_loops`` keeps them.

    Attributes:
        changes: from ``begin`` on, before which none are open.
        bits: of each.
        begin: tick.
    """

    changes: Ints
    bits: int
    begin: int

    def steps(self) -> tuple[Ints, Ints]:
        """Return the level as a step function: ticks, the first ``begin``, and the level from each."""
        return level_loops.steps(self.changes, self.bits, self.begin)

    def times(self, window: tuple[int, int], ticks: Ints) -> tuple[int, Ints, Ints]:
        """Return the lowest level, the time spent in a window at each from that on, and the level at some ticks."""
        return level_loops.levels(self.changes, self.bits, self.begin, window, whole(ticks))

    def above(self, ticks: Ints, offered: Ints | Codes) -> tuple[Ints, Ints]:
        """Return by how much it is above a step function, 0 where it is not, from each tick where that changes.

        Nothing is returned where it never is when some open.
        """
        ticks, offered = whole(ticks), whole(offered)
        if level_loops.rises_above(self.changes, self.bits, self.begin, ticks, offered):
            return level_loops.above(*self.steps(), ticks, offered)
        return NOUGHT[:0], NOUGHT[:0]


def level(start: Ints, stop: Ints, weight: Ints | Codes, end: int) -> Level:
    """Return how many intervals are open at a time up to an end."""
    begin = int(min(start.min(initial=0), 0))
    parts = whole(start), whole(stop), codes(weight)
    changes, bits, is_in_order = level_loops.changes(*parts, begin, max(end, begin + 1))
    if not is_in_order:
        changes.sort()
    return Level(changes, bits, begin)


def number_in_use(window: Window, service: int) -> Level:
    """Return spaces (or visits a day) in use at a service up to the window's end."""
    return window.once(("number in use", service), lambda: number_open(window, used_at(window, service)))


def number_open(window: Window, stretches: Intervals) -> Level:
    """Return the number of stretches open up to the window's end."""
    return level(stretches.start, stretches.stop, stretches.weight, window.end)


def quantiles(lowest: int, spent: Ints, shares: Sequence[float]) -> list[float]:
    """Return the lowest levels not exceeded for each share of the time; NaN where there is no time.

    Args:
        lowest: of the levels.
        spent: ticks at each level from that on.
        shares: of the time.
    """
    gathered = np.cumsum(spent)
    if gathered[-1] == 0:
        return [float("nan")] * len(shares)
    return [float(lowest + int(np.searchsorted(gathered, share * gathered[-1]))) for share in shares]


def quantiles_by_key(values: Ints, ends: Sequence[tuple[int, int]], shares: Sequence[float], unit: float) -> Floats:
    """Return percentiles over a unit of values key by key, which are put into another order: (shares, keys).

    Args:
        values: those of each key together.
        ends: where those of each key begin and end.
        shares: 0.5 for the median.
        unit: values are divided by it.

    Returns:
        Percentiles interpolated as numpy does; NaN for keys without values.
    """
    found = np.full((len(shares), len(ends)), np.nan)
    for key, (first, last) in enumerate(ends):
        if last > first:
            place = np.array(shares) * (last - first - 1)
            low = np.floor(place).astype(np.int64)
            high = np.minimum(low + 1, last - first - 1)
            mine = values[first:last]
            mine.partition(np.unique([low, high]))
            found[:, key] = mine[low] / unit + (place - low) * (mine[high] / unit - mine[low] / unit)
    return found
