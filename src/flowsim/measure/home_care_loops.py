"""Visits made day by day over packages of home care, compiled."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from flowsim.measure.audit_loops import visits_on
from flowsim.measure.jit import compiled
from flowsim.measure.loops import index

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]

NEVER = -1


@compiled
def package_days(
    rows: Codes,
    package: tuple[Codes, Codes, Codes, Codes],
    started: Ints,
    left: Ints,
    lists: Ints,
    ticks_per_day: int,
) -> tuple[Codes, Codes, Codes]:
    """Return the days of packages: the package, the place of the day's list, and the visits that carers make.

    The visits of day k of a package of n days are first + (last - first) k / (n - 1), half rounded to even,
    times carers; from day n on, while it waits to be handed over, those of the last day.

    Args:
        rows: of the packages, which have started.
        package: of every visit, first and last visits a day [thousandths], days, carers.
        started: of every visit.
        left: of every visit.
        lists: ticks at which the days' lists are filled.
        ticks_per_day: of the clock.
    """
    first, last, days, takes = package
    begin, until = np.empty(rows.size, np.int64), np.empty(rows.size, np.int64)
    for i in range(rows.size):
        row = index(rows[i])
        begin[i] = np.searchsorted(lists, started[row])
        until[i] = np.searchsorted(lists, left[row]) if left[row] != NEVER else lists.size
    n, at = np.maximum(until - begin, 0).sum(), 0
    whose, place, count = np.empty(n, np.int32), np.empty(n, np.int32), np.empty(n, np.int32)
    for i in range(rows.size):
        row = index(rows[i])
        # Packages under way at the start began so many days before the first list, to the nearest.
        before = int(np.rint(max(-started[row], 0) / ticks_per_day)) - begin[i]
        for day in range(begin[i], until[i]):
            whose[at], place[at] = rows[i], day
            count[at] = visits_on(first[row], last[row], days[row], day + before) * takes[row]
            at += 1
    return whose, place, count
