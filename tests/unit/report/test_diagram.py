"""The flow map: every place once, in its column, lines as wide as flows, and no two boxes over each other."""

import re
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from flowsim.report.diagram import BOX, GAP, TALLEST, Edge, Node, columns_of, flow_map
from flowsim.report.layout import Slot, lay_out
from tests.unit.report.fixture import EXITS, FLOWS, SERVICES, STREAMS

SVG = "{http://www.w3.org/2000/svg}"
NODES = [
    *(Node(s, label, "stream") for s, label in STREAMS.items()),
    *(Node(s, said[0], said[1]) for s, said in SERVICES.items()),
    *(Node(e, label, "exit") for e, label in EXITS.items()),
]
EDGES = [Edge(*flow) for flow in FLOWS]


def boxes(drawing):
    found = []
    for group in ElementTree.fromstring(drawing).iter(f"{SVG}g"):
        if group.get("class") == "node":
            r = group.find(f"{SVG}rect")
            found.append((group.find(f"{SVG}title").text, *(float(r.get(k)) for k in ("x", "y", "height"))))
    return found


def test_every_place_is_drawn_once_though_small_flows_are_left_out():
    drawn = flow_map(NODES, EDGES, "map")
    assert len(boxes(drawn.drawing)) == len(NODES)
    assert drawn.left_out > 0


def test_boxes_of_a_column_do_not_overlap():
    columns = {}
    for _, x, y, height in boxes(flow_map(NODES, EDGES, "map").drawing):
        columns.setdefault(x, []).append((y, y + height))
    for spans in columns.values():
        for (_, bottom), (top, _) in pairwise(sorted(spans)):
            assert bottom <= top


def test_lines_are_as_wide_as_flows():
    edges = [Edge("s", "a", 40.0), Edge("s", "b", 10.0), Edge("a", "home", 40.0), Edge("b", "home", 10.0)]
    nodes = [Node("s", "S", "stream"), Node("a", "A", "ae"), Node("b", "B", "utc"), Node("home", "Home", "exit")]
    tree = ElementTree.fromstring(flow_map(nodes, edges, "map").drawing)
    wide = {p.find(f"{SVG}title").text: float(p.get("stroke-width")) for p in tree.iter(f"{SVG}path")}
    assert wide["S to A: 40 a day"] == pytest.approx(4 * wide["S to B: 10 a day"], abs=0.1)
    assert wide["S to A: 40 a day"] + wide["S to B: 10 a day"] == pytest.approx(TALLEST, abs=0.2)


def test_roles_decide_columns_and_others_stand_after_what_feeds_them():
    nodes = [Node("s", "S", "stream"), Node("ae", "A", "ae"), Node("x", "X", "other"), Node("lost", "L", "other")]
    found = columns_of(nodes, [Edge("s", "ae", 5.0), Edge("ae", "x", 2.0)])
    assert found["s"] < found["ae"] < found["x"]
    assert found["lost"] == 1


def test_columns_without_places_take_no_room():
    nodes = [Node("s", "S", "stream"), Node("home", "Home", "exit")]
    assert {x for _, x, _, _ in boxes(flow_map(nodes, [Edge("s", "home", 5.0)], "map").drawing)} == {0.0, BOX + GAP}


def test_flows_back_are_marked_and_pass_below():
    nodes = [Node("s", "S", "stream"), Node("a", "A", "ae"), Node("w", "W", "ward")]
    edges = [Edge("s", "a", 10.0), Edge("a", "w", 10.0), Edge("w", "a", 2.0)]
    drawing = flow_map(nodes, edges, "map").drawing
    tree = ElementTree.fromstring(drawing)
    back = [p for p in tree.iter(f"{SVG}path") if p.get("class") == "flow back"]
    assert [p.find(f"{SVG}title").text for p in back] == ["W to A: 2 a day"]
    depths = [float(y) for y in re.findall(r" ([\d.]+)H", back[0].get("d"))]
    assert depths[0] > max(y + height for _, _, y, height in boxes(drawing))


def test_many_streams_are_drawn_as_their_largest_and_one_for_the_rest():
    nodes = [*(Node(f"s{i}", f"Stream {i}", "stream") for i in range(20)), Node("ae", "A&E", "ae")]
    drawing = flow_map(nodes, [Edge(f"s{i}", "ae", 20.0 - i) for i in range(20)], "map").drawing
    names = [name for name, *_ in boxes(drawing)]
    assert len(names) == 9
    assert any(name.startswith("Other demand") and "13 streams" in name for name in names)


def test_nothing_flowing_draws_nothing():
    assert flow_map(NODES, [], "map").drawing == ""


def test_slots_go_where_what_they_join_is_as_far_as_room_allows():
    slots = [Slot("a", 0, 10, 5), Slot("b", 0, 10, 5), Slot("x", 1, 10, 5), Slot("y", 1, 10, 5)]
    lay_out(slots, [("a", "y", 1.0), ("b", "x", 1.0)])
    by = {s.id: s for s in slots}
    assert by["a"].middle == pytest.approx(by["y"].middle)
    assert by["b"].middle == pytest.approx(by["x"].middle)
    assert abs(by["a"].middle - by["b"].middle) >= 15
    assert min(s.y for s in slots) == 0
