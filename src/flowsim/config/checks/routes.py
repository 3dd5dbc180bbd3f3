"""Where patients go: places that exist, shares that add up, and no way round in no time."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping

from flowsim.config.checks.registry import Given, check, unknown
from flowsim.config.models import Branch, Distribution, Service
from flowsim.config.quantities import Share, Tabled
from flowsim.errors import Problem

_EXACT = 1e-9
"""How far shares may be from 100 %: rounding of floating point alone."""


def targets(branch: Branch) -> Iterator[tuple[str, str, bool]]:
    """Yield (key below the branch, destination, whether by share) of a branch."""
    for name, share in (branch.to or {}).items():
        never = isinstance(share, Tabled) and all(value.value == 0 for value in share.values())
        if not never:
            yield f"to.{name}", name, True
    for name in branch.among or ():
        yield "among", name, False
    if branch.otherwise is not None:
        yield "otherwise", branch.otherwise, True


def _written(given: Given) -> Iterator[tuple[str, str, bool]]:
    """Yield (key, destination, whether patients must find it open to them) for every place a destination is written."""
    for key, _, branch in given.pathways():
        for below, name, surely in targets(branch):
            yield f"{key}.{below}", name, surely
    for name, stream in given.config.stream.items():
        if stream.enabled and isinstance(stream.to, str):
            yield f"stream.{name}.to", stream.to, True
    for name, service in given.services.items():
        yield f"service.{name}.queue.when_full", service.queue.when_full, True
        if service.when_closed is not None:
            yield f"service.{name}.when_closed", service.when_closed, True
        if service.patience is not None:
            yield f"service.{name}.patience.to", service.patience.to, True


@check("destination")
def destination(given: Given) -> Iterator[Problem]:
    """Patients are sent to a service, exit or junction that exists."""
    for key, name, _ in _written(given):
        if name not in given.places:
            yield unknown(key, name, given.places, "a service, exit or junction")


@check("destination_enabled")
def destination_enabled(given: Given) -> Iterator[Problem]:
    """A service that is not enabled says by when_closed where its patients go instead, or gets none."""
    for key, name, surely in _written(given):
        service = given.config.service.get(name)
        if surely and service is not None and not service.enabled and service.when_closed is None:
            yield Problem(
                key,
                repr(name),
                f"a service that is enabled, or service.{name}.when_closed to say who takes its patients",
            )


@check("pathway_missing")
def pathway_missing(given: Given) -> Iterator[Problem]:
    """Every service says where its patients go."""
    for name in given.services:
        if not given.config.pathway.get(name):
            yield Problem(f"pathway.{name}", "nothing", "where patients of the service go, e.g. {rest: {to: home}}")


@check("junction_unused")
def junction_unused(given: Given) -> Iterator[Problem]:
    """A pathway belongs to a service, or is a junction that somebody is sent to once every service is enabled."""
    sent = {name for _, name, _ in _written(given)}
    sent |= {service.when_closed or "" for service in given.config.service.values()}
    sent |= {service.queue.when_full for service in given.config.service.values()}
    ways = (branch for pathway in given.config.pathway.values() for branch in pathway.values())
    sent |= {name for branch in ways for _, name, _ in targets(branch)}
    for name in given.junctions:
        if name not in sent:
            yield unknown(
                f"pathway.{name}",
                name,
                given.config.service,
                "the pathway of a service, or a junction patients are sent to",
            )


@check("exit_name")
def exit_name(given: Given) -> Iterator[Problem]:
    """No service or junction has the name of an exit."""
    for group, names in (("service", given.config.service), ("pathway", given.junctions)):
        for name in names:
            if name in given.exits:
                yield Problem(f"{group}.{name}", repr(name), "an id that is not an exit's")


@check("branch_form")
def branch_form(given: Given) -> Iterator[Problem]:
    """A branch has either shares or a rule with its choices."""
    for key, _, branch in given.pathways():
        if (branch.to is None) == (branch.choose is None):
            said = "neither to nor choose" if branch.to is None else "both to and choose"
            yield Problem(key, said, "either to (shares) or choose (a rule)")
        if branch.choose is not None and not branch.among:
            yield Problem(f"{key}.among", "nothing", f"the services {branch.choose} chooses among")
        if branch.choose in ("first_with_space", "if_open") and branch.otherwise is None:
            yield Problem(f"{key}.otherwise", "nothing", "where patients go when none of them will do")
        if branch.choose is None and (branch.among or branch.otherwise):
            yield Problem(key, "among or otherwise without choose", "choose: first_with_space, if_open or shortest")


@check("choose_services")
def choose_services(given: Given) -> Iterator[Problem]:
    """A rule that looks at the state of the system chooses among services."""
    for key, _, branch in given.pathways():
        for name in branch.among or ():
            if name in given.places and name not in given.config.service:
                yield unknown(f"{key}.among", name, given.config.service, "a service")


@check("branch_rest")
def branch_rest(given: Given) -> Iterator[Problem]:
    """The last branch of a pathway takes everyone who is left, and no branch after it is idle."""
    pathways = {
        f"pathway.{name}": p
        for name, p in given.config.pathway.items()
        if name in given.services or name in given.junctions
    }
    pathways |= {
        f"stream.{n}.to": s.to for n, s in given.config.stream.items() if s.enabled and isinstance(s.to, Mapping)
    }
    for key, pathway in pathways.items():
        names = list(pathway)
        open_ones = [name for name in names if not pathway[name].when]
        if names and not open_ones:
            yield Problem(
                f"{key}.{names[-1]}.when",
                ", ".join(pathway[names[-1]].when),
                "a last branch without when, for everyone else",
            )
        for name in names[names.index(open_ones[0]) + 1 :] if open_ones else ():
            yield Problem(
                f"{key}.{name}",
                f"after {open_ones[0]!r}, which takes everyone",
                "branches with when before the one without",
            )


@check("shares")
def shares(given: Given) -> Iterator[Problem]:
    """Shares do not exceed 100 %, and make 100 % where none is rest."""
    for key, table in _tables(given):
        if sum(share == "rest" for share in table.values()) > 1:
            continue
        for label, total in _totals(given, table):
            has_rest = "rest" in table.values()
            if total > 1 + _EXACT:
                yield Problem(key, f"{_percent(total)}{label}", "shares of no more than 100 % in all")
            elif not has_rest and total < 1 - _EXACT:
                yield Problem(key, f"{_percent(total)}{label}", "shares of 100 % in all, or one of them rest")


@check("one_rest")
def one_rest(given: Given) -> Iterator[Problem]:
    """No more than one entry of a table of shares is rest."""
    for key, table in _tables(given):
        rests = [name for name, share in table.items() if share == "rest"]
        if len(rests) > 1:
            yield Problem(key, f"rest for {' and '.join(rests)}", "one rest")


def _tables(given: Given) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Yield (key, shares) of every table that must make 100 %."""
    for key, _, branch in given.pathways():
        if branch.to:
            yield f"{key}.to", branch.to
    for name, stream in given.config.stream.items():
        if stream.batch:
            yield f"stream.{name}.batch", stream.batch
        for attribute, mix in stream.mix.items():
            if mix.shares:
                yield f"stream.{name}.mix.{attribute}", mix.shares
    for path, node in given.of(Distribution):
        if node.values:
            yield f"{path}.values", node.values
    for path, node in given.with_field("payer"):
        if isinstance(node.payer, Mapping):
            yield f"{path}.payer", node.payer


