"""The compiled engine's memory: one array of whole numbers for all that changes, one for what does not.

Compiled functions are called millions of times, and passing eighty arrays costs more than the work; so the
specification is packed into one integer and one real array (``pack``), and everything that changes into
a third, the *image*. Each begins with a header that says where its parts begin. Names ending in ``_AT``
are header entries; the others are columns of a part.
"""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock

import numpy as np

from flowsim.draws.quantiles import KINDS
from flowsim.engine.protocol import Rank
from flowsim.engine.setup import Present, duty, offers
from flowsim.system.spec import SystemSpec
from flowsim.system.tables import CompiledSystem, Floats, Ints, compile_system
from flowsim.trajectory import NEVER, Outcome

RANK_SHIFT = 34

# ---------------------------------------------------------------- header of the packed specification
_PARTS = CompiledSystem._fields
(
    SCALARS_AT, PERIOD_TICKS_AT, MIDNIGHTS_AT, WEEKDAYS_AT, CLASSES_AT, T_BASE_AT, T_DEPTH_AT, T_BY_AT, T_SIZE_AT,
    T_PERIODS_AT,
    ROWS_AT, SHARES_AT, D_KIND_AT, D_REAL_AT, D_FROM_AT, D_TO_AT, D_VALUES_AT, D_CUMULATIVE_AT, B_RULE_AT,
    B_FROM_AT, B_TO_AT,
    B_OTHERWISE_AT, B_PLACE_AT, B_CUMULATIVE_AT, S_INT_AT, S_REAL_AT, S_JOIN_AT, S_WEEKDAYS_AT, S_SETS_AT, P_INT_AT,
    P_POOL_AT,
    H_FROM_AT, H_TO_AT, H_TICK_AT, H_RATE_AT, H_HAZARD_AT, J_INT_AT, R_INT_AT, A_LEVELS_AT,
) = range(len(_PARTS))  # fmt: skip
# The scalars stand right after the header.
(N_SERVICES, N_EXITS, N_ATTRIBUTES, N_CLASSES, END, TICKS_PER_MINUTE, SEED, N_PERIODS) = range(
    len(_PARTS), len(_PARTS) + 8
)

# ---------------------------------------------------------------- header of the image
(
    VISITS_AT, PATIENTS_AT, STATIONS_AT, POOLS_AT, HEAP_AT, DELAYS_AT, STAFFED_AT, NOTES_AT, RING_AT, CHANGES_AT,
    STARTS_AT, PATIENT_WIDTH, STATION_WIDTH, POOL_WIDTH, BEEN, CALLS, MOST_NEEDS, NOW, PERIOD, HEAP_SIZE, HEAP_ROOM,
    RING_FIRST, RING_SIZE, N_PATIENTS, N_PRESENT, N_POOLS, N_VISITS, VISIT_ROOM, N_DELAYS, DELAY_ROOM, N_STAFFED,
    STAFFED_ROOM, N_NOTES, NOTE_ROOM, N_CHANGES, N_STARTS, EVENTS, FAULT, REPLICATION, CULPRIT, SLOTS_AT, FREE_AT,
    EXITS_AT, GONE_AT, PRESENT_AT, PRESENT_WIDTH, N_FREE, NEXT_SLOT,
) = range(48)  # fmt: skip
HEADER = 64
NO_FAULT, NO_ROOM, GOES_ROUND = range(3)

# Columns of a visit: those of the trajectory first, in its order.
(
    V_PATIENT, V_SERVICE, V_ORIGIN, V_CODE, V_QUEUED, V_STARTED, V_SEEN, V_READY, V_LEFT, V_OUTCOME, V_DESTINATION,
    V_HELD, V_MOVED,
    V_TAKES, V_PRIORITY, V_INTERRUPTED, V_FIRST, V_LAST, V_DAYS, V_INITIAL,
    V_ORDINAL, V_HELD_VISIT, V_IS_ARRIVAL, V_SEATED, V_WITHHELD, V_CLASS, V_START_DAY, V_BRANCH, V_TOWARD, V_STINT,
    V_FINISH,
    V_REMAINING, V_INTERRUPTED_AT, V_VERSION, V_NEXT, V_BEFORE,
) = range(36)  # fmt: skip
ZEROED = (V_INTERRUPTED, V_FIRST, V_LAST, V_DAYS, V_INITIAL, V_SEATED, V_VERSION, V_REMAINING)
"""Columns that begin at 0; the others begin at NEVER."""
VISIT_COLUMNS = 20
VISIT_WIDTH = 36

# Columns of a patient; then attributes, how often at each place, and calls for staff (pool, number, next, before).
(
    Q_KEY, Q_NUMBER, Q_STREAM, Q_STATE, Q_VISIT, Q_PLACE, Q_ORIGIN, Q_HELD, Q_MOVES, Q_LAST_MOVE, Q_STEP, Q_LEAVING,
    Q_DELAY, Q_STAFFED, Q_NEEDS, Q_CALL_CLASS, Q_PENDING, Q_DELAYED, Q_WAITED, Q_REMAINING, Q_REMAINING_DAYS,
) = range(21)  # fmt: skip
Q_ATTRIBUTES = 21
NEVER_AT_FIRST = (Q_VISIT, Q_HELD, Q_LAST_MOVE, Q_DELAY, Q_WAITED, Q_REMAINING)
"""Columns that begin at NEVER; the others begin at 0."""
CALL_WIDTH = 4
CALL_POOL, CALL_NUMBER, CALL_NEXT, CALL_BEFORE = range(4)

