"""Two shapes in which a measure is found, and how each is summed up over any periods.

``Moments`` are things observed at a tick (a wait that ended, an admission, a count at midnight).
``Stretches`` are things that go on for a time (a patient delayed, a bed in use). A kind of measure
finds one of them; the whole window, its weeks and its days are then periods of the same facts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

import numpy as np
import numpy.typing as npt

from flowsim.measure.frames import Floats
from flowsim.measure.integrals import areas, clipped, level_quantile, steps
from flowsim.measure.intervals import Flags, Intervals
from flowsim.measure.sorting import edges_before, stable_order
from flowsim.trajectory import Ints

ALL = "all"
"""Service name of a row about all of a measure's services together."""
NO_SPLIT = ""
PERCENTILES = {"median": 0.5, "p90": 0.9, "p95": 0.95}
_SMALL = 2**15
"""numpy sorts numbers below this by counting."""

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Series:
    """A measure over some periods.

    Attributes:
        labels: service (``all`` for all together) and split (empty for none) of each series.
        values: (labels, periods).
    """

    labels: Labels
    values: Floats


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


@dataclass(frozen=True)
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

    def series(self, edges: Ints, has_parts: bool = True) -> Series:
        """Return the statistic by service, split and period; NaN where nothing was observed."""
        is_quantile = self.statistic in PERCENTILES
        seen = self._rising if is_quantile else self
        period = edges_before(edges, seen.tick, side="right") - 1
        inside = np.flatnonzero((period >= 0) & (period < len(edges) - 1))
        period, value = period[inside], seen.weights[inside]
        parts = []
        for names, service in seen._groups(inside):
            for labels, split in seen._divisions(inside, has_parts):
                shape = (len(names) * len(labels), len(edges) - 1)
                keys = (service * len(labels) + split) * shape[1] + period
                n_keys = shape[0] * shape[1]
                if is_quantile:
                    values = grouped_quantile(keys, value, n_keys, PERCENTILES[self.statistic], is_rising=True)
                else:
                    values = self._summed(keys, value, n_keys, np.tile(self._lengths(edges), shape[0]))
                parts.append((tuple((name, label) for name in names for label in labels), values.reshape(shape)))
        return gathered(parts, len(edges) - 1)

    @cached_property
    def weights(self) -> Floats:
        """The values as numbers, in the unit wanted."""
        return self.value / self.unit if self.unit != 1.0 else self.value.astype(np.float64)

    @cached_property
    def _rising(self) -> Moments:
        """The same by rising value: sorted once, however they are then grouped."""
        order = stable_order(self.value) if self.value.dtype == np.int64 else np.argsort(self.value, kind="stable")
        split = None if self.split is None else self.split[order]
        return replace(
            self, service=self.service[order], tick=self.tick[order], value=self.value[order], split=split
        )

    def _groups(self, inside: Ints) -> Iterator[tuple[tuple[str, ...], Ints | int]]:
        yield self.services, self.service[inside] if len(self.services) > 1 else 0
        if self.has_all:
            yield (ALL,), 0

    def _divisions(self, inside: Ints, has_parts: bool) -> Iterator[tuple[tuple[str, ...], Ints | int]]:
        if self.has_total or not self.splits:
            yield (NO_SPLIT,), 0
        if self.split is not None and has_parts:
            yield self.splits, self.split[inside]

    def _lengths(self, edges: Ints) -> Floats:
        """Return what there is of each period: ticks, or samples."""
        return np.diff(edges if self.samples is None else np.searchsorted(self.samples, edges)).astype(float)

    def _summed(self, keys: Ints, values: Floats, n_keys: int, lengths: Floats) -> Floats:
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

    def series(self, edges: Ints, has_parts: bool = True) -> Series:
        """Return the statistic by service, split and period."""
        n_periods = len(edges) - 1
        if self.statistic == "p95":
            return self._level_series(edges)
        if self.splits and not (has_parts or self.has_total):
            return gathered([], n_periods)
        n_services, n_splits = len(self.services), max(1, len(self.splits))
        held = self.held
        keys = held.service if self.split is None else held.service * n_splits + self.split
        area = areas(keys, n_services * n_splits, held.start, held.stop, held.weight, edges).astype(float)
        parts: list[tuple[Labels, Floats]] = []
        for name, own, under in self._groups(area.reshape(n_services, n_splits, -1), self._base(edges)):
            value = self.scale * divided(own, np.broadcast_to(under, own.shape))
            if not self.splits or self.has_total:
                parts.append((((name, NO_SPLIT),), value.sum(axis=0)[None, :] if self.splits else value))
            if self.splits and has_parts:
                parts.append((tuple((name, label) for label in self.splits), value))
        return gathered(parts, n_periods)

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

    def _level_series(self, edges: Ints) -> Series:
        groups = [(name, self.held.where(self.held.service == s)) for s, name in enumerate(self.services)]
        if self.has_all:
            groups.append((ALL, self.held))
        parts: list[tuple[Labels, Floats]] = []
        for name, held in groups:
            begins, ends = edges[:-1].tolist(), edges[1:].tolist()
            ticks, level = steps(held.start, held.stop, held.weight, begins[0], ends[-1])
            seen = [(clipped(ticks, level, begin, end), end) for begin, end in zip(begins, ends, strict=True)]
            values = [self.scale * level_quantile(*part, end, 0.95) for part, end in seen]
            parts.append((((name, NO_SPLIT),), np.array([values])))
        return gathered(parts, len(edges) - 1)


def divided(part: npt.ArrayLike, whole: npt.ArrayLike) -> Floats:
    """Return part over whole, NaN where the whole is nothing."""
    whole = np.asarray(whole, dtype=np.float64)
    found = np.full(whole.shape, np.nan)
    np.divide(part, whole, out=found, where=whole > 0)
    return found


def grouped_quantile(keys: Ints, values: Floats, n_keys: int, share: float, is_rising: bool = False) -> Floats:
    """Return a percentile of the values of each key, interpolated as numpy does; NaN for keys without.

    Args:
        keys: of each value, from 0 to ``n_keys`` - 1.
        values: what to take percentiles of.
        n_keys: how many keys.
        share: 0.5 for the median.
        is_rising: whether the values are in rising order already.
    """
    if not is_rising:
        order = np.argsort(values, kind="stable")
        keys, values = keys[order], values[order]
    values = values[np.argsort(keys.astype(np.int16) if n_keys < _SMALL else keys, kind="stable")]
    count = np.bincount(keys, minlength=n_keys)
    first = np.cumsum(count) - count
    found = np.full(n_keys, np.nan)
    has = count > 0
    place = first[has] + share * (count[has] - 1)
    low = np.floor(place).astype(np.int64)
    high = np.minimum(low + 1, first[has] + count[has] - 1)
    found[has] = values[low] + (place - low) * (values[high] - values[low])
    return found
