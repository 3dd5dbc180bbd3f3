"""The balance of traffic and room: flows capped at what services can take, what is over passed on.

Services, and the staff who must see patients before they are ready to leave, first serve those who wait as
long as it takes; then those in a queue that may be left; then those who come only where there is a space.
The share of each kind that is taken on is what capacity is left for it over what it asks for. As the flows
depend on these shares and the shares on the flows, both are found together by repeated substitution.

This is approximate: a fluid has no chance in it, so a service with a little capacity to spare is said to
take everyone, and one whose spaces are held up by patients who wait for staff, or to leave, to take more
than it does.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from flowsim.system.classes import Classes
from flowsim.system.curves import Floats, combine, mean_between, of_steps
from flowsim.system.flows import LEFT_OVER, Flows, Passing
from flowsim.system.openings import Openings
from flowsim.system.room import Kind, Room
from flowsim.system.spec import ServiceSpec, StaffSpec, SystemSpec
from flowsim.system.work import Work
from flowsim.units import MINUTES_PER_DAY

MOST_ROUNDS = 60
HALF_STEPS_FROM = 12
"""Round from which shares move half the way, so that they do not swing for ever."""
SETTLED = 1e-7
"""Change of shares at which substitution stops."""
ROUGH = 1e-3
"""Flows are followed, of demand, to this part of the last change of shares; to the end once they have settled."""
LEAST = 0.01
"""Least share taken on of those who may be lost from a queue: some places send them back to it."""


@dataclass(frozen=True, slots=True)
class Balance:
    """What one period's tables lead to in a window.

    Attributes:
        flows: patients per minute.
        work: of visits.
        limits: for each service where staff rather than spaces turn patients away, their pool.
    """

    flows: Flows
    work: Work
    limits: dict[int, int]


def find_balance(spec: SystemSpec, classes: Classes, period: int, start: int, end: int) -> Balance:
    """Return the flows that the mean demand between two ticks settles to, with one period's tables."""
    openings, room, work = Openings(spec, start, end), Room(spec, classes, period), Work(spec, classes, period)
    passing = Passing(spec, classes, period, openings, room)
    capacity = _Capacity(spec, work, start, end)
    change = 1.0
    for turn in range(MOST_ROUNDS):
        flows = passing.find(max(LEFT_OVER, ROUGH * min(change, 1.0)))
        step = 1.0 if turn < HALF_STEPS_FROM else 0.5
        change = max(capacity.share_out(flows, room, step), _follow(spec, openings, flows, work))
        if change <= SETTLED:
            break
    flows = passing.find()
    return Balance(flows, work, capacity.limits)


def _follow(spec: SystemSpec, openings: Openings, flows: Flows, work: Work) -> float:
    """Tell openings when patients leave services; return the most that a share changes."""
    inflows: dict[tuple[int, int], float] = {}
    totals: Floats = np.zeros((2, len(spec.services)))
    for (service, source, _), flow in flows.into.items():
        inflows[service, source] = inflows.get((service, source), 0.0) + float(flow.sum())
    for service, _, visit, flow in work.brought(flows.into):
        totals[:, service] += float(flow.sum()), float(flow @ visit.minutes)
    minutes = totals[1] / np.maximum(totals[0], 1e-300)
    minutes[[service.visits is not None for service in spec.services]] = math.inf
    return openings.follow(inflows, minutes)


