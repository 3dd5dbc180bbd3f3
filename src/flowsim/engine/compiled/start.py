"""A specification made ready, and the image before the first event of a replication."""

from __future__ import annotations

import mmap
import weakref
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from threading import RLock

import numpy as np

from flowsim.draws.quantiles import KINDS
from flowsim.engine.compiled import image as im
from flowsim.engine.setup import duty, offered
from flowsim.errors import RunError
from flowsim.system.once import once_a_system
from flowsim.system.spec import SystemSpec
from flowsim.system.tables import N_CLASSES, SERVICE_WIDTH, SERVICES_AT, CompiledSystem, Ints, compile_system
from flowsim.trajectory import NEVER


@dataclass(frozen=True, slots=True)
class Ready:
    """What all replications of a specification share.

    Attributes:
        system: the specification, compiled.
        stations: their rows at the start.
        pools: their rows at the start, nobody absent.
        notes: what every service offers at the start.
        changes: foreseen changes of capacity, and of duty where nobody is ever absent, by tick.
        starts: days' starts of visiting services, by tick: (tick, service, day).
        n_present: people there at the start.
    """

    system: CompiledSystem
    stations: Ints
    pools: Ints
    notes: Ints
    changes: Ints
    starts: Ints
    n_present: int


@once_a_system
def make_ready(spec: SystemSpec) -> Ready:
    """Return what all replications of a specification share."""
    system = compile_system(spec, KINDS)
    classes = int(system.whole[N_CLASSES])
    offers = [offered(service) for service in spec.services]
    stations, notes = _stations(system, offers, classes)
    pools = np.full((len(spec.staff), _lines(im.U_HEADS + 2 * classes)), NEVER, dtype=np.int64)
    pools[:, : im.U_HEADS] = 0
    present = sum(group.number for service in spec.services for group in service.initial)
    return Ready(system, stations, pools, notes, _changes(spec, offers), _starts(spec), present)


def make_image(spec: SystemSpec, n_arrivals: int, replication: int, room: int) -> Ints:
    """Return the image before the first event.

    Most of it is never touched, and takes no memory: there is room for everyone being inside at once.

    Args:
        spec: the system.
        n_arrivals: how many will arrive.
        replication: number of the replication.
        room: visits, delays and events there is room for, in multiples of the patients.

    Raises:
        RunError: more patients than an event's key has room for.
    """
    ready = make_ready(spec)
    system, stations, starts = ready.system, ready.stations, ready.starts
    n = ready.n_present + n_arrivals
    pools, notes, changes = _duties(spec, ready, replication)
    # Rounded up, so that replications of about the same size use the same memory.
    most = _rounded(n)
    rows = 64 + room * most
    steps = 2 * rows if spec.staff else 1
    places = len(spec.services) + len(spec.exits) + len(spec.junctions)
    shift = _span_shift(spec.end, most)
    spans = (spec.end >> shift) + 1
    been = im.Q_ATTRIBUTES + len(spec.attributes)
    there = im.T_ATTRIBUTES + len(spec.attributes)
    calls = been + _half(places)
    width = _lines(calls + im.CALL_WIDTH * system.most_needs)
    parts: list[tuple[int, int, Ints | None]] = [
        (im.STATIONS_AT, stations.size, stations),
        (im.POOLS_AT, pools.size, pools),
        (im.CHANGES_AT, changes.size, changes),
        (im.STARTS_AT, starts.size, starts),
        (im.PRESENT_AT, ready.n_present * there, None),
        (im.RING_AT, most + 1, None),
        (im.VISITS_AT, rows * im.VISIT_WIDTH, None),
        (im.PATIENTS_AT, most * width, None),
        (im.HEAP_AT, 2 * rows * im.HEAP_WIDTH, None),
        (im.LATER_AT, 2 * rows * im.LATER_WIDTH, None),
        (im.SPANS_AT, spans, None),
        (im.NOTES_AT, (len(changes) + rows + len(notes)) * im.NOTE_WIDTH, notes),
        (im.EXITS_AT, most, None),
        (im.GONE_AT, most, None),
        (im.VISIT_TICKS_AT, rows * im.N_VISIT_TICKS, None),
        (im.VISIT_CODES_AT, _half(rows * im.N_VISIT_CODES), None),
        (im.DELAY_TICKS_AT, rows * len(im.DELAY_TICKS), None),
        (im.DELAY_CODES_AT, _half(rows * len(im.DELAY_CODES)), None),
        (im.STAFFED_TICKS_AT, steps * len(im.STAFFED_TICKS), None),
        (im.STAFFED_CODES_AT, _half(steps * len(im.STAFFED_CODES)), None),
    ]
    size = im.HEADER + sum(_lines(size) for _, size, _ in parts)
    if size >> im.WHO_SHIFT or (n + rows) >> im.WHO_BITS:
        raise RunError(f"{n:,} patients: said too many for the compiled engine; wanted run.engine=reference")
    image = _memory(size)
    image[: im.HEADER] = 0
    at = im.HEADER
    for slot, size, content in parts:
        image[slot] = at
        if content is not None:
            image[at : at + content.size] = content.ravel()
        at += _lines(size)
    image[image[im.SPANS_AT] : image[im.SPANS_AT] + spans] = NEVER
    for column in (im.EXITS_AT, im.GONE_AT):
        image[image[column] : image[column] + n] = NEVER
    for slot, value in (
        (im.PATIENT_WIDTH, width),
        (im.STATION_WIDTH, stations.shape[1]),
        (im.POOL_WIDTH, pools.shape[1]),
        (im.PRESENT_WIDTH, there),
        (im.BEEN, been),
        (im.CALLS, calls),
        (im.MOST_NEEDS, system.most_needs),
        (im.NEXT_PERIOD, spec.periods[1] if len(spec.periods) > 1 else spec.end),
        (im.HEAP_ROOM, 2 * rows),
        (im.FREE_LATER, NEVER),
        (im.NEXT_LATER, image[im.LATER_AT]),
        (im.LAST_LATER, image[im.LATER_AT] + (2 * rows - 1) * im.LATER_WIDTH),
        (im.SPAN_SHIFT, shift),
        (im.N_PATIENTS, n),
        (im.N_PRESENT, ready.n_present),
        (im.N_POOLS, len(spec.staff)),
        (im.VISIT_ROOM, rows),
        (im.DELAY_ROOM, rows),
        (im.STAFFED_ROOM, steps),
        (im.N_NOTES, len(notes)),
        (im.NOTE_ROOM, len(changes) + rows + len(notes)),
        (im.N_CHANGES, len(changes)),
        (im.N_STARTS, len(starts)),
        (im.REPLICATION, replication),
        (im.FREE_PATIENT, NEVER),
        (im.NEXT_PATIENT, image[im.PATIENTS_AT]),
        (im.FREE_VISIT, NEVER),
        (im.NEXT_VISIT, image[im.VISITS_AT] + im.VISIT_WIDTH),
        (im.LAST_VISIT, image[im.VISITS_AT] + (rows - 1) * im.VISIT_WIDTH),
    ):
        image[slot] = value
    return image


