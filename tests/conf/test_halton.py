"""Halton stands on recorded figures: the flows add up to what was recorded. Sources: test_sources.py."""

import functools

import pytest

from flowsim.config.load import load
from flowsim.config.models import Config
from flowsim.config.scenarios import stage
from flowsim.system.build import build
from flowsim.system.network import network

RECORDED_YEARS = ["run.starts=2016-04-01", "run.warm_up=0 d", "run.duration=730 d"]
# NHS England, April 2016 to March 2018: type 1 attendances a day and share admitted.
RECORDED = {"warrington": (220.73, 0.3780), "whiston": (294.07, 0.3958)}
# NHS England, April 2022 to June 2023: general and acute beds, share occupied.
BEDS = {"warrington": (554, 0.931), "whiston": (745, 0.974)}

SUPPORT = ("reablement", "home_care", "intermediate_care_beds", "care_home_beds")
HUBS = ("runcorn_east", "runcorn_west", "widnes_north", "widnes_south")
OUTSIDE_HOSPITAL = (
    *(f"{service}_{hub}" for service in ("community_nursing", "treatment_room", "hub_team") for hub in HUBS),
    *("specialist_hub", "care_home_support", "mental_health_outreach", "copd_team", "rapid_access_rehabilitation"),
    *("telecare", "falls_response", "out_of_hours_gp", "same_day_gp_runcorn", "same_day_gp_widnes"),
    *("extra_care_housing", "equipment_service", "single_point_of_access", "mental_health_beds", "dementia_pathway"),
    *("learning_disability", "carers_support", "safeguarding_unit", "wellness_service", "social_care_in_practice"),
    *("ambulance_handover_warrington", "ambulance_handover_whiston", "family_centre", "outreach_team"),
    *("online_consultation", "rapid_response", "frailty_service"),
)
TOWNS = ("runcorn", "widnes")
PEOPLE = (0.245, 0.245, 0.255, 0.255)
CARING = ("community", "case_management", "rehabilitation", "mental_health", "primary_care", "social_care")
NOT_YET = ("specialist_hub", "frailty_service", "family_centre", "outreach_team", "online_consultation")
"""Services that were not there in 2017/18: a lever or a step to a later year opens them."""


@functools.cache
def halton():
    return load(["place=halton", "year=2017_18"])


@functools.cache
def config():
    return halton().config


@functools.cache
def year():
    """What the flows of the two recorded years are on average, as implied by the inputs."""
    return network(build(stage(load(["place=halton", "year=2017_18", *RECORDED_YEARS]).raw, [], "baseline")))


def flow(source, target):
    return sum(e.patients_per_day for e in year().edges if target in (None, e.target) and source in (None, e.source))


def test_every_intervention_says_what_is_known_of_its_effect():
    assert [name for name, i in config().intervention.items() if i.evidence is None] == []
    assert [name for name, i in config().intervention.items() if not i.label or not i.why] == []


def test_profiles_name_their_source():
    assert [name for name, profile in config().profile.items() if not profile.source] == []


@pytest.mark.parametrize("site", RECORDED)
def test_attendances_and_admissions_are_as_recorded(site):
    attendances, admitted = RECORDED[site]
    coming = flow(None, f"ae_{site}")
    going_in = flow(f"ae_{site}", f"acute_{site}") + flow(f"ae_{site}", f"sdec_{site}")
    assert coming == pytest.approx(attendances, rel=0.015)
    assert going_in / coming == pytest.approx(admitted, abs=0.01)


def test_treatment_centres_see_as_many_as_recorded():
    # type 3 after the break of December 2017: Runcorn, and what moved from St Helens and Knowsley to Bridgewater
    assert flow(None, "utc_runcorn") == pytest.approx(94.1, rel=0.01)
    assert flow(None, "utc_widnes") == pytest.approx(101.5, rel=0.01)


@pytest.mark.parametrize("site", BEDS)
def test_beds_by_littles_law_are_near_the_recorded_occupancy(site):
    beds, occupied = BEDS[site]
    load_of = year().load(f"acute_{site}")
    assert load_of.capacity == beds
    # waits for other services come on top of the offered load: about one bed in a hundred
    assert load_of.offered / beds == pytest.approx(occupied - 0.01, abs=0.02)


def test_most_older_patients_need_no_new_support():
    wards = [f"acute_{site}" for site in BEDS]
    supported = sum(flow(ward, to) for ward in wards for to in SUPPORT)
    # older residents who leave alive: 12.7 overnight a day, of whom one in eight dies
    assert 0.60 <= 1 - supported / (12.7 * 0.88) <= 0.80


def test_care_home_places_neither_fill_nor_empty():
    leaving = 749 / 811
    assert flow(None, "care_home_beds") == pytest.approx(leaving, rel=0.1)


def test_no_queue_of_a_service_grows_in_the_base_case():
    assert [load.id for load in year().loads if load.kind == "service" and load.verdict == "cannot settle"] == []


