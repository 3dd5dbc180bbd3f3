"""Every word of the model by hand: what happens to a few patients, hour by hour."""

from __future__ import annotations

from tests.traces import Trace, listed, network, ward

SICK = {"attribute": {"who": {"levels": ["a", "b", "c", "d"]}}}


def who(hours: float, name: str) -> tuple[float, dict[str, str]]:
    return (hours, {"who": name})


def test_shift_that_rises_by_several_starts_several_at_once() -> None:
    beds = {"every_day": {"00:00": 0, "03:00": 3}}
    trace = Trace(network(listed(0, 0.5, 1, 1.5), {"ward": ward(beds, 2)}))
    assert trace.hours("started") == [3, 3, 3, 5]


def test_patience_that_ran_out_in_an_earlier_queue_does_not_end_a_later_wait() -> None:
    # The patient starts triage at 2, before patience of 3 h ends at 3, while waiting for the ward.
    triage = ward(1, 2, patience={"duration": "3 h"})
    trace = Trace(
        network(
            listed(0, 0, to="triage"),
            {"triage": triage, "ward": ward(1, 5, queue={"transfers": "unlimited"})},
            {"triage": {"rest": "ward"}},
        ),
    )
    assert trace.hours("started", "triage") == [0, 2]
    assert trace.hours("started", "ward") == [2, 7]
    assert trace.exits() == ["home", "home"]


def test_giving_up_frees_the_held_space_at_once() -> None:
    services = {
        "ward": ward(1, 1),
        "rehab": ward(1, 100, patience={"duration": "4 h", "to": "elsewhere", "holders": True}),
    }
    trace = Trace(network(listed(0, 0, 0), services, {"ward": {"rest": "rehab"}}))
    # The second is ready at 2, blocks until it gives up at 6; the third then starts.
    assert trace.hours("left", "ward") == [1, 6, 11]
    assert trace.hours("started", "ward") == [0, 1, 6]
    assert trace.exits() == ["home", "elsewhere", "elsewhere"]


def test_patience_of_those_who_hold_a_space_runs_only_where_the_service_says_so() -> None:
    services = {"ward": ward(1, 1), "rehab": ward(1, 100, patience={"duration": "4 h", "to": "elsewhere"})}
    trace = Trace(network(listed(0, 0), services, {"ward": {"rest": "rehab"}}))
    assert trace.exits() == ["home", "home"]


def test_priority_rises_after_a_wait_to_the_end_of_the_better_class() -> None:
    admits = {"priority": {"by": "who", "values": {"a": 1, "b": 2}, "rest": 1}, "rises": {"after": "3 h", "to": 1}}
    arrivals = listed(who(0, "a"), who(0.5, "b"), who(1, "a"), who(4, "a"))
    trace = Trace(network(arrivals, {"ward": ward(1, 5, admits=admits)}, **SICK))
    # At 3.5 the second joins class 1 behind the third and ahead of the fourth.
    assert trace.hours("started") == [0, 10, 5, 15]


def test_reserved_spaces_are_passed_over_by_others_and_taken_by_those_they_are_for() -> None:
    admits = {"reserve": {"kept": {"spaces": 1, "for": {"who": ["a"]}}}}
    arrivals = listed(who(0, "b"), who(1, "b"), who(2, "a"))
    trace = Trace(network(arrivals, {"ward": ward(2, 5, admits=admits)}, **SICK))
    # The second may start only when two are free: one for it and one kept.
    assert trace.hours("started") == [0, 7, 2]


def test_a_patient_who_needs_more_than_is_free_is_not_overtaken() -> None:
    admits = {"takes": {"by": "who", "values": {"b": 2}, "rest": 1}}
    arrivals = listed(who(0, "a"), who(1, "b"), who(2, "a"))
    trace = Trace(network(arrivals, {"ward": ward(2, 5, admits=admits)}, **SICK))
    assert trace.hours("started") == [0, 5, 10]


