"""Services turned into specifications."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence

from flowsim.config.models import Balks, Initial, Service, Surge
from flowsim.config.quantities import Count, Tabled
from flowsim.system.build_levels import admitting_steps, level_steps, whole
from flowsim.system.build_steps import make_deconditioning, make_steps, make_visits
from flowsim.system.durations import make_distribution
from flowsim.system.routing import Reach, code_or_none, make_routing
from flowsim.system.spec import (
    NONE,
    UNLIMITED,
    BalkSpec,
    BranchSpec,
    Distribution,
    InitialSpec,
    PatienceSpec,
    RoutingSpec,
    ServiceSpec,
    SurgeSpec,
    Table,
)
from flowsim.system.tabling import Context, Levels, Scope, check_tabled, make_table, value_table


def make_service(ctx: Context, name: str, reached: Reach) -> ServiceSpec:
    """Return the specification of one service."""
    key = f"service.{name}"
    models: list[Service] = ctx.each("service", name)
    enabled = ctx.enabled("service", name)
    first = models[0]
    scope = Scope(reached.origins[name], reached.destinations[name])
    steps = make_steps(ctx, key, models, scope)
    unit = _unit(ctx, key, models)
    admits = [m.admits for m in models]
    rises = ctx.same(f"{key}.admits.rises", [a.rises for a in admits])
    waiting = ctx.same(f"{key}.waiting_for_this", [m.waiting_for_this for m in models])
    levels = [
        (on, m.capacity.get(unit, next(iter(m.capacity.values()))), m.changes)
        for on, m in zip(enabled, models, strict=True)
    ]
    ctx.same(f"{key}.opens", [m.opens is None for m in models])
    return ServiceSpec(
        id=name,
        label=first.label or name,
        role=ctx.same(f"{key}.role", [m.role for m in models]),
        provider=_declared(ctx, f"{key}.provider", first.provider, ctx.configs[0].place.providers),
        hub=_declared(ctx, f"{key}.hub", first.hub, ctx.configs[0].place.hubs),
        unit=unit,
        purpose=ctx.purposes.of(key),
        capacity=level_steps(ctx, f"{key}.capacity.{unit}", f"{key}.changes", levels),
        admitting=admitting_steps(
            ctx, key, [(on, m.opens, m.admits.hours) for on, m in zip(enabled, models, strict=True)]
        ),
        is_closed_capacity=first.opens is not None,
        when_closed=code_or_none(
            ctx, f"{key}.when_closed", ctx.same(f"{key}.when_closed", [m.when_closed for m in models])
        ),
        queue_places=whole(ctx.same(f"{key}.queue.places", [m.queue.places for m in models])),
        transfer_places=whole(ctx.same(f"{key}.queue.transfers", [m.queue.transfers for m in models])),
        when_full=code_or_none(
            ctx, f"{key}.queue.when_full", ctx.same(f"{key}.queue.when_full", [m.queue.when_full for m in models])
        ),
        balks=_balks(ctx, f"{key}.balks", ctx.same(f"{key}.balks", [m.balks for m in models])),
        priority=value_table(ctx, f"{key}.admits.priority", [a.priority for a in admits], int, 0.0, scope),
        rises_after=NONE if rises is None else ctx.calendar.ticks(rises.after.value),
        rises_to=0 if rises is None else whole(rises.to),
        takes=_takes(ctx, f"{key}.admits.takes", [a.takes for a in admits], scope),
        withheld=_withheld(ctx, f"{key}.admits.reserve", models, scope),
        patience=_patience(ctx, f"{key}.patience", models, scope),
        surge=_surge(ctx, f"{key}.surge", ctx.same(f"{key}.surge", [m.surge for m in models])),
        steps=steps,
        turnaround=_turnaround(ctx, f"{key}.turnaround", models, scope),
        turnaround_purpose=ctx.purposes.of(f"{key}.turnaround"),
        preempts=ctx.same(f"{key}.admits.preempts", [a.preempts for a in admits]),
        cut_interrupts=ctx.same(f"{key}.admits.when_capacity_falls", [a.when_capacity_falls for a in admits])
        == "interrupt",
        reason=ctx.names.reason(
            f"{key}.waiting_for_this.reason", None if waiting is None else waiting.reason, ctx.problems
        ),
        visits=make_visits(ctx, key, models, steps, scope),
        deconditioning=make_deconditioning(ctx, f"{key}.deconditioning", models),
        sets=_sets(ctx, f"{key}.sets", ctx.same(f"{key}.sets", [m.sets for m in models])),
        routing=_routing(ctx, name, reached),
        initial=tuple(_initial(ctx, f"{key}.initial.{who}", who, model) for who, model in first.initial.items()),
    )


def _unit(ctx: Context, key: str, models: Sequence[Service]) -> str:
    for model in models:
        if len(model.capacity) != 1:
            ctx.problems.add(f"{key}.capacity", sorted(model.capacity), "one kind of space, e.g. {beds: 19}")
    units = [next(iter(model.capacity), "spaces") for model in models]
    return ctx.same(f"{key}.capacity", units)


def _declared(ctx: Context, key: str, name: str, known: dict[str, str]) -> str:
    """Return a provider or hub, which the place must name if it names any."""
    if name and known and name not in known:
        ctx.problems.unknown(key, name, "one the place names", known)
    return name


def _balks(ctx: Context, key: str, model: Balks | None) -> BalkSpec | None:
    if model is None:
        return None
    plus = 0.0 if model.plus is None else model.plus.value
    if (model.plus is None) is (model.join is None) or (model.plus is not None and plus <= 0):
        ctx.problems.add(
            key, "both or neither of plus and join, or a plus of 0 or less", "a plus above 0, or a join table"
        )
    join: list[float] = []
    for text, share in sorted((model.join or {}).items(), key=lambda item: (len(item[0]), item[0])):
        if not text.isdigit():
            ctx.problems.add(f"{key}.join", repr(text), 'a number waiting, e.g. "3"')
            continue
        # Between the numbers written the last holds; before the first everyone joins.
        join += [join[-1] if join else 1.0] * (int(text) - len(join))
        join.append(share.value)
    return BalkSpec(ctx.purposes.of(key), tuple(join), plus)


def _takes(ctx: Context, key: str, tables: Sequence[Tabled[Count] | None], scope: Scope) -> Table[int]:
    table = value_table(ctx, key, tables, int, 1.0, scope)
    if any(row < 1 for row in table.rows):
        ctx.problems.add(key, min(table.rows), "1 space or more")
    return table


def _withheld(ctx: Context, key: str, models: Sequence[Service], scope: Scope) -> Table[int]:
    """Return, for each kind of patient, the spaces of the reserves that are not for them."""
    reserves = [model.admits.reserve for model in models]
    good = True
    for name, reserve in ((n, r) for group in reserves for n, r in group.items()):
        for attribute, levels in reserve.for_.items():
            condition = Tabled((attribute,), tuple(((level,), None) for level in levels))
            good &= check_tabled(ctx, f"{key}.{name}.for.{attribute}", condition, scope)
    if not good:
        return Table((), (), (0,))
    by = tuple(dict.fromkeys(a for group in reserves for reserve in group.values() for a in reserve.for_))

    def row_of(period: int) -> Callable[[Levels], int | None]:
        def row(levels: Levels) -> int:
            others = (r for r in reserves[period].values() if not all(levels[a] in kept for a, kept in r.for_.items()))
            return sum(whole(r.spaces) for r in others)

        return row

    return make_table(ctx, key, by, [row_of(p) for p in range(len(models))], scope)


def _patience(ctx: Context, key: str, models: Sequence[Service], scope: Scope) -> PatienceSpec | None:
    patience = [model.patience for model in models]
    if ctx.same(key, ["none" if p is None else "some" for p in patience]) == "none":
        return None
    known = [p for p in patience if p is not None]
    return PatienceSpec(
        purpose=ctx.purposes.of(key),
        duration=make_distribution(
            ctx, f"{key}.duration", [None if p is None else p.duration for p in patience], scope
        ),
        to=code_or_none(ctx, f"{key}.to", ctx.same(f"{key}.to", [p.to for p in known])),
        holders=ctx.same(f"{key}.holders", [p.holders for p in known]),
    )


_TRIGGER = re.compile(r"^(?:(occupancy)\s*>=\s*([\d.]+)\s*%|(waiting)\s*>=\s*(\d+))$")
_CLOSING = re.compile(r"^occupancy\s*<\s*([\d.]+)\s*%$")


def _surge(ctx: Context, key: str, model: Surge | None) -> SurgeSpec | None:
    if model is None:
        return None
    occupancy, waiting = math.inf, UNLIMITED
    for part in re.split(r"\s+or\s+", model.opens_when.strip()):
        match = _TRIGGER.match(part)
        if match is None:
            ctx.problems.add(
                f"{key}.opens_when",
                repr(model.opens_when),
                '"occupancy >= 97 %" or "waiting >= 5", or both joined by or',
            )
        elif match[1]:
            occupancy = min(occupancy, float(match[2]) / 100)
        else:
            waiting = min(waiting, int(match[4]))
    closing = _CLOSING.match(model.closes_when.strip())
    closes = float(closing[1]) / 100 if closing else 0.0
    if closing is None:
        ctx.problems.add(f"{key}.closes_when", repr(model.closes_when), '"occupancy < 92 %"')
    elif closes > occupancy:
        ctx.problems.add(
            f"{key}.closes_when", repr(model.closes_when), "an occupancy no higher than the one that opens it"
        )
    return SurgeSpec(whole(model.spaces), occupancy, waiting, closes, ctx.calendar.ticks(model.lead.value))


def _turnaround(ctx: Context, key: str, models: Sequence[Service], scope: Scope) -> Table[Distribution] | None:
    written = [model.turnaround for model in models]
    return None if all(w is None for w in written) else make_distribution(ctx, key, written, scope)


def _sets(ctx: Context, key: str, sets: dict[str, str]) -> tuple[tuple[int, int], ...]:
    pairs = (ctx.names.level(f"{key}.{a}", a, level, ctx.problems) for a, level in sets.items())
    return tuple(pair for pair in pairs if pair[0] != NONE)


def _routing(ctx: Context, name: str, reached: Reach) -> RoutingSpec:
    """Return where a service's patients go on leaving."""
    key = f"pathway.{name}"
    if not any(name in config.pathway for config in ctx.configs):
        ctx.problems.add(key, "nothing", f"where patients of {name} go on leaving, e.g. {{all: home}}")
        return RoutingSpec(name, ctx.purposes.of(key), Table((), (), (BranchSpec((0,)),)))
    return make_routing(ctx, key, name, ctx.each("pathway", name), reached.origins[name])


def _initial(ctx: Context, key: str, name: str, model: Initial) -> InitialSpec:
    """Return people there at the start; attributes that nothing gives are at their first level."""
    fixed = dict(_sets(ctx, f"{key}.attributes", model.attributes))
    mix_of = NONE
    if model.mix_of is not None:
        if model.mix_of in ctx.names.streams:
            mix_of = ctx.names.streams.index(model.mix_of)
        else:
            ctx.problems.unknown(f"{key}.mix_of", model.mix_of, "a stream that is enabled", ctx.names.streams)
    else:
        fixed = {index: fixed.get(index, 0) for index in range(len(ctx.names.attributes))}
    if math.isinf(model.number.value):
        ctx.problems.add(f"{key}.number", model.number.said, "a whole number")
    return InitialSpec(
        id=name,
        waiting=model.state == "waiting",
        number=whole(model.number),
        elapsed=tuple(d.value for d in model.elapsed),
        remaining=tuple(d.value for d in model.remaining),
        uniform=model.remaining_rule == "uniform",
        attributes=tuple(sorted(fixed.items())),
        mix_of=mix_of,
    )
