"""More room or less demand never makes anyone's wait longer in a plain network, patient by patient.

Every patient comes at the same moment with the same luck in both arms, so the comparison is of the same
person, not of means. (It holds for first-come queues; networks with loops, priorities or several kinds
of stay for one space can behave otherwise.)
"""

from __future__ import annotations

import numpy as np
import pytest

from flowsim.engine.reference import run
from flowsim.system.spec import SystemSpec
from flowsim.trajectory import NEVER, Trajectory
from tests.build import spec_of
from tests.limits.networks import LINE, PACKAGES, VISITS, read


def waits(trajectory: Trajectory, service: int = 0) -> dict[tuple[int, int], int]:
    """Return each patient's wait by name; someone still waiting has waited till the end at least."""
    visits, patients = trajectory.visits, trajectory.patients
    out = {}
    for row in np.flatnonzero(visits.service == service):
        patient = visits.patient[row]
        until = visits.started[row] if visits.started[row] != NEVER else trajectory.end
        out[int(patients.stream[patient]), int(patients.number[patient])] = int(until - visits.queued[row])
    return out


def delayed(spec: SystemSpec, trajectory: Trajectory) -> dict[int, int]:
    """Return ticks of delay by patient."""
    delays = trajectory.delays
    until = np.where(delays.until == NEVER, spec.end, delays.until)
    out: dict[int, int] = {}
    for patient, start, end in zip(delays.patient.tolist(), delays.start.tolist(), until.tolist(), strict=True):
        out[patient] = out.get(patient, 0) + end - start
    return out


@pytest.mark.parametrize("replication", range(5))
def test_more_servers_never_lengthen_a_wait(replication):
    few, more = (
        waits(run(spec_of(read(LINE, service__station__capacity={"servers": n}), duration="20 d"), replication))
        for n in (3, 4)
    )
    assert few.keys() == more.keys()
    assert all(more[patient] <= few[patient] for patient in few)
    assert any(more[patient] < few[patient] for patient in few)


@pytest.mark.parametrize("replication", range(5))
def test_more_demand_never_shortens_a_wait(replication):
    usual, busy = (
        waits(run(spec_of(read(LINE, stream__patients__factor=factor), duration="20 d"), replication))
        for factor in (1, 1.2)
    )
    assert usual.keys() <= busy.keys(), "those who come anyway still come"
    assert len(busy) > len(usual)
    assert all(busy[patient] >= usual[patient] for patient in usual)


@pytest.mark.parametrize("visiting", [False, True], ids=["caseload", "visits"])
@pytest.mark.parametrize("replication", range(3))
def test_doubling_reablement_never_increases_a_package_delay(visiting, replication):
    def arm(double: bool) -> tuple[dict[int, int], Trajectory]:
        network = read(PACKAGES, service__reablement=VISITS) if visiting else read(PACKAGES)
        capacity = network["service"]["reablement"]["capacity"]
        network["service"]["reablement"]["capacity"] = {
            unit: number * (2 if double else 1) for unit, number in capacity.items()
        }
        spec = spec_of(network, duration="120 d")
        trajectory = run(spec, replication)
        return delayed(spec, trajectory), trajectory

    (before, first), (after, second) = arm(double=False), arm(double=True)
    assert np.array_equal(first.patients.arrival, second.patients.arrival)
    assert all(after.get(patient, 0) <= ticks for patient, ticks in before.items())
    assert after.keys() <= before.keys(), "nobody is delayed who was not"
    assert sum(after.values()) < sum(before.values())
