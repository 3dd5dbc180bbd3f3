"""The section on years: what each stated step changes between the year recorded and the year asked about."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flowsim.config.years import ENDS, RECORDED
from flowsim.experiment.result import ExperimentResult, Level
from flowsim.report import svg
from flowsim.report.figures import LABELS, ROW, row_label, vertical_grid
from flowsim.report.formats import gap, quantity
from flowsim.report.view import Effect, effects, versus, watched


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a waterfall.

    Attributes:
        label: of the step.
        before, after: mean of the measure before and after it.
        effect: its paired difference from the step before, with its 95 % interval.
        low, high: difference with the step's ranged numbers at their lower and upper ends; equal where it has none.
    """

    label: str
    before: float
    after: float
    effect: Effect
    low: float
    high: float


def years_part(result: ExperimentResult) -> dict[str, Any]:
    """Return the waterfalls of the measures watched, by demand level; nothing where no steps are taken."""
    experiment = result.config.get("experiment") or {}
    year = str(experiment.get("steps_to") or "")
    if not year or result.is_single:
        return {}
    book = (result.config.get("year_book") or {}).get(year) or {}
    order = [RECORDED, *(name for name in book.get("steps") or {} if any(arm.id == name for arm in result.arms))]
    out = []
    for level in result.levels:
        made = [_waterfall(result, level, measure, order) for measure in watched(result)]
        out.append({"level": level, "charts": [chart for chart in made if chart]})
    return {"levels": out, "label": str(book.get("label") or year), "why": str(book.get("why") or "")}


def _waterfall(result: ExperimentResult, level: Level, measure: str, order: Sequence[str]) -> dict[str, Any]:
    """Return one measure's waterfall as a drawing and as rows; nothing where it was not measured in every arm."""
    found = effects(result, level.id, [measure])
    if any((arm, measure) not in found for arm in order):
        return {}
    steps: list[Step] = []
    for before, after in itertools.pairwise(order):
        effect = versus(result, level.id, measure, after, before)
        if effect is None or not math.isfinite(effect.difference):
            return {}
        base = found[before, measure].mean
        ends = [found[f"{after}_{end}", measure].mean - base for end in ENDS if (f"{after}_{end}", measure) in found]
        low, high = (min(ends), max(ends)) if ends else (effect.difference, effect.difference)
        steps.append(Step(result.arm(after).label, base, found[after, measure].mean, effect, low, high))
    if not steps:
        return {}
    last = found[order[-1], measure]
    below, above = carried(steps)
    title = f"{last.label}, {level.label}"
    return {
        "label": last.label,
        "drawn": drawn(found[order[0], measure], steps, title),
        "rows": [_row(step, last.unit) for step in steps],
        "start": quantity(found[order[0], measure].mean, last.unit),
        "end": quantity(last.mean, last.unit),
        "between": f"{quantity(last.mean - below, last.unit)} to {quantity(last.mean + above, last.unit)}",
    }


def carried(steps: Sequence[Step]) -> tuple[float, float]:
    """Return how far the end may lie below and above its value, the steps' ranges taken as independent.

    The root of the sum of squares of each step's way down and up: ranges are not errors of one sign.
    """
    below = math.sqrt(sum(max(0.0, step.effect.difference - step.low) ** 2 for step in steps))
    above = math.sqrt(sum(max(0.0, step.high - step.effect.difference) ** 2 for step in steps))
    return below, above


def _row(step: Step, unit: str) -> tuple[str, str, str, str]:
    effect = step.effect
    said, between = gap(effect.difference, effect.difference_low, effect.difference_high, unit)
    ranged = "no range" if step.low == step.high else gap(effect.difference, step.low, step.high, unit)[1]
    return (step.label, said, between or "-", ranged)


def drawn(start: Effect, steps: Sequence[Step], title: str, width: float = 760.0) -> str:
    """Return the waterfall: the first year, each step from where the last ended, the year asked about."""
    unit = start.unit
    below, above = carried(steps)
    end = steps[-1].after
    reach = [start.mean, end - below, end + above]
    reach += [v for s in steps for v in (s.after, s.before + s.low, s.before + s.high)]
    spread = max(reach) - min(reach)
    at = svg.scale([min(reach) - spread / 8, max(reach) + spread / 8], LABELS, width - 24, about=5)
    bottom = 8 + ROW * (len(steps) + 2)
    rows = [_whole("As recorded", start.mean, at, 0, unit)]
    rows += [_step(step, at, place + 1, unit) for place, step in enumerate(steps)]
    rows.append(_whole("With all steps", end, at, len(steps) + 1, unit))
    rows.append(_range(at(end - below), at(end + above), _centre(len(steps) + 1)))
    grid = vertical_grid(at, unit, 4, bottom)
    return svg.drawing("".join([*grid, *rows]), width, bottom + 26, f"Waterfall: {title}", "waterfall")


def _centre(place: int) -> float:
    return 8 + ROW * (place + 0.5)


def _whole(label: str, value: float, at: svg.Scale, place: int, unit: str) -> str:
    y = _centre(place)
    parts = [svg.title(f"{label}: {quantity(value, unit)}"), row_label(label, y)]
    parts.append(svg.element("circle", cx=at(value), cy=y, r=6, class_="dot moved"))
    return svg.element("g", "".join(parts))


def _step(step: Step, at: svg.Scale, place: int, unit: str) -> str:
    y = _centre(place)
    said, between = gap(step.effect.difference, step.effect.difference_low, step.effect.difference_high, unit)
    left, right = sorted((at(step.before), at(step.after)))
    words = f"{step.label}: {said}" + (f", 95% interval {between}" if between else "")
    parts = [svg.title(words), row_label(step.label, y)]
    parts.append(svg.element("rect", x=left, y=y - 8, width=max(right - left, 1.0), height=16, class_="step"))
    if step.low != step.high:
        parts.append(_range(at(step.before + step.low), at(step.before + step.high), y))
    parts.append(svg.line(at(step.after), y, at(step.after), y + ROW, "link"))
    return svg.element("g", "".join(parts))


def _range(low: float, high: float, y: float) -> str:
    ends = [svg.line(x, y - 5, x, y + 5, "bar moved") for x in (low, high)]
    return "".join([svg.line(low, y, high, y, "bar moved"), *ends])
