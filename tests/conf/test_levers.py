"""Levers L1 to L20, test beds and risks: priced, with evidence, claims apart, effects by mechanism."""

import functools
import re

import pytest

from flowsim.config.load import load
from flowsim.config.models import Intervention
from flowsim.config.scenarios import stage
from flowsim.system.build import build
from flowsim.system.network import network

LEVERS = {
    "L1": ["utc_plus", "utc_diagnostics", "utc_in_place_of_ae"],
    "L2": ["acute_closer_to_home", "more_same_day_emergency_care"],
    "L3": ["utc_bookable"],
    "L4": ["frailty_half_strength", "frailty_full_strength", "frailty_prevention"],
    "L5": ["hubs_nursing", "hubs_social_care", "hubs_mental_health_voluntary", "hubs_specialist"],
    "L6": ["rapid_response_front_door"],
    "L7": ["reablement_first", "more_reablement", "more_intermediate_care", "step_up_beds"],
    "L8": ["discharge_seven_days", "early_discharge_identification", "shared_discharge_assessment"],
    "L9": ["care_home_support_team"],
    "L10": ["case_management"],
    "L11": ["prevention_alcohol", "prevention_smoking", "prevention_falls", "making_every_contact_count"],
    "L12": ["single_point_of_access_more", "directory_of_services"],
    "L13": ["telecare_expansion", "telehealth_monitoring", "e_consultation"],
    "L14": ["same_day_gp_more", "seven_day_primary_care", "flexible_appointments", "out_of_hours_more"],
    "L15": ["family_centres"],
    "L16": ["pooled_budget", "capitation", "personal_budgets", "shared_savings"],
    "L17": ["outreach_first", "outreach_later"],
    "L18": ["planned_care_closer"],
    "L19": ["river_crossing_delay", "services_mirrored"],
    "L20": ["care_act_assessments"],
}  # fmt: skip
TEST_BEDS = {
    "test_bed_treatment_room": "runcorn_east",
    "test_bed_mental_health": "widnes_south",
    "test_bed_copd": "runcorn_west",
}
DOCUMENTS = {"halton_bcf_2014", "halton_ooh_2018", "one_halton_2020", "well_north_2015", "oldham_narrative_2020"}
PRICED_BY_CAPACITY = {"more_reablement", "more_intermediate_care"}
"""What they cost is in the cost book, by the places they open."""
ELICITED = re.compile(r"-([\d.]+) %")
FULL_YEAR = ["place=halton", "run.starts=2026-04-01", "run.warm_up=0 d", "run.duration=364 d"]


@functools.cache
def halton():
    return load(["place=halton", "run=smoke"])


def interventions() -> dict[str, Intervention]:
    return halton().config.intervention


def of_the_plans() -> dict[str, Intervention]:
    """Interventions of people's making; steps between years are no levers."""
    return {name: item for name, item in interventions().items() if not name.startswith("year_")}


def values(node, key=""):
    """Yield (key, sourced value) of every number an intervention sets."""
    if isinstance(node, dict):
        if "value" in node:
            yield key, node
        else:
            for name, below in node.items():
                yield from values(below, f"{key}.{name}")


@pytest.mark.parametrize("lever", LEVERS)
def test_each_lever_is_there(lever):
    assert set(LEVERS[lever]) <= set(interventions())


def test_every_lever_says_why_and_what_is_known_of_it():
    for name, item in of_the_plans().items():
        assert item.label, name
        assert item.why, name
        assert item.evidence is not None, name
        known = halton().config.source[item.evidence.source]
        assert known.status in ("measured", "published", "expert", "assumed"), name


def test_every_lever_is_priced_and_somebody_pays():
    payers = set(halton().config.place.payers)
    for name, item in of_the_plans().items():
        assert item.costs or name in PRICED_BY_CAPACITY, name
        for cost in item.costs.values():
            named = {cost.payer} if isinstance(cost.payer, str) else set(cost.payer)
            assert named <= payers, name
            amount = cost.amount or cost.once
            assert amount is not None, name
            assert amount.low is not None, name
            assert amount.high is not None, name


def test_claims_are_the_plans_and_never_what_is_in_force():
    for name, item in of_the_plans().items():
        if item.claim is not None:
            assert item.claim.source in DOCUMENTS, name
            assert item.claim.value != item.evidence.value, name
    claimed = {name: item for name, item in halton().config.scenario_book.items() if name.endswith("_as_claimed")}
    assert len(claimed) >= 5
    assert all(item.label.startswith("As claimed: ") for item in claimed.values())
    named = {name for name, item in halton().config.scenario_book.items() if item.label.startswith("As claimed")}
    assert named == set(claimed)


