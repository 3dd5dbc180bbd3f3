"""The compiler: a SystemSpec as flat arrays, integer codes and no strings, for the compiled engine.

Every table of the specification becomes one row of the *directory* (``t_*``): where its rows begin, by what
it is indexed, and how large each index is. Whole numbers, distributions and branches share one array of rows,
shares and visit numbers another. Ragged things (destinations, schedules, hazards) are pooled, each owner
knowing where its own begin and end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from flowsim.system.spec import (
    NONE,
    BranchSpec,
    Distribution,
    ServiceSpec,
    StepSpec,
    SystemSpec,
    Table,
)

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

MOST_BY = 8
"""The most attributes a table may be by."""
RULE_SHARE, RULE_FIRST_WITH_SPACE, RULE_IF_OPEN, RULE_SHORTEST = range(4)
RULES = {
    "share": RULE_SHARE,
    "first_with_space": RULE_FIRST_WITH_SPACE,
    "if_open": RULE_IF_OPEN,
    "shortest": RULE_SHORTEST,
}


class CompiledSystem(NamedTuple):
    """A system as arrays. Prefixes: t table, d distribution, b branch, s service, p step, h hazard, j junction.

    Pairs of columns ``x_from, x_to`` say where the owner's part of a pool begins and ends. Tables are named by
    their row in the directory, NONE where there is none.
    """

    scalars: Ints  # services, exits, attributes, classes, end, ticks per minute, seed, periods
    period_ticks: Ints
    midnights: Ints
    weekdays: Ints
    classes: Ints
    t_base: Ints
    t_depth: Ints
    t_by: Ints
    t_size: Ints
    t_periods: Ints
    rows: Ints
    shares: Floats
    d_kind: Ints
    d_real: Floats
    d_from: Ints
    d_to: Ints
    d_values: Floats
    d_cumulative: Floats
    b_rule: Ints
    b_from: Ints
    b_to: Ints
    b_otherwise: Ints
    b_place: Ints
    b_cumulative: Floats
    s_int: Ints
    s_real: Floats
    s_join: Floats
    s_weekdays: Ints
    s_sets: Ints
    p_int: Ints
    p_pool: Ints
    h_from: Ints
    h_to: Ints
    h_tick: Ints
    h_rate: Floats
    h_hazard: Floats
    j_int: Ints
    r_int: Ints
    a_levels: Ints


# Columns of ``s_int``.
(
    S_QUEUE_PLACES,
    S_TRANSFER_PLACES,
    S_WHEN_CLOSED,
    S_WHEN_FULL,
    S_BALKS,
    S_BALK_PURPOSE,
    S_JOIN_FROM,
    S_JOIN_TO,
    S_PRIORITY,
    S_TAKES,
    S_WITHHELD,
    S_RISES_AFTER,
    S_RISES_TO,
    S_PATIENCE,
    S_PATIENCE_PURPOSE,
    S_PATIENCE_TO,
    S_PATIENCE_HOLDERS,
    S_SURGE,
    S_SURGE_WAITING,
    S_SURGE_LEAD,
    S_STEP_FROM,
    S_STEP_TO,
    S_TURNAROUND,
    S_TURNAROUND_PURPOSE,
    S_PREEMPTS,
    S_INTERRUPTS,
    S_REASON,
    S_VISITS,
    S_FIRST,
    S_LAST,
    S_CARERS,
    S_DAY_START,
    S_OVERTAKING,
    S_DECONDITIONS,
    S_SHIFT_ATTRIBUTE,
    S_SHIFT_PURPOSE,
    S_SETS_FROM,
    S_SETS_TO,
    S_BRANCHES,
    S_BRANCH_PURPOSE,
) = range(40)
# Columns of ``s_real``.
R_BALK_PLUS, R_SURGE_OPENS, R_SURGE_CLOSES, R_STAY_PER_DAY, R_STAY_LIMIT, R_SHIFT_PER_DAY, R_SHIFT_LIMIT = range(7)
# Columns of ``p_int``.
(
    P_LEAVING,
    P_SHARE,
    P_SHARE_PURPOSE,
    P_DURATION,
    P_PURPOSE,
    P_HAZARD,
    P_POOL_FROM,
    P_POOL_TO,
    P_REASON,
    P_SEEN,
) = range(10)


class _Compiler:
    """Pools as they grow."""

    def __init__(self, spec: SystemSpec) -> None:
        self.spec = spec
        self.directory: list[tuple[int, int, list[int], list[int], int]] = []
        self.rows: list[int] = []
        self.shares: list[float] = []
        self.distributions: list[tuple[int, tuple[float, ...], int, int]] = []
        self.values: list[float] = []
        self.cumulative: list[float] = []
        self.known: dict[Distribution, int] = {}
        self.branches: list[tuple[int, int, int, int]] = []
        self.places: list[int] = []
        self.place_cumulative: list[float] = []
        self.joins: list[float] = []
        self.sets: list[tuple[int, int]] = []
        self.steps: list[list[int]] = []
        self.pools: list[tuple[int, int]] = []
        self.hazards: list[tuple[int, int]] = []
        self.hazard_tick: list[int] = []
        self.hazard_rate: list[float] = []
        self.hazard_sum: list[float] = []

    def table(self, table: Table[Any] | None, row_of: Callable[[Any], int] | None) -> int:
        """Add a table; ``row_of`` turns a row into a whole number, None keeps it a share."""
        if table is None:
            return NONE
        if len(table.by) > MOST_BY:
            raise ValueError(f"a table by {len(table.by)} attributes; wanted at most {MOST_BY}")
        pool: list[Any] = self.shares if row_of is None else self.rows
        fresh = [float(row) if row_of is None else row_of(row) for row in table.rows]
        fill = [0] * (MOST_BY - len(table.by))
        self.directory.append((len(pool), len(table.by), [*table.by, *fill], [*table.sizes, *fill], table.periods))
        pool.extend(fresh)
        return len(self.directory) - 1

    def distribution(self, row: Distribution, kinds: dict[str, int]) -> int:
        """Add a distribution once."""
        if row not in self.known:
            start = len(self.values)
            self.values.extend(row.values)
            self.cumulative.extend(row.cumulative)
            real = (row.a, row.b, row.c, row.at_least, row.at_most)
            self.distributions.append((kinds[row.kind], real, start, len(self.values)))
            self.known[row] = len(self.distributions) - 1
        return self.known[row]

    def branch(self, row: BranchSpec) -> int:
        """Add a branch."""
        start = len(self.places)
        self.places.extend(row.destinations)
        share = row.rule == "share"
        self.place_cumulative.extend(row.cumulative if share else [1.0] * len(row.destinations))
        self.branches.append((RULES[row.rule], start, len(self.places), row.otherwise))
        return len(self.branches) - 1


def compile_system(spec: SystemSpec, kinds: dict[str, int]) -> CompiledSystem:
    """Return the arrays of a specification.

    Args:
        spec: the system.
        kinds: code of each kind of distribution (``draws.quantiles.KINDS``).
    """
    c = _Compiler(spec)
    classes = _classes(spec)

    def stay(row: Distribution) -> int:
        return c.distribution(row, kinds)

    services = [_service(c, service, classes, stay) for service in spec.services]
    junctions = [[c.table(j.branches, c.branch), j.purpose] for j in spec.junctions]
    streams = [[c.table(s.routing.branches, c.branch), s.routing.purpose, s.key] for s in spec.streams]
    weekdays = [6 if holiday else day for day, holiday in zip(spec.clock.weekdays, spec.clock.holidays, strict=False)]
    starts = [[int(flag) for flag in s.visits.start_weekdays] if s.visits else [0] * 7 for s in spec.services]
    counts = (len(spec.services), len(spec.exits), len(spec.attributes), len(classes))
    scalars = [*counts, spec.end, spec.clock.ticks_per_minute, spec.seed, len(spec.periods)]
    return CompiledSystem(
        scalars=_ints(scalars),
        period_ticks=_ints(spec.periods),
        midnights=_ints(spec.clock.midnights),
        weekdays=_ints(weekdays),
        classes=_ints(classes),
        t_base=_ints([row[0] for row in c.directory]),
        t_depth=_ints([row[1] for row in c.directory]),
        t_by=_ints([row[2] for row in c.directory], MOST_BY),
        t_size=_ints([row[3] for row in c.directory], MOST_BY),
        t_periods=_ints([row[4] for row in c.directory]),
        rows=_ints(c.rows),
        shares=_floats(c.shares),
        d_kind=_ints([row[0] for row in c.distributions]),
        d_real=_floats([row[1] for row in c.distributions], 5),
        d_from=_ints([row[2] for row in c.distributions]),
        d_to=_ints([row[3] for row in c.distributions]),
        d_values=_floats(c.values),
        d_cumulative=_floats(c.cumulative),
        b_rule=_ints([row[0] for row in c.branches]),
        b_from=_ints([row[1] for row in c.branches]),
        b_to=_ints([row[2] for row in c.branches]),
        b_otherwise=_ints([row[3] for row in c.branches]),
        b_place=_ints(c.places),
        b_cumulative=_floats(c.place_cumulative),
        s_int=_ints([row for row, _ in services], 40),
        s_real=_floats([row for _, row in services], 7),
        s_join=_floats(c.joins),
        s_weekdays=_ints(starts, 7),
        s_sets=_ints(c.sets, 2),
        p_int=_ints(c.steps, 10),
        p_pool=_ints(c.pools, 2),
        h_from=_ints([row[0] for row in c.hazards]),
        h_to=_ints([row[1] for row in c.hazards]),
        h_tick=_ints(c.hazard_tick),
        h_rate=_floats(c.hazard_rate),
        h_hazard=_floats(c.hazard_sum),
        j_int=_ints(junctions, 2),
        r_int=_ints(streams, 3),
        a_levels=_ints([len(a.levels) for a in spec.attributes]),
    )


def _ints(rows: Sequence[Any], width: int = 0) -> Ints:
    array = np.array(rows, dtype=np.int64)
    return np.ascontiguousarray(array.reshape(len(rows), width) if width else array)


def _floats(rows: Sequence[Any], width: int = 0) -> Floats:
    array = np.array(rows, dtype=np.float64)
    return np.ascontiguousarray(array.reshape(len(rows), width) if width else array)


def _classes(spec: SystemSpec) -> list[int]:
    """Return every class a patient can have anywhere, best first."""
    found = {int(row) for service in spec.services for row in service.priority.rows}
    found |= {service.rises_to for service in spec.services if service.rises_after != NONE}
    return sorted(found | {0})


def _service(
    c: _Compiler, service: ServiceSpec, classes: list[int], stay: Callable[[Distribution], int]
) -> tuple[list[int], list[float]]:
    """Return a service's columns of whole numbers and of real numbers."""
    step_from = len(c.steps)
    for step in service.steps:
        c.steps.append(_step(c, step, stay))
    join_from, sets_from = len(c.joins), len(c.sets)
    c.joins.extend(service.balks.join if service.balks else ())
    c.sets.extend(service.sets)
    patience, surge, visits, weak = service.patience, service.surge, service.visits, service.deconditioning
    whole = [
        service.queue_places,
        service.transfer_places,
        service.when_closed,
        service.when_full,
        int(service.balks is not None),
        service.balks.purpose if service.balks else 0,
        join_from,
        len(c.joins),
        c.table(service.priority, lambda row: classes.index(int(row))),
        c.table(service.takes, int),
        c.table(service.withheld, int),
        service.rises_after,
        classes.index(service.rises_to) if service.rises_after != NONE else NONE,
        c.table(patience.duration, stay) if patience else NONE,
        patience.purpose if patience else 0,
        patience.to if patience else NONE,
        int(patience.holders) if patience else 0,
        surge.spaces if surge else NONE,
        surge.opens_waiting if surge else 0,
        surge.lead if surge else 0,
        step_from,
        len(c.steps),
        c.table(service.turnaround, stay),
        service.turnaround_purpose,
        int(service.preempts),
        int(service.cut_interrupts),
        service.reason,
        int(visits is not None),
        c.table(visits.first, None) if visits else NONE,
        c.table(visits.last, None) if visits else NONE,
        c.table(visits.carers, int) if visits else NONE,
        visits.day_start if visits else 0,
        int(visits.overtaking) if visits else 0,
        int(weak is not None),
        weak.attribute if weak else NONE,
        weak.purpose if weak else 0,
        sets_from,
        len(c.sets),
        c.table(service.routing.branches, c.branch),
        service.routing.purpose,
    ]
    real = [
        service.balks.plus if service.balks else 0.0,
        surge.opens_occupancy if surge else 0.0,
        surge.closes_occupancy if surge else 0.0,
        weak.stay_per_day if weak else 0.0,
        weak.stay_limit if weak else 0.0,
        weak.shift_per_day if weak else 0.0,
        weak.shift_limit if weak else 0.0,
    ]
    return whole, real


