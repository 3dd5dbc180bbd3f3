"""The parts of the page that say what was found: the answer, options, weeks, delays and costs, ready to show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from flowsim.experiment.result import ExperimentResult, Level
from flowsim.report import colours, figures, tables
from flowsim.report.formats import amount, is_money, probability, unit_words
from flowsim.report.money import money_part
from flowsim.report.splits import body_label, body_of, foremost, split_measures, split_values, twin_measures
from flowsim.report.view import (
    deciding_measure,
    effects,
    overall_weekly,
    payer_shifts,
    period_words,
    watched,
)
from flowsim.report.words import answer

WEEKLY_MOST = 4
"""How many measures are drawn week by week."""


def answer_part(result: ExperimentResult) -> dict[str, Any]:
    """Return the answer, with the measure options are ordered by."""
    measure = deciding_measure(result)
    chances = []
    for level in result.levels if measure and not result.is_single else ():
        found = effects(result, level.id, [measure or ""])
        rows = [
            (
                arm.label,
                tables.cell(found.get((arm.id, measure or "")), is_base=False),
                _chance(found.get((arm.id, measure or ""))),
            )
            for arm in result.arms
            if arm.id != result.against
        ]
        chances.append((level, rows))
    return {
        "said": answer(result),
        "measure": result.definition(measure)["label"] if measure else "",
        "chances": chances,
        "period": period_words(result),
    }


def _chance(effect: Any) -> str:
    return probability(effect.p_better) if effect is not None else "not measured"


def options_part(result: ExperimentResult) -> dict[str, Any]:
    """Return the options side by side and the intervals of the first three measures, by level."""
    names = {arm.id: arm.label for arm in result.arms}
    measures = list(dict.fromkeys([*([result.decide_by] if result.decide_by else []), *watched(result)]))
    out = []
    for level in result.levels:
        found = effects(result, level.id, measures)
        plots = []
        for m in (
            [m for m in measures if result.definition(m)["better"] != "neither"][:3] if not result.is_single else []
        ):
            rows = [found[arm.id, m] for arm in result.arms if arm.id != result.against and (arm.id, m) in found]
            drawn = figures.whiskers(rows, names, level.label)
            if drawn:
                plots.append((result.definition(m)["label"], drawn))
        out.append(
            {
                "level": level,
                "tables": tables.options(result, level.id, measures),
                "plots": plots,
                "all": tables.every_measure(result, level.id),
            }
        )
    return {"levels": out, "notes": _notes(result, measures), "base": result.arm(result.against).label}


def _notes(result: ExperimentResult, measures: Sequence[str]) -> list[tuple[str, str]]:
    said = [result.definition(m) for m in measures]
    return [(str(d["label"]), str(d["note"])) for d in said if d["note"]]


# --- weeks -----------------------------------------------------------------------------------------


def weekly_part(result: ExperimentResult) -> dict[str, Any]:
    """Return weekly small multiples: every option against the baseline, by level and measure."""
    overall = overall_weekly(result)
    if overall.empty:
        return {"levels": [], "measures": []}
    measures = _weekly_measures(result, set(overall["measure"].unique()))
    overall = overall[overall["measure"].isin(measures)]
    hues = colours.arm_colours([a.id for a in result.arms], result.against)
    out = []
    for level in result.levels:
        here = overall[overall["demand"] == level.id]
        charts = [
            (result.definition(m)["label"], _weekly(result, here[here["measure"] == m], m, hues, level.label))
            for m in measures
        ]
        out.append({"level": level, "charts": [(label, drawn) for label, drawn in charts if drawn]})
    return {"levels": out, "base": result.arm(result.against).label}


def _weekly_measures(result: ExperimentResult, have: set[str]) -> list[str]:
    """Return the measures drawn by week: what decides, the four-hour share, occupancy of wards, what is watched."""
    definitions = {m: result.definition(m) for m in result.config.get("measure") or {} if m in have}
    share = [m for m, d in definitions.items() if (d.get("options") or {}).get("statistic") == "share_within"]
    full = [
        m for m, d in definitions.items() if d["kind"] == "occupied_share" and "ward" in (d.get("role") or ["ward"])
    ]
    first = [deciding_measure(result) or "", *share[:1], *full[:1], *watched(result)]
    return [m for m in dict.fromkeys(first) if m in have and not is_money(str(definitions[m]["unit"]))][:WEEKLY_MOST]


def _weekly(result: ExperimentResult, here: pd.DataFrame, measure: str, hues: Mapping[str, str], level: str) -> str:
    base = figures.band(here[here["arm"] == result.against])
    others = [
        (arm.label, hues[arm.id], figures.band(here[here["arm"] == arm.id]))
        for arm in result.arms
        if arm.id != result.against
    ]
    if not base.weeks:
        return ""
    definition = result.definition(measure)
    label = f"{definition['label']} by week, {level}: each option against the baseline"
    return figures.weekly_panels(
        base, [o for o in others if o[2].weeks], str(definition["unit"]), label, result.arm(result.against).label
    )


# --- delays ----------------------------------------------------------------------------------------


def delays_part(result: ExperimentResult) -> dict[str, Any]:
    """Return delays by reason and body, and the two headline counts kept apart."""
    measures, twins = split_measures(result), twin_measures(result)
    first = foremost(result, measures)
    out = []
    for level in result.levels:
        charts = [(m in first, _delay_chart(result, level, m, kind)) for m, kind in measures]
        drawn = [(is_first, chart) for is_first, chart in charts if chart["drawn"]]
        out.append(
            {
                "level": level,
                "charts": [chart for is_first, chart in drawn if is_first],
                "more": [chart for is_first, chart in drawn if not is_first],
                "twins": tables.options(result, level.id, twins) if twins else [],
            }
        )
    return {"levels": out}


def _delay_chart(result: ExperimentResult, level: Level, measure: str, kind: str) -> dict[str, Any]:
    """Return one measure of delay as stacked bars, with its legend and the same as a table."""
    definition, values = result.definition(measure), split_values(result, level.id, measure)
    hues = _split_colours(result, kind, list(dict.fromkeys(part for row in values.values() for part in row)))
    names = {p: body_label(result, p) if kind == "body" else result.label(p) for p in hues}
    bodies = {p: body_label(result, body_of(result, p)) if kind == "reason" else "" for p in hues}
    rows = [(arm.label, values[arm.id]) for arm in result.arms if arm.id in values]
    unit = str(definition["unit"])
    return {
        "label": definition["label"],
        "note": definition["note"],
        "kind": kind,
        "unit": unit_words(unit),
        "drawn": figures.stacked(rows, hues, names, unit, f"{definition['label']}, {level.label}"),
        "legend": [(hues[p], names[p], bodies[p]) for p in hues],
        "grid": [(names[p], [amount(row.get(p, 0.0), unit) for _, row in rows]) for p in hues],
        "arms": [name for name, _ in rows],
    }


def _split_colours(result: ExperimentResult, kind: str, parts: Sequence[str]) -> dict[str, str]:
    if kind == "reason":
        # Reasons of one body stand together.
        ordered = sorted(parts, key=lambda p: _body_rank(result, body_of(result, p)))
        return colours.reason_colours([(p, body_of(result, p)) for p in ordered])
    ordered = sorted(parts, key=lambda p: _body_rank(result, p))
    return colours.reason_colours([(p, p) for p in ordered]) if kind == "body" else colours.payer_colours(list(parts))


def _body_rank(result: ExperimentResult, body: str) -> int:
    order = ["nhs", "social_care", "both", *((result.config.get("place") or {}).get("bodies") or {})]
    return order.index(body) if body in order else len(order)


# --- costs -----------------------------------------------------------------------------------------


def costs_part(result: ExperimentResult) -> dict[str, Any]:
    """Return costs by payer, the shift between payers, and costs by activity."""
    order = tables.payer_order(result)
    hues = colours.payer_colours(order)
    names = {p: result.label(p) for p in order}
    out = []
    for level in result.levels if order else ():
        shifts = payer_shifts(result, level.id)
        by = {(r["arm"], r["payer"]): r for r in shifts.to_dict("records")}
        totals = [(a.label, {p: by[a.id, p]["mean"] for p in order if (a.id, p) in by}) for a in result.arms]
        moved = [
            (a.label, {p: by[a.id, p]["difference"] for p in order if (a.id, p) in by})
            for a in result.arms
            if a.id != result.against
        ]
        out.append(
            {
                "level": level,
                "table": tables.payers(result, level.id),
                "totals": figures.stacked(totals, hues, names, "£", f"Costs by payer, {level.label}"),
                "shift": figures.diverging(moved, hues, names, f"What each payer pays more or less, {level.label}"),
                "activities": tables.activities(result, level.id),
                **money_part(result, level.id),
            }
        )
    place = result.config.get("place") or {}
    return {
        "levels": out,
        "legend": [(hues[p], names[p]) for p in order],
        "price_year": str(place.get("price_year") or ""),
        "period": period_words(result),
        "base": result.arm(result.against).label,
    }
