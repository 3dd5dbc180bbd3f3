"""How long things took, observed when they began or ended: their means and percentiles."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

import numpy as np

from flowsim.measure import quantile_loops
from flowsim.measure.facts import ALL, PERCENTILES, Series, labels_of
from flowsim.measure.frames import Floats
from flowsim.measure.periods import Periods
from flowsim.measure.sorting import Codes
from flowsim.trajectory import Ints

Found = TypeVar("Found")


class Timed(NamedTuple):
    """Times by service and period.

    Attributes:
        number, total: how many and their sum [ticks]: (services, periods).
        packed: of each, in no order, time x 2^bits + its cell in these tables.
        bits: see ``packed``.
    """

    number: Ints
    total: Ints
    packed: Ints
    bits: int


@dataclass(frozen=True, slots=True)
class Times:
    """Times of something that happened at ticks.

    Attributes:
        services: ids.
        find: gives the times between some edges.
        unit: ticks in the unit they are told in.
        statistic: ``mean``, ``median``, ``p90`` or ``p95``.
        kept: what has been worked out of them, by grid; shared with ``taking`` another statistic.
    """

    services: tuple[str, ...]
    find: Callable[[Ints], Timed]
    unit: float
    statistic: str = "mean"
    kept: dict[Hashable, Any] = field(default_factory=dict, repr=False, compare=False)

    def taking(self, statistic: str) -> Times:
        """Return another statistic of the same times."""
        return replace(self, statistic=statistic)

    def series(self, periods: Periods) -> Series:
        """Return the statistic by service and period, and that of all together; NaN where nothing was observed."""
        timed = self._once((periods.key, "timed"), lambda: self.find(periods.edges))
        if self.statistic == "mean":
            value = periods.shares(timed.total, timed.number, self.unit)
        else:
            value = self._quantiles(timed, periods, periods.with_all(timed.number), PERCENTILES[self.statistic])
        return Series(labels_of((*self.services, ALL)), value)

    def _once(self, key: Hashable, find: Callable[[], Found]) -> Found:
        if key not in self.kept:
            self.kept[key] = find()
        found: Found = self.kept[key]
        return found

    def _quantiles(self, timed: Timed, periods: Periods, number: Ints, share: float) -> Floats:
        """Return a percentile of the times of each service and period, interpolated as numpy does."""
        last = np.maximum(number.ravel() - 1, 0)
        place = share * last
        low = np.floor(place).astype(np.int64)
        groups = _groups(len(self.services), *periods.told)
        lower, upper = quantile_loops.at_ranks(timed.packed, timed.bits, groups, low, np.minimum(low + 1, last))
        under, over = lower / self.unit, upper / self.unit
        found = np.where(number.ravel() > 0, under + (place - low) * (over - under), np.nan)
        return found.reshape(number.shape)


@lru_cache(maxsize=64)
def _groups(n: int, edges: bytes, first: bytes, last: bytes) -> Codes:
    """Return the values each cell of a grid counts for: those of its service and of all, by period (``Periods.told``).

    Measures of as many services, and all replications, have the same.
    """
    periods = Periods(*(np.frombuffer(one, dtype=np.int64) for one in (edges, first, last)))
    n_cells = len(periods.edges) - 1
    # Periods that are one cell of the grid do not overlap; each longer one is a way of its own.
    one = np.full(n_cells, -1, dtype=np.int64)
    short = np.flatnonzero(periods.last - periods.first == 1)
    one[periods.first[short]] = short
    ways = [one]
    for period, cells in periods.longer:
        way = np.full(n_cells, -1, dtype=np.int64)
        way[cells] = period
        ways.append(way)
    rows = np.array([np.arange(n), np.full(n, n)]).reshape(2, 1, n, 1)
    by_cell = np.array(ways).reshape(1, len(ways), 1, n_cells)
    found = np.where(by_cell < 0, -1, rows * len(periods) + by_cell)
    return found.reshape(-1, n * n_cells).astype(np.int32)
