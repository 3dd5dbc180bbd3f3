"""Stretches of time added up where visits and delays lie: compiled, one pass each, with nothing copied."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from flowsim.measure.jit import compiled
from flowsim.measure.loops import before, edges_a_tick, index, integrals
from flowsim.measure.visit_loops import Slices

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]
Keys = npt.NDArray[Any]
"""Small whole numbers; below 0 for what is left out."""
Who = tuple[Codes, Keys]
"""A code of each visit, and by code the key, below 0 for those left out; empty where all have key 0."""
Spans = tuple[Flags, Ints, Flags, Ints, Ints, Codes]
"""By visit whether it has a stretch, when that begins, whether it ends sooner than the visit and then when, when the
visit was left, and how much it counts (empty where all count once)."""

NEVER = -1
FAR = 1 << 62


@compiled
def stretches(slices: Slices, spans: Spans, service: Codes, least: int) -> tuple[Codes, Codes, Ints, Ints, Codes]:
    """Return service, row, start, stop and weight of stretches, in the order of the rows.

    Args:
        slices: rows of visits.
        spans: see ``Spans``.
        service: of each visit.
        least: how many ticks a stretch has at least.
    """
    (rows, first, last), (flag, start, is_sooner, sooner, left, weight) = slices, spans
    n = (last - first).sum()
    where, whose, by = np.empty(n, np.int32), np.empty(n, np.int32), np.empty(n, np.int32)
    since, until, at = np.empty(n, np.int64), np.empty(n, np.int64), 0
    for k in range(first.size):
        for i in range(first[k], last[k]):
            row = index(rows[i])
            if not flag[row]:
                continue
            stop = left[row] if left[row] != NEVER else FAR
            if is_sooner.size and is_sooner[row]:
                stop = min(sooner[row], stop)
            where[at], whose[at], by[at] = service[row], row, weight[row] if weight.size else 1
            since[at], until[at] = start[row], stop
            at += stop - start[row] >= least
    # Most visits have one: what is left over is not worth a copy of the rest.
    return where[:at], whose[:at], since[:at], until[:at], by[:at]


@compiled
def _changes(slices: Slices, spans: Spans, who: Who, n_keys: int, edges: Ints) -> tuple[Ints, Ints]:
    """Return how many more stretches are open from each edge on, and the sum of the ticks since when."""
    (rows, first, last), (flag, start, is_sooner, sooner, left, weight), (code, key_by_code) = slices, spans, who
    n, end, at, rate = edges.size, edges[edges.size - 1], 0, edges_a_tick(edges)
    count, moment = np.zeros((first.size * n_keys, n + 1), np.int64), np.zeros((first.size * n_keys, n + 1), np.int64)
    for k in range(first.size):
        for i in range(first[k], last[k]):
            row = index(rows[i])
            begin, stop = start[row], left[row] if left[row] != NEVER else FAR
            if is_sooner.size and is_sooner[row]:
                stop = min(sooner[row], stop)
            if not flag[row] or stop <= edges[0] or begin > end or stop <= begin:
                continue
            whose = np.int64(key_by_code[code[row]]) if key_by_code.size else np.int64(0)
            if whose < 0:
                continue
            key, by = k * n_keys + whose, np.int64(weight[row]) if weight.size else np.int64(1)
            at = before(edges, begin, at)
            if stop <= edges[at]:
                # Over before the next edge, as most are.
                moment[key, at] -= by * (stop - begin)
                continue
            count[key, at] += by
            moment[key, at] += by * begin
            if stop <= end:
                after = before(edges, stop, min(at + int((stop - edges[at]) * rate), n))
                count[key, after] -= by
                moment[key, after] -= by * stop
    return count, moment


@compiled
def spent(slices: Slices, spans: Spans, who: Who, n_keys: int, edges: Ints) -> Ints:
    """Return the integral over each period of the number open: (slices x keys, periods).

    Args:
        slices: rows of visits.
        spans: see ``Spans``.
        who: see ``Who``.
        n_keys: how many.
        edges: ticks between periods, rising.
    """
    return integrals(*_changes(slices, spans, who, n_keys, edges), edges)


@compiled
def open_at(slices: Slices, spans: Spans, who: Who, ticks: Ints) -> Ints:
    """Return the number open at each of some rising ticks, ``start <= tick < stop``: (slices, ticks).

    Keys of visits are 0, or below for those left out.
    """
    if not ticks.size:
        return np.zeros((slices[1].size, 0), np.int64)
    level, _ = _changes(slices, spans, who, 1, ticks)
    for key in range(level.shape[0]):
        for p in range(1, ticks.size):
            level[key, p] += level[key, p - 1]
    return level[:, : ticks.size].copy()


@compiled
def delayed(episodes: tuple[Codes, Ints, Ints, Ints], key_by_kind: Ints, who: Who, n_keys: int, edges: Ints) -> Ints:
    """Return the integral over each period of the number of delays open: (keys, periods).

    Args:
        episodes: of each a kind, its visit, when it begins, and when it ends (NEVER while it goes on).
        key_by_kind: below 0 for those left out.
        who: of visits, see ``Who``; its key is added.
        n_keys: how many.
        edges: ticks between periods, rising.
    """
    (kind, visit, start, until), (code, key_by_code) = episodes, who
    n, end, at = edges.size, edges[edges.size - 1], 0
    count, moment = np.zeros((n_keys, n + 1), np.int64), np.zeros((n_keys, n + 1), np.int64)
    for i in range(kind.size):
        key, begin, stop = key_by_kind[kind[i]], start[i], until[i] if until[i] != NEVER else FAR
        if key < 0 or stop <= edges[0] or begin >= end:
            continue
        whose = np.int64(key_by_code[code[visit[i]]]) if key_by_code.size else np.int64(0)
        if whose < 0:
            continue
        at = before(edges, begin, at)
        count[key + whose, at] += 1
        moment[key + whose, at] += begin
        if stop <= end:
            after = before(edges, stop, at)
            count[key + whose, after] -= 1
            moment[key + whose, after] -= stop
    return integrals(count, moment, edges)


@compiled
def blocked(
    held: Codes, previous: Codes, ticks: tuple[Ints, Ints, Ints, Ints], has_started: Flags
) -> tuple[Codes, Ints, Ints]:
    """Return row, start and stop of the time visits keep a space only because the next has not begun.

    Args:
        held: by visit, the service whose space is kept while it waits; NEVER if none. The space is that of the
            same patient's last visit before that took one.
        previous: by visit, the same patient's visit before.
        ticks: queued, moved, started, left.
        has_started: by visit.
    """
    queued, moved, started, left = ticks
    n = (held != NEVER).sum()
    rows, since, until, at = np.empty(n, np.int32), np.empty(n, np.int64), np.empty(n, np.int64), 0
    for row in range(held.size):
        if held[row] == NEVER:
            continue
        waits_until = started[row] if has_started[row] else left[row] if left[row] != NEVER else FAR
        stop = min(waits_until, moved[row] if moved[row] != NEVER else FAR)
        if stop <= queued[row]:
            # Most go on at once.
            continue
        holder = previous[row]
        while holder != NEVER and not has_started[holder]:
            holder = previous[holder]
        if holder == NEVER:
            continue
        stop = min(stop, left[holder] if left[holder] != NEVER else FAR)
        rows[at], since[at], until[at] = holder, queued[row], stop
        at += stop > queued[row]
    return rows[:at].copy(), since[:at].copy(), until[:at].copy()


@compiled
def either(
    episodes: tuple[Codes, Ints, Ints], others: tuple[Codes, Ints, Ints], n_visits: int
) -> tuple[Codes, Ints, Ints]:
    """Return row, start and stop of the time covered by episodes of visits or by other stretches, or by both.

    Args:
        episodes: visit, start and stop (NEVER while it goes on) of each; those of one visit do not overlap.
        others: the same of the others,.
        n_visits: how many visits there are.
    """
    (visit, start, until), (rows, since, stop) = episodes, others
    n, n_groups, at, m = visit.size + rows.size, 0, 0, 0
    group, named = np.full(n_visits, NEVER, np.int32), np.empty(rows.size, np.int32)
    for i in range(rows.size):
        if group[rows[i]] == NEVER:
            group[rows[i]], named[n_groups] = n_groups, rows[i]
            n_groups += 1
    whose, begins, ends = np.empty(n, np.int32), np.empty(n, np.int64), np.empty(n, np.int64)
    mine, first, last = np.empty(n, np.int32), np.empty(n, np.int64), np.empty(n, np.int64)
    for i in range(visit.size):
        g, stops = group[visit[i]], until[i] if until[i] != NEVER else FAR
        if g == NEVER:
            whose[at], begins[at], ends[at] = visit[i], start[i], stops
            at += 1
        else:
            mine[m], first[m], last[m] = g, start[i], stops
            m += 1
    for i in range(rows.size):
        mine[m], first[m], last[m] = group[rows[i]], since[i], stop[i]
        m += 1
    both = united(mine[:m], first[:m], last[:m])
    for i in range(both[0].size):
        whose[at], begins[at], ends[at] = named[both[0][i]], both[1][i], both[2][i]
        at += 1
    return whose[:at].copy(), begins[:at].copy(), ends[:at].copy()


@compiled
def united(group: Codes, start: Ints, stop: Ints) -> tuple[Codes, Ints, Ints]:
    """Return the stretches covered by at least one interval of each group, by group and start.

    Args:
        group: of each interval, from 0; most have few.
        start: of each interval.
        stop: of each interval.
    """
    n, n_groups = group.size, 0
    for i in range(n):
        n_groups = max(n_groups, group[i] + 1)
    place = np.zeros(n_groups + 1, np.int32)
    for i in range(n):
        place[group[i] + 1] += 1
    for g in range(n_groups):
        place[g + 1] += place[g]
    since, until = np.empty(n, np.int64), np.empty(n, np.int64)
    for i in range(n):
        since[place[group[i]]], until[place[group[i]]] = start[i], stop[i]
        place[group[i]] += 1
    whose, at, first = np.empty(n, np.int32), 0, 0
    for g in range(n_groups):
        # By now each group's place is where it ends, and what is united is never longer than what has been read.
        last = place[g]
        for i in range(first + 1, last):
            a, z, j = since[i], until[i], i
            while j > first and since[j - 1] > a:
                since[j], until[j] = since[j - 1], until[j - 1]
                j -= 1
            since[j], until[j] = a, z
        begins = at
        for i in range(first, last):
            if at > begins and since[i] <= until[at - 1]:
                until[at - 1] = max(until[at - 1], until[i])
            else:
                whose[at], since[at], until[at] = g, since[i], until[i]
                at += 1
        first = last
    return whose[:at].copy(), since[:at].copy(), until[:at].copy()


@compiled
def long_stays(
    rows: Codes, heads: Codes, where: tuple[Codes, Ints, int], stays: tuple[Ints, Ints, Flags], limit: int, ticks: Ints
) -> Ints:
    """Return how many visits are there at each of some rising ticks that belong to a stay of a limit or longer by then.

    Args:
        rows: of visits.
        heads: row of the visit with which the stay of each began.
        where: service by visit, position by service, and how many positions there are.
        stays: when visits started and were left, and whether they started.
        limit: ticks since the stay began.
        ticks: rising.
    """
    (service, position, n_services), (started, left, has_started) = where, stays
    level = np.zeros((n_services, ticks.size + 1), np.int64)
    if not ticks.size:
        return level[:, :0].copy()
    at, rate = 0, edges_a_tick(ticks)
    for i in range(rows.size):
        row, head = rows[i], heads[i]
        if has_started[row] and has_started[head]:
            until = left[row] if left[row] != NEVER else FAR
            since = min(max(started[head] + limit, started[row]), until)
            s = position[service[row]]
            at = before(ticks, since, at)
            level[s, at] += 1
            if at < ticks.size:
                # Stays may be long.
                at_end = min(at + int((min(until, ticks[ticks.size - 1]) - ticks[at]) * rate), ticks.size)
                level[s, before(ticks, until, max(at_end, at))] -= 1
    for s in range(n_services):
        for p in range(1, ticks.size):
            level[s, p] += level[s, p - 1]
    return level[:, : ticks.size].copy()
