"""Targets on made-up replications whose answer is known."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from flowsim.analyse.targets import (
    Money,
    changed,
    judge_targets,
    levelled,
    moved,
    probability_met,
    saved,
    spent,
)
from flowsim.config.models import Target

YEAR = 365.25


def array(*values):
    return np.array(values, dtype=float)


# --- probability ---------------------------------------------------------------------------------------


def test_a_margin_that_averages_nought_is_even():
    assert probability_met(array(-3, 1, 2)) == pytest.approx(0.5)


def test_the_probability_is_that_of_one_more_period_by_students_t():
    margins = array(1, 2, 3, 6)
    spread = np.std(margins, ddof=1) * math.sqrt(1 + 1 / 4)
    assert probability_met(margins) == pytest.approx(stats.t.sf(0, 3, loc=3, scale=spread))


def test_without_any_spread_it_is_certain():
    assert probability_met(array(1, 1)) == 1
    assert probability_met(array(0, 0)) == 1
    assert probability_met(array(-1, -1)) == 0


def test_one_replication_has_no_probability():
    assert math.isnan(probability_met(array(5)))


def test_it_is_calibrated():
    """Of many experiments of five normal replications, the next period meets the target as often as was said."""
    rng = np.random.default_rng(1)
    draws = rng.normal(0.4, 1.0, size=(2000, 6))
    said = np.array([probability_met(row[:5]) for row in draws])
    happened = draws[:, 5] >= 0
    error = math.sqrt(float(np.mean(said * (1 - said))) / len(said))
    assert abs(float(np.mean(said)) - float(np.mean(happened))) < 4 * error


# --- one target ----------------------------------------------------------------------------------------


def test_a_fall_of_a_tenth_against_one_of_a_fifth_wanted():
    found = changed(array(90, 180), array(100, 200), -0.20)
    assert found.found == pytest.approx(-0.10)
    assert (found.low, found.high) == (pytest.approx(-0.10), pytest.approx(-0.10))
    assert found.times == pytest.approx(2)
    assert found.met == 0
    # A tenth in both: no doubt that one more would be short of a fifth.
    assert found.probability < 1e-6


def test_a_fall_that_is_wanted_and_found():
    found = changed(array(70, 79), array(100, 100), -0.20)
    assert found.met == 1
    assert found.times == pytest.approx(0.2 / 0.255)


def test_the_wrong_way_has_nothing_to_multiply():
    assert math.isnan(changed(array(110, 120), array(100, 100), -0.20).times)
    assert changed(array(110, 120), array(100, 100), 0.05).met == 1


def test_replications_without_a_value_are_left_out_of_both():
    found = changed(array(90, math.nan, 90), array(100, 100, math.nan), -0.05)
    assert found.replications == 1
    assert found.found == pytest.approx(-0.10)


def test_a_level_is_judged_by_itself_and_its_lack_by_the_baseline():
    # 0.70 without, 0.80 with: 0.95 is 2.5 times as far.
    found = levelled(array(0.79, 0.81), array(0.70, 0.70), 0.95, 1.0)
    assert found.found == pytest.approx(0.80)
    assert found.times == pytest.approx(2.5)
    assert found.met == 0
    assert levelled(array(0.79, 0.81), array(0.70, 0.70), 0.80, 1.0).met == 0.5


def test_a_level_met_without_the_option_takes_nothing():
    assert levelled(array(0.97, 0.98), array(0.96, 0.96), 0.95, 1.0).times == 0


def test_moving_is_strict():
    assert moved(array(9, 8), array(10, 10), -1.0).met == 1
    nothing = moved(array(10, 10), array(10, 10), -1.0)
    assert (nothing.met, nothing.probability) == (0, 0)


def test_a_saving_is_net_of_the_options_own_cost():
    found = saved(array(300, 300), array(100, 100), 500)
    assert found.found == 200
    # 500 + 100 is twice 300.
    assert found.times == pytest.approx(2)
    assert saved(array(300, 300), array(100, 100), 0).times == pytest.approx(1 / 3)
    assert math.isnan(saved(array(-5, -5), array(100, 100), 0).times)


def test_a_budget_is_kept_or_not():
    assert spent(array(90, 110), 100).met == 0.5
    assert spent(array(90, 110), 100).probability == pytest.approx(0.5)


# --- all of them ---------------------------------------------------------------------------------------

MEASURES = pd.DataFrame(
    [
        (arm, "usual", r, "attendances", "all", "", value, "/day")
        for arm, values in {"nothing": (100.0, 100.0), "utc": (95.0, 85.0)}.items()
        for r, value in enumerate(values)
    ],
    columns=["arm", "demand", "replication", "measure", "service", "split", "value", "unit"],
)
COSTS = pd.DataFrame(
    [
        ("nothing", "usual", 0, "ae", "attendance", 1000.0, 500.0),
        ("nothing", "usual", 1, "ae", "attendance", 1000.0, 500.0),
        ("utc", "usual", 0, "ae", "attendance", 900.0, 460.0),
        ("utc", "usual", 1, "ae", "attendance", 900.0, 460.0),
        ("utc", "usual", 0, "utc.hours", "programme", 30.0, 30.0),
        ("utc", "usual", 1, "utc.hours", "programme", 30.0, 30.0),
        ("utc", "usual", 0, "utc.start", "programme_once", 5.0, 5.0),
        ("utc", "usual", 1, "utc.start", "programme_once", 5.0, 5.0),
    ],
    columns=["arm", "demand", "replication", "item", "kind", "pounds", "cash"],
)


def judged(days=YEAR / 2, **targets):
    known = {name: Target.model_validate({"label": name, "document": "plan", **said}) for name, said in targets.items()}
    amounts = {n: (t.saves or t.spends).value for n, t in known.items() if t.measure is None}
    money = Money(COSTS, amounts, {"ae": "ae"}, days)
    table = judge_targets(known, MEASURES, money, "nothing")
    return {(r["target"], r["basis"], r["arm"]): r for r in table.to_dict("records")}


def test_a_measure_has_one_row_an_arm_but_the_baseline():
    found = judged(fewer={"measure": "attendances", "falls_by": "10 %"})
    assert list(found) == [("fewer", "measure", "utc")]
    row = found["fewer", "measure", "utc"]
    assert row["found"] == pytest.approx(-0.10)
    assert row["met"] == 0.5
    assert row["probability"] == pytest.approx(0.5)


def test_half_a_year_counts_twice_in_a_yearly_saving_but_what_is_paid_once():
    found = judged(saving={"saves": "£ 300"})
    # 2 x 100 less 2 x 30 less 5; in cash 2 x 40 less the same.
    assert found["saving", "full", "utc"]["found"] == pytest.approx(135)
    assert found["saving", "cash", "utc"]["found"] == pytest.approx(15)
    assert found["saving", "full", "utc"]["times"] == pytest.approx((300 + 65) / 200)


def test_a_saving_of_some_services_leaves_out_what_the_option_costs():
    found = judged(
        saving={"saves": "£ 300", "roles": ["ae"]}, three={"saves": "£ 300", "roles": ["ae"], "over": "3 years"}
    )
    assert found["saving", "full", "utc"]["found"] == pytest.approx(200)
    assert found["three", "full", "utc"]["found"] == pytest.approx(600)
    assert found["three", "full", "utc"]["met"] == 1


def test_a_budget_is_of_the_items_named_programmes_by_their_intervention():
    found = judged(budget={"spends": "£ 60", "items": ["utc"]})
    assert found["budget", "full", "utc"]["found"] == pytest.approx(65)
    assert found["budget", "full", "nothing"]["found"] == 0
    assert ("budget", "cash", "utc") not in found


def test_a_measure_that_was_not_taken_has_no_row():
    assert judged(other={"measure": "unknown", "moves": "down"}) == {}


@pytest.mark.parametrize(
    "said",
    [
        {"measure": "x"},
        {"measure": "x", "falls_by": "5 %", "moves": "down"},
        {"saves": "£ 5", "measure": "x"},
        {"falls_by": "5 %"},
    ],
)
def test_a_target_promises_one_thing_and_a_measure_goes_with_it(said):
    with pytest.raises(ValueError, match=r"exactly one|a measure|no measure"):
        Target.model_validate({"label": "x", "document": "plan", **said})
