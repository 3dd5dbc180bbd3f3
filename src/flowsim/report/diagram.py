"""The flow map: every service, where its patients come from and go to, as wide as patients a day.

Columns run left to right by role, from demand to home. Within a column, places are ordered by the mean
position of what they are joined to (the barycentre heuristic of Sugiyama et al., 1981), swept a few times.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from flowsim.report import svg
from flowsim.report.formats import number

LAYERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Demand", ("stream",)),
    ("Front door", ("single_point_of_access", "rapid_response")),
    ("Urgent care", ("utc", "frailty")),
    ("A&E", ("ae", "sdec")),
    ("Wards", ("ward",)),
    ("Step-up and step-down", ("step_up", "intermediate_care", "reablement", "home_care")),
    ("Home and other exits", ("care_home", "home", "exit")),
)
"""Column headings and the roles that stand in them."""
LAYER_OF = {role: i for i, (_, roles) in enumerate(LAYERS) for role in roles}
COLOURS = ("#e8edee", "#cfe3f5", "#d5ecdd", "#fde3cf", "#d3dcf0", "#e6dcf0", "#eef0d8")

BOX, GAP, TOP, SPACE = 116.0, 44.0, 34.0, 12.0
TALLEST = 190.0
"""Height of the busiest place's flows."""
THINNEST = 0.8
SMALLEST_SHARE = 0.004
"""Flows below this share of all demand are left out of the drawing, unless a place has no larger one."""
MOST_STREAMS = 9
"""Streams of demand beyond which the smallest are drawn as one."""