def test_effects_are_by_mechanism_and_never_on_outputs():
    allowed = ("service.", "staff.", "stream.", "pathway.", "cost.")
    for name, item in of_the_plans().items():
        assert all(key.startswith(allowed) for key in item.sets), name
        assert not any(
            key.startswith(("stream.ae_", "stream.direct_")) and key.endswith("factor") for key in item.sets
        ), name


def test_every_number_set_has_a_source_and_a_range_where_it_is_an_effect():
    for name, item in of_the_plans().items():
        for key, said in values(item.sets):
            assert said.get("source") in halton().config.source, (name, key)
            if ".thinned." in key:
                assert {"low", "high"} <= set(said), (name, key)


def test_prevention_is_a_tenth_of_what_experts_expect_in_twenty_years():
    seen = 0
    for name, item in of_the_plans().items():
        shares = [said for key, said in values(item.sets) if said.get("source") == "nhp_two_of_twenty_years"]
        if not shares or item.evidence.source != "nhp_elicitation_2023":
            continue
        mean = float(ELICITED.fullmatch(item.evidence.value)[1])
        ends = (item.evidence.low or item.evidence.value, item.evidence.high or item.evidence.value)
        low, high = sorted(float(ELICITED.fullmatch(said)[1]) for said in ends)
        largest = max(shares, key=lambda said: float(said["value"].removesuffix(" %")))
        told = [float(largest[part].removesuffix(" %")) for part in ("value", "low", "high")]
        assert told == pytest.approx([mean / 10, low / 10, high / 10], abs=0.06), name
        seen += 1
    assert seen >= 8


def test_integration_shows_next_to_nothing_for_two_years():
    for name in ("hubs_nursing", "hubs_social_care", "hubs_mental_health_voluntary", "case_management"):
        shares = [said["value"] for key, said in values(interventions()[name].sets) if ".thinned." in key]
        assert shares, name
        assert all(float(said.removesuffix(" %")) <= 0.3 for said in shares), name


@pytest.mark.parametrize("bed", TEST_BEDS)
def test_each_test_bed_is_in_a_hub_of_its_own_and_leaves_the_comparator_alone(bed):
    text = str(interventions()[bed].sets)
    assert TEST_BEDS[bed] in text
    others = {*TEST_BEDS.values(), "widnes_north"} - {TEST_BEDS[bed]}
    assert [hub for hub in others if hub in text] == []


def test_test_beds_are_rolled_out_in_dated_phases():
    run = ["run.starts=2026-10-01", "run.warm_up=7 d", "run.duration=182 d"]
    staged = stage(load(["place=halton", *run]).raw, ["test_beds_rolled_out"], None)
    assert [str(day) for day, _ in staged.periods] == ["None", "2026-12-01", "2027-02-01"]
    rooms = [f"treatment_room_{hub}" for hub in staged.config.place.hubs if hub != "central"]
    chairs = [sum(config.service[room].capacity["chairs"].value > 1 for room in rooms) for _, config in staged.periods]
    assert chairs == [1, 2, 4]


def test_the_plans_claims_are_met_where_they_are_said_to_be():
    loaded = load(FULL_YEAR)

    def coming(stack: list[str]) -> tuple[float, float]:
        edges = network(build(stage(loaded.raw, stack, None))).edges
        doors = sum(e.patients_per_day for e in edges if e.target in ("ae_warrington", "ae_whiston"))
        wards = ("acute_warrington", "acute_whiston")
        return doors, sum(e.patients_per_day for e in edges if e.target in wards and e.source not in wards)

    before = coming([])
    # residents: 94.6 attendances a day recorded, 28.6 admissions overnight (docs/halton.md)
    attendances = coming(["ae_target_as_claimed"])[0] - before[0]
    assert attendances / 94.6 == pytest.approx(-0.15, abs=0.02)
    admissions = coming(["admissions_target_as_claimed"])[1] - before[1]
    assert admissions / 28.6 == pytest.approx(-0.15, abs=0.02)


def test_risks_are_labelled_as_stress():
    stress = [name for name, item in halton().config.scenario_book.items() if item.label.startswith("Stress: ")]
    assert len(stress) >= 12


def test_every_experiment_of_the_place_can_be_designed():
    loaded = load(["place=halton", "experiment=test_beds", "run=smoke"])
    assert loaded.config.experiment.arms["rolled_out"] == ["test_beds_rolled_out"]
