"""The compiled engine: exactly the trajectory of ``engine.reference``, far faster.

Both obey ``engine.protocol``; the differential tests hold them to one trajectory. The model itself is in
``engine.compiled``; here a specification goes in and a trajectory comes out.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numba import float64, int16, int64

from flowsim.demand import Arrivals, arrivals
from flowsim.draws.cache import is_compiled, mark_compiled
from flowsim.engine.compiled import image as im
from flowsim.engine.compiled.codes import NEVER
from flowsim.engine.compiled.events import simulate
from flowsim.engine.setup import Present, patients_table, people_present
from flowsim.errors import RunError
from flowsim.system.spec import SystemSpec
from flowsim.trajectory import Capacity, Delays, Ints, OnDuty, StaffedSteps, Trajectory, Visits

FIRST_ROOM = 3
"""Visits there is room for at first, in multiples of the patients."""


def prepare(say: Callable[[str], None]) -> None:
    """Have the engine compiled, telling the user if that takes a while (once a machine and version)."""
    if not is_compiled():
        say("Compiling the engine for this machine: under a minute, once.")
    whole, codes = int64[::1], int16[:, ::1]
    simulate.compile((whole, float64[::1], whole, whole, whole, whole, codes))
    mark_compiled()


def run(spec: SystemSpec, replication: int, coming: Arrivals | None = None) -> Trajectory:
    """Return what happens in one replication: exactly what ``engine.reference.run`` returns.

    Args:
        spec: the system.
        replication: from 0; with the spec's seed it keys every draw.
        coming: its arrivals, where they have been drawn already.

    Raises:
        RunError: a patient moves for ever without time passing.
    """
    packed = _packed(spec)
    coming = arrivals(spec, replication) if coming is None else coming
    present = people_present(spec, replication)
    room = FIRST_ROOM
    while True:
        image = im.make_image(spec, packed, present, len(coming.tick), replication, room)
        codes = np.ascontiguousarray(coming.attributes)
        simulate(packed.whole, packed.real, image, coming.tick, coming.stream, coming.number, codes)
        if image[im.FAULT] != im.NO_ROOM:
            break
        room *= 2
    if image[im.FAULT] == im.GOES_ROUND:
        name = spec.place_name(int(image[im.CULPRIT]))
        said = "a patient goes round for ever and no time passes"
        raise RunError(f"service.{name}: {said}; wanted a step with a duration")
    trajectory = _trajectory(spec, replication, image, present, coming)
    im.give_back(image)
    return trajectory


_last: list[tuple[SystemSpec, im.Packed]] = []


def _packed(spec: SystemSpec) -> im.Packed:
    """Return a specification packed; the last is kept, since replications follow one another."""
    known = _last[0] if _last else None
    if known is None or known[0] is not spec:
        known = (spec, im.pack(spec))
        _last[:] = [known]
    return known[1]


def _part(image: Ints, at: int, rows: int, width: int) -> Ints:
    first = int(image[at])
    return image[first : first + rows * width].reshape(rows, width)


def _columns(table: Ints, first: int, past: int) -> list[Ints]:
    return [np.ascontiguousarray(table[:, i]) for i in range(first, past)]


def _trajectory(
    spec: SystemSpec, replication: int, image: Ints, present: tuple[Present, ...], coming: Arrivals
) -> Trajectory:
    n = int(image[im.N_PATIENTS])
    exits, gone = _part(image, im.EXITS_AT, n, 1), _part(image, im.GONE_AT, n, 1)
    visits = _part(image, im.VISITS_AT, int(image[im.N_VISITS]), im.VISIT_WIDTH)
    stopped = visits[:, im.V_INTERRUPTED_AT] != NEVER
    visits[stopped, im.V_INTERRUPTED] += spec.end - visits[stopped, im.V_INTERRUPTED_AT]
    delays = _part(image, im.DELAYS_AT, int(image[im.N_DELAYS]), im.DELAY_WIDTH)
    staffed = _part(image, im.STAFFED_AT, int(image[im.N_STAFFED]), im.STAFFED_WIDTH)
    notes = _part(image, im.NOTES_AT, int(image[im.N_NOTES]), im.NOTE_WIDTH)
    capacity, on_duty = notes[notes[:, 0] == 0], notes[notes[:, 0] == 1]
    return Trajectory(
        replication=replication,
        end=spec.end,
        patients=patients_table(spec, present, coming, exits[:, 0], gone[:, 0]),
        visits=Visits(*_columns(visits, 0, im.VISIT_COLUMNS)),
        delays=Delays(*_columns(delays, 0, im.DELAY_WIDTH)),
        staffed=StaffedSteps(*_columns(staffed, 0, im.STAFFED_WIDTH)),
        capacity=Capacity(*_columns(capacity, 1, 6)),
        on_duty=OnDuty(*_columns(on_duty, 1, 4)),
        events=int(image[im.EVENTS]),
    )