@dataclass(frozen=True, slots=True)
class Node:
    """A place on the map.

    Attributes:
        id: of the stream, service or exit.
        label: for people.
        role: decides the column.
        note: a second line, such as the number of beds.
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
    nodes, edges = _merge_small_streams(nodes, edges)
    demand = math.fsum(e.per_day for e in edges if _role(nodes, e.source) == "stream")
    smallest = demand * SMALLEST_SHARE
    drawn = _large_enough(edges, smallest)
    nodes = [n for n in nodes if any(n.id in (e.source, e.target) for e in drawn)]
    if not nodes:
        return FlowMap("", 0, 0.0)
    return FlowMap(_Layout(nodes, drawn).draw(label), len(edges) - len(drawn), smallest)


def _role(nodes: Iterable[Node], name: str) -> str:
    return next((n.role for n in nodes if n.id == name), "other")


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
    other = Node("other_demand", "Other demand", "stream", f"{len(small)} streams")
    return [*(n for n in nodes if n.id not in small), other], [Edge(s, t, v) for (s, t), v in joined.items()]


def _large_enough(edges: Sequence[Edge], smallest: float) -> list[Edge]:
    """Return the flows worth drawing: large ones, and the largest into and out of every place."""
    flowing = [e for e in edges if e.per_day > 0]
    keep = {(e.source, e.target) for e in flowing if e.per_day >= smallest}
    for name in {e.source for e in flowing} | {e.target for e in flowing}:
        for side in ([e for e in flowing if e.source == name], [e for e in flowing if e.target == name]):
            if side:
                largest = max(side, key=lambda e: e.per_day)
                keep.add((largest.source, largest.target))
    return [e for e in flowing if (e.source, e.target) in keep]


@dataclass(frozen=True, slots=True)
class _Box:
    """Where a place is drawn."""

    node: Node
    layer: int
    x: float
    y: float
    height: float
    per_day: float


class _Layout:
    """Columns, order within them, and the curves between."""

    def __init__(self, nodes: Sequence[Node], edges: Sequence[Edge]) -> None:
        self.nodes = {n.id: n for n in nodes}
        self.edges = list(edges)
        self.layer = self._layers()
        self.columns = sorted(set(self.layer.values()))
        self.order = self._ordered()
        self.through = {n: max(self._flow(n, "source"), self._flow(n, "target")) for n in self.nodes}
        self.per_unit = TALLEST / max(self.through.values())
        self.boxes = self._boxes()

    def _flow(self, name: str, side: str) -> float:
        return math.fsum(e.per_day for e in self.edges if getattr(e, side) == name)

    def _layers(self) -> dict[str, int]:
        """Return the column of each place; a role without one stands beside what it mostly comes from."""
        known = {n.id: LAYER_OF[n.role] for n in self.nodes.values() if n.role in LAYER_OF}
        for name in self.nodes:
            if name not in known:
                feeding = [e for e in self.edges if e.target == name and e.source in known]
                largest = max(feeding, key=lambda e: e.per_day, default=None)
                known[name] = min(len(LAYERS) - 2, known[largest.source] + 1) if largest else 1
        return known

    def _ordered(self) -> dict[int, list[str]]:
        order = {c: [n for n in self.nodes if self.layer[n] == c] for c in self.columns}
        for sweep in range(8):
            place = {n: i / max(1, len(column)) for column in order.values() for i, n in enumerate(column)}
            for c in self.columns if sweep % 2 == 0 else reversed(self.columns):
                order[c].sort(key=lambda n: self._pull(n, place))
                place.update({n: i / max(1, len(order[c])) for i, n in enumerate(order[c])})
        return order

    def _pull(self, name: str, place: dict[str, float]) -> float:
        joined = [(place[e.target if e.source == name else e.source], e.per_day)
                  for e in self.edges if name in (e.source, e.target) and e.source != e.target]
        weight = math.fsum(w for _, w in joined)
        return math.fsum(p * w for p, w in joined) / weight if weight else place[name]

    def _boxes(self) -> dict[str, _Box]:
        tall = {n: max(52.0 if self.nodes[n].note else 44.0, self.through[n] * self.per_unit + 6) for n in self.nodes}
        full = max(sum(tall[n] + SPACE for n in self.order[c]) for c in self.columns)
        boxes = {}
        for i, c in enumerate(self.columns):
            column = self.order[c]
            room = (full - sum(tall[n] for n in column)) / (len(column) + 1)
            y = TOP + max(room, SPACE / 2) - SPACE / 2
            for n in column:
                boxes[n] = _Box(self.nodes[n], i, i * (BOX + GAP), y, tall[n], self.through[n])
                y += tall[n] + max(room, SPACE)
        return boxes

    def draw(self, label: str) -> str:
        """Return the drawing."""
        bottom = max(b.y + b.height for b in self.boxes.values())
        flows, depth = self._flows(bottom)
        heads = [
            svg.text(i * (BOX + GAP) + BOX / 2, 16, LAYERS[c][0], "layer", "middle") if len(LAYERS[c][0]) < 16 else
            "".join(svg.text(i * (BOX + GAP) + BOX / 2, 10 + 14 * k, said, "layer", "middle")
                    for k, said in enumerate(svg.wrapped(LAYERS[c][0], BOX + GAP, 13, 2)))
            for i, c in enumerate(self.columns)
        ]
        boxes = [self._box(b) for b in self.boxes.values()]
        width = len(self.columns) * (BOX + GAP) - GAP
        return svg.drawing("".join([*heads, *flows, *boxes]), width, depth + 8, label, "map")

    def _box(self, box: _Box) -> str:
        colour = COLOURS[self.columns[box.layer] % len(COLOURS)]
        second = f"{number(box.per_day)} a day" + (f" · {box.node.note}" if box.node.note else "")
        lines = svg.wrapped(box.node.label, BOX - 12, 11.5, 3 if box.height >= 58 else 2)
        below = svg.wrapped(second, BOX - 10, 10.5, 2)
        middle = box.y + box.height / 2 - 6.5 * (len(lines) + len(below)) + 10
        parts = [svg.title(f"{box.node.label}: {second}"),
                 svg.element("rect", x=box.x, y=box.y, width=BOX, height=box.height, rx=4, fill=colour)]
        centre = box.x + BOX / 2
        parts += [svg.text(centre, middle + 13 * k, said, "", "middle") for k, said in enumerate(lines)]
        parts += [svg.text(centre, middle + 13 * (k + len(lines)), said, "sub", "middle") for k, said in enumerate(below)]
        return svg.element("g", "".join(parts), class_="node")

    def _flows(self, bottom: float) -> tuple[list[str], float]:
        """Return the curves and how far down they reach; flows back to an earlier column pass below."""
        ports = self._ports()
        drawn, lane = [], bottom + 16
        for edge in sorted(self.edges, key=lambda e: -e.per_day):
            source, target = self.boxes[edge.source], self.boxes[edge.target]
            wide = max(THINNEST, edge.per_day * self.per_unit)
            said = svg.title(f"{source.node.label} to {target.node.label}: {number(edge.per_day)} a day")
            x1, y1, x2, y2 = source.x + BOX, ports[edge.source, edge.target, 0], target.x, ports[edge.source, edge.target, 1]
            if target.layer > source.layer:
                bend = (x2 - x1) / 2
                d = f"M{x1:.1f} {y1:.1f}C{x1 + bend:.1f} {y1:.1f} {x2 - bend:.1f} {y2:.1f} {x2:.1f} {y2:.1f}"
                css = "flow"
            elif target.layer == source.layer:
                x2 = target.x + BOX
                d = f"M{x1:.1f} {y1:.1f}C{x1 + GAP * 0.9:.1f} {y1:.1f} {x2 + GAP * 0.9:.1f} {y2:.1f} {x2:.1f} {y2:.1f}"
                css = "flow back"
            else:
                lane += wide / 2
                out, back = GAP * 0.45, GAP * 0.45
                d = (f"M{x1:.1f} {y1:.1f}C{x1 + out:.1f} {y1:.1f} {x1 + out:.1f} {lane:.1f} {x1 - 10:.1f} {lane:.1f}"
                     f"L{x2 + 10:.1f} {lane:.1f}C{x2 - back:.1f} {lane:.1f} {x2 - back:.1f} {y2:.1f} {x2:.1f} {y2:.1f}")
                css = "flow back"
                lane += wide / 2 + 5
            drawn.append(svg.element("path", said, d=d, class_=css, stroke_width=f"{wide:.1f}"))
        return drawn, lane

    def _ports(self) -> dict[tuple[str, str, int], float]:
        """Return the height at which each flow leaves (0) and enters (1), stacked without crossing at the place."""
        ports: dict[tuple[str, str, int], float] = {}
        for name, box in self.boxes.items():
            for side, (mine, other) in enumerate((("source", "target"), ("target", "source"))):
                joined = [e for e in self.edges if getattr(e, mine) == name]
                joined.sort(key=lambda e: self._height_seen(name, getattr(e, other), other))
                total = math.fsum(max(THINNEST, e.per_day * self.per_unit) for e in joined)
                y = box.y + (box.height - total) / 2
                for edge in joined:
                    wide = max(THINNEST, edge.per_day * self.per_unit)
                    ports[edge.source, edge.target, side] = y + wide / 2
                    y += wide
        return ports

    def _height_seen(self, name: str, other: str, side: str) -> float:
        box = self.boxes[other]
        goes_back = (box.layer < self.boxes[name].layer) if side == "target" else (box.layer > self.boxes[name].layer)
        return math.inf if goes_back else box.y + box.height / 2