def test_closed_service_sends_arrivals_where_the_configuration_says() -> None:
    services = {"clinic": ward(1, 1, opens={"every_day": ["08:00", "18:00"]}, when_closed="ward"), "ward": ward(5, 1)}
    trace = Trace(network(listed(7, 9, 17.5, 18, to="clinic"), services))
    assert trace.hours("started", "clinic") == [None, 9, 17.5, None]
    assert trace.hours("started", "ward") == [7, 18]


def test_full_waiting_room_sends_arrivals_on() -> None:
    services = {"clinic": ward(1, 4, queue={"places": 1, "when_full": "ward"}), "ward": ward("unlimited", 1)}
    trace = Trace(network(listed(0, 1, 2, to="clinic"), services))
    assert trace.hours("started", "clinic") == [0, 4, None]
    assert trace.hours("started", "ward") == [2]


def test_transfers_wait_without_the_space_while_there_are_waiting_places() -> None:
    services = {"ward": ward(3, 1), "rehab": ward(1, 5, queue={"transfers": 1})}
    trace = Trace(network(listed(0, 0, 0), services, {"ward": {"rest": "rehab"}}))
    # The second has the waiting place from 1; the third blocks until 6, when the second starts.
    assert trace.hours("left", "ward") == [1, 1, 6]
    assert trace.hours("started", "rehab") == [1, 6, 11]
    assert trace.delays() == [("ward", None, 1, 6)]


def test_surge_opens_after_its_lead_and_closes_with_hysteresis() -> None:
    surge = {"spaces": 1, "opens_when": "occupancy >= 100 %", "closes_when": "occupancy < 100 %", "lead": "2 h"}
    trace = Trace(network(listed(0, 1, 1.5, 2.5), {"ward": ward(2, 10, surge=surge)}))
    # Full from 1; the surge bed opens at 3 and is taken by the third. At 10 two of two are still in
    # use, so it stays open for the fourth; at 13 one is left and it closes.
    assert trace.hours("started") == [0, 1, 3, 10]
    log = trace.got.capacity
    changes = [(t / 3_600_000, s) for t, s in zip(log.tick.tolist(), log.surge.tolist(), strict=True)]
    assert changes == [(0, 0), (3, 1), (13, 0)]


def test_turnaround_keeps_the_space_out_of_use() -> None:
    trace = Trace(network(listed(0, 1), {"ward": ward(1, 5, turnaround="2 h")}))
    assert trace.hours("started") == [0, 7]


def test_staff_are_needed_all_at_once_and_shared_between_services() -> None:
    staff = {"nurse": {"rota": 1}, "doctor": {"rota": {"every_day": {"00:00": 0, "04:00": 1}}}}
    services = {
        "ward": {"capacity": {"beds": 5}, "steps": {"both": {"duration": "2 h", "staff": {"nurse": 1, "doctor": 1}}}},
        "clinic": {"capacity": {"chairs": 5}, "steps": {"one": {"duration": "3 h", "staff": {"nurse": 1}}}},
    }
    net = network(listed(0), services, staff=staff)
    net["stream"]["t"] = listed(1, 3, to="clinic")
    trace = Trace(net)
    # The first waits for a doctor, passed over at 1 by one who needs only the nurse; at 4 both are free
    # and it stands first.
    assert trace.hours("seen", "clinic") == [1, 6]
    assert trace.hours("seen", "ward") == [4]
    assert trace.hours("ready", "ward") == [6]


def test_work_under_way_is_finished_when_the_shift_ends() -> None:
    staff = {"nurse": {"rota": {"every_day": {"00:00": 1, "02:00": 0, "08:00": 1}}}}
    services = {"ward": {"capacity": {"beds": 5}, "steps": {"care": {"duration": "3 h", "staff": {"nurse": 1}}}}}
    trace = Trace(network(listed(1, 1.5), services, staff=staff))
    assert trace.hours("ready") == [4, 11]


