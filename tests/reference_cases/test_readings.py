"""The readings of the reference cases and the project's own table of queueing statistics say the same."""

from __future__ import annotations

import numpy as np
import pytest

from flowsim.engine.reference import run
from flowsim.measure.stations import stations
from tests.reference_cases.judge import CASES
from tests.reference_cases.readings import DayLists, Log, Rows

MINUTES = 60


def in_minutes(log: Log, ticks: np.ndarray) -> np.ndarray:
    return ticks / log.hour * MINUTES


def expected(log: Log, rows: Rows) -> dict[str, float]:
    waits = in_minutes(log, rows.waits)
    onward = rows.where(rows.column("destination") < len(log.spec.services)).blocked_times
    return {
        "mean_in_use": rows.mean_number("held", units=True),
        "mean_waiting": rows.mean_number("waiting"),
        "mean_treated": rows.mean_number("treated"),
        "mean_blocked": rows.mean_number("blocked"),
        "mean_in_system": rows.mean_number("inside"),
        "share_time_blocked": 1 - rows.share_of_time("blocked", 0),
        "wait_mean": waits.mean(),
        "wait_sd": waits.std(),
        "wait_p90": np.quantile(waits, 0.9),
        "arrivals": len(rows.arrived),
        "blocked_mean_transferred": in_minutes(log, onward).mean() if len(onward) else np.nan,
        "p_blocked_transferred": (onward > 0).mean() if len(onward) else np.nan,
    }


@pytest.mark.parametrize("name", ["A03a", "A10a", "A13a", "A14a", "A17c", "B09a", "C01c", "C04a", "C05a", "C08a"])
def test_readings_are_those_of_the_stations_table(name):
    case = CASES[name]
    warm_up, length, _ = case.quick
    log = Log(spec := case.spec("", warm_up, length), run(spec, 7))
    table = stations(log.spec, log.trajectory).set_index("service")
    for service in spec.services:
        for column, value in expected(log, log.at(service.id)).items():
            assert table.loc[service.id, column] == pytest.approx(value, rel=1e-9, abs=1e-9, nan_ok=True), column
    assert table.loc["system", "mean_in_system"] == pytest.approx(log.number_in_system(), rel=1e-9)
    assert table.loc["system", "time_in_system_mean"] == pytest.approx(
        in_minutes(log, log.times_in_system()).mean(), rel=1e-9
    )


@pytest.mark.parametrize("name", ["C10a", "C11a"])
def test_visits_are_those_of_the_stations_table(name):
    case = CASES[name]
    warm_up, length, _ = case.quick
    log = Log(spec := case.spec("", warm_up, length), run(spec, 7))
    lists = DayLists(log, "home_care")
    row = stations(spec, log.trajectory).set_index("service").loc["home_care"]
    assert row["mean_visits_per_day"] == pytest.approx(lists.visits.mean(), rel=1e-9)
    assert row["mean_in_use"] == pytest.approx(lists.caseload.mean(), rel=1e-9)
