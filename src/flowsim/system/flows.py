"""Traffic equations: expected patients per minute on every way through the system.

Patients are grouped into classes: combinations of the attributes on which any table depends. Demand
enters at its mean rate in a window of time and is passed on, visit by visit, until nothing is left; so
flows balance exactly, loops included, as if every queue had room and nobody gave up.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from flowsim.system.curves import Floats, Ints, mean_between
from flowsim.system.distributions import mean
from flowsim.system.spec import (
    BY_DESTINATION,
    NONE,
    BranchSpec,
    RoutingSpec,
    Row,
    StreamSpec,
    SystemSpec,
    Table,
)

LEFT_OVER = 1e-12
"""Share of demand that may be left when passing on stops."""
MOST_PASSES = 20_000
MOST_CLASSES = 2_000_000


@dataclass(frozen=True)
class Classes:
    """Combinations of the attributes that matter.

    Attributes:
        codes: for each attribute that matters, its code in every class.
        count: number of classes.
        strides: how far apart two classes are that differ by one level.
        known: numbers of tables' rows already worked out.
    """

    codes: dict[int, Ints]
    count: int
    strides: dict[int, int]
    known: dict[tuple[int, Callable[[Any], float]], Floats] = field(default_factory=dict)

    def rows(self, table: Table[Row], period: int, origin: int, destination: int = NONE) -> Ints:
        """Return the index of the row that holds for each class."""
        at = np.full(self.count, period if table.periods > 1 else 0, dtype=np.int64)
        for attribute, size in zip(table.by, table.sizes, strict=True):
            if attribute >= 0:
                code: Ints | int = self.codes[attribute]
            else:
                code = destination if attribute == BY_DESTINATION else origin
            at = at * size + code
        return at

    def values(
        self, table: Table[Row], number: Callable[[Row], float], period: int, origin: int, destination: int = NONE
    ) -> Floats:
        """Return a number from the row that holds for each class."""
        key = (id(table), number)
        if key not in self.known:
            self.known[key] = np.array([number(row) for row in table.rows], dtype=np.float64)
        return self.known[key][self.rows(table, period, origin, destination)]


@dataclass
class Flows:
    """Patients per minute.

    Attributes:
        classes: of patients.
        into: by (service, origin), patients joining by class.
        edges: by (from, to): place codes, with ``-1 - stream`` for a stream.
        left_over: share of demand still inside when passing on stopped; above LEFT_OVER where it cannot get out.
    """

    classes: Classes
    into: dict[tuple[int, int], Floats] = field(default_factory=dict)
    edges: dict[tuple[int, int], float] = field(default_factory=lambda: defaultdict(float))
    left_over: float = 0.0


def tables_of(spec: SystemSpec) -> Iterator[Table[object]]:
    """Yield every table that decides where patients go or how long they take."""
    routings: list[RoutingSpec] = (
        [s.routing for s in spec.services] + list(spec.junctions) + [s.routing for s in spec.streams]
    )
    yield from (routing.branches for routing in routings)  # type: ignore[misc]
    for service in spec.services:
        yield service.takes  # type: ignore[misc]
        tables = [service.turnaround]
        if service.visits is not None:
            tables += [service.visits.first, service.visits.last, service.visits.carers]  # type: ignore[list-item]
        for step in service.steps:
            tables += [step.share, step.duration, *(need.number for need in step.staff)]  # type: ignore[list-item]
        yield from (table for table in tables if table is not None)  # type: ignore[misc]
    for stream in spec.streams:
        yield from (thin.share for thin in stream.thins)  # type: ignore[misc]


def make_classes(spec: SystemSpec) -> Classes:
    """Return the classes of patients: attributes that tables use, and those that decide these."""
    used = {a for table in tables_of(spec) for a in table.by if a >= 0}
    size = -1
    while size != len(used):
        size = len(used)
        used |= {a for s in spec.streams for m in s.mix if m.attribute in used for a in m.cumulative.by if a >= 0}
    wanted = sorted(used)
    sizes = [len(spec.attributes[a].levels) for a in wanted]
    count = int(np.prod(sizes, dtype=np.int64)) if sizes else 1
    if count > MOST_CLASSES:
        raise ValueError(f"{count} combinations of attributes are too many to follow")
    codes, strides, stride = {}, {}, count
    for attribute, levels in zip(wanted, sizes, strict=True):
        stride //= levels
        strides[attribute] = stride
        codes[attribute] = np.arange(count, dtype=np.int64) // stride % levels
    return Classes(codes, count, strides)


def class_shares(stream: StreamSpec, classes: Classes, period: int) -> Floats:
    """Return the probability of each class among a stream's patients; first levels where there is no mix."""
    shares = np.ones(classes.count)
    mixed = {mix.attribute: mix for mix in stream.mix}
    for attribute, codes in classes.codes.items():
        if attribute not in mixed:
            shares = shares * (codes == 0)
            continue
        table = mixed[attribute].cumulative
        each = np.diff(np.array(table.rows, dtype=np.float64), axis=1, prepend=0.0)
        shares = shares * each[classes.rows(table, period, NONE), codes]
    return shares


def mean_rate(stream: StreamSpec, spec: SystemSpec, start: int, end: int) -> float:
    """Return a stream's mean patients per minute between two ticks, before any are prevented."""
    if stream.kind == "listed":
        return sum(start <= one.tick < end for one in stream.listed) / spec.clock.minutes(end - start)
    size = 1.0 if stream.batch is None else mean(stream.batch)
    if stream.kind == "renewal":
        gap = 0.0 if stream.gaps is None else mean(stream.gaps)
        return size / gap if gap > 0 else 0.0
    return size * mean_between(stream.rate, start, end)


