"""Records are cited, of the time they are said to be, and counted by measures that exist in their place."""

import pytest

from flowsim.config.load import load
from flowsim.config.scenarios import stage
from flowsim.measure.recorded import check_records
from flowsim.system.build import build

FIRST, LAST = "2016-04", "2018-03"


@pytest.fixture(scope="module", params=["halton", "toy"])
def loaded(request):
    return load([f"place={request.param}"])


def test_every_record_and_knob_has_a_source(loaded):
    config = loaded.config
    assert config.record
    found = {f"record.{name}": item.source for name, item in config.record.items()}
    found |= {f"knob {name}": item.source for name, item in config.calibration.knobs.items()}
    found |= {f"judged {name}": item.source for name, item in config.calibration.judged.items()}
    assert [name for name, source in found.items() if source not in config.source] == []


def test_the_place_has_what_its_records_count(loaded):
    assert check_records(build(loaded.staged), loaded.config.record, loaded.config.measure) == []


def test_records_and_calibration_do_not_change_what_is_run(loaded):
    without = {name: said for name, said in loaded.raw.items() if name not in ("record", "calibration")}
    assert stage(without).digest == stage(loaded.raw).digest


def test_nothing_of_ae_and_delays_is_recorded_after_march_2018():
    records = load(["place=halton"]).config.record
    months = {name: sorted(item.months) for name, item in records.items() if item.months is not None}
    assert len(months) >= 8
    for name, found in months.items():
        assert (found[0], found[-1], len(found)) == (FIRST, LAST, 24), name


def test_halton_is_judged_by_every_series_of_its_two_years():
    config = load(["place=halton"]).config
    judged = set(config.calibration.judged)
    for site in ("warrington", "whiston"):
        assert {f"attendances_{site}", f"admissions_{site}", f"four_hours_{site}", f"weekdays_{site}"} <= judged
        assert config.record[f"attendances_{site}"].tolerance.share.value == 0.05
        assert config.record[f"four_hours_{site}"].tolerance.points.value == 0.04
        assert config.record[f"weekdays_{site}"].tolerance.share.value == 0.10
    assert {"delayed_days", "delay_reasons"} <= judged
    assert config.record["delayed_days"].tolerance.spread == "recorded"
    assert config.record["delay_reasons"].tolerance.points.value == 0.05


def test_knobs_stand_where_the_configuration_does():
    """A range that does not hold the value in force would be no range of it."""
    from flowsim.calibrate.knobs import dials

    loaded = load(["place=halton"])
    found = dials(loaded.config.calibration.knobs, loaded.raw)
    assert len(found) >= 10
    assert [dial.id for dial in found if not 0 <= dial.base <= 1] == []
