"""Numbers over time at every service and in every staff pool, which stations, measures and the audit look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from flowsim.measure import level_loops, visit_loops
from flowsim.measure.frames import Floats, Window
from flowsim.measure.home_care import used_at
from flowsim.measure.integrals import NO_CODES, NOUGHT, steps
from flowsim.measure.intervals import EMPTY, NO_FLAGS, Flags, Intervals, intervals, joined, ordered
from flowsim.measure.sorting import Codes, codes, whole
from flowsim.measure.span_loops import Spans
from flowsim.measure.visit_loops import Slices
from flowsim.trajectory import NEVER, Ints

SHARES = 0.5, 0.95
"""Of the time, for each of which a census tells a number that is not exceeded."""
NO_SPANS: Spans = NO_FLAGS, NOUGHT[:0], NO_FLAGS, NOUGHT[:0], NOUGHT[:0], NO_CODES


@dataclass(frozen=True, slots=True)
class Census:
    """How many are open over time, by group: at a service, in a staff pool.

    Attributes:
        quantiles: the lowest number not exceeded for each of ``SHARES`` of the window's time, (groups, shares).
        at_midnights: the number after everything of each midnight of the window, (groups, midnights).
        is_above: whether the number is above what is offered right after any tick at which some open.
    """

    quantiles: Floats
    at_midnights: Ints
    is_above: Flags


def in_use(window: Window) -> Census:
    """Return spaces (or visits a day) in use, by service."""
    return window.once(("census",), partial(_in_use, window))


def _in_use(window: Window) -> Census:
    n, by_visits = window.n_services, window.by_visits
    rows, first, last = window.at_services(tuple(range(n)))
    paused = window.paused("in_use")
    days = [used_at(window, s) for s in np.flatnonzero(by_visits).tolist()]
    # Of home care by visits its days are counted, and not its packages.
    slices = rows, first, np.where(by_visits, first, last)
    others = joined(paused.where(~by_visits[paused.service]), *days)
    return _census(window, (slices, window.spans("in_use")), others, window.capacity, n)


def open_by_group(window: Window, stretches: Intervals, n_groups: int) -> Census:
    """Return how many stretches are open, by group, which stands where their service does."""
    nobody = NO_CODES, np.zeros(n_groups, dtype=np.int64), np.zeros(n_groups, dtype=np.int64)
    return _census(window, (nobody, NO_SPANS), stretches, EMPTY, n_groups)


def are_over(window: Window) -> Flags:
    """Return which staff pools have more at work than are on duty, right after any tick at which some begin."""
    t, d, n = window.trajectory.staffed, window.trajectory.on_duty, len(window.spec.staff)
    rows, bounds = visit_loops.by_service(codes(t.pool), n)
    number = codes(t.number) if (t.number != 1).any() else NO_CODES
    spans = t.started != NEVER, whole(t.started), NO_FLAGS, NOUGHT[:0], whole(t.ended), number
    duty = intervals(d.pool, np.arange(len(d.pool)), d.tick, d.tick, d.number)
    return _census(window, ((rows, bounds[:-1], bounds[1:]), spans), EMPTY, duty, n, is_followed=False).is_above


def _census(
    window: Window,
    visits: tuple[Slices, Spans],
    others: Intervals,
    offered: Intervals,
    n: int,
    is_followed: bool = True,
) -> Census:
    (x, bounds), (o, places) = ordered(others, n), ordered(offered, n)
    stretches, there = (bounds, x.start, x.stop, x.weight), (places, o.start, whole(o.weight))
    ticks, shares = (whole(window.midnights), SHARES) if is_followed else (NOUGHT[:0], ())
    return Census(*level_loops.census(visits, stretches, there, (window.start, window.end), ticks, np.array(shares)))


def stepped(window: Window, stretches: Intervals) -> tuple[Ints, Ints]:
    """Return the number open as a step function, from before the first to the window's end."""
    begin = int(min(stretches.start.min(initial=0), 0))
    return steps(stretches.start, stretches.stop, stretches.weight, begin, max(window.end, begin + 1))


def above(window: Window, stretches: Intervals, ticks: Ints, offered: Ints | Codes) -> tuple[Ints, Ints]:
    """Return by how much the number open is above levels offered, 0 where it is not, from each tick where that changes.

    Args:
        window: up to whose end it is told.
        stretches: what is open.
        ticks: of the levels, rising; none are offered before.
        offered: from each.
    """
    return level_loops.above(*stepped(window, stretches), whole(ticks), whole(offered))


def quantiles_by_key(values: Ints, ends: Sequence[tuple[int, int]], shares: Sequence[float], unit: float) -> Floats:
    """Return percentiles over a unit of values key by key, which are put into another order: (shares, keys).

    Args:
        values: those of each key together.
        ends: where those of each key begin and end.
        shares: 0.5 for the median.
        unit: values are divided by it.

    Returns:
        Percentiles interpolated as numpy does; NaN for keys without values.
    """
    first, last = np.array(ends, dtype=np.int64).reshape(-1, 2).T
    place = np.array(shares)[:, None] * (last - first - 1)
    low = np.floor(place).astype(np.int64)
    high = np.minimum(low + 1, last - first - 1)
    here = np.flatnonzero(last > first)
    for key, ranks in zip(here.tolist(), np.concatenate([low, high])[:, here].T, strict=True):
        values[first[key] : last[key]].partition(ranks)
    found = np.full(place.shape, np.nan)
    lower, upper = (values[(first + rank)[:, here]] / unit for rank in (low, high))
    found[:, here] = lower + (place - low)[:, here] * (upper - lower)
    return found
