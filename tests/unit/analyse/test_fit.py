"""Modelled against recorded: what is within a tolerance, and what is said of a series."""

import pandas as pd
import pytest

from flowsim.analyse.fit import fit_series, fit_values
from flowsim.config.models import Record


def record(tolerance, **said):
    return Record.model_validate({"label": "x", "measure": "m", "unit": "number", "tolerance": tolerance, **said})


def found(**values):
    rows = [("r", key.removeprefix("m").replace("_", "-"), v) for key, listed in values.items() for v in listed]
    return pd.DataFrame(rows, columns=["record", "key", "value"])


def test_the_mean_over_replications_is_compared_and_its_range_kept():
    records = {"r": record({"share": "10 %"}, months={"2016-04": 100, "2016-05": 200})}
    table = fit_values(found(m2016_04=[80, 130], m2016_05=[221, 221]), records)
    assert table[["modelled", "low", "high"]].to_numpy().tolist() == [[105, 80, 130], [221, 221, 221]]
    assert table["within"].tolist() == [True, False]
    assert table[["allowed_low", "allowed_high"]].round(3).to_numpy().tolist() == [[90, 110], [180, 220]]


def test_a_month_that_was_not_modelled_is_left_out():
    records = {"r": record({"share": "10 %"}, months={"2016-04": 100, "2016-05": 200})}
    assert fit_values(found(m2016_05=[200]), records)["key"].tolist() == ["2016-05"]


@pytest.mark.parametrize(
    ("tolerance", "inside", "outside"),
    [({"share": "5 %"}, 0.83, 0.85), ({"points": "4 %"}, 0.84, 0.841), ({"spread": "recorded"}, 0.9, 0.91)],
)
def test_a_tolerance_is_of_the_value_in_points_or_the_recorded_spread(tolerance, inside, outside):
    months = {"2016-04": 0.8, "2016-05": 0.9}
    records = {"r": record(tolerance, months=months)}
    for value, within in ((inside, True), (outside, False)):
        assert fit_values(found(m2016_04=[value]), records)["within"].tolist() == [within]


@pytest.mark.parametrize(
    ("april", "may", "verdict"),
    [(100, 105, "fits"), (88, 112, "fits on average"), (120, 120, "does not fit")],
)
def test_the_verdict_on_a_series(april, may, verdict):
    records = {"r": record({"share": "10 %"}, months={"2016-04": 100, "2016-05": 100})}
    row = fit_series(fit_values(found(m2016_04=[april], m2016_05=[may]), records), records).iloc[0]
    assert row["verdict"] == verdict
    assert row["mean_absolute"] == (abs(april - 100) + abs(may - 100)) / 2
    assert row["difference"] == (april + may) / 2 - 100


def test_parts_do_not_fit_on_average():
    records = {"r": record({"points": "5 %"}, unit="share", parts={"a": 0.5, "b": 0.5})}
    row = fit_series(fit_values(found(a=[0.6], b=[0.4]), records), records).iloc[0]
    assert row["verdict"] == "does not fit"
    assert row["worst_key"] == "a"
