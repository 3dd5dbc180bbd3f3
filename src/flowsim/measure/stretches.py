"""Things that go on for a time (a patient delayed, a bed in use), and how they are summed up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from flowsim.measure import loops
from flowsim.measure.facts import ALL, NO_SPLIT, Series, labels_of
from flowsim.measure.frames import Floats
from flowsim.measure.integrals import steps
from flowsim.measure.intervals import EMPTY, Intervals, joined
from flowsim.measure.periods import Count, Periods


@dataclass(frozen=True, slots=True)
class Stretches:
    """Time during which something goes on, and what it is compared with.

    Attributes:
        services: ids.
        area: gives the integral of the number open [ticks], (services, splits, periods).
        statistic: ``number`` (mean open at a time), ``share`` (of what is ``offered``), or ``days`` (open, per ``per``
            days; per period where 0).
        offered: for ``share``, as ``area`` without splits.
        per, ticks_per_day: for ``days``.
        scale: multiplies every value.
        splits: names; none where there is one, without a name.
    """

    services: tuple[str, ...]
    area: Count
    statistic: str = "number"
    offered: Count | None = None
    per: float = 0.0
    ticks_per_day: int = 1
    scale: float = 1.0
    splits: tuple[str, ...] = ()

    def series(self, periods: Periods) -> Series:
        """Return the statistic by service, split and period; numbers and days add up over services."""
        if not self.services:
            return Series((), np.zeros((0, len(periods))))
        area = self.area(periods.edges)
        if self.offered is not None:
            value = self.scale * periods.shares(area, self.offered(periods.edges))
        else:
            value = periods.over(area, self._base(periods), self.scale)
        labels = labels_of((*self.services, ALL), self.splits or (NO_SPLIT,))
        return Series(labels, value.reshape(len(labels), -1))

    def _base(self, periods: Periods) -> Floats:
        """Return what areas are divided by, by period."""
        if self.statistic == "number":
            return periods.lengths
        per = periods.lengths / (self.per * self.ticks_per_day) if self.per else np.ones(len(periods))
        return per * self.ticks_per_day


@dataclass(frozen=True, slots=True)
class Levels:
    """The number open that is not exceeded for a share of the time.

    Attributes:
        services: ids.
        stretches: of each service.
        share: of the time.
        kept: the number open as a step function of all time, by service and of all together.
    """

    services: tuple[str, ...]
    stretches: tuple[Intervals, ...]
    share: float = 0.95

    def series(self, periods: Periods) -> Series:
        """Return the number by service and period."""
        found = np.array([self._quantiles(s, periods) for s in (*self.stretches, joined(*self.stretches, EMPTY))])
        labels = labels_of((*self.services, ALL))
        return Series(labels, found.reshape(len(labels), -1))

    def _quantiles(self, stretches: Intervals, periods: Periods) -> Floats:
        edges, x = periods.edges, stretches
        level = steps(x.start, x.stop, x.weight, int(min(edges[0], 0)), int(edges[-1]))
        return loops.level_quantiles(*level, edges[periods.first], edges[periods.last], self.share)
