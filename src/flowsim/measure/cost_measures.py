"""Costs as measures: in all, by service, by payer, by kind of activity."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from flowsim.measure.cost import MICRO, Account, accounts, shares
from flowsim.measure.facts import ALL, NO_SPLIT, Facts, Row
from flowsim.measure.frames import Window
from flowsim.measure.registry import Asked, measure_kind
from flowsim.trajectory import Ints


@dataclass(frozen=True, slots=True)
class Ledger:
    """Costs to be added up by item, payer or kind over periods; ``per`` is in ticks, 0 for a period's whole."""

    window: Window
    items: frozenset[str]
    by: str
    per: float

    def rows(self, edges: Ints) -> Iterator[Row]:
        """Yield pounds by period and part."""
        sums: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0] * (len(edges) - 1))
        for line in accounts(self.window, edges):
            if self.items and line.item not in self.items:
                continue
            for p, micros in enumerate(line.micros(self.window)):
                for key, part in self._parts(line, micros):
                    sums[key][p] += part
        if self.by == "none" and not sums:
            sums[ALL, NO_SPLIT] = [0] * (len(edges) - 1)
        for (service, split), amounts in sums.items():
            for p, micros in enumerate(amounts):
                length = int(edges[p + 1] - edges[p])
                yield Row(p, service, split, micros / MICRO * (self.per / length if self.per else 1.0))

    def _parts(self, line: Account, micros: int) -> Iterator[tuple[tuple[str, str], int]]:
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
    return Ledger(window, items, asked.option("by", "none", "service", "payer", "kind"), asked.per(window))
