"""The page of parameters lists every number once, with where it comes from."""

from pathlib import Path

import pytest

from flowsim.config.load import load
from flowsim.config.sourcing import by_status, numbers
from flowsim.report.docs_parameters import markdown, page_name, parameters, write_parameters

DOCS = Path(__file__).parents[3] / "docs"


@pytest.fixture(scope="module")
def toy():
    return load(["place=toy", 'service.ward.capacity.beds={value: "48", low: "40", high: "50", source: illustrative}'])


def test_every_number_of_the_place_is_listed_under_its_key(toy):
    listed = [p.key for p in parameters(toy.config) if not p.key.startswith("intervention.")]
    assert listed == [key for key, _ in numbers(toy.config)]


def test_a_row_has_value_range_unit_source_and_status(toy):
    found = {p.key: p for p in parameters(toy.config)}
    beds = found["service.ward.capacity.beds"]
    assert (beds.value, beds.low, beds.high, beds.source, beds.status) == ("48", "40", "50", "illustrative", "assumed")
    visit = found["cost.reablement.visit"]
    assert (visit.value, visit.unit, visit.source) == ("24", "£", "illustrative")


def test_what_an_intervention_sets_is_listed_apart(toy):
    found = [p for p in parameters(toy.config) if p.key.startswith("intervention.")]
    assert found
    assert any(".sets." in p.key for p in found)


def test_the_counts_are_those_of_the_check(toy):
    text = markdown(toy.config)
    total = sum(by_status(toy.config).values())
    row = next(line for line in text.splitlines() if line.startswith("| **the place** |"))
    assert row.rstrip("| ").endswith(str(total))


def test_it_is_written_under_the_places_name(toy, tmp_path):
    assert write_parameters(toy, tmp_path) == tmp_path / "parameters-toy.md"
    assert (tmp_path / page_name(toy.config)).read_text(encoding="utf-8") == markdown(toy.config)


@pytest.mark.parametrize("place", ["halton", "oldham"])
def test_the_shipped_page_is_what_the_configuration_says(place):
    config = load([f"place={place}"]).config
    assert (DOCS / page_name(config)).read_text(encoding="utf-8") == markdown(config)
