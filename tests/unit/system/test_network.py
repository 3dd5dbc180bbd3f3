import math

import pytest

from flowsim.system.network import network
from tests.build import spec_of, staged_spec_of


def implied(net, **run):
    return network(spec_of(net, **{"duration": "7 d", **run}))


def desk(volume="10 /day", minutes="60 min", capacity=1, **service):
    return {
        "stream": {"calls": {"volume": volume, "to": "desk"}},
        "service": {"desk": {"capacity": {"desks": capacity}, "steps": {"talk": {"duration": minutes}}, **service}},
        "pathway": {"desk": {"all": "home"}},
    }


def test_offered_load_is_rate_times_mean_time():
    load = implied(desk()).load("desk")
    assert (load.patients_per_day, load.mean_minutes) == (pytest.approx(10), pytest.approx(60))
    assert (load.offered, load.capacity) == (pytest.approx(10 / 24), 1)
    assert load.utilisation == pytest.approx(10 / 24)
    assert (load.verdict, load.growth_per_day) == ("settles", 0)


@pytest.mark.parametrize(
    ("volume", "verdict", "growth"),
    [
        ("22 /day", "settles", 0),
        ("23 /day", "near", 0),
        ("24 /day", "cannot settle", 0),
        ("30 /day", "cannot settle", 6),
    ],
)
def test_a_queue_that_cannot_settle_is_named_with_its_growth(volume, verdict, growth):
    load = implied(desk(volume)).load("desk")
    assert load.verdict == verdict
    assert load.growth_per_day == pytest.approx(growth, abs=1e-9)


@pytest.mark.parametrize(
    "service",
    [{"patience": {"duration": "1 h"}}, {"queue": {"places": 2}}, {"queue": {"places": 0}}, {"balks": {"plus": 1}}],
)
def test_a_full_service_that_loses_patients_takes_what_it_can_and_passes_on_the_others(service):
    found = implied(desk("30 /day", **service))
    load = found.load("desk")
    assert load.verdict == "overflows"
    assert (load.patients_per_day, load.passes_on_per_day) == (pytest.approx(24, rel=1e-5), pytest.approx(6, rel=1e-4))
    assert load.utilisation == pytest.approx(1, rel=1e-5)
    into = sum(e.patients_per_day for e in found.edges if e.source == "calls")
    out = sum(e.patients_per_day for e in found.edges if e.target in ("home", "left", "turned_away"))
    assert (into, out) == (pytest.approx(30), pytest.approx(30))


def test_patience_that_outlasts_the_window_loses_nobody():
    assert implied(desk("30 /day", patience={"duration": "8 d"})).load("desk").verdict == "cannot settle"


def test_those_who_give_up_but_come_back_are_not_lost():
    assert implied(desk("30 /day", patience={"duration": "1 h", "to": "desk"})).load("desk").verdict == "cannot settle"


def test_a_load_that_only_surge_spaces_can_carry_is_near_its_limit():
    surge = {"spaces": 1, "opens_when": "occupancy >= 98 %", "closes_when": "occupancy < 90 %"}
    load = implied(desk("30 /day", surge=surge)).load("desk")
    assert (load.verdict, load.utilisation) == ("near", pytest.approx(1.25))
    assert implied(desk("50 /day", surge=surge)).load("desk").growth_per_day == pytest.approx(2)


def test_those_who_keep_a_space_elsewhere_are_not_lost_unless_they_may_give_up():
    net = desk("30 /day", capacity=9)
    net["service"]["next"] = {"capacity": {"beds": 1}, "queue": {"places": 0}, "steps": {"stay": {"duration": "1 h"}}}
    net["pathway"] = {"desk": {"all": "next"}, "next": {"all": "home"}}
    assert (implied(net).load("next").verdict, implied(net).load("next").passes_on_per_day) == ("cannot settle", 0)
    net["service"]["next"]["patience"] = {"duration": "1 h", "holders": True}
    load = implied(net).load("next")
    assert (load.verdict, load.passes_on_per_day) == ("overflows", pytest.approx(6, rel=1e-4))


def by_space(*among, otherwise="home", rule="first_with_space"):
    return {"all": {"choose": rule, "among": list(among), "otherwise": otherwise}}


