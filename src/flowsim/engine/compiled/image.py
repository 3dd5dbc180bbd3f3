"""The compiled engine's memory: one array of whole numbers, the *image*, for all that changes.

Compiled functions are called millions of times, so they are handed no more than where three arrays begin: the
specification's whole numbers (``w``) and fractions (``f``), and the image (``m``). A patient, a visit or a station
is the *position* in the image where its row begins: ``m[v + V_STARTED]`` is when a visit started. Rows of patients
and visits are taken again by later ones, so that those of the moment stay in the processor's cache; what the
trajectory wants of a visit is written into its columns once, when the visit ends.

Names ending in ``_AT`` are header entries that say where a part begins; others are columns of a row.
"""

from __future__ import annotations

import mmap
import weakref
from threading import Lock

import numpy as np
import numpy.typing as npt

from flowsim.draws.quantiles import KINDS
from flowsim.engine.protocol import Rank
from flowsim.engine.setup import Present, duty, offers
from flowsim.errors import RunError
from flowsim.system.spec import SystemSpec
from flowsim.system.tables import SERVICE_WIDTH, SERVICES_AT, CompiledSystem, Ints, classes_of, compile_system
from flowsim.trajectory import NEVER, Outcome

Narrow = npt.NDArray[np.int32]

# An event's second key: rank, then who, then where the patient's or visit's row begins.
RANK_SHIFT = 60
WHO_SHIFT = 32
WHO_BITS = RANK_SHIFT - WHO_SHIFT

# ---------------------------------------------------------------- header
(
    VISITS_AT, PATIENTS_AT, STATIONS_AT, POOLS_AT, HEAP_AT, NOTES_AT, RING_AT, CHANGES_AT, STARTS_AT, PRESENT_AT,
    VISIT_TICKS_AT, VISIT_CODES_AT, DELAY_TICKS_AT, DELAY_CODES_AT, STAFFED_TICKS_AT, STAFFED_CODES_AT, EXITS_AT,
    GONE_AT,
    PATIENT_WIDTH, STATION_WIDTH, POOL_WIDTH, PRESENT_WIDTH, BEEN, CALLS, MOST_NEEDS, NOW, PERIOD, NEXT_PERIOD,
    HEAP_SIZE, HEAP_ROOM, RING_FIRST, RING_SIZE, N_PATIENTS, N_PRESENT, N_POOLS, N_VISITS, VISIT_ROOM, N_DELAYS,
    DELAY_ROOM, N_STAFFED, STAFFED_ROOM, N_NOTES, NOTE_ROOM, N_CHANGES, N_STARTS, EVENTS, FAULT, REPLICATION,
    CULPRIT, FREE_PATIENT, NEXT_PATIENT, FREE_VISIT, NEXT_VISIT, LAST_VISIT,
) = range(54)  # fmt: skip
HEADER = 64
NO_FAULT, NO_ROOM, GOES_ROUND = range(3)

# ---------------------------------------------------------------- what the trajectory wants
# Each table has columns of ticks and other large numbers, then columns of codes and row numbers, which are half
# as wide. The names are the trajectory's; a row in the making has the columns in this order.
VISIT_TICKS = ("queued", "started", "seen", "ready", "left", "moved", "interrupted", "attributes", "priority")
VISIT_CODES = (
    "patient", "service", "origin", "outcome", "destination", "held", "takes", "first", "last", "days", "initial",
)  # fmt: skip
DELAY_TICKS, DELAY_CODES = ("start", "until"), ("visit", "patient", "service", "reason", "towards")
STAFFED_TICKS, STAFFED_CODES = ("asked", "started", "ended"), ("visit", "service", "step", "pool", "number")
N_VISIT_TICKS, N_VISIT_CODES = len(VISIT_TICKS), len(VISIT_CODES)
DELAY_UNTIL = 1
STAFFED_STARTED, STAFFED_ENDED = 1, 2

# Columns of a visit: those above, then those it needs while it lasts.
(
    V_QUEUED, V_STARTED, V_SEEN, V_READY, V_LEFT, V_MOVED, V_INTERRUPTED, V_CODE, V_PRIORITY,
    V_PATIENT, V_SERVICE, V_ORIGIN, V_OUTCOME, V_DESTINATION, V_HELD, V_TAKES, V_FIRST, V_LAST, V_DAYS, V_INITIAL,
    V_ROW, V_WHO, V_STATION, V_ORDINAL, V_HELD_VISIT, V_IS_ARRIVAL, V_SEATED, V_WITHHELD, V_CLASS, V_START_DAY,
    V_BRANCH, V_TOWARD, V_STINT, V_FINISH, V_REMAINING, V_INTERRUPTED_AT, V_NEXT, V_BEFORE, V_DEADLINE, V_RISES_AT,
) = range(40)  # fmt: skip
VISIT_WIDTH = 40

