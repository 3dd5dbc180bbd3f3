"""The fit, ready to show: each recorded series beside the model, its residuals, and plainly what does not fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from flowsim.analyse.fit import FITS, NOT, ON_AVERAGE, fit_series, fit_values
from flowsim.config.models import Record
from flowsim.experiment.result import ExperimentResult
from flowsim.report.fit_figures import MODELLED, RECORDED, months_panel, residual_panel, unit_of
from flowsim.report.formats import amount, difference, percent

_PER = {"/month": "a month", "/day": "a day", "share": "", "number": ""}


def fit_part(values: pd.DataFrame, series: pd.DataFrame, records: Mapping[str, Record]) -> dict[str, Any]:
    """Return rows, charts and sentences of a fit.

    Args:
        values: as ``analyse.fit.fit_values`` gives.
        series: as ``analyse.fit.fit_series`` gives.
        records: by id.
    """
    rows = [_row(row, records[row["record"]]) for row in series.to_dict("records")]
    charts = []
    for name in series["record"]:
        record, mine = records[name], values[values["record"] == name]
        if record.months is not None:
            charts.append(months_panel(mine, record.label, record.unit))
        charts.append(residual_panel(mine, record.label, record.unit))
    return {
        "rows": rows,
        "charts": [drawn for drawn in charts if drawn],
        "said": sentences(series, records),
        "legend": [(RECORDED, "recorded, within its tolerance"), ("#b8460b", "outside"), (MODELLED, "modelled")],
    }


def _row(row: Mapping[Any, Any], record: Record) -> dict[str, str]:
    unit = unit_of(record.unit)
    return {
        "label": f"{row['label']} {_PER[record.unit]}".strip(),
        "used": "of another time, for scale" if record.used_for == "scale" else "",
        "within": f"{row['within']} of {row['values']}",
        "recorded": "" if record.parts else amount(row["recorded"], unit),
        "modelled": "" if record.parts else amount(row["modelled"], unit),
        "difference": "" if record.parts else difference(row["difference"], unit),
        "mean_absolute": amount(row["mean_absolute"], unit),
        "worst": f"{difference(row['worst'], unit)} ({row['worst_key']})",
        "tolerance": tolerance_words(record),
        "verdict": str(row["verdict"]),
        "css": "" if row["verdict"] == FITS else "not-ok" if row["verdict"] == NOT else "",
    }


def tolerance_words(record: Record) -> str:
    """Return a tolerance in words."""
    if record.tolerance.spread is not None:
        return "between the lowest and highest month recorded"
    if record.tolerance.points is not None:
        return f"{100 * record.tolerance.points.value:g} points"
    assert record.tolerance.share is not None, "a tolerance is one of three"
    return percent(record.tolerance.share.value, 0)


def sentences(series: pd.DataFrame, records: Mapping[str, Record]) -> list[str]:
    """Return what fits and what does not, a sentence each: first what does not."""
    judged = series[series["used_for"] == "fit"]
    out = []
    for row in judged[judged["verdict"] == NOT].to_dict("records"):
        unit = unit_of(records[row["record"]].unit)
        out.append(
            f"{row['label']} does not fit: {row['within']} of {row['values']} values within "
            f"{tolerance_words(records[row['record']])}; worst {difference(row['worst'], unit)} ({row['worst_key']})."
        )
    for row in judged[judged["verdict"] == ON_AVERAGE].to_dict("records"):
        out.append(
            f"{row['label']} fits on average, not in every month: {row['within']} of {row['values']} within "
            f"{tolerance_words(records[row['record']])}; worst in {row['worst_key']}."
        )
    well = list(judged[judged["verdict"] == FITS]["label"])
    if well:
        out.append(f"Within tolerance throughout: {'; '.join(well)}.")
    return out


def run_fit_part(result: ExperimentResult) -> dict[str, Any]:
    """Return the fit of a run over months that were recorded; nothing where none were, or nothing was read off.

    Of several options the baseline is compared, at the first level of demand.
    """
    readings, said = result.readings, result.config.get("record") or {}
    if readings.empty or not said:
        return {}
    records = {name: Record.model_validate(item) for name, item in said.items()}
    mine = readings[(readings["arm"] == result.against) & (readings["demand"] == result.levels[0].id)]
    values = fit_values(mine, records)
    by_month = [name for name, record in records.items() if record.months is not None]
    if not values["record"].isin(by_month).any():
        return {}
    return fit_part(values, fit_series(values, records), records)


def knob_rows(knobs: pd.DataFrame) -> Sequence[Mapping[Any, Any]]:
    """Return the knobs as a template reads them."""
    return knobs.to_dict("records")
