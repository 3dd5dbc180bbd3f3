"""The page's charts, drawn as SVG: intervals, weeks, stacked and diverging bars."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from flowsim.report import svg
from flowsim.report.formats import (
    amount,
    difference,
    gap,
    is_money,
    is_share,
    money,
    number,
    quantity,
    short_day,
    unit_words,
)
from flowsim.report.view import Effect, Verdict

ROW = 32.0
"""Height of a row of bars or intervals: two lines of its label."""
BAR = 20.0
LABELS = 236.0
"""Room for row labels."""
POINTS = "points"


def tick_text(value: float, unit: str) -> str:
    """Return an axis label; ``points`` are differences of shares."""
    if unit == POINTS:
        return number(round(value * 100, 6), digits=4)
    if is_share(unit):
        return f"{number(value * 100)}%"
    if is_money(unit):
        return money(value) if abs(value) < 1e6 else f"{'−' if value < 0 else ''}£{abs(value) / 1e6:g}m"
    return number(round(value, 10), digits=4)


# --- differences with intervals --------------------------------------------------------------------


def whiskers(effects: Sequence[Effect], names: Mapping[str, str], level: str, width: float = 760.0) -> str:
    """Return a dot for each option's difference from the baseline, and a line for its 95 % interval.

    Filled where the interval excludes nought, hollow where it does not.
    """
    shown = [e for e in effects if math.isfinite(e.difference)]
    if not shown:
        return ""
    ends = [v for e in shown for v in (e.difference, e.difference_low, e.difference_high) if math.isfinite(v)]
    at = svg.scale(ends, LABELS, width - 24, zero=True, about=5)
    bottom = 22 + ROW * len(shown)
    unit = POINTS if is_share(shown[0].unit) else shown[0].unit
    parts = [*vertical_grid(at, unit, 20, bottom), _sides(at, shown[0].better), _axis_words(at, unit, bottom)]
    parts += [_whisker(effect, names[effect.arm], at, 22 + ROW * (i + 0.5)) for i, effect in enumerate(shown)]
    label = f"{shown[0].label}: difference from the baseline with 95% interval, {level}"
    return svg.drawing("".join(parts), width, bottom + 38, label, "whiskers")


def _axis_words(at: svg.Scale, unit: str, bottom: float) -> str:
    words = "percentage points" if unit == POINTS else unit_words(unit)
    return svg.text((at.start + at.end) / 2, bottom + 32, words, "tick", "middle") if words else ""


def row_label(name: str, y: float) -> str:
    """Return a row's name, in two lines where it is long, centred on ``y``."""
    lines = svg.wrapped(name, LABELS - 16, 13, lines=2)
    top = y + 4 - 7 * (len(lines) - 1)
    return "".join(svg.text(LABELS - 12, top + 14 * k, said, "row", "end") for k, said in enumerate(lines))


def _whisker(effect: Effect, name: str, at: svg.Scale, y: float) -> str:
    css = {Verdict.BETTER: "better", Verdict.WORSE: "worse", Verdict.HIGHER: "moved", Verdict.LOWER: "moved"}.get(
        effect.verdict, "unsure"
    )
    said, between = gap(effect.difference, effect.difference_low, effect.difference_high, effect.unit)
    parts = [svg.title(f"{name}: {said}" + (f", 95% interval {between}" if between else "")), row_label(name, y)]
    if between:
        low, high = at(effect.difference_low), at(effect.difference_high)
        parts += [svg.line(low, y, high, y, f"bar {css}")]
        parts += [svg.line(x, y - 4, x, y + 4, f"bar {css}") for x in (low, high)]
    parts.append(svg.element("circle", cx=at(effect.difference), cy=y, r=5, class_=f"dot {css}"))
    return svg.element("g", "".join(parts))


def _sides(at: svg.Scale, better: str) -> str:
    """Return which way is better, written above the axis on either side of nought."""
    if better not in ("lower", "higher"):
        return ""
    left, right = ("better", "worse") if better == "lower" else ("worse", "better")
    nought = at(0)
    parts = []
    if nought - at.start > 60:
        parts.append(svg.text(nought - 8, 14, f"◂ {left}", f"side {left}", "end"))
    if at.end - nought > 60:
        parts.append(svg.text(nought + 8, 14, f"{right} ▸", f"side {right}"))
    return "".join(parts)


