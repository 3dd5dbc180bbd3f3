"""How many intermediate care beds until recorded delays stop falling? A sweep with paired differences."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import pairwise

import joblib
import pandas as pd

from flowsim.analyse.compare import compare
from flowsim.config.load import load
from flowsim.engine.kernel import run
from flowsim.experiment.design import design_run
from flowsim.measure.registry import measure_all
from flowsim.report.view import is_overall

KEY = "service.intermediate_care_beds.capacity.beds"
VALUES = (13, 16, 19, 22, 25, 30, 40)
MEASURE = "residents_delayed_days"


def measured(key: str, value: int, measure: str, overrides: Sequence[str]) -> pd.DataFrame:
    """Return a measure's overall value in every replication, with one key set to a value."""
    design = design_run(load([*overrides, f"{key}={value}"]))
    cell = design.cells[0]
    wanted = {measure: design.definitions[measure]}
    frames = [
        measure_all(cell.spec, run(cell.spec, replication), wanted).assign(replication=replication)
        for replication in range(design.replications)
    ]
    found = pd.concat(frames)
    return found[is_overall(found)].assign(arm=str(value), demand=cell.demand)


def sweep(key: str, values: Sequence[int], measure: str, overrides: Sequence[str] = (), jobs: int = -1) -> pd.DataFrame:
    """Return one row a value: the measure's mean, and its paired difference from the value before.

    Args:
        key: of the configuration.
        values: to give it, in the order to compare them in.
        measure: id of a measure.
        overrides: what else to set, as on the command line.
        jobs: processes; -1 for one a core.

    Returns:
        value, mean, low, high, difference, difference_low, difference_high (in the measure's unit).
    """
    found = joblib.Parallel(n_jobs=jobs)(joblib.delayed(measured)(key, v, measure, overrides) for v in values)
    first = compare(found[0], str(values[0]), {})
    steps = [compare(pd.concat(pair), pair[0]["arm"].iloc[0], {}).tail(1) for pair in pairwise(found)]
    table = pd.concat([first, *steps]).set_axis(pd.Index(values, name="value"))
    return table[["mean", "low", "high", "difference", "difference_low", "difference_high"]]


def last_that_helps(table: pd.DataFrame) -> int | None:
    """Return the highest value that is shown to be better than the one before it; None where none is."""
    falls = table.index[table["difference_high"] < 0]
    return int(falls[-1]) if len(falls) else None


if __name__ == "__main__":
    table = sweep(KEY, VALUES, MEASURE, sys.argv[1:])
    sys.stdout.write(f"{MEASURE} by {KEY}; difference from the row above, with its 95 % interval\n")
    sys.stdout.write(table.round(2).to_string(na_rep="") + "\n")
    best = last_that_helps(table)
    sys.stdout.write("No step is shown to lower it.\n" if best is None else f"Shown to fall up to {best}.\n")
