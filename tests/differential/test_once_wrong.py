"""Small networks in which an engine once went wrong, found by the random ones; each worked by hand for both."""

from __future__ import annotations

from tests.differential.test_known_divergences import both
from tests.traces import listed, network, ward

WHO = {"attribute": {"who": {"levels": ["a", "b"]}, "round": {"levels": ["one", "two"]}}}
A_FIRST = {"by": "who", "values": {"a": 1}, "rest": 2}


def who(hours: float, name: str) -> tuple[float, dict[str, str]]:
    return (hours, {"who": name})


@both
def test_whoever_is_ready_and_keeps_the_space_cannot_be_interrupted(trace_of):
    # The second is ready at 2 and blocked until 11; the better class comes at 3 and can have no space before.
    services = {"ward": ward(1, 1, admits={"priority": A_FIRST, "preempts": True}), "rehab": ward(1, 10)}
    people = listed(who(0, "b"), who(0, "b"), who(3, "a"))
    trace = trace_of(network(people, services, {"ward": {"rest": "rehab"}}, **WHO))
    assert trace.hours("started") == [0, 1, 11]
    assert trace.hours("left") == [1, 11, 21]
    assert trace.hours("interrupted") == [0, 0, 0]


@both
def test_a_fall_in_capacity_does_not_interrupt_whoever_is_ready(trace_of):
    beds = {"every_day": {"00:00": 2, "05:00": 0, "08:00": 2}}
    services = {"ward": ward(beds, 1, admits={"when_capacity_falls": "interrupt"}), "rehab": ward(1, 10)}
    trace = trace_of(network(listed(0, 0, 0, 0), services, {"ward": {"rest": "rehab"}}), duration="1 d")
    # The second and the third are ready at 1 and 2 and keep both beds until 11 and 21.
    assert trace.hours("started") == [0, 0, 1, 11]
    assert trace.hours("left") == [1, 11, 21, None]
    assert trace.hours("interrupted") == [0, 0, 0, 0]


@both
def test_whoever_is_interrupted_at_the_instant_of_starting_keeps_the_whole_stay(trace_of):
    # At 5 the first leaves, the second gets the bed, and the first comes straight back and takes it again.
    service = ward(1, 5, admits={"priority": A_FIRST, "preempts": True}, sets={"round": "two"})
    pathway = {"ward": {"again": {"when": {"who": "a", "round": "one"}, "to": "ward"}, "rest": {"to": "home"}}}
    trace = trace_of(network(listed(who(0, "a"), who(1, "b")), {"ward": service}, pathway, **WHO))
    assert trace.hours("started") == [0, 5, 5]
    assert trace.hours("ready") == [5, 15, 10]
    assert trace.hours("interrupted") == [0, 5, 0]


@both
def test_pools_are_offered_in_their_own_order_whatever_the_order_of_the_needs(trace_of):
    # At 2 a nurse and a doctor are free. The nurses' list comes first: the step that needs both is met.
    def step(hours: int, *staff: str) -> dict[str, object]:
        needs = dict.fromkeys(staff, 1)
        return {"capacity": {"beds": 9}, "steps": {"care": {"duration": f"{hours} h", "staff": needs}}}

    for order in (("nurse", "doctor"), ("doctor", "nurse")):
        services = {"first": step(2, *order), "doctors": step(1, "doctor"), "both": step(1, *order)}
        net = network(listed(0, to="first"), services, staff={"nurse": {"rota": 1}, "doctor": {"rota": 1}})
        net["stream"]["t"], net["stream"]["u"] = listed(0.5, to="doctors"), listed(0.6, to="both")
        trace = trace_of(net)
        assert trace.hours("seen", "both") == [2]
        assert trace.hours("seen", "doctors") == [3]


@both
def test_packages_of_the_day_count_for_the_surge_as_they_start(trace_of):
    # Two wait, so that the surge is open: 6 visits a day. The first package's 2 are more than half of 3: it stays.
    surge = {"spaces": 3, "opens_when": "waiting >= 2", "closes_when": "occupancy < 50 %"}
    service = {
        "kind": "visits",
        "capacity": {"visits": 3},
        "visits": {"first": 2, "last": 2},
        "surge": surge,
        "steps": {"package": {"duration": "3 d"}},
    }
    trace = trace_of(network(listed(1, 2, to="care"), {"care": service}))
    assert trace.hours("started", "care") == [24, 24]
    log = trace.got.capacity
    assert list(zip((log.tick // 3_600_000).tolist(), log.surge.tolist(), strict=True)) == [(0, 0), (2, 3), (96, 0)]


@both
def test_what_is_left_of_a_stay_depends_on_where_the_patient_goes(trace_of):
    stay = {"by": "to", "values": {"home": "2 h"}, "rest": "9 h"}
    initial = {"bed": {"state": "in_service", "number": 1}}
    services = {"ward": {"capacity": {"beds": 1}, "steps": {"care": {"duration": stay}}, "initial": initial}}
    trace = trace_of(network(listed(20), services))
    assert trace.hours("ready") == [2, 22]
