"""Durations that patients lived through, and what their distributions say of them: compiled, one pass for all."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from flowsim.system.spec import BY_DESTINATION, BY_ORIGIN

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

NEVER = -1


class Wanted(NamedTuple):
    """Which durations are compared, by a number of their own.

    Attributes:
        number: of the duration that each step of each service is, (services, steps), NEVER for none; visits as a
            whole are in the first column.
        latest: of each, the tick up to which those begun count, if they are over; NEVER where all do.
        level_before: of each that has one curve for all, the tick up to which those begun have times so long that the
            curve rises no more; before any tick for others.
        drawn: of each, the code drawn by the place gone to (the last for none), below 0 where that is not known.
        by_place: of each, whether that code matters.
        once: whether a visit's first alone counts.
    """

    number: Ints
    latest: Ints
    level_before: Ints
    drawn: Ints
    by_place: Flags
    once: bool


class Tables(NamedTuple):
    """Which distributions durations have: each has parts, and a part a table of curves and perhaps one of shares.

    Attributes:
        parts: of each duration the first part (and one more for the end).
        keys: of each part's table of curves, then of its table of shares, where what it is by begins; and the end.
        by: what tables are by.
        sizes: how many of each there are.
        below: what a level of each attribute counts in a visit's code of attributes.
        by_period: of each table, whether each period has rows of its own.
        periods: their starts.
        curve: of each row of the tables of curves, one after the other.
        first_curve: where those of each part begin.
        share: of those who have the step, of each row of the tables of shares.
        first_share: where those of each part begin; NEVER where all have the step.
    """

    parts: Ints
    keys: Ints
    by: Ints
    sizes: Ints
    below: Ints
    by_period: Flags
    periods: Ints
    curve: Ints
    first_curve: Ints
    share: Floats
    first_share: Ints


class Curves(NamedTuple):
    """What distributions say of times cut off.

    Attributes:
        begins: of each curve (and one more for the end).
        grid: times from 0, rising.
        mean: cut off at each time.
        rise: of that a minute, up to the next time; 0 at the last.
        square: mean square cut off at each time.
        square_rise: the same of that.
    """

    begins: Ints
    grid: Floats
    mean: Floats
    rise: Floats
    square: Floats
    square_rise: Floats


@njit(cache=True, nogil=True)
def lived(
    wanted: Wanted,
    tables: Tables,
    asked: Curves,
    rows: tuple[Codes, Codes, Codes, Ints, Ints],
    visits: tuple[Codes, Codes, Codes, Ints, Codes, Flags],
    end: int,
    minute: float,
) -> tuple[Ints, Ints, Floats]:
    """Add up durations, but for those of people placed at the start, and what their distributions say of them.

    Args:
        wanted: durations.
        tables: which distributions they have.
        asked: what those say.
        rows: service, step and visit (both empty where rows are visits), start and end of each.
        visits: the same patient's next one, service, destination, attributes and origin of each, and whether it is of
            somebody placed at the start.
        end: of the run; one that goes on has got as far as that.
        minute: ticks in one.

    Returns:
        How many there are of each duration; their ticks; and, by curve, the sums of the means and variances of its part
        in them, each cut off at the run's end [min].
    """
    number, latest, level_before, drawn_by, by_place, once = wanted
    service, step, of_visit, started, ended = rows
    following, place, destination, attributes, origin, is_placed = visits
    parts, keys, by, sizes, below, by_period, periods, curves, first_curve, shares, first_share = tables
    begins, grid, means, rises, squares, square_rises = asked
    count, ticks = np.zeros(latest.size, np.int64), np.zeros(latest.size, np.int64)
    sums, hint, n_level = np.zeros((begins.size - 1, 2)), begins[:-1].copy(), np.zeros(latest.size, np.int64)
    met, period = np.zeros(is_placed.size if once else 0, np.bool_), 0
    for row in range(service.size):
        which, since = number[service[row], step[row] if step.size else 0], started[row]
        mine = of_visit[row] if of_visit.size else row
        if which < 0 or since == NEVER or (once and met[mine]):
            continue
        if once:
            met[mine] = True
        is_over = ended[row] != NEVER
        if is_placed[mine] or (latest[which] != NEVER and not (is_over and since <= latest[which])):
            continue
        drawn = _drawn(drawn_by[which], place, following[mine], destination[mine]) if by_place[which] else 0
        if drawn < 0:
            continue
        count[which] += 1
        ticks[which] += (ended[row] if is_over else end) - since
        if since <= level_before[which]:
            n_level[which] += 1
            continue
        period, x = _period_of(periods, since, period), (end - since) / minute
        who = drawn, int(origin[mine]), int(attributes[mine])
        for p in range(parts[which], parts[which + 1]):
            first = period if by_period[2 * p] else 0
            curve, has = curves[first_curve[p] + _row(by, sizes, below, keys, 2 * p, who, first)], 1.0
            if first_share[p] != NEVER:
                first = period if by_period[2 * p + 1] else 0
                has = shares[first_share[p] + _row(by, sizes, below, keys, 2 * p + 1, who, first)]
            at = _before(grid, begins[curve], begins[curve + 1] - 1, x, hint[curve])
            hint[curve], along = at, x - grid[at]
            one, two = has * (rises[at] * along + means[at]), has * (square_rises[at] * along + squares[at])
            sums[curve, 0] += one
            sums[curve, 1] += max(two - one * one, 0.0)
    for which in range(n_level.size):
        if n_level[which]:
            curve = curves[first_curve[parts[which]]]
            last = begins[curve + 1] - 1
            sums[curve, 0] += n_level[which] * means[last]
            sums[curve, 1] += n_level[which] * max(squares[last] - means[last] * means[last], 0.0)
    return count, ticks, sums


@njit(cache=True, nogil=True)
def _drawn(drawn_by: Ints, place: Codes, after: int, destination: int) -> int:
    """Return the code drawn by somebody who went to a next visit, or else to a destination (NEVER for none)."""
    return int(drawn_by[place[after] if after != NEVER else destination])


@njit(cache=True, nogil=True)
def _row(by: Ints, sizes: Ints, below: Ints, keys: Ints, table: int, who: tuple[int, int, int], first: int) -> int:
    """Return the row of a table, as ``Table.index`` does.

    Args:
        by: see ``Tables``.
        sizes: the same.
        below: the same.
        keys: the same.
        table: which.
        who: the code drawn, the service come from and the code of attributes.
        first: the period, 0 where all share the rows.
    """
    drawn, origin, attributes = who
    for k in range(keys[table], keys[table + 1]):
        if by[k] == BY_DESTINATION:
            code = drawn
        elif by[k] == BY_ORIGIN:
            code = origin
        else:
            code = attributes // below[k] % sizes[k]
        first = first * sizes[k] + code
    return first


@njit(cache=True, nogil=True)
def _period_of(periods: Ints, tick: int, near: int) -> int:
    """Return the period a tick is in, the first for those before; it is looked for from one that is near."""
    while near > 0 and periods[near] > tick:
        near -= 1
    while near + 1 < periods.size and periods[near + 1] <= tick:
        near += 1
    return near


@njit(cache=True, nogil=True)
def _before(grid: Floats, low: int, high: int, x: float, near: int) -> int:
    """Return the last place of a part of a rising grid that is not above x; it is looked for from one that is near."""
    while near < high and grid[near + 1] <= x:
        near += 1
    while near > low and grid[near] > x:
        near -= 1
    return near