def two_desks(volume="30 /day", **second):
    net = desk(volume)
    net["service"]["other"] = {"capacity": {"desks": 1}, "steps": {"talk": {"duration": "3 h"}}, **second}
    net["pathway"]["other"] = {"all": "home"}
    net["stream"]["calls"]["to"] = by_space("desk", "other")
    return net


def flow(found, source, target):
    return sum(e.patients_per_day for e in found.edges if (e.source, e.target) == (source, target))


def test_what_one_option_cannot_take_goes_to_the_next_and_then_elsewhere():
    found = implied(two_desks("35 /day"))
    assert found.approximate == ("calls",)
    assert [flow(found, "calls", to) for to in ("desk", "other", "home")] == pytest.approx([24, 8, 3], rel=1e-4)
    assert [load.verdict for load in found.loads] == ["overflows"] * 2
    assert [load.passes_on_per_day for load in found.loads] == pytest.approx([11, 3], rel=1e-4)
    assert [load.verdict for load in implied(two_desks("24 /day")).loads] == ["settles"] * 2


def test_those_who_wait_come_before_those_who_look_for_a_space():
    net = two_desks("10 /day")
    net["stream"]["others"] = {"volume": "20 /day", "to": "desk"}
    found = implied(net)
    assert [flow(found, "calls", to) for to in ("desk", "other")] == pytest.approx([4, 6], rel=1e-4)
    net["stream"]["others"]["volume"] = "25 /day"
    assert implied(net).load("desk").verdict == "cannot settle"


def test_a_last_option_that_is_taken_anyway_is_a_queue():
    net = desk("30 /day")
    net["stream"]["calls"]["to"] = by_space("desk", otherwise="desk")
    assert implied(net).load("desk").verdict == "cannot settle"


def test_a_service_without_spaces_is_passed_by():
    net = two_desks("8 /day")
    net["service"]["desk"]["capacity"] = {"desks": 0}
    found = implied(net)
    assert (found.load("desk").patients_per_day, found.load("desk").passes_on_per_day) == (0, pytest.approx(8))
    assert found.load("other").patients_per_day == pytest.approx(8)


def test_loops_through_a_full_service_balance():
    net = two_desks("30 /day")
    net["pathway"]["desk"] = {"all": {"to": {"again": "50 %", "home": "rest"}}}
    net["pathway"]["again"] = by_space("desk")
    found = implied(net)
    assert found.load("desk").patients_per_day == pytest.approx(24, rel=1e-5)
    assert sum(e.patients_per_day for e in found.edges if e.target == "home") == pytest.approx(30, rel=1e-9)


def test_staff_who_are_short_limit_services_that_only_fill_free_spaces():
    net = desk("30 /day", capacity=3)
    net["staff"] = {"clerks": {"rota": 1}}
    net["service"]["desk"]["steps"]["talk"]["staff"] = {"clerks": 1}
    net["stream"]["calls"]["to"] = by_space("desk")
    service, staff = implied(net).loads
    assert (service.verdict, service.limited_by, staff.verdict) == ("overflows", "clerks", "overflows")
    assert service.patients_per_day == pytest.approx(24, rel=1e-5)
    assert [service.passes_on_per_day, staff.passes_on_per_day] == pytest.approx([6, 6], rel=1e-4)
    net["stream"]["calls"]["to"] = "desk"
    assert [load.verdict for load in implied(net).loads] == ["settles", "cannot settle"]


@pytest.mark.parametrize("rule", ["if_open", "first_with_space"])
def test_a_rule_finds_a_service_open_as_often_as_patients_come_then(rule):
    net = two_desks("6 /day", admits={"hours": {"every_day": ["06:00", "12:00"]}})
    net["stream"]["calls"]["to"] = by_space("other", "desk", rule=rule)
    assert implied(net).load("other").patients_per_day == pytest.approx(1.5)
    # All come by day, twice as many in the morning as in the afternoon.
    net["profile"] = {"by_day": {"hour_of_day": {"00:00": 0, "06:00": 2, "12:00": 1, "18:00": 0}}}
    net["stream"]["calls"]["profile"] = "by_day"
    found = implied(net)
    assert [flow(found, "calls", to) for to in ("other", "desk")] == pytest.approx([4, 2])


def test_options_open_at_the_same_hours_do_not_stand_in_for_each_other():
    hours = {"admits": {"hours": {"every_day": ["00:00", "06:00"]}}}
    net = two_desks("8 /day", **hours)
    net["service"]["desk"] |= hours
    net["stream"]["calls"]["to"] = by_space("desk", "other", rule="if_open")
    found = implied(net)
    assert [flow(found, "calls", to) for to in ("desk", "other", "home")] == pytest.approx([2, 0, 6])