def test_leaving_is_a_chain_of_delays_each_with_its_reason() -> None:
    reason = {
        "assessment": {"label": "Assessment", "body": "both"},
        "choice": {"label": "Choice", "body": "nhs"},
        "bed": {"label": "Waiting for a bed", "body": "nhs"},
    }
    services = {
        "ward": ward(
            2,
            2,
            leaving={
                "assess": {"duration": "1 h", "staff": {"team": 1}, "reason": "assessment"},
                "choose": {"duration": "2 h", "reason": "choice"},
            },
        ),
        "rehab": ward(1, 6, waiting_for_this={"reason": "bed"}),
    }
    staff = {"team": {"rota": 1}}
    trace = Trace(network(listed(0, 0), services, {"ward": {"rest": "rehab"}}, reason=reason, staff=staff))
    assert trace.hours("ready", "ward") == [2, 2]
    assert trace.hours("left", "ward") == [5, 11]
    assert sorted(trace.delays()) == sorted(
        [
            ("ward", "assessment", 2, 3),
            ("ward", "choice", 3, 5),
            ("ward", "assessment", 2, 4),
            ("ward", "choice", 4, 6),
            ("ward", "bed", 6, 11),
        ]
    )


def test_leaving_by_the_clock_happens_only_when_the_clock_allows() -> None:
    by_clock = {"every_day": {"00:00": 0, "10:00": 1, "12:00": 0}}
    leaving = {"round": {"departure": {"mean": "1 min", "by_clock": by_clock}}}
    trace = Trace(network(listed(0, 1, 9), {"ward": ward(5, 5, leaving=leaving)}))
    left = trace.hours("left")
    # The hazard in the window is 12 a minute: everyone ready by 10 is gone within minutes of it.
    assert all(10 <= hour < 10.1 for hour in left[:2])
    assert 34 <= left[2] < 34.1


def test_delay_lengthens_the_next_stay_and_shifts_the_level() -> None:
    services = {
        "ward": ward(2, 24),
        "rehab": ward(1, 48, deconditioning={"stay_per_day": "25 %", "shift": "who", "shift_per_day": "100 %"}),
    }
    pathway = {
        "ward": {"rest": "rehab"},
        "rehab": {"fit": {"when": {"who": "a"}, "to": "home"}, "rest": {"to": "elsewhere"}},
    }
    trace = Trace(network(listed(who(0, "a"), who(0, "a")), services, pathway, **SICK))
    # The second waits 48 h in the ward: two days, so half as long again, and one level on.
    assert trace.hours("started", "rehab") == [24, 72]
    assert trace.hours("ready", "rehab") == [72, 144]
    assert trace.exits() == ["home", "elsewhere"]


def test_overflow_takes_the_first_with_space() -> None:
    services = {"a": ward(1, 5), "b": ward(1, 5)}
    pathway = {"front": {"rest": {"choose": "first_with_space", "among": ["a", "b"], "otherwise": "turned_away"}}}
    trace = Trace(network(listed(0, 1, 2, to="front"), services, pathway))
    assert trace.hours("started", "a") == [0]
    assert trace.hours("started", "b") == [1]
    assert trace.exits() == ["home", "home", "turned_away"]


def test_if_open_and_shortest() -> None:
    services = {"a": ward(1, 5, opens={"every_day": ["08:00", "18:00"]}), "b": ward(1, 5), "c": ward(1, 5)}
    pathway = {
        "front": {"rest": {"choose": "if_open", "among": ["a", "line"], "otherwise": "left"}},
        "line": {"rest": {"choose": "shortest", "among": ["b", "c"], "otherwise": "left"}},
    }
    trace = Trace(network(listed(0, 1, 2, 9, to="front"), services, pathway))
    assert trace.hours("started", "b") == [0, 5]
    assert trace.hours("started", "c") == [1]
    assert trace.hours("started", "a") == [9]


def test_class_set_on_leaving_holds_from_then_on() -> None:
    services = {
        "ward": {
            "capacity": {"beds": 1},
            "steps": {"care": {"duration": {"by": "who", "values": {"a": "2 h"}, "rest": "1 h"}}},
            "sets": {"who": "b"},
        }
    }
    pathway = {"ward": {"first": {"when": {"who": "a"}, "to": "ward"}, "rest": {"to": "home"}}}
    trace = Trace(network(listed(who(0, "a")), services, pathway, **SICK))
    assert trace.hours("started") == [0, 2]
    assert trace.hours("left") == [2, 3]


