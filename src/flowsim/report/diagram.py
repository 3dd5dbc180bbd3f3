"""The flow map: every service, where its patients come from and go to, as wide as patients a day.

Columns run left to right by role, from demand to home; ``flowsim.report.layout`` says where things stand.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from flowsim.report import svg
from flowsim.report.formats import number, plural
from flowsim.report.layout import Slot, lay_out

LAYERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Demand", ("stream",)),
    ("Front door", ("single_point_of_access", "rapid_response", "primary_care", "prevention", "ambulance")),
    ("Urgent care", ("utc", "frailty")),
    ("A&E and same day", ("ae", "sdec")),
    ("Wards", ("ward",)),
    (
        "Community care",
        (
            *("step_up", "intermediate_care", "reablement", "home_care", "care_home", "community", "case_management"),
            *("rehabilitation", "mental_health", "mental_health_ward", "social_care", "housing"),
        ),
    ),
    ("Home and exits", ("home", "exit")),
)
"""Column headings and the roles that stand in them."""
LAYER_OF = {role: i for i, (_, roles) in enumerate(LAYERS) for role in roles}
COLOURS = ("#e4eaec", "#cfe3f5", "#d5ecdd", "#fde3cf", "#d3dcf0", "#e6dcf0", "#eef0d8")

BOX, GAP, TOP = 112.0, 46.0, 30.0
BOX_SPACE, LINE_SPACE = 12.0, 5.0
TALLEST = 170.0
"""Height of the busiest place's flows."""
THINNEST = 0.8
SMALLEST_SHARE = 0.004
"""Flows below this share of all demand are left out of the drawing, unless a place has no larger one."""
MOST_STREAMS = 8
"""Streams of demand beyond which the smallest are drawn as one."""
LETTERS, SMALL = 11.5, 10.5


@dataclass(frozen=True, slots=True)
class Node:
    """A place on the map.

    Attributes:
        id: of the stream, service or exit.
        label: for people.
        role: decides the column.
        note: a last line, such as the number of beds.
    """

    id: str
    label: str
    role: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Edge:
    """A flow between two places [patients a day]."""

    source: str
    target: str
    per_day: float


@dataclass(frozen=True, slots=True)
class FlowMap:
    """A drawn map, and how many flows were too small to draw."""

    drawing: str
    left_out: int
    smallest: float


def flow_map(nodes: Sequence[Node], edges: Sequence[Edge], label: str) -> FlowMap:
    """Return the map of a system's flows."""
    nodes, edges = _merge_small_streams(nodes, [e for e in edges if e.per_day > 0])
    streams = {n.id for n in nodes if n.role == "stream"}
    smallest = SMALLEST_SHARE * math.fsum(e.per_day for e in edges if e.source in streams)
    drawn = _large_enough(edges, smallest)
    nodes = [n for n in nodes if any(n.id in (e.source, e.target) for e in drawn)]
    if not nodes:
        return FlowMap("", 0, 0.0)
    return FlowMap(_Drawing(nodes, edges, drawn).draw(label), len(edges) - len(drawn), smallest)


def without_junctions(nodes: Sequence[Node], edges: Sequence[Edge]) -> tuple[list[Node], list[Edge]]:
    """Return a map without its instant routing points: what flows in is joined to what flows out, in proportion.

    Who goes where beyond a junction may depend on where they came from, so single flows are approximate;
    what each place takes in and gives out is exact.
    """
    flows: dict[tuple[str, str], float] = {}
    for edge in edges:
        flows[edge.source, edge.target] = flows.get((edge.source, edge.target), 0.0) + edge.per_day
    for junction in [n.id for n in nodes if n.role == "junction"]:
        into = {s: v for (s, t), v in flows.items() if t == junction and s != junction}
        out = {t: v for (s, t), v in flows.items() if s == junction and t != junction}
        flows = {(s, t): v for (s, t), v in flows.items() if junction not in (s, t)}
        total = math.fsum(out.values())
        for source, coming in into.items():
            for target, going in out.items():
                flows[source, target] = flows.get((source, target), 0.0) + coming * going / total
    kept = [n for n in nodes if n.role != "junction"]
    return kept, [Edge(s, t, v) for (s, t), v in flows.items() if v > 0]


def _merge_small_streams(nodes: Sequence[Node], edges: Sequence[Edge]) -> tuple[list[Node], list[Edge]]:
    """Return the map with its smallest streams of demand as one, where there are many."""
    streams = {n.id: math.fsum(e.per_day for e in edges if e.source == n.id) for n in nodes if n.role == "stream"}
    if len(streams) <= MOST_STREAMS:
        return list(nodes), list(edges)
    small = set(sorted(streams, key=lambda s: (-streams[s], s))[MOST_STREAMS - 1 :])
    joined: dict[tuple[str, str], float] = {}
    for edge in edges:
        key = ("other_demand" if edge.source in small else edge.source, edge.target)
        joined[key] = joined.get(key, 0.0) + edge.per_day
    other = Node("other_demand", "Other demand", "stream", plural(len(small), "stream"))
    return [*(n for n in nodes if n.id not in small), other], [Edge(s, t, v) for (s, t), v in joined.items()]


