import pytest

from flowsim.config.models import MeasureDef
from flowsim.measure.weekly import daily, weekly
from tests.build import spec_of
from tests.trajectories import at, came, run_of

DAY = 1440


def ward(**run):
    return spec_of(
        {"service": {"ward": {"role": "ward", "capacity": {"beds": 4}}}, "pathway": {"ward": {"all": "home"}}}, **run
    )


ADMISSIONS = {"admissions": MeasureDef(label="x", kind="rate", role=["ward"], options={"at": "started"})}
OCCUPANCY = {"occupancy": MeasureDef(label="x", kind="occupied_share", role=["ward"])}


def people(spec):
    return run_of(spec, *(came(d * DAY, at("ward", d * DAY, d * DAY, (d + 1) * DAY, (d + 1) * DAY)) for d in range(16)))


def test_weeks_run_from_the_first_day_measured_and_only_whole_ones_count():
    spec = ward(warm_up="2 d", duration="15 d")
    table = weekly(spec, people(spec), ADMISSIONS)
    mine = table[table["service"] == "ward"]
    assert mine["week_start"].tolist() == ["2026-01-05", "2026-01-12"]
    assert mine["value"].tolist() == [1, 1]


def test_days_are_days():
    spec = ward(duration="3 d")
    table = daily(spec, people(spec), OCCUPANCY)
    assert table.loc[table["service"] == "all", "value"].tolist() == [0.25] * 3
    assert table["day"].unique().tolist() == ["2026-01-05", "2026-01-06", "2026-01-07"]


def test_a_run_shorter_than_a_week_is_one_week():
    spec = ward(duration="3 d")
    table = weekly(spec, people(spec), OCCUPANCY)
    assert table.loc[table["service"] == "ward", "value"].tolist() == [pytest.approx(0.25)]


def test_a_measure_can_be_left_out_of_the_weeks():
    spec = ward(duration="14 d")
    out = {"x": MeasureDef(label="x", kind="left_by_weekday", role=["ward"], options={"weekly": "out"})}
    assert weekly(spec, people(spec), out).empty


def test_the_weeks_of_an_area_add_up_to_the_whole():
    spec = ward(duration="14 d")
    definition = {"x": MeasureDef(label="x", kind="number", role=["ward"], options={"state": "in_use"})}
    weeks = weekly(spec, people(spec), definition)
    assert weeks.loc[weeks["service"] == "all", "value"].mean() == pytest.approx(1)
