"""The compiled engine: exactly the trajectory of ``engine.reference``, far faster.

Both obey ``engine.protocol``; the differential tests hold them to one trajectory. The model itself is in
``engine.compiled``; here a specification goes in and a trajectory comes out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numba import float64, int16, int64

from flowsim.demand import Arrivals, arrivals
from flowsim.draws.cache import is_compiled, mark_compiled
from flowsim.engine.compiled import image as im
from flowsim.engine.compiled.events import simulate
from flowsim.engine.compiled.start import make_image, make_ready
from flowsim.errors import RunError
from flowsim.system.spec import SystemSpec
from flowsim.trajectory import NEVER, Capacity, Delays, Ints, OnDuty, Patients, StaffedSteps, Trajectory, Visits

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
    system = make_ready(spec).system
    coming = arrivals(spec, replication) if coming is None else coming
    room = FIRST_ROOM
    while True:
        image = make_image(spec, len(coming.tick), replication, room)
        codes = np.ascontiguousarray(coming.attributes)
        simulate(system.whole, system.real, image, coming.tick, coming.stream, coming.number, codes)
        if image[im.FAULT] != im.NO_ROOM:
            break
        room *= 2
    if image[im.FAULT] == im.GOES_ROUND:
        name = spec.place_name(int(image[im.CULPRIT]))
        said = "a patient goes round for ever and no time passes"
        raise RunError(f"service.{name}: {said}; wanted a step with a duration")
    return _trajectory(spec, replication, image, coming)


def _columns(image: Ints, at: int, room: int, names: Sequence[str], rows: int) -> dict[str, Ints]:
    """Return the columns of a table's part, as they stand in the image."""
    first = int(image[at])
    return {name: image[first + i * room : first + i * room + rows] for i, name in enumerate(names)}


def _table(
    image: Ints, ticks: tuple[int, Sequence[str]], codes: tuple[int, Sequence[str]], rows: int, room: int
) -> dict[str, Any]:
    """Return a table's columns by name: wide ones, and narrow ones made as wide."""
    first = 2 * int(image[codes[0]])
    halves = image.view(np.int32)
    narrow = {n: halves[first + i * room : first + i * room + rows] for i, n in enumerate(codes[1])}
    return _columns(image, ticks[0], room, ticks[1], rows) | narrow


def _trajectory(spec: SystemSpec, replication: int, image: Ints, coming: Arrivals) -> Trajectory:
    n = int(image[im.N_PATIENTS])
    exits, gone = (image[int(image[at]) : int(image[at]) + n] for at in (im.EXITS_AT, im.GONE_AT))
    first = int(image[im.NOTES_AT])
    notes = image[first : first + int(image[im.N_NOTES]) * im.NOTE_WIDTH].reshape(-1, im.NOTE_WIDTH)
    capacity, on_duty = notes[notes[:, 0] == 0], notes[notes[:, 0] == 1]

    def table(
        ticks: tuple[int, Sequence[str]], codes: tuple[int, Sequence[str]], rows: int, room: int
    ) -> dict[str, Any]:
        return _table(image, ticks, codes, int(image[rows]), int(image[room]))

    visits = table((im.VISIT_TICKS_AT, im.VISIT_TICKS), (im.VISIT_CODES_AT, im.VISIT_CODES), im.N_VISITS, im.VISIT_ROOM)
    delays = table((im.DELAY_TICKS_AT, im.DELAY_TICKS), (im.DELAY_CODES_AT, im.DELAY_CODES), im.N_DELAYS, im.DELAY_ROOM)
    staffed = table(
        (im.STAFFED_TICKS_AT, im.STAFFED_TICKS),
        (im.STAFFED_CODES_AT, im.STAFFED_CODES),
        im.N_STAFFED,
        im.STAFFED_ROOM,
    )
    return Trajectory(
        replication=replication,
        end=spec.end,
        patients=_patients(image, coming, exits, gone),
        visits=Visits(**visits),
        delays=Delays(**delays),
        staffed=StaffedSteps(**staffed),
        capacity=Capacity(*(np.ascontiguousarray(capacity[:, i]) for i in range(1, 6))),
        on_duty=OnDuty(*(np.ascontiguousarray(on_duty[:, i]) for i in range(1, 4))),
        events=int(image[im.EVENTS]),
    )


def _patients(image: Ints, coming: Arrivals, exits: Ints, gone: Ints) -> Patients:
    """Return the table of patients: those there at the start come first, then arrivals in order."""
    first, n, width = (int(image[at]) for at in (im.PRESENT_AT, im.N_PRESENT, im.PRESENT_WIDTH))
    present = image[first : first + n * width].reshape(n, width)
    later = coming.attributes.reshape(len(coming.tick), width - im.T_ATTRIBUTES)
    none, now = np.full(n, NEVER, dtype=np.int64), np.zeros(n, dtype=np.int64)
    return Patients(
        stream=np.concatenate([none, coming.stream]),
        number=np.concatenate([present[:, im.T_NUMBER], coming.number]),
        arrival=np.concatenate([now, coming.tick]),
        attributes=np.concatenate([present[:, im.T_ATTRIBUTES :].astype(np.int16), later]),
        exit=exits,
        left=gone,
    )
