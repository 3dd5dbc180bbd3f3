"""Years: stated steps from the year the files describe, before everything else."""

import copy

import pytest

from flowsim.config.compose import compose
from flowsim.config.load import load
from flowsim.config.scenarios import stage
from flowsim.config.years import RECORDED, in_year, step_by_step
from flowsim.errors import ConfigError

NOWHERE = "service.nowhere.capacity.beds"
BEDS = "service.ward.capacity.beds"
AGEING = {"value": 1.1, "low": 1.0, "high": 1.2, "source": "illustrative"}
BOOK = {
    "now": {"label": "As recorded", "steps": {}},
    "later": {
        "label": "Later",
        "steps": {
            "ageing": {"label": "Ageing", "factors": {"all": AGEING}},
            "trend": {"label": "Trend", "factors": {"walk_ins": {"value": 1.5, "source": "illustrative"}}},
            "beds": {"label": "Beds", "sets": {BEDS: {"value": 40, "low": 30, "high": 44, "source": "illustrative"}}},
        },
    },
}  # fmt: skip


@pytest.fixture
def toy():
    raw = copy.deepcopy(compose(["place=toy"]))
    raw["year_book"] = copy.deepcopy(BOOK)
    return raw


def volume(raw, stream, stack=()):
    return stage(raw, stack).config.stream[stream].volume


def test_steps_multiply_streams_and_set_keys_in_order(toy):
    before = volume(toy, "walk_ins")
    in_year(toy, "later")
    now = volume(toy, "walk_ins")
    assert now.value == pytest.approx(before.value * 1.1 * 1.5, rel=1e-11)
    assert (now.low, now.high) == pytest.approx((before.low * 1.0 * 1.5, before.high * 1.2 * 1.5), rel=1e-11)
    assert now.source == "illustrative"
    assert stage(toy).config.service["ward"].capacity["beds"].value == 40


def test_the_recorded_year_changes_nothing(toy):
    before = copy.deepcopy(toy)
    in_year(toy, "now")
    assert {**toy, "year": ""} == {**before, "year": ""}


def test_demand_comes_after_the_year(toy):
    toy["demand"]["double"] = {"label": "Double", "factors": {"walk_ins": {"value": 2, "source": "illustrative"}}}
    in_year(toy, "later")
    once = volume(toy, "walk_ins").value
    doubled = stage(toy, [], "double").config.stream["walk_ins"]
    assert doubled.volume.value * doubled.factor.value == pytest.approx(2 * once, rel=1e-11)


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"factors": {"nobody": 2}}, "year_book.later.steps.trend.factors.nobody"),
        ({"sets": {NOWHERE: 2}}, f"year_book.later.steps.trend.sets.{NOWHERE}"),
    ],
)  # fmt: skip
def test_a_step_that_changes_what_is_not_there_is_refused(toy, change, key):
    toy["year_book"]["later"]["steps"]["trend"] = {"label": "Trend", **change}
    with pytest.raises(ConfigError) as caught:
        in_year(toy, "later")
    assert [problem.key for problem in caught.value.problems] == [key]


def test_an_unknown_year_names_those_there_are(toy):
    with pytest.raises(ConfigError, match="later"):
        in_year(toy, "latr")


def test_a_year_asked_for_where_there_is_none_is_refused():
    with pytest.raises(ConfigError, match="year"):
        compose(["place=toy", "year=2026_27"])


def test_steps_one_by_one_end_where_the_year_does(toy):
    toy["experiment"] = {"question": "Why?", "steps_to": "later", "watches": [], "arms": {}}
    step_by_step(toy)
    arms = toy["experiment"]["arms"]
    assert list(arms) == [RECORDED, "ageing", "ageing_low", "ageing_high", "trend", "beds", "beds_low", "beds_high"]
    year = copy.deepcopy(toy)
    in_year(year, "later")
    last, whole = stage(toy, arms["beds"]).config, stage(year).config
    assert last.stream == whole.stream
    assert last.service == whole.service


def test_each_step_is_added_to_those_before(toy):
    start = volume(toy, "ambulances").value
    toy["experiment"] = {"question": "Why?", "steps_to": "later", "watches": [], "arms": {}}
    step_by_step(toy)
    arms = toy["experiment"]["arms"]
    for arm, times in {
        RECORDED: 1,
        "ageing_low": 1.0,
        "ageing": 1.1,
        "ageing_high": 1.2,
        "trend": 1.1,
        "beds_low": 1.1,
    }.items():
        assert volume(toy, "ambulances", arms[arm]).value == pytest.approx(start * times, rel=1e-11), arm
    beds = {arm: stage(toy, stack).config.service["ward"].capacity["beds"].value for arm, stack in arms.items()}
    assert (beds["beds_low"], beds["beds"], beds["beds_high"]) == (30, 40, 44)
    assert beds["trend"] == beds[RECORDED]


def test_the_command_line_comes_last():
    loaded = load(["place=toy", "year=", f"{BEDS}=50"])
    assert loaded.config.service["ward"].capacity["beds"].value == 50
