"""What the report works out beyond the result's own tables, kept beside them as Parquet files."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from flowsim.analyse.payers import cost_shifts
from flowsim.experiment.result import ExperimentResult
from flowsim.report.inequality import inequality_table
from flowsim.report.money import payer_table, pays_rows
from flowsim.report.targets import targets_table


def findings(result: ExperimentResult) -> dict[str, pd.DataFrame]:
    """Return the tables by name.

    - targets: every target held against every option (``flowsim.analyse.targets.COLUMNS``);
    - payers: costs by payer at full cost and in cash, with paired differences;
    - cost_shifts: options whose total falls while a payer's costs rise beyond luck;
    - break_even: what options cost, save and net, and by how much the saving must grow to pay for them;
    - inequality: rates by deprivation and hub, and their gaps, with paired differences.
    """
    payers = payer_table(result)
    full = payers[payers["basis"] == "full"]
    return {
        "targets": targets_table(result),
        "payers": payers,
        "cost_shifts": cost_shifts(full, result.against),
        "break_even": pays_rows(result),
        "inequality": inequality_table(result),
    }


def write_findings(result: ExperimentResult, folder: Path) -> None:
    """Write the tables that hold something into a folder of results, each put in place whole."""
    for name, table in findings(result).items():
        if not table.empty:
            temporary = folder / f".writing-{name}"
            table.to_parquet(temporary, index=False)
            temporary.replace(folder / f"{name}.parquet")
