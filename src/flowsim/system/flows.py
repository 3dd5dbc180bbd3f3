"""Traffic equations: expected patients per minute on every way through the system.

Demand enters at its mean rate in a window of time and is passed on, visit by visit, until nothing is left;
so flows balance exactly, loops included. What becomes of those for whom a service has no room, or whom it
finds closed, is said by the shares of ``Openings`` and ``Room``; otherwise every queue has room and nobody
gives up.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from functools import lru_cache
from typing import TypeVar

import numpy as np

from flowsim.system.classes import Classes, class_map, class_shares
from flowsim.system.curves import Floats, Ints, mean_between
from flowsim.system.distributions import mean
from flowsim.system.openings import Openings
from flowsim.system.room import Kind, Room
from flowsim.system.spec import NONE, UNLIMITED, BranchSpec, RoutingSpec, ServiceSpec, StreamSpec, SystemSpec

LEFT_OVER = 1e-12
"""Share of demand that may be left when passing on stops."""
MOST_PASSES = 20_000

Key = TypeVar("Key")
Source = int
"""Where patients come from: the service they left, or ``-1 - stream`` for arrivals."""
Joining = tuple[int, Source, Kind]


class Known(IntEnum):
    """What a rule has made sure of at the place it sends a patient to."""

    NOTHING = 0
    OPEN = 1
    SPACE = 2


Pending = dict[tuple[int, Source, Known], Floats]


@dataclass(frozen=True, slots=True)
class Ways:
    """Shares of those at a routing point.

    Attributes:
        to: where each goes and what is known of that place; None for those who only asked there for a space,
            whether they got one or not.
        weights: the shares, (ways, classes).
    """

    to: tuple[tuple[int, Known | None], ...]
    weights: Floats


@dataclass
class Flows:
    """Patients per minute.

    Attributes:
        classes: of patients.
        into: by (service, source, kind), patients whom the service takes on, by class.
        asked: the same of all who ask, whether they are taken on or sent elsewhere; for kinds that can be.
        edges: by (from, to): place codes, with ``-1 - stream`` for a stream.
        left_over: share of demand still inside when passing on stopped; above LEFT_OVER where it cannot get out.
    """

    classes: Classes
    into: dict[Joining, Floats] = field(default_factory=dict)
    asked: dict[Joining, Floats] = field(default_factory=dict)
    edges: dict[tuple[int, int], float] = field(default_factory=lambda: defaultdict(float))
    left_over: float = 0.0


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


def places_after(routing: RoutingSpec) -> set[int]:
    """Return every place a routing point may send a patient to."""
    out: set[int] = set()
    for branch in routing.branches.rows:
        if branch.rule == "share":
            out.update(place for place, _ in shares_of(branch))
        else:
            out.update((*branch.destinations, branch.otherwise))
    return out - {NONE}


def redirections(service: ServiceSpec) -> set[int]:
    """Return where a service sends people it does not serve."""
    full = service.when_full if service.queue_places < UNLIMITED else NONE
    gives_up = NONE if service.patience is None else service.patience.to
    return {full, service.when_closed, gives_up} - {NONE}


def passing_order(spec: SystemSpec) -> list[int]:
    """Return services and junctions so that, loops aside, each stands before those it feeds."""
    exits = range(len(spec.services), len(spec.services) + len(spec.exits))
    after = {
        index: places_after(service.routing) | redirections(service) for index, service in enumerate(spec.services)
    }
    after |= {exits.stop + index: places_after(junction) for index, junction in enumerate(spec.junctions)}
    done: dict[int, None] = {}
    seen: set[int] = set()
    for first in [*dict.fromkeys(p for s in spec.streams for p in sorted(places_after(s.routing))), *after]:
        stack = [(first, iter(sorted(after.get(first, ()))))] if first in after and first not in seen else []
        seen.add(first)
        while stack:
            _, following = stack[-1]
            onward = next((p for p in following if p in after and p not in seen), None)
            if onward is None:
                done[stack.pop()[0]] = None
            else:
                seen.add(onward)
                stack.append((onward, iter(sorted(after[onward]))))
    return list(reversed(done))


class Router:
    """Splits a flow over the destinations of a routing point, remembering the weights of each class."""

    def __init__(self, classes: Classes, period: int, services: int, openings: Openings, room: Room) -> None:
        self.classes = classes
        self.period = period
        self.services = services
        self.openings = openings
        self.room = room
        self._fixed: dict[tuple[int, int], Ways] = {}
        self._ruled: dict[tuple[int, int, Source], Ways] = {}

    def forget_rules(self) -> None:
        """Have the ways that depend on openings and room worked out anew."""
        self._ruled = {}

    def ways(self, routing: RoutingSpec, origin: int, source: Source) -> Ways:
        """Return the ways on.

        Args:
            routing: the routing point.
            origin: of the patients, as tables know it.
            source: what says when they come to it.
        """
        key = (routing.purpose, origin)
        if key in self._fixed:
            return self._fixed[key]
        if (*key, source) not in self._ruled:
            weights = self.classes.spread(
                routing.branches, lambda branch: self._of_branch(branch, source), self.period, origin
            )
            found = Ways(tuple(weights), np.array([*weights.values()]).reshape(len(weights), self.classes.count))
            if not any(branch.rule in ("first_with_space", "if_open") for branch in routing.branches.rows):
                self._fixed[key] = found
                return found
            self._ruled[*key, source] = found
        return self._ruled[*key, source]

    def _of_branch(self, branch: BranchSpec, source: Source) -> Iterator[tuple[tuple[int, Known | None], float]]:
        """Yield the keys of ways with their shares.

        Down a list of options, those are left for the next for whom the one before was closed or full.
        """
        if branch.rule in ("share", "shortest"):
            yield from (((place, Known.NOTHING), share) for place, share in shares_of(branch))
            return
        left = self.openings.when(source)
        for place in branch.destinations:
            if place >= self.services or (place == branch.otherwise and place == branch.destinations[-1]):
                yield (place, Known.NOTHING), float(left.sum())
                return
            found = left * self.openings.open[place]
            if branch.rule == "if_open":
                yield (place, Known.OPEN), float(found.sum())
            else:
                yield (place, None), float(found.sum())
                found = found * self.room.space[place]
                yield (place, Known.SPACE), float(found.sum())
            left = left - found
        yield (branch.otherwise, Known.NOTHING), float(left.sum())


class Passing:
    """Passes demand on through the system, for one period's tables."""

    def __init__(self, spec: SystemSpec, classes: Classes, period: int, openings: Openings, room: Room) -> None:
        self.spec = spec
        self.classes = classes
        self.openings = openings
        self.room = room
        self.router = Router(classes, period, len(spec.services), openings, room)
        self._maps = [class_map(spec, classes, s) for s in range(len(spec.services))]
        self._demand = [self._comes(stream, period) for stream in spec.streams]
        self._order = passing_order(spec)

    def _comes(self, stream: StreamSpec, period: int) -> Floats:
        start, end = self.openings.start, self.openings.end
        return mean_rate(stream, self.spec, start, end) * class_shares(self.spec, stream, self.classes, period)

    def find(self, left_over: float = LEFT_OVER) -> Flows:
        """Return the flows that demand settles to, with openings and room as they are.

        Args:
            left_over: share of demand that may be left when passing on stops.
        """
        self.router.forget_rules()
        flows = Flows(self.classes)
        pending: Pending = {}
        arrival = len(self.spec.services)
        for index, (stream, comes) in enumerate(zip(self.spec.streams, self._demand, strict=True)):
            ways = self.router.ways(stream.routing, arrival, -1 - index)
            self._split(flows, pending, ways, (-1 - index, -1 - index), comes)
        demand = _total(pending.values())
        for _ in range(MOST_PASSES):
            if _total(pending.values()) <= left_over * demand:
                break
            self._one_pass(flows, pending)
        flows.left_over = _total(pending.values()) / demand if demand > 0 else 0.0
        return flows

    def _one_pass(self, flows: Flows, pending: Pending) -> None:
        """Pass every flow on as far as it gets in one sweep over the places, most of them before those they feed."""
        services, exits = len(self.spec.services), len(self.spec.exits)
        for place in self._order:
            for key in [key for key in pending if key[0] == place]:
                flow, (_, source, _) = pending.pop(key), key
                origin = source if source >= 0 else services
                if place < services:
                    joins = self._admit(flows, pending, key, flow)
                    ways = self.router.ways(self.spec.services[place].routing, origin, place)
                    self._split(flows, pending, ways, (place, place), joins, self._maps[place])
                else:
                    ways = self.router.ways(self.spec.junctions[place - services - exits], origin, source)
                    self._split(flows, pending, ways, (place, source), flow)
        for key in [key for key in pending if services <= key[0] < services + exits]:
            del pending[key]

    def _admit(self, flows: Flows, onward: Pending, at: tuple[int, Source, Known], flow: Floats) -> Floats:
        """Return those whom a service takes on; the others are on their way to where it sends them."""
        place, source, known = at
        closed = self.spec.services[place].when_closed
        if known is Known.NOTHING and closed != NONE:
            shut = flow * (1 - self.openings.share_open(place, source))
            self._send(flows, onward, (place, closed), source, shut)
            flow = flow - shut
        if known is Known.SPACE:
            _add(flows.into, (place, source, Kind.SPACE), flow)
            return flow
        loss = self.room.loss(place, source)
        if loss is None:
            _add(flows.into, (place, source, Kind.BOUND), flow)
            return flow
        asks = flow * loss.who
        taken = asks * self.room.share(loss.kind)[place]
        _add(flows.asked, (place, source, loss.kind), asks)
        _add(flows.into, (place, source, loss.kind), taken)
        _add(flows.into, (place, source, Kind.BOUND), flow - asks)
        self._send(flows, onward, (place, loss.to), source, asks - taken)
        return np.asarray(flow - asks + taken)

    def _send(self, flows: Flows, onward: Pending, edge: tuple[int, int], source: Source, flow: Floats) -> None:
        """Send on those whom a service does not take; they come from where they came from."""
        total = float(flow.sum())
        if total > 0:
            flows.edges[edge] += total
            _add(onward, (edge[1], source, Known.NOTHING), flow)

    def _split(
        self,
        flows: Flows,
        onward: Pending,
        ways: Ways,
        leaving: tuple[int, Source],
        flow: Floats,
        becomes: Ints | None = None,
    ) -> None:
        """Split a flow over the ways on.

        Args:
            flows: to write edges and those who ask for a space in.
            onward: to write those sent on in.
            ways: on from the node.
            leaving: the node, and the source those sent on come from.
            flow: at the node.
            becomes: the class each class turns into; None where it stays.
        """
        node, source = leaving
        parts = flow * ways.weights
        for (place, known), part, total in zip(ways.to, parts, parts.sum(axis=1).tolist(), strict=True):
            if total <= 0:
                continue
            sent = part if becomes is None else np.bincount(becomes, part, self.classes.count).astype(np.float64)
            if known is None:
                _add(flows.asked, (place, source, Kind.SPACE), sent)
            else:
                flows.edges[node, place] += total
                _add(onward, (place, source, known), sent)


def _add(into: dict[Key, Floats], key: Key, flow: Floats) -> None:
    into[key] = into[key] + flow if key in into else flow


def _total(flows: Iterable[Floats]) -> float:
    return sum(float(flow.sum()) for flow in flows)
