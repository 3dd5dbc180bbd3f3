"""Audit of what went in: patients, people present, draws, capacity and staff."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from flowsim.demand import Arrivals
from flowsim.measure.audit_loops import alike
from flowsim.measure.audit_rows import AuditRow, compared, none_of
from flowsim.measure.frames import Floats, Window
from flowsim.measure.integrals import areas
from flowsim.measure.intervals import FAR
from flowsim.system.spec import UNLIMITED, RoutingSpec, ServiceSpec, Steps, StreamSpec, SystemSpec
from flowsim.trajectory import NEVER, Ints

STANDARD_ERRORS = 5.0
"""A true model fails a comparison by chance once in about two million."""


def supply_rows(window: Window, demand: Arrivals) -> Iterator[AuditRow]:
    """Yield the comparisons of what a run was given with what it was asked to have."""
    yield from _arrivals(window, demand)
    yield _as_drawn(window, demand)
    yield from _present(window)
    shared = _shared_purposes(window.spec)
    yield none_of("draws_apart", "", len(shared), "; ".join(" and ".join(names) for names in shared[:3]))
    yield from _capacity(window)
    yield from _duty(window)


def _arrivals(window: Window, demand: Arrivals) -> Iterator[AuditRow]:
    stream = window.trajectory.patients.stream
    count = np.bincount(stream[stream != NEVER], minlength=len(window.spec.streams))
    for s, asked in enumerate(demand.expected):
        # Half a patient's room lets a stream that expects next to none have none.
        tolerance = STANDARD_ERRORS * asked.sd + (0.5 if asked.sd > 0 else 1e-6)
        yield compared("arrivals", window.spec.streams[s].id, asked.after, float(count[s]), tolerance)


def _as_drawn(window: Window, demand: Arrivals) -> AuditRow:
    """Compare the patients with those drawn: none added, lost, changed or moved in time."""
    p = window.trajectory.patients
    came = np.flatnonzero(p.stream != NEVER)
    mine = (p.stream, p.number, p.arrival)
    drawn = (demand.stream, demand.number, demand.tick)
    if len(came) != len(drawn[0]):
        return compared("patients_as_drawn", "", len(drawn[0]), len(came))
    same = alike(came, mine, drawn, np.ascontiguousarray(p.attributes), np.ascontiguousarray(demand.attributes))
    return compared("patients_as_drawn", "", len(came), same)


def _present(window: Window) -> Iterator[AuditRow]:
    """Compare people there at the start with those asked for; a ghost is someone without a patient's row."""
    v, stream = window.visits, window.trajectory.patients.stream
    here = np.flatnonzero(v.initial == 1)
    real = here[(v.patient[here] >= 0) & (v.patient[here] < len(stream))]
    real = real[stream[v.patient[real]] == NEVER]
    for s, service in enumerate(window.spec.services):
        for is_waiting, word in ((False, "in place"), (True, "waiting")):
            asked = sum(g.number for g in service.initial if g.waiting is is_waiting)
            mine = real[(v.service[real] == s) & (window.is_placed[real] != is_waiting)]
            if asked or len(mine):
                yield compared("present_at_start", service.id, asked, len(np.unique(v.patient[mine])), note=word)
    asked_in_all = sum(g.number for service in window.spec.services for g in service.initial)
    realised = max(len(here), int((stream == NEVER).sum()))
    yield compared("present_at_start", "", asked_in_all, realised, note="patients and first visits in all")


_MOST_KNOWN = 32
_known: dict[int, tuple[SystemSpec, list[tuple[str, ...]]]] = {}
"""Answers for systems by id, which are held so that nothing else comes to have their ids."""


def _shared_purposes(spec: SystemSpec) -> list[tuple[str, ...]]:
    """Return ``shared_purposes``, found once for all replications of a system."""
    if id(spec) not in _known:
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        _known[id(spec)] = (spec, shared_purposes(spec))
    return _known[id(spec)][1]


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
    for s, service in enumerate(window.spec.services):
        if max(service.capacity.values) >= UNLIMITED:
            continue
        ticks = np.unique([*service.capacity.ticks, *service.admitting.ticks])
        asked = _at(service.capacity, ticks)
        if service.is_closed_capacity:
            asked = asked * (_at(service.admitting, ticks) > 0)
        mine = c.service == s
        total = _held(ticks, asked.astype(np.int64), window)
        yield compared("capacity_offered", service.id, total / hour, _held(c.tick[mine], c.spaces[mine], window) / hour)


def _at(steps: Steps, ticks: Ints) -> Floats:
    """Return ``Steps.at`` for many ticks."""
    values = np.array(steps.values, dtype=np.float64)
    return values[np.maximum(np.searchsorted(np.array(steps.ticks), ticks, side="right") - 1, 0)]


def _duty(window: Window) -> Iterator[AuditRow]:
    """Compare staff-hours on duty with the rota: equal, or fewer where there is sickness."""
    d, hour = window.trajectory.on_duty, 60 * window.ticks_per_minute
    for p, pool in enumerate(window.spec.staff):
        rota = _held(np.array(pool.rota.ticks), np.array(pool.rota.values, dtype=np.int64), window) / hour
        mine = d.pool == p
        there = _held(d.tick[mine], d.number[mine], window) / hour
        asked = rota * (1 - pool.sickness)
        # Members are absent by the day, independently: hours vary by at most a day's hours for each.
        most = max((*pool.rota.values, 1))
        days = max(len(window.midnight_ticks), 1)
        sd = rota * (pool.sickness * (1 - pool.sickness) / (most * days)) ** 0.5 if rota else 0.0
        yield compared("on_duty", pool.id, asked, there, 2 * STANDARD_ERRORS * sd)


def _held(ticks: Ints, values: Ints, window: Window) -> int:
    """Return the integral of a step function from the run's start to the window's end [ticks]."""
    stop = np.append(ticks[1:], FAR).astype(np.int64)
    zeros = np.zeros(len(ticks), dtype=np.int64)
    return int(areas(zeros, 1, ticks.astype(np.int64), stop, values, np.array([0, window.end]))[0, 0])