@lru_cache(maxsize=65536)
def shares_of(branch: BranchSpec) -> tuple[tuple[int, float], ...]:
    """Return (destination, share) pairs; a rule on the state counts as its first option, shortest as even."""
    if branch.rule == "share":
        pairs = zip(branch.destinations, (0.0, *branch.cumulative), branch.cumulative, strict=False)
        return tuple((place, upper - lower) for place, lower, upper in pairs if upper > lower)
    if branch.rule == "shortest":
        return tuple((d, 1 / len(branch.destinations)) for d in branch.destinations)
    return ((branch.destinations[0], 1.0),)


class Router:
    """Splits a flow over the destinations of a routing point, remembering the weights of each class."""

    def __init__(self, classes: Classes, period: int) -> None:
        self.classes = classes
        self.period = period
        self._known: dict[tuple[int, int], tuple[tuple[int, Floats | float], ...]] = {}

    def weights(self, routing: RoutingSpec, origin: int) -> tuple[tuple[int, Floats | float], ...]:
        """Return (destination, share by class) pairs."""
        key = (routing.purpose, origin)
        if key not in self._known:
            self._known[key] = tuple(self._work_out(routing, origin).items())
        return self._known[key]

    def _work_out(self, routing: RoutingSpec, origin: int) -> dict[int, Floats | float]:
        table = routing.branches
        if table.is_constant:
            out: dict[int, Floats | float] = defaultdict(float)
            for place, share in shares_of(table.rows[0]):
                out[place] += share
            return out
        rows = self.classes.rows(table, self.period, origin)
        used, of_class = np.unique(rows, return_inverse=True)
        branches = [table.rows[row] for row in used.tolist()]
        unique = list({id(branch): branch for branch in branches}.values())
        position = {id(branch): index for index, branch in enumerate(unique)}
        of_branch = np.array([position[id(branch)] for branch in branches])[of_class]
        weights: dict[int, Floats] = {}
        for index, branch in enumerate(unique):
            for place, share in shares_of(branch):
                if place not in weights:
                    weights[place] = np.zeros(len(unique))
                weights[place][index] += share
        return {place: of_each[of_branch] for place, of_each in weights.items()}


def find_flows(spec: SystemSpec, classes: Classes, period: int, start: int, end: int) -> Flows:
    """Return the flows that the mean demand between two ticks settles to, with one period's tables."""
    flows = Flows(classes)
    router = Router(classes, period)
    arrival = len(spec.services)
    pending: dict[tuple[int, int], Floats] = {}
    for index, stream in enumerate(spec.streams):
        comes = mean_rate(stream, spec, start, end) * class_shares(stream, classes, period)
        for thin in stream.thins:
            comes = comes * (1 - classes.values(thin.share, float, period, arrival))
        _pass_on(flows, pending, router.weights(stream.routing, arrival), -1 - index, arrival, comes)
    demand = sum(float(flow.sum()) for flow in pending.values())
    maps = {s: _class_map(spec, classes, s) for s in range(len(spec.services))}
    for _ in range(MOST_PASSES):
        if sum(float(flow.sum()) for flow in pending.values()) <= LEFT_OVER * demand:
            break
        pending = _one_pass(spec, flows, router, maps, pending)
    inside = sum(float(flow.sum()) for flow in pending.values())
    flows.left_over = inside / demand if demand > 0 else 0.0
    return flows


def _one_pass(
    spec: SystemSpec, flows: Flows, router: Router, maps: dict[int, Ints | None], pending: dict[tuple[int, int], Floats]
) -> dict[tuple[int, int], Floats]:
    """Pass every flow on by one place."""
    services, exits = len(spec.services), len(spec.exits)
    onward: dict[tuple[int, int], Floats] = {}
    for (place, origin), flow in pending.items():
        if place < services:
            flows.into[place, origin] = flows.into.get((place, origin), 0.0) + flow
            weights = router.weights(spec.services[place].routing, origin)
            _pass_on(flows, onward, weights, place, place, flow, maps[place])
        elif place >= services + exits:
            weights = router.weights(spec.junctions[place - services - exits], origin)
            _pass_on(flows, onward, weights, place, origin, flow)
    leaves = range(services, services + exits)
    return {key: flow for key, flow in onward.items() if key[0] not in leaves}


def _pass_on(
    flows: Flows,
    pending: dict[tuple[int, int], Floats],
    weights: tuple[tuple[int, Floats | float], ...],
    source: int,
    origin: int,
    flow: Floats,
    class_map: Ints | None = None,
) -> None:
    """Add a flow, split by weights, to what is pending at its destinations."""
    for place, weight in weights:
        part = flow * weight
        flows.edges[source, place] += float(part.sum())
        if class_map is not None:
            part = np.bincount(class_map, weights=part, minlength=flows.classes.count).astype(np.float64)
        key = (place, origin)
        pending[key] = pending[key] + part if key in pending else part


def _class_map(spec: SystemSpec, classes: Classes, service: int) -> Ints | None:
    """Return the class that each class becomes on leaving a service; None where nothing is set."""
    out = np.arange(classes.count, dtype=np.int64)
    for attribute, level in spec.services[service].sets:
        if attribute in classes.codes:
            out = (
                out
                + (level - out // classes.strides[attribute] % len(spec.attributes[attribute].levels))
                * classes.strides[attribute]
            )
    return None if np.array_equal(out, np.arange(classes.count)) else out
