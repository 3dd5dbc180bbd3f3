from datetime import date, datetime

import pytest

from flowsim.errors import ConfigError
from tests.build import spec_of

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
LONDON = {"place": {"calendar": {"timezone": "Europe/London", "holidays": "england"}}}
DESK = {"service": {"desk": {"capacity": {"desks": 1}}}, "pathway": {"desk": {"all": "home"}}}


def clock_of(**run):
    return spec_of(LONDON, **run).clock


def test_the_run_starts_at_midnight_a_warm_up_before_the_first_date_measured():
    spec = spec_of(LONDON, starts="2026-10-01", warm_up="60 d", duration="182 d")
    assert spec.clock.starts_at == datetime(2026, 8, 2)
    # 60 days from 2 August lie in summer time; 182 days on, both clock changes cancel.
    assert spec.warm_up == 60 * DAY
    assert spec.end == 242 * DAY


def test_the_day_the_clocks_go_back_is_25_hours_long():
    clock = clock_of(starts="2026-10-25", duration="1 d")
    assert clock.midnights[1] - clock.midnights[0] == 25 * HOUR


def test_the_day_the_clocks_go_forward_is_23_hours_long():
    clock = clock_of(starts="2026-03-29", duration="1 d")
    assert clock.midnights[1] - clock.midnights[0] == 23 * HOUR


def test_measuring_starts_at_midnight_though_a_clock_change_falls_in_the_warm_up():
    spec = spec_of(LONDON, starts="2026-11-01", warm_up="14 d", duration="7 d")
    assert spec.warm_up == 14 * DAY + HOUR
    assert spec.warm_up == spec.clock.midnights[14]
    assert spec.end == spec.clock.midnights[21]


def test_a_warm_up_of_part_days_lasts_exactly_as_said_from_the_next_midnight():
    spec = spec_of({}, starts="2026-01-05", warm_up="36 h", duration="10 h")
    assert spec.clock.starts_at == datetime(2026, 1, 4)
    assert spec.warm_up == 36 * HOUR
    assert spec.end == 46 * HOUR


def test_midnights_reach_past_the_end_and_weekdays_belong_to_them():
    clock = clock_of(starts="2026-01-05", duration="2 d")
    assert clock.midnights[-1] > 2 * DAY
    assert len(clock.weekdays) == len(clock.midnights) == len(clock.holidays)
    assert clock.weekdays[:3] == (0, 1, 2)
    assert clock.date_of(2) == date(2026, 1, 7)


def test_bank_holidays_of_england_are_known():
    clock = clock_of(starts="2026-12-24", duration="6 d")
    free = {clock.date_of(i) for i, holiday in enumerate(clock.holidays) if holiday}
    # Boxing Day 2026 is a Saturday: 28 December is its substitute day.
    assert {date(2026, 12, 25), date(2026, 12, 28)} <= free
    assert date(2026, 12, 29) not in free


def test_a_bank_holiday_of_scotland_alone_is_none():
    # St Andrew's Day.
    assert not clock_of(starts="2026-11-30", duration="1 d").holidays[0]


def test_a_place_may_have_no_bank_holidays():
    network = {"place": {"calendar": {"timezone": "Europe/London", "holidays": "none"}}}
    assert not any(spec_of(network, starts="2026-12-25", duration="3 d").clock.holidays)


@pytest.mark.parametrize(("tick", "per_minute"), [("1 ms", 60_000), ("1 s", 60), ("1 min", 1)])
def test_the_tick_sets_the_number_a_minute(tick, per_minute):
    spec = spec_of({}, tick=tick, duration="1 d")
    assert spec.clock.ticks_per_minute == per_minute
    assert spec.end == 1440 * per_minute


@pytest.mark.parametrize(
    ("run", "place", "key"),
    [
        ({"tick": "7 s"}, {}, "run.tick"),
        ({"starts": "2026-02-30"}, {}, "run.starts"),
        ({"duration": "0 d"}, {}, "run.duration"),
        ({}, {"calendar": {"timezone": "Europe/Londinium"}}, "place.calendar.timezone"),
    ],
)
def test_an_impossible_calendar_is_refused_by_key(run, place, key):
    with pytest.raises(ConfigError) as error:
        spec_of({"place": place}, **run)
    assert [p.key for p in error.value.problems] == [key]


def capacity_of(weekly, **run):
    network = {**LONDON, **DESK, "service": {"desk": {"capacity": {"desks": weekly}}}}
    return spec_of(network, **run).services[0].capacity


def test_a_clock_time_follows_the_local_clock_after_a_change():
    steps = capacity_of({"every_day": {"08:00": 3, "20:00": 1}}, starts="2026-10-24", duration="3 d")
    # Saturday in summer time; on Sunday 08:00 comes after nine hours.
    assert steps.ticks == (0, 8 * HOUR, 20 * HOUR, 33 * HOUR, 45 * HOUR, 57 * HOUR, 69 * HOUR)
    assert steps.values == (1, 3, 1, 3, 1, 3, 1)


def test_a_clock_time_that_comes_twice_counts_the_first_time():
    steps = capacity_of({"every_day": {"01:30": 3, "02:00": 1}}, starts="2026-10-25", duration="1 d")
    assert steps.ticks == (0, HOUR + 30 * MINUTE, 3 * HOUR)


def test_a_clock_time_that_is_skipped_counts_when_the_clocks_change():
    steps = capacity_of({"every_day": {"00:00": 1, "01:30": 3, "02:30": 2}}, starts="2026-03-29", duration="1 d")
    # 01:00 becomes 02:00: the skipped 01:30 takes over then, and 02:30 is half an hour later.
    assert steps.ticks == (0, HOUR, HOUR + 30 * MINUTE)
    assert steps.values == (1, 3, 2)


def test_two_clock_times_skipped_together_leave_the_later():
    steps = capacity_of({"every_day": {"00:00": 1, "01:15": 3, "01:45": 2}}, starts="2026-03-29", duration="1 d")
    assert steps.ticks == (0, HOUR)
    assert steps.values == (1, 2)
