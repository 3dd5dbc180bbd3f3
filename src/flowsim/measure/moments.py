"""Things observed at a tick (an admission, a contact, a count at midnight), and how they are summed up."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np

from flowsim.measure import loops
from flowsim.measure.facts import ALL, Labels, Series, divided, labels_of
from flowsim.measure.frames import Floats
from flowsim.measure.intervals import Flags
from flowsim.measure.periods import Periods
from flowsim.measure.sorting import whole
from flowsim.trajectory import Ints


@dataclass(frozen=True, slots=True)
class Moments:
    """Whole values observed at ticks.

    Attributes:
        services: ids; ``service`` holds positions in them.
        splits: names; ``split`` holds positions in them.
        service, split, tick, value: one entry a moment.
        scale: values are multiplied by it.
        statistic: ``mean``, or ``rate`` (sum of the values per ``per`` ticks; per period where ``per`` is 0).
        per: see ``statistic``.
        has_all: whether a row for all services together makes sense.
    """

    services: tuple[str, ...]
    service: Ints
    tick: Ints
    value: Ints | Flags
    statistic: str = "mean"
    per: float = 0.0
    splits: tuple[str, ...] = ()
    split: Ints | None = None
    has_all: bool = True
    scale: float = 1.0
    kept: dict[Hashable, Any] = field(default_factory=dict, repr=False, compare=False)

    def series(self, periods: Periods) -> Series:
        """Return the statistic by service, split and period; NaN where nothing was observed."""
        number, total = self._add_up(periods)
        labels = _labels(self.services, self.splits, self.has_all)
        scaled: Floats = np.asarray(self._arranged(total, periods) * self.scale, dtype=np.float64)
        if self.statistic == "mean":
            return Series(labels, divided(scaled, self._arranged(number, periods)))
        return Series(labels, scaled * (self.per / periods.lengths if self.per else 1.0))

    def _add_up(self, periods: Periods) -> tuple[Ints, Ints]:
        """Return the number and the sum of the values: (services, splits, periods of the grid)."""
        if periods.key not in self.kept:
            shape = len(self.services), max(1, len(self.splits))
            where = whole(self.service), whole(() if self.split is None else self.split), whole(self.tick)
            self.kept[periods.key] = loops.sums(*where, whole(self.value), periods.edges, shape)
        number, total = self.kept[periods.key]
        return number, total

    def _arranged(self, table: Ints, periods: Periods) -> Ints:
        """Return sums by period in the order of the labels: of services, by split, and the same of all services."""
        found, n = periods.with_all(table) if self.has_all else periods.summed(table), len(self.services)
        if not self.splits:
            return found[:, 0]
        parts = [rows for part in (found[:n], found[n:]) for rows in (part.sum(axis=1), part)]
        return np.concatenate([part.reshape(-1, len(periods)) for part in parts])


@cache
def _labels(services: tuple[str, ...], splits: tuple[str, ...], has_all: bool) -> Labels:
    """Return the labels of all, and by split, of services, and of all services."""
    names = (services, (ALL,)) if has_all else (services,)
    return tuple(label for some in names for label in (*labels_of(some), *(labels_of(some, splits) if splits else ())))
