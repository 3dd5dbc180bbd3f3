"""Exact sums over intervals of time, in whole ticks: areas under step functions, levels at ticks, unions."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from flowsim.trajectory import Ints

Floats = npt.NDArray[np.float64]


def areas(keys: Ints, n_keys: int, start: Ints, stop: Ints, weight: Ints, edges: Ints) -> Ints:
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
    gathered = _gathered(keys, n_keys, start, weight, edges) - _gathered(keys, n_keys, stop, weight, edges)
    return np.asarray(np.diff(gathered, axis=1))


def _gathered(keys: Ints, n_keys: int, at: Ints, weight: Ints, edges: Ints) -> Ints:
    """Return the sum of weight x max(0, edge - at), by key and edge."""
    n_edges = len(edges)
    first = np.searchsorted(edges, at)
    use = first < n_edges
    cell = keys[use] * n_edges + first[use]
    count = np.zeros(n_keys * n_edges, dtype=np.int64)
    moment = np.zeros(n_keys * n_edges, dtype=np.int64)
    np.add.at(count, cell, weight[use])
    np.add.at(moment, cell, weight[use] * at[use])
    shape = (n_keys, n_edges)
    return np.asarray(edges * count.reshape(shape).cumsum(axis=1) - moment.reshape(shape).cumsum(axis=1))


def levels_at(keys: Ints, n_keys: int, start: Ints, stop: Ints, weight: Ints, ticks: Ints) -> Ints:
    """Return the number of intervals open at each of some rising ticks, by key: ``start <= tick < stop``."""
    n_ticks = len(ticks)
    change = np.zeros(n_keys * (n_ticks + 1), dtype=np.int64)
    for at, sign in ((start, 1), (stop, -1)):
        np.add.at(change, keys * (n_ticks + 1) + np.searchsorted(ticks, at), sign * weight)
    return np.asarray(change.reshape(n_keys, n_ticks + 1).cumsum(axis=1)[:, :n_ticks])


def steps(start: Ints, stop: Ints, weight: Ints, begin: int, end: int) -> tuple[Ints, Ints]:
    """Return the number of intervals open as a step function of time.

    Returns:
        Ticks, the first ``begin``, and the level from each until the next (or ``end``).
    """
    here = (stop > begin) & (start < end) & (stop > start)
    begins, ends = np.maximum(start[here], begin), stop[here]
    over = ends < end
    ticks = np.concatenate([[begin], begins, ends[over]]).astype(np.int64)
    change = np.concatenate([[0], weight[here], -weight[here][over]]).astype(np.int64)
    order = np.argsort(ticks, kind="stable")
    ticks, level = ticks[order], np.cumsum(change[order])
    last = np.append(ticks[1:] != ticks[:-1], True)
    return ticks[last], level[last]


def time_at_levels(ticks: Ints, level: Ints, end: int) -> tuple[Ints, Ints]:
    """Return the levels of a step function, rising, and the ticks spent at each."""
    spent = np.diff(np.append(ticks, end))
    values, inverse = np.unique(level, return_inverse=True)
    total = np.zeros(len(values), dtype=np.int64)
    np.add.at(total, inverse, spent)
    return values, total


def level_quantile(ticks: Ints, level: Ints, end: int, share: float) -> float:
    """Return the smallest level not exceeded for ``share`` of the time."""
    values, spent = time_at_levels(ticks, level, end)
    if spent.sum() == 0:
        return float("nan")
    return float(values[np.searchsorted(np.cumsum(spent), share * spent.sum())])


def union(group: Ints, start: Ints, stop: Ints) -> tuple[Ints, Ints, Ints]:
    """Return the stretches covered by at least one interval of each group: group, start, stop."""
    if len(group) == 0:
        return group, start, stop
    order = np.lexsort((start, group))
    _, rank = np.unique(group[order], return_inverse=True)
    group, start, stop = group[order], start[order], stop[order]
    # Ranks of ends are small numbers; groups are kept apart by an offset no end can bridge.
    ends, end_rank = np.unique(stop, return_inverse=True)
    reach = np.maximum.accumulate(rank * len(ends) + end_rank)
    is_new = np.ones(len(group), dtype=bool)
    same_group = rank[1:] == rank[:-1]
    is_new[1:] = ~(same_group & (start[1:] <= ends[reach - rank * len(ends)][:-1]))
    heads = np.flatnonzero(is_new)
    tails = np.append(heads[1:], len(group)) - 1
    furthest = ends[reach[tails] - rank[tails] * len(ends)]
    return group[heads], start[heads], furthest


def quantiles(values: Floats, shares: tuple[float, ...]) -> list[float]:
    """Return percentiles of values, NaN where there are none."""
    if len(values) == 0:
        return [float("nan")] * len(shares)
    return [float(q) for q in np.quantile(values, shares)]
