"""What is done for every candidate and every patient, compiled."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from flowsim.draws.many import fill_uniforms
from flowsim.draws.quantiles import hazard_of
from flowsim.units import MINUTES_PER_DAY

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int16]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

BAND_BITS = 32
BLOCK = 1024
_FAR = 1 << 62
_PATIENTS = 256
"""Patients whose levels are found together: few enough for all they need to stay at hand."""
_MOVES = 20
"""Places a tick may move, on average, for that to be quicker than sorting."""


@njit(cache=True, nogil=True)
def poisson_points(
    key: tuple[int, int, int],
    purposes: tuple[int, int],
    ticks_per_minute: float,
    end: int,
    starts: Ints,
    rates: Floats,
    top: float,
    numbers: Ints,
    ticks: Ints,
) -> int:
    """Find the points whose level lies below the rate at their tick, band by band.

    The sum of gaps runs strictly from one point to the next, so that a longer run has the same points and more.

    Args:
        key: seed, replication and key of the stream.
        purposes: of gaps and levels.
        ticks_per_minute: of the clock.
        end: tick from which points do not happen.
        starts: ticks at which a new rate takes over; the first is 0.
        rates: patients per day from each.
        top: bands begin below this rate.
        numbers: set to the points' numbers.
        ticks: set to the points' ticks.

    Returns:
        How many there are; -1 where there may be no room for them and one block more.
    """
    seed, replication, stream = key
    position, gaps, levels = np.empty(BLOCK, np.int64), np.empty(BLOCK), np.empty(BLOCK)
    found, band, low, height = 0, 0, 0.0, 1.0
    while low < top:
        minutes, first, at, tick = 0.0, band << BAND_BITS, 0, 0
        next_start = starts[1] if starts.size > 1 else _FAR
        while tick < end:
            if found + BLOCK > numbers.size:
                return -1
            for i in range(BLOCK):
                position[i] = first + i
            fill_uniforms(seed, replication, stream, position, purposes[0], gaps)
            fill_uniforms(seed, replication, stream, position, purposes[1], levels)
            _to_hazards(gaps)
            for i in range(BLOCK):
                minutes += gaps[i] * (MINUTES_PER_DAY / height)
                tick = int(minutes * ticks_per_minute)  # rounded down, being positive
                if tick >= end:
                    break
                while next_start <= tick:
                    at += 1
                    next_start = starts[at + 1] if at + 1 < starts.size else _FAR
                # Written whether or not it counts: a branch that nobody can foresee costs more.
                numbers[found] = position[i]
                ticks[found] = tick
                found += low + height * levels[i] < rates[at]
            first += BLOCK
        low += height
        height = low
        band += 1
    return found


@njit(cache=True, nogil=True)
def _to_hazards(u: Floats) -> None:
    """Turn uniform numbers into unit exponentials, ``draws.quantiles.hazard_of`` each."""
    # Those below a half and the others apart, for the same reason.
    below, above, n_below, n_above = np.empty(u.size, np.int64), np.empty(u.size, np.int64), 0, 0
    for i in range(u.size):
        below[n_below], above[n_above] = i, i
        n_below += u[i] < 0.5
        n_above += u[i] >= 0.5
    for some in (below[:n_below], above[:n_above]):
        for i in some:
            u[i] = hazard_of(u[i], 1.0 - u[i])


@njit(cache=True, nogil=True)
def set_levels(
    key: tuple[int, int, int],
    number: Ints,
    period: Ints,
    said: Codes,
    mixes: tuple[Ints, Ints, Ints, Ints, Flags, Ints, Ints],
    cumulative: Floats,
    codes: Codes,
) -> None:
    """Set the attributes of every patient, one mix after the other: how many shares, added up, are below a keyed draw.

    Args:
        key: seed, replication and key of the stream.
        number: of each patient.
        period: of each patient; empty where no mix asks for it.
        said: levels that are not drawn, none where below 0, by patient and attribute; empty where all are drawn.
        mixes: of each the purpose, the attribute it sets, its number of levels, where its shares begin, whether they
            differ by period; and the attributes (below 0 for none) that decide the row, and their numbers of levels,
            (mixes, widest).
        cumulative: shares of all mixes, row by row.
        codes: set, (patients, attributes).
    """
    seed, replication, stream = key
    purposes, attributes, n_levels, first, is_by_period, by, sizes = mixes
    u, row = np.empty(_PATIENTS), np.empty(_PATIENTS, np.int64)
    level, drawn = np.empty((codes.shape[1], _PATIENTS), np.int64), np.empty(_PATIENTS, np.int64)
    for begin in range(0, number.size, _PATIENTS):
        n = min(_PATIENTS, number.size - begin)
        for a in range(codes.shape[1]):
            for i in range(n):
                level[a, i] = max(said[begin + i, a], 0) if said.size else 0
        for m in range(purposes.size):
            fill_uniforms(seed, replication, stream, number[begin : begin + n], purposes[m], u[:n])
            for i in range(n):
                row[i] = period[begin + i] if is_by_period[m] else 0
            for k in range(by.shape[1]):
                if by[m, k] >= 0:
                    for i in range(n):
                        row[i] = row[i] * sizes[m, k] + level[by[m, k], i]
            _count_below(u[:n], row, cumulative[first[m] :], n_levels[m], drawn)
            set_by = attributes[m]
            for i in range(n):
                is_drawn = not said.size or said[begin + i, set_by] < 0
                level[set_by, i] = drawn[i] if is_drawn else level[set_by, i]
        for i in range(n):
            for a in range(codes.shape[1]):
                codes[begin + i, a] = level[a, i]


@njit(cache=True, nogil=True)
def _count_below(u: Floats, row: Ints, cumulative: Floats, n_levels: int, found: Ints) -> None:
    """Set how many of a row's shares, but for the last, are below each draw."""
    for i in range(u.size):
        found[i] = 0
    # Share by share, not patient by patient: the machine's vectors then take several patients at once.
    for k in range(n_levels - 1):
        for i in range(u.size):
            found[i] += cumulative[row[i] * n_levels + k] < u[i]


