"""Durations that patients lived through, and what their distributions say of them: compiled, one pass for all."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from flowsim.measure.jit import compiled
from flowsim.measure.loops import index
from flowsim.measure.visit_loops import Slices

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
        settled: of each in one part that all have, the tick up to which those begun have times so long that none of
            its curves rises any more; before any tick for others.
        way: of those, by which way their curve is found; see ``Tables``.
        first_row: of those, the first row of their table of curves.
        drawn: of each, the code drawn by the place gone to (the last for none), below 0 where that is not known.
        by_place: of each, whether that code matters.
        once: whether a visit's first alone counts.
    """

    number: Ints
    latest: Ints
    settled: Ints
    way: Ints
    first_row: Ints
    drawn: Ints
    by_place: Flags
    once: bool


class Tables(NamedTuple):
    """Which distributions durations have: each has parts, and a part a table of curves and perhaps one of shares.

    The row of a table is the sum of what is due to a visit's attributes, to the code drawn, to the service come from
    and to the period. What is due to attributes is found once for all visits with the same ones: in a *way*.

    Attributes:
        parts: of each duration the first part (and one more for the end).
        way: of each part's table of curves and table of shares, (parts, 2), by which way.
        by_drawn: of the same, rows from one code drawn to the next.
        by_origin: the same from one service come from to the next.
        by_period: the same from one period to the next.
        periods: their starts.
        curve: of each row of the tables of curves, one after the other.
        first_curve: where those of each part begin.
        share: of those who have the step, of each row of the tables of shares.
        first_share: where those of each part begin; NEVER where all have the step.
    """

    parts: Ints
    way: Ints
    by_drawn: Ints
    by_origin: Ints
    by_period: Ints
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


@compiled
def lived(
    wanted: Wanted,
    tables: Tables,
    asked: Curves,
    rows: tuple[Codes, Codes, Codes, Ints, Ints],
    slices: Slices,
    visits: tuple[Codes, Codes, Codes, Codes, Codes, Flags],
    due: Codes,
    end: int,
    minute: float,
) -> tuple[Ints, Ints, Floats]:
    """Add up durations, but for those of people placed at the start, and what their distributions say of them.

    Args:
        wanted: durations.
        tables: which distributions they have.
        asked: what those say.
        rows: service, step and visit (both empty where rows are visits), start and end of each.
        slices: which rows are looked at; where they are all looked at, as they come, no rows and one slice of all.
        visits: the same patient's next one, service, destination, code of attributes and origin of each, and whether it
            is of somebody placed at the start.
        due: by way and code of attributes, the row of a table due to them.
        end: of the run; one that goes on has got as far as that.
        minute: ticks in one.

    Returns:
        How many there are of each duration; their ticks; and, by curve, the sums of the means and variances of its part
        in them, each cut off at the run's end [min].
    """
    number, latest, settled, way, first_row, drawn_by, by_place, once = wanted
    service, step, of_visit, started, ended = rows
    following, place, destination, code, origin, is_placed = visits
    these, first, last = slices
    count, ticks = np.zeros(latest.size, np.int64), np.zeros(latest.size, np.int64)
    n_settled, hint = np.zeros(tables.curve.size, np.int64), asked.begins[:-1].copy()
    sums = np.zeros((hint.size, 2))
    met, period, periods = np.zeros(is_placed.size if once else 0, np.bool_), 0, tables.periods
    for s in range(first.size):
        for i in range(first[s], last[s]):
            row = index(these[i]) if these.size else index(i)
            since, wants = started[row], number[index(service[row]), index(step[row]) if step.size else index(0)]
            mine = index(of_visit[row]) if of_visit.size else row
            if wants < 0 or since == NEVER or is_placed[mine]:
                continue
            which, whose, is_over = index(wants), index(code[mine]), ended[row] != NEVER
            if since <= settled[which]:
                # Most are: what their curve says of them is no matter of when they began.
                count[which] += 1
                ticks[which] += (ended[row] if is_over else end) - since
                n_settled[index(first_row[which] + due[index(way[which]), whose])] += 1
                continue
            if once:
                if met[mine]:
                    continue
                met[mine] = True
            if latest[which] != NEVER and not (is_over and since <= latest[which]):
                continue
            drawn = _drawn(drawn_by[which], place, following[mine], destination[mine]) if by_place[which] else 0
            if drawn >= 0:
                count[which] += 1
                ticks[which] += (ended[row] if is_over else end) - since
                period = _period_of(periods, since, period)
                who = drawn, int(origin[mine]), period, int(whose)
                _add(sums, hint, which, (end - since) / minute, tables, asked, who, due)
    _add_settled(sums, n_settled, tables.curve, asked)
    return count, ticks, sums


