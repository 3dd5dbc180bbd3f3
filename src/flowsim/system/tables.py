"""The compiler: a SystemSpec as two flat arrays, whole numbers and fractions, for the compiled engine.

Everything is known by its *position*: a step, a table, a distribution or a branch is the place in the whole
numbers where its row begins, so that finding it costs nothing. Rows hold positions of other rows, and of runs
of fractions; things are written as they are met, what they refer to before them. The header says where what
has no owner begins. Columns are named below: ``w[step + P_PURPOSE]`` is a step's purpose.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from flowsim.system.purposes import purpose
from flowsim.system.spec import (
    NONE,
    BranchSpec,
    Distribution,
    InitialSpec,
    ServiceSpec,
    StepSpec,
    SystemSpec,
    Table,
)
from flowsim.system.together import LANES, drawn_together

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

RULE_SHARE, RULE_FIRST_WITH_SPACE, RULE_IF_OPEN, RULE_SHORTEST = range(4)
RULES = {
    "share": RULE_SHARE,
    "first_with_space": RULE_FIRST_WITH_SPACE,
    "if_open": RULE_IF_OPEN,
    "shortest": RULE_SHORTEST,
}

# The header of the whole numbers: counts and scalars, then where what has no owner begins.
(
    N_SERVICES, N_EXITS, N_ATTRIBUTES, N_CLASSES, END, TICKS_PER_MINUTE, SEED, N_PERIODS, N_MIDNIGHTS,
    PERIODS_AT, MIDNIGHTS_AT, WEEKDAYS_AT, CLASSES_AT, LEVELS_AT, STRIDES_AT, SERVICES_AT, JUNCTIONS_AT, STREAMS_AT,
    GROUPS_AT, N_GROUPS,
) = range(20)  # fmt: skip
HEADER = 20

# Columns of a table: by how many names it is, and whether its rows change by period; then for each name the
# attribute (or origin, or destination) and its levels; then the rows. Whole numbers and branches stand in the rows
# themselves; of a distribution or a fraction, its position among the fractions. Where one row serves everyone, always,
# there is no table to look up: what stands for its position is below NONE, and says the row (``always``).
T_BY, T_CHANGES, T_NAMES = range(3)

# Columns of a distribution, which stands among the fractions, so that all of it is near: its kind, parameters and
# limits, and of a discrete one how many values it has, where they begin, and where their shares do.
D_KIND, D_A, D_B, D_C, D_AT_LEAST, D_AT_MOST, D_SIZE, D_VALUES, D_SHARES = range(9)

# Columns of a branch; then its places.
B_RULE, B_OTHERWISE, B_SIZE, B_SHARES = range(4)
B_PLACES = 4

# Columns of a hazard; then the ticks at which its rate changes.
H_SIZE, H_RATES, H_SUMS = range(3)
H_TICKS = 3

# Columns of a group of people there at the start; of what the mixes of their attributes are drawn from; and of the
# attributes that are given.
(
    G_SERVICE, G_KEY, G_NUMBER, G_WAITING, G_UNIFORM, G_SHARE_PURPOSE, G_ELAPSED, G_N_ELAPSED, G_REMAINING,
    G_N_REMAINING, G_PURPOSE, G_DURATION, G_MIX_FROM, G_MIX_TO, G_GIVEN_FROM, G_GIVEN_TO,
) = range(16)  # fmt: skip
GROUP_WIDTH = 16
M_ATTRIBUTE, M_PURPOSE, M_SHARES, M_LEVELS, M_GIVEN = range(5)
MIX_WIDTH = 5

# Columns of a junction and of a stream.
J_BRANCHES, J_PURPOSE = range(2)
JUNCTION_WIDTH = 2
X_BRANCHES, X_PURPOSE, X_KEY = range(3)
STREAM_WIDTH = 3

# A purpose whose draw is made with others as a visit begins carries its lane above its 32 bits: one more than its place
# among them. ``S_TOGETHER`` is where they stand: how many, then each.
LANE_SHIFT = 32

# Columns of a service: those seldom looked at, then, in a line of the processor's cache each, those that nearly every
# step and leaving looks at, and those that nearly every coming does.
(
    S_INDEX, S_TRANSFER_PLACES, S_WHEN_FULL, S_BALKS, S_BALK_PURPOSE, S_JOIN_FROM, S_JOIN_TO, S_RISES_TO,
    S_PATIENCE_PURPOSE, S_PATIENCE_TO, S_PATIENCE_HOLDERS, S_SURGE_WAITING, S_SURGE_LEAD,
    S_TURNAROUND_PURPOSE, S_INTERRUPTS, S_REASON, S_FIRST, S_LAST, S_CARERS, S_DAY_START, S_WEEKDAYS,
    S_OVERTAKING, S_SHIFT_ATTRIBUTE, S_SHIFT_PURPOSE, S_REAL,
    S_QUEUE_PLACES, S_RISES_AFTER, S_PATIENCE, S_PREEMPTS, S_SURGE, S_BRANCHES, S_BRANCH_PURPOSE,
    S_VISITS, S_KEEPS_INSIDE, S_STEP_FROM, S_STEP_TO, S_DECONDITIONS, S_TURNAROUND, S_SETS_FROM, S_SETS_TO,
    S_PRIORITY, S_TAKES, S_WITHHELD, S_WHEN_CLOSED, S_TOGETHER,
) = range(45)  # fmt: skip
SERVICE_WIDTH = 45
# A service's fractions, from ``S_REAL`` on.
R_BALK_PLUS, R_SURGE_OPENS, R_SURGE_CLOSES, R_STAY_PER_DAY, R_STAY_LIMIT, R_SHIFT_PER_DAY, R_SHIFT_LIMIT = range(7)
# Columns of a step.
(
    P_POSITION,
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
) = range(11)
STEP_WIDTH = 11


def always(row: int) -> int:
    """Return what stands for the position of a table whose one row, no negative number, serves everyone, always."""
    return NONE - 1 - row


@dataclass(frozen=True, slots=True)
class CompiledSystem:
    """A system as whole numbers and fractions.

    Attributes:
        whole: header, then rows.
        real: fractions.
        most_needs: the most pools a step asks staff of.
    """

    whole: Ints
    real: Floats
    most_needs: int


class _Compiler:
    """The two arrays as they grow."""

    def __init__(self, spec: SystemSpec, kinds: dict[str, int]) -> None:
        self.spec = spec
        self.kinds = kinds
        self.whole: list[int] = [0] * HEADER
        self.real: list[float] = []
        self.known: dict[Distribution, int] = {}
        self.branches: dict[int, int] = {}

    def put(self, row: Sequence[int]) -> int:
        """Write whole numbers; where they begin."""
        at = len(self.whole)
        self.whole.extend(row)
        return at

    def fractions(self, row: Sequence[float]) -> int:
        """Write fractions; where they begin."""
        at = len(self.real)
        self.real.extend(map(float, row))
        return at

    def table(self, table: Table[Any] | None, row_of: Callable[[Any], int]) -> int:
        """Write a table; ``row_of`` turns a row into a whole number."""
        return NONE if table is None else self._table(table, [row_of(row) for row in table.rows])

    def shares(self, table: Table[float] | None) -> int:
        """Write a table of fractions."""
        if table is None:
            return NONE
        first = self.fractions(table.rows)
        return self._table(table, range(first, first + len(table.rows)))

    def _table(self, table: Table[Any], rows: Sequence[int]) -> int:
        if table.is_constant:
            return always(rows[0])
        names = [x for pair in zip(table.by, table.sizes, strict=True) for x in pair]
        return self.put([len(table.by), int(table.periods > 1), *names, *rows])

    def stay(self, row: Distribution) -> int:
        """Write a distribution, once."""
        if row not in self.known:
            values, shares = self.fractions(row.values), self.fractions(row.cumulative)
            parameters = (row.a, row.b, row.c, row.at_least, row.at_most)
            self.known[row] = self.fractions([self.kinds[row.kind], *parameters, len(row.values), values, shares])
        return self.known[row]

    def branch(self, row: BranchSpec) -> int:
        """Write a branch, once."""
        if id(row) not in self.branches:
            shares = self.fractions(row.cumulative) if row.rule == "share" else NONE
            whole = [RULES[row.rule], row.otherwise, len(row.destinations), shares, *row.destinations]
            self.branches[id(row)] = self.put(whole)
        return self.branches[id(row)]

    def numbers(self, rows: Sequence[Sequence[int]]) -> int:
        """Write rows one after another; where the first begins."""
        return self.put([x for row in rows for x in row])


def compile_system(spec: SystemSpec, kinds: dict[str, int]) -> CompiledSystem:
    """Return the arrays of a specification.

    Args:
        spec: the system.
        kinds: code of each kind of distribution (``draws.quantiles.KINDS``).
    """
    c = _Compiler(spec, kinds)
    classes = classes_of(spec)
    services = [_service(c, i, service, classes) for i, service in enumerate(spec.services)]
    junctions = [[c.table(j.branches, c.branch), j.purpose] for j in spec.junctions]
    streams = [[c.table(s.routing.branches, c.branch), s.routing.purpose, s.key] for s in spec.streams]
    groups = [
        _group(c, i, service, group)
        for waiting in (False, True)
        for i, service in enumerate(spec.services)
        for group in service.initial
        if group.waiting is waiting
    ]
    weekdays = [6 if holiday else day for day, holiday in zip(spec.clock.weekdays, spec.clock.holidays, strict=False)]
    levels = [len(a.levels) for a in spec.attributes]
    counts = (len(spec.services), len(spec.exits), len(spec.attributes), len(classes))
    c.whole[:HEADER] = [
        *counts,
        spec.end,
        spec.clock.ticks_per_minute,
        spec.seed,
        len(spec.periods),
        len(spec.clock.midnights),
        c.put(spec.periods),
        c.put(spec.clock.midnights),
        c.put(weekdays),
        c.put(classes),
        c.put(levels),
        c.put([math.prod(levels[a + 1 :]) for a in range(len(levels))]),
        c.numbers(services),
        c.numbers(junctions),
        c.numbers(streams),
        c.numbers(groups),
        len(groups),
    ]
    needs = max((len(step.staff) for s in spec.services for step in s.steps), default=0)
    return CompiledSystem(np.array(c.whole, dtype=np.int64), np.array([*c.real, 0.0]), max(1, needs))


def classes_of(spec: SystemSpec) -> list[int]:
    """Return every class a patient can have anywhere, best first."""
    found = {int(row) for service in spec.services for row in service.priority.rows}
    found |= {service.rises_to for service in spec.services if service.rises_after != NONE}
    return sorted(found | {0})


def _service(c: _Compiler, index: int, service: ServiceSpec, classes: list[int]) -> list[int]:
    """Return a service's columns."""
    together = drawn_together(service)
    named = {purpose: purpose | lane << LANE_SHIFT for lane, purpose in enumerate(together, start=1)}
    steps = c.numbers([_step(c, position, step, named) for position, step in enumerate(service.steps)])
    sets = c.numbers(service.sets)
    join = service.balks.join if service.balks else ()
    join_at = c.fractions(join)
    patience, surge, visits, weak = service.patience, service.surge, service.visits, service.deconditioning
    columns = {
        S_INDEX: index,
        S_QUEUE_PLACES: service.queue_places,
        S_TRANSFER_PLACES: service.transfer_places,
        S_WHEN_CLOSED: service.when_closed,
        S_WHEN_FULL: service.when_full,
        S_BALKS: int(service.balks is not None),
        S_BALK_PURPOSE: service.balks.purpose if service.balks else 0,
        S_JOIN_FROM: join_at,
        S_JOIN_TO: join_at + len(join),
        S_PRIORITY: c.table(service.priority, lambda row: classes.index(int(row))),
        S_TAKES: c.table(service.takes, int),
        S_WITHHELD: c.table(service.withheld, int),
        S_RISES_AFTER: service.rises_after,
        S_RISES_TO: classes.index(service.rises_to) if service.rises_after != NONE else NONE,
        S_PATIENCE: c.table(patience.duration, c.stay) if patience else NONE,
        S_PATIENCE_PURPOSE: named.get(patience.purpose, patience.purpose) if patience else 0,
        S_PATIENCE_TO: patience.to if patience else NONE,
        S_PATIENCE_HOLDERS: int(patience.holders) if patience else 0,
        S_SURGE: surge.spaces if surge else NONE,
        S_SURGE_WAITING: surge.opens_waiting if surge else 0,
        S_SURGE_LEAD: surge.lead if surge else 0,
        S_STEP_FROM: steps,
        S_STEP_TO: steps + STEP_WIDTH * len(service.steps),
        S_TURNAROUND: c.table(service.turnaround, c.stay),
        S_TURNAROUND_PURPOSE: named.get(service.turnaround_purpose, service.turnaround_purpose),
        S_PREEMPTS: int(service.preempts),
        S_INTERRUPTS: int(service.cut_interrupts),
        S_KEEPS_INSIDE: int(service.preempts or service.cut_interrupts),
        S_REASON: service.reason,
        S_VISITS: int(visits is not None),
        S_FIRST: c.shares(visits.first) if visits else NONE,
        S_LAST: c.shares(visits.last) if visits else NONE,
        S_CARERS: c.table(visits.carers, int) if visits else NONE,
        S_DAY_START: visits.day_start if visits else 0,
        S_WEEKDAYS: c.put([int(flag) for flag in visits.start_weekdays]) if visits else NONE,
        S_OVERTAKING: int(visits.overtaking) if visits else 0,
        S_DECONDITIONS: int(weak is not None),
        S_SHIFT_ATTRIBUTE: weak.attribute if weak else NONE,
        S_SHIFT_PURPOSE: weak.purpose if weak else 0,
        S_SETS_FROM: sets,
        S_SETS_TO: sets + 2 * len(service.sets),
        S_BRANCHES: c.table(service.routing.branches, c.branch),
        S_BRANCH_PURPOSE: named.get(service.routing.purpose, service.routing.purpose),
        S_TOGETHER: c.put([LANES, *together, *[0] * (LANES - len(together))]) if together else NONE,
        S_REAL: c.fractions(_real(service)),
    }
    return [columns[column] for column in range(SERVICE_WIDTH)]


