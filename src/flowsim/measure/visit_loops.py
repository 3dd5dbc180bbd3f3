"""Which visits are meant and where patients were before and after: compiled, one pass each."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from flowsim.measure.jit import compiled
from flowsim.measure.loops import index, period_of

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]
Places = npt.NDArray[np.int16]
Keys = npt.NDArray[Any]
"""Small whole numbers; below 0 for what is left out."""
Slices = tuple[Codes, Ints, Ints]
"""Rows of visits service by service, and where those of each service wanted begin and end."""
Stamped = tuple[Ints, Places, Codes]
"""What ``stamped`` returns."""

NEVER = -1


@compiled
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
        before = latest[index(patient[row])]
        latest[index(patient[row])] = row
        previous[row] = before
        if before != NEVER:
            following[index(before)] = row
    return previous, following


@compiled
def ways(service: Codes, destination: Codes, previous: Codes, following: Codes) -> tuple[Places, Places]:
    """Return the service of the visit before, and where each visit led: its destination, else the next service."""
    n = service.size
    came, went = np.empty(n, np.int16), np.empty(n, np.int16)
    for row in range(n):
        before, after = previous[row], following[row]
        came[row] = service[index(before)] if before != NEVER else NEVER
        went[row] = destination[row]
        if destination[row] == NEVER and after != NEVER:
            went[row] = service[index(after)]
    return came, went


@compiled
def by_service(service: Codes, n_services: int) -> tuple[Codes, Ints]:
    """Return rows service by service, each service's rising, and where those of each begin (and the last end)."""
    bounds = np.zeros(n_services + 1, np.int64)
    for row in range(service.size):
        bounds[index(service[row] + 1)] += 1
    for s in range(n_services):
        bounds[s + 1] += bounds[s]
    rows, place = np.empty(service.size, np.int32), bounds.copy()
    for row in range(service.size):
        here = index(service[row])
        rows[index(place[here])] = row
        place[here] += 1
    return rows, bounds


@compiled
def ranked(code: Codes, n_codes: int) -> tuple[Codes, Ints]:
    """Return the place of each code among those there are, and which those are, rising."""
    place, n = np.full(n_codes, NEVER, np.int32), 0
    for i in range(code.size):
        place[index(code[i])] = 0
    there = np.empty(min(n_codes, code.size), np.int64)
    for c in range(n_codes):
        if place[c] != NEVER:
            place[c], there[n] = n, c
            n += 1
    found = np.empty(code.size, np.int32)
    for i in range(code.size):
        found[i] = place[index(code[i])]
    return found, there[:n].copy()


@compiled
def keyed(level: Places, key: Keys) -> Keys:
    """Return the key of each level."""
    found = np.empty(level.size, key.dtype)
    for i in range(level.size):
        found[i] = key[index(level[i])]
    return found


@compiled
def selected(slices: Slices, flag: Flags, who: tuple[Codes, Keys]) -> Codes:
    """Return the rows of visits to some services that have a flag and are by patients who are meant.

    Args:
        slices: see ``Slices``.
        flag: by visit; empty for all.
        who: a code of each visit's patient, and by code whether they are meant (0 or more); empty for all.
    """
    (rows, first, last), (code, key) = slices, who
    found, n_found = np.empty((last - first).sum() + 1, np.int32), 0
    for k in range(first.size):
        for i in range(first[k], last[k]):
            row = index(rows[i])
            # Written whether wanted or not, and kept if so: no branch to guess.
            found[n_found] = row
            n_found += (flag.size == 0 or flag[row]) and (key.size == 0 or key[index(code[row])] >= 0)
    return found[:n_found].copy()


@compiled
def looked_up(rows: Codes, code: Codes, value: Ints) -> Ints:
    """Return the value of the code of each of some rows."""
    found = np.empty(rows.size, np.int64)
    for i in range(rows.size):
        found[i] = value[index(code[index(rows[i])])]
    return found


@compiled
def flagged(rows: Codes, flag: Flags) -> Codes:
    """Return the rows that have a flag."""
    found, n_found = np.empty(rows.size, np.int32), 0
    for i in range(rows.size):
        found[n_found] = rows[i]
        n_found += flag[index(rows[i])]
    return found[:n_found].copy()


