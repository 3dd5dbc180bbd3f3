"""Things observed at a tick (a wait that ended, an admission, a count at midnight), and how they are summed up."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar, cast

import numpy as np

from flowsim.measure import loops, rank_loops
from flowsim.measure.facts import (
    ALL,
    NO_SPLIT,
    PERCENTILES,
    Labels,
    Series,
    divided,
    gathered,
)
from flowsim.measure.frames import Floats
from flowsim.measure.integrals import places_in, together
from flowsim.measure.intervals import Flags
from flowsim.measure.sorting import whole
from flowsim.trajectory import Ints

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Moments:
    """Values observed at ticks.

    Attributes:
        services: ids; ``service`` holds positions in them.
        splits: names; ``split`` holds positions in them.
        service, split, tick, value: one entry a moment.
        unit: values are divided by it.
        statistic: ``mean``, ``median``, ``p90``, ``p95``, ``rate`` (sum of the values per ``per`` ticks;
            per period where ``per`` is 0), or ``sampled`` (sum of the values per tick of ``samples``).
        per, samples: see ``statistic``.
        has_total: whether a row for all splits together is wanted beside one a split.
        has_all: whether a row for all services together makes sense.
        kept: what has been worked out of these moments; shared with ``taking`` another statistic of them.
    """

    services: tuple[str, ...]
    service: Ints
    tick: Ints
    value: Floats | Ints | Flags
    statistic: str = "mean"
    per: float = 0.0
    samples: Ints | None = None
    splits: tuple[str, ...] = ()
    split: Ints | None = None
    has_total: bool = True
    has_all: bool = True
    unit: float = 1.0
    kept: dict[Hashable, Any] = field(default_factory=dict, repr=False, compare=False)

    def taking(self, statistic: str) -> Moments:
        """Return another statistic of the same moments."""
        return replace(self, statistic=statistic)

    def series(self, edges: Ints, has_parts: bool = True) -> Series:
        """Return the statistic by service, split and period; NaN where nothing was observed."""
        share = PERCENTILES.get(self.statistic)
        parts = []
        for labels, of_all, by_split in self._labels(has_parts):
            if share is None:
                values = self._value(*self._sums(edges, of_all, by_split), edges)
            else:
                values = self._quantiles(edges, of_all, by_split, share)
            parts.append((labels, values.reshape(len(labels), -1)))
        return gathered(parts, len(edges) - 1)

    def _once(self, key: Hashable, find: Callable[[], Found]) -> Found:
        if key not in self.kept:
            self.kept[key] = find()
        return cast("Found", self.kept[key])

    def _quantiles(self, edges: Ints, of_all: bool, by_split: bool, share: float) -> Floats:
        """Return a percentile of the values in each cell, interpolated as numpy does: (services x splits, periods)."""
        number, _ = self._totals(edges)
        grid, values, bits = self._rising(edges)
        # The cells of the grid that make up each cell asked for.
        axes = ((0,) if of_all else ()) + (() if by_split else (1,))
        count = number.sum(axis=axes, keepdims=True)
        places = np.arange(count.size).reshape(count.shape)[..., np.searchsorted(edges, grid[:-1], "right") - 1]
        group = np.broadcast_to(places, (*self._shape(), len(grid) - 1)).ravel()
        last = np.maximum(count.ravel() - 1, 0)
        place = share * last
        low = np.floor(place).astype(np.int64)
        lower, upper = rank_loops.at_ranks(values, bits, group, low, np.minimum(low + 1, last))
        under, over = lower / self.unit, upper / self.unit
        return np.where(count.ravel() > 0, under + (place - low) * (over - under), np.nan)

    def _rising(self, edges: Ints) -> tuple[Ints, Ints, int]:
        """Return values by size, with their cells: sorted once for periods that fit into one another."""
        found = self.kept.get("rising")
        if found is None or places_in(found[0], edges) is None or edges[0] != found[0][0] or edges[-1] != found[0][-1]:
            found = (edges, *rank_loops.rising(*self._where, whole(self.value), whole(edges), self._shape()))
            self.kept["rising"] = found
        return found

    @property
    def _is_whole(self) -> bool:
        return self.value.dtype != np.float64

    @property
    def _values(self) -> Ints | Floats:
        return whole(self.value) if self._is_whole else np.asarray(self.value, dtype=np.float64)

    def _shape(self) -> tuple[int, int]:
        return len(self.services), max(1, len(self.splits))

    def _sums(self, edges: Ints, of_all: bool, by_split: bool) -> tuple[Floats, Ints]:
        """Return the sum and the number of the values in each cell: (services x splits, periods)."""
        axes = ((0,) if of_all else ()) + (() if by_split else (1,))
        number, total = (table.sum(axis=axes).reshape(-1, len(edges) - 1) for table in self._totals(edges))
        return np.asarray(total / self.unit, dtype=np.float64), number

    def _totals(self, edges: Ints) -> tuple[Ints, Ints | Floats]:
        """Return the number and the sum of the values: (services, splits, periods).

        Sums of whole numbers are exact, so those over longer periods are added up from shorter ones.
        """
        grid, number, total = self._once("totals", lambda: (edges, *self._add_up(edges)))
        at = places_in(grid, edges) if self._is_whole else None
        return self._add_up(edges) if at is None else (together(number, at), together(whole(total), at))

    def _add_up(self, edges: Ints) -> tuple[Ints, Ints | Floats]:
        return loops.sums(*self._where, self._values, whole(edges), self._shape())

    @property
    def _where(self) -> tuple[Ints, Ints, Ints]:
        return whole(self.service), whole(() if self.split is None else self.split), whole(self.tick)

    def _labels(self, has_parts: bool) -> Iterator[tuple[Labels, bool, bool]]:
        """Yield labels, whether they are of all services together, and whether they are by split."""
        for of_all in (False, True) if self.has_all else (False,):
            names = (ALL,) if of_all else self.services
            if self.has_total or not self.splits:
                yield tuple((name, NO_SPLIT) for name in names), of_all, False
            if self.splits and has_parts:
                yield tuple((name, label) for name in names for label in self.splits), of_all, True

    def _value(self, total: Floats, count: Ints, edges: Ints) -> Floats:
        if self.statistic == "mean":
            return divided(total, count)
        if self.statistic == "sampled" and self.samples is not None:
            return divided(total, np.broadcast_to(np.diff(np.searchsorted(self.samples, edges)), total.shape))
        return np.asarray(total * (self.per / np.diff(edges).astype(float) if self.per else 1.0), dtype=np.float64)
