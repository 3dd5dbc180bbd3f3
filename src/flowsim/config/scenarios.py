"""Staging: a base, a level of demand and a stack of interventions made into the configurations of one run.

The order is the base, then the demand level, then the stack from left to right. Interventions that start
or end during the run, or grow week by week, make it a run of several periods.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flowsim.config.checks.clocks import as_date
from flowsim.config.checks.registry import Given
from flowsim.config.checks.studies import BASELINE
from flowsim.config.grammar import dotted, nearest, spot_at, tidy
from flowsim.config.models import Config, DemandLevel, Programme
from flowsim.config.overrides import check_key, copied, sourced, with_value
from flowsim.config.problems import find, shown
from flowsim.config.ramps import between, written
from flowsim.config.stacking import Member, clashes, members
from flowsim.config.validate import config_of, examine
from flowsim.errors import ConfigError, Problem
from flowsim.units import Dimension

Programmes = tuple[tuple[str, str, Programme, date | None, date | None], ...]

_BOOK = (
    "intervention",
    "scenario_book",
    "demand",
    "experiment",
    "scenario",
    "year",
    "year_book",
    "record",
    "calibration",
    "coverage",
    "target",
)
"""What may be done, as opposed to what is."""


@dataclass(frozen=True)
class Staged:
    """The configurations of one run.

    Attributes:
        periods: (date from which it holds, configuration); the first has None, for the run's start.
        stack: what was asked for, in order.
        demand: level of demand, None for none.
        who: dotted key -> intervention, scenario, demand level or command line that set it.
        digest: SHA-256 of what is in force in all periods, as canonical JSON.
        programmes: (intervention, id, cost, first date, date from which no longer) of what interventions cost.
    """

    periods: tuple[tuple[date | None, Config], ...]
    stack: tuple[str, ...]
    demand: str | None
    who: dict[str, str]
    digest: str
    programmes: Programmes

    @property
    def config(self) -> Config:
        """Return the configuration at the run's start."""
        return self.periods[0][1]


def stage(
    raw: Mapping[str, Any], stack: Sequence[str] = (), demand: str | None = None, given: Given | None = None
) -> Staged:
    """Return a raw configuration with a demand level and a stack of interventions or scenarios applied.

    Args:
        raw: as composed.
        stack: ids of interventions and scenarios, applied from left to right.
        demand: id of a demand level; None changes nothing.
        given: the raw container with its configuration, without problems, to save finding it again.

    Raises:
        ConfigError: with every problem found.
    """
    given = given or Given(config_of(raw), raw)
    base = given.config
    who = dict.fromkeys(getattr(raw, "command_line", ()), "command line")
    level = _demand_level(base, demand)
    layers, problems = members(stack, base)
    problems += clashes(layers)
    if problems:
        raise ConfigError(problems)
    tree: dict[str, Any] = dict(raw)
    if level is not None:
        tree, who_else = _with_demand(tree, base, level, str(demand))
        who |= who_else
    who |= {dotted(path): layer.id for layer in layers for path in layer.sets}
    periods = _periods(tree, layers, given) if layers or level is not None else ((None, base),)
    costs = _programmes(layers, base)
    return Staged(periods, tuple(stack), demand, who, digest_of(periods, costs), costs)


def _demand_level(base: Config, demand: str | None) -> DemandLevel | None:
    if demand is None or (demand == BASELINE and demand not in base.demand):
        return None
    if demand not in base.demand:
        raise ConfigError(
            [Problem("demand", repr(demand), nearest(demand, [*base.demand, BASELINE], "a demand level"))]
        )
    return base.demand[demand]


