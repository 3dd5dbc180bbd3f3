"""Stretches of time, each of a visit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from flowsim.measure.sorting import Codes, codes, stable_order, whole
from flowsim.trajectory import Ints

Flags = npt.NDArray[np.bool_]
NO_FLAGS: Flags = np.zeros(0, dtype=bool)

FAR = 2**62
"""A tick after any run; where a thing has not happened yet."""


@dataclass(frozen=True, slots=True)
class Intervals:
    """Stretches of time, each of a visit: ``weight`` units from ``start`` to ``stop``.

    Attributes:
        service: index of the service they count for.
        row: row of Visits they belong to.
        start, stop: ticks.
        weight: how much each counts.
    """

    service: Codes
    row: Codes
    start: Ints
    stop: Ints
    weight: Codes

    @property
    def columns(self) -> tuple[Codes, Ints, Ints, Codes]:
        """Row, start, stop and weight, as compiled loops take them."""
        return self.row, self.start, self.stop, self.weight

    def where(self, keep: Flags) -> Intervals:
        """Return the stretches kept."""
        return self.take(np.flatnonzero(keep))

    def take(self, places: Ints | slice) -> Intervals:
        """Return the stretches at some places."""
        return Intervals(
            self.service[places], self.row[places], self.start[places], self.stop[places], self.weight[places]
        )

    def plain(self) -> Intervals:
        """Return the same stretches, each counting once (patients rather than spaces)."""
        return Intervals(self.service, self.row, self.start, self.stop, np.ones_like(self.weight))


def intervals(service: Ints | Codes, row: Ints | Codes, start: Ints, stop: Ints, weight: Ints | Codes) -> Intervals:
    """Return stretches of time, their codes and weights as compiled loops take them."""
    return Intervals(codes(service), codes(row), start, stop, codes(weight))


EMPTY = intervals(*[np.zeros(0, dtype=np.int64)] * 5)


def joined(*parts: Intervals) -> Intervals:
    """Return all the stretches of several."""
    parts = tuple(p for p in parts if len(p.row)) or parts[:1]
    if len(parts) == 1:
        return parts[0]
    return Intervals(*(np.concatenate([getattr(p, name) for p in parts]) for name in Intervals.__slots__))


def ordered(stretches: Intervals, n_services: int) -> tuple[Intervals, Ints]:
    """Return the stretches service by service, in the order they come in, and where those of each begin."""
    if (stretches.service[1:] < stretches.service[:-1]).any():
        stretches = stretches.take(stable_order(whole(stretches.service)))
    return stretches, np.searchsorted(stretches.service, np.arange(n_services + 1))
