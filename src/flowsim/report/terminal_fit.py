"""What the command line shows of a calibration and of a validation."""

from __future__ import annotations

import pandas as pd
from rich import box
from rich.console import Console
from rich.table import Table

from flowsim.calibrate.conduct import CalibrationResult
from flowsim.calibrate.forecast import ForecastPlan
from flowsim.report.calibration_page import score_rows
from flowsim.report.fit_section import fit_part, knob_rows
from flowsim.report.terminal import say


def show_calibration(result: CalibrationResult, console: Console) -> None:
    """Show the fit, what is left of each input, and what the data cannot pin down."""
    say(console, f"\n{result.plan.label}")
    part = fit_part(result.fit, result.series, result.plan.records)
    heads: tuple[str, ...] = ("Series", "Recorded", "Modelled", "Difference", "Worst", "Within", "Verdict")
    columns = ("label", "recorded", "modelled", "difference", "worst", "within", "verdict")
    console.print(_table(heads, [[row[name] for name in columns] for row in part["rows"]]))
    if result.shares:
        heads = ("Input", "Tried", "Before", "Calibrated", "Kept", "The data")
        rows = [
            [
                str(k["label"]),
                f"{k['low']} to {k['high']}",
                *(str(k[name]) for name in ("base", "calibrated")),
                f"{k['kept_low']} to {k['kept_high']}",
                str(k["said"]) + (f"; only with {k['tied_to']}" if k["tied_to"] else ""),
            ]
            for k in knob_rows(result.knobs)
        ]
        console.print(_table(heads, rows))
        say(console, f"{result.shares[-1]:.2g} of the range of inputs is not ruled out by the records.")
        if result.raised > 1:
            say(console, f"No inputs meet every record: the limit was raised {result.raised:.2f} times.")
    for sentence in part["said"]:
        say(console, sentence)


def show_validation(planned: ForecastPlan, scores: pd.DataFrame, console: Console) -> None:
    """Show how the forecasts did."""
    units = {series.id: series.record.unit for series in planned.series}
    heads = ("Series", "Forecast", "Months", "MAE", "MAPE", "Bias", "In 80 %", "In 95 %", "Skill of the model")
    columns = ("label", "forecast", "months", "mae", "mape", "bias", "coverage80", "coverage95", "skill")
    console.print(_table(heads, [[row[name] for name in columns] for row in score_rows(scores, units)]))


def _table(heads: tuple[str, ...], rows: list[list[str]]) -> Table:
    table = Table(header_style="", box=box.SIMPLE_HEAD)
    for i, name in enumerate(heads):
        table.add_column(name, justify="right" if 0 < i < len(heads) - 1 else "left")
    for row in rows:
        table.add_row(*row)
    return table
