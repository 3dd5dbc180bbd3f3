"""Gaps between levels, worked by hand."""

import math

import numpy as np
import pandas as pd
import pytest

from flowsim.analyse.inequality import gaps
from flowsim.measure.people import gap

EVEN = np.array([1.0, 1.0, 1.0, 1.0, 1.0])


def test_first_less_last_and_first_over_last():
    rates = np.array([300.0, 250.0, 200.0, 180.0, 150.0])
    assert gap(rates, EVEN, "difference") == 150
    assert gap(rates, EVEN, "ratio") == 2
    assert gap(rates[::-1], EVEN, "range") == 150


def test_a_straight_line_over_even_fifths_has_the_slope_of_its_ends():
    # Fifths' middles are at 0.1, 0.3 ... 0.9: a step of 20 a fifth is 100 from end to end.
    rates = np.array([190.0, 170.0, 150.0, 130.0, 110.0])
    assert gap(rates, EVEN, "slope") == pytest.approx(100)
    assert gap(rates, EVEN, "relative_slope") == pytest.approx(100 / 150)


def test_the_slope_weighs_levels_by_their_people():
    # Two levels of 3 and 1 people: middles at 3/8 and 7/8, half apart, so the line falls by twice the difference.
    assert gap(np.array([20.0, 10.0]), np.array([3.0, 1.0]), "slope") == pytest.approx(20)


def test_equal_rates_have_no_gap():
    for statistic in ("difference", "slope", "relative_slope", "range"):
        assert gap(EVEN, EVEN, statistic) == pytest.approx(0)
    assert gap(EVEN, EVEN, "ratio") == 1


def test_nothing_to_divide_by_is_unknown():
    assert math.isnan(gap(np.array([1.0, 0.0]), np.ones(2), "ratio"))
    assert math.isnan(gap(np.array([0.0, 0.0]), np.ones(2), "relative_slope"))


def test_an_options_effect_on_a_gap_is_paired_and_smaller_is_better():
    rows = [
        (arm, "usual", r, "admissions", "all", level, rate + 10 * r, "per 1,000 a year")
        for arm, rates in {"nothing": (200.0, 100.0), "outreach": (170.0, 100.0)}.items()
        for r in (0, 1)
        for level, rate in zip(("fifth_1", "fifth_5"), rates, strict=True)
    ]
    columns = ["arm", "demand", "replication", "measure", "service", "split", "value", "unit"]
    people = {"fifth_1": 10.0, "fifth_5": 10.0}
    found = gaps(
        pd.DataFrame(rows, columns=columns),
        ["fifth_1", "fifth_5"],
        people,
        ["difference"],
        "nothing",
        {"admissions": "higher"},
    )
    row = found[found["arm"] == "outreach"].iloc[0]
    assert (row["split"], row["mean"], row["difference"], row["p_better"]) == ("difference", 70, -30, 1)
