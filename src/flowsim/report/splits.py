"""Measures that come in parts, by delay reason or responsible body."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from flowsim.experiment.result import ExperimentResult
from flowsim.report.view import is_blank, is_overall


def split_measures(result: ExperimentResult) -> list[tuple[str, str]]:
    """Return (measure, what it is divided by) for the measures of delayed days that come in parts.

    Divided by ``reason``, ``body``, or ``towards`` (where patients were bound).
    """
    table = result.comparison
    taken = set() if table.empty else set(table.loc[~is_blank(table["split"]), "measure"].unique())
    out = []
    for measure in result.config.get("measure") or {}:
        definition = result.definition(measure)
        by = str((definition.get("options") or {}).get("by", "none"))
        if definition["kind"] == "delayed_days" and by != "none" and measure in taken:
            out.append((str(measure), by))
    return out


def foremost(result: ExperimentResult, measures: list[tuple[str, str]]) -> set[str]:
    """Return the measures to show first: by reason and by body, of the patients of the watched count if it can be."""
    watched = [result.definition(m).get("when") or {} for m in result.watches if _counts_delay(result, m)]
    first: dict[str, str] = {}
    for measure, kind in sorted(measures, key=lambda m: (result.definition(m[0]).get("when") or {}) not in watched):
        if kind in ("reason", "body"):
            first.setdefault(kind, measure)
    return set(first.values())


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
    return kept.groupby(["arm", "split"])["mean"].sum().reset_index()


def twin_measures(result: ExperimentResult) -> list[str]:
    """Return the two counts of delay, apart: recorded transfer delays, and patients with no criteria to reside.

    Of several measures of one kind, the one that the experiment watches, else the first.
    """
    taken = set() if result.comparison.empty else set(result.comparison.loc[is_overall(result.comparison), "measure"])
    shown = [m for m in dict.fromkeys([*result.watches, *(result.config.get("measure") or {})]) if m in taken]
    found: dict[str, str] = {}
    for measure in shown:
        kind = str(result.definition(measure)["kind"])
        if _counts_delay(result, measure):
            found.setdefault(kind, measure)
    return [found[kind] for kind in ("delayed_days", "at_midnight") if kind in found]


def _counts_delay(result: ExperimentResult, measure: str) -> bool:
    definition = result.definition(measure)
    options = definition.get("options") or {}
    if definition["kind"] == "delayed_days":
        return str(options.get("by", "none")) == "none"
    return bool(definition["kind"] == "at_midnight" and options.get("who", "ready") == "ready")


_BODY_NAMES = {"nhs": "NHS", "social_care": "Social care", "both": "NHS and social care together"}


def body_label(result: ExperimentResult, body: str) -> str:
    """Return a responsible body's name, as the place has it or as it is generally known."""
    named = (result.config.get("place") or {}).get("bodies") or {}
    return str(named.get(body) or _BODY_NAMES.get(body) or (result.label(body) if body else ""))


def body_of(result: ExperimentResult, reason: str) -> str:
    """Return the body responsible for a reason."""
    said = _reasons(result).get(reason)
    return str(said.get("body") or "") if isinstance(said, Mapping) else ""


def _reasons(result: ExperimentResult) -> Mapping[str, Any]:
    said = result.config.get("reason") or {}
    return said if isinstance(said, Mapping) else {}
