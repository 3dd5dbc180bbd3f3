"""What a report reads from a result: headline rows, pairs of options, payers and periods, each looked up one way.

An *overall* row is one with no service and no split. A *verdict* says what an interval allows one to say.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum
from typing import Any

import pandas as pd

from flowsim.analyse.payers import by_payer
from flowsim.experiment.result import ExperimentResult
from flowsim.report.formats import day, plural
from flowsim.report.kept import once_a_result


class Verdict(Enum):
    """What the interval of a difference allows one to say."""

    BETTER = "better"
    WORSE = "worse"
    HIGHER = "higher"
    LOWER = "lower"
    UNSURE = "cannot be told from luck"
    SAME = "no change"
    UNKNOWN = "no interval"


@dataclass(frozen=True, slots=True)
class Effect:
    """A measure of one option at one demand level, and its difference from the baseline.

    Attributes:
        measure: id; ``label``, ``unit`` and ``better`` as defined.
        mean: over replications; ``low`` and ``high`` its interval.
        difference: from the baseline, paired; ``difference_low`` and ``difference_high`` its interval.
        p_better: probability of being better than the baseline.
        replications: how many it rests on.
    """

    arm: str
    measure: str
    label: str
    unit: str
    better: str
    mean: float
    low: float
    high: float
    difference: float
    difference_low: float
    difference_high: float
    p_better: float
    replications: int

    @property
    def verdict(self) -> Verdict:
        """What may be said of the difference."""
        return judge(self.difference, self.difference_low, self.difference_high, self.better)


def judge(difference: float, low: float, high: float, better: str) -> Verdict:
    """Return what an interval allows one to say; nothing is claimed when it holds nought.

    Args:
        difference: from the baseline.
        low: lower end of its interval.
        high: upper end of its interval.
        better: lower | higher | neither.
    """
    if difference == 0 and not (low < 0 or high > 0):
        return Verdict.SAME
    if not (math.isfinite(low) and math.isfinite(high)):
        return Verdict.UNKNOWN
    if low <= 0 <= high:
        return Verdict.UNSURE
    is_higher = low > 0
    if better == "neither":
        return Verdict.HIGHER if is_higher else Verdict.LOWER
    return Verdict.BETTER if is_higher == (better == "higher") else Verdict.WORSE


def is_overall(table: pd.DataFrame) -> pd.Series[bool]:
    """Return which rows have neither service nor split."""
    return is_blank(table["service"]) & is_blank(table["split"])


@once_a_result
def overall_measures(result: ExperimentResult) -> pd.DataFrame:
    """Return the overall rows of the measures of every replication."""
    return result.measures[is_overall(result.measures)] if len(result.measures) else result.measures


@once_a_result
def overall_weekly(result: ExperimentResult) -> pd.DataFrame:
    """Return the overall rows of the weekly measures of every replication."""
    table = result.weekly.drop(columns=["service", "split"])
    table = table[is_overall(result.weekly)] if len(table) else table
    return table.astype({name: "str" for name, kind in table.dtypes.items() if isinstance(kind, pd.CategoricalDtype)})


def is_blank(column: pd.Series[Any]) -> pd.Series[bool]:
    """Return which entries name nothing in particular."""
    if isinstance(column.dtype, pd.StringDtype | pd.CategoricalDtype):
        return column.isna() | column.isin(["", "all", "None", "nan"])
    return column.isna() | column.astype(str).isin(["", "all", "None", "nan"])


def effects(result: ExperimentResult, level: str, measures: Iterable[str]) -> dict[tuple[str, str], Effect]:
    """Return the overall effect of every arm on the measures, by (arm, measure)."""
    table = result.comparison
    wanted = list(measures)
    kept = table[(table["demand"] == level) & table["measure"].isin(wanted) & is_overall(table)]
    return {(row["arm"], row["measure"]): effect_of(result, row) for row in kept.to_dict("records")}


def effect_of(result: ExperimentResult, row: Mapping[Any, Any]) -> Effect:
    """Return a row of the comparison as an Effect."""
    definition = result.definition(row["measure"])
    numbers = {
        name: _number(row.get(name))
        for name in ("mean", "low", "high", "difference", "difference_low", "difference_high", "p_better")
    }
    replications = _number(row.get("replications"))
    return Effect(
        arm=str(row["arm"]),
        measure=str(row["measure"]),
        label=str(definition["label"]),
        unit=str(row.get("unit") or definition["unit"] or ""),
        better=str(definition["better"]),
        replications=int(replications) if math.isfinite(replications) else 0,
        **numbers,
    )


def _number(said: Any) -> float:
    try:
        return float(said) if said is not None else math.nan
    except (TypeError, ValueError):
        return math.nan


@once_a_result
def watched(result: ExperimentResult) -> list[str]:
    """Return the measures shown first, each with one overall figure.

    One that comes only in parts (a cost by payer) is replaced by the same thing undivided, where that was
    taken. Where the experiment watches nothing, the first few that were taken are shown.
    """
    table = result.comparison
    whole = [] if table.empty else list(table.loc[is_overall(table), "measure"].unique())
    divided = set() if table.empty else set(table["measure"].unique()) - set(whole)
    named = [_undivided(result, m, whole) if m in divided else m for m in result.watches]
    return list(dict.fromkeys(m for m in named if m)) or whole[:SHOWN]


SHOWN = 6
"""How many measures are shown first where the experiment does not say which."""


def _undivided(result: ExperimentResult, measure: str, whole: Iterable[str]) -> str:
    """Return the measure that is the same but for being divided; empty where there is none."""

    def core(name: str) -> tuple[object, ...]:
        said = result.definition(name)
        options = {k: v for k, v in (said.get("options") or {}).items() if k != "by" or v == "none"}
        return (said["kind"], said.get("role"), said.get("services"), {k: v for k, v in options.items() if k != "by"})

    return next((m for m in whole if core(m) == core(measure)), "")


def deciding_measure(result: ExperimentResult) -> str | None:
    """Return the measure options are ordered by: ``decide_by``, or the first watched that has a better side."""
    if result.decide_by:
        return result.decide_by
    judged = [m for m in result.watches if result.definition(m)["better"] in ("lower", "higher")]
    return judged[0] if judged else None


def ranked(result: ExperimentResult, level: str, measure: str) -> list[Effect]:
    """Return the options at a demand level, best first by the measure; those not measured are left out."""
    found = [e for e in effects(result, level, [measure]).values() if math.isfinite(e.mean)]
    sign = -1 if found and found[0].better == "higher" else 1
    order = {arm.id: i for i, arm in enumerate(result.arms)}
    return sorted(found, key=lambda e: (sign * e.mean, order.get(e.arm, 0)))


def versus(result: ExperimentResult, level: str, measure: str, arm: str, against: str) -> Effect | None:
    """Return the paired difference of one option from another; None where it cannot be had."""
    from flowsim.analyse.compare import compare

    table = overall_measures(result)
    kept = table[(table["demand"] == level) & (table["measure"] == measure) & table["arm"].isin([arm, against])]
    if set(kept["arm"].unique()) != {arm, against}:
        return None
    rows = compare(kept, against=against, better={measure: str(result.definition(measure)["better"])})
    found = rows[rows["arm"] == arm].to_dict("records")
    return effect_of(result, found[0]) if found else None


def payer_shifts(result: ExperimentResult, level: str) -> pd.DataFrame:
    """Return costs by arm and payer with the paired difference from the baseline [£ over the measured period].

    Columns: demand, arm, payer (``total`` for all of them), mean, difference, low, high.
    """
    table = _shifts(result)
    return table[table["demand"] == level].reset_index(drop=True)


@once_a_result
def _shifts(result: ExperimentResult) -> pd.DataFrame:
    return by_payer(result.costs, result.against)


def loads(result: ExperimentResult) -> pd.DataFrame:
    """Return the load offered to each service and staff pool, by arm and demand level.

    Columns as in ``flowsim.experiment.loads.OFFERED``.
    """
    return result.offered


def overloaded(result: ExperimentResult) -> pd.DataFrame:
    """Return the rows of ``loads`` whose queue cannot settle."""
    table = loads(result)
    return table if table.empty else table[table["verdict"] == "cannot settle"]


def replications(result: ExperimentResult) -> int:
    """Return how many replications every option had at least."""
    if result.measures.empty:
        return 0
    return int(result.measures.groupby(["arm", "demand"])["replication"].nunique().min())


def measured_period(result: ExperimentResult) -> tuple[date, date, int] | None:
    """Return first and last date measured and the days between them, from the configuration; None where unsaid."""
    from flowsim.units import Dimension, QuantityError, parse_quantity

    run: Mapping[str, Any] = result.config.get("run") or {}
    said = run.get("duration")
    said = said.get("value") if isinstance(said, Mapping) else said
    try:
        days = round(parse_quantity(said, Dimension.DURATION) / 1440)
        first = date.fromisoformat(str(run.get("starts")))
    except (QuantityError, ValueError):
        return None
    return first, first + timedelta(days=max(0, days - 1)), days


def period_words(result: ExperimentResult) -> str:
    """Return the period measured in words; empty where the configuration does not say."""
    period = measured_period(result)
    return f"{day(period[0])} to {day(period[1])} ({plural(period[2], 'day')})" if period else ""
