"""The parts of the page, one function a section: what the template shows, as text and drawings."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from flowsim.experiment.result import ExperimentResult
from flowsim.report import colours, figures, tables
from flowsim.report.diagram import Edge, Node, flow_map
from flowsim.report.formats import count, day, number, percent, plural, probability, quantity
from flowsim.report.splits import body_of, split_measures, split_values, twin_measures
from flowsim.report.stress import checklist
from flowsim.report.view import deciding_measure, effects, is_overall, loads, measured_period, payer_shifts, replications
from flowsim.report.words import answer

STRAINED, BUSY = 0.95, 0.85
"""Shares of capacity asked for, from which a service is near its limit, and busy."""
WEEKLY_MOST = 4
"""How many measures are drawn week by week."""


def answer_part(result: ExperimentResult) -> dict[str, Any]:
    """Return the answer, with the measure options are ordered by."""
    measure = deciding_measure(result)
    chances = []
    for level in result.levels if measure and not result.is_single else ():
        found = effects(result, level.id, [measure or ""])
        rows = [
            (arm.label, tables.cell(found.get((arm.id, measure or "")), is_base=False), _chance(found.get((arm.id, measure or ""))))
            for arm in result.arms
            if arm.id != result.against
        ]
        chances.append((level, rows))
    return {
        "said": answer(result),
        "measure": result.definition(measure)["label"] if measure else "",
        "chances": chances,
        "period": _period(result),
    }


def _chance(effect: Any) -> str:
    return probability(effect.p_better) if effect is not None else "not measured"


def _period(result: ExperimentResult) -> str:
    period = measured_period(result)
    return f"{day(period[0])} to {day(period[1])} ({period[2]} days)" if period else ""


def options_part(result: ExperimentResult) -> dict[str, Any]:
    """Return the options side by side and the intervals of the first three measures, by level."""
    names = {arm.id: arm.label for arm in result.arms}
    measures = list(dict.fromkeys([*([result.decide_by] if result.decide_by else []), *result.watches]))
    out = []
    for level in result.levels:
        found = effects(result, level.id, measures)
        plots = []
        for m in [m for m in measures if result.definition(m)["better"] != "neither"][:3] if not result.is_single else []:
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


# --- the map ---------------------------------------------------------------------------------------


def map_part(result: ExperimentResult) -> dict[str, Any]:
    """Return the flow map drawn from the inputs."""
    nodes = [
        Node(str(r["id"]), str(r.get("label") or r["id"]), _role(r), _space(result, str(r["id"])))
        for r in result.nodes.to_dict("records")
    ]
    edges = [
        Edge(str(r["source"]), str(r["target"]), float(r["patients_per_day"]))
        for r in result.edges.to_dict("records")
        if math.isfinite(float(r["patients_per_day"]))
    ]
    drawn = flow_map(nodes, edges, "Flow map: where patients come from and go to, as wide as patients a day")
    flows = sorted(edges, key=lambda e: -e.per_day)
    label = {n.id: n.label for n in nodes}
    return {
        "drawing": drawn.drawing,
        "left_out": plural(drawn.left_out, "flow") if drawn.left_out else "",
        "smallest": number(drawn.smallest),
        "flows": [(label.get(e.source, e.source), label.get(e.target, e.target), number(e.per_day)) for e in flows],
    }


def _role(row: Mapping[Any, Any]) -> str:
    # Exits share one role; home is where most should go, so it keeps its own.
    return str(row.get("role") or "other")


def _space(result: ExperimentResult, service: str) -> str:
    """Return a service's capacity in a few words, where it is one number."""
    said = (result.config.get("service") or {}).get(service)
    capacity = said.get("capacity") if isinstance(said, Mapping) else None
    if not isinstance(capacity, Mapping) or not capacity:
        return ""
    unit, level = next(iter(capacity.items()))
    level = level.get("value", level) if isinstance(level, Mapping) else level
    if isinstance(level, Mapping):
        return f"{unit.replace('_', ' ')} by hour"
    return "no limit" if str(level) == "unlimited" else f"{level} {unit.replace('_', ' ')}"


# --- weeks -----------------------------------------------------------------------------------------


