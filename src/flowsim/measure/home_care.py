"""Home care by visits: what packages use a day, from their first and last days and how long they run."""

from __future__ import annotations

from functools import partial

import numpy as np

from flowsim.measure import home_care_loops, loops, visit_loops
from flowsim.measure.frames import Window
from flowsim.measure.intervals import FAR, Intervals, intervals
from flowsim.measure.sorting import Codes, codes, whole
from flowsim.system.spec import ServiceSpec
from flowsim.trajectory import NEVER, Ints


def list_ticks(window: Window, service: ServiceSpec) -> Ints:
    """Return the tick of each day at which a service's list is filled."""
    assert service.visits is not None
    return window.midnight_ticks + service.visits.day_start * window.ticks_per_minute


def used_at(window: Window, service: int, by_package: bool = False) -> Intervals:
    """Return spaces in use at one service; for home care, visits a day.

    Visits a day are those of all packages together, of no row of Visits, or one stretch a package and day.
    """
    if not window.by_visits[service]:
        return window.at("in_use", service)
    return window.once(("visits used", service, by_package), partial(_days_used, window, service, by_package))


def _days_used(window: Window, service: int, by_package: bool) -> Intervals:
    lists = list_ticks(window, window.spec.services[service])
    row, day, count = _package_days(window, service, lists)
    if not by_package:
        total = loops.counted(whole(day), len(lists), whole(count))
        row, day, count = codes(np.full(len(lists), NEVER)), codes(np.arange(len(lists))), codes(total)
    return intervals(np.full(len(row), service), row, lists[day], np.append(lists[1:], FAR)[day], count)


def _package_days(window: Window, service: int, lists: Ints) -> tuple[Codes, Codes, Codes]:
    v = window.visits
    rows, first, last = window.at_services((service,))
    rows = visit_loops.flagged(rows[first[0] : last[0]], window.has_started)
    package = codes(v.first), codes(v.last), codes(v.days), codes(v.takes)
    return home_care_loops.package_days(
        rows, package, whole(v.started), whole(v.left), whole(lists), window.ticks_per_day
    )
