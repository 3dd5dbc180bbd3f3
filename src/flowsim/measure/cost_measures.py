"""Costs as measures: in all, by service, by payer, by kind of activity."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from flowsim.measure.cost import MICRO, Account, priced, shares
from flowsim.measure.facts import ALL, NO_SPLIT, Facts, Series
from flowsim.measure.frames import Window
from flowsim.measure.periods import Periods
from flowsim.measure.registry import Asked, measure_kind
from flowsim.trajectory import Ints


@dataclass(frozen=True, slots=True)
class Ledger:
    """Costs to be added up by item, payer or kind over periods; ``per`` is in ticks, 0 for a period's whole."""

    window: Window
    items: frozenset[str]
    by: str
    per: float

    def series(self, periods: Periods) -> Series:
        """Return pounds by part and period."""
        lengths = periods.lengths
        sums: dict[tuple[str, str], Ints] = {}
        if self.by == "none":
            sums[ALL, NO_SPLIT] = np.zeros(len(periods), dtype=np.int64)
        for line, amounts in priced(self.window, periods):
            if not self.items or line.item in self.items:
                for key, part in self._parts(line, amounts):
                    sums[key] = sums[key] + part if key in sums else part
        pounds = np.array(list(sums.values()), dtype=np.float64).reshape(len(sums), len(lengths)) / MICRO
        scale = self.per / lengths if self.per else np.ones(len(lengths))
        return Series(tuple(sums), pounds * scale)

    def _parts(self, line: Account, micros: Ints) -> Iterator[tuple[tuple[str, str], Ints]]:
        if self.by == "payer":
            for payer, part in shares(micros, line.payers):
                yield (ALL, payer), part
        elif self.by == "service":
            yield (line.item, NO_SPLIT), micros
        else:
            yield (ALL, line.kind if self.by == "kind" else NO_SPLIT), micros


@measure_kind("cost")
def cost(window: Window, asked: Asked) -> Facts:
    """Return pounds, per ``per`` (day, 30 days, period).

    Option ``by``: none, service (staff pools and programmes too), payer or kind. With roles or services named,
    only theirs.
    """
    items = frozenset(asked.names(window))
    # The window keeps the ledger: a plain reference back would keep both alive until cycles are next collected.
    return Ledger(
        weakref.proxy(window), items, asked.option("by", "none", "service", "payer", "kind"), asked.per(window)
    )
