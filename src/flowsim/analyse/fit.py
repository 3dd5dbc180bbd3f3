"""How the model compares with what was recorded: value by value, and series by series."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from flowsim.config.models import Record

VALUES = ["record", "key", "recorded", "modelled", "low", "high", "allowed_low", "allowed_high", "within"]
SERIES = [
    "record",
    "label",
    "unit",
    "used_for",
    "values",
    "within",
    "recorded",
    "modelled",
    "difference",
    "mean_absolute",
    "worst",
    "worst_key",
    "verdict",
]

FITS = "fits"
ON_AVERAGE = "fits on average"
NOT = "does not fit"


def fit_values(readings: pd.DataFrame, records: Mapping[str, Record]) -> pd.DataFrame:
    """Return modelled against recorded, one row a recorded value that was modelled.

    Args:
        readings: record, key, value, one row a replication (as ``measure.recorded.readings`` gives).
        records: by id.

    Returns:
        record, key, recorded, modelled (mean over replications), low, high (of the replications), allowed_low,
        allowed_high (the tolerance), within.
    """
    if readings.empty:
        return pd.DataFrame({name: [] for name in VALUES})
    groups = readings.groupby(["record", "key"], sort=False)["value"]
    found = {key: (float(v.mean()), float(v.min()), float(v.max())) for key, v in groups}
    rows = []
    for name, record in records.items():
        for key, value in values_of(record).items():
            if (name, key) in found:
                mean, low, high = found[name, key]
                least, most = allowed(record, value)
                rows.append((name, key, value, mean, low, high, least, most, least <= mean <= most))
    return pd.DataFrame(rows, columns=VALUES)


def values_of(record: Record) -> dict[str, float]:
    """Return the recorded values by key: months in order, parts, or ``whole``."""
    if record.months is not None:
        return {month: record.months[month].value for month in sorted(record.months)}
    if record.parts is not None:
        return {part: value.value for part, value in record.parts.items()}
    assert record.whole is not None, "a record has one of three shapes"
    return {"whole": record.whole.value}


def allowed(record: Record, value: float) -> tuple[float, float]:
    """Return the ends of the tolerance around a recorded value; tolerances hold to a millionth."""
    tolerance, edge = record.tolerance, 1e-6
    if tolerance.spread is not None:
        months = [item.value for item in (record.months or {}).values()]
        return min(months) - edge, max(months) + edge
    if tolerance.points is not None:
        return value - tolerance.points.value - edge, value + tolerance.points.value + edge
    assert tolerance.share is not None, "a tolerance is one of three"
    return value * (1 - tolerance.share.value) - edge, value * (1 + tolerance.share.value) + edge


def fit_series(values: pd.DataFrame, records: Mapping[str, Record]) -> pd.DataFrame:
    """Return one row a record with values: how many are within the tolerance, and how far off it is.

    Args:
        values: as ``fit_values`` gives.
        records: by id.

    Returns:
        values (how many), within (of them), recorded and modelled means, difference (modelled less recorded), mean
        absolute difference, the worst difference and its key, and the verdict: ``fits`` where every value is within
        its tolerance, ``fits on average`` where the mean of the series is, ``does not fit`` else.
    """
    rows = []
    for name, record in records.items():
        mine = values[values["record"] == name]
        if mine.empty:
            continue
        off = (mine["modelled"] - mine["recorded"]).to_numpy(dtype=np.float64)
        at = int(np.argmax(np.abs(off)))
        inside = int(mine["within"].sum())
        recorded, modelled = float(mine["recorded"].mean()), float(mine["modelled"].mean())
        low, high = allowed(record, recorded)
        if inside == len(mine):
            verdict = FITS
        else:
            verdict = ON_AVERAGE if record.parts is None and low <= modelled <= high else NOT
        rows.append(
            (
                *(name, record.label, record.unit, record.used_for, len(mine), inside, recorded, modelled),
                *(modelled - recorded, float(np.abs(off).mean()), float(off[at]), str(mine["key"].iloc[at]), verdict),
            )
        )
    return pd.DataFrame(rows, columns=SERIES)
