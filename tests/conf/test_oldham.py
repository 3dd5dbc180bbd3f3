"""Oldham stands on what is recorded of it and says what is Halton's, and flows add up. Sources: test_sources.py."""

import functools

import pytest

from flowsim.config.compose import options
from flowsim.config.load import load
from flowsim.config.scenarios import stage
from flowsim.config.sourcing import BOOKS, GROUPS, numbers
from flowsim.system.build import build
from flowsim.system.network import network

A_YEAR = ["run.starts=2026-04-01", "run.warm_up=0 d", "run.duration=364 d"]
HUBS = ["central", "east", "north", "south", "west"]
# The hospital's own record of 2015; Pennine Acute's share admitted, 2016 to 2019 (lowest and highest year).
ATTENDANCES, ADMITTED = 260, (0.223, 0.283)
# The rate method: residents' A&E attendances and emergency admissions a day, wherever they go.
RESIDENTS, ADMISSIONS = 205, (69.4, 90.4)
# Northern Care Alliance, general and acute beds in use, 2022 to 2025 (lowest and highest month).
OCCUPIED = (0.863, 0.935)


@functools.cache
def oldham():
    return load(["place=oldham"])


@functools.cache
def config():
    return oldham().config


@functools.cache
def year():
    return network(build(stage(load(["place=oldham", *A_YEAR]).raw, [], "baseline")))


def flow(source, target):
    return sum(e.patients_per_day for e in year().edges if e.target == target and source in (None, e.source))


def test_no_number_claims_to_be_calibrated_to_halton():
    assert {source for _, source in numbers(config(), (*GROUPS, *BOOKS))} & {
        "derived_halton",
        "calibrated_halton",
    } == set()


def test_what_is_scaled_says_by_how_much():
    entry = config().source["scaled_from_halton"]
    assert entry.status == "assumed"
    assert f"{38312 / 23812:.3f}" in entry.note
    assert f"{237110 / 129410:.3f}" in entry.note


@pytest.mark.parametrize(
    ("key", "halton", "ratio"),
    [
        ("service.reablement.capacity.slots", 40, 38312 / 23812),
        ("service.home_care.capacity.visits", 700, 38312 / 23812),
        ("service.care_home_beds.capacity.beds", 788, 38312 / 23812),
        ("service.rapid_response.capacity.caseload", 10, 237110 / 129410),
    ],
)
def test_scaled_places_are_halton_times_the_ratio(key, halton, ratio):
    node = config()
    for part in key.split("."):
        node = node[part] if isinstance(node, dict) else getattr(node, part)
    assert node.value == round(halton * ratio)


def test_attendances_and_admissions_are_as_recorded():
    coming = flow(None, "ae_royal_oldham")
    going_in = flow("ae_royal_oldham", "acute_royal_oldham") + flow("ae_royal_oldham", "sdec_royal_oldham")
    assert coming == pytest.approx(ATTENDANCES, rel=0.015)
    assert ADMITTED[0] <= going_in / coming <= ADMITTED[1]


def test_emergency_admissions_are_within_the_range_of_the_rate_method():
    through_ae = flow("ae_royal_oldham", "acute_royal_oldham") + flow("ae_royal_oldham", "sdec_royal_oldham")
    direct = flow("direct_admissions", "referred_to_royal_oldham")
    assert through_ae + direct == pytest.approx(88, rel=0.02)
    ours = 160 / ATTENDANCES  # residents among those who attend, and among the borough's attendances
    low, high = ADMISSIONS
    assert low <= (through_ae + direct) * ours * RESIDENTS / 160 <= high


def test_beds_by_littles_law_are_near_the_recorded_occupancy():
    load_of = year().load("acute_royal_oldham")
    low, high = OCCUPIED
    assert low <= load_of.offered / load_of.capacity <= high


def test_delays_come_to_englands_rate():
    """The steps of leaving, a day, add to England's acute delayed beds per adult, for those at Royal Oldham."""
    target = 177518 * (3535.4 / 44263393) * 160 / RESIDENTS
    leaving = config().service["acute_royal_oldham"].leaving
    support = ("reablement", "home_care", "intermediate_care_beds", "care_home_beds")
    beds = 0.0
    for name, step in leaving.items():
        if not config().reason[step.reason].recorded:
            continue
        for place in support:
            share = step.share.value_for({"to": place}).value
            mean = step.duration.mean.value_for({}).value / 1440
            beds += flow("acute_royal_oldham", place) * share * mean
        assert step.duration is not None, name
    assert beds == pytest.approx(target, rel=0.1)


def test_care_home_places_neither_fill_nor_empty():
    assert flow(None, "care_home_beds") == pytest.approx(1205 / 811, rel=0.1)


def test_no_queue_of_a_service_grows_in_the_base_case():
    assert [load.id for load in year().loads if load.kind == "service" and load.verdict == "cannot settle"] == []


def test_five_neighbourhoods_of_thirty_to_eighty_thousand():
    place = config().place
    assert list(place.hubs) == HUBS
    assert sum(place.population[hub].value for hub in HUBS) == pytest.approx(place.population["all"].value, abs=5)
    assert all(30_000 <= place.population[hub].value <= 80_000 for hub in HUBS)
    fifths = sum(place.population[f"fifth_{n}"].value for n in range(1, 6))
    assert fifths == place.population["all"].value
    for kind in ("neighbourhood_team", "neighbourhood_clinic"):
        assert [config().service[f"{kind}_{hub}"].hub for hub in HUBS] == HUBS


def test_measures_of_residents_are_those_of_other_boroughs():
    own = {m: d for m, d in config().measure.items() if m.startswith("residents_") and d.when.get("hub") == HUBS}
    halton = load(["place=halton"]).config.measure
    assert len(own) > 8
    assert {m: (d.kind, d.unit, d.role, d.options) for m, d in own.items()} == {
        m: (halton[m].kind, halton[m].unit, halton[m].role, halton[m].options) for m in own
    }


def test_every_intervention_says_what_is_known_of_its_effect():
    assert [name for name, i in config().intervention.items() if i.evidence is None or not i.why] == []


def test_restrictions_hold_between_their_dates_and_lift():
    raw = load(["place=oldham", "run=oldham_2020"]).raw

    def beds(starts, stack):
        raw["run"]["starts"] = starts
        return [c.service["acute_royal_oldham"].capacity["beds"].value for _, c in stage(raw, stack, None).periods]

    assert beds("2020-10-01", ["infection_control_2020"]) == [367]
    assert beds("2021-05-01", ["infection_control_2020"]) == [367, 402]
    assert beds("2020-10-01", ["infection_control"]) == [367]
    dated, undated = (config().intervention[f"infection_control{end}"] for end in ("_2020", ""))
    assert dated.sets == undated.sets


def test_the_pooled_budget_changes_who_pays_and_nothing_else():
    base, pooled = config(), stage(oldham().raw, ["pooled_budget"], None).periods[-1][1]
    changed = {name for name in base.cost if base.cost[name] != pooled.cost[name]}
    assert changed == {key.split(".")[1] for key in config().intervention["pooled_budget"].sets}
    assert {pooled.cost[name].payer for name in changed} == {"pooled_fund"}
    assert base.model_copy(update={"cost": {}}) == pooled.model_copy(update={"cost": {}})


def test_run_settings_of_2020_exist():
    assert "oldham_2020" in options("run")
