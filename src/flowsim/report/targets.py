"""The section on targets: what the documents promised, what the model finds, how probable it is, what it would take."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from flowsim.analyse.targets import CASH, COLUMNS, FULL, judge_targets
from flowsim.config.models import Target
from flowsim.experiment.result import ExperimentResult
from flowsim.report.configured import money as money_of
from flowsim.report.configured import targets
from flowsim.report.formats import amount, gap, money, number, percent, probability, quantity, unit_words
from flowsim.report.kept import once_a_result
from flowsim.report.tables import Cell, Row, Table
from flowsim.report.view import period_words

SURE = 0.95
"""Probability from which a target is marked as met."""
_BASIS = {FULL: "at full cost", CASH: "in cash"}
Found = Mapping[Any, Any]


@once_a_result
def targets_table(result: ExperimentResult) -> pd.DataFrame:
    """Return every target held against every option at every demand level; see ``analyse.targets``."""
    known = targets(result)
    if not known or result.is_single:
        return pd.DataFrame(columns=COLUMNS)
    return judge_targets(known, result.measures, money_of(result), result.against)


def targets_part(result: ExperimentResult) -> dict[str, Any]:
    """Return the targets by demand level: the option that comes nearest, and every option; nothing without any."""
    table = targets_table(result)
    if table.empty:
        return {}
    known = targets(result)
    levels = []
    for level in result.levels:
        here = table[table["demand"] == level.id].to_dict("records")
        levels.append({"level": level, "nearest": _nearest_rows(result, known, here), "all": _all(result, known, here)})
    place = result.config.get("place") or {}
    return {
        "levels": levels,
        "base": result.arm(result.against).label,
        "period": period_words(result),
        "price_year": str(place.get("price_year") or ""),
        "notes": [(t.label, t.note) for t in known.values() if t.note],
        "missing": [t.label for name, t in known.items() if name not in set(table["target"])],
    }


def _nearest_rows(result: ExperimentResult, known: Mapping[str, Target], here: Sequence[Found]) -> list[dict[str, str]]:
    """Return one row a target (two for money): of the option that comes nearest; for a budget, of the dearest."""
    found: dict[tuple[str, str], list[Found]] = {}
    for row in here:
        found.setdefault((str(row["target"]), str(row["basis"])), []).append(row)
    out = []
    for (name, basis), rows in found.items():
        best = _nearest(known[name], rows)
        if best is None:
            continue
        said, between = said_found(best)
        out.append(
            {
                "label": known[name].label,
                "basis": _BASIS.get(basis, ""),
                "document": _document(result, known[name]),
                "within": _within(known[name]),
                "wanted": wanted(known[name], best),
                "arm": result.arm(str(best["arm"])).label,
                "found": said,
                "between": between,
                "probability": probability(best["probability"]),
                "met": f"{round(best['met'] * best['replications'])} of {best['replications']}",
                "takes": takes(known[name], best),
                "css": "better" if best["probability"] >= SURE else "",
            }
        )
    return out


def _nearest(target: Target, rows: list[Found]) -> Found | None:
    known = [row for row in rows if math.isfinite(row["found"])]
    if not known:
        return None
    if target.goal == "spends":
        return max(known, key=lambda row: row["found"])
    side = -1.0 if target.goal in ("falls_by", "at_most") or target.moves == "down" else 1.0
    return max(known, key=lambda row: (_ranked(row["probability"]), side * row["found"]))


def _ranked(value: float) -> float:
    # Probabilities that round to the same figure are ranked by what is found.
    return round(value, 3) if math.isfinite(value) else -1.0


def _document(result: ExperimentResult, target: Target) -> str:
    said = (result.config.get("source") or {}).get(target.document)
    return str(said.get("title") or target.document) if isinstance(said, Mapping) else target.document


def _within(target: Target) -> str:
    return "" if target.within is None else target.within.said


def wanted(target: Target, row: Found) -> str:
    """Return in words what is promised, money at the place's prices."""
    unit = str(row["unit"])
    over = "a year" if target.over.said in ("1 year", "12 months") else f"over {target.over.said}"
    words = {
        "falls_by": lambda: f"{number(abs(row['wanted']) * 100)}% lower",
        "rises_by": lambda: f"{number(row['wanted'] * 100)}% higher",
        "at_most": lambda: f"no more than {quantity(row['wanted'], unit)}",
        "at_least": lambda: f"at least {quantity(row['wanted'], unit)}",
        "moves": lambda: f"{'lower' if target.moves == 'down' else 'higher'}, no amount given",
        "saves": lambda: f"{money(row['wanted'])} saved {over}",
        "spends": lambda: f"no more than {money(row['wanted'])} {over}",
    }
    return words[target.goal]()


def said_found(row: Found) -> tuple[str, str]:
    """Return what was found and its interval."""
    goal, unit = str(row["goal"]), str(row["unit"])
    if goal in ("falls_by", "rises_by"):
        said, between = gap(row["found"], row["low"], row["high"], "share")
        return said.replace(" points", "%"), f"{between}%" if between else ""
    if goal in ("moves", "saves"):
        said, between = gap(row["found"], row["low"], row["high"], unit)
        words = unit_words(unit)
        return (f"{said} {words}" if goal == "moves" and words else said), between
    ends = [row["low"], row["high"]]
    between = f"{amount(ends[0], unit)} to {amount(ends[1], unit)}" if all(map(math.isfinite, ends)) else ""
    return quantity(row["found"], unit), between


def takes(target: Target, row: Found) -> str:
    """Return what it would take to meet the target."""
    if target.goal == "spends":
        return "within it" if row["found"] <= row["wanted"] else f"{money(row['found'] - row['wanted'])} less"
    if target.goal == "moves":
        return ""
    times = row["times"]
    if not math.isfinite(times):
        return "no saving to enlarge" if target.goal == "saves" else "no effect that way to enlarge"
    what = "saving from activity" if target.goal == "saves" else "effect"
    if times <= 1:
        return "met as it is" if times == 0 else f"met; would be with {percent(times, 0)} of the {what}"
    unsure = (
        "" if not (row["low"] <= 0 <= row["high"]) or target.goal in ("at_most", "at_least") else ", itself not clear"
    )
    size = "over 100" if times > 100 else number(times, 2)
    return f"{size} times the {what}{unsure}"


def _all(result: ExperimentResult, known: Mapping[str, Target], here: Sequence[Found]) -> Table:
    """Return every option's finding for every target: figure, probability, interval."""
    arms = [arm for arm in result.arms if arm.id in {row["arm"] for row in here}]
    by = {(row["target"], row["basis"], row["arm"]): row for row in here}
    rows = []
    for name, basis in dict.fromkeys((row["target"], row["basis"]) for row in here):
        target = known[name]
        some = next(row for row in here if (row["target"], row["basis"]) == (name, basis))
        note = "; ".join(part for part in (wanted(target, some), _BASIS.get(basis, "")) if part)
        cells = tuple(_cell(by.get((name, basis, arm.id))) for arm in arms)
        rows.append(Row(target.label, cells, note=note))
    return Table(tuple(arm.label for arm in arms), tuple(rows))


def _cell(row: Found | None) -> Cell:
    if row is None or not math.isfinite(row["found"]):
        return Cell("–")
    said, between = said_found(row)
    known = math.isfinite(row["probability"])
    likely = f"met: {probability(row['probability'])}" if known else "no probability from one replication"
    return Cell(said, "", between, likely, "better" if known and row["probability"] >= SURE else "")
