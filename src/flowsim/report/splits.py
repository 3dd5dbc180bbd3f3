"""Measures that come in parts, by delay reason or responsible body."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from flowsim.experiment.result import ExperimentResult
from flowsim.report.view import is_blank, is_overall


NO_REASON = "no_reason"
"""Part of delays for which the configuration names no reason."""


def split_measures(result: ExperimentResult) -> list[tuple[str, str]]:
    """Return (measure, ``reason`` or ``body``) for measures whose parts are all one or the other, in their order."""
    table = result.comparison
    if table.empty:
        return []
    reasons, bodies = {*_reasons(result), NO_REASON}, {*_bodies(result), NO_REASON}
    out = []
    for measure, part in table[~is_blank(table["split"])].groupby("measure", sort=False):
        splits = {str(s) for s in part["split"]}
        if splits <= reasons:
            out.append((str(measure), "reason"))
        elif splits <= bodies:
            out.append((str(measure), "body"))
    return out


def split_values(result: ExperimentResult, level: str, measure: str) -> dict[str, dict[str, float]]:
    """Return mean value by arm and part, over all services; parts that are nought everywhere are left out."""
    table = result.comparison
    kept = table[(table["demand"] == level) & (table["measure"] == measure) & ~is_blank(table["split"])]
    kept = kept[is_blank(kept["service"])] if is_blank(kept["service"]).any() else _over_services(kept)
    some = set(kept.loc[kept["mean"].abs() > 0, "split"].astype(str))
    out: dict[str, dict[str, float]] = {}
    for row in kept.to_dict("records"):
        if str(row["split"]) in some and row["mean"] == row["mean"]:
            out.setdefault(str(row["arm"]), {})[str(row["split"])] = float(row["mean"])
    return out


def _over_services(kept: pd.DataFrame) -> pd.DataFrame:
    return kept.groupby(["arm", "split"], as_index=False)["mean"].sum()


def twin_measures(result: ExperimentResult) -> list[str]:
    """Return the undivided measures of delay: days by recorded reasons or all, and no criteria to reside."""
    taken = set() if result.comparison.empty else set(result.comparison.loc[is_overall(result.comparison), "measure"])
    return [m for m in result.config.get("measure") or {} if m in taken and _counts_delay(result, m)]


def _counts_delay(result: ExperimentResult, measure: str) -> bool:
    definition = result.definition(measure)
    options = definition.get("options") or {}
    if definition["kind"] == "delayed_days":
        return options.get("by", "none") == "none"
    return bool(definition["kind"] == "at_midnight" and options.get("who", "ready") == "ready")


def body_of(result: ExperimentResult, reason: str) -> str:
    """Return the body responsible for a reason."""
    said = _reasons(result).get(reason)
    return str(said.get("body") or "") if isinstance(said, Mapping) else ""


def _reasons(result: ExperimentResult) -> Mapping[str, Any]:
    said = result.config.get("reason") or {}
    return said if isinstance(said, Mapping) else {}


def _bodies(result: ExperimentResult) -> set[str]:
    named = (result.config.get("place") or {}).get("bodies") or {}
    return {*named, *(body_of(result, reason) for reason in _reasons(result))}
