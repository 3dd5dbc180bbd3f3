"""Things counted where they lie, by service and period, told as rates or shares."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from flowsim.measure.facts import ALL, Series, labels_of
from flowsim.measure.periods import Count, Periods


@dataclass(frozen=True, slots=True)
class Counts:
    """Things counted by one pass over them.

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

    def series(self, periods: Periods) -> Series:
        """Return the rate or share by service and period, and that of all services together."""
        count, labels = self.count(periods.edges), labels_of((*self.services, ALL))
        if self.of is not None:
            return Series(labels, periods.shares(count, self.of(periods.edges)))
        scale = self.scale * self.per / periods.lengths if self.per else self.scale
        return Series(labels, np.asarray(periods.with_all(count) * scale, dtype=np.float64))
