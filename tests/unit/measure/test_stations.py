"""Traces worked by hand; the first is accounting at the edges of the window."""

import math

import numpy as np
import pytest

from flowsim.measure.stations import COLUMNS, census, staff, stations
from flowsim.trajectory import Outcome
from tests.build import spec_of
from tests.trajectories import at, came, run_of

H = 60


def ward(beds=1, **run):
    return spec_of(
        {"service": {"ward": {"capacity": {"beds": beds}}}, "pathway": {"ward": {"all": "home"}}},
        **{"duration": "1 d", **run},
    )


def row_of(table, service):
    return table.set_index("service").loc[service]


def at_the_edges():
    """One server, four hours each, arrivals at 0, 3, 5 and 8 h."""
    spec = ward(duration="14 h")
    people = [
        came(a * H, at("ward", a * H, b * H, (b + 4) * H, (b + 4) * H if b < 10 else None))
        for a, b in [(0, 0), (3, 4), (5, 8)]
    ]
    last = came(8 * H, at("ward", 8 * H, 12 * H), exit=None)
    hour = H * spec.clock.ticks_per_minute
    return stations(spec, run_of(spec, *people, last), window=(round(3.5 * hour), 14 * hour))


def test_time_averages_are_clipped_to_the_window():
    row = row_of(at_the_edges(), "ward")
    # Waiting: 3.5-4 h (the second), 5-8 h (the third), 8-12 h (the fourth); busy throughout.
    assert row["mean_waiting"] == pytest.approx(7.5 / 10.5, rel=1e-12)
    assert row["utilisation"] == 1.0


def test_means_over_patients_are_of_those_who_arrive_in_the_window():
    row = row_of(at_the_edges(), "ward")
    assert row["arrivals"] == 2
    assert row["completed"] == 3
    assert row["wait_mean"] == 3.5 * H
    # Those who start in the window: at 4, 8 and 12 h, having waited 1, 3 and 4 h.
    assert row["wait_mean_started"] == pytest.approx((1 + 3 + 4) / 3 * H)


def test_every_documented_column_is_there_and_no_other():
    table = at_the_edges()
    assert set(table.columns) == {"service", *COLUMNS}


def test_lost_patients_are_shares_of_those_who_came():
    spec = ward()
    table = stations(
        spec,
        run_of(
            spec,
            came(0, at("ward", 0, 0, 60, 60)),
            came(10, at("ward", 10, left=10, outcome=Outcome.REFUSED), exit="turned_away"),
            came(20, at("ward", 20, left=50, outcome=Outcome.RENEGED), exit="left"),
            came(30, at("ward", 30, left=30, outcome=Outcome.BAULKED), exit="turned_away"),
        ),
    )
    row = row_of(table, "ward")
    assert (row["refused_share"], row["baulked_share"], row["reneged_share"]) == (0.25, 0.25, 0.25)
    assert row["wait_mean_reneged"] == 30
    assert row["wait_mean_queueing"] == 15
    assert row["p_wait"] == 0.5
    assert row["wait_mean"] == 0


def two_stages():
    return spec_of(
        {
            "service": {"first": {"capacity": {"beds": 1}}, "second": {"capacity": {"beds": 1}}},
            "pathway": {"first": {"all": "second"}, "second": {"all": "home"}},
        },
        duration="10 h",
    )


def blocked_chain(spec):
    """D04 of the reference cases: stage-1 stays 2, 1, 1 and stage-2 stays 5, 1, 2 hours, one bed each."""
    return run_of(
        spec,
        came(0, at("first", 0, 0, 2 * H, 2 * H), at("second", 2 * H, 2 * H, 7 * H, 7 * H)),
        came(0, at("first", 0, 2 * H, 3 * H, 7 * H), at("second", 3 * H, 7 * H, 8 * H, 8 * H)),
        came(H, at("first", H, 7 * H, 8 * H, 8 * H), at("second", 8 * H, 8 * H, 10 * H)),
    )


def test_blocking_is_the_time_a_space_is_kept_for_want_of_the_next():
    spec = two_stages()
    row = row_of(stations(spec, blocked_chain(spec)), "first")
    assert row["mean_blocked"] == pytest.approx(0.4)
    assert row["mean_in_use"] == pytest.approx(0.8)
    assert row["mean_treated"] == pytest.approx(0.4)
    assert row["share_time_blocked"] == pytest.approx(0.4)
    assert row["p_blocked"] == pytest.approx(1 / 3)
    assert row["blocked_mean"] == pytest.approx(80)
    assert row["blocked_mean_blocked"] == 4 * H


def test_the_system_counts_patients_once_though_they_wait_and_hold():
    spec = two_stages()
    table = stations(spec, blocked_chain(spec))
    system = row_of(table, "system")
    assert system["mean_in_system"] == pytest.approx((7 + 8 + 9) / 10)
    assert system["completed"] == 2
    assert system["time_in_system_mean"] == pytest.approx(7.5 * H)


