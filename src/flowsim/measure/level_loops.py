"""How many are open at a time, along every change of that number: compiled.

A change is kept as one whole number, ``((tick - begin) << bits) + half + by``, half being ``1 << (bits - 1)``: the
numbers then rise as the ticks do.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]

_MOVES = 20
"""Places a change may move, on average, for that to be quicker than sorting."""


@njit(cache=True, nogil=True)
def changes(start: Ints, stop: Ints, weight: Codes, begin: int, end: int) -> tuple[Ints, int, bool]:
    """Return every change between two ticks of the number of intervals open.

    Changes are put into about as many spans of time as there are, so that most spans have few, and then into order
    one by one. Where too many have to move for that, as when most are close together, they are left.

    Args:
        start: of each interval; one that opens before the first tick opens then.
        stop: of each; no change where it is no later than the start.
        weight: of each.
        begin: the first tick.
        end: the one past the last.

    Returns:
        Changes, the bits of each, and whether they are in order.
    """
    bits, shift = 2, 0
    for i in range(weight.size):
        while abs(weight[i]) >> (bits - 1):
            bits += 1
    while (end - begin) >> shift > 2 * start.size:
        shift += 1
    first = np.zeros(((end - begin) >> shift) + 2, np.int32)
    for i in range(start.size):
        if stop[i] > begin and start[i] < end and stop[i] > start[i]:
            first[(max(start[i] - begin, 0) >> shift) + 1] += 1
            if stop[i] < end:
                first[((stop[i] - begin) >> shift) + 1] += 1
    for span in range(1, first.size):
        first[span] += first[span - 1]
    found, half = np.empty(first[first.size - 1], np.int64), 1 << (bits - 1)
    for i in range(start.size):
        if stop[i] > begin and start[i] < end and stop[i] > start[i]:
            opens = max(start[i] - begin, 0)
            at = first[opens >> shift]
            first[opens >> shift] = at + 1
            found[at] = (opens << bits) + half + weight[i]
            if stop[i] < end:
                closes = stop[i] - begin
                at = first[closes >> shift]
                first[closes >> shift] = at + 1
                found[at] = (closes << bits) + half - weight[i]
    return found, bits, _put_in_order(found, bits)


@njit(cache=True, nogil=True)
def _put_in_order(found: Ints, bits: int) -> bool:
    """Put changes that nearly are so into the order of their ticks, and return whether that took few moves."""
    moves = 0
    for i in range(1, found.size):
        change = found[i]
        if found[i - 1] > change:
            at = i
            while at > 0 and found[at - 1] >> bits > change >> bits:
                found[at] = found[at - 1]
                at -= 1
            found[at] = change
            moves += i - at
            if moves > _MOVES * found.size:
                return False
    return True


@njit(cache=True, nogil=True)
def steps(found: Ints, bits: int, begin: int) -> tuple[Ints, Ints]:
    """Return the number open as a step function, as ``integrals.steps`` does; the first of its ticks is ``begin``."""
    ticks, levels = np.empty(found.size + 1, np.int64), np.empty(found.size + 1, np.int64)
    ticks[0], levels[0] = begin, 0
    at, level, half, mask = 0, 0, 1 << (bits - 1), (1 << bits) - 1
    for i in range(found.size):
        tick = begin + (found[i] >> bits)
        level += (found[i] & mask) - half
        at += tick != ticks[at]
        ticks[at], levels[at] = tick, level
    return ticks[: at + 1], levels[: at + 1]


@njit(cache=True, nogil=True)
def levels(found: Ints, bits: int, begin: int, window: tuple[int, int], ticks: Ints) -> tuple[int, Ints, Ints]:
    """Return the time spent at each level in a window, and the level at some ticks.

    Args:
        found: changes, as ``changes`` returns them, in order.
        bits: of each.
        begin: the tick they begin from.
        window: its first tick, and the one past the last.
        ticks: rising, none before ``begin``.

    Returns:
        The lowest level; the ticks spent at each from that on; and the level after everything of each tick.
    """
    half, mask = 1 << (bits - 1), (1 << bits) - 1
    level, lowest, highest = 0, 0, 0
    for i in range(found.size):
        level += (found[i] & mask) - half
        lowest, highest = min(lowest, level), max(highest, level)
    spent, at_ticks = np.zeros(highest - lowest + 1, np.int64), np.zeros(ticks.size, np.int64)
    level, since, n = 0, window[0], 0
    for i in range(found.size):
        tick = begin + (found[i] >> bits)
        until = min(max(tick, window[0]), window[1])
        spent[level - lowest] += until - since
        since = until
        while n < ticks.size and ticks[n] < tick:
            at_ticks[n] = level
            n += 1
        level += (found[i] & mask) - half
    spent[level - lowest] += window[1] - since
    at_ticks[n:] = level
    return lowest, spent, at_ticks


@njit(cache=True, nogil=True)
def rises_above(found: Ints, bits: int, begin: int, ticks: Ints, offered: Ints) -> bool:
    """Return whether the number open is above another right after any tick at which some open.

    Args:
        found: changes, as ``changes`` returns them, in order.
        bits: of each.
        begin: the tick they begin from.
        ticks: of the other, rising; it is 0 before them.
        offered: from each.
    """
    half, mask = 1 << (bits - 1), (1 << bits) - 1
    level, there, j, rises = 0, 0, 0, False
    for i in range(found.size):
        by = (found[i] & mask) - half
        level += by
        rises |= by >= 0
        if i + 1 == found.size or found[i + 1] >> bits != found[i] >> bits:
            while j < ticks.size and ticks[j] - begin <= found[i] >> bits:
                there = offered[j]
                j += 1
            if rises and level > there:
                return True
            rises = False
    return False


@njit(cache=True, nogil=True)
def above(ticks: Ints, level: Ints, changes: Ints, offered: Ints) -> tuple[Ints, Ints]:
    """Return by how much a step function is above another, 0 where it is not, from each tick where that changes.

    Args:
        ticks: of the first, rising.
        level: from each.
        changes: of the other, rising; it is 0 before them.
        offered: from each.
    """
    since, over = np.empty(ticks.size + changes.size, np.int64), np.empty(ticks.size + changes.size, np.int64)
    n, j, there, latest = 0, 0, 0, 0
    for i in range(ticks.size):
        tick = ticks[i]
        while True:
            # At this change of the first, and at those of the other before its next one.
            while j < changes.size and changes[j] <= tick:
                there = offered[j]
                j += 1
            now = max(level[i] - there, 0)
            if now != latest:
                since[n], over[n], latest = tick, now, now
                n += 1
            if j == changes.size or (i + 1 < ticks.size and changes[j] >= ticks[i + 1]):
                break
            tick = changes[j]
    return since[:n], over[:n]
