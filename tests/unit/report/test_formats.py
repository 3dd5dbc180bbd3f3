"""Numbers as people write them."""

import doctest
import math

import pytest

from flowsim.report import formats
from flowsim.report.formats import (
    NOT_MEASURED,
    amount,
    day,
    gap,
    in_sentence,
    level_phrase,
    listed,
    money,
    number,
    percent,
    plural,
    probability,
    quantity,
    size_of_gap,
    unit_words,
)


def test_examples_in_the_docstrings_hold():
    assert doctest.testmod(formats).failed == 0


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0, "0"),
        (-0.0, "0"),
        (7, "7"),
        (7.0, "7"),
        (1.96, "2"),
        (45.25, "45.2"),
        (312.4, "312"),
        (12345.6, "12,300"),
        (1_234_567, "1,230,000"),
        (0.0312, "0.031"),
        (-45.25, "−45.2"),
        (0.00001, "under 0.001"),
        (999.6, "1,000"),
    ],
)
def test_numbers_have_about_three_digits_and_thousands_separators(value, said):
    assert number(value) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0, "£0"),
        (-0.2, "£0"),
        (850, "£850"),
        (9_876, "£9,880"),
        (9_996, "£10.0k"),
        (45_600, "£45.6k"),
        (999_400, "£999k"),
        (999_600, "£1.00m"),
        (-1_234_567, "−£1.23m"),
        (81_240_000, "£81.2m"),
        (812_400_000, "£812m"),
    ],
)
def test_pounds_are_in_full_then_in_k_and_m(value, said):
    assert money(value) == said


@pytest.mark.parametrize("missing", [None, math.nan, math.inf, -math.inf])
def test_what_is_missing_is_said_to_be_not_measured_and_never_nan(missing):
    for said in (
        number(missing),
        money(missing),
        percent(missing),
        probability(missing),
        quantity(missing, "h"),
        gap(missing, 0, 1, "h")[0],
    ):
        assert said == NOT_MEASURED


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (0.7421, "share", "74.2%"),
        (0.0, "share", "0%"),
        (1, "days", "1 day"),
        (2, "days", "2 days"),
        (1, "h", "1 hour"),
        (141.2, "/day", "141 a day"),
        (3, "patients", "3"),
        (2_200_000, "£", "£2.20m"),
        (5.2, "/day per 100,000", "5.2 a day per 100,000"),
    ],
)
def test_quantities_carry_their_unit(value, unit, said):
    assert quantity(value, unit) == said


def test_amounts_leave_the_unit_to_the_heading_but_keep_pounds_and_per_cent():
    assert [amount(12.0, u) for u in ("days", "£", "share")] == ["12", "£12", "1200.0%"]
    assert [unit_words(u) for u in ("days", "£", "share", "patients", "/day")] == ["days", "", "", "", "a day"]


def test_a_difference_and_its_interval_share_their_decimals():
    assert gap(-2590.4, -2781.0, -2412.0, "days") == ("−2,590", "−2,780 to −2,410")
    assert gap(0.297, 0.154, 0.44, "h") == ("+0.30", "+0.15 to +0.44")


def test_differences_of_shares_are_in_points():
    assert gap(0.0602, 0.0593, 0.0611, "share") == ("+6.0 points", "+5.9 to +6.1")


def test_the_end_of_an_interval_that_excludes_nought_is_never_written_as_nought():
    _, between = gap(50.0, 0.4, 99.6, "days")
    assert between.startswith("+0.4 to")


def test_a_difference_without_an_interval_says_none():
    assert gap(3.0, math.nan, math.nan, "days")[1] == ""
    assert formats.difference(-0.026, "share") == "−2.6 points"


def test_sizes_are_the_smaller_end_first_whatever_the_sign():
    assert size_of_gap(-2590.0, -2780.0, -2410.0, "days") == ("2,590", "2,410 to 2,780")
    assert size_of_gap(2590.0, 2410.0, 2780.0, "days") == ("2,590", "2,410 to 2,780")
    assert size_of_gap(-0.03, -0.035, -0.025, "share")[0] == "3.0 percentage points"


@pytest.mark.parametrize(("value", "said"), [(1.0, "over 99%"), (0.9949, "over 99%"), (0.5, "50%"), (0.0, "under 1%")])
def test_probabilities_never_claim_certainty(value, said):
    assert probability(value) == said


def test_lists_plurals_and_dates_read_as_english():
    assert [listed([]), listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]
    assert [plural(1, "option"), plural(2, "option"), plural(0, "day")] == ["1 option", "2 options", "0 days"]
    assert day("2026-10-01") == "1 October 2026"


@pytest.mark.parametrize(
    ("label", "said"),
    [
        ("Days delayed", "days delayed"),
        ("A&E four-hour share", "A&E four-hour share"),
        ("UTC attendances", "UTC attendances"),
        ("A hard winter", "a hard winter"),
        ("Left A&E without being seen", "left A&E without being seen"),
        ("C. Further NHS care", "C. Further NHS care"),
    ],
)
def test_labels_fall_to_lower_case_unless_they_open_with_an_initialism(label, said):
    assert in_sentence(label) == said


@pytest.mark.parametrize(
    ("label", "said"),
    [
        ("Extreme demand", "at extreme demand"),
        ("Moderate", "at moderate demand"),
        ("A winter like those recorded", "in a winter like those recorded"),
        ("As now", "with demand as now"),
    ],
)
def test_demand_levels_are_put_where_something_holds(label, said):
    assert level_phrase(label) == said
