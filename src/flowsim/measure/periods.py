"""The periods a measure is told of: each some of the shorter periods of one grid, for which it is found once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from flowsim.measure import period_loops
from flowsim.measure.sorting import whole
from flowsim.trajectory import Ints

Found = TypeVar("Found")
Floats = npt.NDArray[np.float64]

Count = Callable[[Ints], Ints]
"""Whole sums, the last axis by period of the edges given."""


@dataclass(frozen=True)
class Periods:
    """Periods, and the grid that all of them fit into.

    Attributes:
        edges: ticks between the periods of the grid, rising.
        first, last: where in ``edges`` each period begins and ends.
    """

    edges: Ints
    first: Ints
    last: Ints

    @classmethod
    def of(cls, *series: Ints) -> Periods:
        """Return the periods between the ticks of several series, one series after the other."""
        edges = np.unique(np.concatenate(series))
        at = [np.searchsorted(edges, ticks) for ticks in series]
        return cls(edges, np.concatenate([a[:-1] for a in at]), np.concatenate([a[1:] for a in at]))

    def __len__(self) -> int:
        return len(self.first)

    @cached_property
    def key(self) -> bytes:
        """What tells the grid from others."""
        return self.edges.tobytes()

    @cached_property
    def told(self) -> tuple[bytes, bytes, bytes]:
        """What tells the periods from others."""
        return self.key, self.first.tobytes(), self.last.tobytes()

    @cached_property
    def lengths(self) -> Floats:
        """Ticks in each period."""
        return (self.edges[self.last] - self.edges[self.first]).astype(np.float64)

    @cached_property
    def longer(self) -> list[tuple[int, slice]]:
        """The periods that are several of the grid, and which."""
        long = np.flatnonzero(self.last - self.first != 1).tolist()
        return [(p, slice(int(self.first[p]), int(self.last[p]))) for p in long]

    def summed(self, table: Ints) -> Ints:
        """Return whole sums by period, the last axis, from those by period of the grid."""
        found = period_loops.summed(_cube(table), self.first, self.last, False)
        return found.reshape(*table.shape[:-1], len(self))

    def with_all(self, table: Ints) -> Ints:
        """Return the same by service, the first axis, and below them those of all services together."""
        found = period_loops.summed(_cube(table), self.first, self.last, True)
        return found.reshape(len(table) + 1, *table.shape[1:-1], len(self))

    def shares(self, part: Ints, whole: Ints, unit: float = 1.0) -> Floats:
        """Return sums over a unit and over the sums of a table without splits; NaN where that is nothing.

        By service and for all services together, as ``with_all``.
        """
        found = period_loops.shares(_cube(part), _cube(whole), unit, self.first, self.last)
        return found.reshape(len(part) + 1, *part.shape[1:-1], len(self))

    def over(self, table: Ints, base: Floats, scale: float = 1.0) -> Floats:
        """Return sums, as ``with_all``, over something by period and times a scale; NaN where that is 0."""
        found = period_loops.over(_cube(table), base, scale, self.first, self.last)
        return found.reshape(len(table) + 1, *table.shape[1:-1], len(self))


def _cube(table: Ints) -> Ints:
    """Return a table of sums by cell of the grid, the last axis, by service and split."""
    return whole(table if table.ndim == 3 else table[..., None, :] if table.ndim == 2 else table[None, None])


def kept(find: Callable[[Ints], Found]) -> Callable[[Ints], Found]:
    """Return the same, found once for each grid it is asked for."""
    found: dict[bytes, Found] = {}

    def at(edges: Ints) -> Found:
        key = edges.tobytes()
        if key not in found:
            found[key] = find(edges)
        return found[key]

    return at