@compiled
def stamped(
    slices: Slices, flag: Flags, tick: Ints, came_from: Places, allowed: Flags, code: Codes, edges: Ints
) -> Stamped:
    """Return what tells apart the visits to some services that count between the edges.

    Args:
        slices: see ``Slices``.
        flag: by visit, whether it counts.
        tick: by visit, when it does.
        came_from: by visit.
        allowed: by place a visit came from (NEVER the last), whether it counts; empty for all.
        code: by visit, of its patient.
        edges: ticks between periods, rising.

    Returns:
        Where those of each service begin, and the last end; period and code of each.
    """
    rows, first, last = slices
    begin, end, p = edges[0], edges[edges.size - 1], 0
    most, n = (last - first).sum(), 0
    period, whose, bounds = np.empty(most, np.int16), np.empty(most, np.int32), np.zeros(first.size + 1, np.int64)
    for k in range(first.size):
        for i in range(first[k], last[k]):
            row = index(rows[i])
            if begin <= tick[row] < end and flag[row] and (allowed.size == 0 or allowed[came_from[row]]):
                p = period_of(edges, tick[row], p)
                period[n], whose[n] = p, code[row]
                n += 1
        bounds[k + 1] = n
    return bounds, period[:n], whose[:n]


@compiled
def tally(visits: Stamped, key: Keys, n_keys: int, n_periods: int) -> Ints:
    """Return how many visits count in each period: (services, keys of patients, periods).

    Args:
        visits: as ``stamped`` returns them.
        key: by code of its patient, -1 for patients left out; empty for key 0.
        n_keys: how many.
        n_periods: how many.
    """
    bounds, period, code = visits
    # Those left out are counted too, in a row of their own, the last: no branch to guess.
    number = np.zeros((bounds.size - 1, n_keys + 1, n_periods), np.int64)
    for k in range(bounds.size - 1):
        for i in range(bounds[k], bounds[k + 1]):
            whose = np.int64(key[index(code[i])]) if key.size else np.int64(0)
            number[k, whose, index(period[i])] += 1
    return number[:, :n_keys].copy()


@compiled
def outcomes(
    slices: Slices, flag: Flags, who: tuple[Codes, Keys], outcome: Codes, n: int, queued: Ints, edges: Ints
) -> Ints:
    """Return how many visits joined in each period ended in which way: (services, outcomes, periods).

    Args:
        slices: see ``Slices``.
        flag: by visit, whether it counts.
        who: as for ``selected``.
        outcome: by visit.
        n: how many outcomes there are.
        queued: by visit.
        edges: ticks between periods, rising.
    """
    (rows, first, last), (code, key) = slices, who
    begin, end, p = edges[0], edges[edges.size - 1], 0
    number = np.zeros((first.size, n, edges.size - 1), np.int64)
    for k in range(first.size):
        for i in range(first[k], last[k]):
            row = index(rows[i])
            if begin <= queued[row] < end and flag[row] and (key.size == 0 or key[index(code[row])] >= 0):
                p = period_of(edges, queued[row], p)
                number[k, index(outcome[row]), index(p)] += 1
    return number


Links = tuple[Codes, Codes, Codes]
"""Of every visit its service, and the same patient's visits before and after (NEVER if none)."""


@compiled
def marked(rows: Codes, n: int) -> Flags:
    """Return which of so many rows are among some."""
    found = np.zeros(n, np.bool_)
    for i in range(rows.size):
        found[index(rows[i])] = True
    return found


@compiled
def runs(rows: Codes, provider: Codes, links: Links) -> tuple[Codes, Codes]:
    """Return the first and last rows of the runs that some visits make: those of a patient one after the other.

    Args:
        rows: of the visits that can be in runs.
        provider: by service; visits are in one run where it is the same. Empty: always.
        links: see ``Links``.
    """
    service, previous, following = links
    is_mine = marked(rows, service.size)
    first, last, n = np.empty(rows.size, np.int32), np.empty(rows.size, np.int32), 0
    for i in range(rows.size):
        row = rows[i]
        after = following[index(row)]
        if after != NEVER and is_mine[index(after)] and _is_one(row, after, service, provider):
            continue
        head, before = row, previous[index(row)]
        while before != NEVER and is_mine[index(before)] and _is_one(head, before, service, provider):
            head, before = before, previous[index(before)]
        first[n], last[n] = head, row
        n += 1
    return first[:n].copy(), last[:n].copy()


@compiled
def _is_one(row: int, other: int, service: Codes, provider: Codes) -> bool:
    """Whether two visits are to one provider; any are where none are given."""
    return provider.size == 0 or bool(provider[index(service[index(row)])] == provider[index(service[index(other)])])


@compiled
def heads(rows: Codes, links: Links) -> Codes:
    """Return the first row of the run, of any provider, that each of some visits belongs to."""
    service, previous, _ = links
    is_mine, found = marked(rows, service.size), np.empty(rows.size, np.int32)
    for i in range(rows.size):
        head = rows[i]
        before = previous[index(head)]
        while before != NEVER and is_mine[index(before)]:
            head, before = before, previous[index(before)]
        found[i] = head
    return found
