"""Classes of patients: as few as the tables of a network tell apart, and never fewer."""

import pytest

from flowsim.system.classes import make_classes
from flowsim.system.network import network
from tests.build import spec_of


def two_rooms(**first):
    stay = {"by": ["age", "risk"], "values": {"old": {"high": "2 h"}}, "rest": "1 h"}
    mix = {"age": {"old": "50 %", "young": "rest"}, "risk": {"high": "50 %", "low": "rest"}}
    return {
        "attribute": {"age": {"levels": ["young", "old"]}, "risk": {"levels": ["low", "high"]}},
        "stream": {"front": {"volume": "24 /day", "mix": mix, "to": "first"}},
        "service": {
            "first": {"capacity": {"beds": 9}, "steps": {"stay": {"duration": stay}}, **first},
            "second": {"capacity": {"beds": 9}, "steps": {"stay": {"duration": stay}}},
        },
        "pathway": {"first": {"all": "second"}, "second": {"all": "home"}},
    }


def test_combinations_that_no_table_tells_apart_are_one_class():
    assert make_classes(spec_of(two_rooms())).count == 2


def test_combinations_that_come_to_differ_once_an_attribute_is_set_are_told_apart():
    # Of the young, those at high risk become old at high risk, and the others do not.
    assert make_classes(spec_of(two_rooms(sets={"age": "old"}))).count == 3


@pytest.mark.parametrize(("sets", "second"), [({}, 1.25), ({"age": "old"}, 1.5)])
def test_loads_are_those_of_all_combinations(sets, second):
    found = network(spec_of(two_rooms(sets=sets)))
    assert found.load("first").offered == pytest.approx(1.25)
    assert found.load("second").offered == pytest.approx(second)


def test_those_who_only_take_more_spaces_are_told_apart():
    takes = {"by": "risk", "values": {"high": 2}, "rest": 1}
    # The young at high risk stay as long as those at low risk, but take more.
    assert make_classes(spec_of(two_rooms(admits={"takes": takes}))).count == 3
