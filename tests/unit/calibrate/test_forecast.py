"""Forecasts and their scores, against arithmetic done by hand."""

import math

import numpy as np
import pandas as pd
import pytest

from flowsim.calibrate.forecast import ForecastPlan, forecasts, naive, scored_months, scores, segments
from flowsim.calibrate.series import Series
from flowsim.config.models import Record

RECORD = {"label": "x", "measure": "m", "unit": "number", "months": {}, "tolerance": {"share": "5 %"}}
YEAR = {f"2017-{m:02d}": 100.0 + m for m in range(1, 13)}


def series(recorded, known=YEAR, **said):
    return Series("s", Record.model_validate({**RECORD, **said}), recorded, known)


def test_what_the_place_has_on_record_is_not_forecast():
    later = series({"2017-12": 1.0, "2018-01": 2.0, "2018-02": 3.0})
    assert scored_months(later) == ["2018-01", "2018-02"]


def test_without_a_record_the_first_year_is_history():
    months = {f"2020-{m:02d}": float(m) for m in range(1, 13)}
    assert scored_months(series({**months, "2021-01": 5.0}, known={})) == ["2021-01"]
    assert scored_months(series(months, known={})) == []


def test_naive_forecasts_know_what_was_known_at_the_start():
    later = series({"2018-01": 500.0, "2018-02": 600.0, "2019-01": 700.0})
    mean = sum(YEAR.values()) / 12
    assert naive(later, rolling=False) == {
        "2018-01": (101.0, mean),
        "2018-02": (102.0, mean),
        "2019-01": (101.0, mean),
    }


def test_rolling_ones_know_the_month_before():
    later = series({"2018-01": 500.0, "2018-02": 600.0, "2019-01": 700.0})
    found = naive(later, rolling=True)
    assert found["2018-02"] == (102.0, (sum(YEAR.values()) - 101 + 500) / 12)
    assert found["2019-01"][0] == 500.0


def test_segments_are_without_gaps_and_of_two_years_at_most():
    months = [f"{y}-{m:02d}" for y in (2016, 2017, 2018) for m in range(1, 13)]
    assert segments([*months, "2020-05"]) == [("2016-01", "2017-12"), ("2018-01", "2018-12"), ("2020-05", "2020-05")]


def forecast_of(values, later):
    plan = ForecastPlan("toy", (later,), (), 4, None, False)
    rows = [(run, "s", month, v) for month, listed in values.items() for run, v in enumerate(listed)]
    return forecasts(plan, pd.DataFrame(rows, columns=["run", "record", "key", "value"]))


def test_the_interval_holds_the_luck_of_runs_and_what_the_model_was_off_before():
    later = series({"2018-01": 110.0})
    sure = {**{m: [v] * 4 for m, v in YEAR.items()}, "2018-01": [100.0] * 4}
    row = forecast_of(sure, later).iloc[0]
    assert (row["model"], row["low95"], row["high95"]) == (100, pytest.approx(100), pytest.approx(100))
    off = {
        **{m: [v * (1.1 if i % 2 else 1 / 1.1)] * 4 for i, (m, v) in enumerate(YEAR.items())},
        "2018-01": [100.0] * 4,
    }
    row = forecast_of(off, later).iloc[0]
    # Off by a tenth either way in twelve months: the interval is that of a t with 3 + 12 degrees of freedom.
    assert row["high95"] == pytest.approx(100 * math.exp(2.131 * math.log(1.1)), rel=1e-3)
    assert row["low80"] == pytest.approx(100 * math.exp(-1.341 * math.log(1.1)), rel=1e-3)


def test_shares_stay_between_nought_and_one():
    known = dict.fromkeys(YEAR, 0.97)
    later = series({"2018-01": 0.96}, known=known, unit="share")
    values = {**{m: [0.9, 0.99] for m in YEAR}, "2018-01": [0.9, 0.99, 0.999]}
    row = forecast_of(values, later).iloc[0]
    assert 0 < row["low95"] < row["low80"] < row["high80"] < row["high95"] < 1


def test_scores_by_hand():
    table = pd.DataFrame(
        {
            "series": "s",
            "label": "x",
            "month": ["2018-01", "2018-02"],
            "recorded": [100.0, 200.0],
            "model": [110.0, 180.0],
            "low80": [105.0, 150.0],
            "high80": [115.0, 190.0],
            "low95": [95.0, 150.0],
            "high95": [120.0, 199.0],
            "last_year": [100.0, 140.0],
            "mean12": [100.0, np.nan],
        }
    )
    model, year, mean = scores(table).to_dict("records")
    assert (model["mae"], model["mape"], model["bias"]) == (15, pytest.approx(0.1), -5)
    assert (model["coverage80"], model["coverage95"]) == (0, 0.5)
    assert (year["mae"], year["bias"], year["skill"]) == (30, -30, pytest.approx(0.5))
    # The mean was right in the only month it is known in: there is no error to do better than.
    assert (mean["months"], mean["mae"]) == (1, 0)
    assert math.isnan(mean["skill"])
