"""Which visits are meant and where patients were before and after: compiled, one pass each."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from flowsim.measure.loops import edges_a_tick, period_of

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]
Periods = npt.NDArray[np.int16]
Keys = npt.NDArray[Any]
"""Small whole numbers; below 0 for what is left out."""

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
def selected(rows: Ints, slices: tuple[Ints, Ints], flag: Flags, who: tuple[Codes, Keys]) -> Ints:
    """Return the rows of visits to some services that have a flag and are by patients who are meant.

    Args:
        rows: service by service.
        slices: where those of each service wanted begin and end.
        flag: by visit; empty for all.
        who: a code of each visit's patient, and by code whether they are meant (0 or more); empty for all.
    """
    (first, last), (code, key) = slices, who
    found, n_found = np.empty((last - first).sum() + 1, np.int64), 0
    for k in range(first.size):
        for i in range(first[k], last[k]):
            row = rows[i]
            # Written whether wanted or not, and kept if so: no branch to guess.
            found[n_found] = row
            n_found += (flag.size == 0 or flag[row]) and (key.size == 0 or key[code[row]] >= 0)
    return found[:n_found].copy()


@njit(cache=True, nogil=True)
def looked_up(rows: Ints, code: Codes, value: Ints) -> Ints:
    """Return the value of the code of each of some rows."""
    found = np.empty(rows.size, np.int64)
    for i in range(rows.size):
        found[i] = value[code[rows[i]]]
    return found


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
def stretches(
    rows: Ints, flag: Flags, start: Ints, stop: Ints, weight: Codes, service: Codes, least: int
) -> tuple[Codes, Codes, Ints, Ints, Codes]:
    """Return service, row, start, stop and weight of stretches of time, each of a visit.

    Args:
        rows: of visits, in the order wanted.
        flag: by visit, whether it has a stretch.
        start: of each visit.
        stop: of each visit.
        weight: of each visit; empty where each counts once.
        service: of each visit.
        least: how many ticks a stretch has at least.
    """
    n = 0
    for row in range(service.size):
        n += flag[row] and stop[row] - start[row] >= least
    where, whose, by = np.empty(n, np.int32), np.empty(n, np.int32), np.empty(n, np.int32)
    since, until = np.empty(n, np.int64), np.empty(n, np.int64)
    at = 0
    for i in range(rows.size):
        row = rows[i]
        if flag[row] and stop[row] - start[row] >= least:
            where[at], whose[at], by[at] = service[row], row, weight[row] if weight.size else 1
            since[at], until[at] = start[row], stop[row]
            at += 1
    return where, whose, since, until, by


@njit(cache=True, nogil=True)
def periods(rows: Ints, flag: Flags, tick: Ints, edges: Ints) -> Periods:
    """Return the period in which each of some visits counts; -1 for those without a flag or outside the edges."""
    begin, end, guess = edges[0], edges[edges.size - 1], edges_a_tick(edges)
    found = np.full(rows.size, -1, np.int16)
    for i in range(rows.size):
        row = rows[i]
        if begin <= tick[row] < end and flag[row]:
            found[i] = period_of(edges, tick[row], guess)
    return found


@njit(cache=True, nogil=True)
def tally(
    slices: tuple[Ints, Ints],
    period: Periods,
    which: tuple[Codes, Flags],
    who: tuple[Codes, Keys],
    n_keys: int,
    n_periods: int,
) -> Ints:
    """Return how many visits count in each period: (services, keys of patients, periods).

    Args:
        slices: where the visits to each service wanted begin and end; the other columns are service by service.
        period: of each visit; below 0 for those that do not count.
        which: a code of each visit (-1 the last), and by code whether it counts; empty for all.
        who: a code of each visit's patient, and by code the key, below 0 for patients left out; empty for key 0.
        n_keys: how many.
        n_periods: how many.
    """
    (first, last), (place, allowed), (code, key) = slices, which, who
    number = np.zeros((first.size, n_keys, n_periods), np.int64)
    for k in range(first.size):
        for i in range(first[k], last[k]):
            if period[i] >= 0 and (allowed.size == 0 or allowed[place[i]]):
                whose = np.int64(key[code[i]]) if key.size else np.int64(0)
                if whose >= 0:
                    number[k, whose, period[i]] += 1
    return number


Links = tuple[Codes, Codes, Codes]
"""Of every visit its service, and the same patient's visits before and after (NEVER if none)."""


@njit(cache=True, nogil=True)
def marked(rows: Ints, n: int) -> Flags:
    """Return which of so many rows are among some."""
    found = np.zeros(n, np.bool_)
    for i in range(rows.size):
        found[rows[i]] = True
    return found


@njit(cache=True, nogil=True)
def heads(rows: Ints, among: Ints, provider: Codes, links: Links) -> Ints:
    """Return the first row of the run that each of some visits belongs to; for the other arguments see ``runs``."""
    service, previous, _ = links
    is_mine, found = marked(among, service.size), np.empty(rows.size, np.int64)
    for i in range(rows.size):
        head = rows[i]
        before = previous[head]
        while before != NEVER and is_mine[before]:
            if provider.size > 0 and provider[service[head]] != provider[service[before]]:
                break
            head, before = before, previous[before]
        found[i] = head
    return found


@njit(cache=True, nogil=True)
def runs(rows: Ints, provider: Codes, links: Links) -> tuple[Ints, Ints]:
    """Return the first and last rows of the runs that some visits make: those of a patient one after the other.

    Args:
        rows: of the visits that can be in runs.
        provider: by service; visits are in one run where it is the same. Empty: always.
        links: see ``Links``.
    """
    service, _, following = links
    is_mine = marked(rows, service.size)
    last, n = np.empty(rows.size, np.int64), 0
    for i in range(rows.size):
        row = rows[i]
        after = following[row]
        last[n] = row
        is_last = after == NEVER or not is_mine[after]
        if not is_last and provider.size > 0:
            is_last = provider[service[row]] != provider[service[after]]
        n += is_last
    last = last[:n].copy()
    return heads(last, rows, provider, links), last


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
    found = np.full(rows.size, 1 << 62, np.int64)
    for i in range(rows.size):
        later = following[rows[i]]
        while later != NEVER:
            if counts[service[later]]:
                found[i] = min(found[i], started[later])
            later = following[later]
    return found
