"""Measures by calendar month: what is counted in which, and that only whole months count."""

import pytest

from flowsim.config.models import MeasureDef, Record
from flowsim.measure.recorded import check_records, readings
from tests.build import spec_of
from tests.trajectories import at, came, run_of

DAY = 1440
WARD = {"service": {"ward": {"role": "ward", "capacity": {"beds": 4}}}, "pathway": {"ward": {"all": "home"}}}
ADMISSIONS = {"admissions": MeasureDef(label="x", kind="rate", unit="/day", role=["ward"], options={"at": "started"})}
WEEKDAYS = {"left": MeasureDef(label="x", kind="left_by_weekday", unit="/day", role=["ward"])}


def ward(**run):
    return spec_of(WARD, **run)


def one_a_day(spec, days):
    """One patient comes each day and stays a day."""
    return run_of(
        spec, *(came(d * DAY, at("ward", d * DAY, d * DAY, (d + 1) * DAY, (d + 1) * DAY)) for d in range(days))
    )


def recorded(**said):
    base = {"label": "x", "measure": "admissions", "unit": "/month", "tolerance": {"share": "5 %"}}
    return {"r": Record.model_validate({**base, **said})}


def by_month(spec, days):
    found = readings(spec, one_a_day(spec, days), recorded(service="ward", months={"2026-02": 1}), ADMISSIONS)
    return dict(zip(found["key"], found["value"], strict=True))


def test_months_are_calendar_months_and_only_whole_ones_count():
    spec = ward(starts="2026-01-20", duration="110 d")  # to 10 May: February, March and April are whole
    assert by_month(spec, 110) == {"2026-02": 28, "2026-03": 31, "2026-04": 30}


def test_a_window_without_a_whole_month_has_no_rows():
    assert by_month(ward(starts="2026-01-20", duration="20 d"), 20) == {}


def test_warm_up_does_not_count():
    assert list(by_month(ward(starts="2026-03-01", warm_up="40 d", duration="31 d"), 71)) == ["2026-03"]


def test_a_record_by_the_month_counts_the_month():
    spec = ward(starts="2026-02-01", duration="59 d")
    found = readings(spec, one_a_day(spec, 59), recorded(months={"2026-02": 1}), ADMISSIONS)
    # One a day: as many as the month has days, in every month of the run, recorded or not.
    assert dict(zip(found["key"], found["value"], strict=True)) == {"2026-02": 28, "2026-03": 31}


def test_a_record_by_the_day_is_per_day_whatever_the_measure_counts_by():
    thirty = {"admissions": ADMISSIONS["admissions"].model_copy(update={"unit": "days per 30 days"})}
    spec = ward(starts="2026-02-01", duration="28 d")
    found = readings(spec, one_a_day(spec, 28), recorded(unit="/day", months={"2026-02": 1}), thirty)
    assert found["value"].tolist() == [pytest.approx(1 / 30)]


def test_parts_are_in_proportion_to_their_mean_or_sum():
    spec = ward(starts="2026-02-02", duration="28 d")  # four of each weekday
    parts = {"mon": 1, "sun": 1}
    of_mean = recorded(measure="left", unit="number", parts=parts, parts_of="mean")
    of_sum = recorded(measure="left", unit="number", parts=parts)
    # The first leaves on the second day: there are three Mondays with one and one without.
    mean, total = (readings(spec, one_a_day(spec, 27), r, WEEKDAYS)["value"].tolist() for r in (of_mean, of_sum))
    assert mean == [pytest.approx(3 / 27 * 7), pytest.approx(4 / 27 * 7)]
    assert total == [pytest.approx(3 / 27), pytest.approx(4 / 27)]


def test_what_a_measure_does_not_have_is_said():
    spec = ward()
    said = check_records(spec, recorded(measure="left", unit="number", parts={"moon": 1}), WEEKDAYS)
    assert [(p.key, p.said) for p in said] == [("record.r.parts.moon", "'moon'")]
    assert "mon, tue" in said[0].wanted
    said = check_records(spec, recorded(service="clinic", whole=1), ADMISSIONS)
    assert [(p.key, p.wanted) for p in said] == [("record.r.service", "one of ward, all")]
    said = check_records(spec, recorded(split="choice", whole=1), ADMISSIONS)
    assert [(p.key, p.wanted) for p in said] == [("record.r.split", "nothing: the measure has no parts")]