@njit(cache=True, nogil=True)
def thin_out(u: Floats, row: Ints, shares: Floats, comes: Flags) -> int:
    """Clear the flags of patients whom a keyed coin prevents, and return how many of those who came it prevents.

    Args:
        u: the draw of each patient.
        row: of each in the table of shares.
        shares: by row.
        comes: a flag a patient.
    """
    prevented = 0
    for i in range(u.size):
        if comes[i] and u[i] < shares[row[i]]:
            comes[i] = False
            prevented += 1
    return prevented


@njit(cache=True, nogil=True)
def ranks(ticks: Ints) -> Ints:
    """Return the place of each tick (none below 0) in their rising order; equal ones keep theirs.

    Ticks are put into as many spans of time as there are ticks, so that most spans have few, and then into order one
    by one. Where too many have to move for that, as when most are close together, nothing is returned.
    """
    n, most, shift = ticks.size, 0, 0
    for i in range(n):
        most = max(most, ticks[i])
    while most >> shift > n:
        shift += 1
    end = np.zeros((most >> shift) + 2, np.int64)
    for i in range(n):
        end[(ticks[i] >> shift) + 1] += 1
    for span in range(1, end.size):
        end[span] += end[span - 1]
    order = np.empty(n, np.int64)
    for i in range(n):
        span = ticks[i] >> shift
        order[end[span]] = i
        end[span] += 1
    latest, moves = 0, 0
    for place in range(n):
        row, at = order[place], place
        if ticks[row] >= latest:
            latest = ticks[row]
        else:
            while at > 0 and ticks[order[at - 1]] > ticks[row]:
                order[at] = order[at - 1]
                at -= 1
            order[at] = row
            moves += place - at
            if moves > _MOVES * n:
                return order[:0]
    rank = np.empty(n, np.int64)
    for place in range(n):
        rank[order[place]] = place
    return rank


@njit(cache=True, nogil=True)
def put(rank: Ints, drawn: tuple[int, Ints, Ints, Codes], everyone: tuple[Ints, Ints, Ints, Codes]) -> None:
    """Put the patients of one stream into their places among all.

    Args:
        rank: the place of each.
        drawn: the stream; numbers, ticks and attributes of its patients.
        everyone: streams, numbers, ticks and attributes of all patients, set.
    """
    stream, number, tick, codes = drawn
    streams, numbers, ticks, attributes = everyone
    for i in range(rank.size):
        at = rank[i]
        streams[at], numbers[at], ticks[at] = stream, number[i], tick[i]
        for a in range(codes.shape[1]):
            attributes[at, a] = codes[i, a]
