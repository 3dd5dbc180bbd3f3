"""Small charts of modelled against recorded: by month, by part, and what a calibration left of each input."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from typing import Any

import pandas as pd

from flowsim.report import svg
from flowsim.report.figures import tick_text
from flowsim.report.formats import amount

MODELLED, RECORDED = "#005eb8", "#212b32"
PANEL, TALL, LEFT, HEAD = 400.0, 130.0, 56.0, 40.0
LABELS = 250.0
LINES = (("model", MODELLED, None), ("last_year", "#b8460b", "5 3"), ("mean12", "#768692", "2 3"))
"""Column, colour and dashes of each forecast."""


def unit_of(unit: str) -> str:
    """Return a record's unit as measures say theirs, by which numbers are written."""
    return {"share": "share", "/month": "", "/day": "/day"}.get(unit, "")


def months_panel(values: pd.DataFrame, name: str, unit: str) -> str:
    """Return a chart by month: the record as dots with its tolerance behind, the model as a line with its range.

    Args:
        values: key, recorded, modelled, low, high, allowed_low, allowed_high, within (``analyse.fit.fit_values``).
        name: of the series.
        unit: of the record.
    """
    if values.empty:
        return ""
    said = unit_of(unit)
    rows = values.to_dict("records")
    spread = [float(r[c]) for r in rows for c in ("recorded", "low", "high", "allowed_low", "allowed_high")]
    at, x, parts = _frame(spread, [str(r["key"]) for r in rows], name, said)
    parts.append(_between(x, [at(r["allowed_low"]) for r in rows], [at(r["allowed_high"]) for r in rows], "#d8dde0"))
    parts.append(_between(x, [at(r["low"]) for r in rows], [at(r["high"]) for r in rows], MODELLED))
    parts.append(svg.path([(a, at(r["modelled"])) for a, r in zip(x, rows, strict=True)], "mean", stroke=MODELLED))
    for a, r in zip(x, rows, strict=True):
        words = f"{r['key']}: recorded {amount(r['recorded'], said)}, modelled {amount(r['modelled'], said)}"
        dot = svg.element("circle", svg.title(words), cx=a, cy=at(r["recorded"]), r=3.2, fill=_dot(bool(r["within"])))
        parts.append(dot)
    return svg.drawing("".join(parts), LEFT + PANEL + 12, HEAD + TALL + 26, f"{name}: modelled against recorded", "fit")


def _dot(is_within: bool) -> str:
    return RECORDED if is_within else "#b8460b"


def _frame(
    spread: Sequence[float], months: Sequence[str], name: str, unit: str
) -> tuple[svg.Scale, list[float], list[str]]:
    """Return the scale of values, where each month stands, and the panel's heading, grid and axes."""
    bottom = HEAD + TALL
    at = svg.scale([v for v in spread if math.isfinite(v)], bottom, HEAD, about=4)
    x = [LEFT + PANEL * (i + 0.5) / len(months) for i in range(len(months))]
    parts = [svg.text(LEFT, HEAD - 12, name, "panel")]
    for tick in at.ticks(4):
        parts.append(svg.line(LEFT, at(tick), LEFT + PANEL, at(tick), "grid"))
        parts.append(svg.text(LEFT - 6, at(tick) + 4, tick_text(tick, unit), "tick", "end"))
    parts.append(svg.line(LEFT, bottom, LEFT + PANEL, bottom, "axis"))
    for i in range(0, len(months), max(1, math.ceil(len(months) / 8))):
        parts.append(svg.text(x[i], bottom + 17, months[i][2:], "tick", "middle"))
    return at, x, parts


def _between(x: Sequence[float], low: Sequence[float], high: Sequence[float], colour: str) -> str:
    around = [*zip(x, low, strict=True), *reversed([*zip(x, high, strict=True)])]
    return svg.path(around, "band", closed=True, fill=colour)