# Columns of a patient; then attributes, how often at each place, and calls for staff.
(
    Q_ROW, Q_KEY, Q_NUMBER, Q_STATE, Q_VISIT, Q_PLACE, Q_ORIGIN, Q_HELD, Q_MOVES, Q_LAST_MOVE, Q_STEP, Q_LEAVING,
    Q_DELAY, Q_STAFFED, Q_NEEDS, Q_CALL_CLASS, Q_PENDING, Q_DELAYED, Q_DELAY_START, Q_WAITED, Q_REMAINING,
    Q_REMAINING_DAYS, Q_CODE, Q_NEXT_FREE,
) = range(24)  # fmt: skip
Q_ATTRIBUTES = 24
CALL_POOL, CALL_NUMBER, CALL_NEXT, CALL_BEFORE, CALL_WHO = range(5)
CALL_WIDTH = 5

# Columns of someone there at the start; then attributes.
T_KEY, T_NUMBER, T_SERVICE, T_ELAPSED, T_WAITING, T_REMAINING, T_DAYS = range(7)
T_ATTRIBUTES = 7

# What a patient waits for.
(GONE, ASKING, WAITING, CALLING, IN_STEP, IN_STINT, STOPPED, IN_PACKAGE, PRESENT) = range(9)

# Columns of a station: its service's, then its own, then heads and tails of its classes.
(
    A_SPACES, A_ADMITTING, A_SURGE, A_CALLED, A_IN_USE, A_PROMISED, A_WAITING, A_ARRIVALS, A_TRANSFERS, A_INSIDE,
) = range(SERVICE_WIDTH, SERVICE_WIDTH + 10)  # fmt: skip
A_HEADS = SERVICE_WIDTH + 10
# Columns of a pool; then heads and tails.
U_ON_DUTY, U_BUSY, U_CALLS = range(3)
U_HEADS = 3

NOTE_WIDTH = 6
"""Changes of capacity (tag 0) and of duty (tag 1), in the order they happen."""
CHANGE_WIDTH = 4
START_WIDTH = 3
HEAP_WIDTH = 2


def pack(spec: SystemSpec) -> CompiledSystem:
    """Return a specification compiled."""
    return compile_system(spec, KINDS)


def make_image(
    spec: SystemSpec, packed: CompiledSystem, present: tuple[Present, ...], n_arrivals: int, replication: int, room: int
) -> Ints:
    """Return the image before the first event.

    Most of it is never touched, and takes no memory: there is room for everyone being inside at once.

    Args:
        spec: the system.
        packed: the same, compiled.
        present: people there at the start.
        n_arrivals: how many will arrive.
        replication: number of the replication.
        room: visits, delays and events there is room for, in multiples of the patients.

    Raises:
        RunError: more patients than an event's key has room for.
    """
    n = len(present) + n_arrivals
    there = _present_rows(spec, present)
    stations, notes = _stations(spec, packed)
    pools, changes = _changes(spec, replication, notes)
    starts = _starts(spec)
    # Rounded up, so that replications of about the same size use the same memory.
    rows = 64 + room * _rounded(n)
    steps = 2 * rows if spec.staff else 1
    places = len(spec.services) + len(spec.exits) + len(spec.junctions)
    been = Q_ATTRIBUTES + len(spec.attributes)
    width = been + places + CALL_WIDTH * packed.most_needs
    parts: list[tuple[int, int, Ints | None]] = [
        (STATIONS_AT, stations.size, stations),
        (POOLS_AT, pools.size, pools),
        (CHANGES_AT, changes.size, changes),
        (STARTS_AT, starts.size, starts),
        (PRESENT_AT, there.size, there),
        (RING_AT, n + 1, None),
        (VISITS_AT, rows * VISIT_WIDTH, None),
        (PATIENTS_AT, n * width, None),
        (HEAP_AT, 2 * rows * HEAP_WIDTH, None),
        (NOTES_AT, (len(changes) + rows + len(notes)) * NOTE_WIDTH, np.array(notes, dtype=np.int64)),
        (EXITS_AT, n, np.full(n, NEVER, dtype=np.int64)),
        (GONE_AT, n, np.full(n, NEVER, dtype=np.int64)),
        (VISIT_TICKS_AT, rows * N_VISIT_TICKS, None),
        (VISIT_CODES_AT, _half(rows * N_VISIT_CODES), None),
        (DELAY_TICKS_AT, rows * len(DELAY_TICKS), None),
        (DELAY_CODES_AT, _half(rows * len(DELAY_CODES)), None),
        (STAFFED_TICKS_AT, steps * len(STAFFED_TICKS), None),
        (STAFFED_CODES_AT, _half(steps * len(STAFFED_CODES)), None),
    ]
    size = HEADER + sum(size for _, size, _ in parts)
    if size >> WHO_SHIFT or (n + rows) >> WHO_BITS:
        raise RunError(f"{n:,} patients: said too many for the compiled engine; wanted run.engine=reference")
    image = _memory(size)
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
        (NEXT_PERIOD, spec.periods[1] if len(spec.periods) > 1 else spec.end),
        (HEAP_ROOM, 2 * rows),
        (N_PATIENTS, n),
        (N_PRESENT, len(present)),
        (N_POOLS, len(spec.staff)),
        (VISIT_ROOM, rows),
        (DELAY_ROOM, rows),
        (STAFFED_ROOM, steps),
        (N_NOTES, len(notes)),
        (NOTE_ROOM, len(changes) + rows + len(notes)),
        (N_CHANGES, len(changes)),
        (N_STARTS, len(starts)),
        (REPLICATION, replication),
        (FREE_PATIENT, NEVER),
        (NEXT_PATIENT, image[PATIENTS_AT]),
        (FREE_VISIT, NEVER),
        (NEXT_VISIT, image[VISITS_AT] + VISIT_WIDTH),
        (LAST_VISIT, image[VISITS_AT] + (rows - 1) * VISIT_WIDTH),
    ):
        image[slot] = value
    return image


