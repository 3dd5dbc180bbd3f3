"""What the statistics of stations ask of every visit and every change, compiled."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

NEVER = -1
_FAR = 1 << 61
_MOVES = 20
"""Places a change may move, on average, for that to be quicker than sorting."""


@njit(cache=True, nogil=True)
def steps(start: Ints, stop: Ints, weight: Codes, begin: int, end: int) -> tuple[Ints, Ints]:
    """Return the number open as a step function, as ``integrals.steps`` does.

    Changes are put into as many spans of time as there are changes, so that most spans have few, and then into order
    one by one. Where too many have to move for that, as when most are close together, nothing is returned.
    """
    n_changes, shift = 0, 0
    for i in range(start.size):
        if stop[i] > begin and start[i] < end and stop[i] > start[i]:
            n_changes += 1 + (stop[i] < end)
    while (end - begin) >> shift > n_changes:
        shift += 1
    first = np.zeros(((end - begin) >> shift) + 2, np.int32)
    for i in range(start.size):
        if stop[i] > begin and start[i] < end and stop[i] > start[i]:
            first[((max(start[i], begin) - begin) >> shift) + 1] += 1
            if stop[i] < end:
                first[((stop[i] - begin) >> shift) + 1] += 1
    for span in range(1, first.size):
        first[span] += first[span - 1]
    tick, change = np.empty(n_changes, np.int64), np.empty(n_changes, np.int32)
    for i in range(start.size):
        if stop[i] > begin and start[i] < end and stop[i] > start[i]:
            opens = max(start[i], begin)
            at = first[(opens - begin) >> shift]
            first[(opens - begin) >> shift] = at + 1
            tick[at], change[at] = opens, weight[i]
            if stop[i] < end:
                at = first[(stop[i] - begin) >> shift]
                first[(stop[i] - begin) >> shift] = at + 1
                tick[at], change[at] = stop[i], -weight[i]
    if not _sorted(tick, change):
        return tick[:0], tick[:0]
    return _added_up(tick, change, begin)


@njit(cache=True, nogil=True)
def _sorted(tick: Ints, change: Codes) -> bool:
    """Put changes that nearly are so into order, and return whether that took few moves."""
    moves = 0
    for i in range(1, tick.size):
        when, by, at = tick[i], change[i], i
        while at > 0 and tick[at - 1] > when:
            tick[at], change[at] = tick[at - 1], change[at - 1]
            at -= 1
        tick[at], change[at] = when, by
        moves += i - at
        if moves > _MOVES * tick.size:
            return False
    return True


@njit(cache=True, nogil=True)
def _added_up(tick: Ints, change: Codes, begin: int) -> tuple[Ints, Ints]:
    ticks, levels = np.empty(tick.size + 1, np.int64), np.empty(tick.size + 1, np.int64)
    ticks[0], levels[0] = begin, 0
    at, level = 0, 0
    for i in range(tick.size):
        level += change[i]
        at += tick[i] != ticks[at]
        ticks[at], levels[at] = tick[i], level
    return ticks[: at + 1].copy(), levels[: at + 1].copy()


@njit(cache=True, nogil=True)
def time_at(ticks: Ints, levels: Ints, begin: int, end: int, lowest: int, spent: Ints) -> None:
    """Add the time a step function spends at each level between two ticks, the first no earlier than its own.

    Args:
        ticks: of the function.
        levels: from each.
        begin: the first tick.
        end: the one past the last.
        lowest: the level counted first.
        spent: added to, by level.
    """
    for i in range(ticks.size):
        since = max(ticks[i], begin)
        until = min(ticks[i + 1], end) if i + 1 < ticks.size else end
        if until > since:
            spent[levels[i] - lowest] += until - since


@njit(cache=True, nogil=True)
def covered(keys: Codes, n_keys: int, start: Ints, stop: Ints, order: Ints, begin: int, end: int) -> Ints:
    """Return how long at least one interval is open between two ticks, by key.

    Args:
        keys: of each interval.
        n_keys: how many.
        start: of each.
        stop: of each.
        order: in which starts rise.
        begin: the first tick.
        end: the one past the last.
    """
    total, reach = np.zeros(n_keys, np.int64), np.full(n_keys, begin)
    for i in order:
        key, until = keys[i], min(stop[i], end)
        total[key] += max(until - max(start[i], reach[key]), 0)
        reach[key] = max(reach[key], until)
    return total


@njit(cache=True, nogil=True)
def system(stream: Ints, arrival: Ints, left: Ints, begin: int, end: int) -> tuple[int, int, int, int, int]:
    """Look at every patient of the system.

    Args:
        stream: of each patient; NEVER for people there at the start.
        arrival: tick of each.
        left: tick of each; NEVER while inside.
        begin: the window's first tick.
        end: the one past its last.

    Returns:
        How many arrived in the window; of these, how many have left, and the ticks they stayed; how many left in the
        window; and the ticks patients spent inside in the window.
    """
    arrived, gone, stayed, completed, inside = 0, 0, 0, 0, 0
    for i in range(stream.size):
        until = left[i] if left[i] != NEVER else _FAR
        since = arrival[i] if stream[i] != NEVER else NEVER
        if begin <= since < end and since != NEVER:
            arrived += 1
            gone += until < _FAR
            stayed += until - since if until < _FAR else 0
        completed += begin <= left[i] < end and left[i] != NEVER
        inside += min(max(until, begin), end) - min(max(since, begin), end)
    return arrived, gone, stayed, completed, inside
