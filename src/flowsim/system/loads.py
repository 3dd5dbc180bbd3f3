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
ROUNDING = 1e-9
"""A load of the capacity, but for rounding, is one that cannot settle."""
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
        sheds: whether some of those for whom there is no room go elsewhere (they give up, balk, are turned away,
            or only come while there is space); the verdict is on the others.
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
    """Patients and work per minute, added up over periods by how long each lasts.

    Attributes:
        patients: joining each service.
        work: they bring to each service.
        bound_work: the part of it that cannot be lost (``is_lost``).
        steps: asking each staff pool.
        staff_work: they bring to each pool.
        bound_staff_work: the part of it brought by patients who cannot be lost.
    """

    def __init__(self, spec: SystemSpec) -> None:
        self.spec = spec
        self.by_space = filled_by_space(spec)
        self.patients, self.work, self.bound_work = np.zeros((3, len(spec.services)))
        self.steps, self.staff_work, self.bound_staff_work = np.zeros((3, len(spec.staff)))

    def add(self, flows: Flows, period: int, weight: float) -> None:
        """Add the flows of a period that makes up ``weight`` of the window."""
        router = Router(flows.classes, period)
        for (index, origin), joining in flows.into.items():
            self.patients[index] += weight * float(joining.sum())
            bound = 0.0 if self.is_lost(index, origin) else 1.0
            visit = Visit(self.spec, self.spec.services[index], flows.classes, period, origin)
            for destination, share in visit.destinations(router):
                part = weight * joining * share
                work = float(part @ visit.work(destination))
                self.work[index] += work
                self.bound_work[index] += bound * work
                for pool, steps, minutes in visit.staff(destination):
                    self.steps[pool] += float(part @ steps)
                    self.staff_work[pool] += float(part @ minutes)
                    self.bound_staff_work[pool] += bound * float(part @ minutes)

    def is_lost(self, index: int, origin: int) -> bool:
        """Whether patients for whom there is no room go elsewhere: they give up, balk, are refused or sent on.

        Those who keep a space elsewhere while they wait are neither refused nor balk.
        """
        service = self.spec.services[index]
        if index in self.by_space or (service.patience is not None and service.patience.holders):
            return True
        loses = service.patience is not None or service.balks is not None or service.queue_places < UNLIMITED
        return loses and origin == len(self.spec.services)


def filled_by_space(spec: SystemSpec) -> frozenset[int]:
    """Return services that patients only come to by ``first_with_space``, so that hardly anyone waits for them."""
    by_space: set[int] = set()
    otherwise: set[int] = {i for i, service in enumerate(spec.services) if service.initial}
    for routing in (*(s.routing for s in spec.streams), *(s.routing for s in spec.services), *spec.junctions):
        for branch in routing.branches.rows:
            (by_space if branch.rule == "first_with_space" else otherwise).update(branch.destinations)
            otherwise.add(branch.otherwise)
    for service in spec.services:
        otherwise |= {service.when_closed}
        otherwise |= {service.when_full} if service.queue_places < UNLIMITED else set()
        otherwise |= {service.patience.to} if service.patience is not None else set()
    return frozenset(place for place in by_space - otherwise if place < len(spec.services))


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
    for i, service in enumerate(spec.services):
        per = MINUTES_PER_DAY if service.visits is not None else 1.0
        work = (float(totals.patients[i]), float(totals.work[i]), float(totals.bound_work[i]))
        out.append(_load(service.id, "service", work, per, mean_capacity(spec, service)))
    for i, pool in enumerate(spec.staff):
        capacity = mean_between(pool.rota, spec.warm_up, spec.end) * (1 - pool.sickness)
        work = (float(totals.steps[i]), float(totals.staff_work[i]), float(totals.bound_staff_work[i]))
        out.append(_load(pool.id, "staff", work, 1.0, capacity))
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
    name: str, kind: Literal["service", "staff"], work: tuple[float, float, float], per: float, capacity: float
) -> Load:
    """Return a load.

    Args:
        name: id.
        kind: service or staff.
        work: patients, their work, and the part of it that cannot be lost, all per minute.
        per: minutes over which work is counted: 1, or a day for visits.
        capacity: mean units.
    """
    rate, offered, bound = work[0], work[1] * per, work[2] * per
    each = work[1] / rate if rate > 0 else 0.0
    verdict: Verdict = "settles"
    growth = 0.0
    if bound > 0 and bound >= capacity * (1 - ROUNDING):
        verdict = "cannot settle"
        growth = max(0.0, (bound - capacity) / per / each * MINUTES_PER_DAY)
    elif bound > 0 and bound >= capacity * NEAR:
        verdict = "near"
    return Load(
        id=name,
        kind=kind,
        patients_per_day=rate * MINUTES_PER_DAY,
        mean_minutes=each,
        offered=offered,
        capacity=capacity,
        utilisation=offered / capacity if capacity > 0 else (math.inf if offered > 0 else 0.0),
        verdict=verdict,
        growth_per_day=growth,
        sheds=bound < offered * (1 - ROUNDING),
    )