def _rounded(n: int) -> int:
    """Return a number rounded up to one of eight between a power of two and the next."""
    unit = 1 << max(n.bit_length() - 4, 0)
    return -(-n // unit) * unit


def _span_shift(end: int, patients: int) -> int:
    """Return how many powers of two of ticks are in a span: about so many that four patients come in one."""
    return max((4 * end // (patients + 1)).bit_length() - 1, 0)


def _lines(size: int) -> int:
    """Return a size rounded up to whole lines of the processor's cache."""
    return -(-size // 8) * 8


def _half(codes: int) -> int:
    """Return the room that so many codes take, two to a whole number."""
    return (codes + 1) >> 1


_MOST_KEPT = 2
_kept: list[mmap.mmap] = []
# A room may be given back at any moment, this very thread holding it.
_keeping = RLock()


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


def _stations(system: CompiledSystem, offers: Sequence[Ints], classes: int) -> tuple[Ints, Ints]:
    n, at = len(offers), int(system.whole[SERVICES_AT])
    stations = np.full((n, _lines(im.A_HEADS + 2 * classes)), NEVER, dtype=np.int64)
    stations[:, :SERVICE_WIDTH] = system.whole[at : at + n * SERVICE_WIDTH].reshape(n, SERVICE_WIDTH)
    stations[:, SERVICE_WIDTH : im.A_HEADS] = 0
    stations[:, im.A_INSIDE] = NEVER
    notes = []
    for i, offer in enumerate(offers):
        _, spaces, admitting = offer[0].tolist()
        stations[i, [im.A_SPACES, im.A_ADMITTING]] = (spaces, admitting)
        notes.append([0, i, 0, spaces, 0, admitting])
    return stations, np.array(notes, dtype=np.int64).reshape(n, im.NOTE_WIDTH)


def _changes(spec: SystemSpec, offers: Sequence[Ints]) -> Ints:
    """Return every change known before any replication: (tick, service or pool, first value, second value)."""
    parts = [np.zeros((0, im.CHANGE_WIDTH), dtype=np.int64)]
    parts += [np.insert(offer[1:], 1, i, axis=1) for i, offer in enumerate(offers)]
    parts += [_duty_changes(spec, i, 0) for i, pool in enumerate(spec.staff) if pool.sickness <= 0]
    return _in_order([part[part[:, 0] < spec.end] for part in parts])


def _duty_changes(spec: SystemSpec, i: int, replication: int) -> Ints:
    rota = duty(spec, spec.staff[i], replication)
    n = bisect_left(rota.ticks, spec.end)
    found = np.zeros((max(n - 1, 0), im.CHANGE_WIDTH), dtype=np.int64)
    found[:, 0], found[:, 1], found[:, 2] = rota.ticks[1:n], len(spec.services) + i, rota.values[1:n]
    return found


def _in_order(changes: Sequence[Ints]) -> Ints:
    """Return changes together, by tick and by whose they are."""
    together = np.concatenate(changes)
    return together[np.lexsort((together[:, 1], together[:, 0]))]


def _duties(spec: SystemSpec, ready: Ready, replication: int) -> tuple[Ints, Ints, Ints]:
    """Return pools, notes and changes of a replication: who is absent differs."""
    pools = ready.pools.copy()
    notes, changes = [ready.notes], [ready.changes]
    for i, pool in enumerate(spec.staff):
        rota = duty(spec, pool, replication)
        on_duty = int(rota.values[0])
        pools[i, im.U_ON_DUTY] = on_duty
        notes.append(np.array([[1, i, 0, on_duty, 0, 0]], dtype=np.int64))
        if pool.sickness > 0:
            changes.append(_duty_changes(spec, i, replication))
    return pools, np.concatenate(notes), _in_order(changes) if len(changes) > 1 else ready.changes


def _starts(spec: SystemSpec) -> Ints:
    """Return the days' starts of visiting services: (tick, service, day)."""
    rows = []
    for i, service in enumerate(spec.services):
        if service.visits is not None:
            shift = service.visits.day_start * spec.clock.ticks_per_minute
            ticks = [midnight + shift for midnight in spec.clock.midnights]
            rows += [(tick, i, day) for day, tick in enumerate(ticks) if tick < spec.end]
    return np.array(sorted(rows), dtype=np.int64).reshape(len(rows), im.START_WIDTH)
