"""Times of stays and what follows them: compiled, one pass each. Ticks of what has not happened are past 2^61."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from flowsim.measure.loops import before, edges_a_tick, period_of
from flowsim.measure.visit_loops import Links, marked

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]

NEVER = -1
NOT_YET = 1 << 61


@njit(cache=True, nogil=True)
def between(
    runs: tuple[Ints, Ints], is_out: Flags, came_from: Codes, from_there: Flags, went: Codes, to_there: Flags
) -> tuple[Ints, Ints]:
    """Return the first and last rows of the runs that come from and lead to some places.

    Args:
        runs: first and last rows.
        is_out: by visit, whether a run that begins with it is left out; empty where none is.
        came_from: by visit, as in ``Records``.
        from_there: by place code; empty for all.
        went: by visit, as in ``Records``.
        to_there: by place code; empty for all.
    """
    first, last = runs
    head, tail, n = np.empty(first.size, np.int64), np.empty(first.size, np.int64), 0
    for i in range(first.size):
        a, z = first[i], last[i]
        head[n], tail[n] = a, z
        is_in = is_out.size == 0 or not is_out[a]
        n += is_in and (from_there.size == 0 or from_there[came_from[a]]) and (to_there.size == 0 or to_there[went[z]])
    return head[:n].copy(), tail[:n].copy()


@njit(cache=True, nogil=True)
def times(
    runs: tuple[Ints, Ints],
    service: Codes,
    position: Ints,
    stamps: tuple[Ints, Ints],
    midnights: Ints,
    by_end: int,
    window: tuple[int, int],
) -> tuple[Ints, Ints, Ints]:
    """Return position, tick and length of the runs that reached their end, observed in the window.

    Args:
        runs: first and last rows.
        service: by visit.
        position: by service; a run counts where it began.
        stamps: by visit, when a run that starts with it begins, and when one it is the last of ends.
        midnights: ticks of which a run has one, to count; empty for all runs.
        by_end: whether they are observed at their end rather than when they begin.
        window: first tick, and the one past the last.
    """
    (first, last), (begin, end) = runs, stamps
    where, tick = np.empty(first.size, np.int64), np.empty(first.size, np.int64)
    lasts, n = np.empty(first.size, np.int64), 0
    guess = edges_a_tick(midnights) if midnights.size else 0.0
    for i in range(first.size):
        since, until = begin[first[i]], end[last[i]]
        at = until if by_end else since
        if since < NOT_YET and until < NOT_YET and window[0] <= at < window[1] and at != NEVER:
            where[n], tick[n], lasts[n] = position[service[first[i]]], at, until - since
            if midnights.size:
                n += before(midnights, since + 1, guess) < before(midnights, until + 1, guess)
            else:
                n += 1
    return where[:n].copy(), tick[:n].copy(), lasts[:n].copy()


@njit(cache=True, nogil=True)
def over_limit(
    runs: tuple[Ints, Ints],
    service: Codes,
    position: Ints,
    stamps: tuple[Ints, Ints],
    left: Ints,
    latest: int,
    limit: int,
    n_services: int,
    edges: Ints,
) -> Ints:
    """Return how many runs that begin in each period are over a limit, of those of which that is known.

    Args:
        runs: first and last rows.
        service: by visit.
        position: by service.
        stamps: as for ``times``.
        left: of each visit; who left before the end of the run is left out.
        latest: tick before which they begin.
        limit: in ticks.
        n_services: how many positions there are.
        edges: ticks between periods, rising, none before 0.

    Returns:
        Counts of all and of those over the limit: (2, services, periods).
    """
    (first, last), (begin, end) = runs, stamps
    earliest, final, guess = edges[0], min(edges[edges.size - 1], latest), edges_a_tick(edges)
    number = np.zeros((2, n_services, edges.size - 1), np.int64)
    for i in range(first.size):
        since, until = begin[first[i]], end[last[i]]
        if earliest <= since < final and (until < NOT_YET or left[last[i]] >= NOT_YET):
            s, p = position[service[first[i]]], period_of(edges, since, guess)
            number[0, s, p] += 1
            number[1, s, p] += until - since > limit
    return number


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
    rows: Ints, links: Links, went: Codes, refused: Flags, left: Ints, home: Flags, ward: Flags
) -> tuple[Ints, Ints]:
    """Return the first row that saw each patient who went home without asking for a ward, and when they went.

    Args:
        rows: of the visits that saw someone.
        links: see ``Links``.
        went: by visit.
        refused: by visit.
        left: by visit.
        home: by place code; NEVER is the last.
        ward: by place code.
    """
    service, previous, following = links
    saw = marked(rows, service.size)
    first, final, n = np.empty(rows.size, np.int64), np.empty(rows.size, np.int64), 0
    for i in range(rows.size):
        # Back to the start of the episode, unless a visit before saw the patient.
        row, before = rows[i], previous[rows[i]]
        while before != NEVER and not home[service[before]] and not saw[before]:
            row, before = before, previous[before]
        if before != NEVER and not home[service[before]]:
            continue
        # And on to its end, unless a ward is asked for.
        end = NEVER
        while row != NEVER and not ward[service[row]]:
            is_last = home[service[row]]
            if home[went[row]] and not is_last and not refused[row] and left[row] < NOT_YET:
                end = row
            row = NEVER if is_last else following[row]
        if row == NEVER and end != NEVER:
            first[n], final[n] = rows[i], end
            n += 1
    return first[:n].copy(), final[:n].copy()


@njit(cache=True, nogil=True)
def repeats(rows: Ints, links: Links, home: Flags) -> Flags:
    """Return which contacts follow another in the same episode.

    Args:
        rows: of the contacts.
        links: see ``Links``.
        home: by place code; an episode ends with a visit there.
    """
    service, previous, _ = links
    is_contact, found = marked(rows, service.size), np.zeros(rows.size, np.bool_)
    for i in range(rows.size):
        before = previous[rows[i]]
        while before != NEVER and not home[service[before]] and not found[i]:
            found[i] = is_contact[before]
            before = previous[before]
    return found


@njit(cache=True, nogil=True)
def contacts_from(first: Ints, rows: Ints, links: Links, home: Flags) -> Ints:
    """Return how many contacts an episode has from the first of them on; for the arguments see ``repeats``."""
    service, _, following = links
    is_contact, found = marked(rows, service.size), np.zeros(first.size, np.int64)
    for i in range(first.size):
        row = first[i]
        while row != NEVER:
            found[i] += is_contact[row]
            row = NEVER if home[service[row]] else following[row]
    return found