def _totals(given: Given, table: Mapping[str, object]) -> Iterator[tuple[str, float]]:
    """Yield (for whom, sum of the shares) for every kind of patient the table tells apart."""
    by = tuple(dict.fromkeys(name for share in table.values() if isinstance(share, Tabled) for name in share.by))
    levels = [given.levels(name) or () for name in by]
    seen: set[float] = set()
    for combination in itertools.product(*levels):
        who = dict(zip(by, combination, strict=True))
        total = math.fsum(_share(share, who) for share in table.values())
        if round(total, 9) not in seen:
            seen.add(round(total, 9))
            yield (f" for {', '.join(combination)}" if combination else ""), total


def _share(share: object, who: Mapping[str, str]) -> float:
    if isinstance(share, Tabled):
        found = share.value_for(who)
        return 0.0 if found is None else float(found.value)
    return share.value if isinstance(share, Share) else 0.0


def _percent(total: float) -> str:
    return f"{total * 100:.6g} %"


@check("instant_cycle")
def instant_cycle(given: Given) -> Iterator[Problem]:
    """No patient can go round in no time, through junctions or full and closed services."""
    graph = _instant(given)
    told: set[frozenset[str]] = set()
    for start in graph:
        cycle = _cycle(graph, start)
        if cycle and frozenset(cycle) not in told:
            told.add(frozenset(cycle))
            first = cycle[0]
            key = f"pathway.{first}" if first in given.junctions else f"service.{first}"
            yield Problem(
                key, " -> ".join([*cycle, first]), "a way that ends at an exit or at a service with room to wait"
            )


def _instant(given: Given) -> dict[str, list[str]]:
    """Return the places that may be left at the very moment they are reached, and where to."""
    graph: dict[str, list[str]] = {}
    for _, place, branch in given.pathways():
        passes = place in given.junctions or (place in given.services and takes_no_time(given.services[place]))
        if passes:
            graph.setdefault(place, []).extend(name for _, name, _ in targets(branch))
    for name, service in given.services.items():
        if math.isfinite(service.queue.places.value):
            graph.setdefault(name, []).append(service.queue.when_full)
        if service.opens is not None and service.when_closed is not None:
            graph.setdefault(name, []).append(service.when_closed)
    return graph


def takes_no_time(service: Service) -> bool:
    """Whether nothing is done to patients in a service."""
    steps = [s for s in (*service.steps.values(), *service.leaving.values()) if s.enabled]
    return not steps


def _cycle(graph: Mapping[str, list[str]], start: str) -> list[str]:
    """Return the first way from a place back to itself, empty if there is none."""
    stack = [[start]]
    seen: set[str] = set()
    while stack:
        way = stack.pop()
        for name in graph.get(way[-1], ()):
            if name == start:
                return way
            if name not in seen:
                seen.add(name)
                stack.append([*way, name])
    return []
