"""Steps of services: durations, staff, departures by the clock; visits and deconditioning."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flowsim.config.days import WEEKDAYS
from flowsim.config.models import Departure, Service, Step
from flowsim.config.quantities import Share, Tabled
from flowsim.system.build_levels import by_period, finish
from flowsim.system.curves import Curve, Floats, flat
from flowsim.system.durations import make_distribution
from flowsim.system.schedules import minute_of, number_pattern
from flowsim.system.spec import NONE, DeconditioningSpec, StaffNeed, Steps, StepSpec, VisitSpec
from flowsim.system.tabling import Context, Scope, value_table


def make_steps(ctx: Context, key: str, services: Sequence[Service], scope: Scope) -> tuple[StepSpec, ...]:
    """Return the steps of a service: care first, then leaving, each in the order written."""
    out = []
    for group, leaving in (("steps", False), ("leaving", True)):
        models = [getattr(service, group) for service in services]
        for name in dict.fromkeys(name for steps in models for name in steps):
            steps = [steps.get(name) for steps in models]
            if any(step is not None and step.enabled for step in steps):
                out.append(_make_step(ctx, f"{key}.{group}.{name}", name, leaving, steps, scope))
    return tuple(out)


def _make_step(
    ctx: Context, key: str, name: str, leaving: bool, steps: Sequence[Step | None], scope: Scope
) -> StepSpec:
    """Return one step; in a period that lacks it nobody needs it."""
    present = [step is not None and step.enabled for step in steps]
    known = next(step for step, there in zip(steps, present, strict=True) if there and step is not None)
    models = [step if there and step is not None else known for step, there in zip(steps, present, strict=True)]
    reason = ctx.same(f"{key}.reason", [step.reason for step in models])
    if reason is not None and not leaving:
        ctx.problems.add(f"{key}.reason", repr(reason), "a reason only on steps of leaving: care is no delay")
    return StepSpec(
        id=name,
        purpose=ctx.purposes.of(key),
        share_purpose=ctx.purposes.of(f"{key}.share"),
        leaving=leaving,
        share=_share(ctx, f"{key}.share", models, present, scope),
        duration=_duration(ctx, key, models, scope),
        departure=_departure(ctx, f"{key}.departure", [step.departure for step in models]),
        staff=_staff(ctx, f"{key}.staff", models, scope),
        reason=ctx.names.reason(f"{key}.reason", reason, ctx.problems),
        is_seen=ctx.same(f"{key}.seen", [step.seen for step in models]),
    )


def _share(ctx: Context, key: str, models: Sequence[Step], present: Sequence[bool], scope: Scope) -> Any:
    nobody = Tabled.of(Share(value=0.0, said="0 %"))
    shares = [step.share if there else nobody for step, there in zip(models, present, strict=True)]
    if all(share is None for share in shares):
        return None
    return value_table(ctx, key, shares, float, 1.0, scope)


def _duration(ctx: Context, key: str, models: Sequence[Step], scope: Scope) -> Any:
    ctx.same(key, ["departure" if step.departure is not None else "duration" for step in models])
    if models[0].departure is not None:
        if any(step.duration is not None for step in models):
            ctx.problems.add(key, "both duration and departure", "one of them")
        return None
    if any(step.duration is None for step in models):
        ctx.problems.add(key, "neither duration nor departure", 'a duration, e.g. "75 min", or a departure')
        return None
    return make_distribution(ctx, f"{key}.duration", [step.duration for step in models], scope)


def _departure(ctx: Context, key: str, departures: Sequence[Departure | None]) -> Steps | None:
    """Return the hazard of leaving [/min]: the weekly shape, scaled to mean 1, over the mean."""
    if any(departure is None for departure in departures):
        return None

    def curve_of(departure: Departure) -> Curve:
        days = {day: {c: w.value for c, w in weights.items()} for day, weights in departure.by_clock.items()}
        pattern = number_pattern(f"{key}.by_clock", days, ctx.problems)
        level = pattern.week_mean()
        lowest = min((w for day in pattern.days for _, w in day or ()), default=0.0)
        if level <= 0 or lowest < 0:
            ctx.problems.add(
                f"{key}.by_clock", "weights that are negative or all 0", "weights of 0 or more, some above 0"
            )
            return flat(0.0)
        if departure.mean.value <= 0:
            ctx.problems.add(f"{key}.mean", departure.mean.said, "a mean above 0")
            return flat(0.0)
        scale = 1 / (level * departure.mean.value)

        def hazard(weights: Floats) -> Floats:
            return weights * scale

        return pattern.curve(ctx.calendar).map(hazard)

    return finish(ctx, by_period(ctx, departures, curve_of))


def _staff(ctx: Context, key: str, models: Sequence[Step], scope: Scope) -> tuple[StaffNeed, ...]:
    needs = []
    for pool in dict.fromkeys(pool for step in models for pool in step.staff):
        if pool not in ctx.names.staff:
            ctx.problems.unknown(f"{key}.{pool}", pool, "a staff pool that is enabled", ctx.names.staff)
            continue
        number = value_table(ctx, f"{key}.{pool}", [step.staff.get(pool) for step in models], int, 0.0, scope)
        needs.append(StaffNeed(ctx.names.staff.index(pool), number))
    # In order of pool, so that the order in which the YAML names them decides nothing.
    return tuple(sorted(needs, key=lambda need: need.pool))


def make_visits(
    ctx: Context, key: str, services: Sequence[Service], steps: Sequence[StepSpec], scope: Scope
) -> VisitSpec | None:
    """Return the visiting plan of a service of that kind; None for one of spaces."""
    kind = ctx.same(f"{key}.kind", [service.kind for service in services])
    plans = [service.visits for service in services if service.visits is not None]
    if kind == "spaces":
        if plans:
            ctx.problems.add(f"{key}.visits", "a visiting plan", "kind: visits beside it")
        return None
    if len(plans) < len(services):
        ctx.problems.add(f"{key}.visits", "nothing", "first and last visits a day, for a service of kind visits")
        return None
    care = [step for step in steps if not step.leaving]
    if len(care) != 1 or care[0].staff or care[0].duration is None:
        ctx.problems.add(
            f"{key}.steps", [step.id for step in care], "one step with a duration, the days of care, and no staff"
        )
    starts = ctx.same(f"{key}.visits.starts", [plan.starts for plan in plans])
    return VisitSpec(
        first=value_table(ctx, f"{key}.visits.first", [plan.first for plan in plans], float, 0.0, scope),
        last=value_table(ctx, f"{key}.visits.last", [plan.last for plan in plans], float, 0.0, scope),
        carers=value_table(ctx, f"{key}.visits.carers", [plan.carers for plan in plans], int, 1.0, scope),
        start_weekdays=tuple(day in starts for day in WEEKDAYS),
        day_start=minute_of(ctx.same(f"{key}.visits.day_starts", [plan.day_starts for plan in plans])),
        overtaking=ctx.same(f"{key}.visits.overtaking", [plan.overtaking for plan in plans]),
    )


def make_deconditioning(ctx: Context, key: str, services: Sequence[Service]) -> DeconditioningSpec | None:
    """Return what delay does to a service's patients; None where nothing."""
    model = ctx.same(key, [service.deconditioning for service in services])
    if model is None:
        return None
    attribute = NONE if model.shift is None else ctx.names.attribute(f"{key}.shift", model.shift, ctx.problems)
    return DeconditioningSpec(
        stay_per_day=model.stay_per_day.value,
        stay_limit=model.stay_limit.value,
        shift_per_day=model.shift_per_day.value,
        shift_limit=model.shift_limit.value,
        attribute=attribute,
        purpose=ctx.purposes.of(key),
    )
