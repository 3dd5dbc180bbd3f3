"""Targets: recorded values averaged over periods, with what the model is forgiven."""

import math

import pandas as pd
import pytest

from flowsim.calibrate.targets import outputs, targets
from flowsim.config.models import Calibration, Record

MONTHS = {"2016-03": 90, "2016-04": 100, "2016-05": 110, "2017-04": 140}


def record(**said):
    base = {"label": "x", "measure": "m", "unit": "number", "months": MONTHS, "tolerance": {"share": "6 %"}}
    return Record.model_validate({**base, **said})


def judged(said, **record_said):
    return targets(Calibration.model_validate({"judged": {"r": said}}), {"r": record(**record_said)})


def test_months_are_averaged_over_years_from_april():
    found = judged({"by": "year"})
    assert [(t.period, t.observed) for t in found] == [("2015/16", 90), ("2016/17", 105), ("2017/18", 140)]
    assert [(t.period, t.keys) for t in judged({"by": "quarter"})][:2] == [
        ("2016 Q1", ("2016-03",)),
        ("2016 Q2", ("2016-04", "2016-05")),
    ]
    assert len(judged({"by": "month"})) == 4
    assert [t.observed for t in judged({})] == [110]


def test_discrepancy_is_a_third_of_the_tolerance_unless_said():
    assert judged({})[0].discrepancy == pytest.approx(0.06 * 110 / 3)
    assert judged({"discrepancy": "1 %"})[0].discrepancy == pytest.approx(1.1)
    shares = {"unit": "share", "months": None, "parts": {"a": 0.4, "b": 0.6}, "tolerance": {"points": "6 %"}}
    assert [t.discrepancy for t in judged({}, **shares)] == pytest.approx([0.02, 0.02])


def test_where_the_spread_is_the_tolerance_it_is_the_standard_error_of_the_mean():
    sd = pd.Series(list(MONTHS.values())).std()
    assert judged({}, tolerance={"spread": "recorded"})[0].discrepancy == pytest.approx(sd / 2)


def test_what_is_known_exactly_is_ruled_out_at_the_tolerance():
    (target,) = judged({})
    for off in (0.94, 1.06):
        away = abs(target.scaled(110 * off) - target.aim) / math.sqrt(target.variance)
        assert away == pytest.approx(3, rel=0.05)  # a logarithm is a little further down than up


def test_the_scale_can_be_undone():
    for unit, values in (("number", [3.0, 300.0]), ("share", [0.02, 0.97])):
        (target,) = judged({}, unit=unit, months=None, whole=0.5)
        assert target.unscaled(target.scaled(values)).tolist() == pytest.approx(values)


def test_a_run_gives_the_mean_of_the_same_months():
    run = pd.DataFrame({"record": "r", "key": ["2016-04", "2016-05", "2016-06"], "value": [10.0, 30.0, 999.0]})
    found = outputs(run, judged({"by": "quarter"}))
    assert found[1] == pytest.approx(math.log(20))
    assert math.isnan(found[0])  # March was not modelled
