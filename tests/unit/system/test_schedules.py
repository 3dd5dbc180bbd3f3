import pytest

from flowsim.errors import ConfigError
from tests.build import spec_of

HOUR = 60 * 60_000
DAY = 24 * HOUR
ENGLAND = {"timezone": "Europe/London", "holidays": "england"}


def service_of(keys, place=None, **run):
    network = {
        "place": place or {},
        "service": {"desk": {"capacity": {"desks": 1}, **keys}},
        "pathway": {"desk": {"all": "home"}},
    }
    return spec_of(network, **{"duration": "7 d", **run}).services[0]


def capacity_of(weekly, place=None, **run):
    return service_of({"capacity": {"desks": weekly}}, place, **run).capacity


def by_day(steps, hour, days=7):
    """Return the value at an hour of each day of the run, which starts on a Monday."""
    return [steps.at(day * DAY + hour * HOUR) for day in range(days)]


def test_day_ranges_cover_their_days():
    steps = capacity_of({"mon-fri": {"00:00": 6}, "sat-sun": {"00:00": 2}})
    assert by_day(steps, 12) == [6, 6, 6, 6, 6, 2, 2]


def test_a_range_may_run_over_the_end_of_the_week():
    steps = capacity_of({"fri-mon": {"00:00": 2}, "tue-thu": {"00:00": 6}})
    assert by_day(steps, 12) == [2, 6, 6, 6, 2, 2, 2]


def test_the_most_specific_key_wins_whatever_the_order():
    days = {"every_day": {"00:00": 1}, "wed": {"00:00": 4}, "mon-fri": {"00:00": 2}, "tue-thu": {"00:00": 3}}
    expected = [2, 3, 4, 3, 2, 1, 1]
    assert by_day(capacity_of(days), 12) == expected
    assert by_day(capacity_of(dict(reversed(days.items()))), 12) == expected


def test_before_the_first_clock_time_the_last_value_of_the_day_before_holds():
    steps = capacity_of({"mon-fri": {"08:00": 6, "18:00": 1}, "sat": {"10:00": 3}, "sun": {}})
    # Sunday has no entry: Saturday's value goes on into Monday, also on the run's first morning.
    assert by_day(steps, 7) == [3, 1, 1, 1, 1, 1, 3]
    assert by_day(steps, 12) == [6, 6, 6, 6, 6, 3, 3]


def test_midnight_at_the_end_of_a_day_may_be_written():
    steps = capacity_of({"every_day": {"08:00": 6, "24:00": 0}}, duration="2 d")
    assert steps.ticks == (0, 8 * HOUR, DAY, DAY + 8 * HOUR)
    assert steps.values == (0, 6, 0, 6)


def test_the_start_of_the_next_day_beats_the_end_of_the_day_before():
    steps = capacity_of({"mon": {"08:00": 6, "24:00": 0}, "tue-sun": {"00:00": 4}})
    assert steps.at(DAY) == 4


def test_equal_neighbours_are_merged():
    assert capacity_of({"mon-fri": {"00:00": 5, "12:00": 5}, "sat-sun": {"06:00": 5}}).ticks == (0,)


def test_a_bank_holiday_follows_holidays_where_given_and_its_weekday_else():
    easter = {"starts": "2026-03-30", "duration": "7 d"}
    with_key = {"mon-fri": {"00:00": 6}, "sat-sun": {"00:00": 2}, "holidays": {"00:00": 1}}
    without = {"mon-fri": {"00:00": 6}, "sat-sun": {"00:00": 2}}
    assert by_day(capacity_of(with_key, {"calendar": ENGLAND}, **easter), 12) == [6, 6, 6, 6, 1, 2, 2]
    assert by_day(capacity_of(without, {"calendar": ENGLAND}, **easter), 12) == [6, 6, 6, 6, 6, 2, 2]


@pytest.mark.parametrize(
    ("weekly", "key"),
    [
        ({"monday": {"00:00": 1}}, "service.desk.capacity.desks.monday"),
        ({"mon-wed": {"00:00": 1}, "wed-fri": {"00:00": 2}}, "service.desk.capacity.desks"),
        ({"holidays": {"00:00": 1}}, "service.desk.capacity.desks"),
    ],
)
def test_day_keys_that_cannot_be_are_refused(weekly, key):
    with pytest.raises(ConfigError) as error:
        capacity_of(weekly)
    assert key in [p.key for p in error.value.problems]