class _Capacity:
    """What services and staff can do in a window, and how it is shared out.

    Attributes:
        services: work per minute that each can do, with its surge spaces open.
        staff: staff-minutes per minute that each pool can do.
        limits: as in ``Balance``.
    """

    def __init__(self, spec: SystemSpec, work: Work, start: int, end: int) -> None:
        self.work = work
        spaces = [mean_capacity(service, start, end) + surge_spaces(service) for service in spec.services]
        self.services = np.array(spaces) / [per(service) for service in spec.services]
        self.staff = np.array([mean_staff(pool, start, end) for pool in spec.staff])
        self.limits: dict[int, int] = {}

    def share_out(self, flows: Flows, room: Room, step: float) -> float:
        """Move the shares of room towards what capacity allows; return the most that a share changes."""
        spaces, staff, leaving = self._wanted(flows)
        before = np.concatenate((room.queue, room.space))
        self.limits = {}
        rest = self.services - spaces[Kind.BOUND]
        staff_rest = self.staff - leaving - staff[Kind.BOUND].sum(axis=0)
        fits = self._fit(spaces[Kind.QUEUE], staff[Kind.QUEUE], rest, staff_rest)
        room.queue = np.maximum(room.queue + step * (fits - room.queue), LEAST)
        rest, staff_rest = rest - fits * spaces[Kind.QUEUE], staff_rest - fits @ staff[Kind.QUEUE]
        fits = self._fit(spaces[Kind.SPACE], staff[Kind.SPACE], rest, staff_rest)
        room.space = room.space + step * (fits - room.space)
        return float(np.abs(np.concatenate((room.queue, room.space)) - before).max(initial=0.0))

    def _wanted(self, flows: Flows) -> tuple[Floats, Floats, Floats]:
        """Return the work wanted per minute, of those who may be lost as if all were taken on.

        Returns:
            Of spaces, by kind and service; of staff before patients are ready to leave, by kind, service and
            pool; of staff after that, by pool.
        """
        spaces = np.zeros((len(Kind), len(self.services)))
        staff = np.zeros((len(Kind), len(self.services), len(self.staff)))
        leaving = np.zeros(len(self.staff))
        asks = {**{key: flow for key, flow in flows.into.items() if key[2] is Kind.BOUND}, **flows.asked}
        for service, kind, visit, flow in self.work.brought(asks):
            spaces[kind, service] += flow @ visit.minutes
            for need in visit.staff:
                staff[kind, service, need.pool] += flow @ need.before_ready
        for _, _, visit, flow in self.work.brought(flows.into):
            for need in visit.staff:
                leaving[need.pool] += flow @ (need.minutes - need.before_ready)
        return spaces, staff, leaving

    def _fit(self, spaces: Floats, staff: Floats, rest: Floats, staff_rest: Floats) -> Floats:
        """Return the share by service that spaces and staff have room for; staff take all services alike."""
        fits = _over(rest, spaces)
        pools = np.where(staff > 0, _over(staff_rest, fits @ staff), 1.0)
        for service in np.flatnonzero((pools.min(axis=1, initial=1.0) < 1) & (fits > 0)):
            self.limits[int(service)] = int(np.argmin(pools[service]))
        return np.asarray(fits * pools.min(axis=1, initial=1.0))


def _over(rest: Floats, wanted: Floats) -> Floats:
    """Return the share of what is wanted that the rest can do, between 0 and 1."""
    return np.clip(np.where(wanted > 0, rest, 1.0) / np.where(wanted > 0, wanted, 1.0), 0.0, 1.0)


def per(service: ServiceSpec) -> float:
    """Return the minutes over which the work of a service is counted: 1, or a day for visits."""
    return MINUTES_PER_DAY if service.visits is not None else 1.0


def mean_capacity(service: ServiceSpec, start: int, end: int) -> float:
    """Return the mean spaces a service offers between two ticks, none while it is closed; surge aside."""
    if service.is_unlimited:
        return math.inf
    curve = of_steps(service.capacity)
    if service.is_closed_capacity:
        curve = combine(np.multiply, curve, of_steps(service.admitting))
    return mean_between(curve.steps(), start, end)


def surge_spaces(service: ServiceSpec) -> int:
    """Return how many more spaces a service opens once it is full."""
    return 0 if service.surge is None else service.surge.spaces


def mean_staff(pool: StaffSpec, start: int, end: int) -> float:
    """Return the mean staff of a pool at work between two ticks."""
    return mean_between(pool.rota, start, end) * (1 - pool.sickness)
