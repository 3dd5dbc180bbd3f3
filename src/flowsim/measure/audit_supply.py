"""Audit of what went in: patients, people present, draws, capacity and staff."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from flowsim.demand import Arrivals
from flowsim.measure.audit_loops import alike, held
from flowsim.measure.audit_rows import AuditRow, compared, none_of
from flowsim.measure.frames import Floats, Window
from flowsim.measure.intervals import FAR
from flowsim.measure.sorting import whole
from flowsim.system.once import once_a_system
from flowsim.system.spec import UNLIMITED, RoutingSpec, ServiceSpec, Steps, StreamSpec, SystemSpec
from flowsim.trajectory import NEVER, Ints

STANDARD_ERRORS = 5.0
"""A true model fails a comparison by chance once in about two million."""


def supply_rows(window: Window, demand: Arrivals) -> Iterator[AuditRow]:
    """Yield the comparisons of what a run was given with what it was asked to have."""
    count, as_drawn = _as_drawn(window, demand)
    yield from _arrivals(window, count, demand)
    yield as_drawn
    yield from _present(window)
    shared = shared_purposes(window.spec)
    yield none_of("draws_apart", "", len(shared), "; ".join(" and ".join(names) for names in shared[:3]))
    yield from _capacity(window)
    yield from _duty(window)


def _arrivals(window: Window, count: Ints, demand: Arrivals) -> Iterator[AuditRow]:
    for stream, asked, came in zip(window.spec.streams, demand.expected, count.tolist(), strict=True):
        # Half a patient's room lets a stream that expects next to none have none.
        tolerance = STANDARD_ERRORS * asked.sd + (0.5 if asked.sd > 0 else 1e-6)
        yield compared("arrivals", stream.id, asked.after, float(came), tolerance)


def _as_drawn(window: Window, demand: Arrivals) -> tuple[Ints, AuditRow]:
    """Return patients by stream, and whether they are those drawn: none added, lost, changed or moved in time."""
    p = window.trajectory.patients
    mine, drawn = (p.stream, p.number, p.arrival), (demand.stream, demand.number, demand.tick)
    codes = np.ascontiguousarray(p.attributes), np.ascontiguousarray(demand.attributes)
    count, same = alike(mine, drawn, *codes, len(window.spec.streams))
    came, asked = int(count.sum()), len(demand.tick)
    realised = same if came == asked else came
    return count, compared("patients_as_drawn", "", asked, realised)


def _present(window: Window) -> Iterator[AuditRow]:
    """Compare people there at the start with those asked for; a ghost is someone without a patient's row."""
    v, stream = window.visits, window.trajectory.patients.stream
    here = np.flatnonzero(v.initial == 1)
    real = here[(v.patient[here] >= 0) & (v.patient[here] < len(stream))]
    real = real[stream[v.patient[real]] == NEVER]
    rows, people = _by_service_and_place(window, real)
    for s, service in enumerate(window.spec.services):
        for place, word in enumerate(("in place", "waiting")):
            asked = sum(g.number for g in service.initial if g.waiting is bool(place))
            if asked or rows[s, place]:
                yield compared("present_at_start", service.id, asked, int(people[s, place]), note=word)
    asked_in_all = sum(g.number for service in window.spec.services for g in service.initial)
    realised = max(len(here), int((stream == NEVER).sum()))
    yield compared("present_at_start", "", asked_in_all, realised, note="patients and first visits in all")


