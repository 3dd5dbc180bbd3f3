"""Audits that look at every visit, step or day, compiled."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from flowsim.measure.jit import compiled
from flowsim.measure.loops import index

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Levels = npt.NDArray[np.int16]
Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

NEVER = -1
_FAR = 1 << 62

LEDGER = (
    "leavers_turn_up",
    "gone_hold_nothing",
    "nobody_before_arriving",
    "one_place_at_a_time",
    "times_in_order",
    "visits_in_order",
)
"""Checks of the ledger that look at each visit."""
NAMED = 3
"""Visits at fault that are named."""


@compiled
def starts_above(started: Ints, is_left_out: Flags, since: Ints, over: Ints, end: int) -> tuple[int, int]:
    """Return how many things began when a step function was above 0, and how far above at most.

    Args:
        started: tick of each; NEVER where it did not begin.
        is_left_out: whether each is not looked at; empty where all are.
        since: ticks of the function, 0 before them, rising.
        over: from each.
        end: nothing is looked at from there.
    """
    number, most, at = 0, 0, 0
    for i in range(started.size if since.size else 0):
        tick = started[i]
        if tick == NEVER or tick >= end or (is_left_out.size and is_left_out[i]):
            continue
        # Those who begin one after the other are near each other.
        while at < since.size and since[at] <= tick:
            at += 1
        while at > 0 and since[at - 1] > tick:
            at -= 1
        if at > 0 and over[at - 1] > 0:
            number += 1
            most = max(most, over[at - 1])
    return number, most


@compiled
def clipped_sums(service: Codes, n: int, start: Ints, stop: Ints, weight: Codes, begin: int, end: int) -> Ints:
    """Return the sum of each stretch clipped to a window, by service; one that ends before it begins is none."""
    total = np.zeros(n, np.int64)
    for i in range(start.size):
        lasts = min(max(stop[i], begin), end) - min(max(start[i], begin), end)
        total[service[i]] += max(lasts, 0) * weight[i]
    return total


VISITS = ("came", "began", "in_use", "waiting")
"""What ``visits_one_by_one`` counts."""


@compiled
def visits_one_by_one(
    service: Codes,
    n: int,
    ticks: tuple[Ints, Ints, Ints],
    flags: tuple[Flags, Flags, Flags, Flags],
    units: Codes,
    window: tuple[int, int],
) -> Ints:
    """Return by service, as in ``VISITS``, how many came and began in a window, and ticks in use and waiting in it.

    Args:
        service: of each visit.
        n: how many services.
        ticks: queued, started and left of each.
        flags: whether neither refused nor balked; there at the start; started; and placed at the start.
        units: spaces each uses.
        window: first tick, and the one past the last.
    """
    (queued, started, left), (has_joined, was_there, has_started, is_placed), (begin, end) = ticks, flags, window
    found = np.zeros((n, len(VISITS)), np.int64)
    for row in range(service.size):
        s, since, until = index(service[row]), queued[row], left[row] if left[row] != NEVER else _FAR
        found[s, 0] += has_joined[row] and not was_there[row] and begin <= since < end
        if has_started[row]:
            began = started[row]
            found[s, 1] += not is_placed[row] and begin <= began < end
            lasts = min(max(until, begin), end) - min(max(began, begin), end)
            found[s, 2] += max(lasts, 0) * units[row]
            until = began
        found[s, 3] += max(min(max(until, begin), end) - min(max(since, begin), end), 0)
    return found


@compiled
def alike(
    mine: tuple[Ints, Ints, Ints], drawn: tuple[Ints, Ints, Ints], codes: Levels, others: Levels, n_streams: int
) -> tuple[Ints, int]:
    """Return how many patients came by stream, and how many are, column by column, those drawn in the same place.

    Args:
        mine: stream (NEVER for people there at the start), number and arrival of every patient.
        drawn: the same of those drawn.
        codes: attributes of every patient.
        others: of those drawn.
        n_streams: how many.
    """
    stream, number, arrival = mine
    count, same, i = np.zeros(n_streams, np.int64), 0, 0
    for row in range(stream.size):
        if stream[row] == NEVER:
            continue
        if 0 <= stream[row] < n_streams:
            count[index(stream[row])] += 1
        if i < drawn[0].size:
            is_same = (stream[row] == drawn[0][i]) & (number[row] == drawn[1][i]) & (arrival[row] == drawn[2][i])
            for a in range(codes.shape[1]):
                is_same &= codes[row, a] == others[i, a]
            same += is_same
        i += 1
    return count, same


@compiled
def held(keys: Ints, n_keys: int, ticks: Ints, values: Ints, end: int) -> Ints:
    """Return the integral of each key's step function to an end; its changes come in order, none before the start."""
    total, since, value = np.zeros(n_keys, np.int64), np.zeros(n_keys, np.int64), np.zeros(n_keys, np.int64)
    for i in range(keys.size):
        key, tick = keys[i], min(ticks[i], end)
        total[key] += value[key] * (tick - since[key])
        since[key], value[key] = tick, values[i]
    return total + value * (end - since)


@compiled
def visits_on(first: int, last: int, days: int, day: int) -> int:
    """Return the visits on a day (0-based) of a package given in thousandths of visits a day, half to even."""
    if days <= 1 or day <= 0:
        return int(np.rint(first / 1000))
    at = min(day, days - 1)
    return int(np.rint(first / 1000 + (last / 1000 - first / 1000) * at / max(days - 1, 1)))