def vertical_grid(at: svg.Scale, unit: str, top: float, bottom: float) -> list[str]:
    """Return the lines of a horizontal scale, each with its number below."""
    parts = []
    for tick in at.ticks(5):
        x = at(tick)
        parts.append(svg.line(x, top, x, bottom, "zero" if abs(tick) < 1e-12 else "grid"))
        parts.append(svg.text(x, bottom + 16, tick_text(tick, unit), "tick", "middle"))
    return parts


# --- weeks -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Band:
    """A weekly series: mean and range over replications, one entry a week."""

    weeks: tuple[str, ...]
    mean: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


def band(table: pd.DataFrame) -> Band:
    """Return mean, lowest and highest over replications by week (columns week_start, value)."""
    by_week = table.groupby("week_start")["value"].agg(["mean", "min", "max"]).sort_index().dropna()
    return Band(
        tuple(str(week)[:10] for week in by_week.index),
        tuple(float(v) for v in by_week["mean"]),
        tuple(float(v) for v in by_week["min"]),
        tuple(float(v) for v in by_week["max"]),
    )


def weekly_panels(
    base: Band, arms: Sequence[tuple[str, str, Band]], unit: str, label: str, base_name: str, columns: int = 3
) -> str:
    """Return a small chart for each option against the baseline, all on one scale.

    Args:
        base: the baseline's series.
        arms: (name, colour, series) of each option.
        unit: of the values.
        label: what is drawn, for those who cannot see it.
        base_name: what the baseline is called.
        columns: how many charts side by side.
    """
    panel, tall, left, between, head = 290.0, 120.0, 50.0, 16.0, 36.0
    values = [v for b in (base, *(a[2] for a in arms)) for v in (*b.low, *b.high)]
    if not values:
        return ""
    count = max(1, len(arms))
    columns = min(columns, count)
    rows = math.ceil(count / columns)
    each = tall + head + 30
    width, height = left + columns * (panel + between), rows * each
    parts = []
    for i, (name, colour, series) in enumerate(arms or [(base_name, "", base)]):
        x0, y0 = left + (i % columns) * (panel + between), (i // columns) * each + head
        at = svg.scale(values, y0 + tall, y0, about=4, zero=not is_share(unit) and min(values) < 0.5 * max(values))
        lines = svg.wrapped(name, panel, 13, lines=2)
        parts += [svg.text(x0, y0 - 9 - 15 * (len(lines) - 1 - k), said, "panel") for k, said in enumerate(lines)]
        parts += _week_axes(at, base, unit, x0, panel, y0, tall, is_first=i % columns == 0)
        parts.append(_series(base, at, x0, panel, "#4c6272", base_name, unit))
        if arms:
            parts.append(_series(series, at, x0, panel, colour, name, unit))
    return svg.drawing("".join(parts), width, height, label, "weeks")


def _week_axes(
    at: svg.Scale, base: Band, unit: str, x0: float, panel: float, y0: float, tall: float, *, is_first: bool
) -> list[str]:
    parts = []
    for tick in at.ticks(4):
        parts.append(svg.line(x0, at(tick), x0 + panel, at(tick), "grid"))
        if is_first:
            parts.append(svg.text(x0 - 6, at(tick) + 4, tick_text(tick, unit), "tick", "end"))
    number_of = len(base.weeks)
    firsts = [i for i in range(number_of) if i == 0 or base.weeks[i][:7] != base.weeks[i - 1][:7]]
    if len(firsts) < 3:
        firsts = list(range(0, number_of, max(1, number_of // 4)))
    last_x = -math.inf
    for i in firsts:
        x = x0 + panel * (i / max(1, number_of - 1))
        if x - last_x > 34:
            anchor = "start" if i == 0 else ("end" if x > x0 + panel - 16 else "middle")
            parts.append(svg.line(x, y0 + tall, x, y0 + tall + 4, "axis"))
            parts.append(svg.text(x, y0 + tall + 17, short_day(base.weeks[i]), "tick", anchor))
            last_x = x
    parts.append(svg.line(x0, y0 + tall, x0 + panel, y0 + tall, "axis"))
    return parts


def _series(series: Band, at: svg.Scale, x0: float, panel: float, colour: str, name: str, unit: str) -> str:
    number_of = len(series.weeks)
    if number_of == 0:
        return ""
    x = [x0 + panel * (i / max(1, number_of - 1)) for i in range(number_of)]
    around = [*zip(x, map(at, series.high), strict=True), *reversed([*zip(x, map(at, series.low), strict=True)])]
    overall = math.fsum(series.mean) / number_of
    return svg.element(
        "g",
        svg.title(f"{name}: mean over the weeks {quantity(overall, unit)}")
        + svg.path(around, "band", closed=True, fill=colour)
        + svg.path([*zip(x, map(at, series.mean), strict=True)], "mean", stroke=colour),
    )


# --- bars ------------------------------------------------------------------------------------------


def stacked(
    rows: Sequence[tuple[str, Mapping[str, float]]],
    colours: Mapping[str, str],
    names: Mapping[str, str],
    unit: str,
    label: str,
    width: float = 860.0,
) -> str:
    """Return one stacked bar a row; the total stands at its end.

    Args:
        rows: (name, value by part).
        colours: by part, in the order of stacking.
        names: of the parts.
        unit: of the values.
        label: what is drawn.
        width: of the drawing.
    """
    totals = [math.fsum(max(0.0, v) for v in parts.values()) for _, parts in rows]
    if not rows or max(totals) <= 0:
        return ""
    at = svg.scale([0.0, *totals], LABELS, width - 70, zero=True)
    bottom = 8 + ROW * len(rows)
    drawn = [*vertical_grid(at, unit, 4, bottom), _axis_words(at, unit, bottom)]
    for i, (name, parts) in enumerate(rows):
        y = 8 + ROW * (i + 0.5)
        drawn.append(row_label(name, y))
        reached = 0.0
        for part, colour in colours.items():
            value = parts.get(part, 0.0)
            if value > 0:
                said = svg.title(f"{name}, {names[part]}: {quantity(value, unit)}")
                box = {"x": at(reached), "y": y - BAR / 2, "width": at(reached + value) - at(reached), "height": BAR}
                drawn.append(svg.element("rect", said, fill=colour, class_="part", **box))
                reached += value
        drawn.append(svg.text(at(reached) + 6, y + 4, amount(totals[i], unit), "value"))
    return svg.drawing("".join(drawn), width, bottom + 38, label, "bars")


def diverging(
    rows: Sequence[tuple[str, Mapping[str, float]]],
    colours: Mapping[str, str],
    names: Mapping[str, str],
    label: str,
    width: float = 860.0,
) -> str:
    """Return bars of money either side of nought: what each payer pays less (left) and more (right), and the net.

    Args:
        rows: (name, pounds by payer).
        colours: by payer, in the order of stacking.
        names: of the payers.
        label: what is drawn.
        width: of the drawing.
    """
    ends = [0.0]
    for _, parts in rows:
        ends += [math.fsum(v for v in parts.values() if v > 0), math.fsum(v for v in parts.values() if v < 0)]
    if not rows or max(ends) == min(ends):
        return ""
    at = svg.scale(ends, LABELS, width - 100, zero=True)
    bottom = 24 + ROW * len(rows)
    drawn = vertical_grid(at, "£", 20, bottom)
    drawn += [svg.text(at(0) - 8, 14, "◂ pays less", "side", "end")] if at(0) - LABELS > 70 else []
    drawn += [svg.text(at(0) + 8, 14, "pays more ▸", "side")]
    for i, (name, parts) in enumerate(rows):
        drawn += _diverging_row(name, parts, colours, names, at, 22 + ROW * (i + 0.5))
    return svg.drawing("".join(drawn), width, bottom + 30, label, "bars")


def _diverging_row(
    name: str, parts: Mapping[str, float], colours: Mapping[str, str], names: Mapping[str, str], at: svg.Scale, y: float
) -> list[str]:
    drawn = [row_label(name, y)]
    up = down = 0.0
    for payer, colour in colours.items():
        value = parts.get(payer, 0.0)
        start = up if value > 0 else down
        x1, x2 = sorted((at(start), at(start + value)))
        if x2 - x1 > 0.05:
            said = svg.title(f"{name}, {names[payer]}: {difference(value, '£')}")
            drawn.append(
                svg.element("rect", said, x=x1, y=y - BAR / 2, width=x2 - x1, height=BAR, fill=colour, class_="part")
            )
        up, down = (start + value, down) if value > 0 else (up, start + value if value < 0 else down)
    net = math.fsum(parts.values())
    drawn.append(svg.line(at(net), y - BAR / 2 - 3, at(net), y + BAR / 2 + 3, "net"))
    drawn.append(svg.text(at.end + 8, y + 4, f"net {difference(net, '£')}", "value"))
    return drawn