@compiled
def _add(
    sums: Floats,
    hint: Ints,
    which: np.uint64,
    x: float,
    tables: Tables,
    asked: Curves,
    who: tuple[int, int, int, int],
    due: Codes,
) -> None:
    """Add what the parts of a duration say of a time of which there was so much to see.

    Args:
        sums: of means and variances by curve.
        hint: by curve, a place near the one looked for last.
        which: duration.
        x: minutes from its beginning to the end of the run.
        tables: which distributions it has.
        asked: what those say.
        who: the code drawn, the service come from, the period and the code of attributes.
        due: as for ``lived``.
    """
    begins, grid, means, rises, squares, square_rises = asked
    for p in range(tables.parts[which], tables.parts[which + index(1)]):
        curve, has = tables.curve[tables.first_curve[p] + _row(tables, p, 0, who, due)], 1.0
        if tables.first_share[p] != NEVER:
            has = tables.share[tables.first_share[p] + _row(tables, p, 1, who, due)]
        at = _before(grid, begins[curve], begins[curve + 1] - 1, x, hint[curve])
        hint[curve], along = at, x - grid[at]
        one, two = has * (rises[at] * along + means[at]), has * (square_rises[at] * along + squares[at])
        sums[curve, 0] += one
        sums[curve, 1] += max(two - one * one, 0.0)


@compiled
def _row(tables: Tables, part: int, of_shares: int, who: tuple[int, int, int, int], due: Codes) -> int:
    """Return the row of a part's table of curves, or of shares, as ``Table.index`` does."""
    drawn, origin, period, whose = who
    others = drawn * tables.by_drawn[part, of_shares] + origin * tables.by_origin[part, of_shares]
    return int(due[tables.way[part, of_shares], whose] + others + period * tables.by_period[part, of_shares])


@compiled
def _add_settled(sums: Floats, number: Ints, curves: Ints, asked: Curves) -> None:
    """Add what the last points of curves say, of so many durations by row of the tables of curves."""
    for row in range(curves.size):
        curve = curves[row]
        last = asked.begins[curve + 1] - 1
        mean, square = asked.mean[last], asked.square[last]
        sums[curve, 0] += number[row] * mean
        sums[curve, 1] += number[row] * max(square - mean * mean, 0.0)


@compiled
def _drawn(drawn_by: Ints, place: Codes, after: int, destination: int) -> int:
    """Return the code drawn by somebody who went to a next visit, or else to a destination (NEVER for none)."""
    return int(drawn_by[place[after] if after != NEVER else destination])


@compiled
def _period_of(periods: Ints, tick: int, near: int) -> int:
    """Return the period a tick is in, the first for those before; it is looked for from one that is near."""
    while near > 0 and periods[near] > tick:
        near -= 1
    while near + 1 < periods.size and periods[near + 1] <= tick:
        near += 1
    return near


@compiled
def _before(grid: Floats, low: int, high: int, x: float, near: int) -> int:
    """Return the last place of a part of a rising grid that is not above x; it is looked for from one that is near."""
    while near < high and grid[near + 1] <= x:
        near += 1
    while near > low and grid[near] > x:
        near -= 1
    return near
