"""What the network implies before anything is run: loads, queues that cannot settle, reachability, a diagram."""

from __future__ import annotations

from dataclasses import dataclass

from flowsim.system.balance import find_balance
from flowsim.system.classes import make_classes
from flowsim.system.flows import LEFT_OVER, places_after, redirections
from flowsim.system.loads import Load, Totals, make_loads
from flowsim.system.spec import NONE, UNLIMITED, RoutingSpec, SystemSpec
from flowsim.units import MINUTES_PER_DAY

Ways = dict[int, set[int]]
"""Place codes that can be reached at once from a place code."""


@dataclass(frozen=True, slots=True)
class Node:
    """A box of the flow diagram; ``role`` is ``stream``, ``junction``, ``exit`` or the service's role."""

    id: str
    label: str
    role: str
    hub: str


@dataclass(frozen=True, slots=True)
class Edge:
    """An arrow of the flow diagram: expected patients per day from one node to another."""

    source: str
    target: str
    patients_per_day: float


@dataclass(frozen=True, slots=True)
class Network:
    """What a specification implies.

    Attributes:
        loads: of services, then of staff pools.
        unreached: ids of services and junctions that no patient can reach.
        nodes, edges: of the flow diagram; streams, services, junctions and exits, edges with some flow only.
        approximate: ids of services, junctions and streams whose onward flows are approximate, since a rule
            looks at the state of the system: its first option is taken (``shortest``: all alike).
        left_over: share of demand that never gets out; 0 in a sound network.
    """

    loads: tuple[Load, ...]
    unreached: tuple[str, ...]
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    approximate: tuple[str, ...]
    left_over: float

    def load(self, name: str) -> Load:
        """Return the load of a service or staff pool by id."""
        return next(load for load in self.loads if load.id == name)


def network(spec: SystemSpec) -> Network:
    """Return what a specification implies, at the mean demand of the measured window."""
    classes = make_classes(spec)
    totals = Totals(spec)
    edges: dict[tuple[int, int], float] = {}
    left_over = 0.0
    for period, start, end in _windows(spec):
        weight = (end - start) / (spec.end - spec.warm_up)
        balance = find_balance(spec, classes, period, start, end)
        totals.add(balance, weight)
        for edge, flow in balance.flows.edges.items():
            edges[edge] = edges.get(edge, 0.0) + weight * flow
        left_over = max(left_over, balance.flows.left_over)
    return Network(
        loads=make_loads(spec, totals),
        unreached=unreached(spec),
        nodes=_nodes(spec),
        edges=tuple(
            Edge(_id(spec, a), _id(spec, b), f * MINUTES_PER_DAY) for (a, b), f in sorted(edges.items()) if f > 0
        ),
        approximate=tuple(r.id for r in _routings(spec) if any(b.rule != "share" for b in r.branches.rows)),
        left_over=left_over if left_over > LEFT_OVER else 0.0,
    )


def _windows(spec: SystemSpec) -> list[tuple[int, int, int]]:
    """Return (period, start, end) for each period that overlaps the measured window."""
    ends = (*spec.periods[1:], spec.end)
    spans = [
        (p, max(a, spec.warm_up), min(b, spec.end)) for p, (a, b) in enumerate(zip(spec.periods, ends, strict=True))
    ]
    return [span for span in spans if span[1] < span[2]]


def _id(spec: SystemSpec, code: int) -> str:
    return spec.streams[-1 - code].id if code < 0 else spec.place_name(code)


def _nodes(spec: SystemSpec) -> tuple[Node, ...]:
    streams = [Node(s.id, s.label, "stream", "") for s in spec.streams]
    services = [Node(s.id, s.label, s.role, s.hub) for s in spec.services]
    exits = [Node(e, spec.labels.get(e, e), "exit", "") for e in spec.exits]
    junctions = [Node(j.id, j.id, "junction", "") for j in spec.junctions]
    return (*streams, *services, *exits, *junctions)


def _routings(spec: SystemSpec) -> list[RoutingSpec]:
    return [*(s.routing for s in spec.streams), *(s.routing for s in spec.services), *spec.junctions]


def unreached(spec: SystemSpec) -> tuple[str, ...]:
    """Return ids of services and junctions that no stream's patients can reach and nobody starts in."""
    first_junction = len(spec.services) + len(spec.exits)
    seen: set[int] = set()
    pending = [place for stream in spec.streams for place in places_after(stream.routing)]
    pending += [index for index, service in enumerate(spec.services) if service.initial]
    while pending:
        place = pending.pop()
        if place in seen:
            continue
        seen.add(place)
        if place < len(spec.services):
            service = spec.services[place]
            pending += [*places_after(service.routing), *redirections(service)]
        elif place >= first_junction:
            pending += places_after(spec.junctions[place - first_junction])
    candidates = [*range(len(spec.services)), *range(first_junction, first_junction + len(spec.junctions))]
    return tuple(spec.place_name(place) for place in candidates if place not in seen)


def instant_cycles(spec: SystemSpec) -> list[list[str]]:
    """Return ways round which a patient could be sent for ever within one instant.

    Junctions send patients on at once, and so do services that are full or closed. Ways through closed
    services count only where all of these can be closed at the same time.
    """
    first_junction = len(spec.services) + len(spec.exits)
    junctions: Ways = {first_junction + i: places_after(junction) for i, junction in enumerate(spec.junctions)}
    full: Ways = {i: {s.when_full} for i, s in enumerate(spec.services) if s.queue_places < UNLIMITED}
    closed: Ways = {i: {s.when_closed} for i, s in enumerate(spec.services) if s.when_closed != NONE}
    found = _cycles({**junctions, **full})
    found += [c for c in _cycles({**junctions, **closed}) if c not in found and _all_closed(spec, c)]
    return [[spec.place_name(place) for place in cycle] for cycle in found]


def _cycles(ways: Ways) -> list[list[int]]:
    """Return a cycle for each way back that a depth-first search meets, each from its least place."""
    found: list[list[int]] = []
    done: set[int] = set()

    def visit(place: int, path: list[int]) -> None:
        if place in path:
            cycle = path[path.index(place) :]
            least = cycle.index(min(cycle))
            turned = cycle[least:] + cycle[:least]
            if turned not in found:
                found.append(turned)
            return
        if place in done or place not in ways:
            return
        for following in sorted(ways[place]):
            visit(following, [*path, place])
        done.add(place)

    for place in sorted(ways):
        visit(place, [])
    return found


def _all_closed(spec: SystemSpec, cycle: list[int]) -> bool:
    """Whether all services of a cycle are closed at some time."""
    services = [spec.services[place] for place in cycle if place < len(spec.services)]
    ticks = sorted({tick for service in services for tick in service.admitting.ticks})
    return not services or any(all(s.admitting.at(tick) == 0 for s in services) for tick in ticks)
