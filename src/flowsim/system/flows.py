"""Traffic equations: expected patients per minute on every way through the system.

Demand enters at its mean rate in a window of time and is passed on, visit by visit, until nothing is left;
so flows balance exactly, loops included. What becomes of those for whom a service has no room, or whom it
finds closed, is said by the shares of ``Openings`` and ``Room``; otherwise every queue has room and nobody
gives up.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
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
from flowsim.system.spec import BY_ORIGIN, NONE, UNLIMITED, BranchSpec, RoutingSpec, ServiceSpec, StreamSpec, SystemSpec

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


Coming = tuple[int, Source, Known]
Pending = dict[Coming, Floats]


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

    def origin(self, routing: RoutingSpec, source: Source) -> int:
        """Return where patients come from as a routing point's table knows it: the same for all where it does not."""
        if BY_ORIGIN not in routing.branches.by:
            return self.services
        return source if source >= 0 else self.services

    def ways(self, routing: RoutingSpec, origin: int, source: Source) -> Ways:
        """Return the ways on.

        Args:
            routing: the routing point.
            origin: of the patients, a service or where they arrived.
            source: what says when they come to it.
        """
        origin = self.origin(routing, origin)
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


@dataclass
class Sweep:
    """One sweep over the places in their order.

    Attributes:
        flows: as far as the sweep has come.
        waiting: by place still to be swept, patients per minute who come to it.
        turns: place -> its turn in the sweep; exits have none.
        place: whose turn it is; None before the first.
        back: those who come to a place whose turn has been.
    """

    flows: Flows
    waiting: dict[int, Pending]
    turns: Mapping[int, int]
    place: int | None = None
    back: Pending = field(default_factory=dict)

    def copy(self) -> Sweep:
        """Return the same sweep, to go on from here."""
        flows = Flows(self.flows.classes, dict(self.flows.into), dict(self.flows.asked))
        flows.edges.update(self.flows.edges)
        return Sweep(flows, {place: dict(here) for place, here in self.waiting.items()}, self.turns)

    def put(self, key: Coming, flow: Floats) -> None:
        """Have patients come to a place; those who come to an exit are gone."""
        turn = self.turns.get(key[0])
        if turn is not None:
            is_back = self.place is not None and turn <= self.turns[self.place]
            _add(self.back if is_back else self.waiting.setdefault(key[0], {}), key, flow)


