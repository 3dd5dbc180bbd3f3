"""The compiled engine takes its memory again, but only when nobody looks at it."""

import pytest

from flowsim.engine import kernel, reference
from flowsim.engine.compiled.start import make_image
from flowsim.errors import RunError
from tests.build import spec_of

WARD = """
stream:
  callers: {volume: "40 /day", to: ward}
service:
  ward:
    capacity: {beds: 9}
    steps: {stay: {duration: {kind: exponential, mean: "4 h"}}}
pathway:
  ward: {all: {to: {ward: "0 %", home: rest}}}
"""


def test_a_trajectory_stays_as_it_was_while_others_are_run():
    spec = spec_of(WARD, duration="20 d")
    first = kernel.run(spec, 0)
    started = kernel.run(spec, 1).visits.started
    for replication in (2, 3, 4):
        kernel.run(spec, replication)
    assert first.equals(reference.run(spec, 0))
    assert (started == reference.run(spec, 1).visits.started).all()


def test_a_run_that_needs_more_room_than_foreseen_is_run_again():
    # Everyone comes back at once, forty times on average, so that visits are many times the patients.
    spec = spec_of(WARD.replace("0 %", "97.5 %").replace("4 h", "1 min"))
    got = kernel.run(spec, 0)
    assert len(got.visits.patient) > 2 * kernel.FIRST_ROOM * len(got.patients.exit) + 128
    assert got.equals(reference.run(spec, 0))


def test_more_patients_than_an_event_can_name_are_refused():
    with pytest.raises(RunError, match="too many for the compiled engine"):
        make_image(spec_of(WARD), 2**28, 0, kernel.FIRST_ROOM)
