"""Things that go on for a time (a patient delayed, a bed in use), and how they are summed up."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from flowsim.measure import loops
from flowsim.measure.facts import ALL, NO_SPLIT, Series, divided
from flowsim.measure.frames import Floats
from flowsim.measure.integrals import Count, steps, summed
from flowsim.measure.intervals import EMPTY, FAR, Intervals, joined
from flowsim.measure.records import EVERYONE, Who
from flowsim.measure.sorting import codes, whole
from flowsim.trajectory import Ints


@dataclass(frozen=True, slots=True)
class Held:
    """Stretches of time at some places; nothing is copied.

    Attributes:
        stretches: those of each place together.
        first, last: where those of each place begin and end.
        who: a code of each visit, and the key of each code (below 0 for visits left out); empty for key 0.
        kind: the same of each stretch; the two keys are added up.
    """

    stretches: Intervals
    first: Ints
    last: Ints
    who: Who = EVERYONE
    kind: Who = EVERYONE

    @classmethod
    def of(cls, stretches: Intervals, n_places: int) -> Held:
        """Return stretches whose services, rising, are the places."""
        bounds = np.searchsorted(stretches.service, np.arange(n_places + 1))
        return cls(stretches, bounds[:-1], bounds[1:])

    def areas(self, edges: Ints, n_keys: int = 1) -> Ints:
        """Return the integral over each period of the number open: (places x keys, periods)."""
        s = self.stretches
        return loops.area(
            (self.first, self.last), (s.row, s.start, s.stop, s.weight), self.who, self.kind, n_keys, whole(edges)
        )

    def parts(self) -> list[Intervals]:
        """Return the stretches that count, by place."""
        parts = [self.stretches.take(slice(a, b)) for a, b in zip(self.first, self.last, strict=True)]
        code, key = self.who
        return [p.where(key[code[p.row]] >= 0) for p in parts] if len(key) else parts

    def plain(self) -> Intervals:
        """Return the stretches that count, with their places for services."""
        parts = self.parts()
        place = np.repeat(np.arange(len(parts)), [len(p.row) for p in parts])
        return replace(joined(*parts, EMPTY), service=codes(place))


@dataclass(frozen=True)
class Stretches:
    """Intervals of time, and what their number is compared with.

    Attributes:
        services: ids, one for each place of ``held``.
        held: the intervals.
        statistic: ``number`` (mean open at a time), ``share`` (of what is ``offered``), ``p95``
            (of the number open, over time), or ``days`` (open, per ``per`` days; per period where 0).
        offered: for ``share``.
        per, ticks_per_day: for ``days``.
        scale: multiplies every value.
        splits: names of the keys of ``held``; none where all have key 0.
        has_total, has_all: as for Moments.
    """

    services: tuple[str, ...]
    held: Held
    statistic: str = "number"
    offered: Held | None = None
    per: float = 0.0
    ticks_per_day: int = 1
    scale: float = 1.0
    splits: tuple[str, ...] = ()
    has_total: bool = True
    has_all: bool = True

    def series(self, edges: Ints, has_parts: bool = True) -> Series:
        """Return the statistic by service, split and period."""
        if self.statistic == "p95":
            return self._level_series(edges)
        names, area, base = self.services, self._area(edges), self._base(edges)
        if self.has_all and names:
            # Numbers and days add up over services; a share is of all that was offered.
            names = (*names, ALL)
            area = np.concatenate([area, area.sum(axis=0, keepdims=True)])
            base = np.concatenate([base, base.sum(axis=0, keepdims=True) if self.statistic == "share" else base[:1]])
        value = self.scale * divided(area, np.broadcast_to(base[:, None], area.shape))
        splits = self.splits if has_parts else ()
        if not self.splits or not splits or self.has_total:
            total = value.sum(axis=1, keepdims=True) if self.splits else value
            value = np.concatenate([total, value], axis=1) if splits else total
            splits = (NO_SPLIT, *splits)
        if self.splits and not (has_parts or self.has_total):
            names = ()
        labels = tuple((name, label) for name in names for label in splits)
        return Series(labels, value.reshape(-1, len(edges) - 1)[: len(labels)])

    @cached_property
    def _area(self) -> Count:
        """Areas by service, split and period."""
        held, shape = self.held, (len(self.services), max(1, len(self.splits)))
        return summed(lambda edges: held.areas(edges, shape[1]).reshape(*shape, -1))

    @cached_property
    def _offered(self) -> Count:
        assert self.offered is not None
        return summed(self.offered.areas)

    def _base(self, edges: Ints) -> Floats:
        """Return what areas are divided by: (services, periods)."""
        lengths = np.diff(edges).astype(float)
        shape = (len(self.services), len(lengths))
        if self.statistic == "share":
            return self._offered(edges).astype(float)
        if self.statistic == "number":
            return np.broadcast_to(lengths, shape)
        per = lengths / (self.per * self.ticks_per_day) if self.per else np.ones_like(lengths)
        return np.broadcast_to(per * self.ticks_per_day, shape)

    def _level_series(self, edges: Ints) -> Series:
        found = [self.scale * loops.level_quantiles(*level, whole(edges), 0.95) for level in self._levels]
        names = (*self.services, ALL) if self.has_all else self.services
        return Series(tuple((name, NO_SPLIT) for name in names), np.array(found).reshape(-1, len(edges) - 1))

    @cached_property
    def _levels(self) -> list[tuple[Ints, Ints]]:
        """The number open as a step function of all time, by service, and of all together."""
        groups = self.held.parts()
        return [
            steps(held.start, held.stop, held.weight, int(held.start.min(initial=0)), FAR)
            for held in ([*groups, joined(*groups, EMPTY)] if self.has_all else groups)
        ]