def _large_enough(edges: Sequence[Edge], smallest: float) -> list[Edge]:
    """Return the flows worth drawing: large ones, and the largest into and out of every place."""
    keep = {(e.source, e.target) for e in edges if e.per_day >= smallest}
    for name in {e.source for e in edges} | {e.target for e in edges}:
        for side in ([e for e in edges if e.source == name], [e for e in edges if e.target == name]):
            if side:
                largest = max(side, key=lambda e: e.per_day)
                keep.add((largest.source, largest.target))
    return [e for e in edges if (e.source, e.target) in keep]


def columns_of(nodes: Iterable[Node], edges: Sequence[Edge]) -> dict[str, int]:
    """Return the column of each place; a role without one stands beside what it mostly comes from."""
    known, waiting = {}, []
    for node in nodes:
        if node.role in LAYER_OF:
            known[node.id] = LAYER_OF[node.role]
        else:
            waiting.append(node.id)
    for name in waiting:
        feeding = [e for e in edges if e.target == name and e.source in known]
        largest = max(feeding, key=lambda e: e.per_day, default=None)
        known[name] = min(len(LAYERS) - 2, known[largest.source] + 1) if largest else 1
    return known


class _Drawing:
    """Boxes, the lines between them, and where they stand."""

    def __init__(self, nodes: Sequence[Node], edges: Sequence[Edge], drawn: Sequence[Edge]) -> None:
        self.nodes = {n.id: n for n in nodes}
        self.edges = list(drawn)
        self.through = {n: max(_total(edges, "source", n), _total(edges, "target", n)) for n in self.nodes}
        self.scale = TALLEST / max(self.through.values())
        layers = columns_of(nodes, drawn)
        self.layers = sorted(set(layers.values()))
        column = {n: self.layers.index(layer) for n, layer in layers.items()}
        self.words = {n: self._words(node) for n, node in self.nodes.items()}
        self.slots = {n: Slot(n, column[n], self._height(n), BOX_SPACE) for n in self.nodes}
        joints = []
        for edge in drawn:
            stops = [edge.source, *self._passing(edge, column), edge.target]
            joints += [(a, b, edge.per_day) for a, b in pairwise(stops)]
        lay_out(list(self.slots.values()), joints)
        for slot in self.slots.values():
            slot.y += TOP
        self.ports = self._ports()

    def _passing(self, edge: Edge, column: dict[str, int]) -> list[str]:
        """Give a flow its slots in the columns that it passes, and return their ids."""
        names = []
        for c in range(column[edge.source] + 1, column[edge.target]):
            name = f"{edge.source}>{edge.target}@{c}"
            self.slots[name] = Slot(name, c, self._wide(edge), LINE_SPACE)
            names.append(name)
        return names

    def _wide(self, edge: Edge) -> float:
        return max(THINNEST, edge.per_day * self.scale)

    def _words(self, node: Node) -> tuple[list[str], list[str]]:
        said = [f"{number(self.through[node.id])} a day", *([node.note] if node.note else [])]
        return svg.wrapped(node.label, BOX - 10, LETTERS, 3), [
            w for line in said for w in svg.wrapped(line, BOX - 8, SMALL, 2)
        ]

    def _height(self, name: str) -> float:
        head, sub = self.words[name]
        flows = max(
            math.fsum(self._wide(e) for e in self.edges if getattr(e, side) == name) for side in ("source", "target")
        )
        return max(13.0 * (len(head) + len(sub)) + 10, flows + 4)

    def draw(self, label: str) -> str:
        """Return the drawing."""
        bottom = max(s.y + s.height for s in self.slots.values())
        lines, depth = self._lines(bottom)
        boxes = [self._box(name) for name in self.nodes]
        heads = [
            svg.text(c * (BOX + GAP) + BOX / 2, 14, LAYERS[layer][0], "layer", "middle")
            for c, layer in enumerate(self.layers)
        ]
        # Room on the right for flows that leave the last column on their way back.
        last = len(self.layers) - 1
        goes_back = any(self.slots[e.source].column == last for e in self.edges)
        width = len(self.layers) * (BOX + GAP) - (0 if goes_back else GAP)
        return svg.drawing("".join([*heads, *lines, *boxes]), width, depth + 8, label, "map")

    def _box(self, name: str) -> str:
        slot, (head, sub) = self.slots[name], self.words[name]
        x, colour = slot.column * (BOX + GAP), COLOURS[self.layers[slot.column] % len(COLOURS)]
        y = slot.middle - 6.5 * (len(head) + len(sub)) + 10
        parts = [
            svg.title(f"{self.nodes[name].label}: {', '.join(sub)}"),
            svg.element("rect", x=x, y=slot.y, width=BOX, height=slot.height, rx=4, fill=colour),
        ]
        for k, said in enumerate([*head, *sub]):
            parts.append(svg.text(x + BOX / 2, y + 13 * k, said, "" if k < len(head) else "sub", "middle"))
        return svg.element("g", "".join(parts), class_="node")

    def _lines(self, bottom: float) -> tuple[list[str], float]:
        """Return the lines and how far down they reach; flows back to an earlier column pass below."""
        drawn, lane = [], bottom + 14
        for edge in sorted(self.edges, key=lambda e: -round(e.per_day, 6)):
            source, target = self.slots[edge.source], self.slots[edge.target]
            wide = self._wide(edge)
            start = (source.column * (BOX + GAP) + BOX, self.ports[edge.source, edge.target, "source"])
            end = (target.column * (BOX + GAP), self.ports[edge.source, edge.target, "target"])
            if target.column > source.column:
                d, css = self._onward(edge, start, end), "flow"
            elif target.column == source.column:
                d, css = _round_the_side(start, (end[0] + BOX, end[1])), "flow back"
            else:
                d, css = _back_below(start, end, lane + wide / 2), "flow back"
                lane += wide + 4
            said = f"{self.nodes[edge.source].label} to {self.nodes[edge.target].label}: {number(edge.per_day)} a day"
            drawn.append(svg.element("path", svg.title(said), d=d, class_=css, stroke_width=f"{wide:.1f}"))
        return drawn, lane if lane > bottom + 14 else bottom

    def _onward(self, edge: Edge, start: tuple[float, float], end: tuple[float, float]) -> str:
        d, at = f"M{start[0]:.1f} {start[1]:.1f}", start
        for c in range(self.slots[edge.source].column + 1, self.slots[edge.target].column):
            y = self.slots[f"{edge.source}>{edge.target}@{c}"].middle
            d += _curve(at, (c * (BOX + GAP), y)) + f"H{c * (BOX + GAP) + BOX:.1f}"
            at = (c * (BOX + GAP) + BOX, y)
        return d + _curve(at, end)

    def _ports(self) -> dict[tuple[str, str, str], float]:
        """Return the height at which each flow leaves and enters, stacked so that they do not cross at the box."""
        ports: dict[tuple[str, str, str], float] = {}
        for name in self.nodes:
            slot = self.slots[name]
            for mine in ("source", "target"):
                joined = sorted((e for e in self.edges if getattr(e, mine) == name), key=lambda e: self._seen(e, mine))
                y = slot.middle - math.fsum(self._wide(e) for e in joined) / 2
                for edge in joined:
                    ports[edge.source, edge.target, mine] = y + self._wide(edge) / 2
                    y += self._wide(edge)
        return ports

    def _seen(self, edge: Edge, mine: str) -> float:
        """Return the height towards which a flow leaves, or from which it enters; what comes back comes lowest."""
        first, last = self.slots[edge.source].column, self.slots[edge.target].column
        if last < first:
            return math.inf
        if last - first > 1:
            return self.slots[f"{edge.source}>{edge.target}@{first + 1 if mine == 'source' else last - 1}"].middle
        return self.slots[edge.target if mine == "source" else edge.source].middle


