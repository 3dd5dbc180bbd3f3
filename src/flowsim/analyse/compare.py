"""Arms against a baseline, replication by replication: the same patients with the same luck in both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from flowsim.analyse.intervals import Floats, t_quantile

if TYPE_CHECKING:
    import pandas as pd


KEY = ["demand", "measure", "service", "split"]
"""What must agree for two values to be of the same thing."""
COLUMNS = [
    "demand",
    "arm",
    "measure",
    "service",
    "split",
    "unit",
    "mean",
    "low",
    "high",
    "difference",
    "difference_low",
    "difference_high",
    "p_better",
    "replications",
    "left_out",
]
_SIGN = {"lower": -1.0, "higher": 1.0, "neither": np.nan}


def compare(measures: pd.DataFrame, against: str, better: Mapping[str, str], confidence: float = 0.95) -> pd.DataFrame:
    """Return each arm's means and its paired differences from a baseline arm.

    Args:
        measures: arm, demand, replication, measure, service, split, value, unit; one row a value.
        against: the baseline arm.
        better: measure -> ``lower``, ``higher`` or ``neither``; measures not named count as ``neither``.
        confidence: of the intervals.

    Returns:
        One row a demand, arm, measure, service and split, in the order they come in, with the columns
        ``COLUMNS``. ``mean, low, high`` are of the arm alone, by Student's t over its replications.
        ``difference`` is the mean over replications of (arm - baseline), with its interval by Student's t
        over the n differences. ``p_better`` is the probability that the true mean difference has the
        favourable sign given those n, under the usual flat prior: T(n-1)(+-difference / (s / sqrt n)), T
        being the distribution function of Student's t with n - 1 degrees of freedom and s the differences'
        standard deviation; where s is 0 it is 1, 0, or one half when there is no difference at all.
        ``replications`` counts the differences (for the baseline itself, its values), ``left_out`` the
        replications in which the measure was undefined in either arm. What cannot be known from so few
        is NaN; so are the baseline's differences from itself.
    """
    import pandas as pd

    if measures.empty:
        return pd.DataFrame(columns=COLUMNS)
    paired = _pair(measures, against)
    out = paired.groupby(["demand", "arm", *KEY[1:], "unit"], sort=False, dropna=False).agg(
        mean=("value", "mean"),
        sd=("value", "std"),
        n=("value", "count"),
        difference=("difference", "mean"),
        difference_sd=("difference", "std"),
        replications=("difference", "count"),
    )
    out = out.reset_index()
    own = out["arm"] == against
    half = _half_width(out["sd"], out["n"], confidence)
    out["low"], out["high"] = out["mean"] - half, out["mean"] + half
    half = _half_width(out["difference_sd"], out["replications"], confidence)
    out["difference_low"], out["difference_high"] = out["difference"] - half, out["difference"] + half
    out["p_better"] = _probability_better(out, better)
    out.loc[own, ["difference", "difference_low", "difference_high", "p_better"]] = np.nan
    out["replications"] = out["replications"].where(~own, out["n"])
    run = measures.groupby(["demand", "arm"])["replication"].nunique().rename("run").reset_index()
    out["left_out"] = out.merge(run, on=["demand", "arm"], how="left")["run"] - out["replications"]
    return out[COLUMNS]


def _pair(measures: pd.DataFrame, against: str) -> pd.DataFrame:
    """Set beside each value the baseline's of the same replication, and their difference."""
    keys = [*KEY, "replication"]
    baseline = measures.loc[measures["arm"] == against, [*keys, "value"]].rename(columns={"value": "baseline"})
    paired = measures.merge(baseline, on=keys, how="left", validate="many_to_one")
    return paired.assign(difference=paired["value"] - paired["baseline"])


def _half_width(spread: pd.Series, n: pd.Series, confidence: float) -> Floats:
    counts = n.to_numpy(dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        half: Floats = t_quantile(counts, confidence) * spread.to_numpy(dtype=np.float64) / np.sqrt(counts)
    return half


def _probability_better(out: pd.DataFrame, better: Mapping[str, str]) -> Floats:
    from scipy.special import stdtr

    sign = out["measure"].map(lambda name: _SIGN[better.get(name, "neither")]).to_numpy(dtype=np.float64)
    gain = sign * out["difference"].to_numpy(dtype=np.float64)
    n = out["replications"].to_numpy(dtype=np.float64)
    error = out["difference_sd"].to_numpy(dtype=np.float64) / np.sqrt(np.maximum(n, 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        by_t = stdtr(np.maximum(n - 1, 1), gain / error)
    certain = np.where(gain > 0, 1.0, np.where(gain < 0, 0.0, 0.5))
    known: Floats = np.where(error > 0, by_t, certain)
    return np.where((n >= 2) & ~np.isnan(gain), known, np.nan)
