"""The mean work that one visit to a service brings to it and to its staff."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from flowsim.system.classes import Classes
from flowsim.system.curves import Floats, mean_between
from flowsim.system.distributions import mean
from flowsim.system.flows import Joining, shares_of
from flowsim.system.room import Kind
from flowsim.system.spec import BY_DESTINATION, BY_ORIGIN, NONE, ServiceSpec, StepSpec, SystemSpec, Table
from flowsim.units import MINUTES_PER_DAY


@dataclass(frozen=True, slots=True)
class StaffWork:
    """What a visit asks of a staff pool, by class: steps, staff-minutes, and those before being ready to leave."""

    pool: int
    steps: Floats
    minutes: Floats
    before_ready: Floats


@dataclass(frozen=True, slots=True)
class VisitWork:
    """What a visit asks for, by class.

    Attributes:
        minutes: space-minutes; for visits, the visits of the whole package.
        staff: of each step that needs staff.
    """

    minutes: Floats
    staff: tuple[StaffWork, ...]


class Work:
    """Works out the mean work of visits, with one period's tables, and remembers it."""

    def __init__(self, spec: SystemSpec, classes: Classes, period: int) -> None:
        self.spec = spec
        self.classes = classes
        self.period = period
        self._known: dict[tuple[int, int], VisitWork] = {}
        self._by_origin: dict[int, bool] = {}

    def of(self, service: int, source: int) -> VisitWork:
        """Return the work of a visit by patients who left a service, or arrived (``source`` below 0)."""
        return self._of(service, self._origin(service, source))

    def brought(self, flows: Mapping[Joining, Floats]) -> Iterator[tuple[int, Kind, VisitWork, Floats]]:
        """Yield (service, kind, work of a visit, patients per minute) for all who bring the same work together."""
        together: dict[tuple[int, int, Kind], Floats] = {}
        for (service, source, kind), flow in flows.items():
            key = (service, self._origin(service, source), kind)
            together[key] = together[key] + flow if key in together else flow
        for (service, origin, kind), flow in together.items():
            yield service, kind, self._of(service, origin), flow

    def _of(self, service: int, origin: int) -> VisitWork:
        key = (service, origin)
        if key not in self._known:
            self._known[key] = self._work_out(self.spec.services[service], origin)
        return self._known[key]

    def _origin(self, service: int, source: int) -> int:
        """Return where patients come from as the tables of a service know it: the same for all where none does."""
        if service not in self._by_origin:
            found = self.spec.services[service]
            tables = [*_tables(found), found.routing.branches]
            if found.visits is not None:
                tables += [found.visits.first, found.visits.last, found.visits.carers]
            self._by_origin[service] = any(BY_ORIGIN in table.by for table in tables)
        return source if source >= 0 and self._by_origin[service] else len(self.spec.services)

    def _work_out(self, service: ServiceSpec, origin: int) -> VisitWork:
        minutes = np.zeros(self.classes.count)
        pools = [need.pool for step in service.steps for need in step.staff]
        staff = np.zeros((len(pools), 3, self.classes.count))
        for destination, share in self._destinations(service, origin):
            at = (self.period, origin, destination)
            minutes = minutes + share * self._minutes(service, at)
            for row, found in enumerate(self._staff(service, at)):
                staff[row] += share * np.stack(found)
        return VisitWork(minutes, tuple(StaffWork(pool, *rows) for pool, rows in zip(pools, staff, strict=True)))

    def _destinations(self, service: ServiceSpec, origin: int) -> Iterator[tuple[int, Floats | float]]:
        """Yield (destination drawn on starting, share) pairs; one for all where nothing depends on it."""
        if any(BY_DESTINATION in table.by for table in _tables(service)):
            yield from self.classes.spread(service.routing.branches, shares_of, self.period, origin).items()
        else:
            yield NONE, 1.0

    def _minutes(self, service: ServiceSpec, at: tuple[int, int, int]) -> Floats:
        minutes = np.zeros(self.classes.count)
        for step in service.steps:
            minutes = minutes + self._needed(step, at) * self._length(step, at)
        plan = service.visits
        if plan is not None:
            first = self.classes.values(plan.first, float, *at)
            last = self.classes.values(plan.last, float, *at)
            days = np.maximum(1.0, minutes / MINUTES_PER_DAY)
            each = np.where(days > 1, (first + last) / 2, first)
            return np.asarray(days * each * self.classes.values(plan.carers, float, *at))
        if service.turnaround is not None:
            minutes = minutes + self.classes.values(service.turnaround, mean, *at)
        return np.asarray(minutes * self.classes.values(service.takes, float, *at))

    def _staff(self, service: ServiceSpec, at: tuple[int, int, int]) -> Iterator[tuple[Floats, Floats, Floats]]:
        """Yield what each need of staff comes to: steps, staff-minutes, and these before being ready to leave."""
        for step in service.steps:
            for need in step.staff:
                number = self.classes.values(need.number, float, *at)
                needed = self._needed(step, at)
                minutes = needed * number * self._length(step, at)
                yield needed * (number > 0), minutes, minutes * (not step.leaving)

    def _needed(self, step: StepSpec, at: tuple[int, int, int]) -> Floats:
        return np.ones(self.classes.count) if step.share is None else self.classes.values(step.share, float, *at)

    def _length(self, step: StepSpec, at: tuple[int, int, int]) -> Floats:
        if step.duration is not None:
            return self.classes.values(step.duration, mean, *at)
        hazard = 0.0 if step.departure is None else mean_between(step.departure, self.spec.warm_up, self.spec.end)
        return np.full(self.classes.count, 1 / hazard if hazard > 0 else 0.0)


def _tables(service: ServiceSpec) -> list[Table[Any]]:
    """Return the tables that say how long a visit takes and whom it needs."""
    tables: list[Table[Any] | None] = [service.takes, service.turnaround]
    for step in service.steps:
        tables += [step.share, step.duration, *(need.number for need in step.staff)]
    return [table for table in tables if table is not None]