def _total(edges: Iterable[Edge], side: str, name: str) -> float:
    return math.fsum(e.per_day for e in edges if getattr(e, side) == name)


def _curve(start: tuple[float, float], end: tuple[float, float]) -> str:
    bend = (start[0] + end[0]) / 2
    return f"C{bend:.1f} {start[1]:.1f} {bend:.1f} {end[1]:.1f} {end[0]:.1f} {end[1]:.1f}"


def _round_the_side(start: tuple[float, float], end: tuple[float, float]) -> str:
    out = start[0] + GAP * 0.8
    return f"M{start[0]:.1f} {start[1]:.1f}C{out:.1f} {start[1]:.1f} {out:.1f} {end[1]:.1f} {end[0]:.1f} {end[1]:.1f}"


def _back_below(start: tuple[float, float], end: tuple[float, float], lane: float) -> str:
    (x1, y1), (x2, y2), out = start, end, GAP * 0.45
    return (
        f"M{x1:.1f} {y1:.1f}C{x1 + out:.1f} {y1:.1f} {x1 + out:.1f} {lane:.1f} {x1 - 12:.1f} {lane:.1f}"
        f"H{x2 + 12:.1f}C{x2 - out:.1f} {lane:.1f} {x2 - out:.1f} {y2:.1f} {x2:.1f} {y2:.1f}"
    )