def test_a_census_is_after_everything_of_its_instant():
    spec = two_stages()
    hour = H * spec.clock.ticks_per_minute
    table = census(spec, blocked_chain(spec), [0, 3 * hour, 7 * hour]).set_index(["service", "tick"])
    assert table.loc[("first", 0), ["in_use", "waiting"]].tolist() == [1, 1]
    assert table.loc[("first", 3 * hour), ["in_use", "treated", "blocked"]].tolist() == [1, 0, 1]
    assert table.loc[("first", 7 * hour), ["in_use", "treated", "blocked"]].tolist() == [1, 1, 0]


def test_an_unlimited_service_has_no_utilisation():
    spec = spec_of(
        {"service": {"home_visits": {"capacity": {"slots": "unlimited"}}}, "pathway": {"home_visits": {"all": "home"}}}
    )
    row = row_of(stations(spec, run_of(spec, came(0, at("home_visits", 0, 0, 60, 60)))), "home_visits")
    assert math.isnan(row["utilisation"])
    assert math.isnan(row["midnights_over_92"])
    assert row["mean_in_use"] == pytest.approx(1 / 24)


def test_splitting_by_an_attribute_divides_what_adds_up():
    network = {
        "attribute": {"age": {"levels": ["young", "old"]}},
        "service": {"ward": {"capacity": {"beds": 4}}},
        "pathway": {"ward": {"all": "home"}},
    }
    spec = spec_of(network)
    run = run_of(spec, came(0, at("ward", 0, 0, 60, 60), age="young"), came(0, at("ward", 0, 30, 720, 720), age="old"))
    whole, parts = stations(spec, run), stations(spec, run, by="age")
    mine = parts[parts["service"] == "ward"].set_index("level")
    for column in ("arrivals", "mean_in_use", "mean_waiting", "utilisation", "completed"):
        assert mine[column].sum() == pytest.approx(row_of(whole, "ward")[column])
    assert mine.loc["old", "wait_mean"] == 30


def test_waits_beyond_a_limit_are_counted_on_request():
    spec = ward(beds=2)
    run = run_of(spec, came(0, at("ward", 0, 0, 60, 60)), came(0, at("ward", 0, 61, 90, 90)))
    assert row_of(stations(spec, run, beyond=[60]), "ward")["p_wait_over_60"] == 0.5


def test_people_in_place_at_the_start_use_beds_but_did_not_arrive():
    spec = spec_of(
        {
            "service": {
                "ward": {
                    "capacity": {"beds": 2},
                    "initial": {
                        "there": {"state": "in_service", "number": 1, "elapsed": ["2 h"], "remaining": ["6 h"]}
                    },
                }
            },
            "pathway": {"ward": {"all": "home"}},
        }
    )
    run = run_of(spec, came(None, at("ward", -120, -120, 360, 360, initial=1)))
    row = row_of(stations(spec, run), "ward")
    assert (row["arrivals"], row["started"], row["completed"]) == (0, 0, 1)
    assert row["mean_in_use"] == pytest.approx(0.25)


def test_home_care_is_measured_in_visits_a_day():
    spec = spec_of(
        {
            "service": {
                "care": {
                    "kind": "visits",
                    "capacity": {"visits": 10},
                    "visits": {"first": 4, "last": 1},
                    "steps": {"package": {"duration": "4 d"}},
                }
            },
            "pathway": {"care": {"all": "home"}},
        },
        duration="5 d",
    )
    day = 1440
    run = run_of(spec, came(600, at("care", 600, day, 5 * day, 5 * day, package=(4000, 1000, 4), takes=2)))
    row = row_of(stations(spec, run), "care")
    # 4, 3, 2 and 1 visits on days 1 to 4, by two carers, of 10 a day over five days.
    assert row["mean_visits_per_day"] == pytest.approx(2 * 10 / 5)
    assert row["utilisation"] == pytest.approx(0.4)
    assert row["mean_in_use"] == pytest.approx(4 / 5)


def test_staff_are_busy_while_their_steps_last():
    spec = spec_of(
        {
            "staff": {"nurses": {"rota": 2}},
            "service": {
                "desk": {"capacity": {"desks": 2}, "steps": {"triage": {"duration": "1 h", "staff": {"nurses": 1}}}}
            },
            "pathway": {"desk": {"all": "home"}},
        }
    )
    minute = spec.clock.ticks_per_minute
    run = run_of(spec, came(0, at("desk", 0, 0, 90, 90)), staffed=[(0, 0, 0, 0, 1, 0, 30 * minute, 90 * minute)])
    row = staff(spec, run).iloc[0]
    assert row["mean_busy"] == pytest.approx(1 / 24)
    assert row["utilisation"] == pytest.approx(1 / 48)
    assert row["wait_mean"] == 30


def test_interruptions_leave_the_space_and_join_the_queue():
    spec = ward()
    run = run_of(spec, came(0, at("ward", 0, 0, 120, 120, interrupted=60)))
    row = row_of(stations(spec, run), "ward")
    assert row["mean_in_use"] == pytest.approx(1 / 24)
    assert row["mean_waiting"] == pytest.approx(1 / 24)
    assert row["service_mean"] == 60


def test_a_window_nobody_came_to_is_empty_and_not_an_error():
    spec = ward()
    row = row_of(stations(spec, run_of(spec)), "ward")
    assert row["arrivals"] == 0
    assert row["mean_in_use"] == 0
    assert np.isnan(row["wait_mean"])
