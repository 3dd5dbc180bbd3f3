"""What happens before the first event, alike for every engine: rosters, capacities, people already there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from flowsim.demand import Arrivals
from flowsim.draws.philox import uniform
from flowsim.draws.sampler import Sampler, residual
from flowsim.rules.streaming import pick
from flowsim.system.curves import of_steps
from flowsim.system.purposes import purpose
from flowsim.system.spec import Distribution, InitialSpec, ServiceSpec, StaffSpec, Steps, SystemSpec
from flowsim.trajectory import NEVER, Patients

Offer = tuple[int, int, int]
"""(tick, spaces, admitting)."""

ABSENCE = "absence"


@dataclass(frozen=True, slots=True)
class Present:
    """Someone there at the start: where, for how long, and what luck they carry."""

    service: int
    group: int
    row: int
    key: int
    number: int
    waiting: bool
    elapsed: int
    remaining: float
    attributes: tuple[int, ...]


def offers(service: ServiceSpec) -> tuple[Offer, ...]:
    """Return every change of what a service offers, the first at tick 0."""
    return tuple((tick, spaces, admitting) for tick, spaces, admitting in offered(service).tolist())


def offered(service: ServiceSpec) -> npt.NDArray[np.int64]:
    """Return ``offers`` as an array, a row a change."""
    capacity, admitting = of_steps(service.capacity), of_steps(service.admitting)
    ticks = np.union1d(capacity.ticks, admitting.ticks)
    spaces, is_open = (curve.sample(ticks).astype(np.int64) for curve in (capacity, admitting))
    if service.is_closed_capacity:
        spaces[is_open == 0] = 0
    found = np.column_stack([ticks, spaces, is_open])
    return np.asarray(found[np.append(True, (found[1:, 1:] != found[:-1, 1:]).any(axis=1))])


def duty(spec: SystemSpec, pool: StaffSpec, replication: int) -> Steps:
    """Return how many of a pool are on duty over time, absences of this replication taken off.

    Each member (numbered from 0) is absent for a whole local day by a keyed coin.
    """
    if pool.sickness <= 0:
        return pool.rota
    midnights = [t for t in spec.clock.midnights if t < spec.end]
    ticks = sorted({*pool.rota.ticks, *midnights})
    most = int(max(pool.rota.values))
    first_day = spec.clock.starts_at.date().toordinal()
    there: dict[int, np.ndarray[tuple[int], np.dtype[np.int64]]] = {}
    values: list[float] = []
    for tick in ticks:
        day = int(np.searchsorted(midnights, tick, side="right")) - 1
        if day not in there:
            coins = [
                uniform(spec.seed, replication, pool.purpose, member, purpose(ABSENCE), first_day + day)
                >= pool.sickness
                for member in range(most)
            ]
            there[day] = np.concatenate(([0], np.cumsum(coins))).astype(np.int64)
        values.append(float(there[day][int(pool.rota.at(tick))]))
    return Steps(tuple(ticks), tuple(values))


def people_present(spec: SystemSpec, replication: int) -> tuple[Present, ...]:
    """Return everyone there at tick 0: all those in service first, then those waiting, by service and group."""
    rows: list[Present] = []
    for waiting in (False, True):
        for s, service in enumerate(spec.services):
            for g, group in enumerate(service.initial):
                if group.waiting is waiting:
                    rows += _group(spec, replication, s, g, len(rows))
    return tuple(rows)


def _group(spec: SystemSpec, replication: int, s: int, g: int, first_row: int) -> list[Present]:
    service = spec.services[s]
    group = service.initial[g]
    key = purpose(f"initial.{service.id}.{group.id}")
    people = []
    for n in range(group.number):
        attributes = _attributes(spec, replication, group, key, n)
        elapsed = group.elapsed[n % len(group.elapsed)] if group.elapsed else 0.0
        remaining = 0.0
        if not group.waiting:
            remaining = _remaining(spec, replication, service, group, key, n, elapsed, attributes)
        # One tick before the start would read as never.
        elapsed_ticks = round(elapsed * spec.clock.ticks_per_minute)
        elapsed_ticks = 0 if elapsed_ticks == 1 else elapsed_ticks
        people.append(Present(s, g, first_row + n, key, n, group.waiting, elapsed_ticks, remaining, attributes))
    return people


def _attributes(spec: SystemSpec, replication: int, group: InitialSpec, key: int, n: int) -> tuple[int, ...]:
    codes = [0] * len(spec.attributes)
    fixed = dict(group.attributes)
    if group.mix_of != NEVER:
        for mix in spec.streams[group.mix_of].mix:
            u = uniform(spec.seed, replication, key, n, mix.purpose, 0)
            codes[mix.attribute] = pick(mix.cumulative.row(0, codes, 0, 0), u)
            if mix.attribute in fixed:
                codes[mix.attribute] = fixed[mix.attribute]
    for attribute, level in fixed.items():
        codes[attribute] = level
    return tuple(codes)


def _remaining(
    spec: SystemSpec,
    replication: int,
    service: ServiceSpec,
    group: InitialSpec,
    key: int,
    n: int,
    elapsed: float,
    attributes: tuple[int, ...],
) -> float:
    """Return what is left of the stay [min]: of the last care step, given what has elapsed."""
    if group.remaining:
        return group.remaining[n % len(group.remaining)]
    care = [step for step in service.steps if not step.leaving and step.duration is not None]
    if not care or care[-1].duration is None:
        return 0.0
    step, origin = care[-1], len(spec.services)
    stay: Distribution = care[-1].duration.row(
        0, attributes, origin, _toward(spec, replication, service, key, n, attributes)
    )
    u = uniform(spec.seed, replication, key, n, step.purpose, 0)
    if not group.uniform:
        return residual(stay, elapsed, u)
    share = uniform(spec.seed, replication, key, n, purpose(f"initial.{service.id}.share"), 0)
    return share * Sampler(stay).draw(u)


def _toward(
    spec: SystemSpec, replication: int, service: ServiceSpec, key: int, n: int, attributes: tuple[int, ...]
) -> int:
    """Return where the patient will be drawn to go, by the draw that the engine will make."""
    branch = service.routing.branches.row(0, attributes, len(spec.services), 0)
    if branch.rule != "share" or len(branch.destinations) == 1:
        return branch.destinations[0]
    u = uniform(spec.seed, replication, key, n, service.routing.purpose, 0)
    return branch.destinations[pick(branch.cumulative, u)]


def patients_table(
    spec: SystemSpec, present: Sequence[Present], coming: Arrivals, exits: npt.ArrayLike, gone: npt.ArrayLike
) -> Patients:
    """Return the table of patients: those present come first, then arrivals in order.

    Args:
        spec: the system.
        present: people there at the start.
        coming: everyone else.
        exits: place code of the exit of each, NEVER while inside.
        gone: tick of leaving of each, NEVER while inside.
    """
    width = len(spec.attributes)
    first = np.array([p.attributes for p in present], dtype=np.int16).reshape(len(present), width)
    later = coming.attributes.reshape(len(coming.tick), width)
    none = np.full(len(present), NEVER, dtype=np.int64)
    return Patients(
        stream=np.concatenate([none, coming.stream]).astype(np.int64),
        number=np.concatenate([np.array([p.number for p in present], dtype=np.int64), coming.number]),
        arrival=np.concatenate([np.zeros(len(present), dtype=np.int64), coming.tick]),
        attributes=np.concatenate([first, later]).astype(np.int16),
        exit=np.array(exits, dtype=np.int64),
        left=np.array(gone, dtype=np.int64),
    )
