"""The gap between levels of an attribute (most and least deprived, one hub and another), and how options move it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from flowsim.analyse.compare import COLUMNS, compare
from flowsim.measure.people import gap


def gaps(
    measures: pd.DataFrame,
    levels: Sequence[str],
    people: Mapping[str, float],
    statistics: Sequence[str],
    against: str,
    better: Mapping[str, str],
) -> pd.DataFrame:
    """Return gaps between the levels of measures that are divided by them, paired with the baseline.

    Args:
        measures: arm, demand, replication, measure, service, split (a level), value, unit.
        levels: in order, the most deprived first.
        people: in each level.
        statistics: ``difference``, ``ratio``, ``slope``, ``relative_slope`` or ``range``; see ``measure.people.gap``.
        against: the baseline arm.
        better: measure -> which side is better; of a gap, always the smaller one.

    Returns:
        As ``compare`` returns it, with the statistic as ``split``.
    """
    kept = measures[measures["split"].isin(levels)]
    number = np.array([people[level] for level in levels], dtype=np.float64)
    keys = ["arm", "demand", "replication", "measure", "unit"]
    wide = kept.pivot_table(index=keys, columns="split", values="value", sort=False).reindex(columns=list(levels))
    rows = [
        (*key, "all", statistic, gap(rates, number, statistic))
        for key, rates in zip(wide.index, wide.to_numpy(dtype=np.float64), strict=True)
        for statistic in statistics
    ]
    table = pd.DataFrame(rows, columns=[*keys, "service", "split", "value"])
    if table.empty:
        return pd.DataFrame(columns=COLUMNS)
    smaller = {name: "lower" if side != "neither" else "neither" for name, side in better.items()}
    return compare(table, against=against, better=smaller)
