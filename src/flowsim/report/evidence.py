"""The parts of the page that say what the answer rests on: the flow map, the audit, the inputs, the run."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from flowsim.experiment.result import ExperimentResult
from flowsim.report import tables
from flowsim.report.diagram import Edge, Node, flow_map, without_junctions
from flowsim.report.formats import count, day, number, percent, plural
from flowsim.report.stress import checklist
from flowsim.report.view import loads, period_words, replications

STRAINED, BUSY = 0.95, 0.85
"""Shares of capacity asked for, from which a service is near its limit, and busy."""


# --- the map ---------------------------------------------------------------------------------------


def map_part(result: ExperimentResult) -> dict[str, Any]:
    """Return the flow map drawn from the inputs."""
    # Every service has a role of its own; streams, exits and junctions are told by theirs.
    nodes = [
        Node(str(r["id"]), str(r["label"] or r["id"]), str(r["role"]), _space(result, str(r["id"])))
        for r in result.nodes.to_dict("records")
    ]
    edges = [Edge(str(r["source"]), str(r["target"]), float(r["per_day"])) for r in result.edges.to_dict("records")]
    nodes, edges = without_junctions(nodes, edges)
    drawn = flow_map(nodes, edges, "Flow map: where patients come from and go to, as wide as patients a day")
    label = {n.id: n.label for n in nodes}
    return {
        "drawing": drawn.drawing,
        "left_out": plural(drawn.left_out, "flow") if drawn.left_out else "",
        "smallest": number(drawn.smallest),
        "flows": [
            (label[e.source], label[e.target], number(e.per_day))
            for e in sorted(edges, key=lambda e: -round(e.per_day, 6))
        ],
    }


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
    return "" if str(level) == "unlimited" else f"{level} {unit.replace('_', ' ')}"


# --- audit -----------------------------------------------------------------------------------------


def audit_part(result: ExperimentResult) -> dict[str, Any]:
    """Return asked against realised, conservation, offered load and services in figures."""
    failures = 0 if result.audit.empty else int((~result.audit["ok"].astype(bool)).sum())
    return {
        "summary": tables.audit_summary(result),
        "failures": tables.audit_failures(result),
        "failed": failures,
        "made": count(len(result.audit)),
        "loads": [{"level": level, **_loads(result, level.id)} for level in result.levels],
        "stations": [{"level": level, "table": _stations(result, level.id)} for level in result.levels],
        "base": result.arm(result.against).label,
        "arms": [arm.label for arm in result.arms],
    }


def _loads(result: ExperimentResult, level: str) -> dict[str, Any]:
    """Return (service or staff pool, one (load, word, css) an arm), busiest first: the busy ones, and the others."""
    table = loads(result)
    if table.empty:
        return {"busy": [], "others": []}
    here = table[(table["demand"] == level) & ((table["load"] > 0) | (table["verdict"] == "cannot settle"))]
    peak = here.groupby("service")["load"].max().sort_values(ascending=False, kind="stable", na_position="first")
    by = {(r["service"], r["arm"]): r for r in here.to_dict("records")}
    rows = {
        name: (result.label(str(name)), [_load_cell(by.get((name, arm.id))) for arm in result.arms])
        for name in peak.index
    }
    full = set(here.loc[here["verdict"] == "overflows", "service"])
    busy = [name for name, load in peak.items() if not load < BUSY or name in full]
    return {"busy": [rows[n] for n in busy], "others": [rows[n] for n in peak.index if n not in set(busy)]}


def _load_cell(row: Mapping[Any, Any] | None) -> tuple[str, str, str]:
    if row is None:
        return ("–", "not used", "low")
    load = float(row["load"])
    return (percent(load, 0) if math.isfinite(load) else "nothing offered", *traffic(load, str(row["verdict"])))


def traffic(load: float, verdict: str) -> tuple[str, str]:
    """Return a word for an offered load, and its style.

    Args:
        load: asked for, as a share of what is there.
        verdict: of ``flowsim.system.loads``: settles, near, overflows, or cannot settle. A load over 1 that
            settles does so because surge spaces open.
    """
    if verdict == "cannot settle":
        return "cannot settle", "over"
    if verdict == "overflows":
        return "full, passes patients on", "high"
    if load >= 1:
        return "over capacity", "high"
    if verdict == "near" or load >= STRAINED:
        return "near its limit", "high"
    return ("busy", "mid") if load >= BUSY else ("room to spare", "low")


STATION_COLUMNS: dict[str, tuple[str, str]] = {
    "arrivals_per_day": ("Patients a day", ""),
    "capacity": ("Spaces", ""),
    "utilisation": ("In use", "share"),
    "midnights_over_92": ("Midnights over 92%", "share"),
    "mean_waiting": ("Waiting", ""),
    "wait_mean": ("Mean wait, hours", "h"),
    "wait_p95": ("95th percentile wait, hours", "h"),
    "mean_delayed": ("Delayed in a space", ""),
    "lost_share": ("Lost", "share"),
}
"""Column of the stations table -> heading and unit; waits come in minutes."""


def _stations(result: ExperimentResult, level: str) -> dict[str, Any]:
    """Return every service's queueing figures with the baseline, mean over replications."""
    table = result.stations
    if table.empty:
        return {"heads": [], "rows": []}
    here = table[(table["demand"] == level) & (table["arm"] == result.against)]
    columns = [c for c in STATION_COLUMNS if c in here.columns]
    means = here.groupby("service", sort=False)[columns].mean()
    rows = [
        (result.label(str(service)), [_station(c, float(v)) for c, v in zip(columns, values, strict=True)])
        for service, values in zip(means.index, means.to_numpy(), strict=True)
    ]
    return {"heads": [STATION_COLUMNS[c][0] for c in columns], "rows": rows}


def _station(column: str, value: float) -> str:
    if not math.isfinite(value):
        return "no limit" if column == "capacity" else "–"
    unit = STATION_COLUMNS[column][1]
    return percent(value) if unit == "share" else number(value / 60 if unit == "h" else value)


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
        ("Period measured", period_words(result)),
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
        (
            "Machine",
            ", ".join(f"{k.replace('_', ' ')} {v}" for k, v in (said.get("hardware") or {}).items() if v is not None),
        ),
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