def weekly_part(result: ExperimentResult) -> dict[str, Any]:
    """Return weekly small multiples: every option against the baseline, by level and measure."""
    table = result.weekly
    if table.empty:
        return {"levels": [], "measures": []}
    overall = table[is_overall(table)]
    measures = _weekly_measures(result, set(overall["measure"]))
    hues = colours.arm_colours([a.id for a in result.arms], result.against)
    out = []
    for level in result.levels:
        here = overall[overall["demand"] == level.id]
        charts = [(result.definition(m)["label"], _weekly(result, here[here["measure"] == m], m, hues, level.label)) for m in measures]
        out.append({"level": level, "charts": [(label, drawn) for label, drawn in charts if drawn]})
    return {"levels": out, "base": result.arm(result.against).label}


def _weekly_measures(result: ExperimentResult, have: set[str]) -> list[str]:
    first = [deciding_measure(result) or "", *result.watches]
    wanted = [m for m in dict.fromkeys(first) if m in have]
    return wanted[:WEEKLY_MOST]


def _weekly(result: ExperimentResult, here: pd.DataFrame, measure: str, hues: Mapping[str, str], level: str) -> str:
    base = figures.band(here[here["arm"] == result.against])
    others = [
        (arm.label, hues[arm.id], figures.band(here[here["arm"] == arm.id])) for arm in result.arms if arm.id != result.against
    ]
    if not base.weeks:
        return ""
    definition = result.definition(measure)
    label = f"{definition['label']} by week, {level}: each option against the baseline"
    return figures.weekly_panels(base, [o for o in others if o[2].weeks], str(definition["unit"]), label, result.arm(result.against).label)


# --- delays ----------------------------------------------------------------------------------------


def delays_part(result: ExperimentResult) -> dict[str, Any]:
    """Return delays by reason and body, and the two headline counts kept apart."""
    measures = split_measures(result)
    out = []
    for level in result.levels:
        charts = []
        for measure, kind in measures:
            values = split_values(result, level.id, measure)
            parts = list(dict.fromkeys(split for row in values.values() for split in row))
            hues = _split_colours(result, kind, parts)
            names = {p: result.label(p) for p in hues}
            unit = str(result.definition(measure)["unit"])
            label = f"{result.definition(measure)['label']}, {level.label}"
            rows = [(arm.label, values.get(arm.id, {})) for arm in result.arms if arm.id in values]
            drawn = figures.stacked(rows, hues, names, unit, label)
            if drawn:
                legend = [(hues[p], names[p], result.label(body_of(result, p)) if kind == "reason" else "") for p in hues]
                grid = [(names[p], [quantity(row.get(p, 0.0), unit) for _, row in rows]) for p in hues]
                charts.append({"label": result.definition(measure)["label"], "note": result.definition(measure)["note"], "drawn": drawn,
                               "legend": legend, "grid": grid, "arms": [name for name, _ in rows], "kind": kind})
        twins = twin_measures(result)
        out.append({"level": level, "charts": charts, "twins": tables.options(result, level.id, twins) if twins else []})
    return {"levels": out}


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
            (a.label, {p: by[a.id, p]["difference"] for p in order if (a.id, p) in by}) for a in result.arms if a.id != result.against
        ]
        out.append(
            {
                "level": level,
                "table": tables.payers(result, level.id),
                "totals": figures.stacked(totals, hues, names, "£", f"Costs by payer, {level.label}"),
                "shift": figures.diverging(moved, hues, names, f"What each payer pays more or less, {level.label}"),
                "activities": tables.activities(result, level.id),
            }
        )
    place = result.config.get("place") or {}
    return {
        "levels": out,
        "legend": [(hues[p], names[p]) for p in order],
        "price_year": str(place.get("price_year") or ""),
        "period": _period(result),
        "base": result.arm(result.against).label,
    }


# --- audit -----------------------------------------------------------------------------------------


def audit_part(result: ExperimentResult) -> dict[str, Any]:
    """Return asked against realised, conservation, offered load and services in figures."""
    failures = 0 if result.audit.empty else int((~result.audit["ok"].astype(bool)).sum())
    return {
        "summary": tables.audit_summary(result),
        "failures": tables.audit_failures(result),
        "failed": failures,
        "made": count(len(result.audit)),
        "loads": [{"level": level, "rows": _loads(result, level.id)} for level in result.levels],
        "stations": [{"level": level, "table": _stations(result, level.id)} for level in result.levels],
        "base": result.arm(result.against).label,
        "arms": [arm.label for arm in result.arms],
    }


