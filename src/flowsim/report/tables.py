"""The page's tables as plain rows of text, ready for the template: options, costs, audit, inputs, changes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from flowsim.experiment.result import ExperimentResult
from flowsim.measure.audit import CHECKS
from flowsim.report.formats import (
    NOT_MEASURED,
    amount,
    count,
    gap,
    money,
    number,
    unit_words,
)
from flowsim.report.view import Effect, Verdict, effects, is_overall, judge, payer_shifts

_WORDS = {
    Verdict.BETTER: "better",
    Verdict.WORSE: "worse",
    Verdict.HIGHER: "higher",
    Verdict.LOWER: "lower",
    Verdict.UNSURE: "not clear",
    Verdict.SAME: "no change",
    Verdict.UNKNOWN: "no interval",
}


@dataclass(frozen=True, slots=True)
class Cell:
    """A figure, its difference from the baseline, and what may be said of it.

    ``css`` is ``better`` or ``worse`` only where the interval excludes nought.
    """

    value: str
    difference: str = ""
    interval: str = ""
    word: str = ""
    css: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of cells under a name."""

    name: str
    cells: tuple[Cell, ...]
    is_base: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Heads and rows; ``notes`` are lines that explain each head."""

    heads: tuple[str, ...]
    rows: tuple[Row, ...]
    notes: tuple[tuple[str, ...], ...] = ()


def cell(effect: Effect | None, *, is_base: bool) -> Cell:
    """Return an effect as a cell."""
    if effect is None or not math.isfinite(effect.mean):
        return Cell(NOT_MEASURED)
    value = amount(effect.mean, effect.unit)
    if is_base or not math.isfinite(effect.difference):
        return Cell(value)
    return difference_cell(
        effect.difference, effect.difference_low, effect.difference_high, effect.unit, effect.better, value
    )


def difference_cell(difference: float, low: float, high: float, unit: str, better: str, value: str) -> Cell:
    """Return a value and its difference as a cell."""
    verdict = judge(difference, low, high, better)
    css = verdict.value if verdict in (Verdict.BETTER, Verdict.WORSE) else ""
    if verdict is Verdict.SAME:
        return Cell(value, word="no change")
    return Cell(value, *gap(difference, low, high, unit), _WORDS[verdict], css)


def options(result: ExperimentResult, level: str, measures: Sequence[str], widest: int = 6) -> list[Table]:
    """Return the options side by side, in as many tables as their width needs."""
    parts = max(1, math.ceil(len(measures) / widest))
    size = math.ceil(len(measures) / parts) if measures else 1
    found = effects(result, level, measures)
    return [_options(result, found, measures[i : i + size]) for i in range(0, len(measures), size)]


def _options(result: ExperimentResult, found: Mapping[tuple[str, str], Effect], measures: Sequence[str]) -> Table:
    said = [result.definition(m) for m in measures]
    rows = []
    for arm in result.arms:
        is_base = arm.id == result.against
        cells = tuple(cell(found.get((arm.id, m)), is_base=is_base) for m in measures)
        rows.append(Row(arm.label, cells, is_base and not result.is_single))
    sides = {"lower": "lower is better", "higher": "higher is better"}
    notes = tuple(tuple(n for n in (unit_words(str(d["unit"])), sides.get(str(d["better"]), "")) if n) for d in said)
    return Table(tuple(str(d["label"]) for d in said), tuple(rows), notes)


def every_measure(result: ExperimentResult, level: str) -> Table:
    """Return all overall measures, one a row, by option."""
    table = result.comparison
    kept = table[(table["demand"] == level) & is_overall(table)] if not table.empty else table
    measures = list(kept["measure"].unique())
    found = effects(result, level, measures)
    rows = []
    for m in measures:
        definition = result.definition(m)
        cells = tuple(cell(found.get((a.id, m)), is_base=a.id == result.against) for a in result.arms)
        rows.append(Row(str(definition["label"]), cells, note=unit_words(str(definition["unit"]))))
    return Table(tuple(a.label for a in result.arms), tuple(rows))


# --- money -----------------------------------------------------------------------------------------


def payers(result: ExperimentResult, level: str) -> Table:
    """Return what each payer pays by option, and the difference from the baseline."""
    shifts = payer_shifts(result, level)
    order = payer_order(result)
    heads = [result.label(p) for p in order] + ["All payers"]
    by = {(r["arm"], r["payer"]): r for r in shifts.to_dict("records")}
    rows = []
    for arm in result.arms:
        is_base = arm.id == result.against
        cells = tuple(_money_cell(by.get((arm.id, p)), is_base=is_base) for p in [*order, "total"])
        rows.append(Row(arm.label, cells, is_base and not result.is_single))
    return Table(tuple(heads), tuple(rows))


def _money_cell(row: Mapping[Any, Any] | None, *, is_base: bool) -> Cell:
    if row is None:
        return Cell("£0")
    if is_base or not math.isfinite(row["difference"]):
        return Cell(money(row["mean"]))
    # Who pays more is a fact to weigh, not good or bad in itself, so it carries no colour.
    return difference_cell(row["difference"], row["low"], row["high"], "£", "neither", money(row["mean"]))


def payer_order(result: ExperimentResult) -> list[str]:
    """Return payers as the place lists them, then any others that pay."""
    named = list((result.config.get("place") or {}).get("payers") or {})
    paying = set() if result.costs.empty else set(result.costs["payer"].unique())
    return [p for p in named if p in paying] + sorted(paying - set(named))


def activities(result: ExperimentResult, level: str) -> Table:
    """Return costs by activity for each option [mean over replications], dearest first."""
    costs = result.costs
    kept = costs[costs["demand"] == level] if not costs.empty else costs
    if kept.empty:
        return Table((), ())
    by = kept.groupby(["arm", "replication", "item", "kind"], as_index=False)["pounds"].sum()
    runs = {arm: max(1, int(part["replication"].nunique())) for arm, part in kept.groupby("arm")}
    means = by.pivot_table(index=["item", "kind"], columns="arm", values="pounds", aggfunc="sum", fill_value=0.0)
    means = means.div(pd.Series(runs)).reindex(columns=[a.id for a in result.arms if a.id in means.columns])
    means = means.loc[means.max(axis=1).sort_values(ascending=False).index]
    rows = [
        Row(result.label(str(item)), (Cell(str(kind).replace("_", " ")), *(Cell(money(v)) for v in values)))
        for (item, kind), values in zip(means.index, means.to_numpy(), strict=True)
    ]
    return Table(("Activity", *(result.arm(str(a)).label for a in means.columns)), tuple(rows))


# --- audit -----------------------------------------------------------------------------------------


def audit_summary(result: ExperimentResult) -> list[dict[str, str]]:
    """Return one row a check: how many comparisons it made, how many held, and the worst of them."""
    out: list[dict[str, str]] = []
    if result.audit.empty:
        return out
    for check, part in result.audit.groupby("check", sort=False):
        failed = int((~part["ok"].astype(bool)).sum())
        out.append(
            {
                "check": spoken(str(check)),
                "means": CHECKS.get(str(check), ""),
                "made": count(len(part)),
                "held": "all" if failed == 0 else count(len(part) - failed),
                "failed": count(failed) if failed else "none",
                "css": "not-ok" if failed else "",
                "worst": _worst(result, part),
            }
        )
    return out


def _worst(result: ExperimentResult, part: pd.DataFrame) -> str:
    """Return in words the comparison furthest from what was asked, in units of its tolerance."""
    gap = (part["realised"] - part["asked"]).abs()
    allowed = part["tolerance"].abs().where(part["tolerance"].abs() > 0)
    if not allowed.notna().any() and bool(part["ok"].astype(bool).all()):
        return "agrees exactly"
    scaled = (gap / allowed).fillna(gap.where(gap == 0, math.inf))
    if scaled.isna().all():
        return ""
    row = part.iloc[int(scaled.to_numpy().argmax())]
    asked, realised = number(float(row["asked"]), 4), number(float(row["realised"]), 4)
    said = f"asked {asked}, realised {realised}" if asked != realised else f"{asked}, as asked"
    where = item_label(result, str(row["item"]))
    return f"{where}: {said}" if where else said


def audit_failures(result: ExperimentResult, most: int = 40) -> list[dict[str, str]]:
    """Return the comparisons that failed, each as text."""
    if result.audit.empty:
        return []
    failed = result.audit[~result.audit["ok"].astype(bool)]
    return [
        {
            "check": spoken(str(r["check"])),
            "item": item_label(result, str(r["item"])),
            "where": f"{_place(result, r)}, replication {int(r['replication']) + 1}",
            "asked": number(float(r["asked"]), 4),
            "realised": number(float(r["realised"]), 4),
            "tolerance": number(float(r["tolerance"]), 4),
            "note": str(r["note"] or ""),
        }
        for r in failed.head(most).to_dict("records")
    ]


def _place(result: ExperimentResult, row: Mapping[Any, Any]) -> str:
    return f"{result.arm(str(row['arm'])).label}, {result.level(str(row['demand'])).label}"


def item_label(result: ExperimentResult, item: str) -> str:
    """Return an item of the audit as people would say it: ``ae.assessment`` is *Toytown A&E: assessment*."""
    head, _, rest = item.partition(".")
    if not item:
        return ""
    return f"{result.label(head)}: {rest.replace('_', ' ').replace('.', ', ')}" if rest else result.label(head)


def spoken(name: str) -> str:
    """Return an id as words."""
    return name.replace("_", " ").strip().capitalize()


# --- inputs ----------------------------------------------------------------------------------------


def inputs(result: ExperimentResult) -> list[dict[str, str]]:
    """Return every sourced input as text; what has no source says so."""
    return [
        {name: _plain(row.get(name)) for name in ("key", "value", "low", "high", "source", "title", "url", "note")}
        | {
            "label": input_label(result, str(row["key"])),
            "status": _plain(row.get("status")) or "no source",
            "range": _range(row),
        }
        for row in result.assumptions.to_dict("records")
    ]


def input_label(result: ExperimentResult, key: str) -> str:
    """Return a dotted key as people would say it: ``service.ae.patience`` is *Toytown A&E: patience*.

    What stands in brackets names the patients it holds for.
    """
    path, _, case = key.partition("[")
    group, *rest = path.split(".")
    label = result.label(rest[0]) if rest and group in _LABELLED else spoken(rest[0] if rest else group)
    words = ["cost"] if group == "cost" else []
    words += [w.replace("_", " ") for w in rest[1:] if w not in ("value", "to")]
    said = f"{label}: {', '.join(words)}" if words else label
    return f"{said} ({case.rstrip(']').replace('_', ' ')})" if case else said


_LABELLED = frozenset({"service", "stream", "staff", "exit", "reason", "cost"})


def softest(result: ExperimentResult, most: int = 15) -> list[dict[str, str]]:
    """Return assumed, expert and calibrated inputs with the widest range for their size, widest first.

    Width is (high - low) / |value|; inputs without a range say nothing of how soft they are and come last.
    """
    table = result.assumptions
    if table.empty:
        return []
    rows = inputs(result)
    width = ((table["number_high"] - table["number_low"]) / table["number"].abs().where(table["number"] != 0)).tolist()
    order = [
        i for i, row in enumerate(rows) if row["status"] in ("assumed", "expert", "calibrated") and width[i] == width[i]
    ]
    order.sort(key=lambda i: -width[i])
    # Many inputs of one kind (the same words of several services, from one source) make one row.
    kinds: dict[tuple[str, str], list[int]] = {}
    for i in order:
        words = rows[i]["label"].partition(": ")[2].partition(" (")[0]
        kinds.setdefault((words or rows[i]["label"], rows[i]["source"]), []).append(i)
    return [rows[like[0]] | {"like": _and_more(len(like) - 1)} for like in kinds.values()][:most]


def _and_more(others: int) -> str:
    return f"and {others:,} more like it" if others else ""


def _plain(said: object) -> str:
    if said is None or (isinstance(said, float) and not math.isfinite(said)) or said is pd.NA:
        return ""
    return number(said, 4) if isinstance(said, float) else str(said)


def _range(row: Mapping[Any, Any]) -> str:
    low, high = _plain(row.get("low")), _plain(row.get("high"))
    return f"{low} to {high}" if low and high else ""


def statuses(result: ExperimentResult) -> list[tuple[str, int]]:
    """Return how many inputs have each status, the firmest first."""
    order = ["measured", "published", "calibrated", "expert", "assumed", "no source"]
    found: dict[str, int] = {}
    for row in inputs(result):
        found[row["status"]] = found.get(row["status"], 0) + 1
    return sorted(found.items(), key=lambda s: (order.index(s[0]) if s[0] in order else len(order), s[0]))


def changes(result: ExperimentResult) -> list[tuple[str, str, list[dict[str, str]]]]:
    """Return (arm, why, changes) for each arm, as written."""
    table = result.changes
    out = []
    for arm in result.arms:
        part = table[table["arm"] == arm.id] if not table.empty else table
        rows = [
            {k: _plain(r.get(k)) for k in ("key", "since", "baseline", "here", "who")} for r in part.to_dict("records")
        ]
        out.append((arm.label, arm.why, rows))
    return out
