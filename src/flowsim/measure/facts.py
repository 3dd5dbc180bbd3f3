"""Two shapes in which a measure is found, and how each is summed up over any periods.

``Moments`` are things observed at a tick (a wait that ended, an admission, a count at midnight).
``Stretches`` are things that go on for a time (a patient delayed, a bed in use). A kind of measure
finds one of them; the whole window, its weeks and its days are then periods of the same facts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from flowsim.measure.frames import Floats
from flowsim.measure.integrals import areas, level_quantile, steps
from flowsim.measure.intervals import Intervals
from flowsim.trajectory import Ints

ALL = "all"
"""Service name of a row about all of a measure's services together."""
NO_SPLIT = ""
PERCENTILES = {"median": 0.5, "p90": 0.9, "p95": 0.95}


class Row(NamedTuple):
    """One value of a measure in one period."""

    period: int
    service: str
    split: str
    value: float


@dataclass(frozen=True, slots=True)
class Moments:
    """Values observed at ticks.

    Attributes:
        services: ids; ``service`` holds positions in them.
        splits: names; ``split`` holds positions in them.
        service, split, tick, value: one entry a moment.
        statistic: ``mean``, ``median``, ``p90``, ``p95``, ``rate`` (sum of the values per ``per`` ticks;
            per period where ``per`` is 0), or ``sampled`` (sum of the values per tick of ``samples``).
        per, samples: see ``statistic``.
        has_total: whether a row for all splits together is wanted beside one a split.
        has_all: whether a row for all services together makes sense.
    """

    services: tuple[str, ...]
    service: Ints
    tick: Ints
    value: Floats
    statistic: str = "mean"
    per: float = 0.0
    samples: Ints | None = None
    splits: tuple[str, ...] = ()
    split: Ints | None = None
    has_total: bool = True
    has_all: bool = True

    def rows(self, edges: Ints) -> Iterator[Row]:
        """Yield the statistic by period, service and split; NaN where nothing was observed."""
        period = np.searchsorted(edges, self.tick, side="right") - 1
        inside = (period >= 0) & (period < len(edges) - 1)
        lengths = np.diff(edges).astype(float)
        if self.samples is not None:
            lengths = np.diff(np.searchsorted(self.samples, edges)).astype(float)
        taken = _Cells(self.services, self.splits, lengths, self.has_total, self.has_all)
        split = np.zeros(len(self.tick), dtype=np.int64) if self.split is None else self.split
        yield from taken.rows(self.service[inside], split[inside], period[inside], self.value[inside], self._summed)

    def _summed(self, keys: Ints, values: Floats, n_keys: int, lengths: Floats) -> Floats:
        if self.statistic in PERCENTILES:
            return grouped_quantile(keys, values, n_keys, PERCENTILES[self.statistic])
        total = np.bincount(keys, weights=values, minlength=n_keys)
        if self.statistic == "sampled":
            return divided(total, lengths)
        if self.statistic == "rate":
            return np.asarray(total * (self.per / lengths if self.per else 1.0), dtype=np.float64)
        return divided(total, np.bincount(keys, minlength=n_keys))


