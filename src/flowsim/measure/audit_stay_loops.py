"""Durations that patients lived through, and what their distributions say of them: compiled, one pass each."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from flowsim.system.spec import BY_DESTINATION, BY_ORIGIN

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

NEVER = -1


@njit(cache=True, nogil=True)
def first_of_visits(rows: Ints, visit: Codes, step: Codes, started: Ints, position: int, met: Flags) -> Ints:
    """Return for each visit the first of some rows that began a step, in the order of the rows.

    Args:
        rows: of staffed steps.
        visit: of each staffed step.
        step: of each.
        started: of each.
        position: of the step asked for.
        met: room for a flag a visit, none set; it is left so. Empty where no visit has two.
    """
    found, n = np.empty(rows.size, np.int64), 0
    for i in range(rows.size):
        row = rows[i]
        if step[row] == position and started[row] != NEVER and not (met.size and met[visit[row]]):
            found[n] = row
            n += 1
            if met.size:
                met[visit[row]] = True
    if met.size:
        for i in range(n):
            met[visit[found[i]]] = False
    return found[:n].copy()


@njit(cache=True, nogil=True)
def lived(
    rows: Ints,
    of_visit: Codes,
    started: Ints,
    ended: Ints,
    is_placed: Flags,
    limits: tuple[int, int],
    led: tuple[Codes, Codes, Codes, Ints],
) -> tuple[Ints, Ints, Ints, int]:
    """Find the durations that count: not those of people placed at the start.

    Args:
        rows: of visits or of staffed steps.
        of_visit: the visit of each staffed step; empty where rows are of visits.
        started: of every row.
        ended: of every row.
        is_placed: whether each visit is of somebody placed at the start.
        limits: the run's end, and the tick up to which durations begun count, if they are over; NEVER where all do.
        led: of every visit the patient's next one, its service and its destination; and the code drawn by place,
            below 0 where that is not known; empty where it is no matter.

    Returns:
        Visit, start and code drawn of each, and all their ticks; one that goes on has got as far as the end.
    """
    end, latest = limits
    following, service, destination, code = led
    visit, start, drawn = np.empty(rows.size, np.int64), np.empty(rows.size, np.int64), np.empty(rows.size, np.int64)
    n, ticks = 0, 0
    for row in rows:
        mine = of_visit[row] if of_visit.size else row
        if is_placed[mine] or started[row] == NEVER:
            continue
        if latest != NEVER and (ended[row] == NEVER or started[row] > latest):
            continue
        drawn[n] = NEVER
        if code.size:
            after = following[mine]
            drawn[n] = code[service[after] if after != NEVER else destination[mine]]
            if drawn[n] < 0:
                continue
        visit[n], start[n] = mine, started[row]
        ticks += (end if ended[row] == NEVER else ended[row]) - started[row]
        n += 1
    return visit[:n], start[:n], drawn[:n], ticks


@njit(cache=True, nogil=True)
def table_rows(
    by: Ints,
    sizes: Ints,
    below: Ints,
    periods: Ints,
    durations: tuple[Ints, Ints, Ints],
    attributes: Ints,
    origin: Codes,
) -> Ints:
    """Return the row of a table that holds for each duration: ``Table.index``.

    Args:
        by: what the table is by.
        sizes: of each.
        below: what a level of each attribute counts in a visit's code of attributes.
        periods: their starts; empty where all share the rows.
        durations: visit, start and code drawn of each.
        attributes: of every visit.
        origin: of every visit.
    """
    visit, start, drawn = durations
    found = np.zeros(visit.size, np.int64)
    if periods.size:
        for i in range(visit.size):
            while found[i] + 1 < periods.size and periods[found[i] + 1] <= start[i]:
                found[i] += 1
    for k in range(by.size):
        for i in range(visit.size):
            if by[k] == BY_DESTINATION:
                code = drawn[i]
            elif by[k] == BY_ORIGIN:
                code = np.int64(origin[visit[i]])
            else:
                code = attributes[visit[i]] // below[k] % sizes[k]
            found[i] = found[i] * sizes[k] + code
    return found


@njit(cache=True, nogil=True)
def expected(
    start: Ints, end: int, minute: float, curve: Ints, share: Floats, curves: tuple[Ints, Floats, Floats, Floats]
) -> tuple[float, float]:
    """Return the sums of the means and variances of a step's part in durations, each cut off at the run's end.

    Args:
        start: of each duration.
        end: of the run.
        minute: ticks in one.
        curve: of each duration; empty where there is one for all.
        share: of those who have the step, for each duration; empty where all have.
        curves: where each begins (one more for the end), times, rising from 0, and mean and mean square cut off at
            each, interpolated as ``np.interp`` does.
    """
    begins, grid, first, second = curves
    hint = begins[:-1].copy()
    mean, variance = 0.0, 0.0
    for i in range(start.size):
        k, x = curve[i] if curve.size else 0, (end - start[i]) / minute
        low, high, at = begins[k], begins[k + 1] - 1, hint[k]
        while at < high and grid[at + 1] <= x:
            at += 1
        while at > low and grid[at] > x:
            at -= 1
        hint[k] = at
        one, two = first[at], second[at]
        if at != high and grid[at] != x:
            width, along = grid[at + 1] - grid[at], x - grid[at]
            one = (first[at + 1] - first[at]) / width * along + first[at]
            two = (second[at + 1] - second[at]) / width * along + second[at]
        has = share[i] if share.size else 1.0
        mean += has * one
        variance += max(has * two - (has * one) * (has * one), 0.0)
    return mean, variance
