import math

import pandas as pd
import pytest
from scipy import stats

from flowsim.analyse.compare import COLUMNS, compare
from flowsim.analyse.intervals import interval


def tidy(values: dict[str, list[float]], measure: str = "wait", demand: str = "baseline") -> pd.DataFrame:
    rows = [
        (arm, demand, replication, measure, "ae", "", value, "min")
        for arm, series in values.items()
        for replication, value in enumerate(series, start=1)
    ]
    columns = ["arm", "demand", "replication", "measure", "service", "split", "value", "unit"]
    return pd.DataFrame(rows, columns=columns)


def row(found: pd.DataFrame, arm: str) -> pd.Series:
    return found[found["arm"] == arm].iloc[0]


BASE = [10.0, 14.0, 9.0, 13.0]
LESS = [8.0, 13.0, 8.0, 11.0]


def test_differences_are_paired_by_replication() -> None:
    # -2, -1, -1, -2: mean -1.5, variance 1/3, though the arms overlap when taken apart.
    found = row(compare(tidy({"base": BASE, "less": LESS}), "base", {"wait": "lower"}), "less")
    assert found["difference"] == -1.5
    half = stats.t.ppf(0.975, 3) * math.sqrt(1 / 3 / 4)
    assert found["difference_low"] == pytest.approx(-1.5 - half, rel=1e-12)
    assert found["difference_high"] == pytest.approx(-1.5 + half, rel=1e-12)
    assert found["p_better"] == pytest.approx(stats.t.cdf(1.5 / math.sqrt(1 / 12), 3), rel=1e-12)
    assert (found["replications"], found["left_out"]) == (4, 0)


def test_order_of_rows_does_not_matter() -> None:
    measures = tidy({"base": BASE, "less": LESS})
    shuffled = measures.sort_values("value").reset_index(drop=True)
    one, other = (compare(m, "base", {"wait": "lower"}) for m in (measures, shuffled))
    for column in ("mean", "difference", "difference_low", "p_better"):
        assert row(one, "less")[column] == pytest.approx(row(other, "less")[column], rel=1e-12)


def test_own_mean_and_interval_are_students_t() -> None:
    found = row(compare(tidy({"base": BASE}), "base", {}), "base")
    wanted = interval(BASE)
    assert (found["mean"], found["low"], found["high"]) == pytest.approx((wanted.mean, wanted.low, wanted.high))
    assert found[["difference", "difference_low", "difference_high", "p_better"]].isna().all()


@pytest.mark.parametrize(("better", "wanted"), [("lower", 1.0), ("higher", 0.0)])
def test_a_constant_difference_is_certain(better: str, wanted: float) -> None:
    measures = tidy({"base": BASE, "less": [x - 1 for x in BASE]})
    assert row(compare(measures, "base", {"wait": better}), "less")["p_better"] == wanted


def test_no_difference_at_all_is_even_and_neither_has_no_better() -> None:
    measures = tidy({"base": BASE, "same": BASE})
    assert row(compare(measures, "base", {"wait": "lower"}), "same")["p_better"] == 0.5
    assert math.isnan(row(compare(measures, "base", {"wait": "neither"}), "same")["p_better"])


def test_lower_and_higher_probabilities_add_to_one() -> None:
    measures = tidy({"base": BASE, "less": LESS})
    both = [row(compare(measures, "base", {"wait": way}), "less")["p_better"] for way in ("lower", "higher")]
    assert sum(both) == pytest.approx(1.0, abs=1e-12)


def test_undefined_in_either_arm_is_left_out_and_counted() -> None:
    measures = tidy({"base": [10.0, math.nan, 9.0, 13.0], "less": [8.0, 13.0, math.nan, 11.0]})
    found = row(compare(measures, "base", {"wait": "lower"}), "less")
    assert found["difference"] == -2.0
    assert (found["replications"], found["left_out"]) == (2, 2)
    assert found["mean"] == pytest.approx(32 / 3)


def test_rows_missing_from_the_baseline_have_a_mean_and_no_difference() -> None:
    measures = pd.concat([tidy({"base": BASE}, "wait"), tidy({"new": LESS}, "only_new")])
    found = row(compare(measures, "base", {"only_new": "lower"}), "new")
    assert found["mean"] == 10.0
    assert math.isnan(found["difference"])
    assert (found["replications"], found["left_out"]) == (0, 4)


def test_one_replication_gives_a_difference_without_an_interval() -> None:
    found = row(compare(tidy({"base": [3.0], "less": [2.0]}), "base", {"wait": "lower"}), "less")
    assert found["difference"] == -1.0
    assert found[["difference_low", "difference_high", "p_better"]].isna().all()


def test_demand_levels_are_compared_apart() -> None:
    usual = tidy({"base": [1.0, 2.0], "less": [0.0, 1.0]})
    extreme = tidy({"base": [5.0, 7.0], "less": [1.0, 3.0]}, demand="extreme")
    measures = pd.concat([usual, extreme])
    found = compare(measures, "base", {})
    assert list(found.columns) == COLUMNS
    less = found[found["arm"] == "less"].set_index("demand")["difference"]
    assert less.to_dict() == {"baseline": -1.0, "extreme": -4.0}


def test_nothing_measured_gives_an_empty_table() -> None:
    assert list(compare(tidy({}), "base", {}).columns) == COLUMNS
