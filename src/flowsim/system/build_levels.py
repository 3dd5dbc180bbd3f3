"""Capacities, rotas and opening hours over the run: weekly patterns, dated changes and periods."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from flowsim.config.models import Change, Hours, Weekly
from flowsim.config.quantities import Count
from flowsim.system.calendar import parse_date
from flowsim.system.curves import Curve, Floats, between, combine, flat, splice
from flowsim.system.schedules import hours_pattern, number_pattern
from flowsim.system.spec import UNLIMITED, Steps
from flowsim.system.tabling import Context


def whole(count: Count) -> int:
    """Return a count as a whole number; UNLIMITED where it says so."""
    return UNLIMITED if math.isinf(count.value) else int(count.value)


def by_period(ctx: Context, inputs: Sequence[Any], curve_of: Callable[[Any], Curve]) -> Curve:
    """Return a curve that follows each period's inputs; equal inputs are worked out once."""
    pieces: list[tuple[int, Curve]] = []
    last: tuple[Any, Curve] | None = None
    for start, given in zip(ctx.starts, inputs, strict=True):
        if last is None or last[0] != given:
            last = (given, curve_of(given))
            pieces.append((start, last[1]))
    return splice(pieces)


def finish(ctx: Context, curve: Curve) -> Steps:
    """Return a curve as ``Steps`` without breakpoints past the run's end."""
    inside = curve.ticks < ctx.calendar.end
    return Curve(curve.ticks[inside], curve.values[inside]).steps()


def level_curve(ctx: Context, key: str, level: Count | Weekly) -> Curve:
    """Return a level (a number, ``unlimited`` or a weekly pattern) over the run."""
    if isinstance(level, Count):
        return flat(float(whole(level)))
    days = {day: {clock: float(whole(count)) for clock, count in values.items()} for day, values in level.days.items()}
    return number_pattern(key, days, ctx.problems).curve(ctx.calendar)


def changed_curve(
    ctx: Context, key: str, level: Count | Weekly, changes: Mapping[str, Change], changes_key: str
) -> Curve:
    """Return a level with its dated changes, taken in the order written."""
    curve = level_curve(ctx, key, level)
    for name, change in changes.items():
        at = f"{changes_key}.{name}"
        start = ctx.calendar.date_tick(parse_date(f"{at}.from", change.starts, ctx.problems))
        end = ctx.calendar.end
        if change.ends is not None:
            end = ctx.calendar.date_tick(parse_date(f"{at}.to", change.ends, ctx.problems))
            if change.ends <= change.starts:
                ctx.problems.add(f"{at}.to", change.ends, f"a date after {change.starts}")
        if (change.set is None) is (change.add is None):
            ctx.problems.add(
                at, "both set and add" if change.set is not None else "neither set nor add", "one of set and add"
            )
            continue
        other = level_curve(ctx, f"{at}.set", change.set) if change.set is not None else _added(ctx, at, curve, change)
        curve = between(curve, other, start, end)
    return curve


def _added(ctx: Context, key: str, curve: Curve, change: Change) -> Curve:
    more = change.add.value if change.add is not None else 0.0
    if more != int(more):
        ctx.problems.add(f"{key}.add", change.add.said if change.add else more, "a whole number")

    def add(values: Floats) -> Floats:
        return np.where(values >= UNLIMITED, values, values + more)

    return curve.map(add)


def level_steps(
    ctx: Context,
    key: str,
    changes_key: str,
    periods: Sequence[tuple[bool, Count | Weekly, Mapping[str, Change]]],
) -> Steps:
    """Return a level over the run.

    Args:
        ctx: the builder's context.
        key: dotted path of the level.
        changes_key: dotted path of its changes.
        periods: for each period, whether the thing is enabled (0 where not), its level, its changes.
    """

    def curve_of(given: tuple[bool, Count | Weekly, Mapping[str, Change]]) -> Curve:
        enabled, level, changes = given
        return changed_curve(ctx, key, level, changes, changes_key) if enabled else flat(0.0)

    curve = by_period(ctx, periods, curve_of)
    if curve.values.min() < 0:
        day = (
            int(np.searchsorted(ctx.calendar.clock.midnights, curve.ticks[int(curve.values.argmin())], side="right"))
            - 1
        )
        ctx.problems.add(
            key,
            f"{curve.values.min():g} on {ctx.calendar.clock.date_of(day)}",
            "0 or more at all times, changes included",
        )
    return finish(ctx, curve)


def admitting_steps(ctx: Context, key: str, periods: Sequence[tuple[bool, Hours | None, Hours | None]]) -> Steps:
    """Return 1 while patients may start, 0 otherwise.

    Args:
        ctx: the builder's context.
        key: dotted path of the service.
        periods: for each period, whether it is enabled, its ``opens``, its ``admits.hours``.
    """

    def curve_of(given: tuple[bool, Hours | None, Hours | None]) -> Curve:
        enabled, opens, starts = given
        curve = flat(float(enabled))
        for name, hours in (("opens", opens), ("admits.hours", starts)):
            if hours is not None and enabled:
                pattern = hours_pattern(f"{key}.{name}", hours, ctx.problems)
                curve = combine(np.multiply, curve, pattern.curve(ctx.calendar))
        return curve

    return finish(ctx, by_period(ctx, periods, curve_of))