# Columns of someone there at the start; then attributes.
T_KEY, T_NUMBER, T_SERVICE, T_ELAPSED, T_WAITING, T_REMAINING, T_DAYS = range(7)
T_ATTRIBUTES = 7

# What a patient waits for.
(GONE, ASKING, WAITING, CALLING, IN_STEP, IN_STINT, STOPPED, IN_PACKAGE, PRESENT) = range(9)

# Columns of a station; then heads and tails of its classes.
(
    A_SPACES, A_ADMITTING, A_SURGE, A_CALLED, A_IN_USE, A_PROMISED, A_WAITING, A_ARRIVALS, A_TRANSFERS, A_INSIDE,
) = range(10)  # fmt: skip
A_HEADS = 10
# Columns of a pool; then heads and tails.
U_ON_DUTY, U_BUSY, U_CALLS = range(3)
U_HEADS = 3

DELAY_WIDTH = 7
STAFFED_WIDTH = 8
NOTE_WIDTH = 6
"""Changes of capacity (tag 0) and of duty (tag 1), in the order they happen."""
CHANGE_WIDTH = 4
START_WIDTH = 3
HEAP_WIDTH = 3


@dataclass(frozen=True, slots=True)
class Packed:
    """A compiled specification in two arrays."""

    whole: Ints
    real: Floats
    most_needs: int


def pack(spec: SystemSpec) -> Packed:
    """Return a specification packed: header, scalars, then every part."""
    system = compile_system(spec, KINDS)
    whole: list[Ints] = [np.zeros(len(_PARTS), dtype=np.int64)]
    real: list[Floats] = []
    at = {np.dtype(np.int64): len(_PARTS), np.dtype(np.float64): 0}
    for i, part in enumerate(system):
        whole[0][i] = at[part.dtype]
        at[part.dtype] += part.size
        (whole if part.dtype == np.int64 else real).append(part.ravel())  # type: ignore[arg-type]
    needs = max((len(step.staff) for s in spec.services for step in s.steps), default=0)
    return Packed(np.concatenate(whole), np.concatenate(real) if real else np.zeros(1), max(1, needs))


def make_image(
    spec: SystemSpec, packed: Packed, present: tuple[Present, ...], n_arrivals: int, replication: int, room: int
) -> Ints:
    """Return the image before the first event.

    Args:
        spec: the system.
        packed: the same, packed.
        present: people there at the start.
        n_arrivals: how many will arrive.
        replication: number of the replication.
        room: visits, delays and events there is room for, in multiples of the patients.
    """
    n = len(present) + n_arrivals
    there = _present_rows(spec, present)
    stations, notes = _stations(spec)
    pools, changes = _changes(spec, replication, notes)
    starts = _starts(spec)
    rows = max(64, n * room + 64)
    places = len(spec.services) + len(spec.exits) + len(spec.junctions)
    been = Q_ATTRIBUTES + len(spec.attributes)
    width = been + places + CALL_WIDTH * packed.most_needs
    parts: list[tuple[int, int, Ints | None]] = [
        (STATIONS_AT, stations.size, stations),
        (POOLS_AT, pools.size, pools),
        (CHANGES_AT, changes.size, changes),
        (STARTS_AT, starts.size, starts),
        (PRESENT_AT, there.size, there),
        (EXITS_AT, n, np.full(n, NEVER, dtype=np.int64)),
        (GONE_AT, n, np.full(n, NEVER, dtype=np.int64)),
        (SLOTS_AT, n, None),
        (FREE_AT, n, None),
        (PATIENTS_AT, n * width, None),
        (NOTES_AT, (len(changes) + rows + len(notes)) * NOTE_WIDTH, np.array(notes, dtype=np.int64)),
        (RING_AT, n + 1, None),
        (HEAP_AT, 2 * rows * HEAP_WIDTH, None),
        (STAFFED_AT, (2 * rows if spec.staff else 1) * STAFFED_WIDTH, None),
        (DELAYS_AT, rows * DELAY_WIDTH, None),
        (VISITS_AT, rows * VISIT_WIDTH, None),
    ]
    image = _memory(HEADER + sum(size for _, size, _ in parts))
    image[:HEADER] = 0
    at = HEADER
    for slot, size, content in parts:
        image[slot] = at
        if content is not None:
            image[at : at + content.size] = content.ravel()
        at += size
    for slot, value in (
        (PATIENT_WIDTH, width),
        (STATION_WIDTH, stations.shape[1]),
        (POOL_WIDTH, pools.shape[1]),
        (PRESENT_WIDTH, there.shape[1]),
        (BEEN, been),
        (CALLS, been + places),
        (MOST_NEEDS, packed.most_needs),
        (HEAP_ROOM, 2 * rows),
        (N_PATIENTS, n),
        (N_PRESENT, len(present)),
        (N_POOLS, len(spec.staff)),
        (VISIT_ROOM, rows),
        (DELAY_ROOM, rows),
        (STAFFED_ROOM, rows * 2 if spec.staff else 1),
        (N_NOTES, len(notes)),
        (NOTE_ROOM, len(changes) + rows + len(notes)),
        (N_CHANGES, len(changes)),
        (N_STARTS, len(starts)),
        (REPLICATION, replication),
    ):
        image[slot] = value
    return image


