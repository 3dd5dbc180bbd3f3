"""Offered loads: the work that flows bring to services and staff, against what is there.

Patients whom a full service passes on count where they go instead (``flowsim.system.balance``). Loads leave
out time spent blocked or waiting for staff, patients lost while there is room, and deconditioning. A departure
by the clock counts with the reciprocal of its mean hazard.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from flowsim.system.balance import Balance, mean_capacity, mean_staff, per, surge_spaces
from flowsim.system.curves import Floats
from flowsim.system.room import Kind
from flowsim.system.spec import SystemSpec
from flowsim.units import MINUTES_PER_DAY

NEAR = 0.95
"""Utilisation from which a queue is near its limit."""
ROUNDING = 1e-9
"""A load of the capacity, but for rounding, is one that cannot settle."""
OVER = 1e-4
"""Load above the capacity that is more than what capping flows leaves, and passed on that is more than nothing."""
Verdict = Literal["settles", "near", "overflows", "cannot settle"]


@dataclass(frozen=True, slots=True)
class Load:
    """What a service or staff pool takes on in the measured window, against what it has.

    Attributes:
        id: of the service or pool.
        kind: service or staff.
        patients_per_day: expected to be taken on; for staff, steps.
        mean_minutes: mean time each takes, all units together; for visits, mean visits in all.
        offered: mean units that those taken on want at a time; for visits, visits a day.
        capacity: mean units there, surge aside; inf where it never fills.
        utilisation: offered / capacity; inf where something is asked and nothing is there.
        verdict: whether the queue of those who cannot go elsewhere settles, once surge spaces are open; where
            it does, ``overflows`` if more come than can be taken on, and go elsewhere.
        growth_per_day: patients by which the queue grows a day where it cannot settle; else 0.
        passes_on_per_day: patients who go elsewhere for want of room: they give up, balk, are turned away, or
            only come where there is space. For staff, those of services that could take more but for this pool.
        limited_by: id of the staff pool for whose sake a service passes patients on; empty where for spaces.
    """

    id: str
    kind: Literal["service", "staff"]
    patients_per_day: float
    mean_minutes: float
    offered: float
    capacity: float
    utilisation: float
    verdict: Verdict
    growth_per_day: float
    passes_on_per_day: float = 0.0
    limited_by: str = ""


class Totals:
    """Patients and work per minute, added up over periods by how long each lasts.

    Attributes:
        services: rows patients taken on, work they bring, the part of it that cannot be lost, and patients
            passed on; by service.
        staff: rows steps, staff-minutes, the part of these that cannot be lost, and patients passed on by
            services for want of this pool.
        limits: for services that staff rather than spaces limit, their pool.
    """

    def __init__(self, spec: SystemSpec) -> None:
        self.services = np.zeros((4, len(spec.services)))
        self.staff = np.zeros((4, len(spec.staff)))
        self.limits: dict[int, int] = {}

    def add(self, balance: Balance, weight: float) -> None:
        """Add the flows of a period that makes up ``weight`` of the window."""
        passed = np.zeros(self.services.shape[1])
        for (index, _, _), asked in balance.flows.asked.items():
            passed[index] += weight * float(asked.sum())
        for index, kind, visit, joining in balance.work.brought(balance.flows.into):
            bound = float(kind is Kind.BOUND)
            number, minutes = weight * float(joining.sum()), weight * float(joining @ visit.minutes)
            self.services[:3, index] += number, minutes, bound * minutes
            passed[index] -= (1 - bound) * number
            for need in visit.staff:
                minutes = weight * float(joining @ need.minutes)
                self.staff[:3, need.pool] += weight * float(joining @ need.steps), minutes, bound * minutes
        self.services[3] += np.maximum(passed, 0.0)
        for service, pool in balance.limits.items():
            self.staff[3, pool] += max(passed[service], 0.0)
        self.limits |= balance.limits


def make_loads(spec: SystemSpec, totals: Totals) -> tuple[Load, ...]:
    """Return the loads of services, then of staff pools."""
    window = (spec.warm_up, spec.end)
    out = []
    for i, service in enumerate(spec.services):
        limit = spec.staff[totals.limits[i]].id if i in totals.limits else ""
        there = (mean_capacity(service, *window), surge_spaces(service))
        out.append(_load(service.id, "service", totals.services[:, i], there, per(service), limit))
    for i, pool in enumerate(spec.staff):
        out.append(_load(pool.id, "staff", totals.staff[:, i], (mean_staff(pool, *window), 0)))
    return tuple(out)


def _load(
    name: str,
    kind: Literal["service", "staff"],
    work: Floats,
    there: tuple[float, int],
    minutes: float = 1.0,
    limit: str = "",
) -> Load:
    """Return a load.

    Args:
        name: id.
        kind: service or staff.
        work: a column of ``Totals``, per minute.
        there: mean units, and how many surge adds.
        minutes: over which work is counted.
        limit: the pool for whose sake patients are passed on.
    """
    rate, total, bound, passed = (float(number) for number in work)
    each = total / rate if rate > 0 else 0.0
    offered, bound, capacity = total * minutes, bound * minutes, there[0]
    passes_on = passed * MINUTES_PER_DAY if passed > OVER * rate else 0.0
    verdict, excess = _judge(offered, bound, there, passes_on > 0)
    return Load(
        id=name,
        kind=kind,
        patients_per_day=rate * MINUTES_PER_DAY,
        mean_minutes=each,
        offered=offered,
        capacity=capacity,
        utilisation=offered / capacity if capacity > 0 else (math.inf if offered > 0 else 0.0),
        verdict=verdict,
        growth_per_day=excess / minutes / each * MINUTES_PER_DAY if excess > 0 else 0.0,
        passes_on_per_day=passes_on,
        limited_by=limit if passes_on > 0 else "",
    )


def _judge(offered: float, bound: float, there: tuple[float, int], overflows: bool) -> tuple[Verdict, float]:
    """Return the verdict, and the units wanted that will never be there.

    Args:
        offered: units wanted by those taken on.
        bound: of these, by patients who cannot go elsewhere.
        there: mean units, and how many surge adds.
        overflows: whether others are passed on.
    """
    most = sum(there)
    # Some whom a full service sends away only come back to it, and then the queue grows all the same.
    stuck = offered if offered > most * (1 + OVER) else bound
    if stuck > 0 and stuck >= most * (1 - ROUNDING):
        return "cannot settle", max(0.0, stuck - most)
    if overflows:
        return "overflows", 0.0
    strained = offered > there[0] * (1 + OVER) or (bound > 0 and bound >= there[0] * NEAR)
    return ("near" if strained else "settles"), 0.0
