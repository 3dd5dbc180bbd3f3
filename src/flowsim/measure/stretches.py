"""Things that go on for a time (a patient delayed, a bed in use), and how they are summed up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from flowsim.measure.facts import ALL, NO_SPLIT, Labels, Series, divided, gathered
from flowsim.measure.frames import Floats
from flowsim.measure.integrals import areas, clipped, level_quantile, steps
from flowsim.measure.intervals import FAR, Intervals
from flowsim.measure.intervals import split as split_by
from flowsim.trajectory import Ints


@dataclass(frozen=True)
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
        periods = list(pairwise(edges.tolist()))
        values = [
            [self.scale * level_quantile(*clipped(*level, begin, end), end, 0.95) for begin, end in periods]
            for level in self._levels
        ]
        names = (*self.services, ALL) if self.has_all else self.services
        found = np.array(values, dtype=np.float64).reshape(len(names), len(periods))
        return Series(tuple((name, NO_SPLIT) for name in names), found)

    @cached_property
    def _levels(self) -> list[tuple[Ints, Ints]]:
        """The number open as a step function of all time, by service, and of all together."""
        groups = split_by(self.held, len(self.services))
        return [
            steps(held.start, held.stop, held.weight, int(held.start.min(initial=0)), FAR)
            for held in ([*groups, self.held] if self.has_all else groups)
        ]