def test_preemption_takes_the_latest_start_of_the_worst_class_and_resumes_it() -> None:
    admits = {"priority": {"by": "who", "values": {"a": 1}, "rest": 2}, "preempts": True}
    arrivals = listed(who(0, "b"), who(1, "b"), who(2, "a"))
    trace = Trace(network(arrivals, {"ward": ward(2, 5, admits=admits)}, **SICK))
    # The second stops at 2 with 4 h left, takes the bed the first leaves at 5, and ends at 9.
    assert trace.hours("ready") == [5, 9, 7]
    assert trace.hours("interrupted") == [0, 3, 0]


def test_a_fall_in_capacity_lets_work_finish_unless_the_service_interrupts() -> None:
    beds = {"every_day": {"00:00": 2, "02:00": 1, "12:00": 2}}
    kept = Trace(network(listed(0, 1), {"ward": ward(beds, 5)}))
    assert kept.hours("ready") == [5, 6]
    cut = Trace(network(listed(0, 1), {"ward": ward(beds, 5, admits={"when_capacity_falls": "interrupt"})}))
    assert cut.hours("ready") == [5, 9]


def test_home_visits_taper_and_start_on_the_days_allowed() -> None:
    # Monday 5 January 2026 is day 0; packages start Monday to Friday.
    plan = {"first": 4, "last": 1, "starts": ["mon", "tue", "wed", "thu", "fri"]}
    care = {"kind": "visits", "capacity": {"visits": 6}, "visits": plan, "steps": {"package": {"duration": "4 d"}}}
    trace = Trace(network(listed(1, 2, 98, to="care"), {"care": care}), duration="20 d")
    # 4, 3, 2, 1 visits: the first on days 1-4; the second fits when 4 + the first's are within 6: day 3.
    # The third, referred on day 4 at 02:00, fits on Friday's list? Day 5 is Saturday: Monday, day 7.
    assert trace.hours("started", "care") == [24, 72, 168]
    assert trace.hours("left", "care") == [120, 168, 264]


def test_people_there_at_the_start_keep_their_places_and_their_waits() -> None:
    initial = {
        "beds": {"state": "in_service", "number": 2, "elapsed": ["10 h", "20 h"], "remaining": ["2 h", "6 h"]},
        "queue": {"state": "waiting", "number": 2, "elapsed": ["1.5 h", "0.5 h"]},
    }
    trace = Trace(network(listed(1), {"ward": ward(2, 3, initial=initial)}))
    assert trace.hours("started") == [-10, -20, 2, 5, 6]
    assert trace.hours("queued") == [-10, -20, -1.5, -0.5, 1]


def test_free_spaces_are_offered_to_those_waiting_at_the_start() -> None:
    initial = {"queue": {"state": "waiting", "number": 2, "elapsed": ["1 h"]}}
    trace = Trace(network(listed(0), {"ward": ward(2, 3, initial=initial)}))
    assert trace.hours("started") == [0, 0, 3]


def test_start_above_capacity_admits_nobody_until_there_is_room() -> None:
    initial = {"beds": {"state": "in_service", "number": 3, "remaining": ["1 h", "2 h", "3 h"]}}
    trace = Trace(network(listed(0.5), {"ward": ward(1, 3, initial=initial)}))
    assert trace.hours("started")[3] == 3


def test_simultaneous_arrivals_queue_as_listed() -> None:
    trace = Trace(network(listed(0, 0, 0), {"ward": ward(1, 1)}))
    assert trace.hours("started") == [0, 1, 2]


def test_events_at_the_end_of_the_run_do_not_happen() -> None:
    trace = Trace(network(listed(0, 24), {"ward": ward(1, 24)}), duration="1 d")
    assert trace.hours("left") == [None]
    assert trace.exits() == [None]
