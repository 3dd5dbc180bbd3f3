"""Visits counted where they lie, in one pass a measure: how many reach a stamp, by service, patient and period."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from flowsim.measure import visit_loops
from flowsim.measure.facts import ALL, NO_SPLIT, Series, divided
from flowsim.measure.frames import Window
from flowsim.measure.integrals import Count, summed
from flowsim.measure.intervals import Flags
from flowsim.measure.records import Who
from flowsim.measure.sorting import Codes, whole
from flowsim.trajectory import Ints


@dataclass(frozen=True, slots=True)
class Stamped:
    """When visits reach a stamp; in which period each does is found once, however many measures count it.

    Attributes:
        rows: of all visits, service by service.
        flag: by visit, whether it counts.
        tick: by visit, when it counts.
        kept: periods by edges.
    """

    rows: Ints
    flag: Flags
    tick: Ints
    kept: dict[bytes, visit_loops.Periods] = field(default_factory=dict, repr=False, compare=False)

    def periods(self, edges: Ints) -> visit_loops.Periods:
        """Return the period of each visit, in the order of ``rows``; below 0 for those that do not count."""
        key = edges.tobytes()
        if key not in self.kept:
            self.kept[key] = visit_loops.periods(self.rows, self.flag, self.tick, whole(edges))
        return self.kept[key]


def tallied(
    window: Window, services: tuple[int, ...], when: Stamped, which: tuple[Codes, Flags], who: Who, n_keys: int = 1
) -> Count:
    """Return a count of visits by service, key of the patient and period.

    Args:
        window: where they are.
        services: whose visits.
        when: they count.
        which: a code of each visit, service by service, and by code whether it counts; no flags for all.
        who: the key of each visit's patient.
        n_keys: how many keys.
    """
    slices, whose = window.slices(services), window.in_order(who)
    return summed(lambda edges: visit_loops.tally(slices, when.periods(edges), which, whose, n_keys, len(edges) - 1))


@dataclass(frozen=True, slots=True)
class Counts:
    """Visits counted where they are, by one pass over them.

    Attributes:
        services: ids.
        count: gives how many by service and period.
        of: gives how many there are of which the count is a share; None for a rate.
        per: over how many ticks a rate is told; 0 for the period's whole.
        scale: multiplies rates.
    """

    services: tuple[str, ...]
    count: Count
    of: Count | None = None
    per: float = 0.0
    scale: float = 1.0

    def series(self, edges: Ints, has_parts: bool = True) -> Series:
        """Return the rate or share by service and period, and that of all services together."""
        number = _and_all(self.count(edges))
        labels = tuple((name, NO_SPLIT) for name in (*self.services, ALL))
        if self.of is not None:
            return Series(labels, divided(number, _and_all(self.of(edges))))
        scale = self.scale * self.per / np.diff(edges) if self.per else self.scale
        return Series(labels, np.asarray(number * scale, dtype=np.float64))


def _and_all(table: Ints) -> Ints:
    """Return counts by service and period, and below them those of all services."""
    return np.vstack([table, table.sum(axis=0)])
