"""Systems pushed to where the answer is plain: endless room, nobody coming, no chance at all."""

from __future__ import annotations

import numpy as np
import pytest

from flowsim.engine.reference import run
from flowsim.trajectory import NEVER, Outcome
from tests.build import spec_of
from tests.limits.networks import CITY, LINE, PACKAGES, read


def test_endless_capacity_leaves_every_wait_at_zero():
    network = read(
        CITY,
        service__emergency__capacity={"cubicles": "unlimited"},
        service__ward__capacity={"beds": "unlimited"},
        service__reablement__capacity={"caseload": "unlimited"},
    )
    trajectory = run(spec_of(network, duration="30 d"), 0)
    visits = trajectory.visits
    assert len(visits.patient) > 1000
    assert (visits.started == visits.queued).all()
    assert set(visits.outcome) == {Outcome.SERVED, Outcome.IN_PROGRESS}
    gone = visits.left != NEVER
    assert (visits.left[gone] == visits.ready[gone]).all(), "nobody is kept once ready"
    assert len(trajectory.delays.visit) == 0


def test_no_demand_gives_nothing():
    network = read(CITY, stream__walk_in__volume="0 /day", stream__booked__enabled=False)
    trajectory = run(spec_of(network, duration="30 d"), 0)
    for table in (trajectory.patients, trajectory.visits, trajectory.delays, trajectory.staffed):
        assert len(next(iter(getattr(table, name) for name in table.__slots__))) == 0


def test_a_path_without_chance_takes_the_sum_of_its_stages():
    network = """
    stream:
      booked: {gaps: "1 d", to: clinic}
    service:
      clinic:
        capacity: {rooms: 1}
        steps: {check: {duration: "20 min"}, treat: {duration: "2 h"}}
        leaving: {papers: {duration: "15 min"}}
      ward:
        capacity: {beds: 3}
        steps: {stay: {duration: "2 d"}}
      recovery:
        capacity: {beds: 1}
        steps: {rest: {duration: "5 h"}}
    pathway:
      clinic: {all: ward}
      ward: {all: recovery}
      recovery: {all: home}
    """
    spec = spec_of(network, duration="30 d")
    patients = run(spec, 0).patients
    out = patients.left != NEVER
    minutes = (patients.left[out] - patients.arrival[out]) / spec.clock.ticks_per_minute
    assert out.sum() == 27
    assert np.array_equal(minutes, np.full(27, 20 + 120 + 15 + 2 * 1440 + 300))


@pytest.mark.parametrize("only", ["urgent", "routine"])
def test_one_class_only_is_first_come_first_served(only):
    everyone = {"stream__walk_in__mix": {"urgency": only}, "stream__booked__enabled": False}
    by_class = read(CITY, **everyone)
    plain = read(CITY, **everyone, service__emergency__admits={})
    first, second = (run(spec_of(network, duration="20 d"), 3) for network in (by_class, plain))
    for column in ("patient", "service", "queued", "started", "ready", "left", "outcome"):
        assert np.array_equal(getattr(first.visits, column), getattr(second.visits, column)), column
    starts = first.visits.started[(first.visits.service == 0) & (first.visits.started != NEVER)]
    assert (np.diff(starts) >= 0).all(), "they start in the order they came"


def test_no_capacity_at_all_starts_nobody():
    trajectory = run(spec_of(read(LINE, service__station__capacity={"servers": 0}), duration="5 d"), 0)
    assert len(trajectory.visits.patient) > 0
    assert (trajectory.visits.started == NEVER).all()
    assert (trajectory.visits.outcome == Outcome.IN_PROGRESS).all()


def test_no_waiting_places_and_no_capacity_turn_everyone_away():
    network = read(LINE, service__station__capacity={"servers": 0}, service__station__queue={"places": 0})
    spec = spec_of(network, duration="5 d")
    trajectory = run(spec, 0)
    assert (trajectory.visits.outcome == Outcome.REFUSED).all()
    assert (trajectory.patients.exit == spec.place_code("turned_away")).all()
    assert np.array_equal(trajectory.patients.left, trajectory.patients.arrival)


def test_endless_patience_is_no_patience():
    impatient = read(LINE, service__station__patience={"duration": "1000 weeks"})
    first, second = (run(spec_of(network, duration="10 d"), 1) for network in (impatient, read(LINE)))
    assert first.difference(second) is None


def test_no_patience_leaves_at_once_unless_served_at_once():
    impatient = read(LINE, service__station__patience={"duration": "0 min", "to": "left"})
    spec = spec_of(impatient, duration="10 d")
    visits = run(spec, 1).visits
    gave_up = visits.outcome == Outcome.RENEGED
    assert gave_up.any()
    assert (visits.left[gave_up] == visits.queued[gave_up]).all()
    assert (visits.started[~gave_up] == visits.queued[~gave_up]).all()


def test_zero_length_stays_never_wait_and_never_fill():
    network = read(
        PACKAGES,
        service__reablement__steps={"care": {"duration": "0 min"}},
        service__reablement__capacity={"caseload": 1},
    )
    trajectory = run(spec_of(network, duration="30 d"), 0)
    reablement = trajectory.visits.service == 1
    assert reablement.sum() > 0
    assert (trajectory.visits.left[reablement] == trajectory.visits.queued[reablement]).all()
    assert len(trajectory.delays.visit) == 0
