"""A service that is closed sends its patients where the configuration says."""

from __future__ import annotations

import numpy as np
import pytest

from flowsim.engine.reference import run
from flowsim.errors import ConfigError
from flowsim.trajectory import NEVER, Outcome
from tests.build import spec_of
from tests.limits.networks import read

TWO = """
stream:
  patients: {volume: "2 /h", to: clinic}
service:
  clinic:
    capacity: {rooms: unlimited}
    when_closed: hospital
    steps: {care: {duration: "30 min"}}
  hospital:
    capacity: {rooms: unlimited}
    steps: {care: {duration: "2 h"}}
pathway:
  clinic: {all: home}
  hospital: {all: home}
"""


def test_a_service_taken_out_passes_its_patients_on():
    open_, shut = (spec_of(read(TWO, service__clinic__enabled=on), duration="10 d") for on in (True, False))
    before, after = run(open_, 0), run(shut, 0)
    assert [s.id for s in shut.services] == ["hospital"]
    assert np.array_equal(before.patients.arrival, after.patients.arrival), "the same people come"
    assert (before.visits.service == open_.service_index("clinic")).all()
    assert len(after.visits.patient) == len(after.patients.arrival)
    gone = after.visits.left != NEVER
    assert (after.visits.left[gone] - after.visits.started[gone] == 120 * shut.clock.ticks_per_minute).all()


def test_a_service_that_never_opens_passes_its_patients_on():
    spec = spec_of(read(TWO, service__clinic__opens={}), duration="10 d")
    visits = run(spec, 0).visits
    at_clinic = visits.service == spec.service_index("clinic")
    assert (visits.outcome[at_clinic] == Outcome.REFUSED).all()
    assert (visits.destination[at_clinic] == spec.service_index("hospital")).all()
    assert at_clinic.sum() == (~at_clinic).sum()


def test_out_of_hours_patients_go_elsewhere_and_others_do_not():
    spec = spec_of(read(TWO, service__clinic__opens={"every_day": ["08:00", "20:00"]}), duration="10 d")
    visits = run(spec, 0).visits
    clock = visits.queued // spec.clock.ticks_per_minute % 1440
    at_clinic = visits.service == spec.service_index("clinic")
    is_open = (clock >= 8 * 60) & (clock < 20 * 60)
    assert ((visits.outcome == Outcome.REFUSED) == ~is_open)[at_clinic].all()
    assert not is_open[~at_clinic].any()


def test_a_service_that_closes_for_a_time_keeps_its_queue_where_nothing_is_said():
    network = read(TWO, service__clinic__when_closed=None, service__clinic__opens={"every_day": ["08:00", "20:00"]})
    spec = spec_of(network, duration="10 d")
    visits = run(spec, 0).visits
    assert (visits.service == spec.service_index("clinic")).all()
    started = visits.started[visits.started != NEVER] // spec.clock.ticks_per_minute % 1440
    assert ((started >= 8 * 60) & (started < 20 * 60)).all()


def test_taking_out_a_service_without_saying_where_its_patients_go_is_refused():
    with pytest.raises(ConfigError, match="when_closed"):
        spec_of(read(TWO, service__clinic__enabled=False, service__clinic__when_closed=None))
