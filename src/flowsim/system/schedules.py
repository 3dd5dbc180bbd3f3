"""Weekly patterns: day keys and clock times turned into step functions over the run.

Day keys are ``mon`` .. ``sun``, ranges of them (``mon-fri``, also over the week's end: ``fri-mon``),
``every_day`` and ``holidays``. The most specific key that covers a day rules it: ``holidays`` on a bank
holiday, then a single day, then a shorter range before a longer one, then ``every_day``. Before a
day's first clock time the last value of the day before holds; ``24:00`` is the end of the day.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import TypeVar

import numpy as np

from flowsim.config.days import EVERY_DAY, HOLIDAYS, WEEKDAYS, days_of
from flowsim.config.models import Hours
from flowsim.system.calendar import MINUTES_A_DAY, Calendar
from flowsim.system.curves import Curve, of_points
from flowsim.system.names import Problems

_WANTED = "a day: mon .. sun, a range such as mon-fri, every_day or holidays"

Day = tuple[tuple[int, float], ...]
"""(minute of the clock, value from then on), in order."""
V = TypeVar("V")


def minute_of(clock: str) -> int:
    """Return the minute of the day of a clock time such as ``08:30``."""
    hours, _, minutes = clock.partition(":")
    return int(hours) * 60 + int(minutes)


@dataclass(frozen=True)
class Pattern:
    """What holds on each kind of day.

    Attributes:
        days: seven weekdays, then the seven weekdays as bank holidays; None where the day before goes on.
    """

    days: tuple[Day | None, ...]

    def of_day(self, weekday: int, holiday: bool) -> Day | None:
        """Return what holds on a day."""
        return self.days[weekday + 7 * holiday]

    def before(self, weekday: int) -> float:
        """Return the value at the start of an ordinary weekday: the last of the nearest day before that has any."""
        for back in range(1, 8):
            day = self.days[(weekday - back) % 7]
            if day:
                return day[-1][1]
        return 0.0

    def explicit(self) -> Pattern:
        """Return the same pattern with every day's value at midnight written out, as in an ordinary week."""
        out = []
        for index, day in enumerate(self.days):
            entries = day or ()
            if not entries or entries[0][0] > 0:
                entries = ((0, self.before(index % 7)), *entries)
            out.append(entries)
        return Pattern(tuple(out))

    def times(self, weights: Sequence[float]) -> Pattern:
        """Return the pattern with the values of each of the fourteen kinds of day multiplied."""
        days = self.explicit().days
        return Pattern(tuple(tuple((m, v * w) for m, v in day or ()) for day, w in zip(days, weights, strict=True)))

    def week_mean(self) -> float:
        """Return the mean over an ordinary week, without bank holidays or clock changes."""
        total = 0.0
        for day in self.explicit().days[:7]:
            entries = [*(day or ()), (MINUTES_A_DAY, 0.0)]
            total += sum(v * (n - m) for (m, v), (n, _) in pairwise(entries))
        return total / (7 * MINUTES_A_DAY)

    def curve(self, calendar: Calendar) -> Curve:
        """Return the pattern over the run, from a week before it so that the start has a value."""
        clock = calendar.clock
        points: list[tuple[int, float]] = [
            (-8 * MINUTES_A_DAY * clock.ticks_per_minute, self.before(clock.weekdays[0]))
        ]
        for back in range(-7, 0):
            day = self.of_day(*calendar.kind_of_day(calendar.start + timedelta(days=back)))
            points += [(calendar.tick_at(back, m), v) for m, v in day or ()]
        ticks, values = [np.array([t for t, _ in points], dtype=np.int64)], [np.array([v for _, v in points])]
        minutes = [None if d is None else np.array([m for m, _ in d], dtype=np.int64) for d in self.days]
        levels = [None if d is None else np.array([v for _, v in d]) for d in self.days]
        for index, (midnight, weekday, holiday) in enumerate(
            zip(clock.midnights, clock.weekdays, clock.holidays, strict=True)
        ):
            at, value = minutes[weekday + 7 * holiday], levels[weekday + 7 * holiday]
            if at is not None and value is not None and midnight < calendar.end:
                odd = calendar.odd_days.get(index)
                ticks.append(midnight + at * clock.ticks_per_minute if odd is None else odd[at])
                values.append(value)
        return of_points(np.concatenate(ticks), np.concatenate(values))


def make_pattern(
    key: str,
    days: Mapping[str, V],
    read: Callable[[V], Day],
    problems: Problems,
    missing: Day | None = None,
) -> Pattern:
    """Return the pattern of a mapping by day key.

    Args:
        key: dotted path, for problems.
        days: day key -> what holds then.
        read: turns that into (minute, value) pairs in order.
        problems: where faults are noted.
        missing: what holds on days that no key covers; None to carry on from the day before.
    """
    covers: dict[str, tuple[int, ...]] = {}
    for name in days:
        covered = days_of(name)
        if covered is None:
            problems.add(f"{key}.{name}", repr(name), _WANTED)
        else:
            covers[name] = covered
    read_days = {name: read(days[name]) for name in covers}
    ordinary = [_ruling(key, weekday, covers, problems) for weekday in range(7)]
    out = [missing if name is None else read_days[name] for name in ordinary]
    if not any(out):
        problems.add(key, sorted(days), 'a value at some time of an ordinary day, e.g. {every_day: {"00:00": 4}}')
    on_holidays = [read_days[HOLIDAYS]] * 7 if HOLIDAYS in read_days else out
    return Pattern((*out, *on_holidays))


def _ruling(key: str, weekday: int, covers: Mapping[str, tuple[int, ...]], problems: Problems) -> str | None:
    """Return the most specific day key that covers a weekday."""
    found = sorted((name == EVERY_DAY, len(days), name) for name, days in covers.items() if weekday in days)
    if len(found) > 1 and found[0][:2] == found[1][:2]:
        both = f"{found[0][2]} and {found[1][2]}"
        problems.add(
            key,
            f"{both}, which both cover {WEEKDAYS[weekday]}",
            "one of them more specific, or days that do not overlap",
        )
    return found[0][2] if found else None


def by_clock(values: Mapping[str, float]) -> Day:
    """Return clock times and values in order of time."""
    return tuple(sorted((minute_of(clock), value) for clock, value in values.items()))


def number_pattern(key: str, days: Mapping[str, Mapping[str, float]], problems: Problems) -> Pattern:
    """Return the pattern of numbers by day key and clock time."""
    return make_pattern(key, days, by_clock, problems)


def hours_pattern(key: str, hours: Hours, problems: Problems) -> Pattern:
    """Return 1 while open and 0 while closed; days that no key covers are closed."""

    def read(pairs: list[str]) -> Day:
        minutes = [minute_of(clock) for clock in pairs]
        if len(minutes) % 2 or any(b <= a for a, b in pairwise(minutes)):
            problems.add(key, pairs, 'pairs of opening and closing times in order, e.g. ["08:00", "20:00"]')
            return ((0, 0.0),)
        points = {0: 0.0}
        for opens, closes in zip(minutes[::2], minutes[1::2], strict=True):
            points[opens] = 1.0
            points[closes] = 0.0
        return tuple(sorted(points.items()))

    if not hours.days:
        return Pattern((((0, 0.0),),) * 14)
    return make_pattern(key, hours.days, read, problems, missing=((0, 0.0),))