def _step(c: _Compiler, step: StepSpec, stay: Callable[[Distribution], int]) -> list[int]:
    """Return a step's columns."""
    pool_from = len(c.pools)
    c.pools.extend((need.pool, c.table(need.number, int)) for need in step.staff)
    return [
        int(step.leaving),
        c.table(step.share, None),
        step.share_purpose,
        c.table(step.duration, stay),
        step.purpose,
        _hazard(c, step),
        pool_from,
        len(c.pools),
        step.reason,
        int(step.is_seen),
    ]


def _hazard(c: _Compiler, step: StepSpec) -> int:
    """Add the hazard of leaving by the clock, per tick, with its integral."""
    if step.departure is None:
        return NONE
    start = len(c.hazard_tick)
    rates = [rate / c.spec.clock.ticks_per_minute for rate in step.departure.values]
    gathered, total = [0.0], 0.0
    ticks = step.departure.ticks
    for i in range(1, len(ticks)):
        total += (ticks[i] - ticks[i - 1]) * rates[i - 1]
        gathered.append(total)
    c.hazard_tick.extend(ticks)
    c.hazard_rate.extend(rates)
    c.hazard_sum.extend(gathered)
    c.hazards.append((start, len(c.hazard_tick)))
    return len(c.hazards) - 1