@pytest.mark.parametrize("name", OUTSIDE_HOSPITAL)
def test_a_service_can_be_switched_sized_and_priced(name):
    service = config().service[name]
    assert service.enabled
    assert service.capacity
    assert service.when_closed
    assert service.role != "other"
    assert service.provider in config().place.providers
    assert name in config().cost or {pool for s in service.steps.values() for pool in s.staff} & set(config().cost)
    assert flow(name, None) > 0 or name in NOT_YET


def test_services_outside_hospital_can_all_be_switched_off():
    off_words = [f"service.{name}.enabled=false" for name in OUTSIDE_HOSPITAL]
    off = load(["place=halton", "year=2017_18", *RECORDED_YEARS, *off_words])
    rest = network(build(stage(off.raw, [], "baseline")))
    assert not {edge.target for edge in rest.edges} & set(OUTSIDE_HOSPITAL)
    assert rest.left_over == 0


def test_what_came_later_is_not_in_the_base_year():
    assert [name for name in NOT_YET if flow(name, None) > 0] == []
    assert all(config().service[f"utc_{town}"].opens == config().service["utc_runcorn"].opens for town in TOWNS)


def test_acute_care_failing_outside_hospital_comes_back_to_it():
    to_ae = {e.source for e in year().edges if e.target in {"ae_by_travel", "unmet_out_of_hours"}}
    caring = {name for name in OUTSIDE_HOSPITAL if config().service[name].role in CARING} - set(NOT_YET)
    passing_on = {"treatment_room", "mental_health_beds", "extra_care_housing", "wellness_service"}
    assert {name for name in caring - to_ae if not name.startswith(tuple(passing_on))} == set()


def test_residents_are_divided_between_fifths_as_recorded():
    # attenders of all hubs: 48.6 % of residents, weighted by how often each fifth attends
    tables = config().stream["ae_warrington_halton"].mix["deprivation"].cases
    share = {age: sum(fifth(tables[age][hub]) * part for hub, part in zip(HUBS, PEOPLE, strict=True)) for age in tables}
    assert share["18-64"] == pytest.approx(0.579, abs=0.01)
    assert share["85+"] == pytest.approx(0.493, abs=0.01)


def test_out_of_touch_are_as_many_as_the_cohort():
    reach = config().stream["ae_warrington_halton"].mix["reach"].cases
    residents = (0.4863, 0.1478, 0.1160, 0.1495, 0.1003)
    out = sum(share_of(reach[f"fifth_{i}"], "out_of_touch") * r for i, r in enumerate(residents, start=1))
    assert out == pytest.approx(53_300 / 129_410, abs=0.01)


def test_every_resident_stream_draws_what_levers_aim_at():
    aims = {"hub", "deprivation", "condition", "risk", "reach", "frailty"}
    assert [name for name, stream in config().stream.items() if not aims <= set(stream.mix)] == []


def fifth(shares):
    return share_of(shares, "fifth_1")


def share_of(shares, level):
    said = shares[level]
    return getattr(said, "value", said) if not isinstance(said, str) else float(said.split()[0]) / 100


def test_recorded_reasons_are_divided_between_bodies_as_in_the_official_count():
    bodies = {name: reason.body for name, reason in config().reason.items() if reason.recorded}
    assert bodies["choice"] == bodies["further_nhs_care"] == "nhs"
    assert bodies["home_care_package"] == bodies["residential_home"] == "social_care"
    assert {reason.body for reason in config().reason.values()} <= set(config().place.bodies)


def test_arms_change_values_and_never_the_structure():
    base = shape(config())
    for arm, stack in config().experiment.arms.items():
        periods = stage(halton().raw, stack, "baseline").periods
        assert {day for day, _ in periods} == {None}, arm
        assert [shape(c) for _, c in periods] == [base], arm


def shape(some: Config):
    return {
        "services": tuple(some.service),
        "streams": tuple(some.stream),
        "steps": {name: (tuple(s.steps), tuple(s.leaving)) for name, s in some.service.items()},
        "ways": {name: {branch: tuple(b.to or b.among) for branch, b in p.items()} for name, p in some.pathway.items()},
    }


def test_at_least_seven_arms_at_three_levels_of_demand():
    experiment = config().experiment
    assert len(experiment.arms) >= 7
    assert experiment.demand == ["baseline", "moderate", "extreme"]
    assert set(experiment.arm_labels) == set(experiment.arms)
    assert set(experiment.watches) <= set(config().measure)
    in_some_arm = {name for stack in experiment.arms.values() for name in stack}
    assert in_some_arm == set(experiment.arms["everything"])


def test_costs_are_paid_by_somebody_and_sum_to_the_whole():
    payers = set(config().place.payers)
    for name, cost in config().cost.items():
        named = {cost.payer} if isinstance(cost.payer, str) else set(cost.payer)
        assert named <= payers, name
