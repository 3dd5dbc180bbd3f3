"""Four ways in which two engines were once found to tell different stories, each worked by hand.

Every test holds both engines to the hours written out, not only to each other.
"""

from __future__ import annotations

from typing import Any

import pytest

from flowsim.engine import kernel
from tests.traces import Trace, listed, network, ward

WHO = {"attribute": {"who": {"levels": ["a", "b", "c"]}}}


class KernelTrace(Trace):
    """A trace by the compiled engine."""

    def __init__(self, net: dict[str, Any], **settings: Any) -> None:
        super().__init__(net, **settings)
        self.got = kernel.run(self.spec, 0)


both = pytest.mark.parametrize("trace_of", [Trace, KernelTrace], ids=["reference", "kernel"])


@both
def test_a_shift_that_rises_by_three_starts_three_at_once(trace_of):
    beds = {"every_day": {"00:00": 1, "07:00": 4}}
    trace = trace_of(network(listed(1, 2, 3, 4, 5), {"ward": ward(beds, 10)}), duration="1 d")
    assert trace.hours("started") == [1, 7, 7, 7, 11]


@both
def test_a_shift_of_staff_that_rises_by_three_starts_three_at_once(trace_of):
    step = {"duration": "10 h", "staff": {"nurse": 1}}
    service = {"capacity": {"beds": 9}, "steps": {"care": step}}
    staff = {"nurse": {"rota": {"every_day": {"00:00": 1, "07:00": 4}}}}
    trace = trace_of(network(listed(1, 2, 3, 4, 5), {"ward": service}, staff=staff), duration="1 d")
    assert trace.hours("seen") == [1, 7, 7, 7, 11]


@both
def test_patience_for_an_earlier_queue_does_not_end_a_later_wait(trace_of):
    # The second is let into triage at 2 with patience to 3, and waits for the ward at 3.
    services = {
        "triage": ward(1, 2, patience={"duration": "3 h"}),
        "ward": ward(1, 5, queue={"transfers": "unlimited"}, patience={"duration": "20 h"}),
    }
    trace = trace_of(network(listed(0, 0, 0, to="triage"), services, {"triage": {"rest": "ward"}}))
    assert trace.hours("started", "triage") == [0, 2, None]
    assert trace.hours("started", "ward") == [2, 7]
    assert trace.exits() == ["home", "home", "left"]


@both
def test_ties_go_by_who_the_patients_are_not_by_when_their_events_were_foreseen(trace_of):
    # Both are ready at 5. The end of the second's stay was foreseen at 0, that of the first's at 3.
    services = {
        "slow": ward({"every_day": {"00:00": 0, "03:00": 1}}, 2),
        "quick": ward(1, 5),
        "ward": ward(1, 1),
    }
    net = network(listed(0, to="slow"), services, {"slow": {"rest": "ward"}, "quick": {"rest": "ward"}})
    net["stream"]["t"] = listed(0, to="quick")
    trace = trace_of(net)
    assert trace.hours("ready", "slow") == trace.hours("ready", "quick") == [5]
    assert trace.values("patient", "ward") == [0, 1]
    assert trace.hours("started", "ward") == [5, 6]


@both
def test_ends_of_stays_come_before_patience_and_patience_before_arrivals(trace_of):
    # At 5 the first leaves, the second's patience ends, and the third arrives: the second gets the bed.
    trace = trace_of(network(listed(0, 1, 5), {"ward": ward(1, 5, patience={"duration": "4 h"})}))
    assert trace.hours("started") == [0, 5, None]
    assert trace.hours("left") == [5, 10, 9]


@both
def test_a_patient_goes_on_before_whoever_takes_the_space_they_leave(trace_of):
    # At 2 the first moves on and the second takes the bed; both then want the one nurse, the first first.
    nursed = {"duration": "3 h", "staff": {"nurse": 1}}
    only_b = {"share": {"by": "who", "values": {"b": "100 %"}, "rest": "0 %"}}
    only_a = {"duration": {"by": "who", "values": {"a": "2 h"}, "rest": "0 h"}}
    services = {
        "first": {"capacity": {"beds": 1}, "steps": {"rest": only_a, "care": {**nursed, **only_b, "seen": True}}},
        "second": {"capacity": {"beds": 2}, "steps": {"care": nursed}},
    }
    people = listed((0, {"who": "a"}), (1, {"who": "b"}), to="first")
    net = network(people, services, {"first": {"rest": "second"}}, staff={"nurse": {"rota": 1}}, **WHO)
    trace = trace_of(net, duration="1 d")
    assert trace.hours("started", "first") == [0, 2]
    assert trace.hours("seen", "second") == [2, 8]
    assert trace.hours("seen", "first") == [0, 5]


@both
def test_those_granted_in_one_instant_ask_again_in_the_order_of_the_grants(trace_of):
    # At 4 two beds open: the better class is granted first though it joined last, and so has the nurse first.
    services = {
        "ward": {
            "capacity": {"beds": {"every_day": {"00:00": 0, "04:00": 2}}},
            "admits": {"priority": {"by": "who", "values": {"a": 1}, "rest": 2}},
            "steps": {"care": {"duration": "3 h", "staff": {"nurse": 1}}},
        }
    }
    people = listed((0, {"who": "b"}), (1, {"who": "a"}))
    trace = trace_of(network(people, services, staff={"nurse": {"rota": 1}}, **WHO), duration="1 d")
    assert trace.hours("started") == [4, 4]
    assert trace.hours("seen") == [7, 4]
