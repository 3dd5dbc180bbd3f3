"""The page of parameters lists every number once, with where it comes from."""

from pathlib import Path

import pytest

from flowsim.config.load import load
from flowsim.config.sourcing import BOOKS, GROUPS, by_status, numbers
from flowsim.report.docs_parameters import markdown, page_name, parameters, write_parameters

DOCS = Path(__file__).parents[3] / "docs"


@pytest.fixture(scope="module")
def toy():
    return load(["place=toy", 'service.ward.capacity.beds={value: "48", low: "40", high: "50", source: illustrative}'])


def test_every_number_of_the_place_is_listed_under_its_key(toy):
    listed = [p.key for p in parameters(toy.config) if p.key.startswith(tuple(f"{group}." for group in GROUPS))]
    assert listed == [key for key, _ in numbers(toy.config)]


def test_a_row_has_value_range_unit_source_and_status(toy):
    found = {p.key: p for p in parameters(toy.config)}
    beds = found["service.ward.capacity.beds"]
    assert (beds.value, beds.low, beds.high, beds.source, beds.status) == ("48", "40", "50", "illustrative", "assumed")
    visit = found["cost.reablement.visit"]
    assert (visit.value, visit.unit, visit.source) == ("24", "£", "illustrative")


def test_what_may_be_done_and_was_recorded_is_listed_apart(toy):
    found = {p.key: p for p in parameters(toy.config)}
    assert found["intervention.more_reablement.sets.service.reablement.capacity.visits"].value == "80"
    assert found["intervention.discharge_weekends.sets.staff.discharge_team.rota.sat-sun.09:00"].value == "1"
    assert found["intervention.more_reablement.costs.setting_up.once"].unit == "£"
    groups = [key.partition(".")[0] for key in found]
    assert list(dict.fromkeys(groups)) == [group for group in (*GROUPS, *BOOKS) if group in groups]
    assert {"record", "calibration", "intervention"} <= set(groups)


def test_an_uncertain_input_is_listed_by_its_ends(toy):
    label, knob = next(iter(toy.config.calibration.knobs.items()))
    row = next(p for p in parameters(toy.config) if p.key == f"calibration.knobs.{label}")
    assert (row.value, row.source) == ("", knob.source)
    assert all(str(end).startswith(said) for end, said in ((knob.low, row.low), (knob.high, row.high)))


def test_a_number_without_a_source_is_counted_as_such():
    sets = {"service.ward.capacity.beds": 30, "staff.discharge_team.rota.sat-sun": {"09:00": 2}}
    bare = load(["place=toy", f"+intervention.bare={{label: Bare, sets: {sets}}}"]).config
    found = {p.key: p.status for p in parameters(bare) if p.key.startswith("intervention.bare.")}
    assert set(found.values()) == {"no source"}
    assert len(found) == 2
    assert "no source" in markdown(bare)


def test_the_counts_are_those_of_the_check(toy):
    text = markdown(toy.config)
    total = sum(by_status(toy.config).values())
    row = next(line for line in text.splitlines() if line.startswith("| **the place** |"))
    assert row.rstrip("| ").endswith(str(total))


def test_it_is_written_under_the_places_name(toy, tmp_path):
    assert write_parameters(toy, tmp_path) == tmp_path / "parameters-toy.md"
    assert (tmp_path / page_name(toy.config)).read_text(encoding="utf-8") == markdown(toy.config)


def test_a_mix_by_cases_that_an_option_sets_counts_once():
    mix = "{by: age, values: {85_plus: {major: 80 %, minor: rest}, rest: {major: 20 %, minor: rest}}}"
    sets = f"{{stream.walk_ins.mix.acuity: {mix}}}"
    config = load(["place=toy", f"+intervention.other={{label: Other, source: illustrative, sets: {sets}}}"]).config
    (row,) = [p for p in parameters(config) if p.key.startswith("intervention.other.")]
    assert (row.value, row.unit, row.status) == ("2", "shares by age", "assumed")


@pytest.mark.parametrize("place", ["halton", "oldham"])
def test_the_shipped_page_is_what_the_configuration_says(place):
    config = load([f"place={place}"]).config
    assert (DOCS / page_name(config)).read_text(encoding="utf-8") == markdown(config)