def test_those_who_find_a_service_closed_go_where_it_sends_them():
    net = two_desks("8 /day", when_closed="desk", opens={"every_day": ["00:00", "12:00"]})
    net["stream"]["calls"]["to"] = "other"
    found = implied(net)
    assert (found.load("other").patients_per_day, flow(found, "other", "desk")) == (pytest.approx(4), pytest.approx(4))
    # Calls are short, so those who come on from a desk that closes do so while it is open.
    net["service"]["desk"] |= {"opens": {"every_day": ["00:00", "12:00"]}, "when_closed": "home"}
    net["stream"]["calls"]["to"], net["pathway"]["desk"] = "desk", {"all": "other"}
    assert implied(net).load("other").patients_per_day == pytest.approx(4)


def test_a_closed_service_offers_nothing_and_one_that_only_starts_later_does():
    half = {"every_day": ["00:00", "12:00"]}
    assert implied(desk(opens=half)).load("desk").capacity == 0.5
    assert implied(desk(admits={"hours": half})).load("desk").capacity == 1


def test_an_unlimited_service_is_never_loaded():
    load = implied(desk(capacity="unlimited")).load("desk")
    assert (load.capacity, load.utilisation) == (math.inf, 0)


def test_loops_are_summed_to_the_end():
    net = desk("10 /day")
    net["pathway"]["desk"] = {"all": {"to": {"desk": "20 %", "home": "rest"}}}
    found = implied(net)
    assert found.load("desk").patients_per_day == pytest.approx(12.5, rel=1e-10)
    assert {(e.source, e.target): e.patients_per_day for e in found.edges} == {
        ("calls", "desk"): pytest.approx(10),
        ("desk", "desk"): pytest.approx(2.5),
        ("desk", "home"): pytest.approx(10),
    }
    assert found.left_over == 0


def test_patients_who_never_get_out_are_told():
    net = desk("1 /day")
    net["pathway"]["desk"] = {"all": "desk"}
    assert implied(net).left_over == pytest.approx(1)


MIXED = {
    "attribute": {"age": {"levels": ["young", "old"]}, "colour": {"levels": ["red", "blue"]}},
    "stream": {
        "front": {
            "volume": "10 /day",
            "mix": {"age": {"old": "30 %", "young": "rest"}, "colour": {"red": "rest"}},
            "to": "ed",
        },
        "back": {
            "volume": "2 /day",
            "mix": {"age": {"old": "rest"}},
            "thinned": {"falls": {"share": "50 %"}},
            "to": "door",
        },
    },
    "service": {
        "ed": {
            "capacity": {"cubicles": 2},
            "steps": {"see": {"duration": {"by": "to", "values": {"ward": "4 h"}, "rest": "1 h"}}},
        },
        "ward": {
            "capacity": {"beds": 10},
            "steps": {"stay": {"duration": {"by": "from", "values": {"ed": "2 d"}, "rest": "1 d"}}},
            "turnaround": "1 h",
        },
        "nowhere": {"capacity": {"beds": 1}},
    },
    "pathway": {
        "ed": {"old": {"when": {"age": "old"}, "to": {"ward": "50 %", "home": "rest"}}, "rest": "home"},
        "door": {"all": "ward"},
        "ward": {"all": "home"},
        "nowhere": {"all": "home"},
    },
}


def test_attributes_origins_and_destinations_are_followed():
    found = implied(MIXED)
    # Of 10 a day 3 are old, and half of these are admitted; 1 of 2 comes by the door.
    ward, ed = found.load("ward"), found.load("ed")
    assert ward.patients_per_day == pytest.approx(1.5 + 1)
    assert ward.offered == pytest.approx(1.5 * (2 + 1 / 24) + 1 * (1 + 1 / 24))
    assert ed.offered == pytest.approx((1.5 * 4 + 8.5 * 1) / 24)
    assert found.unreached == ("nowhere",)


