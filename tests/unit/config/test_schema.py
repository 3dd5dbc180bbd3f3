import json

import pytest
import yaml
from jsonschema import Draft202012Validator

from flowsim.config.compose import compose
from flowsim.config.schema import schema

SCHEMA = schema()


def faults(text):
    return list(Draft202012Validator(SCHEMA).iter_errors(yaml.safe_load(text)))


def test_is_a_schema_of_the_2020_draft_in_plain_json():
    Draft202012Validator.check_schema(SCHEMA)
    assert json.loads(json.dumps(SCHEMA, allow_nan=False)) == SCHEMA


@pytest.mark.parametrize("place", ["toy", "halton"])
def test_whole_configuration_fits(place):
    raw = json.loads(json.dumps(compose([f"place={place}"])))
    assert [e.message for e in Draft202012Validator(SCHEMA).iter_errors(raw)] == []


@pytest.mark.parametrize(
    "text",
    [
        "service: {ward: {capacity: {beds: 4}}}",
        'service: {ward: {capacity: {beds: "unlimited"}}}',
        'service: {ward: {capacity: {beds: {mon-fri: {"08:00": 4}, sat-sun: {"00:00": 0}}}}}',
        'service: {ward: {capacity: {beds: 4}, opens: {every_day: ["08:00", "20:00"]}}}',
        'service: {ward: {capacity: {beds: 4}, steps: {stay: {duration: "4 h"}}}}',
        'service: {ward: {capacity: {beds: 4}, steps: {stay: {duration: {by: a, values: {b: "9 d"}, rest: "4 d"}}}}}',
        'service: {ward: {capacity: {beds: 4}, steps: {stay: {duration: {value: "4 h", low: "3 h", source: x}}}}}',
        'pathway: {ward: {rest: home, old: {when: {age: old}, to: {clinic: "4.5 %", home: rest}}}}',
        'pathway: {ward: {rest: {to: {clinic: "4 %", rest: home}}}}',
        'stream: {s: {volume: "4 /day", to: ward, mix: {age: {by: sex, values: {f: {old: "4 %", young: rest}}}}}}',
        'cost: {ward: {space: "£ 1,346.50 /day", payer: {icb: "50 %", council: rest}}}',
    ],
)
def test_takes_what_may_be_written(text):
    assert faults(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "servcie: {}",
        "service: {ward: {capcity: {beds: 4}}}",
        'service: {ward: {capacity: {beds: "4 d"}}}',
        'service: {ward: {capacity: {beds: {moon: {"08:00": 4}}}}}',
        "service: {ward: {capacity: {beds: 4}, kind: spacess}}",
        "service: {ward: {capacity: {beds: 4}, steps: {stay: {duration: 4}}}}",
        "stream: {s: {volume: 4, to: ward}}",
        'cost: {ward: {space: "346 /day", payer: icb}}',
        'pathway: {ward: {rest: {to: {clinic: "4 /day", home: rest}}}}',
    ],
)
def test_refuses_what_may_not(text):
    assert faults(text) != []


def test_fields_are_described_and_quantities_have_an_example():
    assert SCHEMA["$defs"]["Queue"]["properties"]["places"]["description"] == "waiting places for arrivals"
    assert SCHEMA["$defs"]["Duration"]["anyOf"][0]["examples"] == ["4 h"]
    assert "title" not in SCHEMA["$defs"]["Service"]