def residual_panel(values: pd.DataFrame, name: str, unit: str) -> str:
    """Return bars of modelled less recorded: per cent of the recorded value, or points for shares."""
    if len(values) < 2:
        return ""
    is_share = unit == "share"
    off = [
        100 * (m - r) / (1.0 if is_share else r) if is_share or r else math.nan
        for m, r in zip(values["modelled"], values["recorded"], strict=True)
    ]
    at = svg.scale([v for v in off if math.isfinite(v)], HEAD + 90, HEAD, zero=True, about=4)
    x = [LEFT + PANEL * (i + 0.5) / len(off) for i in range(len(off))]
    wide = 0.6 * PANEL / len(off)
    words = "points" if is_share else "%"
    parts = [svg.text(LEFT, HEAD - 12, f"{name}: modelled less recorded [{words}]", "panel")]
    for tick in at.ticks(4):
        parts.append(svg.line(LEFT, at(tick), LEFT + PANEL, at(tick), "zero" if abs(tick) < 1e-9 else "grid"))
        parts.append(svg.text(LEFT - 6, at(tick) + 4, tick_text(tick, ""), "tick", "end"))
    for a, value, key, ok in zip(x, off, values["key"], values["within"], strict=True):
        if math.isfinite(value):
            top, bottom = sorted((at(value), at(0)))
            box = {"x": a - wide / 2, "y": top, "width": wide, "height": max(0.5, bottom - top)}
            said = svg.title(f"{key}: {value:+.1f} {words}")
            parts.append(svg.element("rect", said, fill=MODELLED if ok else "#b8460b", **box))
        if len(off) <= 12:
            lines = svg.wrapped(str(key).replace("_", " "), PANEL / len(off), 11, lines=3)
            parts += [svg.text(a, HEAD + 106 + 11 * i, line, "tick", "middle") for i, line in enumerate(lines)]
    return svg.drawing("".join(parts), LEFT + PANEL + 12, HEAD + 138, f"{name}: residuals", "fit")


def forecast_panel(months: pd.DataFrame, name: str, unit: str) -> str:
    """Return a chart of forecast months: recorded dots, the model with its 80 and 95 % intervals, both naive ones."""
    if months.empty:
        return ""
    said = unit_of(unit)
    rows = months.to_dict("records")
    spread = [float(r[c]) for r in rows for c in ("recorded", "low95", "high95", "last_year", "mean12")]
    at, x, parts = _frame(spread, [str(r["month"]) for r in rows], name, said)
    for share in (95, 80):
        low, high = ([at(r[f"{end}{share}"]) for r in rows] for end in ("low", "high"))
        parts.append(_between(x, low, high, MODELLED))
    for column, colour, dash in LINES:
        known = [(a, at(r[column])) for a, r in zip(x, rows, strict=True) if math.isfinite(r[column])]
        if known:
            parts.append(svg.path(known, "mean", stroke=colour, stroke_dasharray=dash))
    for a, r in zip(x, rows, strict=True):
        words = f"{r['month']}: recorded {amount(r['recorded'], said)}, model {amount(r['model'], said)}"
        parts.append(svg.element("circle", svg.title(words), cx=a, cy=at(r["recorded"]), r=3.2, fill=RECORDED))
    return svg.drawing("".join(parts), LEFT + PANEL + 12, HEAD + TALL + 26, f"{name}: forecast against recorded", "fit")


def ranges(knobs: pd.DataFrame) -> str:
    """Return for each input its whole range, what is kept of it (middle nine tenths), base and calibrated value."""
    if knobs.empty:
        return ""
    row = 34.0
    at = svg.Scale(0.0, 1.0, LABELS, LABELS + 300.0)
    parts = [svg.text(at(0.0), 12, "low", "tick"), svg.text(at(1.0), 12, "high", "tick", "end")]
    for i, knob in enumerate(knobs.to_dict("records")):
        parts.append(_range(knob, at, row * (i + 1)))
    height = row * (len(knobs) + 1)
    return svg.drawing("".join(parts), at(1.0) + 210, height, "What is left of each input's range", "ranges")


def _range(knob: dict[Hashable, Any], at: svg.Scale, y: float) -> str:
    lines = svg.wrapped(str(knob["label"]), LABELS - 16, 13, lines=2)
    top = y + 4 - 7 * (len(lines) - 1)
    parts = [svg.text(LABELS - 12, top + 14 * k, said, "row", "end") for k, said in enumerate(lines)]
    low, high = at(knob["position_low"]), at(knob["position_high"])
    words = f"{knob['label']}: {knob['kept_low']} to {knob['kept_high']} kept of {knob['low']} to {knob['high']}"
    box = {"x": low, "y": y - 6, "width": max(2.0, high - low), "height": 12}
    base, found = at(knob["position_base"]), svg.title(f"calibrated {knob['calibrated']}")
    parts += [
        svg.line(at(0.0), y, at(1.0), y, "grid"),
        svg.element("rect", svg.title(words), fill="#9cc3e8", **box),
        svg.line(base, y - 9, base, y + 9, "axis"),
        svg.element("circle", found, cx=at(knob["position"]), cy=y, r=5, fill=MODELLED),
        svg.text(at(1.0) + 10, y + 4, f"{knob['calibrated']} ({knob['said']})", "value"),
    ]
    return "".join(parts)