def test_the_diagram_has_every_stream_service_junction_and_exit():
    found = implied(MIXED)
    roles = {node.id: node.role for node in found.nodes}
    assert (roles["front"], roles["door"], roles["ed"], roles["home"]) == ("stream", "junction", "other", "exit")
    flows = {(e.source, e.target): e.patients_per_day for e in found.edges}
    assert flows["back", "door"] == pytest.approx(1)
    assert flows["door", "ward"] == pytest.approx(1)
    into, out = (
        sum(v for (a, _), v in flows.items() if a in ("front", "back")),
        sum(v for (_, b), v in flows.items() if b == "home"),
    )
    assert into == pytest.approx(out, rel=1e-12)


def test_attributes_set_on_leaving_change_the_way_on():
    net = {
        "attribute": {"age": {"levels": ["young", "old"]}},
        "stream": {"front": {"volume": "4 /day", "to": "first"}},
        "service": {name: {"capacity": {"beds": 9}} for name in ("first", "ward")},
        "pathway": {
            "first": {"again": {"when": {"age": "young"}, "to": {"first": "50 %", "ward": "rest"}}, "rest": "ward"},
            "ward": {"all": "home"},
        },
    }
    assert implied(net).load("first").patients_per_day == pytest.approx(8, rel=1e-9)
    net["service"]["first"]["sets"] = {"age": "old"}
    assert implied(net).load("first").patients_per_day == pytest.approx(6, rel=1e-9)


def test_staff_are_loaded_by_the_steps_that_need_them():
    net = desk("24 /day")
    net["staff"] = {"nurses": {"rota": {"every_day": {"00:00": 0, "08:00": 3, "20:00": 0}}, "sickness": "20 %"}}
    net["service"]["desk"]["capacity"] = {"desks": 9}
    net["service"]["desk"]["steps"] = {
        "talk": {"duration": "30 min", "staff": {"nurses": 2}},
        "note": {"duration": "60 min", "staff": {"nurses": 1}, "share": "25 %"},
    }
    load = implied(net).load("nurses")
    assert load.kind == "staff"
    assert load.patients_per_day == pytest.approx(24 * 1.25)
    assert load.offered == pytest.approx(2 * 0.5 + 0.25)
    assert load.capacity == pytest.approx(1.5 * 0.8)
    assert load.verdict == "cannot settle"


def test_visits_are_counted_a_day():
    net = desk("2 /day", "10 d", 60, kind="visits", visits={"first": 4, "last": 2, "carers": 1})
    load = implied(net).load("desk")
    assert load.mean_minutes == pytest.approx(30)
    assert (load.offered, load.capacity) == (pytest.approx(60), 60)
    assert load.verdict == "cannot settle"


def test_departures_by_the_clock_count_with_their_mean():
    net = desk(
        "10 /day",
        "1 h",
        20,
        leaving={"go": {"departure": {"mean": "6 h", "by_clock": {"every_day": {"08:00": 2, "20:00": 0}}}}},
    )
    assert implied(net).load("desk").mean_minutes == pytest.approx(7 * 60)


def test_the_shortest_queue_is_any_of_them_alike():
    net = two_desks("10 /day")
    net["stream"]["calls"]["to"] = {"all": {"choose": "shortest", "among": ["desk", "other"]}}
    found = implied(net)
    assert found.approximate == ("calls",)
    assert found.load("desk").patients_per_day == pytest.approx(5)
    assert found.unreached == ()


def test_only_the_measured_window_counts_and_periods_by_their_length():
    found = network(
        staged_spec_of(
            (None, desk("10 /day")),
            ("2026-01-07", desk("20 /day")),
            ("2026-01-09", desk("40 /day", "30 min")),
            starts="2026-01-06",
            warm_up="1 d",
            duration="4 d",
        )
    )
    load = found.load("desk")
    # From Tuesday: one day of 10, two of 20, one of 40 who take half the time.
    assert load.patients_per_day == pytest.approx((10 + 20 + 20 + 40) / 4)
    assert load.offered == pytest.approx((10 + 20 + 20 + 20) / 4 / 24)


def test_batches_renewals_and_lists_have_their_mean_rates():
    net = desk()
    net["stream"] = {
        "batches": {"volume": "2 /day", "batch": {"1": "50 %", "3": "50 %"}, "to": "desk"},
        "gaps": {"gaps": {"kind": "exponential", "mean": "6 h"}, "to": "desk"},
        "listed": {"at": {"a": {"at": "1 h"}, "b": {"at": "2 d"}, "c": {"at": "9 d"}}, "to": "desk"},
    }
    assert implied(net).load("desk").patients_per_day == pytest.approx(4 + 4 + 2 / 7)
