"""Rotas, opening hours and dates that cannot be."""

from __future__ import annotations

import itertools
import zoneinfo
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from flowsim.config.checks.registry import Given, check
from flowsim.config.days import WEEKDAYS, days_of
from flowsim.config.grammar import nearest
from flowsim.config.models import Change, Departure, Hours, Intervention, Profile, Stream, SurgePeriod, Weekly
from flowsim.errors import Problem

_DAY_KEYS = (*WEEKDAYS, "mon-fri", "sat-sun", "every_day", "holidays")


def _schedules(given: Given) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield (key, day key -> what holds that day) of everything written by days of the week."""
    for path, node in given.of(Weekly, Hours, Departure, Profile, Stream):
        if isinstance(node, Weekly | Hours):
            yield path, node.days
        elif isinstance(node, Departure):
            yield f"{path}.by_clock", node.by_clock
        elif isinstance(node, Profile) and node.hour_of_week:
            yield f"{path}.hour_of_week", node.hour_of_week
        elif isinstance(node, Stream) and node.rates:
            yield f"{path}.rates", node.rates


@check("day_name")
def day_name(given: Given) -> Iterator[Problem]:
    """Days are mon to sun, ranges of them, every_day or holidays."""
    for path, days in _schedules(given):
        for key in days:
            if days_of(key) is None:
                yield Problem(f"{path}.{key}", repr(key), nearest(key, _DAY_KEYS, "a day, or a range such as mon-fri"))
        if not days:
            yield Problem(path, "no days", "a day or more, e.g. every_day")


@check("rota_overlap")
def rota_overlap(given: Given) -> Iterator[Problem]:
    """No day is in two ranges that say different things, unless one range lies within the other and so refines it."""
    for path, days in _schedules(given):
        ranges = {key: set(days_of(key) or ()) for key in days if "-" in key}
        for (one, first), (other, second) in itertools.combinations(ranges.items(), 2):
            refines = first < second or second < first
            if first & second and not refines and days[one] != days[other]:
                names = ", ".join(WEEKDAYS[day] for day in sorted(first & second))
                yield Problem(
                    f"{path}.{other}", f"{names} here and in {one}", "each day in one range, or named by itself"
                )


@check("time_order")
def time_order(given: Given) -> Iterator[Problem]:
    """Clock times of a day are written in order."""
    profiles = (
        (f"profile.{n}.hour_of_day", {"": p.hour_of_day}) for n, p in given.config.profile.items() if p.hour_of_day
    )
    for path, days in itertools.chain(_schedules(given), profiles):
        for key, times in days.items():
            said = list(times)
            if isinstance(times, Mapping) and said != sorted(said):
                yield Problem(
                    f"{path}.{key}".rstrip("."), ", ".join(said), f"times in order: {', '.join(sorted(said))}"
                )
            if isinstance(times, Mapping) and not said:
                yield Problem(f"{path}.{key}", "no times", 'a clock time or more, e.g. {"00:00": 0}')


@check("opening_hours")
def opening_hours(given: Given) -> Iterator[Problem]:
    """Opening hours open before they close."""
    for path, node in given.of(Hours):
        for key, times in node.days.items():
            if len(times) % 2 or any(a >= b for a, b in itertools.pairwise(times)):
                yield Problem(f"{path}.{key}", _list(times), _hours_wanted(times))


def _hours_wanted(times: Sequence[str]) -> str:
    if len(times) == 2 and times[0] > times[1]:
        return f'opening before closing; past midnight is two spells: ["00:00", "{times[1]}", "{times[0]}", "24:00"]'
    return 'pairs of opening and closing in order, e.g. ["08:00", "20:00"]'


def _list(times: Sequence[str]) -> str:
    return "[" + ", ".join(f'"{time}"' for time in times) + "]"


def _dates(given: Given) -> Iterator[tuple[str, str]]:
    """Yield (key, text) of every date."""
    for path, node in given.of(Change, SurgePeriod, Intervention, Stream):
        if isinstance(node, Change | SurgePeriod | Intervention):
            for name, text in (("from", node.starts), ("to", node.ends)):
                if text is not None:
                    yield f"{path}.{name}", text
        elif isinstance(node, Stream):
            if node.growth_from is not None:
                yield f"{path}.growth_from", node.growth_from
            if node.growth_to is not None:
                yield f"{path}.growth_to", node.growth_to
            yield from ((f"{path}.rates_by_date.{day}", day) for day in node.rates_by_date or ())
    yield "run.starts", given.config.run.starts


def as_date(text: str) -> date | None:
    """Return a date, None for one that the calendar does not have."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


@check("date_exists")
def date_exists(given: Given) -> Iterator[Problem]:
    """Dates are in the calendar."""
    for key, text in _dates(given):
        if as_date(text) is None:
            yield Problem(key, repr(text), 'a date that exists, e.g. "2026-10-01"')


@check("date_order")
def date_order(given: Given) -> Iterator[Problem]:
    """What is dated ends after it starts."""
    for path, node in given.of(Change, SurgePeriod, Intervention):
        if node.starts and node.ends and node.ends <= node.starts:
            yield Problem(f"{path}.to", repr(node.ends), f"a date after {node.starts}")
    for name, stream in given.config.stream.items():
        days = list(stream.rates_by_date or ())
        if days != sorted(days):
            yield Problem(f"stream.{name}.rates_by_date", ", ".join(days), "dates in order")
        if stream.growth_from and stream.growth_to and stream.growth_to <= stream.growth_from:
            yield Problem(f"stream.{name}.growth_to", repr(stream.growth_to), f"a date after {stream.growth_from}")


@check("growth_base")
def growth_base(given: Given) -> Iterator[Problem]:
    """Growth says from which date it counts."""
    for name, stream in given.config.stream.items():
        if stream.growth is not None and stream.growth_from is None:
            yield Problem(
                f"stream.{name}.growth_from", "nothing", "the date at which volume holds, from which growth counts"
            )


@check("run_length")
def run_length(given: Given) -> Iterator[Problem]:
    """A run ends after it starts, and is counted in ticks."""
    run = given.config.run
    if run.duration.value <= 0:
        yield Problem("run.duration", repr(run.duration.said), 'a length of time above 0, e.g. "182 d"')
    if run.tick.value <= 0:
        yield Problem("run.tick", repr(run.tick.said), 'a length of time above 0, e.g. "1 ms"')


@check("seed")
def seed(given: Given) -> Iterator[Problem]:
    """A seed is a number that keys random draws: 32 bits."""
    if not 0 <= given.config.run.seed < 2**32:
        yield Problem("run.seed", str(given.config.run.seed), f"a whole number from 0 to {2**32 - 1}")


@check("timezone")
def timezone(given: Given) -> Iterator[Problem]:
    """The time zone is known."""
    name = given.config.place.calendar.timezone
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        yield Problem("place.calendar.timezone", repr(name), nearest(name, ("Europe/London", "UTC"), "a time zone"))
