"""Leaving by the clock, home visits by the day, and what delay does."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence


def departure_tick(
    ticks: Sequence[int], rates: Sequence[float], hazards: Sequence[float], start: int, wanted: float
) -> int:
    """Return the tick at which the hazard gathered since ``start`` reaches ``wanted``.

    Args:
        ticks: breakpoints of the rate, the first 0.
        rates: hazard per tick from each breakpoint on.
        hazards: hazard gathered from 0 to each breakpoint.
        start: tick from which it gathers.
        wanted: a unit exponential draw.

    Returns:
        A tick; one past any run's end (2**62) where the rate stays 0.
    """
    at = bisect_right(ticks, start) - 1
    target = hazards[at] + (start - ticks[at]) * rates[at] + wanted
    index = bisect_right(hazards, target) - 1
    if rates[index] <= 0.0:
        return 2**62
    return max(start, ticks[index] + math.floor((target - hazards[index]) / rates[index] + 0.5))


def visits_on_day(first: float, last: float, days: int, day: int) -> int:
    """Return the visits on a day (0-based) of a package whose visits taper evenly; half goes to even."""
    if days <= 1 or day <= 0:
        return round(first)
    return round(first + (last - first) * min(day, days - 1) / (days - 1))


def whole_days(minutes: float) -> int:
    """Return a stay in whole days, the nearest, at least one."""
    return max(1, math.floor(minutes / 1440.0 + 0.5))


def stay_factor(days_delayed: float, per_day: float, limit: float) -> float:
    """Return what a stay is multiplied by after so many days of delay."""
    return 1.0 + min(limit, per_day * days_delayed)


def shift_probability(days_delayed: float, per_day: float, limit: float) -> float:
    """Return the probability that delay has moved the patient one level on."""
    return min(limit, per_day * days_delayed)
