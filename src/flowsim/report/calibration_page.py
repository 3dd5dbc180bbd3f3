"""Pages of a calibration and of a validation: each stands alone and opens from disk."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from flowsim.calibrate.conduct import CalibrationResult
from flowsim.calibrate.forecast import ForecastPlan
from flowsim.report.fit_figures import forecast_panel, ranges, unit_of
from flowsim.report.fit_section import fit_part, knob_rows
from flowsim.report.formats import NOT_MEASURED, amount, difference, is_missing, percent
from flowsim.report.rendering import rendered


def write_calibration_page(result: CalibrationResult, path: Path, version: str) -> None:
    """Write what a calibration found."""
    path.write_text(rendered("calibration.html.j2", version=version, **calibration_parts(result)), encoding="utf-8")


def write_validation_page(
    planned: ForecastPlan, forecasts: pd.DataFrame, scores: pd.DataFrame, path: Path, version: str
) -> None:
    """Write how forecasts did."""
    parts = validation_parts(planned, forecasts, scores)
    path.write_text(rendered("validation.html.j2", version=version, **parts), encoding="utf-8")


def calibration_parts(result: CalibrationResult) -> dict[str, Any]:
    """Return what the page of a calibration shows."""
    records = result.plan.records
    return {
        "title": result.plan.label,
        "waves": result.waves.to_dict("records"),
        "knobs": knob_rows(result.knobs),
        "ranges": ranges(result.knobs) if result.shares else "",
        "targets": [_target(row) for row in result.targets.to_dict("records")] if result.shares else [],
        "fit": fit_part(result.fit, result.series, records),
        "base": fit_part(result.base_fit, result.base_series, records) if result.shares else None,
        "left": percent(result.shares[-1], 2) if result.shares else "",
        "raised": f"{result.raised:.2f}" if result.raised > 1 else "",
        "unpinned": [row["label"] for row in knob_rows(result.knobs) if row["said"] == "not pinned down"],
    }


def _target(row: dict[Any, Any]) -> dict[str, str]:
    sds = ("error", "discrepancy", "luck", "emulator")
    return {
        "label": str(row["label"]),
        "period": str(row["period"]),
        "observed": f"{row['observed']:.4g}",
        **{name: NOT_MEASURED if is_missing(row[name]) else f"{row[name]:.3f}" for name in sds},
        **{name: f"{row[name]:.1f}" for name in ("base", "best", "least")},
    }


def validation_parts(planned: ForecastPlan, forecasts: pd.DataFrame, scores: pd.DataFrame) -> dict[str, Any]:
    """Return what the page of a validation shows."""
    units = {series.id: series.record.unit for series in planned.series}
    charts = [
        forecast_panel(mine, str(mine["label"].iloc[0]), units[str(name)])
        for name, mine in forecasts.groupby("series", sort=False)
    ]
    return {
        "title": f"{planned.name}: forecasts against what was recorded",
        "rows": score_rows(scores, units),
        "charts": charts,
        "months": f"{forecasts['month'].min()} to {forecasts['month'].max()}",
        "replications": planned.replications,
        "rolling": planned.rolling,
        "inputs": "inputs drawn from what a calibration kept"
        if planned.positions is not None
        else "inputs as configured",
    }


def score_rows(scores: pd.DataFrame, units: Mapping[str, str]) -> list[dict[str, str]]:
    """Return the scores as they are shown, one row a series and forecast."""
    rows = []
    for row in scores.to_dict("records"):
        unit = unit_of(units[row["series"]])
        rows.append(
            {
                "label": str(row["label"]),
                "forecast": str(row["forecast"]),
                "months": str(row["months"]),
                "mae": amount(row["mae"], unit),
                "mape": percent(row["mape"]),
                "bias": NOT_MEASURED if is_missing(row["bias"]) else difference(row["bias"], unit),
                "coverage80": "" if is_missing(row["coverage80"]) else percent(row["coverage80"], 0),
                "coverage95": "" if is_missing(row["coverage95"]) else percent(row["coverage95"], 0),
                "skill": "" if is_missing(row["skill"]) else f"{row['skill']:+.2f}",
            }
        )
    return rows
