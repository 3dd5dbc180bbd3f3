"""Offered loads: the work that flows bring to services and staff, against what is there.

Loads leave out time spent blocked, patients lost on the way, deconditioning and surge spaces. A
departure by the clock counts with the reciprocal of its mean hazard.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from flowsim.system.curves import Floats, combine, mean_between, of_steps
from flowsim.system.distributions import mean
from flowsim.system.flows import Classes, Flows, Router
from flowsim.system.spec import BY_DESTINATION, NONE, UNLIMITED, ServiceSpec, StepSpec, SystemSpec
from flowsim.units import MINUTES_PER_DAY

NEAR = 0.95
"""Utilisation from which a queue is near its limit."""
Verdict = Literal["settles", "near", "cannot settle"]


@dataclass(frozen=True, slots=True)
class Load:
    """What is asked of a service or staff pool in the measured window, against what it has.

    Attributes:
        id: of the service or pool.
        kind: service or staff.
        patients_per_day: expected to join; for staff, steps.
        mean_minutes: mean time each takes, all units together; for visits, mean visits in all.
        offered: mean units wanted at a time; for visits, visits a day.
        capacity: mean units there; inf where it never fills.
        utilisation: offered / capacity; inf where something is asked and nothing is there.
        verdict: whether the queue settles.
        growth_per_day: patients by which the queue grows a day where it cannot settle; else 0.
        sheds: whether patients give up, balk or are turned away, so that the queue settles by losing some.
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
    sheds: bool


class Totals:
    """Patients and work per minute, added up over periods by how long each lasts."""

    def __init__(self, spec: SystemSpec) -> None:
        self.spec = spec
        self.patients = np.zeros(len(spec.services))
        self.work = np.zeros(len(spec.services))
        self.steps = np.zeros(len(spec.staff))
        self.staff_work = np.zeros(len(spec.staff))

    def add(self, flows: Flows, period: int, weight: float) -> None:
        """Add the flows of a period that makes up ``weight`` of the window."""
        router = Router(flows.classes, period)
        for (index, origin), joining in flows.into.items():
            self.patients[index] += weight * float(joining.sum())
            visit = Visit(self.spec, self.spec.services[index], flows.classes, period, origin)
            for destination, share in visit.destinations(router):
                part = weight * joining * share
                self.work[index] += float(part @ visit.work(destination))
                for pool, steps, minutes in visit.staff(destination):
                    self.steps[pool] += float(part @ steps)
                    self.staff_work[pool] += float(part @ minutes)


@dataclass(frozen=True)
class Visit:
    """The mean work of one visit to a service, for each class of patients."""

    spec: SystemSpec
    service: ServiceSpec
    classes: Classes
    period: int
    origin: int

    def destinations(self, router: Router) -> Iterator[tuple[int, Floats | float]]:
        """Yield (destination, share) pairs; one for all where nothing depends on the destination."""
        tables = [
            t
            for step in self.service.steps
            for t in (step.share, step.duration, *(n.number for n in step.staff))
            if t is not None
        ]
        tables += [t for t in (self.service.takes, self.service.turnaround) if t is not None]
        if any(BY_DESTINATION in table.by for table in tables):
            yield from router.weights(self.service.routing, self.origin)
        else:
            yield NONE, 1.0

    def work(self, destination: int) -> Floats:
        """Return space-minutes of a visit; for visits, the visits of the whole package."""
        at = (self.period, self.origin, destination)
        minutes = np.zeros(self.classes.count)
        for step in self.service.steps:
            minutes = minutes + self._needed(step, destination) * self._length(step, destination)
        plan = self.service.visits
        if plan is not None:
            first = self.classes.values(plan.first, float, *at)
            last = self.classes.values(plan.last, float, *at)
            days = np.maximum(1.0, minutes / MINUTES_PER_DAY)
            each = np.where(days > 1, (first + last) / 2, first)
            return np.asarray(days * each * self.classes.values(plan.carers, float, *at))
        if self.service.turnaround is not None:
            minutes = minutes + self.classes.values(self.service.turnaround, mean, *at)
        return np.asarray(minutes * self.classes.values(self.service.takes, float, *at))

    def staff(self, destination: int) -> Iterator[tuple[int, Floats, Floats]]:
        """Yield (pool, steps needing it, staff-minutes) for each need."""
        for step in self.service.steps:
            for need in step.staff:
                number = self.classes.values(need.number, float, self.period, self.origin, destination)
                needed = self._needed(step, destination)
                yield need.pool, needed * (number > 0), needed * number * self._length(step, destination)

    def _needed(self, step: StepSpec, destination: int) -> Floats:
        if step.share is None:
            return np.ones(self.classes.count)
        return self.classes.values(step.share, float, self.period, self.origin, destination)

    def _length(self, step: StepSpec, destination: int) -> Floats:
        if step.duration is not None:
            return self.classes.values(step.duration, mean, self.period, self.origin, destination)
        hazard = 0.0 if step.departure is None else mean_between(step.departure, self.spec.warm_up, self.spec.end)
        return np.full(self.classes.count, 1 / hazard if hazard > 0 else 0.0)


def make_loads(spec: SystemSpec, totals: Totals) -> tuple[Load, ...]:
    """Return the loads of services, then of staff pools."""
    out = []
    for index, service in enumerate(spec.services):
        visits = service.visits is not None
        per = MINUTES_PER_DAY if visits else 1.0
        rate, work = float(totals.patients[index]), float(totals.work[index])
        sheds = service.patience is not None or service.balks is not None or service.queue_places < UNLIMITED
        out.append(_load(service.id, "service", rate, work, per, mean_capacity(spec, service), sheds))
    for index, pool in enumerate(spec.staff):
        capacity = mean_between(pool.rota, spec.warm_up, spec.end) * (1 - pool.sickness)
        out.append(
            _load(
                pool.id,
                "staff",
                float(totals.steps[index]),
                float(totals.staff_work[index]),
                1.0,
                capacity,
                sheds=False,
            )
        )
    return tuple(out)


def mean_capacity(spec: SystemSpec, service: ServiceSpec) -> float:
    """Return the mean spaces a service offers in the measured window, none while it is closed; surge aside."""
    if service.is_unlimited:
        return math.inf
    curve = of_steps(service.capacity)
    if service.is_closed_capacity:
        curve = combine(np.multiply, curve, of_steps(service.admitting))
    return mean_between(curve.steps(), spec.warm_up, spec.end)


def _load(
    name: str, kind: Literal["service", "staff"], rate: float, work: float, per: float, capacity: float, sheds: bool
) -> Load:
    """Return a load; ``rate`` and ``work`` per minute, ``per`` the minutes over which work is counted."""
    offered = work * per
    utilisation = offered / capacity if capacity > 0 else (math.inf if offered > 0 else 0.0)
    each = work / rate if rate > 0 else 0.0
    verdict: Verdict = "settles"
    growth = 0.0
    # Rounding must not turn a load of exactly the capacity into one that settles.
    if utilisation >= 1 - 1e-9 and not sheds:
        verdict = "cannot settle"
        growth = max(0.0, (offered - capacity) / per / each * MINUTES_PER_DAY)
    elif utilisation >= NEAR and not sheds:
        verdict = "near"
    return Load(name, kind, rate * MINUTES_PER_DAY, each, offered, capacity, utilisation, verdict, growth, sheds)
