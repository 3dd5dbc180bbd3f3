"""From a staged configuration, as written, to a SystemSpec, as meant.

Names are checked, calendars resolved and tables laid out; every problem is told at once. Periods that
start before the run count as its start, those that start after its end are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Protocol

from flowsim.config.models import Config
from flowsim.system.build_costs import Programmes, make_costs
from flowsim.system.build_levels import level_steps
from flowsim.system.build_services import make_service
from flowsim.system.build_streams import make_stream
from flowsim.system.calendar import Calendar, make_calendar
from flowsim.system.names import Problems, collect
from flowsim.system.network import instant_cycles
from flowsim.system.pieces import Pieces
from flowsim.system.purposes import Purposes
from flowsim.system.routing import Reach, make_routing, reach
from flowsim.system.spec import AttributeSpec, ReasonSpec, ServiceSpec, StaffSpec, StreamSpec, SystemSpec
from flowsim.system.tabling import Context
from flowsim.vocabulary import BUILT_IN_EXITS


class StagedConfig(Protocol):
    """What building needs of ``config.scenarios.Staged``."""

    @property
    def periods(self) -> tuple[tuple[date | None, Config], ...]:
        """Configurations from their dates on; the first has None, the run's start."""

    @property
    def digest(self) -> str:
        """Hash of all periods."""

    @property
    def programmes(self) -> Programmes:
        """What the interventions in force cost."""


def build(staged: StagedConfig, pieces: Pieces | None = None) -> SystemSpec:
    """Return the specification of a staged configuration.

    Args:
        staged: the configuration.
        pieces: parts that were built for others like it.

    Raises:
        ConfigError: with every problem found.
    """
    problems = Problems()
    config = staged.periods[0][1]
    calendar = make_calendar(config.run, config.place.calendar, problems)
    configs, starts = _periods_in_force(staged.periods, calendar)
    names = collect(configs, problems)
    ctx = Context(configs, starts, calendar, names, problems, Purposes())
    reached = reach(ctx)
    known = pieces or Pieces()
    frame = known.frame(ctx)
    spec = SystemSpec(
        place=config.place.id,
        label=config.place.label,
        clock=calendar.clock,
        warm_up=calendar.warm_up,
        end=calendar.end,
        seed=config.run.seed,
        periods=starts,
        attributes=tuple(
            AttributeSpec(a, _label(ctx, "attribute", a), levels) for a, levels in names.attributes.items()
        ),
        services=tuple(_service(ctx, known, frame, name, reached) for name in names.services),
        exits=names.exits,
        junctions=tuple(
            make_routing(ctx, f"pathway.{j}", j, ctx.each("pathway", j), reached.origins[j]) for j in names.junctions
        ),
        streams=tuple(_stream(ctx, known, frame, name) for name in names.streams),
        staff=tuple(_staff(ctx, name) for name in names.staff),
        reasons=tuple(_reason(ctx, name) for name in names.reasons),
        costs=make_costs(ctx, staged.programmes),
        labels=_labels(ctx),
        population={group: people.value for group, people in config.place.population.items()},
        log=config.run.log,
        digest=staged.digest,
    )
    for first, second in ctx.purposes.clashes:
        problems.add(second, f"the same draws as {first}", "another id: by chance the two hash to one number")
    problems.raise_any()
    for places in instant_cycles(spec):
        problems.add(
            f"pathway.{places[0]}",
            " -> ".join([*places, places[0]]),
            "a way on that does not come back to itself in no time",
        )
    problems.raise_any()
    return spec


def _periods_in_force(
    periods: tuple[tuple[date | None, Config], ...], calendar: Calendar
) -> tuple[tuple[Config, ...], tuple[int, ...]]:
    """Return the configurations that hold during the run and the ticks from which they do."""
    dated: dict[int, Config] = {}
    for day, config in periods:
        tick = 0 if day is None else calendar.date_tick(day)
        if tick < calendar.end:
            dated[tick] = config
    return tuple(dated.values()), tuple(dated)


def _service(ctx: Context, known: Pieces, frame: int, name: str, reached: Reach) -> ServiceSpec:
    pathways = [config.pathway.get(name) for config in ctx.configs]
    way = (reached.origins[name], reached.destinations[name])
    inputs = (frame, ctx.each("service", name), ctx.enabled("service", name), pathways, way)
    return known.take(ctx, f"service.{name}", inputs, lambda: make_service(ctx, name, reached))


def _stream(ctx: Context, known: Pieces, frame: int, name: str) -> StreamSpec:
    models = ctx.each("stream", name)
    profiles = [config.profile.get(model.profile or "") for config, model in zip(ctx.configs, models, strict=True)]
    inputs = (frame, models, ctx.enabled("stream", name), profiles)
    return known.take(ctx, f"stream.{name}", inputs, lambda: make_stream(ctx, name))


def _label(ctx: Context, group: str, name: str) -> str:
    return str(ctx.each(group, name)[0].label or name)


def _staff(ctx: Context, name: str) -> StaffSpec:
    key = f"staff.{name}"
    models = ctx.each("staff", name)
    pools = [(on, model.rota, model.changes) for on, model in zip(ctx.enabled("staff", name), models, strict=True)]
    sickness = ctx.same(f"{key}.sickness", [0.0 if m.sickness is None else m.sickness.value for m in models])
    return StaffSpec(
        id=name,
        label=_label(ctx, "staff", name),
        purpose=ctx.purposes.of(key),
        rota=level_steps(ctx, f"{key}.rota", f"{key}.changes", pools),
        sickness=sickness,
        provider=models[0].provider,
    )


def _reason(ctx: Context, name: str) -> ReasonSpec:
    reason = ctx.each("reason", name)[0]
    return ReasonSpec(name, reason.label, reason.body, reason.recorded)


def _labels(ctx: Context) -> dict[str, str]:
    """Return labels of exits, bodies, providers, payers and hubs by id."""
    place = ctx.configs[0].place
    exits = {name: BUILT_IN_EXITS.get(name, name) for name in ctx.names.exits}
    said = {name: model.label for config in ctx.configs for name, model in config.exit.items() if model.label}
    groups: tuple[Mapping[str, str], ...] = (place.hubs, place.bodies, place.providers, place.payers, exits, said)
    return {name: label for group in groups for name, label in group.items()}
