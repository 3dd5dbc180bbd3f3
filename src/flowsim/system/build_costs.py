"""The cost book: unit costs of services and staff, and what interventions cost."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from flowsim.config.models import Payers, Programme, ServiceCosts
from flowsim.config.prices import PriceYearError, at_prices_of
from flowsim.config.quantities import Money, MoneyRate
from flowsim.system.routing import TOLERANCE
from flowsim.system.spec import CostBook, ProgrammeCost, ServiceCost, StaffCost
from flowsim.system.tabling import Context

Programmes = Sequence[tuple[str, str, Programme, date | None, date | None]]
"""(intervention, programme, model, first date, date from which it no longer runs)."""


def make_costs(ctx: Context, programmes: Programmes) -> CostBook:
    """Return the unit costs in force, all in one price year."""
    services: dict[str, ServiceCost] = {}
    staff: dict[str, StaffCost] = {}
    pools = dict.fromkeys(name for config in ctx.configs for name in config.staff)
    known = [*ctx.names.services, *ctx.names.absent, *pools]
    for name in dict.fromkeys(name for config in ctx.configs for name in config.cost):
        key = f"cost.{name}"
        model: ServiceCosts = ctx.same(key, ctx.each("cost", name))
        if name in ctx.names.services:
            services[name] = _service_cost(ctx, key, model)
        elif name in ctx.names.staff:
            rate = _amount(ctx, f"{key}.staffed", model.staffed, model.price_year)
            staff[name] = StaffCost(rate, payers(ctx, f"{key}.payer", model.payer))
            if model.staffed is None:
                ctx.problems.add(key, "no staffed", 'what each member costs, e.g. {staffed: "£ 40 /h"}')
        elif name not in known:
            ctx.problems.unknown(key, name, "a service or staff pool", known)
    return CostBook(
        price_year=ctx.configs[0].place.price_year,
        services=services,
        staff=staff,
        programmes=tuple(_programme(ctx, *programme) for programme in programmes),
    )


def _amount(ctx: Context, key: str, amount: Money | MoneyRate | None, year: str | None) -> float:
    """Return an amount at the place's prices; 0 for none, or for one whose year is not known."""
    place = ctx.configs[0].place
    try:
        return at_prices_of(amount, year, place.price_year, place.prices)
    except PriceYearError as error:
        has_own = amount is not None and amount.price_year is not None
        at = f"{key if has_own else key.rpartition('.')[0]}.price_year"
        ctx.problems.add(at, repr(error.said), error.wanted)
        return 0.0


def _service_cost(ctx: Context, key: str, model: ServiceCosts) -> ServiceCost:
    if model.staffed is not None:
        ctx.problems.add(f"{key}.staffed", model.staffed.said, "no staffed on a service: it is for staff pools")

    def amount(name: str) -> float:
        return _amount(ctx, f"{key}.{name}", getattr(model, name), model.price_year)

    return ServiceCost(
        attendance=amount("attendance"),
        admission=amount("admission"),
        space_time=amount("space"),
        delayed_time=None if model.delayed is None else amount("delayed"),
        empty_time=amount("empty"),
        waiting_time=amount("waiting"),
        visit=amount("visit"),
        surge_time=amount("surge"),
        payers=payers(ctx, f"{key}.payer", model.payer),
    )


def _programme(
    ctx: Context, intervention: str, name: str, model: Programme, starts: date | None, ends: date | None
) -> ProgrammeCost:
    key = f"intervention.{intervention}.costs.{name}"
    return ProgrammeCost(
        id=f"{intervention}.{name}",
        per_minute=_amount(ctx, f"{key}.amount", model.amount, model.price_year),
        once=_amount(ctx, f"{key}.once", model.once, model.price_year),
        from_tick=0 if starts is None else ctx.calendar.date_tick(starts),
        to_tick=ctx.calendar.end if ends is None else ctx.calendar.date_tick(ends),
        payers=payers(ctx, f"{key}.payer", model.payer),
    )


def payers(ctx: Context, key: str, said: Payers) -> tuple[tuple[str, float], ...]:
    """Return who pays which share; the shares add up to one."""
    if isinstance(said, str):
        shares: list[tuple[str, float]] = [(said, 1.0)]
    else:
        total = sum(share.value for share in said.values() if not isinstance(share, str))
        rests = sum(isinstance(share, str) for share in said.values())
        if rests > 1 or total > 1 + TOLERANCE or (not rests and total < 1 - TOLERANCE):
            ctx.problems.add(
                key, f"shares of {100 * total:.6g} % in all", "shares that add up to 100 %, or less with one rest"
            )
        shares = [
            (name, max(0.0, 1 - total) if isinstance(share, str) else share.value) for name, share in said.items()
        ]
    known = ctx.configs[0].place.payers
    for name, _ in shares:
        if known and name not in known:
            ctx.problems.unknown(key, name, "a payer the place names", known)
    return tuple(shares)
