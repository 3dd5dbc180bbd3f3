"""Things observed at a tick (a wait that ended, an admission, a count at midnight), and how they are summed up."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, TypeVar, cast

import numpy as np

from flowsim.measure.facts import ALL, NO_SPLIT, PERCENTILES, Labels, Series, divided, gathered, grouped_quantiles
from flowsim.measure.frames import Floats
from flowsim.measure.intervals import Flags
from flowsim.measure.sorting import edges_before, stable_order
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
        placed = (self if share is None else self._once("rising", self._rising))._placed(edges)
        parts = []
        for labels, of_all, by_split in self._labels(has_parts):
            if share is None:
                values = self._value(placed.sums(of_all, by_split), placed.counts(of_all, by_split), edges)
            else:
                keys, n_keys = placed.keys(of_all, by_split), len(labels) * (len(edges) - 1)
                values = grouped_quantiles(keys, placed.value, n_keys, (share,))[0]
            parts.append((labels, values.reshape(len(labels), -1)))
        return gathered(parts, len(edges) - 1)

    def _once(self, key: Hashable, find: Callable[[], Found]) -> Found:
        if key not in self.kept:
            self.kept[key] = find()
        return cast("Found", self.kept[key])

    def _rising(self) -> Moments:
        """Return the moments by rising value: sorted once, however they are then grouped."""
        # Times are whole ticks until they are divided by the unit, which keeps their order.
        is_ticks = self.value.dtype == np.int64
        order = stable_order(self.value.astype(np.int64)) if is_ticks else np.argsort(self.value, kind="stable")
        return replace(
            self,
            service=self.service[order],
            tick=self.tick[order],
            value=self.value[order],
            split=None if self.split is None else self.split[order],
            kept={},
        )

    def _placed(self, edges: Ints) -> _Placed:
        return self._once(tuple(edges.tolist()), lambda: _placed(self, edges))

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


@dataclass(frozen=True)
class _Placed:
    """Moments in the cells of a table: (services, splits, periods) is its ``shape``.

    ``is_whole``: values are flags or whole numbers; then the sum of sums is the sum in any order.
    """

    service: Ints
    split: Ints
    period: Ints
    value: Floats
    is_whole: bool
    shape: tuple[int, int, int]

    def keys(self, of_all: bool, by_split: bool) -> Ints:
        """Return the cell of each moment, with all services or all splits in one."""
        keys = self.period
        n_splits = self.shape[1] if by_split else 1
        if n_splits > 1:
            keys = self.split * self.shape[2] + keys
        if not of_all and self.shape[0] > 1:
            keys = self.service * (n_splits * self.shape[2]) + keys
        return keys

    def counts(self, of_all: bool, by_split: bool) -> Ints:
        """Return how many moments are in each cell: (services x splits, periods)."""
        number = self._number.sum(axis=_added(of_all, by_split))
        return np.asarray(number.reshape(-1, self.shape[2]), dtype=np.int64)

    def sums(self, of_all: bool, by_split: bool) -> Floats:
        """Return the sum of the values in each cell: (services x splits, periods)."""
        if self.is_whole:
            total = self._total.sum(axis=_added(of_all, by_split))
        else:
            # Sums of fractions depend on their order, which is always that of the moments.
            n_cells = (1 if of_all else self.shape[0]) * (self.shape[1] if by_split else 1) * self.shape[2]
            total = np.bincount(self.keys(of_all, by_split), weights=self.value, minlength=n_cells)
        return np.asarray(total.reshape(-1, self.shape[2]), dtype=np.float64)

    @cached_property
    def _number(self) -> Ints:
        found = np.bincount(self.keys(False, True), minlength=math.prod(self.shape))
        return np.asarray(found.reshape(self.shape), dtype=np.int64)

    @cached_property
    def _total(self) -> Floats:
        found = np.bincount(self.keys(False, True), weights=self.value, minlength=math.prod(self.shape))
        return np.asarray(found.reshape(self.shape), dtype=np.float64)


def _added(of_all: bool, by_split: bool) -> tuple[int, ...]:
    """Return the axes of (services, splits, periods) to add up along."""
    return ((0,) if of_all else ()) + (() if by_split else (1,))


def _placed(moments: Moments, edges: Ints) -> _Placed:
    """Return the moments within the edges in their cells."""
    m, n_periods = moments, len(edges) - 1
    service, split, tick, value = m.service, m.split, m.tick, m.value
    is_inside = (tick >= edges[0]) & (tick < edges[-1])
    if not is_inside.all():
        rows = np.flatnonzero(is_inside)
        service, tick, value = service[rows], tick[rows], value[rows]
        split = None if split is None else split[rows]
    zeros = np.zeros_like(service)
    return _Placed(
        service,
        zeros if split is None else split,
        edges_before(edges, tick, side="right") - 1 if n_periods > 1 else zeros,
        value / m.unit,
        m.unit == 1.0 and value.dtype != np.float64,
        (len(m.services), max(1, len(m.splits)), n_periods),
    )