@compiled
def visits_made(
    rows: Ints,
    package: tuple[Ints, Ints, Ints, Ints],
    started: Ints,
    left: Ints,
    lists: Ints,
    window: tuple[int, int],
    ticks_per_day: int,
) -> int:
    """Return home visits made in a window, day by day over the packages under way.

    Args:
        rows: of the packages.
        package: first and last visits, days, carers of every visit.
        started: of every visit.
        left: of every visit.
        lists: ticks at which the days' lists are filled.
        window: first tick, and the one past the last.
        ticks_per_day: of the clock.
    """
    first, last, days, takes = package
    began, before = np.empty(rows.size, np.int64), np.empty(rows.size, np.int64)
    for i in range(rows.size):
        began[i] = np.searchsorted(lists, started[rows[i]])
        before[i] = int(np.rint(max(-started[rows[i]], 0) / ticks_per_day))
    total = 0
    for d in range(lists.size):
        tick = lists[d]
        if window[0] <= tick < window[1]:
            for i in range(rows.size):
                row = rows[i]
                if started[row] <= tick and (left[row] == NEVER or tick < left[row]):
                    total += visits_on(first[row], last[row], days[row], d - began[i] + before[i]) * takes[row]
    return total


@compiled
def ledger(
    codes: tuple[Codes, Codes, Codes, Codes],
    links: tuple[Codes, Codes],
    flags: tuple[Flags, Flags],
    ticks: tuple[Ints, Ints, Ints, Ints, Ints, Ints],
    patients: tuple[Ints, Ints, Codes],
    in_progress: int,
    n_services: int,
) -> tuple[Ints, Ints, Ints, Flags, bool]:
    """Look at every visit once for all that must hold of it.

    Args:
        codes: patient, service, outcome, whether there at the start.
        links: rows of the same patient's visits before and after.
        flags: whether started; whether placed at the start.
        ticks: queued, started, seen, ready, left, interrupted.
        patients: arrival, left and exit of each.
        in_progress: the outcome of visits that go on.
        n_services: exits follow services.

    Returns:
        How many visits fail each check of ``LEDGER``; the rows of the first few, NEVER after the last; visits, by
        service, that neither left nor go on, or did both; whether each patient is on a visit that goes on; and whether
        every patient's starts are in order: what is said of one place at a time holds only then.
    """
    (patient, service, outcome, initial), (previous, following), (has_started, is_placed) = codes, links, flags
    queued, started, seen, ready, left, interrupted = ticks
    arrival, gone, way_out = patients
    number, rows = np.zeros(len(LEDGER), np.int64), np.full((len(LEDGER), NAMED), NEVER)
    wrong_end, inside = np.zeros(n_services, np.int64), np.zeros(arrival.size, np.bool_)
    in_order, latest = True, -_FAR
    # Branches are on what hardly ever happens: a branch on what nobody can foresee would cost more than to look at
    # what does not matter.
    for row in range(patient.size):
        came, began, until, goes_on = queued[row], started[row], left[row], outcome[row] == in_progress
        has_left, has_begun, is_new = until != NEVER, has_started[row], initial[row] == 0
        if has_left == goes_on:
            wrong_end[service[row]] += 1
        is_lost, is_late, is_ghost, is_twice, was_lost, before = has_left, False, True, False, False, previous[row]
        if 0 <= patient[row] < arrival.size:
            who = index(patient[row])
            if goes_on:
                inside[who] = True
            is_lost = has_left & (following[row] == NEVER) & ((gone[who] != until) | (way_out[who] < n_services))
            is_late = (gone[who] != NEVER) & ((not has_left) | (until > gone[who]) | (came > gone[who]))
            is_ghost = is_new & ((came < arrival[who]) | (has_begun & (began < arrival[who])))
            if before != NEVER:
                # A space is given up when the next place takes the patient: they have queued there by then.
                was_lost = (left[index(before)] != NEVER) & (came > left[index(before)])
                holder = before  # the patient's visit before this that started
                while holder != NEVER and not has_started[index(holder)]:
                    holder = previous[index(holder)]
                if has_begun and holder != NEVER:
                    in_order &= began >= started[index(holder)]
                    is_twice = (left[index(holder)] == NEVER) | (began < left[index(holder)])
        is_wrong = (has_begun & (began < came)) | (has_left & (until < came)) | (interrupted[row] < 0)
        is_wrong |= (ready[row] != NEVER) & ((ready[row] < began) | (has_left & (until < ready[row])))
        is_wrong |= (seen[row] != NEVER) & (not is_placed[row]) & (seen[row] < began)
        is_early = is_new & (came < latest)
        latest = came if is_new else latest
        if is_lost | is_late | is_ghost | is_twice | is_wrong | is_early | was_lost:
            if was_lost:
                _note(number, rows, 0, before)
            for check, fails in enumerate((is_lost, is_late, is_ghost, is_twice, is_wrong, is_early)):
                if fails:
                    _note(number, rows, check, row)
    return number, rows, wrong_end, inside, in_order


@compiled
def _note(number: Ints, rows: Ints, check: int, row: int) -> None:
    """Count a visit that fails a check, and keep its row if it is among the first few."""
    if number[check] < NAMED or row < rows[check, NAMED - 1]:
        at = min(number[check], NAMED - 1)
        while at > 0 and rows[check, at - 1] > row:
            rows[check, at] = rows[check, at - 1]
            at -= 1
        rows[check, at] = row
    number[check] += 1
