"""Exact sums over intervals of time, in whole ticks: areas under step functions, levels at ticks, unions."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from flowsim.measure import level_loops, loops
from flowsim.measure.sorting import Codes, codes, whole
from flowsim.trajectory import Ints

NOUGHT: Ints = np.zeros(1, dtype=np.int64)
NO_CODES: Codes = np.zeros(0, dtype=np.int32)
NO_KEYS = np.zeros(0, dtype=np.int8)


def areas(keys: Ints | Codes, n_keys: int, start: Ints, stop: Ints, weight: Ints | Codes, edges: Ints) -> Ints:
    """Return the integral over each period of the number of intervals open, by key [weight x ticks].

    Args:
        keys: of each interval, from 0 to ``n_keys`` - 1.
        n_keys: how many keys.
        start: of each interval [tick].
        stop: of each interval [tick].
        weight: of each interval.
        edges: ticks between periods, rising; period p is from edges[p] to edges[p + 1].

    Returns:
        (n_keys, periods), exact.
    """
    everything, keyed = (NOUGHT, np.array([len(start)])), (codes(keys), np.arange(n_keys, dtype=np.int32))
    stretches = NO_CODES, whole(start), whole(stop), codes(weight)
    return loops.area(everything, stretches, (NO_CODES, NO_KEYS), keyed, n_keys, whole(edges))


def places_in(grid: Ints, edges: Ints) -> Ints | None:
    """Return where in rising ticks some others are; None where not all of them are there."""
    return _places_in(whole(grid).tobytes(), whole(edges).tobytes())


@lru_cache(maxsize=256)
def _places_in(grid_bytes: bytes, edges_bytes: bytes) -> Ints | None:
    # Every measure asks for the same few.
    grid, edges = np.frombuffer(grid_bytes, dtype=np.int64), np.frombuffer(edges_bytes, dtype=np.int64)
    at = np.searchsorted(grid, edges)
    if at[-1] == len(grid) or not np.array_equal(grid[at], edges):
        return None
    return at


def together(table: Ints, at: Ints) -> Ints:
    """Return whole sums by period over longer ones: the last axis from each place to the next."""
    if len(at) == table.shape[-1] + 1:
        return table
    return np.asarray(np.add.reduceat(table[..., : at[-1]], at[:-1], axis=-1))


def counted(keys: Ints, n_keys: int, weight: Ints | Codes) -> Ints:
    """Return the sum of whole weights by key, exact."""
    return loops.counted(whole(keys), n_keys, whole(weight))


def levels_at(keys: Ints | Codes, n_keys: int, start: Ints, stop: Ints, weight: Ints | Codes, ticks: Ints) -> Ints:
    """Return the number of intervals open at each of some rising ticks, by key: ``start <= tick < stop``."""
    return loops.levels_at(codes(keys), n_keys, whole(start), whole(stop), codes(weight), whole(ticks))


def steps(start: Ints, stop: Ints, weight: Ints | Codes, begin: int, end: int) -> tuple[Ints, Ints]:
    """Return the number of intervals open as a step function of time.

    Returns:
        Ticks, the first ``begin``, and the level from each until the next (or ``end``).
    """
    return level_loops.steps(whole(start), whole(stop), codes(weight), begin, end)


def clipped(ticks: Ints, level: Ints, begin: int, end: int) -> tuple[Ints, Ints]:
    """Return the part of a step function from ``begin``, not before its first tick, to ``end``."""
    first = int(np.searchsorted(ticks, begin, side="right")) - 1
    stop = max(int(np.searchsorted(ticks, end)), first + 1)
    ticks = ticks[first:stop].copy()
    ticks[0] = begin
    return ticks, level[first:stop]


def difference(first: tuple[Ints, Ints], second: tuple[Ints, Ints]) -> tuple[Ints, Ints]:
    """Return the first step function less the second; both begin at the same tick."""
    return loops.less(*first, *second)