def test_opening_hours_open_and_close():
    desk = service_of(
        {"opens": {"mon-fri": ["08:00", "20:00"], "sat": ["09:00", "12:00", "13:00", "15:00"], "sun": []}}
    )
    assert by_day(desk.admitting, 8) == [1, 1, 1, 1, 1, 0, 0]
    assert [desk.admitting.at(5 * DAY + h * HOUR) for h in (8, 9, 12, 13, 14, 15)] == [0, 1, 0, 1, 1, 0]
    assert desk.admitting.at(20 * HOUR) == 0
    assert desk.is_closed_capacity
    assert desk.capacity.values == (1,)


def test_open_to_midnight_and_from_midnight_does_not_close_between():
    desk = service_of({"opens": {"mon-tue": ["00:00", "24:00"], "wed": ["00:00", "06:00"]}})
    assert desk.admitting.ticks == (0, 2 * DAY + 6 * HOUR)


def test_hours_of_starting_leave_the_capacity():
    desk = service_of({"admits": {"hours": {"every_day": ["08:00", "20:00"]}}})
    assert not desk.is_closed_capacity
    assert desk.admitting.at(7 * HOUR) == 0


def test_both_kinds_of_hours_must_hold():
    desk = service_of(
        {"opens": {"every_day": ["08:00", "18:00"]}, "admits": {"hours": {"every_day": ["10:00", "20:00"]}}}
    )
    assert [desk.admitting.at(h * HOUR) for h in (9, 10, 17, 18)] == [0, 1, 1, 0]
    assert desk.is_closed_capacity


@pytest.mark.parametrize("pairs", [["08:00"], ["20:00", "08:00"], ["08:00", "12:00", "11:00", "14:00"]])
def test_hours_out_of_order_are_refused(pairs):
    with pytest.raises(ConfigError, match=r"service\.desk\.opens: said"):
        service_of({"opens": {"every_day": pairs}})


def test_a_service_never_open_is_closed_throughout():
    assert service_of({"opens": {}}).admitting.values == (0,)


def test_dated_changes_set_and_add_from_one_date_to_another():
    desk = service_of(
        {
            "capacity": {"beds": 10},
            "changes": {
                "more": {"from": "2026-01-06", "to": "2026-01-08", "add": 5},
                "fixed": {"from": "2026-01-07", "to": "2026-01-09", "set": 3},
            },
        }
    )
    assert by_day(desk.capacity, 0) == [10, 15, 3, 3, 10, 10, 10]
    assert desk.unit == "beds"


def test_a_change_may_set_a_weekly_pattern_and_last_to_the_end():
    desk = service_of({"changes": {"shifts": {"from": "2026-01-07", "set": {"every_day": {"08:00": 2, "20:00": 4}}}}})
    assert by_day(desk.capacity, 12) == [1, 1, 2, 2, 2, 2, 2]
    assert desk.capacity.at(2 * DAY) == 4


def test_a_change_before_the_run_holds_from_its_start():
    assert by_day(service_of({"changes": {"old": {"from": "2020-01-01", "add": 1}}}).capacity, 0) == [2] * 7


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"from": "2026-01-06", "add": -2}, "service.desk.capacity.desks"),
        ({"from": "2026-01-06", "add": 0.5}, "service.desk.changes.c.add"),
        ({"from": "2026-01-06"}, "service.desk.changes.c"),
        ({"from": "2026-01-06", "to": "2026-01-06", "add": 1}, "service.desk.changes.c.to"),
        ({"from": "2026-02-31", "add": 1}, "service.desk.changes.c.from"),
    ],
)
def test_changes_that_cannot_be_are_refused(change, key):
    with pytest.raises(ConfigError) as error:
        service_of({"changes": {"c": change}})
    assert key in [p.key for p in error.value.problems]


def test_unlimited_stays_unlimited_when_added_to():
    desk = service_of({"capacity": {"desks": "unlimited"}, "changes": {"c": {"from": "2026-01-06", "add": 3}}})
    assert desk.is_unlimited
    assert desk.capacity.ticks == (0,)


def test_a_rota_is_a_level_too():
    network = {
        "staff": {"nurses": {"rota": {"mon-fri": {"08:00": 6, "18:00": 0}, "sat-sun": {"00:00": 0}}, "sickness": "4 %"}}
    }
    pool = spec_of(network, duration="7 d").staff[0]
    assert by_day(pool.rota, 12) == [6, 6, 6, 6, 6, 0, 0]
    assert pool.sickness == 0.04
