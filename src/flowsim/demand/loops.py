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
_BLOCK = 1024
_DIGIT_BITS = 12


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
        How many there are; -1 where there is no room for them.
    """
    seed, replication, stream = key
    position, gaps, levels = np.empty(_BLOCK, np.int64), np.empty(_BLOCK), np.empty(_BLOCK)
    found, band, low, height = 0, 0, 0.0, 1.0
    while low < top:
        minutes, first, at, tick = 0.0, band << BAND_BITS, 0, 0
        while tick < end:
            for i in range(_BLOCK):
                position[i] = first + i
            fill_uniforms(seed, replication, stream, position, purposes[0], gaps)
            fill_uniforms(seed, replication, stream, position, purposes[1], levels)
            for i in range(_BLOCK):
                minutes += hazard_of(gaps[i], 1.0 - gaps[i]) * (MINUTES_PER_DAY / height)
                tick = int(minutes * ticks_per_minute)  # rounded down, being positive
                if tick >= end:
                    break
                while at + 1 < starts.size and starts[at + 1] <= tick:
                    at += 1
                if found == numbers.size:
                    return -1
                # Written whether or not it counts: a branch that nobody can foresee costs more.
                numbers[found] = position[i]
                ticks[found] = tick
                found += low + height * levels[i] < rates[at]
            first += _BLOCK
        low += height
        height = low
        band += 1
    return found


@njit(cache=True, nogil=True)
def _row(i: int, periods: Ints, by: Ints, sizes: Ints, codes: Codes) -> int:
    """Return the row of a table that holds for a patient: ``Table.index``."""
    at = periods[i] if periods.size else 0
    for k in range(by.size):
        at = at * sizes[k] + codes[i, by[k]]
    return at


@njit(cache=True, nogil=True)
def set_levels(
    u: Floats, periods: Ints, by: Ints, sizes: Ints, cumulative: Floats, attribute: int, codes: Codes
) -> None:
    """Set one attribute of every patient: the number of cumulative shares below a keyed draw.

    Args:
        u: the draw of each patient.
        periods: row period of each patient; empty where all periods share the rows.
        by: attributes that decide the row.
        sizes: number of levels of each.
        cumulative: (rows, levels).
        attribute: the one to set.
        codes: (patients, attributes).
    """
    last = cumulative.shape[1] - 1
    for i in range(u.size):
        row = _row(i, periods, by, sizes, codes)
        level = 0
        for k in range(last):
            level += cumulative[row, k] < u[i]
        codes[i, attribute] = level


@njit(cache=True, nogil=True)
def thin_out(u: Floats, periods: Ints, by: Ints, sizes: Ints, shares: Floats, codes: Codes, comes: Flags) -> int:
    """Clear the flags of patients whom a keyed coin prevents, and return how many of those who came it prevents.

    Arguments as for ``set_levels``; ``shares`` by row, ``comes`` a flag a patient.
    """
    prevented = 0
    for i in range(u.size):
        row = _row(i, periods, by, sizes, codes)
        if comes[i] and u[i] < shares[row]:
            comes[i] = False
            prevented += 1
    return prevented


@njit(cache=True, nogil=True)
def rising_order(ticks: Ints) -> Ints:
    """Return the stable order of ticks (none below 0), sorted digit by digit."""
    n = ticks.size
    order, other = np.arange(n), np.empty(n, np.int64)
    size = 1 << _DIGIT_BITS
    most = ticks.max() if n else 0
    shift = 0
    while most >> shift > 0:
        place = np.zeros(size + 1, np.int64)
        for i in range(n):
            place[((ticks[i] >> shift) & (size - 1)) + 1] += 1
        for digit in range(size):
            place[digit + 1] += place[digit]
        for i in range(n):
            digit = (ticks[order[i]] >> shift) & (size - 1)
            other[place[digit]] = order[i]
            place[digit] += 1
        order, other = other, order
        shift += _DIGIT_BITS
    return order


@njit(cache=True, nogil=True)
def ordered(order: Ints, stream: Ints, number: Ints, tick: Ints, codes: Codes) -> tuple[Ints, Ints, Ints, Codes]:
    """Return the four columns of arrivals in an order."""
    n, width = codes.shape
    streams, numbers, ticks = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.int64)
    attributes = np.empty((n, width), np.int16)
    for i in range(n):
        row = order[i]
        streams[i], numbers[i], ticks[i] = stream[row], number[row], tick[row]
        for a in range(width):
            attributes[i, a] = codes[row, a]
    return streams, numbers, ticks, attributes
