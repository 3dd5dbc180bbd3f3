"""What is done for every visit or stretch of time, compiled: sorting, placing, adding up, all in whole ticks."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from flowsim.measure.jit import compiled

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Keys = npt.NDArray[Any]
"""Small whole numbers; below 0 for what is left out."""

NEVER = -1


@compiled
def index(row: int) -> np.uint64:
    """Return a row, which is not below 0, as an index that need not be asked whether it counts from the end."""
    return np.uint64(row)


@compiled
def edges_a_tick(edges: Ints) -> float:
    """Return how many edges there are a tick, by which what is far is looked for."""
    span = edges[edges.size - 1] - edges[0]
    return (edges.size - 1) / span if span > 0 else 0.0


@compiled
def before(edges: Ints, tick: int, near: int) -> int:
    """Return how many rising edges are below a tick, looked for from a number that may be near it.

    What comes one after the other is mostly near in time: few steps are taken, and the machine foresees them.
    """
    while near > 0 and edges[near - 1] >= tick:
        near -= 1
    while near < edges.size and edges[near] < tick:
        near += 1
    return near


@compiled
def period_of(edges: Ints, tick: int, near: int) -> int:
    """Return the period that a tick between the first and the last edge is in, looked for from one near it."""
    while tick < edges[near]:
        near -= 1
    while tick >= edges[near + 1]:
        near += 1
    return near


@compiled
def edges_before(edges: Ints, ticks: Ints, further: int) -> Ints:
    """Return how many rising edges are below each tick + ``further``."""
    found = np.zeros(ticks.size, np.int64)
    if not edges.size:
        return found
    rate = edges_a_tick(edges)
    for i in range(ticks.size):
        tick = min(max(ticks[i] + further, edges[0]), edges[edges.size - 1])
        # Ticks are in no order.
        found[i] = before(edges, ticks[i] + further, int((tick - edges[0]) * rate))
    return found


@compiled
def counted(keys: Ints, n_keys: int, weight: Ints) -> Ints:
    """Return the sum of whole weights by key."""
    total = np.zeros(n_keys, np.int64)
    for i in range(keys.size):
        total[keys[i]] += weight[i]
    return total


@compiled
def area(
    slices: tuple[Ints, Ints],
    stretches: tuple[Codes, Ints, Ints, Codes],
    who: tuple[Codes, Keys],
    kind: tuple[Codes, Keys],
    n_keys: int,
    edges: Ints,
) -> Ints:
    """Return the integral over each period of the number of intervals open: (slices x keys, periods).

    Args:
        slices: where the intervals of each begin and end.
        stretches: row of the visit, start, stop and weight of each interval.
        who: a code of each visit, and the key of each code; below 0 for those left out. Empty: all have key 0.
        kind: the same of each interval; the two keys are added up.
        n_keys: how many.
        edges: ticks between periods, rising.
    """
    first, last = slices
    row, start, stop, weight = stretches
    (code, key_by_code), (sort, key_by_sort) = who, kind
    n, end, at = edges.size, edges[edges.size - 1], 0
    # Where intervals begin and end: how many more or fewer are open, and since when.
    count, moment = np.zeros((first.size * n_keys, n + 1), np.int64), np.zeros((first.size * n_keys, n + 1), np.int64)
    for k in range(first.size):
        for i in range(first[k], last[k]):
            whose = int(key_by_code[code[row[i]]]) if key_by_code.size else 0
            which = int(key_by_sort[sort[i]]) if key_by_sort.size else 0
            if whose >= 0 and which >= 0 and stop[i] > edges[0] and start[i] < end:
                key = k * n_keys + whose + which
                if n == 2:
                    moment[key, 1] -= weight[i] * (min(stop[i], end) - max(start[i], edges[0]))
                    continue
                at = before(edges, start[i], at)
                if stop[i] <= edges[at]:
                    # Over before the next edge.
                    moment[key, at] -= weight[i] * (stop[i] - start[i])
                    continue
                count[key, at] += weight[i]
                moment[key, at] += weight[i] * start[i]
                if stop[i] <= end:
                    after = before(edges, stop[i], at)
                    count[key, after] -= weight[i]
                    moment[key, after] -= weight[i] * stop[i]
    return integrals(count, moment, edges)


@compiled
def integrals(count: Ints, moment: Ints, edges: Ints) -> Ints:
    """Return the integral over each period, from changes and their moments before each edge: (keys, periods)."""
    found = np.empty((count.shape[0], edges.size - 1), np.int64)
    for key in range(count.shape[0]):
        # What has gathered by an edge: each interval begun before it, from its start to the edge.
        number, sum_of, so_far = 0, 0, 0
        for p in range(edges.size):
            number += count[key, p]
            sum_of += moment[key, p]
            gathered = edges[p] * number - sum_of
            if p:
                found[key, p - 1] = gathered - so_far
            so_far = gathered
    return found


@compiled
def levels_at(keys: Codes, n_keys: int, start: Ints, stop: Ints, weight: Codes, ticks: Ints) -> Ints:
    """Return the number of intervals open at each of some rising ticks: (keys, ticks)."""
    n = ticks.size
    level = np.zeros((n_keys, n + 1), np.int64)
    at = 0
    for i in range(keys.size if n else 0):
        at = before(ticks, start[i], at)
        level[keys[i], at] += weight[i]
        level[keys[i], before(ticks, stop[i], at)] -= weight[i]
    for key in range(n_keys):
        for p in range(1, n):
            level[key, p] += level[key, p - 1]
    return level[:, :n].copy()


@compiled
def less(ticks: Ints, level: Ints, others: Ints, lower: Ints) -> tuple[Ints, Ints]:
    """Return a step function less another, at the ticks of both; they begin at the same tick."""
    at, found = np.empty(ticks.size + others.size, np.int64), np.empty(ticks.size + others.size, np.int64)
    i, j, n = 0, 0, 0
    while i < ticks.size or j < others.size:
        is_first = j == others.size or (i < ticks.size and ticks[i] <= others[j])
        is_second = i == ticks.size or (j < others.size and others[j] <= ticks[i])
        at[n] = ticks[i] if is_first else others[j]
        i, j = i + is_first, j + is_second
        found[n] = level[i - 1] - lower[j - 1]
        n += 1
    return at[:n].copy(), found[:n].copy()


@compiled
def level_quantiles(ticks: Ints, level: Ints, begin: Ints, end: Ints, share: float) -> Floats:
    """Return the smallest level not exceeded for a share of each period.

    Args:
        ticks: of a step function, rising, the first no later than any period.
        level: from each tick to the next; the last goes on.
        begin: tick of each period's beginning.
        end: the same of its end.
        share: of the time.
    """
    found, lowest = np.empty(begin.size), level.min()
    spent = np.zeros(level.max() - lowest + 1, np.int64)
    for p in range(begin.size):
        spent[:] = 0
        at, since = np.searchsorted(ticks, begin[p], side="right") - 1, begin[p]
        while since < end[p]:
            until = min(ticks[at + 1], end[p]) if at + 1 < ticks.size else end[p]
            spent[level[at] - lowest] += until - since
            since = until
            at += 1
        found[p] = lowest + quantile(spent, share * (end[p] - begin[p]))
    return found


@compiled
def quantile(spent: Ints, time: float) -> int:
    """Return the first of rising values at which, with those below it, at least some time is spent."""
    gathered, at = spent[0], 0
    while gathered < time:
        at += 1
        gathered += spent[at]
    return at


@compiled
def sums(service: Ints, split: Ints, tick: Ints, value: Ints, edges: Ints, shape: tuple[int, int]) -> tuple[Ints, Ints]:
    """Return the number of moments and the sum of their values by service, split and period.

    Args:
        service: position of each moment's service.
        split: position of each moment's split; empty where there is one.
        tick: of each moment; those outside the edges are left out.
        value: of each moment.
        edges: ticks between periods, rising.
        shape: number of services and of splits.
    """
    n_services, n_splits = shape
    n_periods, first, last, p = edges.size - 1, edges[0], edges[edges.size - 1], 0
    number = np.zeros((n_services, n_splits, n_periods), np.int64)
    total = np.zeros((n_services, n_splits, n_periods), np.int64)
    for i in range(tick.size):
        if first <= tick[i] < last:
            s, k = service[i], split[i] if split.size else 0
            p = period_of(edges, tick[i], p)
            number[s, k, p] += 1
            total[s, k, p] += value[i]
    return number, total


@compiled
def tally(key: Ints, tick: Ints, edges: Ints, n_keys: int) -> Ints:
    """Return how many there are by key and period; those outside the edges are left out."""
    n_periods, first, last, p = edges.size - 1, edges[0], edges[edges.size - 1], 0
    number = np.zeros((n_keys, n_periods), np.int64)
    for i in range(tick.size):
        if first <= tick[i] < last:
            p = period_of(edges, tick[i], p)
            number[key[i], p] += 1
    return number