def _real(service: ServiceSpec) -> list[float]:
    """Return a service's fractions."""
    surge, weak = service.surge, service.deconditioning
    return [
        service.balks.plus if service.balks else 0.0,
        surge.opens_occupancy if surge else 0.0,
        surge.closes_occupancy if surge else 0.0,
        weak.stay_per_day if weak else 0.0,
        weak.stay_limit if weak else 0.0,
        weak.shift_per_day if weak else 0.0,
        weak.shift_limit if weak else 0.0,
    ]


def _step(c: _Compiler, position: int, step: StepSpec, named: dict[int, int]) -> list[int]:
    """Return a step's columns."""
    pools = c.numbers([(need.pool, c.table(need.number, int)) for need in step.staff])
    return [
        position,
        int(step.leaving),
        c.shares(step.share),
        named.get(step.share_purpose, step.share_purpose),
        c.table(step.duration, c.stay),
        named.get(step.purpose, step.purpose),
        _hazard(c, step),
        pools,
        pools + 2 * len(step.staff),
        step.reason,
        int(step.is_seen),
    ]


def _hazard(c: _Compiler, step: StepSpec) -> int:
    """Add the hazard of leaving by the clock, per tick, with its integral."""
    if step.departure is None:
        return NONE
    rates = [rate / c.spec.clock.ticks_per_minute for rate in step.departure.values]
    gathered, total = [0.0], 0.0
    ticks = step.departure.ticks
    for i in range(1, len(ticks)):
        total += (ticks[i] - ticks[i - 1]) * rates[i - 1]
        gathered.append(total)
    return c.put([len(ticks), c.fractions(rates), c.fractions(gathered), *ticks])


def _group(c: _Compiler, index: int, service: ServiceSpec, group: InitialSpec) -> list[int]:
    """Return the columns of a group of people there at the start."""
    given = dict(group.attributes)
    mixes = c.spec.streams[group.mix_of].mix if group.mix_of != NONE else ()
    mix = c.numbers(
        [
            (
                one.attribute,
                one.purpose,
                c.table(one.cumulative, c.fractions),
                len(c.spec.attributes[one.attribute].levels),
                given.get(one.attribute, NONE),
            )
            for one in mixes
        ]
    )
    fixed = c.numbers(list(given.items()))
    care = [step for step in service.steps if not step.leaving and step.duration is not None]
    return [
        index,
        purpose(f"initial.{service.id}.{group.id}"),
        group.number,
        int(group.waiting),
        int(group.uniform),
        purpose(f"initial.{service.id}.share"),
        c.fractions(group.elapsed),
        len(group.elapsed),
        c.fractions(group.remaining),
        len(group.remaining),
        care[-1].purpose if care else 0,
        c.table(care[-1].duration, c.stay) if care else NONE,
        mix,
        mix + MIX_WIDTH * len(mixes),
        fixed,
        fixed + 2 * len(given),
    ]
