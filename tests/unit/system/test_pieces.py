"""Parts that configurations share are built once, and are what each would have built by itself."""

import pytest

from flowsim.config.load import load
from flowsim.config.scenarios import stage
from flowsim.errors import ConfigError
from flowsim.system.build import build
from flowsim.system.pieces import Pieces
from tests.build import OnePeriod, config_of
from tests.unit.system.test_services import network


def staged(*stack, demand=None, more=()):
    return stage(load(["place=toy", "experiment=toy", *more]).raw, stack, demand)


def test_what_is_built_with_parts_of_others_is_what_is_built_alone():
    pieces = Pieces()
    several = [
        staged(),
        staged("more_reablement"),
        staged("whole_plan", demand="busy"),
        staged(demand="busy"),
        staged(),
    ]
    for one in several:
        assert build(one, pieces) == build(one)


def test_a_part_that_does_not_differ_is_the_same_object():
    pieces = Pieces()
    before, after = build(staged(), pieces), build(staged(demand="busy"), pieces)
    assert all(one is other for one, other in zip(before.services, after.services, strict=True))
    assert not any(one is other for one, other in zip(before.streams, after.streams, strict=True))


@pytest.mark.parametrize("change", ["run.duration=21 d", "run.starts=2026-01-01", "run.tick=1 min"])
def test_nothing_is_shared_between_calendars(change):
    pieces = Pieces()
    build(staged(), pieces)
    other = staged(more=[change])
    assert build(other, pieces) == build(other)


def test_a_part_with_a_problem_is_told_each_time():
    surge = {"spaces": 2, "opens_when": "full", "closes_when": "occupancy < 90 %"}
    faulty, pieces = OnePeriod(((None, config_of(network({"surge": surge}))),)), Pieces()
    for _ in range(2):
        with pytest.raises(ConfigError, match="opens_when"):
            build(faulty, pieces)