class Passing:
    """Passes demand on through the system, for one period's tables.

    Flows are found by sweeps over the places, most of them before those they feed. What comes back to a place
    already swept waits for the next sweep, and is remembered: with openings or room a little changed, the flows
    found before are near those wanted, and few sweeps lead to them.
    """

    def __init__(self, spec: SystemSpec, classes: Classes, period: int, openings: Openings, room: Room) -> None:
        self.spec = spec
        self.classes = classes
        self.openings = openings
        self.room = room
        self.router = Router(classes, period, len(spec.services), openings, room)
        self._maps = [class_map(spec, classes, s) for s in range(len(spec.services))]
        self._demand = [self._comes(stream, period) for stream in spec.streams]
        self._turn = {place: turn for turn, place in enumerate(passing_order(spec))}
        self._back: Pending = {}

    def _comes(self, stream: StreamSpec, period: int) -> Floats:
        start, end = self.openings.start, self.openings.end
        return mean_rate(stream, self.spec, start, end) * class_shares(stream, self.classes, period)

    def find(self, left_over: float = LEFT_OVER) -> Flows:
        """Return the flows that demand settles to, with openings and room as they are.

        Args:
            left_over: share of demand that may be left when passing on stops.
        """
        self.router.forget_rules()
        entering = Sweep(Flows(self.classes), {}, self._turn)
        for index, (stream, comes) in enumerate(zip(self.spec.streams, self._demand, strict=True)):
            ways = self.router.ways(stream.routing, len(self.spec.services), -1 - index)
            self._split(entering, ways, (-1 - index, -1 - index), comes)
        demand = sum(float(comes.sum()) for comes in self._demand)
        for _ in range(MOST_PASSES):
            sweep = self._sweep(entering)
            sweep.flows.left_over = _moved(self._back, sweep.back) / demand if demand > 0 else 0.0
            self._back = sweep.back
            if sweep.flows.left_over <= left_over:
                return sweep.flows
        self._back = {}  # no way out leads anywhere: what went round is no start for other flows
        return sweep.flows

    def _sweep(self, entering: Sweep) -> Sweep:
        """Return what becomes of those who enter and those who came back to a place in the sweep before."""
        sweep = entering.copy()
        for key, flow in self._back.items():
            sweep.put(key, flow)
        services, exits = len(self.spec.services), len(self.spec.exits)
        for place in self._turn:
            sweep.place = place
            here = sweep.waiting.pop(place, {})
            if place >= services:
                for (_, source, _), flow in here.items():
                    ways = self.router.ways(self.spec.junctions[place - services - exits], source, source)
                    self._split(sweep, ways, (place, source), flow)
                continue
            leaving: dict[int, Floats] = {}
            routing = self.spec.services[place].routing
            for key, flow in here.items():
                _add(leaving, self.router.origin(routing, key[1]), self._admit(sweep, key, flow))
            for origin, flow in leaving.items():
                self._split(sweep, self.router.ways(routing, origin, place), (place, place), flow, self._maps[place])
        return sweep

    def _admit(self, sweep: Sweep, at: Coming, flow: Floats) -> Floats:
        """Return those whom a service takes on; the others are on their way to where it sends them."""
        place, source, known = at
        closed = self.spec.services[place].when_closed
        into = sweep.flows.into
        if known is Known.NOTHING and closed != NONE:
            shut = flow * (1 - self.openings.share_open(place, source))
            self._send(sweep, (place, closed), source, shut)
            flow = flow - shut
        if known is Known.SPACE:
            _add(into, (place, source, Kind.SPACE), flow)
            return flow
        loss = self.room.loss(place, source)
        asks = flow if loss is None or loss.who is None else flow * loss.who
        if loss is None or asks is not flow:
            _add(into, (place, source, Kind.BOUND), flow if loss is None else flow - asks)
        if loss is None:
            return flow
        share = float(self.room.share(loss.kind)[place])
        taken = asks if share == 1 else asks * share
        _add(sweep.flows.asked, (place, source, loss.kind), asks)
        _add(into, (place, source, loss.kind), taken)
        if taken is asks:
            return flow
        lost = asks - taken
        self._send(sweep, (place, loss.to), source, lost)
        return np.asarray(flow - lost)

    def _send(self, sweep: Sweep, edge: tuple[int, int], source: Source, flow: Floats) -> None:
        """Send on those whom a service does not take; they come from where they came from."""
        total = float(flow.sum())
        if total > 0:
            sweep.flows.edges[edge] += total
            sweep.put((edge[1], source, Known.NOTHING), flow)

    def _split(
        self, sweep: Sweep, ways: Ways, leaving: tuple[int, Source], flow: Floats, becomes: Ints | None = None
    ) -> None:
        """Split a flow over the ways on.

        Args:
            sweep: takes the edges, those who ask for a space and those sent on.
            ways: on from the node.
            leaving: the node, and the source those sent on come from.
            flow: at the node.
            becomes: the class each class turns into; None where it stays.
        """
        node, source = leaving
        totals = (ways.weights @ flow).tolist()
        for (place, known), weights, total in zip(ways.to, ways.weights, totals, strict=True):
            if total <= 0:
                continue
            sent = flow * weights
            if becomes is not None:
                sent = np.bincount(becomes, sent, self.classes.count).astype(np.float64)
            if known is None:
                _add(sweep.flows.asked, (place, source, Kind.SPACE), sent)
            else:
                sweep.flows.edges[node, place] += total
                sweep.put((place, source, known), sent)


def _add(into: dict[Key, Floats], key: Key, flow: Floats) -> None:
    into[key] = into[key] + flow if key in into else flow


def _moved(before: Pending, after: Pending) -> float:
    """Return how many patients per minute come otherwise than before, all classes told apart."""
    change = sum(float(np.abs(flow - before.get(key, 0.0)).sum()) for key, flow in after.items())
    return change + sum(float(np.abs(flow).sum()) for key, flow in before.items() if key not in after)
