"""Times of stays and what follows them: compiled, one pass each."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from flowsim.measure.jit import compiled
from flowsim.measure.loops import before, index, period_of
from flowsim.measure.visit_loops import Links, marked

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]
Places = npt.NDArray[np.int16]
Runs = tuple[Codes, Codes]
"""First and last rows of visits in a row that count as one."""
Stamp = tuple[Ints, Flags]
"""When each visit came to something, and whether it did."""
Where = tuple[Codes, Ints, int]
"""Service of each visit, the position of each service, and how many positions there are."""

NEVER = -1
_FAR = 1 << 62


@compiled
def between(runs: Runs, is_out: Flags, came_from: Places, from_there: Flags, went: Places, to_there: Flags) -> Runs:
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
    head, tail, n = np.empty(first.size, np.int32), np.empty(first.size, np.int32), 0
    for i in range(first.size):
        a, z = index(first[i]), index(last[i])
        head[n], tail[n] = a, z
        is_in = is_out.size == 0 or not is_out[a]
        n += is_in and (from_there.size == 0 or from_there[came_from[a]]) and (to_there.size == 0 or to_there[went[z]])
    return head[:n].copy(), tail[:n].copy()


@compiled
def times(
    runs: Runs,
    where: Where,
    begin: Stamp,
    end: Stamp,
    midnights: Ints,
    by_end: int,
    window: tuple[int, int],
    edges: Ints,
) -> tuple[Ints, Ints, Ints, int]:
    """Return how long the runs that reached their end took, of those observed in the window.

    Args:
        runs: first and last rows.
        where: a run counts where it began.
        begin: of a run's first visit.
        end: of a run's last visit.
        midnights: ticks of which a run has one, to count; empty for all runs.
        by_end: whether runs are observed at their end rather than when they begin.
        window: first tick, and the one past the last.
        edges: ticks between periods, rising.

    Returns:
        Number and sum by service and period; of each, in no order, time x 2^bits + cell of that table, and how many
        bits.
    """
    (first, last), (service, position, n_services) = runs, where
    (since_at, has_begun), (until_at, has_ended) = begin, end
    n_periods, p, night = edges.size - 1, 0, 0
    earliest, latest = max(window[0], edges[0], 0), min(window[1], edges[edges.size - 1])
    number, total = np.zeros((n_services, n_periods), np.int64), np.zeros((n_services, n_periods), np.int64)
    packed, n, bits = np.empty(first.size, np.int64), 0, 0
    while (n_services * n_periods) >> bits:
        bits += 1
    for i in range(first.size):
        a, z = index(first[i]), index(last[i])
        since, until = since_at[a], until_at[z]
        at = until if by_end else since
        if at < earliest or at >= latest or not (has_begun[a] and has_ended[z]):
            continue
        if midnights.size:
            # The next midnight after it began.
            night = before(midnights, since + 1, night)
            if night == midnights.size or midnights[night] > until:
                continue
        s, p = index(position[index(service[a])]), period_of(edges, at, p)
        number[s, index(p)] += 1
        total[s, index(p)] += until - since
        packed[n] = ((until - since) << bits) + np.int64(s) * n_periods + p
        n += 1
    return number, total, packed[:n], bits


@compiled
def over_limits(
    runs: Runs, where: Where, begin: Stamp, end: Stamp, left: Ints, known_to: int, limits: Ints, edges: Ints
) -> Ints:
    """Return how many runs that begin in each period are over some limits, of those of which that is known.

    Args:
        runs: first and last rows.
        where: a run counts where it began.
        begin: as for ``times``.
        end: as for ``times``.
        left: of each visit; who left before the end of the run is left out.
        known_to: tick up to which all is known: a run counts if it begins a limit before, or earlier.
        limits: in ticks, rising.
        edges: ticks between periods, rising, none before 0.

    Returns:
        Counts of all and of those over the limit: (2, limits, services, periods).
    """
    (first, last), (service, position, n_services) = runs, where
    (since_at, has_begun), (until_at, has_ended) = begin, end
    earliest, final, p = edges[0], min(edges[edges.size - 1], known_to - limits[0]), 0
    number = np.zeros((2, limits.size, n_services, edges.size - 1), np.int64)
    for i in range(first.size):
        a, z = index(first[i]), index(last[i])
        since = since_at[a]
        if has_begun[a] and earliest <= since < final and (has_ended[z] or left[z] == NEVER):
            s, p = index(position[index(service[a])]), period_of(edges, since, p)
            took = until_at[z] - since if has_ended[z] else _FAR
            for k in range(limits.size):
                if since < known_to - limits[k]:
                    number[0, k, s, index(p)] += 1
                    number[1, k, s, index(p)] += took > limits[k]
    return number


@compiled
def led(last: Codes, where: Where, left: Ints, went: Places, is_out: Flags, is_there: Flags, edges: Ints) -> Ints:
    """Return how many stays ended in each period, and of those how many led to some places: (2, services, periods).

    Args:
        last: rows of the visits with which they end.
        where: a stay counts where it ended.
        left: of each visit.
        went: by visit, as in ``Records``.
        is_out: by place code (NEVER the last), whether stays that led there are left out.
        is_there: by place code.
        edges: ticks between periods, rising, none before 0.
    """
    service, position, n_services = where
    begin, end, p = edges[0], edges[edges.size - 1], 0
    number = np.zeros((2, n_services, edges.size - 1), np.int64)
    for i in range(last.size):
        row = index(last[i])
        if begin <= left[row] < end and not is_out[went[row]]:
            s, p = index(position[index(service[row])]), period_of(edges, left[row], p)
            number[0, s, index(p)] += 1
            number[1, s, index(p)] += is_there[went[row]]
    return number


@compiled
def shares(rows: Codes, where: Where, tick: Ints, flag: Flags, edges: Ints) -> Ints:
    """Return how many visits count in each period, and how many of them have a flag: (2, services, periods).

    Args:
        rows: of the visits.
        where: they count.
        tick: of each visit.
        flag: of each of the rows.
        edges: ticks between periods, rising.
    """
    service, position, n_services = where
    begin, end, p = edges[0], edges[edges.size - 1], 0
    number = np.zeros((2, n_services, edges.size - 1), np.int64)
    for i in range(rows.size):
        row = index(rows[i])
        if begin <= tick[row] < end:
            s, p = index(position[index(service[row])]), period_of(edges, tick[row], p)
            number[0, s, index(p)] += 1
            number[1, s, index(p)] += flag[i]
    return number


@compiled
def followed(
    runs: Runs,
    where: Where,
    clock: Stamp,
    from_start: bool,
    patients: tuple[Codes, Codes],
    starts: tuple[Flags, Ints, Flags],
    exits: tuple[Flags, Codes, Ints],
    limit: int,
    known_to: int,
    edges: Ints,
) -> Ints:
    """Return how many stays' clocks start in each period, and how many of them are followed by something of interest.

    Args:
        runs: first and last rows of each stay.
        where: a stay counts where it ended.
        clock: by visit, when it starts the clock.
        from_start: whether a stay's first visit starts it, rather than the last.
        patients: of each visit its patient, and the same patient's next visit.
        starts: by place code, whether a start there is of interest; when each visit started, and whether it did.
        exits: by exit (NEVER the last), whether it is of interest; each patient's exit, and when they left by it.
        limit: ticks from the clock's start up to which what follows counts.
        known_to: tick up to which all is known: a stay counts if its clock starts a limit before, or earlier.
        edges: ticks between periods, rising, none before 0.

    Returns:
        Counts of all and of those followed: (2, services, periods).
    """
    (first, last), (service, position, n_services), (tick, is_set) = runs, where, clock
    (patient, following), (is_to, started, has_started), (is_out, way_out, left) = patients, starts, exits
    begin, end, p = edges[0], min(edges[edges.size - 1], known_to - limit), 0
    number = np.zeros((2, n_services, edges.size - 1), np.int64)
    for i in range(last.size):
        z, at_row = index(last[i]), index(first[i] if from_start else last[i])
        at = tick[at_row]
        if not is_set[at_row] or at < begin or at >= end:
            continue
        soonest, later, who = _FAR, following[z], index(patient[z])
        while later != NEVER:
            row = index(later)
            if is_to[index(service[row])] and has_started[row]:
                soonest = min(soonest, started[row])
            later = following[row]
        if way_out[who] != NEVER and is_out[way_out[who]]:
            soonest = min(soonest, left[who])
        s, p = index(position[index(service[z])]), period_of(edges, at, p)
        number[0, s, index(p)] += 1
        number[1, s, index(p)] += soonest - at <= limit
    return number


@compiled
def admitted_after(
    runs: Runs, where: Where, following: Codes, ward: Flags, ticks: tuple[Ints, Ints, Flags], hours: tuple[int, int]
) -> tuple[Ints, Ints, Ints]:
    """Return position, tick of admission and class of the runs whose patient waited long for a bed.

    Args:
        runs: first and last rows.
        where: a run counts where it began.
        following: of every visit, the same patient's next visit.
        ward: by place code, whether a start there is an admission.
        ticks: queued and started of every visit, and whether it started.
        hours: ticks from the beginning of a run to the start of the bed: over the first is class 0, over the
            second class 1.
    """
    (first, last), (service, position, _), (queued, started, has_started) = runs, where, ticks
    at, tick = np.empty(first.size, np.int64), np.empty(first.size, np.int64)
    kind, n = np.empty(first.size, np.int64), 0
    for i in range(first.size):
        a, after = index(first[i]), following[index(last[i])]
        if after == NEVER:
            continue
        bed = index(after)
        if ward[index(service[bed])] and has_started[bed]:
            waited = started[bed] - queued[a]
            at[n], tick[n], kind[n] = position[index(service[a])], started[bed], waited > hours[1]
            n += waited > hours[0]
    return at[:n].copy(), tick[:n].copy(), kind[:n].copy()


@compiled
def seen_and_home(
    rows: Codes, where: Where, links: Links, ways: tuple[Places, Ints, Flags], home: Flags, ward: Flags, edges: Ints
) -> Ints:
    """Return how many patients went home in each period without asking for a ward, by the service that saw them first.

    Args:
        rows: of the visits that saw someone.
        where: these are.
        links: see ``Links``.
        ways: by visit, where it led, when it was left, and whether it was refused.
        home: by place code; NEVER is the last.
        ward: by place code.
        edges: ticks between periods, rising, none before 0.
    """
    (service, previous, following), (went, left, refused) = links, ways
    _, position, n_services = where
    earliest, latest, p = edges[0], edges[edges.size - 1], 0
    saw, number = marked(rows, service.size), np.zeros((n_services, edges.size - 1), np.int64)
    for i in range(rows.size):
        # Back to the start of the episode, unless a visit before saw the patient.
        row, before_it = rows[i], previous[index(rows[i])]
        while before_it != NEVER and not home[index(service[index(before_it)])] and not saw[index(before_it)]:
            row, before_it = before_it, previous[index(before_it)]
        if before_it != NEVER and not home[index(service[index(before_it)])]:
            continue
        # And on to its end, unless a ward is asked for.
        end = NEVER
        while row != NEVER and not ward[index(service[index(row)])]:
            here = index(row)
            is_last = home[index(service[here])]
            if home[went[here]] and not is_last and not refused[here] and left[here] != NEVER:
                end = row
            row = NEVER if is_last else following[here]
        if row == NEVER and end != NEVER and earliest <= left[end] < latest:
            p = period_of(edges, left[end], p)
            number[position[service[rows[i]]], p] += 1
    return number


@compiled
def repeats(rows: Codes, links: Links, home: Flags) -> Flags:
    """Return which contacts follow another in the same episode.

    Args:
        rows: of the contacts.
        links: see ``Links``.
        home: by place code; an episode ends with a visit there.
    """
    service, previous, _ = links
    is_contact, found = marked(rows, service.size), np.zeros(rows.size, np.bool_)
    for i in range(rows.size):
        earlier = previous[index(rows[i])]
        while earlier != NEVER and not home[index(service[index(earlier)])] and not found[i]:
            found[i] = is_contact[index(earlier)]
            earlier = previous[index(earlier)]
    return found


@compiled
def contacts_from(first: Codes, rows: Codes, links: Links, home: Flags) -> Ints:
    """Return how many contacts an episode has from the first of them on; for the arguments see ``repeats``."""
    service, _, following = links
    is_contact, found = marked(rows, service.size), np.zeros(first.size, np.int64)
    for i in range(first.size):
        row = first[i]
        while row != NEVER:
            found[i] += is_contact[index(row)]
            row = NEVER if home[index(service[index(row)])] else following[index(row)]
    return found
