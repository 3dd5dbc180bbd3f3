"""Identities that hold on every trajectory, exactly: Little's law in ticks, and conservation."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsim.demand import arrivals
from flowsim.engine.reference import run
from flowsim.measure.audit import audit
from flowsim.measure.audit_ledger import ledger_rows
from flowsim.measure.frames import Window
from flowsim.measure.integrals import steps
from flowsim.measure.intervals import FAR
from flowsim.trajectory import NEVER
from tests.build import spec_of
from tests.property.runs import ORDINARY
from tests.property.strategies import networks

EXACT = (
    "patients_in_out_inside", "visits_left_or_inside", "leavers_turn_up", "gone_hold_nothing", "nobody_before_arriving",
    "one_place_at_a_time", "busy_spaces_are_patients", "times_in_order", "visits_in_order", "within_capacity",
    "staff_within_duty", "capacity_offered", "patients_as_drawn", "present_at_start", "draws_apart",
)  # fmt: skip


def sojourns_and_area(start, stop, window):
    """Return the sum of clipped sojourns and the area under their number, both in ticks."""
    clipped = np.clip(stop, window.start, window.end) - np.clip(start, window.start, window.end)
    ticks, level = steps(start, stop, np.ones_like(start), window.start, window.end)
    return int(clipped.sum()), int((np.diff(np.append(ticks, window.end)) * level).sum())


@ORDINARY
@given(networks(), st.integers(0, 5))
def test_little_and_conservation_hold_to_the_tick(network, replication):
    spec = network.spec
    trajectory = run(spec, replication)
    window = Window(spec, trajectory, spec.end // 3)
    v = trajectory.visits
    wait_end = np.where(window.has_started, v.started, window.left)
    for s in range(len(spec.services)):
        here = v.service == s
        for start, stop in ((v.queued, window.left), (v.queued, wait_end)):
            sojourns, area = sojourns_and_area(start[here], stop[here], window)
            assert sojourns == area
        held = here & window.has_started
        sojourns, area = sojourns_and_area(v.started[held], window.left[held], window)
        assert sojourns == area
        # In the service = waiting + holding a space: the parts of one clock.
        waiting, _ = sojourns_and_area(v.queued[here], wait_end[here], window)
        inside, _ = sojourns_and_area(v.queued[here], window.left[here], window)
        assert inside == waiting + sojourns
    table = audit(spec, trajectory, arrivals(spec, replication)).set_index("check")
    exact = table.loc[[check for check in EXACT if check in table.index]]
    assert exact["ok"].all(), exact[~exact["ok"]].to_string()


@ORDINARY
@given(networks(), st.integers(0, 5))
def test_patients_in_the_system_are_those_waiting_or_held_once_each(network, replication):
    spec = network.spec
    trajectory = run(spec, replication)
    window = Window(spec, trajectory)
    p, v = trajectory.patients, trajectory.visits
    left = np.where(p.left == NEVER, FAR, p.left)
    in_system, _ = sojourns_and_area(np.where(p.stream == NEVER, -1, p.arrival), left, window)
    visits, _ = sojourns_and_area(v.queued, window.left, window)
    # Those who keep a space while they wait for the next are in both.
    both = window.blocked
    twice, _ = sojourns_and_area(both.start, both.stop, window)
    assert in_system == visits - twice


@pytest.mark.parametrize("service", [0, 1])
def test_a_ledger_that_loses_someone_does_not_balance(service):
    network = {
        "stream": {"outside": {"volume": "50 /day", "to": "first"}},
        "service": {
            "first": {"capacity": {"spaces": 3}, "steps": {"care": {"duration": "1 h"}}},
            "second": {"capacity": {"spaces": 3}, "steps": {"care": {"duration": "1 h"}}},
        },
        "pathway": {"first": {"all": "second"}, "second": {"all": "home"}},
    }
    spec = spec_of(network)
    trajectory = run(spec, 0)
    keep = np.ones(len(trajectory.visits.patient), dtype=bool)
    keep[np.flatnonzero(trajectory.visits.service == service)[-1]] = False
    visits = replace(
        trajectory.visits,
        **{name: getattr(trajectory.visits, name)[keep] for name in type(trajectory.visits).__slots__},
    )
    rows = ledger_rows(Window(spec, replace(trajectory, visits=visits)), arrivals(spec, 0))
    assert not all(row.ok for row in rows)
