"""Which visits are meant and where patients were before and after: compiled, one pass each."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]
Levels = npt.NDArray[np.int16]

NEVER = -1


@njit(cache=True, nogil=True)
def neighbours(patient: Codes) -> tuple[Codes, Codes]:
    """Return each visit's visit before and after by the same patient; visits are in order of joining."""
    n, n_patients = patient.size, 0
    for row in range(n):
        n_patients = max(n_patients, patient[row] + 1)
    previous, following = np.full(n, NEVER, np.int32), np.full(n, NEVER, np.int32)
    latest = np.full(n_patients, NEVER, np.int32)
    for row in range(n):
        if patient[row] < 0:
            continue
        before = latest[patient[row]]
        latest[patient[row]] = row
        if before != NEVER:
            previous[row] = before
            following[before] = row
    return previous, following


@njit(cache=True, nogil=True)
def ways(service: Codes, destination: Codes, previous: Codes, following: Codes) -> tuple[Codes, Codes]:
    """Return the service of the visit before, and where each visit led: its destination, else the next service."""
    n = service.size
    came, went = np.empty(n, np.int32), np.empty(n, np.int32)
    for row in range(n):
        before, after = previous[row], following[row]
        came[row] = service[before] if before != NEVER else NEVER
        went[row] = destination[row]
        if went[row] == NEVER and after != NEVER:
            went[row] = service[after]
    return came, went


@njit(cache=True, nogil=True)
def selected(service: Codes, wanted: Flags, flag: Flags) -> Ints:
    """Return the rows of the visits to services wanted that have a flag."""
    n, n_found = service.size, 0
    for row in range(n):
        n_found += wanted[service[row]] & flag[row]
    found = np.empty(n_found + 1, np.int64)
    n_found = 0
    for row in range(n):
        # Written whether wanted or not, and kept if so: no branch to guess.
        found[n_found] = row
        n_found += wanted[service[row]] & flag[row]
    return found[:n_found]


@njit(cache=True, nogil=True)
def flagged(rows: Ints, first: Flags, second: Flags) -> Ints:
    """Return the rows that have both flags; empty flags are of all."""
    found, n_found = np.empty(rows.size, np.int64), 0
    has_first, has_second = first.size > 0, second.size > 0
    for i in range(rows.size):
        row = rows[i]
        found[n_found] = row
        n_found += (not has_first or first[row]) and (not has_second or second[row])
    return found[:n_found].copy()


@njit(cache=True, nogil=True)
def passing(rows: Ints, tick: Ints, window: tuple[int, int], is_out: Flags, place: Codes, allowed: Flags) -> Ints:
    """Return the rows whose tick is in a window, that are not out, and whose place is allowed.

    Args:
        rows: of visits; the other columns are of all visits.
        tick: at which a visit counts.
        window: first tick, and the one past the last.
        is_out: whether a visit does not count.
        place: code of where a visit came from or led to; NEVER is the last of ``allowed``.
        allowed: by place code.
    """
    found, n_found = np.empty(rows.size, np.int64), 0
    for i in range(rows.size):
        row = rows[i]
        found[n_found] = row
        n_found += (window[0] <= tick[row] < window[1]) and not is_out[row] and allowed[place[row]]
    return found[:n_found].copy()


@njit(cache=True, nogil=True)
def levelled(rows: Ints, home: Levels, is_home: Flags, level: Levels, position: Ints) -> tuple[Ints, Ints]:
    """Return the rows of people who live here and whose level counts, and the position of that level.

    Args:
        rows: of visits; levels are of all visits.
        home: level of what says where they live; empty where that is no matter.
        is_home: by that level.
        level: level of what they are told apart by; empty where all are in position 0.
        position: by that level; -1 for levels that do not count.
    """
    kept, where, n = np.empty(rows.size, np.int64), np.empty(rows.size, np.int64), 0
    for i in range(rows.size):
        row = rows[i]
        if home.size == 0 or is_home[home[row]]:
            at = position[level[row]] if level.size else 0
            if at >= 0:
                kept[n], where[n] = row, at
                n += 1
    return kept[:n].copy(), where[:n].copy()


@njit(cache=True, nogil=True)
def chains(goes_on: Flags, place: Codes, previous: Codes) -> Ints:
    """Return the first row of the unbroken run of visits that each belongs to.

    A visit carries on from the same patient's visit before, if there is one, where its place goes on.
    """
    first = np.empty(place.size, np.int64)
    for row in range(place.size):
        before = previous[row]
        first[row] = first[before] if before != NEVER and goes_on[place[row]] else row
    return first


@njit(cache=True, nogil=True)
def runs(rows: Ints, provider: Codes, service: Codes, previous: Codes) -> tuple[Ints, Flags]:
    """Return the first row of the run that each of some visits belongs to, and which are the last of theirs.

    Args:
        rows: of the visits that can be in runs, rising.
        provider: by service; visits in a row are one run where this is the same. Empty: always.
        service: of every visit.
        previous: of every visit, the same patient's visit before.
    """
    place = np.full(service.size, NEVER, np.int32)
    first, is_last = np.empty(rows.size, np.int64), np.ones(rows.size, np.bool_)
    for i in range(rows.size):
        row = rows[i]
        before = previous[row]
        place[row], first[i] = i, row
        is_near = before != NEVER and place[before] != NEVER
        if is_near and (provider.size == 0 or provider[service[row]] == provider[service[before]]):
            first[i] = first[place[before]]
            is_last[place[before]] = False
    return first, is_last


@njit(cache=True, nogil=True)
def next_starts(rows: Ints, following: Codes, counts: Flags, service: Codes, started: Ints) -> Ints:
    """Return the earliest start among the same patient's later visits to some services, of each of some rows.

    Args:
        rows: of visits.
        following: of every visit, the same patient's next visit.
        counts: by service, whether a start there counts.
        service: of every visit.
        started: of every visit; past 2^61 where it did not.
    """
    soonest = np.full(service.size, 1 << 62, np.int64)
    for row in range(service.size - 1, -1, -1):
        later = following[row]
        if later != NEVER:
            soonest[row] = min(soonest[later], started[later] if counts[service[later]] else 1 << 62)
    found = np.empty(rows.size, np.int64)
    for i in range(rows.size):
        found[i] = soonest[rows[i]]
    return found


@njit(cache=True, nogil=True)
def renumbered(
    service: Codes, row: Codes, start: Ints, stop: Ints, weight: Codes, position: Ints, keep: Flags
) -> tuple[Codes, Codes, Ints, Ints, Codes]:
    """Return the stretches at some services, of visits that are kept, with the services' positions.

    Args:
        service: of each stretch.
        row: of each, its visit.
        start: of each.
        stop: of each.
        weight: of each.
        position: by service; -1 for services left out.
        keep: by visit; empty for all.
    """
    n, n_found = service.size, 0
    for i in range(n):
        n_found += position[service[i]] >= 0 and (keep.size == 0 or keep[row[i]])
    where, whose, by = np.empty(n_found, np.int32), np.empty(n_found, np.int32), np.empty(n_found, np.int32)
    since, until = np.empty(n_found, np.int64), np.empty(n_found, np.int64)
    at = 0
    for i in range(n):
        if position[service[i]] >= 0 and (keep.size == 0 or keep[row[i]]):
            where[at], whose[at], by[at] = position[service[i]], row[i], weight[i]
            since[at], until[at] = start[i], stop[i]
            at += 1
    return where, whose, since, until, by
