"""What the statistics of stations ask of every visit and every change, compiled."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from flowsim.measure.jit import compiled
from flowsim.measure.loops import index

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

NEVER = -1
_FAR = 1 << 61

COUNTS = (
    "arrived",
    "external",
    "done",
    "known",
    "refused",
    "baulked",
    "reneged",
    "began",
    "started",
    "either",
    "waited",
    "served",
    "blocked",
    "onward",
    "blocked onward",
)
"""What ``stays`` counts. ``done`` and ``began`` are of visits that ended or started in the window, the others of those
joined in it: ``known`` to have started or ended, ``either`` started or reneged, of these ``waited``, and of those
served ``blocked``, ``onward`` to another service, and both."""
TIMES = (
    "began",
    "reneged",
    "either",
    "service",
    "care",
    "in system",
    "blocked",
    "blocked onward",
    "waiting",
    "in_use_patients",
    "treated",
)
"""What ``stays`` adds up [ticks]: waits of those who began in the window, who reneged, of either; of those served, from
start to end and to readiness, interruptions taken off, from joining to the end, and blocked; and time in the window of
patients called so, but for what they spend back in the queue."""


@compiled
def stays(
    keys: Codes,
    room: Ints,
    window: tuple[int, int],
    minute: float,
    n_services: int,
    outcomes: tuple[int, int, int, int, int],
    ticks: tuple[Ints, Ints, Ints, Ints, Ints],
    codes: tuple[Codes, Codes, Codes, Codes],
    flags: tuple[Flags, Flags],
    blocked: Ints,
) -> tuple[Ints, Ints, Floats, Ints, Ints]:
    """Look at every visit once for the statistics of its key.

    Args:
        keys: of each visit.
        room: where the visits of each key begin, were they sorted by key, and the last end.
        window: first tick, and the one past the last.
        minute: ticks in one.
        n_services: destinations below are services.
        outcomes: codes of served, refused, baulked, reneged, in progress.
        ticks: queued, started, ready, left, interrupted.
        codes: outcome, origin, destination, whether there at the start.
        flags: whether started; whether placed at the start.
        blocked: ticks.

    Returns:
        By key, counts, see ``COUNTS``, and times, see ``TIMES``; sums of the waits of those who came in the window and
        started [min], and of their squares; those waits [ticks], those of each key from where it has room; and where
        they end.
    """
    (served, refused, baulked, reneged, in_progress), (queued, started, ready, left, interrupted) = outcomes, ticks
    (outcome, origin, destination, initial), (has_started, is_placed) = codes, flags
    n_keys, (begin, end) = room.size - 1, window
    count, total = np.zeros((n_keys, len(COUNTS)), np.int64), np.zeros((n_keys, len(TIMES)), np.int64)
    power, waits, last = np.zeros((n_keys, 2)), np.empty(keys.size, np.int64), room[:-1].copy()
    # Adding nothing to many sums would take most of the time, so what few visits have is asked for first.
    for i in range(keys.size):
        k, how, has_begun = index(keys[i]), outcome[i], has_started[i]
        until = left[i] if left[i] != NEVER else _FAR
        waited = (started[i] if has_begun else until) - queued[i] if has_begun or until < _FAR else 0
        total[k, 8] += _within(queued[i], started[i] if has_begun else until, begin, end)
        if has_begun:
            total[k, 9] += _within(started[i], until, begin, end)
            total[k, 10] += _within(started[i], min(ready[i] if ready[i] != NEVER else _FAR, until), begin, end)
        if has_begun and begin <= started[i] < end and not is_placed[i]:
            count[k, 7] += 1
            total[k, 0] += waited
        is_served, gave_up = how == served, how == reneged
        count[k, 2] += is_served and begin <= left[i] < end
        if initial[i] != 0 or not begin <= queued[i] < end:
            continue
        count[k, 0] += 1
        count[k, 1] += origin[i] == n_services
        count[k, 3] += has_begun or how != in_progress
        if not is_served and how != in_progress:
            count[k, 4] += how == refused
            count[k, 5] += how == baulked
            count[k, 6] += gave_up
            total[k, 1] += waited if gave_up else 0
        if has_begun:
            count[k, 8] += 1
            power[k, 0] += waited / minute
            power[k, 1] += (waited / minute) * (waited / minute)
            waits[last[k]] = waited
            last[k] += 1
        if has_begun or gave_up:
            count[k, 9] += 1
            count[k, 10] += waited > 0
            total[k, 2] += waited
        if is_served:
            since, goes_on = started[i] + interrupted[i], destination[i] < n_services
            count[k, 11] += 1
            count[k, 13] += goes_on
            total[k, 3] += left[i] - since
            total[k, 4] += ready[i] - since
            total[k, 5] += left[i] - queued[i]
            if blocked[i] > 0:
                count[k, 12] += 1
                count[k, 14] += goes_on
                total[k, 6] += blocked[i]
                total[k, 7] += blocked[i] if goes_on else 0
    return count, total, power, waits, last


@compiled
def _within(since: int, until: int, begin: int, end: int) -> int:
    """Return how long something lasts between two ticks; what ends before it begins does not."""
    return max(min(max(until, begin), end) - min(max(since, begin), end), 0)


@compiled
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


@compiled
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