_kept: list[Ints] = []
_IN_USE = Lock()


def _memory(size: int) -> Ints:
    """Return room for an image, its contents arbitrary; every row is laid out when it is opened.

    The last room is taken again where it is large enough: fresh pages cost more than the whole run.
    """
    with _IN_USE:
        found = _kept.pop() if _kept else None
    if found is None or found.size < size:
        found = np.empty(size, dtype=np.int64)
    return found


def give_back(image: Ints) -> None:
    """Keep an image's room for the next replication; the image must not be used afterwards."""
    with _IN_USE:
        if not _kept:
            _kept.append(image)


def _present_rows(spec: SystemSpec, present: tuple[Present, ...]) -> Ints:
    """Return people there at the start, one row each: the columns of ``T_KEY`` on, then attributes."""
    day = 1440 * spec.clock.ticks_per_minute
    rows = []
    for person in present:
        remaining = int(np.floor(person.remaining * spec.clock.ticks_per_minute + 0.5))
        days = max(1, int(np.floor(person.remaining / 1440.0 + 0.5))) + round(person.elapsed / day)
        who = (person.key, person.number, person.service, person.elapsed, int(person.waiting))
        rows.append([*who, remaining, days, *person.attributes])
    return np.array(rows, dtype=np.int64).reshape(len(rows), T_ATTRIBUTES + len(spec.attributes))


def _stations(spec: SystemSpec) -> tuple[Ints, list[list[int]]]:
    n_classes = _n_classes(spec)
    stations = np.full((len(spec.services), A_HEADS + 2 * n_classes), NEVER, dtype=np.int64)
    stations[:, :A_HEADS] = 0
    stations[:, A_INSIDE] = NEVER
    notes = []
    for i, service in enumerate(spec.services):
        _, spaces, admitting = offers(service)[0]
        stations[i, [A_SPACES, A_ADMITTING]] = (spaces, admitting)
        notes.append([0, i, 0, spaces, 0, admitting])
    return stations, notes


def _changes(spec: SystemSpec, replication: int, notes: list[list[int]]) -> tuple[Ints, Ints]:
    """Return the pools, and every foreseen change of capacity and duty: (tick, who, first value, second value)."""
    n_services, n_classes = len(spec.services), _n_classes(spec)
    pools = np.full((len(spec.staff), U_HEADS + 2 * n_classes), NEVER, dtype=np.int64)
    pools[:, :U_HEADS] = 0
    rows: list[tuple[int, int, int, int]] = []
    for i, service in enumerate(spec.services):
        rows += [(tick, i, spaces, admitting) for tick, spaces, admitting in offers(service)[1:]]
    for i, pool in enumerate(spec.staff):
        rota = duty(spec, pool, replication)
        pools[i, U_ON_DUTY] = int(rota.values[0])
        notes.append([1, i, 0, int(rota.values[0]), 0, 0])
        rows += [(t, n_services + i, int(v), 0) for t, v in zip(rota.ticks[1:], rota.values[1:], strict=True)]
    rows = sorted(row for row in rows if row[0] < spec.end)
    return pools, np.array(rows, dtype=np.int64).reshape(len(rows), CHANGE_WIDTH)


def _starts(spec: SystemSpec) -> Ints:
    """Return the days' starts of visiting services: (tick, service, day)."""
    rows = []
    for i, service in enumerate(spec.services):
        if service.visits is not None:
            shift = service.visits.day_start * spec.clock.ticks_per_minute
            ticks = [midnight + shift for midnight in spec.clock.midnights]
            rows += [(tick, i, day) for day, tick in enumerate(ticks) if tick < spec.end]
    return np.array(sorted(rows), dtype=np.int64).reshape(len(rows), START_WIDTH)


def _n_classes(spec: SystemSpec) -> int:
    found = {int(row) for service in spec.services for row in service.priority.rows}
    found |= {service.rises_to for service in spec.services if service.rises_after != NEVER}
    return len(found | {0})


def rank_bits(rank: Rank) -> int:
    """Return a rank in its place above who it happens to."""
    return int(rank) << RANK_SHIFT


IN_PROGRESS = int(Outcome.IN_PROGRESS)
SERVED = int(Outcome.SERVED)
RENEGED = int(Outcome.RENEGED)
BAULKED = int(Outcome.BAULKED)
REFUSED = int(Outcome.REFUSED)
