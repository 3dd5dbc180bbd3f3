"""How many are open at a time, group by group, along every change of that number: compiled.

A change is kept as one whole number, ``((tick - begin) << bits) + half + by``, half being ``1 << (bits - 1)``: the
numbers then rise as the ticks do.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from flowsim.measure.jit import compiled
from flowsim.measure.loops import index, quantile
from flowsim.measure.rank_loops import rising
from flowsim.measure.span_loops import FAR, NEVER, Spans
from flowsim.measure.visit_loops import Slices

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Stretches = tuple[Ints, Ints, Ints, Codes]
"""Where the stretches of each group begin and the last end; start, stop and weight of each."""
Offered = tuple[Ints, Ints, Ints]
"""Where the levels offered to each group begin and the last end; from which tick each is, rising, and the level."""

_MOVES = 20
"""Places a change may move, on average, for that to be quicker than sorting."""


@compiled
def census(
    visits: tuple[Slices, Spans],
    stretches: Stretches,
    offered: Offered,
    window: tuple[int, int],
    ticks: Ints,
    shares: Floats,
) -> tuple[Floats, Ints, Flags]:
    """Follow the number open of each group, from tick 0 or the window's first, whichever is earlier.

    Args:
        visits: rows of the visits of each group, and their stretches.
        stretches: other stretches of each group.
        offered: see ``Offered``; 0 before the first.
        window: its first tick, and the one past the last.
        ticks: rising, none before the beginning.
        shares: of the window's time; where there are none, only what is above is looked for.

    Returns:
        By group, the lowest number not exceeded for each share of the time (NaN where there is none), the number after
        everything of each tick, and whether it is above what is offered right after any tick at which some open.
    """
    ((rows, first, last), spans), (bounds, since, until, by), (places, changed, number) = visits, stretches, offered
    begin, end, bits, most = min(window[0], 0), window[1], max(_bits(spans[5]), _bits(by)), 0
    for k in range(first.size):
        most = max(most, 2 * (last[k] - first[k] + bounds[k + 1] - bounds[k]))
    loose, found, place = np.empty(most, np.int64), np.empty(most, np.int64), np.empty(2 * most + 2, np.int32)
    quantiles, at_ticks = np.full((first.size, shares.size), np.nan), np.zeros((first.size, ticks.size), np.int64)
    is_above = np.zeros(first.size, np.bool_)
    for k in range(first.size):
        n = _of_visits(loose, rows[first[k] : last[k]], spans, begin, end, bits)
        here = slice(bounds[k], bounds[k + 1])
        n = _of_stretches(loose, n, since[here], until[here], by[here], begin, end, bits)
        _put_in_order(loose, n, bits, end - begin, found, place)
        here = slice(places[k], places[k + 1])
        is_above[k] = _rises_above(found, n, bits, begin, changed[here], number[here])
        if shares.size and end > window[0]:
            lowest, spent = _levels(found, n, bits, begin, window, ticks, at_ticks[k])
            for q in range(shares.size):
                quantiles[k, q] = lowest + quantile(spent, shares[q] * (end - window[0]))
    return quantiles, at_ticks, is_above


@compiled
def steps(start: Ints, stop: Ints, weight: Codes, begin: int, end: int) -> tuple[Ints, Ints]:
    """Return the number of stretches open as a step function: see ``integrals.steps``."""
    bits, most = _bits(weight), 2 * start.size
    loose, found = np.empty(most, np.int64), np.empty(most, np.int64)
    n = _of_stretches(loose, 0, start, stop, weight, begin, end, bits)
    _put_in_order(loose, n, bits, end - begin, found, np.empty(2 * most + 2, np.int32))
    ticks, levels = np.empty(n + 1, np.int64), np.empty(n + 1, np.int64)
    ticks[0], levels[0] = begin, 0
    at, level, half, mask = 0, 0, 1 << (bits - 1), (1 << bits) - 1
    for i in range(n):
        tick = begin + (found[i] >> bits)
        level += (found[i] & mask) - half
        at += tick != ticks[at]
        ticks[at], levels[at] = tick, level
    return ticks[: at + 1].copy(), levels[: at + 1].copy()


@compiled
def _bits(weight: Codes) -> int:
    """Return the bits that changes by some weights need; all are 1 where there are none."""
    bits = 2
    for i in range(weight.size):
        while abs(weight[i]) >> (bits - 1):
            bits += 1
    return bits


@compiled
def _of_visits(loose: Ints, rows: Codes, spans: Spans, begin: int, end: int, bits: int) -> int:
    """Put down the changes between two ticks that the stretches of visits make, and return how many those are."""
    (flag, start, is_sooner, sooner, left, weight), half, n = spans, 1 << (bits - 1), 0
    for i in range(rows.size):
        row = index(rows[i])
        since, until = max(start[row], begin), left[row] if left[row] != NEVER else FAR
        if is_sooner.size and is_sooner[row]:
            until = min(sooner[row], until)
        if flag[row] and until > since and since < end:
            by = np.int64(weight[row]) if weight.size else np.int64(1)
            loose[n] = ((since - begin) << bits) + half + by
            n += 1
            if until < end:
                loose[n] = ((until - begin) << bits) + half - by
                n += 1
    return n


@compiled
def _of_stretches(loose: Ints, n: int, start: Ints, stop: Ints, weight: Codes, begin: int, end: int, bits: int) -> int:
    """Put down those that some stretches make below so many others, and return how many there are then."""
    half = 1 << (bits - 1)
    for i in range(start.size):
        since, until = max(start[i], begin), stop[i]
        if until > since and since < end:
            loose[n] = ((since - begin) << bits) + half + weight[i]
            n += 1
            if until < end:
                loose[n] = ((until - begin) << bits) + half - weight[i]
                n += 1
    return n


@compiled
def _put_in_order(loose: Ints, n: int, bits: int, span: int, found: Ints, place: Codes) -> None:
    """Put some changes into the order of their ticks.

    They go into up to twice as many parts of the time as there are, so that most parts have few, and then one by one
    to where they belong. Where too many have to move for that, as when most are close together, they are sorted.

    Args:
        loose: the changes.
        n: how many.
        bits: of each.
        span: ticks from the first that there can be to the last.
        found: where to put them.
        place: room to work in.
    """
    shift = 0
    while span >> shift > 2 * n:
        shift += 1
    n_parts, shift = (span >> shift) + 1, shift + bits
    place[: n_parts + 1] = 0
    for i in range(n):
        place[index((loose[i] >> shift) + 1)] += 1
    for part in range(n_parts):
        place[part + 1] += place[part]
    for i in range(n):
        mine = index(loose[i] >> shift)
        at = place[mine]
        place[mine] = at + 1
        found[index(at)] = loose[i]
    moves, mask = 0, (1 << bits) - 1
    for i in range(1, n):
        change = found[i]
        # Those of the same tick need not move.
        latest = change | mask
        if found[i - 1] > latest:
            at = i
            while at > 0 and found[at - 1] > latest:
                found[at] = found[at - 1]
                at -= 1
            found[at] = change
            moves += i - at
            if moves > _MOVES * n:
                found[:n] = rising(found[:n], bits)
                return


@compiled
def _levels(
    found: Ints, n: int, bits: int, begin: int, window: tuple[int, int], ticks: Ints, at_ticks: Ints
) -> tuple[int, Ints]:
    """Follow a number from change to change.

    Args:
        found: the changes, in order.
        n: how many.
        bits: of each.
        begin: the tick they begin from.
        window: its first tick, and the one past the last.
        ticks: rising, none before ``begin``.
        at_ticks: where to put the number after everything of each.

    Returns:
        The lowest level, and the ticks of the window spent at each from that on.
    """
    half, mask = 1 << (bits - 1), (1 << bits) - 1
    level, lowest, highest = 0, 0, 0
    for i in range(n):
        level += (found[i] & mask) - half
        lowest, highest = min(lowest, level), max(highest, level)
    spent = np.zeros(highest - lowest + 1, np.int64)
    level, since, k = 0, window[0], 0
    for i in range(n):
        tick = begin + (found[i] >> bits)
        until = min(max(tick, window[0]), window[1])
        spent[index(level - lowest)] += until - since
        since = until
        while k < ticks.size and ticks[k] < tick:
            at_ticks[k] = level
            k += 1
        level += (found[i] & mask) - half
    spent[level - lowest] += window[1] - since
    at_ticks[k:] = level
    return lowest, spent


@compiled
def _rises_above(found: Ints, n: int, bits: int, begin: int, changed: Ints, offered: Ints) -> bool:
    """Return whether a number is above another right after any tick at which some open.

    Args:
        found: changes of the first, in order.
        n: how many.
        bits: of each.
        begin: the tick they begin from.
        changed: ticks of the other, rising; it is 0 before them.
        offered: from each.
    """
    half, mask = 1 << (bits - 1), (1 << bits) - 1
    level, there, j, latest, rises = 0, 0, 0, begin - 1, False
    for i in range(n):
        tick, by = begin + (found[i] >> bits), (found[i] & mask) - half
        if tick != latest:
            if rises and level > there:
                return True
            while j < changed.size and changed[j] <= tick:
                there = offered[j]
                j += 1
            latest, rises = tick, False
        level += by
        rises |= by >= 0
    return rises and level > there


@compiled
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