@dataclass(frozen=True, slots=True)
class Stretches:
    """Intervals of time, and what their number is compared with.

    Attributes:
        services: ids; ``held.service`` holds positions in them.
        held: the intervals.
        statistic: ``number`` (mean open at a time), ``share`` (of what is ``offered``), ``p95``
            (of the number open, over time), or ``days`` (open, per ``per`` days; per period where 0).
        offered: for ``share``.
        per, ticks_per_day: for ``days``.
        scale: multiplies every value.
        splits, split: as for Moments.
    """

    services: tuple[str, ...]
    held: Intervals
    statistic: str = "number"
    offered: Intervals | None = None
    per: float = 0.0
    ticks_per_day: int = 1
    scale: float = 1.0
    splits: tuple[str, ...] = ()
    split: Ints | None = None
    has_total: bool = True
    has_all: bool = True

    def rows(self, edges: Ints) -> Iterator[Row]:
        """Yield the statistic by period, service and split."""
        if self.statistic == "p95":
            yield from self._level_rows(edges)
            return
        n_services, n_splits = len(self.services), max(1, len(self.splits))
        split = np.zeros(len(self.held.row), dtype=np.int64) if self.split is None else self.split
        held = self.held
        keys = held.service * n_splits + split
        area = areas(keys, n_services * n_splits, held.start, held.stop, held.weight, edges).astype(float)
        area = area.reshape(n_services, n_splits, -1)
        base = self._base(edges)
        for name, own, under in self._groups(area, base):
            value = self.scale * divided(own, np.broadcast_to(under, own.shape))
            if not self.splits:
                yield from (Row(p, name, NO_SPLIT, float(v)) for p, v in enumerate(value[0]))
                continue
            if self.has_total:
                yield from (Row(p, name, NO_SPLIT, float(v)) for p, v in enumerate(value.sum(axis=0)))
            for label, series in zip(self.splits, value, strict=True):
                yield from (Row(p, name, label, float(v)) for p, v in enumerate(series))

    def _base(self, edges: Ints) -> Floats:
        """Return what areas are divided by: (services, periods)."""
        lengths = np.diff(edges).astype(float)
        shape = (len(self.services), len(lengths))
        if self.statistic == "share" and self.offered is not None:
            o = self.offered
            return areas(o.service, len(self.services), o.start, o.stop, o.weight, edges).astype(float)
        if self.statistic == "number":
            return np.broadcast_to(lengths, shape)
        per = lengths / (self.per * self.ticks_per_day) if self.per else np.ones_like(lengths)
        return np.broadcast_to(per * self.ticks_per_day, shape)

    def _groups(self, area: Floats, base: Floats) -> Iterator[tuple[str, Floats, Floats]]:
        for s, name in enumerate(self.services):
            yield name, area[s], base[s]
        if self.has_all and self.services:
            # Numbers and days add up over services; a share is of all that was offered.
            yield ALL, area.sum(axis=0), base.sum(axis=0) if self.statistic == "share" else base[0]

    def _level_rows(self, edges: Ints) -> Iterator[Row]:
        groups = [(name, self.held.service == s) for s, name in enumerate(self.services)]
        if self.has_all:
            groups.append((ALL, np.ones(len(self.held.row), dtype=bool)))
        for name, mine in groups:
            held = self.held.where(mine)
            for p, (begin, end) in enumerate(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)):
                ticks, level = steps(held.start, held.stop, held.weight, begin, end)
                yield Row(p, name, NO_SPLIT, self.scale * level_quantile(ticks, level, end, 0.95))


class Facts(Protocol):
    """What a kind of measure finds: something that can be summed up over any periods."""

    def rows(self, edges: Ints) -> Iterator[Row]:
        """Yield values by period, service and split; period p is from edges[p] to edges[p + 1]."""
        ...


Summed = Callable[[Ints, Floats, int, Floats], Floats]


@dataclass(frozen=True, slots=True)
class _Cells:
    """The cells of a table of moments: (service, split, period), with totals."""

    services: tuple[str, ...]
    splits: tuple[str, ...]
    lengths: Floats
    has_total: bool
    has_all: bool

    def rows(self, service: Ints, split: Ints, period: Ints, value: Floats, summed: Summed) -> Iterator[Row]:
        n_periods = len(self.lengths)
        for of_all in (False, True) if self.has_all else (False,):
            names = (ALL,) if of_all else self.services
            own = np.zeros_like(service) if of_all else service
            for labels, part in self._divisions(split):
                n_keys = len(names) * len(labels) * n_periods
                lengths = np.tile(self.lengths, len(names) * len(labels))
                keys = (own * len(labels) + part) * n_periods + period
                values = summed(keys, value, n_keys, lengths)
                for key, v in enumerate(values.tolist()):
                    at, p = divmod(key, n_periods)
                    yield Row(p, names[at // len(labels)], labels[at % len(labels)], v)

    def _divisions(self, split: Ints) -> Iterator[tuple[tuple[str, ...], Ints]]:
        if self.has_total or not self.splits:
            yield (NO_SPLIT,), np.zeros_like(split)
        if self.splits:
            yield self.splits, split


def divided(part: npt.ArrayLike, whole: npt.ArrayLike) -> Floats:
    """Return part over whole, NaN where the whole is nothing."""
    whole = np.asarray(whole, dtype=np.float64)
    found = np.full(whole.shape, np.nan)
    np.divide(part, whole, out=found, where=whole > 0)
    return found


def grouped_quantile(keys: Ints, values: Floats, n_keys: int, share: float) -> Floats:
    """Return a percentile of the values of each key, interpolated as numpy does; NaN for keys without."""
    order = np.lexsort((values, keys))
    keys, values = keys[order], values[order]
    first = np.searchsorted(keys, np.arange(n_keys))
    count = np.searchsorted(keys, np.arange(n_keys), side="right") - first
    found = np.full(n_keys, np.nan)
    has = count > 0
    place = first[has] + share * (count[has] - 1)
    low = np.floor(place).astype(np.int64)
    high = np.minimum(low + 1, first[has] + count[has] - 1)
    found[has] = values[low] + (place - low) * (values[high] - values[low])
    return found