def _with_demand(
    tree: dict[str, Any], base: Config, level: DemandLevel, name: str
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the container with streams' factors multiplied and the level's surges added, and who set which key."""
    who: dict[str, str] = {}
    for stream, model in base.stream.items():
        factors = [level.factors[which].value for which in ("all", stream) if which in level.factors]
        times = model.factor.value
        for factor in factors:
            times *= factor
        if factors:
            said = {"value": written(times, Dimension.NUMBER), "source": f"scenario:{name}"}
            tree = with_value(tree, ("stream", stream, "factor"), said)
            who[f"stream.{stream}.factor"] = name
        if level.surges and ("all" in level.surge_streams or stream in level.surge_streams):
            for surge in level.surges:
                key = ("stream", stream, "surges", f"{name}_{surge}")
                tree = with_value(tree, key, copied(tree["demand"][name]["surges"][surge]))
                who[dotted(key)] = name
    return tree, who


def _periods(tree: Mapping[str, Any], layers: Sequence[Member], given: Given) -> tuple[tuple[date | None, Config], ...]:
    """Return the configurations from one date of change to the next."""
    base = given.config
    first, end = _first_day(base), _end(base)
    dates = sorted({day for layer in layers for day in layer.changes() if first < day < end})
    out: list[tuple[date | None, Config]] = []
    seen: list[dict[str, Any]] = []
    problems: list[Problem] = []
    for day in [first, *dates]:
        container, found = _applied(tree, layers, day)
        problems += found
        if found or (seen and container == seen[-1]):
            continue
        config, found = examine(container, "system", given)
        problems += [_blamed(problem, layers) for problem in found]
        if config is not None:
            out.append((None if day == first else day, config))
            seen.append(container)
    if not problems:
        problems += _structure(out, tree, layers)
    if problems:
        raise ConfigError(list(dict.fromkeys(problems)))
    return tuple(out)


def _first_day(config: Config) -> date:
    starts = as_date(config.run.starts)
    assert starts is not None, "checked by date_exists"
    return starts - timedelta(minutes=config.run.warm_up.value)


def _end(config: Config) -> date:
    starts = as_date(config.run.starts)
    assert starts is not None, "checked by date_exists"
    return starts + timedelta(days=-int(-config.run.duration.value // 1440))


def _applied(tree: Mapping[str, Any], layers: Iterable[Member], day: date) -> tuple[dict[str, Any], list[Problem]]:
    """Return the container as it is on a day, and what could not be set."""
    container = dict(tree)
    problems: list[Problem] = []
    for layer in layers:
        for path, value in layer.sets.items() if layer.holds(day) else ():
            problem = check_key(container, path, may_add=True, value=value)
            if problem is not None:
                problems.append(Problem(f"{layer.book}.{layer.id}.sets.{dotted(path)}", problem.said, problem.wanted))
                continue
            new = tidy(sourced(path, copied(value), layer.source), spot_at(path))
            before = _before(container, path)
            now = between(before, new, layer.fraction(day), spot_at(path))
            if now != before:
                container = with_value(container, path, now)
    return container, problems


def _before(container: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    """Return what stands at a path, or the number the grammar takes where nothing does."""
    said = find(container, path)
    if said is not None:
        return said
    for kind in spot_at(path[:-1]):
        field = getattr(kind, "model_fields", {}).get(path[-1])
        if field is not None:
            return getattr(field.default, "said", None)
    return None


def structure(config: Config) -> dict[str, object]:
    """Return what must stay the same through a run: which things there are, by key."""
    out: dict[str, object] = {}
    for group in ("stream", "staff", "service"):
        things = getattr(config, group)
        out |= {f"{group}.{name}": getattr(thing, "kind", True) for name, thing in things.items() if thing.enabled}
    for name, service in config.service.items():
        if service.enabled:
            for part in ("steps", "leaving"):
                out |= {
                    f"service.{name}.{part}.{step}": True
                    for step, item in getattr(service, part).items()
                    if item.enabled
                }
    return out


def _structure(
    periods: Sequence[tuple[date | None, Config]], tree: Mapping[str, Any], layers: Sequence[Member]
) -> list[Problem]:
    """Return a problem for each dated change of which services, steps, streams or staff there are."""
    problems: list[Problem] = []
    wanted = (
        "the same services, steps, streams and staff all through the run: "
        "no from and to, or set capacity or share instead"
    )
    for (_, before), (day, after) in itertools.pairwise(periods):
        one, other = structure(before), structure(after)
        changed = [key for key in {**one, **other} if one.get(key) != other.get(key)]
        for key in [k for k in changed if not any(k.startswith(f"{above}.") for above in changed)]:
            layer, path = _who_sets(key, layers)
            at = f"{layer.book}.{layer.id}.sets.{dotted(path)}" if layer is not None else key
            said = shown(layer.sets[path]) if layer is not None else "a change"
            problems.append(Problem(at, f"{said} from {day}", wanted))
    return list({p.key: p for p in problems}.values())


def _who_sets(key: str, layers: Sequence[Member]) -> tuple[Member | None, tuple[str, ...]]:
    for layer in reversed(layers):
        for path in layer.sets:
            if f"{dotted(path)}.".startswith(f"{key}.") or f"{key}.".startswith(f"{dotted(path)}."):
                return layer, path
    return None, ()


def _blamed(problem: Problem, layers: Sequence[Member]) -> Problem:
    """Return a problem under the key of the member of the stack that brought it in, if one did."""
    layer, path = _who_sets(problem.key, layers)
    if layer is None:
        return problem
    return Problem(f"{layer.book}.{layer.id}.sets.{dotted(path)}", problem.said, problem.wanted)


def _programmes(layers: Iterable[Member], base: Config) -> Programmes:
    return tuple(
        (layer.id, name, programme, layer.starts, layer.ends)
        for layer in layers
        if layer.id in base.intervention
        for name, programme in base.intervention[layer.id].costs.items()
    )


def digest_of(periods: Iterable[tuple[date | None, Config]], programmes: Programmes = ()) -> str:
    """Return the SHA-256 of what is in force: not of what else the book holds, nor of the workers."""
    body = {
        "periods": [[day.isoformat() if day else None, in_force(config)] for day, config in periods],
        "programmes": [
            [who, name, cost.model_dump(mode="json"), str(a), str(b)] for who, name, cost, a, b in programmes
        ],
    }
    return hashlib.sha256(json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()).hexdigest()


def in_force(config: Config) -> dict[str, Any]:
    """Return a configuration as plain data, by the names YAML uses, without the book and the workers."""
    plain = config.model_dump(mode="json", by_alias=True, exclude={*_BOOK})
    plain["run"].pop("workers")
    plain["run"].pop("pool")
    return plain
