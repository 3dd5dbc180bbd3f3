"""Numbers over time at every service, which stations and the audit look at."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from flowsim.measure import integrals, rank_loops, station_loops
from flowsim.measure.frames import Floats, Window
from flowsim.measure.intervals import Intervals
from flowsim.measure.occupancy import used_at
from flowsim.measure.sorting import Codes, codes, whole
from flowsim.trajectory import Ints


def number_in_use(window: Window, service: int) -> tuple[Ints, Ints]:
    """Return spaces (or visits a day) in use as a step function, from before the first to the window's end."""
    return window.once(("number in use", service), lambda: open_at(window, used_at(window, service)))


def open_at(window: Window, stretches: Intervals) -> tuple[Ints, Ints]:
    """Return the number of stretches open as a step function, from before the first to the window's end."""
    return number_open(stretches.start, stretches.stop, stretches.weight, window.end)


def number_open(start: Ints, stop: Ints, weight: Codes, end: int) -> tuple[Ints, Ints]:
    """Return the number open as a step function, from before the first to an end."""
    begin = int(min(start.min(initial=0), 0))
    found = whole(start), whole(stop), codes(weight), begin, max(end, begin + 1)
    ticks, levels = station_loops.steps(*found)
    return (ticks, levels) if len(ticks) else integrals.steps(*found)


def time_at_levels(steps: tuple[Ints, Ints], begin: int, end: int) -> tuple[Ints, Ints]:
    """Return the levels of a step function, rising, and the ticks spent at each between two ticks."""
    ticks, levels = steps
    lowest = int(levels.min())
    spent = np.zeros(int(levels.max()) - lowest + 1, dtype=np.int64)
    station_loops.time_at(ticks, levels, begin, end, lowest, spent)
    return np.arange(lowest, lowest + len(spent)), spent


def quantiles(values: Ints, spent: Ints, shares: Sequence[float]) -> list[float]:
    """Return the smallest values not exceeded for each share of the time; NaN where there is no time."""
    gathered = np.cumsum(spent)
    if gathered[-1] == 0:
        return [float("nan")] * len(shares)
    return [float(values[np.searchsorted(gathered, share * gathered[-1])]) for share in shares]


def quantiles_by_key(keys: Ints, values: Ints, n_keys: int, shares: Sequence[float], unit: float) -> Floats:
    """Return percentiles of the values of each key over a unit, (shares, keys), as numpy interpolates them."""
    count, together = rank_loops.grouped(keys, values, np.arange(len(values)), n_keys)
    found = np.full((len(shares), n_keys), np.nan)
    first = np.cumsum(count) - count
    for key in np.flatnonzero(count).tolist():
        place = first[key] + np.array(shares) * (count[key] - 1)
        low = np.floor(place).astype(np.int64)
        along, low = place - low, low - first[key]
        high = np.minimum(low + 1, count[key] - 1)
        mine = np.partition(together[first[key] : first[key] + count[key]], np.unique([low, high]))
        found[:, key] = mine[low] / unit + along * (mine[high] / unit - mine[low] / unit)
    return found
