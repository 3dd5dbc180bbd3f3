"""The STRESS-DES checklist: every item, and honest about what needs a person."""

from flowsim.report.stress import FILLED, PARTLY, PERSON, checklist
from tests.unit.report.fixture import ARMS, make_result

ITEMS = [
    *("1.1", "1.2", "1.3"),
    *("2.1", "2.2", "2.3", "2.4", "2.5.1", "2.5.2", "2.5.3", "2.5.4", "2.5.5"),
    *("3.1", "3.2", "3.3", "3.4"),
    *("4.1", "4.2", "4.3"),
    *("5.1", "5.2", "5.3", "5.4"),
    "6.1",
]


def by_number():
    return {item.number: item for item in checklist(make_result())}


def test_every_item_of_the_checklist_is_there_in_order():
    assert [item.number for item in checklist(make_result())] == ITEMS


def test_every_item_says_something_and_how_far_it_is_filled():
    for item in checklist(make_result()):
        assert item.said.endswith((".", ")"))
        assert item.status in (FILLED, PARTLY, PERSON)
        assert "None" not in item.said
        assert "nan" not in item.said.lower().split()


def test_what_only_people_can_vouch_for_is_not_called_filled():
    found = by_number()
    for number in ("1.1", "2.2", "3.2", "3.4", "4.1", "6.1"):
        assert found[number].status != FILLED


def test_items_carry_the_figures_of_the_run():
    found = by_number()
    assert "4 replications" in found["4.3"].said
    assert "182 days measured, 1 October 2026 to 31 March 2027" in found["4.2"].said
    assert "seed 1" in found["5.2"].said
    assert "Run time 500 seconds" in found["5.4"].said
    assert "simpy 4.1.1" in found["5.1"].said
    assert "144 inputs" in found["3.3"].said


def test_a_single_run_claims_no_comparison():
    found = {item.number: item for item in checklist(make_result(arms=ARMS[:1]))}
    assert found["1.3"].said == "One configuration, no comparison."
