"""What the answer rests on: the map's flows, the loads in words, the services in figures, the record of the run."""

import math

import pytest

from flowsim.report.diagram import Edge, Node, without_junctions
from flowsim.report.evidence import audit_part, map_part, run_part, traffic
from tests.unit.report.fixture import ARMS, make_result


@pytest.mark.parametrize(
    ("load", "verdict", "word"),
    [
        (1.3, "cannot settle", "cannot settle"),
        (1.3, "settles", "over capacity"),
        (0.97, "near", "near its limit"),
        (0.96, "settles", "near its limit"),
        (0.9, "settles", "busy"),
        (0.4, "settles", "room to spare"),
        (math.nan, "cannot settle", "cannot settle"),
    ],
)
def test_loads_in_words(load, verdict, word):
    assert traffic(load, verdict)[0] == word


def test_loads_are_shown_for_every_option_busiest_first():
    shown = audit_part(make_result())["loads"][2]
    assert shown["busy"][0][0] == "Intermediate care beds"
    assert all(len(values) == len(ARMS) for _, values in [*shown["busy"], *shown["others"]])
    assert "Runcorn urgent treatment centre" in [name for name, _ in shown["others"]]


def test_services_in_figures_say_waits_in_hours():
    table = audit_part(make_result())["stations"][0]["table"]
    at = table["heads"].index("Mean wait, hours")
    assert dict(table["rows"])["Care homes"][at] == "0.2"
    assert dict(table["rows"])["Single point of access"][at] == "–"


def test_junctions_are_left_out_of_the_map_and_their_flows_joined():
    nodes = [Node("s", "S", "stream"), Node("j", "j", "junction"), Node("k", "k", "junction")]
    nodes += [Node("a", "A", "ae"), Node("b", "B", "utc")]
    edges = [Edge("s", "j", 10.0), Edge("j", "k", 10.0), Edge("k", "a", 8.0), Edge("k", "b", 2.0)]
    kept, flows = without_junctions(nodes, edges)
    assert [n.id for n in kept] == ["s", "a", "b"]
    assert {(e.source, e.target): e.per_day for e in flows} == {("s", "a"): 8.0, ("s", "b"): 2.0}


def test_the_map_notes_capacities_and_lists_flows_largest_first():
    part = map_part(make_result())
    assert "554 beds" in part["drawing"]
    assert "chairs by hour" in part["drawing"]
    assert part["flows"][0] == ("Other residents, Whiston", "Whiston A&E", "250")


def test_the_record_of_the_run_is_complete():
    part = run_part(make_result())
    facts = dict(part["facts"])
    assert part["command"] == "flowsim compare experiment=winter_2026"
    assert facts["Took"] == "8.3 minutes on 2 processes"
    assert facts["Began"] == "14 September 2026 at 09:30 UTC"
    assert facts["Revision"] == "not run from a checkout"
    assert len(part["people"]) < len(part["stress"])
