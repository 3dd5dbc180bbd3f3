"""Times of stays and what follows them: compiled, one pass each. Ticks of what has not happened are past 2^61."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]

NEVER = -1
NOT_YET = 1 << 61


@njit(cache=True, nogil=True)
def spans(
    runs: tuple[Ints, Ints],
    is_out: Flags,
    came_from: Codes,
    from_there: Flags,
    went: Codes,
    to_there: Flags,
    service: Codes,
    position: Ints,
    begin: Ints,
    end: Ints,
) -> tuple[Ints, Ints, Ints, Ints]:
    """Return last row, position of the service, begin and end of the runs that come from and lead to some places.

    Args:
        runs: first and last rows.
        is_out: by visit, whether a run that begins with it is left out; empty where none is.
        came_from: by visit, as in ``Records``.
        from_there: by place code.
        went: by visit, as in ``Records``.
        to_there: by place code.
        service: by visit.
        position: by service.
        begin: by visit, tick at which a run that starts with it begins.
        end: by visit, tick at which a run it is the last of ends.
    """
    first, last = runs
    row, where = np.empty(first.size, np.int64), np.empty(first.size, np.int64)
    since, until = np.empty(first.size, np.int64), np.empty(first.size, np.int64)
    n = 0
    for i in range(first.size):
        a, z = first[i], last[i]
        if (is_out.size == 0 or not is_out[a]) and from_there[came_from[a]] and to_there[went[z]]:
            row[n], where[n], since[n], until[n] = z, position[service[a]], begin[a], end[z]
            n += 1
    return row[:n].copy(), where[:n].copy(), since[:n].copy(), until[:n].copy()


@njit(cache=True, nogil=True)
def times(
    position: Ints, begin: Ints, end: Ints, keep: Flags, by_end: int, window: tuple[int, int]
) -> tuple[Ints, Ints, Ints]:
    """Return position, tick and length of the spans that ended, observed in the window at their begin or end.

    Args:
        position: of each span.
        begin: of each span.
        end: of each span.
        keep: which spans count; empty for all.
        by_end: whether they are observed at their end.
        window: first tick, and the one past the last.
    """
    where, tick = np.empty(begin.size, np.int64), np.empty(begin.size, np.int64)
    lasts = np.empty(begin.size, np.int64)
    n = 0
    for i in range(begin.size):
        at = end[i] if by_end else begin[i]
        is_over = begin[i] < NOT_YET and end[i] < NOT_YET
        if is_over and window[0] <= at < window[1] and at != NEVER and (keep.size == 0 or keep[i]):
            where[n], tick[n], lasts[n] = position[i], at, end[i] - begin[i]
            n += 1
    return where[:n].copy(), tick[:n].copy(), lasts[:n].copy()


@njit(cache=True, nogil=True)
def over_limit(
    row: Ints, position: Ints, begin: Ints, end: Ints, left: Ints, window: tuple[int, int], latest: int, limit: int
) -> tuple[Ints, Ints, Ints]:
    """Return position, begin and whether over the limit (1 or 0) of the spans of which that is known.

    Args:
        row: last of each span.
        position: of each span.
        begin: of each span.
        end: of each span.
        left: of each visit; who left before the end of the span is left out.
        window: first tick, and the one past the last, of those that begin.
        latest: tick before which they begin.
        limit: in ticks.
    """
    where, tick = np.empty(begin.size, np.int64), np.empty(begin.size, np.int64)
    is_over = np.empty(begin.size, np.int64)
    n = 0
    for i in range(begin.size):
        is_known = end[i] < NOT_YET or left[row[i]] >= NOT_YET
        if is_known and window[0] <= begin[i] < window[1] and begin[i] != NEVER and begin[i] < latest:
            where[n], tick[n], is_over[n] = position[i], begin[i], end[i] - begin[i] > limit
            n += 1
    return where[:n].copy(), tick[:n].copy(), is_over[:n].copy()


@njit(cache=True, nogil=True)
def soonest_after(last: Ints, clock: Ints, starts: Ints, patient: Codes, exits: tuple[Codes, Ints, Flags]) -> Ints:
    """Return how long after each clock the first thing of interest came; past 2^61 where none did.

    Args:
        last: row of each stay.
        clock: of each stay.
        starts: of each stay, the next start of interest.
        patient: of each visit.
        exits: each patient's exit and when they left by it; by exit (NEVER the last), whether it is of interest.
    """
    code, left, counts = exits
    found = np.empty(last.size, np.int64)
    for i in range(last.size):
        who, soonest = patient[last[i]], starts[i]
        if code[who] != NEVER and counts[code[who]]:
            soonest = min(soonest, left[who])
        found[i] = soonest - clock[i]
    return found


@njit(cache=True, nogil=True)
def seen_and_home(
    episode: Ints, seen: Ints, service: Codes, went: Codes, refused: Flags, left: Ints, home: Flags, ward: Flags
) -> tuple[Ints, Ints]:
    """Return the first row that saw each patient who went home without asking for a ward, and when they went.

    Args:
        episode: by visit, the first row of the episode.
        seen: rows of the visits that count as seeing, rising.
        service: by visit.
        went: by visit.
        refused: by visit.
        left: by visit.
        home: by place code; NEVER is the last.
        ward: by place code.
    """
    n = episode.size
    first, asked = np.full(n, NEVER, np.int32), np.zeros(n, np.bool_)
    for i in range(seen.size - 1, -1, -1):
        first[episode[seen[i]]] = seen[i]
    for row in range(n):
        if ward[service[row]]:
            asked[episode[row]] = True
    found, n_found = np.empty(n, np.int64), 0
    for row in range(n):
        is_home = home[went[row]] and not home[service[row]] and not refused[row] and left[row] < NOT_YET
        if is_home and first[episode[row]] != NEVER and not asked[episode[row]]:
            found[n_found] = row
            n_found += 1
    final = found[:n_found].copy()
    by = np.empty(n_found, np.int64)
    for i in range(n_found):
        by[i] = first[episode[final[i]]]
    return by, final


@njit(cache=True, nogil=True)
def contacts(rows: Ints, episode: Ints) -> tuple[Ints, Ints, Ints]:
    """Return whether each contact repeats one in its episode (1 or 0), the places of the first, and their numbers."""
    place = np.full(episode.size, NEVER, np.int32)
    is_repeat, first = np.empty(rows.size, np.int64), np.empty(rows.size, np.int64)
    number = np.empty(rows.size, np.int64)
    n = 0
    for i in range(rows.size):
        head = episode[rows[i]]
        is_repeat[i] = place[head] != NEVER
        if place[head] == NEVER:
            place[head], first[n], number[n] = n, i, 0
            n += 1
        number[place[head]] += 1
    return is_repeat, first[:n].copy(), number[:n].copy()
