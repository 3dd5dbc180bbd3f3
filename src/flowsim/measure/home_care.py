"""Home care by visits: what packages use a day, from their first and last days and how long they run."""

from __future__ import annotations

from functools import partial

import numpy as np

from flowsim.measure.audit_loops import visits_of_days
from flowsim.measure.frames import Window
from flowsim.measure.intervals import FAR, Intervals, intervals
from flowsim.measure.records import or_far
from flowsim.system.spec import ServiceSpec
from flowsim.trajectory import Ints


def list_ticks(window: Window, service: ServiceSpec) -> Ints:
    """Return the tick of each day at which a service's list is filled."""
    assert service.visits is not None
    return window.midnight_ticks + service.visits.day_start * window.ticks_per_minute


def used_at(window: Window, service: int) -> Intervals:
    """Return spaces in use at one service; for home care, visits a day."""
    if window.by_visits[service]:
        return window.once(("visits used", service), partial(days_used, window, service))
    return window.at("in_use", service)


def days_used(window: Window, service: int) -> Intervals:
    """Return visits a day of every package, one stretch a package and day.

    The visits of day k of a package of n days are first + (last - first) k / (n - 1), half rounded to even,
    times carers; from day n on, while it waits to be handed over, those of the last day.
    """
    v = window.visits
    lists = list_ticks(window, window.spec.services[service])
    rows, first, last = window.at_services((service,))
    rows = rows[first[0] : last[0]]
    rows = rows[window.has_started[rows]]
    begin = np.searchsorted(lists, v.started[rows])
    # Packages under way at the start began so many days before the first list, to the nearest.
    age = np.rint(np.maximum(-v.started[rows], 0) / window.ticks_per_day).astype(np.int64)
    until = np.searchsorted(lists, np.minimum(or_far(v.left[rows]), FAR - 1))
    length = np.maximum(until - begin, 0)
    row = np.repeat(rows, length)
    offset = np.arange(length.sum()) - np.repeat(np.cumsum(length) - length, length)
    day = np.repeat(begin, length) + offset
    count = visits_of_days(v.first[row], v.last[row], v.days[row], np.repeat(age, length) + offset) * v.takes[row]
    stop = np.append(lists[1:], FAR)
    return intervals(np.full(len(row), service, dtype=np.int32), row, lists[day], stop[day], count)
