"""How many replications a wanted precision takes."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowsim.analyse.intervals import interval, t_quantile

MOST = 100_000
"""Replications beyond which a precision counts as out of reach."""


def replications_needed(differences: npt.ArrayLike, half_width: float, confidence: float = 0.95) -> int | None:
    """Return how many replications bring the paired difference's interval to a half-width.

    The smallest n with t(n - 1) s / sqrt(n) no greater than ``half_width``, s being the standard deviation
    of the differences seen so far (Law, *Simulation Modeling and Analysis*, section 9.4.1).

    Args:
        differences: of the replications already run, one each; NaN where undefined.
        half_width: wanted, in the measure's unit.
        confidence: of the interval.

    Returns:
        At least 2; None where fewer than two differences are defined or it would take more than ``MOST``.
    """
    if half_width <= 0:
        raise ValueError(f"said a half-width of {half_width}; wanted more than 0")
    seen = interval(differences, confidence)
    return None if seen.n < 2 else _smallest(math.sqrt(seen.variance), half_width, confidence)


def needed_by_row(comparison: pd.DataFrame, half_width: float, confidence: float = 0.95) -> pd.Series:
    """Return ``replications_needed`` for each row of a comparison, from its own interval; missing where unknown."""
    n = comparison["replications"].to_numpy(dtype=np.float64)
    width = ((comparison["difference_high"] - comparison["difference_low"]) / 2).to_numpy(dtype=np.float64)
    spread = width * np.sqrt(n) / t_quantile(n, confidence)
    found = [None if math.isnan(s) else _smallest(float(s), half_width, confidence) for s in spread]
    return pd.Series(found, index=comparison.index, dtype="Int64")


def _smallest(spread: float, half_width: float, confidence: float) -> int | None:
    low, high = 2, MOST
    if float(t_quantile(high, confidence)) * spread / math.sqrt(high) > half_width:
        return None
    while low < high:
        middle = (low + high) // 2
        if float(t_quantile(middle, confidence)) * spread / math.sqrt(middle) <= half_width:
            high = middle
        else:
            low = middle + 1
    return low
