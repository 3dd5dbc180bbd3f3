"""Which durations the audit compares with their distributions: found once for all replications of a system."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from flowsim.measure.audit_curves import Known, limited_moments, nearly_all_within
from flowsim.measure.audit_stay_loops import Curves, Tables, Wanted
from flowsim.measure.frames import Floats
from flowsim.measure.integrals import NOUGHT
from flowsim.system.once import once_a_system
from flowsim.system.spec import BY_DESTINATION, BY_ORIGIN, NONE, Distribution, StepSpec, SystemSpec, Table
from flowsim.trajectory import Ints

BEFORE = -(2**62)
"""A tick before any run."""


Way = tuple[tuple[int, int], ...]
"""Attributes, and how many rows of a table there are from one level of each to the next."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """What finds the row of a table that holds for a duration: a sum of what is due to each thing.

    Attributes:
        way: what is due to attributes.
        by_drawn: rows from one code drawn on entry to the next; 0 where it is no matter.
        by_origin: the same from one service come from to the next.
        by_period: the same from one period to the next.
    """

    way: Way = ()
    by_drawn: int = 0
    by_origin: int = 0
    by_period: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """A step's part in a duration.

    Attributes:
        table: finds the row of its distributions.
        curve: of each row, its number among the part's.
        distributions: one a curve, of what is drawn.
        share_table: finds the row of its shares; None where all have the step.
        share: of those who have the step, by row.
    """

    table: Lookup
    curve: Ints
    distributions: tuple[Distribution, ...]
    share_table: Lookup | None
    share: Floats

    @property
    def tables(self) -> tuple[Lookup, Lookup]:
        """What finds the rows of its curves and of its shares."""
        return self.table, self.share_table or Lookup()


@dataclass(frozen=True, slots=True)
class Duration:
    """A duration that is compared.

    Attributes:
        check, item: names of the comparison.
        service: index.
        position: of the step that needs staff; NONE for care as a whole.
        n_steps: how many steps it has.
        n_pools: of how many pools its staff are.
        parts: those that take time.
        drawn: the code drawn on entry by the place gone to (the last for none); empty where it is no matter.
        latest: tick up to which visits begun are looked at, if they are over; NONE where all are.
    """

    check: str
    item: str
    service: int
    position: int
    n_steps: int
    n_pools: int
    parts: tuple[Part, ...]
    drawn: Ints
    latest: int


@dataclass(frozen=True, slots=True)
class Plan:
    """Durations that one pass over visits, or over steps that need staff, compares.

    Attributes:
        durations: in the order of their numbers.
        first_curve: of each (and one more for the end).
        of_steps: whether they are of steps.
        services: whose they are.
        ways: in which attributes matter, by number.
        wanted, tables, curves: what the pass takes.
    """

    durations: tuple[Duration, ...]
    first_curve: tuple[int, ...]
    of_steps: bool
    services: tuple[int, ...]
    ways: tuple[Way, ...]
    wanted: Wanted
    tables: Tables
    curves: Curves


@once_a_system
def plans(spec: SystemSpec, end: int) -> tuple[Plan, ...]:
    """Return the durations compared in runs of a system to a tick: visits, steps, steps of several pools one by one."""
    found = tuple(_durations(spec, end))
    visits = tuple(d for d in found if d.position == NONE)
    steps = tuple(d for d in found if d.position != NONE and d.n_pools == 1)
    several = ((d,) for d in found if d.position != NONE and d.n_pools > 1)
    return tuple(_plan(spec, some, end) for some in (visits, steps, *several) if some)


def curves_of(specs: Iterable[SystemSpec]) -> Known:
    """Return all curves that audits of some systems look at, for workers to be told."""
    asked = {
        (distribution, spec.clock.minutes(spec.end))
        for spec in specs
        for plan in plans(spec, spec.end)
        for duration in plan.durations
        for part in duration.parts
        for distribution in part.distributions
    }
    return {(distribution, horizon): limited_moments(distribution, horizon) for distribution, horizon in asked}


def _plan(spec: SystemSpec, some: tuple[Duration, ...], end: int) -> Plan:
    n_places = len(spec.services) + len(spec.exits) + len(spec.junctions) + 1
    number = np.full((len(spec.services), max(len(s.steps) for s in spec.services)), NONE, dtype=np.int64)
    drawn = np.full((len(some), n_places), NONE, dtype=np.int64)
    for d, duration in enumerate(some):
        number[duration.service, max(duration.position, 0)] = d
        if len(duration.drawn):
            drawn[d] = duration.drawn
    by_place = np.array([len(d.drawn) > 0 for d in some])
    latest = np.array([d.latest for d in some], dtype=np.int64)
    first_curve = _ends([sum(len(part.distributions) for part in d.parts) for d in some])
    parts = [part for d in some for part in d.parts]
    ways = tuple(dict.fromkeys(table.way for part in parts for table in part.tables))
    tables = _tables(spec, [len(d.parts) for d in some], parts, ways)
    first_part = tables.parts[:-1]
    settled = np.array([_settled(spec, d, end) for d in some], dtype=np.int64)
    found_by = settled, tables.way[first_part, 0], tables.first_curve[first_part]
    wanted = Wanted(number, latest, *found_by, drawn, by_place, some[0].n_pools > 1)
    curves = _curves(tuple(d for part in parts for d in part.distributions), spec.clock.minutes(end))
    services = tuple(sorted({d.service for d in some}))
    of_steps = some[0].position != NONE
    return Plan(some, tuple(first_curve.tolist()), of_steps, services, ways, wanted, tables, curves)


def _tables(spec: SystemSpec, number: Sequence[int], parts: Sequence[Part], ways: Sequence[Way]) -> Tables:
    first_curve = _ends([len(part.distributions) for part in parts])[:-1]
    first_share = _ends([len(part.share) for part in parts])[:-1]
    place = {way: n for n, way in enumerate(ways)}
    found_by = [[(place[t.way], t.by_drawn, t.by_origin, t.by_period) for t in part.tables] for part in parts]
    way, by_drawn, by_origin, by_period = np.array(found_by, dtype=np.int64).transpose(2, 0, 1).copy()
    return Tables(
        parts=_ends(number),
        way=way,
        by_drawn=by_drawn,
        by_origin=by_origin,
        by_period=by_period,
        periods=np.array(spec.periods, dtype=np.int64),
        curve=np.concatenate([NOUGHT[:0], *(part.curve + n for part, n in zip(parts, first_curve, strict=True))]),
        first_curve=_ends([len(part.curve) for part in parts])[:-1],
        share=np.concatenate([np.zeros(0), *(part.share for part in parts)]),
        first_share=np.where([part.share_table is None for part in parts], NONE, first_share).astype(np.int64),
    )


# Options have most of their durations in common, and curves are long.
@lru_cache(maxsize=64)
def _curves(distributions: tuple[Distribution, ...], horizon: float) -> Curves:
    """Return curves one after the other; how values rise to the next is as ``np.interp`` has it."""
    found = [limited_moments(d, horizon) for d in distributions]
    begins = _ends([len(times) for times, _, _ in found])
    grid, *values = (np.concatenate([np.zeros(0), *(curve[i] for curve in found)]) for i in range(3))
    width = np.diff(grid, append=np.inf)
    rises = [np.diff(each, append=0.0) / np.where(width > 0, width, 1.0) for each in values]
    for rise in rises:
        rise[begins[1:] - 1] = 0.0
    return Curves(begins, grid, values[0], rises[0], values[1], rises[1])


def _settled(spec: SystemSpec, duration: Duration, end: int) -> int:
    """Return the tick up to which those begun have times so long that no curve of theirs rises any more.

    Only where one part that all have, and attributes alone, decide on the curve.
    """
    table = duration.parts[0].table if len(duration.parts) == 1 and duration.parts[0].share_table is None else None
    if table is None or table != Lookup(table.way) or duration.latest != NONE or duration.n_pools > 1:
        return BEFORE
    return min(_level_before(spec, d, end) for d in duration.parts[0].distributions)


def _level_before(spec: SystemSpec, distribution: Distribution, end: int) -> int:
    """Return the tick up to which those begun have times so long that the curve rises no more."""
    grid, *values = limited_moments(distribution, spec.clock.minutes(end))
    rising = np.flatnonzero(np.any([np.diff(each) > 0 for each in values], axis=0))
    return math.floor(end - grid[rising[-1] + 1] * spec.clock.ticks_per_minute) - 1 if len(rising) else BEFORE


def _ends(lengths: Sequence[int]) -> Ints:
    """Return where things of some lengths begin, one after the other, and the last ends."""
    return np.cumsum([0, *lengths], dtype=np.int64)


def _durations(spec: SystemSpec, end: int) -> Iterator[Duration]:
    for s, service in enumerate(spec.services):
        if service.preempts or service.cut_interrupts or service.visits is not None or service.deconditioning:
            continue
        care = [step for step in service.steps if not step.leaving]
        if care and not any(step.staff or step.departure for step in care):
            yield from _duration(spec, end, ("stays", service.id), s, NONE, care)
        for position, step in enumerate(service.steps):
            if step.staff and step.duration is not None:
                yield from _duration(spec, end, ("staffed_steps", f"{service.id}.{step.id}"), s, position, [step])


def _duration(
    spec: SystemSpec, end: int, names: tuple[str, str], service: int, position: int, steps: Sequence[StepSpec]
) -> Iterator[Duration]:
    """Yield a duration, unless it depends on draws that cannot be told from where patients went."""
    # Staff come only to those who have the step.
    timed = [(step.duration, step.share if position == NONE else None) for step in steps if step.duration is not None]
    tables = [table for table, _ in timed]
    by_place = any(BY_DESTINATION in t.by for pair in timed for t in pair if t is not None)
    drawn = drawn_by_place(spec, service) if by_place else np.zeros(0, dtype=np.int64)
    if drawn is None:
        return
    horizon, latest = spec.clock.minutes(end), NONE
    if by_place or len(tables) > 1:
        longest = sum(max(nearly_all_within(d, horizon) for d in set(t.rows)) for t in tables)
        latest = math.floor(max(end - longest * spec.clock.ticks_per_minute, NONE - 1))
    parts = tuple(_part(table, share) for table, share in timed)
    n_pools = max(len(step.staff) for step in steps)
    yield Duration(*names, service, position, len(steps), n_pools, parts, drawn, latest)


def _part(table: Table[Distribution], share: Table[float] | None) -> Part:
    number: dict[Distribution, int] = {}
    curve = np.array([number.setdefault(d, len(number)) for d in table.rows], dtype=np.int64)
    shares = np.array(() if share is None else share.rows, dtype=np.float64)
    share_table = None if share is None else _lookup(share)
    return Part(_lookup(table), curve, tuple(number), share_table, shares)


def _lookup(table: Table[Any]) -> Lookup:
    """Return what ``Table.index`` does as a sum: the last of what a table is by changes with every row."""
    below = [math.prod(table.sizes[k + 1 :]) for k in range(-1, len(table.by))]
    by_period, due = (below[0] if table.periods > 1 else 0), list(zip(table.by, below[1:], strict=True))
    drawn, origin = (sum(n for by, n in due if by == pseudo) for pseudo in (BY_DESTINATION, BY_ORIGIN))
    return Lookup(tuple((by, n) for by, n in due if by >= 0), drawn, origin, by_period)


def drawn_by_place(spec: SystemSpec, service: int) -> Ints | None:
    """Return the place code drawn on entry by the place a patient goes to next; NONE where that is not known.

    None where the two do not correspond: a rule looked at the state, or one place is reached in two ways.
    """
    branches = spec.services[service].routing.branches.rows
    if any(b.rule != "share" for b in branches):
        return None
    drawn = np.full(len(spec.services) + len(spec.exits) + len(spec.junctions) + 1, NONE, dtype=np.int64)
    for code in {d for b in branches for d in b.destinations}:
        for place in _reached(spec, code, set()):
            if drawn[place] != NONE:
                return None
            drawn[place] = code
    return drawn


def _reached(spec: SystemSpec, code: int, met: set[int]) -> set[int]:
    """Return the services and exits that a place code leads to through junctions."""
    first_junction = len(spec.services) + len(spec.exits)
    if code < first_junction or code in met:
        return {code} if code < first_junction else set()
    met.add(code)
    branches = spec.junctions[code - first_junction].branches.rows
    ways = {d for b in branches for d in (*b.destinations, b.otherwise) if d != NONE}
    return {place for way in ways for place in _reached(spec, way, met)}
