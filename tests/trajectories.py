"""Trajectories written by hand: who was where from when to when, in minutes.

    run_of(spec, came(0, at("ae", 0, 10, 60, 90), at("ward", 60, 90, 500, 600)))

is one patient who came to A&E at 0, started at 10, was ready at 60, asked for a ward and left for it at 90.
What is not said has not happened. A visit that starts after the one before was left holds that space meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from flowsim.measure.frames import nothing_happened
from flowsim.system.spec import SystemSpec
from flowsim.trajectory import NEVER, Delays, OnDuty, Outcome, Patients, StaffedSteps, Trajectory, Visits


@dataclass(frozen=True)
class At:
    """A visit; times in minutes."""

    service: str
    queued: float
    started: float | None = None
    ready: float | None = None
    left: float | None = None
    outcome: Outcome | None = None
    seen: float | None = None
    takes: int = 1
    initial: int = 0
    interrupted: float = 0
    package: tuple[int, int, int] = (0, 0, 0)
    delays: tuple[tuple[str, str, float, float | None], ...] = ()


@dataclass(frozen=True)
class Came:
    """A patient: arrival (None for someone there at the start), visits, the exit taken, levels of attributes."""

    arrival: float | None
    visits: tuple[At, ...]
    exit: str | None = "home"
    levels: dict[str, str] = field(default_factory=dict)


def at(service, queued, started=None, ready=None, left=None, **more):
    return At(service, queued, started, ready, left, **more)


def came(arrival, *visits, exit="home", **levels):
    return Came(arrival, visits, exit, levels)


def run_of(spec: SystemSpec, *patients: Came, staffed=(), on_duty=None) -> Trajectory:
    """Return the trajectory of some patients; capacities are the specification's first levels throughout."""
    tick = _ticks(spec)
    ordered = sorted(enumerate(patients), key=lambda p: (p[1].arrival is not None, p[1].arrival or 0))
    patients = tuple(p for _, p in ordered)
    rows = sorted(
        ((i, j) for i, p in enumerate(patients) for j in range(len(p.visits))),
        key=lambda ij: (not patients[ij[0]].visits[0].initial, patients[ij[0]].visits[ij[1]].queued, ij),
    )
    table = [_visit(spec, tick, patients[i], i, j) for i, j in rows]
    visits = Visits(*(np.array(column, dtype=np.int64) for column in zip(*table, strict=True))) if table else None
    blank = nothing_happened(spec)
    delays = [
        (row, i, spec.service_index(v.service), _reason(spec, why), spec.place_code(to), tick(begin), tick(end))
        for row, (i, j) in enumerate(rows)
        for v in [patients[i].visits[j]]
        for why, to, begin, end in v.delays
    ]
    width = len(spec.attributes)
    return replace(
        blank,
        patients=Patients(
            stream=_ints(NEVER if p.arrival is None else 0 for p in patients),
            number=_ints(range(len(patients))),
            arrival=_ints(tick(p.arrival or 0) for p in patients),
            attributes=np.array([_codes(spec, p) for p in patients], dtype=np.int16).reshape(len(patients), width),
            exit=_ints(spec.place_code(p.exit) if _gone(p) else NEVER for p in patients),
            left=_ints(tick(_leaving(p)) if _gone(p) else NEVER for p in patients),
        ),
        visits=visits or blank.visits,
        delays=Delays(*np.array(delays, dtype=np.int64).reshape(len(delays), 7).T),
        staffed=StaffedSteps(*np.array(list(staffed), dtype=np.int64).reshape(len(staffed), 8).T),
        on_duty=on_duty or OnDuty(blank.on_duty.pool, blank.on_duty.tick, blank.on_duty.number),
    )


def _ticks(spec: SystemSpec):
    return lambda minutes: NEVER if minutes is None else round(minutes * spec.clock.ticks_per_minute)


def _ints(values):
    return np.array(list(values), dtype=np.int64)


def _codes(spec, patient):
    return [a.levels.index(patient.levels[a.id]) if a.id in patient.levels else 0 for a in spec.attributes]


def _reason(spec, name):
    return [r.id for r in spec.reasons].index(name) if name else NEVER


def _leaving(patient):
    return patient.visits[-1].left if patient.visits else patient.arrival


def _gone(patient):
    return patient.exit is not None and _leaving(patient) is not None


def _outcome(visit):
    if visit.outcome is not None:
        return visit.outcome
    return Outcome.IN_PROGRESS if visit.left is None else Outcome.SERVED


def _visit(spec, tick, patient, i, j):
    visit = patient.visits[j]
    before = patient.visits[j - 1] if j else None
    after = patient.visits[j + 1] if j + 1 < len(patient.visits) else None
    holds = before is not None and (before.left is None or before.left > visit.queued)
    code = 0
    for level, attribute in zip(_codes(spec, patient), spec.attributes, strict=True):
        code = code * len(attribute.levels) + level
    onward = after.service if after else patient.exit or "home"
    destination = NEVER if visit.left is None else spec.place_code(onward)
    return (
        i,
        spec.service_index(visit.service),
        spec.service_index(before.service) if before else len(spec.services),
        code,
        tick(visit.queued),
        tick(visit.started),
        tick(visit.started if visit.seen is None else visit.seen),
        tick(visit.ready),
        tick(visit.left),
        int(_outcome(visit)),
        destination,
        spec.service_index(before.service) if holds else NEVER,
        tick(before.left) if holds else NEVER,
        visit.takes,
        0,
        round(visit.interrupted * spec.clock.ticks_per_minute),
        *visit.package,
        visit.initial,
    )
