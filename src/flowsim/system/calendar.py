"""When things are: ticks of the run against local dates and clock times.

The run starts at a local midnight, ``run.starts`` less the warm-up. Ticks count elapsed real time, so
that in Europe/London the day on which clocks go forward is 23 hours long and the day on which they go
back 25. A warm-up of whole days ends at the midnight of ``run.starts``; of any other length, the start
is rounded up to the next midnight and the warm-up lasts exactly as long as said, so that measuring
starts during ``run.starts``. A duration of whole days likewise ends at a midnight where measuring
starts at one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from flowsim.system.curves import Ints
from flowsim.system.spec import ClockSpec
from flowsim.units import MINUTES_PER_DAY

if TYPE_CHECKING:
    from flowsim.config.models import Calendar as CalendarSettings
    from flowsim.config.models import RunSettings
    from flowsim.system.names import Problems

MINUTES_A_DAY = int(MINUTES_PER_DAY)


@lru_cache(maxsize=8)
def bank_holidays(first_year: int, last_year: int) -> frozenset[date]:
    """Return the bank holidays of England in a range of years."""
    import holidays

    return frozenset(holidays.country_holidays("GB", subdiv="ENG", years=range(first_year, last_year + 1)))


@dataclass(frozen=True)
class Calendar:
    """The run's calendar.

    Attributes:
        clock: midnights, weekdays and bank holidays, as engines read them.
        warm_up, end: ticks at which measuring starts and the run stops.
        free_days: every bank holiday from some days before the run to its end.
    """

    clock: ClockSpec
    warm_up: int
    end: int
    free_days: frozenset[date] = field(default=frozenset())

    @property
    def start(self) -> date:
        """The date of tick 0."""
        return self.clock.starts_at.date()

    def ticks(self, minutes: float) -> int:
        """Return a duration in whole ticks."""
        return round(minutes * self.clock.ticks_per_minute)

    def date_tick(self, day: date) -> int:
        """Return the tick of a local midnight; 0 for dates before the run, ``end`` for those after it."""
        index = (day - self.start).days
        if index <= 0:
            return 0
        return min(self.clock.midnights[index], self.end) if index < len(self.clock.midnights) else self.end

    def kind_of_day(self, day: date) -> tuple[int, bool]:
        """Return (weekday with Monday 0, whether a bank holiday)."""
        return day.weekday(), day in self.free_days

    @cached_property
    def odd_days(self) -> dict[int, Ints]:
        """For days of 23 or 25 hours, the tick at which each minute of the clock is first reached.

        A clock time that is skipped is reached when the clocks change; one that happens twice, the first time.
        """
        out = {}
        per_minute = self.clock.ticks_per_minute
        midnights = self.clock.midnights
        for day in range(len(midnights) - 1):
            minutes = (midnights[day + 1] - midnights[day]) // per_minute
            if minutes != MINUTES_A_DAY:
                shown = _wall_minutes(self.clock.date_of(day), ZoneInfo(self.clock.timezone), minutes)
                reached = np.searchsorted(np.maximum.accumulate(shown), np.arange(MINUTES_A_DAY + 1), side="left")
                out[day] = midnights[day] + np.minimum(reached, minutes).astype(np.int64) * per_minute
        return out

    def tick_at(self, day: int, minute: int) -> int:
        """Return the tick at which a local clock time is first reached.

        Args:
            day: which day of the run (0 is the first; negative for days before, taken as 24 hours long).
            minute: minute of the clock, 0 to 1440.
        """
        if day in self.odd_days:
            return int(self.odd_days[day][minute])
        per_minute = self.clock.ticks_per_minute
        midnight = self.clock.midnights[day] if day >= 0 else day * MINUTES_A_DAY * per_minute
        return midnight + minute * per_minute


def _wall_minutes(day: date, zone: ZoneInfo, minutes: int) -> Ints:
    """Return the minute of the clock shown at each elapsed minute of a day."""
    start = datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
    shown = [(start + timedelta(minutes=m)).astimezone(zone) for m in range(minutes)]
    return np.array([t.hour * 60 + t.minute for t in shown], dtype=np.int64)


def make_calendar(run: RunSettings, settings: CalendarSettings, problems: Problems) -> Calendar:
    """Return the calendar of a run; notes problems with the tick, the time zone and the first date."""
    per_minute = _ticks_per_minute(run, problems)
    zone = _zone(settings.timezone, problems)
    first = parse_date("run.starts", run.starts, problems)
    start = first - timedelta(days=math.floor(run.warm_up.value / MINUTES_PER_DAY + 1e-9))
    base = datetime(start.year, start.month, start.day, tzinfo=zone).astimezone(UTC)

    def midnight(day: int) -> int:
        local = start + timedelta(days=day)
        at = datetime(local.year, local.month, local.day, tzinfo=zone).astimezone(UTC)
        return round((at - base).total_seconds() / 60 * per_minute)

    warm_up, end = _window(run, per_minute, (first - start).days, midnight)
    if end <= warm_up:
        problems.add("run.duration", run.duration.said, "a duration longer than 0")
        end = warm_up + 1
    midnights = [0]
    while midnights[-1] <= end:
        midnights.append(midnight(len(midnights)))
    days = [start + timedelta(days=i) for i in range(len(midnights))]
    free = bank_holidays(start.year - 1, days[-1].year) if settings.holidays == "england" else frozenset[date]()
    clock = ClockSpec(
        ticks_per_minute=per_minute,
        timezone=settings.timezone,
        starts_at=datetime(start.year, start.month, start.day),
        midnights=tuple(midnights),
        weekdays=tuple(d.weekday() for d in days),
        holidays=tuple(d in free for d in days),
    )
    return Calendar(clock, warm_up, end, free)


def _window(run: RunSettings, per_minute: int, days: int, midnight: Callable[[int], int]) -> tuple[int, int]:
    """Return the ticks at which measuring starts and ends; ``days`` before ``run.starts`` the run starts."""
    warm_up = round(run.warm_up.value * per_minute)
    if not _whole_days(run.warm_up.value):
        return warm_up, warm_up + round(run.duration.value * per_minute)
    if _whole_days(run.duration.value):
        return midnight(days), midnight(days + round(run.duration.value / MINUTES_PER_DAY))
    return midnight(days), midnight(days) + round(run.duration.value * per_minute)


def _whole_days(minutes: float) -> bool:
    return abs(minutes / MINUTES_PER_DAY - round(minutes / MINUTES_PER_DAY)) < 1e-9


def _ticks_per_minute(run: RunSettings, problems: Problems) -> int:
    per_minute = 1 / run.tick.value if run.tick.value > 0 else 0.0
    if per_minute < 0.5 or abs(per_minute - round(per_minute)) > 1e-6 * per_minute:
        problems.add("run.tick", run.tick.said, 'a tick of which a whole number make a minute, e.g. "1 ms" or "1 min"')
        return 60_000
    return round(per_minute)


def _zone(name: str, problems: Problems) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        problems.add("place.calendar.timezone", repr(name), "the IANA name of a time zone, e.g. 'Europe/London'")
        return ZoneInfo("UTC")


def parse_date(key: str, said: str, problems: Problems) -> date:
    """Return a date written as 2026-10-01; notes a problem where there is no such day."""
    try:
        return date.fromisoformat(said)
    except ValueError:
        problems.add(key, repr(said), "a date that exists, as year-month-day, e.g. '2026-10-01'")
        return date(2026, 1, 1)
