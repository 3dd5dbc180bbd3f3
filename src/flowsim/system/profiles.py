"""Rates of arrival over the run: volume, profile, growth, surges, and absolute rates."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, timedelta

import numpy as np

from flowsim.config.days import WEEKDAYS
from flowsim.config.models import Profile, Sine, Stream, SurgePeriod
from flowsim.system.calendar import parse_date
from flowsim.system.curves import Curve, Floats, between, flat, of_points, product
from flowsim.system.schedules import Pattern, by_clock, number_pattern
from flowsim.system.tabling import Context
from flowsim.units import DAYS_PER_YEAR

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DAYS_IN_MONTH = (31, 28.25, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def rate_curve(ctx: Context, key: str, stream: Stream, profile: Profile | None) -> Curve:
    """Return a stream's arrivals per minute over the run.

    ``volume`` is multiplied by its factor, profile, growth and surges; ``rates`` and ``rates_by_date``
    are absolute and multiplied by the factor, growth and surges only.
    """
    curves = [flat(stream.factor.value)]
    if stream.volume is not None:
        curves.append(flat(stream.volume.value))
        if profile is not None:
            curves += profile_curves(ctx, f"profile.{stream.profile}", profile)
    elif stream.rates is not None:
        days = {day: {c: r.value for c, r in rates.items()} for day, rates in stream.rates.items()}
        curves.append(number_pattern(f"{key}.rates", days, ctx.problems).curve(ctx.calendar))
    else:
        dated = {
            parse_date(f"{key}.rates_by_date", d, ctx.problems): r.value
            for d, r in (stream.rates_by_date or {}).items()
        }
        curves.append(dated_curve(ctx, dated))
    if stream.growth is not None:
        base = parse_date(f"{key}.growth_from", stream.growth_from or ctx.configs[0].run.starts, ctx.problems)
        until = parse_date(f"{key}.growth_to", stream.growth_to, ctx.problems) if stream.growth_to else None
        curves.append(growth_curve(ctx, stream.growth.value, base, until))
    curves += surge_curves(ctx, f"{key}.surges", stream.surges)
    curve = product(curves)
    if curve.values.min() < 0:
        ctx.problems.add(key, "a rate below 0 at some time", "factors and weights of 0 or more")
    return curve


def dated_curve(ctx: Context, dated: Mapping[date, float]) -> Curve:
    """Return values that hold from their dates on; 0 before the first."""
    calendar = ctx.calendar
    before = [value for day, value in sorted(dated.items()) if day <= calendar.start]
    points = [(0, before[-1] if before else 0.0)]
    points += [(calendar.date_tick(day), value) for day, value in sorted(dated.items()) if day > calendar.start]
    return of_points(np.array([t for t, _ in points], dtype=np.int64), np.array([v for _, v in points]))


def growth_curve(ctx: Context, growth: float, base: date, until: date | None = None) -> Curve:
    """Return (1 + growth) to the power of the years since ``base``, day by day; level from ``until`` on."""
    clock = ctx.calendar.clock
    days = np.arange(len(clock.midnights)) + (ctx.calendar.start - base).days
    if until is not None:
        days = np.minimum(days, (until - base).days)
    return Curve(np.array(clock.midnights, dtype=np.int64), np.power(1 + growth, days / DAYS_PER_YEAR))


def surge_curves(ctx: Context, key: str, surges: Mapping[str, SurgePeriod]) -> list[Curve]:
    """Return a curve for each dated multiplication: its factor from one date to another, else 1."""
    out = []
    for name, surge in surges.items():
        start = ctx.calendar.date_tick(parse_date(f"{key}.{name}.from", surge.starts, ctx.problems))
        end = ctx.calendar.date_tick(parse_date(f"{key}.{name}.to", surge.ends, ctx.problems))
        if surge.ends <= surge.starts:
            ctx.problems.add(f"{key}.{name}.to", surge.ends, f"a date after {surge.starts}")
        out.append(between(flat(1.0), flat(surge.times.value), start, end))
    return out


def profile_curves(ctx: Context, key: str, profile: Profile) -> list[Curve]:
    """Return the parts of a profile: the week, the month and the sinusoid; their product is the shape."""
    out = []
    if any(
        part is not None for part in (profile.hour_of_day, profile.hour_of_week, profile.day_of_week, profile.holidays)
    ):
        out.append(week_pattern(ctx, key, profile).curve(ctx.calendar))
    if profile.month is not None:
        out.append(month_curve(ctx, f"{key}.month", {name: w.value for name, w in profile.month.items()}))
    if profile.sine is not None:
        out.append(sine_curve(ctx, profile.sine))
    return out


def week_pattern(ctx: Context, key: str, profile: Profile) -> Pattern:
    """Return the weekly shape with mean 1 over an ordinary week; bank holidays times their weight on top."""
    if profile.hour_of_day is not None and profile.hour_of_week is not None:
        ctx.problems.add(key, "both hour_of_day and hour_of_week", "one of them; day_of_week may go with either")
    if profile.hour_of_week is not None:
        days = {day: {c: w.value for c, w in weights.items()} for day, weights in profile.hour_of_week.items()}
        pattern = number_pattern(f"{key}.hour_of_week", days, ctx.problems)
    elif profile.hour_of_day is not None:
        pattern = Pattern((by_clock({c: w.value for c, w in profile.hour_of_day.items()}) or ((0, 1.0),),) * 14)
    else:
        pattern = Pattern((((0, 1.0),),) * 14)
    weights = [1.0] * 7
    if profile.day_of_week is not None:
        lacking = [day for day in WEEKDAYS if day not in profile.day_of_week]
        if lacking:
            ctx.problems.add(f"{key}.day_of_week", f"nothing for {', '.join(lacking)}", "a weight for each weekday")
        written = {str(day): weight.value for day, weight in profile.day_of_week.items()}
        weights = [written.get(day, 1.0) for day in WEEKDAYS]
    free = 1.0 if profile.holidays is None else profile.holidays.value
    pattern = pattern.times([*weights, *(w * free for w in weights)])
    level = pattern.week_mean()
    if level <= 0:
        ctx.problems.add(key, "weights that are all 0", "weights of 0 or more, some above 0")
        return pattern
    return pattern.times([1 / level] * 14)


def month_curve(ctx: Context, key: str, weights: Mapping[str, float]) -> Curve:
    """Return the weight of each month, scaled to mean 1 over a year of 365.25 days."""
    lacking = [month for month in MONTHS if month not in weights]
    if lacking:
        ctx.problems.add(key, f"nothing for {', '.join(lacking)}", "a weight for each month")
    listed = [weights.get(month, 1.0) for month in MONTHS]
    level = math.fsum(w * d for w, d in zip(listed, DAYS_IN_MONTH, strict=True)) / DAYS_PER_YEAR
    if level <= 0:
        ctx.problems.add(key, "weights that are all 0", "weights of 0 or more, some above 0")
        return flat(1.0)
    clock = ctx.calendar.clock
    months = [(ctx.calendar.start + timedelta(days=i)).month - 1 for i in range(len(clock.midnights))]
    return Curve(np.array(clock.midnights, dtype=np.int64), np.array([listed[m] / level for m in months]))


def sine_curve(ctx: Context, sine: Sine) -> Curve:
    """Return 1 + amplitude * sin(2 pi (t - shift) / period) as its exact mean over each elapsed minute.

    Over [t, t + 1] the mean is 1 + amplitude * period / (2 pi) * (cos(w (t - shift)) - cos(w (t + 1 - shift)))
    with w = 2 pi / period, in minutes.
    """
    per_minute = ctx.calendar.clock.ticks_per_minute
    count = -(-ctx.calendar.end // per_minute)
    edges = np.arange(count + 1, dtype=np.float64) - (0.0 if sine.shift is None else sine.shift.value)
    if sine.period.value <= 0:
        ctx.problems.add("profile.sine.period", sine.period.said, "a period above 0")
        return flat(1.0)
    speed = 2 * math.pi / sine.period.value
    waves: Floats = np.cos(speed * edges)
    values = 1 + sine.amplitude.value / speed * (waves[:-1] - waves[1:])
    return Curve(np.arange(count, dtype=np.int64) * per_minute, values)