_MOST_KEPT = 2
_kept: list[mmap.mmap] = []
_keeping = Lock()


def _memory(size: int) -> Ints:
    """Return room for an image, its contents arbitrary; it takes memory only where it is touched.

    Fresh pages cost a fifth of a run, so that the room of an image that nobody looks at any more, not even at a
    column of its trajectory, is taken again. A map of one's own has small pages: NumPy would ask for large ones,
    of which every column leaves most of one empty.
    """
    with _keeping:
        fitting = [room for room in _kept if len(room) >= 8 * size]
        room = min(fitting, key=len) if fitting else None
        if room is not None:
            _kept.remove(room)
    if room is None:
        room = mmap.mmap(-1, 8 * size, **_PRIVATE)
    image = np.frombuffer(room, dtype=np.int64)
    weakref.finalize(image, _keep, room).atexit = False
    return image


def _keep(room: mmap.mmap) -> None:
    """Keep the room of an image for the next replication."""
    with _keeping:
        _kept.append(room)
        if len(_kept) > _MOST_KEPT:
            _kept.remove(min(_kept, key=len))


_PRIVATE: dict[str, int] = {"flags": mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS} if hasattr(mmap, "MAP_ANONYMOUS") else {}
"""Not to be shared with other processes, where the system tells the two apart."""


def _rounded(n: int) -> int:
    """Return a number rounded up to one of eight between a power of two and the next."""
    unit = 1 << max(n.bit_length() - 4, 0)
    return -(-n // unit) * unit


def _half(codes: int) -> int:
    """Return the room that so many codes take, two to a whole number."""
    return (codes + 1) >> 1


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


def _stations(spec: SystemSpec, packed: CompiledSystem) -> tuple[Ints, list[list[int]]]:
    n, at = len(spec.services), int(packed.whole[SERVICES_AT])
    stations = np.full((n, A_HEADS + 2 * len(classes_of(spec))), NEVER, dtype=np.int64)
    stations[:, :SERVICE_WIDTH] = packed.whole[at : at + n * SERVICE_WIDTH].reshape(n, SERVICE_WIDTH)
    stations[:, SERVICE_WIDTH:A_HEADS] = 0
    stations[:, A_INSIDE] = NEVER
    notes = []
    for i, service in enumerate(spec.services):
        _, spaces, admitting = offers(service)[0]
        stations[i, [A_SPACES, A_ADMITTING]] = (spaces, admitting)
        notes.append([0, i, 0, spaces, 0, admitting])
    return stations, notes


def _changes(spec: SystemSpec, replication: int, notes: list[list[int]]) -> tuple[Ints, Ints]:
    """Return the pools, and every foreseen change of capacity and duty: (tick, who, first value, second value)."""
    n_services = len(spec.services)
    pools = np.full((len(spec.staff), U_HEADS + 2 * len(classes_of(spec))), NEVER, dtype=np.int64)
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


def rank_bits(rank: Rank) -> int:
    """Return a rank in its place above who it happens to."""
    return int(rank) << RANK_SHIFT


IN_PROGRESS = int(Outcome.IN_PROGRESS)
SERVED = int(Outcome.SERVED)
RENEGED = int(Outcome.RENEGED)
BAULKED = int(Outcome.BAULKED)
REFUSED = int(Outcome.REFUSED)
