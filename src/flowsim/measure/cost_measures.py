"""Costs as measures: in all, by service, by payer, by kind of activity."""

from __future__ import annotations

import weakref
from dataclasses import dataclass

import numpy as np

from flowsim.measure.cost import priced
from flowsim.measure.cost_book import MICRO, book_of
from flowsim.measure.facts import ALL, NO_SPLIT, Facts, Labels, Series
from flowsim.measure.frames import Window
from flowsim.measure.periods import Periods
from flowsim.measure.registry import Asked, measure_kind
from flowsim.system.once import once_a_system
from flowsim.system.spec import SystemSpec
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
        labels, rows, label = _labelled(self.window.spec, self.by, self.items)
        book = priced(self.window, periods)
        sums = np.zeros((len(labels), len(periods)), dtype=np.int64)
        np.add.at(sums, label, (book.parts if self.by == "payer" else book.micros)[rows])
        scale = self.per / periods.lengths if self.per else np.ones(len(periods))
        return Series(labels, sums / MICRO * scale)


@once_a_system
def _labelled(spec: SystemSpec, by: str, items: frozenset[str]) -> tuple[Labels, Ints, Ints]:
    """Return the labels of a ledger, which lines (or payers' parts of lines) it has, and the label of each of these."""
    book = book_of(spec)
    lines = [book.accounts[of] for of in book.parts.of.tolist()] if by == "payer" else book.accounts
    number: dict[tuple[str, str], int] = {(ALL, NO_SPLIT): 0} if by == "none" else {}
    rows, label = [], []
    for row, line in enumerate(lines):
        if not items or line.item in items:
            split = line.kind if by == "kind" else book.parts.payers[row] if by == "payer" else NO_SPLIT
            rows.append(row)
            label.append(number.setdefault((line.item if by == "service" else ALL, split), len(number)))
    return tuple(number), np.array(rows, dtype=np.int64), np.array(label, dtype=np.int64)


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