def _by_service_and_place(window: Window, visits: Ints) -> tuple[Ints, Ints]:
    """Return how many of some visits there are, and of how many patients, by service and whether in place or waiting.

    Args:
        window: where they are.
        visits: their rows.
    """
    v, n_patients = window.visits, max(len(window.trajectory.patients.stream), 1)
    cell = 2 * v.service[visits] + ~window.is_placed[visits]
    patient = np.unique(cell * np.int64(n_patients) + v.patient[visits])
    of_cells = (np.bincount(cells, minlength=2 * window.n_services) for cells in (cell, patient // n_patients))
    rows, people = (number.reshape(-1, 2) for number in of_cells)
    return rows, people


@once_a_system
def shared_purposes(spec: SystemSpec) -> list[tuple[str, ...]]:
    """Return groups of draws of one patient that share a purpose; their luck would be the same."""
    common = [named for service in spec.services for named in _of_service(service)]
    common += [(j.purpose, f"{j.id} routing") for j in spec.junctions]
    found: set[tuple[str, ...]] = set()
    for stream in spec.streams:
        names: dict[int, list[str]] = {}
        for number, name in (*common, *_of_stream(stream)):
            names.setdefault(number, []).append(name)
        found |= {tuple(n) for n in names.values() if len(n) > 1}
    return sorted(found)


def _of_service(service: ServiceSpec) -> Iterator[tuple[int, str]]:
    for step in service.steps:
        if step.duration is not None or step.departure is not None:
            yield step.purpose, f"{service.id} {step.id}"
        if step.share is not None:
            yield step.share_purpose, f"{service.id} {step.id} share"
    if service.patience is not None:
        yield service.patience.purpose, f"{service.id} patience"
    if service.balks is not None:
        yield service.balks.purpose, f"{service.id} balking"
    if service.turnaround is not None:
        yield service.turnaround_purpose, f"{service.id} turnaround"
    if service.deconditioning is not None and service.deconditioning.attribute != NEVER:
        yield service.deconditioning.purpose, f"{service.id} deconditioning"
    if _is_drawn(service.routing):
        yield service.routing.purpose, f"{service.id} routing"


def _of_stream(stream: StreamSpec) -> Iterator[tuple[int, str]]:
    for mix in stream.mix:
        yield mix.purpose, f"{stream.id} attribute {mix.attribute}"
    for thin in stream.thins:
        yield thin.purpose, f"{stream.id} {thin.id}"
    if _is_drawn(stream.routing):
        yield stream.routing.purpose, f"{stream.id} routing"


def _is_drawn(routing: RoutingSpec) -> bool:
    return any(len(b.destinations) > 1 and b.rule == "share" for b in routing.branches.rows)


def _capacity(window: Window) -> Iterator[AuditRow]:
    """Compare space-hours offered (surge aside) with the schedule asked for."""
    c, hour = window.trajectory.capacity, 60 * window.ticks_per_minute
    offered = held(whole(c.service), window.n_services, whole(c.tick), whole(c.spaces), window.end).tolist()
    for s, asked in _asked_for(window.spec, window.end):
        yield compared("capacity_offered", window.spec.services[s].id, asked / hour, offered[s] / hour)


@once_a_system
def _asked_for(spec: SystemSpec, end: int) -> list[tuple[int, int]]:
    """Return each service that can fill and the ticks of its spaces asked for up to the window's end."""
    found = []
    for s, service in enumerate(spec.services):
        if max(service.capacity.values) < UNLIMITED:
            ticks = np.unique([*service.capacity.ticks, *service.admitting.ticks])
            asked = _at(service.capacity, ticks)
            if service.is_closed_capacity:
                asked = asked * (_at(service.admitting, ticks) > 0)
            found.append((s, _held(ticks, asked.astype(np.int64), end)))
    return found


def _at(steps: Steps, ticks: Ints) -> Floats:
    """Return ``Steps.at`` for many ticks."""
    values = np.array(steps.values, dtype=np.float64)
    return values[np.maximum(np.searchsorted(np.array(steps.ticks), ticks, side="right") - 1, 0)]


def _duty(window: Window) -> Iterator[AuditRow]:
    """Compare staff-hours on duty with the rota: equal, or fewer where there is sickness."""
    d, hour = window.trajectory.on_duty, 60 * window.ticks_per_minute
    present = held(whole(d.pool), len(window.spec.staff), whole(d.tick), whole(d.number), window.end).tolist()
    for pool, rostered, there in zip(window.spec.staff, _rostered(window.spec, window.end), present, strict=True):
        rota = rostered / hour
        asked = rota * (1 - pool.sickness)
        # Members are absent by the day, independently: hours vary by at most a day's hours for each.
        most = max((*pool.rota.values, 1))
        days = max(len(window.midnight_ticks), 1)
        sd = rota * (pool.sickness * (1 - pool.sickness) / (most * days)) ** 0.5 if rota else 0.0
        yield compared("on_duty", pool.id, asked, there / hour, 2 * STANDARD_ERRORS * sd)


@once_a_system
def _rostered(spec: SystemSpec, end: int) -> list[int]:
    """Return the ticks of members that each pool's rota asks for up to the window's end."""
    return [_held(np.array(p.rota.ticks), np.array(p.rota.values, dtype=np.int64), end) for p in spec.staff]


def _held(ticks: Ints, values: Ints, end: int) -> int:
    """Return the integral of a step function from the run's start to an end [ticks]."""
    return int(np.diff(np.clip([*ticks, FAR], 0, end)) @ values)
