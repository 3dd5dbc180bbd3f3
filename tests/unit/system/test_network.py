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
    "service", [{"patience": {"duration": "1 h"}}, {"queue": {"places": 2}}, {"balks": {"plus": 1}}]
)
def test_a_queue_that_loses_patients_settles(service):
    load = implied(desk("30 /day", **service)).load("desk")
    assert (load.verdict, load.sheds) == ("settles", True)


def test_those_who_keep_a_space_elsewhere_are_not_lost_unless_they_may_give_up():
    net = desk("30 /day", capacity=9)
    net["service"]["next"] = {"capacity": {"beds": 1}, "queue": {"places": 0}, "steps": {"stay": {"duration": "1 h"}}}
    net["pathway"] = {"desk": {"all": "next"}, "next": {"all": "home"}}
    assert (implied(net).load("next").verdict, implied(net).load("next").sheds) == ("cannot settle", False)
    net["service"]["next"]["patience"] = {"duration": "1 h", "holders": True}
    assert (implied(net).load("next").verdict, implied(net).load("next").sheds) == ("settles", True)


def test_a_service_that_only_fills_free_spaces_settles_and_so_do_its_staff():
    net = desk("30 /day")
    net["staff"] = {"clerks": {"rota": 1}}
    net["service"]["desk"]["steps"]["talk"]["staff"] = {"clerks": 1}
    net["stream"]["calls"]["to"] = {"all": {"choose": "first_with_space", "among": ["desk"], "otherwise": "home"}}
    found = implied(net)
    assert [(load.verdict, load.sheds) for load in found.loads] == [("settles", True)] * 2
    net["stream"]["calls"]["to"] = "desk"
    assert [load.verdict for load in implied(net).loads] == ["cannot settle"] * 2


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


def test_rules_on_the_state_take_their_first_option_and_say_so():
    net = desk("10 /day")
    net["service"]["other"] = {"capacity": {"desks": 1}}
    net["stream"]["calls"]["to"] = {"all": {"choose": "first_with_space", "among": ["desk", "other"]}}
    net["pathway"]["other"] = {"all": "home"}
    found = implied(net)
    assert found.approximate == ("calls",)
    assert found.load("desk").patients_per_day == pytest.approx(10)
    assert found.unreached == ()
    net["stream"]["calls"]["to"]["all"]["choose"] = "shortest"
    assert implied(net).load("desk").patients_per_day == pytest.approx(5)


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
