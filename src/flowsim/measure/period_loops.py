"""Whole sums by service, split and cell of a grid told by period and of all services together, compiled.

Tables are small and there are hundreds a replication: what matters is how few calls there are.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from flowsim.measure.jit import compiled

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@compiled
def summed(table: Ints, first: Ints, last: Ints, has_all: bool) -> Ints:
    """Return the sums of a table's cells from each first to before each last one.

    Args:
        table: (services, splits, cells).
        first: of each period.
        last: of each period.
        has_all: whether a last row is to have the sums of all services.
    """
    n, n_splits, _ = table.shape
    found = np.zeros((n + has_all, n_splits, first.size), np.int64)
    for service in range(n):
        for split in range(n_splits):
            for p in range(first.size):
                total = 0
                for cell in range(first[p], last[p]):
                    total += table[service, split, cell]
                found[service, split, p] = total
                if has_all:
                    found[n, split, p] += total
    return found


@compiled
def shares(part: Ints, whole: Ints, unit: float, first: Ints, last: Ints) -> Floats:
    """Return the sums of one table over a unit and over those of another, with all services; NaN where that is nothing.

    Args:
        part: (services, splits, cells).
        whole: (services, 1, cells).
        unit: sums of the first are divided by it.
        first: as for ``summed``.
        last: as for ``summed``.
    """
    parts, wholes = summed(part, first, last, True), summed(whole, first, last, True)
    found = np.full(parts.shape, np.nan)
    for service in range(parts.shape[0]):
        for split in range(parts.shape[1]):
            for p in range(first.size):
                if wholes[service, 0, p] > 0:
                    found[service, split, p] = parts[service, split, p] / unit / wholes[service, 0, p]
    return found


@compiled
def over(table: Ints, base: Floats, scale: float, first: Ints, last: Ints) -> Floats:
    """Return the sums of a table over something by period, times a scale, with all services; NaN where that is 0."""
    number = summed(table, first, last, True)
    found = np.full(number.shape, np.nan)
    for service in range(number.shape[0]):
        for split in range(number.shape[1]):
            for p in range(first.size):
                if base[p] > 0:
                    found[service, split, p] = scale * (number[service, split, p] / base[p])
    return found