def _loads(result: ExperimentResult, level: str) -> list[tuple[str, list[tuple[str, str, str]]]]:
    """Return (service or staff pool, one (load, word, css) an arm) for those that can fill, busiest first."""
    table = loads(result)
    if table.empty:
        return []
    here = table[(table["demand"] == level) & (table["utilisation"] > 0)]
    peak = here.groupby("id")["utilisation"].max().sort_values(ascending=False, kind="stable")
    by = {(r["id"], r["arm"]): r for r in here.to_dict("records")}
    out = []
    for name in peak.index:
        cells = [_load_cell(by.get((name, arm.id))) for arm in result.arms]
        out.append((result.label(str(name)), cells))
    return out


def _load_cell(row: Mapping[Any, Any] | None) -> tuple[str, str, str]:
    if row is None:
        return ("0%", "not used", "low")
    load = float(row["utilisation"])
    return (percent(load, 0) if math.isfinite(load) else "nothing offered", *traffic(load, is_shedding=bool(row["sheds"])))


def traffic(load: float, *, is_shedding: bool) -> tuple[str, str]:
    """Return a word for an offered load, and its style.

    Args:
        load: asked for, as a share of what is there.
        is_shedding: whether patients give up or are turned away, so that a queue settles by losing some.
    """
    if load >= 1 - 1e-9:
        return ("loses patients", "high") if is_shedding else ("cannot settle", "over")
    if load >= STRAINED:
        return "near its limit", "high"
    return ("busy", "mid") if load >= BUSY else ("room to spare", "low")


def _stations(result: ExperimentResult, level: str) -> dict[str, Any]:
    table = result.stations
    if table.empty:
        return {"heads": [], "rows": []}
    here = table[(table["demand"] == level) & (table["arm"] == result.against)]
    columns = [c for c in here.columns if c not in ("arm", "demand", "replication", "service") and pd.api.types.is_numeric_dtype(here[c])]
    means = here.groupby("service", sort=False)[columns].mean()
    rows = [
        (result.label(str(service)), [number(float(v)) if math.isfinite(v) else "–" for v in values])
        for service, values in zip(means.index, means.to_numpy(), strict=True)
    ]
    return {"heads": [tables.spoken(c) for c in columns], "rows": rows}


# --- assumptions and run ---------------------------------------------------------------------------


def assumptions_part(result: ExperimentResult) -> dict[str, Any]:
    """Return inputs with their sources, the softest first in a short list, and what each option changes."""
    rows = tables.inputs(result)
    return {
        "rows": rows,
        "softest": tables.softest(result),
        "statuses": tables.statuses(result),
        "total": count(len(rows)),
        "changes": tables.changes(result),
    }


def run_part(result: ExperimentResult) -> dict[str, Any]:
    """Return how it was run and the STRESS-DES checklist."""
    said = result.manifest
    run = result.config.get("run") or {}
    facts = [
        ("Settings", str(run.get("label") or "")),
        ("Period measured", _period(result)),
        ("Warm-up before it", str(said.get("warm_up") or "")),
        ("Replications", str(said.get("replications") or replications(result))),
        ("Seed", str(said.get("seed", ""))),
        ("Engine", str(said.get("engine") or "")),
        ("flowsim", str(said.get("flowsim") or "")),
        ("Revision", str(said.get("git") or "not run from a checkout")),
        ("Digest of what was run", str(said.get("digest") or "")),
        ("Digest of the configuration", str(said.get("config_digest") or "")),
        ("Began", _clock(said.get("began"))),
        ("Took", _took(said)),
        ("Machine", ", ".join(f"{k.replace('_', ' ')} {v}" for k, v in (said.get("hardware") or {}).items() if v is not None)),
        ("Versions", ", ".join(f"{k} {v}" for k, v in (said.get("versions") or {}).items())),
    ]
    items = checklist(result)
    return {
        "facts": [(name, value) for name, value in facts if value],
        "command": str(said.get("command") or ""),
        "stress": items,
        "people": [item for item in items if item.status != "from the run"],
    }


def _clock(said: object) -> str:
    text = str(said or "")
    return f"{day(text)} at {text[11:16]} UTC" if len(text) >= 16 else text


def _took(said: Mapping[str, Any]) -> str:
    seconds = said.get("wall_seconds")
    if not isinstance(seconds, int | float):
        return ""
    minutes = f"{seconds / 60:.1f} minutes" if seconds >= 120 else f"{seconds:.0f} seconds"
    workers = said.get("workers")
    return minutes + (f" on {plural(int(workers), 'process', 'processes')}" if workers else "")
